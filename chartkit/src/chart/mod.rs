//! Helm charts: what they are made of and how files become one.
//!
//! Decides what a chart is, from files in memory or from the bytes of an archive. Knows nothing
//! about profiles, packing or rendering, and reads no file itself: that is `io`'s.
//!
//! # Source
//!
//! Helm v4.2.4, `pkg/chart/v2`.

pub mod archive;
mod dependency;
pub(crate) mod glob;
pub mod ignore;
mod load;
mod lock;
mod metadata;
pub mod process;
pub mod show;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub use dependency::Dependency;
pub use load::{LoadError, LoadErrorKind, Loaded, load, load_archive, load_with};
pub use lock::{Lock, LockState};
pub use metadata::{Maintainer, Metadata, ValidateError, ValidateErrorKind};

use crate::source::{FileId, Sources};
use crate::time::Timestamp;
use crate::yaml::Table;

/// The bytes before a UTF-8 text that say so.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A file of a chart.
///
/// The bytes are shared: the same file in [`Chart::raw`], in [`Chart::files`] and in the
/// [`Sources`] is in memory once.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Path within the chart, with `/` between components.
    pub name: String,
    /// The bytes.
    pub data: Arc<[u8]>,
    /// When it was last changed, as far as its origin says.
    pub modified: Option<Timestamp>,
}

/// Shows the length instead of the bytes.
impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("name", &self.name)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .field("modified", &self.modified)
            .finish()
    }
}

/// A chart with its subcharts.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/chart.go`, `Chart`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Chart {
    /// What the chart says about itself, cleaned and valid.
    pub metadata: Metadata,
    /// What messages show before the names of its files: `shop`, `shop/charts/redis-1.0.0.tgz!`.
    pub origin: String,
    /// The lock file, if there is one; with two, the later of `Chart.lock` and
    /// `requirements.lock` in the order of the files.
    pub lock: Option<Lock>,
    /// The default values; nothing without a `values.yaml`.
    pub values: Option<Table>,
    /// The text of `values.yaml`.
    pub values_file: Option<FileId>,
    /// The bytes of `values.schema.json`.
    pub schema: Option<Arc<[u8]>>,
    /// Everything below `templates/`, in the order of the files.
    pub templates: Vec<File>,
    /// What has no other meaning, `crds/` and `.helmignore` included; in a chart of version 1 also
    /// `requirements.yaml` and `requirements.lock`.
    pub files: Vec<File>,
    /// Every file as it was, the subcharts' included, in the order of the files.
    pub raw: Vec<File>,
    /// The subcharts found below `charts/`, sorted by the bytes of their entry there.
    pub dependencies: Vec<Chart>,
}

/// A chart of a version that Helm does not install or package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiVersionError {
    /// Version 3: Helm 4 reads it as an experiment, and then refuses it.
    #[error("invalid chart apiVersion")]
    Experimental,
    /// Neither `v1` nor `v2`.
    #[error("unsupported chart version")]
    Unsupported,
}

impl Chart {
    /// The chart's name; also a subchart's, whatever its folder is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether Helm packages, installs and renders charts of this version.
    ///
    /// Not part of loading, because Helm shows and lints charts of any version, and takes any
    /// version for a subchart.
    ///
    /// # Errors
    ///
    /// When `apiVersion` is neither `v1` nor `v2`; in Helm's words.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/chart/loader/load.go`, `LoadDir` and `LoadFile`; `pkg/action/package.go`.
    pub fn check_api_version(&self) -> Result<(), ApiVersionError> {
        match self.metadata.api_version.as_str() {
            "v1" | "v2" => Ok(()),
            "v3" => Err(ApiVersionError::Experimental),
            _ => Err(ApiVersionError::Unsupported),
        }
    }

    /// Adds the text of one of the chart's files to `sources`, under its origin and name.
    pub fn source(&self, file: &File, sources: &mut Sources) -> FileId {
        sources.add(self.path_of(file), Arc::clone(&file.data))
    }

    /// What messages show for one of the chart's files: its origin and name.
    #[must_use]
    pub fn path_of(&self, file: &File) -> String {
        format!("{}/{}", self.origin, file.name)
    }

    /// The custom resource definitions: manifests of [`Chart::files`] below `crds/`, then those of
    /// the subcharts.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/chart/v2/chart.go`, `CRDObjects`.
    #[must_use]
    pub fn crds(&self) -> Vec<&File> {
        let own = self.files.iter().filter(|file| is_crd(&file.name));
        let of_dependencies = self.dependencies.iter().flat_map(Self::crds);
        own.chain(of_dependencies).collect()
    }

    /// Names of declared dependencies that are not in `charts/`, in the order of the declarations.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/action/install.go`, `CheckDependencies`.
    #[must_use]
    pub fn missing_dependencies(&self) -> Vec<&str> {
        let declared = self.metadata.dependencies.iter().flatten();
        let names = declared.map(|dependency| dependency.name.as_str());
        let present: BTreeSet<_> = self.dependencies.iter().map(Self::name).collect();
        names.filter(|name| !present.contains(name)).collect()
    }
}

fn is_crd(name: &str) -> bool {
    let extensions = [".yaml", ".yml", ".json"];
    let lower = name.to_ascii_lowercase();
    name.starts_with("crds/")
        && extensions
            .iter()
            .any(|extension| lower.ends_with(extension))
}
