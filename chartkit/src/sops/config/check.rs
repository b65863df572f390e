//! What is odd about creation rules, without any file or key.

use super::{Config, ConfigError, CreationRule, PathPattern};
use crate::diagnostic::{Code, Diagnostic};
use crate::sops::{KeyGroup, Selection};
use crate::source::Span;

pub(super) fn check(config: &Config) -> Vec<Diagnostic> {
    let rules = config.creation_rules.as_deref().unwrap_or_default();
    let mut diagnostics = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        if let Some(earlier) = rules[..index]
            .iter()
            .find(|earlier| takes_all_of(earlier, rule))
        {
            diagnostics.push(unreachable(rule, earlier));
        }
        diagnostics.extend(unusable(rule));
    }
    diagnostics
}

/// Whether whatever matches `later` matches `earlier` already.
///
/// Seen in the text alone: that one expression contains another is not asked.
fn takes_all_of(earlier: &CreationRule, later: &CreationRule) -> bool {
    match (&earlier.path, &later.path) {
        (PathPattern::All, _) => true,
        // Nobody gets past an expression with a mistake, but that is reported where it stands.
        (PathPattern::Regex { regex: Err(_), .. }, _) => false,
        (PathPattern::Regex { pattern, .. }, _) if matches_everything(&pattern.text) => true,
        (PathPattern::Regex { pattern, .. }, PathPattern::Regex { pattern: other, .. }) => {
            pattern.text == other.text
        }
        (PathPattern::Regex { .. }, PathPattern::All) => false,
    }
}

/// Whether an expression matches every path, for the ways in which people write that.
fn matches_everything(pattern: &str) -> bool {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let open_end = inner.strip_suffix('$').unwrap_or(inner);
    match open_end {
        // A path is never empty.
        ".*" | ".+" => true,
        "" => !(pattern.starts_with('^') && pattern.ends_with('$')),
        _ => false,
    }
}

fn unreachable(rule: &CreationRule, earlier: &CreationRule) -> Diagnostic {
    let message = "this creation rule can never match";
    Diagnostic::warning(Code::UnreachableRule, message)
        .at(rule.file, start_of(rule), "")
        .at(
            earlier.file,
            start_of(earlier),
            "this rule takes all that it would",
        )
        .help("the first rule that matches wins: put the more special ones first")
}

fn unusable(rule: &CreationRule) -> Vec<Diagnostic> {
    let warning = |span, message: String| {
        Diagnostic::warning(Code::UnusableRule, message).at(rule.file, span, "")
    };
    let of_error = |error: &ConfigError| {
        let span = error.location().map_or(start_of(rule), |(_, span)| span);
        warning(span, error.to_string())
    };
    let mut diagnostics = Vec::new();
    if let Err(error) = rule.matches("") {
        diagnostics.push(of_error(&error));
    }
    match rule.key_groups() {
        Err(error) => diagnostics.push(of_error(&error)),
        Ok(groups) => {
            diagnostics.extend(group_problem(rule, groups).map(|m| warning(start_of(rule), m)));
        }
    }
    if let Err(error) = rule.selection() {
        diagnostics.push(of_error(&error));
    }
    for (kind, pattern) in &rule.selections {
        if let Err(error) = Selection::new(*kind, pattern.text.as_str()) {
            diagnostics.push(warning(pattern.span, error.to_string()));
        }
    }
    if let Some(span) = rule.ignored_keys {
        let message = "these keys are ignored, because the rule has `key_groups`";
        diagnostics.push(warning(span, message.to_owned()));
    }
    diagnostics
}

fn group_problem(rule: &CreationRule, groups: &[KeyGroup]) -> Option<String> {
    if groups.iter().any(Vec::is_empty) {
        let what = if groups.len() == 1 {
            "creation rule"
        } else {
            "key group"
        };
        return Some(format!(
            "a {what} without a key: no file can be encrypted by it"
        ));
    }
    if groups.len() == 1 {
        return None;
    }
    let threshold = rule.shamir_threshold;
    let problem = match threshold {
        1 => "found 1, expected at least 2".to_owned(),
        _ if threshold > groups.len() => {
            format!(
                "found {threshold}, but there are {} key groups",
                groups.len()
            )
        }
        _ => return None,
    };
    Some(format!("`shamir_threshold`: {problem}"))
}

/// A rule is many lines; its start is enough to find it.
fn start_of(rule: &CreationRule) -> Span {
    let Span { start, end } = rule.span;
    Span {
        start,
        end: end.min(start.saturating_add(1)),
    }
}
