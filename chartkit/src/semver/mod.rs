//! Versions and version constraints as Helm reads them.
//!
//! Decides what a [`Version`] is, how versions are ordered and what a [`Constraint`] admits. The
//! rules are those of the Go library `github.com/Masterminds/semver/v3`, which Helm uses. They are
//! **not** Cargo's: `1.2.3` alone means exactly that version, spaces and commas both mean "and",
//! `||` means "or", and a range such as `1.2 - 2.0` includes both ends.
//!
//! Knows nothing of charts. Fixtures: `fixtures/semver`.

mod constraint;
mod error;
mod version;

pub use constraint::Constraint;
pub use error::{ParseError, ParseErrorKind};
pub use version::Version;

/// Whether a version satisfies a constraint; false when either cannot be read.
///
/// # Examples
///
/// ```
/// use chartkit::semver::is_compatible_range;
///
/// assert!(is_compatible_range("^1.2.0", "1.4.0"));
/// assert!(!is_compatible_range("^1.2.0", "1.4.0-rc.1")); // no term of it has a pre-release
/// assert!(!is_compatible_range("", "1.4.0")); // not a constraint
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/util/compatible.go`, `IsCompatibleRange`.
#[must_use]
pub fn is_compatible_range(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version),
        _ => false,
    }
}
