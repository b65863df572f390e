//! Facts about the input that a person may want to act on.
//!
//! An error means that a function has no result. A [`Diagnostic`] is returned *beside* a result:
//! what Helm prints as a warning in passing is a value here. Any error can be shown as a
//! diagnostic, never the other way round.
//!
//! A diagnostic never contains a value from a values file: it may be a secret. It names paths and
//! types.

mod code;
mod excerpt;
mod json;

pub use code::Code;
pub use excerpt::excerpt;
pub use json::to_json;

use crate::source::{FileId, Place, Span};

/// How much a [`Diagnostic`] matters; Helm's words and order.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/lint/support/message.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not what was meant.
    Warning,
    /// The input cannot be used.
    Error,
}

impl Severity {
    /// The lower-case name: `info`, `warning` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The text.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
    /// A phrase about these bytes; may be empty.
    pub message: String,
}

/// One finding: what, how bad, where, and what to do.
///
/// # Shape
///
/// The first of [`Diagnostic::labels`] is the place of the finding; the others say what led to it.
/// No label means that the fact is about no single place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Which kind of finding.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// A phrase: what was found and what was expected.
    pub message: String,
    /// Places, the most important first.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A warning without places.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A note without places.
    #[must_use]
    pub fn info(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Info, message)
    }

    /// An error shown as a diagnostic, without places.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// Adds a place; the first one added is the place of the finding.
    #[must_use]
    pub fn at(mut self, file: FileId, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label {
            file,
            span,
            message: message.into(),
        });
        self
    }

    /// Adds the place of an entry, see [`Diagnostic::at`].
    #[must_use]
    pub fn at_place(self, place: Place, message: impl Into<String>) -> Self {
        self.at(place.file, place.span(), message)
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub fn context(mut self, doing: &str) -> Self {
        self.message = match self.message.as_str() {
            "" => doing.to_owned(),
            message => format!("{doing}: {message}"),
        };
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Orders diagnostics by place, then code, then text, so that two runs print the same.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    fn key(d: &Diagnostic) -> (Option<(FileId, Span)>, Code, &str) {
        let place = d.labels.first().map(|l| (l.file, l.span));
        (place, d.code, &d.message)
    }
    diagnostics.sort_by(|a, b| key(a).cmp(&key(b)));
    diagnostics.dedup();
}
