//! A comment `# chartkit: ignore[…]` that suppresses nothing, or names no rule.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::UnusedSuppression,
    group: Group::Suspicious,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "A comment `# chartkit: ignore[…]` that suppresses nothing, or names no rule.",
        why: "What it was for is gone, and it may hide the next finding.",
        exceptions: "Suppressions of rules that did not run.",
        bad: (
            "values.yaml",
            "replicas: 2 # chartkit: ignore[schema-violation]",
        ),
        good: ("values.yaml", "replicas: 2"),
        source: None,
    },
    check,
};

fn check(_: &Context<'_>, _: &mut Findings<'_>) {
    // Known only when every other rule has run: `lint` reports them.
}
