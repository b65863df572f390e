//! A `appVersion` that YAML takes for a number, a boolean or nothing because it has no quotes.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::not_string::{go_type, quotes};
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::AppVersionNotString,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A `appVersion` that YAML takes for a number, a boolean or nothing because it has no quotes.",
        why: "A number loses what does not count in numbers: `1.10` becomes `1.1`, `0123` becomes `83`.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: 1.16",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: \"1.16\"",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartAppVersionType`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let Some(node) = chart_yaml.field("appVersion") else {
        return;
    };
    let Some(go_type) = go_type(&node.value) else {
        return;
    };
    let message = format!("appVersion should be of type string but it's of type {go_type}");
    out.add(FILE, message.as_str())
        .at(node.place)
        .help("put it into double quotes")
        .fix(quotes(node, cx.sources))
        .helm(8, FILE, message);
}
