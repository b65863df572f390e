//! Why a text cannot be read, or a tree not be written.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::yaml;

/// Why a file cannot be read.
///
/// Never holds a value of the file.
#[derive(Debug)]
pub struct LoadError {
    kind: LoadErrorKind,
    message: String,
    at: Option<(FileId, Span)>,
    syntax: Option<Box<yaml::ParseError>>,
}

/// The kinds of [`LoadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// The text does not have the format.
    Syntax,
    /// The text has the format, but is nothing that SOPS encrypts: a list at the top, a key that is no
    /// string, a number beyond 64 bits.
    Unsupported,
    /// There is nothing in the file.
    Empty,
    /// The file is not encrypted.
    MetadataNotFound,
    /// The file is encrypted, but was taken for plaintext.
    AlreadyEncrypted,
    /// The metadata is damaged.
    Metadata,
}

impl LoadError {
    pub(crate) fn new(kind: LoadErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            at: None,
            syntax: None,
        }
    }

    pub(crate) fn at(mut self, file: FileId, span: Span) -> Self {
        self.at = Some((file, span));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> LoadErrorKind {
        self.kind
    }

    /// Where, if it is at one place.
    #[must_use]
    pub fn location(&self) -> Option<(FileId, Span)> {
        self.at
    }
}

impl From<yaml::ParseError> for LoadError {
    fn from(error: yaml::ParseError) -> Self {
        Self {
            syntax: Some(Box::new(error)),
            ..Self::new(LoadErrorKind::Syntax, "not YAML")
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.syntax.as_ref().map(|error| &**error as _)
    }
}

impl From<&LoadError> for Diagnostic {
    fn from(error: &LoadError) -> Self {
        if let Some(syntax) = &error.syntax {
            return Self::from(&**syntax);
        }
        let code = match error.kind {
            LoadErrorKind::MetadataNotFound => Code::NotEncrypted,
            LoadErrorKind::Metadata => Code::InvalidMetadata,
            _ => Code::InvalidSecrets,
        };
        let diagnostic = Self::error(code, &error.message);
        match error.at {
            Some((file, span)) => diagnostic.at(file, span, ""),
            None => diagnostic,
        }
    }
}

/// Why a format cannot hold a tree.
///
/// Names the path, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EmitError {
    kind: EmitErrorKind,
    message: String,
}

/// The kinds of [`EmitError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EmitErrorKind {
    /// The format has no way to write such a value there.
    Unsupported,
    /// A key is one that only the metadata may have.
    ReservedKey,
    /// An indentation that is not possible.
    Indent,
    /// The format can write the values, but they would be others when they are read.
    Unreadable,
}

impl EmitError {
    pub(crate) fn new(kind: EmitErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> EmitErrorKind {
        self.kind
    }
}
