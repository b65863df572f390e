//! Paths into values, as `--set` writes them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::yaml::{Node, Table, Value};

/// One step of a [`ValuePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a table.
    Key(Arc<str>),
    /// An index of a list, from 0.
    Index(usize),
}

impl Step {
    /// The key, if it is one.
    #[must_use]
    pub fn as_key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

/// A path from the root of a values tree, such as `image.tags[0]`.
///
/// # Shape
///
/// Text form as in `--set`: keys separated by `.`, indexes in `[]`; a `\` escapes `.`, `[`, `]`, `,`,
/// `=` and itself inside a key. The empty path is the root and prints as nothing.
///
/// # Examples
///
/// ```
/// use chartkit::values::ValuePath;
///
/// let path: ValuePath = r"ingress.annotations.nginx\.io/rewrite".parse()?;
/// assert_eq!(path.steps().len(), 3);
/// assert_eq!(path.to_string(), r"ingress.annotations.nginx\.io/rewrite");
/// # Ok::<_, chartkit::values::PathError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValuePath(Vec<Step>);

impl ValuePath {
    /// The path made of these keys.
    pub fn from_keys(keys: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        Self(keys.into_iter().map(|k| Step::Key(k.into())).collect())
    }

    /// The steps, from the root.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path one step deeper.
    #[must_use]
    pub fn join(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The node at the end of this path in a table; nothing for the empty path.
    #[must_use]
    pub fn find<'t>(&self, table: &'t Table) -> Option<&'t Node> {
        let (Step::Key(first), rest) = self.0.split_first()? else {
            return None;
        };
        rest.iter()
            .try_fold(table.get(first)?, |node, step| match (step, &node.value) {
                (Step::Key(key), Value::Table(table)) => table.get(key),
                (Step::Index(index), Value::List(items)) => items.get(*index),
                _ => None,
            })
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    for c in key.chars() {
                        if matches!(c, '.' | '[' | ']' | ',' | '=' | '\\') {
                            f.write_str("\\")?;
                        }
                        write!(f, "{c}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A text that is no [`ValuePath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no path into values: {problem} at byte {offset}")]
pub struct PathError {
    text: String,
    problem: &'static str,
    offset: usize,
}

impl PathError {
    /// Where in the text the problem is, in bytes from 0.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl FromStr for ValuePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let fail = |problem, offset| PathError {
            text: text.to_owned(),
            problem,
            offset,
        };
        let mut steps = Vec::new();
        let mut key = String::new();
        // Whether a key must come next: at the start and after a dot.
        let mut key_due = true;
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, escaped)) => key.push(escaped),
                    None => return Err(fail("nothing after `\\`", at)),
                },
                '.' | '[' => {
                    if !key.is_empty() {
                        steps.push(Step::Key(Arc::from(key.as_str())));
                        key.clear();
                    } else if key_due {
                        return Err(fail("empty key", at));
                    }
                    key_due = c == '.';
                    if c == '[' {
                        let rest = chars.as_str();
                        let digits = rest.split_once(']').ok_or_else(|| fail("no `]`", at))?.0;
                        let index = digits.parse();
                        steps.push(Step::Index(index.map_err(|_| fail("no index", at + 1))?));
                        chars.nth(digits.len());
                    }
                }
                c if key_due || !key.is_empty() => {
                    key.push(c);
                    key_due = false;
                }
                _ => return Err(fail("no `.` after `]`", at)),
            }
        }
        if !key.is_empty() {
            steps.push(Step::Key(Arc::from(key)));
        } else if key_due && !text.is_empty() {
            return Err(fail("empty key", text.len()));
        }
        Ok(Self(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::ValuePath;

    #[test]
    fn text_and_path_are_one_to_one() {
        for text in [
            "",
            "a",
            "a.b",
            "a[0]",
            "a[0][12].b",
            r"a\.b.c",
            r"a\\.b",
            r"x\[0\]",
        ] {
            let path: ValuePath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_says_where() {
        for (text, offset) in [
            ("a.", 2),
            (".a", 0),
            ("a..b", 2),
            ("a[", 1),
            ("a[x]", 2),
            ("a[0]b", 4),
            ("a\\", 1),
        ] {
            let error = text.parse::<ValuePath>().unwrap_err();
            assert_eq!(error.offset(), offset, "{text}: {error}");
        }
    }
}
