//! JSON values with places, read as Go's `encoding/json` reads them.
//!
//! Not `serde_json`: that knows no places, and refuses half surrogate pairs, which Go replaces.

use super::{MAX_DEPTH, SetError, SetErrorKind, offset};
use crate::source::{FileId, Place, Span};
use crate::yaml::{Node, Number, Table, Value};

/// The object that a whole text is, blanks around it aside.
pub(super) fn object(text: &str, argument: FileId) -> Result<Table, SetError> {
    let blanks = text.len() - text.trim_start().len();
    let mut reader = Reader {
        text: text.trim_end(),
        at: blanks,
        argument,
    };
    let value = reader.value(0)?;
    reader.skip_blanks();
    match value {
        Value::Table(table) if reader.peek().is_none() => Ok(table),
        _ => Err(reader.error("text behind the JSON object")),
    }
}

/// The value at an offset of a text, and where it ends; what comes behind is not looked at.
pub(super) fn value(
    text: &str,
    at: usize,
    argument: FileId,
    depth: usize,
) -> Result<(Value, usize), SetError> {
    let mut reader = Reader { text, at, argument };
    let value = reader.value(depth)?;
    Ok((value, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    argument: FileId,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, SetError> {
        if depth > MAX_DEPTH {
            let message = "JSON value nested more than 256 levels deep";
            return Err(self.error_of(SetErrorKind::TooDeep, message));
        }
        match self.peek() {
            Some(b'{') => self.table(depth).map(Value::Table),
            Some(b'[') => self.list(depth).map(Value::List),
            Some(b'"') => Ok(Value::String(self.string()?.into())),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, SetError> {
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
        Err(self.error("expected a JSON value"))
    }

    fn table(&mut self, depth: usize) -> Result<Table, SetError> {
        let mut table = Table::new();
        self.at += 1;
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(table);
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes in a JSON object"));
            }
            let entry = self.at;
            let key = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return Err(self.error("expected `:` behind a key of a JSON object"));
            }
            let node = self.node(Some(entry), depth)?;
            table.insert(key.into(), node); // the last of equal keys counts
            if self.take(b'}') {
                return Ok(table);
            }
            if !self.take(b',') {
                return Err(self.error("expected `,` or `}` in a JSON object"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, SetError> {
        let mut list = Vec::new();
        self.at += 1;
        self.skip_blanks();
        if self.take(b']') {
            return Ok(list);
        }
        loop {
            list.push(self.node(None, depth)?);
            if self.take(b']') {
                return Ok(list);
            }
            if !self.take(b',') {
                return Err(self.error("expected `,` or `]` in a JSON array"));
            }
        }
    }

    /// A value inside another one, and the blanks around it.
    fn node(&mut self, entry: Option<usize>, depth: usize) -> Result<Node, SetError> {
        self.skip_blanks();
        let start = self.at;
        let value = self.value(depth + 1)?;
        let place = Place {
            file: self.argument,
            entry: offset(entry.unwrap_or(start)),
            value: Span {
                start: offset(start),
                end: offset(self.at),
            },
        };
        self.skip_blanks();
        Ok(Node::new(value, place))
    }

    fn number(&mut self) -> Result<Number, SetError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && !self.take_digits() {
            return Err(self.error("expected a digit in a JSON number"));
        }
        let mut is_integer = true;
        if self.take(b'.') {
            is_integer = false;
            if !self.take_digits() {
                return Err(self.error("expected a digit behind the point of a JSON number"));
            }
        }
        if self.take(b'e') || self.take(b'E') {
            is_integer = false;
            let _ = self.take(b'+') || self.take(b'-');
            if !self.take_digits() {
                return Err(self.error("expected a digit in the exponent of a JSON number"));
            }
        }
        let text = &self.text[start..self.at];
        if is_integer && text != "-0" {
            if let Ok(number) = text.parse() {
                return Ok(Number::Int(number));
            }
            if let Ok(number) = text.parse() {
                return Ok(Number::UInt(number));
            }
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Number::Float(number)),
            _ => Err(self.error("JSON number out of the range of a float64")),
        }
    }

    fn string(&mut self) -> Result<String, SetError> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c| matches!(c, '"' | '\\' | '\0'..='\x1F'));
            let plain = &rest[..plain.unwrap_or(rest.len())];
            text.push_str(plain);
            self.at += plain.len();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.error("control character in a JSON string")),
                None => return Err(self.error("JSON string without its closing quote")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, SetError> {
        self.at += 1;
        let escaped = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\x08',
            Some(b'f') => '\x0C',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("unknown escape in a JSON string")),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// Four digits, and four more when both are the halves of a pair. A half without the other is a
    /// replacement character.
    fn unicode_escape(&mut self) -> Result<char, SetError> {
        let unit = self
            .code_unit(self.at + 1)
            .ok_or_else(|| self.error("expected four hexadecimal digits in a JSON string"))?;
        self.at += 5;
        if let Some(c) = char::from_u32(unit.into()) {
            return Ok(c);
        }
        if self.text[self.at..].starts_with("\\u")
            && let Some(other) = self.code_unit(self.at + 2)
            && let Some(Ok(c)) = char::decode_utf16([unit, other]).next()
        {
            self.at += 6;
            return Ok(c);
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn code_unit(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 4)?;
        let all_hex = digits.bytes().all(|b| b.is_ascii_hexdigit()); // `from_str_radix` takes `+`
        all_hex.then(|| u16::from_str_radix(digits, 16).ok())?
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Whether there was at least one.
    fn take_digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn error(&self, message: &str) -> SetError {
        self.error_of(SetErrorKind::InvalidJson, message)
    }

    fn error_of(&self, kind: SetErrorKind, message: &str) -> SetError {
        let at = offset(self.at);
        let span = Span { start: at, end: at };
        SetError::new(kind, self.argument, span, message)
    }
}
