//! Why an argument cannot be applied.

use std::error::Error;
use std::fmt;
use std::io;

use crate::diagnostic::{Code, Diagnostic};
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

/// In our own words, because Helm's quote the argument: behind a comma that nobody meant as one, what
/// Helm calls a key is a part of a value.
impl From<&SetError> for Diagnostic {
    fn from(error: &SetError) -> Self {
        let (file, span) = error.location();
        let (message, help) = match error.kind() {
            SetErrorKind::NoValue => (
                "found a key without a value, expected `key=value`",
                Some("a comma inside of a value is written `\\,`; --set-literal takes it as it is"),
            ),
            SetErrorKind::InvalidIndex => (
                "found something else in or behind the brackets of a key, expected an index from 0 to 65536",
                Some("a bracket that belongs to the name is written `\\[`"),
            ),
            SetErrorKind::UnterminatedList => (
                "found no end of the list, expected `}`",
                Some("a brace that belongs to the value is written `\\{`"),
            ),
            SetErrorKind::TooManyNames => ("found more than 30 dots in a key", None),
            SetErrorKind::NotATable => (
                "the key goes on below a value that is no table",
                Some("a dot that belongs to the name is written `\\.`"),
            ),
            SetErrorKind::NotAList => ("the key has an index into a value that is no list", None),
            SetErrorKind::InvalidJson => (
                "found no JSON, expected a JSON value or object",
                Some("JSON texts have double quotes; mind those that the shell removes"),
            ),
            SetErrorKind::UnreadableFile => ("cannot read the file", None),
            SetErrorKind::NotUtf8 => ("found bytes that are no UTF-8", None),
            SetErrorKind::TooDeep => ("tables and lists are nested deeper than 256 levels", None),
            SetErrorKind::TooManyItems => (
                "the index is so large that more than 1048576 nulls would fill the list",
                None,
            ),
        };
        let message = match error.source() {
            Some(cause) => cause.to_string(),
            None => message.to_owned(),
        };
        let diagnostic = Self::error(Code::InvalidArgument, message).at(file, span, "");
        match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}
