//! Effective values of the charts in `fixtures/values`, against what Helm made of them.

use std::fs;
use std::path::{Path, PathBuf};

use chartkit::io;
use chartkit::profile::{
    EffectiveError, EffectiveOptions, Secrets, SetArgument, ValuesFile, effective_values,
};
use chartkit::source::Sources;
use chartkit::values::strvals::SetKind;
use chartkit::values::{ValuePath, Values};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// What `chartkit values` does with these arguments.
fn effective(
    chart: &Path,
    args: &[String],
    sources: &mut Sources,
) -> Result<Values, EffectiveError> {
    let mut files = Vec::new();
    let mut sets = Vec::new();
    for pair in args.chunks_exact(2) {
        let text = pair[1].as_str();
        let kind = match pair[0].as_str() {
            "-f" => {
                files.push(ValuesFile {
                    name: text.to_owned(),
                    text: fs::read(text).unwrap().into(),
                });
                continue;
            }
            "--set" => SetKind::Value,
            "--set-string" => SetKind::String,
            "--set-json" => SetKind::Json,
            "--set-file" => SetKind::File,
            "--set-literal" => SetKind::Literal,
            other => panic!("unknown flag {other}"),
        };
        sets.push(SetArgument {
            kind,
            text: text.to_owned(),
        });
    }
    let chart = io::load_chart(chart, sources).unwrap().chart;
    let mut options = EffectiveOptions::default();
    options.files = &files;
    options.sets = &sets;
    effective_values(&chart, &options, sources, &mut io::read_set_file).map(|e| e.values)
}

/// The folder of each case of `fixtures/values`, and its arguments.
fn cases() -> Vec<(PathBuf, Vec<String>)> {
    let case = |folder: PathBuf| {
        let args = fs::read_to_string(folder.join("args")).unwrap();
        let place = folder.to_str().unwrap();
        let args = args
            .lines()
            .map(|arg| arg.replace("<files>", place))
            .collect();
        (folder, args)
    };
    let folders = fs::read_dir(fixtures().join("values")).unwrap();
    folders.map(|entry| case(entry.unwrap().path())).collect()
}

#[test]
fn values_are_those_of_helm() {
    let mut count = 0;
    for (folder, args) in cases() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let got = effective(&folder.join("chart"), &args, &mut Sources::new());
        match (fs::read_to_string(folder.join("want.json")), got) {
            (Ok(want), Ok(values)) => assert_eq!(values.to_json(), want.trim_end(), "{name}"),
            (Ok(_), Err(error)) => {
                panic!("{name}: {error}: {:?}", std::error::Error::source(&error))
            }
            (Err(_), got) => {
                let want = fs::read_to_string(folder.join("want.error")).unwrap();
                assert!(got.is_err(), "{name}: Helm says {want}");
            }
        }
        count += 1;
    }
    assert!(count > 20);
}

/// `path: file:line:column …`, lowest first.
fn origins(values: &Values, path: &str, sources: &Sources) -> Vec<String> {
    let node = values.get(&path.parse::<ValuePath>().unwrap()).unwrap();
    let mut lines: Vec<_> = (node.contributions())
        .map(|node| {
            let place = node.place.unwrap();
            let at = sources.position(place.file, place.entry);
            let name = Path::new(sources.name(place.file)).strip_prefix(fixtures());
            let name = name
                .map_or(sources.name(place.file).into(), Path::to_string_lossy)
                .into_owned();
            format!("{name}:{}:{}", at.line, at.column)
        })
        .collect();
    lines.reverse();
    lines
}

fn shop(profile: &str, sets: &[&str], sources: &mut Sources) -> Values {
    let chart = io::load_chart(&fixtures().join("charts/shop"), sources)
        .unwrap()
        .chart;
    let sets: Vec<_> = (sets.iter())
        .map(|text| SetArgument {
            kind: SetKind::Value,
            text: (*text).to_owned(),
        })
        .collect();
    let mut options = EffectiveOptions::default();
    options.profile = Some(profile);
    options.secrets = Secrets::Mask;
    options.sets = &sets;
    effective_values(&chart, &options, sources, &mut io::read_set_file)
        .unwrap()
        .values
}

#[test]
fn a_leaf_knows_every_contribution() {
    let mut sources = Sources::new();
    let values = shop("canary", &["replicas=2"], &mut sources);
    assert_eq!(
        origins(&values, "replicas", &sources),
        [
            "charts/shop/values.yaml:5:1",
            "charts/shop/profiles/base/values.yaml:2:1",
            "charts/shop/profiles/production/values.yaml:1:1",
            "charts/shop/profiles/canary/values.yaml:1:1",
            "--set:1:1",
        ]
    );
    assert_eq!(
        origins(&values, "database.port", &sources),
        ["charts/shop/values.yaml:10:3"]
    );
}

#[test]
fn masked_secrets_point_into_the_encrypted_file() {
    let mut sources = Sources::new();
    let values = shop("production", &[], &mut sources);
    let path: ValuePath = "database.password".parse().unwrap();
    assert_eq!(values.get(&path).unwrap().value.as_str(), Some("<secret>"));
    assert_eq!(
        origins(&values, "database.password", &sources),
        ["charts/shop/profiles/production/secrets.yaml:2:5"]
    );
    assert!(!values.to_json().contains("ENC["));
}

#[test]
fn every_leaf_of_every_case_has_a_place_in_a_known_layer() {
    for (folder, args) in cases() {
        if !folder.join("want.json").exists() {
            continue;
        }
        let mut sources = Sources::new();
        let values = effective(&folder.join("chart"), &args, &mut sources).unwrap();
        for (path, node) in values.leaves() {
            // A `global` that Helm makes, and what is imported from one.
            let path = path.to_string();
            let made_by_helm = path.ends_with("global") || path.ends_with("imp");
            let layer = node.place.and_then(|place| values.layer(place.file));
            assert!(
                layer.is_some() || made_by_helm,
                "{}: {path}",
                folder.display()
            );
        }
    }
}
