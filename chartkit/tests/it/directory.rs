//! Charts in directories: what the walk finds, follows and refuses.

use std::fs;
use std::path::Path;
use std::process::Command;

use chartkit::chart::archive::Limits;
use chartkit::chart::{Chart, File};
use chartkit::diagnostic::Code;
use chartkit::io::{self, ErrorKind};
use chartkit::source::Sources;
use chartkit::yaml;
use tempfile::TempDir;

use crate::chart::chain;

const CHART: &str = "apiVersion: v2\nname: a\nversion: 1.0.0\n";

/// A directory with these files; a name that ends with `/` is an empty directory.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    directory
}

fn names(path: &Path) -> Vec<String> {
    let found = io::read_directory(path, &Limits::default()).unwrap();
    found.files.into_iter().map(|file| file.name).collect()
}

fn refusal(path: &Path) -> (ErrorKind, String) {
    let error = io::load_chart(path, &mut Sources::new()).unwrap_err();
    let path = path.display().to_string();
    (error.kind(), chain(&error).replace(&path, "<chart>"))
}

#[test]
fn files_come_depth_first_in_the_order_of_bytes() {
    let chart = directory(&[
        ("Chart.yaml", CHART),
        ("a.txt", ""),
        ("a/b", ""),
        ("a/B/x", ""),
        ("B", ""),
        ("empty/", ""),
        ("ä", ""),
        (".helmignore", ""),
    ]);
    let want = [
        ".helmignore",
        "B",
        "Chart.yaml",
        "a/B/x",
        "a/b",
        "a.txt",
        "ä",
    ];
    assert_eq!(names(chart.path()), want);
}

#[test]
fn helmignore_at_the_root_counts() {
    let chart = directory(&[
        (".helmignore", "*.bak\n/docs/\nsub/secret\n"),
        ("Chart.yaml", CHART),
        ("x.bak", ""),
        ("docs/x", ""),
        ("other/docs/x", ""),
        ("sub/secret", ""),
        ("sub/other", ""),
        ("templates/.swp", ""),
        ("templates/.dir/x", ""),
        ("templates/sub/.swp", ""),
        ("charts/b/Chart.yaml", CHART),
        ("charts/b/.helmignore", "kept\n"),
        ("charts/b/kept", ""),
        ("charts/b/x.bak", ""),
    ]);
    let want = [
        ".helmignore",
        "Chart.yaml",
        "charts/b/.helmignore",
        "charts/b/Chart.yaml",
        "charts/b/kept",
        "other/docs/x",
        "sub/other",
        "templates/sub/.swp",
    ];
    assert_eq!(names(chart.path()), want);
}

#[test]
fn broken_rules_and_missing_charts_are_refused() {
    let chart = directory(&[(".helmignore", "a/**/b\n"), ("Chart.yaml", CHART)]);
    let (kind, text) = refusal(chart.path());
    assert_eq!(kind, ErrorKind::Input);
    assert!(
        text.contains("double-star (**) syntax is not supported"),
        "{text}"
    );

    let chart = directory(&[(".helmignore", "Chart.yaml\n"), ("Chart.yaml", CHART)]);
    assert_eq!(
        refusal(chart.path()).1,
        "cannot load the chart `<chart>`: Chart.yaml file is missing"
    );
    assert_eq!(
        refusal(&chart.path().join("none")).0,
        ErrorKind::Environment
    );
}

#[test]
fn what_is_no_archive_is_named() {
    let files = directory(&[
        ("values.yaml", "a: 1\n"),
        ("text.tgz", "a: 1\n"),
        ("empty", ""),
    ]);
    let text = |name: &str| refusal(&files.path().join(name)).1;
    assert_eq!(
        text("values.yaml"),
        "file `<chart>` seems to be a YAML file, but expected a gzipped archive"
    );
    for name in ["text.tgz", "empty"] {
        assert_eq!(
            text(name),
            "file `<chart>` does not appear to be a gzipped archive"
        );
    }
}

#[test]
fn large_files_are_refused() {
    let chart = directory(&[("Chart.yaml", CHART)]);
    let data = chart.path().join("data");
    let file = fs::File::create(&data).unwrap();
    file.set_len(5 * 1024 * 1024).unwrap();
    assert!(io::load_chart(chart.path(), &mut Sources::new()).is_ok());
    file.set_len(5 * 1024 * 1024 + 1).unwrap();
    assert_eq!(
        refusal(chart.path()).1,
        r#"chart file "data" is larger than the maximum file size 5242880"#
    );
}

#[test]
fn byte_order_marks_go_and_other_bytes_stay() {
    let chart = directory(&[("Chart.yaml", &format!("\u{FEFF}{CHART}"))]);
    fs::write(chart.path().join("README.md"), b"\xFF\x00\xEF").unwrap();
    fs::write(chart.path().join("values.yaml"), b"\xEF\xBB\xBFa: 1").unwrap();
    let loaded = io::load_chart(chart.path(), &mut Sources::new()).unwrap();
    let data: Vec<_> = loaded.chart.raw.iter().map(|file| &*file.data).collect();
    assert_eq!(data, [CHART.as_bytes(), b"\xFF\x00\xEF", b"a: 1"]);
    assert!(loaded.chart.raw.iter().all(|file| file.modified.is_some()));
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn links_are_followed_wherever_they_lead() {
        let elsewhere = directory(&[("x/y", "linked"), ("file", "text")]);
        let chart = directory(&[("Chart.yaml", CHART)]);
        symlink(elsewhere.path().join("x"), chart.path().join("dir")).unwrap();
        symlink(elsewhere.path().join("file"), chart.path().join("link")).unwrap();
        let root = elsewhere.path().join("root");
        symlink(chart.path(), &root).unwrap();
        let loaded = io::load_chart(&root, &mut Sources::new()).unwrap();
        let names: Vec<_> = loaded.chart.raw.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["Chart.yaml", "dir/y", "link"]);
        assert_eq!(&*loaded.chart.raw[1].data, b"linked");
        let codes: Vec<_> = loaded.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::SymbolicLink; 2]);
    }

    #[test]
    fn a_dangling_link_is_refused_even_if_it_is_ignored() {
        let chart = directory(&[("Chart.yaml", CHART), (".helmignore", "gone\nhidden/\n")]);
        let link = chart.path().join("gone");
        symlink("nowhere", &link).unwrap();
        let (kind, text) = refusal(chart.path());
        assert_eq!(kind, ErrorKind::Input);
        assert!(
            text.starts_with("error evaluating symlink <chart>/gone: "),
            "{text}"
        );

        fs::remove_file(link).unwrap();
        fs::create_dir(chart.path().join("hidden")).unwrap();
        symlink("nowhere", chart.path().join("hidden/gone")).unwrap();
        assert!(io::load_chart(chart.path(), &mut Sources::new()).is_ok());
    }

    #[test]
    fn loops_are_refused_unless_they_are_ignored() {
        let loops: [&[(&str, &str)]; 3] = [
            &[(".", "sub/loop")],
            &[("..", "sub/loop")],
            &[("../two", "one/link"), ("../one", "two/link")],
        ];
        for links in loops {
            let chart = directory(&[
                ("Chart.yaml", CHART),
                ("one/", ""),
                ("sub/", ""),
                ("two/", ""),
            ]);
            for (target, name) in links {
                symlink(target, chart.path().join(name)).unwrap();
            }
            let (kind, text) = refusal(chart.path());
            assert_eq!(kind, ErrorKind::Input);
            assert!(text.contains("it leads back to"), "{links:?}: {text}");
            fs::write(chart.path().join(".helmignore"), "loop/\nlink\n").unwrap();
            assert!(io::load_chart(chart.path(), &mut Sources::new()).is_ok());
        }
        let chart = directory(&[("Chart.yaml", CHART)]);
        symlink("self", chart.path().join("self")).unwrap();
        assert!(
            refusal(chart.path())
                .1
                .starts_with("error evaluating symlink")
        );
    }

    #[test]
    fn the_same_directory_may_be_linked_twice() {
        let chart = directory(&[("Chart.yaml", CHART), ("real/x", "")]);
        symlink("real", chart.path().join("again")).unwrap();
        symlink("real", chart.path().join("once")).unwrap();
        assert_eq!(
            names(chart.path()),
            ["Chart.yaml", "again/x", "once/x", "real/x"]
        );
    }

    #[test]
    fn irregular_files_are_refused() {
        let chart = directory(&[("Chart.yaml", CHART)]);
        symlink("/dev/null", chart.path().join("null")).unwrap();
        let want = "cannot load irregular file <chart>/null as it has file mode type bits set";
        assert_eq!(refusal(chart.path()).1, want);

        let chart = directory(&[("Chart.yaml", CHART)]);
        let _socket = UnixListener::bind(chart.path().join("socket")).unwrap();
        assert!(refusal(chart.path()).1.contains("irregular file"));
    }
}

/// A chart as text, without what depends on where it comes from: times, texts and places.
fn content(chart: &Chart) -> String {
    let files = |files: &[File]| {
        let files = files
            .iter()
            .map(|file| format!("{} {:?}", file.name, file.data));
        files.collect::<Vec<_>>().join("\n")
    };
    let values = chart.values.clone().unwrap_or_default();
    let dependencies: Vec<_> = chart.dependencies.iter().map(content).collect();
    format!(
        "{}\n{:?}\n{}\n{:?}\n{}\n{}\n{}\n{dependencies:#?}",
        yaml::to_json(&yaml::to_value(&chart.metadata).unwrap()),
        chart.lock,
        yaml::to_json(&yaml::Value::Table(values)),
        chart.schema,
        files(&chart.raw),
        files(&chart.files),
        files(&chart.templates),
    )
}

#[test]
fn a_directory_and_its_archive_are_the_same_chart() {
    let texts = [
        (".helmignore", "*.bak\n"),
        ("Chart.lock", "dependencies: []\n"),
        (
            "Chart.yaml",
            "\u{FEFF}apiVersion: v2\nname: a\nversion: 1.0.0\n",
        ),
        ("README.md", "text"),
        ("charts/b/Chart.yaml", CHART),
        ("charts/b/values.yaml", "x: 1"),
        ("crds/x.yaml", "x"),
        ("templates/x.yaml", "x"),
        ("values.schema.json", "{}"),
        ("values.yaml", "a: 1\n---\nb: |\n  x"),
    ];
    let chart = directory(&texts);
    let archive = chart.path().join("a.bak"); // ignored
    let gzip = flate2::GzBuilder::new().write(
        fs::File::create(&archive).unwrap(),
        flate2::Compression::fast(),
    );
    let mut tar = tar::Builder::new(gzip);
    for (name, text) in &texts {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("a/{name}"), text.as_bytes())
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    let load = |path: &Path| io::load_chart(path, &mut Sources::new()).unwrap().chart;
    let (from_directory, from_archive) = (load(chart.path()), load(&archive));
    assert_eq!(content(&from_directory), content(&from_archive));
    assert_eq!(from_directory.metadata, from_archive.metadata);
}

/// The version of `helm` on the path, if there is one.
fn helm_version() -> Option<String> {
    let output = Command::new("helm")
        .args(["version", "--template", "{{.Version}}"])
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[test]
fn what_helm_packs_is_the_chart_that_it_packed() {
    if helm_version().as_deref() != Some("v4.2.4") {
        return; // only the version that we follow can tell
    }
    let chart = directory(&[
        (".helmignore", "*.bak\n"),
        (
            "Chart.yaml",
            &format!("{CHART}dependencies: [{{name: b, version: 1.x}}]\n"),
        ),
        ("README.md", "text"),
        ("charts/b/Chart.yaml", &CHART.replace("name: a", "name: b")),
        ("charts/b/templates/x", "x"),
        ("crds/x.yaml", "x"),
        ("templates/x.yaml", "x"),
        ("values.schema.json", "{}"),
        ("values.yaml", "a: 1\n"),
        ("x.bak", ""),
    ]);
    let packed = tempfile::tempdir().unwrap();
    let helm = Command::new("helm")
        .args(["package".as_ref(), chart.path().as_os_str(), "-d".as_ref()])
        .arg(packed.path())
        .output()
        .unwrap();
    assert!(
        helm.status.success(),
        "{}",
        String::from_utf8_lossy(&helm.stderr)
    );
    let load = |path: &Path| io::load_chart(path, &mut Sources::new()).unwrap().chart;
    let (ours, helms) = (load(chart.path()), load(&packed.path().join("a-1.0.0.tgz")));
    assert_eq!(ours.metadata, helms.metadata);
    let sorted = |chart: &Chart| {
        // Helm rewrites Chart.yaml and has an order of its own.
        let files = chart
            .raw
            .iter()
            .filter(|file| !file.name.ends_with("Chart.yaml"));
        let mut files: Vec<_> = files
            .map(|file| (file.name.clone(), file.data.clone()))
            .collect();
        files.sort();
        files
    };
    assert_eq!(sorted(&ours), sorted(&helms));
    assert_eq!(
        ours.dependencies[0].metadata,
        helms.dependencies[0].metadata
    );
}
