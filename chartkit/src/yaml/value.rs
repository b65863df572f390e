//! What a document means: a tree of values, each with the place where it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::Place;

/// A table (Helm's word for a mapping with string keys), sorted by the bytes of its keys.
///
/// Sorted, because Go prints maps sorted and because order has no meaning for values. What a file
/// looks like is [`Document`](super::Document)'s business.
pub type Table = BTreeMap<Arc<str>, Node>;

/// A value, the place where it was written and the value that it replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it means.
    pub value: Value,
    /// Where it was written; nothing for a value that a program made.
    pub place: Option<Place>,
    /// The value that this one took the place of when layers were merged, with its own history.
    pub below: Option<Arc<Node>>,
}

impl Node {
    /// A value that has replaced nothing yet.
    #[must_use]
    pub fn new(value: Value, place: Place) -> Self {
        Self {
            value,
            place: Some(place),
            below: None,
        }
    }

    /// This value in the place of `lower`, which goes to the bottom of [`Node::below`].
    ///
    /// # Shape
    ///
    /// Nodes of `lower`'s history whose place is already in this one's are left out: merging the
    /// same layer twice is not two layers. At most 64 values are remembered, the upper ones, so
    /// that a file with a hundred thousand documents makes no endless chain.
    #[must_use]
    pub fn over(mut self, lower: Self) -> Self {
        let mut places = vec![self.place];
        let mut bottom = &mut self.below;
        while let Some(node) = bottom {
            places.push(node.place);
            bottom = &mut Arc::make_mut(node).below;
        }
        let mut kept = Vec::new();
        let mut next = Some(lower);
        while let Some(mut node) = next {
            next = node.below.take().map(Arc::unwrap_or_clone);
            if node.place.is_none() || !places.contains(&node.place) {
                kept.push(node);
            }
        }
        kept.truncate(MAX_HISTORY.saturating_sub(places.len() - 1));
        *bottom = kept.into_iter().rev().fold(None, |below, mut node| {
            node.below = below;
            Some(Arc::new(node))
        });
        self
    }

    /// Every value written for this entry, from the one that counts down to the lowest.
    ///
    /// # Shape
    ///
    /// The first item is the node itself; it never ends empty.
    pub fn contributions(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.below.as_deref())
    }

    /// Whether this value or one that it replaced was written at `place`.
    pub(crate) fn has_contribution(&self, place: Option<Place>) -> bool {
        place.is_some() && self.contributions().any(|node| node.place == place)
    }
}

/// Replaced values remembered by [`Node::over`].
const MAX_HISTORY: usize = 64;

/// A value that no text says.
impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self {
            value,
            place: None,
            below: None,
        }
    }
}

/// A value as YAML, JSON and templates know it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean, by the rules of the schema that read it.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(Arc<str>),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Table(Table),
}

impl Value {
    /// The table, if it is one.
    #[must_use]
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Whether it is [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The name of the type, for messages: `null`, `bool`, `number`, `string`, `list` or `table`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Table(_) => "table",
        }
    }
}

/// A number, exact as written, that also knows how Helm sees it.
///
/// Helm reads files through JSON, so every number of a file is a float64 to its templates, while
/// `--set` gives an int64. The tree keeps what was written; [`Number::view`] is Helm's view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer from a file that fits an `i64`.
    Int(i64),
    /// An integer from a file above `i64::MAX`.
    UInt(u64),
    /// Any other number; never NaN or infinite in values.
    Float(f64),
    /// An integer from `--set`: Helm keeps it an int64.
    Set(i64),
}
