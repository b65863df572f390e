//! An `apiVersion` that is missing or neither `v1` nor `v2`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidApiVersion,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "An `apiVersion` that is missing or neither `v1` nor `v2`.",
        why: "Helm takes a chart without one for version 1, in which dependencies are declared elsewhere, and installs no chart of another version.",
        exceptions: "",
        bad: ("Chart.yaml", "name: web\nversion: 1.0.0"),
        good: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0"),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartAPIVersion`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    const EXPECTED: &str = "The value must be either \"v1\" or \"v2\"";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let message = match chart_yaml.metadata.api_version.as_str() {
        "v1" | "v2" => return,
        "" => format!("apiVersion is required. {EXPECTED}"),
        other => format!("apiVersion '{other}' is not valid. {EXPECTED}"),
    };
    out.add(FILE, message.as_str())
        .at(chart_yaml.place("apiVersion"))
        .helm(5, FILE, message);
}
