//! JSON text into nodes.
//!
//! Own code and not `serde_json`, because Go takes lone surrogates, `--set-json` stops after a value
//! wherever it ends (`a=1x`), and every node needs its place.

use std::fmt;
use std::sync::Arc;

use super::lex::{Lexer, NESTING_LIMIT};
use crate::source::{FileId, Place, Span};
use crate::yaml::{Node, Number, Table, Value};

/// Decodes a text that is one JSON value.
///
/// # Shape
///
/// All numbers are [`Number::Float`]; of equal keys the last one wins; an unpaired surrogate escape
/// becomes U+FFFD. With a `file`, every node has a [`Place`] that counts bytes of `text`. At most
/// 256 lists and tables may be open at once (Go: 10 000).
///
/// # Errors
///
/// See [`JsonErrorKind`].
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{from_json, to_json};
///
/// let node = from_json(r#" {"a": 1, "a": 2} "#, None).unwrap();
/// assert_eq!(to_json(&node.value), r#"{"a":2}"#);
///
/// let error = from_json("[1,]", None).unwrap_err();
/// assert_eq!(error.to_string(), "invalid JSON at byte 3: expected a value");
/// ```
///
/// # Source
///
/// Go 1.26, `encoding/json`, `Unmarshal` into an interface.
pub fn from_json(text: &str, file: Option<FileId>) -> Result<Node, JsonError> {
    let (node, end) = from_json_prefix(text, 0, file)?;
    let mut rest = Reader::new(text, end, file);
    rest.lexer.skip_blanks();
    if rest.lexer.at() < text.len() {
        return Err(rest.error(JsonErrorKind::TrailingText));
    }
    Ok(node)
}

/// Decodes the JSON value that starts at a byte of the text, and says where it ends.
///
/// What follows the value is not looked at, as in `--set-json a=1,b=2`.
///
/// # Shape
///
/// As [`from_json`]. `start` is a byte offset on a character boundary of `text`; blanks after it are
/// skipped. The result's offset is that of the first byte behind the value.
///
/// # Errors
///
/// See [`JsonErrorKind`].
///
/// # Panics
///
/// When `start` is not a character boundary of `text`.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::from_json_prefix;
///
/// let (node, end) = from_json_prefix("a=[1, 2],b=3", 2, None).unwrap();
/// assert_eq!((node.value.type_name(), end), ("list", 8));
/// ```
///
/// # Source
///
/// Go 1.26, `encoding/json/stream.go`, `Decoder.Decode`, as Helm v4.2.4 uses it in
/// `pkg/strvals/parser.go`.
pub fn from_json_prefix(
    text: &str,
    start: usize,
    file: Option<FileId>,
) -> Result<(Node, usize), JsonError> {
    assert!(
        text.is_char_boundary(start),
        "a value starts at a character"
    );
    let mut reader = Reader::new(text, start, file);
    match reader.value(None, NESTING_LIMIT) {
        Ok(node) => Ok((node, reader.lexer.at())),
        Err(kind) => Err(reader.error(kind)),
    }
}

/// Why a text is not JSON, and where.
///
/// It never shows the text, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    kind: JsonErrorKind,
    offset: usize,
}

impl JsonError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// The byte of the text at which it was seen, from 0.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, offset } = self;
        write!(f, "invalid JSON at byte {offset}: {}", kind.message())
    }
}

impl std::error::Error for JsonError {}

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// Something else stands where a value must start.
    ExpectedValue,
    /// A key must stand here, in double quotes.
    ExpectedKey,
    /// A `:` is missing after a key.
    ExpectedColon,
    /// A `,` or the closing bracket is missing.
    ExpectedCommaOrEnd,
    /// The text ends inside a string.
    UnclosedString,
    /// A string contains a control character that is not escaped.
    ControlCharacter,
    /// An unknown escape, or one without its four hexadecimal digits.
    InvalidEscape,
    /// A number that JSON does not know, such as `01` or `1.`.
    InvalidNumber,
    /// A number too large for a float64.
    NumberTooLarge,
    /// More than 256 lists and tables are open.
    TooDeep,
    /// Text after the value.
    TrailingText,
}

impl JsonErrorKind {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::ExpectedValue => "expected a value",
            Self::ExpectedKey => "expected a key in double quotes",
            Self::ExpectedColon => "expected `:` after the key",
            Self::ExpectedCommaOrEnd => "expected `,` or the closing bracket",
            Self::UnclosedString => "the string is not closed",
            Self::ControlCharacter => "a control character in a string must be escaped",
            Self::InvalidEscape => "unknown escape in a string",
            Self::InvalidNumber => "not a JSON number",
            Self::NumberTooLarge => "the number does not fit a float64",
            Self::TooDeep => "more than 256 lists and tables inside each other",
            Self::TrailingText => "text after the value",
        }
    }
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    file: Option<FileId>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, at: usize, file: Option<FileId>) -> Self {
        Self {
            lexer: Lexer::new(text, at),
            file,
        }
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError {
            kind,
            offset: self.lexer.at(),
        }
    }

    fn value(&mut self, key: Option<usize>, depth: usize) -> Result<Node, JsonErrorKind> {
        self.lexer.skip_blanks();
        let start = self.lexer.at();
        let value = match self.lexer.peek() {
            Some(b'{') => Value::Table(self.table(deeper(depth)?)?),
            Some(b'[') => Value::List(self.list(deeper(depth)?)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => {
                let number = self.lexer.number()?;
                Value::Number(Number::Float(self.lexer.float(number)?))
            }
            _ => self.word()?,
        };
        let place = self.file.map(|file| Place {
            file,
            entry: offset(key.unwrap_or(start)),
            value: Span {
                start: offset(start),
                end: offset(self.lexer.at()),
            },
        });
        Ok(Node {
            place,
            ..Node::from(value)
        })
    }

    fn word(&mut self) -> Result<Value, JsonErrorKind> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        let mut words = words.into_iter();
        let found = words.find(|(word, _)| self.lexer.take_word(word));
        found
            .map(|(_, value)| value)
            .ok_or(JsonErrorKind::ExpectedValue)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, JsonErrorKind> {
        let mut items = Vec::new();
        self.lexer.take(b'[');
        let mut more = self.lexer.first_member(b']');
        while more {
            items.push(self.value(None, depth)?);
            more = self.lexer.next_member(b']')?;
        }
        Ok(items)
    }

    fn table(&mut self, depth: usize) -> Result<Table, JsonErrorKind> {
        let mut table = Table::new();
        self.lexer.take(b'{');
        let mut more = self.lexer.first_member(b'}');
        while more {
            let start = self.lexer.at();
            let mut key = String::new();
            self.lexer.key(|piece| key.push_str(piece))?;
            let node = self.value(Some(start), depth)?;
            table.insert(key.into(), node);
            more = self.lexer.next_member(b'}')?;
        }
        Ok(table)
    }

    fn string(&mut self) -> Result<Arc<str>, JsonErrorKind> {
        let mut out = String::new();
        self.lexer.string(|piece| out.push_str(piece))?;
        Ok(out.into())
    }
}

fn deeper(depth: usize) -> Result<usize, JsonErrorKind> {
    depth.checked_sub(1).ok_or(JsonErrorKind::TooDeep)
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX) // texts are smaller than 4 GiB
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::yaml::to_json;

    #[test]
    fn values_are_those_of_go() {
        let cases = [
            (r#"{"b":1,"a":{"x":null}}"#, r#"{"a":{"x":null},"b":1}"#),
            (r#"{"a":1,"\u0061":2}"#, r#"{"a":2}"#),
            ("[ ]", "[]"),
            ("{ }", "{}"),
            (
                "[-0, 1e3, 1.50, 9007199254740993]",
                "[-0,1000,1.5,9007199254740992]",
            ),
            ("1e-400", "0"),
            (r#""\u00e9\ud83d\ude00\/""#, "\"é😀/\""),
            (r#""\ud800""#, "\"\u{fffd}\""),
            (r#""\udc00x""#, "\"\u{fffd}x\""),
            (r#""\ud800\ud83d\ude00""#, "\"\u{fffd}😀\""),
            (r#""\ud800\u0041""#, "\"\u{fffd}A\""),
        ];
        for (text, want) in cases {
            let node = from_json(text, None).unwrap();
            assert_eq!(to_json(&node.value), want, "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        use JsonErrorKind as Kind;
        let cases = [
            ("", Kind::ExpectedValue, 0),
            ("nul", Kind::ExpectedValue, 0),
            ("{a:1}", Kind::ExpectedKey, 1),
            (r#"{"a":1,}"#, Kind::ExpectedKey, 7),
            (r#"{"a" 1}"#, Kind::ExpectedColon, 5),
            ("[1 2]", Kind::ExpectedCommaOrEnd, 3),
            ("[1", Kind::ExpectedCommaOrEnd, 2),
            ("\"ab", Kind::UnclosedString, 3),
            ("\"a\nb\"", Kind::ControlCharacter, 2),
            (r#""\x""#, Kind::InvalidEscape, 1),
            (r#""\u12é""#, Kind::InvalidEscape, 1),
            (r#""\u+123""#, Kind::InvalidEscape, 1),
            (r#""\ud800\uzzzz""#, Kind::InvalidEscape, 7),
            ("1.", Kind::InvalidNumber, 2),
            ("-", Kind::InvalidNumber, 1),
            ("1e400", Kind::NumberTooLarge, 0),
            ("01", Kind::TrailingText, 1),
            ("1 x", Kind::TrailingText, 2),
        ];
        for (text, kind, offset) in cases {
            assert_eq!(
                from_json(text, None),
                Err(JsonError { kind, offset }),
                "{text}"
            );
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |n| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(from_json(&nested(256), None).is_ok());
        let error = from_json(&nested(100_000), None).unwrap_err();
        assert_eq!(error.kind(), JsonErrorKind::TooDeep);
    }

    #[test]
    fn a_prefix_ends_with_its_value() {
        let cases = [("1,b=2", 1), ("truex", 4), ("  \"a\" ,", 5), ("12abc", 2)];
        for (text, end) in cases {
            assert_eq!(from_json_prefix(text, 0, None).unwrap().1, end, "{text}");
        }
    }

    #[test]
    fn nodes_know_their_places() {
        let mut sources = Sources::new();
        let text = r#"{"a": [10, "x"]}"#;
        let file = sources.add("f", text.as_bytes());
        let node = from_json(text, Some(file)).unwrap();
        let list = &node.value.as_table().unwrap()["a"];
        let place = list.place.unwrap();
        assert_eq!(place.entry, 1);
        let Value::List(items) = &list.value else {
            panic!("a list")
        };
        let span = items[0].place.unwrap().value;
        assert_eq!(&text[span.start as usize..span.end as usize], "10");
    }
}
