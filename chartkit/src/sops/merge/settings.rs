//! The metadata of a merge: recipients, rule, threshold and the rest.

use super::{Conflict, ConflictSubject, Files, setting_label};
use crate::semver::Version;
use crate::sops::diff::{Change, settings};
use crate::sops::lineage::DataKeyChange;
use crate::sops::tree::{forget_places, get};
use crate::sops::{
    Branch, DataKey, EncryptedDataKey, EncryptedFile, Entry, Item, KeyGroup, KeyService, MasterKey,
    Metadata, Moment, Value, WrapError, WrappedDataKey, layout, wrap,
};
use crate::source::Span;

/// The metadata of the result, but for the wrapped keys and the MAC.
pub(super) struct MergedSettings {
    pub(super) metadata: Metadata,
    pub(super) groups: Vec<KeyGroup>,
}

pub(super) fn merge(files: &Files<'_>, conflicts: &mut Vec<Conflict>) -> MergedSettings {
    let base = files.base.map(|file| &file.metadata);
    let (ours, theirs) = (&files.ours.metadata, &files.theirs.metadata);
    let mut metadata = ours.clone();
    let mut conflict = |field: &str| {
        conflicts.push(Conflict {
            subject: ConflictSubject::Setting(field.to_owned()),
            base: None,
            ours: None,
            theirs: None,
            labels: vec![
                setting_label(files.ours, field),
                setting_label(files.theirs, field),
            ],
        });
    };
    let rule = |metadata: &Metadata| (metadata.rule(), metadata.pattern().to_owned());
    match three_way(base.map(rule).as_ref(), rule(ours), rule(theirs)) {
        Some((rule, pattern)) if rule != ours.rule() || pattern != ours.pattern() => {
            metadata.set_rule(rule, &pattern);
        }
        Some(_) => {}
        None => conflict("rule"),
    }
    let only = Metadata::mac_only_encrypted;
    match three_way(base.map(only).as_ref(), only(ours), only(theirs)) {
        Some(is_so) if is_so != only(ours) => metadata.set_mac_only_encrypted(is_so),
        Some(_) => {}
        None => conflict("mac_only_encrypted"),
    }
    let version = |metadata: &Metadata| metadata.version().to_owned();
    let newer = three_way(base.map(version).as_ref(), version(ours), version(theirs))
        .unwrap_or_else(|| newer(ours.version(), theirs.version()).to_owned());
    if newer != ours.version() {
        metadata.set_version(&newer);
    }
    let nothing = Branch::new();
    let base_fields = base.map_or(&nothing, Metadata::fields);
    let mut others = settings::other_fields(ours, theirs);
    others.retain(|field| *field != layout::FIELD);
    for field in others {
        let value = |fields: &Branch| get(fields, field).cloned();
        let (old, new) = (value(ours.fields()), value(theirs.fields()));
        match three_way(Some(&value(base_fields)), old.clone(), new) {
            Some(merged) if merged != old => {
                metadata.put_or_remove(field, merged.map(without_places));
            }
            Some(_) => {}
            None => conflict(field),
        }
    }
    let threshold = Metadata::shamir_threshold;
    let merged = three_way(
        base.map(threshold).as_ref(),
        threshold(ours),
        threshold(theirs),
    );
    if merged.is_none() {
        conflict("shamir_threshold");
    }
    let merged_threshold = merged.unwrap_or(threshold(ours));
    let groups = groups(files).unwrap_or_else(|| {
        conflicts.push(Conflict {
            subject: ConflictSubject::KeyGroups,
            base: None,
            ours: None,
            theirs: None,
            labels: vec![
                (files.ours.file, Span::default(), ""),
                (files.theirs.file, Span::default(), ""),
            ],
        });
        master_keys(ours)
    });
    if merged_threshold != threshold(ours) {
        let keys = metadata.key_groups().to_vec();
        metadata.set_key_groups(keys, merged_threshold);
    }
    MergedSettings { metadata, groups }
}

/// What the result has of settings and recipients that ours has not.
pub(super) fn changes(ours: &Metadata, merged: &Metadata, groups: &[KeyGroup]) -> Vec<Change> {
    let mut shown = merged.clone();
    let mut known: Vec<EncryptedDataKey> = ours.key_groups().concat();
    let mut entry = |key: &MasterKey| {
        let at = known.iter().position(|known| known.master_key == *key);
        at.map_or_else(
            || EncryptedDataKey {
                master_key: key.clone(),
                enc: String::new(),
                created_at: None,
            },
            |at| known.remove(at),
        )
    };
    let keys = groups
        .iter()
        .map(|group| group.iter().map(&mut entry).collect());
    shown.set_key_groups(keys.collect(), merged.shamir_threshold());
    settings::compare(ours, &shown, DataKeyChange::Kept)
}

/// The one side that changed something, or what both agree on; nothing when they do not.
fn three_way<T: PartialEq>(base: Option<&T>, ours: T, theirs: T) -> Option<T> {
    if ours == theirs || base == Some(&theirs) {
        return Some(ours);
    }
    (base == Some(&ours)).then_some(theirs)
}

fn newer<'v>(ours: &'v str, theirs: &'v str) -> &'v str {
    match (Version::parse_strict(ours), Version::parse_strict(theirs)) {
        (Ok(a), Ok(b)) if b > a => theirs,
        (Err(_), Ok(_)) => theirs,
        _ => ours,
    }
}

fn without_places(value: Value) -> Value {
    let mut branches = [vec![Item::Entry(Entry::new("", value))]];
    forget_places(&mut branches);
    let [mut branch] = branches;
    match branch.pop() {
        Some(Item::Entry(entry)) => entry.value.value,
        _ => Value::Null,
    }
}

fn master_keys(metadata: &Metadata) -> Vec<KeyGroup> {
    let groups = metadata.key_groups().iter();
    groups
        .map(|group| group.iter().map(|key| key.master_key.clone()).collect())
        .collect()
}

/// Group by group: who was there and was not removed, and who was added. Nothing when the groups of the
/// sides do not fit together, or when nobody is left in one.
fn groups(files: &Files<'_>) -> Option<Vec<KeyGroup>> {
    let ours = master_keys(&files.ours.metadata);
    let theirs = master_keys(&files.theirs.metadata);
    let base = files.base.map(|file| master_keys(&file.metadata));
    if let Some(base) = &base
        && (base.len() != ours.len() || base.len() != theirs.len())
    {
        return three_way(Some(base), ours, theirs);
    }
    if ours.len() != theirs.len() {
        return None;
    }
    let base = base.unwrap_or_else(|| vec![Vec::new(); ours.len()]);
    let merged = base.iter().zip(&ours).zip(&theirs);
    let merged: Vec<KeyGroup> = merged
        .map(|((base, ours), theirs)| {
            let kept = (ours.iter()).filter(|key| !base.contains(key) || theirs.contains(key));
            let added = (theirs.iter()).filter(|key| !base.contains(key) && !ours.contains(key));
            kept.chain(added).cloned().collect()
        })
        .collect();
    let was_empty = |index: usize| ours[index].is_empty() || theirs[index].is_empty();
    let all_have_keys = (merged.iter().enumerate()).all(|(i, g)| !g.is_empty() || was_empty(i));
    all_have_keys.then_some(merged)
}

/// The data key for everybody in `groups`: entries of the `holders`, files that have it, where they fit.
pub(super) fn wrapped_keys(
    groups: &[KeyGroup],
    shamir_threshold: usize,
    holders: &[&EncryptedFile],
    key: &DataKey,
    services: &[&dyn KeyService],
    moment: &mut Moment<'_>,
) -> Result<WrappedDataKey, WrapError> {
    let created_at = moment.now.to_string();
    let mut wrap_for = |groups: &[KeyGroup]| {
        wrap(
            key,
            groups,
            shamir_threshold,
            services,
            moment.random,
            &created_at,
        )
    };
    if let [group] = groups {
        let mut known: Vec<EncryptedDataKey> = (holders.iter())
            .filter(|file| file.metadata.key_groups().len() == 1)
            .flat_map(|file| file.metadata.key_groups().concat())
            .collect();
        let mut found: Vec<_> = group
            .iter()
            .map(|key| take_entry(&mut known, key))
            .collect();
        let missing = group
            .iter()
            .zip(&found)
            .filter(|(_, found)| found.is_none());
        let missing: KeyGroup = missing.map(|(key, _)| key.clone()).collect();
        if !missing.is_empty() {
            let mut new = wrap_for(&[missing])?.groups.concat().into_iter();
            let gaps = found.iter_mut().filter(|found| found.is_none());
            gaps.for_each(|gap| *gap = new.next());
        }
        let entries = found.into_iter().flatten();
        return Ok(WrappedDataKey {
            groups: vec![entries.collect()],
            shamir_threshold,
        });
    }
    // The shares of one file fit together, those of two do not.
    let whole = holders.iter().find_map(|file| {
        let own = file.metadata.key_groups();
        let fits =
            own.len() == groups.len() && file.metadata.shamir_threshold() == shamir_threshold;
        if !fits {
            return None;
        }
        let pairs = groups.iter().zip(own);
        let entries = pairs.map(|(group, own)| {
            let mut own = own.clone();
            let entry = |key: &MasterKey| take_entry(&mut own, key);
            group.iter().map(entry).collect::<Option<Vec<_>>>()
        });
        entries.collect::<Option<Vec<_>>>()
    });
    match whole {
        Some(groups) => Ok(WrappedDataKey {
            groups,
            shamir_threshold,
        }),
        None => wrap_for(groups),
    }
}

/// The first entry of a key, taken out, as the key may be there twice.
fn take_entry(entries: &mut Vec<EncryptedDataKey>, key: &MasterKey) -> Option<EncryptedDataKey> {
    let at = entries.iter().position(|entry| entry.master_key == *key)?;
    Some(entries.remove(at))
}
