//! To and from `serde_yaml::Value`, for embedders that have those.
//!
//! Only values are exchanged; nothing here reads or writes text.

use std::fmt;

use serde_yaml::Mapping;

use super::{MASK, Node, Number, Table, Value, number};

/// The same value, with numbers as they were written, and secrets as [`MASK`].
impl From<&Value> for serde_yaml::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(Number::Int(int) | Number::Set(int)) => Self::from(*int),
            Value::Number(Number::UInt(int)) => Self::from(*int),
            Value::Number(Number::Float(float)) => Self::from(*float),
            Value::String(text) => Self::String(text.to_string()),
            Value::Secret(_) => Self::String(MASK.to_owned()),
            Value::List(items) => {
                Self::Sequence(items.iter().map(|item| Self::from(&item.value)).collect())
            }
            Value::Table(table) => {
                let entry = |(key, node): (&std::sync::Arc<str>, &Node)| {
                    (Self::String(key.to_string()), Self::from(&node.value))
                };
                Self::Mapping(table.iter().map(entry).collect())
            }
        }
    }
}

/// What Helm would see if it read the value.
///
/// # Shape
///
/// Tags are dropped; keys that are integers, floats or booleans become strings. Of keys that become
/// equal the last one wins (in Go any one).
///
/// # Errors
///
/// See [`InteropErrorKind`].
///
/// # Source
///
/// sigs.k8s.io/yaml v1.6.0, `yaml.go`, `convertToJSONableObject`.
impl TryFrom<serde_yaml::Value> for Value {
    type Error = InteropError;

    fn try_from(value: serde_yaml::Value) -> Result<Self, InteropError> {
        Ok(match value {
            serde_yaml::Value::Null => Self::Null,
            serde_yaml::Value::Bool(bool) => Self::Bool(bool),
            serde_yaml::Value::Number(number) => Self::Number(finite(&number)?),
            serde_yaml::Value::String(text) => Self::String(text.into()),
            serde_yaml::Value::Sequence(items) => {
                let items = items.into_iter().map(Self::try_from);
                Self::List(
                    items
                        .map(|item| item.map(Node::from))
                        .collect::<Result<_, _>>()?,
                )
            }
            serde_yaml::Value::Mapping(mapping) => Self::Table(table(mapping)?),
            serde_yaml::Value::Tagged(tagged) => tagged.value.try_into()?,
        })
    }
}

/// A `serde_yaml::Value` that Helm would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteropError {
    kind: InteropErrorKind,
}

/// What Helm would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InteropErrorKind {
    /// `.inf` or `.nan`, which JSON cannot say.
    NotFinite,
    /// A key that is null, a sequence or a mapping, or an integer above `i64::MAX`.
    Key,
}

impl InteropError {
    /// What Helm would refuse.
    #[must_use]
    pub fn kind(&self) -> InteropErrorKind {
        self.kind
    }
}

impl fmt::Display for InteropError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            InteropErrorKind::NotFinite => {
                "found a number that is not finite, expected a finite one"
            }
            InteropErrorKind::Key => "found a key that is no scalar, expected a string",
        })
    }
}

impl std::error::Error for InteropError {}

fn finite(number: &serde_yaml::Number) -> Result<Number, InteropError> {
    let int = number.as_i64().map(Number::Int);
    let unsigned = || number.as_u64().map(Number::UInt);
    let float = || number.as_f64().filter(|f| f.is_finite()).map(Number::Float);
    int.or_else(unsigned).or_else(float).ok_or(InteropError {
        kind: InteropErrorKind::NotFinite,
    })
}

fn table(mapping: Mapping) -> Result<Table, InteropError> {
    let entry = |(name, value)| Ok((key(name)?.into(), Node::from(Value::try_from(value)?)));
    mapping.into_iter().map(entry).collect()
}

fn key(key: serde_yaml::Value) -> Result<String, InteropError> {
    match key {
        serde_yaml::Value::String(text) => Ok(text),
        serde_yaml::Value::Bool(bool) => Ok(bool.to_string()),
        serde_yaml::Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(int), _) => Ok(int.to_string()),
            (None, Some(float)) if n.is_f64() => Ok(number::key(float)),
            _ => Err(InteropError {
                kind: InteropErrorKind::Key,
            }),
        },
        serde_yaml::Value::Tagged(tagged) => self::key(tagged.value),
        serde_yaml::Value::Null
        | serde_yaml::Value::Sequence(_)
        | serde_yaml::Value::Mapping(_) => Err(InteropError {
            kind: InteropErrorKind::Key,
        }),
    }
}
