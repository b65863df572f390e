//! A chart without `values.yaml`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::MissingValuesFile,
    group: Group::Helm,
    level: Level::Info,
    since: "0.2.0",
    docs: Docs {
        what: "A chart without `values.yaml`.",
        why: "Nobody sees what can be set, and neither do schemas and profiles.",
        exceptions: "",
        bad: (
            "(folder)",
            "web/\n  Chart.yaml\n  templates/deployment.yaml",
        ),
        good: (
            "(folder)",
            "web/\n  Chart.yaml\n  values.yaml\n  templates/deployment.yaml",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/values.go`, `validateValuesFileExistence`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "values.yaml";
    if cx.subject.values == Part::Missing {
        let message = "file does not exist";
        out.add(FILE, message).helm(16, FILE, message);
    }
}
