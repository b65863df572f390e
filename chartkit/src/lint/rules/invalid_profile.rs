//! A profile that cannot be used: its `profile.yaml` or `values.yaml` cannot be read, it extends what is not there, or its secrets are not encrypted.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidProfile,
    group: Group::Correctness,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A profile that cannot be used: its `profile.yaml` or `values.yaml` cannot be read, it extends what is not there, or its secrets are not encrypted.",
        why: "No stack can be installed with it.",
        exceptions: "",
        bad: ("profiles/qa1/profile.yaml", "extends: [bsae]"),
        good: ("profiles/qa1/profile.yaml", "extends: [base]"),
        source: None,
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for error in &cx.profiles.errors {
        out.push("profiles", error.clone());
    }
}
