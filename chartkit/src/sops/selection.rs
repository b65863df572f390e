//! Which values of a file are encrypted: by suffix, by regular expression, by comment.
//!
//! Decides by key paths and comments alone. Exactly one rule holds for a whole file.
//!
//! # Source
//!
//! SOPS v3.13.3, `sops.go`, `shouldBeEncrypted`.

use std::fmt;

use regex::bytes::Regex;

use crate::sops::Secret;
use crate::sops::re2::{self, PatternError};

/// The suffix of keys that stay in plain text when a file has no rule of its own.
pub const DEFAULT_UNENCRYPTED_SUFFIX: &str = "_unencrypted";

/// The rule that says which values are encrypted.
///
/// # Shape
///
/// Suffixes and expressions are compared with every key on the way to a value, so that a match covers
/// all below it. The expressions of the comment rules are compared with the comments right before an
/// item and before everything that it is in. Expressions match anywhere in the text, in the syntax of
/// RE2.
///
/// # Examples
///
/// ```
/// use chartkit::sops::{Selection, SelectionRule};
///
/// let selection = Selection::new(SelectionRule::EncryptedRegex, "^(data|stringData)$")?;
/// assert_eq!(selection.rule().as_str(), "encrypted_regex");
///
/// let error = Selection::new(SelectionRule::EncryptedRegex, "(").unwrap_err();
/// assert!(error.to_string().starts_with("`encrypted_regex` is no regular expression"));
/// # Ok::<(), chartkit::sops::SelectionError>(())
/// ```
///
/// DIFFERENCE: to SOPS an expression with a mistake is one that never matches; with
/// `encrypted_regex` it leaves everything in plain text. Here nothing is encrypted with one; files that
/// SOPS made so are still read.
#[derive(Clone, Debug)]
pub struct Selection {
    rule: SelectionRule,
    pattern: String,
    regex: Option<Regex>,
}

/// The six kinds of [`Selection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SelectionRule {
    /// Encrypted is what no key on the way ends with.
    UnencryptedSuffix,
    /// Encrypted is what a key on the way ends with.
    EncryptedSuffix,
    /// Encrypted is what no key on the way matches.
    UnencryptedRegex,
    /// Encrypted is what a key on the way matches.
    EncryptedRegex,
    /// Encrypted is what no comment before it matches.
    UnencryptedCommentRegex,
    /// Encrypted is what a comment before it matches.
    EncryptedCommentRegex,
}

impl SelectionRule {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::UnencryptedSuffix,
        Self::EncryptedSuffix,
        Self::UnencryptedRegex,
        Self::EncryptedRegex,
        Self::UnencryptedCommentRegex,
        Self::EncryptedCommentRegex,
    ];

    /// The field of the metadata and of `.sops.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnencryptedSuffix => "unencrypted_suffix",
            Self::EncryptedSuffix => "encrypted_suffix",
            Self::UnencryptedRegex => "unencrypted_regex",
            Self::EncryptedRegex => "encrypted_regex",
            Self::UnencryptedCommentRegex => "unencrypted_comment_regex",
            Self::EncryptedCommentRegex => "encrypted_comment_regex",
        }
    }

    fn is_regex(self) -> bool {
        !matches!(self, Self::UnencryptedSuffix | Self::EncryptedSuffix)
    }

    pub(crate) fn is_about_comments(self) -> bool {
        matches!(
            self,
            Self::UnencryptedCommentRegex | Self::EncryptedCommentRegex
        )
    }

    /// Whether a match means ciphertext; otherwise it means plain text.
    fn encrypts(self) -> bool {
        matches!(
            self,
            Self::EncryptedSuffix | Self::EncryptedRegex | Self::EncryptedCommentRegex
        )
    }
}

impl fmt::Display for SelectionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule with a regular expression that cannot be compiled.
#[derive(Clone, Debug)]
pub struct SelectionError {
    rule: SelectionRule,
    cause: PatternError,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no regular expression: {}",
            self.rule, self.cause
        )
    }
}

impl std::error::Error for SelectionError {}

impl Default for Selection {
    fn default() -> Self {
        Self {
            rule: SelectionRule::UnencryptedSuffix,
            pattern: DEFAULT_UNENCRYPTED_SUFFIX.to_owned(),
            regex: None,
        }
    }
}

impl Selection {
    /// A rule with its suffix or regular expression.
    ///
    /// # Errors
    ///
    /// When the expression has a mistake.
    pub fn new(rule: SelectionRule, pattern: impl Into<String>) -> Result<Self, SelectionError> {
        let pattern = pattern.into();
        let regex = if rule.is_regex() {
            Some(re2::compile(&pattern).map_err(|cause| SelectionError { rule, cause })?)
        } else {
            None
        };
        Ok(Self {
            rule,
            pattern,
            regex,
        })
    }

    /// Which kind of rule.
    #[must_use]
    pub fn rule(&self) -> SelectionRule {
        self.rule
    }

    /// The suffix or the regular expression.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The rule as SOPS takes it when its expression has a mistake: as one that never matches.
    pub(crate) fn of_old_file(rule: SelectionRule, pattern: &str) -> Self {
        Self::new(rule, pattern).unwrap_or_else(|_| Self {
            rule,
            pattern: pattern.to_owned(),
            regex: None,
        })
    }

    fn matches(&self, text: &[u8]) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(text),
            None => !self.rule.is_regex() && text.ends_with(self.pattern.as_bytes()),
        }
    }

    /// Whether an encrypted comment would be taken for one that keeps the next item in plain text.
    pub(crate) fn matches_comment(&self, text: &str) -> bool {
        self.rule == SelectionRule::UnencryptedCommentRegex && self.matches(text.as_bytes())
    }
}

/// Where a walk stands, for [`Selection`]: one for every open collection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope {
    /// A key on the way, or a comment before what the walk is in, matches.
    above: bool,
    /// A comment before the next item matches.
    before: bool,
}

impl Scope {
    /// Inside the value of a key.
    #[must_use]
    pub(crate) fn under_key(self, selection: &Selection, key: &str) -> Self {
        let about_keys = !selection.rule.is_about_comments();
        let above = self.above || self.before || (about_keys && selection.matches(key.as_bytes()));
        Self {
            above,
            before: false,
        }
    }

    /// Inside an item of a list.
    #[must_use]
    pub(crate) fn in_item(self) -> Self {
        Self {
            above: self.above || self.before,
            before: false,
        }
    }

    /// Whether what stands here is encrypted.
    pub(crate) fn is_encrypted(self, selection: &Selection) -> bool {
        (self.above || self.before) == selection.rule.encrypts()
    }

    /// Goes past a comment; says whether it is encrypted itself.
    pub(crate) fn comment(&mut self, selection: &Selection, text: &Secret) -> bool {
        let without_it = self.is_encrypted(selection);
        let about_comments = selection.rule.is_about_comments();
        self.before |= about_comments && selection.matches(text.expose());
        // The comment that asks for ciphertext stays readable, that which asks for plain text too.
        match selection.rule {
            SelectionRule::UnencryptedCommentRegex => self.is_encrypted(selection),
            _ => without_it,
        }
    }

    /// Goes past an item that is no comment.
    pub(crate) fn item(&mut self) {
        self.before = false;
    }
}
