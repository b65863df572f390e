//! Which versions are acceptable.

use std::cmp::Ordering;
use std::fmt;

use super::version::{Parts, Version};
use super::{ParseError, ParseErrorKind as Kind};

/// A rule that versions satisfy or not, such as `^1.2 || >=3.0.0 <4`.
///
/// # Shape
///
/// Groups separated by `||`, one of which must admit the version; a group is terms separated by
/// spaces or commas, all of which must. A term is an operator (`=`, `!=`, `>`, `<`, `>=`, `=>`,
/// `<=`, `=<`, `~`, `~>`, `^` or none) and a version. Missing numbers and the wildcards `x`, `X` and
/// `*` leave a term open to that side: `1.2` and `1.2.x` admit every 1.2. `A - B` means `>=A <=B`.
/// At most 512 bytes and 32 groups.
///
/// | Term | Full version | With missing numbers |
/// |---|---|---|
/// | none, `=` | equal | as `~` |
/// | `!=` | not equal | outside: `!=4.1` excludes every 4.1 |
/// | `>` | greater | behind all of it: `>11` starts at 12.0.0 |
/// | `<`, `>=` | as the operator says | missing numbers are 0 |
/// | `<=` | not greater | up to the end of it: `<=11` includes every 11 |
/// | `~`, `~>` | not less, same major and minor | `~1` is every 1 |
/// | `^` | not less, same first number that is not 0 | `^0.0` is every 0.0, `^0` every 0 |
///
/// A pre-release satisfies only groups in which some term has a pre-release. Build metadata never
/// counts. An empty text is not a constraint; `*` admits every release.
///
/// # Properties
///
/// `a || b`, with the spaces, admits exactly what `a` or `b` admits.
///
/// # Examples
///
/// ```
/// use chartkit::semver::{Constraint, Version};
///
/// let constraint = Constraint::parse(">=1.2.0, <2 || ~3.1.0-0")?;
/// assert!(constraint.check(&Version::parse("1.9.0")?));
/// assert!(!constraint.check(&Version::parse("1.9.0-rc.1")?));
/// assert!(constraint.check(&Version::parse("3.1.4-rc.1")?));
///
/// let error = Constraint::parse("==1").unwrap_err();
/// assert_eq!(error.to_string(), "improper constraint: \"==1\"");
/// # Ok::<(), chartkit::semver::ParseError>(())
/// ```
///
/// # Source
///
/// Masterminds semver v3.5.0, `constraints.go`, `NewConstraint` and `Constraints.Check`.
#[derive(Clone, Debug)]
pub struct Constraint {
    text: Box<str>,
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    terms: Vec<Term>,
    admits_prereleases: bool,
}

#[derive(Clone, Debug)]
struct Term {
    operator: Operator,
    /// Missing numbers are 0.
    version: Version,
    precision: Precision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How many numbers of a term are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Any,
    Major,
    Minor,
    Full,
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    ///
    /// When it is too long, has too many groups, or one of them has another form than above.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > 512 {
            let message = "constraint string is too long (max 512 bytes)";
            return Err(ParseError::new(Kind::ConstraintTooLong, message));
        }
        let rewritten = rewrite_ranges(text);
        if rewritten.matches("||").count() >= 32 {
            let message = "too many constraint groups (max 32)";
            return Err(ParseError::new(Kind::TooManyGroups, message));
        }
        Ok(Self {
            text: text.into(),
            groups: rewritten
                .split("||")
                .map(Group::parse)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether a version satisfies the constraint.
    #[must_use]
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| group.check(version))
    }
}

/// The text that was read.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Group {
    fn parse(text: &str) -> Result<Self, ParseError> {
        // The form of the whole group comes first: it decides which of two errors is reported.
        let scanned = scan_group(text).ok_or_else(|| ParseError::improper_constraint(text))?;
        let terms = scanned
            .iter()
            .map(|(operator, parts)| Term::new(*operator, parts));
        let terms = terms.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            admits_prereleases: terms.iter().any(|t| !t.version.prerelease().is_empty()),
            terms,
        })
    }

    fn check(&self, version: &Version) -> bool {
        (self.admits_prereleases || version.prerelease().is_empty())
            && self.terms.iter().all(|term| term.check(version))
    }
}

impl Term {
    fn new(operator: Operator, parts: &Parts<'_>) -> Result<Self, ParseError> {
        let is_given = |number: &&str| !matches!(*number, "x" | "X" | "*");
        let [major, minor, patch] = parts.numbers.map(|number| number.filter(is_given));
        // A wildcard ends the version: what is behind it is not even looked at.
        let (precision, numbers) = match (major, minor, patch) {
            (None, ..) => (Precision::Any, "0.0.0".to_owned()),
            (Some(major), None, _) => (Precision::Major, format!("{major}.0.0")),
            (Some(major), Some(minor), None) => (Precision::Minor, format!("{major}.{minor}.0")),
            (Some(_), Some(_), Some(_)) => (Precision::Full, String::new()),
        };
        let version = match (precision, parts.prerelease) {
            (Precision::Full, _) => Version::parse(parts.text),
            (_, Some(prerelease)) => Version::parse(&format!("{numbers}-{prerelease}")),
            (_, None) => Version::parse(&numbers),
        };
        // Such as `1|2`, `1.xx` or a number that is too large.
        let error = |_| ParseError::new(Kind::InvalidTerm, "constraint parser error");
        Ok(Self {
            operator,
            version: version.map_err(error)?,
            precision,
        })
    }

    fn check(&self, version: &Version) -> bool {
        use Precision::{Any, Full, Major, Minor};
        let order = version.cmp_precedence(&self.version);
        let major = version.major().cmp(&self.version.major());
        let minor = major.then(version.minor().cmp(&self.version.minor()));
        match self.operator {
            Operator::Equal => match self.precision {
                Full => order.is_eq(),
                Any | Major | Minor => self.check_tilde(version),
            },
            Operator::NotEqual => match self.precision {
                Any | Full => order.is_ne(),
                Major => major.is_ne(),
                Minor => minor.is_ne() || version.prerelease() != self.version.prerelease(),
            },
            Operator::Greater => match self.precision {
                Any | Full => order.is_gt(),
                Major => major.is_gt(),
                Minor => minor.is_gt(),
            },
            Operator::Less => order.is_lt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::LessOrEqual => match self.precision {
                Full => order.is_le(),
                Major => major.is_le(),
                Any | Minor => minor.is_le(),
            },
            Operator::Tilde => self.check_tilde(version),
            Operator::Caret => order.is_ge() && self.is_in_caret_range(major, minor, version),
        }
    }

    fn check_tilde(&self, version: &Version) -> bool {
        let floor = &self.version;
        let same_major = version.major() == floor.major();
        let same_minor = same_major && version.minor() == floor.minor();
        version.cmp_precedence(floor).is_ge()
            && match self.precision {
                Precision::Any => true,
                Precision::Major => same_major,
                Precision::Minor => same_minor,
                // The library takes `~0.0.0` for "any".
                Precision::Full => same_minor || is_zero(floor),
            }
    }

    fn is_in_caret_range(&self, major: Ordering, minor: Ordering, version: &Version) -> bool {
        if self.version.major() > 0 || self.precision == Precision::Major {
            major.is_eq()
        } else if self.version.minor() > 0 || self.precision == Precision::Minor {
            minor.is_eq()
        } else {
            minor.is_eq() && version.patch() == self.version.patch()
        }
    }
}

fn is_zero(version: &Version) -> bool {
    (version.major(), version.minor(), version.patch()) == (0, 0, 0)
}

/// Terms with spaces or commas between them.
fn scan_group(text: &str) -> Option<Vec<(Operator, Parts<'_>)>> {
    let mut terms = Vec::new();
    let mut rest = skip_spaces(text);
    loop {
        let (operator, behind) = scan_operator(rest);
        let parts = scan_version(skip_spaces(behind))?;
        let behind = &skip_spaces(behind)[parts.text.len()..];
        terms.push((operator, parts));
        rest = skip_spaces(behind);
        if rest.is_empty() {
            return Some(terms);
        }
        if let Some(behind) = rest.strip_prefix(',') {
            rest = skip_spaces(behind);
        } else if rest.len() == behind.len() {
            return None; // neither space nor comma
        }
    }
}

fn scan_operator(text: &str) -> (Operator, &str) {
    const OPERATORS: [(&str, Operator); 11] = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("~>", Operator::Tilde),
        ("=", Operator::Equal),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
    ];
    OPERATORS
        .iter()
        .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
        .unwrap_or((Operator::Equal, text))
}

/// The library's pattern has `|` among the digits and wildcards, so `1||2` is one number to it.
/// That shows only where a range is next to `||` without a space.
fn scan_version(text: &str) -> Option<Parts<'_>> {
    Parts::scan(text, |b| b.is_ascii_digit() || b"|xX*".contains(&b))
}

fn skip_spaces(text: &str) -> &str {
    text.trim_start_matches(['\t', '\n', '\x0C', '\r', ' '])
}

/// Writes `A - B` as `>= A, <= B `.
///
/// This happens before anything else is looked at, so a range may start in the middle of what is
/// no version: `>1 - 2` becomes `>>= 1, <= 2 `, which is then refused in these words.
fn rewrite_ranges(text: &str) -> String {
    let mut rewritten = text.to_owned();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(range) = Range::scan(rest) {
            let terms = format!(">= {}, <= {} ", range.low, range.high);
            // The first place with this text, as the library does, even if it is not this one.
            rewritten = rewritten.replacen(range.text, &terms, 1);
            rest = &rest[range.text.len()..];
        } else {
            let mut chars = rest.chars();
            chars.next();
            rest = chars.as_str();
        }
    }
    rewritten
}

/// A range with the spaces around it.
struct Range<'a> {
    text: &'a str,
    low: &'a str,
    high: &'a str,
}

impl<'a> Range<'a> {
    fn scan(text: &'a str) -> Option<Self> {
        let start = skip_spaces(text);
        let low = scan_version(start)?.text;
        let behind = take_spaces(&start[low.len()..])?.strip_prefix('-')?;
        let behind = take_spaces(behind)?;
        let high = scan_version(behind)?.text;
        let rest = skip_spaces(&behind[high.len()..]);
        let text = &text[..text.len() - rest.len()];
        Some(Self { text, low, high })
    }
}

/// What is behind at least one space.
fn take_spaces(text: &str) -> Option<&str> {
    let rest = skip_spaces(text);
    (rest.len() < text.len()).then_some(rest)
}
