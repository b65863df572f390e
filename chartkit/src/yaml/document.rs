//! One document as it was written: nodes, styles, tags, anchors and where each of them stands.
//!
//! Decides nothing about meaning: `yes` is a plain scalar here, `<<` a key like others and an alias
//! a reference. [`Document::node`] says what it all means.

use std::sync::Arc;

use zeroize::Zeroize as _;

use crate::source::{FileId, Span};

/// Names one node of a [`Document`].
///
/// # Shape
///
/// Only meaningful together with the document that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    /// Its place in the order of the text, from 0 for the root.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The node at a place in the order of the text.
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// What sort of thing a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text, quoted or not; also a value that was left out.
    Scalar,
    /// A list.
    Sequence,
    /// Keys and values.
    Mapping,
    /// `*name`: stands for the node that `&name` marks.
    Alias,
}

/// How a node was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Style {
    /// Without quotes: the only style whose text decides its type. Aliases have it too.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A collection by indentation.
    Block,
    /// A collection in brackets; also the pair `a: b` inside `[a: b]`.
    Flow,
}

/// A comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Comment {
    /// From the `#` to the end of the line, line break excluded.
    pub span: Span,
}

/// One document of a file: a tree of nodes that know their place.
///
/// # Shape
///
/// Nodes are numbered in the order of the text. Spans count bytes of the file, even when only a part
/// of it was parsed:
///
/// - A scalar's span includes quotes. That of a block scalar goes from its `|` or `>` to its last
///   byte that is not blank. That of a value left out is empty and stands behind the `:`, `-`, tag
///   or anchor before it.
/// - A flow collection's span includes the brackets; that of a block collection goes from its first
///   key or `-` to the end of its last value.
/// - Tags and anchors stand before the span.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::yaml::{ParseOptions, Style, parse};
///
/// let mut sources = Sources::new();
/// let file = sources.add("values.yaml", *b"image:\n  tag: '1.2' # pinned\n");
/// let stream = parse(&sources, file, None, &ParseOptions::default())?;
/// let document = &stream.documents[0];
/// let tag = document.find(["image", "tag"]).expect("it is there");
/// assert_eq!(document.text(tag), "1.2");
/// assert_eq!(document.style(tag), Style::SingleQuoted);
/// assert_eq!(document.raw(document.span(tag)), "'1.2'");
/// # Ok::<(), chartkit::yaml::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) origin: Origin,
    pub(super) nodes: Vec<NodeData>,
    /// The texts of all scalars, one behind the other.
    pub(super) texts: String,
    pub(super) properties: Vec<Properties>,
    pub(super) comments: Vec<Comment>,
}

/// The text that a document is a part of, for spans and messages.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) file: FileId,
    pub(super) name: Arc<str>,
    pub(super) text: Arc<[u8]>,
}

#[derive(Clone, Debug)]
pub(super) struct NodeData {
    pub(super) kind: Kind,
    pub(super) style: Style,
    pub(super) is_key: bool,
    /// Inside brackets.
    pub(super) in_flow: bool,
    /// Has `Properties`.
    pub(super) has_properties: bool,
    pub(super) span: Span,
    /// Scalar: start of its text. Alias: its target. Collection: how many nodes are directly in it.
    pub(super) first: u32,
    /// Scalar: end of its text. Collection: the node behind its last one.
    pub(super) second: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Properties {
    pub(super) node: NodeId,
    /// `&` included.
    pub(super) anchor: Option<Span>,
    /// With the handle resolved, so that `!!str` is `tag:yaml.org,2002:str`.
    pub(super) tag: Option<Box<str>>,
}

impl Document {
    /// The text that spans count in.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.origin.file
    }

    /// The outermost node; a document without content has an empty scalar there.
    #[must_use]
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// Overwrites the texts of all scalars.
    pub(crate) fn wipe(&mut self) {
        self.texts.zeroize();
    }

    /// Every node in the order of the text.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)).map(NodeId)
    }

    /// What sort of node it is.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Kind {
        self.data(node).kind
    }

    /// How it was written.
    #[must_use]
    pub fn style(&self, node: NodeId) -> Style {
        self.data(node).style
    }

    /// Where it was written, without its tag and anchor; see [`Document`].
    #[must_use]
    pub fn span(&self, node: NodeId) -> Span {
        self.data(node).span
    }

    /// Whether it is the key of an entry.
    #[must_use]
    pub fn is_key(&self, node: NodeId) -> bool {
        self.data(node).is_key
    }

    /// Whether it stands inside brackets.
    #[must_use]
    pub fn in_flow(&self, node: NodeId) -> bool {
        self.data(node).in_flow
    }

    /// A scalar's text without quotes, escapes and folding; empty for other nodes.
    #[must_use]
    pub fn text(&self, node: NodeId) -> &str {
        let data = self.data(node);
        match data.kind {
            Kind::Scalar => &self.texts[data.first as usize..data.second as usize],
            _ => "",
        }
    }

    /// The tag with its handle resolved: `tag:yaml.org,2002:str` for `!!str`, `!note` for `!note`.
    #[must_use]
    pub fn tag(&self, node: NodeId) -> Option<&str> {
        self.properties(node)?.tag.as_deref()
    }

    /// The name behind `&`.
    #[must_use]
    pub fn anchor(&self, node: NodeId) -> Option<&str> {
        let span = self.properties(node)?.anchor?;
        self.raw(span).strip_prefix('&')
    }

    /// The node that an alias stands for.
    #[must_use]
    pub fn target(&self, node: NodeId) -> Option<NodeId> {
        let data = self.data(node);
        (data.kind == Kind::Alias).then_some(NodeId(data.first))
    }

    /// The items of a sequence, in order; nothing for other nodes.
    pub fn items(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.children(node, Kind::Sequence)
    }

    /// The keys and values of a mapping, in order; nothing for other nodes.
    pub fn entries(&self, node: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let mut children = self.children(node, Kind::Mapping);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The node that a path of keys and 0-based indexes leads to, from the root.
    ///
    /// The last of duplicate keys counts. Aliases and merge keys are not followed.
    #[must_use]
    pub fn find<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> Option<NodeId> {
        path.into_iter().try_fold(self.root(), |node, step| {
            if self.kind(node) == Kind::Sequence {
                return self.items(node).nth(step.parse().ok()?);
            }
            let same = |key| self.kind(key) == Kind::Scalar && self.text(key) == step;
            let entries = self.entries(node).filter(|(key, _)| same(*key));
            entries.last().map(|(_, value)| value)
        })
    }

    /// The comments in the order of the text, if [`ParseOptions`](crate::yaml::ParseOptions) asked for them.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The bytes of the file at a span of this document; empty for any other span.
    #[must_use]
    pub fn raw(&self, span: Span) -> &str {
        let bytes = self.origin.text.get(span.start as usize..span.end as usize);
        std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }

    pub(super) fn data(&self, node: NodeId) -> &NodeData {
        &self.nodes[node.index()]
    }

    /// How many nodes are directly in a collection; keys and values count one each.
    pub(super) fn width(&self, node: NodeId) -> usize {
        self.data(node).first as usize
    }

    fn properties(&self, node: NodeId) -> Option<&Properties> {
        if !self.data(node).has_properties {
            return None;
        }
        let at = self.properties.binary_search_by_key(&node, |p| p.node);
        at.ok().map(|at| &self.properties[at])
    }

    fn children(&self, node: NodeId, kind: Kind) -> Children<'_> {
        let data = self.data(node);
        let end = if data.kind == kind {
            data.second
        } else {
            node.0 + 1
        };
        Children {
            nodes: &self.nodes,
            next: node.0 + 1,
            end,
        }
    }
}

struct Children<'a> {
    nodes: &'a [NodeData],
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let child = NodeId(self.next);
        let data = &self.nodes[child.index()];
        self.next = match data.kind {
            Kind::Sequence | Kind::Mapping => data.second,
            Kind::Scalar | Kind::Alias => child.0 + 1,
        };
        Some(child)
    }
}
