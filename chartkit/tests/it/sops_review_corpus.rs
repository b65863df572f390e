//! Files that real SOPS wrote or refused, looked at without a key: `CHARTKIT_SOPS_CORPUS` names the
//! folder.

use std::path::{Path, PathBuf};

use chartkit::diagnostic::Severity;
use chartkit::sops::{EncryptedFile, Format, Status, VerifyOptions, verify};
use chartkit::source::Sources;
use serde_json::Value as Json;

/// Good files that are refused here: nothing in them is encrypted, their rule has a mistake, or a plain
/// value looks like ciphertext.
const STRICTER: &[&str] = &[
    "default-lookalike-yaml",
    "rule-encrypted-regex-none",
    "rule-encrypted-regex-invalid",
    "rule-unencrypted-regex-invalid",
    "rule-encrypted-regex-lookahead",
    "rule-comment-encrypted-none",
    "maconly-comment-encrypted-none",
];

/// What was changed by hand, is accepted by SOPS and reported here.
const NOTICED: &[&str] = &[
    "broken-value-trailing-text",
    "broken-comment-plain",
    "broken-comment-added",
    "broken-recipient-word",
    "broken-recipient-missing",
    "broken-invalid-regex-encrypt",
    "broken-json-text-after",
    "broken-groups-threshold-lower-two",
    "broken-groups-threshold-missing",
    "broken-groups-threshold-missing-three",
    "crafted-iv-8",
    "crafted-iv-12",
    "crafted-iv-16",
    "crafted-iv-64",
    "crafted-mac-iv-12",
    "crafted-bool-one",
    "crafted-bool-t",
    "crafted-comment-as-value",
];

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

/// What is found in a file from a severity on, placeholders apart, or why it cannot be read.
fn findings(corpus: &Path, path: &str, format: Format, severity: Severity) -> Vec<String> {
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
        .filter(|found| found.severity >= severity && found.code.id() != "S013")
        .map(|found| format!("{} {}", found.code, found.message))
        .collect()
}

#[test]
fn good_files_have_no_errors() {
    let Some(corpus) = corpus() else { return };
    let mut found = Vec::new();
    let mut count = 0;
    let mut look = |id: &Json, path: &str, format| {
        count += 1;
        if !findings(&corpus, path, format, Severity::Error).is_empty() {
            found.push(id.as_str().unwrap().to_owned());
        }
    };
    for case in cases(&corpus, "encrypted") {
        if let (Some(path), Some(0)) =
            (case["encrypted"].as_str(), case["decrypt"]["exit"].as_i64())
        {
            look(&case["id"], path, format(&case["encrypted_format"]));
        }
    }
    for case in cases(&corpus, "edits") {
        for step in case["steps"].as_array().unwrap() {
            if let Some(path) = step["after"].as_str() {
                look(&case["id"], path, Format::of_name(path));
            }
        }
    }
    for case in cases(&corpus, "upstream") {
        if case["decrypt"]["exit"] == 0 {
            let path = case["file"].as_str().unwrap();
            look(&case["id"], path, format(&case["format"]));
        }
    }
    assert!(count > 280, "{count}");
    assert_eq!(found, STRICTER);
}

#[test]
fn tampering_that_sops_does_not_notice_is_found() {
    let Some(corpus) = corpus() else { return };
    let accepted = cases(&corpus, "broken")
        .into_iter()
        .filter(|case| case["accepted"] == true);
    let found = accepted.filter(|case| {
        let path = case["file"].as_str().unwrap();
        !findings(&corpus, path, format(&case["format"]), Severity::Warning).is_empty()
    });
    let found: Vec<_> = found
        .map(|case| case["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, NOTICED);
}

#[test]
fn status_is_that_of_filestatus() {
    let Some(corpus) = corpus() else { return };
    let mut count = 0;
    for case in cases(&corpus, "broken") {
        let (path, want) = (case["file"].as_str().unwrap(), &case["filestatus"]);
        // One case is about a configuration that is broken, not about the file.
        if want.is_null()
            || want["stderr"]
                .as_str()
                .is_some_and(|e| e.contains("loading config"))
        {
            continue;
        }
        count += 1;
        let mut sources = Sources::new();
        let file = sources.add(path, std::fs::read(corpus.join(path)).unwrap());
        let got = Status::read(format(&case["format"]), &mut sources, file);
        let got = got.map(|status| format!("{{\"encrypted\":{}}}\n", status.is_encrypted));
        assert_eq!(
            got.as_deref().ok(),
            want["stdout"]["text"].as_str(),
            "{path}"
        );
    }
    assert!(count > 100, "{count}");
}
