//! A manifest below `crds/` whose `apiVersion` does not start with `apiextensions.k8s.io`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;

pub(super) static RULE: Rule = Rule {
    code: Code::CrdApiVersion,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A manifest below `crds/` whose `apiVersion` does not start with `apiextensions.k8s.io`.",
        why: "Helm installs what is in `crds/` once and never changes or removes it: nothing but definitions belongs there.",
        exceptions: "",
        bad: (
            "crds/widget.yaml",
            "apiVersion: v1\nkind: CustomResourceDefinition",
        ),
        good: (
            "crds/widget.yaml",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.example.com",
        ),
        source: Some("Helm v4.2.4, `pkg/chart/v2/lint/rules/crds.go`, `validateCrdAPIVersion`."),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (order, manifest) in (0..).zip(&cx.crds.manifests) {
        if !manifest.api_version.starts_with("apiextensions.k8s.io") {
            let message = "apiVersion is not in 'apiextensions.k8s.io'";
            let found = out.add(&manifest.file, message);
            found.at(manifest.place("apiVersion"));
            found.helm_in_turn(37, order, &manifest.file, message);
        }
    }
}
