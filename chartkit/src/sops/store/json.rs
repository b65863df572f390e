//! JSON files: one object, with the order and the duplicates of its keys.
//!
//! Comments that come from other formats are dropped, as in SOPS.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/json/store.go`, `Store`; Go 1.26, `encoding/json`.

use super::metadata::{refuse_reserved, take_metadata};
use super::text::{place, span, text_bytes};
use super::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, METADATA_KEY};
use crate::sops::tree::entries;
use crate::sops::{Branch, Entry, Item, Node, Secret, Value};
use crate::source::{FileId, Sources};
use crate::time::Timestamp;
use crate::yaml::Number;
use crate::yaml::json::{JsonErrorKind, Lexer, NESTING_LIMIT, escape};

/// More blanks a level than anybody wants; SOPS has no limit.
const MAX_INDENT: i64 = 1000;

/// The object that a text starts with. What follows its last brace is not looked at.
///
/// # Errors
///
/// When the text does not start with a whole object, has a number beyond float64, or more than
/// [`NESTING_LIMIT`] brackets are open.
///
/// DIFFERENCE: SOPS reads any depth, but writes 10 000 levels only. It replaces bytes that are not
/// UTF-8 by U+FFFD. Where a text ends in the value of a key at the top, it drops that key, and takes
/// the rest for the whole: `{"a": 1, "b": [2` counts as `{"a": 1}`.
pub(crate) fn load(sources: &Sources, file: FileId) -> Result<Branch, LoadError> {
    let bytes = text_bytes(sources, file)?;
    let whole = std::str::from_utf8(bytes);
    let valid = match &whole {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    // Only what is read must be UTF-8: bytes behind the object may be anything.
    let text = std::str::from_utf8(&bytes[..valid]).expect("it was found to be valid up to here");
    let mut reader = Reader {
        lexer: Lexer::new(text, 0),
        file,
    };
    reader.document().map_err(|error| {
        let stopped_there = reader.lexer.at() == valid && whole.is_err();
        if stopped_there {
            let message = "found bytes that are not UTF-8, expected UTF-8 text";
            let error = LoadError::new(LoadErrorKind::Syntax, message);
            return error.at(file, span(valid, valid + 1));
        }
        error
    })
}

/// As [`load`], and the metadata: the entry `sops`.
///
/// # Errors
///
/// As [`load`], and when the metadata is not there, twice there or no mapping.
pub(crate) fn load_encrypted(
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Branch>, Branch), LoadError> {
    let mut branch = load(sources, file)?;
    let metadata = take_metadata(&mut branch, file)?;
    Ok((vec![branch], metadata))
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    file: FileId,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Branch, LoadError> {
        self.lexer.skip_blanks();
        let (found, advice) = match self.lexer.peek() {
            Some(b'{') => return self.branch(NESTING_LIMIT),
            Some(b'[') => ("a list", ": wrap it, as in `{\"data\": […]}`"),
            Some(b'"') => ("a string", ""),
            Some(b'-' | b'0'..=b'9') => ("a number", ""),
            Some(b't' | b'f') => ("a boolean", ""),
            Some(b'n') => ("null", ""),
            Some(_) => return Err(self.syntax(JsonErrorKind::ExpectedValue)),
            None => {
                let message = "found nothing in the file, expected a JSON object";
                return Err(self.error(LoadErrorKind::Empty, message));
            }
        };
        let message = format!("found {found}, expected a JSON object{advice}");
        Err(self.error(LoadErrorKind::Unsupported, message))
    }

    fn value(&mut self, depth: usize) -> Result<Node, LoadError> {
        self.lexer.skip_blanks();
        let start = self.lexer.at();
        let value = match self.lexer.peek() {
            Some(b'{') => Value::Branch(self.branch(depth)?),
            Some(b'[') => Value::List(self.list(depth)?),
            Some(b'"') => {
                let mut text = Secret::default();
                let read = self.lexer.string(|piece| text.push(piece.as_bytes()));
                read.map_err(|kind| self.syntax(kind))?;
                Value::String(text)
            }
            Some(b'-' | b'0'..=b'9') => self.number().map_err(|kind| self.syntax(kind))?,
            _ if self.lexer.take_word("null") => Value::Null,
            _ if self.lexer.take_word("true") => Value::Bool(true),
            _ if self.lexer.take_word("false") => Value::Bool(false),
            _ => return Err(self.syntax(JsonErrorKind::ExpectedValue)),
        };
        let at = Some(place(start, self.lexer.at()));
        Ok(Node { value, at })
    }

    /// An integer if it is one and fits, as `-0` does.
    fn number(&mut self) -> Result<Value, JsonErrorKind> {
        let text = self.lexer.number()?;
        Ok(match text.parse() {
            Ok(int) => Value::Int(int),
            Err(_) => Value::Float(self.lexer.float(text)?),
        })
    }

    fn branch(&mut self, depth: usize) -> Result<Branch, LoadError> {
        let depth = self.deeper(depth)?;
        let mut branch = Branch::new();
        self.lexer.take(b'{');
        let mut more = self.lexer.first_member(b'}');
        while more {
            let start = self.lexer.at();
            let mut key = String::new();
            let read = self.lexer.key(|piece| key.push_str(piece));
            let end = read.map_err(|kind| self.syntax(kind))?;
            branch.push(Item::Entry(Entry {
                key,
                key_at: Some(place(start, end)),
                value: self.value(depth)?,
            }));
            let read = self.lexer.next_member(b'}');
            more = read.map_err(|kind| self.syntax(kind))?;
        }
        Ok(branch)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, LoadError> {
        let depth = self.deeper(depth)?;
        let mut list = Vec::new();
        self.lexer.take(b'[');
        let mut more = self.lexer.first_member(b']');
        while more {
            list.push(self.value(depth)?);
            let read = self.lexer.next_member(b']');
            more = read.map_err(|kind| self.syntax(kind))?;
        }
        Ok(list)
    }

    fn deeper(&self, depth: usize) -> Result<usize, LoadError> {
        let deeper = depth.checked_sub(1);
        deeper.ok_or_else(|| self.syntax(JsonErrorKind::TooDeep))
    }

    fn syntax(&self, kind: JsonErrorKind) -> LoadError {
        let kind_of_load = match kind {
            JsonErrorKind::NumberTooLarge => LoadErrorKind::Unsupported,
            _ => LoadErrorKind::Syntax,
        };
        self.error(kind_of_load, format!("not JSON: {}", kind.message()))
    }

    fn error(&self, kind: LoadErrorKind, message: impl Into<String>) -> LoadError {
        let at = self.lexer.at();
        LoadError::new(kind, message).at(self.file, span(at, at))
    }
}

/// The first branch as an object; SOPS drops the others.
///
/// # Errors
///
/// When there is no branch, a value that JSON has no way to write, or the indentation is impossible.
pub(crate) fn emit(branches: &[Branch], indent: Option<i64>) -> Result<Secret, EmitError> {
    emit_with(branches, None, indent)
}

/// As [`emit`], with the metadata as last entry.
///
/// # Errors
///
/// As [`emit`], and for a key `sops` at the top of any branch.
pub(crate) fn emit_encrypted(
    branches: &[Branch],
    metadata: &Branch,
    indent: Option<i64>,
) -> Result<Vec<u8>, EmitError> {
    refuse_reserved(branches, |key| key == METADATA_KEY)?;
    let metadata = Entry::new(METADATA_KEY, Value::Branch(metadata.clone()));
    let out = emit_with(branches, Some(&metadata), indent)?;
    Ok(std::mem::take(&mut *out.into_bytes()))
}

/// One value, without a line break behind it.
///
/// # Errors
///
/// As [`emit`].
pub(crate) fn emit_value(value: &Value, indent: Option<i64>) -> Result<Secret, EmitError> {
    let mut writer = Writer::new(indent)?;
    writer.value(value)?;
    Ok(writer.out)
}

fn emit_with(
    branches: &[Branch],
    metadata: Option<&Entry>,
    indent: Option<i64>,
) -> Result<Secret, EmitError> {
    let Some(branch) = branches.first() else {
        let message = "found no document, expected one for a JSON file";
        return Err(EmitError::new(EmitErrorKind::Unsupported, message));
    };
    let mut writer = Writer::new(indent)?;
    writer.object(entries(branch).chain(metadata))?;
    writer.out.push(b"\n");
    Ok(writer.out)
}

struct Writer<'t> {
    out: Secret,
    /// One level.
    indent: String,
    /// Where the value stands that is being written.
    path: Vec<Step<'t>>,
}

enum Step<'t> {
    Key(&'t str),
    Index(usize),
}

impl<'t> Writer<'t> {
    fn new(indent: Option<i64>) -> Result<Self, EmitError> {
        let indent = match indent.unwrap_or(-1) {
            -1 => "\t".to_owned(),
            blanks @ 0..=MAX_INDENT => (0..blanks).map(|_| ' ').collect(),
            other => {
                let message = format!(
                    "found {other} as indentation of JSON, expected 0 to {MAX_INDENT} blanks, or \
                     -1 for a tab"
                );
                return Err(EmitError::new(EmitErrorKind::Indent, message));
            }
        };
        Ok(Self {
            out: Secret::default(),
            indent,
            path: Vec::new(),
        })
    }

    fn value(&mut self, value: &'t Value) -> Result<(), EmitError> {
        match value {
            Value::Null => self.out.push(b"null"),
            Value::Bool(true) => self.out.push(b"true"),
            Value::Bool(false) => self.out.push(b"false"),
            Value::Int(int) => self.out.push(int.to_string().as_bytes()),
            Value::Float(float) if float.is_finite() => {
                let text = Number::Float(*float).to_string();
                self.out.push(text.as_bytes());
            }
            Value::Float(_) => return Err(self.error("a float that is no finite number")),
            Value::Time(time) => match time_text(*time) {
                Some(text) => self.string(text.as_bytes()),
                None => return Err(self.error("a time that RFC 3339 does not know")),
            },
            Value::String(text) => self.string(text.expose()),
            // DIFFERENCE: SOPS writes its own structure, `{"Value": …, "Inline": false}`.
            Value::Comment(_) => return Err(self.error("a comment in place of a value")),
            Value::Branch(branch) => self.object(entries(branch))?,
            Value::List(items) => self.list(items)?,
        }
        Ok(())
    }

    fn object(&mut self, entries: impl Iterator<Item = &'t Entry>) -> Result<(), EmitError> {
        self.out.push(b"{");
        let mut is_empty = true;
        for entry in entries {
            self.start_member(&mut is_empty, Step::Key(&entry.key));
            self.string(entry.key.as_bytes());
            self.out.push(b": ");
            self.value(&entry.value.value)?;
            self.path.pop();
        }
        self.close(is_empty, b"}");
        Ok(())
    }

    fn list(&mut self, items: &'t [Node]) -> Result<(), EmitError> {
        self.out.push(b"[");
        let mut is_empty = true;
        for (index, item) in items.iter().enumerate() {
            if matches!(item.value, Value::Comment(_)) {
                continue;
            }
            self.start_member(&mut is_empty, Step::Index(index));
            self.value(&item.value)?;
            self.path.pop();
        }
        self.close(is_empty, b"]");
        Ok(())
    }

    fn start_member(&mut self, is_first: &mut bool, step: Step<'t>) {
        if !*is_first {
            self.out.push(b",");
        }
        *is_first = false;
        self.path.push(step);
        self.break_line();
    }

    fn close(&mut self, is_empty: bool, bracket: &[u8]) {
        if !is_empty {
            self.break_line();
        }
        self.out.push(bracket);
    }

    fn break_line(&mut self) {
        self.out.push(b"\n");
        for _ in &self.path {
            self.out.push(self.indent.as_bytes());
        }
    }

    /// Every byte that is not UTF-8 becomes an escaped U+FFFD, as in Go.
    fn string(&mut self, text: &[u8]) {
        self.out.push(b"\"");
        for chunk in text.utf8_chunks() {
            escape(chunk.valid(), |piece| self.out.push(piece.as_bytes()));
            for _ in chunk.invalid() {
                self.out.push(b"\\ufffd");
            }
        }
        self.out.push(b"\"");
    }

    fn error(&self, found: &str) -> EmitError {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => path += &format!("[\"{key}\"]"),
                Step::Index(index) => path += &format!("[{index}]"),
            }
        }
        let message = format!("found {found} at `{path}`, which JSON cannot hold");
        EmitError::new(EmitErrorKind::Unsupported, message)
    }
}

/// The time as Go writes it, if its year has four digits and its offset is below a day.
fn time_text(time: Timestamp) -> Option<String> {
    const DAY: i32 = 24 * 60 * 60;
    let text = time.to_string();
    let has_year = text.find('-') == Some(4);
    (has_year && time.offset().abs() < DAY).then_some(text)
}
