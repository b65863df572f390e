//! YAML as Go's libraries read and write it.

mod base64;
mod compat;
mod decode;
mod document;
mod emit;
mod error;
mod json;
mod number;
mod parse;
mod read;
mod scalar;
mod timestamp;
mod value;

pub use decode::Decoded;
pub use document::{Comment, Document, Kind, NodeId, Style};
pub use emit::{EmitStyle, Slot, scalar, to_yaml};
pub use error::{ParseError, ParseErrorKind};
pub use json::{JsonError, JsonErrorKind, from_json, from_json_prefix, to_json, to_json_pretty};
pub use parse::{MAX_DEPTH, ParseOptions, Stream, parse};
pub use read::{read, read_span, read_with};
pub use scalar::{Scalar, Schema, resolve_scalar};
pub use value::{Node, Number, Table, Value};
