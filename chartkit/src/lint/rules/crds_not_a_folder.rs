//! Something that is called `crds` and is no folder.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::CrdsNotAFolder,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "Something that is called `crds` and is no folder.",
        why: "Helm installs custom resource definitions from that folder only.",
        exceptions: "",
        bad: ("(folder)", "web/\n  Chart.yaml\n  crds        (a file)"),
        good: ("(folder)", "web/\n  Chart.yaml\n  crds/widget.yaml"),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/crds.go`, `validateCrdsDir`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FOLDER: &str = "crds/";
    let message = match &cx.subject.crds {
        Part::File(_) => "not a directory",
        Part::Unreadable(error) => error,
        Part::Missing | Part::Folder => return,
    };
    out.add(FOLDER, message).helm(35, FOLDER, message);
}
