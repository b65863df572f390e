//! Metadata in formats that have no nesting: the path of a value is its key.
//!
//! A step into a mapping is written `__map_KEY`, one into a list `__list_N`.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/flatten.go`.

use std::collections::{BTreeMap, HashSet};
use std::num::IntErrorKind;

use super::{EmitError, EmitErrorKind, LoadError, LoadErrorKind};
use crate::sops::tree::entries;
use crate::sops::{At, Branch, Entry, Item, Node, Value};
use crate::source::FileId;
use crate::yaml::MAX_DEPTH;

const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// Entries whose keys are paths, as the mapping that they describe.
///
/// # Shape
///
/// The keys of every mapping are in byte order; comments are gone.
///
/// # Errors
///
/// When a path stands twice, when there is something below a value, when a list misses an item, and
/// when there are more than [`MAX_DEPTH`] steps in a path (SOPS: any number).
///
/// # Source
///
/// `unflattenTreeBranch`.
pub(super) fn unflatten(flat: Branch, file: FileId) -> Result<Branch, LoadError> {
    let mut root = Slot::default();
    for item in flat {
        let Item::Entry(entry) = item else { continue };
        let error = |message: &str| error(file, entry.key_at, message);
        let mut slot = &mut root;
        for (depth, step) in Steps::of(&entry.key).enumerate() {
            if depth == MAX_DEPTH {
                let message = format!("found more than {MAX_DEPTH} steps in a key");
                return Err(error(&message));
            }
            slot = match step {
                Step::Key(key) => slot.keys.entry(key.to_owned()).or_default(),
                Step::Index(index) => slot.items.entry(index).or_default(),
            };
            slot.at = entry.key_at;
        }
        if slot.value.is_some() {
            return Err(error(&format!("found `{}` twice", entry.key)));
        }
        slot.value = Some(entry.value);
    }
    root.into_branch(file)
}

fn error(file: FileId, at: Option<At>, message: &str) -> LoadError {
    let message = format!("the metadata is damaged: {message}");
    let error = LoadError::new(LoadErrorKind::Metadata, message);
    match at {
        Some(at) => error.at(file, at.span),
        None => error,
    }
}

/// A value, a mapping or a list that is being put together.
#[derive(Default)]
struct Slot {
    value: Option<Node>,
    keys: BTreeMap<String, Slot>,
    items: BTreeMap<i64, Slot>,
    /// The key of the last entry that is here or below.
    at: Option<At>,
}

impl Slot {
    fn into_branch(self, file: FileId) -> Result<Branch, LoadError> {
        let mut branch = Branch::with_capacity(self.keys.len());
        for (key, slot) in self.keys {
            branch.push(Item::Entry(Entry {
                key,
                key_at: slot.at,
                value: slot.into_node(file)?,
            }));
        }
        Ok(branch)
    }

    fn into_node(self, file: FileId) -> Result<Node, LoadError> {
        match (&self.value, self.keys.len(), self.items.len()) {
            (Some(_), 0, 0) | (None, _, 0) | (None, 0, _) => {}
            _ => {
                let message = "found a key that leads through a value, or both into a mapping and \
                               into a list";
                return Err(error(file, self.at, message));
            }
        }
        if let Some(value) = self.value {
            return Ok(value);
        }
        if self.items.is_empty() {
            return self.into_branch(file).map(|b| Value::Branch(b).into());
        }
        let mut list = Vec::with_capacity(self.items.len());
        for (expected, (index, slot)) in (0..).zip(self.items) {
            if index != expected {
                let message = format!("found no item {expected} of a list, but one behind it");
                return Err(error(file, slot.at, &message));
            }
            list.push(slot.into_node(file)?);
        }
        Ok(Value::List(list).into())
    }
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'k> {
    Key(&'k str),
    Index(i64),
}

/// The steps of a flat key; the first one is always into a mapping, and has no separator.
struct Steps<'k> {
    rest: Option<&'k str>,
    make: fn(&'k str) -> Step<'k>,
}

impl<'k> Steps<'k> {
    fn of(key: &'k str) -> Self {
        Self {
            rest: Some(key),
            make: Step::Key,
        }
    }
}

impl<'k> Iterator for Steps<'k> {
    type Item = Step<'k>;

    fn next(&mut self) -> Option<Step<'k>> {
        let rest = self.rest?;
        let make = self.make;
        let separators = [(MAP, Step::Key as fn(_) -> _), (LIST, index)];
        let found = separators
            .into_iter()
            .filter_map(|(separator, make)| Some((rest.find(separator)?, separator, make)))
            .min_by_key(|(at, ..)| *at);
        let Some((at, separator, next)) = found else {
            self.rest = None;
            return Some(make(rest));
        };
        self.rest = Some(&rest[at + separator.len()..]);
        self.make = next;
        Some(make(&rest[..at]))
    }
}

/// As in SOPS, what is no number counts as 0.
fn index(digits: &str) -> Step<'_> {
    Step::Index(digits.parse().unwrap_or_else(
        |error: std::num::ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => i64::MAX,
            IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        },
    ))
}

/// The values of a mapping with their paths as keys. Empty lists and mappings vanish.
///
/// # Errors
///
/// When two values have the same path.
///
/// # Source
///
/// `flattenTreeBranch`.
pub(super) fn flatten(branch: &Branch) -> Result<Branch, EmitError> {
    let mut flat = Flat::default();
    flat.branch("", branch)?;
    Ok(flat.branch)
}

#[derive(Default)]
struct Flat {
    branch: Branch,
    keys: HashSet<String>,
}

impl Flat {
    fn branch(&mut self, prefix: &str, branch: &Branch) -> Result<(), EmitError> {
        entries(branch).try_for_each(|entry| {
            let key = format!("{prefix}{}", entry.key);
            self.value(key, &entry.value)
        })
    }

    fn value(&mut self, key: String, node: &Node) -> Result<(), EmitError> {
        match &node.value {
            Value::Branch(branch) => self.branch(&format!("{key}{MAP}"), branch),
            Value::List(items) => {
                let items = items.iter();
                let items = items.filter(|item| !matches!(item.value, Value::Comment(_)));
                items
                    .enumerate()
                    .try_for_each(|(index, item)| self.value(format!("{key}{LIST}{index}"), item))
            }
            value => {
                if !self.keys.insert(key.clone()) {
                    let message = format!("found two values that would both be called `{key}`");
                    return Err(EmitError::new(EmitErrorKind::Unsupported, message));
                }
                let entry = Entry::new(key, value.clone());
                self.branch.push(Item::Entry(entry));
                Ok(())
            }
        }
    }
}
