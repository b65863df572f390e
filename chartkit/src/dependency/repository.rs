//! What the text of a dependency's `repository` means.

use super::{DependencyError, DependencyErrorKind as Kind};

/// Where the chart of a dependency is found.
///
/// # Shape
///
/// | Text | Meaning |
/// |---|---|
/// | nothing | unpacked in the chart's own `charts/` |
/// | `file://PATH` | a folder, relative to the chart unless it starts with `/` |
/// | `oci://…` | a registry |
/// | `@NAME`, `alias:NAME` | a repository that only Helm's configuration knows |
/// | anything else | a repository on the network |
///
/// # Examples
///
/// ```
/// use chartkit::dependency::Repository;
///
/// assert_eq!(Repository::parse("file://../redis"), Repository::Folder("../redis"));
/// let error = Repository::parse("@stable").expect_local("redis").unwrap_err();
/// assert!(error.to_string().contains("repositories of Helm's configuration"));
/// ```
///
/// # Source
///
/// Helm v4.2.4, `internal/resolver/resolver.go`, `Resolve`; `pkg/downloader/manager.go`,
/// `resolveRepoNames`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Repository<'a> {
    /// Unpacked in `charts/`.
    InCharts,
    /// A folder of this path: a chart, packed charts, or packed charts with an index.
    Folder(&'a str),
    /// A registry.
    Oci(&'a str),
    /// A name of Helm's configuration, without its `@` or `alias:`.
    Named(&'a str),
    /// An URL.
    Network(&'a str),
}

impl<'a> Repository<'a> {
    /// Reads the text; any text means something.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        if text.is_empty() {
            return Self::InCharts;
        }
        if let Some(path) = text.strip_prefix("file://") {
            return Self::Folder(path);
        }
        if text.starts_with("oci://") {
            return Self::Oci(text);
        }
        match text
            .strip_prefix('@')
            .or_else(|| text.strip_prefix("alias:"))
        {
            Some(name) => Self::Named(name),
            None => Self::Network(text),
        }
    }

    /// Refuses what is not on this machine.
    ///
    /// # Errors
    ///
    /// [`UnsupportedRepository`](super::DependencyErrorKind::UnsupportedRepository), which says what is not
    /// there yet.
    pub fn expect_local(self, dependency: &str) -> Result<(), DependencyError> {
        let what = match self {
            Self::InCharts | Self::Folder(_) => return Ok(()),
            Self::Oci(text) => format!("`{text}`: charts from OCI registries cannot be had yet"),
            Self::Named(name) => {
                format!("`@{name}`: the repositories of Helm's configuration are not read yet")
            }
            Self::Network(text) if text.contains("://") => {
                format!("`{text}`: charts from repositories on the network cannot be had yet")
            }
            Self::Network(text) => format!("`{text}` is no URL"),
        };
        let message = format!("dependency `{dependency}` wants the repository {what}");
        Err(DependencyError::new(Kind::UnsupportedRepository, message).help(
            "expected `file://` and a folder with the chart, or with packed charts; or no repository and the \
             chart in charts/; `helm dependency build` fetches the others",
        ))
    }
}
