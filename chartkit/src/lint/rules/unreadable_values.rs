//! A `values.yaml` whose first document is no YAML or no table.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::UnreadableValues,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A `values.yaml` whose first document is no YAML or no table.",
        why: "Helm cannot load the chart.",
        exceptions: "Later documents of the file: Helm's check does not read them. [unloadable-chart](unloadable-chart.md) does.",
        bad: ("values.yaml", "- replicas: 2"),
        good: ("values.yaml", "replicas: 2"),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/values.go`, `validateValuesFile`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "values.yaml";
    if let Some(Err((helm, diagnostic))) = &cx.values {
        let text = format!("unable to parse YAML: {helm}");
        out.push(FILE, diagnostic.clone()).helm(17, FILE, text);
    }
}
