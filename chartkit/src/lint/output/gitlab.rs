//! GitLab's code quality report.

use serde_json::{Value, json};

use super::super::record::ChartReport;
use super::{NO_CHART, sentence};
use crate::digest::Sha256;

/// The findings as a code quality report.
///
/// # Shape
///
/// An array of issues: `description`, `check_name`, `fingerprint`, `severity`, `location`. Of findings
/// with one fingerprint, GitLab shows one; here each has its own.
///
/// # Source
///
/// GitLab, "Code Quality report format".
#[must_use]
pub fn to_gitlab(reports: &[ChartReport]) -> String {
    let mut issues = Vec::<Value>::new();
    let mut seen = std::collections::BTreeMap::<(String, &str), usize>::new();
    for report in reports {
        if let Some(error) = &report.failure {
            let identity = format!("{NO_CHART}\0{}", report.path);
            issues.push(json!({
                "description": error,
                "check_name": NO_CHART,
                "fingerprint": &Sha256::of(identity.as_bytes()).hex()[..32],
                "severity": "blocker",
                "location": { "path": path(&report.path), "lines": { "begin": 1 } },
            }));
        }
        for record in &report.records {
            let count = seen.entry((record.file.clone(), &record.fingerprint));
            let count = count.or_default();
            let identity = format!("{}\0{}\0{count}", record.file, record.fingerprint);
            *count += 1;
            let severity = match record.severity {
                "error" => "major",
                "warning" => "minor",
                _ => "info",
            };
            issues.push(json!({
                "description": sentence(record),
                "check_name": record.name,
                "fingerprint": &Sha256::of(identity.as_bytes()).hex()[..32],
                "severity": severity,
                "location": {
                    "path": path(&record.file),
                    "lines": { "begin": record.line, "end": record.end_line.max(record.line) },
                },
            }));
        }
    }
    format!("{:#}\n", Value::Array(issues))
}

fn path(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}
