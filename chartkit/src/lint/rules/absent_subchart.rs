//! Declared dependencies that are not in `charts/`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::AbsentSubchart,
    group: Group::Helm,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "Declared dependencies that are not in `charts/`.",
        why: "The chart can be installed only after `helm dependency build`.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.0.0\n    repository: https://example.com/charts\n# and there is no charts/",
        ),
        good: ("(folder)", "web/\n  Chart.yaml\n  charts/redis-1.0.0.tgz"),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/dependencies.go`, `validateDependencyInChartsDir`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Ok(chart) = &cx.subject.chart else {
        return;
    };
    let absent = chart.missing_dependencies();
    if !absent.is_empty() {
        let message = format!(
            "chart directory is missing these dependencies: {}",
            absent.join(",")
        );
        out.add("Chart.yaml", message.as_str())
            .at(chart.metadata.place("dependencies"))
            .helm(34, &cx.subject.folder, message);
    }
}
