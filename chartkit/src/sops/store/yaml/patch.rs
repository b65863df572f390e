//! A changed tree into the text it was read from: bytes that are not about the change stay.
//!
//! Decides which lines a change touches. Scalars are replaced where they stand; entries and items come
//! and go by whole lines; what cannot be done so (a list in brackets that gets longer, an alias that
//! must become a copy) is written anew, as little of it as possible. Whoever calls this reads the
//! result again and compares: when the text has something that this file does not expect, the whole
//! file is written anew instead.

use std::ops::Range;

use zeroize::Zeroize as _;

use super::align::{Step, align};
use super::{Layout, emit};
use crate::sops::store::StoreOptions;
use crate::sops::tree::Entry;
use crate::sops::{At, Branch, Comment, Item, Node, Value};
use crate::yaml::edit::{NewScalar, scalar_edit};
use crate::yaml::{Document, EmitStyle, Kind, NodeId, Slot, Style, to_yaml_scalar};

/// Bytes, and what stands there instead.
pub(crate) type Edit = (Range<usize>, String);

/// How a scalar shall be written, where that is known: asked for each new scalar, in order.
pub(crate) trait Spell {
    /// The text of a value, quotes and indentation included; nothing for the usual one.
    fn spelling(&mut self, value: &Value) -> Option<String>;

    /// Hears how a scalar is written.
    fn written(&mut self, value: &Value, text: &str);
}

/// Scalars in their usual form.
pub(crate) struct Usual;

impl Spell for Usual {
    fn spelling(&mut self, _: &Value) -> Option<String> {
        None
    }

    fn written(&mut self, _: &Value, _: &str) {}
}

/// The text with the tree `new` instead of `old`, which was read from it, and with other edits; nothing
/// when it cannot be done in place.
///
/// Where text is written anew, a level adds as many columns as the text does elsewhere.
pub(crate) fn patch(
    text: &str,
    layout: &Layout,
    old: &[Branch],
    new: &[Branch],
    mut edits: Vec<Edit>,
    spell: &mut dyn Spell,
) -> Option<String> {
    if old.len() != new.len() || old.len() != layout.documents.len() {
        return None;
    }
    let indent = indent_of(text, layout);
    for ((document, old), new) in layout.documents.iter().zip(old).zip(new) {
        let mut patcher = Patcher {
            text,
            document,
            indent,
            edits: Vec::new(),
            spell,
        };
        let is_flow = document.style(document.root()) == Style::Flow;
        patcher.branch(old, new, is_flow).ok()?;
        edits.append(&mut patcher.edits);
    }
    apply(text, edits)
}

/// How many columns a level adds: that of the first mapping inside another; 4, as SOPS, without one.
pub(crate) fn indent_of(text: &str, layout: &Layout) -> usize {
    let column = |document: &Document, node: NodeId| {
        let start = document.span(node).start as usize;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        start - line
    };
    let inner = layout.documents.iter().find_map(|document| {
        let mut values = document.entries(document.root()).map(|(_, value)| value);
        values.find_map(|value| {
            let is_block =
                document.kind(value) == Kind::Mapping && document.style(value) == Style::Block;
            is_block.then(|| column(document, value))
        })
    });
    inner.unwrap_or(4)
}

/// The text after edits, which are wiped; nothing when two of them overlap.
fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    if text.contains("\r\n") {
        for (_, new) in &mut edits {
            let with_crlf = new.replace("\r\n", "\n").replace('\n', "\r\n");
            std::mem::replace(new, with_crlf).zeroize();
        }
    }
    // Growing would leave copies of plaintext behind.
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut copied = 0;
    for (range, mut new) in edits {
        out.push_str(text.get(copied..range.start)?);
        out.push_str(&new);
        new.zeroize();
        copied = range.end;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}

/// Nothing as small as this can be changed in place.
struct Stuck;

struct Patcher<'t> {
    text: &'t str,
    document: &'t Document,
    indent: usize,
    edits: Vec<Edit>,
    spell: &'t mut dyn Spell,
}

/// A mapping or a list, as far as patching goes: whose members are these, and where do they stand?
trait Members {
    type Member: Clone;

    /// How well an old and a new member go together; 0 for not at all, 3 and more for the same.
    fn score(&self, old: &Self::Member, new: &Self::Member) -> u32;

    /// Changes an old member into the new one.
    fn change(
        &self,
        patcher: &mut Patcher<'_>,
        old: &Self::Member,
        new: &Self::Member,
    ) -> Result<(), Stuck>;

    /// The comment, if this is one that stands behind the next member: as in SOPS, it stays when that
    /// member goes.
    fn comment_behind<'o>(&self, old: &'o Self::Member) -> Option<&'o Comment>;

    /// Where members begin.
    fn column(&self) -> Option<usize>;

    /// The lines of an old member.
    fn region(&self, patcher: &Patcher<'_>, old: &Self::Member) -> Result<Range<usize>, Stuck>;

    /// The lines of new members.
    fn emit(&self, patcher: &Patcher<'_>, new: Vec<Self::Member>) -> Result<String, Stuck>;
}

/// The entries and comments of a mapping.
struct Entries {
    /// Where keys begin; nothing in a mapping without keys.
    column: Option<usize>,
}

impl Members for Entries {
    type Member = Item;

    fn score(&self, old: &Item, new: &Item) -> u32 {
        match (old, new) {
            (Item::Entry(old), Item::Entry(new)) if old.key != new.key => 0,
            (Item::Entry(old), Item::Entry(new)) => 3 + u32::from(old.value == new.value),
            (Item::Comment(old), Item::Comment(new)) => 1 + 2 * u32::from(old == new),
            _ => 0,
        }
    }

    fn change(&self, patcher: &mut Patcher<'_>, old: &Item, new: &Item) -> Result<(), Stuck> {
        match (old, new) {
            (Item::Entry(old), Item::Entry(new)) => {
                let id = patcher.value_node(old)?;
                patcher.node(id, &old.value, &new.value, Parent::Mapping)
            }
            (Item::Comment(old), Item::Comment(new)) => patcher.comment(old, new),
            _ => Err(Stuck),
        }
    }

    fn comment_behind<'o>(&self, old: &'o Item) -> Option<&'o Comment> {
        match old {
            Item::Comment(comment) => comment.inline.then_some(comment),
            Item::Entry(_) => None,
        }
    }

    fn column(&self) -> Option<usize> {
        self.column
    }

    fn region(&self, patcher: &Patcher<'_>, old: &Item) -> Result<Range<usize>, Stuck> {
        match old {
            Item::Entry(entry) => patcher.entry_region(entry),
            Item::Comment(comment) => patcher.comment_region(comment),
        }
    }

    fn emit(&self, patcher: &Patcher<'_>, new: Vec<Item>) -> Result<String, Stuck> {
        patcher.emit_items(new, self.column.ok_or(Stuck)?)
    }
}

/// The items and comments of a list.
struct Items {
    /// Where dashes stand.
    dash: usize,
}

impl Members for Items {
    type Member = Node;

    fn score(&self, old: &Node, new: &Node) -> u32 {
        let is_comment = |node: &Node| matches!(node.value, Value::Comment(_));
        if old == new {
            4
        } else {
            u32::from(is_comment(old) == is_comment(new))
        }
    }

    fn change(&self, patcher: &mut Patcher<'_>, old: &Node, new: &Node) -> Result<(), Stuck> {
        match (&old.value, &new.value) {
            (Value::Comment(old), Value::Comment(new)) => patcher.comment(old, new),
            // An encrypted comment is an item like others until it is decrypted.
            (_, Value::Comment(_)) | (Value::Comment(_), _) => Err(Stuck),
            _ => patcher.node(node_id(old.at.ok_or(Stuck)?), old, new, Parent::List),
        }
    }

    fn comment_behind<'o>(&self, old: &'o Node) -> Option<&'o Comment> {
        match &old.value {
            Value::Comment(comment) => comment.inline.then_some(comment),
            _ => None,
        }
    }

    fn column(&self) -> Option<usize> {
        Some(self.dash)
    }

    fn region(&self, patcher: &Patcher<'_>, old: &Node) -> Result<Range<usize>, Stuck> {
        patcher.list_item_region(self.dash, old)
    }

    fn emit(&self, patcher: &Patcher<'_>, new: Vec<Node>) -> Result<String, Stuck> {
        patcher.emit_list(new, self.dash)
    }
}

impl Patcher<'_> {
    fn branch(&mut self, old: &Branch, new: &Branch, in_flow: bool) -> Result<(), Stuck> {
        let column = old.iter().find_map(|item| match item {
            Item::Entry(entry) => Some(self.column(entry.key_at?)),
            Item::Comment(_) => None,
        });
        self.members(&Entries { column }, old, new, in_flow)
    }

    /// Inside brackets, members are changed but neither come nor go.
    fn members<M: Members>(
        &mut self,
        members: &M,
        old: &[M::Member],
        new: &[M::Member],
        in_flow: bool,
    ) -> Result<(), Stuck> {
        let steps = align(old, new, |old, new| members.score(old, new)).ok_or(Stuck)?;
        let mut inserted: Vec<M::Member> = Vec::new();
        let mut next = 0; // the old member that has its turn
        let mut removed_to = 0;
        for step in steps {
            match step {
                Step::Keep(i, j) => {
                    self.insert(members, &mut inserted, old, next)?;
                    next = i + 1;
                    let before = self.edits.len();
                    if members.change(self, &old[i], &new[j]).is_err() {
                        self.edits.truncate(before);
                        if in_flow {
                            return Err(Stuck);
                        }
                        let region = members.region(self, &old[i])?;
                        let mut text = members.emit(self, vec![new[j].clone()])?;
                        if !self.text[region.clone()].ends_with('\n') {
                            text.truncate(text.trim_end_matches('\n').len());
                        }
                        self.edits.push((region, text));
                    }
                }
                Step::Remove(_) | Step::Insert(_) if in_flow => return Err(Stuck),
                Step::Remove(i) => {
                    // Kept, or the removal of its line would be an edit of its own.
                    let behind = i.checked_sub(1).filter(|before| *before >= removed_to);
                    let behind = behind.and_then(|before| members.comment_behind(&old[before]));
                    let comment = match (behind, members.column()) {
                        (Some(comment), Some(column)) => {
                            let text = comment.text.as_str().ok_or(Stuck)?;
                            format!("{:column$}#{text}\n", "")
                        }
                        _ => String::new(),
                    };
                    (next, removed_to) = (i + 1, i + 1);
                    let region = members.region(self, &old[i])?;
                    self.edits.push((region, comment));
                }
                Step::Insert(j) => inserted.push(new[j].clone()),
            }
        }
        self.insert(members, &mut inserted, old, next)
    }

    /// Writes new members behind the old one before `next`, or before the first.
    fn insert<M: Members>(
        &mut self,
        members: &M,
        inserted: &mut Vec<M::Member>,
        old: &[M::Member],
        next: usize,
    ) -> Result<(), Stuck> {
        if inserted.is_empty() {
            return Ok(());
        }
        let at = match next.checked_sub(1) {
            Some(before) => members.region(self, &old[before])?.end,
            None => members.region(self, old.first().ok_or(Stuck)?)?.start,
        };
        let mut text = members.emit(self, std::mem::take(inserted))?;
        if at > 0 && !self.text[..at].ends_with('\n') {
            // Whoever did not end the last line does not want it ended.
            text = format!("\n{}", text.trim_end_matches('\n'));
        }
        self.edits.push((at..at, text));
        Ok(())
    }

    /// The value of an entry, or an item.
    fn node(&mut self, id: NodeId, old: &Node, new: &Node, parent: Parent) -> Result<(), Stuck> {
        if old == new {
            return Ok(());
        }
        let in_flow = self.document.in_flow(id) || self.document.style(id) == Style::Flow;
        match (&old.value, &new.value) {
            _ if self.document.kind(id) == Kind::Alias => Err(Stuck),
            (Value::Branch(old), Value::Branch(new)) => self.branch(old, new, in_flow),
            (Value::List(old), Value::List(new)) => {
                let start = self.document.span(id).start as usize;
                let dash = start - self.line_start(start);
                self.members(&Items { dash }, old, new, in_flow)
            }
            (Value::Branch(_) | Value::List(_), _) | (_, Value::Branch(_) | Value::List(_)) => {
                Err(Stuck)
            }
            (_, new) => self.scalar(id, new, parent),
        }
    }

    fn scalar(&mut self, id: NodeId, new: &Value, parent: Parent) -> Result<(), Stuck> {
        let span = self.document.span(id);
        let (start, end) = (span.start as usize, span.end as usize);
        if let Some(spelling) = self.spell.spelling(new) {
            self.spell.written(new, &spelling);
            self.edits.push((start..end, spelling));
            return Ok(());
        }
        let style = self.document.style(id);
        let is_block = matches!(style, Style::Literal | Style::Folded);
        let is_plain = style == Style::Plain && start < end && !self.document.in_flow(id);
        let text = match new {
            Value::String(text) => Some(text.as_str().ok_or(Stuck)?),
            _ => None,
        };
        let written = match text {
            Some(text) if (is_plain || is_block) && self.document.tag(id).is_none() => {
                let column = start - self.line_start(start);
                let indent = u8::try_from(self.indent).unwrap_or(4);
                let slot = self.slot(id, parent);
                to_yaml_scalar(text, slot, column, EmitStyle::V3 { indent })
            }
            // Quotes, tags and brackets stay.
            _ => {
                let plain;
                let scalar = if let Some(text) = text {
                    NewScalar::String(text)
                } else {
                    plain = emit_scalar(new)?;
                    NewScalar::Plain(&plain)
                };
                let edit = scalar_edit(self.document, id, scalar).map_err(|_| Stuck)?;
                self.spell.written(new, edit.1.trim_matches(' '));
                self.edits.push(edit);
                return Ok(());
            }
        };
        self.spell.written(new, &written);
        let (header, content) = match written.find('\n') {
            Some(at) => written.split_at(at),
            None => (written.as_str(), ""),
        };
        // A comment may stand behind the `|`, both of the old scalar and of the new one.
        let line_end = self.line_end(start);
        let (header_end, content_end) = if is_block {
            let indicators = self.text[start..line_end].find([' ', '\t', '#']);
            let header_end = indicators.map_or(line_end, |length| start + length);
            (header_end, end.max(line_end))
        } else {
            (end, line_end)
        };
        self.edits.push((start..header_end, header.to_owned()));
        if !content.is_empty() || line_end < content_end {
            self.edits.push((line_end..content_end, content.to_owned()));
        }
        Ok(())
    }

    /// Where the lines of a scalar of several lines would stand.
    fn slot(&self, id: NodeId, parent: Parent) -> Slot {
        let start = self.document.span(id).start as usize;
        let line = &self.text[self.line_start(start)..];
        let mut outer = line.len() - line.trim_start_matches(' ').len();
        // `- - text` and `- key: text`: the innermost collection that begins on this line counts.
        let mut rest = &line[outer..start - self.line_start(start)];
        while let Some(inner) = rest.strip_prefix("- ") {
            let trimmed = inner.trim_start_matches(' ');
            if trimmed.is_empty() {
                break;
            }
            outer += rest.len() - trimmed.len();
            rest = trimmed;
        }
        let inner = match parent {
            Parent::List => outer + 2,
            Parent::Mapping => (outer + self.indent) / self.indent * self.indent,
        };
        Slot::Block { outer, inner }
    }

    fn comment(&mut self, old: &Comment, new: &Comment) -> Result<(), Stuck> {
        if old == new {
            return Ok(());
        }
        let span = old.at.ok_or(Stuck)?.span;
        let text = new.text.as_str().ok_or(Stuck)?;
        let range = span.start as usize..span.end as usize;
        self.edits.push((range, format!("#{text}")));
        Ok(())
    }

    /// The node behind the key of an entry.
    fn value_node(&self, entry: &Entry) -> Result<NodeId, Stuck> {
        let key = node_id(entry.key_at.ok_or(Stuck)?);
        match self.document.kind(key) {
            Kind::Scalar | Kind::Alias => Ok(NodeId::from_number(key.number() + 1)),
            Kind::Sequence | Kind::Mapping => Err(Stuck),
        }
    }

    /// The lines of an entry, which must begin with its key.
    fn entry_region(&self, entry: &Entry) -> Result<Range<usize>, Stuck> {
        let key = entry.key_at.ok_or(Stuck)?.span.start as usize;
        let start = self.line_start(key);
        if !self.text[start..key].bytes().all(|b| b == b' ') {
            return Err(Stuck);
        }
        let value = self.document.span(self.value_node(entry)?).end as usize;
        let end = value.max(end_of(&entry.value)).max(key);
        Ok(start..self.next_line(end))
    }

    /// The lines of an item, which must begin with its dash.
    fn list_item_region(&self, dash: usize, item: &Node) -> Result<Range<usize>, Stuck> {
        if let Value::Comment(comment) = &item.value {
            return self.comment_region(comment);
        }
        let at = item.at.ok_or(Stuck)?.span;
        let start = self.line_start(at.start as usize);
        let before = &self.text[start..at.start as usize];
        let indented = before.get(dash..).ok_or(Stuck)?;
        if !before[..dash].bytes().all(|b| b == b' ') || !indented.starts_with('-') {
            return Err(Stuck);
        }
        Ok(start..self.next_line((at.end as usize).max(end_of(item))))
    }

    /// The line of a comment that stands alone on it.
    fn comment_region(&self, comment: &Comment) -> Result<Range<usize>, Stuck> {
        let span = comment.at.ok_or(Stuck)?.span;
        let start = self.line_start(span.start as usize);
        let is_alone = self.text[start..span.start as usize].trim_start_matches([' ', '\t']);
        if !is_alone.is_empty() {
            return Err(Stuck);
        }
        Ok(start..self.next_line(span.end as usize))
    }

    fn emit_items(&self, items: Vec<Item>, column: usize) -> Result<String, Stuck> {
        let text = emit(&[items], &self.store_options()).map_err(|_| Stuck)?;
        Ok(shifted(text.as_str().ok_or(Stuck)?, column))
    }

    fn emit_list(&self, items: Vec<Node>, dash: usize) -> Result<String, Stuck> {
        let entry = Entry::new("list", Value::List(items));
        let text = emit(&[vec![Item::Entry(entry)]], &self.store_options()).map_err(|_| Stuck)?;
        let text = text.as_str().ok_or(Stuck)?;
        let items = text.strip_prefix("list:\n").ok_or(Stuck)?;
        let level = items.len() - items.trim_start_matches(' ').len();
        let lines = items.split_inclusive('\n');
        let lines: String = lines
            .map(|line| line.get(level..).unwrap_or("\n"))
            .collect();
        Ok(shifted(&lines, dash))
    }

    fn store_options(&self) -> StoreOptions {
        StoreOptions {
            yaml_indent: i64::try_from(self.indent).ok(),
            ..StoreOptions::default()
        }
    }

    fn column(&self, at: At) -> usize {
        let start = at.span.start as usize;
        start - self.line_start(start)
    }

    fn line_start(&self, at: usize) -> usize {
        let byte_order_mark = if self.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        let line_break = self.text[..at].rfind('\n');
        line_break.map_or(byte_order_mark, |at| at + 1)
    }

    /// Before the line break, and before the `\r` of one.
    fn line_end(&self, at: usize) -> usize {
        let line = self.text[at..].split('\n').next().unwrap_or_default();
        at + line.trim_end_matches('\r').len()
    }

    fn next_line(&self, at: usize) -> usize {
        let line = self.text[at..].find('\n');
        line.map_or(self.text.len(), |length| at + length + 1)
    }
}

/// What a value stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Mapping,
    List,
}

fn node_id(at: At) -> NodeId {
    NodeId::from_number(at.node)
}

fn emit_scalar(value: &Value) -> Result<String, Stuck> {
    let text = super::emit_value(value).map_err(|_| Stuck)?;
    let text = text.as_str().ok_or(Stuck)?;
    Ok(text.trim_end_matches('\n').to_owned())
}

/// Where the text of a value ends, comments at its end included.
fn end_of(node: &Node) -> usize {
    let own = node.at.map_or(0, |at| at.span.end as usize);
    let comment = |comment: &Comment| comment.at.map_or(0, |at| at.span.end as usize);
    let mut end = own;
    // Comments behind the last value, and what is in it.
    match &node.value {
        Value::Branch(branch) => {
            for item in branch.iter().rev() {
                match item {
                    Item::Comment(last) => end = end.max(comment(last)),
                    Item::Entry(entry) => return end.max(end_of(&entry.value)),
                }
            }
        }
        Value::List(items) => {
            for item in items.iter().rev() {
                match &item.value {
                    Value::Comment(last) => end = end.max(comment(last)),
                    _ => return end.max(end_of(item)),
                }
            }
        }
        _ => {}
    }
    end
}

/// The lines, each that has something on it moved to the right.
fn shifted(text: &str, column: usize) -> String {
    let indentation = " ".repeat(column);
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            out.push_str(&indentation);
        }
        out.push_str(line);
    }
    out
}
