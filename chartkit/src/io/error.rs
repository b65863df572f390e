//! What goes wrong at the edge, always with the path.

use std::fmt;
use std::io;
use std::path::Path;

use crate::chart::archive::ArchiveError;
use crate::chart::ignore::IgnoreError;
use crate::chart::{ApiVersionError, LoadError};
use crate::dependency::{DependencyError, DependencyErrorKind, DigestsError};
use crate::diagnostic::{Code, Diagnostic};
use crate::package::PackageError;
use crate::repo::IndexError;

/// Who has to do something about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was read cannot be used: the files have to change.
    Input,
    /// The operating system says no; the source is its error.
    Environment,
    /// The archive to be written is there already with other content.
    Exists,
    /// The file to be written is not any more what it was when it was read.
    Changed,
    /// What was read contradicts what was locked or recorded.
    Contradiction,
}

/// A file, folder or archive that cannot be read or written.
#[derive(Debug)]
pub struct Error {
    repr: Box<Repr>,
}

#[derive(Debug)]
struct Repr {
    kind: ErrorKind,
    code: Code,
    message: String,
    cause: Option<Cause>,
}

#[derive(Debug)]
enum Cause {
    System(io::Error),
    Ignore(IgnoreError),
    Archive(ArchiveError),
    Chart(LoadError),
    ApiVersion(ApiVersionError),
    Package(PackageError),
    Index(IndexError),
    Dependency(DependencyError),
    Digests(DigestsError),
}

impl Error {
    fn new(kind: ErrorKind, code: Code, message: String, cause: Option<Cause>) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                code,
                message,
                cause,
            }),
        }
    }

    /// The operating system refuses to do `what` with `path`.
    pub(super) fn environment(what: &str, path: &Path, error: io::Error) -> Self {
        let message = format!("{what} `{}`", path.display());
        let cause = Some(Cause::System(error));
        Self::new(ErrorKind::Environment, Code::Environment, message, cause)
    }

    pub(super) fn read(path: &Path, error: io::Error) -> Self {
        Self::environment("cannot read", path, error)
    }

    /// Something else than a chart's file is in a directory.
    pub(super) fn input(message: String) -> Self {
        Self::new(ErrorKind::Input, Code::InvalidChart, message, None)
    }

    pub(super) fn symbolic_link(path: &Path, error: io::Error) -> Self {
        let message = format!("error evaluating symlink {}", path.display());
        let cause = Some(Cause::System(error));
        Self::new(ErrorKind::Input, Code::InvalidChart, message, cause)
    }

    pub(super) fn ignore(path: &Path, error: IgnoreError) -> Self {
        let message = format!("cannot read the patterns of `{}`", path.display());
        let cause = Some(Cause::Ignore(error));
        Self::new(ErrorKind::Input, Code::InvalidChart, message, cause)
    }

    pub(super) fn not_an_archive(message: String) -> Self {
        Self::new(ErrorKind::Input, Code::InvalidArchive, message, None)
    }

    pub(super) fn archive(path: &Path, error: ArchiveError) -> Self {
        let message = format!("cannot read the archive `{}`", path.display());
        let cause = Some(Cause::Archive(error));
        Self::new(ErrorKind::Input, Code::InvalidArchive, message, cause)
    }

    pub(super) fn chart(path: &Path, error: LoadError) -> Self {
        let message = format!("cannot load the chart `{}`", path.display());
        let cause = Some(Cause::Chart(error));
        Self::new(ErrorKind::Input, Code::InvalidChart, message, cause)
    }

    /// `path` holds another archive than the one to be written.
    pub(super) fn exists(path: &Path, difference: &str) -> Self {
        let path = path.display();
        let message = format!("`{path}` is there already with other content: {difference}");
        Self::new(ErrorKind::Exists, Code::ArtifactExists, message, None)
    }

    pub(super) fn changed(path: &Path) -> Self {
        let message = format!(
            "`{}` was changed by someone else meanwhile, nothing is written",
            path.display()
        );
        Self::new(ErrorKind::Changed, Code::FileChanged, message, None)
    }

    pub(super) fn package(path: &Path, error: PackageError) -> Self {
        let message = format!("cannot package `{}`", path.display());
        let cause = Some(Cause::Package(error));
        Self::new(ErrorKind::Input, Code::NotPackageable, message, cause)
    }

    pub(super) fn index(path: &Path, error: IndexError) -> Self {
        let message = format!("cannot read the index `{}`", path.display());
        let cause = Some(Cause::Index(error));
        Self::new(ErrorKind::Input, Code::InvalidIndex, message, cause)
    }

    /// Who has to do something about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.repr.kind
    }

    /// The chart's own error, if the files could be read.
    #[must_use]
    pub fn load_error(&self) -> Option<&LoadError> {
        match &self.repr.cause {
            Some(Cause::Chart(error)) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.repr.cause.as_ref().map(|cause| match cause {
            Cause::System(error) => error as _,
            Cause::Ignore(error) => error as _,
            Cause::Archive(error) => error as _,
            Cause::Chart(error) => error as _,
            Cause::ApiVersion(error) => error as _,
            Cause::Package(error) => error as _,
            Cause::Index(error) => error as _,
            Cause::Dependency(error) => error as _,
            Cause::Digests(error) => error as _,
        })
    }
}

/// For callers that load a chart and then need one that Helm installs.
impl From<ApiVersionError> for Error {
    fn from(error: ApiVersionError) -> Self {
        let message = "the chart cannot be used".to_owned();
        let cause = Some(Cause::ApiVersion(error));
        Self::new(ErrorKind::Input, Code::InvalidChart, message, cause)
    }
}

impl From<DependencyError> for Error {
    fn from(error: DependencyError) -> Self {
        let kind = match error.kind() {
            DependencyErrorKind::OutOfSync | DependencyErrorKind::Content => {
                ErrorKind::Contradiction
            }
            _ => ErrorKind::Input,
        };
        let message = "the dependencies cannot be brought together".to_owned();
        let cause = Some(Cause::Dependency(error));
        Self::new(kind, Code::UnresolvedDependency, message, cause)
    }
}

impl From<DigestsError> for Error {
    fn from(error: DigestsError) -> Self {
        let message = "the dependencies cannot be verified".to_owned();
        let cause = Some(Cause::Digests(error));
        Self::new(ErrorKind::Input, Code::InvalidDigests, message, cause)
    }
}

/// The message is the whole chain of causes; the place is that of the chart's error.
impl From<&Error> for Diagnostic {
    fn from(error: &Error) -> Self {
        let message = error.to_string();
        if let Some(error) = error.load_error() {
            let diagnostic = Self::from(error);
            // A place names the chart already.
            return if diagnostic.labels.is_empty() {
                diagnostic.context(&message)
            } else {
                diagnostic
            };
        }
        match &error.repr.cause {
            Some(Cause::Package(cause)) => return Self::from(cause).context(&message),
            Some(Cause::Index(cause)) => return Self::from(cause).context(&message),
            // These say all that there is to say.
            Some(Cause::Dependency(cause)) => return cause.into(),
            Some(Cause::Digests(cause)) => return cause.into(),
            _ => {}
        }
        let mut message = message;
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self::error(error.repr.code, message)
    }
}
