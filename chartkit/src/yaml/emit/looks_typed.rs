//! Strings that would not be strings if they were read without quotes.
//!
//! The rules are go-yaml's for reading plain scalars, and besides the words and forms that only
//! other readers of YAML 1.1 take for something else.

use super::EmitStyle;

/// Whether a string needs double quotes to stay a string.
///
/// # Source
///
/// go-yaml, `resolve.go`, `resolve`; `encode.go`, `isBase60Float` and `isOldBool`.
pub(super) fn looks_typed(text: &str, style: EmitStyle) -> bool {
    match text.bytes().next() {
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let digits = text.replace('_', "");
            matches!(
                text,
                "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
            ) || is_timestamp(text)
                || is_integer(&digits)
                || is_float(&digits)
                || is_signed_behind_radix(&digits, style)
                || is_base60(text)
        }
        Some(b'.') => {
            matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
                || underscores_join_digits(text) && is_float(&text.replace('_', ""))
        }
        _ => matches!(
            text,
            "" | "~"
                | "null"
                | "Null"
                | "NULL"
                | "true"
                | "True"
                | "TRUE"
                | "false"
                | "False"
                | "FALSE"
                | "yes"
                | "Yes"
                | "YES"
                | "no"
                | "No"
                | "NO"
                | "on"
                | "On"
                | "ON"
                | "off"
                | "Off"
                | "OFF"
                | "y"
                | "Y"
                | "n"
                | "N"
        ),
    }
}

/// Go's `ParseInt` or `ParseUint` with base 0 and 64 bits.
fn is_integer(text: &str) -> bool {
    let (limit, body) = match text.as_bytes() {
        [b'-', ..] => (1 << 63, &text[1..]),
        [b'+', ..] => ((1 << 63) - 1, &text[1..]),
        _ => (u64::MAX, text),
    };
    let (radix, digits) = match body.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &body[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &body[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &body[2..]),
        [b'0', _, ..] => (8, &body[1..]),
        _ => (10, body),
    };
    // Rust would take another sign here.
    !digits.starts_with(['+', '-'])
        && u64::from_str_radix(digits, radix).is_ok_and(|int| int <= limit)
}

/// A decimal number that fits a float64, with digits before or behind the point.
fn is_float(text: &str) -> bool {
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    text.bytes().all(decimal) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `0b-1`, which go-yaml takes for an integer because it cuts the radix off first.
fn is_signed_behind_radix(text: &str, style: EmitStyle) -> bool {
    let signed = |prefix, radix| {
        text.strip_prefix(prefix).is_some_and(|digits| {
            digits.starts_with(['+', '-']) && i64::from_str_radix(digits, radix).is_ok()
        })
    };
    signed("0b", 2) || (style != EmitStyle::V2 && signed("0o", 8))
}

/// Go's rule for `_` in a number that starts with a point.
fn underscores_join_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut underscores = text.match_indices('_');
    underscores.all(|(i, _)| digit(i - 1) && digit(i + 1))
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

/// The four forms of a date with or without time that go-yaml knows.
///
/// # Source
///
/// go-yaml, `resolve.go`, `parseTimestamp`; Go 1.26, `time/format.go`, `Parse`.
fn is_timestamp(text: &str) -> bool {
    let mut scan = Scan(text);
    timestamp(&mut scan).is_some() && scan.0.is_empty()
}

fn timestamp(scan: &mut Scan<'_>) -> Option<()> {
    let year: u32 = scan.digits(4, 4)?;
    scan.literal("-")?;
    let month = scan.digits(1, 2).filter(|month| (1..=12).contains(month))?;
    scan.literal("-")?;
    scan.digits(1, 2)
        .filter(|day| (1..=days_in(year, month)).contains(day))?;
    if scan.literal(" ").is_some() {
        scan.0 = scan.0.trim_start_matches(' ');
        return time_of_day(scan);
    }
    if scan.literal("T").or_else(|| scan.literal("t")).is_some() {
        time_of_day(scan)?;
        return zone(scan);
    }
    Some(())
}

fn time_of_day(scan: &mut Scan<'_>) -> Option<()> {
    scan.digits(1, 2).filter(|hour| *hour < 24)?;
    scan.literal(":")?;
    scan.digits(1, 2).filter(|minute| *minute < 60)?;
    scan.literal(":")?;
    scan.digits(1, 2).filter(|second| *second < 60)?;
    if let Some(fraction) = scan.0.strip_prefix(['.', ','])
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        scan.0 = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    Some(())
}

fn zone(scan: &mut Scan<'_>) -> Option<()> {
    if scan.literal("Z").is_some() {
        return Some(());
    }
    scan.literal("+").or_else(|| scan.literal("-"))?;
    scan.digits(2, 2).filter(|hours| *hours <= 24)?; // Go allows for 24 and 60
    scan.literal(":")?;
    scan.digits(2, 2).filter(|minutes| *minutes <= 60)?;
    Some(())
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What is left of a text.
struct Scan<'a>(&'a str);

impl Scan<'_> {
    fn literal(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// As many digits as there are, but not more than `most`.
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let found = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(found.min(most));
        self.0 = rest;
        (digits.len() >= least).then(|| digits.parse().ok())?
    }
}
