//! Values of a profile that break a `values.schema.json` of the chart or of a subchart.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::schema_report;
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::ProfileSchemaViolation,
    group: Group::Correctness,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "Values of a profile that break a `values.schema.json` of the chart or of a subchart. Each layer is checked as a part, so nothing is missing in it; the effective values of each profile are checked as a whole. What the default values break already is not repeated.",
        why: "The chart cannot be installed with this profile, or only until another layer no longer hides the value.",
        exceptions: "Encrypted values are checked by type alone: SOPS leaves the type readable.",
        bad: ("profiles/qa1/values.yaml", "replicas: two"),
        good: ("profiles/qa1/values.yaml", "replicas: 2"),
        source: None,
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for problem in &cx.schemas.profiles {
        let names: Vec<_> = problem
            .profiles
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let (noun, names) = match &*names {
            [one] => ("profile", one.clone()),
            several => ("profiles", several.join(", ")),
        };
        let message = format!("with {noun} {names}: {}", problem.message);
        schema_report::at_places(out.add("values.yaml", message), problem);
    }
}
