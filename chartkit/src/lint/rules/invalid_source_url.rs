//! The first entry of `sources` that is no URL with a scheme.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::url;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidSourceUrl,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "The first entry of `sources` that is no URL with a scheme.",
        why: "Programs that show the chart make links of it.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nsources:\n  - github.com/example/web",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nsources:\n  - https://github.com/example/web",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartSources`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let sources = chart_yaml.metadata.sources.iter().enumerate();
    let mut invalid = sources.filter(|(_, source)| !url::is_request_url(source));
    if let Some((index, source)) = invalid.next() {
        let message = format!("invalid source URL '{source}'");
        out.add(FILE, message.as_str())
            .at(chart_yaml.item("sources", index))
            .helm(10, FILE, message);
    }
}
