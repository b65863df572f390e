//! The content of an `index.yaml`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io;

use serde::{Serialize, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};

use super::url;
use crate::chart::{Metadata, ValidateError};
use crate::digest::Sha256;
use crate::semver::{self, Constraint, Version};
use crate::time::Timestamp;
use crate::yaml::{self, EmitStyle, Table};

/// The list of all charts of a repository.
///
/// # Shape
///
/// Serialized in Helm's order of fields. Charts are sorted by name, because Helm's maps print so; the
/// versions of a chart are in the order of the file until [`IndexFile::sort`].
///
/// # Examples
///
/// ```
/// use chartkit::digest::Sha256;
/// use chartkit::repo::IndexFile;
/// use chartkit::time::Timestamp;
///
/// let time = Timestamp::from_unix(1_700_000_000, 0);
/// let mut index = IndexFile::new(time);
/// let mut metadata = chartkit::chart::Metadata::default();
/// metadata.name = "web".into();
/// for version in ["1.9.0", "1.10.0"] {
///     metadata.version = version.into();
///     let file = format!("web-{version}.tgz");
///     index.add(metadata.clone(), "https://charts.example", "", &file, Sha256::of(b""), time)?;
/// }
/// index.sort();
/// assert_eq!(index.get("web", "^1.0.0").unwrap().metadata.version, "1.10.0");
/// assert!(index.to_yaml().contains("- https://charts.example/web-1.9.0.tgz\n"));
/// # Ok::<(), chartkit::chart::ValidateError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/repo/v1/index.go`, `IndexFile`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IndexFile {
    /// What `ChartMuseum` says about itself; Helm takes it and has no use for it.
    #[serde(skip_serializing_if = "Table::is_empty", serialize_with = "table")]
    pub server_info: Table,
    /// `v1`.
    pub api_version: String,
    /// When the index was made.
    pub generated: Timestamp,
    /// By the name of the chart.
    pub entries: BTreeMap<String, Vec<ChartVersion>>,
    /// Keys that sign charts; Helm takes them and has no use for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub public_keys: Vec<String>,
    /// Notes for other programs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// One version of a chart in an index.
///
/// # Source
///
/// Helm v4.2.4, `pkg/repo/v1/index.go`, `ChartVersion`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartVersion {
    /// What its `Chart.yaml` says.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Where the archive is: absolute, or relative to the index. Nothing and an empty list are written
    /// differently and both mean that there is no archive.
    pub urls: Option<Vec<String>>,
    /// When it was added to the index.
    pub created: Timestamp,
    /// Whether it was removed; Helm has no use for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The SHA-256 of the archive in hexadecimal digits, without a prefix.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Of Helm 2; kept as it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub checksum: String,
    /// Of Helm 2; kept as it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub engine: String,
    /// Of Helm 2; kept as it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tiller_version: String,
    /// Of Helm 2; kept as it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

impl ChartVersion {
    /// Where the archive is, if anywhere.
    #[must_use]
    pub fn first_url(&self) -> Option<&str> {
        self.urls.iter().flatten().next().map(String::as_str)
    }
}

/// No version of a chart is found in an index; in Helm's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The index has no chart of that name.
    #[error("no chart name found")]
    NoName,
    /// The index has the name and no version.
    #[error("no chart version found")]
    NoVersion,
    /// What was asked for is neither a version nor a range.
    #[error(transparent)]
    Constraint(#[from] semver::ParseError),
    /// No version satisfies the range.
    #[error("no chart version found for {name}-{version}")]
    NoMatch {
        /// The chart.
        name: String,
        /// The range.
        version: String,
    },
}

impl IndexFile {
    /// An index without charts.
    #[must_use]
    pub fn new(generated: Timestamp) -> Self {
        Self {
            api_version: "v1".to_owned(),
            generated,
            ..Self::default()
        }
    }

    /// Adds one version behind the others of its chart.
    ///
    /// # Shape
    ///
    /// `folder` is where the archive lies below the index, empty for beside it; `file` is its name
    /// there. With an empty `base_url` the URL is relative to the index.
    ///
    /// # Errors
    ///
    /// When Helm refuses the metadata.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/repo/v1/index.go`, `MustAdd` and `IndexDirectory`.
    pub fn add(
        &mut self,
        mut metadata: Metadata,
        base_url: &str,
        folder: &str,
        file: &str,
        digest: Sha256,
        created: Timestamp,
    ) -> Result<(), ValidateError> {
        if metadata.api_version.is_empty() {
            "v1".clone_into(&mut metadata.api_version);
        }
        metadata.sanitize();
        metadata.validate()?;
        let base = url::join(base_url, folder);
        let url = match base.as_str() {
            "" => file.to_owned(),
            base => url::join(base, file),
        };
        let versions = self.entries.entry(metadata.name.clone()).or_default();
        versions.push(ChartVersion {
            metadata,
            urls: Some(vec![url]),
            created,
            digest: digest.hex(),
            ..ChartVersion::default()
        });
        Ok(())
    }

    /// Sorts the versions of each chart, newest first.
    ///
    /// # Properties
    ///
    /// Equal versions keep their order; what is no version comes last.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/repo/v1/index.go`, `SortEntries`. DIFFERENCE: with more than twelve versions Helm
    /// leaves equal ones in any order.
    pub fn sort(&mut self) {
        for versions in self.entries.values_mut() {
            versions.sort_by_cached_key(|version| {
                let version = Version::parse(&version.metadata.version).ok();
                std::cmp::Reverse(version.map(ByPrecedence))
            });
        }
    }

    /// The version of a chart that somebody asks for.
    ///
    /// # Shape
    ///
    /// `version` is a version or a range; empty means the newest release. An entry with exactly this
    /// text comes first, then the first one in the order of the index that satisfies it: `1.2` is
    /// found as 1.2.3, too.
    ///
    /// # Errors
    ///
    /// See [`LookupError`].
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/repo/v1/index.go`, `Get`.
    pub fn get(&self, name: &str, version: &str) -> Result<&ChartVersion, LookupError> {
        let versions = self.entries.get(name).ok_or(LookupError::NoName)?;
        if versions.is_empty() {
            return Err(LookupError::NoVersion);
        }
        let constraint = Constraint::parse(if version.is_empty() { "*" } else { version })?;
        let exact =
            (versions.iter()).find(|v| !version.is_empty() && v.metadata.version == version);
        let satisfies = |entry: &&ChartVersion| {
            Version::parse(&entry.metadata.version).is_ok_and(|v| constraint.check(&v))
        };
        let found = exact.or_else(|| versions.iter().find(satisfies));
        found.ok_or_else(|| LookupError::NoMatch {
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }

    /// The first version of a chart that has an archive and satisfies a range: what a dependency is
    /// locked to.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `internal/resolver/resolver.go`, `Resolve`.
    #[must_use]
    pub fn resolve(&self, name: &str, constraint: &Constraint) -> Option<&ChartVersion> {
        let versions = self.entries.get(name)?;
        versions.iter().find(|entry| {
            let version = Version::parse(&entry.metadata.version);
            entry.first_url().is_some() && version.is_ok_and(|version| constraint.check(&version))
        })
    }

    /// The first entry of a chart with an archive whose version is this one, however it is written.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/downloader/manager.go`, `findVersionedEntry`.
    #[must_use]
    pub fn locked(&self, name: &str, version: &str) -> Option<&ChartVersion> {
        let wanted = Version::parse(version).ok();
        let is_same = |text: &str| match &wanted {
            None => text == version,
            Some(wanted) => Version::parse(text).is_ok_and(|v| is_equal(&v, wanted)),
        };
        let versions = self.entries.get(name)?;
        versions
            .iter()
            .find(|entry| entry.first_url().is_some() && is_same(&entry.metadata.version))
    }

    /// Adds what the other index has and this one has not.
    ///
    /// # Shape
    ///
    /// Has, in the sense of [`IndexFile::get`]: build metadata does not count, and `1.2` is there when
    /// any 1.2 is. Charts go by the name that their metadata says.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/repo/v1/index.go`, `Merge`.
    pub fn merge(&mut self, other: &Self) {
        for version in other.entries.values().flatten() {
            let Metadata {
                name,
                version: text,
                ..
            } = &version.metadata;
            if self.get(name, text).is_err() {
                let versions = self.entries.entry(name.clone()).or_default();
                versions.push(version.clone());
            }
        }
    }

    /// The text of `index.yaml`, as Helm writes it.
    ///
    /// # Panics
    ///
    /// Never: an index has only string keys.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let value = yaml::to_value(self).expect("an index has only string keys");
        yaml::to_yaml(&value, EmitStyle::V2)
    }

    /// The text in JSON, as `helm repo index --json` writes it.
    ///
    /// # Panics
    ///
    /// Never: an index has only string keys.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        let mut serializer =
            serde_json::Serializer::with_formatter(&mut out, GoFormatter(PrettyFormatter::new()));
        (self.serialize(&mut serializer)).expect("an index has only string keys");
        String::from_utf8(out).expect("JSON of strings is UTF-8")
    }
}

/// A version in the order of precedence alone.
struct ByPrecedence(Version);

impl Ord for ByPrecedence {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

impl PartialOrd for ByPrecedence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByPrecedence {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByPrecedence {}

/// As the Go library's `Equal`: without build metadata.
fn is_equal(a: &Version, b: &Version) -> bool {
    a.cmp_precedence(b).is_eq()
}

fn table<S: Serializer>(table: &Table, serializer: S) -> Result<S::Ok, S::Error> {
    yaml::Value::Table(table.clone()).serialize(serializer)
}

/// Two spaces a level, and escapes for what HTML and JavaScript would take for their own.
///
/// Source: Go 1.26, `encoding/json`, `MarshalIndent`.
struct GoFormatter(PrettyFormatter<'static>);

/// Hands these methods to the inner formatter.
macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)+) => {
        $(fn $method<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        })+
    };
}

impl Formatter for GoFormatter {
    forward! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        let is_special = |c: char| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        while let Some(at) = rest.find(is_special) {
            let (plain, behind) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = behind.chars();
            let special = chars.next().map_or(0, u32::from);
            write!(writer, "\\u{special:04x}")?;
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}
