//! Whether an encrypted file is in order, without a key: for hooks, CI and packaging.
//!
//! Decides what can be told from the text alone. What needs the key stays unknown: whether ciphertext
//! and MAC are authentic, and who can really open the file. `docs/security.md` has the whole list.

mod chart;
mod keys;
mod metadata;
mod rules;
mod values;

use crate::diagnostic::{self, Code, Diagnostic};
use crate::sops::EncryptedFile;
use crate::sops::config::CreationRule;
use crate::source::{FileId, Span};
use crate::yaml::Table;

/// What is done about something that may be meant so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is said.
    Allow,
    /// It is a warning.
    #[default]
    Warn,
    /// It is an error.
    Deny,
}

/// What a file is verified against, besides its own rule.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct VerifyOptions<'v> {
    /// Nulls and empty texts where the rule says ciphertext: placeholders that nobody filled in. SOPS
    /// leaves them in plain text, and does not notice when they are added or removed.
    pub empty: Level,
    /// Comments in plain text where the rule says ciphertext. Old versions of SOPS wrote them.
    pub plain_comments: Level,
    /// The creation rule for the file, from the `.sops.yaml` that is in force.
    pub rule: Option<&'v CreationRule>,
    /// An older version of the file: whoever was removed since must not be able to open this one.
    pub older: Option<&'v EncryptedFile>,
    /// The chart's effective values, without the file: its paths and types must be there.
    pub values: Option<&'v Table>,
}

/// Looks for everything that is wrong with a file, without a key.
///
/// # Shape
///
/// Sorted by place. Errors are what no good file has, or a promise broken by the options; warnings are
/// what a good file may have. Every diagnostic has a place and says what to do; none holds a value.
///
/// # Examples
///
/// ```
/// use chartkit::sops::{EncryptedFile, Format, VerifyOptions, verify};
/// use chartkit::source::Sources;
///
/// let mut sources = Sources::new();
/// let text = "\
/// password: hunter2
/// sops:
///     age:
///         - recipient: age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun
///           enc: cut off
///     lastmodified: \"2026-08-01T12:00:00Z\"
///     version: 3.13.3
/// ";
/// let file = sources.add("secrets.yaml", text.as_bytes());
/// let file = EncryptedFile::load(Format::Yaml, &mut sources, file)?;
/// let found: Vec<_> = verify(&file, &VerifyOptions::default())
///     .into_iter()
///     .map(|diagnostic| diagnostic.message)
///     .collect();
/// assert!(found.contains(&"`password` is in plain text, expected ciphertext".to_owned()));
/// # Ok::<(), chartkit::sops::LoadError>(())
/// ```
#[must_use]
pub fn verify(file: &EncryptedFile, options: &VerifyOptions<'_>) -> Vec<Diagnostic> {
    let mut report = Report {
        file: file.file(),
        diagnostics: Vec::new(),
    };
    metadata::check(file, &mut report);
    keys::check(file, &mut report);
    values::check(file, options, &mut report);
    if let Some(rule) = options.rule {
        rules::check(file, rule, &mut report);
    }
    if let Some(older) = options.older {
        keys::check_removed(older, file, &mut report);
    }
    if let Some(values) = options.values {
        chart::check(file, values, &mut report);
    }
    diagnostic::sort(&mut report.diagnostics);
    report.diagnostics
}

/// Collects findings about one file.
struct Report {
    file: FileId,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let diagnostic = Diagnostic::error(code, message);
        self.add(diagnostic.at(self.file, span, "").help(help));
    }

    fn warning(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let diagnostic = Diagnostic::warning(code, message);
        self.add(diagnostic.at(self.file, span, "").help(help));
    }

    fn at_level(
        &mut self,
        level: Level,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: &str,
    ) {
        match level {
            Level::Allow => {}
            Level::Warn => self.warning(code, span, message, help),
            Level::Deny => self.error(code, span, message, help),
        }
    }

    fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
