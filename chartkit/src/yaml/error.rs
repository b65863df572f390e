//! Why a text cannot be read.

use std::fmt;
use std::sync::Arc;

use super::document::Origin;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Position, Span};

/// A text that cannot be read as YAML, or YAML that Go cannot read.
///
/// Displays as `values.yaml:3:7: found …, expected …`; never contains a value.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::yaml::{ParseErrorKind, read};
///
/// let mut sources = Sources::new();
/// let file = sources.add("values.yaml", *b"ports: [80, 443\nname: web\n");
/// let error = read(&sources, file).unwrap_err();
/// assert_eq!(error.kind(), ParseErrorKind::UnclosedBracket);
/// assert_eq!(
///     error.to_string(),
///     "values.yaml:2:5: found `:`, expected `,` or `]`: the `[` at line 1, column 8 is still open",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    repr: Box<Repr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Repr {
    kind: ParseErrorKind,
    message: String,
    hint: Option<&'static str>,
    name: Arc<str>,
    file: FileId,
    span: Span,
    position: Position,
    related: Option<(Span, &'static str)>,
}

/// What is wrong, for callers that branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Not UTF-8 or UTF-16, or a control character.
    Encoding,
    /// More bytes than [`ParseOptions::max_bytes`](super::ParseOptions::max_bytes).
    TooLarge,
    /// Nested deeper than [`ParseOptions::max_depth`](super::ParseOptions::max_depth).
    TooDeep,
    /// A quote without its closing quote.
    UnclosedQuote,
    /// A bracket without its closing bracket, or something in it that must not be there.
    UnclosedBracket,
    /// A tab where only spaces may stand.
    Tab,
    /// Any other violation of the grammar.
    Syntax,
    /// An alias without its anchor before it.
    UnknownAnchor,
    /// An anchor whose value contains an alias to itself.
    RecursiveAlias,
    /// Aliases that make a small text a huge value.
    ExcessiveAliasing,
    /// A merge key with anything but mappings as its value.
    Merge,
    /// A key that cannot be a string.
    Key,
    /// A key that is there twice, where that is not allowed.
    DuplicateKey,
    /// A scalar that is not what its tag says.
    Tag,
    /// `.inf` or `.nan`, which JSON cannot say.
    NotFinite,
}

impl ParseError {
    pub(super) fn new(
        origin: &Origin,
        span: Span,
        kind: ParseErrorKind,
        message: impl Into<String>,
    ) -> Self {
        Self {
            repr: Box::new(Repr {
                kind,
                message: message.into(),
                hint: None,
                name: Arc::clone(&origin.name),
                file: origin.file,
                span,
                position: position(&origin.text, span.start),
                related: None,
            }),
        }
    }

    pub(super) fn hint_with(mut self, hint: &'static str) -> Self {
        self.repr.hint = Some(hint);
        self
    }

    /// Adds the place that led to the error.
    pub(super) fn related_to(mut self, span: Span, message: &'static str) -> Self {
        self.repr.related = Some((span, message));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.repr.kind
    }

    /// Where it is wrong.
    #[must_use]
    pub fn location(&self) -> Option<(FileId, Span)> {
        Some((self.repr.file, self.repr.span))
    }

    /// Line and column of [`ParseError::location`].
    #[must_use]
    pub fn position(&self) -> Position {
        self.repr.position
    }

    /// What was found and what was expected, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.repr.message
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.repr.hint
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr {
            name,
            position,
            message,
            ..
        } = &*self.repr;
        write!(f, "{name}:{}:{}: {message}", position.line, position.column)
    }
}

impl std::error::Error for ParseError {}

impl From<&ParseError> for Diagnostic {
    fn from(error: &ParseError) -> Self {
        let repr = &*error.repr;
        let mut diagnostic =
            Self::error(repr.kind.code(), repr.message.as_str()).at(repr.file, repr.span, "");
        if let Some((span, message)) = repr.related {
            diagnostic = diagnostic.at(repr.file, span, message);
        }
        match repr.hint {
            Some(hint) => diagnostic.help(hint),
            None => diagnostic,
        }
    }
}

impl ParseErrorKind {
    /// The code of the diagnostic that shows such an error.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Encoding
            | Self::UnclosedQuote
            | Self::UnclosedBracket
            | Self::Tab
            | Self::Syntax => Code::SyntaxError,
            Self::DuplicateKey => Code::DuplicateKey,
            Self::TooLarge | Self::TooDeep | Self::ExcessiveAliasing => Code::TooComplex,
            Self::UnknownAnchor
            | Self::RecursiveAlias
            | Self::Merge
            | Self::Key
            | Self::Tag
            | Self::NotFinite => Code::UnreadableValue,
        }
    }
}

/// As `Sources::position`, for errors that are made where there is no `Sources`.
pub(super) fn position(text: &[u8], offset: u32) -> Position {
    let before = &text[..(offset as usize).min(text.len())];
    let lines = before.split(|b| *b == b'\n').count() - 1;
    let line_start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let characters = before[line_start..].iter().filter(|b| (**b & 0xC0) != 0x80);
    let one_based = |count| u32::try_from(count + 1).unwrap_or(u32::MAX);
    Position {
        line: one_based(lines),
        column: one_based(characters.count()),
    }
}
