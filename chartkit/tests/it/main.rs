//! The library through its public interface, one module per capability.

mod emit;
mod emit_laws;
mod interop;
mod typed;
mod typed_as_go;
