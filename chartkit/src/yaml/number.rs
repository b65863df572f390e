//! Numbers: which value Helm sees, and how Go writes it.
//!
//! Decides the text of a number in JSON, in templates and in string fields. Rust and Go both print
//! the shortest digits that read back as the same number; they differ in when an exponent is used,
//! and where two texts are equally short and equally near: there Go takes the even digit.

use std::fmt;
use std::str::FromStr;

use super::Number;

impl Number {
    /// The number as Helm's templates see it: a float64 for a number of a file, an int64 for one of
    /// `--set`.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::yaml::Number;
    ///
    /// assert_eq!(Number::Int(8080).view(), Number::Float(8080.0));
    /// assert_eq!(Number::Set(8080).view(), Number::Set(8080));
    /// ```
    ///
    /// # Source
    ///
    /// Go, `encoding/json`: a number decoded into an interface is a float64. Helm v4.2.4,
    /// `pkg/strvals/parser.go`, `typedVal`: an int64.
    #[must_use]
    pub fn view(self) -> Self {
        match self {
            Self::Int(_) | Self::UInt(_) => Self::Float(self.as_f64()),
            Self::Float(_) | Self::Set(_) => self,
        }
    }

    /// The value as an `i64`, if it is a whole number in its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::yaml::Number;
    ///
    /// assert_eq!(Number::Float(80.0).as_i64(), Some(80));
    /// assert_eq!(Number::Float(80.5).as_i64(), None);
    /// assert_eq!(Number::UInt(u64::MAX).as_i64(), None);
    /// ```
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    pub fn as_i64(self) -> Option<i64> {
        const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
        match self {
            Self::Int(int) | Self::Set(int) => Some(int),
            Self::UInt(int) => i64::try_from(int).ok(),
            Self::Float(float) => {
                let fits = float.fract() == 0.0 && (-LIMIT..LIMIT).contains(&float);
                fits.then_some(float as i64)
            }
        }
    }

    /// The value as a `u64`, if it is a whole number in its range.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    pub fn as_u64(self) -> Option<u64> {
        const LIMIT: f64 = 18_446_744_073_709_551_616.0; // 2^64
        match self {
            Self::Int(int) | Self::Set(int) => u64::try_from(int).ok(),
            Self::UInt(int) => Some(int),
            Self::Float(float) => {
                let fits = float.fract() == 0.0 && (0.0..LIMIT).contains(&float);
                fits.then_some(float as u64)
            }
        }
    }

    /// The nearest float64.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "it is what Helm does")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) | Self::Set(int) => int as f64,
            Self::UInt(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// The text of the number where a template prints it, as in `{{ .Values.replicas }}`.
    ///
    /// # Shape
    ///
    /// Go's `%v` of the [view](Self::view): a float64 has an exponent from 1e+21 up in JSON, but
    /// already from 1e+06 up here.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::yaml::Number;
    ///
    /// assert_eq!(Number::Int(1_000_000).to_template_text(), "1e+06");
    /// assert_eq!(Number::Set(1_000_000).to_template_text(), "1000000");
    /// ```
    ///
    /// # Source
    ///
    /// Go 1.26, `internal/strconv/ftoa.go`, format `g` with the shortest precision.
    #[must_use]
    pub fn to_template_text(self) -> String {
        match self.view() {
            Self::Float(float) => general(float),
            Self::Int(int) | Self::Set(int) => int.to_string(),
            Self::UInt(int) => int.to_string(),
        }
    }

    /// The text of the number where a string is wanted, as in `appVersion: 1.10`.
    ///
    /// # Shape
    ///
    /// Integers in full; other numbers rounded to 32 bits, with an exponent from 1e+06 up.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::yaml::Number;
    ///
    /// assert_eq!(Number::Float(1.10).to_field_text(), "1.1");
    /// assert_eq!(Number::Float(1.123456789).to_field_text(), "1.1234568");
    /// assert_eq!(Number::Int(7_244_500).to_field_text(), "7244500");
    /// assert_eq!(Number::Float(7_244_500.0).to_field_text(), "7.2445e+06");
    /// ```
    ///
    /// # Source
    ///
    /// sigs.k8s.io/yaml v1.6.0, `yaml.go`, `convertToJSONableObject`.
    #[must_use]
    pub fn to_field_text(self) -> String {
        match self {
            Self::Int(int) | Self::Set(int) => int.to_string(),
            Self::UInt(int) => int.to_string(),
            Self::Float(float) => general32(float),
        }
    }
}

/// The view in Go's JSON form.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::Number;
///
/// assert_eq!(Number::Float(6.0).to_string(), "6");
/// assert_eq!(Number::Float(1e-7).to_string(), "1e-7");
/// assert_eq!(Number::Int(9_007_199_254_740_993).to_string(), "9007199254740992");
/// ```
///
/// # Source
///
/// Go 1.26, `encoding/json/encode.go`, `floatEncoder`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.view() {
            Self::Float(float) if float == 0.0 || (1e-6..1e21).contains(&float.abs()) => {
                f.write_str(&decimal(float))
            }
            Self::Float(float) if float.abs() < 1.0 => f.write_str(&scientific(float)),
            Self::Float(float) => f.write_str(&scientific(float).replace('e', "e+")),
            Self::Int(int) | Self::Set(int) => write!(f, "{int}"),
            Self::UInt(int) => write!(f, "{int}"),
        }
    }
}

/// Go's `%g` of a float64.
pub(crate) fn general(float: f64) -> String {
    with_exponent_as_go(float, &scientific(float))
}

/// Go's `%g` of a float64 that is rounded to 32 bits first; what lies beyond is `+Inf` or `-Inf`.
pub(crate) fn general32(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it is what Go does")]
    let float = float as f32;
    with_exponent_as_go(f64::from(float), &scientific(float))
}

/// A float64 with the shortest digits and no exponent: Go's format `f`.
pub(crate) fn decimal(float: f64) -> String {
    if float.is_finite() {
        without_exponent(&scientific(float))
    } else {
        general(float)
    }
}

/// The shortest digits with an exponent, of several equally short texts the nearest, of several
/// equally near ones the even one.
fn scientific<F>(float: F) -> String
where
    F: Copy + PartialEq + fmt::LowerExp + FromStr,
{
    let shortest = format!("{float:e}");
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len());
    // This rounds the exact value, ties to even; it may round it to another number.
    let even = format!("{float:.decimals$e}");
    let is_same = even.parse().is_ok_and(|parsed: F| parsed == float);
    if is_same { even } else { shortest }
}

/// `1.25e1` as `12.5`.
fn without_exponent(scientific: &str) -> String {
    let (mantissa, exponent) = split_exponent(scientific);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    match digits.split_at_checked(exponent + 1) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, rest)) => format!("{sign}{whole}.{rest}"),
        None => {
            let zeros = "0".repeat(exponent + 1 - digits.len());
            format!("{sign}{digits}{zeros}")
        }
    }
}

fn split_exponent(scientific: &str) -> (&str, i32) {
    let (mantissa, exponent) = scientific
        .split_once('e')
        .expect("`{:e}` of a finite number has an exponent");
    (
        mantissa,
        exponent.parse().expect("an exponent is an integer"),
    )
}

/// A float as the key of a map, with YAML's words for what is not finite.
///
/// # Source
///
/// sigs.k8s.io/yaml v1.6.0, `yaml.go`, `convertToJSONableObject`.
pub(crate) fn key(float: f64) -> String {
    match general32(float).as_str() {
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        "NaN" => ".nan".to_owned(),
        text => text.to_owned(),
    }
}

/// Picks the form without exponent from 1e-4 to below 1e6 (Go counts six digits when it prints the
/// shortest form) and writes exponents with a sign and at least two digits.
fn with_exponent_as_go(float: f64, scientific: &str) -> String {
    if float.is_nan() {
        return "NaN".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (digits, exponent) = split_exponent(scientific);
    match exponent {
        -4..6 => without_exponent(scientific),
        exponent => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, JSON, `%g` of 64 bits, `%g` of 32 bits; written by `fixtures/record/emit numbers`.
    const GO: &str = include_str!("../../../fixtures/emit/want.numbers.tsv");

    #[test]
    fn floats_print_as_in_go() {
        assert!(GO.lines().count() > 60);
        for line in GO.lines() {
            let columns: Vec<_> = line.split('\t').collect();
            let bits = u64::from_str_radix(columns[0], 16).unwrap();
            let float = f64::from_bits(bits);
            let ours = [
                Number::Float(float).to_string(),
                general(float),
                general32(float),
            ];
            assert_eq!(ours, columns[1..], "{float:e}");
        }
    }

    #[test]
    fn conversions_stop_at_the_ends_of_the_ranges() {
        let float = |f| Number::Float(f);
        assert_eq!(float(-9_223_372_036_854_775_808.0).as_i64(), Some(i64::MIN));
        assert_eq!(float(9_223_372_036_854_775_808.0).as_i64(), None);
        assert_eq!(float(9_223_372_036_854_775_808.0).as_u64(), Some(1 << 63));
        assert_eq!(float(18_446_744_073_709_551_616.0).as_u64(), None);
        assert_eq!(float(-1.0).as_u64(), None);
        assert_eq!(float(f64::NAN).as_i64(), None);
        assert_eq!(Number::Int(-1).as_u64(), None);
    }
}
