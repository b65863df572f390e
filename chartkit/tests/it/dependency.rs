//! Dependencies: the cases of `fixtures/dependency`, whose `want.*` are Helm's, and what `Chart.digests` adds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chartkit::chart::archive::{self, Limits};
use chartkit::chart::{Dependency, Lock, LockState};
use chartkit::dependency::{Digests, Status, status};
use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::digest::Sha256;
use chartkit::io::{
    self, ContentState, Error, ErrorKind, Updated, build_dependencies, list_dependencies,
    update_dependencies, verify_dependencies,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::fixtures;

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

/// A copy of a case that may be changed.
fn case(name: &str) -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    copy_folder(&fixtures().join("dependency").join(name), scratch.path());
    let chart = scratch.path().join("chart");
    (scratch, chart)
}

fn cases() -> Vec<String> {
    let entries = fs::read_dir(fixtures().join("dependency")).unwrap();
    let folders = entries.map(Result::unwrap).filter(|e| e.path().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert!(names.len() > 25, "{names:?}");
    names
}

fn time() -> Timestamp {
    Timestamp::from_unix(1_700_000_000, 5)
}

fn update(chart: &Path) -> Result<Updated, Error> {
    update_dependencies(chart, time(), &mut Sources::new())
}

fn build(chart: &Path) -> Result<Updated, Error> {
    build_dependencies(chart, time(), &mut Sources::new())
}

fn message(error: &Error) -> String {
    Diagnostic::from(error).message
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// What a command has left, in the form of the recorder.
fn left(chart: &Path) -> String {
    let mut text = String::new();
    for lock in ["Chart.lock", "requirements.lock"] {
        if let Ok(content) = fs::read_to_string(chart.join(lock)) {
            text += &format!("lock {lock}\n");
            for line in content
                .lines()
                .filter(|line| !line.starts_with("generated: "))
            {
                text += &format!("{line}\n");
            }
        }
    }
    let Ok(entries) = fs::read_dir(chart.join("charts")) else {
        return text;
    };
    text += "charts\n";
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        text += &format!("{}\n", path.file_name().unwrap().to_str().unwrap());
        let Ok(bytes) = fs::read(&path) else { continue };
        let Ok(files) = archive::read(&*bytes, &Limits::default()) else {
            continue;
        };
        let loaded = io::load_chart(&path, &mut Sources::new()).unwrap();
        let line = |file: &chartkit::chart::File| {
            let name = loaded.chart.name();
            format!("  {} {name}/{}\n", Sha256::of(&file.data).hex(), file.name)
        };
        let mut lines: Vec<_> = files.iter().map(line).collect();
        lines.sort();
        text.extend(lines);
    }
    text
}

/// Where our words are not the start of Helm's, on purpose.
const OTHER_WORDS: [&str; 4] = ["named", "network", "newer-in-folder", "statuses"];

#[test]
fn update_and_build_leave_what_helm_leaves() {
    let (mut compared, mut refused) = (0, 0);
    for name in cases() {
        for (what, run) in [("update", update as fn(&Path) -> _), ("build", build)] {
            let (scratch, chart) = case(&name);
            let before = files(scratch.path());
            let want = fixtures()
                .join("dependency")
                .join(&name)
                .join(format!("want.{what}"));
            let want = fs::read_to_string(want).unwrap();
            let helm_refuses = want.strip_prefix("error\n");
            let outcome = run(&chart);
            if let Err(error) = &outcome {
                assert_eq!(
                    files(scratch.path()),
                    before,
                    "{name}: {what} changed something"
                );
                let message = message(error).replace(&format!("{}/", scratch.path().display()), "");
                if let Some(words) = helm_refuses {
                    let same = words.starts_with(&message) || OTHER_WORDS.contains(&&*name);
                    assert!(same, "{name} {what}:\n{message}\nHelm: {words}");
                    refused += 1;
                }
            }
            if chart.join("../difference").exists() {
                assert_ne!(
                    outcome.is_err(),
                    helm_refuses.is_some(),
                    "{name}: no difference"
                );
                continue;
            }
            match (outcome, helm_refuses) {
                (Ok(_), None) => assert_eq!(left(&chart), want, "{name} {what}"),
                (Err(_), Some(_)) => {}
                (outcome, _) => panic!("{name} {what}: {outcome:?}, Helm: {want}"),
            }
            compared += 1;
        }
    }
    assert!(compared > 45 && refused > 20, "{compared} {refused}");
}

/// After an update everything is verified, and doing it again changes nothing.
#[test]
fn an_update_is_verified_and_stable() {
    let mut updated = 0;
    for name in cases() {
        let (scratch, chart) = case(&name);
        if update(&chart).is_err() {
            continue;
        }
        let verified = verify_dependencies(&chart, &mut Sources::new()).unwrap();
        // Helm does not write a lock whose digest has not changed, even if its versions have.
        let is_ok = verified.is_ok() || name == "out-of-sync-lock";
        assert!(is_ok, "{name}: {verified:?}");
        let states = verified
            .dependencies
            .iter()
            .map(|dependency| &dependency.state);
        assert!(
            states.clone().all(|state| *state == ContentState::Verified)
                || name == "out-of-sync-lock",
            "{name}: {verified:?}"
        );
        let before = files(scratch.path());
        for again in [update(&chart).unwrap(), update(&chart).unwrap()] {
            assert!(
                again.written.is_empty() && again.removed.is_empty(),
                "{name}: {again:?}"
            );
            assert!(
                again.charts.iter().all(|chart| chart.already_there),
                "{name}"
            );
        }
        assert_eq!(files(scratch.path()), before, "{name}");
        updated += 1;
    }
    assert!(updated > 14, "{updated}");
}

#[test]
fn sources_in_other_folders_give_the_same_archives() {
    let (_keep, first) = case("file");
    let (_keep_too, second) = case("file");
    update(&first).unwrap();
    update(&second).unwrap();
    let digests = |chart: &Path| fs::read(chart.join("Chart.digests")).unwrap();
    assert_eq!(digests(&first), digests(&second));
    assert_eq!(left(&first), left(&second));
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_build_refuses_other_content_under_a_locked_version() {
    let (scratch, chart) = case("file");
    update(&chart).unwrap();
    fs::write(scratch.path().join("a/profiles/qa1/values.yaml"), "x: 3\n").unwrap();
    fs::remove_dir_all(chart.join("charts")).unwrap();
    let before = files(scratch.path());

    let error = build(&chart).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contradiction);
    let diagnostic = Diagnostic::from(&error);
    assert_eq!(diagnostic.code, Code::ContentChanged);
    assert_eq!(
        diagnostic.message,
        "`a` 1.4.2 is not what Chart.digests says: other files, profile qa1 among them"
    );
    assert_eq!(files(scratch.path()), before);

    // Accepted by an update, which leaves Helm's lock alone: it only knows versions.
    let updated = update(&chart).unwrap();
    assert_eq!(updated.written, [chart.join("Chart.digests")]);
    build(&chart).unwrap();
}

#[test]
fn a_build_refuses_digests_of_another_lock() {
    let (scratch, chart) = case("in-sync");
    build(&chart).unwrap();
    let digests = fs::read_to_string(chart.join("Chart.digests")).unwrap();
    // As when Helm writes a new lock and knows nothing of our file.
    edit(&scratch.path().join("a/Chart.yaml"), "1.1.0", "1.2.0");
    let (other, other_chart) = case("in-sync");
    edit(&other.path().join("a/Chart.yaml"), "1.1.0", "1.2.0");
    update(&other_chart).unwrap();
    fs::copy(other_chart.join("Chart.lock"), chart.join("Chart.lock")).unwrap();
    let error = build(&chart).unwrap_err();
    assert_eq!(
        message(&error),
        "`a` 1.2.0 is locked, and Chart.digests does not know it"
    );
    assert_eq!(
        fs::read_to_string(chart.join("Chart.digests")).unwrap(),
        digests
    );

    let verified = verify_dependencies(&chart, &mut Sources::new()).unwrap();
    assert!(!verified.is_ok());
    let states: Vec<_> = verified
        .dependencies
        .iter()
        .map(|d| (&*d.name, &d.state))
        .collect();
    let want = [
        ("a", &ContentState::Missing), // 1.1.0 is there, 1.2.0 is locked
        ("b", &ContentState::Verified),
        ("a", &ContentState::NotLocked),
    ];
    assert_eq!(states, want);
}

#[test]
fn every_damage_to_charts_is_found() {
    let (_scratch, chart) = case("file");
    update(&chart).unwrap();
    let archive = chart.join("charts/a-1.4.2.tgz");
    let good = fs::read(&archive).unwrap();
    let verify = || verify_dependencies(&chart, &mut Sources::new());
    let is_found = |what: &str| match verify() {
        Err(_) => {}
        Ok(verified) => {
            let first = &verified.dependencies[0].state;
            // The header of gzip and the padding of tar are no content.
            assert!(*first != ContentState::Verified, "{what}: {verified:?}");
        }
    };
    for at in (0..good.len()).step_by(3) {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        fs::write(&archive, damaged).unwrap();
        is_found(&format!("byte {at}"));
    }
    for length in [0, 1, good.len() / 2, good.len() - 1] {
        fs::write(&archive, &good[..length]).unwrap();
        is_found(&format!("cut at {length}"));
    }
    fs::remove_file(&archive).unwrap();
    let verified = verify().unwrap();
    assert_eq!(verified.dependencies[0].state, ContentState::Missing);
    fs::write(&archive, &good).unwrap();
    assert!(verify().unwrap().is_ok());
}

#[test]
fn a_lock_that_is_a_link_is_not_written_through() {
    for link in ["Chart.lock", "Chart.digests"] {
        let (scratch, chart) = case("file");
        let target = scratch.path().join("elsewhere");
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, chart.join(link)).unwrap();
        let error = update(&chart).unwrap_err();
        assert!(
            message(&error).starts_with(&format!("the {link} file is a symlink")),
            "{error:?}"
        );
        assert_eq!(fs::read(&target).unwrap(), b"");
        assert!(!chart.join("charts").exists());
    }
}

#[test]
fn repositories_elsewhere_are_refused_with_what_is_missing() {
    for (repository, words) in [
        (
            "https://charts.example",
            "charts from repositories on the network cannot be had yet",
        ),
        (
            "oci://r.example/charts",
            "charts from OCI registries cannot be had yet",
        ),
        (
            "'@stable'",
            "the repositories of Helm's configuration are not read yet",
        ),
        (
            "alias:stable",
            "the repositories of Helm's configuration are not read yet",
        ),
        ("stable", "`stable` is no URL"),
    ] {
        let (scratch, chart) = case("no-folder");
        edit(&chart.join("Chart.yaml"), "file://../a", repository);
        let before = files(scratch.path());
        for run in [update as fn(&Path) -> _, build] {
            let error = run(&chart).unwrap_err();
            let diagnostic = Diagnostic::from(&error);
            assert_eq!(diagnostic.code, Code::UnsupportedRepository);
            assert!(diagnostic.message.contains(words), "{}", diagnostic.message);
            assert_eq!(diagnostic.labels.len(), 1, "the place in Chart.yaml");
            assert_eq!(files(scratch.path()), before);
        }
    }
}

/// A folder of archives, with or without an index.
#[test]
fn packed_charts_are_taken_from_folders() {
    let (scratch, chart) = case("folder-of-archives");
    let updated = update(&chart).unwrap();
    assert_eq!(updated.charts[0].path, chart.join("charts/a-1.10.0.tgz"));
    let original = fs::read(scratch.path().join("repo/a-1.10.0.tgz")).unwrap();
    assert_eq!(
        fs::read(chart.join("charts/a-1.10.0.tgz")).unwrap(),
        original
    );

    let repo = scratch.path().join("repo");
    let index_of = |entries: &str| {
        let text = format!("apiVersion: v1\nentries:\n  a:\n{entries}");
        fs::write(repo.join("index.yaml"), text).unwrap();
    };
    let digest = Sha256::of(&fs::read(repo.join("a-1.9.0.tgz")).unwrap()).hex();
    index_of(&format!(
        "  - {{name: a, version: 1.9.0, urls: [a-1.9.0.tgz], digest: {digest}}}\n  - {{name: a, version: 1.10.0, urls: []}}\n"
    ));
    let updated = update(&chart).unwrap();
    assert_eq!(updated.charts[0].path, chart.join("charts/a-1.9.0.tgz"));
    assert_eq!(updated.removed, [chart.join("charts/a-1.10.0.tgz")]);
    build(&chart).unwrap();

    let before = files(&chart);
    for (entry, words) in [
        (
            format!(
                "{{name: a, version: 1.9.0, urls: [a-1.9.0.tgz], digest: {}}}",
                "0".repeat(64)
            ),
            "has the digest",
        ),
        (
            "{name: a, version: 1.9.0, urls: [a-1.0.0.tgz]}".into(),
            "the index says 1.9.0, and",
        ),
        (
            "{name: a, version: 1.9.0, urls: ['../repo/a-1.9.0.tgz']}".into(),
            "leads out of the folder",
        ),
        (
            "{name: a, version: 1.9.0, urls: [/etc/passwd]}".into(),
            "leads out of the folder",
        ),
        (
            "{name: a, version: 1.9.0, urls: ['https://charts.example/a-1.9.0.tgz']}".into(),
            "is on the network",
        ),
        (
            "{name: a, version: 1.9.0, urls: ['file:///a-1.9.0.tgz']}".into(),
            "is on the network",
        ),
        (
            "{name: a, version: 1.9.0, urls: [a-3.tgz]}".into(),
            "cannot read",
        ),
        (
            "{name: a, version: 2.0.0, urls: [a-1.9.0.tgz]}".into(),
            "can't get a valid version for 1 subchart(s)",
        ),
    ] {
        index_of(&format!("  - {entry}\n"));
        let error = update(&chart).unwrap_err();
        assert!(
            message(&error).contains(words),
            "{entry}: {}",
            message(&error)
        );
        assert_eq!(files(&chart), before, "{entry}");
    }
    fs::write(
        repo.join("index.yaml"),
        "apiVersion: v1\nentries: {b: []}\n",
    )
    .unwrap();
    let error = update(&chart).unwrap_err();
    assert_eq!(message(&error), "a chart not found in repo file://../repo");
}

#[test]
fn two_charts_for_one_archive_are_refused() {
    let (scratch, chart) = case("alias-twice");
    copy_folder(&scratch.path().join("a"), &scratch.path().join("b"));
    fs::write(scratch.path().join("b/values.yaml"), "x: 1\n").unwrap();
    let yaml = fs::read_to_string(chart.join("Chart.yaml")).unwrap();
    fs::write(
        chart.join("Chart.yaml"),
        yaml.replacen("file://../a", "file://../b", 1),
    )
    .unwrap();
    let error = update(&chart).unwrap_err();
    let want = "the charts at `file://../b` and `file://../a` both want to be `charts/a-1.0.0.tgz`, with different content";
    assert_eq!(message(&error), want);
}

#[test]
fn plain_secrets_do_not_get_into_charts() {
    let (scratch, chart) = case("file");
    fs::write(
        scratch.path().join("a/profiles/qa1/secrets.yaml"),
        "password: c4n4ry\n",
    )
    .unwrap();
    let error = update(&chart).unwrap_err();
    assert!(!message(&error).contains("c4n4ry"));
    assert!(
        message(&error).contains("must not be packaged"),
        "{}",
        message(&error)
    );
    assert!(!chart.join("charts").exists());
}

/// The digests of real locks are checked by `update_and_build_leave_what_helm_leaves` and the corpus.
#[test]
fn states_of_locks() {
    for (name, want) in [
        ("in-sync", LockState::InSync),
        ("in-sync-v1", LockState::InSync),
        ("in-sync-v1-in-chart-yaml", LockState::InSync),
        ("comment-changes-nothing", LockState::InSync),
        ("helm2", LockState::InSyncHelm2),
        ("out-of-sync-range", LockState::OutOfSync),
        ("out-of-sync-order", LockState::OutOfSync),
        ("out-of-sync-lock", LockState::OutOfSync),
        ("out-of-sync-v1", LockState::OutOfSync),
        ("empty-lock", LockState::Missing),
        ("no-dependencies", LockState::Missing),
    ] {
        let chart = fixtures().join("dependency").join(name).join("chart");
        let verified = verify_dependencies(&chart, &mut Sources::new()).unwrap();
        assert_eq!(verified.lock, want, "{name}");
        assert_eq!(
            verified.digest.is_some(),
            want != LockState::Missing,
            "{name}"
        );
    }
}

#[test]
fn files_that_are_no_digests() {
    for (text, words) in [
        ("", "missing field `format`"),
        (
            "format: chartkit.digests/v2\ndependencies: []\n",
            "expected `chartkit.digests/v1`",
        ),
        ("format: chartkit.digests/v1\n", "dependencies"),
        (
            "format: chartkit.digests/v1\ndependencies: []\nmore: 1\n",
            "more",
        ),
        (
            "format: chartkit.digests/v1\nformat: x\ndependencies: []\n",
            "format",
        ),
        (
            "format: chartkit.digests/v1\ndependencies: [{name: a, version: '1', path: p, content: 'sha256:00'}]\n",
            "not a digest",
        ),
        ("a: [", "cannot read Chart.digests"),
    ] {
        let mut sources = Sources::new();
        let file = sources.add("Chart.digests", text.as_bytes());
        let error = Digests::read(&sources, file).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn every_status_has_its_word() {
    let (_scratch, chart) = case("statuses");
    let listing = list_dependencies(&chart, &mut Sources::new()).unwrap();
    let found: Vec<_> = listing
        .declared
        .unwrap()
        .into_iter()
        .map(|(_, status)| status)
        .collect();
    for status in [
        Status::Ok,
        Status::Unpacked,
        Status::Missing,
        Status::WrongVersion,
        Status::InvalidVersion,
        Status::BadPattern,
        Status::TooManyMatches,
        Status::Corrupt,
        Status::Misnamed,
    ] {
        assert!(found.contains(&status), "{status}");
    }
    // A packed chart has no archives to look at.
    let loaded = io::load_chart(&chart, &mut Sources::new()).unwrap().chart;
    let ok = &loaded.metadata.dependencies.as_ref().unwrap()[0];
    assert_eq!(status(ok, &loaded, &[]), Status::Unpacked);
}

fn dependency() -> impl Strategy<Value = Dependency> {
    let text = || {
        prop::sample::select(vec![
            "", "a", "^1.0.0", ">=1 <2", "x & y", "\u{2028}", "\"\\",
        ])
    };
    let tags = prop::collection::vec(text().prop_map(str::to_owned), 0..3);
    (text(), text(), text(), text(), tags, any::<bool>(), text()).prop_map(
        |(name, version, repository, condition, tags, enabled, alias)| Dependency {
            name: name.to_owned(),
            version: version.to_owned(),
            repository: repository.to_owned(),
            condition: condition.to_owned(),
            tags,
            enabled,
            import_values: Vec::new(),
            alias: alias.to_owned(),
        },
    )
}

proptest! {
    /// A digest covers everything: it is the same exactly when both lists are.
    #[test]
    fn a_lock_digest_covers_all_fields(
        a in prop::collection::vec(dependency(), 0..3),
        b in prop::collection::vec(dependency(), 0..3),
        locked in prop::collection::vec(dependency(), 0..2),
    ) {
        let digest = |declared: &[Dependency], locked: &[Dependency]| Lock::digest_of(Some(declared), locked);
        prop_assert_eq!(a == b, digest(&a, &locked) == digest(&b, &locked));
        prop_assert_eq!(a == b, digest(&locked, &a) == digest(&locked, &b));
        prop_assert_eq!(a == b, Lock::helm2_digest_of(Some(&a)) == Lock::helm2_digest_of(Some(&b)));
        prop_assert_ne!(Lock::digest_of(None, &locked), digest(&[], &locked));
    }

    #[test]
    fn no_text_breaks_the_reader_of_digests(text in "[ -~\n]{0,60}") {
        let mut sources = Sources::new();
        let file = sources.add("Chart.digests", text.as_bytes());
        drop(Digests::read(&sources, file));
    }
}
