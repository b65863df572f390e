//! Linting: every rule, and what goes for all of them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chartkit::chart::File;
use chartkit::lint::{
    Baseline, ChartReport, Context, Group, Level, LevelSource, Levels, Options, RULES, Report,
    Subject, apply_fixes, index_page, lint, output, rule_page,
};
use chartkit::source::Sources;

use super::{assert_snapshot, fixtures};

fn no_files(_: &str) -> io::Result<Arc<str>> {
    Err(io::ErrorKind::Unsupported.into())
}

struct Linted {
    report: Report,
    rows: ChartReport,
    sources: Sources,
}

fn linted(
    read: impl FnOnce(&mut Sources) -> Subject,
    options: &Options<'_>,
    levels: &Levels,
) -> Linted {
    let mut sources = Sources::new();
    let subject = read(&mut sources);
    let context = Context::new(&subject, options, &mut sources, &mut no_files).unwrap();
    let report = lint(&context, levels);
    let rows = ChartReport::new(&report, &subject, &sources);
    Linted {
        report,
        rows,
        sources,
    }
}

fn of_files(files: &[(&str, &str)]) -> Linted {
    let file = |(name, text): &(&str, &str)| File {
        name: (*name).into(),
        data: text.as_bytes().into(),
        modified: None,
    };
    let files: Vec<_> = files.iter().map(file).collect();
    linted(
        |sources| Subject::from_files(&files, "web", sources),
        &Options::default(),
        &Levels::default(),
    )
}

fn of_folder(path: &Path) -> Linted {
    let read = |sources: &mut Sources| chartkit::io::read_subject(path, sources).unwrap();
    linted(read, &Options::default(), &Levels::default())
}

impl Linted {
    fn names(&self) -> Vec<&'static str> {
        let findings = self.report.findings.iter();
        findings.map(|f| f.rule.code.name()).collect()
    }

    /// `name line:column message` of each finding of a rule.
    fn of_rule(&self, name: &str) -> Vec<String> {
        let rows = self.rows.records.iter().filter(|row| row.name == name);
        rows.map(|row| format!("{}:{}:{} {}", row.file, row.line, row.column, row.message))
            .collect()
    }
}

const CHART_YAML: (&str, &str) = (
    "Chart.yaml",
    "apiVersion: v2\nname: web\nversion: 1.0.0\nicon: https://e.com/i\n",
);
const NOTES: (&str, &str) = ("templates/NOTES.txt", "");

#[test]
fn every_file_is_a_rule_and_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/rules");
    let files: BTreeSet<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "mod.rs")
        .collect();
    let named = |rule: &&chartkit::lint::Rule| rule.code.name().replace('-', "_") + ".rs";
    let registered: BTreeSet<_> = RULES.iter().map(named).collect();
    if cfg!(feature = "schema") {
        assert_eq!(files, registered);
    } else {
        assert!(registered.is_subset(&files));
    }
    assert_eq!(registered.len(), RULES.len(), "names are unique");
    assert!(
        RULES.windows(2).all(|w| w[0].code.id() < w[1].code.id()),
        "codes are unique and sorted"
    );
}

#[test]
fn every_rule_fires_on_its_fixture_and_is_silent_on_a_near_miss() {
    let folders = fs::read_dir(fixtures().join("lint")).unwrap();
    let mut folders: BTreeSet<_> = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    for rule in RULES {
        let name = rule.code.name();
        folders.remove(name);
        let folder = fixtures().join("lint").join(name);
        let hit = of_folder(&folder.join("hit")).names();
        assert!(hit.contains(&name), "{name}: nothing found: {hit:?}");
        let miss = of_folder(&folder.join("miss")).names();
        assert!(!miss.contains(&name), "{name}: false alarm: {miss:?}");
    }
    if cfg!(feature = "schema") {
        assert_eq!(folders, BTreeSet::new(), "fixtures of no rule");
    }
}

/// Whose text differs from Helm's below the first line, and why.
#[cfg(feature = "schema")]
const OTHER_WORDS: [(&str, &str); 5] = [
    ("unreadable-values/hit", "the loader's own words"),
    ("unreadable-chart-yaml/hit", "the parser's own words"),
    ("unreadable-crd/hit", "the parser's own words"),
    (
        "invalid-schema/hit",
        "the order of alternatives in a metaschema",
    ),
    (
        "schema-not-fetched/hit",
        "DIFFERENCE: Helm asks the network",
    ),
];

#[cfg(feature = "schema")]
#[test]
fn helm_says_the_same_about_every_fixture() {
    let mut compared = 0;
    for rule in RULES {
        for (kind, strict) in [
            ("hit", false),
            ("miss", false),
            ("hit", true),
            ("miss", true),
        ] {
            let case = format!("{}/{kind}", rule.code.name());
            // DIFFERENCE: Helm knows no suppressions, and asks the network.
            if ["unused-suppression/miss", "schema-not-fetched/hit"].contains(&&*case) {
                continue;
            }
            let folder = fixtures().join("lint").join(rule.code.name());
            let suffix = if strict { ".strict" } else { "" };
            let want = fs::read_to_string(folder.join(format!("want.{kind}{suffix}.txt"))).unwrap();
            let (text, exit) = want.rsplit_once("exit ").unwrap();
            let linted = of_folder(&folder.join(kind));
            let output = output::to_helm(std::slice::from_ref(&linted.rows), strict, false);
            assert_eq!(output.err.is_empty(), exit.trim() == "0", "{case}");
            let base = fs::canonicalize(fixtures().join("lint")).unwrap();
            let base = base.display().to_string() + "/";
            let plain = fixtures().join("lint").display().to_string() + "/";
            let got = output.out.replace(&plain, "").replace(&base, "<folder>/");
            if OTHER_WORDS.iter().any(|(name, _)| *name == case) {
                assert_eq!(first_words(&got), first_words(text), "{case}");
            } else {
                assert_eq!(got.trim_end(), text.trim_end(), "{case}");
            }
            compared += 1;
        }
    }
    assert_eq!(compared, RULES.len() * 4 - 4);
}

/// Severity and path of each message, and its text up to a colon.
#[cfg(feature = "schema")]
fn first_words(text: &str) -> Vec<String> {
    let messages = text.lines().filter(|line| line.starts_with('['));
    let words = messages.map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "));
    words.collect()
}

#[cfg(feature = "schema")]
#[test]
fn the_pages_about_rules_are_what_the_rules_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules");
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|choice| choice == "overwrite");
    let mut pages = vec![("README.md".to_owned(), index_page())];
    pages.extend(
        RULES
            .iter()
            .map(|rule| (format!("{}.md", rule.code.name()), rule_page(rule))),
    );
    if overwrite {
        fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            fs::write(folder.join(name), page).unwrap();
        }
    }
    let there: BTreeSet<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted: BTreeSet<_> = pages.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(there, wanted);
    for (name, page) in pages {
        let found = fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(
            found, page,
            "docs/rules/{name}: SNAPSHOTS=overwrite cargo test"
        );
    }
}

#[test]
fn comments_suppress_findings_on_their_line_or_the_next() {
    let chart_yaml = |text: &str| {
        let text = text.to_owned();
        of_files(&[("Chart.yaml", &text), ("values.yaml", ""), NOTES])
    };
    let cases: [(&str, &[&str]); 6] = [
        (
            "name: web\napiVersion: v2\nversion: 1.0 # chartkit: ignore[C014, loose-version]\nicon: a:b\n",
            &[],
        ),
        (
            "name: web\napiVersion: v2\n# why. chartkit: ignore[helm]\n\n# more\nversion: 1.0\nicon: a:b\n",
            &[],
        ),
        (
            "# chartkit: ignore[C019]\nname: web\napiVersion: v2\nversion: 1.0.0\n",
            &[],
        ),
        (
            "name: web\n# chartkit: ignore[C019]\napiVersion: v2\nversion: 1.0.0\n",
            &["missing-icon", "unused-suppression"],
        ),
        (
            "name: web\napiVersion: v2\nversion: 1.0.0 # chartkit: ignore[C999]\nicon: a:b\n",
            &["unused-suppression"],
        ),
        (
            "name: web\napiVersion: v2\nversion: 1.0.0\nicon: 'a:b # chartkit: ignore[C019]'\n",
            &[],
        ),
    ];
    for (text, names) in cases {
        assert_eq!(chart_yaml(text).names(), names, "{text}");
    }
    let linted =
        chart_yaml("# chartkit: ignore[C019]\nname: web\napiVersion: v2\nversion: 1.0.0\n");
    assert_eq!(linted.report.suppressed, 1);
    let linted = chart_yaml(
        "name: web\napiVersion: v2\nversion: 1.0.0\nicon: a:b # chartkit: ignore[ C019,C999]\n",
    );
    let want = [
        "web/Chart.yaml:4:31 `ignore[C019]` suppresses nothing",
        "web/Chart.yaml:4:36 `C999` is neither a rule nor a group",
    ];
    assert_eq!(linted.of_rule("unused-suppression"), want);
}

#[test]
fn levels_decide_what_is_reported_and_who_said_so_is_known() {
    let mut levels = Levels::default();
    let file = LevelSource::File {
        name: "chartkit.toml".into(),
        line: 2,
    };
    levels.set("loose-version".parse().unwrap(), Level::Off, file.clone());
    levels.set("C019".parse().unwrap(), Level::Error, file.clone());
    let hit = fixtures().join("lint/loose-version/hit");
    let read = |sources: &mut Sources| chartkit::io::read_subject(&hit, sources).unwrap();
    let linted = linted(read, &Options::default(), &levels);
    assert_eq!(linted.names(), ["missing-icon"]);
    assert_eq!(linted.report.findings[0].level_source, file);
    assert_eq!(linted.rows.records[0].level, "by chartkit.toml:2");
    assert!(linted.report.fails(false));
}

#[test]
fn only_the_groups_that_were_asked_for_run() {
    let hit = fixtures().join("lint/duplicate-key/hit");
    let read = |sources: &mut Sources| chartkit::io::read_subject(&hit, sources).unwrap();
    let mut options = Options::default();
    options.groups = Some(&[Group::Suspicious]);
    let linted = linted(read, &options, &Levels::default());
    assert_eq!(linted.names(), ["duplicate-key"]);
}

#[test]
fn safe_fixes_change_nothing_but_the_finding() {
    let text = "# a chart\nappVersion: 1.16 # pinned\nname: web\nversion: 1.10\napiVersion: v2\n";
    let linted = of_files(&[("Chart.yaml", text), ("values.yaml", ""), NOTES]);
    let fixes = linted.report.findings.iter().filter_map(|f| f.fix.as_ref());
    let safe =
        |fix: &&chartkit::lint::Fix| fix.applicability == chartkit::lint::Applicability::Safe;
    // `1.10` is `1.1` to Helm: quotes would make another version of it.
    let (safe, not_safe): (Vec<_>, Vec<_>) = fixes.partition(|fix| safe(fix));
    assert_eq!((safe.len(), not_safe.len()), (1, 1));
    let fixed = apply_fixes(linted.sources.text(safe[0].file), &safe);
    assert_eq!(
        String::from_utf8(fixed).unwrap(),
        text.replace("1.16", "\"1.16\"")
    );
}

#[test]
fn a_baseline_only_shrinks() {
    let before = of_folder(&fixtures().join("lint/loose-version/hit"));
    let baseline = Baseline::of(&before.rows.records);
    let baseline = Baseline::parse(baseline.to_json().as_bytes()).unwrap();
    let after = of_files(&[
        (
            "Chart.yaml",
            "# moved\napiVersion: v2\nname: web\nversion: 1.0.0\nmaintainer: me\n",
        ),
        ("values.yaml", ""),
        NOTES,
    ]);
    let mut rest = baseline.clone();
    let new: Vec<_> = after
        .rows
        .records
        .iter()
        .filter(|row| !rest.take(row))
        .collect();
    let new: Vec<_> = new.iter().map(|row| row.name).collect();
    assert_eq!(
        new,
        ["loose-chart-yaml"],
        "the icon is known, wherever the chart lies"
    );
    assert_eq!(rest.left(), 1, "the version was mended");
    let shrunk = baseline.without(&rest);
    assert!(shrunk.to_json().contains("C019") && !shrunk.to_json().contains("C023"));
    assert!(Baseline::parse(b"{\"version\":2,\"findings\":[]}").is_err());
    assert!(Baseline::parse(b"[]").is_err());
}

#[cfg(feature = "schema")]
mod schemas {
    use super::*;

    const SCHEMA: &str = r#"{
  "required": ["name"],
  "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "pattern": "^[a-z]+$"},
    "port": {"type": "integer", "maximum": 65535},
    "list": {"items": {"required": ["key"]}},
    "choice": {"oneOf": [{"type": "object", "required": ["a"]}, {"type": "string", "minLength": 9}]}
  }
}
"#;

    fn with_schema(values: &str, files: &[(&str, &str)]) -> Linted {
        let mut all = vec![
            CHART_YAML,
            NOTES,
            ("values.yaml", values),
            ("values.schema.json", SCHEMA),
        ];
        all.extend(files);
        of_files(&all)
    }

    #[test]
    fn violations_stand_where_the_value_and_the_schema_were_written() {
        let linted = with_schema(
            "name: web\nport:   70000\nlist:\n  - {key: 1}\n  - {kye: 2}\nother: 1\n",
            &[],
        );
        let want = [
            "web/values.yaml:2:1 `port`: maximum: got <hidden>, want 65535",
            "web/values.yaml:5:5 `list[1]`: missing property 'key'",
            "web/values.yaml:6:1 the values of `web`: additional properties 'other' not allowed",
        ];
        assert_eq!(linted.of_rule("schema-violation"), want);
        let related = linted.rows.records.iter().map(|row| {
            let place = &row.related[0];
            (place.file.as_str(), place.line, place.column)
        });
        let schema = "web/values.schema.json";
        let want = [(schema, 6, 33), (schema, 7, 24), (schema, 3, 3)];
        assert_eq!(related.collect::<Vec<_>>(), want);
    }

    #[test]
    fn a_layer_is_a_part_and_the_effective_values_are_a_whole() {
        let linted = with_schema(
            "name: web\n",
            &[
                ("profiles/base/values.yaml", "port: 1\nchoice: {b: 1}\n"),
                // Deletes the name, which only shows in the whole; has a wrong port, which a later layer hides.
                ("profiles/hides/values.yaml", "name: null\nport: many\n"),
                ("profiles/qa1/profile.yaml", "extends: [hides]\n"),
                ("profiles/qa1/values.yaml", "name: qa\nport: 2\n"),
            ],
        );
        let want = [
            "web/profiles/base/values.yaml:2:1 with profile `base`: `choice`: 'oneOf' failed, none matched",
            "web/profiles/hides/values.yaml:2:1 with profile `hides`: `port`: got string, want integer",
            "web/values.yaml:1:1 with profile `hides`: the values of `web`: missing property 'name'",
        ];
        assert_eq!(linted.of_rule("profile-schema-violation"), want);
        assert_eq!(linted.of_rule("schema-violation"), <[&str; 0]>::default());
    }

    /// As SOPS would encrypt it, with a data key that nobody can open.
    fn encrypted(plain: &str) -> String {
        use chartkit::sops;
        use chartkit::source::Sources;

        let mut sources = Sources::new();
        let file = sources.add("secrets.yaml", plain.as_bytes());
        let format = sops::Format::Yaml;
        let plain = sops::PlainFile::load(format, &mut sources, file).unwrap();
        let production = crate::fixture("charts/shop/profiles/production/secrets.yaml");
        let file = sources.add("production", production.into_bytes());
        let production = sops::EncryptedFile::load(format, &mut sources, file).unwrap();
        let mut counter = 0;
        let mut random = |bytes: &mut [u8]| {
            counter += 1;
            bytes.fill(counter);
        };
        let mut moment = sops::Moment {
            now: chartkit::time::Timestamp::from_unix(1_790_000_000, 0),
            random: &mut random,
        };
        let options = sops::EncryptOptions {
            settings: sops::Settings {
                selection: sops::Selection::default(),
                mac_only_encrypted: false,
                shamir_threshold: 0,
            },
            format,
            store: sops::StoreOptions::default(),
        };
        let groups = production.metadata().key_groups().to_vec();
        let key = sops::DataKey::from([7; 32]);
        let text = sops::encrypt(&plain, &key, groups, &options, &mut moment).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn of_an_encrypted_value_the_type_is_known() {
        let (wrong, right) = (encrypted("name: 5\n"), encrypted("name: Web 1\n"));
        let found = |text: &str| {
            let linted = with_schema("name: web\n", &[("profiles/qa1/secrets.yaml", text)]);
            linted.of_rule("profile-schema-violation")
        };
        let want = [
            "web/profiles/qa1/secrets.yaml:1:1 with profile `qa1`: `name`: got number, want string",
        ];
        assert_eq!(found(&wrong), want);
        assert_eq!(
            found(&right),
            <[&str; 0]>::default(),
            "the pattern cannot be judged"
        );
    }

    #[test]
    fn formats_count_up_to_draft_7_only() {
        let schema = |draft: &str| {
            format!(
                "{{\"$schema\": \"{draft}\", \"properties\": {{\"a\": {{\"format\": \"ipv4\"}}}}}}"
            )
        };
        for (draft, counts) in [
            ("http://json-schema.org/draft-04/schema#", true),
            ("https://json-schema.org/draft-07/schema", true),
            ("https://json-schema.org/draft/2019-09/schema", false),
            ("https://json-schema.org/draft/2020-12/schema", false),
            ("http://json-schema.org/schema#", false),
        ] {
            let schema = schema(draft);
            let linted = of_files(&[
                CHART_YAML,
                NOTES,
                ("values.yaml", "a: x\n"),
                ("values.schema.json", &schema),
            ]);
            let found = !linted.of_rule("schema-violation").is_empty();
            assert_eq!(found, counts, "{draft}");
        }
        let schema = schema("https://example.com/draft");
        let linted = of_files(&[
            CHART_YAML,
            NOTES,
            ("values.yaml", ""),
            ("values.schema.json", &schema),
        ]);
        assert_eq!(linted.names(), ["invalid-schema"]);
    }

    #[test]
    fn a_reference_to_another_file_is_refused_as_helm_does() {
        let linted = of_files(&[
            CHART_YAML,
            NOTES,
            ("values.yaml", ""),
            ("values.schema.json", r#"{"$ref": "./defs.json"}"#),
            ("defs.json", "true"),
        ]);
        assert_eq!(linted.names(), ["invalid-schema"]);
        let message = &linted.rows.records[0].message;
        assert!(
            message.contains("Helm looks for it at `/defs.json`"),
            "{message}"
        );
    }

    /// No report shows a value, whatever breaks.
    #[test]
    fn no_value_is_in_any_report() {
        const CANARY: &str = "canary-7f3a";
        let schema = r#"{
  "properties": {
    "a": {"type": "integer"}, "b": {"pattern": "^x$"}, "c": {"enum": [1, 2]}, "d": {"const": 1},
    "e": {"maxLength": 1}, "f": {"not": {}}, "g": {"oneOf": [{"type": "null"}, {"maxLength": 2}]},
    "h": {"items": {"format": "ipv4"}}, "i": {"anyOf": [{"pattern": "x"}, {"enum": ["y"]}]},
    "j": {"uniqueItems": true}, "k": {"contains": {"const": 1}}, "l": false, "n": {"maximum": 1}
  },
  "$schema": "http://json-schema.org/draft-07/schema#"
}"#;
        let values: String = "abcdefgi"
            .chars()
            .map(|key| format!("{key}: {CANARY}\n"))
            .collect();
        let values = values
            + &format!(
                "h: [{CANARY}]\nj: [{CANARY}, {CANARY}]\nk: [{CANARY}]\nl: {CANARY}\nn: 73057305\n"
            );
        let profile = format!("a: [{CANARY}]\na: {CANARY}\n");
        let broken = format!("x: \"{CANARY}\n");
        for files in [
            &[
                ("values.yaml", &*values),
                ("profiles/qa1/values.yaml", &*profile),
            ][..],
            &[("values.yaml", &*broken)],
            &[("values.yaml", CANARY)],
            &[("values.yaml", ""), ("profiles/qa1/values.yaml", &*broken)],
            &[("values.yaml", ""), ("profiles/qa1/secrets.yaml", &*values)],
        ] {
            let mut all = vec![CHART_YAML, NOTES, ("values.schema.json", schema)];
            all.extend(files);
            let linted = of_files(&all);
            assert!(!linted.rows.records.is_empty());
            for text in all_reports(&linted.rows) {
                assert!(!text.contains(CANARY), "{text}");
                assert!(!text.contains("73057305"), "{text}");
            }
            for finding in &linted.report.findings {
                let text = format!("{:?}", finding.diagnostic);
                assert!(!text.contains(CANARY), "{text}");
            }
        }
    }
}

fn all_reports(rows: &ChartReport) -> Vec<String> {
    let reports = std::slice::from_ref(rows);
    vec![
        output::to_helm(reports, false, false).out,
        output::to_json_lines(reports),
        output::to_sarif(reports),
        output::to_junit(reports, false),
        output::to_github(reports),
        output::to_gitlab(reports),
        output::to_markdown(reports, false),
        Baseline::of(&rows.records).to_json(),
    ]
}

/// A chart with findings of every severity, and a path without a chart.
fn some_reports() -> Vec<ChartReport> {
    let linted = of_files(&[
        (
            "Chart.yaml",
            "apiVersion: v2\nname: \"<web> & co\"\nversion: v1.0\nsources: [\"a|b\"]\n",
        ),
        ("values.yaml", ""),
        NOTES,
    ]);
    vec![
        linted.rows,
        ChartReport::failed("no/chart, here", "not\nfound: 100%"),
    ]
}

#[test]
fn every_form_of_report_is_as_it_was() {
    let reports = some_reports();
    let folder: PathBuf = fixtures().join("lint-reports");
    let helm = output::to_helm(&reports, true, false);
    assert_snapshot(&folder.join("snap.helm.txt"), &(helm.out + &helm.err));
    assert_snapshot(&folder.join("snap.jsonl"), &output::to_json_lines(&reports));
    assert_snapshot(
        &folder.join("snap.github.txt"),
        &output::to_github(&reports),
    );
    assert_snapshot(
        &folder.join("snap.gitlab.json"),
        &output::to_gitlab(&reports),
    );
    assert_snapshot(
        &folder.join("snap.md"),
        &output::to_markdown(&reports, false),
    );
}

/// The rules of SARIF 2.1.0 that GitHub checks.
#[test]
fn sarif_has_the_shape_that_readers_want() {
    let sarif = output::to_sarif(&some_reports());
    let log: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<_> = rules
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), RULES.len() + 1);
    let levels = ["none", "note", "warning", "error"];
    for rule in rules {
        let level = rule["defaultConfiguration"]["level"].as_str();
        assert!(level.is_none_or(|level| levels.contains(&level)));
        assert!(rule["shortDescription"]["text"].is_string());
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), some_reports()[0].records.len() + 1);
    for result in results {
        assert!(ids.contains(result["ruleId"].as_str().unwrap()));
        assert!(levels.contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.contains([' ', ',', '"', '<']) && !uri.starts_with('/'),
            "{uri}"
        );
        if let Some(region) = location["region"].as_object() {
            let number = |key: &str| region[key].as_u64().unwrap();
            assert!(number("startLine") >= 1 && number("startColumn") >= 1);
            let start = (number("startLine"), number("startColumn"));
            assert!((number("endLine"), number("endColumn")) >= start);
            let fingerprint = &result["partialFingerprints"]["chartkit/v1"];
            assert_eq!(fingerprint.as_str().unwrap().len(), 32);
        }
    }
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    let xml = output::to_junit(&some_reports(), false);
    let mut open = Vec::new();
    let (mut cases, mut failures, mut errors) = (0, 0, 0);
    let mut rest = xml.split_once("?>").unwrap().1;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>') && !text.contains("& "), "{text}");
        let end = rest[start..].find('>').unwrap() + start;
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_matches('/').split(' ').next().unwrap();
        match name {
            "testcase" if !tag.starts_with('/') => cases += 1,
            "failure" if !tag.starts_with('/') => failures += 1,
            "error" => errors += 1,
            _ => {}
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty());
    let counts = format!("tests=\"{cases}\" failures=\"{failures}\" errors=\"{errors}\"");
    assert!(xml.contains(&counts), "{counts}");
    assert_eq!((cases, errors), (RULES.len() * 2 + 1, 1));
}
