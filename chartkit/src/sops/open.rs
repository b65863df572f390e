//! From an encrypted file and the keys at hand to its plaintext, in one step.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic};
use crate::sops::{
    DataKey, DataKeyError, DecryptError, DecryptOptions, DecryptedFile, EncryptedFile, KeyService,
    KeyType, decrypt, retrieve,
};

/// The data key of a file, and what it holds.
///
/// # Errors
///
/// See [`OpenError`].
pub fn open(
    file: &EncryptedFile,
    services: &[&dyn KeyService],
    order: &[KeyType],
    options: &DecryptOptions,
) -> Result<(DataKey, DecryptedFile), OpenError> {
    let metadata = file.metadata();
    let groups = metadata.key_groups();
    let key = retrieve(groups, metadata.shamir_threshold(), services, order)
        .map_err(|error| OpenError::DataKey(Box::new(error)))?;
    let decrypted = decrypt(file, &key, options).map_err(OpenError::Decrypt)?;
    Ok((key, decrypted))
}

/// Why [`open`] gives nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// No key opens the file.
    DataKey(Box<DataKeyError>),
    /// The file is damaged.
    Decrypt(DecryptError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataKey(error) => write!(f, "{error}"),
            Self::Decrypt(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<&OpenError> for Diagnostic {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::DataKey(error) => {
                Self::error(Code::NoKey, error.to_string()).help(error.report())
            }
            OpenError::Decrypt(error) => Self::from(error),
        }
    }
}
