//! Files that real SOPS wrote or refused, looked at without a key: `CHARTKIT_SOPS_CORPUS` names the
//! folder.

use std::path::{Path, PathBuf};

use chartkit::diagnostic::Severity;
use chartkit::sops::{
    self, DataKey, DecryptOptions, EncryptedFile, Format, MergeKeys, Moment, Status, StoreOptions,
    Value, VerifyOptions, changes_to_text, diff_decrypted, verify,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
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

/// What SOPS says when it decrypts a file with the first identities of a case; nothing without SOPS.
fn sops_decrypts(corpus: &Path, case: &Json, format: Format, text: &[u8]) -> Option<bool> {
    let mut names = case["identities"][0].as_array()?.iter();
    let key = |name: &Json| {
        let name = name.as_str()?;
        std::fs::read_to_string(corpus.join("keys").join(format!("{name}.txt"))).ok()
    };
    let keys = names.try_fold(String::new(), |keys, name| Some(keys + &key(name)? + "\n"))?;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("merged"), text).unwrap();
    let output = std::process::Command::new("sops")
        .args(["decrypt", "--input-type", format.as_str()])
        .args(["--output-type", format.as_str(), "merged"])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("SOPS_AGE_KEY", keys)
        .output()
        .ok()?;
    Some(output.status.success())
}

/// Both sides add a value to a file of SOPS.
#[test]
fn files_of_sops_are_merged() {
    let Some(corpus) = corpus() else { return };
    let (mut count, mut read_by_sops) = (0, 0);
    let mut failures = Vec::new();
    for case in cases(&corpus, "encrypted") {
        let (Some(hex), Some(path)) = (case["data_key"].as_str(), case["encrypted"].as_str())
        else {
            continue;
        };
        let format = format(&case["encrypted_format"]);
        if case["decrypt"]["exit"] != 0 || format == Format::Binary {
            continue;
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
        }
        let key = DataKey::from(bytes);
        match merged(&corpus, path, format, &key) {
            Ok(None) => {}
            Ok(Some(text)) => {
                count += 1;
                match sops_decrypts(&corpus, &case, format, &text) {
                    Some(true) => read_by_sops += 1,
                    Some(false) => failures.push(format!("{path}: SOPS refuses")),
                    None => {}
                }
            }
            Err(error) => failures.push(format!("{path}: {error}")),
        }
    }
    println!("{count} merged, {read_by_sops} of them read by SOPS");
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(count > 100, "{count}");
}

/// The merged file; nothing for files that refuse a value of their own.
fn merged(
    corpus: &Path,
    path: &str,
    format: Format,
    key: &DataKey,
) -> Result<Option<Vec<u8>>, String> {
    let mut counter = 0_u64;
    let mut random = |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            counter += 1;
            chunk.copy_from_slice(&counter.to_be_bytes()[8 - chunk.len()..]);
        }
    };
    let mut moment = Moment {
        now: Timestamp::from_unix(1_790_000_000, 0),
        random: &mut random,
    };
    let mut sources = Sources::new();
    let mut read = |text: Vec<u8>| {
        let id = sources.add(path, text);
        let file = EncryptedFile::load(format, &mut sources, id).map_err(|e| e.to_string())?;
        let plain = sops::decrypt(&file, key, &DecryptOptions::default());
        Ok::<_, String>((file, plain.map_err(|error| error.to_string())?))
    };
    let base = read(std::fs::read(corpus.join(path)).unwrap())?;
    let options = StoreOptions::default();
    let (ours_path, theirs_path) = match format {
        Format::Ini => (r#"["ours"]["a"]"#, r#"["theirs"]["b"]"#),
        _ => (r#"["of_ours"]"#, r#"["of_theirs"]"#),
    };
    let mut with = |at: &str, value: &str| {
        let (file, plain) = &base;
        let (path, value) = (at.parse().unwrap(), Value::string(value));
        sops::set(file, plain, key, &path, value, &options, &mut moment)
    };
    let (Ok(Some(ours)), Ok(Some(theirs))) = (with(ours_path, "o"), with(theirs_path, "t")) else {
        return Ok(None);
    };
    let (ours, theirs) = (read(ours)?, read(theirs)?);
    let keys = MergeKeys {
        base: Some(key),
        ours: key,
        theirs: key,
        services: &[],
    };
    let (base, files) = (Some(&base.0), (&ours.0, &theirs.0));
    let merge = sops::merge(base, files.0, files.1, Some(&keys), &options, &mut moment);
    let merge = merge.map_err(|error| error.to_string())?;
    let text = merge.text.ok_or_else(|| format!("{:?}", merge.conflicts))?;
    let result = read(text.clone())?;
    let lines = |old: &(EncryptedFile, _), new: &(EncryptedFile, _)| {
        let changes = diff_decrypted((&old.0, &old.1), (&new.0, &new.1));
        changes_to_text(&changes, false)
    };
    let found = (lines(&ours, &result), lines(&theirs, &result));
    let only_added = |text: &str| {
        let mut lines = text.lines();
        lines.next().is_some_and(|line| line.starts_with("added: ")) && lines.next().is_none()
    };
    if only_added(&found.0) && only_added(&found.1) {
        return Ok(Some(text));
    }
    Err(format!("{found:?}"))
}
