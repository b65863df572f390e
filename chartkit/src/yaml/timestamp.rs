//! Which texts go-yaml takes for a timestamp.
//!
//! Helm's values keep the text itself; what matters there is that such a text is no plain string.

use crate::time::Timestamp;

/// The point in time that such a text names; without a zone it is in UTC.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    if !is_timestamp(text) {
        return None;
    }
    // Go takes months, days and times of one digit and other separators; the text becomes RFC 3339.
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim_start_matches(' ')),
        None => (text, "0:0:0"),
    };
    let clock = time.find([',', '.', 'Z', '+', '-']).unwrap_or(time.len());
    let (clock, rest) = time.split_at(clock);
    let two_digits = |(index, part): (usize, &str)| match index {
        0 => part.to_owned(),
        _ => format!("{part:0>2}"),
    };
    let date: Vec<_> = date.split('-').enumerate().map(two_digits).collect();
    let clock: Vec<_> = clock.split(':').map(|part| format!("{part:0>2}")).collect();
    let has_zone = rest.contains(['Z', '+', '-']);
    let zone = if has_zone { "" } else { "Z" };
    format!("{}T{}{rest}{zone}", date.join("-"), clock.join(":"))
        .parse()
        .ok()
}

/// Whether Go's `time.Parse` accepts `text` in one of go-yaml's four layouts.
///
/// # Source
///
/// go-yaml v2.4.3 and v3.0.4, `resolve.go`, `parseTimestamp`; Go, `time/format.go`, `parse`.
pub(super) fn is_timestamp(text: &str) -> bool {
    // Most numbers leave here.
    if text.as_bytes().get(4) != Some(&b'-') || text.len() < 8 {
        return false;
    }
    let mut rest = Rest(text);
    rest.date().is_some() && (rest.0.is_empty() || rest.time().is_some())
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn date(&mut self) -> Option<()> {
        let year = self.number(4, 4)?;
        self.take('-')?;
        let month = self.number(1, 2).filter(|month| (1..=12).contains(month))?;
        self.take('-')?;
        let day = self.number(1, 2)?;
        (1..=days(year, month)).contains(&day).then_some(())
    }

    fn time(&mut self) -> Option<()> {
        let has_zone = self.0.starts_with(['T', 't']);
        if has_zone {
            self.0 = &self.0[1..];
        } else {
            self.take(' ')?;
            self.0 = self.0.trim_start_matches(' ');
        }
        self.number(1, 2).filter(|hour| *hour < 24)?;
        self.take(':')?;
        self.number(1, 2).filter(|minute| *minute < 60)?;
        self.take(':')?;
        self.number(1, 2).filter(|second| *second < 60)?;
        self.fraction();
        if has_zone {
            self.zone()?;
        }
        self.0.is_empty().then_some(())
    }

    fn fraction(&mut self) {
        if let Some(digits) = self.0.strip_prefix(['.', ','])
            && digits.starts_with(|c: char| c.is_ascii_digit())
        {
            self.0 = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }

    fn zone(&mut self) -> Option<()> {
        if self.take('Z').is_some() {
            return Some(());
        }
        self.0 = self.0.strip_prefix(['+', '-'])?;
        // Go lets people write 24 hours and 60 minutes.
        self.number(2, 2).filter(|hours| *hours <= 24)?;
        self.take(':')?;
        self.number(2, 2).filter(|minutes| *minutes <= 60)?;
        Some(())
    }

    fn take(&mut self, expected: char) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Takes as many digits as there are, up to `most`.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.0.bytes().take(most).take_while(u8::is_ascii_digit);
        let length = digits.count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        (length >= least).then(|| digits.parse().ok()).flatten()
    }
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
