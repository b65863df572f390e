//! Why a value does not fit a type.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Place;
use crate::yaml::Node;

/// A value that does not fit a type.
///
/// Displays as `` `service.port`: found a string, expected u16 ``; never contains the value, which
/// may be a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeError {
    repr: Box<Repr>,
}

#[derive(Clone, Debug, PartialEq)]
struct Repr {
    kind: DecodeErrorKind,
    /// What a type wants, or the name of a field.
    expected: String,
    /// The name of the type found.
    found: Option<&'static str>,
    place: Option<Place>,
    /// From the inside out; each with its `.` or brackets.
    path: Vec<String>,
    detail: Option<String>,
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A value of another type.
    Type,
    /// A value of the right type that is out of range or has the wrong form.
    Value,
    /// A list with more or fewer items than wanted.
    Length,
    /// A word that is none of those wanted.
    Variant,
    /// A key that matches no field.
    UnknownField,
    /// A field without a key.
    MissingField,
    /// Two keys for the same field.
    DuplicateField,
    /// The type itself refuses the value; [`DecodeError::detail`] says why.
    Refused,
}

impl DecodeError {
    fn new(kind: DecodeErrorKind, expected: impl Into<String>) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                expected: expected.into(),
                found: None,
                place: None,
                path: Vec::new(),
                detail: None,
            }),
        }
    }

    pub(super) fn wrong_type(node: &Node, expected: &dyn Expected) -> Self {
        Self::new(DecodeErrorKind::Type, expected.to_string()).found(node)
    }

    pub(super) fn wrong_value(node: &Node, expected: &dyn Expected) -> Self {
        Self::new(DecodeErrorKind::Value, expected.to_string()).found(node)
    }

    pub(super) fn unknown(key: &str, node: &Node) -> Self {
        Self::new(DecodeErrorKind::UnknownField, key).found(node)
    }

    /// Notes the value that does not fit, unless one inside it is known already.
    pub(super) fn found(mut self, node: &Node) -> Self {
        if self.repr.found.is_none() {
            self.repr.found = Some(node.value.type_name());
            self.repr.place = node.place;
        }
        self
    }

    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.repr.path.push(format!("[{index}]"));
        self
    }

    pub(super) fn at_key(mut self, key: &str) -> Self {
        let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
        self.repr.path.push(if key.chars().all(simple) {
            format!(".{key}")
        } else {
            format!("[{key:?}]")
        });
        self
    }

    /// What does not fit.
    #[must_use]
    pub fn kind(&self) -> DecodeErrorKind {
        self.repr.kind
    }

    /// Where the value was written; nothing if a program made it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.repr.place
    }

    /// The keys and indices that lead to the value, as in `dependencies[0].enabled`; empty for the
    /// root.
    #[must_use]
    pub fn path(&self) -> String {
        let path: String = self.repr.path.iter().rev().map(String::as_str).collect();
        match path.strip_prefix('.') {
            Some(path) => path.to_owned(),
            None => path,
        }
    }

    /// What was found and what was expected, without the path.
    #[must_use]
    pub fn message(&self) -> String {
        let expected = &self.repr.expected;
        let found = self.repr.found.unwrap_or("value");
        match self.repr.kind {
            DecodeErrorKind::Type if found == "null" => format!("found null, expected {expected}"),
            DecodeErrorKind::Type => format!("found a {found}, expected {expected}"),
            DecodeErrorKind::Value => {
                format!("found a {found} that does not fit, expected {expected}")
            }
            DecodeErrorKind::Length => {
                format!("found another number of items, expected {expected}")
            }
            DecodeErrorKind::Variant => format!("found an unknown word, expected {expected}"),
            DecodeErrorKind::UnknownField => format!("unknown field `{expected}`"),
            DecodeErrorKind::MissingField => format!("missing field `{expected}`"),
            DecodeErrorKind::DuplicateField => format!("duplicate field `{expected}`"),
            DecodeErrorKind::Refused => format!("found a {found} that its type refuses"),
        }
    }

    /// The words of a type that refused the value; they may show the value.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.repr.detail.as_deref()
    }
}

impl From<&DecodeError> for Diagnostic {
    fn from(error: &DecodeError) -> Self {
        let diagnostic = Self::error(Code::WrongType, error.to_string());
        error
            .place()
            .into_iter()
            .fold(diagnostic, |d, place| d.at_place(place, ""))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            write!(f, "`{path}`: ")?;
        }
        f.write_str(&self.message())
    }
}

impl std::error::Error for DecodeError {}

/// How serde reports; what it says of the value itself is dropped.
impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let mut error = Self::new(DecodeErrorKind::Refused, "");
        error.repr.detail = Some(message.to_string());
        error
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(DecodeErrorKind::Type, expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(DecodeErrorKind::Value, expected.to_string())
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(DecodeErrorKind::Length, expected.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let expected: Vec<_> = expected.iter().map(|word| format!("`{word}`")).collect();
        Self::new(DecodeErrorKind::Variant, expected.join(" or "))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new(DecodeErrorKind::UnknownField, field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(DecodeErrorKind::MissingField, field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(DecodeErrorKind::DuplicateField, field)
    }
}
