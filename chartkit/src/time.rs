//! Points in time, as lock files, indexes and archives write them.
//!
//! Decides the text form. Nothing here asks for the current time: it is always an argument.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
/// Days from 0000-03-01 to 1970-01-01 in the Gregorian calendar without a beginning.
const DAYS_TO_1970: i64 = 719_468;
/// Days of 400 years; after them the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

/// An instant with nanoseconds, and the offset from UTC that it was written with.
///
/// The default is the instant that Go calls zero, `0001-01-01T00:00:00Z`: a lock file without
/// `generated` has it.
///
/// # Shape
///
/// The text form is RFC 3339: `2026-01-31T14:05:09.123456789+01:00`; trailing zeros of the
/// fraction are left out, and `Z` stands for no offset. Ordered by instant, then by offset.
///
/// # Examples
///
/// ```
/// use chartkit::time::Timestamp;
///
/// let generated: Timestamp = "2020-05-15T12:55:36.500+02:00".parse()?;
/// assert_eq!(generated.unix_seconds(), 1_589_540_136);
/// assert_eq!(generated.to_string(), "2020-05-15T12:55:36.5+02:00");
///
/// let error = "yesterday".parse::<Timestamp>().unwrap_err();
/// assert_eq!(error.to_string(), "not a time in RFC 3339 form, such as `2026-01-31T14:05:09Z`");
/// # Ok::<(), chartkit::time::ParseError>(())
/// ```
///
/// # Source
///
/// Go 1.26, `time.Time.MarshalJSON` and `time.Time.UnmarshalJSON`, which also take `T5:04:05`,
/// a comma before the fraction, and offsets of up to 24 hours 60 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
    offset: i32,
}

/// A text is not a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time in RFC 3339 form, such as `2026-01-31T14:05:09Z`")]
pub struct ParseError(());

impl Timestamp {
    /// An instant in UTC.
    ///
    /// # Shape
    ///
    /// `seconds` since 1970, negative before; nanoseconds above 999 999 999 count as that.
    #[must_use]
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        Self {
            seconds,
            nanoseconds: nanoseconds.min(999_999_999),
            offset: 0,
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds since [`Timestamp::unix_seconds`].
    #[must_use]
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// Seconds east of UTC that the text form shows.
    #[must_use]
    pub fn offset(&self) -> i32 {
        self.offset
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_unix(-62_135_596_800, 0)
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text.as_bytes()).ok_or(ParseError(()))
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let mut rest = text;
    let year = digits(&mut rest, 4, 0..=9999)?;
    literal(&mut rest, b"-")?;
    let month = digits(&mut rest, 2, 1..=12)?;
    literal(&mut rest, b"-")?;
    let day = digits(&mut rest, 2, 1..=days_in(year, month))?;
    literal(&mut rest, b"T")?;
    let short = rest.get(1) == Some(&b':');
    let hour = digits(&mut rest, if short { 1 } else { 2 }, 0..=23)?;
    literal(&mut rest, b":")?;
    let minute = digits(&mut rest, 2, 0..=59)?;
    literal(&mut rest, b":")?;
    let second = digits(&mut rest, 2, 0..=59)?;
    let nanoseconds = fraction(&mut rest);
    let offset = match rest {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), ..] => {
            rest = &rest[1..];
            let hours = digits(&mut rest, 2, 0..=24)?;
            literal(&mut rest, b":")?;
            let minutes = digits(&mut rest, 2, 0..=60)?;
            if !rest.is_empty() {
                return None;
            }
            let offset = (hours * 60 + minutes) * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let local =
        days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 60 * 60 + minute * 60 + second;
    Some(Timestamp {
        seconds: local - offset,
        nanoseconds,
        offset: i32::try_from(offset).ok()?,
    })
}

fn digits(rest: &mut &[u8], count: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let (number, after) = rest.split_at_checked(count)?;
    let mut value = 0;
    for digit in number {
        value = value * 10 + i64::from(char::from(*digit).to_digit(10)?);
    }
    *rest = after;
    range.contains(&value).then_some(value)
}

fn literal(rest: &mut &[u8], expected: &[u8]) -> Option<()> {
    *rest = rest.strip_prefix(expected)?;
    Some(())
}

/// Digits behind the ninth do not count, as in Go.
fn fraction(rest: &mut &[u8]) -> u32 {
    let [b'.' | b',', after @ ..] = *rest else {
        return 0;
    };
    let count = after.iter().take_while(|c| c.is_ascii_digit()).count();
    if count == 0 {
        return 0;
    }
    let nine = after[..count].iter().chain(std::iter::repeat(&b'0'));
    let nanoseconds = nine
        .take(9)
        .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    *rest = &after[count..];
    nanoseconds
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + i64::from(month >= 10);
    (year, (month + 2) % 12 + 1, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = i64::from(self.offset);
        // An archive may claim any second: days first, so that the sum cannot overflow.
        let time = self.seconds.rem_euclid(SECONDS_PER_DAY) + offset;
        let days = self.seconds.div_euclid(SECONDS_PER_DAY) + time.div_euclid(SECONDS_PER_DAY);
        let time = time.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.nanoseconds != 0 {
            let nine = format!("{:09}", self.nanoseconds);
            write!(f, ".{}", nine.trim_end_matches('0'))?;
        }
        if offset == 0 {
            return f.write_str("Z");
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `deserialize_str`: a reader that turns numbers into text must not do it here.
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time in RFC 3339 form")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Timestamp, E> {
        Ok(Timestamp::default()) // Go leaves the zero time
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, civil_from_days, days_from_civil};

    #[test]
    fn days_and_dates_are_inverse() {
        for day in (-1_000_000..1_000_000).step_by(7) {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(civil_from_days(-1), (1969, 12, 31));
    }

    #[test]
    fn any_second_of_an_archive_can_be_shown() {
        for seconds in [i64::MIN, -1, 0, i64::MAX] {
            assert!(Timestamp::from_unix(seconds, 0).to_string().ends_with('Z'));
        }
        assert_eq!(Timestamp::default().to_string(), "0001-01-01T00:00:00Z");
    }
}
