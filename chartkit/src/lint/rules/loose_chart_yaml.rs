//! A key that is in `Chart.yaml` twice, or a field that Helm does not know.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::chart::Metadata;
use crate::diagnostic::Code;
use crate::yaml::{self, DecodeErrorKind};

pub(super) static RULE: Rule = Rule {
    code: Code::LooseChartYaml,
    group: Group::Helm,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "A key that is in `Chart.yaml` twice, or a field that Helm does not know.",
        why: "Of two equal keys the last one counts, and an unknown field has no effect: it is often a known one with a typing error.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nappversion: \"1.0\"\nmaintainer: me",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: \"1.0\"\nmaintainers:\n  - name: me",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartYamlStrictFormat`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    const INTRODUCTION: &str = "failed to strictly parse chart metadata file\n\t";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let mut is_told = false;
    // Helm stops at the first; all of a kind are worth knowing.
    for diagnostic in &chart_yaml.decoded.diagnostics {
        if diagnostic.code == Code::DuplicateKey {
            let text = format!(
                "{INTRODUCTION}error converting YAML to JSON: {}",
                diagnostic.message
            );
            let found = out.push(FILE, diagnostic.clone());
            if !std::mem::replace(&mut is_told, true) {
                found.helm(3, FILE, text);
            }
        }
    }
    if let Err(error) = yaml::from_node_strict::<Metadata>(&chart_yaml.decoded.node)
        && error.kind() == DecodeErrorKind::UnknownField
    {
        let message = error.message();
        let field = message.split('`').nth(1).unwrap_or_default();
        let path = match error.path() {
            path if path.is_empty() => field.to_owned(),
            path => format!("{path}.{field}"),
        };
        let message = format!("Helm does not know the field `{path}`, it has no effect");
        let found = out.add(FILE, message).at(error.place());
        if !is_told {
            let field = crate::quote::Quoted(field);
            let text = format!(
                "{INTRODUCTION}error unmarshaling JSON: while decoding JSON: json: unknown field {field}"
            );
            found.helm(3, FILE, text);
        }
    }
}
