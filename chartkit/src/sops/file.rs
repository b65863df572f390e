//! Files before encryption, encrypted, and decrypted: three types, so that none is taken for another.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::sops::reuse::Reuse;
use crate::sops::store::{self, EmitError, LoadError, LoadErrorKind, StoreOptions};
use crate::sops::{Branch, Format, Metadata, PathError, Secret, TreePath, Value};
use crate::source::{Encoding, FileId, Sources, Visibility};

/// A file in plain text, to be encrypted.
#[derive(Clone)]
pub struct PlainFile {
    pub(crate) format: Format,
    pub(crate) file: FileId,
    /// Nothing when there is more in the text than the plaintext.
    pub(crate) text: Option<Secret>,
    pub(crate) encoding: Encoding,
    pub(crate) branches: Vec<Branch>,
}

/// An encrypted file: its tree with ciphertext for values, and its metadata.
///
/// What can be said without a key is said here; nothing in it is plaintext of an encrypted value.
#[derive(Clone)]
pub struct EncryptedFile {
    pub(crate) format: Format,
    pub(crate) file: FileId,
    pub(crate) text: Arc<[u8]>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) metadata: Metadata,
}

/// What an encrypted file holds. All of it may be secret.
#[derive(Clone)]
pub struct DecryptedFile {
    pub(crate) format: Format,
    /// The plaintext byte for byte, if the file keeps its layout.
    pub(crate) text: Option<Secret>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) reuse: Reuse,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl PlainFile {
    /// Reads a file that is not encrypted, and conceals its text.
    ///
    /// # Errors
    ///
    /// When the text does not have the format, or has what SOPS cannot encrypt; when it is encrypted
    /// already ([`LoadErrorKind::AlreadyEncrypted`]).
    pub fn load(format: Format, sources: &mut Sources, file: FileId) -> Result<Self, LoadError> {
        sources.conceal(file, Visibility::Keys);
        sources.wipe_when_dropped(file);
        let branches = store::load_plain(format, sources, file)?;
        let first = branches.first();
        if first.is_some_and(|branch| store::has_metadata_key(format, branch)) {
            let message = "the file has a top-level key that only the metadata of an encrypted file \
                           may have (`sops`, or `sops_…` in dotenv files): it is encrypted already, \
                           or the key must be renamed";
            return Err(LoadError::new(LoadErrorKind::AlreadyEncrypted, message));
        }
        Ok(Self {
            format,
            file,
            text: Some(Secret::from(&**sources.text(file))),
            encoding: sources.encoding(file),
            branches,
        })
    }

    /// Reads what [`DecryptedFile::to_text_with_metadata`] gave and a person has changed. The metadata is
    /// left out.
    ///
    /// # Errors
    ///
    /// As [`EncryptedFile::load`].
    pub fn load_with_metadata(
        format: Format,
        sources: &mut Sources,
        file: FileId,
    ) -> Result<Self, LoadError> {
        sources.conceal(file, Visibility::Keys);
        sources.wipe_when_dropped(file);
        let (branches, _) = store::load_encrypted(format, sources, file)?;
        Ok(Self {
            format,
            file,
            text: None,
            encoding: sources.encoding(file),
            branches,
        })
    }

    /// A YAML plaintext that was changed here, with places in its new text; nothing when the text does
    /// not hold these branches.
    pub(crate) fn of_yaml(text: &[u8], branches: &[Branch]) -> Option<Self> {
        let mut sources = Sources::new();
        let file = sources.add("plaintext", text);
        let plain = Self::load(Format::Yaml, &mut sources, file).ok()?;
        (plain.branches == branches).then_some(plain)
    }

    /// The format of the text.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The text that this was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Its documents; one, except in YAML.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }
}

impl EncryptedFile {
    /// Reads an encrypted file, and conceals its text: it may not be encrypted at all.
    ///
    /// # Errors
    ///
    /// When the text does not have the format or its metadata is missing or damaged.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::sops::{EncryptedFile, Format, LoadErrorKind};
    /// use chartkit::source::Sources;
    ///
    /// let mut sources = Sources::new();
    /// let file = sources.add("secrets.yaml", *b"password: hunter2\n");
    /// let error = EncryptedFile::load(Format::Yaml, &mut sources, file).map(drop).unwrap_err();
    /// assert_eq!(error.kind(), LoadErrorKind::MetadataNotFound);
    /// ```
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `stores/*/store.go`, `LoadEncryptedFile`.
    pub fn load(format: Format, sources: &mut Sources, file: FileId) -> Result<Self, LoadError> {
        sources.conceal(file, Visibility::Keys);
        let (branches, metadata) = store::load_encrypted(format, sources, file)?;
        Ok(Self {
            format,
            file,
            text: Arc::clone(sources.text(file)),
            branches,
            metadata: Metadata::parse(metadata, file)?,
        })
    }

    /// The format of the text.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The text that this was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Its documents, with ciphertext; one, except in YAML.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// What the file says about its encryption.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl DecryptedFile {
    /// Its documents; one, except in YAML.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// What was noticed while decrypting: comments that seem never to have been encrypted.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The value at a path of the first document: a string as it is, a mapping as a file of its own,
    /// anything else as one value in the format.
    ///
    /// # Errors
    ///
    /// When there is nothing at the path, or the format cannot hold what is there.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/decrypt.go`, `extract`.
    pub fn extract(
        &self,
        path: &TreePath,
        format: Format,
        options: &StoreOptions,
    ) -> Result<Secret, ExtractError> {
        let mut branches = self.branches.clone();
        let Some(first) = branches.first_mut() else {
            return Err(ExtractError::Path(PathError::not_found(
                "there is no document",
            )));
        };
        let text = match path.find(first).map_err(ExtractError::Path)? {
            Value::Branch(branch) => {
                *first = branch;
                store::emit_plain(format, &branches, options)
            }
            Value::String(text) => return Ok(text),
            other => store::emit_value(format, &other, options),
        };
        text.map_err(ExtractError::Emit)
    }

    /// The plaintext together with the metadata of its file, for people to look at.
    ///
    /// # Errors
    ///
    /// When the format cannot hold it.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/edit.go`, `--show-master-keys`.
    pub fn to_text_with_metadata(
        &self,
        file: &EncryptedFile,
        options: &StoreOptions,
    ) -> Result<Secret, EmitError> {
        let fields = file.metadata.fields();
        store::emit_encrypted(file.format, &self.branches, fields, options).map(Secret::from)
    }

    /// The plaintext in a format.
    ///
    /// # Errors
    ///
    /// When the format cannot hold it.
    pub fn to_text(&self, format: Format, options: &StoreOptions) -> Result<Secret, EmitError> {
        match &self.text {
            Some(text) if format == self.format => Ok(text.clone()),
            _ => store::emit_plain(format, &self.branches, options),
        }
    }
}

/// Why [`DecryptedFile::extract`] has nothing to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// The path leads nowhere.
    #[error(transparent)]
    Path(PathError),
    /// The format cannot hold what is there.
    #[error(transparent)]
    Emit(EmitError),
}

impl fmt::Debug for PlainFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<plain file>")
    }
}

impl fmt::Debug for EncryptedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFile")
            .field("format", &self.format)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DecryptedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<decrypted file>")
    }
}
