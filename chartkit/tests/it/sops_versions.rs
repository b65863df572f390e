//! Versions of encrypted files compared and merged: examples of each kind of change, and the laws.

use std::collections::BTreeSet;

use chartkit::sops::{
    self, Change, ConflictSubject, DataKey, DataKeyChange, DecryptOptions, DecryptedFile,
    EncryptOptions, EncryptedDataKey, EncryptedFile, Format, KeyError, KeyGroup, KeyService,
    MasterKey, Merge, MergeError, MergeKeys, Moment, PlainFile, Secret, Selection, SelectionRule,
    Settings, StoreOptions, ValueChangeKind, VerifyOptions, changes_to_json, changes_to_text, diff,
    diff_decrypted, merge, verify,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const BASE: &str = "\
# of the shop
database:
    user: shop
    password: s3cret
    hosts:
        - a.internal
        - b.internal
port: 5432
tls: |
    line one
    line two
owner_unencrypted: payments
";

/// In a layout that SOPS would not write.
const KEPT: &str = "\
# of the shop

database:   # main
  user: 'shop'
  password: \"s3cret\"     # rotated in May

  hosts:
  - a.internal
  - b.internal
port: 0x1538
owner_unencrypted: payments
";

/// Makes files, each at a later time and with nonces of its own.
struct Maker {
    format: Format,
    seconds: i64,
    counter: u64,
    /// Holds wrapped keys: who, and what it opens to.
    service: Plainly,
}

/// Stands for real keys: a wrapped key says who can open it, and to what.
struct Plainly;

impl KeyService for Plainly {
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
        let hex: String = data_key
            .expose()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        Some(Ok(format!("{key} {hex}")))
    }

    fn decrypt(&self, _: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
        let (_, hex) = enc.rsplit_once(' ')?;
        let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16));
        Some(Ok(Secret::from(
            bytes.collect::<Result<Vec<_>, _>>().unwrap(),
        )))
    }
}

fn alice() -> MasterKey {
    MasterKey::age("alice")
}

fn bob() -> MasterKey {
    MasterKey::age("bob")
}

/// A version of a file with all that is known of it.
#[derive(Clone)]
struct Version {
    text: Vec<u8>,
    file: EncryptedFile,
    plain: DecryptedFile,
    key: DataKey,
}

impl Maker {
    fn new(format: Format) -> Self {
        Self {
            format,
            seconds: 1_790_000_000,
            counter: 0,
            service: Plainly,
        }
    }

    fn moment<T>(&mut self, act: impl FnOnce(&Plainly, &mut Moment<'_>) -> T) -> T {
        self.seconds += 1;
        let counter = &mut self.counter;
        let mut random = |bytes: &mut [u8]| {
            for chunk in bytes.chunks_mut(8) {
                *counter += 1;
                chunk.copy_from_slice(&counter.to_be_bytes()[8 - chunk.len()..]);
            }
        };
        let mut moment = Moment {
            now: Timestamp::from_unix(self.seconds, 0),
            random: &mut random,
        };
        act(&self.service, &mut moment)
    }

    fn read(&self, text: Vec<u8>, key: &DataKey) -> Version {
        let mut sources = Sources::new();
        let id = sources.add("secrets", text.clone());
        let file = EncryptedFile::load(self.format, &mut sources, id)
            .unwrap_or_else(|e| panic!("{e}:\n{}", String::from_utf8_lossy(&text)));
        let plain = sops::decrypt(&file, key, &DecryptOptions::default())
            .unwrap_or_else(|e| panic!("{e}:\n{}", String::from_utf8_lossy(&text)));
        Version {
            text,
            file,
            plain,
            key: key.clone(),
        }
    }

    fn plain(&self, text: &str) -> PlainFile {
        let mut sources = Sources::new();
        let id = sources.add("plain", text.as_bytes());
        PlainFile::load(self.format, &mut sources, id).unwrap()
    }

    fn encrypt_with(&mut self, text: &str, selection: Selection, keys: &[MasterKey]) -> Version {
        let plain = self.plain(text);
        let format = self.format;
        let (text, key) = self.moment(|service, moment| {
            let key = DataKey::generate(moment.random);
            let groups = [keys.to_vec()];
            let now = moment.now.to_string();
            let wrapped = sops::wrap(&key, &groups, 0, &[service], moment.random, &now).unwrap();
            let settings = Settings {
                selection,
                mac_only_encrypted: false,
                shamir_threshold: 0,
            };
            let options = EncryptOptions {
                settings,
                format,
                store: StoreOptions::default(),
            };
            let text = sops::encrypt(&plain, &key, wrapped.groups, &options, moment).unwrap();
            (text, key)
        });
        self.read(text, &key)
    }

    fn encrypt(&mut self, text: &str) -> Version {
        self.encrypt_with(text, Selection::default(), &[alice()])
    }

    fn edit(&mut self, version: &Version, text: &str) -> Version {
        let plain = self.plain(text);
        let options = StoreOptions::default();
        let Version {
            file,
            plain: old,
            key,
            ..
        } = version;
        let text = self.moment(|_, moment| sops::edit(file, old, key, &plain, &options, moment));
        match text.unwrap() {
            Some(text) => self.read(text, key),
            None => version.clone(),
        }
    }

    /// The version for these recipients, with the data key that it has.
    fn recipients(&mut self, version: &Version, keys: &[MasterKey]) -> Version {
        let old = version.file.metadata().key_groups().concat();
        let groups = self.moment(|service, moment| {
            let now = moment.now.to_string();
            let key = &version.key;
            let groups = [keys.to_vec()];
            sops::wrap(key, &groups, 0, &[service], moment.random, &now)
                .unwrap()
                .groups
        });
        let kept = groups.concat().into_iter().map(|new| {
            let old = old.iter().find(|old| old.master_key == new.master_key);
            old.cloned().unwrap_or(new)
        });
        let groups = vec![kept.collect::<Vec<EncryptedDataKey>>()];
        let options = StoreOptions::default();
        let text = sops::update_keys(&version.file, groups, 0, &options).unwrap();
        self.read(text, &version.key)
    }

    fn rotate(&mut self, version: &Version, keys: &[MasterKey]) -> Version {
        let options = StoreOptions::default();
        let (text, key) = self.moment(|service, moment| {
            let key = DataKey::generate(moment.random);
            let now = moment.now.to_string();
            let groups = [keys.to_vec()];
            let groups = sops::wrap(&key, &groups, 0, &[service], moment.random, &now)
                .unwrap()
                .groups;
            let Version { file, plain, .. } = version;
            let text = sops::rotate(file, plain, &key, groups, &options, moment).unwrap();
            (text, key)
        });
        self.read(text, &key)
    }

    fn merge(&mut self, base: &Version, ours: &Version, theirs: &Version) -> Merge {
        self.moment(|service, moment| {
            let keys = MergeKeys {
                base: Some(&base.key),
                ours: &ours.key,
                theirs: &theirs.key,
                services: &[service],
            };
            let options = &StoreOptions::default();
            let (base, ours, theirs) = (Some(&base.file), &ours.file, &theirs.file);
            merge(base, ours, theirs, Some(&keys), options, moment).unwrap()
        })
    }

    fn merge_without_keys(&mut self, base: &Version, ours: &Version, theirs: &Version) -> Merge {
        let options = &StoreOptions::default();
        self.moment(|_, moment| {
            merge(
                Some(&base.file),
                &ours.file,
                &theirs.file,
                None,
                options,
                moment,
            )
            .unwrap()
        })
    }
}

fn text_of(version: &Version) -> String {
    let text = version
        .plain
        .to_text(version.file.format(), &StoreOptions::default());
    text.unwrap().as_str().unwrap().to_owned()
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes_to_text(changes, false)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Every ciphertext of a file but the MAC.
fn ciphertexts(version: &Version) -> BTreeSet<String> {
    let text = String::from_utf8(version.text.clone()).unwrap();
    let all = text
        .split("ENC[")
        .skip(1)
        .map(|rest| rest.split(']').next().unwrap().to_owned());
    let mac = version
        .file
        .metadata()
        .mac()
        .trim_start_matches("ENC[")
        .trim_end_matches(']');
    all.filter(|text| text != mac).collect()
}

#[test]
fn changes_are_told_without_a_key() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt(BASE);
    let cases = [
        (
            "shop\n    password: s3cret",
            "shop\n    password: longer than before",
            "changed: database.password (str)",
        ),
        (
            "password: s3cret",
            "password: t3cret",
            "changed or encrypted anew: database.password (str)",
        ),
        (
            "port: 5432",
            "port: \"5432\"",
            "type changed: port (int -> str)",
        ),
        ("port: 5432", "port: 5432\nname: shop", "added: name (str)"),
        ("    user: shop\n", "", "removed: database.user (str)"),
        ("payments", "platform", "changed: owner_unencrypted (str)"),
        ("# of the shop\n", "", "removed: the top (comment)"),
        (
            "        - a.internal\n        - b.internal",
            "        - b.internal\n        - a.internal",
            "reordered: database.hosts",
        ),
        (
            "        - a.internal\n",
            "",
            "removed: database.hosts[0] (str)",
        ),
        (
            "        - a.internal\n",
            "        - x\n        - a.internal\n",
            "added: database.hosts[0] (str)",
        ),
    ];
    for (from, to, want) in cases {
        let new = maker.edit(&base, &BASE.replacen(from, to, 1));
        let changes = diff(&base.file, &new.file);
        assert_eq!(lines(&changes), [want], "{from:?} -> {to:?}");
        let json = changes_to_json(&changes, true).to_string();
        assert!(
            !json.contains("s3cret") && !json.contains("t3cret"),
            "{json}"
        );
    }
    let moved = BASE.replacen(
        "    user: shop\n    password: s3cret\n",
        "    password: s3cret\n    user: shop\n",
        1,
    );
    let moved = maker.edit(&base, &moved);
    assert_eq!(
        lines(&diff(&base.file, &moved.file)),
        ["reordered: database"]
    );
}

#[test]
fn with_keys_values_are_shown_when_asked() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt(BASE);
    let new = maker.edit(&base, &BASE.replace("s3cret", "t3cret"));
    let changes = diff_decrypted((&base.file, &base.plain), (&new.file, &new.plain));
    assert_eq!(
        changes_to_text(&changes, false),
        "changed: database.password (str)\n"
    );
    let shown = changes_to_text(&changes, true);
    assert_eq!(
        shown,
        "changed: database.password (str): \"s3cret\" -> \"t3cret\"\n"
    );
    assert!(!format!("{changes:?}").contains("cret"), "{changes:?}");
    let shape = json!({ "type": "str", "encrypted": true, "size": 6, "value": "<secret>" });
    let want = json!([{
        "change": "changed", "document": 1, "path": "database.password", "old": shape, "new": shape,
    }]);
    assert_eq!(changes_to_json(&changes, false), want);
    assert_eq!(changes_to_json(&changes, true)[0]["new"]["value"], "t3cret");
}

#[test]
fn rotation_and_recipients_are_told() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt(BASE);
    let both = maker.recipients(&base, &[alice(), bob()]);
    assert_eq!(
        lines(&diff(&base.file, &both.file)),
        ["recipient added: bob (age)"]
    );
    assert_eq!(
        lines(&diff(&both.file, &base.file)),
        ["recipient removed: bob (age)"]
    );
    assert_eq!(
        DataKeyChange::between(&base.file, &both.file),
        DataKeyChange::Kept
    );

    let rotated = maker.rotate(&both, &[alice()]);
    let want = [
        "recipient removed: bob (age)",
        "data key rotated",
        "encrypted anew: 7 values",
    ];
    assert_eq!(lines(&diff(&both.file, &rotated.file)), want);
    let opened = diff_decrypted((&both.file, &both.plain), (&rotated.file, &rotated.plain));
    assert_eq!(lines(&opened), want);

    let other = maker.encrypt_with("a: 1\n", Selection::default(), &[bob()]);
    assert_eq!(
        DataKeyChange::between(&base.file, &other.file),
        DataKeyChange::Unclear
    );

    let selection = Selection::new(SelectionRule::EncryptedRegex, "^(database|port)$").unwrap();
    let other = maker.encrypt_with(BASE, selection, &[alice()]);
    let changes = lines(&diff(&base.file, &other.file));
    let want =
        "rule changed: unencrypted_suffix: _unencrypted -> encrypted_regex: ^(database|port)$";
    assert!(changes.contains(&want.to_owned()), "{changes:?}");
    assert!(
        changes.contains(&"in plain text now: tls (str)".to_owned()),
        "{changes:?}"
    );
}

#[test]
fn who_was_removed_without_rotation_is_reported() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt_with(BASE, Selection::default(), &[alice(), bob()]);
    let removed = maker.recipients(&base, &[alice()]);
    let rotated = maker.rotate(&removed, &[alice()]);
    let kept = |new: &Version| {
        let mut options = VerifyOptions::default();
        options.older = Some(&base.file);
        let found = verify(&new.file, &options);
        let of_code = found.iter().filter(|found| found.code.id() == "S017");
        of_code
            .map(|found| found.message.clone())
            .collect::<Vec<_>>()
    };
    let want = "`bob` was removed, but the data key is the one that it could open";
    assert_eq!(kept(&removed), [want]);
    assert_eq!(kept(&rotated), [""; 0]);
    assert_eq!(kept(&base), [""; 0]);
}

#[test]
fn changes_of_both_sides_come_together() {
    for text in [BASE, KEPT] {
        let mut maker = Maker::new(Format::Yaml);
        let base = maker.encrypt(text);
        let ours = maker.edit(&base, &text.replace("s3cret", "changed by us"));
        let theirs = text
            .replace("payments", "platform")
            .replace("a.internal", "c.internal");
        let theirs = maker.edit(&base, &theirs);
        let merged = maker.merge(&base, &ours, &theirs);
        assert_eq!(merged.conflicts.len(), 0);
        assert_eq!(
            lines(&merged.changes),
            [
                "changed: database.hosts[0] (str)",
                "changed: owner_unencrypted (str)"
            ]
        );
        let merged = maker.read(merged.text.unwrap(), &base.key);
        let want = text
            .replace("s3cret", "changed by us")
            .replace("payments", "platform")
            .replace("a.internal", "c.internal");
        assert_eq!(text_of(&merged), want);
        let known = &ciphertexts(&ours) | &ciphertexts(&theirs);
        assert!(
            ciphertexts(&merged).is_subset(&known),
            "untouched ciphertext stays"
        );
        // Beside the lines of the changes, only time and MAC differ from ours.
        let (old, new) = (
            String::from_utf8_lossy(&ours.text),
            String::from_utf8_lossy(&merged.text),
        );
        let differing = old
            .lines()
            .zip(new.lines())
            .filter(|(old, new)| old != new)
            .count();
        assert!(
            old.lines().count() == new.lines().count() && differing <= 4,
            "{new}"
        );
    }
}

#[test]
fn without_keys_a_merge_is_told_but_not_written() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt(BASE);
    let ours = maker.edit(&base, &BASE.replace("s3cret", "changed by us"));
    let theirs = maker.edit(&base, &BASE.replace("port: 5432", "port: 6432"));
    let merged = maker.merge_without_keys(&base, &ours, &theirs);
    assert!(merged.needs_key() && merged.text.is_none());
    assert_eq!(
        lines(&merged.changes),
        ["changed or encrypted anew: port (int)"]
    );
    let json = merged.to_json();
    assert_eq!(
        (&json["merged"], &json["needsKey"]),
        (&json!(false), &json!(true))
    );

    // Nothing to encrypt: no key is needed.
    let merged = maker.merge_without_keys(&base, &base, &theirs);
    assert_eq!(merged.text.as_ref(), Some(&theirs.text));

    let rotated = maker.rotate(&base, &[alice()]);
    let merged = maker.merge_without_keys(&base, &ours, &rotated);
    assert_eq!(merged.conflicts[0].subject, ConflictSubject::DataKey);
    assert!(merged.text.is_none() && !merged.needs_key());
}

#[test]
fn conflicts_name_paths_and_types_and_no_values() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt(BASE);
    let ours = BASE
        .replace("s3cret", "canary-one")
        .replace("port: 5432", "port: 1");
    let ours = maker.edit(&base, &ours);
    let theirs = BASE
        .replace("s3cret", "canary-two")
        .replace("port: 5432\n", "");
    let theirs = maker.edit(&base, &theirs);
    for merged in [
        maker.merge(&base, &ours, &theirs),
        maker.merge_without_keys(&base, &ours, &theirs),
    ] {
        assert!(merged.text.is_none() && !merged.needs_key());
        let found: Vec<_> = merged.conflicts.iter().map(ToString::to_string).collect();
        let want = [
            "both sides changed `database.password` (ours: str, theirs: str)",
            "both sides changed `port` (ours: int, theirs: removed)",
        ];
        assert_eq!(found, want);
        let shown = format!("{merged:?} {} {found:?}", merged.to_json());
        assert!(!shown.contains("canary"), "{shown}");
        let diagnostic = chartkit::diagnostic::Diagnostic::from(&merged.conflicts[0]);
        assert_eq!(diagnostic.labels.len(), 2);
        let span = diagnostic.labels[0].span;
        let at = &ours.text[span.start as usize..span.end as usize];
        assert_eq!(at, b"password");
    }
}

#[test]
fn comments_and_entries_go_where_they_stood() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt("# top\na: 1\n# about b\nb: 2\nc: 3\n");
    let ours = maker.edit(&base, "# top\na: 1\n# about b\nb: 2\nx: of ours\nc: 3\n");
    let theirs = "# top\na: 1\nw: of theirs\n# about b, in more words\nb: 2\n# new\nc: 3\nz: 4\n";
    let theirs = maker.edit(&base, theirs);
    let merged = maker.merge(&base, &ours, &theirs);
    let merged = maker.read(merged.text.unwrap(), &base.key);
    let want = "# top\na: 1\nw: of theirs\n# about b, in more words\nb: 2\nx: of ours\n# new\nc: 3\nz: 4\n";
    assert_eq!(text_of(&merged), want);
}

#[test]
fn lists_merge_by_runs() {
    let mut maker = Maker::new(Format::Yaml);
    let list = |items: &[&str]| {
        let items: String = items.iter().map(|item| format!("    - {item}\n")).collect();
        format!("l:\n{items}")
    };
    let base = maker.encrypt(&list(&["a", "b", "c", "d"]));
    let mut check = |ours: &[&str], theirs: &[&str], want: Option<&[&str]>| {
        let ours = maker.edit(&base, &list(ours));
        let theirs = maker.edit(&base, &list(theirs));
        let merged = maker.merge(&base, &ours, &theirs);
        let keyless = maker.merge_without_keys(&base, &ours, &theirs);
        assert_eq!(merged.conflicts.len(), keyless.conflicts.len());
        match want {
            Some(want) => {
                let merged = maker.read(merged.text.unwrap(), &base.key);
                assert_eq!(text_of(&merged), list(want));
            }
            None => assert_eq!(merged.conflicts.len(), 1),
        }
    };
    check(
        &["a", "x", "b", "c", "d"],
        &["a", "b", "c"],
        Some(&["a", "x", "b", "c"]),
    );
    check(
        &["b", "c", "d"],
        &["a", "b", "c", "d", "e"],
        Some(&["b", "c", "d", "e"]),
    );
    check(&["a", "x", "c", "d"], &["a", "y", "c", "d"], None);
    check(&["a", "b", "c", "d", "x"], &["a", "b", "c", "d", "y"], None);
}

#[test]
fn a_rotation_of_one_side_goes_over_the_changes_of_the_other() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt_with(BASE, Selection::default(), &[alice(), bob()]);
    let changed = maker.edit(&base, &BASE.replace("s3cret", "changed"));
    let rotated = maker.rotate(&base, &[alice()]);
    for (ours, theirs) in [(&changed, &rotated), (&rotated, &changed)] {
        let merged = maker.merge(&base, ours, theirs);
        assert_eq!(merged.conflicts.len(), 0);
        assert_eq!(merged.diagnostics.len(), 0);
        let merged = maker.read(merged.text.unwrap(), &rotated.key);
        assert_eq!(text_of(&merged), BASE.replace("s3cret", "changed"));
        let keys = merged.file.metadata().key_groups().concat();
        assert_eq!(
            keys.iter()
                .map(|k| k.master_key.clone())
                .collect::<Vec<_>>(),
            [alice()]
        );
        let new = &ciphertexts(&merged) - &ciphertexts(&rotated);
        assert_eq!(new.len(), 1, "only the change is encrypted anew");
    }
    // The other side has added someone: the new data key must be encrypted for them.
    let carol = MasterKey::age("carol");
    let added = maker.recipients(&base, &[alice(), bob(), carol.clone()]);
    let merged = maker.merge(&base, &rotated, &added);
    let merged = maker.read(merged.text.unwrap(), &rotated.key);
    let keys = merged.file.metadata().key_groups();
    let names: Vec<_> = keys[0]
        .iter()
        .map(|key| key.master_key.to_string())
        .collect();
    assert_eq!(names, ["alice", "carol"]);
    let opened = sops::retrieve(&[vec![keys[0][1].clone()]], 0, &[&Plainly], &[]).unwrap();
    assert_eq!(opened.expose(), rotated.key.expose());

    // Both have rotated, and one has removed who still knows the key of the other.
    let again = maker.rotate(&base, &[alice(), bob()]);
    let merged = maker.merge(&base, &again, &rotated);
    assert!(merged.text.is_some());
    let warnings: Vec<_> = merged
        .diagnostics
        .iter()
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(
        warnings,
        ["`bob` was removed, but knows the data key of the merged file"]
    );
}

#[test]
fn recipients_and_settings_merge() {
    let mut maker = Maker::new(Format::Yaml);
    let carol = MasterKey::age("carol");
    let base = maker.encrypt_with(BASE, Selection::default(), &[alice(), bob()]);
    let ours = maker.recipients(&base, &[alice()]);
    let theirs = maker.recipients(&base, &[alice(), bob(), carol.clone()]);
    let merged = maker.merge(&base, &ours, &theirs);
    assert_eq!(lines(&merged.changes), ["recipient added: carol (age)"]);
    let keys = maker.read(merged.text.unwrap(), &base.key).file;
    let keys = keys.metadata().key_groups().concat();
    let names: Vec<_> = keys.iter().map(|key| key.master_key.to_string()).collect();
    assert_eq!(names, ["alice", "carol"]);
    // The data key is theirs too, and they still had bob.
    let warnings: Vec<_> = merged
        .diagnostics
        .iter()
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(
        warnings,
        ["`bob` was removed, but knows the data key of the merged file"]
    );
}

/// The shares of two splits do not fit together, so that the result has those of one.
#[test]
fn key_groups_merge() {
    let mut maker = Maker::new(Format::Yaml);
    let [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(MasterKey::age);
    let plain = maker.encrypt("a: 1\n");
    let split = |maker: &mut Maker, groups: &[KeyGroup]| {
        let options = StoreOptions::default();
        let text = maker.moment(|service, moment| {
            let (key, now) = (&plain.key, moment.now.to_string());
            let wrapped = sops::wrap(key, groups, 2, &[service], moment.random, &now).unwrap();
            let threshold = wrapped.shamir_threshold;
            sops::update_keys(&plain.file, wrapped.groups, threshold, &options).unwrap()
        });
        maker.read(text, &plain.key)
    };
    let base = split(&mut maker, &[vec![alice.clone()], vec![bob.clone()]]);
    let edited = maker.edit(&base, "a: 2\n");
    let one = split(
        &mut maker,
        &[vec![alice.clone(), carol.clone()], vec![bob.clone()]],
    );
    let other = split(&mut maker, &[vec![alice], vec![bob, dave]]);
    for (ours, theirs, want) in [
        (&edited, &one, [2, 1]),
        (&one, &edited, [2, 1]),
        (&one, &other, [2, 2]),
    ] {
        let merged = maker.merge(&base, ours, theirs);
        assert_eq!(merged.conflicts.len(), 0);
        let merged = maker.read(merged.text.unwrap(), &base.key);
        let metadata = merged.file.metadata();
        assert_eq!(
            metadata
                .key_groups()
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>(),
            want
        );
        let opened = sops::retrieve(metadata.key_groups(), 2, &[&Plainly], &[]).unwrap();
        assert_eq!(opened.expose(), base.key.expose());
    }
    // Nobody is there who could wrap the shares anew.
    let keys = MergeKeys {
        base: Some(&base.key),
        ours: &base.key,
        theirs: &base.key,
        services: &[],
    };
    let error = maker.moment(|_, moment| {
        let (base, options) = (Some(&base.file), &StoreOptions::default());
        merge(base, &one.file, &other.file, Some(&keys), options, moment).unwrap_err()
    });
    assert!(matches!(error, MergeError::Wrap(_)), "{error}");
}

#[test]
fn files_that_were_changed_without_the_key_are_refused() {
    let mut maker = Maker::new(Format::Yaml);
    let base = maker.encrypt(BASE);
    let ours = maker.edit(&base, &BASE.replace("s3cret", "x"));
    let mut theirs = maker.edit(&base, &BASE.replace("5432", "1"));
    let text = String::from_utf8(theirs.text.clone()).unwrap();
    let mut sources = Sources::new();
    let id = sources.add("theirs", text.replace("payments", "attacker").into_bytes());
    theirs.file = EncryptedFile::load(Format::Yaml, &mut sources, id).unwrap();
    let keys = MergeKeys {
        base: Some(&base.key),
        ours: &ours.key,
        theirs: &theirs.key,
        services: &[],
    };
    let error = maker.moment(|_, moment| {
        let (base, options) = (Some(&base.file), &StoreOptions::default());
        merge(base, &ours.file, &theirs.file, Some(&keys), options, moment).unwrap_err()
    });
    assert!(
        error
            .to_string()
            .starts_with("theirs: the MAC belongs to other values"),
        "{error}"
    );
}

#[test]
fn without_a_base_both_sides_count_as_added() {
    let mut maker = Maker::new(Format::Yaml);
    let ours = maker.encrypt("a: 1\nsame: x\n");
    let theirs = maker.encrypt("b: 2\nsame: x\n");
    let keys = MergeKeys {
        base: None,
        ours: &ours.key,
        theirs: &theirs.key,
        services: &[],
    };
    let merged = maker.moment(|_, moment| {
        let options = &StoreOptions::default();
        merge(None, &ours.file, &theirs.file, Some(&keys), options, moment).unwrap()
    });
    let merged = maker.read(merged.text.unwrap(), &ours.key);
    assert_eq!(text_of(&merged), "b: 2\na: 1\nsame: x\n");
}

/// A mapping with few keys, so that changes meet.
fn tree() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (0..4_i64).prop_map(Json::from),
        "[a-c]{0,2}".prop_map(Json::from),
        Just(Json::from(1.5)),
    ];
    let inner = scalar.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            mapping(inner),
        ]
    });
    mapping(inner)
}

fn mapping(value: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    let key = "[a-d](_unencrypted)?";
    prop::collection::btree_map(key, value, 1..5)
        .prop_map(|entries| Json::Object(entries.into_iter().collect()))
}

/// Another tree, or one with an entry of it changed, added or removed.
fn changed(tree: &Json, other: &Json, picks: &[usize]) -> Json {
    let mut tree = tree.clone();
    for pick in picks {
        change(&mut tree, other, *pick);
    }
    tree
}

fn change(tree: &mut Json, other: &Json, pick: usize) {
    match tree {
        Json::Object(entries) if !entries.is_empty() => {
            let key = entries.keys().nth(pick % entries.len()).unwrap().clone();
            let rest = pick / entries.len();
            let new = other.get(&key).cloned().unwrap_or(json!("new"));
            match (rest % 4, entries.len()) {
                (0, 2..) => drop(entries.remove(&key)),
                (1, _) => drop(entries.insert(format!("{}2", &key[..1]), new)),
                (2, _) => change(&mut entries[&key], other, rest / 4),
                _ => drop(entries.insert(key, new)),
            }
        }
        Json::Array(items) if !items.is_empty() => {
            let at = pick % items.len();
            match (pick / items.len()) % 3 {
                0 => drop(items.remove(at)),
                1 => items.insert(at, json!("new")),
                _ => change(&mut items[at], other, pick / 3),
            }
        }
        value => *value = json!(pick % 3),
    }
}

fn render(format: Format, tree: &Json) -> String {
    match format {
        Format::Json => tree.to_string(),
        _ => serde_yaml::to_string(tree).unwrap(),
    }
}

/// What a version says, whatever the order of its keys.
fn meaning(version: &Version) -> Json {
    let text = text_of(version);
    match version.file.format() {
        Format::Json => serde_json::from_str(&text).unwrap(),
        _ => serde_yaml::from_str(&text).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws(
        base in tree(),
        other in tree(),
        ours in prop::collection::vec(any::<usize>(), 0..4),
        theirs in prop::collection::vec(any::<usize>(), 0..4),
        in_json in any::<bool>(),
    ) {
        let format = if in_json { Format::Json } else { Format::Yaml };
        let mut maker = Maker::new(format);
        let a = render(format, &changed(&base, &other, &ours));
        let b = render(format, &changed(&base, &other, &theirs));
        let base = maker.encrypt(&render(format, &base));
        let (a, b) = (maker.edit(&base, &a), maker.edit(&base, &b));

        for version in [&base, &a, &b] {
            prop_assert!(diff(&version.file, &version.file).is_empty());
            let pair = (&version.file, &version.plain);
            prop_assert!(diff_decrypted(pair, pair).is_empty());
        }
        let changes = diff_decrypted((&a.file, &a.plain), (&b.file, &b.plain));
        let keyless = diff(&a.file, &b.file);
        let any = |changes: &[Change], is_it: &dyn Fn(ValueChangeKind) -> bool| {
            changes.iter().any(|change| matches!(change, Change::Value(v) if is_it(v.kind)))
        };
        let is_real = |kind| kind != ValueChangeKind::Reencrypted;
        prop_assert_eq!(any(&changes, &is_real), a.plain.branches() != b.plain.branches());
        prop_assert_eq!(any(&keyless, &|_| true), a.file.branches() != b.file.branches());

        // One side changed nothing.
        prop_assert_eq!(&maker.merge(&base, &a, &base).text.unwrap(), &a.text);
        prop_assert_eq!(&maker.merge(&base, &base, &b).text.unwrap(), &b.text);
        prop_assert_eq!(&maker.merge(&base, &a, &a).text.unwrap(), &a.text);

        // The sides can be swapped.
        let one = maker.merge(&base, &a, &b);
        let two = maker.merge(&base, &b, &a);
        let subjects = |merge: &Merge| -> BTreeSet<String> {
            merge.conflicts.iter().map(|c| format!("{:?}", c.subject)).collect()
        };
        prop_assert_eq!(subjects(&one), subjects(&two));
        prop_assert_eq!(one.text.is_some(), one.conflicts.is_empty());
        let of_one = subjects(&one);
        if let (Some(one), Some(two)) = (one.text, two.text) {
            let one = maker.read(one, &base.key);
            let two = maker.read(two, &base.key);
            prop_assert_eq!(meaning(&one), meaning(&two));
            let known = &ciphertexts(&a) | &ciphertexts(&b);
            prop_assert!(ciphertexts(&one).is_subset(&known));
            // What the merge was said to bring is what is there.
            let again = maker.merge(&base, &one, &b);
            prop_assert!(again.conflicts.is_empty());
        }
        // Ciphertext of what stays is kept, so that a key makes no conflict. Of items of a list that are
        // equal, which one conflicts may be told otherwise.
        let keyless = maker.merge_without_keys(&base, &a, &b);
        if !matches!(keyless.conflicts.first().map(|c| &c.subject), Some(ConflictSubject::DataKey)) {
            prop_assert!(of_one.is_empty() || !subjects(&keyless).is_empty());
        }
    }
}
