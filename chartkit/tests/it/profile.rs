//! Profiles: the cases of `fixtures/profiles`, and what their packaging and secrets need.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use chartkit::chart::{self, Chart};
use chartkit::diagnostic::{Diagnostic, to_json};
use chartkit::io;
use chartkit::profile::{
    self, Effective, EffectiveError, EffectiveErrorKind, EffectiveOptions, Secrets, SetArgument,
    attach, effective_values,
};
use chartkit::source::Sources;
use chartkit::values::strvals::SetKind;

use crate::{assert_snapshot, fixtures};

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures().join("profiles")).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

/// The chart of a case, with its profiles from outside; named so that messages are the same everywhere.
fn load(case: &Path, sources: &mut Sources) -> Result<Chart, Diagnostic> {
    let files = io::read_directory(&case.join("chart"), &chart::archive::Limits::default())
        .unwrap()
        .files;
    let mut chart = chart::load(files, "chart", sources).unwrap().chart;
    let outside = case.join("profiles");
    if outside.is_dir() {
        let files = io::read_folder(&outside).unwrap();
        attach(&mut chart, "profiles", files).map_err(|error| Diagnostic::from(&error))?;
    }
    Ok(chart)
}

fn effective<'c>(
    chart: &'c Chart,
    profile: &str,
    secrets: Secrets,
    sources: &mut Sources,
) -> Result<Effective<'c>, EffectiveError> {
    let mut options = EffectiveOptions::default();
    options.profile = Some(profile);
    options.secrets = secrets;
    effective_values(chart, &options, sources, &mut io::read_set_file)
}

#[test]
fn a_profile_gives_what_helm_makes_of_its_layers() {
    let mut count = 0;
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy();
        let profile = fs::read_to_string(case.join("profile")).unwrap();
        let mut sources = Sources::new();
        let chart = load(&case, &mut sources);
        let (diagnostics, error) = match &chart {
            Err(error) => (Vec::new(), Some(error.clone())),
            Ok(chart) => match effective(chart, &profile, Secrets::Refuse, &mut sources) {
                Ok(effective) => {
                    let want = fs::read_to_string(case.join("want.json")).unwrap();
                    assert_eq!(effective.values.to_json(), want.trim_end(), "{name}");
                    count += 1;
                    (effective.diagnostics, None)
                }
                Err(error) => (Vec::new(), Some(Diagnostic::from(&error))),
            },
        };
        let json = |diagnostic: &Diagnostic| to_json(diagnostic, &sources) + "\n";
        let error = error.as_ref().map(json);
        assert_eq!(
            error.is_none(),
            case.join("want.json").exists(),
            "{name}: {error:?}"
        );
        assert_snapshot(&case.join("snap.error.json"), &error.unwrap_or_default());
        let lines: String = diagnostics.iter().map(json).collect();
        assert_snapshot(&case.join("snap.diagnostics.jsonl"), &lines);
    }
    assert!(count > 15);
}

/// The secrets of `fixtures/profiles` are all the word that follows.
#[test]
fn no_error_or_diagnostic_shows_a_value() {
    for case in cases() {
        let mut sources = Sources::new();
        let Ok(chart) = load(&case, &mut sources) else {
            continue;
        };
        let profile = fs::read_to_string(case.join("profile")).unwrap();
        if let Err(error) = effective(&chart, &profile, Secrets::Mask, &mut sources) {
            let mut shown = to_json(&Diagnostic::from(&error), &sources);
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                write!(shown, "\n{error}\n{error:?}").unwrap();
                cause = error.source();
            }
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

#[test]
fn layers_are_listed_lowest_first() {
    let mut sources = Sources::new();
    let chart = load(&fixtures().join("profiles/extends-diamond"), &mut sources).unwrap();
    let found = profile::find(&chart, &mut sources).unwrap();
    let layers = found.layers("top").unwrap();
    let names: Vec<_> = layers.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["base", "left", "right", "top"]);
}

/// Enabled by whom it may be: the user's word counts as the profile's does.
#[test]
fn a_subchart_that_the_user_enables_has_its_profile() {
    let mut sources = Sources::new();
    let case = fixtures().join("profiles/in-disabled-subchart");
    let chart = load(&case, &mut sources).unwrap();
    let set = |kind, text: &str| SetArgument {
        kind,
        text: text.to_owned(),
    };
    let sets = [
        set(SetKind::File, "sub.text=some.txt"),
        set(SetKind::Value, "sub.enabled=true,other.enabled=false"),
    ];
    let mut options = EffectiveOptions::default();
    options.profile = Some("qa1");
    options.sets = &sets;
    let mut reads = 0;
    let mut read = |_: &str| {
        reads += 1;
        Ok("text".into())
    };
    let refused = effective_values(&chart, &options, &mut sources, &mut read).unwrap_err();
    let EffectiveErrorKind::SecretsNotDecrypted { file } = refused.kind() else {
        panic!("{refused}");
    };
    assert!(sources.name(*file).contains("charts/sub/profiles/qa1"));

    options.secrets = Secrets::Omit;
    let values = effective_values(&chart, &options, &mut sources, &mut read).unwrap();
    assert_eq!(
        values.values.to_json(),
        r#"{"other":{"enabled":false},"sub":{"enabled":true,"global":{},"port":2,"text":"text"}}"#
    );
    assert_eq!(reads, 2, "once each time");
}

#[test]
fn attached_profiles_are_those_of_the_chart() {
    let mut sources = Sources::new();
    let outside = load(&fixtures().join("profiles/outside-the-chart"), &mut sources).unwrap();
    let inside = load(&fixtures().join("profiles/no-extends"), &mut sources).unwrap();
    let names = |chart: &Chart| -> Vec<_> {
        let files = chart.raw.iter().chain(&chart.files);
        files
            .map(|file| (file.name.clone(), file.data.clone()))
            .collect()
    };
    assert_eq!(names(&outside), names(&inside));
}

fn shop(sources: &mut Sources) -> Chart {
    io::load_chart(&fixtures().join("charts/shop"), sources)
        .unwrap()
        .chart
}

#[test]
fn secrets_are_refused_left_out_or_masked_as_chosen() {
    let mut sources = Sources::new();
    let chart = shop(&mut sources);
    // `canary` has them from `production`, which it extends.
    let refused = effective(&chart, "canary", Secrets::Refuse, &mut sources).unwrap_err();
    let EffectiveErrorKind::SecretsNotDecrypted { file } = refused.kind() else {
        panic!("{refused}");
    };
    assert!(
        sources
            .name(*file)
            .ends_with("profiles/production/secrets.yaml")
    );

    let omitted = effective(&chart, "canary", Secrets::Omit, &mut sources).unwrap();
    assert!(!omitted.values.to_json().contains("password"));
    let noticed: Vec<_> = omitted
        .diagnostics
        .iter()
        .map(|d| d.message.as_str())
        .collect();
    assert_eq!(noticed, ["3 secrets of profile `production` are left out"]);

    let masked = effective(&chart, "canary", Secrets::Mask, &mut sources).unwrap();
    let json = masked.values.to_json();
    assert!(
        json.contains(r#""password":"\u003csecret\u003e","pool":40"#),
        "{json}"
    );
    assert!(
        json.contains(r#""tokens":["\u003csecret\u003e","\u003csecret\u003e"]"#),
        "{json}"
    );
    for text in [omitted.values.to_json(), json] {
        assert!(!text.contains("ENC[") && !text.contains("sops"), "{text}");
    }
}
