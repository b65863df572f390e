//! Differences of the metadata.

use super::{Change, RecipientChange};
use crate::sops::lineage::DataKeyChange;
use crate::sops::tree::{entries, get};
use crate::sops::{EncryptedDataKey, KeyType, Metadata, SelectionRule};

pub(crate) fn compare(old: &Metadata, new: &Metadata, data_key: DataKeyChange) -> Vec<Change> {
    let rotated = data_key == DataKeyChange::Rotated;
    let mut changes = recipients(old, new, rotated);
    if rotated {
        changes.push(Change::DataKeyRotated);
    }
    for ((field, old), (_, new)) in known_fields(old).into_iter().zip(known_fields(new)) {
        if old != new {
            changes.push(Change::Setting {
                field: field.to_owned(),
                old: Some(old),
                new: Some(new),
            });
        }
    }
    for field in other_fields(old, new) {
        if get(old.fields(), field) != get(new.fields(), field) {
            changes.push(Change::Setting {
                field: field.to_owned(),
                old: None,
                new: None,
            });
        }
    }
    changes
}

fn known_fields(metadata: &Metadata) -> [(&'static str, String); 4] {
    let only = metadata.mac_only_encrypted();
    let rule = format!("{}: {}", metadata.rule(), metadata.pattern());
    [
        ("rule", rule),
        ("shamir_threshold", metadata.shamir_threshold().to_string()),
        ("mac_only_encrypted", only.to_string()),
        ("version", metadata.version().to_owned()),
    ]
}

/// The fields that only another program knows, and the layout, which is known but cannot be shown.
pub(crate) fn other_fields<'f>(old: &'f Metadata, new: &'f Metadata) -> Vec<&'f str> {
    let is_known = |field: &str| {
        let is_rule = SelectionRule::ALL.iter().any(|rule| rule.as_str() == field);
        let is_key_list = KeyType::ALL.iter().any(|kind| kind.as_str() == field);
        let others = [
            "key_groups",
            "shamir_threshold",
            "mac_only_encrypted",
            "version",
            "mac",
            "lastmodified",
        ];
        is_rule || is_key_list || others.contains(&field)
    };
    let fields = entries(old.fields()).chain(entries(new.fields()));
    let mut others: Vec<_> = fields
        .map(|entry| entry.key.as_str())
        .filter(|field| !is_known(field))
        .collect();
    others.sort_unstable();
    others.dedup();
    others
}

fn recipients(old: &Metadata, new: &Metadata, rotated: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let count = old.key_groups().len().max(new.key_groups().len());
    for group in 0..count {
        let old_keys = old.key_groups().get(group).map_or(&[][..], |keys| keys);
        let new_keys = new.key_groups().get(group).map_or(&[][..], |keys| keys);
        let mut change = |key: &EncryptedDataKey, kind| {
            let key = key.master_key.clone();
            changes.push(Change::Recipient { group, key, kind });
        };
        // The same key may be there twice.
        let mut rest: Vec<_> = old_keys.iter().collect();
        let mut added = Vec::new();
        for key in new_keys {
            let at = (rest.iter().position(|old| *old == key)).or_else(|| {
                let is_same = |old: &&EncryptedDataKey| old.master_key == key.master_key;
                rest.iter().position(is_same)
            });
            match at {
                Some(at) => {
                    let old = rest.remove(at);
                    if old.enc != key.enc && !rotated {
                        change(key, RecipientChange::Rewrapped);
                    }
                }
                None => added.push(key),
            }
        }
        for key in rest {
            change(key, RecipientChange::Removed);
        }
        for key in added {
            change(key, RecipientChange::Added);
        }
    }
    changes
}
