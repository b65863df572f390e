//! Integration tests of the library, one module per topic.
#![allow(clippy::disallowed_methods, reason = "tests read fixtures")]
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

mod emit;
mod emit_laws;
mod interop;
mod typed;
mod typed_as_go;
mod yaml_read;
