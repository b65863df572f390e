//! JSON as Go's `encoding/json` writes and reads it.
//!
//! Decides the bytes of `toJson` and of lock digests, and what `--set-json` accepts.

mod lex;
mod read;
mod write;

pub(crate) use lex::{Lexer, NESTING_LIMIT};

pub use read::{JsonError, JsonErrorKind, from_json, from_json_prefix};
pub(crate) use write::escape;
pub use write::{to_json, to_json_pretty};
