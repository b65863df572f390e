//! A `values.schema.json` that refers to a schema on the network.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;
use crate::source::Span;

pub(super) static RULE: Rule = Rule {
    code: Code::SchemaNotFetched,
    group: Group::Suspicious,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "A `values.schema.json` that refers to a schema on the network.",
        why: "Helm fetches it each time it checks the values, so installing needs that server. chartkit does not fetch it: what it would say is not known here.",
        exceptions: "",
        bad: (
            "values.schema.json",
            "{\"$ref\": \"https://example.com/web.json\"}",
        ),
        good: (
            "values.schema.json",
            "{\"$ref\": \"#/$defs/web\", \"$defs\": {\"web\": {\"type\": \"object\"}}}",
        ),
        source: None,
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (file, url) in &cx.schemas.unfetched {
        let message = format!("the schema refers to `{url}`, which is not fetched");
        let found = out.add("values.schema.json", message);
        found.label(*file, Span::default(), "");
        found.help("copy it into values.schema.json, under `$defs`");
    }
}
