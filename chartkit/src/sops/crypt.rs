//! All values of a file between plain text and ciphertext, and the MAC over them.
//!
//! Decides the order of the walk, the additional data of each value and what the MAC is made of.
//! Must not know formats or master keys.
//!
//! # Source
//!
//! SOPS v3.13.3, `sops.go`, `walkBranch`, `walkSlice`, `Tree.Encrypt`, `Tree.Decrypt`.

use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;

use crate::sops::cipher::plain_text;
use crate::sops::selection::{Scope, Selection};
use crate::sops::{At, Branch, Comment, Item, Node, Value};

/// The bytes that begin a MAC over encrypted values only: the SHA-256 of `sops`.
const MAC_ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The message authentication code of a file: what its values say, in order.
///
/// Knows neither keys nor types nor where a value ends: see `docs/security.md` for what that means.
pub(crate) struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    pub(crate) fn new(only_encrypted: bool) -> Self {
        let mut hash = Sha512::new();
        if only_encrypted {
            hash.update(MAC_ONLY_ENCRYPTED);
        }
        Self {
            hash,
            only_encrypted,
        }
    }

    /// Adds a value in plain text; comments do not count.
    pub(crate) fn add(&mut self, value: &Value, is_encrypted: bool) {
        if (is_encrypted || !self.only_encrypted) && !matches!(value, Value::Comment(_)) {
            self.hash.update(plain_text(value));
        }
    }

    /// 128 upper-case hex digits.
    pub(crate) fn finish(self) -> String {
        self.hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }
}

/// Whether two MACs are the same, in the same time wherever they differ.
pub(crate) fn is_same_mac(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A value that a walk has come to: never a null, a mapping or a list.
pub(crate) struct Leaf<'w> {
    pub(crate) place: LeafPlace<'w>,
    /// The keys on the way, each with a `:` behind it; of a comment in a mapping, those of the mapping.
    pub(crate) additional_data: &'w str,
    /// Whether the file's rule says that it is encrypted.
    pub(crate) is_encrypted: bool,
}

/// What stands at a leaf.
pub(crate) enum LeafPlace<'w> {
    /// A comment between the entries of a mapping.
    Comment(&'w mut Comment),
    /// The value of an entry, or an item of a list; that may be a comment too.
    Node(&'w mut Node),
}

impl LeafPlace<'_> {
    /// Where it was written.
    pub(crate) fn at(&self) -> Option<At> {
        match self {
            Self::Comment(comment) => comment.at,
            Self::Node(node) => match &node.value {
                Value::Comment(comment) => comment.at,
                _ => node.at,
            },
        }
    }
}

/// Calls `visit` for every leaf, in the order that the MAC has, and stops at the first error.
pub(crate) fn walk<E>(
    branches: &mut [Branch],
    selection: &Selection,
    visit: &mut impl FnMut(Leaf<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut walk = Walk {
        selection,
        visit,
        path: String::new(),
    };
    branches
        .iter_mut()
        .try_for_each(|branch| walk.branch(branch, Scope::default()))
}

struct Walk<'w, V> {
    selection: &'w Selection,
    visit: &'w mut V,
    /// The additional data, without the `:` that stands for no key at all.
    path: String,
}

impl<V> Walk<'_, V> {
    fn branch<E>(&mut self, branch: &mut Branch, mut scope: Scope) -> Result<(), E>
    where
        V: FnMut(Leaf<'_>) -> Result<(), E>,
    {
        for item in branch {
            match item {
                Item::Comment(comment) => {
                    let is_encrypted = scope.comment(self.selection, &comment.text);
                    self.leaf(LeafPlace::Comment(comment), is_encrypted)?;
                }
                Item::Entry(entry) => {
                    let length = self.path.len();
                    self.path.push_str(&entry.key);
                    self.path.push(':');
                    // A comment in the place of a value is crafted; SOPS takes it for one before it.
                    let is_comment = match &entry.value.value {
                        Value::Comment(comment) => {
                            scope.comment(self.selection, &comment.text);
                            true
                        }
                        _ => false,
                    };
                    let inner = scope.under_key(self.selection, &entry.key);
                    self.node(&mut entry.value, inner)?;
                    self.path.truncate(length);
                    if !is_comment {
                        scope.item();
                    }
                }
            }
        }
        Ok(())
    }

    fn list<E>(&mut self, items: &mut [Node], mut scope: Scope) -> Result<(), E>
    where
        V: FnMut(Leaf<'_>) -> Result<(), E>,
    {
        for node in items {
            if let Value::Comment(comment) = &node.value {
                let is_encrypted = scope.comment(self.selection, &comment.text);
                self.leaf(LeafPlace::Node(node), is_encrypted)?;
            } else {
                self.node(node, scope.in_item())?;
                scope.item();
            }
        }
        Ok(())
    }

    fn node<E>(&mut self, node: &mut Node, scope: Scope) -> Result<(), E>
    where
        V: FnMut(Leaf<'_>) -> Result<(), E>,
    {
        match &mut node.value {
            Value::Null => Ok(()),
            Value::Branch(branch) => self.branch(branch, scope),
            Value::List(items) => self.list(items, scope),
            _ => {
                let is_encrypted = scope.is_encrypted(self.selection);
                self.leaf(LeafPlace::Node(node), is_encrypted)
            }
        }
    }

    fn leaf<E>(&mut self, place: LeafPlace<'_>, is_encrypted: bool) -> Result<(), E>
    where
        V: FnMut(Leaf<'_>) -> Result<(), E>,
    {
        let additional_data = if self.path.is_empty() {
            ":"
        } else {
            &self.path
        };
        (self.visit)(Leaf {
            place,
            additional_data,
            is_encrypted,
        })
    }
}
