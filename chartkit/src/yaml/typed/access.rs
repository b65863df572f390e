//! The way into lists, tables, structs and enums, where paths of errors grow.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::sync::Arc;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::deserializer::NodeDeserializer;
use super::error::DecodeError;
use crate::yaml::{Node, Table};

/// The items of a list.
pub(super) struct Items<'de> {
    list: NodeDeserializer<'de>,
    rest: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> Items<'de> {
    pub(super) fn new(list: NodeDeserializer<'de>, items: &'de [Node]) -> Self {
        Self {
            list,
            rest: items.iter().enumerate(),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, node)) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(self.list.inner(node))
            .map(Some)
            .map_err(|error| error.found(node).at_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The entries of a table.
pub(super) struct Entries<'de> {
    table: NodeDeserializer<'de>,
    rest: btree_map::Iter<'de, Arc<str>, Node>,
    value: Option<(&'de str, &'de Node)>,
}

impl<'de> Entries<'de> {
    pub(super) fn new(node: NodeDeserializer<'de>, table: &'de Table) -> Self {
        Self {
            table: node,
            rest: table.iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, node)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((key, node));
        seed.deserialize(KeyDeserializer(key))
            .map(Some)
            .map_err(|error| error.found(self.table.node()))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        value(self.table, self.value.take(), seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The entries of a table that is to become a struct, each under the name of its field.
pub(super) struct Fields<'de> {
    table: NodeDeserializer<'de>,
    rest: std::vec::IntoIter<Field<'de>>,
    value: Option<(&'de str, &'de Node)>,
}

struct Field<'de> {
    name: &'de str,
    key: &'de str,
    node: &'de Node,
}

impl<'de> Fields<'de> {
    /// # Source
    ///
    /// Go 1.26, `encoding/json/decode.go`, `object`: the exact name first, then a folded one; keys
    /// arrive in byte order, because the YAML has become JSON before.
    pub(super) fn new(
        node: NodeDeserializer<'de>,
        table: &'de Table,
        names: &'static [&'static str],
    ) -> Result<Self, DecodeError> {
        let mut known: BTreeMap<&str, Field<'de>> = BTreeMap::new();
        let mut unknown = Vec::new();
        for (key, value) in table {
            let exact = names.iter().find(|name| **name == &**key);
            let name = exact.or_else(|| names.iter().find(|name| equal_folded(name, key)));
            let field = Field {
                name: name.map_or(key, |name| name),
                key,
                node: value,
            };
            match name {
                Some(_) if value.value.is_null() => {}
                Some(name) => {
                    known.insert(name, field);
                }
                None if node.is_strict() => return Err(DecodeError::unknown(key, value)),
                None => unknown.push(field), // for `deny_unknown_fields`
            }
        }
        let fields: Vec<_> = known.into_values().chain(unknown).collect();
        Ok(Self {
            table: node,
            rest: fields.into_iter(),
            value: None,
        })
    }

    pub(super) fn none(node: NodeDeserializer<'de>) -> Self {
        Self {
            table: node,
            rest: Vec::new().into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some(Field { name, key, node }) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((key, node));
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
            .map_err(|error: DecodeError| error.found(node))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        value(self.table, self.value.take(), seed)
    }
}

fn value<'de, T: DeserializeSeed<'de>>(
    table: NodeDeserializer<'de>,
    entry: Option<(&'de str, &'de Node)>,
    seed: T,
) -> Result<T::Value, DecodeError> {
    let Some((key, node)) = entry else {
        return Err(DecodeError::custom("a value was asked for before its key"));
    };
    seed.deserialize(table.inner(node))
        .map_err(|error| error.found(node).at_key(key))
}

/// Whether two names are the same without regard to case, as Unicode's simple folding has it.
fn equal_folded(a: &str, b: &str) -> bool {
    fn fold(text: &str) -> impl Iterator<Item = char> {
        let long_s = |c| if c == 'ſ' { 's' } else { c }; // it has no upper case of its own
        text.chars().map(long_s).flat_map(char::to_lowercase)
    }
    fold(a).eq(fold(b))
}

/// A key of a map, which is a string or a number in it.
struct KeyDeserializer<'de>(&'de str);

/// Go's maps with integer keys take the text of the key.
macro_rules! parse_key {
    ($($method:ident $visit:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_borrowed_str(self.0),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for KeyDeserializer<'de> {
    type Error = DecodeError;

    parse_key! {
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// An enum written as a table with one entry: the variant and what it holds.
pub(super) struct Variant<'de> {
    key: &'de str,
    content: NodeDeserializer<'de>,
}

impl<'de> Variant<'de> {
    pub(super) fn new(key: &'de str, content: NodeDeserializer<'de>) -> Self {
        Self { key, content }
    }

    fn locate<T>(&self, result: Result<T, DecodeError>) -> Result<T, DecodeError> {
        result.map_err(|error| error.found(self.content.node()).at_key(self.key))
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self), DecodeError> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<DecodeError>::new(self.key))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        self.locate(serde::Deserialize::deserialize(self.content))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        self.locate(seed.deserialize(self.content))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.locate(self.content.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.locate(self.content.deserialize_struct("", fields, visitor))
    }
}
