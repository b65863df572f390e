//! A summary for a merge request or a job's page, in Markdown.

use std::fmt::Write as _;

use super::super::record::ChartReport;
use super::{records, sentence};

/// More findings than these only count: a summary is to be read.
const MOST: usize = 100;

/// The findings as a table, the charts as a line.
#[must_use]
pub fn to_markdown(reports: &[ChartReport], strict: bool) -> String {
    let count = |severity| records(reports).filter(|r| r.severity == severity).count();
    let failed = reports.iter().filter(|report| report.fails(strict)).count();
    let mut text = format!(
        "## chartkit lint\n\n{} charts, {failed} failed: {} errors, {} warnings, {} notes\n",
        reports.len(),
        count("error"),
        count("warning"),
        count("info"),
    );
    for report in reports {
        if let Some(error) = &report.failure {
            let _ = write!(text, "\n**{}**: {}\n", cell(&report.path), cell(error));
        }
    }
    let mut shown: Vec<_> = records(reports).collect();
    shown.sort_by_key(|record| std::cmp::Reverse(record.severity()));
    if !shown.is_empty() {
        text += "\n| | Rule | Where | What |\n|---|---|---|---|\n";
    }
    for record in shown.iter().take(MOST) {
        let _ = writeln!(
            text,
            "| {} | {} {} | `{}:{}` | {} |",
            record.severity,
            record.code,
            record.name,
            record.file.replace('`', "'"),
            record.line,
            cell(&sentence(record)),
        );
    }
    if shown.len() > MOST {
        let _ = write!(text, "\nand {} more\n", shown.len() - MOST);
    }
    text
}

/// A text in one cell of a table, without any markup of its own.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '*' | '_' | '<' | '[' | ']' | '#' | '~' => cell.extend(['\\', c]),
            '\n' => cell += "<br>",
            '\t' => cell.push(' '),
            c => cell.push(c),
        }
    }
    cell
}
