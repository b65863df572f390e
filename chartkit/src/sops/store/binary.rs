//! Files of any bytes.
//!
//! Encrypted, they are the JSON file `{"data": …, "sops": …}`: see [`super::json`].
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/json/store.go`, `BinaryStore`.

use super::text::place;
use super::{EmitError, EmitErrorKind};
use crate::sops::tree::get;
use crate::sops::{Branch, Entry, Item, Node, Secret, Value};
use crate::source::{FileId, Sources};

/// The key under which the bytes stand.
const DATA_KEY: &str = "data";

/// The file as one value.
pub(crate) fn load(sources: &Sources, file: FileId) -> Branch {
    let bytes = sources.bytes(file);
    let entry = Entry {
        key: DATA_KEY.to_owned(),
        key_at: None,
        value: Node {
            value: Value::string(bytes),
            at: Some(place(0, bytes.len())),
        },
    };
    vec![Item::Entry(entry)]
}

/// The bytes that stand under `data`.
///
/// # Errors
///
/// When they do not, or are no string.
pub(crate) fn emit(branches: &[Branch]) -> Result<Secret, EmitError> {
    let [branch] = branches else {
        let count = branches.len();
        return Err(unsupported(format!(
            "found {count} documents, expected one for a binary file"
        )));
    };
    match get(branch, DATA_KEY) {
        Some(Value::String(bytes)) => Ok(bytes.clone()),
        Some(other) => {
            let found = other.type_name();
            let message = format!("found a {found} as `data`, expected a string for a binary file");
            Err(unsupported(message))
        }
        None => {
            let message = "found no key `data`, expected one for a binary file".to_owned();
            Err(unsupported(message))
        }
    }
}

/// Always fails, as in SOPS: there is nothing inside of a binary file.
pub(crate) fn emit_value(_value: &Value) -> Result<Secret, EmitError> {
    let message = "a binary file has no values that could be extracted".to_owned();
    Err(unsupported(message))
}

fn unsupported(message: String) -> EmitError {
    EmitError::new(EmitErrorKind::Unsupported, message)
}
