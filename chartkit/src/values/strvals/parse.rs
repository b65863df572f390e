//! `key=value` pairs.
//!
//! Follows Helm's parser step by step, because its oddities are visible: an argument that ends
//! inside an index or behind a dot is no error but has half an effect, and a table or list that was
//! there before is changed in place while a new one is put in only when its pair is complete.

use std::io;
use std::sync::Arc;

use super::go::{as_list, as_table, parse_int, typed};
use super::{SetError, SetErrorKind as Kind, SetKind, json, offset, replace};
use crate::quote::{Quoted, QuotedRunes};
use crate::source::{FileId, Place, Span};
use crate::yaml::{Node, Table, Value};

/// The greatest index. Helm's `MaxIndex`.
const MAX_INDEX: usize = 65536;

/// How many tables and lists a key may go through.
const MAX_DEPTH: usize = 256;

/// How many dots a key may have. Helm's `MaxNestedNameLevel`.
const MAX_NAMES: usize = 30;

/// How many null items one argument may fill up lists with: 16 lists of the greatest length.
const MAX_FILLERS: usize = 16 * 65536;

/// Applies a whole argument.
pub(super) fn pairs(
    text: &str,
    argument: FileId,
    kind: SetKind,
    read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
    table: &mut Table,
) -> Result<(), SetError> {
    let mut parser = Parser {
        text,
        at: 0,
        value_end: 0,
        argument,
        kind,
        read,
        fillers: MAX_FILLERS,
    };
    loop {
        match parser.key(table, Depth::default()) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

struct Parser<'a, 'r> {
    text: &'a str,
    at: usize,
    /// Where the last value ended; `at` may be behind its comma already.
    value_end: usize,
    argument: FileId,
    kind: SetKind,
    read: &'r mut dyn FnMut(&str) -> io::Result<Arc<str>>,
    /// How many more null items may be made.
    fillers: usize,
}

/// Why a key is not followed by another one.
enum Stop {
    /// The argument ended where a pair may start, or where Helm does not mind.
    End,
    Failed(SetError),
}

impl From<SetError> for Stop {
    fn from(error: SetError) -> Self {
        Self::Failed(error)
    }
}

/// Text up to a stop character, without its backslashes.
struct Piece {
    text: String,
    start: usize,
    end: usize,
    /// Nothing at the end of the argument.
    stop: Option<char>,
}

/// A value and where it starts; it ends at [`Parser::value_end`].
struct Found {
    value: Value,
    start: usize,
}

impl Found {
    fn new(value: Value, start: usize) -> Self {
        Self { value, start }
    }
}

struct Index {
    number: i64,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Default)]
struct Depth {
    /// Dots of this key, as Helm counts them: not those behind an index.
    names: usize,
    /// Tables and lists.
    all: usize,
}

impl Parser<'_, '_> {
    /// Reads a name, and with it the rest of the pair.
    fn key(&mut self, table: &mut Table, depth: Depth) -> Result<(), Stop> {
        let depth = self.deeper(depth)?;
        let name = self.piece(match self.kind {
            SetKind::Literal => &['=', '[', '.'],
            _ => &['=', '[', '.', ','],
        });
        match name.stop {
            None if name.text.is_empty() => Err(Stop::End),
            None => Err(self.no_value(&name, "key", "")),
            Some('=') => {
                let found = self.value()?;
                let result = found.as_ref().map(|_| ()).ok_or(Stop::End);
                let node = self.node(name.start, found.unwrap_or_else(|| self.nothing()));
                self.set(table, name.text, node);
                result
            }
            Some('[') => self.key_of_list(table, name, depth),
            Some('.') => self.key_of_table(table, name, depth),
            Some(_) => Err(self.no_value(&name, "key", " (cannot end with ,)")),
        }
    }

    fn key_of_list(&mut self, table: &mut Table, name: Piece, depth: Depth) -> Result<(), Stop> {
        let index = self.index()?;
        if let Some(node) = table.get_mut(&*name.text) {
            let list = as_list(&mut node.value).map_err(|message| {
                self.wrong_type(Kind::NotAList, name.start, name.end, &message)
            })?;
            let length = list.len();
            let result = self.item(list, &index, depth);
            if name.text.is_empty() {
                // An empty name sets nothing, but the items are those of the list that is there.
                list.truncate(length);
            }
            return result;
        }
        let mut list = Vec::new();
        let result = self.item(&mut list, &index, depth);
        let node = self.node(name.start, Found::new(Value::List(list), name.end));
        self.set(table, name.text, node); // whatever the result
        result
    }

    fn key_of_table(
        &mut self,
        table: &mut Table,
        name: Piece,
        mut depth: Depth,
    ) -> Result<(), Stop> {
        depth.names += 1;
        if depth.names > MAX_NAMES {
            let message = format!(
                "value name nested level is greater than maximum supported nested level of {MAX_NAMES}"
            );
            return Err(self.error(Kind::TooManyNames, name.start, name.end, message));
        }
        if let Some(node) = table.get_mut(&*name.text) {
            let inner = as_table(&mut node.value).map_err(|message| {
                self.wrong_type(Kind::NotATable, name.start, name.end, &message)
            })?;
            return self.key_in_table(inner, &name, depth);
        }
        let mut inner = Table::new();
        let result = self.key_in_table(&mut inner, &name, depth);
        if !inner.is_empty() {
            let node = self.node(name.start, Found::new(Value::Table(inner), name.end + 1));
            self.set(table, name.text, node); // whatever the result
        }
        result
    }

    fn key_in_table(&mut self, inner: &mut Table, name: &Piece, depth: Depth) -> Result<(), Stop> {
        self.key(inner, depth)?;
        if inner.is_empty() {
            return Err(self.no_value(name, "key map", ""));
        }
        Ok(())
    }

    /// Reads what is behind an index, and with it the rest of the pair.
    fn item(&mut self, list: &mut Vec<Node>, index: &Index, depth: Depth) -> Result<(), Stop> {
        let depth = self.deeper(depth)?;
        if index.number < 0 {
            let message = format!("negative {} index not allowed", index.number);
            return Err(self.index_error(index, message));
        }
        let position = usize::try_from(index.number).unwrap_or(usize::MAX);
        let extra = self.piece(&['=', '[', '.']);
        if !extra.text.is_empty() {
            let found = QuotedRunes(&extra.text);
            let message = format!("unexpected data at end of array index: {found}");
            return Err(self.error(Kind::InvalidIndex, extra.start, extra.end, message));
        }
        let behind = self.at;
        let found = match extra.stop {
            None => return Err(Stop::End),
            Some('=') => self.value()?.unwrap_or_else(|| self.nothing()),
            Some('[') => {
                let next = self.index()?;
                if let Some(node) = list.get_mut(position)
                    && !node.value.is_null()
                {
                    let inner = as_list(&mut node.value).map_err(|message| {
                        self.wrong_type(Kind::NotAList, index.start, index.end, &message)
                    })?;
                    self.item(inner, &next, depth)?;
                    return self.check_index(index);
                }
                let mut inner = Vec::new();
                self.item(&mut inner, &next, depth)?;
                Found::new(Value::List(inner), extra.end)
            }
            Some(_) => {
                if let Some(Value::Table(inner)) = list.get_mut(position).map(|n| &mut n.value) {
                    self.key(inner, depth)?;
                    return self.check_index(index);
                }
                let mut inner = Table::new();
                let result = self.key(&mut inner, depth);
                let found = Found::new(Value::Table(inner), behind);
                if let Some(node) = list.get_mut(position) {
                    replace(node, self.node(index.start, found), self.argument); // whatever the result
                    result?;
                    return self.check_index(index);
                }
                result?;
                found
            }
        };
        self.check_index(index)?;
        self.set_index(list, position, index, found)
    }

    /// Helm's `setIndex`.
    fn set_index(
        &mut self,
        list: &mut Vec<Node>,
        position: usize,
        index: &Index,
        found: Found,
    ) -> Result<(), Stop> {
        let node = self.node(index.start, found);
        let missing = position.saturating_sub(list.len());
        self.fillers = self.fillers.checked_sub(missing).ok_or_else(|| {
            let message = format!("indexes make more than {MAX_FILLERS} null items");
            self.error(Kind::TooManyItems, index.start, index.end, message)
        })?;
        let filler = Node {
            value: Value::Null,
            place: node.place,
            below: crate::yaml::History::default(),
        };
        list.extend(std::iter::repeat_n(filler, missing));
        match list.get_mut(position) {
            Some(below) => replace(below, node, self.argument),
            None => list.push(node),
        }
        Ok(())
    }

    fn check_index(&self, index: &Index) -> Result<(), Stop> {
        if usize::try_from(index.number).is_ok_and(|number| number <= MAX_INDEX) {
            return Ok(());
        }
        let number = index.number;
        let message =
            format!("index of {number} is greater than maximum supported index of {MAX_INDEX}");
        Err(self.index_error(index, message))
    }

    /// Reads a number and its closing bracket. Helm does not mind when the argument ends here.
    fn index(&mut self) -> Result<Index, Stop> {
        let start = self.at - 1;
        let piece = self.piece(&[']']);
        if piece.stop.is_none() {
            return Err(Stop::End);
        }
        let end = self.at;
        match parse_int(&piece.text) {
            Ok(number) => Ok(Index { number, start, end }),
            Err(reason) => {
                let text = Quoted(&piece.text);
                let message =
                    format!("error parsing index: strconv.Atoi: parsing {text}: {reason}");
                Err(self.error(Kind::InvalidIndex, start, end, message))
            }
        }
    }

    /// Reads what is behind a `=`; nothing at the end of the argument, where that matters.
    fn value(&mut self) -> Result<Option<Found>, Stop> {
        let start = self.at;
        let value = match self.kind {
            SetKind::Json => return self.json_value().map(Some),
            SetKind::Literal => Value::String(self.piece(&[]).text.into()),
            SetKind::Value | SetKind::String | SetKind::File => match self.peek() {
                None => {
                    self.value_end = start;
                    return Ok(None);
                }
                Some('{') => self.list()?,
                Some(_) => {
                    let piece = self.piece(&[',']);
                    self.value_end = piece.end;
                    self.scalar(&piece)?
                }
            },
        };
        Ok(Some(Found::new(value, start)))
    }

    fn json_value(&mut self) -> Result<Found, Stop> {
        self.value_end = self.at;
        if self.skip_to_next_pair() {
            return Ok(Found::new(Value::Null, self.value_end));
        }
        let start = self.at;
        let (node, end) = json(self.text, start, self.argument)?;
        self.at = end;
        self.value_end = end;
        self.skip_to_next_pair();
        Ok(Found::new(node.value, start))
    }

    /// Skips blanks and one comma; whether there was nothing before the comma or the end.
    fn skip_to_next_pair(&mut self) -> bool {
        while let Some(c) = self.peek() {
            if c != ',' && !c.is_whitespace() {
                return false;
            }
            self.at += c.len_utf8();
            if c == ',' {
                break;
            }
        }
        true
    }

    /// Reads `{a,b}` and a comma behind it.
    fn list(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let mut items = Vec::new();
        self.at += 1;
        loop {
            let piece = self.piece(&[',', '}']);
            let Some(stop) = piece.stop else {
                let message = "list must terminate with '}'";
                return Err(self.error(Kind::UnterminatedList, start, piece.end, message));
            };
            self.value_end = piece.end;
            let value = self.scalar(&piece)?;
            items.push(self.node(piece.start, Found::new(value, piece.start)));
            if stop == '}' {
                self.value_end = self.at;
                if self.peek() == Some(',') {
                    self.at += 1;
                }
                return Ok(Value::List(items));
            }
        }
    }

    fn scalar(&mut self, piece: &Piece) -> Result<Value, Stop> {
        let text = piece.text.as_str();
        match self.kind {
            SetKind::Value => Ok(typed(text)),
            SetKind::File => match (self.read)(text) {
                Ok(content) => Ok(Value::String(content)),
                Err(source) => {
                    let message = format!("cannot read {}", Quoted(text));
                    let span = span(piece.start, piece.end);
                    let error = SetError::new(Kind::UnreadableFile, self.argument, span, message);
                    Err(error.with_source(source).into())
                }
            },
            SetKind::String | SetKind::Json | SetKind::Literal => Ok(Value::String(text.into())),
        }
    }

    /// Reads up to one of these characters, or to the end.
    fn piece(&mut self, stops: &[char]) -> Piece {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.text[start..].char_indices();
        while let Some((i, c)) = chars.next() {
            if stops.contains(&c) {
                let end = start + i;
                self.at = end + c.len_utf8();
                let stop = Some(c);
                return Piece {
                    text,
                    start,
                    end,
                    stop,
                };
            }
            if c == '\\' && self.kind != SetKind::Literal {
                text.extend(chars.next().map(|(_, c)| c));
            } else {
                text.push(c);
            }
        }
        self.at = self.text.len();
        self.value_end = self.at;
        Piece {
            text,
            start,
            end: self.at,
            stop: None,
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The empty string that stands for nothing.
    fn nothing(&self) -> Found {
        Found::new(Value::String("".into()), self.value_end)
    }

    /// A value that ends where the last one read ends.
    fn node(&self, entry: usize, found: Found) -> Node {
        let place = Place {
            file: self.argument,
            entry: offset(entry),
            value: span(found.start.min(self.value_end), self.value_end),
        };
        Node::new(found.value, place)
    }

    fn set(&self, table: &mut Table, name: String, node: Node) {
        if name.is_empty() {
            return; // Helm ignores these without a word
        }
        match table.get_mut(&*name) {
            Some(below) => replace(below, node, self.argument),
            None => {
                table.insert(name.into(), node);
            }
        }
    }

    fn wrong_type(&self, kind: Kind, start: usize, end: usize, message: &str) -> Stop {
        let message = format!("unable to parse key: {message}");
        self.error(kind, start, end, message)
    }

    fn no_value(&self, name: &Piece, what: &str, why: &str) -> Stop {
        let message = format!("{what} {} has no value{why}", Quoted(&name.text));
        self.error(Kind::NoValue, name.start, name.end, message)
    }

    fn index_error(&self, index: &Index, message: String) -> Stop {
        self.error(Kind::InvalidIndex, index.start, index.end, message)
    }

    fn deeper(&self, depth: Depth) -> Result<Depth, Stop> {
        if depth.all >= MAX_DEPTH {
            let message = format!("key nested more than {MAX_DEPTH} levels deep");
            return Err(self.error(Kind::TooDeep, self.at, self.at, message));
        }
        Ok(Depth {
            all: depth.all + 1,
            ..depth
        })
    }

    fn error(&self, kind: Kind, start: usize, end: usize, message: impl Into<String>) -> Stop {
        SetError::new(kind, self.argument, span(start, end), message).into()
    }
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start: offset(start),
        end: offset(end),
    }
}
