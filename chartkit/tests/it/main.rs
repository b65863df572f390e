//! The library through its public interface: one binary, one file per topic.
#![allow(clippy::disallowed_methods, reason = "tests read fixtures")]
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

mod effective;
mod emit;
mod emit_laws;
mod ignore;
mod interop;
mod laws;
mod layering;
mod semver;
mod strvals;
mod typed;
mod typed_as_go;
mod yaml_edit;
mod yaml_hostile;
mod yaml_read;

/// The text of a file in `fixtures`.
fn fixture(path: &str) -> String {
    let path = format!("{}/../fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The table of random cases that a recorder wrote, named by an environment variable.
fn random_table(variable: &str) -> String {
    let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no table"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
