//! A chart without a `name`, or whose name is a path.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidChartName,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A chart without a `name`, or whose name is a path.",
        why: "The name is part of file names, and Helm refuses to load the chart.",
        exceptions: "",
        bad: ("Chart.yaml", "apiVersion: v2\nname: ../web\nversion: 1.0.0"),
        good: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0"),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartName`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let name = &chart_yaml.metadata.name;
    let message = if name.is_empty() {
        "name is required".to_owned()
    } else if name.contains('/') && name != "/" {
        // The base name of `/` is `/`, so Helm has nothing against it.
        format!("chart name {} is invalid", crate::quote::Quoted(name))
    } else {
        return;
    };
    out.add(FILE, message.as_str())
        .at(chart_yaml.place("name"))
        .helm(4, FILE, message);
}
