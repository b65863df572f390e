//! A `Chart.yaml` that is a folder, is no YAML, or has fields of other types than Helm expects.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::UnreadableChartYaml,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A `Chart.yaml` that is a folder, is no YAML, or has fields of other types than Helm expects.",
        why: "Helm can do nothing with the chart.",
        exceptions: "",
        bad: ("Chart.yaml", "name: web\nversion: [1, 0, 0]"),
        good: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0"),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartYamlFormat`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let unreadable = |text: &str| format!("unable to parse YAML\n\t{text}");
    match (&cx.subject.chart_yaml, &cx.chart_yaml_error) {
        (Part::Folder, _) => {
            let message = "should be a file, not a directory";
            out.add(FILE, message).helm(1, FILE, message);
            let text = unreadable("it is a directory");
            out.add(FILE, "cannot be read: it is a directory")
                .helm(2, FILE, text);
        }
        (Part::Unreadable(error), _) => {
            out.add(FILE, format!("cannot be read: {error}"))
                .helm(2, FILE, unreadable(error));
        }
        (_, Some(error)) => {
            let text = unreadable(&error.message);
            out.push(FILE, error.clone()).helm(2, FILE, text);
        }
        _ => {}
    }
}
