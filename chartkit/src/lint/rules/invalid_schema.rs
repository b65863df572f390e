//! A `values.schema.json` that is no JSON, no schema, or refers to a file.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidSchema,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A `values.schema.json` that is no JSON, no schema, or refers to a file.",
        why: "Helm can install nothing with it. A reference to a file next to the schema does not work in Helm: it looks for the file at the root of the file system.",
        exceptions: "",
        bad: (
            "values.schema.json",
            "{\"properties\": {\"replicas\": {\"type\": \"int\"}}}",
        ),
        good: (
            "values.schema.json",
            "{\"properties\": {\"replicas\": {\"type\": \"integer\"}}}",
        ),
        source: Some("Helm v4.2.4, `pkg/chart/common/util/jsonschema.go`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    super::super::schema_report::report(cx, true, out);
}
