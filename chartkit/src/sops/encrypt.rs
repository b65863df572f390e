//! Plaintext and a data key into an encrypted file.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic};
use crate::sops::cipher::{Cipher, NONCE_SIZE};
use crate::sops::crypt::{self, Leaf, LeafPlace, Mac};
use crate::sops::layout::{self, Plaintext, Sealer};
use crate::sops::metadata::{Metadata, Settings};
use crate::sops::reread;
use crate::sops::reuse::Reuse;
use crate::sops::selection::Selection;
use crate::sops::store::{self, EmitError, StoreOptions};
use crate::sops::{
    Branch, Comment, DataKey, EncryptedDataKey, Format, PlainFile, Secret, SelectionError, Value,
};
use crate::time::Timestamp;

/// What a change of an encrypted file needs from outside: the time and randomness.
pub struct Moment<'m> {
    /// What the file will say in `lastmodified`.
    pub now: Timestamp,
    /// Fills a slice with random bytes that nobody can guess; used for nonces.
    pub random: &'m mut dyn FnMut(&mut [u8]),
}

impl fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// How to encrypt a file.
#[derive(Clone, Debug)]
pub struct EncryptOptions {
    /// What is encrypted, and how the file is opened again.
    pub settings: Settings,
    /// The format of the encrypted file; usually that of the plaintext.
    pub format: Format,
    /// How text is laid out where it is written anew.
    pub store: StoreOptions,
}

/// Encrypts a file.
///
/// # Shape
///
/// `key_groups` hold the data key `key` as encrypted for each master key; see
/// [`wrap`](super::wrap).
///
/// # Errors
///
/// See [`EncryptErrorKind`].
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/encrypt.go`; `sops.go`, `Tree.Encrypt`.
pub fn encrypt(
    plain: &PlainFile,
    key: &DataKey,
    key_groups: Vec<Vec<EncryptedDataKey>>,
    options: &EncryptOptions,
    moment: &mut Moment<'_>,
) -> Result<Vec<u8>, EncryptError> {
    let mut metadata = Metadata::new(&options.settings, key_groups);
    if plain.format == Format::Binary {
        // It is encrypted as a whole, and SOPS writes no rule.
        metadata.put_or_remove(metadata.rule().as_str(), None);
    }
    let reuse = &mut Reuse::default();
    encrypt_with(
        plain,
        key,
        &mut metadata,
        reuse,
        options.format,
        &options.store,
        moment,
    )
}

/// Encrypts a plaintext under metadata that is there; ciphertext of `reuse` stays.
pub(crate) fn encrypt_with(
    plain: &PlainFile,
    key: &DataKey,
    metadata: &mut Metadata,
    reuse: &mut Reuse,
    format: Format,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Vec<u8>, EncryptError> {
    let sealed = seal(&plain.branches, key, metadata, reuse, moment)?;
    if let (Format::Yaml, Format::Yaml, Some(text)) = (format, plain.format, &plain.text) {
        // What is laid out anew might be nothing: a mistake is one all the same, as in SOPS.
        store::yaml::style(options)?;
        let plaintext = Plaintext {
            text: text.expose(),
            encoding: plain.encoding,
            plain: &plain.branches,
            sealed: &sealed,
        };
        let mut sealer = Sealer {
            cipher: &Cipher::new(key),
            reuse,
            moment,
        };
        let text = layout::write(&plaintext, metadata, &mut sealer, options)?;
        reread::check_comments(format, &text, key)?;
        return Ok(text);
    }
    let text = emit(format, &sealed, metadata, options)?;
    reread::check_comments(format, &text, key)?;
    Ok(text)
}

/// The text of an encrypted file as SOPS lays it out.
///
/// DIFFERENCE: SOPS also writes what it cannot read again.
pub(crate) fn emit(
    format: Format,
    sealed: &[Branch],
    metadata: &Metadata,
    options: &StoreOptions,
) -> Result<Vec<u8>, EmitError> {
    let sealed = layout::with_comments_as_items(sealed);
    let text = store::emit_encrypted(format, &sealed, metadata.fields(), options)?;
    reread::check(format, &text, &sealed)?;
    Ok(text)
}

/// The branches with ciphertext; the metadata gets time and MAC.
pub(crate) fn seal(
    plain: &[Branch],
    key: &DataKey,
    metadata: &mut Metadata,
    reuse: &mut Reuse,
    moment: &mut Moment<'_>,
) -> Result<Vec<Branch>, EncryptError> {
    let mut branches = plain.to_vec();
    let selection = metadata.selection().map_err(Repr::Selection)?;
    let cipher = Cipher::new(key);
    let mut mac = Mac::new(metadata.mac_only_encrypted());
    crypt::walk(&mut branches, &selection, &mut |leaf: Leaf<'_>| {
        let mut encrypt = |value: &Value| -> String {
            let known = reuse.take(value, leaf.additional_data);
            known.unwrap_or_else(|| cipher.encrypt(value, leaf.additional_data, &nonce(moment)))
        };
        match leaf.place {
            LeafPlace::Comment(comment) => {
                if leaf.is_encrypted {
                    // Whether it stands behind a value makes no other text of it.
                    let value = Value::Comment(Comment::new(comment.text.clone()));
                    let text = encrypt(&value);
                    check_comment(&selection, &text)?;
                    comment.text = Secret::from(text);
                }
            }
            LeafPlace::Node(node) => {
                mac.add(&node.value, leaf.is_encrypted);
                if leaf.is_encrypted {
                    let text = encrypt(&node.value);
                    match &mut node.value {
                        // The store makes an item of it if it must.
                        Value::Comment(comment) => {
                            check_comment(&selection, &text)?;
                            comment.text = Secret::from(text);
                        }
                        other => *other = Value::string(text),
                    }
                }
            }
        }
        Ok::<(), EncryptError>(())
    })?;
    let now = Timestamp::from_unix(moment.now.unix_seconds(), 0);
    let mac = mac.finish();
    let additional_data = now.to_string();
    let mac = cipher.seal(mac.as_bytes(), "str", &additional_data, &nonce(moment));
    metadata.set_mac(now, mac);
    Ok(branches)
}

pub(crate) fn nonce(moment: &mut Moment<'_>) -> [u8; NONCE_SIZE] {
    let mut nonce = [0; NONCE_SIZE];
    (moment.random)(&mut nonce);
    nonce
}

/// Ciphertext must not look like a comment that keeps what follows in plain text.
fn check_comment(selection: &Selection, text: &str) -> Result<(), EncryptError> {
    if selection.matches_comment(text) {
        Err(Repr::CommentClash.into())
    } else {
        Ok(())
    }
}

/// Why a file cannot be encrypted.
///
/// Names key paths, never values.
#[derive(Debug)]
pub struct EncryptError(Repr);

/// The kinds of [`EncryptError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EncryptErrorKind {
    /// The rule that says what is encrypted has a mistake, or takes ciphertext for plaintext.
    Selection,
    /// The format cannot hold the tree.
    Emit,
}

#[derive(Debug)]
enum Repr {
    Selection(SelectionError),
    CommentClash,
    Emit(EmitError),
}

impl EncryptError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> EncryptErrorKind {
        match self.0 {
            Repr::Selection(_) | Repr::CommentClash => EncryptErrorKind::Selection,
            Repr::Emit(_) => EncryptErrorKind::Emit,
        }
    }
}

impl From<Repr> for EncryptError {
    fn from(repr: Repr) -> Self {
        Self(repr)
    }
}

impl From<EmitError> for EncryptError {
    fn from(error: EmitError) -> Self {
        Self(Repr::Emit(error))
    }
}

impl fmt::Display for EncryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Selection(cause) => write!(f, "{cause}"),
            Repr::CommentClash => f.write_str(
                "`unencrypted_comment_regex` matches the text of an encrypted comment, so that the \
                 file could not be decrypted: choose one that cannot match base64",
            ),
            Repr::Emit(cause) => write!(f, "{cause}"),
        }
    }
}

impl std::error::Error for EncryptError {}

impl From<&EncryptError> for Diagnostic {
    fn from(error: &EncryptError) -> Self {
        Self::error(Code::Unencryptable, error.to_string())
    }
}
