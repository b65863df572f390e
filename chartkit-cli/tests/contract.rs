//! What every command promises: streams, exit codes, no secrets in messages, the same bytes everywhere, nothing left
//! behind when writing fails.
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What is put where a secret may be.
const CANARY: &str = "c4n4ry";

fn chartkit(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chartkit"));
    command.current_dir(folder).env("NO_COLOR", "1");
    command.env_remove("SOURCE_DATE_EPOCH");
    command.env_remove("CLICOLOR_FORCE");
    // No keys of whoever runs the tests.
    command.env("HOME", "/nonexistent");
    for name in [
        "XDG_CONFIG_HOME",
        "SOPS_AGE_KEY",
        "SOPS_AGE_KEY_FILE",
        "SOPS_AGE_KEY_CMD",
    ] {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    chartkit(folder).args(args).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn fixtures() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    path.canonicalize().unwrap()
}

fn shop() -> String {
    fixtures().join("charts/shop").to_str().unwrap().to_owned()
}

/// A folder with files of these texts.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn results_go_to_stdout_and_messages_to_stderr() {
    let scratch = folder(&[("bad.yaml", "a: [\n")]);
    let scratch = scratch.path();
    let shop = shop();
    let shop = shop.as_str();
    let results: [&[&str]; 10] = [
        &["values", shop],
        &["package", shop, "-d", "dist"],
        &["package", shop, "--plan"],
        &["show", "all", shop],
        &["show", "files", shop],
        &["profile", "list", shop],
        &["profile", "show", shop, "qa1"],
        &["same", shop, shop],
        &["completions", "bash"],
        &["--version"],
    ];
    for args in results {
        let output = run(scratch, args);
        assert_eq!(
            (code(&output), stderr(&output)),
            (0, String::new()),
            "{args:?}"
        );
        assert!(!output.stdout.is_empty(), "{args:?}");
    }
    let refusals: [(i32, &[&str]); 9] = [
        (1, &["package", shop, "-d", "dist", "--app-version", "2"]),
        (2, &["values", shop, "--set", "a"]),
        (
            2,
            &[
                "values",
                shop,
                "--profile",
                "production",
                "--secrets",
                "refuse",
            ],
        ),
        (2, &["values"]),
        (3, &["values", shop, "-f", "bad.yaml"]),
        (3, &["values", "."]),
        (4, &["values", shop, "--profile", "production"]),
        (4, &["values", "missing"]),
        (4, &["values", shop, "-f", "missing"]),
    ];
    for (want, args) in refusals {
        let output = run(scratch, args);
        assert_eq!(
            (code(&output), stdout(&output)),
            (want, String::new()),
            "{args:?}"
        );
        assert!(stderr(&output).starts_with("error"), "{args:?}");
        assert!(
            !stderr(&output).contains('\u{1b}'),
            "colours in a pipe: {args:?}"
        );
    }
    let both = run(
        scratch,
        &[
            "values",
            shop,
            "--profile",
            "production",
            "--secrets",
            "omit",
        ],
    );
    assert_eq!(code(&both), 0);
    assert!(stdout(&both).starts_with("database:"));
    assert!(stderr(&both).starts_with("warning[P003]"));

    let differ = run(scratch, &["same", shop, "dist/shop-1.4.0.tgz"]);
    assert_eq!(
        (code(&differ), stdout(&differ)),
        (0, "same content\n".to_owned())
    );
}

#[test]
fn json_is_json_on_both_streams() {
    let scratch = folder(&[("twice.yaml", "a: 1\na: 2\n"), ("empty/x", "")]);
    let shop = shop();
    let shop = shop.as_str();
    let cases: [&[&str]; 8] = [
        &["values", shop, "-f", "twice.yaml"],
        &["values", shop, "--origins"],
        &["package", shop, "empty", "-d", "dist"],
        &["package", shop, "--plan"],
        &["show", "files", shop],
        &["profile", "list", shop],
        &["profile", "show", shop, "canary"],
        &["same", shop, shop],
    ];
    for args in cases {
        let output = chartkit(scratch.path())
            .args(args)
            .args(["--format", "json"])
            .output()
            .unwrap();
        let _: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for line in stderr(&output).lines() {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(message["version"], 1, "{line}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_stdout_is() {
    let scratch = folder(&[]);
    let mut child = chartkit(scratch.path())
        .args(["show", "files", &shop()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return eprintln!("skipped: no /dev/full");
    };
    let output = chartkit(scratch.path())
        .args(["show", "files", &shop()])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("cannot write to standard output"));
}

/// Values files that are wrong in every way that we know, each with the canary.
fn wrong_values() -> Vec<String> {
    let texts = [
        "a: \"CANARY",
        "a: 'CANARY\nb: CANARY",
        "password: CANARY: x",
        "- CANARY",
        "CANARY",
        "a: [CANARY, b\nc: 1",
        "a: {CANARY\nc: 1",
        "a: *CANARY",
        "a: &CANARY [*CANARY]",
        "a: !!int CANARY",
        "a: !CANARY!x CANARY",
        "a: !!binary \"CANARY!\"",
        "\tCANARY: x",
        "a:\n\tb: CANARY",
        "--- CANARY",
        "%CANARY",
        "a: CANARY\n b: CANARY",
        "{{ CANARY }}: x",
        "a: {{ CANARY }}",
        "a: @CANARY",
        "a: `CANARY",
        "a: %CANARY",
        "? {CANARY: x}\n: CANARY",
        "<<: CANARY",
        "a: \"\\xCANARY\"",
        "a: \"CANARY\\q\"",
        "a: .inf # CANARY",
        "a: .nan\nb: CANARY",
        "a: CANARY\u{1}",
        "a: |\n  CANARY: x\n CANARY",
        "a: |\n  CANARY: [\nb: [",
        "a: |9x CANARY",
        "a: \"b\" CANARY",
        "a: [1] CANARY",
        "a: ]CANARY",
        "a: }CANARY",
        "a: , CANARY",
        "a: 1\na: CANARY\na: CANARY",
        "# CANARY: [\na: [",
        "image: CANARY",
        "image: [CANARY]",
        "replicas: {CANARY: CANARY}",
        "database: CANARY\nglobal: CANARY",
        "a: CANARY\n...\nCANARY",
    ];
    texts.map(|text| text.replace("CANARY", CANARY)).to_vec()
}

#[test]
fn no_message_shows_a_value() {
    let shop = shop();
    let mut shown = 0;
    let mut check = |output: &Output, what: &str| {
        assert_ne!(code(output), 70, "{what}");
        let messages = stderr(output).to_lowercase();
        // Keys are shown: `replicas.c4n4ry` stands for a key that somebody chose.
        assert!(!messages.contains(CANARY), "{what}\n{messages}");
        shown += usize::from(!messages.is_empty());
    };
    let scratch = folder(&[]);
    for text in wrong_values() {
        let chart = folder(&[
            ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
            ("values.yaml", &text),
            ("profiles/qa1/values.yaml", &text),
            ("profiles/qa1/secrets.yaml", &text),
        ]);
        let path = chart.path().join("values.yaml");
        let file = path.to_str().unwrap();
        for format in ["human", "json"] {
            let runs: [&[&str]; 2] = [
                &["values", &shop, "-f", file, "--format", format],
                &["values", chart.path().to_str().unwrap(), "--format", format],
            ];
            for args in runs {
                check(&run(scratch.path(), args), &text);
            }
            // The same text in a chart whose defaults are well.
            fs::write(&path, "replicas: 1\n").unwrap();
            let runs: [&[&str]; 4] = [
                &["values", ".", "--profile", "qa1"],
                &["package", ".", "-d", "dist"],
                &["profile", "show", ".", "qa1"],
                &["profile", "list", "."],
            ];
            for args in runs {
                let args = [args, &["--format", format]].concat();
                check(&run(chart.path(), &args), &text);
            }
            fs::write(&path, &text).unwrap();
        }
    }
    let arguments = [
        "CANARY",
        "a=b,CANARY",
        "a=1,b={CANARY",
        "a={CANARY",
        "a[CANARY]=1",
        "a[1=CANARY",
        "[CANARY=1",
        "=CANARY,CANARY",
        "a=b.CANARY,c.d,e=CANARY",
        "image.tag.x=CANARY,CANARY",
        "replicas[0]=CANARY",
        "image=CANARY",
        "a={\"CANARY\"",
        "{\"CANARY\": CANARY",
        "{\"a\": \"CANARY\"} CANARY",
        "[\"CANARY\"]",
        "a=\"CANARY",
        "a=1 CANARY",
    ];
    for argument in arguments {
        let argument = argument.replace("CANARY", CANARY);
        for flag in ["--set", "--set-string", "--set-json", "--set-literal"] {
            for format in ["human", "json"] {
                let args = ["values", &shop, "--format", format, flag, &argument];
                check(&run(scratch.path(), &args), &format!("{flag} {argument}"));
            }
        }
    }
    assert!(
        shown > 300,
        "only {shown} messages: does the test test anything?"
    );
}

/// The digest that `package` prints.
fn digest(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    text.lines()
        .map(|line| line.rsplit(' ').next().unwrap().to_owned() + "\n")
        .collect()
}

#[test]
fn archives_do_not_depend_on_the_machine() {
    let charts = ["charts/shop", "package/lock-and-subcharts/chart"];
    let charts = charts.map(|chart| fixtures().join(chart));
    let package = |variables: &[(&str, &str)]| {
        let scratch = folder(&[]);
        let mut command = chartkit(scratch.path());
        command
            .arg("package")
            .args(&charts)
            .args(["-d", "dist", "--version", "1.0.0"]);
        command.envs(variables.iter().copied());
        digest(&mut command)
    };
    let plain = package(&[]);
    assert_eq!(plain.lines().count(), charts.len());
    for variables in [
        [("TZ", "Asia/Kathmandu")],
        [("LC_ALL", "tr_TR.UTF-8")],
        [("RAYON_NUM_THREADS", "1")],
        [("RAYON_NUM_THREADS", "7")],
        [("SOURCE_DATE_EPOCH", "315532800")],
    ] {
        assert_eq!(package(&variables), plain, "{variables:?}");
    }
    assert_ne!(package(&[("SOURCE_DATE_EPOCH", "1")]), plain);
}

#[cfg(unix)]
#[test]
fn the_umask_decides_about_the_file_and_not_about_its_bytes() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut digests = Vec::new();
    for (umask, mode) in [("077", 0o600), ("022", 0o644), ("002", 0o664)] {
        let scratch = folder(&[]);
        let mut command = Command::new("sh");
        let script = format!("umask {umask}; exec \"$0\" package \"$1\" -d dist");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_chartkit"), &shop()]);
        digests.push(digest(
            command
                .current_dir(scratch.path())
                .env_remove("SOURCE_DATE_EPOCH"),
        ));
        let archive = scratch.path().join("dist/shop-1.4.0.tgz");
        let permissions = fs::metadata(archive).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

/// Text that does not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let chart = folder(&[("Chart.yaml", "apiVersion: v2\nname: big\nversion: 1.0.0\n")]);
    fs::write(chart.path().join("noise"), noise(300_000)).unwrap();
    let disk = folder(&[]);
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(disk.path())
        .output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: not permitted to mount a tmpfs");
    }
    let output = chartkit(disk.path())
        .args(["package", chart.path().to_str().unwrap(), "-d", "."])
        .output()
        .unwrap();
    let left = names(disk.path());
    let unmounted = Command::new("umount").arg(disk.path()).status().unwrap();
    assert!(unmounted.success());
    assert_eq!((code(&output), stdout(&output)), (4, String::new()));
    let message = stderr(&output);
    assert!(
        message.starts_with("error[E001]: cannot write `./big-1.0.0.tgz`"),
        "{message}"
    );
    assert!(message.contains("No space left on device"), "{message}");
    assert!(left.is_empty(), "{left:?}");
}

/// One copy of the chart, what is read of one file, the program: not a second copy, not the archive.
///
/// Takes a minute without optimisation: `cargo test --release -p chartkit-cli --test contract -- --ignored`.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "slow without optimisation"]
fn a_chart_of_90_mebibytes_is_in_memory_once() {
    const MEBIBYTE: usize = 1024 * 1024;
    let chart = folder(&[("Chart.yaml", "apiVersion: v2\nname: big\nversion: 1.0.0\n")]);
    let text = noise(5 * MEBIBYTE);
    for number in 0..18 {
        fs::write(chart.path().join(format!("noise-{number}")), &text).unwrap();
    }
    for limit in [130, 85] {
        let scratch = folder(&[]);
        let script = format!(
            "ulimit -v {}; exec \"$0\" package \"$1\" -d dist",
            limit * 1024
        );
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_chartkit")])
            .arg(chart.path())
            .current_dir(scratch.path())
            .output()
            .unwrap();
        let fits = limit > 90;
        assert_eq!(
            output.status.success(),
            fits,
            "{limit} MiB: {}",
            stderr(&output)
        );
        assert_eq!(scratch.path().join("dist/big-1.0.0.tgz").exists(), fits);
    }
}
