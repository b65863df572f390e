//! Nodes into Rust types and back, with the freedom that Go takes.
//!
//! Decides which value fits which type. Knows no type of its own: charts, locks and profiles derive
//! `Deserialize` and are read through [`from_node`].

mod access;
mod deserializer;
mod error;
mod value;

pub use error::{DecodeError, DecodeErrorKind};
pub use value::{EncodeError, to_value};

use serde::Deserialize;

use super::Node;
use deserializer::NodeDeserializer;

/// Decodes a node into a type, as Helm decodes `Chart.yaml`; also the way from effective values to
/// an embedder's own types.
///
/// # Shape
///
/// - Numbers and booleans fit strings: `appVersion: 1.10` is `"1.1"`
///   ([`Number::to_field_text`](super::Number::to_field_text)). The reverse is an error.
/// - A number fits an integer type when it is whole and in range, however it was written.
/// - Fields of structs match exactly or, failing that, without regard to case. When several keys
///   match one field, the last one in byte order wins. Unknown fields are ignored.
/// - Null leaves a field of a struct as if it were absent, is `None` for an `Option`, and elsewhere
///   is an empty string, list or table, zero or `false`.
/// - Fields that serde buffers (`flatten`, `untagged`, internally tagged enums) get none of this.
///
/// # Errors
///
/// [`DecodeError`] with the place and the path of the value that does not fit.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{from_json, from_node};
///
/// #[derive(serde::Deserialize)]
/// struct Service {
///     name: String,
///     port: u16,
/// }
///
/// let node = from_json(r#"{"Name": 80, "port": 80}"#, None).unwrap();
/// let service: Service = from_node(&node).unwrap();
/// assert_eq!((service.name.as_str(), service.port), ("80", 80));
///
/// let node = from_json(r#"{"name": "web", "port": "80"}"#, None).unwrap();
/// let error = from_node::<Service>(&node).err().unwrap();
/// assert_eq!(error.to_string(), "`port`: found a string, expected u16");
/// ```
///
/// # Source
///
/// sigs.k8s.io/yaml v1.6.0, `Unmarshal`; Go 1.26, `encoding/json/decode.go`.
pub fn from_node<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, DecodeError> {
    decode(NodeDeserializer::new(node))
}

/// As [`from_node`], but a key that matches no field of its struct is an error.
///
/// Duplicate keys, the other half of Go's strictness, are the reader's findings.
///
/// # Errors
///
/// As [`from_node`], and [`DecodeErrorKind::UnknownField`].
///
/// # Source
///
/// sigs.k8s.io/yaml v1.6.0, `UnmarshalStrict`.
pub fn from_node_strict<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T, DecodeError> {
    decode(NodeDeserializer::new(node).strict())
}

fn decode<'de, T: Deserialize<'de>>(root: NodeDeserializer<'de>) -> Result<T, DecodeError> {
    T::deserialize(root).map_err(|error| error.found(root.node()))
}
