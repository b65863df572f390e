//! Strings that would not be strings if they were read without quotes.
//!
//! Those that go-yaml reads as something else, and those that only other readers of YAML 1.1 do.

use super::EmitStyle;
use crate::yaml::{Scalar, Schema, resolve_scalar};

/// Whether a string needs double quotes to stay a string.
///
/// # Source
///
/// go-yaml, `encode.go`, `stringv`, `isBase60Float` and `isOldBool`.
pub(super) fn looks_typed(text: &str, style: EmitStyle) -> bool {
    let schema = match style {
        EmitStyle::V2 => Schema::V2,
        EmitStyle::V3 { .. } => Schema::V3,
    };
    let is_old_bool = || matches!(resolve_scalar(text, Schema::V2), Scalar::Bool(_));
    resolve_scalar(text, schema) != Scalar::String || is_old_bool() || is_base60(text)
}

/// `190:20:30.15`, a number to base 60 in YAML 1.1.
fn is_base60(text: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let is_sixtieth =
        |text: &str| matches!(text.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let Some((first, rest)) = whole.split_once(':') else {
        return false;
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && is_digits(first)
        && rest.split(':').all(is_sixtieth)
        && is_digits(fraction)
}
