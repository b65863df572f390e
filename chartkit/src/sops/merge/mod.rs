//! Two changed versions of an encrypted file into one: a three-way merge that keeps ciphertext.
//!
//! Decides what counts as changed, what each side's change does to the other, and which data key the
//! result has. Without a key, values are compared by their ciphertext, which both programs keep for
//! values that stay: that is enough to tell what the result would be, but not to write its MAC.

mod settings;
mod tree;

use std::fmt;

use serde_json::{Value as Json, json};
use subtle::ConstantTimeEq as _;

use crate::diagnostic::{Code, Diagnostic};
use crate::sops::change::{self, ChangeError};
use crate::sops::cipher::Cipher;
use crate::sops::crypt::{self, Leaf, LeafPlace};
use crate::sops::diff::{self, Change, Shown, changes_to_json};
use crate::sops::lineage::DataKeyChange;
use crate::sops::paired::Tree;
use crate::sops::reuse::Reuse;
use crate::sops::tree::forget_places;
use crate::sops::{
    Branch, Comment, DataKey, DecryptError, DecryptOptions, DecryptedFile, EncryptedFile,
    KeyService, LeafPath, Moment, Selection, StoreOptions, Value, WrapError, decrypt,
};
use crate::source::{FileId, Span};

/// The data keys of the three versions, and who encrypts the result's for others.
#[derive(Clone, Copy)]
pub struct MergeKeys<'k> {
    /// That of the version that both sides come from; nothing when there is none.
    pub base: Option<&'k DataKey>,
    /// That of our version.
    pub ours: &'k DataKey,
    /// That of their version.
    pub theirs: &'k DataKey,
    /// Needed only when one side has rotated the data key and the other has added a recipient, or when
    /// the recipients of key groups were changed.
    pub services: &'k [&'k dyn KeyService],
}

/// What comes of a merge.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Merge {
    /// The merged file; nothing when there are conflicts, or when it takes a key to write it.
    pub text: Option<Vec<u8>>,
    /// What the merged file has that ours has not.
    pub changes: Vec<Change>,
    /// What both sides changed, and not to the same.
    pub conflicts: Vec<Conflict>,
    /// What should be looked at afterwards.
    pub diagnostics: Vec<Diagnostic>,
}

/// Something that both sides changed, and not to the same.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conflict {
    /// What it is about.
    pub subject: ConflictSubject,
    /// What the base has.
    pub base: Option<Shown>,
    /// What we have.
    pub ours: Option<Shown>,
    /// What they have.
    pub theirs: Option<Shown>,
    /// In which files, ours first.
    labels: Vec<(FileId, Span, &'static str)>,
}

/// What a [`Conflict`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictSubject {
    /// A value or a list.
    Value(LeafPath),
    /// The number of documents.
    Documents,
    /// A field of the metadata; for the rule that says what is encrypted, `rule`.
    Setting(String),
    /// The key groups.
    KeyGroups,
    /// The data keys differ, so that ciphertext cannot be compared: the keys are needed.
    DataKey,
}

/// Merges what `ours` and `theirs` changed since `base`.
///
/// # Shape
///
/// Mappings are merged key by key, lists by runs of items; recipients and settings too. What only one
/// side changed is taken, what both changed to the same as well; comments never conflict. The result is
/// our file, with its layout and order, and with ciphertext of both; what they added stands behind what
/// it stands behind in their file. Without a base, everything counts as added.
///
/// When one side has rotated the data key, the result has the new one, and what the other side changed
/// is encrypted with it. When both have, the result has ours.
///
/// Without keys the merge is written only where nothing has to be encrypted: when one side changed
/// nothing, the result is the other side. With keys all MACs are checked first.
///
/// # Properties
///
/// `merge(base, a, base)` is `a`, `merge(base, base, b)` is `b`, byte for byte. Sides can be swapped: the
/// same conflicts, the same values, in an order that may differ.
///
/// # Errors
///
/// See [`MergeError`]. Conflicts are no error.
pub fn merge(
    base: Option<&EncryptedFile>,
    ours: &EncryptedFile,
    theirs: &EncryptedFile,
    keys: Option<&MergeKeys<'_>>,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Merge, MergeError> {
    if ours.format != theirs.format || base.is_some_and(|base| base.format != ours.format) {
        return Err(MergeError::Format);
    }
    let opened = keys.map(|keys| Opened::new(base, ours, theirs, keys));
    let opened = opened.transpose()?;
    let result = if base.is_some_and(|base| base.text == theirs.text) || ours.text == theirs.text {
        Some((ours, opened.as_ref().map(|opened| &opened.ours)))
    } else if base.is_some_and(|base| base.text == ours.text) {
        Some((theirs, opened.as_ref().map(|opened| &opened.theirs)))
    } else {
        None
    };
    if let Some((result, result_plain)) = result {
        let changes = match (&opened, result_plain) {
            (Some(opened), Some(plain)) => {
                diff::diff_decrypted((ours, &opened.ours), (result, plain))
            }
            _ => diff::diff(ours, result),
        };
        return Ok(Merge {
            text: Some(result.text.to_vec()),
            changes,
            conflicts: Vec::new(),
            diagnostics: Vec::new(),
        });
    }
    let files = Files { base, ours, theirs };
    match (keys, opened) {
        (Some(keys), Some(opened)) => with_keys(&files, keys, &opened, options, moment),
        _ => Ok(without_keys(&files)),
    }
}

/// The versions.
struct Files<'f> {
    base: Option<&'f EncryptedFile>,
    ours: &'f EncryptedFile,
    theirs: &'f EncryptedFile,
}

/// What the versions hold.
struct Opened {
    base: Option<DecryptedFile>,
    ours: DecryptedFile,
    theirs: DecryptedFile,
}

impl Opened {
    fn new(
        base: Option<&EncryptedFile>,
        ours: &EncryptedFile,
        theirs: &EncryptedFile,
        keys: &MergeKeys<'_>,
    ) -> Result<Self, MergeError> {
        let open = |file, key, side| {
            let opened = decrypt(file, key, &DecryptOptions::default());
            opened.map_err(|error| MergeError::Decrypt { side, error })
        };
        let base = match (base, keys.base) {
            (Some(base), Some(key)) => Some(open(base, key, Side::Base)?),
            (Some(_), None) => return Err(MergeError::BaseKey),
            (None, _) => None,
        };
        Ok(Self {
            base,
            ours: open(ours, keys.ours, Side::Ours)?,
            theirs: open(theirs, keys.theirs, Side::Theirs)?,
        })
    }
}

/// What the result would be, as far as ciphertext tells.
fn without_keys(files: &Files<'_>) -> Merge {
    let Files { base, ours, theirs } = *files;
    let origin = base.unwrap_or(ours);
    let is_kept = |file| DataKeyChange::between(origin, file) == DataKeyChange::Kept;
    if !is_kept(ours) || !is_kept(theirs) {
        let span = |file: &EncryptedFile| (file.file, Span::default(), "");
        let conflict = Conflict {
            subject: ConflictSubject::DataKey,
            base: None,
            ours: None,
            theirs: None,
            labels: vec![span(ours), span(theirs)],
        };
        return Merge {
            text: None,
            changes: Vec::new(),
            conflicts: vec![conflict],
            diagnostics: Vec::new(),
        };
    }
    let mut conflicts = Vec::new();
    let stripped = without_places(&theirs.branches);
    let sealed = |branches| Tree {
        values: branches,
        sealed: branches,
        is_open: false,
    };
    let merged = tree::merge(
        &tree::Sides {
            base: base.map(|base| sealed(&base.branches)),
            ours: sealed(&ours.branches),
            theirs: sealed(&stripped),
        },
        files,
        &mut conflicts,
    );
    let metadata = settings::merge(files, &mut conflicts);
    let changes = settings::changes(&ours.metadata, &metadata.metadata, &metadata.groups);
    let mut merge = Merge {
        text: None,
        changes,
        conflicts,
        diagnostics: Vec::new(),
    };
    let values = diff::compare_trees(
        Tree::sealed(ours),
        Tree {
            values: &merged.sealed,
            sealed: &merged.sealed,
            is_open: false,
        },
        DataKeyChange::Kept,
    );
    merge.changes.extend(values);
    if merge.conflicts.is_empty() && merge.changes.is_empty() {
        merge.text = Some(ours.text.to_vec());
    }
    merge
}

fn with_keys(
    files: &Files<'_>,
    keys: &MergeKeys<'_>,
    opened: &Opened,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Merge, MergeError> {
    let Files { base, ours, theirs } = *files;
    let is_same = |a: &DataKey, b: &DataKey| bool::from(a.expose().ct_eq(b.expose()));
    let ours_is_old = keys.base.is_some_and(|base| is_same(base, keys.ours));
    // The newer key: whoever rotated it had a reason.
    let key = if ours_is_old { keys.theirs } else { keys.ours };
    let mut conflicts = Vec::new();
    let their_values = without_places(&opened.theirs.branches);
    let their_sealed = without_places(&theirs.branches);
    let merged = tree::merge(
        &tree::Sides {
            base: (base.zip(opened.base.as_ref())).map(|(file, plain)| Tree::opened(file, plain)),
            ours: Tree::opened(ours, &opened.ours),
            theirs: Tree {
                values: &their_values,
                sealed: &their_sealed,
                is_open: true,
            },
        },
        files,
        &mut conflicts,
    );
    let settings = settings::merge(files, &mut conflicts);
    let mut changes = settings::changes(&ours.metadata, &settings.metadata, &settings.groups);
    changes.extend(diff::compare_trees(
        Tree::opened(ours, &opened.ours),
        Tree {
            values: &merged.values,
            sealed: &merged.sealed,
            is_open: true,
        },
        DataKeyChange::Kept,
    ));
    let mut merge = Merge {
        text: None,
        changes,
        conflicts,
        diagnostics: Vec::new(),
    };
    if !merge.conflicts.is_empty() {
        return Ok(merge);
    }
    let same_key = is_same(key, keys.ours);
    if merge.changes.is_empty() && same_key {
        merge.text = Some(ours.text.to_vec());
        return Ok(merge);
    }
    let holders: Vec<&EncryptedFile> = [(ours, keys.ours), (theirs, keys.theirs)]
        .into_iter()
        .filter(|(_, own)| is_same(own, key))
        .map(|(file, _)| file)
        .collect();
    let mut metadata = settings.metadata;
    let wrapped = settings::wrapped_keys(
        &settings.groups,
        metadata.shamir_threshold(),
        &holders,
        key,
        keys.services,
        moment,
    )
    .map_err(MergeError::Wrap)?;
    metadata.set_key_groups(wrapped.groups, wrapped.shamir_threshold);
    merge.diagnostics = still_known(&settings.groups, &holders, ours);
    let cipher = Cipher::new(key);
    let mut reuse = Reuse::default();
    collect_ciphertexts(&merged, &cipher, &mut reuse);
    for (opened, own) in [(&opened.ours, keys.ours), (&opened.theirs, keys.theirs)] {
        if is_same(own, key) {
            reuse.append(&opened.reuse);
        }
    }
    let with = (metadata, reuse);
    let text = change::reseal_with(
        ours,
        &opened.ours,
        key,
        &merged.values,
        with,
        options,
        moment,
    );
    merge.text = Some(text.map_err(MergeError::Change)?);
    Ok(merge)
}

fn without_places(branches: &[Branch]) -> Vec<Branch> {
    let mut branches = branches.to_vec();
    forget_places(&mut branches);
    branches
}

/// The ciphertexts of a merged tree that the data key opens: those stay.
fn collect_ciphertexts(merged: &tree::Merged, cipher: &Cipher, reuse: &mut Reuse) {
    let selection = Selection::default();
    let mut texts = Vec::new();
    let mut sealed = merged.sealed.clone();
    let collect = &mut |leaf: Leaf<'_>| {
        texts.push(match leaf.place {
            LeafPlace::Comment(comment) => comment.text.as_str().map(str::to_owned),
            LeafPlace::Node(node) => match &node.value {
                Value::String(text) | Value::Comment(Comment { text, .. }) => {
                    text.as_str().map(str::to_owned)
                }
                _ => None,
            },
        });
        Ok::<(), std::convert::Infallible>(())
    };
    let Ok(()) = crypt::walk(&mut sealed, &selection, collect);
    let mut texts = texts.into_iter();
    let mut values = merged.values.clone();
    let keep = &mut |leaf: Leaf<'_>| {
        let value = match leaf.place {
            // As it is encrypted: where it stands does not count.
            LeafPlace::Comment(comment) => Value::Comment(Comment::new(comment.text.clone())),
            LeafPlace::Node(node) => node.value.clone(),
        };
        if let Some(Some(text)) = texts.next()
            && !text.is_empty()
            && is_ciphertext_of(&text, &value, leaf.additional_data, cipher)
        {
            reuse.put(&value, leaf.additional_data, &text);
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let Ok(()) = crypt::walk(&mut values, &selection, keep);
}

fn is_ciphertext_of(text: &str, value: &Value, additional_data: &str, cipher: &Cipher) -> bool {
    match (cipher.decrypt(text, additional_data), value) {
        (Ok(Value::String(found)), Value::Comment(comment)) => found == comment.text,
        (Ok(found), value) => found == *value,
        (Err(_), _) => false,
    }
}

/// Who is not in the result, but could open a version with its data key.
fn still_known(
    groups: &[Vec<crate::sops::MasterKey>],
    holders: &[&EncryptedFile],
    ours: &EncryptedFile,
) -> Vec<Diagnostic> {
    let mut found: Vec<String> = (holders.iter())
        .flat_map(|file| file.metadata.key_groups().iter().flatten())
        .filter(|key| !groups.iter().flatten().any(|kept| *kept == key.master_key))
        .map(|key| key.master_key.to_string())
        .collect();
    found.sort_unstable();
    found.dedup();
    let warning = |name: String| {
        let message = format!("`{name}` was removed, but knows the data key of the merged file");
        Diagnostic::warning(Code::KeptDataKey, message)
            .at(ours.file, Span::default(), "")
            .help("run `chartkit secrets rotate`")
    };
    found.into_iter().map(warning).collect()
}

impl Merge {
    /// Whether there is no conflict, but a key is needed to write the result.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        self.text.is_none() && self.conflicts.is_empty()
    }

    /// The merge for machines.
    ///
    /// # Shape
    ///
    /// `{"merged", "needsKey", "changes", "conflicts"}`; changes as
    /// [`changes_to_json`](super::changes_to_json) has them, with masks. Each conflict is
    /// `{"subject", "document", "path", "base", "ours", "theirs"}`: the subject is `value`, `documents`,
    /// `setting` (its field is the path), `key-groups` or `data-key`; the last three are null or
    /// `{"type", "encrypted"}`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "merged": self.text.is_some(),
            "needsKey": self.needs_key(),
            "changes": changes_to_json(&self.changes, false),
            "conflicts": self.conflicts.iter().map(Conflict::to_json).collect::<Json>(),
        })
    }
}

impl Conflict {
    fn to_json(&self) -> Json {
        let shown = |shown: &Option<Shown>| {
            let shown = shown.as_ref();
            shown.map(|shown| json!({ "type": shown.kind, "encrypted": shown.is_encrypted }))
        };
        let (subject, document, path) = match &self.subject {
            ConflictSubject::Value(path) => {
                ("value", Some(path.document() + 1), Some(path.steps_text()))
            }
            ConflictSubject::Documents => ("documents", None, None),
            ConflictSubject::Setting(field) => ("setting", None, Some(field.clone())),
            ConflictSubject::KeyGroups => ("key-groups", None, None),
            ConflictSubject::DataKey => ("data-key", None, None),
        };
        json!({
            "subject": subject,
            "document": document,
            "path": path,
            "base": shown(&self.base),
            "ours": shown(&self.ours),
            "theirs": shown(&self.theirs),
        })
    }
}

/// A phrase; never a value.
impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |shown: &Option<Shown>| match shown {
            None => "removed".to_owned(),
            Some(shown) => shown.kind.to_owned(),
        };
        match &self.subject {
            ConflictSubject::Value(path) => {
                let verb = match self.base {
                    Some(_) => "changed",
                    None => "added",
                };
                let (ours, theirs) = (side(&self.ours), side(&self.theirs));
                write!(f, "both sides {verb} `{path}` (ours: {ours}, theirs: {theirs})")
            }
            ConflictSubject::Documents => {
                f.write_str("one side added or removed a document, the other changed something")
            }
            ConflictSubject::Setting(field) => {
                write!(f, "both sides changed `{field}` in the metadata")
            }
            ConflictSubject::KeyGroups => {
                f.write_str("both sides changed the key groups so that they do not fit together")
            }
            ConflictSubject::DataKey => f.write_str(
                "the data key was rotated on one side, so that the values cannot be compared without it",
            ),
        }
    }
}

impl From<&Conflict> for Diagnostic {
    fn from(conflict: &Conflict) -> Self {
        let help = match conflict.subject {
            ConflictSubject::DataKey => "merge where a key of all three versions is at hand",
            _ => "make the change of one side in the other, and merge again",
        };
        let diagnostic = Self::error(Code::MergeConflict, conflict.to_string()).help(help);
        (conflict.labels.iter()).fold(diagnostic, |diagnostic, (file, span, message)| {
            diagnostic.at(*file, *span, *message)
        })
    }
}

/// One of the versions of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// What both sides come from.
    Base,
    /// Ours.
    Ours,
    /// Theirs.
    Theirs,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        })
    }
}

/// Why files cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They have different formats.
    #[error("the versions have different formats")]
    Format,
    /// There is a base, but not its key.
    #[error("the key of the base is missing")]
    BaseKey,
    /// One of them cannot be decrypted, or was changed without the key.
    #[error("{side}: {error}")]
    Decrypt {
        /// Which one.
        side: Side,
        /// Why.
        error: DecryptError,
    },
    /// The data key cannot be encrypted for a recipient of the result.
    #[error(transparent)]
    Wrap(WrapError),
    /// The result cannot be encrypted.
    #[error(transparent)]
    Change(ChangeError),
}

impl From<&MergeError> for Diagnostic {
    fn from(error: &MergeError) -> Self {
        match error {
            MergeError::Decrypt { side, error } => Self::from(error).context(&side.to_string()),
            MergeError::Wrap(_) => Self::error(Code::NoKey, error.to_string()),
            _ => Self::error(Code::MergeConflict, error.to_string()),
        }
    }
}

/// Where something is in a version, for labels.
fn label(
    file: &EncryptedFile,
    path: &LeafPath,
    message: &'static str,
) -> (FileId, Span, &'static str) {
    let span = tree::span_of(&file.branches, path).unwrap_or_default();
    (file.file, span, message)
}

fn setting_label(file: &EncryptedFile, field: &str) -> (FileId, Span, &'static str) {
    let mut fields = crate::sops::tree::entries(file.metadata.fields());
    let at = fields.find(|entry| entry.key == field);
    let at = at.and_then(|entry| entry.key_at);
    (file.file, at.map_or_else(Span::default, |at| at.span), "")
}
