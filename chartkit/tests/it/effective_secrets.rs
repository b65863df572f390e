//! Profiles whose secrets are decrypted: masked until revealed, and traced to the encrypted file.

use std::path::Path;

use chartkit::profile::{Effective, EffectiveOptions, Secrets, effective_values};
use chartkit::sops::{self, AgeService, DecryptOptions, IdentityLayout, KeyType, Secret};
use chartkit::source::Sources;
use chartkit::values::ValuePath;
use chartkit::{io, yaml};

use crate::{fixture, fixtures};

/// Calls `check` with the values of the example chart's production profile.
fn with_production(check: impl Fn(&Effective<'_>, &Sources)) {
    let mut age = AgeService::new();
    let identities = Secret::from(fixture("keys/example.txt"));
    age.add_identities("example.txt", &identities, IdentityLayout::Lines)
        .unwrap();
    let mut sources = Sources::new();
    let shop: &Path = &fixtures().join("charts/shop");
    let chart = io::load_chart(shop, &mut sources).unwrap().chart;
    let decrypt = |file: &sops::EncryptedFile| {
        let order = &KeyType::DEFAULT_ORDER;
        let opened = sops::open(file, &[&age], order, &DecryptOptions::default());
        opened.map(|(_, decrypted)| decrypted)
    };
    let mut options = EffectiveOptions::default();
    options.profile = Some("production");
    options.secrets = Secrets::Decrypt(&decrypt);
    let read = &mut io::read_set_file;
    let effective = effective_values(&chart, &options, &mut sources, read).unwrap();
    check(&effective, &sources);
}

#[test]
fn secrets_are_masked_until_they_are_revealed() {
    with_production(|effective, _| {
        let values = &effective.values;
        let plain = values.reveal().to_json();
        let plain: serde_json::Value = serde_json::from_str(&plain).unwrap();
        let password = plain["database"]["password"].as_str().unwrap();
        assert!(!password.starts_with("ENC["), "it is decrypted");
        let shown = [
            values.to_json(),
            yaml::to_yaml(values.value(), yaml::EmitStyle::V2),
            serde_json::to_string(values.value()).unwrap(),
            format!("{values:?}"),
            format!("{effective:?}"),
        ];
        for text in shown {
            assert!(!text.contains(password), "{text}");
        }
        let masked: serde_json::Value = serde_json::from_str(&values.to_json()).unwrap();
        assert_eq!(masked["database"]["password"], "<secret>");
        assert_eq!(masked["database"]["tokens"][0], "<secret>");
    });
}

#[test]
fn a_type_of_yours_has_the_plain_secrets() {
    #[derive(serde::Deserialize)]
    struct Shop {
        database: Database,
    }
    #[derive(serde::Deserialize)]
    struct Database {
        password: String,
        tokens: Vec<String>,
    }
    with_production(|effective, _| {
        let shop: Shop = effective.values.decode().unwrap();
        assert!(!shop.database.password.contains("secret>"));
        assert!(!shop.database.password.starts_with("ENC["));
        assert_eq!(shop.database.tokens.len(), 2);
    });
}

#[test]
fn origins_point_into_the_encrypted_file() {
    with_production(|effective, sources| {
        let path: ValuePath = "database.password".parse().unwrap();
        let place = effective.values.get(&path).unwrap().place.unwrap();
        let name = sources.name(place.file);
        assert!(name.ends_with("profiles/production/secrets.yaml"), "{name}");
        assert_eq!(sources.position(place.file, place.entry).line, 2);
        let layer = effective.values.layer(place.file).unwrap().to_string();
        assert_eq!(layer, "secrets of profile production of shop");
    });
}
