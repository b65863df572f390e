//! Which version of a chart a dependency is locked to.

use super::{DependencyError, DependencyErrorKind as Kind, Repository};
use crate::chart::{Chart, Dependency, Lock, Metadata};
use crate::quote::Quoted;
use crate::repo::{ChartVersion, IndexFile};
use crate::semver::{Constraint, Version};
use crate::source::Place;

/// A chart that is wanted: a declared dependency, or one that is locked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Want<'a> {
    /// What the file says.
    pub dependency: &'a Dependency,
    /// Whether the version is the one that was locked, not a range to choose from.
    pub is_locked: bool,
    /// Where the dependency was written, if that is known.
    pub place: Option<Place>,
}

impl<'a> Want<'a> {
    /// The declared dependencies of a chart, in their order; nothing when it has no list of them.
    #[must_use]
    pub fn declared(chart: &'a Chart) -> Option<Vec<Self>> {
        let declared = chart.metadata.dependencies.as_ref()?.iter().enumerate();
        let want = |(index, dependency)| Self {
            dependency,
            is_locked: false,
            place: chart.metadata.place(&format!("dependencies.{index}")),
        };
        Some(declared.map(want).collect())
    }

    /// What `repository` means.
    #[must_use]
    pub fn repository(&self) -> Repository<'a> {
        Repository::parse(&self.dependency.repository)
    }

    /// The range that the version must satisfy.
    ///
    /// # Errors
    ///
    /// [`Constraint`](super::DependencyErrorKind::Constraint); an empty version is one, too.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `internal/resolver/resolver.go`, `Resolve`.
    pub fn constraint(&self) -> Result<Constraint, DependencyError> {
        Constraint::parse(&self.dependency.version).map_err(|error| {
            let name = Quoted(&self.dependency.name);
            let message =
                format!("dependency {name} has an invalid version/constraint format: {error}");
            self.error(Kind::Constraint, message)
        })
    }

    pub(crate) fn error(&self, kind: Kind, message: impl Into<String>) -> DependencyError {
        DependencyError::new(kind, message).at(self.place)
    }
}

/// The locked dependencies, which are taken as they are.
#[must_use]
pub fn wants_of_lock(lock: &Lock) -> Vec<Want<'_>> {
    let want = |dependency| Want {
        dependency,
        is_locked: true,
        place: None,
    };
    lock.dependencies.iter().map(want).collect()
}

/// What a folder has to offer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Offer<'a> {
    /// One chart, which says this about itself.
    Chart(&'a Metadata),
    /// Packed charts.
    Index(&'a IndexFile),
}

/// The version that is taken, and the entry of the index that it comes from; nothing when none satisfies
/// the range.
///
/// # Errors
///
/// When the range is none, the chart has another name, or the index has no chart of that name.
///
/// # Source
///
/// Helm v4.2.4, `internal/resolver/resolver.go`, `Resolve`; for what is locked `pkg/downloader/manager.go`,
/// `downloadAll`. DIFFERENCE: Helm takes a chart of any name from `file://`, and cannot use it afterwards.
pub fn choose<'o>(
    want: &Want<'_>,
    offer: Offer<'o>,
) -> Result<Option<(&'o str, Option<&'o ChartVersion>)>, DependencyError> {
    let constraint = want.constraint()?;
    let name = &want.dependency.name;
    match offer {
        Offer::Chart(metadata) => {
            expect_name(want, &want.dependency.repository, metadata)?;
            let version = Version::parse(&metadata.version);
            let fits = version.is_ok_and(|version| constraint.check(&version));
            Ok(fits.then_some((metadata.version.as_str(), None)))
        }
        Offer::Index(index) => {
            if !index.entries.contains_key(name) {
                let repository = &want.dependency.repository;
                let message = format!("{name} chart not found in repo {repository}");
                return Err(want.error(Kind::NotFound, message));
            }
            let entry = if want.is_locked {
                index.locked(name, &want.dependency.version)
            } else {
                index.resolve(name, &constraint)
            };
            Ok(entry.map(|entry| (entry.metadata.version.as_str(), Some(entry))))
        }
    }
}

fn expect_name(want: &Want<'_>, place: &str, found: &Metadata) -> Result<(), DependencyError> {
    let name = &want.dependency.name;
    if found.name == *name {
        return Ok(());
    }
    let message = format!(
        "dependency `{name}`: the chart at `{place}` is called `{}`",
        found.name
    );
    Err(want.error(Kind::OtherName, message))
}

/// Whether the chart unpacked in `charts/` satisfies a dependency without a repository.
///
/// # Errors
///
/// When the range is none or is not satisfied, or the chart has another name.
///
/// # Source
///
/// Helm v4.2.4, `pkg/downloader/manager.go`, `downloadAll`.
pub fn check_local(want: &Want<'_>, metadata: &Metadata) -> Result<(), DependencyError> {
    let constraint = want.constraint()?;
    expect_name(want, &format!("charts/{}", want.dependency.name), metadata)?;
    let found = &metadata.version;
    if Version::parse(found).is_ok_and(|version| constraint.check(&version)) {
        return Ok(());
    }
    let Dependency { name, version, .. } = want.dependency;
    let message =
        format!("dependency {name} at version {found} does not satisfy the constraint {version}");
    Err(want.error(Kind::NoVersion, message))
}

/// The error for wants that no version satisfies, all together as Helm names them.
///
/// # Source
///
/// Helm v4.2.4, `internal/resolver/resolver.go`, `Resolve`.
#[must_use]
pub fn missing(wants: &[&Want<'_>]) -> Option<DependencyError> {
    let first = wants.first()?;
    let items: Vec<_> = wants
        .iter()
        .map(|want| {
            let Dependency {
                name,
                version,
                repository,
                ..
            } = want.dependency;
            let [name, repository, version] = [name, repository, version].map(|text| Quoted(text));
            format!("{name} (repository {repository}, version {version})")
        })
        .collect();
    let message = format!(
        "can't get a valid version for {} subchart(s): {}",
        wants.len(),
        items.join(", ")
    );
    let error = DependencyError::new(Kind::NoVersion, message).at(first.place);
    Some(error.help("make such a version, or change the range in Chart.yaml"))
}
