//! Paths into a tree, as `--extract`, `set` and `unset` take them: `["list"][0]["key"]`.
//!
//! # Source
//!
//! SOPS v3.13.3, `cmd/sops/main.go`, `parseTreePath`; `sops.go`, `set`, `unset`, `Truncate`.

use std::fmt;
use std::str::FromStr;

use crate::sops::tree::{self, Entry};
use crate::sops::{Branch, Item, Node, Value};

/// The way to a value: keys and indexes.
///
/// # Shape
///
/// `["key"]` or `['key']` for a key, `[0]` for an item of a list, counted from 0 with comments counted
/// too. A key cannot hold `[`, and there are no escapes: the outer quotes are taken off, nothing else.
///
/// # Examples
///
/// ```
/// use chartkit::sops::TreePath;
///
/// let path: TreePath = r#"["clients"][0]["token"]"#.parse()?;
/// assert_eq!(path.to_string(), r#"["clients"][0]["token"]"#);
///
/// let error = "[\"a\"".parse::<TreePath>().unwrap_err();
/// assert_eq!(error.to_string(), "component 1 of the path does not end with `]`");
/// # Ok::<(), chartkit::sops::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreePath(Vec<Step>);

/// One step of a [`TreePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// Why a path leads nowhere, or is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    kind: PathErrorKind,
    message: String,
}

/// The kinds of [`PathError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// The text is no path.
    Syntax,
    /// There is nothing at the path.
    NotFound,
}

impl PathError {
    fn new(kind: PathErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(PathErrorKind::NotFound, message)
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> PathErrorKind {
        self.kind
    }
}

impl From<Vec<Step>> for TreePath {
    fn from(steps: Vec<Step>) -> Self {
        Self(steps)
    }
}

impl FromStr for TreePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let error = |message: String| PathError::new(PathErrorKind::Syntax, message);
        let components = text.split('[').filter(|component| !component.is_empty());
        let mut steps = Vec::new();
        for (number, component) in (1..).zip(components) {
            let Some(inner) = component.strip_suffix(']') else {
                return Err(error(format!(
                    "component {number} of the path does not end with `]`"
                )));
            };
            let key = inner
                .strip_prefix(['"', '\''])
                .and_then(|rest| rest.strip_suffix(['"', '\'']));
            steps.push(match (key, inner.parse()) {
                (Some(key), _) => Step::Key(key.to_owned()),
                (None, Ok(index)) => Step::Index(index),
                (None, Err(_)) => {
                    return Err(error(format!(
                        "component {number} of the path is neither a quoted key nor an index"
                    )));
                }
            });
        }
        if steps.is_empty() {
            return Err(error("the path is empty".to_owned()));
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Key(key) => write!(f, "[\"{key}\"]"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

impl TreePath {
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// The steps, from the top.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The value at the path.
    ///
    /// # Errors
    ///
    /// When there is none; where SOPS panics, such as at a key into a list, too.
    pub(crate) fn find(&self, branch: &Branch) -> Result<Value, PathError> {
        let root = Value::Branch(branch.clone());
        // As in SOPS, a mapping is a list of entries too; there is no way on from one.
        if let Some((Step::Index(index), way)) = self.0.split_last()
            && let Value::Branch(parent) = find(&root, way)?
            && let Some(item) = parent.get(*index)
        {
            return Ok(entry_as_mapping(item));
        }
        find(&root, &self.0).cloned()
    }

    /// Puts a value at the path; says whether that changes anything.
    ///
    /// What is missing on the way is made. An index behind the end of a list appends; a step below a
    /// scalar replaces it.
    ///
    /// # Errors
    ///
    /// For a key into a list, at which SOPS panics.
    pub(crate) fn set(&self, branch: &mut Branch, value: Value) -> Result<bool, PathError> {
        set_in_branch(branch, &self.0, value)
    }

    /// Takes the value at the path away.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn unset(&self, branch: &mut Branch) -> Result<(), PathError> {
        unset_in_branch(branch, &self.0)
    }
}

fn find<'v>(root: &'v Value, steps: &[Step]) -> Result<&'v Value, PathError> {
    let mut current = root;
    for step in steps {
        current = match (step, current) {
            (Step::Key(key), Value::Branch(branch)) => tree::get(branch, key)
                .ok_or_else(|| PathError::not_found(format!("there is no key `{key}`")))?,
            (Step::Index(index), Value::List(items)) => {
                let item = items.get(*index);
                &item.ok_or_else(|| no_item(items, *index))?.value
            }
            (Step::Key(key), other) => {
                let found = other.type_name();
                return Err(PathError::not_found(format!(
                    "a {found} has no key `{key}`"
                )));
            }
            (Step::Index(index), other) => {
                let found = other.type_name();
                return Err(PathError::not_found(format!(
                    "a {found} has no item {index}"
                )));
            }
        };
    }
    Ok(current)
}

fn no_item(items: &[Node], index: usize) -> PathError {
    let count = items.len();
    PathError::not_found(format!("the list has {count} items, none at {index}"))
}

/// What SOPS prints for an entry or a comment of a mapping.
fn entry_as_mapping(item: &Item) -> Value {
    let entry = |key: &str, value: Value| Item::Entry(Entry::new(key, value));
    let (key, value) = match item {
        Item::Entry(entry) => (Value::string(&entry.key), entry.value.value.clone()),
        Item::Comment(comment) => {
            let text = Value::String(comment.text.clone());
            let inline = Value::Bool(comment.inline);
            let comment = vec![entry("value", text), entry("inline", inline)];
            (Value::Branch(comment), Value::Null)
        }
    };
    Value::Branch(vec![entry("key", key), entry("value", value)])
}

fn set_in_branch(branch: &mut Branch, steps: &[Step], value: Value) -> Result<bool, PathError> {
    let Some((Step::Key(key), rest)) = steps.split_first() else {
        // As in SOPS, an index into a mapping is a key that cannot be found or written.
        return Err(PathError::not_found(
            "a mapping has keys, not items".to_owned(),
        ));
    };
    let found = branch.iter_mut().find_map(|item| match item {
        Item::Entry(entry) if entry.key == *key => Some(&mut entry.value),
        _ => None,
    });
    if let Some(node) = found {
        set_in_node(node, rest, value)
    } else {
        let value = make(rest, value);
        branch.push(Item::Entry(Entry::new(key, value)));
        Ok(true)
    }
}

fn set_in_node(node: &mut Node, steps: &[Step], value: Value) -> Result<bool, PathError> {
    let Some((step, rest)) = steps.split_first() else {
        let changed = node.value != value;
        if changed {
            node.value = value;
        }
        return Ok(changed);
    };
    match (&mut node.value, step) {
        (Value::Branch(branch), _) => set_in_branch(branch, steps, value),
        (Value::List(items), Step::Index(index)) => {
            if let Some(item) = items.get_mut(*index) {
                set_in_node(item, rest, value)
            } else {
                items.push(make(rest, value).into());
                Ok(true)
            }
        }
        (Value::List(_), Step::Key(key)) => {
            Err(PathError::not_found(format!("a list has no key `{key}`")))
        }
        (other, _) => {
            *other = make(steps, value);
            Ok(true)
        }
    }
}

/// A value at the end of a path of its own.
fn make(steps: &[Step], value: Value) -> Value {
    steps.iter().rev().fold(value, |inner, step| match step {
        Step::Key(key) => Value::Branch(vec![Item::Entry(Entry::new(key, inner))]),
        Step::Index(_) => Value::List(vec![inner.into()]),
    })
}

fn unset_in_branch(branch: &mut Branch, steps: &[Step]) -> Result<(), PathError> {
    let Some((Step::Key(key), rest)) = steps.split_first() else {
        return Err(PathError::not_found(
            "a mapping has keys, not items".to_owned(),
        ));
    };
    let is_it = |item: &Item| matches!(item, Item::Entry(entry) if entry.key == *key);
    let at = branch.iter().position(is_it);
    let at = at.ok_or_else(|| PathError::not_found(format!("there is no key `{key}`")))?;
    if rest.is_empty() {
        branch.remove(at);
        return Ok(());
    }
    match &mut branch[at] {
        Item::Entry(entry) => unset_in_node(&mut entry.value, rest),
        Item::Comment(_) => Ok(()),
    }
}

fn unset_in_node(node: &mut Node, steps: &[Step]) -> Result<(), PathError> {
    match (&mut node.value, steps.split_first()) {
        (Value::Branch(branch), _) => unset_in_branch(branch, steps),
        (Value::List(items), Some((Step::Index(index), rest))) => match items.get_mut(*index) {
            Some(_) if rest.is_empty() => {
                items.remove(*index);
                Ok(())
            }
            Some(item) => unset_in_node(item, rest),
            None => Err(no_item(items, *index)),
        },
        (other, _) => {
            let found = other.type_name();
            Err(PathError::not_found(format!(
                "there is nothing below a {found}"
            )))
        }
    }
}
