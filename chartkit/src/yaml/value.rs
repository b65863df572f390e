//! What a document means: a tree of values, each with the place where it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{History, SecretScalar};
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
    /// The values that it took the place of when layers were merged.
    pub below: History,
}

impl Node {
    /// A value that has replaced nothing yet.
    #[must_use]
    pub fn new(value: Value, place: Place) -> Self {
        Self {
            value,
            place: Some(place),
            below: History::default(),
        }
    }

    /// This value in the place of `lower`, which goes to the bottom of [`Node::below`] with its own history.
    ///
    /// # Shape
    ///
    /// A value that is in the history already is not put there again: merging the same layer twice
    /// does not make two layers.
    #[must_use]
    pub fn over(self, lower: impl Into<Arc<Self>>) -> Self {
        let lower = lower.into();
        let is_new = |node: &&Self| {
            !self
                .contributions()
                .any(|known| known.is_same_contribution(node))
        };
        let all_new = lower.contributions().all(|node| is_new(&node));
        if all_new && self.below.is_empty() {
            let below = History::from(lower);
            return Self { below, ..self };
        }
        let mut chain: Vec<_> = self.contributions().skip(1).cloned().collect();
        chain.extend(lower.contributions().filter(is_new).cloned());
        let below = chain
            .into_iter()
            .rev()
            .fold(History::default(), |below, node| {
                History::from(Self { below, ..node })
            });
        Self { below, ..self }
    }

    /// This value in the place of `lower`, which another layer wrote.
    ///
    /// [`Node::over`] without the search for values that are known already: takes the same time
    /// however long the history is.
    #[must_use]
    pub(crate) fn replacing(self, lower: Self) -> Self {
        if self.below.is_empty() {
            let below = lower.into();
            return Self { below, ..self };
        }
        self.over(lower)
    }

    /// Every value written for this entry, from the one that counts down to the lowest.
    ///
    /// # Shape
    ///
    /// The first item is the node itself; it never ends empty.
    pub fn contributions(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.below.latest())
    }

    /// Whether this and another value are what one layer wrote for one entry.
    fn is_same_contribution(&self, other: &Self) -> bool {
        match (self.place, other.place) {
            (None, None) => self.value == other.value,
            (a, b) => a == b,
        }
    }
}

/// A value that no text says.
impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self {
            value,
            place: None,
            below: History::default(),
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
    /// A boolean, number or text out of an encrypted file: printed as a mask.
    Secret(SecretScalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Table(Table),
}

impl Value {
    /// The value itself, or what a secret holds.
    #[must_use]
    pub fn revealed(&self) -> &Self {
        match self {
            Self::Secret(secret) => secret.reveal(),
            _ => self,
        }
    }

    /// The table, if it is one.
    #[must_use]
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, if it is a string and no secret.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one and no secret.
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
            Self::Secret(secret) => secret.reveal().type_name(),
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
