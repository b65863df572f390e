//! Workflow commands of GitHub Actions, which show as annotations of a change.

use super::super::record::{ChartReport, Record};
use super::{records, sentence};

/// The findings as one workflow command a line.
///
/// # Source
///
/// GitHub Actions, "Workflow commands", `error`, `warning` and `notice`; `toolkit/packages/core`,
/// `escapeData` and `escapeProperty`.
#[must_use]
pub fn to_github(reports: &[ChartReport]) -> String {
    let failures = reports.iter().filter_map(|report| {
        let error = report.failure.as_ref()?;
        let file = property(&report.path);
        Some(format!("::error file={file}::{}\n", data(error)))
    });
    failures.chain(records(reports).map(command)).collect()
}

fn command(record: &Record) -> String {
    let command = match record.severity {
        "info" => "notice",
        other => other,
    };
    let mut place = format!("file={},line={}", property(&record.file), record.line);
    place += &format!(",endLine={}", record.end_line.max(record.line));
    // Columns only count within a line.
    if record.end_line == record.line {
        place += &format!(",col={},endColumn={}", record.column, record.end_column);
    }
    let title = property(&format!("{} {}", record.code, record.name));
    format!(
        "::{command} {place},title={title}::{}\n",
        data(&sentence(record))
    )
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
