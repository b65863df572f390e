//! The formats of files: text into branches, branches into text.
//!
//! A *store*, SOPS's word, reads and writes one format. What is encrypted and how is not its business.

pub(crate) mod binary;
pub(crate) mod dotenv;
mod error;
pub(crate) mod flatten;
#[cfg(test)]
mod golden;
pub(crate) mod ini;
pub(crate) mod json;
mod metadata;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod yaml;

pub(crate) use text::flat_text;

pub use error::{EmitError, EmitErrorKind, LoadError, LoadErrorKind};

use crate::sops::{Branch, Format, Secret, Value};
use crate::source::{FileId, Sources};

/// The key under which the metadata stands, except in dotenv files.
pub(crate) const METADATA_KEY: &str = "sops";

/// What the keys of the metadata start with in dotenv files.
pub(crate) const METADATA_PREFIX: &str = "sops_";

/// How text is laid out where a store writes it anew: the `stores` section of `.sops.yaml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Blanks a level of YAML; nothing counts as 4, numbers below 2 or above 9 as 2.
    pub yaml_indent: Option<i64>,
    /// Blanks a level of JSON; nothing and -1 stand for a tab.
    pub json_indent: Option<i64>,
    /// The same for encrypted binary files.
    pub json_binary_indent: Option<i64>,
}

/// The branches of a plaintext file.
///
/// # Errors
///
/// See [`LoadErrorKind`].
pub(crate) fn load_plain(
    format: Format,
    sources: &Sources,
    file: FileId,
) -> Result<Vec<Branch>, LoadError> {
    match format {
        Format::Yaml => yaml::load(sources, file),
        Format::Json => json::load(sources, file).map(|branch| vec![branch]),
        Format::Binary => Ok(vec![binary::load(sources, file)]),
        Format::Dotenv => dotenv::load(sources, file).map(|branch| vec![branch]),
        Format::Ini => ini::load(sources, file).map(|branch| vec![branch]),
    }
}

/// The branches of an encrypted file without its metadata, and the metadata as a mapping.
///
/// # Errors
///
/// See [`LoadErrorKind`]; [`LoadErrorKind::MetadataNotFound`] when the file is not encrypted.
pub(crate) fn load_encrypted(
    format: Format,
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Branch>, Branch), LoadError> {
    match format {
        Format::Yaml => yaml::load_encrypted(sources, file),
        Format::Json | Format::Binary => json::load_encrypted(sources, file),
        Format::Dotenv => dotenv::load_encrypted(sources, file),
        Format::Ini => ini::load_encrypted(sources, file),
    }
}

/// The text of a plaintext file.
///
/// # Errors
///
/// When the format cannot hold the branches.
pub(crate) fn emit_plain(
    format: Format,
    branches: &[Branch],
    options: &StoreOptions,
) -> Result<Secret, EmitError> {
    match format {
        Format::Yaml => yaml::emit(branches, options),
        Format::Json => json::emit(branches, options.json_indent),
        Format::Binary => binary::emit(branches),
        Format::Dotenv => dotenv::emit(branches),
        Format::Ini => ini::emit(branches),
    }
}

/// The text of an encrypted file.
///
/// # Errors
///
/// When the format cannot hold the branches, or when they have a key that is the metadata's.
pub(crate) fn emit_encrypted(
    format: Format,
    branches: &[Branch],
    metadata: &Branch,
    options: &StoreOptions,
) -> Result<Vec<u8>, EmitError> {
    match format {
        Format::Yaml => yaml::emit_encrypted(branches, metadata, options),
        Format::Json => json::emit_encrypted(branches, metadata, options.json_indent),
        Format::Binary => json::emit_encrypted(branches, metadata, options.json_binary_indent),
        Format::Dotenv => dotenv::emit_encrypted(branches, metadata),
        Format::Ini => ini::emit_encrypted(branches, metadata),
    }
}

/// One value on its own, as `--extract` prints what is no string.
///
/// # Errors
///
/// When the format cannot hold the value.
pub(crate) fn emit_value(
    format: Format,
    value: &Value,
    options: &StoreOptions,
) -> Result<Secret, EmitError> {
    match format {
        Format::Yaml => yaml::emit_value(value),
        Format::Json => json::emit_value(value, options.json_indent),
        Format::Binary => binary::emit_value(value),
        Format::Dotenv => dotenv::emit_value(value),
        Format::Ini => ini::emit_value(value),
    }
}

/// Whether a plaintext holds a key that only the metadata may have: it is encrypted already.
pub(crate) fn has_metadata_key(format: Format, branch: &Branch) -> bool {
    let mut keys = super::tree::entries(branch).map(|entry| entry.key.as_str());
    match format {
        Format::Dotenv => keys.any(|key| key.starts_with(METADATA_PREFIX)),
        Format::Binary => false,
        Format::Ini | Format::Json | Format::Yaml => keys.any(|key| key == METADATA_KEY),
    }
}
