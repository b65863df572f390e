//! `.sops.yaml`: which keys and which settings a new encrypted file gets.
//!
//! Decides what the file says, which of its rules takes a path, and what flags change. Must not know
//! where the file lies: the edge finds it ([`search`] says which one counts) and passes its text.
//!
//! Errors of a single rule wait until that rule is asked for, as in SOPS: a mistake in a rule for other
//! files stops nobody. [`Config::check`] tells them all.
//!
//! Fixtures: `fixtures/sopsconfig`.
//!
//! # Source
//!
//! SOPS v3.13.3, `config/config.go`, and `cmd/sops/main.go` for what flags change.

mod check;
mod creation;
mod error;
mod path;
mod read;
mod search;

pub use creation::{Creation, CreationFlags};
pub use error::{ConfigError, ConfigErrorKind};
pub use path::{absolute_path, rule_path};
pub use search::{CONFIG_NAME, Candidate, IGNORED_NAME, MAX_LEVELS, Search, search};

use regex::bytes::Regex;

use crate::diagnostic::Diagnostic;
use crate::sops::re2::PatternError;
use crate::sops::{KeyGroup, SelectionRule, StoreOptions};
use crate::source::{FileId, Sources, Span};

/// What a `.sops.yaml` says.
///
/// # Examples
///
/// ```
/// use chartkit::sops::config::Config;
/// use chartkit::source::Sources;
///
/// let mut sources = Sources::new();
/// let text = "
/// creation_rules:
///   - path_regex: ^prod/
///     age: age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun
///     encrypted_regex: ^(data|stringData)$
/// ";
/// let file = sources.add(".sops.yaml", text.as_bytes());
/// let config = Config::parse(&mut sources, file)?;
/// let rule = config.rule_for("prod/secrets.yaml")?.expect("there are rules");
/// assert_eq!(rule.key_groups()?.len(), 1);
///
/// let error = config.rule_for("qa/secrets.yaml").unwrap_err();
/// assert_eq!(error.to_string(), "no creation rule matches `qa/secrets.yaml`");
/// # Ok::<(), chartkit::sops::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The text.
    pub file: FileId,
    /// In the order of the file; nothing when the file has no such list, which counts as no
    /// configuration at all.
    pub creation_rules: Option<Vec<CreationRule>>,
    /// Where `sops publish` would send files. Kept, and used by nothing here.
    pub destination_rules: Vec<DestinationRule>,
    /// How files are laid out.
    pub stores: StoreOptions,
}

/// What the new files get whose path it matches.
#[derive(Clone, Debug)]
pub struct CreationRule {
    file: FileId,
    /// From its first key to the end of its last value.
    span: Span,
    path: PathPattern,
    key_groups: Result<Vec<KeyGroup>, ConfigError>,
    shamir_threshold: usize,
    /// Those that say something, in the order of the text.
    selections: Vec<(SelectionRule, Spanned)>,
    mac_only_encrypted: bool,
    /// Keys beside `key_groups`, which SOPS ignores.
    ignored_keys: Option<Span>,
}

/// Where `sops publish` would send the files whose path it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DestinationRule {
    /// The expression; empty for all.
    pub path_regex: String,
    /// The fields of the destination and their values, sorted.
    pub destination: Vec<(&'static str, String)>,
}

/// A text of the file and its place.
#[derive(Clone, Debug)]
struct Spanned {
    text: String,
    span: Span,
}

/// Which paths a rule is for.
#[derive(Clone, Debug)]
enum PathPattern {
    /// No expression, or an empty one.
    All,
    Regex {
        pattern: Spanned,
        regex: Result<Regex, PatternError>,
    },
}

impl Config {
    /// Reads the text.
    ///
    /// # Shape
    ///
    /// The first document counts. Unknown fields are ignored. An empty text is a configuration that
    /// says nothing. Where a private key was put by mistake, the text is concealed in `sources`.
    ///
    /// # Errors
    ///
    /// [`Syntax`](ConfigErrorKind::Syntax) and [`Shape`](ConfigErrorKind::Shape).
    pub fn parse(sources: &mut Sources, file: FileId) -> Result<Self, ConfigError> {
        read::config(sources, file)
    }

    /// The rule for a path: the first that matches. Nothing when the file has no list of rules.
    ///
    /// # Shape
    ///
    /// The path is that of [`rule_path`]. Expressions match anywhere in it.
    ///
    /// # Errors
    ///
    /// [`NoMatchingRule`](ConfigErrorKind::NoMatchingRule), and
    /// [`InvalidPattern`](ConfigErrorKind::InvalidPattern) when the search comes to an expression with a
    /// mistake.
    pub fn rule_for(&self, path: &str) -> Result<Option<&CreationRule>, ConfigError> {
        let Some(rules) = &self.creation_rules else {
            return Ok(None);
        };
        for rule in rules {
            if rule.matches(path)? {
                return Ok(Some(rule));
            }
        }
        let message = format!("no creation rule matches `{path}`");
        Err(ConfigError::new(ConfigErrorKind::NoMatchingRule, message).in_file(self.file))
    }

    /// What is odd about the rules: those that can never match, or could not be used if they did.
    #[must_use]
    pub fn check(&self) -> Vec<Diagnostic> {
        check::check(self)
    }
}

impl CreationRule {
    /// Where the rule stands.
    #[must_use]
    pub fn location(&self) -> (FileId, Span) {
        (self.file, self.span)
    }

    /// The expression that paths are compared with; empty for all.
    #[must_use]
    pub fn path_regex(&self) -> &str {
        match &self.path {
            PathPattern::All => "",
            PathPattern::Regex { pattern, .. } => &pattern.text,
        }
    }

    /// The keys of new files; one group unless the data key is shared among several.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`](ConfigErrorKind::InvalidKey).
    pub fn key_groups(&self) -> Result<&[KeyGroup], ConfigError> {
        match &self.key_groups {
            Ok(groups) => Ok(groups),
            Err(error) => Err(error.clone()),
        }
    }

    /// How many groups it takes to open a file; 0 stands for all.
    #[must_use]
    pub fn shamir_threshold(&self) -> usize {
        self.shamir_threshold
    }

    /// Whether the MAC is over encrypted values only.
    #[must_use]
    pub fn mac_only_encrypted(&self) -> bool {
        self.mac_only_encrypted
    }

    /// The suffix or expression that says what is encrypted; nothing for SOPS's default.
    ///
    /// # Errors
    ///
    /// [`SeveralSelections`](ConfigErrorKind::SeveralSelections).
    pub fn selection(&self) -> Result<Option<(SelectionRule, &str)>, ConfigError> {
        match &self.selections[..] {
            [] => Ok(None),
            [(rule, pattern)] => Ok(Some((*rule, &pattern.text))),
            [(first, _), (second, pattern), ..] => {
                let message = format!(
                    "found both `{first}` and `{second}` in one creation rule, expected one of them"
                );
                let error = ConfigError::new(ConfigErrorKind::SeveralSelections, message);
                Err(error.at(self.file, pattern.span))
            }
        }
    }

    fn matches(&self, path: &str) -> Result<bool, ConfigError> {
        match &self.path {
            PathPattern::All => Ok(true),
            PathPattern::Regex { pattern, regex } => match regex {
                Ok(regex) => Ok(regex.is_match(path.as_bytes())),
                Err(cause) => {
                    let message = format!("`path_regex` is no regular expression: {cause}");
                    let error = ConfigError::new(ConfigErrorKind::InvalidPattern, message);
                    Err(error.at(self.file, pattern.span))
                }
            },
        }
    }
}

impl PathPattern {
    fn new(pattern: Option<Spanned>) -> Self {
        match pattern {
            Some(pattern) if !pattern.text.is_empty() => Self::Regex {
                regex: crate::sops::re2::compile(&pattern.text),
                pattern,
            },
            _ => Self::All,
        }
    }
}
