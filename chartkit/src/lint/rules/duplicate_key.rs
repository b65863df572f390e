//! A key that a `values.yaml`, of the chart, a subchart or a profile, has twice in one table.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;
use crate::diagnostic::Label;

pub(super) static RULE: Rule = Rule {
    code: Code::DuplicateKey,
    group: Group::Suspicious,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "A key that a `values.yaml`, of the chart, a subchart or a profile, has twice in one table.",
        why: "The last one counts and the first is lost without a word, with everything below it.",
        exceptions: "",
        bad: (
            "values.yaml",
            "image:\n  repository: web\n  tag: \"1\"\nimage:\n  tag: \"2\"",
        ),
        good: ("values.yaml", "image:\n  repository: web\n  tag: \"2\""),
        source: None,
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let loaded = cx.subject.diagnostics.iter();
    let profiles = cx.profiles.effective.iter();
    let of_profiles = profiles.flat_map(|(_, effective)| &effective.diagnostics);
    for diagnostic in loaded.chain(of_profiles) {
        // `Chart.yaml` has a rule of Helm's.
        let is_values = |label: &Label| !cx.sources.name(label.file).ends_with("Chart.yaml");
        let is_values = diagnostic.labels.first().is_some_and(is_values);
        if diagnostic.code == Code::DuplicateKey && is_values {
            out.push("values.yaml", diagnostic.clone());
        }
    }
}
