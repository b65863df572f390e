//! What can be said about one file without a key, in short.
//!
//! Decides what counts as encrypted, as SOPS does. Whether the file is in order is
//! [`verify`](super::verify)'s business.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value as Json, json};

use crate::sops::leaf::{self, Content};
use crate::sops::{
    EncryptedDataKey, EncryptedFile, Format, LoadError, LoadErrorKind, SelectionRule,
};
use crate::source::{FileId, Sources, Visibility};
use crate::time::Timestamp;

/// What one file says about its encryption.
///
/// # Examples
///
/// ```
/// use chartkit::sops::{Format, Status};
/// use chartkit::source::Sources;
///
/// let mut sources = Sources::new();
/// let file = sources.add("secrets.yaml", *b"password: hunter2\n");
/// let status = Status::read(Format::Yaml, &mut sources, file)?;
/// assert_eq!(status.to_json().to_string(), r#"{"encrypted":false,"format":"yaml"}"#);
/// assert_eq!(status.to_string(), "encrypted: no\nformat: yaml\n");
/// # Ok::<(), chartkit::sops::LoadError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The format of the text.
    pub format: Format,
    /// Whether SOPS would call it encrypted: it has metadata, and in it a version and a MAC.
    pub is_encrypted: bool,
    /// What the metadata says; nothing when there is none.
    pub details: Option<StatusDetails>,
}

/// The part of a [`Status`] that only files with metadata have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatusDetails {
    /// The version of SOPS that made the file; empty when it is not said.
    pub version: String,
    /// When a value was last encrypted.
    pub last_modified: Timestamp,
    /// The kind of rule that says what is encrypted.
    pub rule: SelectionRule,
    /// Its suffix or regular expression.
    pub pattern: String,
    /// Whether there is a MAC: without one anybody may have changed the file.
    pub has_mac: bool,
    /// Whether the MAC is over encrypted values only.
    pub mac_only_encrypted: bool,
    /// Who can open the file, group by group.
    pub groups: Vec<Vec<EncryptedDataKey>>,
    /// How many groups it takes; 0 when it is not said.
    pub shamir_threshold: usize,
    /// How many documents there are; one, except in YAML.
    pub documents: usize,
    /// How many values are encrypted, by type word; unknown words count as `unknown`. Comments are a
    /// type.
    pub encrypted: BTreeMap<&'static str, usize>,
    /// How many values are in plain text, by type.
    pub plain: BTreeMap<&'static str, usize>,
}

impl Status {
    /// Reads a file, and conceals its text.
    ///
    /// # Errors
    ///
    /// When the file cannot be read in the format, or its metadata is damaged. A file without metadata
    /// is no error: it is not encrypted.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/subcommand/filestatus/filestatus.go`.
    pub fn read(format: Format, sources: &mut Sources, file: FileId) -> Result<Self, LoadError> {
        sources.conceal(file, Visibility::Keys);
        match EncryptedFile::load(format, sources, file) {
            Ok(file) => Ok(Self::of(&file)),
            Err(error) => match error.kind() {
                LoadErrorKind::MetadataNotFound => Ok(Self::plain(format)),
                // As in SOPS, but only when there is nothing at all.
                LoadErrorKind::Empty if format == Format::Yaml && sources.text(file).is_empty() => {
                    Ok(Self::plain(format))
                }
                _ => Err(error),
            },
        }
    }

    fn plain(format: Format) -> Self {
        Self {
            format,
            is_encrypted: false,
            details: None,
        }
    }

    /// What a file that is read already says.
    #[must_use]
    pub fn of(file: &EncryptedFile) -> Self {
        let metadata = file.metadata();
        let (mut encrypted, mut plain) = (BTreeMap::new(), BTreeMap::new());
        let selection = metadata.selection_of_old_file();
        leaf::for_each(file.branches(), &selection, &mut |leaf| {
            let count = match leaf.content.ciphertext() {
                Some(ciphertext) => encrypted.entry(known_type(ciphertext.kind)),
                None => plain.entry(leaf.content.type_name()),
            };
            *count.or_default() += 1;
        });
        Self {
            format: file.format(),
            is_encrypted: metadata.is_complete(),
            details: Some(StatusDetails {
                version: metadata.version().to_owned(),
                last_modified: metadata.last_modified(),
                rule: metadata.rule(),
                pattern: metadata.pattern().to_owned(),
                has_mac: !metadata.mac().is_empty(),
                mac_only_encrypted: metadata.mac_only_encrypted(),
                groups: metadata.key_groups().to_vec(),
                shamir_threshold: metadata.shamir_threshold(),
                documents: file.branches().len(),
                encrypted,
                plain,
            }),
        }
    }

    /// The status for machines.
    ///
    /// # Shape
    ///
    /// `{"encrypted": true, "format": "yaml"}`, and for files with metadata also `"version"`,
    /// `"lastModified"`, `"selection": {"unencrypted_suffix": "…"}`, `"hasMac"`, `"macOnlyEncrypted"`,
    /// `"shamirThreshold"`, `"groups": [[{"type": "age", "key": "age1…", "created": null}]]`,
    /// `"documents"`, and `"values": {"encrypted": {"str": 2}, "plain": {}}`. More fields may come;
    /// these stay.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut shown = json!({
            "encrypted": self.is_encrypted,
            "format": self.format.as_str(),
        });
        let Some(details) = &self.details else {
            return shown;
        };
        let key = |key: &EncryptedDataKey| {
            json!({
                "type": key.master_key.key_type().as_str(),
                "key": key.master_key.to_string(),
                "created": key.created_at,
            })
        };
        let group = |group: &Vec<EncryptedDataKey>| group.iter().map(key).collect::<Json>();
        shown["version"] = json!(details.version);
        shown["lastModified"] = json!(details.last_modified.to_string());
        shown["selection"] = json!({ details.rule.as_str(): details.pattern });
        shown["hasMac"] = json!(details.has_mac);
        shown["macOnlyEncrypted"] = json!(details.mac_only_encrypted);
        shown["shamirThreshold"] = json!(details.shamir_threshold);
        shown["groups"] = details.groups.iter().map(group).collect();
        shown["documents"] = json!(details.documents);
        shown["values"] = json!({ "encrypted": details.encrypted, "plain": details.plain });
        shown
    }
}

/// A line for each fact.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |is: bool| if is { "yes" } else { "no" };
        writeln!(f, "encrypted: {}", yes(self.is_encrypted))?;
        writeln!(f, "format: {}", self.format)?;
        let Some(details) = &self.details else {
            return Ok(());
        };
        if !details.version.is_empty() {
            writeln!(f, "made by: SOPS {}", details.version)?;
        }
        writeln!(f, "last modified: {}", details.last_modified)?;
        writeln!(f, "rule: {} `{}`", details.rule, details.pattern)?;
        if !details.has_mac {
            writeln!(f, "MAC: none")?;
        } else if details.mac_only_encrypted {
            writeln!(f, "MAC: over encrypted values only")?;
        }
        let count = details.groups.len();
        for (number, group) in (1..).zip(&details.groups) {
            match count {
                1 => writeln!(f, "keys, any of them:")?,
                _ => writeln!(f, "key group {number} of {count}, any of its keys:")?,
            }
            for EncryptedDataKey { master_key, .. } in group {
                writeln!(f, "  {}: {master_key}", master_key.key_type())?;
            }
        }
        if count > 1 {
            let needed = match details.shamir_threshold {
                0 => "not said".to_owned(),
                threshold => threshold.to_string(),
            };
            writeln!(f, "key groups needed: {needed}")?;
        }
        writeln!(f, "encrypted values: {}", counts(&details.encrypted))?;
        writeln!(f, "plain values: {}", counts(&details.plain))
    }
}

fn counts(counts: &BTreeMap<&'static str, usize>) -> String {
    if counts.is_empty() {
        return "0".to_owned();
    }
    let sum: usize = counts.values().sum();
    let each: Vec<_> = (counts.iter())
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    format!("{sum} ({})", each.join(", "))
}

/// A type word of a file, or `unknown`: the file may say anything.
pub(crate) fn known_type(word: &str) -> &'static str {
    const KNOWN: [&str; 6] = ["str", "int", "float", "bool", "time", "comment"];
    let known = KNOWN.iter().find(|known| **known == word);
    known.copied().unwrap_or("unknown")
}

/// As [`known_type`], of what stands at a leaf, encrypted or not.
pub(crate) fn type_of(content: Content<'_>) -> &'static str {
    match content.ciphertext() {
        Some(ciphertext) => known_type(ciphertext.kind),
        None => content.type_name(),
    }
}
