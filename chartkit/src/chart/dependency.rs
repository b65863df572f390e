//! What a chart says about the charts that it needs.

use serde::{Deserialize, Serialize};

use super::metadata::sanitize;
use crate::yaml::Value;

/// An entry of `dependencies` in `Chart.yaml`, `requirements.yaml` or a lock file.
///
/// Serialized in Helm's order of fields; empty ones are left out, except `name` and `repository`.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/dependency.go`, `Dependency`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Dependency {
    /// Name of the chart, as its own `Chart.yaml` says.
    pub name: String,
    /// A range of versions; in a lock file the one version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where the chart is found: a URL, `file://`, `oci://`, or `@name` of a known repository.
    pub repository: String,
    /// Paths into the values, separated by commas; the first boolean found switches the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Names under `tags` of the values that switch several charts together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Set by Helm while it processes dependencies; it has no effect in a file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    /// Values of the subchart that the parent takes over: each a string or a table of two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<Value>,
    /// The name that the chart has here instead of its own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

impl Dependency {
    /// The name that the chart goes by: the alias if there is one.
    #[must_use]
    pub fn name_or_alias(&self) -> &str {
        if self.alias.is_empty() {
            &self.name
        } else {
            &self.alias
        }
    }

    pub(super) fn sanitize(&mut self) {
        let Self {
            name,
            version,
            repository,
            condition,
            tags,
            enabled: _,
            import_values: _,
            alias: _,
        } = self;
        for text in [name, version, repository, condition] {
            sanitize(text);
        }
        tags.iter_mut().for_each(sanitize);
    }

    pub(super) fn has_legal_alias(&self) -> bool {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        self.alias.bytes().all(is_legal)
    }
}
