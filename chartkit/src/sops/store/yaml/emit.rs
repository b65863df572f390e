//! Branches into text.
//!
//! Decides the layout: where comments, line breaks and indentation come. How one string is written is
//! the business of [`yaml::emit`](crate::yaml::emit).
//!
//! A comment waits until go-yaml's emitter comes to a place where it writes comments of that kind.
//! What waits when another comes is lost, and what waits behind a collection is written further down.
//! This is reproduced, so that the text is that of SOPS.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/yaml/store.go`, `EmitPlainFile`, `EmitEncryptedFile`, `EmitValue`,
//! `appendTreeBranch`, `appendSequence`; go.yaml.in/yaml v3.0.4, `encode.go`, `encoder.node`, and
//! `emitterc.go`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::sops::store::{EmitError, EmitErrorKind, METADATA_KEY, StoreOptions};
use crate::sops::{Branch, Comment, Entry, Item, Node, Secret, Value, tree};
use crate::yaml::emit::{Scalar, Sink, Writer};
use crate::yaml::{EmitStyle, MAX_DEPTH, Number, Slot};

/// The text of a plaintext file.
///
/// DIFFERENCE: where SOPS could not read back what it writes, it is written otherwise:
///
/// - A string of several lines that begins with a tab, which SOPS turns into null: in double quotes.
/// - A string with U+2028 or U+2029 before its end, which SOPS writes as the line breaks that they are
///   in YAML 1.1 only: in double quotes.
/// - A string of several lines that begins with a blank or an empty line, inside a list, with an
///   indentation other than 2: SOPS states an indentation that is not the one it writes.
/// - A key `<<` whose value is neither a mapping nor a list of mappings: quoted, where SOPS writes a
///   merge key that it refuses to read.
/// - Several comments behind the `|` of a string of several lines stay on that line, where SOPS makes
///   all but the first a part of the string.
/// - No empty line comes between a string that ends with several line breaks and a comment behind it at
///   the end of a document: SOPS makes it a part of the string.
/// - Comments that wait where `{}` or `[]` comes stand behind it, where SOPS puts the brackets on a line
///   of their own, in the first column.
/// - What no YAML can hold in a comment becomes U+FFFD, and U+0085, U+2028 and U+2029 become line
///   breaks.
///
/// # Errors
///
/// When the indentation is negative, or the branches are nested deeper than [`MAX_DEPTH`].
pub(crate) fn emit(branches: &[Branch], options: &StoreOptions) -> Result<Secret, EmitError> {
    let mut emitter = Emitter::new(style(options)?);
    for (index, branch) in branches.iter().enumerate() {
        emitter.document(branch.iter(), index == 0)?;
    }
    Ok(emitter.writer.finish())
}

/// The text of an encrypted file: the metadata is the last entry of every document.
///
/// DIFFERENCE: besides those of [`emit`], the float -0.0 is written `-0.0`. SOPS writes `-0`, which is
/// an integer, so that the MAC is wrong.
///
/// # Errors
///
/// As [`emit`], and when a branch has the key of the metadata.
///
/// # Source
///
/// SOPS v3.13.3, `stores/metadata.go`, `SerializeMetadata`.
pub(crate) fn emit_encrypted(
    branches: &[Branch],
    metadata: &Branch,
    options: &StoreOptions,
) -> Result<Vec<u8>, EmitError> {
    if branches
        .iter()
        .any(|branch| tree::get(branch, METADATA_KEY).is_some())
    {
        let message = format!(
            "found the key `{METADATA_KEY}` at the top of a document, which is that of the metadata"
        );
        return Err(EmitError::new(EmitErrorKind::ReservedKey, message));
    }
    let mut emitter = Emitter::new(style(options)?);
    emitter.keeps_negative_zero = true;
    let metadata = Value::Branch(metadata.clone());
    let metadata = Item::Entry(Entry::new(METADATA_KEY, metadata));
    for (index, branch) in branches.iter().enumerate() {
        let items = branch.iter().chain(std::iter::once(&metadata));
        emitter.document(items, index == 0)?;
    }
    Ok(std::mem::take(&mut *emitter.writer.finish().into_bytes()))
}

/// One value on its own.
///
/// # Errors
///
/// When it is nested deeper than [`MAX_DEPTH`].
pub(crate) fn emit_value(value: &Value) -> Result<Secret, EmitError> {
    let mut emitter = Emitter::new(EmitStyle::V3 { indent: 4 });
    emitter.value(value, Notes::default(), Parent::Document)?;
    emitter.end_document();
    Ok(emitter.writer.finish())
}

/// The style that options ask for.
///
/// # Errors
///
/// When the indentation is negative.
pub(crate) fn style(options: &StoreOptions) -> Result<EmitStyle, EmitError> {
    let indent = options.yaml_indent.unwrap_or(0);
    if indent < 0 {
        let message = format!("found a YAML indentation of {indent}, expected 0 or more blanks");
        return Err(EmitError::new(EmitErrorKind::Indent, message));
    }
    // Everything above 9 counts as 2.
    let indent = u8::try_from(indent).unwrap_or(u8::MAX);
    Ok(EmitStyle::V3 { indent })
}

impl Sink for Secret {
    fn add(&mut self, text: &str) {
        self.push(text.as_bytes());
    }
}

/// Comments of one kind.
type Lines<'b> = Vec<&'b Comment>;

/// The comments of a node, as far as a store gives it any.
#[derive(Default)]
struct Notes<'b> {
    head: Lines<'b>,
    line: Lines<'b>,
    foot: Lines<'b>,
}

/// What a node is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Document,
    List,
    Mapping,
}

struct Emitter<'b> {
    writer: Writer<Secret>,
    style: EmitStyle,
    keeps_negative_zero: bool,
    /// The column of the collection that is written; nothing outside of all.
    column: Option<usize>,
    depth: usize,
    /// The comments that wait to be written.
    head: Lines<'b>,
    line: Lines<'b>,
    foot: Lines<'b>,
    /// Below the last entry of a mapping.
    tail: Lines<'b>,
    /// Found behind a key instead of its value.
    key_line: Lines<'b>,
    /// The column of a comment that was written below something; an empty line ends it.
    foot_column: Option<usize>,
    /// Whether an empty line would be a part of the string before it.
    keeps_breaks: bool,
}

impl<'b> Emitter<'b> {
    fn new(style: EmitStyle) -> Self {
        Self {
            writer: Writer::new(0),
            style,
            keeps_negative_zero: false,
            column: None,
            depth: 0,
            head: Lines::new(),
            line: Lines::new(),
            foot: Lines::new(),
            tail: Lines::new(),
            key_line: Lines::new(),
            foot_column: None,
            keeps_breaks: false,
        }
    }

    fn document<I>(&mut self, items: I, is_first: bool) -> Result<(), EmitError>
    where
        I: Iterator<Item = &'b Item> + Clone,
    {
        if !is_first {
            self.indent();
            self.writer.plain("---");
            self.indent();
        }
        // What the document before has left.
        if !self.head.is_empty() {
            self.write_head();
            self.writer.line_break('\n');
        }
        let (head, _) = leading_comments(items.clone().map(comment_of_item));
        self.wait(Notes {
            head,
            ..Notes::default()
        });
        self.write_head();
        self.write_line();
        self.write_foot();
        self.mapping(items, Notes::default(), Parent::Document)?;
        self.end_document();
        Ok(())
    }

    fn end_document(&mut self) {
        self.foot_column = Some(0).filter(|_| !self.keeps_breaks);
        self.write_foot();
        self.foot_column = None;
        self.indent();
    }

    /// A value in a document or a list.
    fn value(
        &mut self,
        value: &'b Value,
        notes: Notes<'b>,
        parent: Parent,
    ) -> Result<(), EmitError> {
        let end = self.begin(value, notes);
        self.write_head();
        if parent == Parent::List {
            self.indent();
            self.writer.block_indicator('-');
        }
        self.content(value, end, parent)
    }

    /// Lets the comments wait that go-yaml knows when a value begins; returns those that it knows when
    /// the value ends.
    fn begin(&mut self, value: &'b Value, mut notes: Notes<'b>) -> Notes<'b> {
        let own = match value {
            Value::Branch(branch) => leading_comments(branch.iter().map(comment_of_item)).0,
            Value::List(list) => leading_comments(list.iter().map(comment_of_node)).0,
            Value::Comment(_) => Lines::new(),
            _ => {
                self.wait(notes);
                return Notes::default();
            }
        };
        let mut head = std::mem::take(&mut notes.head);
        head.extend(own);
        self.wait(Notes {
            head,
            ..Notes::default()
        });
        notes
    }

    /// A value, when all before it is written.
    fn content(
        &mut self,
        value: &'b Value,
        end: Notes<'b>,
        parent: Parent,
    ) -> Result<(), EmitError> {
        match Shape::of(value) {
            Shape::Scalar => {
                self.scalar(value, parent);
                self.write_line();
                self.write_foot();
            }
            Shape::Block => {
                self.write_line();
                self.write_foot();
            }
            // A comment before the brackets would put them in the first column.
            Shape::Brackets => {}
        }
        match value {
            Value::Branch(branch) => self.mapping(branch.iter(), end, parent),
            Value::List(list) => self.list(list, end, parent),
            Value::Comment(comment) => {
                self.comment_as_value(comment, end, parent);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn mapping<I>(&mut self, items: I, end: Notes<'b>, parent: Parent) -> Result<(), EmitError>
    where
        I: Iterator<Item = &'b Item> + Clone,
    {
        if !items.clone().any(|item| matches!(item, Item::Entry(_))) {
            let outer = self.column;
            self.writer.plain("{");
            self.wait(end);
            self.column = Some(self.inner(parent));
            self.write_head();
            self.column = outer;
            self.writer.attached('}');
            self.end_brackets(parent);
            return Ok(());
        }
        let outer = self.enter(parent)?;
        let (_, mut inline) = leading_comments(items.clone().map(comment_of_item));
        let mut head = Lines::new();
        let mut is_leading = true;
        for item in items {
            match item {
                Item::Comment(_) if is_leading => {}
                Item::Comment(comment) if comment.inline => inline.push(comment),
                Item::Comment(comment) => head.push(comment),
                Item::Entry(entry) => {
                    is_leading = false;
                    let head = std::mem::take(&mut head);
                    self.entry(entry, head, std::mem::take(&mut inline))?;
                }
            }
        }
        head.append(&mut inline);
        if !head.is_empty() {
            self.tail = head;
        }
        self.wait(end);
        self.write_head();
        self.leave(outer);
        Ok(())
    }

    fn entry(
        &mut self,
        entry: &'b Entry,
        head: Lines<'b>,
        line: Lines<'b>,
    ) -> Result<(), EmitError> {
        self.wait(Notes {
            head,
            ..Notes::default()
        });
        let is_simple = self.key(&entry.key, &entry.value.value);
        let value = &entry.value.value;
        let end = self.begin(
            value,
            Notes {
                line,
                ..Notes::default()
            },
        );
        self.colon(is_simple, Shape::of(value));
        self.content(value, end, Parent::Mapping)
    }

    /// A key on a new line; says whether it needs no `?`.
    fn key(&mut self, key: &str, value: &Value) -> bool {
        self.write_head();
        self.indent();
        if !self.line.is_empty() {
            self.key_line = std::mem::take(&mut self.line);
        }
        if key == MERGE_KEY && is_merged(value) {
            self.writer.plain("!!merge");
            self.writer.plain(MERGE_KEY);
            return true;
        }
        let is_simple = Scalar::new(key, self.style).fits_before_colon();
        if !is_simple {
            self.writer.block_indicator('?');
        }
        let slot = if is_simple {
            Slot::Key
        } else {
            self.slot(key, Parent::Mapping)
        };
        self.string(key, slot);
        is_simple
    }

    fn colon(&mut self, is_simple: bool, value: Shape) {
        if is_simple {
            self.writer.attached(':');
        } else {
            self.indent();
            self.writer.block_indicator(':');
        }
        if self.key_line.is_empty() {
            return;
        }
        match value {
            Shape::Block => {
                let line = std::mem::replace(&mut self.line, std::mem::take(&mut self.key_line));
                self.write_line();
                self.line = line;
            }
            Shape::Scalar if self.line.is_empty() => {
                self.line = std::mem::take(&mut self.key_line);
            }
            Shape::Scalar | Shape::Brackets => {}
        }
    }

    fn list(&mut self, list: &'b [Node], end: Notes<'b>, parent: Parent) -> Result<(), EmitError> {
        let is_item = |node: &Node| comment_of_node(node).is_none();
        let Some(last) = list.iter().rposition(is_item) else {
            self.writer.plain("[]");
            self.wait(end);
            self.end_brackets(parent);
            return Ok(());
        };
        let outer = self.enter(parent)?;
        let (_, mut inline) = leading_comments(list.iter().map(comment_of_node));
        let mut head = Lines::new();
        let mut is_leading = true;
        for (index, node) in list[..=last].iter().enumerate() {
            match comment_of_node(node) {
                Some(_) if is_leading => {}
                Some(comment) if comment.inline => inline.push(comment),
                Some(comment) => head.push(comment),
                None => {
                    is_leading = false;
                    let foot = if index == last {
                        trailing_comments(&list[last + 1..])
                    } else {
                        Lines::new()
                    };
                    let notes = Notes {
                        head: std::mem::take(&mut head),
                        line: std::mem::take(&mut inline),
                        foot,
                    };
                    self.value(&node.value, notes, Parent::List)?;
                }
            }
        }
        self.wait(end);
        self.leave(outer);
        Ok(())
    }

    /// The comments behind `{}` or `[]`.
    fn end_brackets(&mut self, parent: Parent) {
        self.keeps_breaks = false;
        if self.line.is_empty() && parent == Parent::Mapping {
            self.line = std::mem::take(&mut self.key_line);
        }
        self.write_line();
        self.write_foot();
    }

    /// What SOPS writes of a comment where a value must be: Go's name of each of its fields.
    fn comment_as_value(&mut self, comment: &'b Comment, end: Notes<'b>, parent: Parent) {
        let outer = self.column;
        self.column = Some(outer.map_or(0, |_| self.inner(parent)));
        let fields = [
            ("value", Value::String(comment.text.clone())),
            ("inline", Value::Bool(comment.inline)),
        ];
        for (key, value) in &fields {
            let is_simple = self.key(key, value);
            self.colon(is_simple, Shape::Scalar);
            self.scalar(value, Parent::Mapping);
            self.write_line();
            self.write_foot();
        }
        self.wait(end);
        self.write_head();
        self.column = outer;
    }

    fn scalar(&mut self, value: &Value, parent: Parent) {
        self.keeps_breaks = false;
        let text = Zeroizing::new(match value {
            Value::String(text) => match text.as_str() {
                Some(MERGE_KEY) => {
                    self.writer.plain("!!merge");
                    return self.writer.plain(MERGE_KEY);
                }
                Some(text) => return self.string(text, self.slot(text, parent)),
                None => return self.binary(text.expose(), parent),
            },
            Value::Bool(bool) => bool.to_string(),
            Value::Int(int) => int.to_string(),
            Value::Float(float) if self.keeps_negative_zero && float.to_bits() == NEGATIVE_ZERO => {
                "-0.0".to_owned()
            }
            Value::Float(float) => match Number::Float(*float).to_template_text().as_str() {
                "+Inf" => ".inf".to_owned(),
                "-Inf" => "-.inf".to_owned(),
                "NaN" => ".nan".to_owned(),
                text => text.to_owned(),
            },
            Value::Time(time) => time.to_string(),
            Value::Null | Value::Comment(_) | Value::Branch(_) | Value::List(_) => {
                "null".to_owned()
            }
        });
        self.writer.plain(&text);
    }

    fn string(&mut self, text: &str, slot: Slot) {
        let scalar = Scalar::new(text, self.style);
        self.keeps_breaks = text == "\n" || text.ends_with("\n\n");
        let begins_with_tab = text.starts_with('\t') && text.contains('\n');
        if begins_with_tab || has_inner_separator(text) {
            return scalar.write_escaped(&mut self.writer);
        }
        if self.line.is_empty() || !scalar.is_block(slot) {
            return scalar.write(&mut self.writer, slot);
        }
        let comments = std::mem::take(&mut self.line);
        let mut line = Zeroizing::new(String::new());
        for comment in comments {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push('#');
            let text = readable(&comment.text);
            let text = text.trim_end_matches(is_break);
            line.extend(text.chars().map(|c| if is_break(c) { ' ' } else { c }));
        }
        scalar.write_with_comment(&mut self.writer, slot, &line);
    }

    /// # Source
    ///
    /// go.yaml.in/yaml v3.0.4, `resolve.go`, `encodeBase64`.
    fn binary(&mut self, bytes: &[u8], parent: Parent) {
        const LINE: usize = 70;
        let text = Zeroizing::new(STANDARD.encode(bytes));
        self.writer.plain("!!binary");
        if text.len() < LINE {
            return self.writer.plain(&text);
        }
        let mut lines = Zeroizing::new(String::with_capacity(text.len() + text.len() / LINE + 1));
        for (index, char) in text.chars().enumerate() {
            if index > 0 && index % LINE == 0 {
                lines.push('\n');
            }
            lines.push(char);
        }
        lines.push('\n');
        self.string(&lines, self.slot(&lines, parent));
    }

    /// Lets comments wait; those that waited before are lost if there are new ones of their kind.
    fn wait(&mut self, notes: Notes<'b>) {
        let kinds = [
            (&mut self.head, notes.head),
            (&mut self.line, notes.line),
            (&mut self.foot, notes.foot),
        ];
        for (waiting, new) in kinds {
            if !new.is_empty() {
                *waiting = new;
            }
        }
    }

    fn write_head(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.indent();
            self.write_comments(&tail);
            self.foot_column = Some(self.column.unwrap_or(0));
        }
        if !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            self.indent();
            self.write_comments(&head);
        }
    }

    fn write_line(&mut self) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.writer.separate();
            self.write_comments(&line);
        }
    }

    fn write_foot(&mut self) {
        if !self.foot.is_empty() {
            let foot = std::mem::take(&mut self.foot);
            self.indent();
            self.write_comments(&foot);
            self.foot_column = Some(self.column.unwrap_or(0));
        }
    }

    fn write_comments(&mut self, comments: &[&Comment]) {
        self.keeps_breaks = false;
        for (index, comment) in comments.iter().enumerate() {
            if index > 0 {
                self.writer.line_break('\n');
                self.indent();
            }
            self.writer.char('#');
            let mut is_line_start = false;
            for char in readable(&comment.text).chars() {
                if is_break(char) {
                    self.writer.line_break(char);
                    is_line_start = true;
                    continue;
                }
                if is_line_start {
                    self.indent();
                    if char != '#' {
                        self.writer.put('#');
                        self.writer.put(' ');
                    }
                    is_line_start = false;
                }
                self.writer.char(char);
            }
        }
        self.writer.end_comment();
    }

    /// Goes to the column of the collection that is written.
    fn indent(&mut self) {
        let column = self.column.unwrap_or(0);
        self.writer.start_line(column);
        if self.foot_column.take() == Some(column) {
            self.writer.line_break('\n');
        }
        self.writer.fill(column);
    }

    fn enter(&mut self, parent: Parent) -> Result<Option<usize>, EmitError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!(
                "found more than {MAX_DEPTH} nested collections, expected no more of them in YAML"
            );
            return Err(EmitError::new(EmitErrorKind::Unsupported, message));
        }
        let inner = match self.column {
            None => 0,
            Some(_) => self.inner(parent),
        };
        Ok(self.column.replace(inner))
    }

    fn leave(&mut self, outer: Option<usize>) {
        self.column = outer;
        self.depth -= 1;
    }

    /// The column of what is inside of what stands here.
    fn inner(&self, parent: Parent) -> usize {
        let step = self.style.indent();
        match (self.column, parent) {
            (None, _) => step,
            // What stands behind `- ` only clears the dash; all else snaps to the raster.
            (Some(outer), Parent::List) => outer + 2,
            (Some(outer), _) => (outer + step) / step * step,
        }
    }

    fn slot(&self, text: &str, parent: Parent) -> Slot {
        let inner = self.inner(parent);
        // SOPS always states its own step; without a line of text that is as good.
        let outer = if text.trim_matches('\n').is_empty() {
            inner.saturating_sub(self.style.indent())
        } else {
            self.column.unwrap_or(0)
        };
        Slot::Block { outer, inner }
    }
}

/// How a value is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Scalar,
    /// A collection on lines of its own.
    Block,
    /// `{}` or `[]`.
    Brackets,
}

impl Shape {
    fn of(value: &Value) -> Self {
        let has_items = match value {
            Value::Branch(branch) => tree::entries(branch).next().is_some(),
            Value::List(list) => list.iter().any(|node| comment_of_node(node).is_none()),
            Value::Comment(_) => true,
            _ => return Self::Scalar,
        };
        if has_items {
            Self::Block
        } else {
            Self::Brackets
        }
    }
}

const MERGE_KEY: &str = "<<";
const NEGATIVE_ZERO: u64 = 1 << 63;

/// Whether Go reads a value as that of a merge key.
fn is_merged(value: &Value) -> bool {
    match value {
        Value::Branch(_) => true,
        Value::List(list) => list
            .iter()
            .all(|node| matches!(node.value, Value::Branch(_) | Value::Comment(_))),
        _ => false,
    }
}

fn comment_of_item(item: &Item) -> Option<&Comment> {
    match item {
        Item::Comment(comment) => Some(comment),
        Item::Entry(_) => None,
    }
}

fn comment_of_node(node: &Node) -> Option<&Comment> {
    match &node.value {
        Value::Comment(comment) => Some(comment),
        _ => None,
    }
}

/// The comments before the first item, those of lines of their own and inline ones; of a collection
/// without items all of them.
fn leading_comments<'b>(
    items: impl Iterator<Item = Option<&'b Comment>>,
) -> (Lines<'b>, Lines<'b>) {
    let mut found = (Lines::new(), Lines::new());
    let mut has_item = false;
    for item in items {
        match item {
            Some(comment) if comment.inline => found.1.push(comment),
            Some(comment) => found.0.push(comment),
            None => {
                has_item = true;
                break;
            }
        }
    }
    if !has_item {
        let (head, inline) = &mut found;
        head.append(inline);
    }
    found
}

fn trailing_comments(nodes: &[Node]) -> Lines<'_> {
    let comments = nodes.iter().filter_map(comment_of_node);
    let (inline, mut own): (Lines, Lines) = comments.partition(|comment| comment.inline);
    own.extend(inline);
    own
}

/// The text of a comment as YAML can hold it.
fn readable(text: &Secret) -> Zeroizing<String> {
    let text = String::from_utf8_lossy(text.expose());
    let readable = text.chars().map(|char| match char {
        '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\t' | '\n' | '\r' => char,
        '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        char if char.is_control() => char::REPLACEMENT_CHARACTER,
        char => char,
    });
    Zeroizing::new(readable.collect())
}

fn is_break(char: char) -> bool {
    matches!(char, '\n' | '\r')
}

/// Whether a line separator has text behind it, or a blank before it: only YAML 1.1 reads that as it was
/// meant.
fn has_inner_separator(text: &str) -> bool {
    const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];
    let inner = text.trim_end_matches(SEPARATORS);
    inner.contains(SEPARATORS) || (inner.len() < text.len() && inner.ends_with([' ', '\t']))
}
