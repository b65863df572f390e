//! A profile's `secrets.yaml`: recognised, verified without a key, and never read as values.
//!
//! [`EncryptedFile`] has no way to a [`Table`] but [`EncryptedFile::masked`], so ciphertext cannot get
//! into effective values. What is in order is decided by [`sops::verify`].

use std::sync::Arc;

use super::secrets;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::sops::{self, Format, LoadErrorKind, VerifyOptions};
use crate::source::{FileId, Place, Sources, Span};
use crate::values::{Step, ValuePath};
use crate::yaml::Table;

/// What stands for a secret that is not shown.
pub use crate::yaml::MASK;

/// A SOPS-encrypted YAML file that is in order, as far as can be told without a key.
#[derive(Clone, Debug)]
pub struct EncryptedFile {
    file: sops::EncryptedFile,
    warnings: Vec<Diagnostic>,
}

/// A value of an [`EncryptedFile`], as SOPS leaves it readable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretLeaf {
    /// Its path in the values.
    pub path: ValuePath,
    /// Its type word, such as `str`; `null` for a null.
    pub kind: &'static str,
    /// Whether it is encrypted; the file's own rule may leave values in plain text.
    pub is_encrypted: bool,
    /// Where it is written.
    pub place: Option<Place>,
}

/// Why a file is not taken for an encrypted one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptedFileError {
    /// It cannot be read as an encrypted file.
    #[error(transparent)]
    Load(sops::LoadError),
    /// There is no metadata of SOPS in it.
    #[error("not encrypted: expected a top-level `sops` table, as SOPS writes it")]
    NotEncrypted {
        /// The file.
        file: FileId,
    },
    /// It is encrypted, but [`sops::verify`] has errors.
    #[error("{}", errors_text(.errors))]
    Refused {
        /// All errors; there is at least one.
        errors: Vec<Diagnostic>,
    },
}

fn errors_text(errors: &[Diagnostic]) -> String {
    let first = errors.first().map_or("", |error| &error.message);
    match errors.len() {
        0 | 1 => first.to_owned(),
        count => format!("{first} (and {} more)", count - 1),
    }
}

impl From<&EncryptedFileError> for Diagnostic {
    fn from(error: &EncryptedFileError) -> Self {
        match error {
            EncryptedFileError::Load(cause) => Self::from(cause),
            EncryptedFileError::NotEncrypted { file } => {
                Self::error(Code::PlainSecrets, error.to_string()).at(*file, Span::default(), "")
            }
            EncryptedFileError::Refused { errors } => match errors.first() {
                Some(first) => Self {
                    message: error.to_string(),
                    ..first.clone()
                },
                None => Self::error(Code::PlainSecrets, error.to_string()),
            },
        }
    }
}

impl EncryptedFile {
    /// Reads and verifies an encrypted file, and conceals its text: it may not be encrypted at all.
    ///
    /// # Errors
    ///
    /// When the file is no YAML, has no SOPS metadata, or [`sops::verify`] finds an error in it, such as
    /// plain text where its rule says ciphertext.
    pub fn read(sources: &mut Sources, file: FileId) -> Result<Self, EncryptedFileError> {
        let loaded = sops::EncryptedFile::load(Format::Yaml, sources, file);
        let encrypted = loaded.map_err(|error| match error.kind() {
            LoadErrorKind::MetadataNotFound | LoadErrorKind::Empty => {
                EncryptedFileError::NotEncrypted { file }
            }
            _ => EncryptedFileError::Load(error),
        })?;
        let findings = sops::verify(&encrypted, &VerifyOptions::default());
        let (errors, warnings): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| finding.severity == Severity::Error);
        match errors.is_empty() {
            true => Ok(Self {
                file: encrypted,
                warnings,
            }),
            false => Err(EncryptedFileError::Refused { errors }),
        }
    }

    /// The text that this was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file.file()
    }

    /// The file, to be decrypted.
    #[must_use]
    pub fn sops(&self) -> &sops::EncryptedFile {
        &self.file
    }

    /// What [`sops::verify`] has to say that is no error.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// All scalars of all documents, in the order of the file.
    #[must_use]
    pub fn leaves(&self) -> Vec<SecretLeaf> {
        let mut walk = Walk {
            file: self.file(),
            leaves: Vec::new(),
        };
        for branch in self.file.branches() {
            walk.branch(branch, &ValuePath::default());
        }
        walk.leaves
    }

    /// The values, with [`MASK`] in the place of each secret.
    #[must_use]
    pub fn masked(&self) -> Table {
        secrets::masked_layer(&self.file)
    }
}

struct Walk {
    file: FileId,
    leaves: Vec<SecretLeaf>,
}

impl Walk {
    fn branch(&mut self, branch: &sops::Branch, path: &ValuePath) {
        for item in branch {
            if let sops::Item::Entry(entry) = item {
                let path = path.join(Step::Key(Arc::from(entry.key.as_str())));
                self.node(&entry.value, entry, &path);
            }
        }
    }

    /// `entry` is the one that the value is in, for its place.
    fn node(&mut self, node: &sops::Node, entry: &sops::Entry, path: &ValuePath) {
        match &node.value {
            sops::Value::Branch(branch) => self.branch(branch, path),
            sops::Value::List(items) => {
                let items = items.iter().filter(|i| !secrets::is_comment(&i.value));
                for (index, item) in items.enumerate() {
                    self.node(item, entry, &path.join(Step::Index(index)));
                }
            }
            value => {
                let sealed = value.sealed_type();
                let place = node.at.map(|at| Place {
                    file: self.file,
                    entry: entry.key_at.unwrap_or(at).span.start,
                    value: at.span,
                });
                self.leaves.push(SecretLeaf {
                    path: path.clone(),
                    kind: sealed.unwrap_or(value.type_name()),
                    is_encrypted: sealed.is_some(),
                    place,
                });
            }
        }
    }
}
