//! `JUnit` XML, as Jenkins and others show it: one suite a chart, one case a rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::record::{ChartReport, Record};
use super::super::rules::RULES;
use super::sentence;

/// The findings as a report of tests.
///
/// # Shape
///
/// A case fails when its rule has a finding that is an error, or with `strict` a warning; other findings
/// are in the output of their case. Rules without findings are passed cases, so that a finding that goes
/// away shows as a test that was mended.
#[must_use]
pub fn to_junit(reports: &[ChartReport], strict: bool) -> String {
    let mut suites = String::new();
    let (mut all_tests, mut all_failures, mut all_errors) = (0, 0, 0);
    for report in reports {
        let mut by_rule = BTreeMap::<&str, Vec<&Record>>::new();
        for rule in RULES {
            by_rule.insert(rule.code.id(), Vec::new());
        }
        for record in &report.records {
            by_rule.entry(record.code).or_default().push(record);
        }
        let class = escaped(&report.path);
        let (mut cases, mut failures) = (String::new(), 0);
        if let Some(error) = &report.failure {
            let error = escaped(error);
            let _ = writeln!(
                cases,
                "    <testcase name=\"chart\" classname=\"{class}\"><error message=\"{error}\"/></testcase>"
            );
        }
        for (code, records) in &by_rule {
            let name = RULES.iter().find(|rule| rule.code.id() == *code);
            let name = name.map_or("", |rule| rule.code.name());
            let _ = write!(
                cases,
                "    <testcase name=\"{code} {name}\" classname=\"{class}\""
            );
            if records.is_empty() {
                cases += "/>\n";
                continue;
            }
            let fails = |record: &&Record| {
                record.severity == "error" || strict && record.severity == "warning"
            };
            let lines: Vec<_> = records.iter().map(|record| line(record)).collect();
            let text = escaped(&lines.join("\n"));
            match records.iter().copied().find(fails) {
                Some(first) => {
                    failures += 1;
                    let message = escaped(&sentence(first));
                    let kind = first.severity;
                    let _ = writeln!(
                        cases,
                        ">\n      <failure message=\"{message}\" type=\"{kind}\">{text}</failure>\n    </testcase>"
                    );
                }
                None => {
                    let _ = writeln!(
                        cases,
                        ">\n      <system-out>{text}</system-out>\n    </testcase>"
                    );
                }
            }
        }
        let errors = usize::from(report.failure.is_some());
        let tests = by_rule.len() + errors;
        let _ = write!(
            suites,
            "  <testsuite name=\"{class}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\">\n{cases}  </testsuite>\n"
        );
        all_tests += tests;
        all_failures += failures;
        all_errors += errors;
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"chartkit lint\" tests=\"{all_tests}\" failures=\"{all_failures}\" errors=\"{all_errors}\">\n{suites}</testsuites>\n"
    )
}

fn line(record: &Record) -> String {
    format!(
        "{}:{}:{}: {}: {}",
        record.file,
        record.line,
        record.column,
        record.severity,
        sentence(record)
    )
}

/// A text inside XML, in an attribute or not. Characters that XML cannot say become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\t' => escaped += "&#9;",
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}
