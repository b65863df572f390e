//! A file's tree as it is written, next to what it means: the ciphertext of a value and its plaintext.
//!
//! What compares versions of a file works on such pairs. Without a key both sides are the tree as it is
//! written: then the same ciphertext is the same value, and nothing else is known to be.

use std::collections::{HashMap, VecDeque};

use crate::sops::{Branch, Comment, DecryptedFile, EncryptedFile, Entry, Item, Node, Value};

/// The branches of one version of a file.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'f> {
    pub(crate) values: &'f [Branch],
    pub(crate) sealed: &'f [Branch],
    /// Whether the values are plaintext.
    pub(crate) is_open: bool,
}

/// A value and how it is written.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'f> {
    pub(crate) value: &'f Node,
    pub(crate) sealed: &'f Node,
}

/// An item of a mapping and how it is written.
#[derive(Clone, Copy)]
pub(crate) enum ItemPair<'f> {
    Comment {
        value: &'f Comment,
        sealed: &'f Comment,
    },
    Entry {
        value: &'f Entry,
        sealed: &'f Entry,
    },
}

/// What a [`Pair`] is made of.
pub(crate) enum Shape<'f> {
    Leaf,
    Branch(Vec<ItemPair<'f>>),
    List(Vec<Pair<'f>>),
}

impl<'f> Tree<'f> {
    pub(crate) fn sealed(file: &'f EncryptedFile) -> Self {
        Self {
            values: &file.branches,
            sealed: &file.branches,
            is_open: false,
        }
    }

    /// `decrypted` must be what `file` holds.
    pub(crate) fn opened(file: &'f EncryptedFile, decrypted: &'f DecryptedFile) -> Self {
        Self {
            values: &decrypted.branches,
            sealed: &file.branches,
            is_open: true,
        }
    }

    /// How many documents there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len().min(self.sealed.len())
    }

    /// The items of a document; none of one that is not there.
    pub(crate) fn document(&self, index: usize) -> Vec<ItemPair<'f>> {
        match (self.values.get(index), self.sealed.get(index)) {
            (Some(values), Some(sealed)) => items(values, sealed),
            _ => Vec::new(),
        }
    }
}

impl<'f> ItemPair<'f> {
    /// The key and the value of an entry.
    pub(crate) fn entry(self) -> Option<(&'f str, Pair<'f>)> {
        match self {
            Self::Entry { value, sealed } => {
                let pair = Pair {
                    value: &value.value,
                    sealed: &sealed.value,
                };
                Some((&value.key, pair))
            }
            Self::Comment { .. } => None,
        }
    }
}

impl<'f> Pair<'f> {
    pub(crate) fn shape(self) -> Shape<'f> {
        match (&self.value.value, &self.sealed.value) {
            (Value::Branch(values), Value::Branch(sealed)) => Shape::Branch(items(values, sealed)),
            (Value::List(values), Value::List(sealed)) => {
                let pairs = values.iter().zip(sealed);
                Shape::List(
                    pairs
                        .map(|(value, sealed)| Pair { value, sealed })
                        .collect(),
                )
            }
            _ => Shape::Leaf,
        }
    }

    /// Whether both mean the same; where they stand and how they are encrypted does not count.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.value == other.value
    }
}

fn items<'f>(values: &'f [Item], sealed: &'f [Item]) -> Vec<ItemPair<'f>> {
    let pairs = values.iter().zip(sealed);
    pairs
        .filter_map(|pair| match pair {
            (Item::Comment(value), Item::Comment(sealed)) => {
                Some(ItemPair::Comment { value, sealed })
            }
            (Item::Entry(value), Item::Entry(sealed)) => Some(ItemPair::Entry { value, sealed }),
            // A decrypted tree has the shape of its file.
            _ => None,
        })
        .collect()
}

/// Comments by their text, to be taken one by one: the same text may be there several times.
pub(crate) struct CommentIndex<'f>(HashMap<&'f [u8], VecDeque<usize>>);

impl<'f> CommentIndex<'f> {
    /// Comments, each with a number by which it will be known.
    pub(crate) fn new(comments: impl Iterator<Item = (usize, &'f Comment)>) -> Self {
        let mut index: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (number, comment) in comments {
            let numbers = index.entry(comment.text.expose()).or_default();
            numbers.push_back(number);
        }
        Self(index)
    }

    /// The first comment of this text that was not taken yet.
    pub(crate) fn take(&mut self, comment: &Comment) -> Option<usize> {
        self.0.get_mut(comment.text.expose())?.pop_front()
    }
}
