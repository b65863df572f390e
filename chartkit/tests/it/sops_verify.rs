//! What `verify` finds in a file without a key: each finding once, made from a good file by hand.

use chartkit::diagnostic::{Diagnostic, Severity, excerpt};
use chartkit::sops::config::Config;
use chartkit::sops::{EncryptedFile, Format, Level, Status, VerifyOptions, verify};
use chartkit::source::{Sources, Span};
use chartkit::values;

use crate::fixture;

/// A file that real SOPS wrote.
fn good() -> String {
    fixture("charts/shop/profiles/production/secrets.yaml")
}

const RECIPIENT: &str = "age1vj8sqhxce9294mn0sgqdte0944nanazqxpgqegvd9jchgrcecdhqms4l3c";
const OTHER: &str = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun";

/// The ciphertext of the password.
fn password() -> String {
    let text = good();
    let line = text
        .lines()
        .find(|line| line.contains("password:"))
        .unwrap();
    line.trim().strip_prefix("password: ").unwrap().to_owned()
}

fn load(sources: &mut Sources, text: &str) -> EncryptedFile {
    let id = sources.add("secrets.yaml", text.as_bytes());
    EncryptedFile::load(Format::Yaml, sources, id).unwrap_or_else(|e| panic!("{e}:\n{text}"))
}

/// Each finding as `severity code at line:column: message`.
fn findings(text: &str, options: &VerifyOptions<'_>) -> Vec<String> {
    let mut sources = Sources::new();
    let file = load(&mut sources, text);
    let shown = verify(&file, options).into_iter().map(|found| {
        assert!(found.help.is_some(), "{found:?}");
        let label = &found.labels[0];
        let at = sources.position(label.file, label.span.start);
        // Nothing but keys is ever shown.
        let line = excerpt(&sources, label.file, at.line);
        assert!(
            !line.contains("hunter2") && !found.message.contains("hunter2"),
            "{line}"
        );
        let (severity, code) = (found.severity.as_str(), found.code);
        format!(
            "{severity} {code} at {}:{}: {}",
            at.line, at.column, found.message
        )
    });
    shown.collect()
}

#[test]
fn a_good_file_is_in_order() {
    let mut options = VerifyOptions::default();
    options.empty = Level::Deny;
    options.plain_comments = Level::Deny;
    assert_eq!(findings(&good(), &options), [""; 0]);
}

/// A change of the good file, and how what is found then begins; nothing for no findings.
type Case<'c> = (&'c str, &'c str, &'c [&'c str]);

fn check(cases: &[Case<'_>]) {
    for (from, to, want) in cases {
        let text = good();
        assert!(text.contains(from), "{from}");
        let found = findings(&text.replacen(from, to, 1), &VerifyOptions::default());
        let all = want
            .iter()
            .all(|want| found.iter().any(|found| found.starts_with(want)));
        assert!(
            all && found.is_empty() == want.is_empty(),
            "{to}: found {found:#?}"
        );
    }
}

#[test]
fn values_that_are_no_ciphertext() {
    let password = password();
    let part = |name: &str| {
        let (_, rest) = password.split_once(&format!("{name}:")).unwrap();
        rest.split([',', ']']).next().unwrap().to_owned()
    };
    let (data, iv, tag) = (part("data"), part("iv"), part("tag"));
    check(&[
        (
            &password,
            "hunter2",
            &["error S011 at 2:5: `database.password` is in plain text, expected ciphertext"],
        ),
        (
            &password,
            "true",
            &["error S011 at 2:5: `database.password` is in plain text, expected ciphertext"],
        ),
        (
            &password,
            "\"\"",
            &["warning S013 at 2:5: `database.password` is an empty text, expected a secret"],
        ),
        (
            &password,
            "null",
            &["warning S013 at 2:5: `database.password` is null, expected a secret"],
        ),
        (
            &data,
            "hunter2",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: its `data` is \
               not base64",
            ],
        ),
        (
            &iv,
            "AAAAAAAAAAAAAAAA",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: its `iv` has \
               12 bytes, expected 32",
            ],
        ),
        (
            &tag,
            "AAAA",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: its `tag` has \
               3 bytes, expected 16",
            ],
        ),
    ]);
}

#[test]
fn types_that_contradict_the_ciphertext() {
    check(&[
        (
            "==,type:str]\n    tokens",
            "==,type:bool]\n    tokens",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: no value of its \
               type `bool` has a length of 16",
            ],
        ),
        (
            "==,type:str]\n    tokens",
            "==,type:bytes]\n    tokens",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: its type is \
               unknown, expected str, int, float, bool, time or comment",
            ],
        ),
        (
            "==,type:str]\n    tokens",
            "==,type:comment]\n    tokens",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: it is a comment \
               where a value belongs",
            ],
        ),
        (
            "==,type:str]\n    tokens",
            "==,type:str] hunter2\n    tokens",
            &[
                "error S010 at 2:5: the ciphertext of `database.password` is damaged: there is text \
               behind it",
            ],
        ),
    ]);
}

#[test]
fn comments_and_metadata() {
    let tokens = "    tokens:\n";
    check(&[
        (
            tokens,
            "    # hunter2\n    tokens:\n",
            &["warning S006 at 3:5: found a comment in plain text, expected ciphertext"],
        ),
        (tokens, "    name_unencrypted: hunter2\n    tokens:\n", &[]),
        (
            tokens,
            "    name_unencrypted: ENC[AES256_GCM,data:hunter2]\n    tokens:\n",
            &[
                "error S012 at 3:5: `database.name_unencrypted` is ciphertext, but the file's rule \
               keeps it in plain text",
            ],
        ),
        (
            "    version: 3.13.3\n",
            "",
            &[
                "error S003 at 1:1: the `version` in the metadata is missing, expected one such as \
               `3.13.3`",
            ],
        ),
        (
            "version: 3.13.3",
            "version: new",
            &[
                "error S003 at 20:5: the `version` in the metadata is no version, expected one such as \
               `3.13.3`",
            ],
        ),
        (
            "    mac: ENC[",
            "    mac: XENC[",
            &["error S003 at 18:5: the MAC is damaged: it is not \
               `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`"],
        ),
        (
            "unencrypted_suffix: _unencrypted",
            "encrypted_regex: (",
            &[
                "error S003 at 19:5: `encrypted_regex` is no regular expression: unclosed group",
                "error S012 at 2:5: `database.password` is ciphertext, but the file's rule keeps it in \
               plain text",
            ],
        ),
        (
            RECIPIENT,
            "age1hunter",
            &["error S015 at 8:11: not a valid recipient, mistyped or cut off: \"age1hunter\""],
        ),
        (RECIPIENT, OTHER, &[]),
        (
            "            YWdlL",
            "            ZWdlL",
            &["error S015 at 8:11: the data key for `age1vj8"],
        ),
        (
            "            -----END AGE ENCRYPTED FILE-----\n",
            "",
            &["error S015 at 8:11: the data key for `age1vj8"],
        ),
        (
            "    version: 3.13.3\n",
            "    version: 3.13.3\n    chartkit:\n        source: hunter2\n",
            &["error S003 at 21:5: `sops.chartkit` is damaged: `source`: it is not"],
        ),
        (
            "    version: 3.13.3\n",
            "    version: 3.13.3\n    chartkit:\n        layout: kept\n",
            &[],
        ),
    ]);
}

#[test]
fn ciphertext_belongs_to_one_place() {
    let password = password();
    let copied = good().replace(
        "    tokens:\n",
        &format!("    copy: {password}\n    tokens:\n"),
    );
    let options = VerifyOptions::default();
    let want = "error S014 at 3:5: `database.copy` has the ciphertext of `database.password`: one was \
                copied from the other";
    assert_eq!(findings(&copied, &options), [want]);

    // Another value under the nonce of the password.
    let token = good()
        .lines()
        .nth(3)
        .unwrap()
        .trim()
        .trim_start_matches("- ")
        .to_owned();
    let part = |text: &str| {
        let (_, rest) = text.split_once("iv:").unwrap();
        rest.split(',').next().unwrap().to_owned()
    };
    let reused = good().replace(&part(&token), &part(&password));
    let want = "error S014 at 4:11: `database.tokens[0]` has the `iv` of `database.password`";
    assert_eq!(findings(&reused, &options), [want]);

    // SOPS encrypts equal items of a list once.
    let doubled = good().replace(
        &format!("- {token}"),
        &format!("- {token}\n        - {token}"),
    );
    assert_eq!(findings(&doubled, &options), [""; 0]);
}

#[test]
fn nothing_encrypted_is_no_encrypted_file() {
    let text = good();
    let (_, metadata) = text.split_once("sops:\n").unwrap();
    let metadata = metadata.replace(
        "unencrypted_suffix: _unencrypted",
        "encrypted_regex: ^nobody$",
    );
    let text = format!("password: hunter2\nsops:\n{metadata}");
    let want = "error S011 at 1:1: nothing in the file is encrypted: its rule is `encrypted_regex: ^nobody$`";
    assert_eq!(findings(&text, &VerifyOptions::default()), [want]);
}

#[test]
fn levels_are_those_of_the_options() {
    let text = good()
        .replace(&password(), "\"\"")
        .replace("    tokens:\n", "    # note\n    tokens:\n");
    let found = |level| {
        let mut options = VerifyOptions::default();
        options.empty = level;
        options.plain_comments = level;
        let mut sources = Sources::new();
        let found = verify(&load(&mut sources, &text), &options);
        found
            .into_iter()
            .map(|found| (found.code.id(), found.severity))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(Level::Allow), []);
    assert_eq!(
        found(Level::Warn),
        [("S013", Severity::Warning), ("S006", Severity::Warning)]
    );
    assert_eq!(
        found(Level::Deny),
        [("S013", Severity::Error), ("S006", Severity::Error)]
    );
}

/// Findings against a `.sops.yaml`.
fn against(config: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let file = load(&mut sources, &good());
    let id = sources.add(".sops.yaml", config.as_bytes());
    let config = Config::parse(&mut sources, id).unwrap();
    let mut options = VerifyOptions::default();
    options.rule = config.rule_for("secrets.yaml").unwrap();
    let found = verify(&file, &options);
    for found in &found {
        let files: Vec<_> = found
            .labels
            .iter()
            .map(|label| sources.name(label.file))
            .collect();
        assert_eq!(files, ["secrets.yaml", ".sops.yaml"]);
    }
    found
        .into_iter()
        .map(|found| format!("{} {}", found.code, found.message))
        .collect()
}

#[test]
fn keys_and_settings_are_those_of_the_rule() {
    assert_eq!(
        against(&format!("creation_rules: [{{age: {RECIPIENT}}}]")),
        [""; 0]
    );
    assert_eq!(
        against(&format!("creation_rules: [{{age: {OTHER}}}]")),
        [
            format!("S016 `{OTHER}` is in the rule, but cannot open the file"),
            format!("S016 `{RECIPIENT}` can open the file, but is not in its rule"),
        ]
    );
    let rule = format!(
        "creation_rules: [{{age: {RECIPIENT}, encrypted_regex: ^x$, mac_only_encrypted: true}}]"
    );
    assert_eq!(
        against(&rule),
        [
            "S025 `mac_only_encrypted` is false, its rule says true",
            "S025 what is encrypted is said by `unencrypted_suffix: _unencrypted`, its rule says \
             `encrypted_regex: ^x$`",
        ]
    );
    let rule = format!(
        "creation_rules: [{{shamir_threshold: 2, key_groups: [{{age: [{RECIPIENT}]}}, {{age: [{OTHER}]}}]}}]"
    );
    assert_eq!(
        against(&rule),
        [format!(
            "S016 `{OTHER}` of key group 2 is in the rule, but cannot open the file"
        )]
    );
}

/// Findings against the values of a chart.
fn in_chart(values: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let file = load(&mut sources, &good());
    let id = sources.add("values.yaml", values.as_bytes());
    let table = values::load(&mut sources, id).unwrap().table;
    let mut options = VerifyOptions::default();
    options.values = Some(&table);
    let place = |found: &Diagnostic| {
        let label = found.labels.get(1)?;
        let Span { start, .. } = label.span;
        Some(format!(
            " ({}:{})",
            sources.name(label.file),
            sources.position(label.file, start).line
        ))
    };
    let found = verify(&file, &options);
    let found = found.iter().map(|found| {
        format!(
            "{} {}{}",
            found.code,
            found.message,
            place(found).unwrap_or_default()
        )
    });
    found.collect()
}

#[test]
fn paths_and_types_are_those_of_the_chart() {
    let fine = [
        "database: {password: x, tokens: []}",
        "database: {password: null, tokens: null}",
        "database: {}",
        "database:",
    ];
    for values in fine {
        assert_eq!(in_chart(values), [""; 0], "{values}");
    }
    let cases: &[(&str, &[&str])] = &[
        ("other: 1", &["S018 the chart has no value `database`"]),
        (
            "database:\n  user: x\n  tokens: []",
            &["S018 the chart has no value `database.password` (values.yaml:1)"],
        ),
        (
            "database:\n  password: 1\n  tokens: x",
            &[
                "S019 `database.password` makes a string of what is a number in the chart's values \
               (values.yaml:2)",
                "S019 `database.tokens[0]` makes a list of what is a string in the chart's values \
               (values.yaml:3)",
                "S019 `database.tokens[1]` makes a list of what is a string in the chart's values \
               (values.yaml:3)",
            ],
        ),
        (
            "database: x",
            &[
                "S019 `database.password` makes a table of what is a string in the chart's values \
               (values.yaml:1)",
            ],
        ),
    ];
    for (values, want) in cases {
        let found = in_chart(values);
        let all = want.iter().all(|want| found.contains(&(*want).to_owned()));
        assert!(all && !found.is_empty(), "{values}: {found:#?}");
    }
}

#[test]
fn text_that_sops_does_not_read_is_found() {
    let mut sources = Sources::new();
    let json = r#"{"a": "", "sops": {"age": [{"recipient": "r", "enc": "e"}], "lastmodified": "2026-08-01T12:00:00Z", "version": "3.13.3"}}"#;
    let id = sources.add("a.json", format!("{json}\nhunter2").into_bytes());
    let file = EncryptedFile::load(Format::Json, &mut sources, id).unwrap();
    let found = verify(&file, &VerifyOptions::default());
    let behind = found
        .iter()
        .find(|found| found.message.contains("behind"))
        .unwrap();
    assert_eq!(sources.position(id, behind.labels[0].span.start).line, 2);
}

#[test]
fn status_is_short() {
    let mut sources = Sources::new();
    let id = sources.add("secrets.yaml", good().into_bytes());
    let status = Status::read(Format::Yaml, &mut sources, id).unwrap();
    let want = format!(
        "encrypted: yes\nformat: yaml\nmade by: SOPS 3.13.3\nlast modified: 2026-11-23T14:49:29Z\n\
         rule: unencrypted_suffix `_unencrypted`\nkeys, any of them:\n  age: {RECIPIENT}\n\
         encrypted values: 3 (3 str)\nplain values: 0\n"
    );
    assert_eq!(status.to_string(), want);
    let json = status.to_json();
    assert_eq!(json["encrypted"], true);
    assert_eq!(json["groups"][0][0]["key"], RECIPIENT);
    assert_eq!(json["values"]["encrypted"]["str"], 3);
    assert_eq!(json["selection"]["unencrypted_suffix"], "_unencrypted");
}
