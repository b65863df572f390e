//! Something that is called `templates` and is no folder.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::TemplatesNotAFolder,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "Something that is called `templates` and is no folder.",
        why: "Helm expects the manifests in it and finds none.",
        exceptions: "",
        bad: (
            "(folder)",
            "web/\n  Chart.yaml\n  templates        (a file)",
        ),
        good: (
            "(folder)",
            "web/\n  Chart.yaml\n  templates/deployment.yaml",
        ),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/template.go`, `validateTemplatesDir`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FOLDER: &str = "templates/";
    let message = match &cx.subject.templates {
        Part::File(_) => "not a directory",
        Part::Unreadable(error) => error,
        Part::Missing | Part::Folder => return,
    };
    out.add(FOLDER, message).helm(19, FOLDER, message);
}
