//! Why an argument cannot be applied.

use std::error::Error;
use std::fmt;
use std::io;

use crate::source::{FileId, Span};

/// An argument that cannot be applied.
///
/// Its text is that of Helm's `strvals`, to which Helm adds `failed parsing --set data: ` in front.
/// Like Helm's it may quote a key of the argument. (For `--set-json` Helm repeats the argument
/// instead of the reason; ours is a reason.)
#[derive(Debug)]
pub struct SetError(Box<Repr>);

#[derive(Debug)]
struct Repr {
    kind: SetErrorKind,
    message: String,
    argument: FileId,
    span: Span,
    source: Option<io::Error>,
}

/// What is wrong with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SetErrorKind {
    /// A key without `=`, or a key that ends in a dot.
    NoValue,
    /// An index that is not a number, negative, above 65536, or followed by something else than
    /// `=`, `.` and `[`.
    InvalidIndex,
    /// `{` without `}`.
    UnterminatedList,
    /// More than 30 dots in a key.
    TooManyNames,
    /// A key goes on below a value that is no table.
    NotATable,
    /// An index into a value that is no list.
    NotAList,
    /// The value is not JSON.
    InvalidJson,
    /// The file cannot be read; the source says why.
    UnreadableFile,
    /// The text is not UTF-8.
    NotUtf8,
    /// More than 256 levels of tables and lists.
    TooDeep,
    /// Indexes so large that more than 1 048 576 null items would be made.
    TooManyItems,
}

impl SetError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> SetErrorKind {
        self.0.kind
    }

    /// The argument and the part of it that is at fault.
    #[must_use]
    pub fn location(&self) -> (FileId, Span) {
        (self.0.argument, self.0.span)
    }

    pub(super) fn new(
        kind: SetErrorKind,
        argument: FileId,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Repr {
            kind,
            message: message.into(),
            argument,
            span,
            source: None,
        }))
    }

    pub(super) fn with_source(mut self, source: io::Error) -> Self {
        self.0.source = Some(source);
        self
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for SetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.0.source.as_ref()?;
        Some(source)
    }
}
