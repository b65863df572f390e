//! Which value fits which type.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Entries, Fields, Items, Variant};
use super::error::DecodeError;
use crate::yaml::{Node, Number, Value};

/// A node on its way into a type.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'de> {
    node: &'de Node,
    strict: bool,
}

impl<'de> NodeDeserializer<'de> {
    pub(super) fn new(node: &'de Node) -> Self {
        Self {
            node,
            strict: false,
        }
    }

    /// Refuses unknown fields.
    pub(super) fn strict(self) -> Self {
        Self {
            strict: true,
            ..self
        }
    }

    pub(super) fn is_strict(self) -> bool {
        self.strict
    }

    pub(super) fn node(self) -> &'de Node {
        self.node
    }

    /// A node inside this one.
    pub(super) fn inner(self, node: &'de Node) -> Self {
        Self { node, ..self }
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_i64(0),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => visitor.visit_i64(int),
                (None, Some(int)) => visitor.visit_u64(int),
                (None, None) => Err(DecodeError::wrong_value(self.node, &visitor)),
            },
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_f64(0.0),
            Value::Number(number) => visitor.visit_f64(number.as_f64()),
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_borrowed_str(""),
            Value::Bool(true) => visitor.visit_borrowed_str("true"),
            Value::Bool(false) => visitor.visit_borrowed_str("false"),
            Value::Number(number) => visitor.visit_string(number.to_field_text()),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::List(_) | Value::Table(_) | Value::Secret(_) => {
                Err(DecodeError::wrong_type(self.node, &visitor))
            }
        }
    }

    fn items<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_seq(Items::new(self, &[])),
            Value::List(items) => visitor.visit_seq(Items::new(self, items)),
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }
}

/// Calls a method of [`NodeDeserializer`] for several of serde's types.
macro_rules! forward {
    ($($from:ident => $to:ident)+) => {
        $(fn $from<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.$to(visitor)
        })+
    };
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = DecodeError;

    forward! {
        deserialize_i8 => integer
        deserialize_i16 => integer
        deserialize_i32 => integer
        deserialize_i64 => integer
        deserialize_i128 => integer
        deserialize_u8 => integer
        deserialize_u16 => integer
        deserialize_u32 => integer
        deserialize_u64 => integer
        deserialize_u128 => integer
        deserialize_f32 => float
        deserialize_f64 => float
        deserialize_char => text
        deserialize_str => text
        deserialize_string => text
        deserialize_bytes => text
        deserialize_byte_buf => text
        deserialize_seq => items
    }

    forward_to_deserialize_any! { identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(bool) => visitor.visit_bool(*bool),
            // JSON has no sign for an integer zero.
            Value::Number(Number::Float(zero)) if *zero == 0.0 && zero.is_sign_negative() => {
                visitor.visit_f64(*zero)
            }
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => visitor.visit_i64(int),
                (None, Some(int)) => visitor.visit_u64(int),
                (None, None) => visitor.visit_f64(number.as_f64()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Secret(_) => Err(DecodeError::wrong_type(self.node, &visitor)),
            Value::List(items) => visitor.visit_seq(Items::new(self, items)),
            Value::Table(table) => visitor.visit_map(Entries::new(self, table)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(bool) => visitor.visit_bool(*bool),
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.node.value.is_null() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.node.value.is_null() {
            return visitor.visit_unit();
        }
        Err(DecodeError::wrong_type(self.node, &visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.items(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.items(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_map(Fields::none(self)),
            Value::Table(table) => visitor.visit_map(Entries::new(self, table)),
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.node.value.revealed() {
            Value::Null => visitor.visit_map(Fields::none(self)),
            Value::Table(table) => visitor.visit_map(Fields::new(self, table, fields)?),
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let word = |text: String| text.into_deserializer();
        match self.node.value.revealed() {
            Value::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Value::Bool(bool) => visitor.visit_enum(word(bool.to_string())),
            Value::Number(number) => visitor.visit_enum(word(number.to_field_text())),
            Value::Table(table) if table.len() == 1 => {
                let entry = table.first_key_value();
                let (key, node) = entry.expect("a table of length 1 has an entry");
                visitor.visit_enum(Variant::new(key, self.inner(node)))
            }
            _ => Err(DecodeError::wrong_type(self.node, &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }
}
