//! What every format of an encrypted file is read into: ordered branches of entries and comments.
//!
//! Decides what can stand where. Must not know formats, ciphers or keys.
//!
//! # Source
//!
//! SOPS v3.13.3, `sops.go`, `Tree`, `TreeBranch`, `TreeItem`, `Comment`.

use crate::sops::Secret;
use crate::sops::cipher::Ciphertext;
use crate::sops::status::known_type;
use crate::source::Span;
use crate::time::Timestamp;

/// The entries and comments of a mapping, in the order of the text. The documents of a file are one
/// branch each.
pub type Branch = Vec<Item>;

/// What a [`Branch`] is made of.
#[derive(Clone, PartialEq)]
pub enum Item {
    /// A comment before, behind or between entries.
    Comment(Comment),
    /// A key and its value.
    Entry(Entry),
}

/// A key and its value.
#[derive(Clone)]
pub struct Entry {
    /// The key; SOPS never encrypts it.
    pub key: String,
    /// Where the key was written, quotes included.
    pub key_at: Option<At>,
    /// The value.
    pub value: Node,
}

/// A value and where it was written.
#[derive(Clone)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written; nothing for a value that a program made, or a copy made for an alias.
    pub at: Option<At>,
}

/// A value, plain or encrypted: ciphertext is a [`Value::String`] of the form `ENC[…]`.
///
/// Floats are equal when their bits are: a NaN equals itself, and zero is not minus zero.
#[derive(Clone)]
pub enum Value {
    /// Never encrypted.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A point in time; only YAML has them.
    Time(Timestamp),
    /// Text or bytes.
    String(Secret),
    /// A comment among the items of a list, or what a ciphertext of type `comment` holds.
    Comment(Comment),
    /// A mapping.
    Branch(Branch),
    /// A sequence. Comments count as items.
    List(Vec<Node>),
}

/// A line of comment.
#[derive(Clone)]
pub struct Comment {
    /// What stands behind the `#`, blanks included.
    pub text: Secret,
    /// Stands behind a value, on the same line. Two comments that differ in this only are equal.
    pub inline: bool,
    /// Where it was written, the `#` included.
    pub at: Option<At>,
}

/// Where something was written.
///
/// Never part of a comparison: two values are equal when they mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The bytes of the file, quotes included; of a block collection, from its first key or `-` to
    /// the end of its last value.
    pub span: Span,
    /// The number that the format's own reader gives it (`yaml::NodeId`); 0 where it gives none.
    pub(crate) node: u32,
}

impl Node {
    /// A value that no text holds.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self { value, at: None }
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self::new(value)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Entry {
    /// An entry that no text holds.
    #[must_use]
    pub fn new(key: impl Into<String>, value: Value) -> Self {
        Self {
            key: key.into(),
            key_at: None,
            value: value.into(),
        }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Comment {
    /// A comment on a line of its own that no text holds.
    #[must_use]
    pub fn new(text: Secret) -> Self {
        Self {
            text,
            inline: false,
            at: None,
        }
    }
}

/// As in SOPS, where comments are equal whose text is.
impl PartialEq for Comment {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Comment(a), Self::Comment(b)) => a == b,
            (Self::Branch(a), Self::Branch(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            _ => false,
        }
    }
}

impl Value {
    /// A string.
    #[must_use]
    pub fn string(text: impl AsRef<[u8]>) -> Self {
        Self::String(Secret::from(text.as_ref()))
    }

    /// The text of a string that is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => text.as_str(),
            _ => None,
        }
    }

    /// The entries of a mapping.
    #[must_use]
    pub fn as_branch(&self) -> Option<&Branch> {
        match self {
            Self::Branch(branch) => Some(branch),
            _ => None,
        }
    }

    /// The type word of a value that is ciphertext: `str`, `int`, `float`, `bool`, `time`, `comment`, or
    /// `unknown`. Needs no key.
    #[must_use]
    pub fn sealed_type(&self) -> Option<&'static str> {
        match self {
            Self::String(text) | Self::Comment(Comment { text, .. }) => {
                let ciphertext = Ciphertext::parse(text.as_str()?)?;
                Some(known_type(ciphertext.kind))
            }
            _ => None,
        }
    }

    /// The name of the type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Time(_) => "time",
            Self::String(_) => "str",
            Self::Comment(_) => "comment",
            Self::Branch(_) => "mapping",
            Self::List(_) => "list",
        }
    }
}

/// The entries of a branch, without its comments.
pub(crate) fn entries(branch: &Branch) -> impl DoubleEndedIterator<Item = &Entry> {
    branch.iter().filter_map(|item| match item {
        Item::Entry(entry) => Some(entry),
        Item::Comment(_) => None,
    })
}

/// The value of the first entry with that key.
#[must_use]
pub(crate) fn get<'b>(branch: &'b Branch, key: &str) -> Option<&'b Value> {
    entries(branch)
        .find(|entry| entry.key == key)
        .map(|entry| &entry.value.value)
}

/// The value of the first entry with that key.
pub(crate) fn get_mut<'b>(branch: &'b mut Branch, key: &str) -> Option<&'b mut Value> {
    branch.iter_mut().find_map(|item| match item {
        Item::Entry(entry) if entry.key == key => Some(&mut entry.value.value),
        _ => None,
    })
}

/// Takes away where things were written: the branches go into another text.
pub(crate) fn forget_places(branches: &mut [Branch]) {
    fn forget(node: &mut Node) {
        node.at = None;
        match &mut node.value {
            Value::Branch(inner) => branch(inner),
            Value::List(items) => items.iter_mut().for_each(forget),
            Value::Comment(comment) => comment.at = None,
            _ => {}
        }
    }
    fn branch(items: &mut Branch) {
        for item in items {
            match item {
                Item::Comment(comment) => comment.at = None,
                Item::Entry(entry) => {
                    entry.key_at = None;
                    forget(&mut entry.value);
                }
            }
        }
    }
    branches.iter_mut().for_each(branch);
}
