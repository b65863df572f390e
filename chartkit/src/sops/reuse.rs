//! Ciphertext of values that stay as they are.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::sops::Value;
use crate::sops::cipher::plain_text;

/// The ciphertexts of a file by what they hold and where they belong.
///
/// A value that is encrypted anew under the same key path gets its old ciphertext, so that a change of
/// one value changes one line. Only to be used with the data key that the ciphertexts were made with.
///
/// DIFFERENCE: of equal values under one key path, SOPS gives all the nonce of the last.
#[derive(Clone, Default)]
pub(crate) struct Reuse(BTreeMap<[u8; 32], VecDeque<String>>);

impl Reuse {
    pub(crate) fn put(&mut self, value: &Value, additional_data: &str, ciphertext: &str) {
        let texts = self.0.entry(digest(value, additional_data)).or_default();
        texts.push_back(ciphertext.to_owned());
    }

    /// Adds those of another file under the same data key, to be used after those that are here.
    pub(crate) fn append(&mut self, other: &Self) {
        for (digest, texts) in &other.0 {
            let known = self.0.entry(*digest).or_default();
            known.extend(texts.iter().cloned());
        }
    }

    pub(crate) fn take(&mut self, value: &Value, additional_data: &str) -> Option<String> {
        self.0.get_mut(&digest(value, additional_data))?.pop_front()
    }
}

/// Names a value at a place without keeping the value.
pub(crate) fn digest(value: &Value, additional_data: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(value.type_name());
    hash.update((additional_data.len() as u64).to_le_bytes());
    hash.update(additional_data);
    hash.update(plain_text(value));
    hash.finalize().into()
}
