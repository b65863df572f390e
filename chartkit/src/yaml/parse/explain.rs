//! granit's errors in our words: what was found, what was expected, which bracket is open.

use granit_parser::{ErrorKind, ScanError};

use super::{Builder, Kind};
use crate::source::Span;
use crate::yaml::compat;
use crate::yaml::error::{ParseError, ParseErrorKind, position};

const QUOTE_IT: &str = "put the text in quotes";
const USE_SPACES: &str = "indent with spaces";

impl Builder<'_> {
    pub(super) fn explain(&self, scan: &ScanError) -> ParseError {
        let at = scan_offset(scan, self.text);
        if let Some(error) = self.explain_bracket(scan, at) {
            return error;
        }
        let found = describe(self.text, at);
        let (kind, message, hint) = match scan.kind() {
            ErrorKind::RecursionLimitExceeded => (
                ParseErrorKind::TooDeep,
                format!("found more than {} nested collections", self.max_depth),
                None,
            ),
            ErrorKind::UnknownAnchor => (
                // Without the name: it may be a secret that nobody put in quotes.
                ParseErrorKind::UnknownAnchor,
                "found an alias, expected its anchor before it".to_owned(),
                Some("put text that starts with `*` in quotes"),
            ),
            ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => (
                ParseErrorKind::UnclosedQuote,
                "found a quote that is never closed".to_owned(),
                None,
            ),
            ErrorKind::UnknownQuotedScalarEscape => {
                let escape = unknown_escape(self.text, at);
                let message = "found a backslash that begins no known escape".to_owned();
                let hint = "write `\\\\` for a backslash, or use single quotes";
                return self
                    .error(escape, ParseErrorKind::Syntax, message)
                    .hint_with(hint);
            }
            kind if is_about_tab(kind) => (
                ParseErrorKind::Tab,
                "found a tab, expected spaces".to_owned(),
                Some(USE_SPACES),
            ),
            kind => {
                let (expected, hint) = expectation(kind);
                let message = format!("found {found}, expected {expected}");
                (ParseErrorKind::Syntax, message, hint)
            }
        };
        let error = self.error(at, kind, message);
        let hint = if compat::is_behind_template(self.text, at) {
            Some(compat::TEMPLATE_HINT)
        } else {
            hint
        };
        let error = match hint {
            Some(hint) => error.hint_with(hint),
            None => error,
        };
        self.relate_to_block(scan, error)
    }

    /// Errors inside brackets, where the bracket tells more than the place of the error.
    fn explain_bracket(&self, scan: &ScanError, at: usize) -> Option<ParseError> {
        let found = describe(self.text, at);
        let kind = ParseErrorKind::UnclosedBracket;
        match scan.kind() {
            ErrorKind::UnclosedFlowCollection { open } => {
                let message = format!("found a `{open}` that is never closed");
                return Some(self.error(at, kind, message));
            }
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                let expected = if *open == '[' { ']' } else { '}' };
                let message =
                    format!("found `{close}`, expected `{expected}` to close the last `{open}`");
                return Some(self.error(at, kind, message));
            }
            ErrorKind::MisplacedFlowCollectionEnd => {
                let message = format!("found {found}, expected an opening bracket before it");
                return Some(self.error(at, kind, message));
            }
            ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::FlowMappingValueAdjacentCollection
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::ExpectedNodeContent => {}
            _ => return None,
        }
        // The pair in `[a: b]` has no bracket of its own.
        let has_bracket = |start: u32| {
            let start = (start - self.base) as usize;
            self.text[start..].starts_with(['[', '{'])
        };
        let flow = self.open.iter().rev().filter(|open| open.flow);
        let starts = flow.map(|open| self.document.nodes[open.node.index()].span.start);
        let start = starts.into_iter().find(|start| has_bracket(*start))?;
        let end = start + 1;
        let opening = Span { start, end };
        let (open, close) = if self.document.raw(opening) == "[" {
            ('[', ']')
        } else {
            ('{', '}')
        };
        let place = position(&self.origin.text, start);
        let message = format!(
            "found {found}, expected `,` or `{close}`: the `{open}` at line {}, column {} is still open",
            place.line, place.column,
        );
        Some(
            self.error(at, kind, message)
                .related_to(opening, "opened here"),
        )
    }

    /// Points to the beginning of the block collection that ended in the wrong way.
    fn relate_to_block(&self, scan: &ScanError, error: ParseError) -> ParseError {
        let (kind, message) = match scan.kind() {
            ErrorKind::ExpectedBlockMappingKey => (Kind::Mapping, "this mapping begins here"),
            ErrorKind::ExpectedBlockSequenceEntry => (Kind::Sequence, "this list begins here"),
            _ => return error,
        };
        match self.open.last() {
            Some(open) if open.kind == kind => {
                let start = self.document.nodes[open.node.index()].span.start;
                let end = start + 1;
                error.related_to(Span { start, end }, message)
            }
            _ => error,
        }
    }

    fn error(&self, at: usize, kind: ParseErrorKind, message: String) -> ParseError {
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        ParseError::new(self.origin, self.span(at, at + length), kind, message)
    }
}

pub(super) fn is_about_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
            | ErrorKind::InvalidBlockEntryWhitespace
            | ErrorKind::InvalidMappingValueWhitespace
    )
}

/// What would have been right, and what to do.
fn expectation(kind: &ErrorKind) -> (&'static str, Option<&'static str>) {
    match kind {
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            ("a key in the column of the keys before it", None)
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a `:` behind the key, on its line", None)
        }
        ErrorKind::ExpectedBlockSequenceEntry => {
            ("a `-` in the column of the items before it", None)
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::MappingKeyNotAllowed => (
            "the end of the value: no mapping can begin here",
            Some("put text that contains `: ` in quotes, and check the indentation"),
        ),
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => (
            "a value: no list can begin here",
            Some("put a list on lines of its own, and text that begins with `- ` in quotes"),
        ),
        ErrorKind::UnexpectedCharacter { .. }
        | ErrorKind::UnexpectedEndOfPlainScalar
        | ErrorKind::PlainScalarStartsWithDashFlowIndicator => {
            ("a character that can begin a value", Some(QUOTE_IT))
        }
        ErrorKind::ExpectedNodeContent => ("a value", None),
        ErrorKind::CommentNotSeparated | ErrorKind::ExpectedWhitespace => {
            ("a blank before it", None)
        }
        ErrorKind::CommentInterceptedScalar => {
            ("no comment inside a text of several lines", Some(QUOTE_IT))
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "the end of the value behind its closing quote",
            Some("put all of the text inside the quotes"),
        ),
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => ("the hexadecimal code of a character", None),
        ErrorKind::InvalidQuotedScalarIndent => {
            ("the lines of quoted text indented as its value", None)
        }
        ErrorKind::InvalidBlockScalarIndent => {
            ("the lines of the text indented as its first one", None)
        }
        ErrorKind::ZeroBlockScalarIndent => ("an indentation from 1 to 9 behind it", None),
        ErrorKind::InvalidBlockScalarHeader => (
            "nothing but `-`, `+`, a digit or a comment behind it on the line",
            None,
        ),
        ErrorKind::MissingAnchorOrAliasName => ("the name of an anchor behind it", Some(QUOTE_IT)),
        ErrorKind::ExpectedTagBang
        | ErrorKind::ExpectedTagDirectiveBang
        | ErrorKind::InvalidGlobalTagCharacter
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::InvalidTagDirectiveTerminator
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape
        | ErrorKind::InvalidTagUtf8LeadingByte
        | ErrorKind::InvalidTagUtf8TrailingByte
        | ErrorKind::InvalidTagUtf8 => ("the name of a tag behind it", Some(QUOTE_IT)),
        ErrorKind::UndeclaredTagHandle => ("a tag handle declared by `%TAG`", None),
        ErrorKind::ExpectedDocumentStart | ErrorKind::MissingDocumentEndBeforeDirective => {
            ("`---` or the end of the text behind a document", None)
        }
        ErrorKind::InvalidDocumentEnd => ("nothing behind `...`", None),
        ErrorKind::DuplicateVersionDirective | ErrorKind::DuplicateTagDirective => {
            ("each directive once", None)
        }
        ErrorKind::UnsupportedYamlMajorVersion
        | ErrorKind::MissingYamlVersion
        | ErrorKind::MissingYamlVersionSeparator
        | ErrorKind::YamlVersionTooLong => ("`%YAML 1.1`", None),
        ErrorKind::MissingDirectiveName
        | ErrorKind::InvalidDirectiveName
        | ErrorKind::InvalidDirectiveTerminator
        | ErrorKind::DirectiveByteLimitExceeded { .. }
        | ErrorKind::TooManyReservedDirectiveParams { .. } => ("`%YAML` or `%TAG`", Some(QUOTE_IT)),
        _ => ("something else that YAML allows here", None),
    }
}

/// The first backslash of the quoted text at a place that YAML has no meaning for.
fn unknown_escape(text: &str, at: usize) -> usize {
    let mut bytes = text.bytes().enumerate().skip(at);
    while let Some((backslash, byte)) = bytes.next() {
        let known = b"0abt\tnvfre \"/\\N_LPxuU\n\r";
        if byte == b'\\'
            && bytes
                .next()
                .is_some_and(|(_, escape)| !known.contains(&escape))
        {
            return backslash;
        }
    }
    at
}

/// Names the character at a place; letters and digits may be of a secret and are not shown.
fn describe(text: &str, at: usize) -> String {
    match text[at..].chars().next() {
        None => "the end of the text".to_owned(),
        Some('\n' | '\r') => "a line break".to_owned(),
        Some('\t') => "a tab".to_owned(),
        Some(' ') => "a blank".to_owned(),
        Some('`') => "a backtick".to_owned(),
        Some(c) if c.is_ascii_punctuation() => format!("`{c}`"),
        Some(_) => "text".to_owned(),
    }
}

/// Where granit stopped, in bytes, at a character.
pub(super) fn scan_offset(scan: &ScanError, text: &str) -> usize {
    let marker = scan.marker();
    let offset = marker.byte_offset().unwrap_or_else(|| {
        let mut starts = text.char_indices().map(|(start, _)| start);
        starts.nth(marker.index()).unwrap_or(text.len())
    });
    let offset = offset.min(text.len());
    (0..=offset)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}
