//! `dependencies` in the `Chart.yaml` of a chart whose `apiVersion` is not `v2`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;
use crate::yaml::Value;

pub(super) static RULE: Rule = Rule {
    code: Code::DependenciesInVersionOne,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "`dependencies` in the `Chart.yaml` of a chart whose `apiVersion` is not `v2`.",
        why: "Charts of version 1 declare them in `requirements.yaml`.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v1\nname: web\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.x\n    repository: https://example.com/charts",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.x\n    repository: https://example.com/charts",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartDependencies`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let api_version = &chart_yaml.metadata.api_version;
    // Nulls count as entries.
    let is_empty = match chart_yaml.field("dependencies").map(|node| &node.value) {
        Some(Value::List(items)) => items.is_empty(),
        _ => (chart_yaml.metadata.dependencies.as_ref()).is_none_or(Vec::is_empty),
    };
    if !is_empty && api_version != "v2" {
        let message = format!(
            "dependencies are not valid in the Chart file with apiVersion '{api_version}'. They are valid in apiVersion 'v2'"
        );
        out.add(FILE, message.as_str())
            .at(chart_yaml.place("dependencies"))
            .helm(14, FILE, message);
    }
}
