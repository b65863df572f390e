//! What an unquoted scalar means.
//!
//! Decides by the text alone, as go-yaml does: every plain scalar is a null, a boolean, a number, a
//! timestamp or a string. Must not know where the scalar stands or how it was quoted.
//!
//! Fixtures: `fixtures/yaml/want.scalars.json`, written by both versions of go-yaml.

use super::timestamp::is_timestamp;

/// Which version of go-yaml decides what a plain scalar and a merge key mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Schema {
    /// go-yaml v2, behind `sigs.k8s.io/yaml`: charts, values and everything else that Helm reads.
    ///
    /// `yes`, `no`, `on`, `off`, `y` and `n` are booleans; a merge key counts where it stands; the
    /// last of duplicate keys wins.
    V2,
    /// go-yaml v3: files that SOPS reads.
    ///
    /// Only `true` and `false` are booleans; explicit keys win over merged ones; duplicate keys are
    /// an error.
    V3,
}

/// The type that a plain scalar resolves to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Nothing, `~` or `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits an `i64`.
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    /// Any other number, `.inf` and `.nan` included.
    Float(f64),
    /// A date or a point in time.
    ///
    /// Read as the text itself, yet text like this must be quoted to be written as a string.
    Timestamp,
    /// Anything else.
    String,
}

/// The type of a plain scalar, by the rules of `schema`.
///
/// # Shape
///
/// `text` is the scalar without quotes, anchors or tags, unfolded. `_` between digits is ignored;
/// `017`, `0o17`, `0b1111` and `0xF` are integers; a decimal number above `u64::MAX` is a float, a
/// hexadecimal one a string.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{Scalar, Schema, resolve_scalar};
///
/// assert_eq!(resolve_scalar("yes", Schema::V2), Scalar::Bool(true));
/// assert_eq!(resolve_scalar("yes", Schema::V3), Scalar::String);
/// assert_eq!(resolve_scalar("017", Schema::V2), Scalar::Int(15));
/// assert_eq!(resolve_scalar("1.2.3", Schema::V2), Scalar::String);
/// ```
///
/// # Source
///
/// go-yaml v2.4.3 and v3.0.4, `resolve.go`, `resolve`.
#[must_use]
pub fn resolve_scalar(text: &str, schema: Schema) -> Scalar {
    // The first byte tells nearly always that it is a string.
    match text.as_bytes().first() {
        None => Scalar::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            resolve_word(text, schema)
        }
        Some(b'.') => match resolve_special_float(text) {
            Some(float) => Scalar::Float(float),
            None => parse_go_float(text).map_or(Scalar::String, Scalar::Float),
        },
        Some(b'+' | b'-' | b'0'..=b'9') => resolve_numeric(text, schema),
        Some(_) => Scalar::String,
    }
}

fn resolve_word(text: &str, schema: Schema) -> Scalar {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if schema == Schema::V3 => Scalar::String,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        _ => Scalar::String,
    }
}

fn resolve_special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn resolve_numeric(text: &str, schema: Schema) -> Scalar {
    if let Some(float) = resolve_special_float(text) {
        return Scalar::Float(float);
    }
    if is_timestamp(text) {
        return Scalar::Timestamp;
    }
    let without_underscores;
    let digits = if text.contains('_') {
        without_underscores = text.replace('_', "");
        &without_underscores
    } else {
        text
    };
    resolve_integer(digits)
        .or_else(|| parse_float(digits).map(Scalar::Float))
        .or_else(|| resolve_signed_after_prefix(digits, schema))
        .unwrap_or(Scalar::String)
}

fn resolve_integer(text: &str) -> Option<Scalar> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = split_radix(unsigned);
    // Rust would take another sign here.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Scalar::Int(int)),
        // Go's unsigned integers have no sign, so that `+18446744073709551615` is a float.
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Scalar::UInt(magnitude)),
    }
}

/// The radix that the prefix says and the digits behind it.
fn split_radix(unsigned: &str) -> (u32, &str) {
    let Some(rest) = unsigned.strip_prefix('0') else {
        return (10, unsigned);
    };
    match rest.as_bytes() {
        [] => (10, unsigned),
        [b'b' | b'B', _, ..] => (2, &rest[1..]),
        [b'o' | b'O', _, ..] => (8, &rest[1..]),
        [b'x' | b'X', _, ..] => (16, &rest[1..]),
        _ => (8, rest),
    }
}

/// `0b-1` is -1, because go-yaml takes the prefix off and hands the rest to a parser that knows
/// signs; v3 does the same for `0o-7`.
fn resolve_signed_after_prefix(text: &str, schema: Schema) -> Option<Scalar> {
    let (radix, digits) = match text.strip_prefix("0b") {
        Some(digits) => (2, digits),
        None if schema == Schema::V3 => (8, text.strip_prefix("0o")?),
        None => return None,
    };
    i64::from_str_radix(digits, radix).ok().map(Scalar::Int)
}

/// A decimal float as Go's `strconv.ParseFloat` reads it: `_` may stand between digits.
///
/// go-yaml leaves it to Go only for `.5_0`.
pub(crate) fn parse_go_float(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return parse_float(text);
    }
    let parts = || text.split('_');
    let ends = parts()
        .rev()
        .skip(1)
        .all(|part| part.ends_with(|c: char| c.is_ascii_digit()));
    let begins = parts()
        .skip(1)
        .all(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    (ends && begins).then(|| parse_float(&text.replace('_', "")))?
}

/// A decimal float in Go's syntax; nothing when it is too large for a finite one.
fn parse_float(text: &str) -> Option<f64> {
    // Rust also takes `inf` and `nan`, which no caller may.
    let is_decimal = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    if !text.as_bytes().iter().all(is_decimal) {
        return None;
    }
    text.parse().ok().filter(|float: &f64| float.is_finite())
}
