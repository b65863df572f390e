//! The parts of a chart as `helm show` prints them.
//!
//! Every function gives the exact bytes of Helm v4.2.4, `pkg/action/show.go`, `Show.Run`.

use super::{Chart, File};
use crate::yaml::{self, EmitStyle, Value};

/// The metadata, written anew: sorted, without comments and unknown fields.
#[must_use]
pub fn chart(chart: &Chart) -> Vec<u8> {
    let metadata = yaml::to_value(&chart.metadata).unwrap_or(Value::Null);
    let mut text = yaml::to_yaml(&metadata, EmitStyle::V2).into_bytes();
    text.push(b'\n');
    text
}

/// `values.yaml` as it is; nothing if there is none.
#[must_use]
pub fn values(chart: &Chart) -> Vec<u8> {
    let mut out = Vec::new();
    for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
        push_line(&mut out, &file.data);
    }
    out
}

/// The first file that is called `readme.md`, `readme.txt` or `readme`, in any case.
#[must_use]
pub fn readme(chart: &Chart) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(file) = find_readme(chart) {
        push_line(&mut out, &file.data);
    }
    out
}

/// The custom resource definitions, those of subcharts after the chart's own.
#[must_use]
pub fn crds(chart: &Chart) -> Vec<u8> {
    let mut out = Vec::new();
    push_crds(&mut out, chart);
    out
}

/// Everything that `helm show all` prints.
#[must_use]
pub fn all(chart: &Chart) -> Vec<u8> {
    const SEPARATOR: &[u8] = b"---\n";
    let mut out = self::chart(chart);
    if chart.values.is_some() {
        out.extend(SEPARATOR);
        out.extend(values(chart));
    }
    if let Some(file) = find_readme(chart) {
        out.extend(SEPARATOR);
        push_line(&mut out, &file.data);
    }
    push_crds(&mut out, chart);
    out
}

fn find_readme(chart: &Chart) -> Option<&File> {
    let names = ["readme.md", "readme.txt", "readme"];
    let is_readme = |file: &&File| {
        names
            .iter()
            .any(|name| file.name.eq_ignore_ascii_case(name))
    };
    chart.files.iter().find(is_readme)
}

fn push_crds(out: &mut Vec<u8>, chart: &Chart) {
    for file in chart.crds() {
        if !file.data.starts_with(b"---") {
            out.extend(b"---\n");
        }
        push_line(out, &file.data);
    }
}

fn push_line(out: &mut Vec<u8>, data: &[u8]) {
    out.extend(data);
    out.push(b'\n');
}
