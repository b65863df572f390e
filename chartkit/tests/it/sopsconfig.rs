//! `.sops.yaml` as SOPS reads it; fixtures: `sopsconfig`.

use chartkit::diagnostic::{Code, Severity};
use chartkit::sops::config::{
    Candidate, Config, ConfigErrorKind, Creation, CreationFlags, rule_path, search,
};
use chartkit::sops::{Format, MasterKey, SelectionRule};
use chartkit::source::{FileId, Sources};
use serde_json::{Value, json};

/// Where we differ on purpose.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "groups-pgp-blanks",
        "DIFFERENCE: a comma separates fingerprints also in a list of a key group; SOPS makes one key of both",
    ),
    (
        "aliases-many",
        "DIFFERENCE: a text that aliases make huge is refused even where nobody reads that part",
    ),
];

const ALICE: &str = "age1j6yxfghjd3fux27vkxyuu34t7vq0dae29tcms63s7q3q0r9eheksjafau9";
const BOB: &str = "age1gv0sa2s6xn3u2rnq7qzt9nkhes7238afm2y8p9zp9qnj6wlzxqpql7cj0z";

fn parse(text: &str) -> (Sources, FileId, Config) {
    let mut sources = Sources::new();
    let file = sources.add(".sops.yaml", text.as_bytes());
    let config = Config::parse(&mut sources, file).unwrap();
    (sources, file, config)
}

#[test]
fn configurations_say_what_they_say_to_sops() {
    let cases: Vec<Value> = serde_json::from_str(&super::fixture("sopsconfig/cases.json")).unwrap();
    let answers: Vec<Value> =
        serde_json::from_str(&super::fixture("sopsconfig/want.json")).unwrap();
    assert_eq!(cases.len(), answers.len());
    let mut wrong = Vec::new();
    for (case, want) in cases.iter().zip(&answers) {
        let name = case["name"].as_str().unwrap();
        let mut want = want.clone();
        let ours = ask(case);
        // Wording is ours; that there is an error is what counts.
        mask_errors(&mut want);
        let differs = DIFFERENCES.iter().any(|(listed, _)| *listed == name);
        if (ours == want) == differs {
            wrong.push(format!("{name}:\n  SOPS {want}\n  here {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn mask_errors(answer: &mut Value) {
    let rules = answer["rules"].as_array().cloned().unwrap_or_default();
    let rules: Vec<_> = rules
        .into_iter()
        .map(|rule| {
            if rule["error"].is_string() {
                return json!({ "error": true });
            }
            rule
        })
        .collect();
    *answer = if answer["error"].is_string() {
        json!({ "error": true })
    } else {
        json!({ "indent": answer["indent"], "rules": rules })
    };
}

fn ask(case: &Value) -> Value {
    let mut sources = Sources::new();
    let file = sources.add(".sops.yaml", case["config"].as_str().unwrap().as_bytes());
    let config = match Config::parse(&mut sources, file) {
        Ok(config) => config,
        Err(error) => {
            assert!(error.location().is_some(), "{error}");
            return json!({ "error": true });
        }
    };
    let indent = json!({
        "yaml": config.stores.yaml_indent.unwrap_or(0),
        "json": config.stores.json_indent.unwrap_or(-1),
        "json_binary": config.stores.json_binary_indent.unwrap_or(-1),
    });
    let paths = case["paths"].as_array().unwrap();
    let rules = paths.iter().map(|path| {
        let path = path.as_str().unwrap();
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/work/{path}")
        };
        rule(&config, rule_path("/work", &path)).unwrap_or(json!({ "error": true }))
    });
    json!({ "indent": indent, "rules": rules.collect::<Vec<_>>() })
}

fn rule(config: &Config, path: &str) -> Result<Value, chartkit::sops::config::ConfigError> {
    let Some(rule) = config.rule_for(path)? else {
        return Ok(json!({ "none": true }));
    };
    let mut shown = json!({});
    if let Some((kind, pattern)) = rule.selection()? {
        shown[kind.as_str()] = json!(pattern);
    }
    let groups = rule.key_groups()?.iter().map(|group| {
        let keys = group.iter().map(|key| format!("{} {key}", key.key_type()));
        keys.collect::<Vec<_>>()
    });
    shown["groups"] = groups.collect();
    if rule.shamir_threshold() != 0 {
        shown["shamir_threshold"] = json!(rule.shamir_threshold());
    }
    if rule.mac_only_encrypted() {
        shown["mac_only_encrypted"] = json!(true);
    }
    Ok(shown)
}

fn creation(flags: &CreationFlags, text: &str) -> Result<Creation, ConfigErrorKind> {
    let (_, _, config) = parse(text);
    let rule = config.rule_for("secrets.yaml").unwrap();
    Creation::new(flags, rule, Format::Yaml).map_err(|error| error.kind())
}

#[test]
fn flags_go_before_the_rule() {
    let rule = format!(
        "creation_rules: [{{age: {ALICE}, encrypted_regex: ^a$, shamir_threshold: 2, mac_only_encrypted: true}}]"
    );
    let selection = |creation: &Creation| {
        let selection = creation.selection.as_ref().unwrap();
        (selection.rule(), selection.pattern().to_owned())
    };
    let mut flags = CreationFlags::default();
    let of_rule = creation(&flags, &rule).unwrap();
    assert_eq!(of_rule.key_groups, [[MasterKey::age(ALICE)]]);
    assert_eq!(
        selection(&of_rule),
        (SelectionRule::EncryptedRegex, "^a$".to_owned())
    );
    assert_eq!(of_rule.shamir_threshold, 2);
    assert!(of_rule.mac_only_encrypted);

    flags.keys = vec![MasterKey::age(BOB)];
    flags.selections = vec![
        (SelectionRule::EncryptedRegex, "^b$".to_owned()),
        (SelectionRule::UnencryptedRegex, String::new()),
    ];
    flags.shamir_threshold = 3;
    let both = creation(&flags, &rule).unwrap();
    assert_eq!(both.key_groups, [[MasterKey::age(BOB)]]);
    assert_eq!(
        selection(&both),
        (SelectionRule::EncryptedRegex, "^b$".to_owned())
    );
    assert_eq!(both.shamir_threshold, 3);

    let alone = creation(&flags, "stores: {}").unwrap();
    assert_eq!(alone.key_groups, [[MasterKey::age(BOB)]]);
    assert!(!alone.mac_only_encrypted);

    flags
        .selections
        .push((SelectionRule::EncryptedSuffix, "x".to_owned()));
    let refused = creation(&flags, &rule).unwrap_err();
    assert_eq!(refused, ConfigErrorKind::ConflictingSelections);
}

#[test]
fn a_new_file_needs_keys_and_a_rule_that_makes_sense() {
    let flags = CreationFlags::default();
    let none = creation(&flags, "stores: {}").unwrap_err();
    assert_eq!(none, ConfigErrorKind::NoKeys);
    // DIFFERENCE: SOPS leaves the whole file in plain text.
    let regex = format!("creation_rules: [{{age: {ALICE}, encrypted_regex: '('}}]");
    assert_eq!(
        creation(&flags, &regex).unwrap_err(),
        ConfigErrorKind::InvalidSelection
    );
    // A key by flag does not save a rule whose own keys are wrong.
    let mut flags = CreationFlags::default();
    flags.keys = vec![MasterKey::age(BOB)];
    let bad = creation(&flags, "creation_rules: [{age: nonsense}]").unwrap_err();
    assert_eq!(bad, ConfigErrorKind::InvalidKey);
}

#[test]
fn a_binary_file_is_encrypted_as_a_whole() {
    let (_, _, config) = parse(&format!(
        "creation_rules: [{{age: {ALICE}, encrypted_regex: '(', mac_only_encrypted: true}}]"
    ));
    let rule = config.rule_for("tls.key").unwrap();
    let creation = Creation::new(&CreationFlags::default(), rule, Format::Binary).unwrap();
    assert!(creation.selection.is_none());
    assert!(!creation.mac_only_encrypted);
    assert_eq!(creation.diagnostics.len(), 1);
}

#[test]
fn errors_name_the_place_and_no_private_key() {
    let text = "creation_rules:\n  - path_regex: a\n    age: AGE-SECRET-KEY-1QQPQYZ\n";
    let (sources, file, config) = parse(text);
    let rule = config.rule_for("a").unwrap().unwrap();
    let error = rule.key_groups().unwrap_err();
    let (_, span) = error.location().unwrap();
    assert_eq!(sources.position(file, span.start).line, 3);
    let shown = format!("{error} {error:?} {config:?}");
    assert!(!shown.contains("QQPQYZ"), "{shown}");
    let excerpt = chartkit::diagnostic::excerpt(&sources, file, 3);
    assert_eq!(excerpt, "    age: <hidden>");
}

#[test]
fn rules_that_cannot_work_are_told() {
    let (sources, file, config) = parse(&format!(
        "creation_rules:
  - path_regex: ^a
    age: {ALICE}
  - path_regex: ^a
    age: {BOB}
  - path_regex: '('
    age: {BOB}
  - path_regex: ^b
    encrypted_regex: x
    encrypted_suffix: y
  - path_regex: ^c
    age: {ALICE}
    key_groups: [{{age: [{BOB}]}}]
    encrypted_regex: '['
  - path_regex: ^d
    shamir_threshold: 3
    key_groups: [{{age: [{BOB}]}}, {{age: [{ALICE}]}}]
  - path_regex: .*
    age: {ALICE}
  - path_regex: ^e
    age: {ALICE}
"
    ));
    let told: Vec<_> = config
        .check()
        .iter()
        .map(|diagnostic| {
            assert_eq!(diagnostic.severity, Severity::Warning);
            let line = sources.position(file, diagnostic.labels[0].span.start).line;
            (line, diagnostic.code)
        })
        .collect();
    let unusable = Code::UnusableRule;
    let want = [
        (4, Code::UnreachableRule),
        (6, unusable),
        (8, unusable),
        (10, unusable),
        (14, unusable),
        (12, unusable),
        (15, unusable),
        (20, Code::UnreachableRule),
    ];
    assert_eq!(told, want);

    let (_, _, sound) = parse(&format!(
        "creation_rules: [{{path_regex: '^a', age: {ALICE}}}, {{path_regex: '^$', age: {ALICE}}}, {{age: {BOB}}}]"
    ));
    assert_eq!(sound.check(), []);
}

fn folder(directory: &str, holds: &str) -> Candidate {
    Candidate {
        directory: directory.to_owned(),
        has_config: holds.contains("yaml"),
        has_ignored: holds.contains("yml"),
    }
}

#[test]
fn the_configuration_of_the_working_folder_counts() {
    let codes = |search: &chartkit::sops::config::Search| {
        let codes = search.diagnostics.iter().map(|d| (d.severity, d.code));
        codes.collect::<Vec<_>>()
    };
    let here = [folder("/w", "yaml"), folder("/", "")];
    let file = [
        folder("/w/a", "yaml"),
        folder("/w", "yaml"),
        folder("/", ""),
    ];
    let found = search(&here, &file);
    assert_eq!(found.directory.as_deref(), Some("/w"));
    assert_eq!(codes(&found), [(Severity::Warning, Code::OtherSopsConfig)]);

    let found = search(&here, &here);
    assert_eq!(found.directory.as_deref(), Some("/w"));
    assert_eq!(codes(&found), []);

    let bare = [folder("/w", ""), folder("/", "")];
    let found = search(&bare, &file);
    assert_eq!(found.directory.as_deref(), Some("/w/a"));
    assert_eq!(codes(&found), [(Severity::Info, Code::OtherSopsConfig)]);

    let found = search(&bare, &bare);
    assert_eq!(found, chartkit::sops::config::Search::default());
}

#[test]
fn a_configuration_with_the_wrong_name_is_told() {
    let passed = [folder("/w", "yml"), folder("/", "yaml")];
    let found = search(&passed, &[]);
    assert_eq!(found.directory.as_deref(), Some("/"));
    assert_eq!(found.diagnostics.len(), 1);
    assert_eq!(
        found.diagnostics[0].message,
        "`/w/.sops.yml` is ignored, the file must be called `.sops.yaml`"
    );
    // Beside the right one nobody misses it.
    let beside = [folder("/w", "yaml yml")];
    assert_eq!(search(&beside, &[]).diagnostics, []);
    assert_eq!(search(&[folder("/", "yml")], &[]).diagnostics.len(), 1);
    let mut far: Vec<_> = (0..100).map(|n| folder(&format!("/{n}"), "")).collect();
    far.push(folder("/", "yaml"));
    assert_eq!(search(&far, &[]).directory, None);
}
