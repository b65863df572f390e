//! A `version` that is missing, no version, or not above `0.0.0-0`.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use crate::diagnostic::Code;
use crate::semver::Version;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidVersion,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "A `version` that is missing, no version, or not above `0.0.0-0`.",
        why: "Helm cannot order the chart's versions and refuses to load it.",
        exceptions: "",
        bad: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: latest"),
        good: ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0"),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartVersion`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let text = &chart_yaml.metadata.version;
    let message = match Version::parse(text) {
        _ if text.is_empty() => "version is required".to_owned(),
        Err(_) => format!("version '{text}' is not a valid SemVer"),
        Ok(version) => {
            let lowest = Version::parse("0.0.0-0").expect("it is a version");
            if version.cmp_precedence(&lowest).is_gt() {
                return;
            }
            format!("version {version} is less than or equal to 0.0.0-0")
        }
    };
    out.add(FILE, message.as_str())
        .at(chart_yaml.place("version"))
        .helm(7, FILE, message);
}
