//! An `icon` that is no URL with a scheme.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::url;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidIconUrl,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "An `icon` that is no URL with a scheme.",
        why: "Programs that show charts to people cannot load it.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nicon: web.svg",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nicon: https://example.com/web.svg",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartIconURL`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let icon = &chart_yaml.metadata.icon;
    if !icon.is_empty() && !url::is_request_url(icon) {
        let message = format!("invalid icon URL '{icon}'");
        out.add(FILE, message.as_str())
            .at(chart_yaml.place("icon"))
            .helm(12, FILE, message);
    }
}
