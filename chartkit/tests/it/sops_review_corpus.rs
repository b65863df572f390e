//! Files that real SOPS wrote or refused, looked at without a key: `CHARTKIT_SOPS_CORPUS` names the
//! folder.

use std::path::{Path, PathBuf};

use chartkit::diagnostic::Severity;
use chartkit::sops::{EncryptedFile, Format, Status, VerifyOptions, verify};
use chartkit::source::Sources;
use serde_json::Value as Json;

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("CHARTKIT_SOPS_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("skipped: CHARTKIT_SOPS_CORPUS names no folder");
    }
    corpus
}

fn cases(corpus: &Path, kind: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(corpus.join(kind).join("cases.json")).unwrap();
    let index: Json = serde_json::from_str(&text).unwrap();
    index["cases"].as_array().unwrap().clone()
}

fn format(name: &Json) -> Format {
    name.as_str().unwrap().parse().unwrap()
}

/// The errors of a file, or why it cannot be read.
fn errors(corpus: &Path, path: &str, format: Format, severity: Severity) -> Vec<String> {
    let mut sources = Sources::new();
    let file = sources.add(path, std::fs::read(corpus.join(path)).unwrap());
    let file = match EncryptedFile::load(format, &mut sources, file) {
        Ok(file) => file,
        Err(error) => return vec![format!("load: {error}")],
    };
    let found = verify(&file, &VerifyOptions::default());
    for diagnostic in &found {
        assert!(!diagnostic.labels.is_empty(), "{path}: {diagnostic:?}");
        assert!(diagnostic.help.is_some(), "{path}: {diagnostic:?}");
    }
    found
        .into_iter()
        .filter(|diagnostic| diagnostic.severity >= severity)
        .map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message))
        .collect()
}

#[test]
fn good_files_have_no_errors() {
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    let mut failures = Vec::new();
    for case in cases(&corpus, "encrypted") {
        let Some(path) = case["encrypted"].as_str() else {
            continue;
        };
        let format = format(&case["encrypted_format"]);
        let errors = errors(&corpus, path, format, Severity::Warning);
        count += 1;
        if !errors.is_empty() {
            failures.push(format!(
                "{path} (decrypt {}): {errors:#?}",
                case["decrypt"]["exit"]
            ));
        }
    }
    println!("{count}");
    println!("{}", failures.join("\n"));
}

#[test]
fn broken_files() {
    let Some(corpus) = corpus() else { return };
    for case in cases(&corpus, "broken") {
        let path = case["file"].as_str().unwrap();
        let errors = errors(&corpus, path, format(&case["format"]), Severity::Warning);
        println!(
            "{} {} accepted={} {} {errors:?}",
            if errors.is_empty() { "MISSED" } else { "FOUND" },
            case["id"],
            case["accepted"],
            case["summary"]
        );
    }
}

#[test]
fn status_is_that_of_filestatus() {
    let Some(corpus) = corpus() else { return };
    for case in cases(&corpus, "broken") {
        let (path, want) = (case["file"].as_str().unwrap(), &case["filestatus"]);
        if want.is_null() {
            continue;
        }
        let mut sources = Sources::new();
        let file = sources.add(path, std::fs::read(corpus.join(path)).unwrap());
        let got = Status::read(format(&case["format"]), &mut sources, file);
        match got {
            Ok(status) => {
                let want_text = want["stdout"]["text"].as_str().unwrap_or("refused");
                let got = format!("{{\"encrypted\":{}}}\n", status.is_encrypted);
                if got != want_text {
                    println!("{path}: {got} {want}")
                }
            }
            Err(error) => {
                if want["exit"] == 0 {
                    println!("{path}: {error} {want}")
                }
            }
        }
    }
}
