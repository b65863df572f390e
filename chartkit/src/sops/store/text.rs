//! Bytes of files: how they may be encoded, and the text of a value in a format that has only text.

use crate::sops::metadata::time_text;
use crate::sops::{At, LoadError, LoadErrorKind, Secret, Value};
use crate::source::{Encoding, FileId, Sources, Span};
use crate::yaml::number::general;

/// The bytes of a file that is a text.
///
/// DIFFERENCE: UTF-16 is refused. SOPS refuses it in JSON only, and takes its bytes for characters in
/// dotenv and ini files.
pub(super) fn text_bytes(sources: &Sources, file: FileId) -> Result<&[u8], LoadError> {
    match sources.encoding(file) {
        Encoding::Utf8 => Ok(sources.text(file)),
        Encoding::Utf16LittleEndian | Encoding::Utf16BigEndian => {
            let message = "found UTF-16 text, expected UTF-8";
            let error = LoadError::new(LoadErrorKind::Unsupported, message);
            Err(error.at(file, Span::default()))
        }
    }
}

/// A key, whose bytes start at `start` of the file.
///
/// DIFFERENCE: SOPS takes any bytes, and encrypts files that no other format can hold.
pub(super) fn key_text(bytes: &[u8], start: usize, file: FileId) -> Result<String, LoadError> {
    if let Ok(key) = std::str::from_utf8(bytes) {
        return Ok(key.to_owned());
    }
    let message = "found a key that is not UTF-8, expected UTF-8 text";
    let error = LoadError::new(LoadErrorKind::Unsupported, message);
    Err(error.at(file, span(start, start + bytes.len())))
}

/// A range of bytes of a text. Texts are smaller than 4 GiB.
pub(super) fn span(start: usize, end: usize) -> Span {
    let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

/// Where something was written in a format whose values have no numbers.
pub(super) fn place(start: usize, end: usize) -> At {
    At {
        span: span(start, end),
        node: 0,
    }
}

/// A value as text; nothing for what is no scalar.
///
/// # Source
///
/// SOPS v3.13.3, `stores/stores.go`, `ValToString`.
pub(crate) fn flat_text(value: &Value) -> Option<Secret> {
    let text = match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => float_text(*float),
        Value::Time(time) => time_text(*time),
        Value::String(text) => return Some(text.clone()),
        Value::Comment(_) | Value::Branch(_) | Value::List(_) => return None,
    };
    Some(Secret::from(text))
}

/// Never looks like an integer.
fn float_text(float: f64) -> String {
    let text = general(float);
    if !float.is_finite() {
        return text;
    }
    if text.contains(['.', 'e']) {
        text.replace('e', "E")
    } else {
        text + ".0"
    }
}

/// The text with every `from` replaced.
pub(super) fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Secret {
    let mut out = Secret::default();
    let mut rest = text;
    while let Some(at) = find(rest, from) {
        out.push(&rest[..at]);
        out.push(to);
        rest = &rest[at + from.len()..];
    }
    out.push(rest);
    out
}

/// Where the first `wanted` starts.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}
