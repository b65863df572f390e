//! The first maintainer that is empty, has no name, or whose `email` or `url` is none.

use super::super::context::Context;
use super::super::finding::Findings;
use super::super::level::Level;
use super::super::rule::{Docs, Group, Rule};
use super::super::url;
use crate::chart::Maintainer;
use crate::diagnostic::Code;
use crate::yaml::Value;

pub(super) static RULE: Rule = Rule {
    code: Code::InvalidMaintainer,
    group: Group::Helm,
    level: Level::Error,
    since: "0.2.0",
    docs: Docs {
        what: "The first maintainer that is empty, has no name, or whose `email` or `url` is none.",
        why: "Nobody can be asked about the chart.",
        exceptions: "",
        bad: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nmaintainers:\n  - name: me\n    email: me at example.com",
        ),
        good: (
            "Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1.0.0\nmaintainers:\n  - name: me\n    email: me@example.com",
        ),
        source: Some(
            "Helm v4.2.4, `pkg/chart/v2/lint/rules/chartfile.go`, `validateChartMaintainer`.",
        ),
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const FILE: &str = "Chart.yaml";
    let Some(chart_yaml) = &cx.chart_yaml else {
        return;
    };
    let Some(Value::List(items)) = chart_yaml.field("maintainers").map(|node| &node.value) else {
        return;
    };
    let mut maintainers = chart_yaml.metadata.maintainers.iter();
    for (index, item) in items.iter().enumerate() {
        let message = match maintainers.next().filter(|_| !item.value.is_null()) {
            None => "a maintainer entry is empty".to_owned(),
            Some(Maintainer { name, email, url }) => {
                if name.is_empty() {
                    "each maintainer requires a name".to_owned()
                } else if !email.is_empty() && !url::is_email(email) {
                    format!("invalid email '{email}' for maintainer '{name}'")
                } else if !url.is_empty() && !url::is_url(url) {
                    format!("invalid url '{url}' for maintainer '{name}'")
                } else {
                    continue;
                }
            }
        };
        out.add(FILE, message.as_str())
            .at(chart_yaml.item("maintainers", index))
            .helm(9, FILE, message);
        return;
    }
}
