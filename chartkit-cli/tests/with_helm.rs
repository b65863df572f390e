//! Round trips with the real Helm: it shows, renders and lints our archives as it does the directories.
//!
//! Skipped, with a note, unless Helm 4.2 is on PATH. Nothing here is needed to build or test chartkit.
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn helm(args: &[&str], chart: &Path) -> Output {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new("helm");
    command.args(args).arg(chart).env("HOME", scratch.path());
    command.output().unwrap()
}

fn is_there() -> bool {
    let version = Command::new("helm")
        .args(["version", "--template", "{{.Version}}"])
        .output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match version {
        Ok(version) if version.starts_with("v4.2") => true,
        other => {
            eprintln!("skipped: Helm 4.2 is needed on PATH, found {other:?}");
            false
        }
    }
}

/// Both streams, without what names the place or the order of the chart.
fn said(output: &Output, chart: &Path) -> String {
    let text = [&output.stdout[..], b"\n---- stderr\n", &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).replace(chart.to_str().unwrap(), "<chart>");
    let lines = text.lines().map(|line| {
        // `level=INFO msg="..."` of Helm's own log has a time.
        match line.split_once(" level=") {
            Some((time, rest)) if time.starts_with("time=") => format!("level={rest}"),
            _ => without_unpacked_place(line),
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// `helm lint` unpacks an archive into a folder with a random name, and lists what is missing in a random order.
fn without_unpacked_place(line: &str) -> String {
    if let Some((start, list)) = line.split_once("missing these dependencies: ") {
        let mut names: Vec<_> = list.split(',').collect();
        names.sort_unstable();
        return without_unpacked_place(start) + &names.join(",");
    }
    let place = line.split(' ').find(|word| word.contains("/helm-lint"));
    match place {
        Some(place) => line.replace(place.trim_end_matches(':'), "<chart>"),
        None => line.to_owned(),
    }
}

fn charts() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let fixtures = fixtures.canonicalize().unwrap();
    let folders = |family: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(fixtures.join(family)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut charts = folders("charts");
    for family in ["values", "package", "profiles"] {
        charts.extend(folders(family).iter().map(|case| case.join("chart")));
    }
    charts.retain(|chart| chart.is_dir());
    // A sample of real charts, one directory each: for a run by hand.
    if let Ok(more) = std::env::var("CHARTKIT_CHARTS") {
        charts.extend(
            fs::read_dir(more)
                .unwrap()
                .map(|entry| entry.unwrap().path()),
        );
    }
    charts.sort();
    charts
}

#[test]
fn helm_takes_our_archives_for_the_directories() {
    if !is_there() {
        return;
    }
    let (mut compared, mut rewritten, mut refused) = (0, 0, 0);
    for chart in charts() {
        let scratch = tempfile::tempdir().unwrap();
        let packaged = Command::new(env!("CARGO_BIN_EXE_chartkit"))
            .arg("package")
            .arg(&chart)
            .args(["--format", "json", "-d"])
            .arg(scratch.path())
            .output()
            .unwrap();
        let results: serde_json::Value = serde_json::from_slice(&packaged.stdout).unwrap();
        let Some(archive) = results[0]["path"].as_str() else {
            // We refuse what Helm refuses, and profiles that cannot work.
            let by_helm = helm(&["package", "-d", scratch.path().to_str().unwrap()], &chart);
            let message = String::from_utf8_lossy(&packaged.stderr);
            assert!(
                !by_helm.status.success() || message.contains("profile"),
                "{}: {message}",
                chart.display()
            );
            refused += 1;
            continue;
        };
        let archive = Path::new(archive);
        let commands: [&[&str]; 3] = [&["show", "all"], &["template", "release"], &["lint"]];
        for command in commands {
            let (ours, theirs) = (helm(command, archive), helm(command, &chart));
            let ours = (ours.status.code(), said(&ours, archive));
            if ours == (theirs.status.code(), said(&theirs, &chart)) {
                continue;
            }
            // Packaging rewrites Chart.yaml, by Helm as by us: what lint says about it may change.
            let scratch = tempfile::tempdir().unwrap();
            helm(&["package", "-d", scratch.path().to_str().unwrap()], &chart);
            let theirs_packed = scratch.path().join(archive.file_name().unwrap());
            let theirs = helm(command, &theirs_packed);
            assert_eq!(
                ours,
                (theirs.status.code(), said(&theirs, &theirs_packed)),
                "helm {command:?} {}",
                chart.display()
            );
            rewritten += 1;
        }
        compared += 1;
    }
    eprintln!(
        "{compared} charts compared, {refused} refused; {rewritten} times equal to Helm's own archive only"
    );
    assert!(compared > 40 && refused > 5);
}

/// The lines `[SEVERITY] path: first line` that do not come from rendering, and the exit code if rendering
/// has nothing to do with it.
fn verdicts(output: &Output) -> (Vec<String>, Option<i32>) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = text.lines().filter(|line| line.starts_with('['));
    let (rendered, mut others): (Vec<_>, Vec<_>) = messages
        .map(str::to_owned)
        .partition(|line| line.contains("] templates/"));
    let rendered = rendered.iter().any(|line| !line.starts_with("[INFO]"));
    others.sort();
    // Helm lists names in random order and unpacks archives into folders with random names.
    let plain = |line: &String| {
        let line = without_unpacked_place(line);
        let words = line.split(' ').map(|word| {
            let is_archive = word == "<chart>"
                || word == "<chart>:"
                || word.contains("/helm-lint")
                || word.ends_with(".tgz:");
            if is_archive { "<archive>:" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let others = others.iter().map(plain);
    // Parsers have their own words.
    let others = others.map(|line| match line.find("unable to parse YAML: ") {
        Some(at) => line[..at].to_owned(),
        None => line,
    });
    (others.collect(), output.status.code().filter(|_| !rendered))
}

#[test]
fn lint_says_what_helm_says() {
    if !is_there() {
        return;
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut charts = charts();
    for rule in fs::read_dir(fixtures.join("lint").canonicalize().unwrap()).unwrap() {
        let rule = rule.unwrap().path();
        // DIFFERENCE: Helm asks the network, and knows no suppressions.
        if !rule.ends_with("schema-not-fetched") && !rule.ends_with("unused-suppression") {
            charts.extend([rule.join("hit"), rule.join("miss")]);
        }
    }
    charts.retain(|chart| chart.is_dir());
    let flags: [&[&str]; 5] = [
        &[],
        &["--strict"],
        &["--quiet", "--with-subcharts"],
        &["--set", "replicas=x,a.b=null"],
        &["--skip-schema-validation", "--set-json", "replicas=[1]"],
    ];
    let mut compared = 0;
    for chart in &charts {
        for flags in flags {
            let theirs = helm(&[&["lint"], flags].concat(), chart);
            let ours = Command::new(env!("CARGO_BIN_EXE_chartkit"))
                .args(["lint", "--group", "helm", "--format", "helm"])
                .args(flags)
                .arg(chart)
                .output()
                .unwrap();
            let (ours, theirs) = (verdicts(&ours), verdicts(&theirs));
            assert_eq!(ours.0, theirs.0, "{flags:?} {}", chart.display());
            if let (Some(ours), Some(theirs)) = (ours.1, theirs.1) {
                assert_eq!(ours, theirs, "{flags:?} {}", chart.display());
            }
            compared += 1;
        }
    }
    eprintln!("{compared} runs of lint compared");
    assert!(compared > 400);
}
