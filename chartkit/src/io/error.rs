//! What goes wrong at the edge, always with the path.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::chart::LoadError;
use crate::chart::ignore::IgnoreError;

/// Why something could not be read from the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system says no; the source is its error.
    Read,
    /// A symbolic link points to nothing, or back to a directory that it is in.
    SymbolicLink,
    /// A device, a socket or the like.
    IrregularFile,
    /// A file is larger than [`Limits::file_bytes`](crate::chart::archive::Limits::file_bytes).
    TooLarge,
    /// Directories are nested deeper than 256 levels.
    TooDeep,
    /// `.helmignore` has a line that is no pattern.
    Ignore,
    /// The file is neither a directory nor a gzip archive.
    NotAnArchive,
    /// What was read is no chart; the source is a [`LoadError`].
    Chart,
}

/// A chart that cannot be read from the file system.
#[derive(Debug)]
pub struct Error {
    repr: Box<Repr>,
}

#[derive(Debug)]
struct Repr {
    kind: ErrorKind,
    path: PathBuf,
    message: String,
    cause: Option<Cause>,
}

#[derive(Debug)]
pub(super) enum Cause {
    System(io::Error),
    Ignore(IgnoreError),
    Chart(LoadError),
}

impl Error {
    pub(super) fn new(kind: ErrorKind, path: &Path, message: impl Into<String>) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                path: path.to_owned(),
                message: message.into(),
                cause: None,
            }),
        }
    }

    pub(super) fn read(path: &Path, error: io::Error) -> Self {
        let message = format!("cannot read `{}`", path.display());
        Self::new(ErrorKind::Read, path, message).caused_by(Cause::System(error))
    }

    pub(super) fn caused_by(mut self, cause: Cause) -> Self {
        self.repr.cause = Some(cause);
        self
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.repr.kind
    }

    /// The file or directory that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.repr.path
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
            Cause::Chart(error) => error as _,
        })
    }
}
