//! Whatever makes Helm refuse to load the chart or one of its subcharts.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::UnloadableChart,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "Whatever makes Helm refuse to load the chart or one of its subcharts.",
        why: "It can be neither packaged nor installed.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: service",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\ntype: application",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/template.go`, `dependencies.go` and `crds.go`: Helm loads the chart three times and says so each time.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Err(unloadable) = &cx.subject.chart else {
        return;
    };
    let reason = &unloadable.message;
    let found = out.push("", unloadable.diagnostic.clone());
    if cx.subject.templates == Part::Folder {
        found.helm(20, "templates/", reason.as_str());
    }
    found.helm(31, "", format!("unable to load chart\n\t{reason}"));
    if cx.subject.crds == Part::Folder {
        found.helm(35, "crds/", reason.as_str());
    }
}
