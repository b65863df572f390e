//! The words of JSON.
//!
//! Decides what a string, a number and a separator are. Must not know what is made of them: the same
//! text becomes nodes here and the tree of an encrypted file in `sops`.

use super::JsonErrorKind;

/// How many lists and tables may be open at once; the same for all that this crate reads.
pub(crate) const NESTING_LIMIT: usize = 256;

/// What is wrong, at the place where the lexer stands.
pub(crate) type Result<T> = std::result::Result<T, JsonErrorKind>;

/// A place in a text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    /// Always on a character boundary: it only moves over whole characters.
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// The byte at which the lexer stands; after an error, the one that the error is about.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, accept: impl Fn(&u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| accept(b)).count();
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
    }

    /// Whether the next byte is this one, which it then steps over.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Whether this word comes next, which it then steps over.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// Behind the opening bracket: whether there is a first member, with the lexer at its start.
    pub(crate) fn first_member(&mut self, close: u8) -> bool {
        self.skip_blanks();
        let some = !self.take(close);
        if some {
            self.skip_blanks();
        }
        some
    }

    /// Behind a member: whether there is another one, with the lexer at its start.
    pub(crate) fn next_member(&mut self, close: u8) -> Result<bool> {
        self.skip_blanks();
        if self.take(close) {
            return Ok(false);
        }
        if !self.take(b',') {
            return Err(JsonErrorKind::ExpectedCommaOrEnd);
        }
        self.skip_blanks();
        Ok(true)
    }

    /// A key and the `:` behind it; the text of the key goes to `push`. Returns where the key ends.
    pub(crate) fn key(&mut self, push: impl FnMut(&str)) -> Result<usize> {
        if self.peek() != Some(b'"') {
            return Err(JsonErrorKind::ExpectedKey);
        }
        self.string(push)?;
        let end = self.at;
        self.skip_blanks();
        if !self.take(b':') {
            return Err(JsonErrorKind::ExpectedColon);
        }
        Ok(end)
    }

    /// The text of a number.
    pub(crate) fn number(&mut self) -> Result<&'a str> {
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
        Ok(&self.text[start..self.at])
    }

    /// The float64 that a number's text stands for.
    pub(crate) fn float(&mut self, number: &str) -> Result<f64> {
        match number.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(float),
            _ => {
                self.at -= number.len();
                Err(JsonErrorKind::NumberTooLarge)
            }
        }
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        self.skip_while(u8::is_ascii_digit);
        if self.at == start {
            return Err(JsonErrorKind::InvalidNumber);
        }
        Ok(())
    }

    /// At a `"`: hands the text to `push`, piece by piece.
    pub(crate) fn string(&mut self, mut push: impl FnMut(&str)) -> Result<()> {
        self.take(b'"');
        loop {
            let start = self.at;
            self.skip_while(|b| !matches!(b, b'"' | b'\\' | 0..0x20));
            push(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => push(self.escape()?.encode_utf8(&mut [0; 4])),
                Some(_) => return Err(JsonErrorKind::ControlCharacter),
                None => return Err(JsonErrorKind::UnclosedString),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.at;
        self.at += 1;
        let char = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => Some(char::from(b)),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            Some(b'u') => {
                return self.unicode_escape().ok_or_else(|| {
                    self.at = start;
                    JsonErrorKind::InvalidEscape
                });
            }
            _ => None,
        };
        let Some(char) = char else {
            self.at = start;
            return Err(JsonErrorKind::InvalidEscape);
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
