//! Packaging: the cases of `fixtures/package`, same input same bytes, and writing whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chartkit::chart::archive::{self, Limits};
use chartkit::chart::{self, Chart, File};
use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::digest::Sha256;
use chartkit::io::{ErrorKind, load_chart, read_directory, write_archive};
use chartkit::package::{
    Contents, Difference, PackageOptions, Plan, ProfileSelection, explain_difference, plan,
    same_content,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use proptest::prelude::*;

use crate::{assert_snapshot, fixtures};

fn planned(chart: &Path, options: &PackageOptions) -> Result<Plan, Diagnostic> {
    let mut sources = Sources::new();
    let loaded = load_chart(chart, &mut sources).map_err(|error| Diagnostic::from(&error))?;
    let chart = loaded.chart;
    let supported = chart.check_api_version();
    supported.map_err(|error| Diagnostic::from(&chartkit::io::Error::from(error)))?;
    plan(&chart, options, &mut sources).map_err(|error| Diagnostic::from(&error))
}

fn shop() -> Plan {
    planned(&fixtures().join("charts/shop"), &PackageOptions::default()).unwrap()
}

/// Every chart among the fixtures that can be packaged.
fn charts() -> Vec<PathBuf> {
    let mut charts = vec![fixtures().join("charts/shop")];
    for family in ["package", "profiles", "values"] {
        for case in fs::read_dir(fixtures().join(family)).unwrap() {
            let chart = case.unwrap().path().join("chart");
            if chart.is_dir() && planned(&chart, &PackageOptions::default()).is_ok() {
                charts.push(chart);
            }
        }
    }
    assert!(charts.len() > 40, "{}", charts.len());
    charts.sort();
    charts
}

#[test]
fn entries_are_those_of_helm() {
    let mut lists = 0;
    for case in fs::read_dir(fixtures().join("package")).unwrap() {
        let case = case.unwrap().path();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(want) = fs::read_to_string(case.join("want.list")) else {
            continue;
        };
        let plan = planned(&case.join("chart"), &PackageOptions::default()).unwrap();
        let entries: BTreeMap<_, _> = (plan.entries.iter())
            .map(|entry| (entry.path.as_bytes(), entry))
            .collect();
        let lines = entries.values().map(|entry| {
            let digest = Sha256::of(&entry.data).hex();
            format!("{digest} {} {}\n", entry.data.len(), entry.path)
        });
        let got = format!("{}\n{}", plan.file_name, lines.collect::<String>());
        assert_eq!(got, want, "{name}");
        let digest = format!("{}\n", plan.measure().digest);
        assert_snapshot(&case.join("snap.sha256"), &digest);
        lists += 1;
    }
    assert!(lists >= 5);
}

/// What Helm says is in each case's `want.error`.
#[test]
fn what_helm_refuses_is_refused() {
    let cases = [
        (
            "invalid-schema",
            "chart/values.schema.json: EOF while parsing a value at line 2 column 0",
        ),
        (
            "invalid-version",
            r#"validation: chart.metadata.version "one" is invalid"#,
        ),
        (
            "missing-dependency",
            "found in Chart.yaml, but missing in charts/ directory: gone",
        ),
        (
            "stray-file-in-charts",
            "error unpacking subchart README.md in app: Chart.yaml file is missing",
        ),
        (
            "unknown-api-version",
            "the chart cannot be used: unsupported chart version",
        ),
        (
            "version-three",
            "the chart cannot be used: invalid chart apiVersion",
        ),
    ];
    for (name, text) in cases {
        let case = fixtures().join("package").join(name);
        assert!(case.join("want.error").exists());
        let error = planned(&case.join("chart"), &PackageOptions::default()).unwrap_err();
        assert!(error.message.ends_with(text), "{name}: {}", error.message);
    }
    let refused = fs::read_dir(fixtures().join("package")).unwrap();
    let refused = refused.filter(|case| case.as_ref().unwrap().path().join("want.error").exists());
    assert_eq!(refused.count(), cases.len());
}

#[test]
fn a_directory_and_its_own_archive_give_the_same_bytes() {
    for chart in charts() {
        let bytes = planned(&chart, &PackageOptions::default())
            .unwrap()
            .to_bytes();
        let mut sources = Sources::new();
        let loaded = chart::load_archive(&*bytes, "again", &Limits::default(), &mut sources);
        let again = loaded.unwrap().chart;
        let again = plan(&again, &PackageOptions::default(), &mut sources).unwrap();
        assert!(again.to_bytes() == bytes, "{}", chart.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_files_does_not_matter(
        (chart, files) in proptest::sample::select(charts())
            .prop_flat_map(|chart| {
                let files = read_directory(&chart, &Limits::default()).unwrap().files;
                (Just(chart), Just(files).prop_shuffle())
            })
    ) {
        let mut sources = Sources::new();
        let shuffled = chart::load(files, "shuffled", &mut sources).unwrap().chart;
        let options = PackageOptions::default();
        let shuffled = plan(&shuffled, &options, &mut sources).unwrap();
        prop_assert!(shuffled.to_bytes() == planned(&chart, &options).unwrap().to_bytes());
    }

    #[test]
    fn content_is_the_same_exactly_when_no_difference_is_found(
        a in proptest::collection::btree_map("[ab]{1,2}(/[a])?", "[x\n]{0,3}", 0..5),
        b in proptest::collection::btree_map("[ab]{1,2}(/[a])?", "[x\n]{0,3}", 0..5),
    ) {
        let contents = |files: &BTreeMap<String, String>| {
            let mut plan = shop();
            let sample = plan.entries[0].clone();
            plan.entries = (files.iter())
                .map(|(path, text)| {
                    let mut entry = sample.clone();
                    entry.path = format!("shop/{path}");
                    entry.data = text.as_bytes().into();
                    entry
                })
                .collect();
            Contents::of_plan(&plan)
        };
        let (first, second) = (contents(&a), contents(&b));
        let differences = explain_difference(&first, &second);
        prop_assert_eq!(a == b, same_content(&first, &second));
        prop_assert_eq!(a == b, differences.is_empty());
        prop_assert_eq!(a == b, first.digest() == second.digest());
        for difference in &differences {
            let path = difference.path();
            let as_told = match difference {
                Difference::Removed { .. } => a.contains_key(path) && !b.contains_key(path),
                Difference::Added { .. } => !a.contains_key(path) && b.contains_key(path),
                _ => a[path] != b[path],
            };
            prop_assert!(as_told);
        }
        let both = a.keys().chain(b.keys());
        let differing = both.filter(|path| a.get(*path) != b.get(*path));
        let differing: std::collections::BTreeSet<_> = differing.map(String::as_str).collect();
        prop_assert!(differences.iter().map(Difference::path).eq(differing));
    }
}

#[test]
fn the_container_is_that_of_helm_with_a_fixed_time() {
    let plan = shop();
    let bytes = plan.to_bytes();
    let mut header = vec![0x1F, 0x8B, 8, 0x14, 0, 0, 0, 0, 0, 255, 44, 0];
    header.extend(b"rr\x28\x00aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=Helm\0");
    assert_eq!(bytes[..header.len()], header);
    assert_eq!(plan.measure().digest, Sha256::of(&bytes));
    assert_eq!(plan.measure().length, bytes.len() as u64);

    for (time, seconds) in [
        (Timestamp::from_unix(PackageOptions::EPOCH, 0), 315_532_800),
        (
            Timestamp::from_unix(1_700_000_000, 499_999_999),
            1_700_000_000,
        ),
        (
            Timestamp::from_unix(1_700_000_000, 500_000_000),
            1_700_000_001,
        ),
        (Timestamp::from_unix(0, 0), 0),
    ] {
        let mut plan = plan.clone();
        plan.time = time;
        let bytes = plan.to_bytes();
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&*bytes));
        let mut paths = Vec::new();
        for entry in tar.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert!(header.as_ustar().is_some());
            assert_eq!(header.entry_type(), tar::EntryType::Regular);
            assert_eq!(header.mode().unwrap(), 0o644);
            assert_eq!(header.mtime().unwrap(), seconds);
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            assert_eq!(header.username().unwrap(), Some(""));
            paths.push(entry.path().unwrap().to_string_lossy().into_owned());
        }
        assert!(
            paths
                .iter()
                .eq(plan.entries.iter().map(|entry| &entry.path))
        );
    }
}

#[test]
fn names_that_ustar_cannot_hold_are_read_back() {
    let case = fixtures().join("package/long-names/chart");
    let plan = planned(&case, &PackageOptions::default()).unwrap();
    let bytes = plan.to_bytes();
    let ours = archive::read(&*bytes, &Limits::default()).unwrap();
    let mut theirs = tar::Archive::new(flate2::read::GzDecoder::new(&*bytes));
    let theirs = theirs.entries().unwrap().map(|entry| {
        let path = entry.unwrap().path().unwrap().into_owned();
        path.to_str().unwrap().to_owned()
    });
    let want: Vec<_> = plan
        .entries
        .iter()
        .map(|entry| entry.path.clone())
        .collect();
    assert_eq!(theirs.collect::<Vec<_>>(), want);
    let ours = ours.iter().map(|file| format!("app/{}", file.name));
    assert_eq!(ours.collect::<Vec<_>>(), want);
}

#[test]
fn overrides_go_into_the_archive_only() {
    let chart = fixtures().join("charts/shop");
    let before = fs::read(chart.join("Chart.yaml")).unwrap();
    let mut options = PackageOptions::default();
    options.version = Some("2.0.0-rc.1+build.7".to_owned());
    options.app_version = Some("007".to_owned());
    options.annotations = BTreeMap::from([("revision".to_owned(), "abc: 1".to_owned())]);
    let plan = planned(&chart, &options).unwrap();
    assert_eq!(plan.file_name, "shop-2.0.0-rc.1+build.7.tgz");
    let written = String::from_utf8(plan.entries[0].data.to_vec()).unwrap();
    assert_eq!(
        written,
        "annotations:\n  revision: 'abc: 1'\napiVersion: v2\nappVersion: \"007\"\n\
         description: The web shop of the examples\nname: shop\ntype: application\n\
         version: 2.0.0-rc.1+build.7\n"
    );
    assert_eq!(fs::read(chart.join("Chart.yaml")).unwrap(), before);

    options.version = Some("one".to_owned());
    let error = planned(&chart, &options).unwrap_err();
    assert!(
        error.message.starts_with("`one` is no version"),
        "{}",
        error.message
    );
    assert!(error.labels.is_empty(), "Chart.yaml is not to blame");
}

#[test]
fn selected_profiles_ride_with_what_they_extend() {
    let riding = |selection: ProfileSelection| -> Vec<String> {
        let mut options = PackageOptions::default();
        options.profiles = selection;
        let plan = planned(&fixtures().join("charts/shop"), &options).unwrap();
        let folders = plan.entries.iter().filter_map(|entry| {
            let rest = entry.path.strip_prefix("shop/profiles/")?;
            Some(rest.split('/').next().unwrap().to_owned())
        });
        let mut folders: Vec<_> = folders.collect();
        folders.dedup();
        folders
    };
    let only = |name: &str| riding(ProfileSelection::Only(vec![name.to_owned()]));
    assert_eq!(
        riding(ProfileSelection::All),
        ["base", "canary", "production", "qa1"]
    );
    assert_eq!(only("qa1"), ["base", "qa1"]);
    assert_eq!(only("canary"), ["base", "canary", "production"]);
    assert!(riding(ProfileSelection::None).is_empty());
}

#[test]
fn a_selection_counts_in_subcharts_too() {
    let mut options = PackageOptions::default();
    let chart = fixtures().join("profiles/only-in-subchart/chart");
    options.profiles = ProfileSelection::Only(vec!["qa1".to_owned()]);
    let plan = planned(&chart, &options).unwrap();
    let paths: Vec<_> = plan
        .entries
        .iter()
        .map(|entry| entry.path.as_str())
        .collect();
    assert!(
        paths.contains(&"app/charts/sub/profiles/base/values.yaml"),
        "{paths:?}"
    );

    options.profiles = ProfileSelection::Only(vec!["qa1".to_owned(), "gone".to_owned()]);
    let error = planned(&chart, &options).unwrap_err();
    assert!(
        error
            .message
            .contains("neither the chart nor a subchart has a profile `gone`")
    );
    assert_eq!(error.help.as_deref(), Some("the chart has: base, qa1"));
}

#[test]
fn profiles_that_cannot_work_are_not_packaged() {
    let selections = [
        ProfileSelection::All,
        ProfileSelection::None,
        ProfileSelection::Only(vec!["other".to_owned()]),
    ];
    // Plain secrets never ride, and are reported even when the profile would not ride.
    for (case, code) in [
        ("plain-secrets", Code::PlainSecrets),
        ("plain-secret-among-encrypted", Code::PlainValue),
        ("secrets-without-a-mac", Code::InvalidMetadata),
    ] {
        for selection in &selections {
            let mut options = PackageOptions::default();
            options.profiles = selection.clone();
            let chart = fixtures().join("profiles").join(case).join("chart");
            let error = planned(&chart, &options).unwrap_err();
            assert_eq!(error.code, code, "{case}");
            assert!(error.message.contains("must not be packaged"), "{case}");
        }
    }
    for case in ["cycle", "unknown-base", "unknown-field"] {
        let chart = fixtures().join("profiles").join(case).join("chart");
        planned(&chart, &PackageOptions::default()).unwrap_err();
    }
}

#[test]
fn a_chart_that_fills_the_release_secret_is_reported() {
    let mut sources = Sources::new();
    let mut chart = load_chart(&fixtures().join("charts/shop"), &mut sources)
        .unwrap()
        .chart;
    let small = plan(&chart, &PackageOptions::default(), &mut sources).unwrap();
    assert!(small.diagnostics.is_empty());
    let size = small.release_size(&chart);
    assert!((1_000..6_000).contains(&size), "{size}");

    // What cannot be compressed grows by 4/3 twice: base64 in JSON, deflated again, base64.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(960_000)
    .collect();
    chart.files.push(file("files/noise.bin", &noise));
    let large = plan(&chart, &PackageOptions::default(), &mut sources).unwrap();
    let size = large.release_size(&chart);
    assert!((1_270_000..1_330_000).contains(&size), "{size}");
    let [warning] = &large.diagnostics[..] else {
        panic!("{:?}", large.diagnostics);
    };
    assert_eq!(warning.code, Code::ReleaseTooLarge);
    assert!(
        warning
            .help
            .as_ref()
            .unwrap()
            .contains("shop/files/noise.bin (960000 bytes)")
    );

    // Exactly at the estimate, although most charts are passed without one.
    for (budget, warnings) in [(size - 1, 1), (size, 0)] {
        let mut options = PackageOptions::default();
        options.release_budget = budget;
        let plan = plan(&chart, &options, &mut sources).unwrap();
        assert_eq!(plan.diagnostics.len(), warnings);
    }
}

#[test]
fn overrides_are_in_the_release_secret_too() {
    let mut sources = Sources::new();
    let chart = load_chart(&fixtures().join("charts/shop"), &mut sources)
        .unwrap()
        .chart;
    let size = |options: &PackageOptions, sources: &mut Sources| {
        plan(&chart, options, sources).unwrap().release_size(&chart)
    };
    let plain = size(&PackageOptions::default(), &mut sources);
    let mut options = PackageOptions::default();
    // Nothing that repeats, so that it cannot be compressed to nothing.
    let digests = (0..8_u8).map(|i| (format!("image-{i}"), Sha256::of(&[i]).to_string()));
    options.annotations = digests.collect();
    let annotated = size(&options, &mut sources);
    assert!(annotated > plain + 8 * 32, "{plain} {annotated}");
}

fn file(name: &str, data: &[u8]) -> File {
    File {
        name: name.to_owned(),
        data: data.into(),
        modified: None,
    }
}

/// Takes so many bytes, a few at a time, and then fails as a full disk does.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0).min(7);
        self.0 -= taken;
        match taken {
            0 if !bytes.is_empty() => Err(io::ErrorKind::StorageFull.into()),
            taken => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_anywhere_is_an_error() {
    let plan = shop();
    let length = plan.to_bytes().len();
    for room in (0..length).step_by(13).chain([length - 1]) {
        let error = plan.write_to(Full(room)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
    }
    plan.write_to(Full(length)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_archive_is_immutable() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/dist");
    let first = write_archive(&shop(), &out, false).unwrap();
    assert!(!first.already_there);
    assert_eq!(first.path, out.join("shop-1.4.0.tgz"));
    let bytes = fs::read(&first.path).unwrap();
    assert_eq!(first.digest, Sha256::of(&bytes));

    // Another container, as another tool would have made it: same content, left alone.
    let other = repacked(&bytes);
    assert!(other != bytes);
    fs::write(&first.path, &other).unwrap();
    let unchanged = write_archive(&shop(), &out, false).unwrap();
    assert!(unchanged.already_there);
    assert_eq!(unchanged.digest, Sha256::of(&other));
    assert!(fs::read(&first.path).unwrap() == other);

    let mut changed = shop();
    changed.entries[2].data = b"secret: hunter2\n"[..].into();
    let last = changed.entries.pop().unwrap();
    let mut extra = last.clone();
    extra.path = "shop/extra".to_owned();
    changed.entries.push(extra);
    let error = write_archive(&changed, &out, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    let text = error.to_string();
    let paths = [
        &changed.entries[2].path,
        &last.path,
        &changed.entries.last().unwrap().path,
    ];
    for path in paths {
        assert!(text.contains(path.strip_prefix("shop/").unwrap()), "{text}");
    }
    assert!(!text.contains("hunter2"));
    assert!(fs::read(&first.path).unwrap() == other, "untouched");

    let forced = write_archive(&changed, &out, true).unwrap();
    assert!(fs::read(&forced.path).unwrap() == changed.to_bytes());
    assert_eq!(names(&out), ["shop-1.4.0.tgz"], "no temporary files");

    fs::write(&first.path, b"no archive").unwrap();
    let error = write_archive(&shop(), &out, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert_eq!(fs::read(&first.path).unwrap(), b"no archive");
}

/// The same files in reverse order, with other times and another compression.
fn repacked(bytes: &[u8]) -> Vec<u8> {
    let mut files = archive::read(bytes, &Limits::default()).unwrap();
    files.reverse();
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.data.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(7);
        tar.append_data(&mut header, format!("shop/{}", file.name), &*file.data)
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_destination_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, b"x").unwrap();
    let directory = folder.path().join("shop-1.4.0.tgz");
    fs::create_dir(&directory).unwrap();
    for destination in [
        in_the_way.clone(),
        in_the_way.join("below"),
        folder.path().to_owned(), // a directory has the archive's name
        "/proc/chartkit".into(),
    ] {
        for force in [false, true] {
            let error = write_archive(&shop(), &destination, force).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
            assert!(
                error.to_string().contains(destination.to_str().unwrap()),
                "{error}"
            );
            assert!(std::error::Error::source(&error).is_some());
        }
    }
    assert_eq!(names(folder.path()), ["file", "shop-1.4.0.tgz"]);
    assert!(names(&directory).is_empty());
}

#[test]
fn subcharts_of_one_name_stay_in_the_order_of_their_entries() {
    let mut sources = Sources::new();
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        (
            "charts/b/Chart.yaml",
            "apiVersion: v2\nname: a\nversion: 1.0.0\n",
        ),
        (
            "charts/a/Chart.yaml",
            "apiVersion: v2\nname: z\nversion: 1.0.0\n",
        ),
        (
            "charts/c/Chart.yaml",
            "apiVersion: v2\nname: a\nversion: 2.0.0\n",
        ),
    ];
    let files = files.map(|(name, text)| file(name, text.as_bytes()));
    let chart: Chart = chart::load(files.to_vec(), "app", &mut sources)
        .unwrap()
        .chart;
    let plan = plan(&chart, &PackageOptions::default(), &mut sources).unwrap();
    let texts = plan.entries.iter().map(|entry| {
        let text = String::from_utf8_lossy(&entry.data);
        let version = text.lines().last().unwrap().to_owned();
        format!("{} {version}", entry.path)
    });
    assert_eq!(
        texts.collect::<Vec<_>>(),
        [
            "app/Chart.yaml version: 1.0.0",
            "app/charts/a/Chart.yaml version: 1.0.0",
            "app/charts/a/Chart.yaml version: 2.0.0",
            "app/charts/z/Chart.yaml version: 1.0.0",
        ]
    );
}
