//! An encrypted file and its data key into plaintext.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic};
use crate::sops::cipher::{Cipher, CipherError};
use crate::sops::crypt::{self, Leaf, LeafPlace, Mac, is_same_mac};
use crate::sops::layout;
use crate::sops::reuse::Reuse;
use crate::sops::{Comment, DataKey, DecryptedFile, EncryptedFile, Format, Value};
use crate::source::{FileId, Span};

/// How to decrypt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecryptOptions {
    /// Do not look at the MAC: the file may have been changed by someone without the key.
    pub ignore_mac: bool,
}

/// Decrypts all values of a file and checks its MAC.
///
/// # Properties
///
/// The inverse of [`encrypt`](super::encrypt): the same tree comes back.
///
/// # Errors
///
/// See [`DecryptErrorKind`]. No plaintext is returned when the MAC does not match.
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/common/common.go`, `DecryptTree`; `sops.go`, `Tree.Decrypt`.
pub fn decrypt(
    file: &EncryptedFile,
    key: &DataKey,
    options: &DecryptOptions,
) -> Result<DecryptedFile, DecryptError> {
    let metadata = &file.metadata;
    if !metadata.has_valid_version() {
        return Err(DecryptError::new(file, Repr::Version));
    }
    let mut diagnostics = Vec::new();
    let selection = metadata.selection().unwrap_or_else(|error| {
        let message = format!("{error}: to SOPS it never matches, and so neither here");
        let diagnostic = Diagnostic::warning(Code::InvalidMetadata, message);
        diagnostics.push(diagnostic.at(file.file, Span::default(), ""));
        metadata.selection_of_old_file()
    });
    let cipher = Cipher::new(key);
    let mut mac = Mac::new(metadata.mac_only_encrypted());
    let mut decrypted = DecryptedFile {
        format: file.format,
        text: None,
        branches: file.branches.clone(),
        reuse: Reuse::default(),
        diagnostics,
    };
    let mut branches = std::mem::take(&mut decrypted.branches);
    crypt::walk(&mut branches, &selection, &mut |leaf: Leaf<'_>| {
        decrypt_leaf(file, &cipher, &mut mac, &mut decrypted, leaf)
    })?;
    decrypted.branches = branches;
    if !options.ignore_mac {
        check_mac(file, &cipher, &mac.finish())?;
    }
    if file.format == Format::Yaml {
        let DecryptedFile {
            branches, reuse, ..
        } = &mut decrypted;
        decrypted.text = layout::read(&file.text, metadata, branches, &cipher, reuse);
    }
    Ok(decrypted)
}

fn decrypt_leaf(
    file: &EncryptedFile,
    cipher: &Cipher,
    mac: &mut Mac,
    decrypted: &mut DecryptedFile,
    leaf: Leaf<'_>,
) -> Result<(), DecryptError> {
    let at = leaf.place.at();
    let additional_data = leaf.additional_data;
    let wrong = |cause| {
        DecryptError::new(
            file,
            Repr::Value {
                path: path_text(additional_data),
                span: at.map(|at| at.span),
                cause,
            },
        )
    };
    match leaf.place {
        LeafPlace::Comment(comment) => {
            if leaf.is_encrypted {
                decrypt_comment(file, cipher, decrypted, comment, additional_data);
            }
        }
        LeafPlace::Node(node) => {
            if leaf.is_encrypted {
                match &mut node.value {
                    Value::Comment(comment) => {
                        decrypt_comment(file, cipher, decrypted, comment, additional_data);
                    }
                    Value::String(text) => {
                        let ciphertext = text.as_str().ok_or(wrong(WrongValue::NotText))?;
                        let value = cipher
                            .decrypt(ciphertext, additional_data)
                            .map_err(|cause| wrong(WrongValue::Cipher(cause)))?;
                        decrypted.reuse.put(&value, additional_data, ciphertext);
                        node.value = value;
                    }
                    other => return Err(wrong(WrongValue::Type(other.type_name()))),
                }
            }
            mac.add(&node.value, leaf.is_encrypted);
        }
    }
    Ok(())
}

/// A comment that cannot be decrypted counts as one that never was encrypted, as in SOPS.
fn decrypt_comment(
    file: &EncryptedFile,
    cipher: &Cipher,
    decrypted: &mut DecryptedFile,
    comment: &mut Comment,
    additional_data: &str,
) {
    // Without a text it has no ciphertext, and is as it was.
    if comment.text.is_empty() {
        return;
    }
    let ciphertext = comment.text.as_str().unwrap_or_default();
    if let Ok(Value::Comment(Comment { text, .. }) | Value::String(text)) =
        cipher.decrypt(ciphertext, additional_data)
    {
        let value = Value::Comment(Comment::new(text.clone()));
        decrypted.reuse.put(&value, additional_data, ciphertext);
        comment.text = text;
        comment.inline = false;
    } else {
        let message = "found a comment that is not encrypted, or that someone has changed";
        let diagnostic = Diagnostic::warning(Code::PlainComment, message);
        decrypted.diagnostics.push(match comment.at {
            Some(at) => diagnostic.at(file.file, at.span, ""),
            None => diagnostic,
        });
    }
}

fn check_mac(file: &EncryptedFile, cipher: &Cipher, computed: &str) -> Result<(), DecryptError> {
    let metadata = &file.metadata;
    if metadata.mac().is_empty() {
        return Err(DecryptError::new(file, Repr::MacMissing));
    }
    match cipher.decrypt(metadata.mac(), &metadata.mac_additional_data()) {
        Ok(Value::String(mac)) if is_same_mac(mac.expose(), computed.as_bytes()) => Ok(()),
        Ok(_) => Err(DecryptError::new(file, Repr::MacMismatch)),
        Err(cause) => Err(DecryptError::new(file, Repr::MacUnreadable(cause))),
    }
}

/// The keys of additional data, for messages.
pub(crate) fn path_text(additional_data: &str) -> String {
    let keys = additional_data.strip_suffix(':').unwrap_or(additional_data);
    keys.replace(':', ".")
}

/// Why a file cannot be decrypted.
///
/// Names key paths, never values.
#[derive(Debug)]
pub struct DecryptError {
    file: FileId,
    repr: Repr,
}

/// The kinds of [`DecryptError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DecryptErrorKind {
    /// The metadata does not say which version of SOPS made the file.
    Version,
    /// A value is not encrypted where it must be, or its ciphertext is damaged.
    Value,
    /// There is no MAC, it is damaged, or it belongs to other values: something was changed by hand,
    /// added, removed or reordered.
    Mac,
}

#[derive(Debug)]
enum Repr {
    Version,
    Value {
        path: String,
        span: Option<Span>,
        cause: WrongValue,
    },
    MacMissing,
    MacUnreadable(CipherError),
    MacMismatch,
}

#[derive(Debug)]
enum WrongValue {
    NotText,
    Type(&'static str),
    Cipher(CipherError),
}

impl DecryptError {
    fn new(file: &EncryptedFile, repr: Repr) -> Self {
        Self {
            file: file.file,
            repr,
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> DecryptErrorKind {
        match self.repr {
            Repr::Version => DecryptErrorKind::Version,
            Repr::Value { .. } => DecryptErrorKind::Value,
            Repr::MacMissing | Repr::MacUnreadable(_) | Repr::MacMismatch => DecryptErrorKind::Mac,
        }
    }

    /// Where, if it is about one value.
    #[must_use]
    pub fn location(&self) -> Option<(FileId, Span)> {
        match self.repr {
            Repr::Value { span, .. } => Some((self.file, span?)),
            _ => None,
        }
    }
}

impl fmt::Display for DecryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repr {
            Repr::Version => f.write_str(
                "the `version` in the metadata is missing or no version, expected one such as `3.13.3`",
            ),
            Repr::Value { path, cause, .. } => {
                write!(f, "cannot decrypt `{path}`: ")?;
                match cause {
                    WrongValue::NotText => f.write_str("found bytes that are no text"),
                    WrongValue::Type(found) => {
                        write!(f, "found a plain {found}, expected ciphertext")
                    }
                    WrongValue::Cipher(cause) => write!(f, "{cause}"),
                }
            }
            Repr::MacMissing => f.write_str("the file has no MAC: nothing says whether it is whole"),
            Repr::MacUnreadable(cause) => write!(
                f,
                "cannot decrypt the MAC, perhaps because `lastmodified` was changed: {cause}"
            ),
            Repr::MacMismatch => f.write_str(
                "the MAC belongs to other values: one was changed, added, removed or moved without \
                 the key",
            ),
        }
    }
}

impl std::error::Error for DecryptError {}

impl From<&DecryptError> for Diagnostic {
    fn from(error: &DecryptError) -> Self {
        let code = match error.kind() {
            DecryptErrorKind::Version => Code::InvalidMetadata,
            DecryptErrorKind::Value => Code::Undecryptable,
            DecryptErrorKind::Mac => Code::MacMismatch,
        };
        let diagnostic = Self::error(code, error.to_string());
        match error.location() {
            Some((file, span)) => diagnostic.at(file, span, ""),
            None => diagnostic.at(error.file, Span::default(), ""),
        }
    }
}
