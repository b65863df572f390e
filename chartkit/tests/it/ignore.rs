//! `.helmignore` against Helm v4.2.4; see `fixtures/ignore/README.md`.

use chartkit::chart::ignore::{IgnoreErrorKind, Rules};
use serde::Deserialize;

use crate::{fixture, random_table};

#[derive(Deserialize)]
struct Case {
    repeat: Option<Repeat>,
    #[serde(default)]
    rules: String,
    base64: Option<String>,
    paths: Vec<String>,
    #[serde(default)]
    ignored: Vec<String>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Repeat {
    #[serde(default)]
    before: String,
    text: String,
    times: usize,
}

impl Case {
    fn text(&self) -> Vec<u8> {
        let long = self
            .repeat
            .iter()
            .map(|r| r.before.clone() + &r.text.repeat(r.times));
        let mut text = (long.collect::<String>() + &self.rules).into_bytes();
        text.extend(self.base64.as_deref().map_or_else(Vec::new, base64));
        text
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |digit| {
        DIGITS
            .iter()
            .position(|d| *d == digit)
            .expect("a base64 digit")
    };
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0, 0);
    for digit in text.bytes().filter(|b| *b != b'=') {
        (bits, count) = (bits << 6 | value(digit), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).expect("eight bits"));
        }
    }
    bytes
}

fn compare(table: &str) {
    for line in table.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let rules = match Rules::parse(&case.text()) {
            Ok(rules) => rules,
            Err(error) => {
                assert_eq!(error.to_string(), case.error, "{line}");
                continue;
            }
        };
        assert_eq!(case.error, "", "{line}");
        let is_ignored = |path: &&String| {
            let (name, is_directory) = match path.strip_suffix('/') {
                Some(name) if !name.is_empty() && name != "." => (name, true),
                _ => (path.as_str(), false),
            };
            rules.decide(name, is_directory).ignored
        };
        let ignored: Vec<_> = case.paths.iter().filter(is_ignored).cloned().collect();
        assert_eq!(ignored, case.ignored, "{line}");
    }
}

#[test]
fn paths_are_ignored_as_recorded() {
    let table = fixture("ignore/want.rules.jsonl");
    assert!(table.lines().count() > 200);
    compare(&table);
}

#[test]
#[ignore = "needs a table of random cases from fixtures/record/ignore"]
fn random_paths_are_ignored_as_recorded() {
    compare(&random_table("IGNORE_TABLE"));
}

#[test]
fn the_deciding_pattern_is_named() {
    let rules = Rules::parse(b"\xEF\xBB\xBF# comment\n\n  *.txt  \n!docs/\n").unwrap();
    let decide = |path, is_directory| {
        let pattern = rules.decide(path, is_directory).pattern?;
        Some((pattern.text().into_owned(), pattern.line()))
    };
    let named = |text: &str, line| Some((text.to_owned(), line));
    assert_eq!(decide("docs/a.txt", false), named("*.txt", Some(3)));
    assert_eq!(decide("values.yaml", false), named("!docs/", Some(4)));
    assert_eq!(decide("docs", true), None);
    let built_in = Rules::default();
    let decision = built_in.decide("templates/.swp", false);
    let pattern = decision.pattern.unwrap();
    assert_eq!((&*pattern.text(), pattern.line()), ("templates/.?*", None));
}

#[test]
fn errors_name_the_line() {
    let long = format!("a\n{}", "x".repeat(65536)).into_bytes();
    let table: [(&[u8], _, _); 3] = [
        (b"a\n\nb/**\n", IgnoreErrorKind::DoubleStar, 3),
        (b"[a\n", IgnoreErrorKind::InvalidPattern, 1),
        (&long, IgnoreErrorKind::LineTooLong, 2),
    ];
    for (text, kind, line) in table {
        let error = Rules::parse(text).unwrap_err();
        assert_eq!((error.kind(), error.line()), (kind, line));
    }
}
