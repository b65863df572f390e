//! What a lock file says.

use serde::{Deserialize, Serialize};

use super::Dependency;
use super::metadata::list_without_nulls;
use crate::time::Timestamp;

/// The content of `Chart.lock` or `requirements.lock`.
///
/// Serialized in Helm's order of fields; all are always written.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/dependency.go`, `Lock`. DIFFERENCE: null entries of `dependencies`,
/// which Helm keeps and writes again, are dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// When the file was written.
    pub generated: Timestamp,
    /// Digest of the declared and the locked dependencies; `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The charts, each with one version.
    #[serde(deserialize_with = "list_without_nulls")]
    pub dependencies: Vec<Dependency>,
}
