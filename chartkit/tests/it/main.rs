//! The library through its public interface: one binary, one file per topic.
#![allow(clippy::disallowed_methods, reason = "tests read fixtures")]
#![allow(clippy::print_stdout, reason = "a test that skips says so")]
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

mod archive;
mod chart;
mod corpus;
mod dependency;
mod directory;
mod effective;
#[cfg(feature = "age")]
mod effective_secrets;
mod emit;
mod emit_laws;
mod ignore;
mod interop;
mod laws;
mod layering;
mod lint;
mod package;
mod profile;
mod repo;
mod semver;
#[cfg(feature = "age")]
mod sops_age;
mod sops_change;
mod sops_corpus;
#[cfg(all(feature = "age", feature = "fs"))]
mod sops_corpus_keys;
#[cfg(all(feature = "age", feature = "fs"))]
mod sops_edge;
mod sops_laws;
#[cfg(feature = "age")]
mod sops_reads_ours;
mod sops_review_corpus;
mod sops_verify;
mod sops_versions;
mod sopsconfig;
mod strvals;
mod time;
mod typed;
mod typed_as_go;
mod values_files;
mod yaml_edit;
mod yaml_hostile;
mod yaml_messages;
mod yaml_read;

/// The folder of all fixtures.
fn fixtures() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Compares with a `snap.*` file, which is missing when there is nothing to say;
/// `SNAPSHOTS=overwrite` writes it instead.
fn assert_snapshot(path: &std::path::Path, text: &str) {
    let name = path.file_name().unwrap().to_string_lossy();
    assert!(
        name.starts_with("snap."),
        "only what chartkit says is ours to write"
    );
    if std::env::var("SNAPSHOTS").is_ok_and(|choice| choice == "overwrite") {
        match text {
            "" => drop(std::fs::remove_file(path)),
            text => std::fs::write(path, text).unwrap(),
        }
    }
    let want = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(text, want, "{}", path.display());
}

/// Compares what we say about each case with what Helm said: name, ours, Helm's. `differences` are the cases
/// known not to be equal, each with the reason.
fn assert_as_helm(
    cases: impl IntoIterator<Item = (String, serde_json::Value, serde_json::Value)>,
    differences: &[(&str, &str)],
) {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (name, ours, want) in cases {
        count += 1;
        let known = differences.iter().find(|(case, _)| *case == name);
        match (ours == want, known) {
            (false, None) => wrong.push(format!("{name}\n  ours {ours}\n  helm {want}")),
            (true, Some((_, reason))) => wrong.push(format!("{name}: equal, yet `{reason}`")),
            _ => {}
        }
    }
    assert!(count > 0, "no cases");
    assert!(
        wrong.is_empty(),
        "{} of {count}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The text of a file in `fixtures`.
fn fixture(path: &str) -> String {
    let path = format!("{}/../fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The bytes of a file in `fixtures`.
fn fixture_bytes(path: &str) -> Vec<u8> {
    let path = format!("{}/../fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The table of random cases that a recorder wrote, named by an environment variable.
fn random_table(variable: &str) -> String {
    let path = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no table"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
