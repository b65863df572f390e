//! The wrapped data keys of a file: whether they are what their kind makes, and who was removed.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::Report;
use super::metadata::span_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::sops::lineage::DataKeyChange;
use crate::sops::tree::entries;
use crate::sops::{EncryptedDataKey, EncryptedFile, MasterKey, Metadata, key_text};
use crate::source::Span;

pub(super) fn check(file: &EncryptedFile, report: &mut Report) {
    let metadata = file.metadata();
    let spans = spans(metadata);
    let groups = metadata.key_groups();
    // A share has one byte more than the key: its number.
    let size = 32 + usize::from(groups.len() > 1);
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        if group.is_empty() {
            report.warning(
                Code::DamagedKey,
                span_of(metadata, "key_groups"),
                format!("key group {} has no key", index + 1),
                "nobody can open its share: remove the group, or give it a key",
            );
        }
        for (number, key) in group.iter().enumerate() {
            let span = span_at(&spans, index, number);
            let name = key.master_key.to_string();
            if let Err(problem) = check_name(&key.master_key) {
                report.error(
                    Code::DamagedKey,
                    span,
                    problem,
                    "the file may still open, but `updatekeys` and `rotate` will fail: correct it",
                );
            }
            if let Err(problem) = check_enc(key, size) {
                report.error(
                    Code::DamagedKey,
                    span,
                    format!("the data key for `{name}` is damaged: {problem}"),
                    "whoever has another key of the file runs `chartkit secrets updatekeys`",
                );
            }
            if let Some(first) = seen.insert(name.clone(), span) {
                let message = format!("the key `{name}` is there twice");
                let diagnostic = Diagnostic::warning(Code::DamagedKey, message)
                    .at(report.file, span, "")
                    .at(report.file, first, "the other one");
                report.add(diagnostic.help(match groups.len() {
                    1 => "remove one of them",
                    _ => "whoever has it opens several groups: give each group keys of its own",
                }));
            }
        }
    }
}

/// Who was removed since an older version, while the data key stayed.
pub(super) fn check_removed(older: &EncryptedFile, file: &EncryptedFile, report: &mut Report) {
    let names = |file: &EncryptedFile| -> BTreeSet<String> {
        let keys = file.metadata().key_groups().iter().flatten();
        keys.map(|key| key.master_key.to_string()).collect()
    };
    let removed = &names(older) - &names(file);
    if removed.is_empty() || DataKeyChange::between(older, file) != DataKeyChange::Kept {
        return;
    }
    let span = span_at(&spans(file.metadata()), 0, 0);
    let old_spans = names_and_spans(older);
    for name in removed {
        let message =
            format!("`{name}` was removed, but the data key is the one that it could open");
        let mut diagnostic =
            Diagnostic::error(Code::KeptDataKey, message).at(report.file, span, "");
        if let Some(old) = old_spans.get(&name) {
            diagnostic = diagnostic.at(older.file(), *old, "it was here");
        }
        report.add(diagnostic.help(
            "run `chartkit secrets rotate`, and replace the secrets themselves: they were readable",
        ));
    }
}

fn names_and_spans(file: &EncryptedFile) -> BTreeMap<String, Span> {
    let spans = spans(file.metadata());
    let groups = file.metadata().key_groups().iter().enumerate();
    let keys = groups.flat_map(|(index, group)| group.iter().enumerate().map(move |k| (index, k)));
    keys.map(|(index, (number, key))| {
        let name = key.master_key.to_string();
        (name, span_at(&spans, index, number))
    })
    .collect()
}

/// Where each key is written, group by group: its first field.
pub(super) fn spans(metadata: &Metadata) -> Vec<Vec<Span>> {
    let of_entry = |fields: &crate::sops::Branch| {
        let at = entries(fields).find_map(|entry| entry.key_at);
        at.map_or_else(Span::default, |at| at.span)
    };
    let groups = metadata.key_entries().into_iter();
    groups
        .map(|group| group.into_iter().map(of_entry).collect())
        .collect()
}

pub(super) fn span_at(spans: &[Vec<Span>], group: usize, key: usize) -> Span {
    let span = spans.get(group).and_then(|group| group.get(key));
    span.copied().unwrap_or_default()
}

/// Whether a key is one of its kind, by its name.
fn check_name(key: &MasterKey) -> Result<(), String> {
    let parsed = match key {
        MasterKey::Age { recipient } => key_text::check_recipient(recipient),
        MasterKey::Pgp { fingerprint } => MasterKey::parse_pgp(fingerprint).map(drop),
        MasterKey::GcpKms { resource_id } => MasterKey::parse_gcp_kms(resource_id).map(drop),
        MasterKey::HcKms { key_id } => MasterKey::parse_hckms(key_id).map(drop),
        MasterKey::Kms { arn, .. } => return check_arn(arn),
        MasterKey::AzureKv { .. } => MasterKey::parse_azure_kv(&key.to_string()).map(drop),
        MasterKey::HcVault { .. } => MasterKey::parse_hc_vault(&key.to_string()).map(drop),
    };
    parsed.map_err(|error| error.to_string())
}

/// # Source
///
/// SOPS v3.13.3, `kms/keysource.go`, `arnRegex`.
fn check_arn(arn: &str) -> Result<(), String> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "kms", region, account, resource]
            if partition.starts_with("aws")
                && !region.is_empty()
                && account.bytes().all(|b| b.is_ascii_digit())
                && (resource.starts_with("key/") || resource.starts_with("alias/")) =>
        {
            Ok(())
        }
        _ => Err(format!(
            "not an ARN of a key: `{arn}`, expected `arn:aws:kms:REGION:ACCOUNT:key/ID`"
        )),
    }
}

/// Whether a wrapped key has the form of its kind; `size` is that of what is inside.
fn check_enc(key: &EncryptedDataKey, size: usize) -> Result<(), String> {
    let enc = key.enc.trim();
    let base64 = |decoded: Result<Vec<u8>, base64::DecodeError>| match decoded {
        Ok(bytes) if !bytes.is_empty() => Ok(()),
        _ => Err("`enc` is not base64".to_owned()),
    };
    match &key.master_key {
        _ if enc.is_empty() => Err("`enc` is missing".to_owned()),
        MasterKey::Age { recipient } => check_age(recipient, enc, size),
        MasterKey::Kms { .. } | MasterKey::GcpKms { .. } => base64(STANDARD.decode(enc)),
        MasterKey::AzureKv { .. } => base64(URL_SAFE_NO_PAD.decode(enc)),
        // What the service gives is kept as it is.
        MasterKey::HcKms { .. } => Ok(()),
        MasterKey::HcVault { .. } => {
            if enc.starts_with("vault:v") {
                Ok(())
            } else {
                Err("`enc` does not begin with `vault:v`".to_owned())
            }
        }
        MasterKey::Pgp { .. } => {
            let whole = enc.starts_with("-----BEGIN PGP MESSAGE-----")
                && enc.ends_with("-----END PGP MESSAGE-----");
            if whole {
                Ok(())
            } else {
                Err("`enc` is no OpenPGP message in armor".to_owned())
            }
        }
    }
}

/// An age file in armor, for one recipient, that holds `size` bytes.
fn check_age(recipient: &str, enc: &str, size: usize) -> Result<(), String> {
    let mut lines = enc.lines().map(str::trim);
    let begins = lines.next() == Some("-----BEGIN AGE ENCRYPTED FILE-----");
    let ends = lines.next_back() == Some("-----END AGE ENCRYPTED FILE-----");
    if !begins || !ends {
        return Err("`enc` is no age file in armor, or is cut off".to_owned());
    }
    let base64: String = lines.collect();
    let bytes = STANDARD.decode(base64);
    let bytes = bytes.map_err(|_| "the armor in `enc` is not base64".to_owned())?;
    let header_end = bytes.windows(5).position(|w| w == b"\n--- ");
    let header_end = header_end.ok_or("the age file in `enc` has no header")?;
    let rest = &bytes[header_end + 5..];
    let payload_at = rest.iter().position(|b| *b == b'\n');
    let payload = payload_at.map_or(&[][..], |at| &rest[at + 1..]);
    let header = String::from_utf8_lossy(&bytes[..header_end]);
    let mut lines = header.lines();
    if lines.next() != Some("age-encryption.org/v1") {
        return Err("the age file in `enc` has a version that is unknown".to_owned());
    }
    // A nonce of 16 bytes and a tag of 16 go with the one chunk.
    let found = payload.len().checked_sub(32);
    if found != Some(size) {
        return Err(format!(
            "the age file in `enc` does not hold {size} bytes, so that it is no data key"
        ));
    }
    let stanzas: Vec<Vec<&str>> = lines
        .filter_map(|line| line.strip_prefix("-> "))
        .map(|line| line.split(' ').collect())
        .collect();
    if stanzas.iter().any(|stanza| is_for(recipient, stanza)) {
        Ok(())
    } else {
        Err("the age file in `enc` is for another kind of recipient".to_owned())
    }
}

/// Whether a stanza of an age header can be for a recipient.
///
/// # Source
///
/// The C2SP age specification; age v1.3.1, `agessh/agessh.go`.
fn is_for(recipient: &str, stanza: &[&str]) -> bool {
    let word = stanza[0];
    if let Some((kind @ ("ssh-ed25519" | "ssh-rsa"), rest)) = recipient.split_once(' ') {
        let blob = rest.split(' ').next().unwrap_or_default();
        let tag = STANDARD.decode(blob).map(|blob| {
            let digest = Sha256::digest(blob);
            STANDARD_NO_PAD.encode(&digest[..4])
        });
        return word == kind && stanza.get(1).copied() == tag.as_deref().ok();
    }
    match recipient {
        _ if recipient.starts_with("age1pq1") => word == "mlkem768x25519",
        _ if key_text::plugin_name(recipient).is_some() => word != "X25519",
        _ if recipient.starts_with("age1") => word == "X25519",
        // What it is for cannot be told.
        _ => true,
    }
}
