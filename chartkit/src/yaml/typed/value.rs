//! Values as serde's data, so that any type becomes a value and any format can print one.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::yaml::{MASK, Node, Number, Table, Value};

/// The value that a type serializes to; [`to_yaml`](crate::yaml::to_yaml) writes it as Go would.
///
/// # Shape
///
/// Integers are [`Number::Set`], because Go keeps integers of structs exact; those above
/// `i64::MAX` are [`Number::UInt`]. A float that is not finite becomes null.
///
/// # Errors
///
/// When a map has keys that are no strings, or a type's own `Serialize` fails.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{EmitStyle, to_value, to_yaml};
///
/// #[derive(serde::Serialize)]
/// struct Dependency {
///     name: &'static str,
///     version: &'static str,
/// }
///
/// let dependency = Dependency { name: "redis", version: "^17" };
/// let value = to_value(&dependency).unwrap();
/// assert_eq!(to_yaml(&value, EmitStyle::V2), "name: redis\nversion: ^17\n");
/// ```
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, EncodeError> {
    serde_json::to_value(value)
        .map(from_serde_json)
        .map_err(|source| EncodeError {
            source: Arc::new(source),
        })
}

/// A type that cannot be said as a value.
#[derive(Clone, Debug)]
pub struct EncodeError {
    source: Arc<serde_json::Error>,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type has no form as a value")
    }
}

impl std::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

fn from_serde_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(bool),
        serde_json::Value::Number(number) => {
            let set = number.as_i64().map(Number::Set);
            let unsigned = || number.as_u64().map(Number::UInt);
            let float = || number.as_f64().map(Number::Float);
            set.or_else(unsigned)
                .or_else(float)
                .map_or(Value::Null, Value::Number)
        }
        serde_json::Value::String(text) => Value::String(text.into()),
        serde_json::Value::Array(items) => {
            let items = items.into_iter().map(|item| from_serde_json(item).into());
            Value::List(items.collect())
        }
        serde_json::Value::Object(object) => {
            let entry = |(key, value): (String, _)| (key.into(), from_serde_json(value).into());
            Value::Table(object.into_iter().map(entry).collect())
        }
    }
}

/// Whole numbers as integers, as in JSON; all others exact as they were written.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(Number::Float(zero)) if *zero == 0.0 && zero.is_sign_negative() => {
                serializer.serialize_f64(*zero)
            }
            Self::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => serializer.serialize_i64(int),
                (None, Some(int)) => serializer.serialize_u64(int),
                (None, None) => serializer.serialize_f64(number.as_f64()),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Secret(_) => serializer.serialize_str(MASK),
            Self::List(items) => serializer.collect_seq(items),
            Self::Table(table) => serializer.collect_map(table),
        }
    }
}

/// As its value; places and history are left out.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// Any data that JSON can say, so that a field can be a `Value`.
///
/// # Shape
///
/// Numbers come back as those of a file, also those of `--set`. A float that is not finite is an
/// error.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a bool, a finite number, a string, a list or a table")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(Value::Number(Number::Int(int)))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        let number = i64::try_from(int).map_or(Number::UInt(int), Number::Int);
        Ok(Value::Number(number))
    }

    fn visit_f64<E: serde::de::Error>(self, float: f64) -> Result<Value, E> {
        if !float.is_finite() {
            return Err(E::invalid_value(serde::de::Unexpected::Float(float), &self));
        }
        Ok(Value::Number(Number::Float(float)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            list.push(item.into());
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Table::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            table.insert(key.into(), value.into());
        }
        Ok(Value::Table(table))
    }
}
