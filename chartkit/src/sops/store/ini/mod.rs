//! ini files: sections of keys, as the library that SOPS uses reads and writes them.
//!
//! A section is an entry of the branch whose value is the branch of its keys; keys before the first
//! section are those of `DEFAULT`, which is always there. Comments belong to the section or the key
//! behind them: that of a section is the first item of its branch, that of a key stands behind it.
//!
//! # What a round trip loses
//!
//! As in SOPS, and it also happens to plain files that are encrypted and decrypted again:
//!
//! - comments at the end of the file; the marks of all comments become `;`, their blank lines vanish,
//!   and those behind values move above their keys;
//! - of keys that stand twice in a section all but the last, with their comments;
//! - the name of a key `-`, which becomes `#1`, `#2` and so on: in the written file, a comment;
//! - what stands behind the last quote of a value, and behind a `]` if it is no comment;
//! - quotes that belong to a value: `"x"` is written without more quotes, and read back as `x`;
//! - values with a line break and `"""`, with a backtick and one of `#;`, or ending in a backslash;
//! - keys that start with `#`, `;` or `[`, that have blanks around them, or both quotes and backticks.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/ini/store.go`; gopkg.in/ini.v1 v1.67.3.

mod parse;
mod write;

use super::flatten::{flatten, unflatten};
use super::metadata::{refuse_reserved, take_metadata};
use super::text::{replace, text_bytes};
use super::{EmitError, EmitErrorKind, LoadError, METADATA_KEY};
use crate::sops::{Branch, Entry, Item, Secret, Value};
use crate::source::{FileId, Sources};

/// The section of keys that stand before the first header.
const DEFAULT_SECTION: &str = "DEFAULT";

/// The sections of a text. All values are strings.
///
/// # Errors
///
/// When a line is no header, comment or `key = value`, a quote is not closed, or a name is empty or
/// not UTF-8.
pub(crate) fn load(sources: &Sources, file: FileId) -> Result<Branch, LoadError> {
    parse::parse(text_bytes(sources, file)?, file)
}

/// As [`load`], and the metadata: the section `sops`.
///
/// Line breaks in the metadata may be written as such or, as SOPS 3.13.2 and later and those before
/// 3.13.0 do, as `\n`.
///
/// # Errors
///
/// As [`load`]; when the metadata is not there, twice there, or cannot be unflattened.
pub(crate) fn load_encrypted(
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Branch>, Branch), LoadError> {
    let mut branch = load(sources, file)?;
    let mut metadata = take_metadata(&mut branch, file)?;
    replace_in_values(&mut metadata, b"\\n", b"\n");
    Ok((vec![branch], unflatten(metadata, file)?))
}

/// The sections of all branches.
///
/// # Errors
///
/// When a value at the top is no mapping, a value in it no scalar, or a name empty.
pub(crate) fn emit(branches: &[Branch]) -> Result<Secret, EmitError> {
    let mut writer = write::Writer::default();
    for branch in branches {
        writer.add(branch)?;
    }
    Ok(writer.finish())
}

/// As [`emit`], with the metadata as last section of each branch.
///
/// # Errors
///
/// As [`emit`], and for a section `sops` in a branch.
pub(crate) fn emit_encrypted(branches: &[Branch], metadata: &Branch) -> Result<Vec<u8>, EmitError> {
    refuse_reserved(branches, |key| key == METADATA_KEY)?;
    let mut metadata = flatten(metadata)?;
    replace_in_values(&mut metadata, b"\n", b"\\n");
    let metadata = vec![Item::Entry(Entry::new(
        METADATA_KEY,
        Value::Branch(metadata),
    ))];
    let mut writer = write::Writer::default();
    for branch in branches {
        writer.add(branch)?;
        writer.add(&metadata)?;
    }
    Ok(std::mem::take(&mut *writer.finish().into_bytes()))
}

/// One value as JSON on one line, as in SOPS.
///
/// # Errors
///
/// For mappings and lists: SOPS shows its own structures. DIFFERENCE.
pub(crate) fn emit_value(value: &Value) -> Result<Secret, EmitError> {
    match value {
        Value::Branch(_) | Value::List(_) => {
            let found = value.type_name();
            let message = format!("found a {found}, expected a scalar for an ini file");
            Err(EmitError::new(EmitErrorKind::Unsupported, message))
        }
        scalar => super::json::emit_value(scalar, None),
    }
}

fn replace_in_values(branch: &mut Branch, from: &[u8], to: &[u8]) {
    for item in branch {
        if let Item::Entry(entry) = item
            && let Value::String(text) = &mut entry.value.value
        {
            *text = replace(text.expose(), from, to);
        }
    }
}
