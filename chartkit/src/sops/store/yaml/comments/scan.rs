//! The tokens and comments of a text, in the order and at the moments in which go-yaml's scanner
//! finds them.
//!
//! Which node gets a comment depends on what the scanner had seen when the parser asked for a token.
//! So this walks the text as that scanner does: it keeps the same queue of tokens, the same stack of
//! indentations and the same notion of possible keys. It decides nothing about the grammar: the text
//! was parsed before, and the places of all scalars are known.
//!
//! # Source
//!
//! go.yaml.in/yaml v3.0.4, `scannerc.go`.

use std::collections::{BTreeMap, VecDeque};

use super::Text;
use crate::source::Span;
use crate::yaml::{Document, Kind, Style};

/// How far ahead the scanner looks for a comment or the end of one, in characters.
const PEEK_LIMIT: usize = 512;

/// Characters between the start of a key and its `:`.
const SIMPLE_KEY_LIMIT: usize = 1024;

/// How many tokens behind the next one are read before the parser gets it.
const LOOKAHEAD: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamStart,
    StreamEnd,
    Directive,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    /// A tag or an anchor.
    Property,
    /// A scalar or an alias.
    Leaf,
}

/// A place in the text; columns count characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// Bytes. Go counts characters; the comparisons below only span blanks and line breaks, where
    /// that is the same.
    index: usize,
    line: usize,
    column: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: Mark,
}

/// Comment lines that belong together, and where the parser shall find them.
#[derive(Clone, Debug, Default)]
struct Found {
    /// Where the scan for them began.
    scan: Mark,
    /// They belong to the first token that starts here or later.
    token: Mark,
    start: Mark,
    end: usize,
    head: Text,
    line: Text,
    foot: Text,
}

/// Comments that the parser holds until a node takes them.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) head: Text,
    pub(super) line: Text,
    pub(super) foot: Text,
    /// Stood before the `-` of an item that is a collection itself.
    pub(super) stem: Text,
}

#[derive(Clone, Copy, Debug, Default)]
struct SimpleKey {
    possible: bool,
    token: usize,
    mark: Mark,
}

/// A scalar or an alias as it was written.
#[derive(Clone, Copy, Debug)]
struct Leaf {
    start: usize,
    end: usize,
    style: Style,
    is_alias: bool,
}

pub(super) struct Scanner<'a> {
    text: &'a [u8],
    /// In the order of the text, the last one first.
    leaves: Vec<Leaf>,
    mark: Mark,
    /// Line breaks since the last character that is not blank.
    newlines: usize,
    indent: isize,
    indents: Vec<isize>,
    flow_level: usize,
    key_allowed: bool,
    /// One for each level of brackets and one for the block.
    simple_keys: Vec<SimpleKey>,
    /// Which of them begins at the token of a number.
    keys_by_token: BTreeMap<usize, usize>,
    tokens: VecDeque<Token>,
    /// How many tokens the parser has taken.
    taken: usize,
    comments: VecDeque<Found>,
    pub(super) pending: Pending,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], documents: &[Document]) -> Self {
        let mut leaves = Vec::new();
        for document in documents.iter().rev() {
            let first = leaves.len();
            for node in document.nodes() {
                let is_alias = match document.kind(node) {
                    Kind::Scalar => false,
                    Kind::Alias => true,
                    Kind::Sequence | Kind::Mapping => continue,
                };
                let Span { start, end } = document.span(node);
                if start < end {
                    leaves.push(Leaf {
                        start: start as usize,
                        end: end as usize,
                        style: document.style(node),
                        is_alias,
                    });
                }
            }
            leaves[first..].reverse();
        }
        let start = Token {
            kind: TokenKind::StreamStart,
            start: Mark::default(),
        };
        let bom = "\u{FEFF}".as_bytes();
        Self {
            text,
            leaves,
            mark: Mark {
                index: if text.starts_with(bom) { bom.len() } else { 0 },
                ..Mark::default()
            },
            newlines: 0,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            keys_by_token: BTreeMap::new(),
            tokens: VecDeque::from([start]),
            taken: 0,
            comments: VecDeque::new(),
            pending: Pending::default(),
        }
    }

    /// The next token; the comments that belong to it or stand before it are now pending.
    pub(super) fn peek(&mut self) -> TokenKind {
        self.fetch_more();
        let token = *self
            .tokens
            .front()
            .expect("the end of the stream is never taken");
        self.collect(token);
        token.kind
    }

    /// Takes the token that was peeked at.
    pub(super) fn skip(&mut self) {
        if self.tokens.len() > 1 {
            self.tokens.pop_front();
            self.taken += 1;
        }
    }

    /// Peeks, and takes the token if it is of a kind.
    pub(super) fn skip_if(&mut self, kind: TokenKind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.skip();
        }
        found
    }

    fn collect(&mut self, token: Token) {
        while let Some(found) = self.comments.front() {
            if token.start.index < found.token.index {
                break;
            }
            // An end has nothing above it: this is for what comes behind.
            if !found.head.is_empty() && token.kind == TokenKind::BlockEnd {
                break;
            }
            let found = self.comments.pop_front().expect("it is at the front");
            self.pending.head.extend(found.head);
            self.pending.line.extend(found.line);
            self.pending.foot.extend(found.foot);
        }
    }

    fn fetch_more(&mut self) {
        let at_end = |this: &Self| {
            this.tokens
                .back()
                .is_some_and(|token| token.kind == TokenKind::StreamEnd)
        };
        while !at_end(self) {
            if self.tokens.len() > LOOKAHEAD {
                // What may be a key is known by the `:` behind it.
                let Some(key) = self.keys_by_token.get(&self.taken) else {
                    return;
                };
                if !self.is_key_still_possible(*key) {
                    return;
                }
            }
            self.fetch();
        }
    }

    fn is_key_still_possible(&mut self, index: usize) -> bool {
        let Some(key) = self
            .simple_keys
            .get(index)
            .copied()
            .filter(|key| key.possible)
        else {
            return false;
        };
        let is_near = key.mark.line == self.mark.line && {
            let bytes = self.text.get(key.mark.index..self.mark.index);
            let bytes = bytes.unwrap_or_default();
            bytes.len() <= SIMPLE_KEY_LIMIT || characters(bytes) <= SIMPLE_KEY_LIMIT
        };
        self.simple_keys[index].possible = is_near;
        is_near
    }

    /// Reads what stands before the next token, then the token, then a comment on its line.
    fn fetch(&mut self) {
        let scan = self.mark;
        self.skip_gap();
        self.unroll(self.mark.column.cast_signed(), scan);
        if self.mark.index >= self.text.len() {
            if self.mark.column != 0 {
                self.mark.column = 0;
                self.mark.line += 1;
            }
            self.unroll(-1, self.mark);
            self.push(TokenKind::StreamEnd, self.mark);
            return;
        }
        let rest = &self.text[self.mark.index..];
        if self.mark.column == 0 {
            let marker = match rest {
                [b'%', ..] => Some(TokenKind::Directive),
                [b'-', b'-', b'-', after @ ..] if is_blank_or_end(after) => {
                    Some(TokenKind::DocumentStart)
                }
                [b'.', b'.', b'.', after @ ..] if is_blank_or_end(after) => {
                    Some(TokenKind::DocumentEnd)
                }
                _ => None,
            };
            if let Some(kind) = marker {
                self.marker(kind);
                return;
            }
        }
        let before = match (rest[0], self.flow_level) {
            (b':', 0) | (b',', 1..) => self.tokens.back().map(|token| token.start),
            _ => None,
        };
        let mark = before.unwrap_or(self.mark);
        self.token();
        let last = self.tokens.back().map(|token| token.kind);
        // A comment behind a `-` is one above what follows.
        if last != Some(TokenKind::BlockEntry) {
            self.line_comment(mark);
        }
    }

    fn marker(&mut self, kind: TokenKind) {
        self.unroll(-1, self.mark);
        self.forget_key();
        self.key_allowed = false;
        let start = self.mark;
        if kind == TokenKind::Directive {
            // A comment behind a directive is never seen again.
            self.advance(self.line_end(self.mark.index));
            self.newlines = 0;
            self.skip_break();
        } else {
            self.advance(start.index + 3);
            self.newlines = 0;
        }
        self.push(kind, start);
    }

    fn token(&mut self) {
        let start = self.mark;
        while self
            .leaves
            .last()
            .is_some_and(|leaf| leaf.start < start.index)
        {
            self.leaves.pop();
        }
        if let Some(leaf) = self.leaves.last().copied()
            && leaf.start == start.index
        {
            self.leaves.pop();
            self.leaf(leaf);
            return;
        }
        let (kind, end) = match self.text[start.index] {
            b'[' => (TokenKind::FlowSequenceStart, start.index + 1),
            b'{' => (TokenKind::FlowMappingStart, start.index + 1),
            b']' => (TokenKind::FlowSequenceEnd, start.index + 1),
            b'}' => (TokenKind::FlowMappingEnd, start.index + 1),
            b',' => (TokenKind::FlowEntry, start.index + 1),
            b'-' => (TokenKind::BlockEntry, start.index + 1),
            b'?' => (TokenKind::Key, start.index + 1),
            b':' => (TokenKind::Value, start.index + 1),
            _ => (TokenKind::Property, self.property_end(start.index)),
        };
        match kind {
            TokenKind::FlowSequenceStart | TokenKind::FlowMappingStart => {
                self.save_key();
                self.simple_keys.push(SimpleKey {
                    possible: false,
                    token: self.next_number(),
                    mark: start,
                });
                self.flow_level += 1;
                self.key_allowed = true;
            }
            TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd => {
                self.forget_key();
                if self.flow_level > 0 {
                    self.flow_level -= 1;
                    if let Some(key) = self.simple_keys.pop() {
                        self.keys_by_token.remove(&key.token);
                    }
                }
                self.key_allowed = false;
            }
            TokenKind::FlowEntry => {
                self.forget_key();
                self.key_allowed = true;
            }
            TokenKind::BlockEntry => {
                self.roll(start, None, TokenKind::BlockSequenceStart);
                self.forget_key();
                self.key_allowed = true;
            }
            TokenKind::Key => {
                self.roll(start, None, TokenKind::BlockMappingStart);
                self.forget_key();
                self.key_allowed = self.flow_level == 0;
            }
            TokenKind::Value => self.value(start),
            _ => {
                self.save_key();
                self.key_allowed = false;
            }
        }
        self.advance(end);
        self.newlines = 0;
        self.push(kind, start);
    }

    fn value(&mut self, start: Mark) {
        let last = self.simple_keys.len() - 1;
        if self.is_key_still_possible(last) {
            let key = self.simple_keys[last];
            let at = key.token.saturating_sub(self.taken).min(self.tokens.len());
            let token = Token {
                kind: TokenKind::Key,
                start: key.mark,
            };
            self.tokens.insert(at, token);
            self.roll(key.mark, Some(at), TokenKind::BlockMappingStart);
            self.simple_keys[last].possible = false;
            self.keys_by_token.remove(&key.token);
            self.key_allowed = false;
        } else {
            self.roll(start, None, TokenKind::BlockMappingStart);
            self.key_allowed = self.flow_level == 0;
        }
    }

    fn leaf(&mut self, leaf: Leaf) {
        let start = self.mark;
        let is_block = matches!(leaf.style, Style::Literal | Style::Folded);
        if is_block {
            self.forget_key();
            self.key_allowed = true;
            let header = &self.text[start.index..self.line_end(start.index)];
            if let Some(hash) = header.iter().position(|b| *b == b'#') {
                self.advance(start.index + hash);
                self.newlines = 0;
                self.line_comment(start);
            }
        } else {
            self.save_key();
            self.key_allowed = false;
        }
        if self.mark.index < leaf.end {
            self.advance(leaf.end);
        }
        self.newlines = 0;
        // The scanner learns where these end by reading on.
        if is_block || (leaf.style == Style::Plain && !leaf.is_alias) {
            while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.mark.index) {
                if !self.skip_break() {
                    self.advance(self.mark.index + 1);
                }
            }
            if self.newlines > 0 {
                self.key_allowed = true;
            }
        }
        self.push(TokenKind::Leaf, start);
    }

    /// Blanks, line breaks and comments.
    fn skip_gap(&mut self) {
        let scan = self.mark;
        loop {
            while let b' ' | b'\t' = self.byte(0) {
                self.advance(self.mark.index + 1);
            }
            self.raise_comment_before_first_item();
            if self.byte(0) == b'#' {
                self.comments(scan);
            }
            if !self.skip_break() {
                return;
            }
            if self.flow_level == 0 {
                self.key_allowed = true;
            }
        }
    }

    /// A comment behind the `:` before a list stands above the first item.
    fn raise_comment_before_first_item(&mut self) {
        let mut last = self.tokens.iter().rev().map(|token| token.kind);
        let is_first_item = last.next() == Some(TokenKind::BlockEntry)
            && last.next() == Some(TokenKind::BlockSequenceStart);
        if !is_first_item || is_break(self.byte(0)) {
            return;
        }
        if let Some(found) = self.comments.back_mut()
            && !found.line.is_empty()
        {
            found.head = std::mem::take(&mut found.line);
            if found.start.line + 1 == self.mark.line {
                found.token = self.mark;
            }
        }
    }

    /// A comment on the line of the last token.
    fn line_comment(&mut self, token: Mark) {
        if self.newlines > 0 {
            return;
        }
        let blanks = (0..PEEK_LIMIT).find(|peek| !is_blank(self.byte(*peek)));
        let Some(blanks) = blanks.filter(|blanks| self.byte(*blanks) == b'#') else {
            return;
        };
        self.advance(self.mark.index + blanks);
        let start = self.mark;
        let line = Text::from([Some(self.comment())]);
        self.comments.push_back(Found {
            token,
            start,
            line,
            ..Found::default()
        });
    }

    /// Lines of comment, as many as follow each other: each is a foot of what stands before it or a
    /// head of what comes.
    fn comments(&mut self, scan: Mark) {
        let mut last = self.tokens.iter().rev();
        let mut token = last.next().copied();
        if token.is_some_and(|token| token.kind == TokenKind::FlowEntry) {
            token = last.next().copied().or(token);
        }
        let token = token.expect("the stream's start is a token");

        let mut found = Found {
            scan,
            token: token.start,
            ..Found::default()
        };
        let mut text = Text::new();
        let indent = usize::try_from(self.indent).unwrap_or(0);
        let mut recent_empty = false;
        let mut first_empty = self.newlines <= 1;
        let mut line = self.mark.line;
        let mut column = self.mark.column;
        // A foot must stand in the line below what it belongs to.
        let below = usize::from(self.newlines == 0 && self.mark.column > 1);
        let foot_line = (scan.line > 0).then_some((line + 1 + below).saturating_sub(self.newlines));

        let mut peek = 0;
        while peek < PEEK_LIMIT {
            column += 1;
            let byte = self.byte(peek);
            if is_blank(byte) {
                peek += 1;
                continue;
            }
            let closes_flow = self.flow_level > 0 && matches!(byte, b']' | b'}');
            let is_end = self.mark.index + peek >= self.text.len();
            if closes_flow || is_end || is_break(byte) {
                if closes_flow || !recent_empty {
                    let is_dedented = found.start.column.saturating_sub(1) < indent;
                    let is_below =
                        foot_line == Some(found.start.line) && token.kind != TokenKind::Value;
                    if closes_flow || (first_empty && (is_below || is_dedented)) {
                        if !text.is_empty() {
                            if is_dedented {
                                found.token = found.start;
                            }
                            found.foot = std::mem::take(&mut text);
                            found = self.push_foot(found, peek, line, column);
                        }
                    } else if !text.is_empty() && !is_end {
                        text.push(None);
                    }
                }
                if is_end || !is_break(byte) {
                    break;
                }
                first_empty = false;
                recent_empty = true;
                column = 0;
                line += 1;
                peek += 1;
                continue;
            }
            let is_dedented = column - 1 < indent && column != found.start.column;
            if !text.is_empty() && is_dedented {
                found.foot = std::mem::take(&mut text);
                found = self.push_foot(found, peek, line, column);
            }
            if byte != b'#' {
                break;
            }
            if text.is_empty() {
                found.start = Mark {
                    index: self.mark.index + peek,
                    line,
                    column,
                };
            }
            recent_empty = false;
            self.advance(self.mark.index + peek);
            text.push(Some(self.comment()));
            // The line break that ends the comment is not looked at.
            peek = 1;
            column = 0;
            line = self.mark.line;
        }
        if !text.is_empty() {
            found.token = found.start;
            found.end = (self.mark.index + peek).saturating_sub(1);
            found.head = text;
            self.comments.push_back(found);
        }
    }

    /// Ends a foot; returns the beginning of what comes behind it.
    fn push_foot(&mut self, mut found: Found, peek: usize, line: usize, column: usize) -> Found {
        let end = Mark {
            index: self.mark.index + peek,
            line,
            column,
        };
        let start = found.start;
        found.end = end.index;
        self.comments.push_back(found);
        Found {
            scan: end,
            token: end,
            start,
            ..Found::default()
        }
    }

    /// The comment at the mark, which goes behind it.
    fn comment(&mut self) -> Span {
        let start = self.mark.index;
        let end = self.line_end(start);
        self.advance(end);
        self.newlines = 0;
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: offset(start),
            end: offset(end),
        }
    }

    /// Begins a block collection where a deeper indentation begins.
    fn roll(&mut self, mark: Mark, at: Option<usize>, kind: TokenKind) {
        let column = mark.column.cast_signed();
        if self.flow_level > 0 || self.indent >= column {
            return;
        }
        self.indents.push(self.indent);
        self.indent = column;
        let token = Token { kind, start: mark };
        match at {
            Some(at) => self.tokens.insert(at, token),
            None => self.tokens.push_back(token),
        }
    }

    /// Ends the block collections that are indented deeper than `column`.
    ///
    /// An end comes before the comments behind it that are indented like what it ends.
    fn unroll(&mut self, column: isize, scan: Mark) {
        if self.flow_level > 0 {
            return;
        }
        let mut mark = scan;
        mark.index = mark.index.saturating_sub(1);
        while self.indent > column {
            let mut stop = mark.index;
            for found in self.comments.iter().rev() {
                if found.end < stop {
                    break;
                }
                if found.start.column.cast_signed() == self.indent + 1 {
                    mark = found.start;
                }
                stop = found.scan.index;
            }
            self.push(TokenKind::BlockEnd, mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn save_key(&mut self) {
        if !self.key_allowed {
            return;
        }
        self.forget_key();
        let number = self.next_number();
        let last = self.simple_keys.len() - 1;
        self.simple_keys[last] = SimpleKey {
            possible: true,
            token: number,
            mark: self.mark,
        };
        // Those of tokens that were taken are never asked for.
        while let Some(entry) = self.keys_by_token.first_entry()
            && *entry.key() < self.taken
        {
            entry.remove();
        }
        self.keys_by_token.insert(number, last);
    }

    fn forget_key(&mut self) {
        if let Some(key) = self.simple_keys.last_mut()
            && key.possible
        {
            key.possible = false;
            self.keys_by_token.remove(&key.token);
        }
    }

    fn next_number(&self) -> usize {
        self.taken + self.tokens.len()
    }

    fn push(&mut self, kind: TokenKind, start: Mark) {
        self.tokens.push_back(Token { kind, start });
    }

    /// Where a tag or an anchor ends.
    fn property_end(&self, start: usize) -> usize {
        let text = &self.text[start..];
        let is_end =
            |b: &u8| is_blank(*b) || is_break(*b) || (self.flow_level > 0 && b",[]{}".contains(b));
        let length = match text {
            [b'!', b'<', ..] => text.iter().position(|b| *b == b'>').map(|at| at + 1),
            _ => text.iter().position(is_end),
        };
        start + length.unwrap_or(text.len()).max(1)
    }

    /// The byte so many bytes behind the mark; 0 behind the end.
    fn byte(&self, peek: usize) -> u8 {
        self.text.get(self.mark.index + peek).copied().unwrap_or(0)
    }

    fn line_end(&self, start: usize) -> usize {
        let length = self.text[start..].iter().position(|b| is_break(*b));
        length.map_or(self.text.len(), |length| start + length)
    }

    fn skip_break(&mut self) -> bool {
        let length = match self.text[self.mark.index.min(self.text.len())..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return false,
        };
        self.mark.index += length;
        self.mark.line += 1;
        self.mark.column = 0;
        self.newlines += 1;
        true
    }

    /// Goes to `end`, counting lines and columns.
    fn advance(&mut self, end: usize) {
        let end = end.min(self.text.len());
        let bytes = &self.text[self.mark.index..end];
        match bytes.iter().rposition(|b| is_break(*b)) {
            Some(last) => {
                let ends_line = |at: &usize| match bytes[*at] {
                    b'\n' => true,
                    b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                    _ => false,
                };
                self.mark.line += (0..=last).filter(ends_line).count();
                self.mark.column = characters(&bytes[last + 1..]);
            }
            None => self.mark.column += characters(bytes),
        }
        self.mark.index = end;
    }
}

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| (**b & 0xC0) != 0x80).count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_blank_or_end(text: &[u8]) -> bool {
    text.first().is_none_or(|b| is_blank(*b) || is_break(*b))
}
