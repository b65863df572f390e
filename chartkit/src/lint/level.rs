//! How much the findings of a rule count, and who said so.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::rule::{Group, Rule};
use super::rules::RULES;
use crate::diagnostic::{Code, Severity};

/// How much the findings of a rule count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Not at all: they are not reported.
    Off,
    /// [`Severity::Info`].
    Info,
    /// [`Severity::Warning`].
    Warning,
    /// [`Severity::Error`].
    Error,
}

impl Level {
    /// The severity of the findings; nothing when they are not reported.
    #[must_use]
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }

    /// The lower-case name: `off`, `info`, `warning` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.severity().map_or("off", Severity::as_str)
    }
}

impl FromStr for Level {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        match text {
            "off" | "allow" => Ok(Self::Off),
            "info" => Ok(Self::Info),
            "warning" | "warn" => Ok(Self::Warning),
            "error" | "deny" => Ok(Self::Error),
            _ => Err(SelectorError::new(
                text,
                "`off`, `info`, `warning` or `error`",
            )),
        }
    }
}

/// One rule, or all of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Selector {
    /// All rules of the group.
    Group(Group),
    /// The rule with this code.
    Rule(Code),
}

impl Selector {
    fn covers(self, rule: &Rule) -> bool {
        match self {
            Self::Group(group) => rule.group == group,
            Self::Rule(code) => rule.code == code,
        }
    }
}

/// The code of a rule, its name, or the name of a group.
impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        if let Ok(group) = text.parse() {
            return Ok(Self::Group(group));
        }
        let named = |rule: &&&Rule| rule.code.id() == text || rule.code.name() == text;
        let rule = RULES.iter().find(named);
        rule.map(|rule| Self::Rule(rule.code))
            .ok_or_else(|| SelectorError::new(text, "the code or name of a rule, or a group"))
    }
}

/// A text that is no level, no rule and no group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected {expected}")]
pub struct SelectorError {
    found: String,
    expected: &'static str,
}

impl SelectorError {
    pub(super) fn new(found: &str, expected: &'static str) -> Self {
        Self {
            found: found.to_owned(),
            expected,
        }
    }
}

/// Who decided about a level; later ones win over earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LevelSource {
    /// The rule itself.
    Default,
    /// A line of a configuration file.
    File {
        /// The path that messages show.
        name: Arc<str>,
        /// From 1.
        line: u32,
    },
    /// An argument.
    CommandLine,
}

impl fmt::Display for LevelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("by default"),
            Self::File { name, line } => write!(f, "by {name}:{line}"),
            Self::CommandLine => f.write_str("by the command line"),
        }
    }
}

/// The levels of all rules.
///
/// # Examples
///
/// ```
/// use chartkit::lint::{Level, LevelSource, Levels, RULES};
///
/// let mut levels = Levels::default();
/// levels.set("missing-icon".parse()?, Level::Off, LevelSource::CommandLine);
/// let rule = RULES.iter().find(|rule| rule.code.name() == "missing-icon").unwrap();
/// assert_eq!(levels.of(rule), (Level::Off, &LevelSource::CommandLine));
/// # Ok::<(), chartkit::lint::SelectorError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Levels {
    said: Vec<(Selector, Level, LevelSource)>,
}

impl Levels {
    /// Says the level of a rule or of a group.
    ///
    /// The command line goes over configuration files; of one source a rule goes over its group, and
    /// what is said later over what was said before.
    pub fn set(&mut self, selector: Selector, level: Level, source: LevelSource) {
        self.said.push((selector, level, source));
    }

    /// The level of a rule, and who decided.
    #[must_use]
    pub fn of(&self, rule: &Rule) -> (Level, &LevelSource) {
        let rank = |(selector, _, source): &(Selector, Level, LevelSource)| {
            let is_argument = *source == LevelSource::CommandLine;
            (is_argument, matches!(selector, Selector::Rule(_)))
        };
        let covering = self.said.iter().filter(|said| said.0.covers(rule));
        covering
            .max_by_key(|said| rank(said))
            .map_or((rule.level, &LevelSource::Default), |said| {
                (said.1, &said.2)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_over_files_and_rules_over_groups() {
        let rule = RULES[0];
        let file = |line| LevelSource::File {
            name: "chartkit.toml".into(),
            line,
        };
        let (one, group) = (Selector::Rule(rule.code), Selector::Group(rule.group));
        let mut levels = Levels::default();
        assert_eq!(levels.of(rule), (rule.level, &LevelSource::Default));
        levels.set(one, Level::Off, file(1));
        levels.set(group, Level::Info, file(2));
        assert_eq!(levels.of(rule), (Level::Off, &file(1)));
        levels.set(one, Level::Warning, file(3));
        assert_eq!(levels.of(rule), (Level::Warning, &file(3)));
        levels.set(group, Level::Error, LevelSource::CommandLine);
        assert_eq!(levels.of(rule), (Level::Error, &LevelSource::CommandLine));
    }

    #[test]
    fn selectors_are_codes_names_or_groups() {
        let code = Selector::Rule(Code::MissingIcon);
        assert_eq!("C019".parse(), Ok(code));
        assert_eq!("missing-icon".parse(), Ok(code));
        assert_eq!("helm".parse(), Ok(Selector::Group(Group::Helm)));
        let error = "c019".parse::<Selector>().unwrap_err();
        let want = "found `c019`, expected the code or name of a rule, or a group";
        assert_eq!(error.to_string(), want);
    }
}
