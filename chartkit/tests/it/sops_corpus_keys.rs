//! The keys of files that real SOPS encrypted: `CHARTKIT_SOPS_CORPUS` names the folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chartkit::io::{GpgService, age_service};
use chartkit::sops::{
    AgeService, DataKeyError, DecryptOptions, EncryptedFile, Format, KeyService, KeyType,
    NoInteraction, OpenError, open, retrieve,
};
use chartkit::source::Sources;
use serde_json::Value as Json;

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("CHARTKIT_SOPS_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("skipped: CHARTKIT_SOPS_CORPUS names no folder");
    }
    corpus
}

fn cases(corpus: &Path, section: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(corpus.join(section).join("cases.json")).unwrap();
    let index: Json = serde_json::from_str(&text).unwrap();
    index["cases"].as_array().unwrap().clone()
}

/// The environment in which SOPS was run, as the corpus's README has it.
fn with_identities(corpus: &Path, names: &Json) -> AgeService {
    let names: Vec<_> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let key = |name: &&str| {
        let text = std::fs::read_to_string(corpus.join(format!("keys/{name}.txt"))).unwrap();
        text.lines().last().unwrap().to_owned()
    };
    let age: Vec<_> = names
        .iter()
        .filter(|name| **name != "ssh")
        .map(key)
        .collect();
    let environment = |variable: &str| match variable {
        "HOME" => Some("/nonexistent".into()),
        "SOPS_AGE_KEY" if !age.is_empty() => Some(OsString::from(age.join("\n"))),
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE" if names.contains(&"ssh") => {
            Some(corpus.join("keys/ssh_ed25519").into())
        }
        _ => None,
    };
    age_service(&environment, Arc::new(NoInteraction))
}

fn load(corpus: &Path, path: &Json, format: &Json) -> Result<EncryptedFile, String> {
    let path = path.as_str().unwrap();
    let mut sources = Sources::new();
    let file = sources.add(path, std::fs::read(corpus.join(path)).unwrap());
    let format = format.as_str().unwrap().parse().unwrap();
    EncryptedFile::load(format, &mut sources, file).map_err(|error| error.to_string())
}

fn data_key(file: &EncryptedFile, service: &dyn KeyService) -> Result<String, DataKeyError> {
    let metadata = file.metadata();
    retrieve(
        metadata.key_groups(),
        metadata.shamir_threshold(),
        &[service],
        &KeyType::DEFAULT_ORDER,
    )
    .map(|key| key.expose().iter().map(|b| format!("{b:02x}")).collect())
}

#[test]
fn each_set_of_identities_opens_the_file() {
    let Some(corpus) = corpus() else { return };
    let (mut failures, mut opened, mut refused) = (Vec::new(), 0, 0);
    for case in cases(&corpus, "encrypted") {
        let (id, Some(sets)) = (&case["id"], case["identities"].as_array()) else {
            continue;
        };
        if case["decrypt"]["exit"] != 0 {
            continue; // SOPS cannot read it back, or its keys are out of reach.
        }
        let file = match load(&corpus, &case["encrypted"], &case["encrypted_format"]) {
            Ok(file) => file,
            Err(error) => {
                failures.push(format!("{id}: {error}"));
                continue;
            }
        };
        for set in sets {
            opened += 1;
            match data_key(&file, &with_identities(&corpus, set)) {
                Ok(key) if case["data_key"].as_str().is_none_or(|want| want == key) => {}
                Ok(_) => failures.push(format!("{id} {set}: another data key")),
                Err(error) => failures.push(format!("{id} {set}: {}", error.report())),
            }
        }
        for with in case["decrypt_with"].as_array().into_iter().flatten() {
            let service = with_identities(&corpus, &with["identities"]);
            let opens = data_key(&file, &service).is_ok();
            if with["exit"] != 128 {
                assert!(opens, "{id} {}", with["identities"]);
            } else if opens {
                failures.push(format!("{id} {}: SOPS refuses", with["identities"]));
            } else {
                refused += 1;
            }
        }
    }
    println!("{opened} opened, {refused} refused");
    assert!(opened > 0, "no case was tested");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Damaged and cut down metadata: refused by us exactly where SOPS refuses it.
#[test]
fn damaged_keys_and_groups_as_sops_takes_them() {
    let Some(corpus) = corpus() else { return };
    let (mut failures, mut count) = (Vec::new(), 0);
    for case in cases(&corpus, "broken") {
        let id = case["id"].as_str().unwrap();
        let kinds = ["groups", "recipient", "age", "key"];
        let kind = id.split('-').nth(1).unwrap_or_default();
        let name = case["file"].as_str().unwrap();
        if !kinds.contains(&kind) || Format::of_name(name) != Format::Yaml {
            continue;
        }
        count += 1;
        let service = with_identities(&corpus, &case["identities"]);
        let exit = case["decrypt"]["exit"].as_i64().unwrap();
        let result = load(&corpus, &case["file"], &"yaml".into()).and_then(|file| {
            let order = &KeyType::DEFAULT_ORDER;
            match open(&file, &[&service], order, &DecryptOptions::default()) {
                Ok(_) => Ok(()),
                Err(OpenError::DataKey(error)) => Err(format!("data key: {error}")),
                Err(error) => Err(error.to_string()),
            }
        });
        match result {
            Ok(()) if exit == 0 => {}
            Err(_) if exit != 0 => {}
            other => failures.push(format!("{id}: SOPS exits {exit}, we say {other:?}")),
        }
    }
    println!("{count} cases");
    assert!(count > 0, "no case was tested");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Files of SOPS's own repository; `CHARTKIT_SOPS_GNUPGHOME` names a folder of gpg that has its test key
/// (`pgp/sops_functional_tests_key.asc`).
#[test]
fn files_of_sops_under_pgp_keys() {
    let (Some(corpus), Some(home)) = (corpus(), std::env::var_os("CHARTKIT_SOPS_GNUPGHOME")) else {
        return;
    };
    let gpg = GpgService::new(&|_| None).with_home(PathBuf::from(home));
    let mut count = 0;
    for case in cases(&corpus, "upstream") {
        let Some(want) = case["data_key"].as_str() else {
            continue;
        };
        let file = load(&corpus, &case["file"], &case["format"]).unwrap();
        match data_key(&file, &gpg) {
            Ok(key) => assert_eq!(key, want, "{}", case["id"]),
            Err(error) => panic!("{}: {}", case["id"], error.report()),
        }
        count += 1;
    }
    println!("{count} files");
    assert!(count > 0, "no case was tested");
}
