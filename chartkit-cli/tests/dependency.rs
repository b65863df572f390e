//! `dependency list` and `repo index` print and write the bytes of Helm, and real Helm and chartkit build the same
//! `charts/` from the same folders.
//!
//! The goldens are in `fixtures/dependency` and `fixtures/repo`. With Helm 4.2 on PATH both tools also work on the same
//! charts; otherwise that part is skipped, with a note.
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn fixtures() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    path.canonicalize().unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn folders(family: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures().join(family)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_dir());
    paths.sort();
    paths
}

fn copy(case: &Path) -> TempDir {
    let scratch = tempfile::tempdir().unwrap();
    copy_folder(case, scratch.path());
    scratch
}

const NOW: &str = "1790000000";
const NOW_TEXT: &str = "2026-09-21T14:13:20Z";

fn chartkit(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chartkit"));
    command.current_dir(folder).args(args).env("NO_COLOR", "1");
    command.env("SOURCE_DATE_EPOCH", NOW).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn dependency_list_prints_what_helm_prints() {
    let (mut printed, mut refused) = (0, 0);
    for case in folders("dependency") {
        let want = fs::read_to_string(case.join("want.list")).unwrap();
        let output = chartkit(&case, &["dependency", "list", "chart"]);
        if want.starts_with("error\n") {
            assert_eq!(output.status.code(), Some(3), "{}", case.display());
            refused += 1;
        } else {
            assert_eq!(text(&output.stdout), want, "{}", case.display());
            printed += 1;
        }
        let json = chartkit(&case, &["dependency", "list", "chart", "--format", "json"]);
        if json.status.success() {
            serde_json::from_slice::<serde_json::Value>(&json.stdout).unwrap();
        }
    }
    assert!(printed > 25, "{printed} {refused}");
}

/// Whole cases: `args`, `--merge`, both forms.
#[test]
fn repo_index_writes_what_helm_writes() {
    let cases = folders("repo/index");
    assert!(cases.len() >= 6);
    for case in cases {
        let scratch = copy(&case);
        let args = fs::read_to_string(case.join("args")).unwrap_or_default();
        let mut all = vec!["repo", "index", "dir"];
        all.extend(args.lines());
        if case.join("merge.yaml").exists() {
            all.extend(["--merge", "merge.yaml"]);
        }
        let output = chartkit(scratch.path(), &all);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let written = |file: &str| {
            let text = fs::read_to_string(scratch.path().join(file)).unwrap();
            text.replace(NOW_TEXT, "NOW")
        };
        let want = |file: &str| fs::read_to_string(case.join(file)).unwrap();
        assert_eq!(
            written("dir/index.yaml"),
            want("want.yaml"),
            "{}",
            case.display()
        );
        if case.join("want.new.yaml").exists() {
            assert_eq!(written("new.yaml"), want("want.new.yaml"));
        }
    }
}

fn helm_is_there() -> bool {
    let version = Command::new("helm")
        .args(["version", "--template", "{{.Version}}"])
        .output();
    let version = version.map(|output| text(&output.stdout));
    match version {
        Ok(version) if version.starts_with("v4.2") => true,
        other => {
            eprintln!("skipped: Helm 4.2 is needed on PATH, found {other:?}");
            false
        }
    }
}

fn helm(folder: &Path, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("helm");
    command
        .current_dir(folder)
        .args(args)
        .env("HOME", home.path());
    command.output().unwrap()
}

fn lock(chart: &Path) -> String {
    let texts = ["Chart.lock", "requirements.lock"]
        .map(|name| fs::read_to_string(chart.join(name)).unwrap_or_default());
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .filter(|line| !line.starts_with("generated: "))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Both tools on the same folders: the same locks and archives, each takes over from the other.
#[test]
fn helm_and_chartkit_build_the_same_charts() {
    if !helm_is_there() {
        return;
    }
    let mut compared = 0;
    for case in folders("dependency") {
        if case.join("difference").exists()
            || case.ends_with("statuses")
            || case.ends_with("network")
        {
            continue;
        }
        for verb in ["update", "build"] {
            let (ours, theirs) = (copy(&case), copy(&case));
            let by_us = chartkit(ours.path(), &["dependency", verb, "chart"]);
            let by_helm = helm(
                theirs.path(),
                &["dependency", verb, "--skip-refresh", "chart"],
            );
            let context = format!("{verb} {}: {}", case.display(), text(&by_us.stderr));
            assert_eq!(
                by_us.status.success(),
                by_helm.status.success(),
                "{context}"
            );
            if !by_us.status.success() {
                continue;
            }
            let (our_chart, their_chart) = (ours.path().join("chart"), theirs.path().join("chart"));
            assert_eq!(lock(&our_chart), lock(&their_chart), "{context}");
            let archives = names(&their_chart.join("charts"));
            assert_eq!(names(&our_chart.join("charts")), archives, "{context}");
            for archive in archives.iter().filter(|name| {
                name.strip_suffix(".tgz")
                    .is_some_and(|stem| !stem.starts_with('_'))
            }) {
                let [a, b] =
                    [&our_chart, &their_chart].map(|chart| chart.join("charts").join(archive));
                let same = chartkit(&case, &["same", a.to_str().unwrap(), b.to_str().unwrap()]);
                assert_eq!(text(&same.stdout), "same content\n", "{context} {archive}");
            }
            for chart in [ours.path(), theirs.path()] {
                let lists = [
                    chartkit(chart, &["dependency", "list", "chart"]),
                    helm(chart, &["dependency", "list", "chart"]),
                ];
                assert_eq!(text(&lists[0].stdout), text(&lists[1].stdout), "{context}");
            }
            // What Helm built holds what we recorded, and Helm rebuilds and renders from our lock.
            if our_chart.join("Chart.digests").exists()
                && lock(&our_chart).contains("file://")
                && !case.ends_with("out-of-sync-lock")
            {
                fs::copy(
                    our_chart.join("Chart.digests"),
                    their_chart.join("Chart.digests"),
                )
                .unwrap();
                let verified = chartkit(theirs.path(), &["dependency", "verify", "chart"]);
                assert!(
                    verified.status.success(),
                    "{context}{}",
                    text(&verified.stdout)
                );
                let rebuilt = helm(
                    ours.path(),
                    &["dependency", "build", "--skip-refresh", "chart"],
                );
                assert!(
                    rebuilt.status.success(),
                    "{context}{}",
                    text(&rebuilt.stderr)
                );
            }
            if !case.ends_with("local-archive-kept") {
                let rendered = [ours.path(), theirs.path()]
                    .map(|chart| helm(chart, &["template", "r", "chart"]));
                assert_eq!(
                    rendered[0].status.code(),
                    rendered[1].status.code(),
                    "{context}"
                );
                assert_eq!(
                    text(&rendered[0].stdout),
                    text(&rendered[1].stdout),
                    "{context}"
                );
            }
            compared += 1;
        }
    }
    eprintln!("{compared} compared");
    assert!(compared > 25, "{compared}");
}

/// With the index of real archives, and merged into itself.
#[test]
fn helm_writes_the_same_index() {
    if !helm_is_there() {
        return;
    }
    let times = |text: String| -> String {
        let line = |line: &str| match line
            .split_once("created: ")
            .or_else(|| line.split_once("generated: "))
        {
            Some((start, _)) => format!("{start}NOW\n"),
            None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    };
    for args in [
        &[][..],
        &["--url", "https://charts.example/x?y=z"],
        &["--merge", "dir/index.yaml"],
    ] {
        let case = fixtures().join("repo/index/plain");
        let (ours, theirs) = (copy(&case), copy(&case));
        let run = |args: &[&str]| {
            let all = [&["repo", "index", "dir"], args].concat();
            assert!(chartkit(ours.path(), &all).status.success());
            assert!(helm(theirs.path(), &all).status.success());
            let [a, b] = [&ours, &theirs].map(|folder| {
                times(fs::read_to_string(folder.path().join("dir/index.yaml")).unwrap())
            });
            assert_eq!(a, b, "{args:?}");
        };
        run(&[]);
        run(args);
    }
}
