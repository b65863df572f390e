//! What `chartkit secrets` promises besides the values: exit codes, files before and after, nothing in plaintext
//! left behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The recipient of `fixtures/keys/example.txt`.
const RECIPIENT: &str = "age1vj8sqhxce9294mn0sgqdte0944nanazqxpgqegvd9jchgrcecdhqms4l3c";
/// A recipient whose identity nobody has.
const STRANGER: &str = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun";
/// What must not be seen.
const CANARY: &str = "c4n4ry";
const PLAIN: &str = "password: c4n4ry\nport: 5432\nhosts:\n    - a\n    - b\n";

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// A folder with an encrypted file `s.yaml`.
    fn encrypted() -> Self {
        let folder = Self::new(&[("s.yaml", PLAIN)]);
        folder.ok(&["encrypt", "--age", RECIPIENT, "-i", "s.yaml"]);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chartkit"));
        let path = std::env::var_os("PATH").unwrap();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", "/nonexistent")
            .env("NO_COLOR", "1");
        command
            .env("TMPDIR", self.tmp())
            .env("SOPS_AGE_KEY", identity());
        command.current_dir(self.0.path()).arg("secrets").args(args);
        command.stdin(Stdio::null());
        command
    }

    /// Where plaintext must not stay if there is no folder in memory.
    fn tmp(&self) -> PathBuf {
        let tmp = self.path("tmp");
        fs::create_dir_all(&tmp).unwrap();
        tmp
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(!told.contains(CANARY), "{args:?}: {told}");
        told
    }

    /// A program that stands for an editor.
    fn editor(&self, script: &str) -> String {
        let path = self.path("editor.sh");
        let mut file = fs::File::create(&path).unwrap();
        writeln!(file, "#!/bin/sh\n{script}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        drop(file);
        format!("/bin/sh {}", path.display())
    }

    fn edit(&self, script: &str, args: &[&str]) -> Output {
        let editor = self.editor(script);
        self.command(args)
            .env("SOPS_EDITOR", editor)
            .output()
            .unwrap()
    }

    /// Where the editor's plaintext was, which must be gone.
    fn assert_wiped(&self) {
        let seen = self.text("seen");
        let file = Path::new(seen.trim());
        assert!(
            !file.exists() && !file.parent().unwrap().exists(),
            "{}",
            file.display()
        );
    }
}

fn identity() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/keys/example.txt");
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .find(|line| line.starts_with("AGE-"))
        .unwrap()
        .to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The ciphertext of a key, to see whether it has changed.
fn line_of(text: &str, key: &str) -> String {
    text.lines()
        .find(|line| line.trim_start().starts_with(key))
        .unwrap()
        .to_owned()
}

#[test]
fn files_come_back_as_they_were() {
    let folder = Folder::encrypted();
    let encrypted = folder.text("s.yaml");
    assert!(!encrypted.contains(CANARY));
    assert_eq!(folder.ok(&["decrypt", "s.yaml"]), PLAIN);
    assert_eq!(
        folder.ok(&["decrypt", "--extract", "[\"hosts\"][1]", "s.yaml"]),
        "b"
    );
    assert_eq!(
        folder.ok(&["-d", "--extract", "[\"port\"]", "s.yaml"]),
        "5432\n"
    );
    folder.ok(&["decrypt", "--output", "plain.yaml", "s.yaml"]);
    assert_eq!(folder.text("plain.yaml"), PLAIN);
    assert_eq!(
        fs::metadata(folder.path("plain.yaml")).unwrap().mode() & 0o777,
        0o600
    );

    let mut child = folder
        .command(&[
            "encrypt",
            "--age",
            RECIPIENT,
            "--filename-override",
            "x.yaml",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(PLAIN.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    fs::write(folder.path("x.yaml"), output.stdout).unwrap();
    assert_eq!(folder.ok(&["decrypt", "x.yaml"]), PLAIN);
    assert_eq!(
        folder
            .ok(&["decrypt", "--output-type", "json", "x.yaml"])
            .lines()
            .count(),
        8
    );

    folder.ok(&["decrypt", "-i", "s.yaml"]);
    assert_eq!(folder.text("s.yaml"), PLAIN);
}

#[test]
fn exit_codes_are_those_of_sops() {
    let folder = Folder::encrypted();
    fs::write(folder.path("plain.yaml"), PLAIN).unwrap();
    fs::write(folder.path("empty.yaml"), "").unwrap();
    let damaged = folder.text("s.yaml").replace("port: ENC", "other: ENC");
    fs::write(folder.path("moved.yaml"), damaged).unwrap();
    let encrypted = folder.text("s.yaml");
    let time = line_of(&encrypted, "lastmodified");
    let other = encrypted.replace(&time, "    lastmodified: \"2020-01-01T00:00:00Z\"");
    fs::write(folder.path("mac.yaml"), other).unwrap();

    folder.refused(100, &["decrypt", "missing.yaml"]);
    folder.refused(49, &["rotate", "-i", "--add-age", STRANGER, "missing.yaml"]);
    folder.refused(1, &["decrypt", "plain.yaml"]);
    folder.refused(203, &["encrypt", "--age", RECIPIENT, "s.yaml"]);
    folder.refused(92, &["encrypt", "--age", RECIPIENT, "empty.yaml"]);
    folder.refused(25, &["decrypt", "moved.yaml"]);
    folder.refused(51, &["decrypt", "mac.yaml"]);
    assert_eq!(folder.ok(&["decrypt", "--ignore-mac", "mac.yaml"]), PLAIN);
    folder.refused(91, &["decrypt", "--extract", "[\"a\"", "s.yaml"]);
    folder.refused(1, &["decrypt", "--extract", "[\"nothing\"]", "s.yaml"]);
    folder.refused(112, &["decrypt", "--decryption-order", "age,age", "s.yaml"]);
    folder.refused(8, &["decrypt", "-i", "--output", "x", "s.yaml"]);
    folder.refused(8, &["encrypt", "--age", RECIPIENT]);
    folder.refused(
        8,
        &[
            "encrypt",
            "--encrypted-regex=a",
            "--encrypted-suffix=b",
            "--age",
            RECIPIENT,
            "plain.yaml",
        ],
    );
    folder.refused(
        6,
        &[
            "encrypt",
            "--kms",
            "arn:x",
            "--encryption-context",
            "a",
            "plain.yaml",
        ],
    );
    folder.refused(7, &["set", "s.yaml", "nonsense", "1"]);
    folder.refused(7, &["set", "s.yaml", "[\"a\"]", CANARY]);
    folder.refused(7, &["set", "s.yaml", "[\"a\"]", "[1]"]);
    folder.refused(1, &["encrypt", "plain.yaml"]);
    folder.refused(1, &["unset", "s.yaml", "[\"nothing\"]"]);
    folder.ok(&["unset", "--idempotent", "s.yaml", "[\"nothing\"]"]);
    folder.refused(2, &["decrypt", "--nonsense", "s.yaml"]);
    folder.refused(2, &["decrpt", "s"]);
    folder.refused(3, &["decrypt", "--output", "no/such/folder/x", "s.yaml"]);

    let mut stranger = folder.command(&["decrypt", "s.yaml"]);
    let output = stranger.env_remove("SOPS_AGE_KEY").output().unwrap();
    assert_eq!(output.status.code(), Some(128));
    let told = stderr(&output);
    assert!(
        told.contains("Group 0: FAILED") && told.contains("SOPS_AGE_KEY"),
        "{told}"
    );
    assert_eq!(folder.text("s.yaml"), encrypted);
}

#[test]
fn a_change_changes_its_line_and_the_seal() {
    let folder = Folder::encrypted();
    let before = folder.text("s.yaml");
    folder.ok(&["set", "s.yaml", "[\"password\"]", "\"other\""]);
    let after = folder.text("s.yaml");
    let differing: Vec<_> = before
        .lines()
        .zip(after.lines())
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.trim_start().split(':').next().unwrap())
        .collect();
    // The time has whole seconds, so it may be the same.
    let without_time: Vec<_> = differing
        .iter()
        .filter(|key| **key != "lastmodified")
        .collect();
    assert_eq!(without_time, [&"password", &"mac"]);

    folder.ok(&["set", "s.yaml", "[\"password\"]", "\"other\""]);
    assert_eq!(folder.text("s.yaml"), after);
    folder.ok(
        &["set", "--value-file", "s.yaml", "[\"x\"]", "value.json"].map(|arg| {
            fs::write(folder.path("value.json"), "{\"z\": [1, null]}").unwrap();
            arg
        }),
    );
    folder.ok(&["unset", "s.yaml", "[\"hosts\"]"]);
    let plain = folder.ok(&["decrypt", "s.yaml"]);
    assert_eq!(
        plain,
        "password: other\nport: 5432\nx:\n    z:\n        - 1\n        - null\n"
    );
}

#[test]
fn what_is_replaced_keeps_mode_and_link() {
    let folder = Folder::encrypted();
    fs::set_permissions(folder.path("s.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("s.yaml", folder.path("link.yaml")).unwrap();
    folder.ok(&["set", "link.yaml", "[\"port\"]", "1"]);
    assert!(
        fs::symlink_metadata(folder.path("link.yaml"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(
        fs::metadata(folder.path("s.yaml")).unwrap().mode() & 0o777,
        0o640
    );
    assert_eq!(
        folder.ok(&["decrypt", "--extract", "[\"port\"]", "s.yaml"]),
        "1\n"
    );
    assert!(fs::read_dir(folder.0.path()).unwrap().all(|entry| {
        !entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains(".tmp")
    }));
}

#[test]
fn the_editor_sees_plaintext_that_nobody_else_can() {
    let folder = Folder::encrypted();
    let script = "printf %s \"$1\" > seen
        stat -c %a \"$1\" \"$(dirname \"$1\")\" > modes
        cp \"$1\" shown
        : > \"$(dirname \"$1\")/.left.swp\"
        sed -i s/c4n4ry/changed/ \"$1\"";
    let output = folder.edit(script, &["edit", "s.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(folder.text("shown"), PLAIN);
    assert_eq!(folder.text("modes"), "600\n700\n");
    assert!(folder.text("seen").ends_with("/s.yaml"));
    folder.assert_wiped();
    assert_eq!(
        folder.ok(&["decrypt", "s.yaml"]),
        PLAIN.replace(CANARY, "changed")
    );
}

#[test]
fn an_edit_that_comes_to_nothing_leaves_nothing() {
    let folder = Folder::encrypted();
    let before = folder.text("s.yaml");
    let seen = "printf %s \"$1\" > seen";
    for (script, code) in [
        ("true", 200),
        ("exit 3", 201),
        ("kill -9 $$", 201),
        ("rm \"$1\"", 3),
        ("echo 'a: [c4n4ry' > \"$1\"", 2),
        ("echo 'sops: c4n4ry' > \"$1\"", 203),
        (": > \"$1\"", 92),
    ] {
        let output = folder.edit(&format!("{seen}\n{script}"), &["edit", "s.yaml"]);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{script}: {}",
            stderr(&output)
        );
        assert!(
            !stderr(&output).contains(CANARY),
            "{script}: {}",
            stderr(&output)
        );
        assert_eq!(folder.text("s.yaml"), before, "{script}");
        folder.assert_wiped();
    }
    let output = folder
        .command(&["edit", "s.yaml"])
        .env("EDITOR", "no-such-editor -x")
        .output();
    assert_eq!(output.unwrap().status.code(), Some(201));
    assert_eq!(fs::read_dir(folder.tmp()).unwrap().count(), 0);
}

#[test]
fn a_file_that_changes_meanwhile_is_not_written_over() {
    let folder = Folder::encrypted();
    let script = "echo theirs >> s.yaml; echo 'new: 1' > \"$1\"; printf %s \"$1\" > seen";
    let output = folder.edit(script, &["edit", "s.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(folder.text("s.yaml").ends_with("theirs\n"));
    folder.assert_wiped();

    let script = "echo theirs > new.yaml; echo 'new: 1' > \"$1\"";
    let output = folder.edit(script, &["edit", "--age", RECIPIENT, "new.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(folder.text("new.yaml"), "theirs\n");
}

#[test]
fn a_new_file_starts_with_an_example() {
    let folder = Folder::new(&[]);
    for name in ["new.yaml", "new.json", "new.env", "new.ini", "new.txt"] {
        let output = folder.edit(
            "cp \"$1\" shown; sed -i s/change-me/c4n4ry/ \"$1\"; echo >> \"$1\"",
            &["edit", "--age", RECIPIENT, name],
        );
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        assert!(!folder.text(name).contains(CANARY));
        assert!(!folder.text("shown").is_empty());
        let plain = folder.ok(&["decrypt", name]);
        assert_eq!(plain.contains(CANARY), name != "new.txt", "{name}: {plain}");
    }
    // Without a key nobody is asked to write anything.
    let output = folder.edit("touch shown-again", &["edit", "other.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!folder.path("shown-again").exists());
}

#[test]
fn signals_wipe_what_the_editor_has() {
    for signal in [1, 2, 3, 15] {
        let folder = Folder::encrypted();
        let before = folder.text("s.yaml");
        let editor =
            folder.editor("printf %s \"$1\" > seen.part; mv seen.part seen; exec sleep 60");
        let mut child = folder
            .command(&["edit", "s.yaml"])
            .env("SOPS_EDITOR", editor)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while !folder.path("seen").exists() {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "the editor never started"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let plain = folder.text("seen");
        assert_eq!(fs::read_to_string(plain.trim()).unwrap(), PLAIN);
        let process = rustix::process::Pid::from_child(&child);
        let named = rustix::process::Signal::from_named_raw(signal).unwrap();
        rustix::process::kill_process(process, named).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(signal), "{status}");
        folder.assert_wiped();
        assert_eq!(folder.text("s.yaml"), before);
    }
}

#[test]
fn a_killed_change_leaves_one_whole_file() {
    let folder = Folder::encrypted();
    for round in 0..40 {
        let before = folder.text("s.yaml");
        let value = format!("\"value {round}\"");
        let mut child = folder
            .command(&["set", "s.yaml", "[\"password\"]", &value])
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round / 2));
        drop(child.kill());
        child.wait().unwrap();
        let after = folder.text("s.yaml");
        if after != before {
            let plain = folder.ok(&["decrypt", "--extract", "[\"password\"]", "s.yaml"]);
            assert_eq!(plain, format!("value {round}"));
        }
    }
}

#[test]
fn values_go_to_a_command_and_to_no_disk() {
    let folder = Folder::new(&[
        ("s.env", "A=c4n4ry\nB=two words\n"),
        ("nested.yaml", "a:\n  b: 1\n"),
        ("bad.yaml", "a=b: 1\n"),
    ]);
    for name in ["s.env", "nested.yaml", "bad.yaml"] {
        folder.ok(&["encrypt", "--age", RECIPIENT, "-i", name]);
    }
    let shown = folder.ok(&[
        "exec",
        "s.env",
        "--",
        "/bin/sh",
        "-c",
        "echo \"$A-$B-$HOME\"",
    ]);
    assert_eq!(shown, "c4n4ry-two words-/nonexistent\n");
    let shown = folder.ok(&["exec", "--pristine", "s.env", "--", "/usr/bin/env"]);
    assert_eq!(shown, "A=c4n4ry\nB=two words\n");
    let output = folder.run(&["exec", "s.env", "--", "/bin/sh", "-c", "exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    let told = folder.refused(1, &["exec", "nested.yaml", "--", "true"]);
    assert!(told.contains("\"a\""), "{told}");
    folder.refused(1, &["exec", "bad.yaml", "--", "true"]);
    folder.refused(127, &["exec", "s.env", "--", "no-such-command"]);

    if cfg!(target_os = "linux") {
        // Read twice: each time from the start.
        let shown = folder.ok(&["exec", "--fd", "s.env", "--", "/bin/cat", "{}", "{}"]);
        assert_eq!(shown, "A=c4n4ry\nB=two words\nA=c4n4ry\nB=two words\n");
        let shown = folder.ok(&[
            "exec",
            "--fd",
            "nested.yaml",
            "--",
            "/bin/sh",
            "-c",
            "cat {}; readlink {}",
        ]);
        assert!(shown.starts_with("a:\n  b: 1\n/memfd:"), "{shown}");
        // Nobody can change what it was given.
        folder.ok(&[
            "exec",
            "--fd",
            "s.env",
            "--",
            "/bin/sh",
            "-c",
            "! echo x > {}",
        ]);
    }
}

#[test]
fn variables_stand_for_options() {
    let folder = Folder::new(&[
        ("s.yaml", PLAIN),
        (
            "other/config.yaml",
            &format!("creation_rules: [{{age: {STRANGER}}}]"),
        ),
    ]);
    let recipients = |variable: &str, value: &str| {
        let output = folder
            .command(&["encrypt", "s.yaml"])
            .env(variable, value)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(recipients("SOPS_AGE_RECIPIENTS", RECIPIENT).contains(RECIPIENT));
    assert!(recipients("SOPS_CONFIG", "other/config.yaml").contains(STRANGER));
    let with = |variable: &str, value: &str| {
        folder.ok(&[
            "encrypt", "--age", RECIPIENT, "--output", "e.yaml", "s.yaml",
        ]);
        folder
            .command(&["decrypt", "e.yaml"])
            .env(variable, value)
            .output()
            .unwrap()
            .status
            .code()
    };
    assert_eq!(with("SOPS_DECRYPTION_ORDER", "pgp,pgp"), Some(112));
    assert_eq!(with("SOPS_ENABLE_LOCAL_KEYSERVICE", "false"), Some(128));
    assert_eq!(with("SOPS_ENABLE_LOCAL_KEYSERVICE", "true"), Some(0));
}

#[test]
fn the_configuration_of_the_working_folder_is_used_and_the_nearer_one_told() {
    let rule = |key: &str| format!("creation_rules: [{{age: {key}}}]");
    let folder = Folder::new(&[
        (".sops.yaml", &rule(RECIPIENT)),
        ("qa1/.sops.yaml", &rule(STRANGER)),
        ("qa1/s.yaml", PLAIN),
        ("alone/qa2/.sops.yaml", &rule(STRANGER)),
        ("alone/qa2/s.yaml", PLAIN),
    ]);
    let output = folder.run(&["encrypt", "qa1/s.yaml"]);
    assert!(
        String::from_utf8(output.stdout.clone())
            .unwrap()
            .contains(RECIPIENT)
    );
    assert!(
        stderr(&output).contains("warning[S024]"),
        "{}",
        stderr(&output)
    );

    fs::remove_file(folder.path(".sops.yaml")).unwrap();
    let output = folder.run(&["encrypt", "alone/qa2/s.yaml"]);
    assert!(
        String::from_utf8(output.stdout.clone())
            .unwrap()
            .contains(STRANGER)
    );
    assert!(
        stderr(&output).contains("info[S024]"),
        "{}",
        stderr(&output)
    );
    // Who only reads is not bothered.
    folder.ok(&[
        "encrypt",
        "--age",
        RECIPIENT,
        "--output",
        "qa1/e.yaml",
        "qa1/s.yaml",
    ]);
    assert_eq!(stderr(&folder.run(&["decrypt", "qa1/e.yaml"])), "");
}

#[test]
fn keys_follow_the_rules_and_what_is_there_stays() {
    let config = |keys: &str| format!("creation_rules: [{{age: '{keys}'}}]");
    let folder = Folder::new(&[
        (".sops.yaml", &config(RECIPIENT)),
        ("a/s.yaml", PLAIN),
        ("a/b/t.json", "{\"x\": 1}\n"),
        ("a/plain.yaml", "a: 1\n"),
        ("a/.git/u.yaml", PLAIN),
    ]);
    for name in ["a/s.yaml", "a/b/t.json", "a/.git/u.yaml"] {
        folder.ok(&["encrypt", "-i", name]);
    }
    let before = folder.text("a/s.yaml");
    assert_eq!(
        folder.ok(&["updatekeys", "-y", "a/s.yaml"]),
        "a/s.yaml: up to date\n"
    );
    fs::write(
        folder.path(".sops.yaml"),
        config(&format!("{STRANGER},{RECIPIENT}")),
    )
    .unwrap();
    folder.refused(1, &["updatekeys", "a/s.yaml"]); // nobody answers
    assert_eq!(folder.text("a/s.yaml"), before);
    let done = folder.ok(&["updatekeys", "-y", "a"]);
    assert_eq!(done, "a/b/t.json: updated\na/s.yaml: updated\n");
    let after = folder.text("a/s.yaml");
    for line in before.lines() {
        assert!(after.contains(line), "{line}");
    }
    assert!(after.contains(STRANGER));
    assert_eq!(folder.ok(&["decrypt", "a/s.yaml"]), PLAIN);

    let done = folder.ok(&["rotate", "-i", "--rm-age", STRANGER, "a"]);
    assert_eq!(done, "a/b/t.json: rotated\na/s.yaml: rotated\n");
    let rotated = folder.text("a/s.yaml");
    assert!(!rotated.contains(STRANGER));
    assert_ne!(line_of(&rotated, "port"), line_of(&after, "port"));
    assert_eq!(folder.ok(&["decrypt", "a/s.yaml"]), PLAIN);
    // A file that cannot be opened stops no other.
    folder.ok(&[
        "encrypt",
        "--age",
        STRANGER,
        "--output",
        "a/0.yaml",
        "a/plain.yaml",
    ]);
    let output = folder.run(&["rotate", "-i", "a"]);
    assert_eq!(output.status.code(), Some(128));
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), done);
    assert!(stderr(&output).contains("a/0.yaml"));
}

#[test]
fn groups_come_and_go() {
    let folder = Folder::encrypted();
    let recipients = |name: &str| folder.text(name).matches("recipient:").count();
    // Whoever has one identity has both groups: the same key stands in each.
    folder.ok(&["groups", "add", "-i", "-f", "s.yaml", "--age", RECIPIENT]);
    assert_eq!(recipients("s.yaml"), 2);
    assert!(folder.text("s.yaml").contains("shamir_threshold: 2"));
    assert_eq!(folder.ok(&["decrypt", "s.yaml"]), PLAIN);
    folder.refused(1, &["groups", "delete", "-i", "-f", "s.yaml", "5"]);
    folder.refused(1, &["groups", "delete", "-i", "-f", "s.yaml", "0"]); // below the threshold
    let shown = folder.ok(&[
        "groups",
        "delete",
        "-f",
        "s.yaml",
        "--shamir-secret-sharing-threshold",
        "1",
        "0",
    ]);
    assert_eq!(shown.matches("recipient:").count(), 1);
    assert_eq!(recipients("s.yaml"), 2);
}

#[test]
fn status_needs_no_key() {
    let folder = Folder::encrypted();
    fs::write(folder.path("plain.yaml"), PLAIN).unwrap();
    assert_eq!(
        folder.ok(&["filestatus", "s.yaml"]),
        "{\"encrypted\":true}\n"
    );
    assert_eq!(
        folder.ok(&["filestatus", "plain.yaml"]),
        "{\"encrypted\":false}\n"
    );
    let json = folder.ok(&["status", "--format", "json", "s.yaml"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["encrypted"], true);
    assert_eq!(json["groups"][0][0]["key"], RECIPIENT);
    let json = folder.ok(&["status", "--format", "json", "."]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 1);
    let text = folder.ok(&["status", "s.yaml", "plain.yaml"]);
    assert!(
        text.contains("s.yaml\n  encrypted: yes\n")
            && text.contains("plain.yaml\n  encrypted: no\n"),
        "{text}"
    );
    assert!(!text.contains(CANARY));
}

#[test]
fn extra_files_are_ignored_with_a_word() {
    let folder = Folder::encrypted();
    let output = folder.run(&["decrypt", "s.yaml", "t.yaml"]);
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("`t.yaml` is ignored"),
        "{}",
        stderr(&output)
    );
    let output = folder.run(&["--age", STRANGER, "decrypt", "s.yaml"]);
    assert!(
        stderr(&output).contains("`--age` means nothing to `decrypt`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn verify_finds_what_nobody_encrypted() {
    let folder = Folder::new(&[
        (
            ".sops.yaml",
            &format!("creation_rules: [{{age: {RECIPIENT}}}]"),
        ),
        ("qa1/secrets.yaml", PLAIN),
        ("qa2/secrets.yaml", PLAIN),
        ("qa2/values.yaml", "a: 1\n"),
        ("qa3/secrets.yaml", "a: ''\n"),
    ]);
    for name in ["qa2/secrets.yaml", "qa3/secrets.yaml"] {
        folder.ok(&["encrypt", "-i", name]);
    }
    let told = folder.refused(1, &["verify", "."]);
    assert!(told.contains("qa1/secrets.yaml"), "{told}");
    let shown = folder.ok(&["verify", "qa2"]);
    assert_eq!(shown, "qa2/secrets.yaml: in order\n");
    folder.ok(&["verify", "qa3"]);
    folder.refused(1, &["verify", "--empty", "deny", "qa3"]);
    // Somebody else than the rules say.
    fs::write(
        folder.path(".sops.yaml"),
        format!("creation_rules: [{{age: {STRANGER}}}]"),
    )
    .unwrap();
    folder.refused(1, &["verify", "qa2"]);
    folder.ok(&["verify", "--no-rules", "qa2"]);
    // Removed, but the data key is the old one.
    fs::copy(folder.path("qa2/secrets.yaml"), folder.path("older.yaml")).unwrap();
    folder.ok(&["updatekeys", "-y", "qa2"]);
    folder.ok(&["verify", "qa2"]);
    folder.refused(1, &["verify", "--older", "older.yaml", "qa2/secrets.yaml"]);
    folder.refused(4, &["verify", "nowhere"]);
}

#[test]
fn verify_compares_with_a_chart() {
    let folder = Folder::new(&[
        (
            "web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        ),
        ("web/values.yaml", "password: ''\nport: 80\nhosts: []\n"),
        ("web/profiles/qa1/secrets.yaml", PLAIN),
    ]);
    let file = "web/profiles/qa1/secrets.yaml";
    folder.ok(&["encrypt", "--age", RECIPIENT, "-i", file]);
    folder.ok(&["verify", "--chart", "web", "--profile", "qa1", file]);
    folder.ok(&["set", file, "[\"hosts\"]", "\"none\""]);
    let output = folder.run(&["verify", "--chart", "web", "--profile", "qa1", file]);
    let told = stderr(&output);
    assert!(
        told.contains("`hosts`") && told.contains("web/values.yaml"),
        "{told}"
    );
    assert!(output.stdout.ends_with(b": 1 error\n"));
    assert_eq!(stderr(&folder.run(&["verify", file])), "");
    let shown = folder.ok(&[
        "exec",
        "--fd",
        "--chart",
        "web",
        "--profile",
        "qa1",
        "--",
        "/bin/cat",
        "{}",
    ]);
    assert_eq!(shown, "hosts: none\npassword: c4n4ry\nport: 5432\n");
}

#[test]
fn git_merges_and_shows_encrypted_files() {
    let git = |folder: &Folder, args: &[&str]| {
        let mut command = Command::new("git");
        command
            .current_dir(folder.0.path())
            .args(args)
            .env("SOPS_AGE_KEY", identity());
        command
            .env("HOME", folder.0.path())
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in [("NAME", "a"), ("EMAIL", "a@example.org")] {
            command.env(format!("GIT_AUTHOR_{name}"), value);
            command.env(format!("GIT_COMMITTER_{name}"), value);
        }
        command.output()
    };
    let folder = Folder::encrypted();
    if git(&folder, &["init", "-q", "-b", "main"]).is_err() {
        return; // no git here
    }
    let chartkit = env!("CARGO_BIN_EXE_chartkit");
    let driver = format!("{chartkit} secrets merge %O %A %B %P");
    let textconv = format!("{chartkit} secrets textconv");
    fs::write(
        folder.path(".gitattributes"),
        "s.yaml merge=chartkit diff=chartkit\n",
    )
    .unwrap();
    let ok = |args: &[&str]| {
        let output = git(&folder, args).unwrap();
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    ok(&["config", "merge.chartkit.driver", &driver]);
    ok(&["config", "diff.chartkit.textconv", &textconv]);
    ok(&["add", "s.yaml", ".gitattributes"]);
    ok(&["commit", "-qm", "base"]);
    ok(&["checkout", "-qb", "theirs"]);
    folder.ok(&["set", "s.yaml", "[\"port\"]", "1"]);
    ok(&["commit", "-qam", "theirs"]);
    ok(&["checkout", "-q", "main"]);
    folder.ok(&["set", "s.yaml", "[\"password\"]", "\"ours\""]);
    let shown = ok(&["diff"]);
    let changed = shown
        .lines()
        .filter(|line| line.starts_with("+password"))
        .count();
    assert_eq!(changed, 1, "{shown}");
    assert!(!shown.contains("ENC["), "{shown}");
    ok(&["commit", "-qam", "ours"]);
    ok(&["merge", "-q", "theirs"]);
    let plain = folder.ok(&["decrypt", "s.yaml"]);
    assert_eq!(plain, "password: ours\nport: 1\nhosts:\n    - a\n    - b\n");

    // The same value on both sides: a conflict, and the file is ours.
    ok(&["checkout", "-qb", "more", "HEAD"]);
    folder.ok(&["set", "s.yaml", "[\"port\"]", "2"]);
    ok(&["commit", "-qam", "two"]);
    ok(&["checkout", "-q", "main"]);
    folder.ok(&["set", "s.yaml", "[\"port\"]", "3"]);
    ok(&["commit", "-qam", "three"]);
    let output = git(&folder, &["merge", "-q", "more"]).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("both sides changed `port`"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        folder.ok(&["decrypt", "--extract", "[\"port\"]", "s.yaml"]),
        "3\n"
    );
}

#[test]
fn diff_says_what_changed_and_shows_values_only_when_asked() {
    let folder = Folder::encrypted();
    fs::copy(folder.path("s.yaml"), folder.path("old.yaml")).unwrap();
    folder.ok(&["set", "s.yaml", "[\"password\"]", "\"n3w\""]);
    folder.ok(&["diff", "s.yaml", "s.yaml"]);
    let shown = |args: &[&str]| {
        let output = folder.run(&[&["diff"], args, &["old.yaml", "s.yaml"]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(shown(&[]).contains("password"));
    assert_eq!(shown(&["--decrypt"]), "changed: password (str)\n");
    assert_eq!(
        shown(&["--show-values"]),
        "changed: password (str): \"c4n4ry\" -> \"n3w\"\n"
    );
    let json = shown(&["--decrypt", "--format", "json"]);
    assert!(
        !json.contains(CANARY) && json.contains("\"changed\""),
        "{json}"
    );
}
