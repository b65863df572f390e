//! Reports for other programs: the same findings in the form that each of them reads.
//!
//! Pure functions from [`ChartReport`]s to text. The report for people is the command's: it needs a
//! terminal. Every one of them is in the order of the charts and of their findings.

mod github;
mod gitlab;
mod helm;
mod json;
mod junit;
mod markdown;
mod sarif;

pub use github::to_github;
pub use gitlab::to_gitlab;
pub use helm::{HelmOutput, to_helm};
pub use json::to_json_lines;
pub use junit::to_junit;
pub use markdown::to_markdown;
pub use sarif::to_sarif;

use super::record::{ChartReport, Record};

/// What all machines get for a path that holds no chart.
const NO_CHART: &str = "no-chart";

fn records(reports: &[ChartReport]) -> impl Iterator<Item = &Record> {
    reports.iter().flat_map(|report| &report.records)
}

/// The message and what to do about it, on one line.
fn sentence(record: &Record) -> String {
    match &record.help {
        Some(help) => format!("{} (help: {help})", record.message),
        None => record.message.clone(),
    }
}
