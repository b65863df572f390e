//! A file below `templates/` that ends in none of `.yaml`, `.yml`, `.tpl` and `.txt`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::subject::Part;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::TemplateExtension,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A file below `templates/` that ends in none of `.yaml`, `.yml`, `.tpl` and `.txt`.",
        why: "Helm renders it all the same, and sends what comes out to the cluster.",
        exceptions: "",
        bad: ("(folder)", "web/\n  templates/README.md"),
        good: ("(folder)", "web/\n  README.md\n  templates/NOTES.txt"),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/template.go`, `validateAllowedExtension`. Helm checks this after rendering, so it says nothing when that fails.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Ok(chart) = &cx.subject.chart else {
        return;
    };
    if cx.subject.templates != Part::Folder {
        return;
    }
    for template in &chart.templates {
        let name = template.name.rsplit('/').next().unwrap_or_default();
        let extension = name.rfind('.').map_or("", |at| &name[at..]);
        if [".yaml", ".yml", ".tpl", ".txt"].contains(&extension) {
            continue;
        }
        let message = format!(
            "file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"
        );
        out.add(&template.name, message.as_str())
            .helm(24, &template.name, message);
    }
}
