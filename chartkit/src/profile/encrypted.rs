//! A profile's `secrets.yaml`: recognised, checked without a key, and never read as values.
//!
//! [`EncryptedFile`] has no way to a [`Table`] but [`EncryptedFile::masked`], so ciphertext cannot get
//! into effective values.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Place, Sources, Span, Visibility};
use crate::values::ValuePath;
use crate::yaml::{self, Node, ParseError, Table, Value};

/// What stands for a secret that is not shown.
pub use crate::yaml::MASK;

/// The key under which SOPS keeps its metadata.
const METADATA: &str = "sops";

/// A SOPS-encrypted YAML file.
///
/// # Source
///
/// SOPS v3.13.3, `stores/yaml/store.go` (the `sops` key), `aes/cipher.go` (`ENC[…]`).
#[derive(Clone, Debug)]
pub struct EncryptedFile {
    file: FileId,
    /// Without the `sops` key.
    tree: Table,
}

/// Why a file is not taken for an encrypted one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptedFileError {
    /// It is no YAML.
    #[error("not YAML")]
    Syntax(#[source] ParseError),
    /// There is no `sops` table with a `mac`.
    #[error("not encrypted: expected a top-level `sops` table with a `mac`, as SOPS writes it")]
    NotEncrypted {
        /// The file.
        file: FileId,
    },
    /// A leaf that its own rules say is encrypted is in plain text.
    #[error("`{path}` is in plain text, but the file's own rules say that it is encrypted")]
    PlainText {
        /// The leaf.
        path: ValuePath,
        /// Where it is written.
        place: Option<Place>,
    },
}

impl From<&EncryptedFileError> for Diagnostic {
    fn from(error: &EncryptedFileError) -> Self {
        let diagnostic = Self::error(Code::PlainSecrets, error.to_string());
        match error {
            EncryptedFileError::Syntax(cause) => Self::from(cause),
            EncryptedFileError::NotEncrypted { file } => diagnostic.at(*file, Span::default(), ""),
            EncryptedFileError::PlainText { place, .. } => match place {
                // The key alone: the value is what must not be seen.
                Some(place) => {
                    let (start, end) = (place.entry, place.value.start);
                    diagnostic.at(place.file, Span { start, end }, "the value of this key")
                }
                None => diagnostic,
            },
        }
    }
}

impl EncryptedFile {
    /// Recognises an encrypted file, and conceals its text: it may not be encrypted at all.
    ///
    /// Needs no key, and so cannot tell whether the ciphertext is authentic. The selection by suffix
    /// is checked leaf by leaf; files that select by a regular expression or by comments must hold at
    /// least one ciphertext.
    ///
    /// # Errors
    ///
    /// When the file is no YAML, has no SOPS metadata, or holds plain text where its rules say
    /// ciphertext.
    pub fn read(sources: &mut Sources, file: FileId) -> Result<Self, EncryptedFileError> {
        sources.conceal(file, Visibility::Keys);
        let root = yaml::read(sources, file).map_err(EncryptedFileError::Syntax)?;
        let not_encrypted = EncryptedFileError::NotEncrypted { file };
        let Value::Table(mut tree) = root.node.value else {
            return Err(not_encrypted);
        };
        let Some(Value::Table(metadata)) = tree.remove(METADATA).map(|node| node.value) else {
            return Err(not_encrypted);
        };
        let text = |key: &str| metadata.get(key).and_then(|node| node.value.as_str());
        if !text("mac").is_some_and(is_ciphertext) {
            return Err(not_encrypted);
        }
        let by_suffix = |path: &ValuePath, suffix: &str| {
            let steps = path.steps().iter();
            steps
                .filter_map(crate::values::Step::as_key)
                .any(|key| key.ends_with(suffix))
        };
        let leaves = leaves(&tree);
        let other_rules = [
            "encrypted_regex",
            "unencrypted_regex",
            "encrypted_comment_regex",
            "unencrypted_comment_regex",
        ];
        let plain = if other_rules.iter().any(|rule| text(rule).is_some()) {
            let any_encrypted = leaves.iter().any(|(_, node)| is_encrypted(node));
            (leaves.iter()).find(|(_, node)| !any_encrypted && !may_be_plain(node))
        } else if let Some(suffix) = text("encrypted_suffix") {
            (leaves.iter()).find(|(path, n)| by_suffix(path, suffix) && !may_be_plain(n))
        } else {
            let suffix = text("unencrypted_suffix").unwrap_or("_unencrypted");
            (leaves.iter()).find(|(path, n)| !by_suffix(path, suffix) && !may_be_plain(n))
        };
        match plain {
            None => Ok(Self { file, tree }),
            Some((path, node)) => Err(EncryptedFileError::PlainText {
                path: path.clone(),
                place: node.place,
            }),
        }
    }

    /// The text that this was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The paths of all leaves, and where each is written; SOPS leaves them readable.
    #[must_use]
    pub fn paths(&self) -> Vec<(ValuePath, Option<Place>)> {
        let leaves = leaves(&self.tree).into_iter();
        leaves.map(|(path, node)| (path, node.place)).collect()
    }

    /// The tree with every leaf replaced by [`MASK`].
    #[must_use]
    pub fn masked(&self) -> Table {
        fn mask(node: &Node) -> Node {
            let value = match &node.value {
                Value::Table(table) => Value::Table(mask_table(table)),
                Value::List(items) => Value::List(items.iter().map(mask).collect()),
                _ => Value::String(Arc::from(MASK)),
            };
            Node {
                value,
                ..node.clone()
            }
        }
        fn mask_table(table: &Table) -> Table {
            (table.iter())
                .map(|(key, node)| (Arc::clone(key), mask(node)))
                .collect()
        }
        mask_table(&self.tree)
    }
}

/// Every scalar, those inside lists included.
fn leaves(tree: &Table) -> Vec<(ValuePath, &Node)> {
    fn walk<'t>(node: &'t Node, path: ValuePath, out: &mut Vec<(ValuePath, &'t Node)>) {
        use crate::values::Step;
        match &node.value {
            Value::Table(table) => {
                for (key, node) in table {
                    walk(node, path.join(Step::Key(Arc::clone(key))), out);
                }
            }
            Value::List(items) => {
                for (index, node) in items.iter().enumerate() {
                    walk(node, path.join(Step::Index(index)), out);
                }
            }
            _ => out.push((path, node)),
        }
    }
    let mut out = Vec::new();
    for (key, node) in tree {
        walk(node, ValuePath::from_keys([Arc::clone(key)]), &mut out);
    }
    out
}

fn is_encrypted(node: &Node) -> bool {
    node.value.as_str().is_some_and(is_ciphertext)
}

/// SOPS leaves nulls and empty strings as they are.
fn may_be_plain(node: &Node) -> bool {
    node.value.is_null() || node.value.as_str() == Some("") || is_encrypted(node)
}

fn is_ciphertext(text: &str) -> bool {
    text.starts_with("ENC[AES256_GCM,data:") && text.ends_with(']')
}
