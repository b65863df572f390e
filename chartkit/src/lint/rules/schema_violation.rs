//! Default values, with those of `-f` and `--set`, that break the `values.schema.json` of the chart or of an enabled subchart.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::SchemaViolation,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "Default values, with those of `-f` and `--set`, that break the `values.schema.json` of the chart or of an enabled subchart. Each is reported at the line that wrote the value; the second place is the line of the schema.",
        why: "Helm refuses to install or render the chart with these values.",
        exceptions: "Values of profiles: see [profile-schema-violation](profile-schema-violation.md).",
        bad: (
            "values.schema.json",
            "{\n  \"properties\": {\"replicas\": {\"type\": \"integer\"}}\n}\n\n# values.yaml\nreplicas: two",
        ),
        good: (
            "values.schema.json",
            "{\n  \"properties\": {\"replicas\": {\"type\": \"integer\"}}\n}\n\n# values.yaml\nreplicas: 2",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/common/util/jsonschema.go`; `lint/rules/values.go` checks the chart's own values, `lint/rules/template.go` all of them with the subcharts' schemas. The values themselves are not shown: `<hidden>` stands for them.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    super::super::schema_report::report(cx, false, out);
}
