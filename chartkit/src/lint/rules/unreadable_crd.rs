//! The first file below `crds/`, of the chart or a subchart, that is no manifest.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::UnreadableCrd,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "The first file below `crds/`, of the chart or a subchart, that is no manifest. Templates are none: nothing renders them there.",
        why: "Helm sends these files to the cluster as they are.",
        exceptions: "",
        bad: (
            "crds/widget.yaml",
            "apiVersion: {{ .Values.apiVersion }}\nkind: CustomResourceDefinition",
        ),
        good: (
            "crds/widget.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.example.com",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/crds.go`, `Crds`. Helm's check ends there.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if let Some((file, diagnostic)) = &cx.crds.unreadable {
        let text = format!("unable to parse YAML: {}", diagnostic.message);
        out.push(file, diagnostic.clone()).helm(36, file, text);
    }
}
