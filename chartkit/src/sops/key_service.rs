//! The one joint between files and the keys that open them.

use std::fmt;

use crate::sops::{MasterKey, Secret};

/// Encrypts and decrypts data keys with master keys.
///
/// The library has services for age identities and, at the edge, for AWS KMS and `gpg`; a program
/// that holds its keys elsewhere implements this trait. Services are asked one after the other.
pub trait KeyService: Send + Sync {
    /// The data key encrypted with a master key, in the form of the metadata's `enc`.
    ///
    /// Nothing when this service does not know that kind of key: the next one is asked.
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>>;

    /// The data key that a metadata's `enc` holds.
    ///
    /// Nothing when this service does not know that kind of key: the next one is asked.
    fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>>;
}

/// Why a master key could not be used.
///
/// Names keys and places, never their contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    message: String,
}

impl KeyError {
    /// What failed and what would work, as a phrase.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for KeyError {}
