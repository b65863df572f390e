//! What a rule is.

use std::fmt;
use std::str::FromStr;

use super::context::Context;
use super::finding::Findings;
use super::level::{Level, SelectorError};
use crate::diagnostic::Code;

/// One thing that linting looks for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Its code, which gives it its name, too.
    pub code: Code,
    /// Where it belongs.
    pub group: Group,
    /// How much its findings count unless somebody says otherwise.
    pub level: Level,
    /// The version of chartkit that has it first.
    pub since: &'static str,
    /// For people.
    pub docs: Docs,
    pub(crate) check: fn(&Context<'_>, &mut Findings<'_>),
}

/// What people may want to know of a [`Rule`]; each field is Markdown.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Docs {
    /// What it finds.
    pub what: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What it deliberately does not find; may be empty.
    pub exceptions: &'static str,
    /// Something that it finds: file name and content.
    pub bad: (&'static str, &'static str),
    /// The same without the finding.
    pub good: (&'static str, &'static str),
    /// Where Helm does it, if Helm does.
    pub source: Option<&'static str>,
}

/// Rules of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// What `helm lint` reports, with its verdicts.
    Helm,
    /// What is certainly wrong.
    Correctness,
    /// What is probably not meant.
    Suspicious,
    /// What could be said better.
    Style,
    /// What only some want to know; off unless asked for.
    Pedantic,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 5] = [
        Self::Helm,
        Self::Correctness,
        Self::Suspicious,
        Self::Style,
        Self::Pedantic,
    ];

    /// The lower-case name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helm => "helm",
            Self::Correctness => "correctness",
            Self::Suspicious => "suspicious",
            Self::Style => "style",
            Self::Pedantic => "pedantic",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Group {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|group| group.as_str() == text);
        found.ok_or_else(|| SelectorError::new(text, "a group of rules"))
    }
}
