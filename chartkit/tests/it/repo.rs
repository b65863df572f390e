//! Indexes of repositories: the cases of `fixtures/repo`, whose `want.*` are Helm's, hostile texts, and laws.

use std::fs;
use std::path::Path;

use chartkit::chart::Metadata;
use chartkit::diagnostic::Diagnostic;
use chartkit::digest::Sha256;
use chartkit::io::{index_directory, read_index};
use chartkit::repo::{IndexErrorKind, IndexFile, LoadedIndex, Strictness, local_path, read};
use chartkit::semver::Version;
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use proptest::prelude::*;

use crate::{fixture, fixtures};

fn now() -> Timestamp {
    Timestamp::from_unix(1_790_000_000, 0)
}

/// Every time of now as the recorder writes it.
fn without_now(text: &str) -> String {
    text.replace(&now().to_string(), "NOW")
}

fn read_text(text: &[u8], strictness: Strictness) -> Result<LoadedIndex, IndexErrorKind> {
    let mut sources = Sources::new();
    let file = sources.add("index.yaml", text);
    read(&sources, file, strictness).map_err(|error| {
        let diagnostic = Diagnostic::from(&error);
        assert!(!diagnostic.message.is_empty());
        error.kind()
    })
}

/// An empty folder's index with this one merged in is what Helm writes, or both refuse.
#[test]
fn indexes_are_read_as_by_helm() {
    let folder = fixtures().join("repo/read");
    let (mut taken, mut refused) = (0, 0);
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("want.") {
            continue;
        }
        let want = fs::read_to_string(folder.join(format!("want.{name}"))).unwrap();
        let loaded = read_index(&folder.join(&name), Strictness::Helm, &mut Sources::new());
        match (loaded, want.strip_prefix("error\n")) {
            (Err(error), Some(_)) => {
                let message = Diagnostic::from(&error).message;
                assert!(message.starts_with("cannot read the index"), "{message}");
                refused += 1;
            }
            (Ok(loaded), None) => {
                let mut index = IndexFile::new(now());
                index.merge(&loaded.index);
                index.sort();
                assert_eq!(without_now(&index.to_yaml()), want, "{name}");
                taken += 1;
            }
            (loaded, _) => panic!("{name}: {loaded:?}, Helm: {want}"),
        }
    }
    assert!(taken > 18 && refused > 18, "{taken} {refused}");
}

#[test]
fn what_is_lenient_takes_more() {
    for name in [
        "unknown-field",
        "unknown-field-in-entry",
        "unknown-field-in-dependency",
        "duplicate-key",
        "duplicate-chart",
        "duplicate-field",
        "number-as-version",
        "number-as-app-version",
        "number-as-maintainer",
        "number-in-dependency",
        "bool-as-annotation",
    ] {
        let text = fixture(&format!("repo/read/{name}.yaml"));
        assert!(
            read_text(text.as_bytes(), Strictness::Helm).is_err(),
            "{name}"
        );
        assert!(
            read_text(text.as_bytes(), Strictness::Lenient).is_ok(),
            "{name}"
        );
    }
    let text = fixture("repo/read/number-as-version.yaml");
    let index = read_text(text.as_bytes(), Strictness::Lenient)
        .unwrap()
        .index;
    assert_eq!(index.entries["m"][0].metadata.version, "1.2");
}

#[test]
fn entries_that_are_left_out_are_named_with_their_place() {
    let mut sources = Sources::new();
    let file = sources.add(
        "index.yaml",
        fixture("repo/read/invalid-entries.yaml").as_bytes(),
    );
    let loaded = read(&sources, file, Strictness::Helm).unwrap();
    assert_eq!(loaded.index.entries["m"].len(), 1);
    assert_eq!(loaded.diagnostics.len(), 6);
    assert!(
        loaded
            .diagnostics
            .iter()
            .all(|diagnostic| diagnostic.labels.len() == 1)
    );
}

#[test]
fn urls_are_joined_as_by_helm() {
    let bases = fixture("repo/urls.txt");
    let wants = fixture("repo/want.urls.txt");
    let folder = fixtures().join("repo/index/plain/dir");
    assert_eq!(bases.lines().count(), wants.lines().count());
    for (base, want) in bases.lines().zip(wants.lines()) {
        let mut index = index_directory(&folder, base, now()).unwrap();
        index.sort();
        let versions = index.entries.values().flatten();
        let urls: String = versions
            .map(|v| format!("\t{}", v.first_url().unwrap()))
            .collect();
        // Helm's text was JSON, with `&` escaped.
        assert_eq!(format!("{base}{}", urls.replace('&', "\\u0026")), want);
    }
}

#[test]
fn versions_are_found_as_by_helm() {
    let mut sources = Sources::new();
    let index = read_index(
        &fixtures().join("repo/lookup.yaml"),
        Strictness::Helm,
        &mut sources,
    );
    let index = index.unwrap().index;
    let (queries, wants) = (fixture("repo/queries.txt"), fixture("repo/want.lookup.txt"));
    assert_eq!(queries.lines().count(), wants.lines().count());
    for (query, want) in queries.lines().zip(wants.lines()) {
        let (name, version) = query.split_once('\t').unwrap();
        let found = match index.get(name, version) {
            Ok(found) => found.metadata.version.clone(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(found, want, "{query}");
    }
}

#[test]
fn hostile_texts_are_refused_or_read() {
    // Larger than any other file of a chart may be: allowed for an index.
    let entries: String = (0..60_000)
        .map(|n| {
            format!(
                "  - {{name: m, version: 1.0.{n}, urls: [m-1.0.{n}.tgz], description: {:40}}}\n",
                'x'
            )
        })
        .collect();
    let text = format!("apiVersion: v1\nentries:\n  m:\n{entries}");
    assert!(text.len() > 5 * 1024 * 1024);
    let index = read_text(text.as_bytes(), Strictness::Helm).unwrap().index;
    assert_eq!(index.entries["m"][0].metadata.version, "1.0.59999");
    drop(text);

    let too_large = vec![b' '; 64 * 1024 * 1024 + 1];
    assert_eq!(
        read_text(&too_large, Strictness::Helm).unwrap_err(),
        IndexErrorKind::Syntax
    );
    drop(too_large);
    let deep = [
        &b"apiVersion: v1\nserverInfo: {a: "[..],
        &b"[".repeat(100_000),
    ]
    .concat();
    assert_eq!(
        read_text(&deep, Strictness::Helm).unwrap_err(),
        IndexErrorKind::Syntax
    );
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(
        read_text(deep.as_bytes(), Strictness::Helm).unwrap_err(),
        IndexErrorKind::Syntax
    );
    let mut bomb =
        String::from("apiVersion: v1\nserverInfo:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..9 {
        let list = vec![format!("*a{}", n - 1); 9].join(", ");
        bomb += &format!("  a{n}: &a{n} [{list}]\n");
    }
    assert_eq!(
        read_text(bomb.as_bytes(), Strictness::Lenient).unwrap_err(),
        IndexErrorKind::Syntax
    );
    for text in [
        &b"\xFF\xFE\x00\x00"[..],
        b"\0",
        b"- {",
        b"{\"apiVersion\": 1}",
        b"%YAML 9\n---\n",
    ] {
        drop(read_text(text, Strictness::Helm));
        drop(read_text(text, Strictness::Lenient));
    }
}

#[test]
fn a_url_stays_beside_the_index() {
    for (url, path) in [
        ("a-1.tgz", "a-1.tgz"),
        ("./a-1.tgz", "a-1.tgz"),
        ("x/../a-1.tgz", "a-1.tgz"),
        ("a%2Ftgz", "a/tgz"),
        ("a-1.tgz?x=y#z", "a-1.tgz"),
        ("ä.tgz", "ä.tgz"),
    ] {
        assert_eq!(local_path(url).as_deref(), Ok(path), "{url}");
    }
    for url in [
        "",
        ".",
        "/a",
        "../a",
        "x/../../a",
        "%2e%2e/a",
        "%2Fetc/passwd",
        "a\\b",
        "http:a",
        "//h/a",
        "C:\\a",
        "file:///a",
        "a%00",
        "%zz",
        "\u{1}",
        "..%2fa",
    ] {
        assert!(local_path(url).is_err(), "{url}: {:?}", local_path(url));
    }
}

fn version() -> impl Strategy<Value = String> {
    let prerelease = prop::sample::select(vec!["", "-rc.1", "-rc.10", "-a"]);
    let metadata = prop::sample::select(vec!["", "+a", "+b"]);
    (0..3u8, 0..12u8, 0..2u8, prerelease, metadata)
        .prop_map(|(a, b, c, pre, build)| format!("{a}.{b}.{c}{pre}{build}"))
}

fn index() -> impl Strategy<Value = IndexFile> {
    let text = || {
        prop::sample::select(vec![
            "",
            "x",
            "a: b",
            "<&>",
            "null",
            "1.10",
            "ä\u{2028}",
            " y ",
            "#",
        ])
    };
    let entry = (
        prop::sample::select(vec!["a", "b", "c-d"]),
        version(),
        text(),
        text(),
    );
    prop::collection::vec(entry, 0..20).prop_map(|entries| {
        let mut index = IndexFile::new(now());
        for (name, version, description, app_version) in entries {
            let mut metadata = Metadata::default();
            name.clone_into(&mut metadata.name);
            metadata.version = version;
            description.clone_into(&mut metadata.description);
            app_version.clone_into(&mut metadata.app_version);
            let file = format!("{name}.tgz");
            let digest = Sha256::of(description.as_bytes());
            index
                .add(metadata, "https://h/x", "sub", &file, digest, now())
                .unwrap();
        }
        index
    })
}

proptest! {
    /// Both text forms come back as what they were.
    #[test]
    fn an_index_survives_its_text(index in index()) {
        let mut index = index;
        index.sort();
        for text in [index.to_yaml(), index.to_json()] {
            let again = read_text(text.as_bytes(), Strictness::Helm);
            let again = again.map_err(|kind| TestCaseError::fail(format!("{kind:?}\n{text}")))?;
            prop_assert!(again.diagnostics.is_empty());
            prop_assert_eq!(again.index.to_yaml(), index.to_yaml());
            prop_assert_eq!(again.index.to_json(), index.to_json());
        }
    }

    /// Newest first; nothing is lost; twice is once.
    #[test]
    fn sorting_orders_by_precedence(index in index()) {
        let mut sorted = index.clone();
        sorted.sort();
        for (name, versions) in &sorted.entries {
            prop_assert_eq!(versions.len(), index.entries[name].len());
            let parsed: Vec<_> = versions.iter().map(|v| Version::parse(&v.metadata.version).unwrap()).collect();
            prop_assert!(parsed.windows(2).all(|pair| pair[0].cmp_precedence(&pair[1]).is_ge()));
        }
        let mut again = sorted.clone();
        again.sort();
        prop_assert_eq!(again, sorted);
    }

    /// Merging adds what is missing, keeps what is there, and does nothing the second time.
    #[test]
    fn merging_is_idempotent_and_keeps_what_is_there(a in index(), b in index()) {
        let mut merged = a.clone();
        merged.merge(&b);
        for version in b.entries.values().flatten() {
            prop_assert!(merged.get(&version.metadata.name, &version.metadata.version).is_ok());
        }
        for (name, versions) in &a.entries {
            prop_assert_eq!(&merged.entries[name][..versions.len()], &versions[..]);
        }
        let mut again = merged.clone();
        again.merge(&b);
        prop_assert_eq!(&again, &merged);
        again.merge(&a);
        prop_assert_eq!(again, merged);
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[ -~\n]{0,80}") {
        for strictness in [Strictness::Helm, Strictness::Lenient] {
            drop(read_text(text.as_bytes(), strictness));
        }
        drop(local_path(&text));
    }

    #[test]
    fn no_base_url_breaks_joining(base in "[ -~ä]{0,20}") {
        let mut index = IndexFile::new(now());
        let mut metadata = Metadata::default();
        metadata.name = "a".to_owned();
        metadata.version = "1.0.0".to_owned();
        index.add(metadata, &base, "sub", "a-1.0.0.tgz", Sha256::of(b""), now()).unwrap();
        prop_assert!(index.entries["a"][0].first_url().is_some());
    }
}

/// The whole way of `repo index` is compared in the tests of the command.
#[test]
fn a_folder_that_is_not_there_is_an_error() {
    assert!(index_directory(Path::new("/nowhere"), "", now()).is_err());
}
