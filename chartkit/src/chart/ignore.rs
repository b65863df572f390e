//! `.helmignore`: which files of a chart's directory are not part of the chart.
//!
//! Decides about one path at a time and names the pattern that decided. Reading directories is the
//! caller's business; archives are not filtered at all. These are Helm's rules, not Git's: a `!`
//! means "ignore everything that is *not* this", `**` is an error.
//!
//! Fixtures: `fixtures/ignore`.

use std::borrow::Cow;
use std::fmt;

use super::glob::{BadPattern, Glob, take_character};

/// The rules of a `.helmignore` file, with Helm's own at the end.
///
/// # Shape
///
/// One pattern a line; blanks around it, empty lines and lines that start with `#` do not count.
/// A pattern with a `/` that is not its last byte is matched against the whole path, any other
/// against the last part of it; a leading `/` only says that the whole path is meant. A trailing
/// `/` restricts the pattern to directories. `*`, `?`, `[a-z]`, `[^a-z]` and backslashes work as in
/// Go's `filepath.Match`.
///
/// Patterns are tried in order until one ignores the path. One that starts with `!` ignores what it
/// does *not* match; nothing re-includes a path. The built-in `templates/.?*` comes last.
///
/// # Examples
///
/// ```
/// use chartkit::chart::ignore::Rules;
///
/// let rules = Rules::parse(b"# editors\n*.swp\n/ci/\n")?;
/// assert!(rules.decide("templates/a.swp", false).ignored);
/// assert!(!rules.decide("docs/ci", true).ignored);
///
/// let decision = rules.decide("ci", true);
/// let pattern = decision.pattern.unwrap();
/// assert_eq!((&*pattern.text(), pattern.line()), ("/ci/", Some(3)));
///
/// let error = Rules::parse(b"a\ncharts/**\n").unwrap_err();
/// assert_eq!(error.to_string(), "double-star (**) syntax is not supported");
/// assert_eq!(error.line(), 2);
/// # Ok::<(), chartkit::chart::ignore::IgnoreError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/ignore/rules.go`.
#[derive(Clone, Debug)]
pub struct Rules {
    patterns: Vec<Pattern>,
}

impl Rules {
    /// Reads the content of a `.helmignore` file.
    ///
    /// # Shape
    ///
    /// A byte order mark is skipped. The text need not be UTF-8. Lines are shorter than 64 KiB.
    ///
    /// # Errors
    ///
    /// For the first line that contains `**`, is not a pattern, or is too long.
    ///
    /// A broken pattern is noticed only as far as Helm looks at it: `x*[` is accepted, because the
    /// name on which Helm tries a pattern does not start with `x`, and then matches nothing.
    pub fn parse(text: &[u8]) -> Result<Self, IgnoreError> {
        let mut patterns = Vec::new();
        for (line, number) in text.split(|b| *b == b'\n').zip(1..) {
            let error = |kind| IgnoreError { kind, line: number };
            // Go's line scanner gives up when a line and its end do not fit its buffer.
            if line.len() >= 64 * 1024 {
                return Err(error(IgnoreErrorKind::LineTooLong));
            }
            let line = match number {
                1 => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
                _ => line,
            };
            patterns.extend(Pattern::parse(line, Some(number)).map_err(error)?);
        }
        Ok(Self::with_built_in(patterns))
    }

    /// Whether a path is ignored, and by which pattern.
    ///
    /// # Shape
    ///
    /// `path` is relative to the chart's directory, with `/` between its parts and none at its end.
    /// The directory itself (empty, `.` or `./`) is never ignored. What is inside an ignored directory
    /// is not part of the chart either, but that is for the caller to see to.
    #[must_use]
    pub fn decide(&self, path: &str, is_directory: bool) -> Decision<'_> {
        let pattern = match path {
            "" | "." | "./" => None,
            _ => self.patterns.iter().find(|p| p.ignores(path, is_directory)),
        };
        Decision {
            ignored: pattern.is_some(),
            pattern,
        }
    }

    fn with_built_in(mut patterns: Vec<Pattern>) -> Self {
        let built_in = Pattern::parse(b"templates/.?*", None);
        patterns.extend(built_in.expect("the built-in pattern is one"));
        Self { patterns }
    }
}

/// The rules of a chart without a `.helmignore` file: the built-in one.
impl Default for Rules {
    fn default() -> Self {
        Self::with_built_in(Vec::new())
    }
}

/// What [`Rules::decide`] says about a path.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Whether the path is ignored.
    pub ignored: bool,
    /// The pattern that says so; nothing for a path that is kept.
    pub pattern: Option<&'a Pattern>,
}

/// One line of a `.helmignore` file that is a pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<[u8]>,
    line: Option<u32>,
    negated: bool,
    directories_only: bool,
    whole_path: bool,
    glob: Glob,
}

impl Pattern {
    /// The line without the blanks around it; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// The number of the line, from 1; nothing for the built-in pattern.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// Nothing for a line without a pattern.
    fn parse(line: &[u8], number: Option<u32>) -> Result<Option<Self>, IgnoreErrorKind> {
        let text = trim(line);
        if text.is_empty() || text.starts_with(b"#") {
            return Ok(None);
        }
        if text.windows(2).any(|pair| pair == b"**") {
            return Err(IgnoreErrorKind::DoubleStar);
        }
        // Helm tries the whole line on this name to see whether it is a pattern.
        if Glob::new(text).matches(b"abc") == Err(BadPattern) {
            return Err(IgnoreErrorKind::InvalidPattern);
        }
        let rule = text.strip_prefix(b"!").unwrap_or(text);
        let negated = rule.len() < text.len();
        let (rule, directories_only) = match rule.strip_suffix(b"/") {
            Some(rule) => (rule, true),
            None => (rule, false),
        };
        Ok(Some(Self {
            text: text.into(),
            line: number,
            negated,
            directories_only,
            whole_path: rule.contains(&b'/'),
            glob: Glob::new(rule.strip_prefix(b"/").unwrap_or(rule)),
        }))
    }

    fn ignores(&self, path: &str, is_directory: bool) -> bool {
        let is_right_type = is_directory || !self.directories_only;
        self.negated != (is_right_type && self.matches(path))
    }

    fn matches(&self, path: &str) -> bool {
        let name = if self.whole_path {
            path
        } else {
            base_name(path)
        };
        // Helm logs a pattern that turns out to be broken, and goes on.
        self.glob.matches(name.as_bytes()).unwrap_or(false)
    }
}

/// Why a text is not a `.helmignore` file. Its text is Helm's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreError {
    kind: IgnoreErrorKind,
    line: u32,
}

/// What is wrong with a line of a `.helmignore` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IgnoreErrorKind {
    /// It contains `**`.
    DoubleStar,
    /// It is not a pattern.
    InvalidPattern,
    /// It has 64 KiB or more.
    LineTooLong,
}

impl IgnoreError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> IgnoreErrorKind {
        self.kind
    }

    /// The number of the line, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }
}

impl fmt::Display for IgnoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            IgnoreErrorKind::DoubleStar => "double-star (**) syntax is not supported",
            IgnoreErrorKind::InvalidPattern => "syntax error in pattern",
            IgnoreErrorKind::LineTooLong => "bufio.Scanner: token too long",
        })
    }
}

impl std::error::Error for IgnoreError {}

/// Go's `filepath.Base`: the last part of a path.
fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rfind('/') {
        Some(slash) => &trimmed[slash + 1..],
        None if trimmed.is_empty() => "/",
        None => trimmed,
    }
}

/// A line without the Unicode blanks around it; bytes that are not UTF-8 are no blanks.
fn trim(mut line: &[u8]) -> &[u8] {
    while let Some((c, rest)) = take_character(line)
        && c.is_whitespace()
    {
        line = rest;
    }
    while let Some((c, rest)) = take_last_character(line)
        && c.is_whitespace()
    {
        line = rest;
    }
    line
}

/// The last character of a text and what is before it; nothing if that is not UTF-8.
fn take_last_character(text: &[u8]) -> Option<(char, &[u8])> {
    (1..=text.len().min(4)).find_map(|width| {
        let (rest, last) = text.split_at(text.len() - width);
        let c = std::str::from_utf8(last).ok()?.chars().next()?;
        Some((c, rest))
    })
}
