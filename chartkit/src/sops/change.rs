//! Changes of encrypted files: values, keys, the data key.
//!
//! Every change keeps what it is not about: ciphertext of values that stay, comments, layout. Each
//! function gives the new text of the file, or nothing when there is nothing to change.

use crate::sops::encrypt::{emit, encrypt_with, seal};
use crate::sops::layout;
use crate::sops::path::{PathError, TreePath};
use crate::sops::reread;
use crate::sops::reuse::Reuse;
use crate::sops::store::StoreOptions;
use crate::sops::tree;
use crate::sops::{
    Branch, DataKey, DecryptedFile, EncryptError, EncryptedDataKey, EncryptedFile, Format,
    Metadata, Moment, PlainFile, Value,
};

/// The file with another value at a path of its first document.
///
/// # Errors
///
/// See [`ChangeError`].
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/set.go`, which encrypts the MAC anew even when the value is the same.
pub fn set(
    file: &EncryptedFile,
    decrypted: &DecryptedFile,
    key: &DataKey,
    path: &TreePath,
    value: Value,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Option<Vec<u8>>, ChangeError> {
    let mut branches = decrypted.branches.clone();
    let first = branches.first_mut().ok_or_else(no_document)?;
    if !path.set(first, value).map_err(ChangeError::Path)? {
        return Ok(None);
    }
    reseal(file, decrypted, key, &branches, options, moment)
}

/// The file without the value at a path of its first document.
///
/// # Errors
///
/// See [`ChangeError`].
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/unset.go`.
pub fn unset(
    file: &EncryptedFile,
    decrypted: &DecryptedFile,
    key: &DataKey,
    path: &TreePath,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Option<Vec<u8>>, ChangeError> {
    let mut branches = decrypted.branches.clone();
    let first = branches.first_mut().ok_or_else(no_document)?;
    path.unset(first).map_err(ChangeError::Path)?;
    reseal(file, decrypted, key, &branches, options, moment)
}

/// The file with other plaintext, such as an editor gives back.
///
/// # Properties
///
/// The same plaintext gives nothing to write.
///
/// # Errors
///
/// See [`ChangeError`].
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/edit.go`.
pub fn edit(
    file: &EncryptedFile,
    decrypted: &DecryptedFile,
    key: &DataKey,
    plain: &PlainFile,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Option<Vec<u8>>, ChangeError> {
    // The same text is the same plaintext, also where JSON reads 1.0 back as 1.
    let shown = decrypted.to_text(file.format, options).ok();
    if plain.format == file.format && plain.text.is_some() && shown == plain.text {
        return Ok(None);
    }
    let (Some(_), Some(_)) = (&decrypted.text, &plain.text) else {
        let mut branches = plain.branches.clone();
        tree::forget_places(&mut branches);
        return reseal(file, decrypted, key, &branches, options, moment);
    };
    let mut metadata = file.metadata.clone();
    let (reuse, format) = (&mut decrypted.reuse.clone(), file.format);
    let text = encrypt_with(plain, key, &mut metadata, reuse, format, options, moment)?;
    Ok(Some(text))
}

/// The file with all values encrypted anew, with another data key.
///
/// # Shape
///
/// `key_groups` hold the new data key.
///
/// # Errors
///
/// See [`ChangeError`].
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/rotate.go`.
pub fn rotate(
    file: &EncryptedFile,
    decrypted: &DecryptedFile,
    key: &DataKey,
    key_groups: Vec<Vec<EncryptedDataKey>>,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Vec<u8>, ChangeError> {
    let mut metadata = file.metadata.clone();
    let threshold = metadata.shamir_threshold();
    metadata.set_key_groups(key_groups, threshold);
    let reuse = &mut Reuse::default();
    let text = decrypted.text.as_ref();
    let plain = text.and_then(|text| PlainFile::of_yaml(text.expose(), &decrypted.branches));
    if let Some(plain) = plain {
        let format = file.format;
        return Ok(encrypt_with(
            &plain,
            key,
            &mut metadata,
            reuse,
            format,
            options,
            moment,
        )?);
    }
    let branches = seal(&decrypted.branches, key, &mut metadata, reuse, moment)?;
    let text = write(file, &branches, &metadata, options)?;
    reread::check_comments(file.format, &text, key).map_err(EncryptError::from)?;
    Ok(text)
}

/// The file for other keys: the same data key and values.
///
/// # Shape
///
/// `key_groups` hold the data key of the file. Entries that are there already stay as they are.
///
/// # Errors
///
/// See [`ChangeError`].
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/subcommand/updatekeys`, `cmd/sops/subcommand/groups`.
pub fn update_keys(
    file: &EncryptedFile,
    key_groups: Vec<Vec<EncryptedDataKey>>,
    shamir_threshold: usize,
    options: &StoreOptions,
) -> Result<Vec<u8>, ChangeError> {
    let mut metadata = file.metadata.clone();
    metadata.set_key_groups(key_groups, shamir_threshold);
    write(file, &file.branches, &metadata, options)
}

/// Encrypts what has changed; nothing when nothing has.
fn reseal(
    file: &EncryptedFile,
    decrypted: &DecryptedFile,
    key: &DataKey,
    plain: &[Branch],
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Option<Vec<u8>>, ChangeError> {
    if *plain == decrypted.branches {
        return Ok(None);
    }
    let metadata = file.metadata.clone();
    let with = (metadata, decrypted.reuse.clone());
    reseal_with(file, decrypted, key, plain, with, options, moment).map(Some)
}

/// The text of the file with another tree, under other metadata; what is in `reuse` keeps its ciphertext.
pub(crate) fn reseal_with(
    file: &EncryptedFile,
    decrypted: &DecryptedFile,
    key: &DataKey,
    plain: &[Branch],
    (mut metadata, mut reuse): (Metadata, Reuse),
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Vec<u8>, ChangeError> {
    if let Some(text) = &decrypted.text {
        let text = layout::change(text, &decrypted.branches, plain);
        if let Some(plain) = text.and_then(|text| PlainFile::of_yaml(text.expose(), plain)) {
            let (reuse, format) = (&mut reuse, file.format);
            let text = encrypt_with(&plain, key, &mut metadata, reuse, format, options, moment)?;
            return Ok(text);
        }
        // A layout that cannot hold the change is given up.
        layout::forget(&mut metadata);
    }
    let branches = seal(plain, key, &mut metadata, &mut reuse, moment)?;
    let text = write(file, &branches, &metadata, options)?;
    reread::check_comments(file.format, &text, key).map_err(EncryptError::from)?;
    Ok(text)
}

/// The text of the file with another tree: YAML keeps its layout, the other formats their indentation.
fn write(
    file: &EncryptedFile,
    sealed: &[Branch],
    metadata: &Metadata,
    options: &StoreOptions,
) -> Result<Vec<u8>, ChangeError> {
    let mut options = *options;
    if file.format == Format::Yaml {
        let indent = layout::indent(&file.text);
        if options.yaml_indent.is_none() || options.yaml_indent == indent {
            if let Some(text) = layout::patch_encrypted(&file.text, sealed, metadata) {
                return Ok(text.into_bytes());
            }
            options.yaml_indent = indent;
        }
    }
    emit(file.format, sealed, metadata, &options)
        .map_err(|error| ChangeError::Encrypt(error.into()))
}

fn no_document() -> ChangeError {
    ChangeError::Path(PathError::not_found("there is no document"))
}

/// Why an encrypted file cannot be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// A path leads nowhere.
    #[error(transparent)]
    Path(PathError),
    /// The new tree cannot be encrypted.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
}
