//! What `helm dependency list` says about each declared dependency.

use std::fmt;

use crate::chart::glob::Glob;
use crate::chart::{Chart, Dependency, Metadata};
use crate::semver::{Constraint, Version};

/// What lies in `charts/` for a dependency; displays as Helm's word.
///
/// # Source
///
/// Helm v4.2.4, `pkg/action/dependency.go`, `dependencyStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// An archive of a version that satisfies the range.
    Ok,
    /// A directory of a version that satisfies the range.
    Unpacked,
    /// Nothing.
    Missing,
    /// A version that does not satisfy the range.
    WrongVersion,
    /// The version there, or the range, is none.
    InvalidVersion,
    /// The name of the dependency is no pattern for files.
    BadPattern,
    /// More than one archive could be it.
    TooManyMatches,
    /// The archive cannot be loaded.
    Corrupt,
    /// The archive holds a chart of another name.
    Misnamed,
}

impl Status {
    /// Helm's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unpacked => "unpacked",
            Self::Missing => "missing",
            Self::WrongVersion => "wrong version",
            Self::InvalidVersion => "invalid version",
            Self::BadPattern => "bad pattern",
            Self::TooManyMatches => "too many matches",
            Self::Corrupt => "corrupt",
            Self::Misnamed => "misnamed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An entry of a chart's `charts/` directory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InCharts {
    /// The name of the file or directory.
    pub entry: String,
    /// What the chart there says about itself; nothing when it cannot be loaded.
    pub metadata: Option<Metadata>,
}

impl InCharts {
    /// An entry, and the chart that it is.
    #[must_use]
    pub fn new(entry: impl Into<String>, metadata: Option<Metadata>) -> Self {
        Self {
            entry: entry.into(),
            metadata,
        }
    }
}

/// What lies in `charts/` for one declared dependency.
///
/// # Shape
///
/// `in_charts` are the entries of the directory; empty for a packed chart, whose dependencies are at best
/// [`Status::Unpacked`].
///
/// # Examples
///
/// ```
/// use chartkit::chart::{self, Dependency, File};
/// use chartkit::dependency::{InCharts, Status, status};
/// use chartkit::source::Sources;
///
/// let chart_yaml = File {
///     name: "Chart.yaml".into(),
///     data: (*b"apiVersion: v2\nname: web\nversion: 1.0.0\n").into(),
///     modified: None,
/// };
/// let web = chart::load(vec![chart_yaml], "web", &mut Sources::new())?.chart;
///
/// let mut redis = Dependency::default();
/// redis.name = "redis".into();
/// redis.version = "^1.0.0".into();
/// assert_eq!(status(&redis, &web, &[]), Status::Missing);
/// let broken = InCharts::new("redis-1.0.0.tgz", None);
/// assert_eq!(status(&redis, &web, &[broken]), Status::Corrupt);
/// # Ok::<(), chart::LoadError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/action/dependency.go`, `dependencyStatus` and `statArchiveForStatus`.
#[must_use]
pub fn status(dependency: &Dependency, parent: &Chart, in_charts: &[InCharts]) -> Status {
    let pattern = Glob::new(format!("{}-*.tgz", dependency.name).as_bytes());
    // Go looks whether a pattern is good by matching it with nothing.
    if pattern.matches(b"").is_err() {
        return Status::BadPattern;
    }
    let mut archives = Vec::new();
    for entry in in_charts {
        match pattern.matches(entry.entry.as_bytes()) {
            Ok(true) => archives.push(entry),
            Ok(false) => {}
            Err(_) => return Status::BadPattern,
        }
    }
    if archives.len() > 1 {
        archives.retain(|archive| has_strict_version(&archive.entry, &dependency.name));
    }
    match *archives {
        [] => {}
        [archive] => return of_archive(dependency, archive),
        _ => return Status::TooManyMatches,
    }
    let loaded = parent.dependencies.iter().rev();
    let mut named = loaded.filter(|chart| chart.name() == dependency.name);
    match named.next() {
        None => Status::Missing,
        Some(chart) => check_version(dependency, &chart.metadata).unwrap_or(Status::Unpacked),
    }
}

fn has_strict_version(entry: &str, name: &str) -> bool {
    let stem = entry.strip_suffix(".tgz").unwrap_or(entry);
    let version = stem.strip_prefix(&format!("{name}-")).unwrap_or(stem);
    Version::parse_strict(version).is_ok()
}

fn of_archive(dependency: &Dependency, archive: &InCharts) -> Status {
    match &archive.metadata {
        None => Status::Corrupt,
        Some(metadata) if metadata.name != dependency.name => Status::Misnamed,
        Some(metadata) => check_version(dependency, metadata).unwrap_or(Status::Ok),
    }
}

/// What is wrong with the version; the same text as the range is always right.
fn check_version(dependency: &Dependency, found: &Metadata) -> Option<Status> {
    if found.version == dependency.version {
        return None;
    }
    match (
        Constraint::parse(&dependency.version),
        Version::parse(&found.version),
    ) {
        (Ok(range), Ok(version)) if range.check(&version) => None,
        (Ok(_), Ok(_)) => Some(Status::WrongVersion),
        _ => Some(Status::InvalidVersion),
    }
}
