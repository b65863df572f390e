//! Findings as plain rows: what every report but the one for people is made from.

use serde::Serialize;

use super::finding::{Finding, HelmLine};
use super::fix::Applicability;
use super::{Report, Subject};
use crate::chart::Chart;
use crate::diagnostic::Severity;
use crate::digest::Sha256;
use crate::source::Sources;

/// One finding, without references into texts.
///
/// # Shape
///
/// Lines and columns count from 1, columns in characters; the end is exclusive. A finding about a
/// whole file stands at its first character.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// The code of the rule.
    pub code: &'static str,
    /// The name of the rule.
    pub name: &'static str,
    /// The group of the rule.
    pub group: &'static str,
    /// `info`, `warning` or `error`.
    pub severity: &'static str,
    /// Who decided about the severity.
    pub level: String,
    /// What was found.
    pub message: String,
    /// The file, with the path of the chart as it was given.
    pub file: String,
    /// Where it starts.
    pub line: u32,
    /// Where it starts.
    pub column: u32,
    /// Where it ends.
    pub end_line: u32,
    /// Where it ends.
    pub end_column: u32,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether `lint --fix` mends it.
    pub fixable: bool,
    /// The same for the same finding wherever the chart lies and whatever stands above it.
    pub fingerprint: String,
    #[serde(skip)]
    pub(super) in_chart: String,
    #[serde(skip)]
    pub(super) order: Severity,
}

/// A place that has to do with a finding.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Related {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What is there.
    pub message: String,
}

impl Record {
    /// How much it counts.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.order
    }

    /// The file for people who read a baseline: its path within the chart.
    pub(super) fn baseline_file(&self) -> String {
        self.in_chart.clone()
    }

    fn new(finding: &Finding, chart: &str, subject: &str, sources: &Sources) -> Self {
        let diagnostic = &finding.diagnostic;
        let mut file = match finding.file.as_str() {
            "" => subject.to_owned(),
            path => format!("{subject}/{path}"),
        };
        let (mut line, mut column, mut end_line, mut end_column) = (1, 1, 1, 1);
        if let Some(label) = diagnostic.labels.first() {
            sources.name(label.file).clone_into(&mut file);
            let start = sources.position(label.file, label.span.start);
            let end = sources.position(label.file, label.span.end);
            (line, column) = (start.line, start.column);
            (end_line, end_column) = (end.line, end.column);
        }
        let related = diagnostic.labels.iter().skip(1).map(|label| {
            let at = sources.position(label.file, label.span.start);
            Related {
                file: sources.name(label.file).to_owned(),
                line: at.line,
                column: at.column,
                message: label.message.clone(),
            }
        });
        let inside = file.strip_prefix(subject).unwrap_or(&file);
        let in_chart = format!("{chart}:{}", inside.trim_start_matches(['/', '!']));
        let identity = format!(
            "{}\0{in_chart}\0{}",
            diagnostic.code.id(),
            diagnostic.message
        );
        let safe = |f: &super::Fix| f.applicability == Applicability::Safe;
        Self {
            code: diagnostic.code.id(),
            name: diagnostic.code.name(),
            group: finding.rule.group.as_str(),
            severity: diagnostic.severity.as_str(),
            level: finding.level_source.to_string(),
            message: diagnostic.message.clone(),
            related: related.collect(),
            help: diagnostic.help.clone(),
            fixable: finding.fix.as_ref().is_some_and(safe),
            fingerprint: Sha256::of(identity.as_bytes()).hex()[..32].to_owned(),
            order: diagnostic.severity,
            file,
            line,
            column,
            end_line,
            end_column,
            in_chart,
        }
    }
}

/// What is reported about one chart.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChartReport {
    /// The path as it was given.
    pub path: String,
    /// In the order of [`Report::findings`].
    pub records: Vec<Record>,
    /// How Helm says each of the records.
    pub helm: Vec<Vec<HelmLine>>,
    /// How many findings comments suppressed.
    pub suppressed: usize,
    /// How many findings the baseline knows.
    pub baselined: usize,
    /// Why the path holds no chart at all.
    pub failure: Option<String>,
}

impl ChartReport {
    /// The rows of a report.
    #[must_use]
    pub fn new(report: &Report, subject: &Subject, sources: &Sources) -> Self {
        let last = subject.name.trim_end_matches('/').rsplit('/').next();
        let chart = subject.chart.as_ref().ok().map(Chart::name);
        let chart = chart.or(last).unwrap_or_default();
        let findings = report.findings.iter();
        let records = findings.map(|f| Record::new(f, chart, &subject.name, sources));
        Self {
            path: subject.name.clone(),
            records: records.collect(),
            helm: report.findings.iter().map(|f| f.helm.clone()).collect(),
            suppressed: report.suppressed,
            baselined: 0,
            failure: None,
        }
    }

    /// The report about a path that holds no chart.
    #[must_use]
    pub fn failed(path: &str, why: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            records: Vec::new(),
            helm: Vec::new(),
            suppressed: 0,
            baselined: 0,
            failure: Some(why.into()),
        }
    }

    /// Keeps the records that `keep` wants; the others count as known.
    pub fn leave_out_known(&mut self, mut is_known: impl FnMut(&Record) -> bool) {
        let records = std::mem::take(&mut self.records);
        let helm = std::mem::take(&mut self.helm);
        for (record, helm) in records.into_iter().zip(helm) {
            if is_known(&record) {
                self.baselined += 1;
            } else {
                self.records.push(record);
                self.helm.push(helm);
            }
        }
    }

    /// Leaves out what is only worth knowing.
    pub fn leave_out_notes(&mut self) {
        let notes = self.records.iter();
        let mut notes: Vec<_> = notes.map(|r| r.order > Severity::Info).collect();
        notes.reverse();
        let mut again = notes.clone();
        self.records.retain(|_| notes.pop().unwrap_or(true));
        self.helm.retain(|_| again.pop().unwrap_or(true));
    }

    /// Whether a record is an error, or a warning with `strict`, or there is no chart.
    #[must_use]
    pub fn fails(&self, strict: bool) -> bool {
        let lowest = if strict {
            Severity::Warning
        } else {
            Severity::Error
        };
        self.failure.is_some() || self.records.iter().any(|record| record.order >= lowest)
    }
}
