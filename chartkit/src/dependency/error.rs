//! Why dependencies cannot be brought together.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Place;

/// The kinds of [`DependencyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyErrorKind {
    /// What is declared as version is neither a version nor a range.
    Constraint,
    /// The folder of a repository does not exist or holds no charts.
    NotFound,
    /// No version there satisfies the range.
    NoVersion,
    /// The chart there has another name than the dependency.
    OtherName,
    /// Charts cannot be had from this kind of repository yet.
    UnsupportedRepository,
    /// The lock does not belong to what the chart declares.
    OutOfSync,
    /// The bytes are not those that an index or `Chart.digests` promises.
    Content,
    /// `charts` or the lock file is something that must not be written to.
    Target,
}

/// Dependencies that cannot be brought together; in Helm's words where Helm has the same objection.
#[derive(Clone, Debug)]
pub struct DependencyError {
    kind: DependencyErrorKind,
    message: String,
    place: Option<Place>,
    help: Option<String>,
}

impl DependencyError {
    pub(crate) fn new(kind: DependencyErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Which kind of failure.
    #[must_use]
    pub fn kind(&self) -> DependencyErrorKind {
        self.kind
    }

    /// Where the dependency was declared, if that is known.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}

impl fmt::Display for DependencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DependencyError {}

impl From<&DependencyError> for Diagnostic {
    fn from(error: &DependencyError) -> Self {
        let code = match error.kind {
            DependencyErrorKind::UnsupportedRepository => Code::UnsupportedRepository,
            DependencyErrorKind::OutOfSync => Code::LockOutOfSync,
            DependencyErrorKind::Content => Code::ContentChanged,
            DependencyErrorKind::Constraint
            | DependencyErrorKind::NotFound
            | DependencyErrorKind::NoVersion
            | DependencyErrorKind::OtherName
            | DependencyErrorKind::Target => Code::UnresolvedDependency,
        };
        let mut diagnostic = Self::error(code, &error.message);
        if let Some(place) = error.place {
            diagnostic = diagnostic.at_place(place, "");
        }
        match &error.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}
