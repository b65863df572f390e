//! The text of `helm lint`.

use std::fmt::Write as _;

use super::super::finding::HelmLine;
use super::super::record::{ChartReport, Record};
use crate::diagnostic::Severity;

/// What `helm lint` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HelmOutput {
    /// Standard output.
    pub out: String,
    /// Standard error; empty on success.
    pub err: String,
}

/// Before the schemas' messages of all charts.
const ALL_CHARTS: &str =
    "values don't meet the specifications of the schema(s) in the following chart(s):\n";

/// The findings that `helm lint` has too, as it prints them.
///
/// # Shape
///
/// With `quiet`, charts without a warning and what is only worth knowing are left out; with `strict`,
/// a chart with a warning fails.
///
/// # Source
///
/// Helm v4.2.4, `pkg/cmd/lint.go`.
#[must_use]
pub fn to_helm(reports: &[ChartReport], strict: bool, quiet: bool) -> HelmOutput {
    let mut output = HelmOutput::default();
    let out = &mut output.out;
    let (mut failed, mut noted) = (0, 0);
    for report in reports {
        let messages = messages(report);
        let above = |lowest| messages.iter().any(|message| message.severity >= lowest);
        let lowest = if strict {
            Severity::Warning
        } else {
            Severity::Error
        };
        let fails = report.failure.is_some() || above(lowest);
        failed += usize::from(fails);
        if fails || above(Severity::Warning) {
            noted += 1;
        } else if quiet {
            continue;
        }
        let _ = writeln!(out, "==> Linting {}", report.path);
        if let Some(error) = &report.failure {
            let _ = writeln!(out, "Error {error}");
        }
        for message in messages {
            if !quiet || message.severity > Severity::Info {
                let severity = message.severity.as_str().to_ascii_uppercase();
                let _ = writeln!(out, "[{severity}] {}: {}", message.path, message.text);
            }
        }
        out.push('\n');
    }
    let summary = format!(
        "{} chart(s) linted, {failed} chart(s) failed\n",
        reports.len()
    );
    if failed > 0 {
        output.err = format!("Error: {summary}");
    } else if !quiet || noted > 0 {
        output.out += &summary;
    }
    output
}

struct Message {
    severity: Severity,
    path: String,
    text: String,
}

fn messages(report: &ChartReport) -> Vec<Message> {
    let findings = report.records.iter().zip(&report.helm);
    let lines = findings.flat_map(|(record, lines)| lines.iter().map(move |line| (record, line)));
    let mut lines: Vec<(&Record, &HelmLine)> = lines.collect();
    lines.sort_by_key(|(_, line)| (line.order, line.turn));
    let mut messages = Vec::<Message>::new();
    let mut open = None::<(u8, String)>;
    for (record, line) in lines {
        let Some(chart) = &line.chart else {
            open = None;
            messages.push(Message {
                severity: record.order,
                path: line.path.clone(),
                text: line.text.clone(),
            });
            continue;
        };
        // Everything about schemas is one message, with the charts in it where there are several.
        let is_all = line.path != "values.yaml";
        let continues = open.as_ref().is_some_and(|(order, _)| *order == line.order);
        let same_chart = open.as_ref().is_some_and(|(_, open)| open == chart);
        let heading = format!("{chart}:\n");
        if continues && let Some(message) = messages.last_mut() {
            if is_all && !same_chart {
                message.text += &heading;
            }
            message.text += &format!("{}\n", line.text);
            message.severity = message.severity.max(record.order);
        } else {
            let before = if is_all {
                format!("{ALL_CHARTS}{heading}")
            } else {
                String::new()
            };
            messages.push(Message {
                severity: record.order,
                path: line.path.clone(),
                text: format!("{before}{}\n", line.text),
            });
        }
        open = Some((line.order, chart.clone()));
    }
    messages
}
