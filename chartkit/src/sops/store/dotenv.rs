//! dotenv files: `KEY=value` lines as they are, without quotes or blanks that mean anything.
//!
//! Only `\n` in a value stands for something else, a line break. As in SOPS, a value that holds these
//! two characters itself comes back with a line break.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/dotenv/store.go`.

use super::flatten::{flatten, unflatten};
use super::metadata::{not_encrypted, refuse_reserved};
use super::text::{flat_text, key_text, place, replace, span, text_bytes};
use super::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, METADATA_PREFIX};
use crate::sops::tree::entries;
use crate::sops::{Branch, Comment, Entry, Item, Node, Secret, Value};
use crate::source::{FileId, Sources};

/// The lines of a text. All values are strings.
///
/// # Errors
///
/// When a line has no `=`, or a key is not UTF-8.
pub(crate) fn load(sources: &Sources, file: FileId) -> Result<Branch, LoadError> {
    let text = text_bytes(sources, file)?;
    let mut branch = Branch::new();
    let mut next = 0;
    for line in text.split(|b| *b == b'\n') {
        let start = next;
        let end = start + line.len();
        next = end + 1;
        match line {
            [] => {}
            [b'#', comment @ ..] => branch.push(Item::Comment(Comment {
                at: Some(place(start, end)),
                ..Comment::new(Secret::from(comment))
            })),
            _ => {
                let Some(equals) = line.iter().position(|b| *b == b'=') else {
                    let message = "found a line without `=`, expected `KEY=value` or a comment";
                    let error = LoadError::new(LoadErrorKind::Syntax, message);
                    return Err(error.at(file, span(start, end)));
                };
                let value = replace(&line[equals + 1..], b"\\n", b"\n");
                branch.push(Item::Entry(Entry {
                    key: key_text(&line[..equals], start, file)?,
                    key_at: Some(place(start, start + equals)),
                    value: Node {
                        value: Value::String(value),
                        at: Some(place(start + equals + 1, end)),
                    },
                }));
            }
        }
    }
    Ok(branch)
}

/// As [`load`], and the metadata: the lines whose keys start with `sops_`, wherever they stand.
///
/// # Errors
///
/// As [`load`]; when there is no metadata, or it cannot be unflattened.
pub(crate) fn load_encrypted(
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Branch>, Branch), LoadError> {
    let mut branch = load(sources, file)?;
    let is_metadata = |item: &mut Item| match item {
        Item::Entry(entry) => entry.key.starts_with(METADATA_PREFIX),
        Item::Comment(_) => false,
    };
    let mut metadata: Branch = branch.extract_if(.., is_metadata).collect();
    if metadata.is_empty() {
        return Err(not_encrypted());
    }
    for item in &mut metadata {
        if let Item::Entry(entry) = item {
            entry.key.drain(..METADATA_PREFIX.len());
        }
    }
    Ok((vec![branch], unflatten(metadata, file)?))
}

/// The lines of the first branch; SOPS drops the others.
///
/// # Errors
///
/// When a value is a mapping or a list, or there is no branch.
pub(crate) fn emit(branches: &[Branch]) -> Result<Secret, EmitError> {
    let Some(branch) = branches.first() else {
        let message = "found no document, expected one for a dotenv file";
        return Err(EmitError::new(EmitErrorKind::Unsupported, message));
    };
    let mut out = Secret::default();
    for item in branch {
        match item {
            Item::Comment(comment) => {
                out.push(b"#");
                out.push(comment.text.expose());
                out.push(b"\n");
            }
            Item::Entry(entry) => emit_entry(&mut out, "", entry)?,
        }
    }
    Ok(out)
}

/// As [`emit`], with the metadata behind it.
///
/// # Errors
///
/// As [`emit`], and for keys that start with `sops_`.
pub(crate) fn emit_encrypted(branches: &[Branch], metadata: &Branch) -> Result<Vec<u8>, EmitError> {
    refuse_reserved(branches, |key| key.starts_with(METADATA_PREFIX))?;
    let mut out = emit(branches)?;
    for entry in entries(&flatten(metadata)?) {
        emit_entry(&mut out, METADATA_PREFIX, entry)?;
    }
    Ok(std::mem::take(&mut *out.into_bytes()))
}

fn emit_entry(out: &mut Secret, prefix: &str, entry: &Entry) -> Result<(), EmitError> {
    let Entry { key, value, .. } = entry;
    let Some(text) = flat_text(&value.value) else {
        let found = value.value.type_name();
        let message = format!("found a {found} as `{key}`, which a dotenv file cannot hold");
        return Err(EmitError::new(EmitErrorKind::Unsupported, message));
    };
    out.push(prefix.as_bytes());
    out.push(key.as_bytes());
    out.push(b"=");
    out.push(replace(text.expose(), b"\n", b"\\n").expose());
    out.push(b"\n");
    Ok(())
}

/// A string as it is.
///
/// # Errors
///
/// For everything else.
pub(crate) fn emit_value(value: &Value) -> Result<Secret, EmitError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => {
            let found = other.type_name();
            let message = format!("found a {found}, expected a string for a dotenv file");
            Err(EmitError::new(EmitErrorKind::Unsupported, message))
        }
    }
}
