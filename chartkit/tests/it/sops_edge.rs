//! Keys from where SOPS looks for them: environment, files, commands, plugins, gpg.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use chartkit::io::{GpgService, age_service};
use chartkit::sops::{AgeService, KeyError, KeyService, MasterKey, NoInteraction, Secret};

const DATA_KEY: &str = "This key is public, for 32 bytes";
const ALICE: &str = "age1j6yxfghjd3fux27vkxyuu34t7vq0dae29tcms63s7q3q0r9eheksjafau9";

fn age_fixture(name: &str) -> String {
    crate::fixture(&format!("age/{name}"))
}

fn key_path(name: &str) -> String {
    let path = crate::fixtures().join("age/keys").join(name);
    path.to_str().unwrap().to_owned()
}

/// A service in an environment of these variables only.
fn service(variables: &[(&str, &str)]) -> AgeService {
    let environment = |name: &str| {
        let set = variables.iter().find(|(other, _)| *other == name);
        set.map(|(_, value)| OsString::from(value))
    };
    age_service(&environment, Arc::new(NoInteraction))
}

fn open(service: &AgeService, name: &str) -> Result<Secret, KeyError> {
    let enc = age_fixture(&format!("want.{name}.age"));
    service.decrypt(&MasterKey::age(ALICE), &enc).unwrap()
}

#[track_caller]
fn opens(variables: &[(&str, &str)], name: &str) {
    match open(&service(variables), name) {
        Ok(data_key) => assert_eq!(data_key.as_str(), Some(DATA_KEY)),
        Err(error) => panic!("{error}"),
    }
}

/// Copies a key to a place below a folder.
fn put(folder: &Path, path: &str, key: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(key_path(key), path).unwrap();
}

#[test]
fn every_place() {
    let x25519 = age_fixture("keys/x25519.txt");
    let identity = x25519.lines().last().unwrap();
    opens(&[("SOPS_AGE_KEY", identity)], "x25519");
    opens(
        &[("SOPS_AGE_KEY", &format!(" {identity} {identity}"))],
        "x25519",
    );
    opens(&[("SOPS_AGE_KEY_FILE", &key_path("x25519.txt"))], "x25519");
    let ssh = key_path("ssh_ed25519");
    opens(&[("SOPS_AGE_SSH_PRIVATE_KEY_FILE", &ssh)], "ssh_ed25519");

    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap();
    put(home.path(), ".ssh/id_ed25519", "ssh_ed25519");
    put(home.path(), ".ssh/id_rsa", "ssh_rsa");
    put(home.path(), ".config/sops/age/keys.txt", "x25519.txt");
    put(home.path(), "xdg/sops/age/keys.txt", "hybrid.txt");
    let xdg = format!("{path}/xdg");
    if cfg!(target_os = "linux") {
        for name in ["ssh_ed25519", "ssh_rsa", "x25519"] {
            opens(&[("HOME", path)], name);
        }
        opens(&[("XDG_CONFIG_HOME", &xdg)], "hybrid");
        opens(&[("HOME", path), ("XDG_CONFIG_HOME", "")], "x25519");
        let both = service(&[("HOME", path), ("XDG_CONFIG_HOME", &xdg)]);
        open(&both, "x25519").unwrap_err();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_looked_for_and_where() {
    assert_eq!(
        open(&service(&[("HOME", "/nonexistent")]), "x25519")
            .unwrap_err()
            .to_string(),
        "there are no age identities; found nothing in `SOPS_AGE_SSH_PRIVATE_KEY_FILE`, \
         `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, `/nonexistent/.ssh/id_ed25519`, `/nonexistent/.ssh/id_rsa`, \
         `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`, \
         `/nonexistent/.config/sops/age/keys.txt`"
    );
    assert_eq!(
        open(&service(&[]), "x25519").unwrap_err().to_string(),
        "there are no age identities; could not use `~/.ssh`: the home folder is not known; \
         `sops/age/keys.txt`: the user's folder for configuration is not known; found nothing in \
         `SOPS_AGE_SSH_PRIVATE_KEY_FILE`, `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, `SOPS_AGE_KEY`, \
         `SOPS_AGE_KEY_FILE`, `SOPS_AGE_KEY_CMD`"
    );

    // A place that fails does not keep the others from being used.
    let x25519 = key_path("x25519.txt");
    let variables = [
        ("HOME", "/nonexistent"),
        ("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "/nonexistent/key"),
        ("SOPS_AGE_KEY", "AGE-SECRET-KEY-1HUNTER2"),
        ("SOPS_AGE_KEY_FILE", &x25519),
    ];
    opens(&variables, "x25519");
    let error = open(&service(&variables), "hybrid").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no age identity fits; tried 1 in `SOPS_AGE_KEY_FILE={x25519}`; could not use \
             `SOPS_AGE_SSH_PRIVATE_KEY_FILE=/nonexistent/key`: it cannot be read: No such file or \
             directory (os error 2); `SOPS_AGE_KEY`: line 1 is a mistyped identity, expected \
             `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…` or `AGE-PLUGIN-…`; found nothing in \
             `SOPS_AGE_SSH_PRIVATE_KEY_CMD`, `/nonexistent/.ssh/id_ed25519`, \
             `/nonexistent/.ssh/id_rsa`, `SOPS_AGE_KEY_CMD`"
        )
    );
    let json = error.to_json().to_string();
    assert!(json.contains("SOPS_AGE_KEY_CMD") && !json.contains("HUNTER2"));

    // Set to nothing is set.
    let error = open(
        &service(&[("HOME", "/nonexistent"), ("SOPS_AGE_KEY", "")]),
        "x25519",
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`SOPS_AGE_KEY`") && !error.contains("keys.txt"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn commands() {
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let key = key_path("x25519.txt");
    let line = format!(
        "sh -c 'echo \"$SOPS_AGE_RECIPIENT\" >> \"$0\"; cat \"$1\"' '{}' \"{key}\"",
        asked.display()
    );
    let with_command = service(&[("SOPS_AGE_KEY_CMD", &line)]);
    open(&with_command, "x25519").unwrap();
    open(&with_command, "x25519").unwrap();
    assert_eq!(fs::read_to_string(asked).unwrap(), format!("{ALICE}\n"));

    let line = format!("cat '{}'", key_path("ssh_ed25519"));
    opens(&[("SOPS_AGE_SSH_PRIVATE_KEY_CMD", &line)], "ssh_ed25519");

    for (line, why) in [
        ("sh -c 'exit 3'", "the command failed: exit status: 3"),
        (
            "/nonexistent/command --password hunter2",
            "the command failed: No such file or directory (os error 2)",
        ),
        ("", "no command, or a quotation mark that is not closed"),
        (
            "cat 'x",
            "no command, or a quotation mark that is not closed",
        ),
        (
            "echo hunter2",
            "line 1 is no identity, expected `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…` or \
             `AGE-PLUGIN-…`",
        ),
    ] {
        let error = open(&service(&[("SOPS_AGE_KEY_CMD", line)]), "x25519").unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains(&format!("`SOPS_AGE_KEY_CMD`: {why}")),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}

const PLUGIN_RECIPIENT: &str = "age1fixture1ve5hsar4wfjsugncjs";
const PLUGIN_IDENTITY: &str = "AGE-PLUGIN-FIXTURE-1VE5HSAR4WFJSQ2RV7D";

/// A plugin that encrypts nothing: it hands the file key on. It asks for a PIN before it opens.
#[cfg(unix)]
const PLUGIN: &str = r#"#!/bin/sh
# Reads stanzas to `-> done`, keeps the body of the one that matters.
body=
while read -r mark command rest; do
  case "$mark $command $rest" in
    "-> wrap-file-key " | "-> recipient-stanza 0 fixture") read -r body ;;
    "-> done ") read -r _; break ;;
  esac
done
reply() { read -r _ answer; read -r text; }
case "$1" in
  *recipient-v1) printf -- '-> recipient-stanza 0 fixture\n%s\n' "$body"; reply ;;
  *identity-v1)
    printf -- '-> request-secret\nUElO\n'; reply
    if [ "$text" = MTIzNA ]; then printf -- '-> file-key 0\n%s\n' "$body"; reply
    else printf -- '-> error internal\nd3JvbmcgUElO\n'; reply; fi ;;
esac
printf -- '-> done\n\n'
"#;

#[cfg(unix)]
#[test]
fn plugins() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("age-plugin-fixture");
    fs::write(&program, PLUGIN).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // The PATH of a process cannot be changed safely while it runs, so the test goes on in a child.
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sops_edge::plugins_in_a_child", "--ignored"])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );

    // Here it is not on the PATH.
    let variables = [("HOME", "/nonexistent"), ("SOPS_AGE_KEY", PLUGIN_IDENTITY)];
    let here = service(&variables);
    let key = MasterKey::age(PLUGIN_RECIPIENT);
    let error = here.encrypt(&key, &Secret::from(DATA_KEY)).unwrap();
    assert_eq!(
        error.unwrap_err().to_string(),
        "`age-plugin-fixture` is not on the PATH"
    );
    let error = open(&here, "x25519").unwrap_err().to_string();
    assert!(
        error.contains("could not use `SOPS_AGE_KEY`: `age-plugin-fixture` is not on the PATH"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
#[ignore = "run by `plugins`, with the plugin on the PATH"]
fn plugins_in_a_child() {
    struct Pin(&'static str);

    impl chartkit::sops::Interaction for Pin {
        fn passphrase(&self, description: &str) -> Option<Secret> {
            assert_eq!(description, "PIN");
            Some(Secret::from(self.0))
        }
    }

    let environment =
        |name: &str| (name == "SOPS_AGE_KEY").then(|| OsString::from(PLUGIN_IDENTITY));
    let key = MasterKey::age(PLUGIN_RECIPIENT);
    let right = age_service(&environment, Arc::new(Pin("1234")));
    let enc = right
        .encrypt(&key, &Secret::from(DATA_KEY))
        .unwrap()
        .unwrap();
    assert_eq!(
        right.decrypt(&key, &enc).unwrap().unwrap().as_str(),
        Some(DATA_KEY)
    );
    let wrong = age_service(&environment, Arc::new(Pin("4321")));
    let error = wrong.decrypt(&key, &enc).unwrap().unwrap_err().to_string();
    assert!(error.contains("wrong PIN"), "{error}");
}

#[test]
fn gpg() {
    let environment = |_: &str| None;
    let has_gpg = Command::new("gpg").arg("--version").output().is_ok();
    if !has_gpg {
        eprintln!("no gpg on the PATH: the test of OpenPGP keys is skipped");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let gpg = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(home.path()).arg("--batch");
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    gpg(&[
        "--passphrase",
        "",
        "--quick-generate-key",
        "fixture",
        "default",
        "default",
        "never",
    ]);
    let list = gpg(&["--list-keys", "--with-colons"]);
    let fingerprints: Vec<_> = list
        .lines()
        .filter_map(|line| line.strip_prefix("fpr:"))
        .map(|line| line.trim_matches(':'))
        .collect();
    let [key, subkey] = fingerprints.as_slice() else {
        panic!("expected a key and its subkey for encryption: {list}");
    };

    let service = GpgService::new(&environment).with_home(home.path());
    for fingerprint in [(*key).to_owned(), format!("{subkey}!")] {
        let keys = MasterKey::parse_pgp(&fingerprint).unwrap();
        let enc = service
            .encrypt(&keys[0], &Secret::from(DATA_KEY))
            .unwrap()
            .unwrap();
        assert!(enc.starts_with("-----BEGIN PGP MESSAGE-----\n"));
        assert!(enc.ends_with("-----END PGP MESSAGE-----"));
        let opened = service.decrypt(&keys[0], &enc).unwrap().unwrap();
        assert_eq!(opened.as_str(), Some(DATA_KEY));
    }
    let stranger = MasterKey::parse_pgp("B611A2F9F11D0FF82568805119F9B5DAEA91FF86").unwrap();
    let error = service
        .encrypt(&stranger[0], &Secret::from(DATA_KEY))
        .unwrap()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`gpg` cannot encrypt the data key: exit status: 2: gpg: "),
        "{error}"
    );
    let error = service.decrypt(&stranger[0], "no armor").unwrap();
    assert!(error.unwrap_err().to_string().contains("cannot decrypt"));
    gpg_agent_ends(home.path());
}

/// gpg leaves an agent running for its folder.
fn gpg_agent_ends(home: &Path) {
    let mut command = Command::new("gpgconf");
    command.arg("--homedir").arg(home).args(["--kill", "all"]);
    command.output().unwrap();
}

#[test]
fn gpg_is_another_program() {
    let environment =
        |name: &str| (name == "SOPS_GPG_EXEC").then(|| OsString::from("/nonexistent/gpg"));
    let service = GpgService::new(&environment);
    let keys = MasterKey::parse_pgp("ABC").unwrap();
    let error = service.decrypt(&keys[0], "").unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`/nonexistent/gpg` cannot be run: "),
        "{error}"
    );
}
