//! Real charts, where they are at hand: `CHARTKIT_CORPUS` names the folder.
//!
//! Each `<name>.src.tgz` is loaded as an archive and, unpacked, as a directory; both must be what
//! Helm said in `<name>.expected.json`.

use std::fs;
use std::path::{Path, PathBuf};

use chartkit::chart::Loaded;
use chartkit::chart::archive::{self, Limits};
use chartkit::io;
use chartkit::source::Sources;
use chartkit::yaml::{self, EmitStyle};
use serde_json::Value as Json;

use crate::chart::chain;

fn archives(corpus: &Path) -> Vec<PathBuf> {
    let entries = |path: &Path| {
        let entries = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries.collect::<Vec<_>>()
    };
    let groups = entries(corpus).into_iter().filter(|path| path.is_dir());
    let files = groups.flat_map(|group| entries(&group));
    let mut archives: Vec<_> = files
        .filter(|path| path.to_string_lossy().ends_with(".src.tgz"))
        .collect();
    archives.sort();
    archives
}

fn unpack(archive: &Path, folder: &Path) {
    let files = archive::read(fs::File::open(archive).unwrap(), &Limits::default()).unwrap();
    for file in files {
        let path = folder.join(&file.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.data).unwrap();
    }
}

/// Exit code and first line of what would be printed, for `helm show chart` and `helm package`.
fn show(loaded: &Result<Loaded, io::Error>) -> Result<String, String> {
    match loaded {
        Ok(loaded) => {
            let metadata = yaml::to_value(&loaded.chart.metadata).unwrap();
            Ok(yaml::to_yaml(&metadata, EmitStyle::V2) + "\n")
        }
        Err(error) => Err(error
            .load_error()
            .map_or_else(|| chain(error), |e| chain(e))),
    }
}

fn package(loaded: &Result<Loaded, io::Error>) -> Result<(), String> {
    let chart = &loaded.as_ref().map_err(|error| chain(error))?.chart;
    chart
        .check_api_version()
        .map_err(|error| error.to_string())?;
    match chart.missing_dependencies() {
        missing if missing.is_empty() => Ok(()),
        missing => Err(format!("missing {missing:?}")),
    }
}

#[test]
fn real_charts_are_loaded_as_by_helm() {
    let Some(corpus) = std::env::var_os("CHARTKIT_CORPUS") else {
        return; // a gate of the release, not of every build
    };
    let (mut shown, mut refused, mut packaged, mut wrong) = (0, 0, 0, Vec::new());
    for archive in archives(Path::new(&corpus)) {
        let base = archive.to_string_lossy().replace(".src.tgz", "");
        let expected = fs::read_to_string(format!("{base}.expected.json")).unwrap();
        let expected: Json = serde_json::from_str(&expected).unwrap();
        let folder = tempfile::tempdir().unwrap();
        unpack(&archive, folder.path());
        let mut fail = |what: &str, ours: String| wrong.push(format!("{base}: {what}: {ours}"));

        let directory = io::load_chart(folder.path(), &mut Sources::new());
        let ours = show(&directory);
        let helm = &expected["show_chart"];
        match &ours {
            Ok(text) => {
                if helm["exit"] != 0 || helm["stdout"] != text.as_str() {
                    fail("show", format!("{text}, want {}", helm["stdout"]));
                }
                shown += 1;
            }
            Err(text) => {
                let error = helm["stderr"][0].as_str().unwrap_or_default();
                let error = error.trim_start_matches("Error: ");
                let start = error.find(": error ").unwrap_or(error.len());
                let start = error[..start]
                    .find(": cannot unmarshal yaml")
                    .unwrap_or(start);
                if helm["exit"] == 0 || !text.starts_with(&error[..start]) {
                    fail("show", format!("{text}, want {error}"));
                }
                refused += 1;
            }
        }
        let ours = package(&directory);
        if (expected["package"]["exit"] == 0) != ours.is_ok() {
            fail("package", format!("{ours:?}"));
        }
        packaged += usize::from(ours.is_ok());
        // An archive knows no `.helmignore`, so only what it says about itself must be the same.
        let packed = io::load_chart(&archive, &mut Sources::new());
        if show(&packed).ok() != show(&directory).ok() {
            fail("archive", format!("{:?}", show(&packed)));
        }
    }
    println!("{shown} shown, {refused} refused, {packaged} packageable");
    assert!(
        shown > 300 && wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
