//! Rules as pages for people: `docs/rules/`.

use std::fmt::Write as _;

use super::rule::{Group, Rule};
use super::rules::RULES;

/// The page about a rule, in Markdown.
#[must_use]
pub fn rule_page(rule: &Rule) -> String {
    let (id, name) = (rule.code.id(), rule.code.name());
    let mut page = format!("# {id} {name}\n\n{}\n\n", rule.code.description());
    let _ = write!(
        page,
        "Group `{}`, level `{}`, since {}.\n\n",
        rule.group,
        rule.level.as_str(),
        rule.since
    );
    let docs = &rule.docs;
    let _ = write!(page, "## What it finds\n\n{}\n\n", docs.what);
    let _ = write!(page, "## Why it matters\n\n{}\n\n", docs.why);
    if !docs.exceptions.is_empty() {
        let _ = write!(page, "## What it does not find\n\n{}\n\n", docs.exceptions);
    }
    for (title, (file, text)) in [("Bad", docs.bad), ("Good", docs.good)] {
        let kind = match file.rsplit_once('.') {
            Some((_, "json")) => "json",
            Some((_, "yaml")) => "yaml",
            _ => "text",
        };
        let _ = write!(
            page,
            "## {title}\n\n`{file}`:\n\n```{kind}\n{text}\n```\n\n"
        );
    }
    if let Some(source) = docs.source {
        let _ = write!(page, "## In Helm\n\n{source}\n\n");
    }
    let _ = write!(
        page,
        "## To leave it out\n\nIn a file: `# chartkit: ignore[{id}]`. Everywhere: `{name} = \"off\"` under `[lint]` in `chartkit.toml`.\n"
    );
    page
}

/// The page that lists all rules, in Markdown.
#[must_use]
pub fn index_page() -> String {
    let mut page = String::from(
        "# Rules\n\nGenerated from `chartkit/src/lint/rules`; how to use them is in [linting.md](../linting.md).\n",
    );
    for group in Group::ALL {
        let rules: Vec<_> = RULES.iter().filter(|rule| rule.group == group).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "\n## {group}\n\n| Rule | Level | Finds |\n|---|---|---|\n"
        );
        for rule in rules {
            let (id, name) = (rule.code.id(), rule.code.name());
            let (level, finds) = (rule.level.as_str(), rule.code.description());
            let _ = writeln!(page, "| [{id} {name}]({name}.md) | {level} | {finds} |");
        }
    }
    page
}
