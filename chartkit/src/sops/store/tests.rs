//! What is said about texts and trees that a format cannot have, and where.

use super::{
    EmitErrorKind, LoadErrorKind, StoreOptions, emit_encrypted, emit_plain, load_encrypted,
    load_plain,
};
use crate::sops::{Branch, Comment, Entry, Format, Item, Secret, Value};
use crate::source::Sources;
use crate::yaml::MAX_DEPTH;

/// Texts, with the kind, the line and column and the words of the refusal. The values are `hunter2`.
#[track_caller]
fn check_refused(format: Format, cases: &[(&[u8], LoadErrorKind, &str)]) {
    for (text, kind, want) in cases {
        let mut sources = Sources::new();
        let file = sources.add("secrets", *text);
        let error = match load_plain(format, &sources, file) {
            Err(error) => error,
            Ok(_) => load_encrypted(format, &sources, file)
                .map(drop)
                .unwrap_err(),
        };
        let mut found = error.to_string();
        if let Some((file, span)) = error.location() {
            let at = sources.position(file, span.start);
            let end = sources.position(file, span.end);
            found = format!(
                "{}:{}-{}:{} {found}",
                at.line, at.column, end.line, end.column
            );
        }
        assert_eq!((found.as_str(), error.kind()), (*want, *kind));
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[test]
fn refused_json() {
    use LoadErrorKind::{Empty, Metadata, MetadataNotFound, Syntax, Unsupported};
    check_refused(
        Format::Json,
        &[
            (
                b" \n",
                Empty,
                "2:1-2:1 found nothing in the file, expected a JSON object",
            ),
            (
                b"[\"hunter2\"]",
                Unsupported,
                "1:1-1:1 found a list, expected a JSON object: wrap it, as in `{\"data\": [\u{2026}]}`",
            ),
            (
                b"\"hunter2\"",
                Unsupported,
                "1:1-1:1 found a string, expected a JSON object",
            ),
            (b"hunter2", Syntax, "1:1-1:1 not JSON: expected a value"),
            (
                b"\xef\xbb\xbf{}",
                Syntax,
                "1:1-1:1 not JSON: expected a value",
            ),
            (
                b"\xff\xfe{\0}\0",
                Unsupported,
                "1:1-1:1 found UTF-16 text, expected UTF-8",
            ),
            (
                b"{\n\t\"a\": \"hunter2\"\n\t\"b\": 1}",
                Syntax,
                "3:2-3:2 not JSON: expected `,` or the closing bracket",
            ),
            (
                b"{\"a\": 1, \"b\": [\"hunter2\"",
                Syntax,
                "1:25-1:25 not JSON: expected `,` or the closing bracket",
            ),
            (
                b"{\"a\": \"hunter2",
                Syntax,
                "1:15-1:15 not JSON: the string is not closed",
            ),
            (
                b"{\"a\": \"hunter2\xff\"}",
                Syntax,
                "1:15-1:16 found bytes that are not UTF-8, expected UTF-8 text",
            ),
            (
                b"{\"a\": 1e999}",
                Unsupported,
                "1:7-1:7 not JSON: the number does not fit a float64",
            ),
            (
                b"{\"a\": \"hunter2\"}",
                MetadataNotFound,
                "found no SOPS metadata, expected an encrypted file",
            ),
            (
                b"{\"sops\": \"hunter2\"}",
                Metadata,
                "1:2-1:8 found a str as `sops`, expected a mapping",
            ),
            (
                b"{\"sops\": {\"a\": 1},\n \"sops\": {\"a\": 1}}",
                Metadata,
                "2:2-2:8 found `sops` a second time, expected it once",
            ),
        ],
    );
}

#[test]
fn refused_dotenv() {
    use LoadErrorKind::{Metadata, MetadataNotFound, Syntax, Unsupported};
    check_refused(
        Format::Dotenv,
        &[
            (
                b"A=1\nhunter2\n",
                Syntax,
                "2:1-2:8 found a line without `=`, expected `KEY=value` or a comment",
            ),
            (
                b"A=1\n\xffB=hunter2\n",
                Unsupported,
                "2:1-2:3 found a key that is not UTF-8, expected UTF-8 text",
            ),
            (
                b"\xff\xfeA\0=\0",
                Unsupported,
                "1:1-1:1 found UTF-16 text, expected UTF-8",
            ),
            (
                b"A=hunter2\n",
                MetadataNotFound,
                "found no SOPS metadata, expected an encrypted file",
            ),
            (
                b"sops_mac=hunter2\nA=1\nsops_mac=hunter2\n",
                Metadata,
                "3:1-3:9 the metadata is damaged: found `mac` twice",
            ),
            (
                b"sops_age__list_1=hunter2\n",
                Metadata,
                "1:1-1:17 the metadata is damaged: found no item 0 of a list, but one behind it",
            ),
            (
                b"sops_a=hunter2\nsops_a__map_b=hunter2\n",
                Metadata,
                "2:1-2:14 the metadata is damaged: found a key that leads through a value, or both into a \
                 mapping and into a list",
            ),
        ],
    );
}

#[test]
fn refused_ini() {
    use LoadErrorKind::{Metadata, Syntax, Unsupported};
    check_refused(
        Format::Ini,
        &[
            (
                b"[s\na = hunter2\n",
                Syntax,
                "1:1-1:3 found a section header without `]`",
            ),
            (b" []\n", Syntax, "1:2-1:4 found a section without a name"),
            (
                b"[s]\n  hunter2\n",
                Syntax,
                "2:3-2:10 found a line without `=` or `:`, expected `key = value`",
            ),
            (
                b" = hunter2\n",
                Syntax,
                "1:2-1:11 found a key without a name",
            ),
            (
                b"\"\" = hunter2\n",
                Syntax,
                "1:1-1:3 found a key without a name",
            ),
            (
                b"\"a = hunter2\n",
                Syntax,
                "1:1-1:13 found a key whose quote is not closed",
            ),
            (
                b"[s]\na = `hunter2\nb = 1\n",
                Syntax,
                "2:5-2:13 found a value whose quote is not closed",
            ),
            (
                b"[\xff]\n",
                Unsupported,
                "1:2-1:3 found a key that is not UTF-8, expected UTF-8 text",
            ),
            (
                b"a\xff = hunter2\n",
                Unsupported,
                "1:1-1:3 found a key that is not UTF-8, expected UTF-8 text",
            ),
            (
                b"\xfe\xff\0a",
                Unsupported,
                "1:1-1:1 found UTF-16 text, expected UTF-8",
            ),
            (
                b"[sops]\na = 1\n[sops]\na = 1\n",
                Metadata,
                "3:2-3:6 found `sops` a second time, expected it once",
            ),
        ],
    );
}

fn entry(key: &str, value: Value) -> Item {
    Item::Entry(Entry::new(key, value))
}

#[track_caller]
fn check_not_emitted(format: Format, branch: Branch, want: &str) {
    let error = emit_plain(format, &[branch], &StoreOptions::default()).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.kind()),
        (want, EmitErrorKind::Unsupported)
    );
}

#[test]
fn trees_that_a_format_cannot_hold() {
    let comment = || Value::Comment(Comment::new(Secret::from("hunter2")));
    let list = || {
        vec![entry(
            "l",
            Value::List(vec![Value::string("hunter2").into()]),
        )]
    };
    let deep = Value::List(vec![Value::Null.into(), Value::Float(f64::NAN).into()]);
    check_not_emitted(
        Format::Json,
        vec![entry("a", Value::Branch(vec![entry("b", deep)]))],
        "found a float that is no finite number at `[\"a\"][\"b\"][1]`, which JSON cannot hold",
    );
    check_not_emitted(
        Format::Json,
        vec![entry("a", comment())],
        "found a comment in place of a value at `[\"a\"]`, which JSON cannot hold",
    );
    let time = Value::Time("2026-01-31T14:05:09+24:00".parse().unwrap());
    check_not_emitted(
        Format::Json,
        vec![entry("t", time)],
        "found a time that RFC 3339 does not know at `[\"t\"]`, which JSON cannot hold",
    );
    check_not_emitted(
        Format::Dotenv,
        list(),
        "found a list as `l`, which a dotenv file cannot hold",
    );
    check_not_emitted(
        Format::Ini,
        list(),
        "found a list as `l`, expected a section of keys",
    );
    check_not_emitted(
        Format::Ini,
        vec![entry("s", Value::Branch(list()))],
        "found a list as `l` in the section `s`, which an ini file cannot hold",
    );
    check_not_emitted(
        Format::Ini,
        vec![entry("s", Value::Branch(vec![entry("c", comment())]))],
        "found a comment as `c` in the section `s`, which an ini file cannot hold",
    );
    check_not_emitted(
        Format::Binary,
        list(),
        "found no key `data`, expected one for a binary file",
    );
}

#[test]
fn keys_of_the_metadata_are_reserved() {
    let cases = [
        (Format::Json, "sops", true),
        (Format::Json, "sops_mac", false),
        (Format::Dotenv, "sops", false),
        (Format::Dotenv, "sops_", true),
        (Format::Ini, "sops", true),
    ];
    for (format, key, is_reserved) in cases {
        let value = match format {
            Format::Ini => Value::Branch(Branch::new()),
            _ => Value::string("x"),
        };
        let metadata = vec![entry("mac", Value::string("m"))];
        let options = StoreOptions::default();
        let out = emit_encrypted(format, &[vec![entry(key, value)]], &metadata, &options);
        let kind = out.err().map(|error| error.kind());
        let want = is_reserved.then_some(EmitErrorKind::ReservedKey);
        assert_eq!(kind, want, "{format} {key}");
    }
}

#[test]
fn impossible_indentations() {
    for (indent, is_possible) in [
        (-2, false),
        (-1, true),
        (0, true),
        (1000, true),
        (1001, false),
    ] {
        let options = StoreOptions {
            json_indent: Some(indent),
            ..StoreOptions::default()
        };
        let out = emit_plain(Format::Json, &[Branch::new()], &options);
        let kind = out.err().map(|error| error.kind());
        assert_eq!(
            kind,
            (!is_possible).then_some(EmitErrorKind::Indent),
            "{indent}"
        );
    }
}

#[test]
fn any_bytes_are_a_binary_file() {
    // Not taken for UTF-16.
    for bytes in [&b"\xff\xfea\0\xff"[..], b"\xfe\xff\0", b"", b"\0\xff\n"] {
        let mut sources = Sources::new();
        let file = sources.add("key.bin", bytes);
        let branches = load_plain(Format::Binary, &sources, file).unwrap();
        let out = emit_plain(Format::Binary, &branches, &StoreOptions::default()).unwrap();
        assert_eq!(out.expose(), bytes);
    }
}

/// Test threads have a stack of 2 MiB.
#[test]
fn nesting_is_bounded() {
    let json = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 2), "]".repeat(levels - 2));
        format!("{{\"sops\": {{\"k\": {open}{close}}}}}")
    };
    let dotenv = |levels: usize| format!("sops_k{}=1", "__map_k".repeat(levels - 1));
    for levels in [MAX_DEPTH, MAX_DEPTH + 1, 100_000] {
        for (format, text) in [
            (Format::Json, json(levels)),
            (Format::Dotenv, dotenv(levels)),
        ] {
            let mut sources = Sources::new();
            let file = sources.add("deep", text.as_bytes());
            let loaded = load_encrypted(format, &sources, file);
            assert_eq!(loaded.is_ok(), levels == MAX_DEPTH, "{format} {levels}");
            let Ok((branches, metadata)) = loaded else {
                continue;
            };
            for format in [Format::Json, Format::Dotenv, Format::Ini] {
                let options = StoreOptions::default();
                emit_encrypted(format, &branches, &metadata, &options).unwrap();
            }
        }
    }
}

#[test]
fn unknown_metadata_survives() {
    let fields = "[sops]\nfuture__list_0__map_k = a\\nb\nversion               = 3.13.3\n";
    let mut sources = Sources::new();
    let file = sources.add("a.ini", fields.as_bytes());
    let (branches, metadata) = load_encrypted(Format::Ini, &sources, file).unwrap();
    let options = StoreOptions::default();
    let out = emit_encrypted(Format::Ini, &branches, &metadata, &options).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), fields);
    let json = emit_encrypted(Format::Json, &branches, &metadata, &options).unwrap();
    let json = String::from_utf8(json).unwrap();
    assert!(json.contains("\"k\": \"a\\nb\""), "{json}");
}
