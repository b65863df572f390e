//! Where the metadata stands in a file.
//!
//! Must not know what it says: any mapping will do.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/metadata.go`.

use super::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, METADATA_KEY};
use crate::sops::tree::entries;
use crate::sops::{Branch, Item, Value};
use crate::source::FileId;

/// Takes the entry `sops` out of the one branch of a file.
///
/// # Errors
///
/// When it is not there or empty, twice there, or no mapping.
///
/// # Source
///
/// `ExtractMetadata`.
pub(super) fn take_metadata(branch: &mut Branch, file: FileId) -> Result<Branch, LoadError> {
    let is_metadata = |item: &mut Item| match item {
        Item::Entry(entry) => entry.key == METADATA_KEY,
        Item::Comment(_) => false,
    };
    let mut found = None;
    for item in branch.extract_if(.., is_metadata) {
        let Item::Entry(entry) = item else { continue };
        let error = |message: String| {
            let error = LoadError::new(LoadErrorKind::Metadata, message);
            match entry.key_at {
                Some(at) => error.at(file, at.span),
                None => error,
            }
        };
        let type_name = entry.value.value.type_name();
        let Value::Branch(metadata) = entry.value.value else {
            return Err(error(format!(
                "found a {type_name} as `{METADATA_KEY}`, expected a mapping"
            )));
        };
        if found.is_some() {
            return Err(error(format!(
                "found `{METADATA_KEY}` a second time, expected it once"
            )));
        }
        found = Some(metadata);
    }
    let found = found.filter(|metadata| !metadata.is_empty());
    found.ok_or_else(not_encrypted)
}

/// The file has no metadata.
pub(super) fn not_encrypted() -> LoadError {
    let message = "found no SOPS metadata, expected an encrypted file";
    LoadError::new(LoadErrorKind::MetadataNotFound, message)
}

/// Refuses keys at the top that would be taken for metadata.
///
/// # Source
///
/// `SerializeMetadata`.
pub(super) fn refuse_reserved(
    branches: &[Branch],
    is_reserved: impl Fn(&str) -> bool,
) -> Result<(), EmitError> {
    let mut keys = branches.iter().flat_map(entries).map(|entry| &entry.key);
    match keys.find(|key| is_reserved(key)) {
        None => Ok(()),
        Some(key) => {
            let message = format!("found the key `{key}`, which is reserved for SOPS metadata");
            Err(EmitError::new(EmitErrorKind::ReservedKey, message))
        }
    }
}
