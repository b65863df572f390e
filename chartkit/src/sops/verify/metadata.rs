//! What the metadata says about itself: version, MAC, rule, threshold, layout.

use super::Report;
use crate::diagnostic::Code;
use crate::sops::cipher::{Ciphertext, problem_of};
use crate::sops::tree::{entries, get};
use crate::sops::{EncryptedFile, Entry, KeyType, Metadata, Value, layout};
use crate::source::Span;

/// The characters of a SHA-512 in hexadecimal.
const MAC_SIZE: usize = 128;

pub(super) fn check(file: &EncryptedFile, report: &mut Report) {
    let metadata = file.metadata();
    if !metadata.has_valid_version() {
        let found = match metadata.version() {
            "" => "is missing",
            _ => "is no version",
        };
        report.error(
            Code::InvalidMetadata,
            span_of(metadata, "version"),
            format!("the `version` in the metadata {found}, expected one such as `3.13.3`"),
            "SOPS opens no file without it: take the line from a good version of the file",
        );
    }
    mac(metadata, report);
    if let Err(error) = metadata.selection() {
        report.error(
            Code::InvalidMetadata,
            span_of(metadata, metadata.rule().as_str()),
            error.to_string(),
            "SOPS takes it for a rule that never matches: correct it and encrypt the file again",
        );
    }
    groups(metadata, report);
    layout(metadata, report);
}

fn mac(metadata: &Metadata, report: &mut Report) {
    let size = Ciphertext::parse(metadata.mac()).map(|mac| (mac.kind, mac.size()));
    let message = match (metadata.mac(), problem_of(metadata.mac()), size) {
        ("", _, _) => "the file has no MAC: nothing says whether it is whole".to_owned(),
        (_, Some(problem), _) => format!("the MAC is damaged: {problem}"),
        (_, None, Some(("str", MAC_SIZE))) => return,
        (_, None, _) => format!("the MAC is damaged: it is no text of {MAC_SIZE} characters"),
    };
    let help = "nobody can tell whether the file was changed: take it from a good version";
    report.error(
        Code::InvalidMetadata,
        span_of(metadata, "mac"),
        message,
        help,
    );
}

fn groups(metadata: &Metadata, report: &mut Report) {
    let fields = metadata.fields();
    let flat = entries(fields).find(|entry| {
        let is_list = KeyType::ALL.iter().any(|kind| kind.as_str() == entry.key);
        is_list && !is_blank(&entry.value.value)
    });
    let nested = get(fields, "key_groups").filter(|groups| !is_blank(groups));
    if let (Some(flat), Some(_)) = (flat, nested) {
        report.error(
            Code::InvalidMetadata,
            span_of(metadata, "key_groups"),
            format!(
                "found `{}` beside `key_groups`, expected one of them",
                flat.key
            ),
            "SOPS ignores the groups: remove what does not belong there",
        );
    }
    let count = metadata.key_groups().len();
    let threshold = metadata.shamir_threshold();
    let usable = metadata.key_groups().iter().filter(|g| !g.is_empty());
    if count > 1 && threshold > usable.count() {
        report.error(
            Code::InvalidMetadata,
            span_of(metadata, "shamir_threshold"),
            format!("found a threshold of {threshold}, but there are not so many groups with keys"),
            "nobody can open the file: restore the groups or the threshold",
        );
    }
    if count > 1 && threshold == 0 {
        report.warning(
            Code::InvalidMetadata,
            span_of(metadata, "key_groups"),
            "found several key groups and no `shamir_threshold`",
            "nobody knows how many groups it takes to open the file: restore the threshold",
        );
    }
    if count > 1 && threshold == 1 {
        report.error(
            Code::InvalidMetadata,
            span_of(metadata, "shamir_threshold"),
            "found a threshold of 1 for several groups, expected at least 2",
            "the groups hold shares, of which one is never enough: restore the threshold",
        );
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// The layout is never trusted, but what it holds must not be readable.
fn layout(metadata: &Metadata, report: &mut Report) {
    let Some(field) = get(metadata.fields(), layout::FIELD) else {
        return;
    };
    let span = span_of(metadata, layout::FIELD);
    for problem in layout_problems(field) {
        let message = format!("`sops.{}` is damaged: {problem}", layout::FIELD);
        let help = "remove the field: the values stay, only the layout of the plaintext is lost";
        report.error(Code::InvalidMetadata, span, message, help);
    }
}

fn layout_problems(field: &Value) -> Vec<String> {
    let Some(field) = field.as_branch() else {
        let found = field.type_name();
        return vec![format!("found a {found}, expected a mapping")];
    };
    let sealed = |name: &str, value: &Value| match value.as_str() {
        Some(text) => problem_of(text).map(|problem| format!("`{name}`: {problem}")),
        None => Some(format!(
            "`{name}`: found a {}, expected ciphertext",
            value.type_name()
        )),
    };
    let mut problems = Vec::new();
    for Entry { key, value, .. } in entries(field) {
        match (key.as_str(), &value.value) {
            ("layout", Value::String(word)) if word.as_str() == Some("kept") => {}
            ("layout", _) => problems.push("`layout` is not `kept`".to_owned()),
            ("source", value) => problems.extend(sealed("source", value)),
            ("spellings", Value::List(items)) => {
                let items = items.iter().map(|item| &item.value);
                problems.extend(items.filter_map(|item| sealed("spellings", item)));
            }
            ("spellings", other) => problems.extend(sealed("spellings", other)),
            (other, _) => problems.push(format!("`{other}` is unknown")),
        }
    }
    problems
}

/// The key of a field; the start of the file for one that is missing or has no place.
pub(super) fn span_of(metadata: &Metadata, field: &str) -> Span {
    let mut fields = entries(metadata.fields());
    let entry = fields.find(|entry| entry.key == field);
    let at = entry.and_then(|entry| entry.key_at);
    at.map_or_else(Span::default, |at| at.span)
}
