//! A `type` in a chart whose `apiVersion` is not `v2`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::TypeInVersionOne,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A `type` in a chart whose `apiVersion` is not `v2`.",
        why: "Only version 2 has it, so it says nothing here.",
        exceptions: "Whether the type itself exists: that is what [unloadable-chart](unloadable-chart.md) is for.",
        bad: (
            "Chart.yaml",
            "apiVersion: v1\nname: web\nversion: 1.0.0\ntype: library",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: library",
        ),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartType`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let metadata = &chart_yaml.metadata;
    if !metadata.chart_type.is_empty() && metadata.api_version != "v2" {
        let message = format!(
            "chart type is not valid in apiVersion '{}'. It is valid in apiVersion 'v2'",
            metadata.api_version
        );
        out.add(FILE, message.as_str())
            .at(chart_yaml.place("type"))
            .helm(13, FILE, message);
    }
}
