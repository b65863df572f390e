//! JSON as Go's `encoding/json` writes and reads it.
//!
//! Decides the bytes of `toJson` and of lock digests, and what `--set-json` accepts.

mod read;
mod write;

pub use read::{JsonError, JsonErrorKind, from_json, from_json_prefix};
pub use write::{to_json, to_json_pretty};
