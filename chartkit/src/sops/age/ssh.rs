//! Private keys of `OpenSSH` as identities.
//!
//! The `age` crate would ask for the passphrase of a protected key whatever a file is encrypted to.
//! Here the key is asked for only when a stanza names it: its public half stands in the clear.

use std::sync::OnceLock;

use age::DecryptError;
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::identity::{Identity, Setting, ask};
use crate::sops::{KeyError, Secret};

/// A private key protected by a passphrase.
pub(super) struct Protected {
    location: String,
    /// The public key as a stanza names it: the first four bytes of its SHA-256, in base64.
    tag: String,
    key: age::ssh::Identity,
    setting: Setting,
    /// The key, once the passphrase was asked for.
    opened: OnceLock<Result<age::ssh::Identity, KeyError>>,
}

/// The identity of a private key.
///
/// # Source
///
/// SOPS v3.13.3, `age/ssh_parse.go`, `parseSSHIdentityFromPrivateKeyFile`.
pub(super) fn parse(
    location: &str,
    text: &Secret,
    setting: &Setting,
) -> Result<Identity, KeyError> {
    let malformed = || {
        KeyError::new(
            "no SSH key that age can use, expected `-----BEGIN OPENSSH PRIVATE KEY-----` or `-----BEGIN \
             RSA PRIVATE KEY-----`",
        )
    };
    let text = text.as_str().ok_or_else(malformed)?;
    let armor = &text[text.find("-----BEGIN").ok_or_else(malformed)?..];
    let key = age::ssh::Identity::from_buffer(armor.as_bytes(), None).map_err(|_| malformed())?;
    match &key {
        age::ssh::Identity::Unencrypted(_) => Ok(Identity::Ssh(Box::new(key))),
        age::ssh::Identity::Encrypted(_) => Ok(Identity::ProtectedSsh(Box::new(Protected {
            location: location.to_owned(),
            tag: tag_of(&public_key(armor).ok_or_else(malformed)?),
            key,
            setting: setting.clone(),
            opened: OnceLock::new(),
        }))),
        age::ssh::Identity::Unsupported(_) => Err(KeyError::new(
            "an SSH key of a kind, or protected in a way, that age cannot use; `ssh-keygen -p -f FILE` \
             renews the protection of old keys",
        )),
    }
}

impl Protected {
    /// Why the key could not be opened.
    pub(super) fn problem(&self) -> Option<&KeyError> {
        self.opened.get()?.as_ref().err()
    }

    pub(super) fn unwrap_stanzas(
        &self,
        stanzas: &[Stanza],
    ) -> Option<Result<FileKey, DecryptError>> {
        let named = |stanza: &&Stanza| {
            stanza.tag.starts_with("ssh-") && stanza.args.first() == Some(&self.tag)
        };
        let stanza = stanzas.iter().find(named)?;
        // A failure is no reason to stop: another identity may fit. It is told by `problem`.
        let key = self.opened.get_or_init(|| self.open()).as_ref().ok()?;
        age::Identity::unwrap_stanza(key, stanza)
    }

    fn open(&self) -> Result<age::ssh::Identity, KeyError> {
        let passphrase = ask(&self.setting, &self.location)?;
        match &self.key {
            age::ssh::Identity::Encrypted(key) => key
                .decrypt(passphrase)
                .map(age::ssh::Identity::Unencrypted)
                .map_err(|_| KeyError::new("incorrect passphrase")),
            _ => Err(KeyError::new("the SSH key is not protected")),
        }
    }
}

fn tag_of(public_key: &[u8]) -> String {
    STANDARD_NO_PAD.encode(&Sha256::digest(public_key)[..4])
}

/// The public key in an armor of `OpenSSH`, which is not encrypted.
fn public_key(armor: &str) -> Option<Vec<u8>> {
    let mut lines = armor.lines();
    let base64: String = lines
        .by_ref()
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    let blob = STANDARD.decode(base64).ok()?;
    let mut rest = blob.strip_prefix(b"openssh-key-v1\0")?;
    // The cipher, how its key is made, and with which salt.
    for _ in 0..3 {
        (_, rest) = take_string(rest)?;
    }
    let (_count, rest) = rest.split_at_checked(4)?;
    take_string(rest).map(|(public_key, _)| public_key.to_vec())
}

/// Bytes behind their length in four bytes, and what follows.
fn take_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
