//! Data keys in age files: each kind of key both ways, and what is said when none fits.
//! Fixtures: `fixtures/age`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chartkit::sops::{
    AgeService, IdentityLayout, Interaction, KeyError, KeyService, MasterKey, Secret,
};

const DATA_KEY: &str = "This key is public, for 32 bytes";
const ALICE: &str = "age1j6yxfghjd3fux27vkxyuu34t7vq0dae29tcms63s7q3q0r9eheksjafau9";
const STRANGER: &str = "AGE-SECRET-KEY-1HPT7M73WQ98FDG980SJ7MZFQ5QVS86VU0HZC6V9VRU495REX2TKSAVLU4E";

fn fixture(name: &str) -> Secret {
    Secret::from(crate::fixture_bytes(&format!("age/{name}")))
}

fn text(name: &str) -> String {
    crate::fixture(&format!("age/{name}"))
}

fn last_line(name: &str) -> String {
    text(name).trim_end().lines().last().unwrap().to_owned()
}

fn alice() -> AgeService {
    let mut service = AgeService::new();
    let text = fixture("keys/x25519.txt");
    service
        .add_identities("alice", &text, IdentityLayout::Lines)
        .unwrap();
    service
}

fn with_ssh(name: &str) -> AgeService {
    let mut service = AgeService::new();
    let text = fixture(&format!("keys/{name}"));
    service.add_ssh_identity(name, &text).unwrap();
    service
}

/// Answers with one passphrase and counts how often it was asked.
struct Passphrase {
    answer: Option<&'static str>,
    asked: AtomicUsize,
}

impl Passphrase {
    fn new(answer: Option<&'static str>) -> Arc<Self> {
        let asked = AtomicUsize::new(0);
        Arc::new(Self { answer, asked })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Interaction for Passphrase {
    fn passphrase(&self, description: &str) -> Option<Secret> {
        assert!(description.starts_with("passphrase for `"), "{description}");
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.answer.map(Secret::from)
    }
}

#[track_caller]
fn open(service: &AgeService, recipient: &str, enc: &str) -> Result<Secret, KeyError> {
    service.decrypt(&MasterKey::age(recipient), enc).unwrap()
}

#[track_caller]
fn opens(service: &AgeService, recipient: &str, enc: &str) {
    match open(service, recipient, enc) {
        Ok(data_key) => assert_eq!(data_key.as_str(), Some(DATA_KEY)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_kind_of_key_both_ways() {
    let hybrid = {
        let mut service = AgeService::new();
        let text = fixture("keys/hybrid.txt");
        service
            .add_identities("pq", &text, IdentityLayout::Lines)
            .unwrap();
        service
    };
    let kinds = [
        ("x25519", ALICE.to_owned(), alice()),
        ("hybrid", last_line("keys/hybrid.pub"), hybrid),
        (
            "ssh_ed25519",
            last_line("keys/ssh_ed25519.pub"),
            with_ssh("ssh_ed25519"),
        ),
        (
            "ssh_rsa",
            last_line("keys/ssh_rsa.pub"),
            with_ssh("ssh_rsa"),
        ),
    ];
    for (name, recipient, service) in &kinds {
        opens(service, recipient, &text(&format!("want.{name}.age")));
        // What stands in a file as the recipient does not matter, as in SOPS.
        opens(service, "", &text(&format!("want.{name}.age")));

        let key = MasterKey::age(recipient.as_str());
        let enc = AgeService::new()
            .encrypt(&key, &Secret::from(DATA_KEY))
            .unwrap()
            .unwrap();
        assert!(enc.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
        assert!(enc.ends_with("\n-----END AGE ENCRYPTED FILE-----\n"));
        for (other, _, service) in &kinds {
            let opened = open(service, recipient, &enc);
            assert_eq!(opened.is_ok(), other == name, "{name} {other}");
        }
    }
}

#[test]
fn native_recipients_of_tokens() {
    let tag = "age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e";
    let sealed = AgeService::new().encrypt(&MasterKey::age(tag), &Secret::from(DATA_KEY));
    assert!(sealed.unwrap().unwrap().starts_with("-----BEGIN AGE"));
}

#[test]
fn identities_from_text() {
    let alice = last_line("keys/x25519.txt");
    let pq = last_line("keys/hybrid.txt");
    let enc = text("want.x25519.age");
    let (lines, words) = (IdentityLayout::Lines, IdentityLayout::Words);
    for (layout, content) in [
        (lines, alice.clone()),
        (lines, format!("# alice\n\n{STRANGER}\r\n{pq}\n{alice}\n")),
        (words, format!("  {alice} ")),
        (words, format!("# {pq} AGE\n{STRANGER}\t{pq} {alice}")),
    ] {
        let mut service = AgeService::new();
        service
            .add_identities("keys.txt", &Secret::from(content), layout)
            .unwrap();
        opens(&service, ALICE, &enc);
    }

    let kinds = "`AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…` or `AGE-PLUGIN-…`";
    for (layout, content, what) in [
        (lines, format!(" {alice}"), "line 1 is no identity"),
        (
            lines,
            format!("{alice} # alice"),
            "line 1 is a mistyped identity",
        ),
        (lines, format!("{alice}\n \n"), "line 2 is no identity"),
        (
            words,
            format!("{alice}\n{alice}x"),
            "line 2 is a mistyped identity",
        ),
        (words, alice.to_lowercase(), "line 1 is no identity"),
        (lines, ALICE.to_owned(), "line 1 is a recipient"),
        (lines, pq.replace("PQ", "PX"), "line 1 is no identity"),
        (lines, pq.replace('Q', "X"), "line 1 is no identity"),
        (
            lines,
            "AGE-SECRET-KEY-PQ-1".to_owned(),
            "line 1 is a mistyped identity",
        ),
        (
            lines,
            "AGE-PLUGIN-X-1QQQ".to_owned(),
            "line 1 is a mistyped identity",
        ),
        (lines, text("keys/ssh_ed25519"), "line 1 is an SSH key"),
    ] {
        let mut service = AgeService::new();
        let secret = Secret::from(content);
        let error = service
            .add_identities("keys.txt", &secret, layout)
            .unwrap_err();
        assert_eq!(error.to_string(), format!("{what}, expected {kinds}"));
        assert!(!service.has_identities());
    }
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_needed() {
    let enc = text("want.x25519.age");
    let asks = Passphrase::new(Some("correct horse"));
    for name in ["want.identities.armored.age", "want.identities.binary.age"] {
        let mut service = AgeService::new().with_interaction(asks.clone());
        let file = fixture(name);
        service
            .add_identities("keys.age", &file, IdentityLayout::Lines)
            .unwrap();
        let before = asks.asked();
        opens(&service, ALICE, &enc);
        opens(&service, ALICE, &enc);
        assert_eq!(asks.asked(), before + 1);

        // An identity that needs nobody goes first, though it stands behind.
        let text = fixture("keys/x25519.txt");
        let mut service = AgeService::new().with_interaction(asks.clone());
        for (location, text) in [("keys.age", &file), ("keys.txt", &text)] {
            service
                .add_identities(location, text, IdentityLayout::Lines)
                .unwrap();
        }
        opens(&service, ALICE, &enc);
        assert_eq!(asks.asked(), before + 1);
    }
}

#[test]
fn a_protected_ssh_key_is_asked_for_only_by_its_own_files() {
    let asks = Passphrase::new(Some("correct horse"));
    let mut service = AgeService::new().with_interaction(asks.clone());
    service
        .add_ssh_identity("id_ed25519", &fixture("keys/ssh_ed25519_protected"))
        .unwrap();
    for other in ["want.x25519.age", "want.ssh_rsa.age"] {
        let error = open(&service, "", &text(other)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no age identity fits; tried 1 in `id_ed25519`"
        );
    }
    assert_eq!(asks.asked(), 0);
    opens(&service, "", &text("want.ssh_ed25519.age"));
    opens(&service, "", &text("want.ssh_ed25519.age"));
    assert_eq!(asks.asked(), 1);
}

#[test]
fn why_a_passphrase_did_not_help() {
    let file = fixture("want.identities.armored.age");
    let key = fixture("keys/ssh_ed25519_protected");
    for (answer, what) in [
        (None, "it is protected by a passphrase, and none was given"),
        (
            Some(""),
            "it is protected by a passphrase, and none was given",
        ),
        (Some("wrong"), "incorrect passphrase"),
    ] {
        let mut service = AgeService::new().with_interaction(Passphrase::new(answer));
        service
            .add_identities("keys.age", &file, IdentityLayout::Lines)
            .unwrap();
        let error = open(&service, ALICE, &text("want.x25519.age")).unwrap_err();
        let want = format!("there are no age identities; could not use `keys.age`: {what}");
        assert_eq!(error.to_string(), want);

        let mut service = AgeService::new().with_interaction(Passphrase::new(answer));
        service.add_ssh_identity("id", &key).unwrap();
        let error = open(&service, "", &text("want.ssh_ed25519.age")).unwrap_err();
        let want = format!("there are no age identities; could not use `id`: {what}");
        assert_eq!(error.to_string(), want);
    }
}

#[test]
fn ssh_keys_that_are_none() {
    for name in [
        "keys/ssh_rsa_pem_protected",
        "keys/ssh_rsa.pub",
        "keys/x25519.txt",
    ] {
        let mut service = AgeService::new();
        service.add_ssh_identity("id", &fixture(name)).unwrap_err();
        assert!(!service.has_identities());
    }
}

#[test]
fn commands_are_run_once_for_each_recipient_when_nothing_else_fits() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let mut service = alice();
    service.add_command("SOPS_AGE_KEY_CMD", move |recipient| {
        count.fetch_add(1, Ordering::Relaxed);
        match recipient {
            "bob" => Err(KeyError::new("exit status 1")),
            _ => Ok(fixture("keys/hybrid.txt")),
        }
    });
    service.add_ssh_command("SOPS_AGE_SSH_PRIVATE_KEY_CMD", |_| {
        Ok(fixture("keys/ssh_ed25519_protected"))
    });
    opens(&service, ALICE, &text("want.x25519.age"));
    assert_eq!(runs.load(Ordering::Relaxed), 0);

    let pq = last_line("keys/hybrid.pub");
    opens(&service, &pq, &text("want.hybrid.age"));
    opens(&service, &pq, &text("want.hybrid.age"));
    assert_eq!(runs.load(Ordering::Relaxed), 1);

    let error = open(&service, "bob", &text("want.ssh_rsa.age")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no age identity fits; tried 1 in `alice`; could not use `SOPS_AGE_KEY_CMD`: exit status 1; \
         `SOPS_AGE_SSH_PRIVATE_KEY_CMD`: the SSH key that the command prints is protected by a \
         passphrase, expected one without"
    );
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[test]
fn damaged_files() {
    let service = alice();
    let enc = text("want.x25519.age");
    for damaged in [
        String::new(),
        enc[..enc.len() / 2].to_owned(),
        enc.replace("-----BEGIN", "-----BEGUN"),
        enc.replacen('Y', "Z", 1),
        enc.lines().rev().collect::<Vec<_>>().join("\n"),
    ] {
        let error = open(&service, ALICE, &damaged).unwrap_err().to_string();
        assert!(error.starts_with("the age file is damaged: "), "{error}");
    }
    // Blanks around the armor do not matter.
    opens(&service, ALICE, &format!("\n{}", enc.trim_end()));
    opens(&service, ALICE, &enc.replace('\n', "\r\n"));
}

#[test]
fn recipients_that_cannot_be_encrypted_to() {
    let encrypt = |recipient: &str| {
        let key = MasterKey::age(recipient);
        let sealed = AgeService::new().encrypt(&key, &Secret::from(DATA_KEY));
        sealed.unwrap().unwrap_err().to_string()
    };
    let plugin = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
    assert_eq!(
        encrypt(plugin),
        format!("`{plugin}` needs a plugin of age, and this program runs none")
    );
    assert!(encrypt("alice").starts_with("unknown recipient type"));
    assert!(!encrypt(STRANGER).contains(&STRANGER[20..]));
    let pgp = MasterKey::parse_pgp("ABC").unwrap();
    assert!(alice().encrypt(&pgp[0], &Secret::from(DATA_KEY)).is_none());
    assert!(alice().decrypt(&pgp[0], "").is_none());
}

#[test]
fn nothing_is_printed() {
    let mut service = alice();
    service.add_missing("SOPS_AGE_KEY_CMD");
    assert_eq!(
        format!("{service:?}"),
        r#"AgeService { locations: ["alice", "SOPS_AGE_KEY_CMD"], .. }"#
    );
}
