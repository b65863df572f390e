//! Why a `.sops.yaml` cannot be used.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::yaml;

/// Why a `.sops.yaml`, or flags together with it, say nothing that can be used.
#[derive(Clone, Debug)]
pub struct ConfigError {
    repr: Box<Repr>,
}

#[derive(Clone, Debug)]
struct Repr {
    kind: ConfigErrorKind,
    message: String,
    file: Option<FileId>,
    span: Option<Span>,
    syntax: Option<yaml::ParseError>,
}

/// The kinds of [`ConfigError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The text is not YAML, or has a key twice.
    Syntax,
    /// A value has another type than its field.
    Shape,
    /// An expression for paths has a mistake.
    InvalidPattern,
    /// There are rules, and none is for the path.
    NoMatchingRule,
    /// A rule names a key that cannot be one.
    InvalidKey,
    /// A rule has several ways to say what is encrypted.
    SeveralSelections,
    /// Flags and rule have together several ways to say what is encrypted.
    ConflictingSelections,
    /// The expression that says what is encrypted has a mistake.
    InvalidSelection,
    /// There is neither a rule nor a key by flag.
    NoKeys,
}

impl ConfigError {
    pub(super) fn new(kind: ConfigErrorKind, message: impl Into<String>) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                message: message.into(),
                file: None,
                span: None,
                syntax: None,
            }),
        }
    }

    pub(super) fn with_kind(mut self, kind: ConfigErrorKind) -> Self {
        self.repr.kind = kind;
        self
    }

    pub(super) fn in_file(mut self, file: FileId) -> Self {
        self.repr.file = Some(file);
        self
    }

    pub(super) fn at(mut self, file: FileId, span: Span) -> Self {
        self.repr.span = Some(span);
        self.in_file(file)
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.repr.kind
    }

    /// Where, if it is at one place of the file.
    #[must_use]
    pub fn location(&self) -> Option<(FileId, Span)> {
        self.repr.file.zip(self.repr.span)
    }
}

impl From<yaml::ParseError> for ConfigError {
    fn from(error: yaml::ParseError) -> Self {
        let mut this = Self::new(ConfigErrorKind::Syntax, "not YAML");
        if let Some((file, span)) = error.location() {
            this = this.at(file, span);
        }
        this.repr.syntax = Some(error);
        this
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr.message)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.repr.syntax.as_ref().map(|error| error as _)
    }
}

impl From<&ConfigError> for Diagnostic {
    fn from(error: &ConfigError) -> Self {
        if let Some(syntax) = &error.repr.syntax {
            return Self::from(syntax);
        }
        let diagnostic = Self::error(Code::InvalidSopsConfig, &error.repr.message);
        match (error.repr.file, error.repr.span) {
            (Some(file), span) => diagnostic.at(file, span.unwrap_or_default(), ""),
            (None, _) => diagnostic,
        }
    }
}
