//! YAML as Go's libraries read and write it.

mod base64;
mod compat;
mod decode;
mod document;
mod error;
mod parse;
mod read;
mod scalar;
mod timestamp;
mod value;

pub use decode::Decoded;
pub use document::{Comment, Document, Kind, NodeId, Style};
pub use error::{ParseError, ParseErrorKind};
pub use parse::{MAX_DEPTH, ParseOptions, Stream, parse};
pub use read::{read, read_span, read_with};
pub use scalar::{Scalar, Schema, resolve_scalar};
pub use value::{Node, Number, Table, Value};
