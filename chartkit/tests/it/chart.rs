//! Files in memory to charts, against what Helm's loader said.

use std::collections::BTreeMap;
use std::error::Error;

use chartkit::chart::{self, Chart, File, LoadErrorKind};
use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::source::Sources;
use chartkit::yaml::{self, Value};
use serde_json::{Value as Json, json};

use crate::{assert_as_helm, fixture};

/// Where Helm's text ends and that of a YAML or archive library begins.
const LIBRARIES: [&str; 5] = [
    "error converting YAML to JSON",
    "error unmarshaling JSON",
    "cannot unmarshal yaml document",
    "error reading yaml document",
    "unexpected EOF",
];

/// The cases in which we are not equal, with the reason.
const DIFFERENCES: [(&str, &str); 6] = [
    ("Chart.lock capitals", NO_LIST),
    ("Chart.lock time is null", NO_LIST),
    ("Chart.lock unquoted time", NO_LIST),
    ("appVersion: .inf", INFINITE),
    ("version: .inf", INFINITE),
    (
        "dependency numbers in import values",
        "integers above 2^53 are written as they were read",
    ),
];
const NO_LIST: &str = "a lock without `dependencies` is written with an empty list, not with null";
const INFINITE: &str = "infinities are refused before Helm would turn them into a text";

pub(crate) fn files(pairs: &[(&str, &str)]) -> Vec<File> {
    let file = |(name, text): &(&str, &str)| File {
        name: (*name).into(),
        data: text.as_bytes().into(),
        modified: None,
    };
    pairs.iter().map(file).collect()
}

/// The error and its causes, as Helm prints them: in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

fn json_of(value: &Value) -> Json {
    serde_json::from_str(&yaml::to_json(value)).unwrap()
}

fn describe(chart: &Chart) -> Json {
    let names = |files: &[File]| files.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    let mut described = json!({
        "metadata": json_of(&yaml::to_value(&chart.metadata).unwrap()),
        "values": chart.values.clone().map(|table| json_of(&Value::Table(table))),
        "raw": chart.raw.len(),
    });
    let mut set = |key: &str, is_there: bool, value: Json| {
        if is_there {
            described[key] = value;
        }
    };
    set(
        "declares",
        chart.metadata.dependencies.is_some(),
        json!(true),
    );
    if let Some(lock) = &chart.lock {
        set("lock", true, json_of(&yaml::to_value(lock).unwrap()));
    }
    if let Some(schema) = &chart.schema {
        set("schema", true, json!(String::from_utf8_lossy(schema)));
    }
    set(
        "templates",
        !chart.templates.is_empty(),
        json!(names(&chart.templates)),
    );
    set("files", !chart.files.is_empty(), json!(names(&chart.files)));
    let mut dependencies: Vec<_> = chart.dependencies.iter().collect();
    dependencies.sort_by_key(|dependency| dependency.name()); // the recorder does so, too
    let dependencies: Vec<_> = dependencies.into_iter().map(describe).collect();
    set(
        "dependencies",
        !dependencies.is_empty(),
        json!(dependencies),
    );
    described
}

fn outcome(files: Vec<File>) -> Json {
    match chart::load(files, "a", &mut Sources::new()) {
        Ok(loaded) => describe(&loaded.chart),
        Err(error) => json!({ "error": chain(&error), "raw": 0, "values": null }),
    }
}

/// Our error says what Helm's says, up to the words of a library.
fn without_library(mut outcome: Json, want: &Json) -> Json {
    if let (Some(ours), Some(wants)) = (outcome["error"].as_str(), want["error"].as_str()) {
        let cut = LIBRARIES.iter().filter_map(|text| wants.find(text)).min();
        if let Some(cut) = cut
            && ours.starts_with(&wants[..cut])
        {
            outcome["error"] = json!(wants);
        }
    }
    outcome
}

#[test]
fn charts_are_those_of_helm() {
    let cases: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&fixture("charts-in-memory/cases.json")).unwrap();
    let want: BTreeMap<String, Json> =
        serde_json::from_str(&fixture("charts-in-memory/want.json")).unwrap();
    assert_eq!(cases.len(), want.len());
    let compared = cases.into_iter().map(|(name, pairs)| {
        let pairs: Vec<_> = (pairs.iter())
            .map(|(n, t)| (n.as_str(), t.as_str()))
            .collect();
        let want = want[&name].clone();
        let ours = without_library(outcome(files(&pairs)), &want);
        (name, ours, want)
    });
    assert_as_helm(compared, &DIFFERENCES);
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

const MINIMAL: &str = "apiVersion: v2\nname: a\nversion: 1.0.0\n";

#[test]
fn what_helm_swallows_is_a_diagnostic() {
    let codes_of = |pairs: &[(&str, &str)]| {
        let loaded = chart::load(files(pairs), "a", &mut Sources::new()).unwrap();
        codes(&loaded.diagnostics)
    };
    assert_eq!(codes_of(&[("Chart.yaml", MINIMAL)]), []);
    assert_eq!(
        codes_of(&[("Chart.yaml", &format!("{MINIMAL}engine: gotpl\n"))]),
        [Code::UnknownField]
    );
    assert_eq!(
        codes_of(&[
            ("Chart.yaml", MINIMAL),
            ("charts/_old/README", ""),
            ("charts/.gitkeep", ""),
        ]),
        [Code::SkippedSubchart, Code::SkippedSubchart]
    );
    assert_eq!(
        codes_of(&[
            ("Chart.yaml", MINIMAL),
            ("requirements.lock", ""),
            ("requirements.yaml", ""),
        ]),
        [Code::RequirementsLock, Code::RequirementsFile]
    );
    assert_eq!(
        codes_of(&[("Chart.yaml", MINIMAL), ("x", "1"), ("x", "2")]),
        [Code::DuplicateFile]
    );
    let v1 = MINIMAL.replace("v2", "v1");
    assert_eq!(
        codes_of(&[("Chart.yaml", &v1), ("requirements.yaml", "")]),
        []
    );
}

#[test]
fn errors_and_fields_know_their_place() {
    let mut sources = Sources::new();
    let text = format!("{MINIMAL}dependencies:\n- name: b\n- name: c\n  Alias: b\n");
    let error = chart::load(files(&[("Chart.yaml", &text)]), "web", &mut sources).unwrap_err();
    assert_eq!(error.kind(), LoadErrorKind::Validation);
    let (file, span) = error.location().unwrap();
    assert_eq!(sources.name(file), "web/Chart.yaml");
    assert_eq!(sources.position(file, span.start).line, 6);
    let diagnostic = Diagnostic::from(&error);
    assert_eq!(
        diagnostic.message,
        r#"validation: more than one dependency with name or alias "b""#
    );
    assert_eq!(diagnostic.labels[0].span, span);

    let text = text.replace("Alias: b", "Alias: d");
    let files = files(&[
        ("Chart.yaml", &text),
        ("charts/b/Chart.yaml", MINIMAL),
        ("charts/b/values.yaml", "x: 1\ny: [\n"),
    ]);
    let error = chart::load(files.clone(), "web", &mut sources).unwrap_err();
    assert_eq!(error.kind(), LoadErrorKind::Subchart);
    let (file, span) = error.location().unwrap();
    assert_eq!(sources.name(file), "web/charts/b/values.yaml");
    assert_eq!(sources.position(file, span.start).line, 2);

    let loaded = chart::load(files[..2].to_vec(), "web", &mut sources).unwrap();
    let metadata = &loaded.chart.metadata;
    let line = |path| {
        let place = metadata.place(path)?;
        Some(sources.position(place.file, place.entry).line)
    };
    assert_eq!(line("version"), Some(3));
    assert_eq!(line("dependencies.1.alias"), Some(7));
    assert_eq!(line("dependencies.2"), None);
    assert_eq!(line("home"), None);
}

#[test]
fn the_version_is_another_question() {
    let check = |version: &str| {
        let text = MINIMAL.replace("v2", version);
        let files = files(&[("Chart.yaml", &text)]);
        let loaded = chart::load(files, "a", &mut Sources::new()).unwrap();
        loaded
            .chart
            .check_api_version()
            .map_err(|error| error.to_string())
    };
    assert_eq!(check("v1"), Ok(()));
    assert_eq!(check("v2"), Ok(()));
    assert_eq!(check("\"\""), Ok(()));
    assert_eq!(check("v3"), Err("invalid chart apiVersion".into()));
    assert_eq!(check("V2"), Err("unsupported chart version".into()));
}

#[test]
fn subcharts_are_sorted_by_their_entry() {
    let chart = |name: &str| MINIMAL.replace("name: a", &format!("name: {name}"));
    let files = files(&[
        ("charts/b/Chart.yaml", &chart("first")),
        ("charts/a-b/Chart.yaml", &chart("third")),
        ("charts/a/Chart.yaml", &chart("fourth")),
        ("charts/B/Chart.yaml", &chart("second")),
        ("Chart.yaml", MINIMAL),
    ]);
    let loaded = chart::load(files, "a", &mut Sources::new()).unwrap();
    let names: Vec<_> = loaded.chart.dependencies.iter().map(Chart::name).collect();
    assert_eq!(names, ["second", "fourth", "third", "first"]);
}

#[test]
fn subcharts_nest_to_a_limit() {
    let nested = |levels: usize| {
        let files = (0..=levels).map(|level| File {
            name: "charts/a/".repeat(level) + "Chart.yaml",
            data: MINIMAL.as_bytes().into(),
            modified: None,
        });
        chart::load(files.collect(), "a", &mut Sources::new())
    };
    assert!(nested(32).is_ok());
    let error = nested(33).unwrap_err();
    assert!(chain(&error).ends_with(": subcharts are nested deeper than 32 levels"));
    // No stack is deep enough for every path that a hostile archive may name.
    assert!(nested(2_000).is_err());
}

#[test]
fn bytes_are_shared() {
    let pairs = [
        ("Chart.yaml", MINIMAL),
        ("charts/b/Chart.yaml", MINIMAL),
        ("charts/b/templates/x", "x"),
        ("templates/x", "x"),
        ("values.yaml", "x: 1\n"),
    ];
    let mut sources = Sources::new();
    let chart = chart::load(files(&pairs), "a", &mut sources).unwrap().chart;
    let same = |a: &std::sync::Arc<[u8]>, b| std::sync::Arc::ptr_eq(a, b);
    assert!(same(&chart.raw[3].data, &chart.templates[0].data));
    assert!(same(
        &chart.raw[2].data,
        &chart.dependencies[0].templates[0].data
    ));
    assert!(same(&chart.raw[2].data, &chart.dependencies[0].raw[1].data));
    assert!(same(
        &chart.raw[4].data,
        sources.text(chart.values_file.unwrap())
    ));
}
