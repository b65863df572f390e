//! Versions, read loosely or strictly, and their order.

use std::cmp::Ordering;
use std::fmt;

use super::{ParseError, ParseErrorKind as Kind};

/// A version such as `1.2.3-rc.1+build.5`, and the text it was read from.
///
/// # Properties
///
/// The order is total: precedence as in SemVer 2 first (pre-releases count, build metadata does
/// not), then the text, so that equal versions are equal texts. Compare with
/// [`Version::cmp_precedence`] where `1.2`, `v1.2.0` and `1.2.0+build` are to be the same.
///
/// # Examples
///
/// ```
/// use chartkit::semver::Version;
///
/// let version = Version::parse("v1.2")?;
/// assert_eq!(version.to_string(), "1.2.0");
/// assert_eq!(version.original(), "v1.2");
/// assert!(Version::parse("1.2.0-rc.1")? < version);
///
/// let error = Version::parse("1.2.3-01").unwrap_err();
/// assert_eq!(error.to_string(), "version segment starts with 0");
/// # Ok::<(), chartkit::semver::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: Box<str>,
    metadata: Box<str>,
    original: Box<str>,
}

impl Version {
    /// Reads a version as Helm does nearly everywhere: `v1.2` will do.
    ///
    /// # Shape
    ///
    /// An optional lower-case `v`, one to three numbers (missing ones are 0, leading zeros are
    /// allowed), an optional pre-release, optional build metadata, nothing else. At most 256 bytes.
    ///
    /// # Errors
    ///
    /// When the text has another form, a number is greater than `u64::MAX`, or a number of the
    /// pre-release starts with a zero.
    ///
    /// # Source
    ///
    /// Masterminds semver v3.5.0, `version.go`, `NewVersion`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        check_length(text)?;
        let parts = Parts::scan(text, |b| b.is_ascii_digit())
            .filter(|parts| parts.text.len() == text.len())
            .ok_or_else(invalid_version)?;
        let number = |part: Option<&str>| match part {
            Some(digits) => parse_number("error parsing version segment: ", digits),
            None => Ok(0),
        };
        let [major, minor, patch] = parts.numbers;
        let (major, minor, patch) = (number(major)?, number(minor)?, number(patch)?);
        if let Some(prerelease) = parts.prerelease {
            check_prerelease(prerelease)?;
        }
        Ok(Self {
            major,
            minor,
            patch,
            prerelease: parts.prerelease.unwrap_or_default().into(),
            metadata: parts.metadata.unwrap_or_default().into(),
            original: text.into(),
        })
    }

    /// Reads a version as SemVer 2 writes it; Helm does so when it must be exact.
    ///
    /// # Shape
    ///
    /// Three numbers without leading zeros, an optional pre-release, optional build metadata; no
    /// `v`. At most 256 bytes.
    ///
    /// # Errors
    ///
    /// When the text has another form, or a number is greater than `u64::MAX`.
    ///
    /// # Source
    ///
    /// Masterminds semver v3.5.0, `version.go`, `StrictNewVersion`.
    pub fn parse_strict(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::new(Kind::Empty, "version string empty"));
        }
        check_length(text)?;
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid_version());
        };
        let (rest, metadata) = split_at_mark(rest, '+');
        if let Some(metadata) = metadata {
            check_metadata(metadata)?;
        }
        let (patch, prerelease) = split_at_mark(rest, '-');
        if let Some(prerelease) = prerelease {
            check_prerelease(prerelease)?;
        }
        for part in [major, minor, patch] {
            if !is_numeric(part) {
                let message = "invalid characters in version";
                return Err(ParseError::new(Kind::InvalidCharacters, message));
            }
            check_leading_zero(part)?;
        }
        Ok(Self {
            major: parse_number("", major)?,
            minor: parse_number("", minor)?,
            patch: parse_number("", patch)?,
            prerelease: prerelease.unwrap_or_default().into(),
            metadata: metadata.unwrap_or_default().into(),
            original: text.into(),
        })
    }

    /// The first number.
    #[must_use]
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The second number.
    #[must_use]
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The third number.
    #[must_use]
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// What is between `-` and `+`; empty for a release.
    #[must_use]
    pub fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// What is behind `+`; may be empty.
    #[must_use]
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// The text that was read.
    #[must_use]
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Compares by precedence: build metadata and the way of writing do not count.
    ///
    /// # Properties
    ///
    /// A pre-release comes before its release. Identifiers compare one by one, numbers before
    /// words, a shorter list before a longer one. A number greater than `u64::MAX` counts as a
    /// word, where SemVer 2 has no limit.
    ///
    /// # Source
    ///
    /// Masterminds semver v3.5.0, `version.go`, `Compare`.
    #[must_use]
    pub fn cmp_precedence(&self, other: &Self) -> Ordering {
        let numbers = |v: &Self| (v.major, v.minor, v.patch);
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| self.prerelease.is_empty().cmp(&other.prerelease.is_empty()))
            .then_with(|| {
                let (a, b) = (self.prerelease.split('.'), other.prerelease.split('.'));
                a.map(Identifier::from).cmp(b.map(Identifier::from))
            })
    }
}

/// The version in full, without `v`: what the Go library's `String` gives.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_precedence(other)
            .then_with(|| self.original.cmp(&other.original))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.original == other.original
    }
}

impl Eq for Version {}

/// One identifier of a pre-release; the derived order is that of SemVer 2.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(u64),
    Word(&'a str),
}

impl<'a> From<&'a str> for Identifier<'a> {
    fn from(text: &'a str) -> Self {
        text.parse().map_or(Self::Word(text), Self::Number)
    }
}

/// The pieces of a version at the start of a text, unchecked.
///
/// Also the form of the versions in constraints, where a number may be a wildcard.
pub(super) struct Parts<'a> {
    /// All of it.
    pub(super) text: &'a str,
    /// The numbers that are present.
    pub(super) numbers: [Option<&'a str>; 3],
    /// Without its `-`.
    pub(super) prerelease: Option<&'a str>,
    /// Without its `+`.
    pub(super) metadata: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The longest version that a text starts with, if any.
    pub(super) fn scan(text: &'a str, is_number: impl Fn(u8) -> bool) -> Option<Self> {
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = [None; 3];
        (numbers[0], rest) = take_while(rest, &is_number);
        numbers[0]?;
        for number in &mut numbers[1..] {
            (*number, rest) = take_marked(rest, '.', |rest| take_while(rest, &is_number));
        }
        let (prerelease, rest) = take_marked(rest, '-', take_identifiers);
        let (metadata, rest) = take_marked(rest, '+', take_identifiers);
        Some(Self {
            text: &text[..text.len() - rest.len()],
            numbers,
            prerelease,
            metadata,
        })
    }
}

/// A non-empty run of bytes and what is behind it.
fn take_while(text: &str, accept: impl Fn(u8) -> bool) -> (Option<&str>, &str) {
    let end = text.bytes().position(|b| !accept(b)).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    ((!run.is_empty()).then_some(run), rest)
}

/// What `take` finds behind a mark; nothing is taken, not even the mark, when it finds nothing.
fn take_marked<'a>(
    text: &'a str,
    mark: char,
    take: impl FnOnce(&'a str) -> (Option<&'a str>, &'a str),
) -> (Option<&'a str>, &'a str) {
    match text.strip_prefix(mark).map(take) {
        Some((Some(taken), rest)) => (Some(taken), rest),
        _ => (None, text),
    }
}

/// Identifiers with dots between them.
fn take_identifiers(text: &str) -> (Option<&str>, &str) {
    let (first, mut rest) = take_while(text, is_identifier);
    if first.is_none() {
        return (None, text);
    }
    while let (Some(_), next) = take_marked(rest, '.', |rest| take_while(rest, is_identifier)) {
        rest = next;
    }
    (Some(&text[..text.len() - rest.len()]), rest)
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn is_numeric(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn split_at_mark(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn parse_number(context: &str, digits: &str) -> Result<u64, ParseError> {
    if digits.is_empty() {
        let message = "strconv.ParseUint: parsing \"\": invalid syntax";
        return Err(ParseError::new(Kind::MissingNumber, message));
    }
    let number = digits.parse();
    number.map_err(|_| ParseError::number_too_large(context, digits))
}

fn invalid_version() -> ParseError {
    ParseError::new(Kind::InvalidVersion, "invalid semantic version")
}

fn check_length(text: &str) -> Result<(), ParseError> {
    if text.len() > 256 {
        let message = "version string is too long (max 256 bytes)";
        return Err(ParseError::new(Kind::VersionTooLong, message));
    }
    Ok(())
}

fn check_leading_zero(number: &str) -> Result<(), ParseError> {
    if number.len() > 1 && number.starts_with('0') {
        let message = "version segment starts with 0";
        return Err(ParseError::new(Kind::LeadingZero, message));
    }
    Ok(())
}

fn check_prerelease(text: &str) -> Result<(), ParseError> {
    for identifier in text.split('.') {
        if identifier.is_empty() || !identifier.bytes().all(is_identifier) {
            let message = "invalid prerelease string";
            return Err(ParseError::new(Kind::InvalidPrerelease, message));
        }
        if is_numeric(identifier) {
            check_leading_zero(identifier)?;
        }
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), ParseError> {
    let mut identifiers = text.split('.');
    if identifiers.any(|i| i.is_empty() || !i.bytes().all(is_identifier)) {
        let message = "invalid metadata string";
        return Err(ParseError::new(Kind::InvalidMetadata, message));
    }
    Ok(())
}
