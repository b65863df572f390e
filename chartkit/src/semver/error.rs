//! Why a text is not a version or not a constraint.

use std::borrow::Cow;
use std::fmt;

use crate::quote::Quoted;

/// A text that is not a version or not a constraint.
///
/// Its text is that of the Go library, so that Helm's messages can be printed word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    kind: ParseErrorKind,
    message: Cow<'static, str>,
}

/// What is wrong with a version or a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The version is longer than 256 bytes.
    VersionTooLong,
    /// The version is empty (strict reading only).
    Empty,
    /// The text does not look like a version.
    InvalidVersion,
    /// A part of the version that must be a number is not one (strict reading only).
    InvalidCharacters,
    /// A number starts with a zero.
    LeadingZero,
    /// A part of the version is missing (strict reading only).
    MissingNumber,
    /// A number is greater than `u64::MAX`.
    NumberTooLarge,
    /// The pre-release is not made of identifiers (strict reading only).
    InvalidPrerelease,
    /// The build metadata is not made of identifiers (strict reading only).
    InvalidMetadata,
    /// The constraint is longer than 512 bytes.
    ConstraintTooLong,
    /// The constraint has more than 32 groups between `||`.
    TooManyGroups,
    /// A group of the constraint is not a list of terms.
    ImproperConstraint,
    /// A term of the constraint has the right form, but its version cannot be read.
    InvalidTerm,
}

impl ParseError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    pub(super) fn new(kind: ParseErrorKind, message: &'static str) -> Self {
        Self {
            kind,
            message: Cow::Borrowed(message),
        }
    }

    pub(super) fn number_too_large(context: &str, digits: &str) -> Self {
        Self {
            kind: ParseErrorKind::NumberTooLarge,
            message: Cow::Owned(format!(
                "{context}strconv.ParseUint: parsing {}: value out of range",
                Quoted(digits)
            )),
        }
    }

    pub(super) fn improper_constraint(group: &str) -> Self {
        Self {
            kind: ParseErrorKind::ImproperConstraint,
            message: Cow::Owned(format!("improper constraint: {}", Quoted(group))),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}
