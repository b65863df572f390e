//! Changes of encrypted files touch the lines that they are about.
//!
//! Texts in the layout of SOPS and texts that keep another are changed in the same ways; what comes out
//! is compared line by line.

use chartkit::sops::{
    self, DataKey, DecryptOptions, DecryptedFile, EncryptOptions, EncryptedDataKey, EncryptedFile,
    Format, MasterKey, Moment, PlainFile, Selection, Settings, StoreOptions, Value,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;

/// In the layout that SOPS gives to files.
const AS_SOPS: &str = "\
# of the shop
database:
    user: shop
    password: s3cret
    # only these two
    hosts:
        - a.internal
        - b.internal
flags: {}
tls: |
    line one
    line two
owner_unencrypted: payments
";

/// In another one.
const KEPT: &str = "\
# of the shop

database:   # main
  user: 'shop'
  password: \"s3cret\"     # rotated in May

  hosts:
  - a.internal
  - b.internal
tls: |
  line one
  line two
port: 0x1F
owner_unencrypted: payments   # who to ask
";

struct Fixture {
    key: DataKey,
    seconds: i64,
    counter: u8,
}

impl Fixture {
    fn new() -> Self {
        Self {
            key: DataKey::from([9; 32]),
            seconds: 1_790_000_000,
            counter: 0,
        }
    }

    /// Calls `change` at a later time, with nonces that were not used before.
    fn at_next_moment<T>(&mut self, change: impl FnOnce(&DataKey, &mut Moment<'_>) -> T) -> T {
        self.seconds += 1;
        let counter = &mut self.counter;
        let mut random = |bytes: &mut [u8]| {
            *counter += 1;
            bytes.fill(*counter);
        };
        let mut moment = Moment {
            now: Timestamp::from_unix(self.seconds, 0),
            random: &mut random,
        };
        change(&self.key, &mut moment)
    }

    fn encrypt(&mut self, text: &str) -> String {
        let mut sources = Sources::new();
        let file = sources.add("plain", text.as_bytes());
        let plain = PlainFile::load(Format::Yaml, &mut sources, file).unwrap();
        let recipient = EncryptedDataKey {
            master_key: MasterKey::age("age1test"),
            enc: "x\n".to_owned(),
            created_at: None,
        };
        let options = EncryptOptions {
            settings: Settings {
                selection: Selection::default(),
                mac_only_encrypted: false,
                shamir_threshold: 0,
            },
            format: Format::Yaml,
            store: StoreOptions::default(),
        };
        let text = self.at_next_moment(|key, moment| {
            sops::encrypt(&plain, key, vec![vec![recipient]], &options, moment).unwrap()
        });
        String::from_utf8(text).unwrap()
    }

    fn open(&self, text: &str) -> (EncryptedFile, DecryptedFile) {
        let mut sources = Sources::new();
        let file = sources.add("encrypted", text.as_bytes());
        let file = EncryptedFile::load(Format::Yaml, &mut sources, file).unwrap();
        let decrypted = sops::decrypt(&file, &self.key, &DecryptOptions::default()).unwrap();
        (file, decrypted)
    }

    fn plain(&self, text: &str) -> String {
        let (_, decrypted) = self.open(text);
        let text = decrypted.to_text(Format::Yaml, &StoreOptions::default());
        text.unwrap().as_str().unwrap().to_owned()
    }

    fn set(&mut self, text: &str, path: &str, value: Value) -> Option<String> {
        let (file, decrypted) = self.open(text);
        let path = path.parse().unwrap();
        let options = StoreOptions::default();
        let new = self.at_next_moment(|key, moment| {
            sops::set(&file, &decrypted, key, &path, value, &options, moment).unwrap()
        });
        new.map(|text| String::from_utf8(text).unwrap())
    }

    fn unset(&mut self, text: &str, path: &str) -> String {
        let (file, decrypted) = self.open(text);
        let path = path.parse().unwrap();
        let options = StoreOptions::default();
        let new = self.at_next_moment(|key, moment| {
            sops::unset(&file, &decrypted, key, &path, &options, moment).unwrap()
        });
        String::from_utf8(new.unwrap()).unwrap()
    }

    fn edit(&mut self, text: &str, plain: &str) -> Option<String> {
        let (file, decrypted) = self.open(text);
        let mut sources = Sources::new();
        let new = sources.add("edited", plain.as_bytes());
        let plain = PlainFile::load(Format::Yaml, &mut sources, new).unwrap();
        let options = StoreOptions::default();
        let new = self.at_next_moment(|key, moment| {
            sops::edit(&file, &decrypted, key, &plain, &options, moment).unwrap()
        });
        new.map(|text| String::from_utf8(text).unwrap())
    }
}

/// The first word of every line that is in only one of the texts, `-` and `+` before it.
fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let word = |line: &str| {
        let line = line.trim_start_matches([' ', '-']);
        let end = line.find([':', ' ', ',']).unwrap_or(line.len());
        line[..end].to_owned()
    };
    let gone = old.iter().filter(|line| !new.contains(line));
    let come = new.iter().filter(|line| !old.contains(line));
    let gone = gone.map(|line| format!("-{}", word(line)));
    gone.chain(come.map(|line| format!("+{}", word(line))))
        .collect()
}

const SEALED: [&str; 4] = ["-lastmodified", "-mac", "+lastmodified", "+mac"];

/// The lines that changed, without those of time and MAC, which must be among them.
fn changed(old: &str, new: &str) -> String {
    let lines = changed_lines(old, new);
    for line in SEALED {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:?}");
    }
    let rest = lines.iter().filter(|line| !SEALED.contains(&line.as_str()));
    rest.map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn both_layouts_come_back() {
    let mut fixture = Fixture::new();
    for text in [AS_SOPS, KEPT] {
        let encrypted = fixture.encrypt(text);
        assert!(!encrypted.contains("s3cret") && !encrypted.contains("line one"));
        assert_eq!(fixture.plain(&encrypted), text);
    }
    assert!(!fixture.encrypt(AS_SOPS).contains("chartkit"));
    assert!(fixture.encrypt(KEPT).contains("layout: kept"));
}

#[test]
fn one_changed_value_is_one_changed_line() {
    let mut fixture = Fixture::new();
    for text in [AS_SOPS, KEPT] {
        let old = fixture.encrypt(text);
        let path = r#"["database"]["password"]"#;
        let new = fixture.set(&old, path, Value::string("other")).unwrap();
        assert_eq!(changed(&old, &new), "-password +password");
        assert_eq!(fixture.plain(&new), text.replace("s3cret", "other"));

        let path = r#"["database"]["hosts"][1]"#;
        let new = fixture
            .set(&old, path, Value::string("c.internal"))
            .unwrap();
        assert_eq!(changed(&old, &new), "-ENC[AES256_GCM +ENC[AES256_GCM");
        assert_eq!(
            fixture.plain(&new),
            text.replace("b.internal", "c.internal")
        );
    }
}

#[test]
fn the_same_value_is_no_change() {
    let mut fixture = Fixture::new();
    for text in [AS_SOPS, KEPT] {
        let old = fixture.encrypt(text);
        let path = r#"["database"]["user"]"#;
        assert_eq!(fixture.set(&old, path, Value::string("shop")), None);
        assert_eq!(fixture.edit(&old, text), None);
    }
}

#[test]
fn new_keys_and_items_are_new_lines() {
    let mut fixture = Fixture::new();
    for text in [AS_SOPS, KEPT] {
        let old = fixture.encrypt(text);
        let path = r#"["database"]["port"]"#;
        let new = fixture.set(&old, path, Value::Int(5432)).unwrap();
        assert_eq!(changed(&old, &new), "+port");

        let path = r#"["database"]["hosts"][2]"#;
        let new = fixture
            .set(&old, path, Value::string("c.internal"))
            .unwrap();
        assert_eq!(changed(&old, &new), "+ENC[AES256_GCM");
        assert!(fixture.plain(&new).contains("- b.internal\n"));

        let path = r#"["cache"]["url"]"#;
        let new = fixture.set(&old, path, Value::string("redis")).unwrap();
        assert_eq!(changed(&old, &new), "+cache +url");
    }
}

#[test]
fn what_is_unset_takes_its_lines_along() {
    let mut fixture = Fixture::new();
    for text in [AS_SOPS, KEPT] {
        let old = fixture.encrypt(text);
        let new = fixture.unset(&old, r#"["tls"]"#);
        assert_eq!(changed(&old, &new), "-tls");
        let new = fixture.unset(&old, r#"["database"]["hosts"][1]"#);
        assert_eq!(changed(&old, &new), "-ENC[AES256_GCM");
    }
}

/// As in SOPS, where a comment behind a value is an item of its own.
#[test]
fn a_comment_stays_when_its_value_goes() {
    let mut fixture = Fixture::new();
    let text = "a:\n  - x   # about x\n  - y\nb: 1   # about b\nc: 2\n";
    let old = fixture.encrypt(text);
    let new = fixture.unset(&old, r#"["a"][1]"#);
    let new = fixture.unset(&new, r#"["b"]"#);
    let want = "a:\n  # about x\n  - y\n# about b\nc: 2\n";
    assert_eq!(fixture.plain(&new), want);
}

/// But for time and MAC.
#[test]
fn set_then_unset_gives_the_same_bytes() {
    let mut fixture = Fixture::new();
    for text in [AS_SOPS, KEPT] {
        let old = fixture.encrypt(text);
        for path in [r#"["new"]"#, r#"["database"]["new"]"#, r#"["new"]["deep"]"#] {
            let set = fixture.set(&old, path, Value::string("x")).unwrap();
            let key = path.replace(r#"["deep"]"#, "");
            let new = fixture.unset(&set, &key);
            assert_eq!(changed(&old, &new), "", "{path}");
            assert_eq!(fixture.plain(&new), text);
        }
    }
}

#[test]
fn an_edited_plaintext_is_kept_as_it_is_written() {
    let mut fixture = Fixture::new();
    let old = fixture.encrypt(KEPT);
    let plain = KEPT.replace("port: 0x1F\n", "port: 0x20   # new\n\nmore: [1,\n  2]\n");
    let new = fixture.edit(&old, &plain).unwrap();
    assert_eq!(fixture.plain(&new), plain);
    let lines = changed(&old, &new);
    assert!(
        !lines.contains("password") && !lines.contains("user"),
        "{lines}"
    );
}

#[test]
fn an_edit_in_the_layout_of_sops_keeps_ciphertext() {
    let mut fixture = Fixture::new();
    let old = fixture.encrypt(AS_SOPS);
    let plain = AS_SOPS.replace(
        "    user: shop\n",
        "    user: shop\n    # how many\n    pool: 5\n",
    );
    let new = fixture.edit(&old, &plain).unwrap();
    assert_eq!(changed(&old, &new), "+#ENC[AES256_GCM +pool");
    assert_eq!(fixture.plain(&new), plain);
}

#[test]
fn files_with_other_line_breaks_keep_them() {
    let mut fixture = Fixture::new();
    let old = fixture.encrypt(&KEPT.replace('\n', "\r\n"));
    let path = r#"["database"]["port"]"#;
    let new = fixture.set(&old, path, Value::Int(1)).unwrap();
    assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
    assert!(fixture.plain(&new).contains("  port: 1\r\n"));
}
