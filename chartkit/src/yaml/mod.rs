//! YAML as Go's libraries read and write it.

mod emit;
#[cfg(feature = "serde_yaml")]
mod interop;
mod json;
mod number;
mod typed;
mod value;

pub use emit::{EmitStyle, Slot, scalar, to_yaml};
#[cfg(feature = "serde_yaml")]
pub use interop::{InteropError, InteropErrorKind};
pub use json::{JsonError, JsonErrorKind, from_json, from_json_prefix, to_json, to_json_pretty};
pub use typed::{DecodeError, DecodeErrorKind, EncodeError, from_node, from_node_strict, to_value};
pub use value::{Node, Number, Table, Value};
