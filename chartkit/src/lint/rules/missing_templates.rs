//! A chart without a `templates` folder.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::MissingTemplates,
    group: Group::Helm,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "A chart without a `templates` folder.",
        why: "It installs nothing of its own. That is right for a chart that only bundles others.",
        exceptions: "",
        bad: ("(folder)", "web/\n  Chart.yaml\n  values.yaml"),
        good: (
            "(folder)",
            "web/\n  Chart.yaml\n  values.yaml\n  templates/deployment.yaml",
        ),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/template.go`, `templatesDirExists`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FOLDER: &str = "templates/";
    if cx.subject.templates == Part::Missing {
        let message = "directory does not exist";
        out.add(FOLDER, message).helm(18, FOLDER, message);
    }
}
