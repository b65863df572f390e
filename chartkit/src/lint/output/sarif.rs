//! SARIF 2.1.0, as GitHub's code scanning and others read it.
//!
//! Section numbers are those of the OASIS standard.

use serde_json::{Value, json};

use super::super::record::{ChartReport, Record};
use super::super::rules::RULES;
use super::{NO_CHART, sentence};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Where the pages about rules are.
const PAGES: &str = "https://github.com/chartkit/chartkit/blob/main/docs/rules";

/// The findings as a SARIF log of one run.
///
/// # Shape
///
/// Paths are as given, so run it at the root of the repository. The text of a finding holds no value.
#[must_use]
pub fn to_sarif(reports: &[ChartReport]) -> String {
    let findings = reports.iter().flat_map(|report| {
        let failure = report.failure.iter().map(|error| no_chart(report, error));
        failure.chain(report.records.iter().map(result))
    });
    let mut rules: Vec<_> = RULES
        .iter()
        .map(|rule| {
            let page = format!("{PAGES}/{}.md", rule.code.name());
            json!({ // 3.49
                "id": rule.code.id(),
                "name": rule.code.name(),
                "shortDescription": { "text": rule.code.description() },
                "fullDescription": { "text": rule.docs.what },
                "help": { "text": rule.docs.why, "markdown": rule.docs.why },
                "helpUri": page,
                "defaultConfiguration": { "level": level(rule.level.as_str()) },
                "properties": { "tags": [rule.group.as_str()] },
            })
        })
        .collect();
    rules.push(json!({
        "id": NO_CHART,
        "shortDescription": { "text": "The path holds no chart." },
    }));
    let log = json!({ // 3.13
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{ // 3.14
            "tool": { "driver": {
                "name": "chartkit",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/chartkit/chartkit",
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}\n")
}

/// 3.27
fn result(record: &Record) -> Value {
    let related = record.related.iter().map(|place| {
        let text = if place.message.is_empty() {
            "related"
        } else {
            &place.message
        };
        json!({
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&place.file) },
                "region": { "startLine": place.line, "startColumn": place.column },
            },
            "message": { "text": text },
        })
    });
    json!({
        "ruleId": record.code,
        "level": level(record.severity),
        "message": { "text": sentence(record) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&record.file) },
            "region": { // 3.30
                "startLine": record.line,
                "startColumn": record.column,
                "endLine": record.end_line,
                "endColumn": record.end_column,
            },
        }}],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": { "chartkit/v1": record.fingerprint },
    })
}

fn no_chart(report: &ChartReport, error: &str) -> Value {
    json!({
        "ruleId": NO_CHART,
        "level": "error",
        "message": { "text": error },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&report.path) } } }],
    })
}

/// 3.27.10
fn level(severity: &str) -> &str {
    match severity {
        "info" => "note",
        "off" => "none",
        other => other,
    }
}

/// 3.4.3: a relative reference, where the path is relative.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri += "file://";
    }
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!@+".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri += &format!("%{byte:02X}");
        }
    }
    uri
}
