//! A chart without an `icon`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::MissingIcon,
    group: Group::Helm,
    level: Level::Info,
    since: "0.2.0",
    docs: Docs {
        what: "A chart without an `icon`.",
        why: "Programs that show charts to people show it without a picture.",
        exceptions: "",
        bad: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0"),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nicon: https://example.com/web.svg",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartIconPresence`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    if chart_yaml.metadata.icon.is_empty() {
        let message = "icon is recommended";
        out.add(FILE, message)
            .at(chart_yaml.place("icon"))
            .helm(11, FILE, message);
    }
}
