//! YAML as Go's libraries read and write it.

mod emit;
mod json;
mod number;
mod value;

pub use emit::{EmitStyle, Slot, scalar, to_yaml};
pub use json::{JsonError, JsonErrorKind, from_json, from_json_prefix, to_json, to_json_pretty};
pub use value::{Node, Number, Table, Value};
