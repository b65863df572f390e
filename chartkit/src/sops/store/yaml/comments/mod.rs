//! Which comment belongs to which node.
//!
//! As go-yaml decides it, with its oddities: some comments go to a neighbour, some are lost. Must not
//! know what becomes of them.
//!
//! # Source
//!
//! go.yaml.in/yaml v3.0.4, `parserc.go` and `decode.go`, `parser.document`, `parser.mapping`,
//! `parser.sequence`.

mod scan;

use std::collections::BTreeMap;

use self::scan::{Scanner, TokenKind};
use crate::source::Span;
use crate::yaml::{Document, Kind, NodeId, Style};

/// Lines of comment, each from its `#` on; nothing stands for empty lines between them.
pub(super) type Text = Vec<Option<Span>>;

/// The comments of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Comments {
    /// Above it.
    pub(super) head: Text,
    /// On its line.
    pub(super) line: Text,
    /// Below it.
    pub(super) foot: Text,
}

impl Comments {
    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.line.is_empty() && self.foot.is_empty()
    }
}

/// The comments of a document.
#[derive(Debug, Default)]
pub(super) struct Attached {
    /// Above and below the document itself.
    pub(super) document: Comments,
    nodes: BTreeMap<NodeId, Comments>,
}

impl Attached {
    /// The comments of a node, if it has any.
    pub(super) fn of(&self, node: NodeId) -> Option<&Comments> {
        self.nodes.get(&node)
    }
}

/// The comments of each document of a text.
pub(super) fn attach(text: &[u8], documents: &[Document]) -> Vec<Attached> {
    if documents
        .iter()
        .all(|document| document.comments().is_empty())
    {
        return documents.iter().map(|_| Attached::default()).collect();
    }
    let mut scanner = Scanner::new(text, documents);
    scanner.skip_if(TokenKind::StreamStart);
    let attach = |(index, document)| {
        let mut attacher = Attacher {
            scanner: &mut scanner,
            document,
            nodes: BTreeMap::new(),
        };
        let document = attacher.document(index == 0);
        let nodes = attacher.nodes;
        Attached { document, nodes }
    };
    documents.iter().enumerate().map(attach).collect()
}

/// Walks a document and takes the comments that wait when go-yaml makes an event of a node.
struct Attacher<'s, 'a> {
    scanner: &'s mut Scanner<'a>,
    document: &'a Document,
    nodes: BTreeMap<NodeId, Comments>,
}

impl Attacher<'_, '_> {
    fn document(&mut self, is_first: bool) -> Comments {
        let mut comments = Comments::default();
        while !is_first && self.scanner.skip_if(TokenKind::DocumentEnd) {}
        let starts = |kind| matches!(kind, TokenKind::Directive | TokenKind::DocumentStart);
        let is_explicit = starts(self.scanner.peek());
        while self.scanner.skip_if(TokenKind::Directive) {}
        if is_explicit {
            self.scanner.skip_if(TokenKind::DocumentStart);
        } else {
            // What stands above the last empty line belongs to the document.
            let head = &mut self.scanner.pending.head;
            if let Some(empty) = head.iter().rposition(Option::is_none) {
                let rest = head.split_off(empty + 1);
                head.pop();
                comments.head = std::mem::replace(head, rest);
            }
        }
        self.node(self.document.root());
        self.scanner.skip_if(TokenKind::DocumentEnd);
        let end = self.take();
        comments.foot = if end.foot.is_empty() {
            end.head
        } else {
            end.foot
        };
        comments
    }

    fn node(&mut self, node: NodeId) {
        let document = self.document;
        while self.scanner.skip_if(TokenKind::Property) {}
        match document.kind(node) {
            // A value that was left out leaves the comments to the next node.
            Kind::Scalar if is_left_out(document, node) => {}
            Kind::Scalar | Kind::Alias => self.leaf(node),
            Kind::Sequence if document.style(node) == Style::Flow => self.flow_sequence(node),
            Kind::Sequence => self.block_sequence(node),
            Kind::Mapping if document.style(node) == Style::Flow => self.flow_mapping(node),
            Kind::Mapping => self.block_mapping(node),
        }
    }

    fn leaf(&mut self, node: NodeId) {
        let comments = self.take();
        self.scanner.skip_if(TokenKind::Leaf);
        self.set(node, comments);
    }

    fn block_sequence(&mut self, node: NodeId) {
        let document = self.document;
        // A list in the column of its key has no beginning and no end.
        let is_indented = self.scanner.peek() == TokenKind::BlockSequenceStart;
        let head = self.block_start(TokenKind::BlockSequenceStart);
        for item in document.items(node) {
            self.scanner.peek();
            let before = self.scanner.pending.head.len();
            self.scanner.skip_if(TokenKind::BlockEntry);
            self.split_stem(before);
            self.node(item);
        }
        self.scanner.peek();
        if is_indented {
            self.scanner.skip_if(TokenKind::BlockEnd);
        }
        self.set(node, head);
    }

    /// What stands above the `-` of an item belongs to the item, what stands behind to its first part.
    fn split_stem(&mut self, before: usize) {
        use TokenKind::{BlockMappingStart, BlockSequenceStart};
        let next = self.scanner.peek();
        if before > 0 && matches!(next, BlockSequenceStart | BlockMappingStart) {
            let pending = &mut self.scanner.pending;
            let rest = pending.head.split_off(before);
            pending.stem = std::mem::replace(&mut pending.head, rest);
        }
    }

    fn block_mapping(&mut self, node: NodeId) {
        let document = self.document;
        let mut comments = self.block_start(TokenKind::BlockMappingStart);
        let mut last: Option<NodeId> = None;
        for (key, value) in document.entries(node) {
            self.scanner.skip_if(TokenKind::Key);
            self.node(key);
            // A foot above a key is that of the entry before.
            if let Some(last) = last
                && let Some(foot) = self.take_foot(key)
            {
                self.nodes.entry(last).or_default().foot = foot;
            }
            self.value(key, value);
            last = Some(key);
        }
        self.scanner.peek();
        let end = self.take();
        self.scanner.skip_if(TokenKind::BlockEnd);
        comments.line = end.line;
        match last {
            Some(last) if !end.foot.is_empty() => {
                self.nodes.entry(last).or_default().foot = end.foot;
            }
            _ => comments.foot = end.foot,
        }
        self.set(node, comments);
    }

    /// The `:` of an entry and what is behind it.
    fn value(&mut self, key: NodeId, value: NodeId) {
        self.scanner.skip_if(TokenKind::Value);
        self.node(value);
        let key_has_foot = self.nodes.get(&key).is_some_and(|key| !key.foot.is_empty());
        if !key_has_foot && let Some(foot) = self.take_foot(value) {
            self.nodes.entry(key).or_default().foot = foot;
        }
    }

    fn flow_sequence(&mut self, node: NodeId) {
        let document = self.document;
        let start = self.take();
        self.scanner.skip_if(TokenKind::FlowSequenceStart);
        for item in document.items(node) {
            self.scanner.skip_if(TokenKind::FlowEntry);
            let is_mapping = document.kind(item) == Kind::Mapping;
            // The pair in `[a: b]` has no brackets.
            if is_mapping && self.scanner.skip_if(TokenKind::Key) {
                for (key, value) in document.entries(item) {
                    self.node(key);
                    self.value(key, value);
                    self.scanner.peek();
                }
            } else {
                self.node(item);
            }
        }
        self.flow_end(node, start, TokenKind::FlowSequenceEnd);
    }

    fn flow_mapping(&mut self, node: NodeId) {
        let document = self.document;
        let start = self.take();
        self.scanner.skip_if(TokenKind::FlowMappingStart);
        for (key, value) in document.entries(node) {
            self.scanner.skip_if(TokenKind::FlowEntry);
            self.scanner.skip_if(TokenKind::Key);
            self.node(key);
            self.value(key, value);
        }
        self.flow_end(node, start, TokenKind::FlowMappingEnd);
    }

    /// A collection has the comments above its start, and those on and below its end.
    fn flow_end(&mut self, node: NodeId, start: Comments, kind: TokenKind) {
        self.scanner.skip_if(TokenKind::FlowEntry);
        self.scanner.peek();
        let end = self.take();
        self.scanner.skip_if(kind);
        let comments = Comments {
            head: start.head,
            line: end.line,
            foot: end.foot,
        };
        self.set(node, comments);
    }

    /// A block collection takes only what was put aside for it: all else is its first entry's.
    fn block_start(&mut self, kind: TokenKind) -> Comments {
        let is_indented = self.scanner.peek() == kind;
        let mut comments = Comments::default();
        if is_indented {
            comments.head = std::mem::take(&mut self.scanner.pending.stem);
            self.scanner.skip();
        }
        comments
    }

    /// All comments that wait for a node.
    fn take(&mut self) -> Comments {
        let pending = std::mem::take(&mut self.scanner.pending);
        Comments {
            head: pending.head,
            line: pending.line,
            foot: pending.foot,
        }
    }

    fn take_foot(&mut self, node: NodeId) -> Option<Text> {
        let foot = &mut self.nodes.get_mut(&node)?.foot;
        Some(std::mem::take(foot)).filter(|foot| !foot.is_empty())
    }

    fn set(&mut self, node: NodeId, comments: Comments) {
        if !comments.is_empty() {
            self.nodes.insert(node, comments);
        }
    }
}

/// Whether no text stands for a node.
fn is_left_out(document: &Document, node: NodeId) -> bool {
    let span = document.span(node);
    document.style(node) == Style::Plain && span.start == span.end
}
