//! A `version` that Helm reads although it is no strict SemVer: `1.0`, `v1.0.0`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;
use crate::semver::Version;

pub(super) static RULE: Rule = Rule {
    code: Code::LooseVersion,
    group: Group::Helm,
    level: Level::Warning,
    since: "0.2.0",
    docs: Docs {
        what: "A `version` that Helm reads although it is no strict SemVer: `1.0`, `v1.0.0`.",
        why: "Registries and other programs are stricter, and two spellings of one version are two archives.",
        exceptions: "",
        bad: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: v1.0"),
        good: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0"),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartVersionStrictSemVerV2`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let version = &chart_yaml.metadata.version;
    if Version::parse_strict(version).is_err() {
        let message = format!("version '{version}' is not a valid SemVerV2");
        out.add(FILE, message.as_str())
            .at(chart_yaml.place("version"))
            .helm(15, FILE, message);
    }
}
