//! Text into sections.
//!
//! # Source
//!
//! gopkg.in/ini.v1 v1.67.3, `parser.go`, with the options that SOPS sets.

use std::collections::HashMap;
use std::collections::hash_map;
use std::ops::Range;

use super::DEFAULT_SECTION;
use crate::sops::store::text::{find, key_text, place, span};
use crate::sops::store::{LoadError, LoadErrorKind};
use crate::sops::{At, Branch, Comment, Entry, Item, Node, Secret, Value};
use crate::source::FileId;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What opens a value or a key that may hold single quotes.
const TRIPLE: &[u8] = b"\"\"\"";

pub(super) fn parse(text: &[u8], file: FileId) -> Result<Branch, LoadError> {
    let mark = text.starts_with(BYTE_ORDER_MARK);
    let mut parser = Parser {
        text,
        at: if mark { BYTE_ORDER_MARK.len() } else { 0 },
        file,
        comment: PendingComment::default(),
        section: Section::new(DEFAULT_SECTION.to_owned(), None, None),
    };
    let mut branch = Branch::new();
    while parser.at < text.len() {
        if let Some(next) = parser.line()? {
            let done = std::mem::replace(&mut parser.section, next);
            branch.push(done.into_item());
        }
    }
    branch.push(parser.section.into_item());
    Ok(branch)
}

/// A section that may get more keys.
struct Section {
    name: String,
    name_at: Option<At>,
    comment: Option<Comment>,
    keys: Vec<(Entry, Option<Comment>)>,
    /// Where in `keys` a name is.
    index: HashMap<String, usize>,
    /// How many keys called `-` there were.
    unnamed: usize,
}

impl Section {
    fn new(name: String, name_at: Option<At>, comment: Option<Comment>) -> Self {
        Self {
            name,
            name_at,
            comment,
            keys: Vec::new(),
            index: HashMap::new(),
            unnamed: 0,
        }
    }

    /// A key that is there already gets the new value and comment, and keeps its place.
    fn put(&mut self, entry: Entry, comment: Option<Comment>) {
        match self.index.entry(entry.key.clone()) {
            hash_map::Entry::Occupied(known) => self.keys[*known.get()] = (entry, comment),
            hash_map::Entry::Vacant(new) => {
                new.insert(self.keys.len());
                self.keys.push((entry, comment));
            }
        }
    }

    fn into_item(self) -> Item {
        let mut branch: Branch = self.comment.into_iter().map(Item::Comment).collect();
        for (entry, comment) in self.keys {
            branch.push(Item::Entry(entry));
            branch.extend(comment.map(Item::Comment));
        }
        Item::Entry(Entry {
            key: self.name,
            key_at: self.name_at,
            value: Value::Branch(branch).into(),
        })
    }
}

/// The comment that the next section or key will get.
#[derive(Default)]
struct PendingComment {
    text: Secret,
    start: usize,
    end: usize,
    /// Whether there is something else between its parts.
    is_torn: bool,
}

impl PendingComment {
    /// A comment on lines of its own.
    fn add_line(&mut self, text: &[u8], start: usize) {
        if self.text.is_empty() {
            self.start = start;
        }
        self.end = start + text.len();
        self.text.push(text);
    }

    /// A comment behind something else.
    fn add_tail(&mut self, text: &[u8], start: usize) {
        self.is_torn |= !self.text.is_empty();
        self.add_line(text, start);
    }

    /// The comment, if there is one; `text` is that of the file.
    fn take(&mut self, text: &[u8]) -> Option<Comment> {
        let pending = std::mem::take(self);
        let comment = trim(pending.text.expose());
        if comment.is_empty() {
            return None;
        }
        let written = trim_end(&text[pending.start..pending.end]);
        let at = place(pending.start, pending.start + written.len());
        Some(Comment {
            at: (!pending.is_torn).then_some(at),
            ..Comment::new(Secret::from(without_mark(comment)))
        })
    }
}

/// SOPS takes the mark from the first line of a comment only, with blanks and more of the same.
fn without_mark(comment: &[u8]) -> &[u8] {
    let Some(mark @ (b';' | b'#')) = comment.first() else {
        return comment;
    };
    let is_text = |b: &u8| b != mark && *b != b' ';
    let start = comment.iter().position(is_text);
    &comment[start.unwrap_or(comment.len())..]
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    file: FileId,
    comment: PendingComment,
    section: Section,
}

impl Parser<'_> {
    /// Reads what starts in the next line; a header gives the next section.
    fn line(&mut self) -> Result<Option<Section>, LoadError> {
        let line = self.next_line();
        let line = line.end - trim_start(&self.text[line.clone()]).len()..line.end;
        let text = &self.text[line.clone()];
        match text {
            [] => {}
            [b'#' | b';', ..] => self.comment.add_line(text, line.start),
            [b'[', ..] => return self.header(line).map(Some),
            _ => self.key(line)?,
        }
        Ok(None)
    }

    /// The next line with its line break; empty at the end.
    fn next_line(&mut self) -> Range<usize> {
        let rest = &self.text[self.at..];
        let line = rest.split_inclusive(|b| *b == b'\n').next();
        let start = self.at;
        self.at += line.map_or(0, <[u8]>::len);
        start..self.at
    }

    fn header(&mut self, line: Range<usize>) -> Result<Section, LoadError> {
        let text = &self.text[line.clone()];
        let Some(close) = text.iter().rposition(|b| *b == b']') else {
            return Err(self.error(line, "found a section header without `]`"));
        };
        let name = &text[1..close];
        if name.is_empty() {
            return Err(self.error(line, "found a section without a name"));
        }
        let name = key_text(name, line.start + 1, self.file)?;
        let name_at = place(line.start + 1, line.start + close);
        self.add_comment_in(line.start + close + 1..line.end);
        let comment = self.comment.take(self.text);
        Ok(Section::new(name, Some(name_at), comment))
    }

    fn key(&mut self, line: Range<usize>) -> Result<(), LoadError> {
        let [name, written, value] = self.key_name(line)?;
        let mut key = key_text(&self.text[name.clone()], name.start, self.file)?;
        if key == "-" {
            self.section.unnamed += 1;
            key = format!("#{}", self.section.unnamed);
        }
        let (secret, at) = self.value(value)?;
        if key.is_empty() {
            return Err(self.error(written, "found a key without a name"));
        }
        let entry = Entry {
            key,
            key_at: Some(place(written.start, written.end)),
            value: Node {
                value: Value::String(secret),
                at: Some(place(at.start, at.end)),
            },
        };
        let comment = self.comment.take(self.text);
        self.section.put(entry, comment);
        Ok(())
    }

    /// Where the name of the key is, with and without quotes, and what stands behind `=` or `:`.
    fn key_name(&self, line: Range<usize>) -> Result<[Range<usize>; 3], LoadError> {
        let text = &self.text[line.clone()];
        let quote: &[u8] = match text {
            [b'"', b'"', b'"', ..] if text.len() > 6 => TRIPLE,
            [b'"', ..] => b"\"",
            [b'`', ..] => b"`",
            _ => b"",
        };
        let name = if quote.is_empty() {
            0
        } else {
            let Some(length) = find(&text[quote.len()..], quote) else {
                return Err(self.error(line, "found a key whose quote is not closed"));
            };
            quote.len() + length
        };
        let behind = name + quote.len();
        let is_delimiter = |b: &u8| matches!(b, b'=' | b':');
        let Some(delimiter) = text[behind..].iter().position(is_delimiter) else {
            let message = "found a line without `=` or `:`, expected `key = value`";
            return Err(self.error(line, message));
        };
        let delimiter = behind + delimiter;
        let (inner, outer) = if quote.is_empty() {
            if delimiter == 0 {
                return Err(self.error(line, "found a key without a name"));
            }
            (0..delimiter, 0..delimiter)
        } else {
            (quote.len()..name, 0..behind)
        };
        let trimmed = |range: Range<usize>| {
            let start = line.start + range.end - trim_start(&text[range.clone()]).len();
            start..start + trim(&text[range]).len()
        };
        Ok([
            trimmed(inner),
            trimmed(outer),
            line.start + delimiter + 1..line.end,
        ])
    }

    /// A value, and where it was written, quotes included.
    fn value(&mut self, rest: Range<usize>) -> Result<(Secret, Range<usize>), LoadError> {
        let start = rest.end - trim_start(&self.text[rest.clone()]).len();
        let text = &self.text[start..rest.end];
        let quote: &[u8] = match text {
            [] => return Ok((Secret::default(), rest.start..rest.start)),
            [b'"', b'"', b'"', _, ..] => TRIPLE,
            [b'`', ..] => b"`",
            _ => return Ok(self.plain_value(start..rest.end)),
        };
        let inner = &text[quote.len()..];
        let Some(length) = find_last(inner, quote) else {
            return self.quoted_lines(start, quote, rest.end);
        };
        let end = start + quote.len() + length + quote.len();
        Ok((Secret::from(&inner[..length]), start..end))
    }

    /// A value in quotes over several lines. `line_end` is where its first line ends.
    fn quoted_lines(
        &mut self,
        start: usize,
        quote: &[u8],
        line_end: usize,
    ) -> Result<(Secret, Range<usize>), LoadError> {
        let mut value = Secret::from(&self.text[start + quote.len()..line_end]);
        while self.at < self.text.len() {
            let line = self.next_line();
            let text = &self.text[line.clone()];
            // A quote that a backslash follows does not close the value.
            let close = find_last(text, quote)
                .filter(|close| !trim(&text[close + quote.len()..]).ends_with(b"\\"));
            let Some(close) = close else {
                value.push(text);
                continue;
            };
            value.push(&text[..close]);
            let close = line.start + close;
            self.add_comment_in(close..line.end);
            return Ok((value, start..close + quote.len()));
        }
        Err(self.error(start..line_end, "found a value whose quote is not closed"))
    }

    fn plain_value(&mut self, rest: Range<usize>) -> (Secret, Range<usize>) {
        let start = rest.start;
        let text = trim(&self.text[rest]);
        if let [continued @ .., b'\\'] = text {
            return self.continued_lines(continued, start);
        }
        let comment = text.iter().position(|b| matches!(b, b'#' | b';'));
        let value = match comment {
            None => text,
            Some(comment) => {
                self.comment.add_tail(&text[comment..], start + comment);
                trim(&text[..comment])
            }
        };
        let end = start + value.len();
        let value = match value {
            [quote @ (b'"' | b'\''), inner @ .., last]
                if last == quote && !inner.contains(quote) =>
            {
                inner
            }
            _ => value,
        };
        (Secret::from(value), start..end)
    }

    /// A value whose lines end in a backslash. Comments and quotes mean nothing in it.
    fn continued_lines(&mut self, first: &[u8], start: usize) -> (Secret, Range<usize>) {
        let mut value = Secret::from(first);
        let mut end = start + first.len() + 1;
        loop {
            let line = self.next_line();
            let text = trim(&self.text[line.clone()]);
            if text.is_empty() {
                break;
            }
            let indent = line.len() - trim_start(&self.text[line.clone()]).len();
            end = line.start + indent + text.len();
            match text {
                [continued @ .., b'\\'] => value.push(continued),
                last => {
                    value.push(last);
                    break;
                }
            }
        }
        (value, start..end)
    }

    /// Adds what stands behind the first `#` or `;` of a range.
    fn add_comment_in(&mut self, range: Range<usize>) {
        let text = &self.text[range.clone()];
        if let Some(mark) = text.iter().position(|b| matches!(b, b'#' | b';')) {
            self.comment
                .add_tail(trim(&text[mark..]), range.start + mark);
        }
    }

    fn error(&self, range: Range<usize>, message: &str) -> LoadError {
        let end = range.start + trim_end(&self.text[range.clone()]).len();
        let error = LoadError::new(LoadErrorKind::Syntax, message);
        error.at(self.file, span(range.start, end))
    }
}

fn find_last(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).rposition(|part| part == wanted)
}

/// Without the white space of Unicode around it.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let Some(length) = space_length(|n| text.get(..n)) {
        text = &text[length..];
    }
    text
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let Some(length) = space_length(|n| text.get(text.len().checked_sub(n)?..)) {
        text = &text[..text.len() - length];
    }
    text
}

/// How many bytes are one character of white space; the longest one has three.
fn space_length<'t>(bytes: impl Fn(usize) -> Option<&'t [u8]>) -> Option<usize> {
    for length in 1..=3 {
        if let Ok(text) = std::str::from_utf8(bytes(length)?) {
            return text.starts_with(char::is_whitespace).then_some(length);
        }
    }
    None
}
