//! Files that real SOPS encrypted, where they are at hand: `CHARTKIT_SOPS_CORPUS` names the folder.
//!
//! The cases carry their data key, so that values, MACs and layouts are tested without master keys.

use std::path::{Path, PathBuf};

use chartkit::sops::{
    self, DataKey, DecryptOptions, EncryptOptions, EncryptedDataKey, EncryptedFile, Format,
    MasterKey, Moment, PlainFile, Selection, SelectionRule, Settings, StoreOptions,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use serde_json::Value as Json;

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("CHARTKIT_SOPS_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("skipped: CHARTKIT_SOPS_CORPUS names no folder");
    }
    corpus
}

fn cases(corpus: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(corpus.join("encrypted/cases.json")).unwrap();
    let index: Json = serde_json::from_str(&text).unwrap();
    index["cases"].as_array().unwrap().clone()
}

fn format(name: &Json) -> Format {
    name.as_str().unwrap().parse().unwrap()
}

fn data_key(case: &Json) -> Option<DataKey> {
    let hex = case["data_key"].as_str()?;
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
    }
    Some(DataKey::from(bytes))
}

fn report(failures: &[String], count: usize) {
    assert!(count > 0, "no case was tested");
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What `sops decrypt` printed.
#[test]
fn files_of_sops_are_decrypted_as_sops_does() {
    let Some(corpus) = corpus() else { return };
    let (mut failures, mut count) = (Vec::new(), 0);
    for case in cases(&corpus) {
        let (Some(key), Some(path)) = (data_key(&case), case["encrypted"].as_str()) else {
            continue;
        };
        count += 1;
        let id = case["id"].as_str().unwrap();
        let bytes = std::fs::read(corpus.join(path)).unwrap();
        let mut sources = Sources::new();
        let file = sources.add(path, bytes);
        let kind = format(&case["encrypted_format"]);
        let got = std::panic::catch_unwind(|| {
            let file = EncryptedFile::load(kind, &mut sources.clone(), file)
                .map_err(|error| error.to_string())?;
            let decrypted = sops::decrypt(&file, &key, &DecryptOptions::default())
                .map_err(|error| error.to_string())?;
            let text = decrypted.to_text(kind, &StoreOptions::default());
            text.map_err(|error| error.to_string())
        });
        let want = &case["decrypt"];
        let failure = match got {
            Err(_) => Some("panics".to_owned()),
            Ok(Ok(text)) if want["exit"] == 0 => {
                let out = &want["stdout"];
                let same = match out["text"].as_str() {
                    Some(want) => text.expose() == want.as_bytes(),
                    None => true,
                };
                let shown = text.as_str().unwrap_or("bytes").to_owned();
                (!same).then(|| format!("differs:\n{shown}\nwanted:\n{}", out["text"]))
            }
            Ok(Ok(_)) => Some("decrypts, SOPS refuses".to_owned()),
            Ok(Err(error)) => (want["exit"] == 0).then_some(error),
        };
        failures.extend(failure.map(|failure| format!("{id}: {failure}")));
    }
    report(&failures, count);
}

/// What we encrypt comes back byte for byte.
#[test]
fn yaml_and_binary_come_back_byte_for_byte() {
    let Some(corpus) = corpus() else { return };
    let (mut failures, mut count) = (Vec::new(), 0);
    let mut kinds = std::collections::BTreeMap::<String, Vec<String>>::new();
    for case in cases(&corpus) {
        let kind = format(&case["format"]);
        if case["exit"] != 0 || !matches!(kind, Format::Yaml | Format::Binary) {
            continue;
        }
        let id = case["id"].as_str().unwrap();
        let path = case["input"].as_str().unwrap();
        let bytes = std::fs::read(corpus.join(path)).unwrap();
        let rule = case["metadata"]["rule"].as_object();
        let selection = rule.and_then(|rule| {
            let (name, pattern) = rule.iter().next()?;
            let rule = SelectionRule::ALL
                .into_iter()
                .find(|r| r.as_str() == name)?;
            Selection::new(rule, pattern.as_str()?).ok()
        });
        count += 1;
        match round_trip(kind, &bytes, selection.unwrap_or_default()) {
            Ok(how) => kinds.entry(how).or_default().push(id.to_owned()),
            Err(error) => failures.push(format!("{id}: {error}")),
        }
    }
    for (how, ids) in kinds {
        println!("{how}: {}", ids.join(" "));
    }
    report(&failures, count);
}

fn round_trip(kind: Format, bytes: &[u8], selection: Selection) -> Result<String, String> {
    let mut sources = Sources::new();
    let file = sources.add("plain", bytes);
    let plain =
        PlainFile::load(kind, &mut sources, file).map_err(|error| format!("load: {error}"))?;
    let mut counter = 0_u8;
    let mut random = |bytes: &mut [u8]| {
        counter = counter.wrapping_add(1);
        bytes.fill(counter);
    };
    let mut moment = Moment {
        now: Timestamp::from_unix(1_790_000_000, 0),
        random: &mut random,
    };
    let key = DataKey::from([7; 32]);
    let groups = vec![vec![EncryptedDataKey {
        master_key: MasterKey::age("age1test"),
        enc: "x\n".to_owned(),
        created_at: None,
    }]];
    let options = EncryptOptions {
        settings: Settings {
            selection,
            mac_only_encrypted: false,
            shamir_threshold: 0,
        },
        format: kind,
        store: StoreOptions::default(),
    };
    let text = sops::encrypt(&plain, &key, groups, &options, &mut moment)
        .map_err(|error| format!("encrypt: {error}"))?;
    let file = sources.add("encrypted", text.clone());
    let encrypted = EncryptedFile::load(kind, &mut sources, file)
        .map_err(|error| format!("load encrypted: {error}"))?;
    let decrypted = sops::decrypt(&encrypted, &key, &DecryptOptions::default())
        .map_err(|error| format!("decrypt: {error}"))?;
    let back = decrypted.to_text(kind, &StoreOptions::default()).unwrap();
    let text = String::from_utf8_lossy(&text);
    if back.expose() != bytes {
        return Err(format!(
            "comes back as\n{}\nencrypted\n{text}",
            String::from_utf8_lossy(back.expose())
        ));
    }
    Ok(match () {
        () if text.contains("spellings:") => "kept with spellings".to_owned(),
        () if text.contains("layout: kept") => "kept".to_owned(),
        () if text.contains("source: ENC") => "source".to_owned(),
        () => "as SOPS".to_owned(),
    })
}
