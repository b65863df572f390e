//! What two versions of a file show about their data key, without any key.

use std::collections::HashSet;

use crate::sops::EncryptedFile;
use crate::sops::leaf;

/// What became of the data key between two versions of a file.
///
/// # Shape
///
/// Told from the text alone, for files that are in order: a file put together by hand can say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DataKeyChange {
    /// The data key is the same: a wrapped key, a value or the MAC has the same ciphertext in both, and
    /// ciphertext fits one key only.
    Kept,
    /// All wrapped keys and all ciphertexts differ, as after a rotation. Not proved: the same key, wrapped
    /// anew for everybody in a file where every value changed, looks like this too.
    Rotated,
    /// The versions have nothing that could be compared: no recipient and no encrypted path in both.
    Unclear,
}

impl DataKeyChange {
    /// Compares two versions.
    #[must_use]
    pub fn between(old: &EncryptedFile, new: &EncryptedFile) -> Self {
        let (old_keys, new_keys) = (wrapped_keys(old), wrapped_keys(new));
        let old_values = ciphertexts(old);
        let new_values = ciphertexts(new);
        let kept = new_keys.iter().any(|key| old_keys.contains(key))
            || new_values.iter().any(|value| old_values.contains(value));
        if kept {
            return Self::Kept;
        }
        let names = |keys: &HashSet<(String, String)>| -> HashSet<String> {
            keys.iter().map(|(name, _)| name.clone()).collect()
        };
        let places = |values: &HashSet<(String, String)>| -> HashSet<String> {
            values.iter().map(|(place, _)| place.clone()).collect()
        };
        let comparable = !names(&old_keys).is_disjoint(&names(&new_keys))
            || !places(&old_values).is_disjoint(&places(&new_values));
        if comparable {
            Self::Rotated
        } else {
            Self::Unclear
        }
    }
}

/// Each recipient with its wrapped key.
fn wrapped_keys(file: &EncryptedFile) -> HashSet<(String, String)> {
    let keys = file.metadata().key_groups().iter().flatten();
    keys.filter(|key| !key.enc.is_empty())
        .map(|key| (key.master_key.to_string(), key.enc.clone()))
        .collect()
}

/// Each ciphertext with what it is bound to, the MAC included.
fn ciphertexts(file: &EncryptedFile) -> HashSet<(String, String)> {
    let metadata = file.metadata();
    let mut found = HashSet::new();
    leaf::for_each(
        file.branches(),
        &metadata.selection_of_old_file(),
        &mut |leaf| {
            if leaf.content.ciphertext().is_some()
                && let Some(text) = leaf.content.text()
            {
                found.insert((leaf.path.additional_data(), text.to_owned()));
            }
        },
    );
    if !metadata.mac().is_empty() {
        // It is bound to the time, which is no place that two versions have in common.
        let mac = metadata.mac().to_owned();
        found.insert((mac.clone(), mac));
    }
    found
}
