//! What a chart adds to the Secret in which Helm keeps a release.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Entry, Plan, Reason};
use crate::chart::Chart;
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{self, Value};

/// The size in bytes at which Kubernetes refuses a Secret: 1 MiB.
///
/// # Source
///
/// Kubernetes, `MaxSecretSize`.
pub const RELEASE_SECRET_LIMIT: u64 = 1024 * 1024;

/// A warning when the chart takes more of the release Secret than `budget`.
pub(super) fn over_budget(chart: &Chart, plan: &Plan, budget: u64) -> Option<Diagnostic> {
    if upper_bound(plan) <= budget {
        return None;
    }
    // Helm's level takes ten times as long and saves some percent: asked only where it may matter.
    if estimate(chart, plan, Compression::fast()) <= budget {
        return None;
    }
    let estimate = estimate(chart, plan, Compression::best());
    if estimate <= budget {
        return None;
    }
    let mut largest: Vec<_> = own_entries(plan).collect();
    largest.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.data.len()));
    let names: Vec<_> = (largest.iter().take(3))
        .map(|(entry, _)| format!("{} ({} bytes)", entry.path, entry.data.len()))
        .collect();
    let message = format!(
        "the chart alone adds about {estimate} bytes to Helm's release Secret, more than the budget of {budget}; Kubernetes refuses at {RELEASE_SECRET_LIMIT}"
    );
    let help = format!(
        "ignore what is not needed at install in .helmignore; the largest: {}",
        names.join(", ")
    );
    Some(Diagnostic::warning(Code::ReleaseTooLarge, message).help(help))
}

impl Plan {
    /// Estimates the bytes that the chart adds to the Secret in which Helm keeps each release.
    ///
    /// # Shape
    ///
    /// The chart's part of the release record, compressed and encoded as Helm does it. Rendered
    /// manifests and the user's values come on top. Subcharts do not count: Helm does not keep them.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/storage/driver/util.go`, `encodeRelease`: JSON, gzip, base64.
    #[must_use]
    pub fn release_size(&self, chart: &Chart) -> u64 {
        estimate(chart, self, Compression::best())
    }
}

/// More than the estimate can be, for next to nothing: most charts are far below any budget.
///
/// A file is base64 in the record. Deflate brings that back to the file's length at worst, and base64
/// again makes it a third more. Values are JSON: deflate and base64 together never double a text.
fn upper_bound(plan: &Plan) -> u64 {
    let bound = |entry: &Entry| {
        let length = (entry.path.len() + entry.data.len()) as u64;
        match entry.reason {
            Reason::Values => length * 2,
            _ => length * 7 / 5,
        }
    };
    without_subcharts(plan).map(bound).sum()
}

fn estimate(chart: &Chart, plan: &Plan, level: Compression) -> u64 {
    let mut gzip = GzEncoder::new(Count(0), level);
    write_json(chart, plan, &mut gzip).expect("counting does not fail");
    let Count(compressed) = gzip.finish().expect("counting does not fail");
    compressed.div_ceil(3) * 4
}

fn write_json(chart: &Chart, plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let json = |value: &Value| yaml::to_json(value);
    let metadata = yaml::to_value(&plan.metadata).expect("metadata has only string keys");
    let values = Value::Table(chart.values.clone().unwrap_or_default());
    write!(
        out,
        r#"{{"metadata":{},"values":{}"#,
        json(&metadata),
        json(&values)
    )?;
    for (list, template) in [("templates", true), ("files", false)] {
        write!(out, r#","{list}":["#)?;
        for (entry, _) in own_entries(plan).filter(|(_, is_template)| *is_template == template) {
            write!(out, r#"{{"name":"{}","data":""#, entry.path)?;
            out.write_all(base64(&entry.data).as_bytes())?;
            write!(out, r#""}},"#)?;
        }
        write!(out, "]")?;
    }
    let schema = chart.schema.as_deref().map(base64).unwrap_or_default();
    write!(out, r#","schema":"{schema}"}}"#)
}

/// The root chart's templates and files, each with whether it is a template.
fn own_entries(plan: &Plan) -> impl Iterator<Item = (&Entry, bool)> {
    without_subcharts(plan).filter_map(|entry| match entry.reason {
        Reason::Template => Some((entry, true)),
        Reason::Profile | Reason::File => Some((entry, false)),
        Reason::Metadata | Reason::Lock | Reason::Values | Reason::Schema => None,
    })
}

fn without_subcharts(plan: &Plan) -> impl Iterator<Item = &Entry> {
    let first = plan.entries.first().map_or("", |entry| &*entry.path);
    let nested = format!("{}/charts/", first.split('/').next().unwrap_or_default());
    let entries = plan.entries.iter();
    entries.filter(move |entry| !entry.path.starts_with(&nested))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
