//! Sections into text.
//!
//! # Source
//!
//! gopkg.in/ini.v1 v1.67.3, `file.go`, `writeToBuffer`; SOPS v3.13.3, `stores/ini/store.go`,
//! `encodeTree`.

use std::collections::HashMap;
use std::collections::hash_map;

use super::DEFAULT_SECTION;
use super::parse::trim;
use crate::sops::store::text::flat_text;
use crate::sops::store::{EmitError, EmitErrorKind};
use crate::sops::{Branch, Entry, Item, Secret, Value};

/// The sections that will be written.
#[derive(Default)]
pub(super) struct Writer<'t> {
    sections: Vec<Section<'t>>,
}

struct Section<'t> {
    name: &'t str,
    comment: &'t [u8],
    keys: Vec<Key<'t>>,
}

struct Key<'t> {
    name: &'t str,
    value: Secret,
    comment: &'t [u8],
}

impl<'t> Writer<'t> {
    /// Adds the sections of a branch. Comments between sections are dropped, as in SOPS.
    pub(super) fn add(&mut self, branch: &'t Branch) -> Result<(), EmitError> {
        for item in branch {
            let Item::Entry(Entry { key, value, .. }) = item else {
                continue;
            };
            if key.is_empty() {
                return Err(unsupported("found a section without a name".to_owned()));
            }
            let Value::Branch(items) = &value.value else {
                let found = value.value.type_name();
                let message = format!("found a {found} as `{key}`, expected a section of keys");
                return Err(unsupported(message));
            };
            self.sections.push(Section::new(key, items)?);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Secret {
        let mut out = Secret::default();
        let last = self.sections.len().saturating_sub(1);
        for (index, section) in self.sections.iter().enumerate() {
            for line in lines(section.comment) {
                match line {
                    [b'#' | b';', ..] => write_comment(&mut out, line),
                    _ => write_line(&mut out, &[b"; ", line]),
                }
            }
            if index > 0 || !section.name.eq_ignore_ascii_case(DEFAULT_SECTION) {
                write_line(&mut out, &[b"[", section.name.as_bytes(), b"]"]);
            } else if section.keys.is_empty() {
                continue;
            }
            section.write_keys(&mut out);
            if index < last {
                out.push(b"\n");
            }
        }
        out
    }
}

impl<'t> Section<'t> {
    /// Of equal keys the last value and the last comment win. A comment that neither comes first nor
    /// behind a key is dropped, as in SOPS.
    fn new(name: &'t str, items: &'t Branch) -> Result<Self, EmitError> {
        let mut section = Self {
            name,
            comment: b"",
            keys: Vec::new(),
        };
        let mut index: HashMap<&str, usize> = HashMap::new();
        let mut last: Option<usize> = None;
        for (number, item) in items.iter().enumerate() {
            let entry = match item {
                Item::Entry(entry) => entry,
                Item::Comment(comment) => {
                    let comment = comment.text.expose();
                    match last {
                        _ if number == 0 => section.comment = comment,
                        Some(last) => section.keys[last].comment = comment,
                        None => {}
                    }
                    continue;
                }
            };
            let Entry { key, value, .. } = entry;
            if key.is_empty() {
                let message = format!("found a key without a name in the section `{name}`");
                return Err(unsupported(message));
            }
            let Some(value) = flat_text(&value.value) else {
                // DIFFERENCE: SOPS writes the structure of its own program.
                let found = value.value.type_name();
                let message = format!(
                    "found a {found} as `{key}` in the section `{name}`, which an ini file cannot \
                     hold"
                );
                return Err(unsupported(message));
            };
            last = Some(match index.entry(key) {
                hash_map::Entry::Occupied(known) => {
                    let known = *known.get();
                    section.keys[known].value = value;
                    known
                }
                hash_map::Entry::Vacant(new) => {
                    section.keys.push(Key {
                        name: key,
                        value,
                        comment: b"",
                    });
                    *new.insert(section.keys.len() - 1)
                }
            });
        }
        Ok(section)
    }

    fn write_keys(&self, out: &mut Secret) {
        let names: Vec<_> = self.keys.iter().map(|key| quoted_name(key.name)).collect();
        let width = names.iter().map(String::len).max().unwrap_or_default();
        for (key, name) in self.keys.iter().zip(names) {
            for line in lines(key.comment) {
                match line {
                    [b'#' | b';', ..] => write_comment(out, line),
                    _ => write_line(out, &[b"; ", trim(line)]),
                }
            }
            let blanks = " ".repeat(width - name.len());
            let value = key.value.expose();
            let has = |any: &[u8]| value.iter().any(|b| any.contains(b));
            let quote: &[u8] = if has(b"\n`") {
                b"\"\"\""
            } else if has(b"#;") {
                b"`"
            } else if trim(value).len() != value.len() {
                b"\""
            } else {
                b""
            };
            let name = name.as_bytes();
            write_line(out, &[name, blanks.as_bytes(), b" = ", quote, value, quote]);
        }
    }
}

fn quoted_name(name: &str) -> String {
    if name.contains(['"', '=', ':']) {
        format!("`{name}`")
    } else if name.contains('`') {
        format!("\"\"\"{name}\"\"\"")
    } else {
        name.to_owned()
    }
}

/// The lines of a comment; none if it is empty.
///
/// DIFFERENCE: SOPS crashes at an empty line in a comment.
fn lines(comment: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = comment.split(|b| *b == b'\n');
    lines.take(if comment.is_empty() { 0 } else { usize::MAX })
}

/// A line of comment that has its mark already.
fn write_comment(out: &mut Secret, line: &[u8]) {
    let (mark, text) = line.split_at(1);
    write_line(out, &[mark, b" ", trim(text)]);
}

fn write_line(out: &mut Secret, parts: &[&[u8]]) {
    for part in parts {
        out.push(part);
    }
    out.push(b"\n");
}

fn unsupported(message: String) -> EmitError {
    EmitError::new(EmitErrorKind::Unsupported, message)
}
