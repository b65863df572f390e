//! Laws of encrypted files, over made-up texts of all formats, with all rules.

use chartkit::sops::{
    self, Branch, DataKey, DecryptOptions, DecryptedFile, EncryptError, EncryptErrorKind,
    EncryptOptions, EncryptedDataKey, EncryptedFile, Format, Item, MasterKey, Moment, Node,
    PlainFile, Selection, SelectionRule, Settings, Step, StoreOptions, TreePath, Value,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// How a text is encrypted.
#[derive(Clone)]
struct Case {
    format: Format,
    text: Vec<u8>,
    rule: (SelectionRule, &'static str),
    mac_only_encrypted: bool,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.text);
        let (rule, pattern) = self.rule;
        write!(
            f,
            "{} {rule} {pattern} {}:\n{text}",
            self.format, self.mac_only_encrypted
        )
    }
}

const RULES: [(SelectionRule, &str); 7] = [
    (SelectionRule::UnencryptedSuffix, "_unencrypted"),
    (SelectionRule::UnencryptedSuffix, "a"),
    (SelectionRule::EncryptedSuffix, "b"),
    (SelectionRule::UnencryptedRegex, "^(a|k)"),
    (SelectionRule::EncryptedRegex, "[a-c]"),
    (SelectionRule::UnencryptedCommentRegex, "plain"),
    (SelectionRule::EncryptedCommentRegex, "secret"),
];

fn rules() -> impl Strategy<Value = (SelectionRule, &'static str)> {
    prop_oneof![3 => Just(RULES[0]), 2 => select(&RULES[..])]
}

// Texts.

/// A tree as it is written in YAML.
#[derive(Clone, Debug)]
enum Written {
    Scalar(&'static str),
    Map(Vec<(&'static str, Written, Notes)>),
    List(Vec<(Written, Notes)>),
    Flow(&'static str),
}

/// What stands around an item.
#[derive(Clone, Debug)]
struct Notes {
    before: &'static str,
    behind: &'static str,
}

const SCALARS: [&str; 34] = [
    "x",
    "text with blanks",
    "'quoted'",
    "\"double\"",
    "'it''s'",
    "\"tab\\t \\u00e9\"",
    "é ö",
    "1",
    "-5",
    "0x1F",
    "0o17",
    "1_000",
    "9223372036854775807",
    "1.5",
    "1e3",
    "1.0",
    "-0.0",
    ".inf",
    "-.inf",
    ".nan",
    "true",
    "False",
    "yes",
    "null",
    "~",
    "\"\"",
    "2024-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "12:30:45",
    "!!str 12",
    "!!binary aGk=",
    "a#b",
    "'# no comment'",
    "folded\n      over lines",
];
const BLOCKS: [&str; 6] = [
    "|\n      one\n      two\n",
    "|-\n      one\n\n      two\n",
    ">\n      folded\n      text\n",
    "|+\n      kept\n\n",
    "|2\n        deeper\n      than\n",
    "\"two\n      lines\"",
];
const FLOWS: [&str; 5] = [
    "{}",
    "[]",
    "[1, b, {c: d}]",
    "{a: 'x', b: [true]}",
    "[a, # note\n      b]",
];
const BEFORE: [&str; 7] = [
    "",
    "",
    "",
    "#",
    "# note",
    "#secret\n# plain",
    "\n# plain note\n\n",
];
const BEHIND: [&str; 5] = ["", "", "", " # note", "  #secret"];
const KEYS: [&str; 9] = [
    "a",
    "b",
    "c",
    "key",
    "kb",
    "a_unencrypted",
    "'q k'",
    "\"1\"",
    "é",
];

fn notes() -> impl Strategy<Value = Notes> {
    (select(&BEFORE[..]), select(&BEHIND[..])).prop_map(|(before, behind)| Notes { before, behind })
}

fn written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        6 => select(&SCALARS[..]).prop_map(Written::Scalar),
        1 => select(&BLOCKS[..]).prop_map(Written::Scalar),
        1 => select(&FLOWS[..]).prop_map(Written::Flow),
    ];
    let tree = leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            map(inner.clone()),
            prop::collection::vec((inner, notes()), 1..4).prop_map(Written::List),
        ]
    });
    map(tree)
}

fn map(values: impl Strategy<Value = Written>) -> impl Strategy<Value = Written> {
    let keys = prop::sample::subsequence(&KEYS[..], 1..5);
    (keys, prop::collection::vec((values, notes()), 5)).prop_map(|(keys, values)| {
        let entries = keys.into_iter().zip(values);
        Written::Map(
            entries
                .map(|(key, (value, notes))| (key, value, notes))
                .collect(),
        )
    })
}

fn yaml(tree: &Written, step: usize, out: &mut String) {
    write_items(tree, 0, step, out);
}

fn write_before(notes: &Notes, indent: usize, out: &mut String) {
    for line in notes.before.lines() {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn write_items(tree: &Written, indent: usize, step: usize, out: &mut String) {
    let blanks = " ".repeat(indent);
    match tree {
        Written::Map(entries) => {
            for (key, value, notes) in entries {
                write_before(notes, indent, out);
                out.push_str(&format!("{blanks}{key}:"));
                write_value(value, notes, indent, step, out);
            }
        }
        Written::List(items) => {
            for (value, notes) in items {
                write_before(notes, indent, out);
                out.push_str(&format!("{blanks}-"));
                write_value(value, notes, indent, step, out);
            }
        }
        Written::Scalar(_) | Written::Flow(_) => unreachable!("a leaf has no items"),
    }
}

fn write_value(value: &Written, notes: &Notes, indent: usize, step: usize, out: &mut String) {
    match value {
        Written::Scalar(text) | Written::Flow(text) => {
            let text = text.replace("\n      ", &format!("\n{}", " ".repeat(indent + 2)));
            out.push(' ');
            out.push_str(&text);
            if !text.ends_with('\n') {
                if !text.contains('\n') {
                    out.push_str(notes.behind);
                }
                out.push('\n');
            }
        }
        items => {
            out.push_str(notes.behind);
            out.push('\n');
            write_items(items, indent + step, step, out);
        }
    }
}

fn yaml_text() -> impl Strategy<Value = Vec<u8>> {
    let documents = prop::collection::vec(written(), 1..3);
    (documents, 2..5_usize, any::<bool>()).prop_map(|(documents, step, crlf)| {
        let texts = documents.iter().map(|tree| {
            let mut text = String::new();
            yaml(tree, step, &mut text);
            text
        });
        let text = texts.collect::<Vec<_>>().join("---\n");
        let text = if crlf && step == 3 {
            text.replace('\n', "\r\n")
        } else {
            text
        };
        text.into_bytes()
    })
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    let tree = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[a-d_]{1,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::hash_map("[a-d ]{1,3}", tree, 0..5).prop_map(|map| {
        let object = serde_json::Value::Object(map.into_iter().collect());
        serde_json::to_vec_pretty(&object).unwrap()
    })
}

fn dotenv() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => ("[A-D]{1,2} ?", "[ -~é]{0,8}").prop_map(|(key, value)| format!("{key}={value}")),
        1 => "#[ -~]{0,8}",
        1 => Just(String::new()),
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n").into_bytes())
}

fn ini() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => ("[a-d]{1,2}", "[a-z0-9 ./é]{0,8}").prop_map(|(key, value)| format!("{key} = {value}")),
        1 => "; [a-z]{1,8}",
        1 => "\\[[a-d]{1,2}\\]",
    ];
    prop::collection::vec(line, 0..8)
        .prop_map(|lines| format!("{}\n", lines.join("\n")).into_bytes())
}

fn case() -> impl Strategy<Value = Case> {
    let text = prop_oneof![
        6 => yaml_text().prop_map(|text| (Format::Yaml, text)),
        2 => json().prop_map(|text| (Format::Json, text)),
        1 => dotenv().prop_map(|text| (Format::Dotenv, text)),
        1 => ini().prop_map(|text| (Format::Ini, text)),
        1 => any::<Vec<u8>>().prop_map(|text| (Format::Binary, text)),
    ];
    (text, rules(), prop::bool::weighted(0.2)).prop_map(
        |((format, text), rule, mac_only_encrypted)| {
            let rule = if format == Format::Binary {
                RULES[0]
            } else {
                rule
            };
            Case {
                format,
                text,
                rule,
                mac_only_encrypted,
            }
        },
    )
}

/// YAML as SOPS lays it out, and as people do.
fn yaml_case() -> impl Strategy<Value = Case> {
    (yaml_text(), rules(), any::<bool>()).prop_map(|(text, rule, laid_out)| {
        let mut case = Case {
            format: Format::Yaml,
            text,
            rule,
            mac_only_encrypted: false,
        };
        if laid_out {
            // Whatever SOPS would print for it.
            case.rule = RULES[0];
            if let Ok(file) = encrypt(&case) {
                let text = String::from_utf8(file).unwrap();
                let text = text.replace("chartkit:", "ignored:");
                let decrypted = open(Format::Yaml, text.as_bytes()).unwrap().1;
                let text = decrypted
                    .to_text(Format::Yaml, &StoreOptions::default())
                    .unwrap();
                case.text = text.expose().to_vec();
            }
        }
        case
    })
}

// Operations.

fn key() -> DataKey {
    DataKey::from([7; 32])
}

/// A time and nonces that differ from those of other moments.
fn at<T>(moment: u64, act: impl FnOnce(&mut Moment<'_>) -> T) -> T {
    let mut count = moment << 32;
    let mut random = |bytes: &mut [u8]| {
        count += 1;
        bytes[..8].copy_from_slice(&count.to_le_bytes());
    };
    let now = Timestamp::from_unix(1_790_000_000 + i64::try_from(moment).unwrap(), 0);
    act(&mut Moment {
        now,
        random: &mut random,
    })
}

fn recipients() -> Vec<Vec<EncryptedDataKey>> {
    let enc = "x\n".to_owned();
    vec![vec![EncryptedDataKey {
        master_key: MasterKey::age("age1test"),
        enc,
        created_at: None,
    }]]
}

fn encrypt(case: &Case) -> Result<Vec<u8>, EncryptError> {
    let mut sources = Sources::new();
    let file = sources.add("plain", case.text.clone());
    let plain = match PlainFile::load(case.format, &mut sources, file) {
        Ok(plain) => plain,
        Err(error) => panic!("{error:?}\n{}", String::from_utf8_lossy(&case.text)),
    };
    let (rule, pattern) = case.rule;
    let settings = Settings {
        selection: Selection::new(rule, pattern).unwrap(),
        mac_only_encrypted: case.mac_only_encrypted,
        shamir_threshold: 0,
    };
    let options = EncryptOptions {
        settings,
        format: case.format,
        store: StoreOptions::default(),
    };
    at(1, |moment| {
        sops::encrypt(&plain, &key(), recipients(), &options, moment)
    })
}

fn open(format: Format, text: &[u8]) -> Result<(EncryptedFile, DecryptedFile), String> {
    let mut sources = Sources::new();
    let file = sources.add("encrypted", text);
    let file =
        EncryptedFile::load(format, &mut sources, file).map_err(|error| error.to_string())?;
    let decrypted = sops::decrypt(&file, &key(), &DecryptOptions::default())
        .map_err(|error| error.to_string())?;
    Ok((file, decrypted))
}

fn text_of(format: Format, decrypted: &DecryptedFile) -> Vec<u8> {
    let text = decrypted.to_text(format, &StoreOptions::default());
    text.unwrap().expose().to_vec()
}

/// What is encrypted, unless the format cannot hold it.
fn encrypted(case: &Case) -> Result<String, TestCaseError> {
    match encrypt(case) {
        Ok(text) => Ok(String::from_utf8(text).unwrap()),
        Err(error) => Err(TestCaseError::reject(error.to_string())),
    }
}

/// The lines of a YAML file outside of its metadata.
fn body(text: &str) -> Vec<&str> {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        if line.starts_with("sops:") {
            inside = true;
        } else if !line.starts_with(' ') && !line.is_empty() {
            inside = false;
        }
        !inside
    });
    lines.collect()
}

fn changed<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<&'t str> {
    old.iter()
        .zip(new)
        .filter(|(old, new)| old != new)
        .map(|(_, new)| *new)
        .collect()
}

/// The leaves of a document.
fn leaves(branch: &Branch) -> Vec<(Vec<Step>, &Node)> {
    fn walk<'v>(node: &'v Node, path: Vec<Step>, out: &mut Vec<(Vec<Step>, &'v Node)>) {
        match &node.value {
            Value::Branch(inner) => walk_branch(inner, &path, out),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, [&path[..], &[Step::Index(index)]].concat(), out);
                }
            }
            Value::Comment(_) => {}
            _ => out.push((path, node)),
        }
    }
    fn walk_branch<'v>(branch: &'v Branch, path: &[Step], out: &mut Vec<(Vec<Step>, &'v Node)>) {
        for item in branch {
            if let Item::Entry(entry) = item {
                let path = [path, &[Step::Key(entry.key.clone())]].concat();
                walk(&entry.value, path, out);
            }
        }
    }
    let mut out = Vec::new();
    walk_branch(branch, &[], &mut out);
    out
}

fn is_ciphertext(node: &Node) -> bool {
    let text = node.value.as_str();
    text.is_some_and(|text| text.starts_with("ENC[") && !text.contains(",type:comment]"))
}

/// The bytes of a file that must not change: of values and the MAC, and of the keys of encrypted values.
fn protected(file: &EncryptedFile, text: &str) -> Vec<std::ops::Range<usize>> {
    fn keys(branch: &Branch, out: &mut Vec<std::ops::Range<usize>>) -> bool {
        let mut any = false;
        for item in branch {
            let Item::Entry(entry) = item else { continue };
            let encrypted = match &entry.value.value {
                Value::Branch(inner) => keys(inner, out),
                Value::List(_) => false,
                _ => is_ciphertext(&entry.value),
            };
            if encrypted {
                let span = entry.key_at.unwrap().span;
                out.push(span.start as usize..span.end as usize);
            }
            any |= encrypted;
        }
        any
    }
    let mut out = Vec::new();
    for branch in file.branches() {
        keys(branch, &mut out);
        let values = leaves(branch)
            .into_iter()
            .filter(|(_, node)| is_ciphertext(node));
        out.extend(values.map(|(_, node)| {
            let span = node.at.unwrap().span;
            let range = span.start as usize..span.end as usize;
            // Quotes around it may change.
            let start = range.start + text[range.clone()].find("ENC[").unwrap();
            start..range.start + text[range].rfind(']').unwrap() + 1
        }));
    }
    // Copies of the metadata in later documents are never looked at.
    let mac = text.find("mac: ENC[").unwrap() + "mac: ".len();
    out.push(mac..mac + text[mac..].find(']').unwrap() + 1);
    out
}

proptest! {
    #[test]
    fn what_was_encrypted_comes_back(case in case()) {
        let text = match encrypt(&case) {
            Ok(text) => text,
            Err(error) => {
                // Where comments decide they must be where they were; other formats have their limits.
                let by_comments = case.rule.0.as_str().contains("comment");
                prop_assert!(case.format != Format::Yaml || by_comments, "{}", error);
                let kinds = [EncryptErrorKind::Emit, EncryptErrorKind::Selection];
                prop_assert!(kinds.contains(&error.kind()));
                return Ok(());
            }
        };
        let shown = String::from_utf8_lossy(&text).into_owned();
        let (_, decrypted) = open(case.format, &text)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{shown}")))?;
        if matches!(case.format, Format::Yaml | Format::Binary) {
            prop_assert!(text_of(case.format, &decrypted) == case.text, "{}", shown);
        } else if case.format != Format::Json || case.rule == RULES[0] {
            // JSON has `1` for 1.0 in plain text.
            let mut sources = Sources::new();
            let file = sources.add("plain", case.text.clone());
            let plain = PlainFile::load(case.format, &mut sources, file).unwrap();
            prop_assert!(decrypted.branches() == plain.branches(), "{}", shown);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed(case in yaml_case(), place: Index, byte: Index, bit in 0..8_u32) {
        let text = encrypted(&case)?;
        let (file, _) = open(Format::Yaml, text.as_bytes()).unwrap();
        let ranges = protected(&file, &text);
        let range = ranges[place.index(ranges.len())].clone();
        let mut bytes = text.clone().into_bytes();
        let at = range.start + byte.index(range.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(open(Format::Yaml, &bytes).is_err(), "{} at {}:\n{}", bytes[at], at, text);
    }

    #[test]
    fn set_and_unset_leave_nothing(case in yaml_case(), nested: bool) {
        let text = encrypted(&case)?;
        // Comments that SOPS's layout moves get new ciphertext.
        prop_assume!(!text.contains("source: ENC["));
        let (file, decrypted) = open(Format::Yaml, text.as_bytes()).unwrap();
        let options = StoreOptions::default();
        let path: TreePath = if nested { "[\"new\"][\"inner\"]" } else { "[\"new\"]" }.parse().unwrap();
        let value = Value::string("value");
        let set = at(2, |m| sops::set(&file, &decrypted, &key(), &path, value, &options, m));
        let set = set.unwrap().unwrap();
        let (file, decrypted) = open(Format::Yaml, &set).unwrap();
        let path: TreePath = "[\"new\"]".parse().unwrap();
        let unset = at(3, |m| sops::unset(&file, &decrypted, &key(), &path, &options, m));
        let unset = String::from_utf8(unset.unwrap().unwrap()).unwrap();
        open(Format::Yaml, unset.as_bytes()).unwrap();
        prop_assert_eq!(body(&unset), body(&text), "{}", String::from_utf8_lossy(&set));
    }

    #[test]
    fn an_edit_that_changes_nothing_writes_nothing(case in case()) {
        let text = encrypted(&case)?;
        let (file, decrypted) = open(case.format, text.as_bytes()).unwrap();
        let mut sources = Sources::new();
        let same = sources.add("plain", text_of(case.format, &decrypted));
        // A file that SOPS could not read either: JSON with a number that became a date, say.
        let plain = PlainFile::load(case.format, &mut sources, same);
        prop_assume!(plain.is_ok());
        let options = StoreOptions::default();
        let edit = at(2, |m| sops::edit(&file, &decrypted, &key(), &plain.unwrap(), &options, m));
        let edited = edit.unwrap();
        prop_assert!(edited.is_none());
    }

    #[test]
    fn a_changed_leaf_is_a_changed_line(case in yaml_case(), leaf: Index) {
        let text = encrypted(&case)?;
        // How values were written and copies of the text are metadata, and change with the value.
        if text.contains("source: ENC[") || text.contains("spellings:") {
            return Ok(());
        }
        let (file, decrypted) = open(Format::Yaml, text.as_bytes()).unwrap();
        let mut sealed = leaves(&file.branches()[0]);
        // Comments of lists are items, until they are decrypted.
        sealed.retain(|(_, node)| node.value.as_str().is_none_or(|text| !text.contains(",type:comment]")));
        let plain = leaves(&decrypted.branches()[0]);
        prop_assert_eq!(sealed.len(), plain.len());
        let secret: Vec<_> = (0..plain.len()).filter(|i| is_ciphertext(sealed[*i].1)).collect();
        if secret.is_empty() {
            return Ok(());
        }
        let chosen = secret[leaf.index(secret.len())];
        // Equal values under one key path share their ciphertexts: which one goes is not known.
        let keys = |steps: &[Step]| -> Vec<Step> {
            steps.iter().filter(|step| matches!(step, Step::Key(_))).cloned().collect()
        };
        let (steps, node) = &plain[chosen];
        let all = decrypted.branches().iter().flat_map(leaves);
        let alike = all.filter(|(other, at)| keys(other) == keys(steps) && *at == *node);
        prop_assume!(alike.count() == 1);
        let path = TreePath::from(plain[chosen].0.clone());
        let value = Value::string("another value");
        let options = StoreOptions::default();
        let set = at(2, |m| sops::set(&file, &decrypted, &key(), &path, value, &options, m));
        let set = String::from_utf8(set.unwrap().unwrap()).unwrap();
        let (_, again) = open(Format::Yaml, set.as_bytes()).unwrap();
        prop_assert!(leaves(&again.branches()[0])[chosen].1.value.as_str() == Some("another value"));
        let (old, new): (Vec<_>, Vec<_>) = (text.lines().collect(), set.lines().collect());
        prop_assert_eq!(old.len(), new.len(), "{}\n{}", text, set);
        prop_assert_eq!(changed(&body(&text), &body(&set)).len(), 1, "{}\n{}", text, set);
        let fields = changed(&old, &new);
        let metadata = |name: &str| fields.iter().filter(|line| line.trim().starts_with(name)).count();
        let documents = file.branches().len();
        prop_assert_eq!(metadata("mac: ENC["), documents, "{:?}", fields);
        prop_assert_eq!(metadata("lastmodified: "), documents, "{:?}", fields);
        prop_assert_eq!(fields.len(), 1 + 2 * documents, "{:?}", fields);
    }

    #[test]
    fn a_rotation_keeps_all_but_ciphertext(case in case()) {
        let text = encrypted(&case)?;
        let (file, decrypted) = open(case.format, text.as_bytes()).unwrap();
        let new_key = DataKey::from([8; 32]);
        let options = StoreOptions::default();
        let rotated = at(2, |m| sops::rotate(&file, &decrypted, &new_key, recipients(), &options, m));
        let rotated = String::from_utf8(rotated.unwrap()).unwrap();
        prop_assert!(open(case.format, rotated.as_bytes()).is_err(), "another key opens it");
        let mut sources = Sources::new();
        let file = sources.add("rotated", rotated.as_bytes());
        let file = EncryptedFile::load(case.format, &mut sources, file).unwrap();
        let again = sops::decrypt(&file, &new_key, &DecryptOptions::default()).unwrap();
        prop_assert_eq!(text_of(case.format, &again), text_of(case.format, &decrypted));
        let skeleton = |text: &str| {
            let pieces: Vec<_> = text.split("ENC[AES256_GCM,data:").collect();
            let behind = pieces.iter().map(|piece| piece.split_once(",type:").map_or(*piece, |(_, rest)| rest));
            behind.collect::<Vec<_>>().join("ENC").replace("2026-09-21T14:13:21Z", "2026-09-21T14:13:22Z")
        };
        prop_assert_eq!(skeleton(&rotated), skeleton(&text));
    }
}
