//! JSON text into nodes.
//!
//! Own code and not `serde_json`, because Go takes lone surrogates, `--set-json` stops after a value
//! wherever it ends (`a=1x`), and every node needs its place.

use std::fmt;
use std::sync::Arc;

use crate::source::{FileId, Place, Span};
use crate::yaml::{Node, Number, Table, Value};

/// How many lists and tables may be open at once; the same for all that this crate reads.
const NESTING_LIMIT: usize = 256;

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
    rest.skip_blanks();
    if rest.at < text.len() {
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
    let node = reader.value(None, NESTING_LIMIT)?;
    Ok((node, reader.at))
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
    fn message(self) -> &'static str {
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
    text: &'a str,
    /// Always on a character boundary: it only moves over whole characters.
    at: usize,
    file: Option<FileId>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, at: usize, file: Option<FileId>) -> Self {
        Self { text, at, file }
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError {
            kind,
            offset: self.at,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, accept: impl Fn(&u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| accept(b)).count();
    }

    fn skip_blanks(&mut self) {
        self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
    }

    /// Whether the next byte is this one, which it then steps over.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, key: Option<usize>, depth: usize) -> Result<Node, JsonError> {
        self.skip_blanks();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => Value::Table(self.table(self.deeper(depth)?)?),
            Some(b'[') => Value::List(self.list(self.deeper(depth)?)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ => self.word()?,
        };
        let place = self.file.map(|file| Place {
            file,
            entry: offset(key.unwrap_or(start)),
            value: Span {
                start: offset(start),
                end: offset(self.at),
            },
        });
        Ok(Node {
            place,
            ..Node::from(value)
        })
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonError> {
        depth
            .checked_sub(1)
            .ok_or_else(|| self.error(JsonErrorKind::TooDeep))
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error(JsonErrorKind::ExpectedValue))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, JsonError> {
        let mut items = Vec::new();
        self.members(b'[', b']', |reader| {
            items.push(reader.value(None, depth)?);
            Ok(())
        })?;
        Ok(items)
    }

    fn table(&mut self, depth: usize) -> Result<Table, JsonError> {
        let mut table = Table::new();
        self.members(b'{', b'}', |reader| {
            let start = reader.at;
            if reader.peek() != Some(b'"') {
                return Err(reader.error(JsonErrorKind::ExpectedKey));
            }
            let key = reader.string()?;
            reader.skip_blanks();
            if !reader.take(b':') {
                return Err(reader.error(JsonErrorKind::ExpectedColon));
            }
            let node = reader.value(Some(start), depth)?;
            table.insert(key, node);
            Ok(())
        })?;
        Ok(table)
    }

    fn members(
        &mut self,
        open: u8,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.take(open);
        self.skip_blanks();
        if self.take(close) {
            return Ok(());
        }
        loop {
            self.skip_blanks();
            member(self)?;
            self.skip_blanks();
            if self.take(close) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.error(JsonErrorKind::ExpectedCommaOrEnd));
            }
        }
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        match self.text[start..self.at].parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Number::Float(float)),
            _ => {
                self.at = start;
                Err(self.error(JsonErrorKind::NumberTooLarge))
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.skip_while(u8::is_ascii_digit);
        if self.at == start {
            return Err(self.error(JsonErrorKind::InvalidNumber));
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Arc<str>, JsonError> {
        self.take(b'"');
        let mut out = String::new();
        loop {
            let start = self.at;
            self.skip_while(|b| !matches!(b, b'"' | b'\\' | 0..0x20));
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out.into());
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.error(JsonErrorKind::ControlCharacter)),
                None => return Err(self.error(JsonErrorKind::UnclosedString)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let invalid = self.error(JsonErrorKind::InvalidEscape);
        self.at += 1;
        let char = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape().ok_or(invalid),
            _ => return Err(invalid),
        };
        self.at += 1;
        Ok(char)
    }

    /// At the `u` of an escape; two surrogate escapes in a row are one character.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if let 0xD800..0xDC00 = first
            && self.text[self.at..].starts_with("\\u")
        {
            let behind_first = self.at;
            self.at += 1;
            // Not hexadecimal: the error is that of the second escape, when it is read.
            if let Some(second @ 0xDC00..0xE000) = self.hex4() {
                return char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
            }
            self.at = behind_first;
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at + 1..self.at + 5)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let unit = hex.then(|| u32::from_str_radix(digits, 16).ok())??;
        self.at += 5;
        Some(unit)
    }
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
