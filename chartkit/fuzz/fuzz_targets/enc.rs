#![no_main]
//! One value of a JSON file: a text in its place, or a plaintext under a type word.

mod sops;

use chartkit::sops::{
    self as library, DecryptOptions, EncryptedFile, Format, PlainFile, Selection, StoreOptions,
};
use chartkit::source::Sources;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (kind, value) = text.split_once('\n').unwrap_or(("str", text));
    let mut sources = Sources::new();
    let json = format!("{{\"k\":{}}}", serde_json::Value::from(value));
    let file = sources.add("plain", json.into_bytes());
    let plain = PlainFile::load(Format::Json, &mut sources, file).expect("it is JSON");
    let encrypted = sops::encrypt(&plain, Selection::default()).expect("JSON holds every string");
    let encrypted = String::from_utf8(encrypted).expect("JSON is UTF-8");
    let file: serde_json::Value = serde_json::from_str(&encrypted).expect("it is JSON");
    let ciphertext = file["k"].as_str().expect("it is a string").to_owned();

    // The type word is not authenticated: any plaintext may come with any of them.
    let other_kind = ciphertext.replace("type:str]", &format!("type:{kind}]"));
    for value in [
        other_kind,
        text.to_owned(),
        format!("ENC[AES256_GCM,{text}]"),
    ] {
        let mut file = file.clone();
        file["k"] = value.into();
        let mut sources = Sources::new();
        let file = sources.add("encrypted", file.to_string().into_bytes());
        let encrypted = EncryptedFile::load(Format::Json, &mut sources, file).expect("it is JSON");
        let mut options = DecryptOptions::default();
        options.ignore_mac = true;
        match library::decrypt(&encrypted, &sops::key(), &options) {
            // JSON has no infinities.
            Ok(decrypted) => drop(decrypted.to_text(Format::Json, &StoreOptions::default())),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
