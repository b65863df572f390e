//! Charts below `charts/` that `Chart.yaml` (or `requirements.yaml`) does not declare.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::chart::Chart;
use crate::diagnostic::Code;
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule {
    code: Code::UndeclaredSubchart,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "Charts below `charts/` that `Chart.yaml` (or `requirements.yaml`) does not declare.",
        why: "They are always installed: no condition, no tag and no version range apply to them, and the next `helm dependency update` deletes them.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\n# and there is charts/redis-1.0.0.tgz",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.0.0\n    repository: https://example.com/charts",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/dependencies.go`, `validateDependencyInMetadata`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Ok(chart) = &cx.subject.chart else {
        return;
    };
    let declared = chart.metadata.dependencies.iter().flatten();
    let declared: BTreeSet<_> = declared.map(|d| d.name.as_str()).collect();
    let names = chart.dependencies.iter().map(Chart::name);
    let undeclared: Vec<_> = names.filter(|name| !declared.contains(name)).collect();
    if !undeclared.is_empty() {
        let message = format!(
            "chart metadata is missing these dependencies: {}",
            undeclared.join(",")
        );
        out.add("Chart.yaml", message.as_str())
            .at(chart.metadata.place("dependencies"))
            .helm(32, &cx.subject.folder, message);
    }
}
