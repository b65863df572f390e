//! What changed between two versions of an encrypted file, with or without a key.
//!
//! Decides what is known to have changed and what only may have. Without a key, the paths, types and
//! lengths of values can be compared, and whether ciphertext is the same.

pub(crate) mod settings;
mod show;
mod values;

use crate::sops::lineage::DataKeyChange;
use crate::sops::paired::Tree;
use crate::sops::{DecryptedFile, EncryptedFile, LeafPath, MasterKey, Value};

pub use show::{changes_to_json, changes_to_text};

/// One difference between two versions of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// A value, a comment, or the order of either.
    Value(ValueChange),
    /// Someone can open the file who could not, or the other way round.
    Recipient {
        /// Which key group, from 0; as SOPS does, groups are compared by their number.
        group: usize,
        /// Who.
        key: MasterKey,
        /// How.
        kind: RecipientChange,
    },
    /// All wrapped keys and all ciphertexts are new: the data key was rotated; see
    /// [`DataKeyChange::Rotated`].
    DataKeyRotated,
    /// A setting of the metadata.
    Setting {
        /// Its field; for the rule that says what is encrypted, `rule`.
        field: String,
        /// What it was, where it can be shown on a line.
        old: Option<String>,
        /// What it is.
        new: Option<String>,
    },
    /// The MAC is new, and nothing else.
    Mac,
}

/// What became of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecipientChange {
    /// Is new.
    Added,
    /// Is gone.
    Removed,
    /// Has the data key encrypted anew, though it was not rotated.
    Rewrapped,
}

/// A difference at one path.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValueChange {
    /// Where; of a comment between entries, the mapping that it is in.
    pub path: LeafPath,
    /// What happened.
    pub kind: ValueChangeKind,
    /// What was there.
    pub old: Option<Shown>,
    /// What is there.
    pub new: Option<Shown>,
}

/// The kinds of [`ValueChange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ValueChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another type.
    Type,
    /// It has another value.
    Changed,
    /// It was encrypted, and is in plain text.
    NowPlain,
    /// It was in plain text, and is encrypted.
    NowEncrypted,
    /// It has another ciphertext of the same length. Without a key it cannot be told whether it has
    /// another value; SOPS and chartkit keep the ciphertext of values that stay.
    Unclear,
    /// Its ciphertext is new, as all are. With a key: its value is the same. Without: its value may have
    /// changed to one of the same length.
    Reencrypted,
    /// The entries or items are the same, in another order.
    Reordered,
}

/// What is shown of a value.
#[derive(Clone)]
#[non_exhaustive]
pub struct Shown {
    /// Its type word, such as `str`; `mapping` and `list` for collections.
    pub kind: &'static str,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// How many bytes it has; nothing for collections.
    pub size: Option<usize>,
    /// What it is, where that is known.
    value: Option<Value>,
}

/// Compares two versions without a key.
///
/// # Shape
///
/// Recipients and settings first, then documents in order; of a mapping, what is gone comes before what
/// changed and what is new. `lastmodified` and the MAC change with everything else and are reported only
/// when nothing else is.
///
/// # Properties
///
/// A file does not differ from itself.
#[must_use]
pub fn diff(old: &EncryptedFile, new: &EncryptedFile) -> Vec<Change> {
    compare(old, Tree::sealed(old), new, Tree::sealed(new))
}

/// Compares two versions by what they hold: each file with its plaintext.
///
/// # Shape
///
/// As [`diff`], but exact: nothing is [`Unclear`](ValueChangeKind::Unclear).
#[must_use]
pub fn diff_decrypted(
    (old, old_plain): (&EncryptedFile, &DecryptedFile),
    (new, new_plain): (&EncryptedFile, &DecryptedFile),
) -> Vec<Change> {
    let old_tree = Tree::opened(old, old_plain);
    compare(old, old_tree, new, Tree::opened(new, new_plain))
}

fn compare(
    old: &EncryptedFile,
    old_tree: Tree<'_>,
    new: &EncryptedFile,
    new_tree: Tree<'_>,
) -> Vec<Change> {
    let data_key = DataKeyChange::between(old, new);
    let mut changes = settings::compare(old.metadata(), new.metadata(), data_key);
    changes.extend(compare_trees(old_tree, new_tree, data_key));
    let sealed_anew = old.metadata().mac() != new.metadata().mac()
        || old.metadata().last_modified() != new.metadata().last_modified();
    if changes.is_empty() && sealed_anew {
        changes.push(Change::Mac);
    }
    changes
}

/// The differences of the values alone.
pub(crate) fn compare_trees(old: Tree<'_>, new: Tree<'_>, data_key: DataKeyChange) -> Vec<Change> {
    let changes = values::compare(old, new, data_key);
    changes.into_iter().map(Change::Value).collect()
}
