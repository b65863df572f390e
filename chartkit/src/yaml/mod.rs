//! YAML as Go's libraries read and write it.

mod binary;
mod compat;
mod decode;
mod document;
pub mod edit;
pub(crate) mod emit;
mod error;
mod history;
#[cfg(feature = "serde_yaml")]
mod interop;
pub(crate) mod json;
pub(crate) mod number;
mod parse;
mod read;
mod scalar;
mod secret;
mod tabs;
mod timestamp;
mod typed;
mod value;

pub use decode::Decoded;
pub(crate) use decode::{AliasBudget, Resolved};
pub use document::{Comment, Document, Kind, NodeId, Style};
pub use emit::{EmitStyle, Slot, to_yaml, to_yaml_scalar};
pub use error::{ParseError, ParseErrorKind};
pub use history::History;
#[cfg(feature = "serde_yaml")]
pub use interop::{InteropError, InteropErrorKind};
pub use json::{JsonError, JsonErrorKind, from_json, from_json_prefix, to_json, to_json_pretty};
pub use parse::{MAX_DEPTH, ParseOptions, Stream, parse};
pub use read::{read, read_span, read_with};
pub(crate) use scalar::parse_go_float;
pub use scalar::{Scalar, Schema, resolve_scalar};
pub use secret::{MASK, SecretScalar};
pub(crate) use timestamp::parse_timestamp;
pub use typed::{DecodeError, DecodeErrorKind, EncodeError, from_node, from_node_strict, to_value};
pub use value::{Node, Number, Table, Value};
