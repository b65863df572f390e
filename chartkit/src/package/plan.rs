//! What goes into an archive, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::chart::{Chart, File, Metadata, ValidateError};
use crate::diagnostic::{Code, Diagnostic};
use crate::profile::{self, EncryptedFile, EncryptedFileError, FOLDER, ProfileError};
use crate::semver::{self, Version};
use crate::source::{Place, Sources};
use crate::time::Timestamp;
use crate::yaml::{self, EmitStyle};

/// Which profiles ride in the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileSelection {
    /// All of them, and whatever else lies in `profiles/`.
    #[default]
    All,
    /// Those of these names, in the chart and its subcharts, with what they extend.
    Only(Vec<String>),
    /// None: nothing of `profiles/`.
    None,
}

/// How a chart is packaged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackageOptions {
    /// Which profiles ride.
    pub profiles: ProfileSelection,
    /// Replaces the chart's version, in the archive only.
    pub version: Option<String>,
    /// Replaces the chart's appVersion, in the archive only.
    pub app_version: Option<String>,
    /// Annotations added to those of Chart.yaml, in the archive only: a source revision, say.
    pub annotations: BTreeMap<String, String>,
    /// The modification time of every entry. Default: [`PackageOptions::EPOCH`].
    pub time: Timestamp,
    /// Bytes that the archive may add to Helm's release Secret before there is a warning. Default:
    /// 1 MiB, which is where Kubernetes refuses.
    pub release_budget: u64,
}

impl PackageOptions {
    /// The time used when nobody says another: 1980-01-01, the oldest that every archiver shows right.
    pub const EPOCH: i64 = 315_532_800;
}

impl Default for PackageOptions {
    fn default() -> Self {
        Self {
            profiles: ProfileSelection::All,
            version: None,
            app_version: None,
            annotations: BTreeMap::new(),
            time: Timestamp::from_unix(Self::EPOCH, 0),
            release_budget: super::release::RELEASE_SECRET_LIMIT,
        }
    }
}

/// Everything that an archive will hold, in order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// `<name>-<version>.tgz`.
    pub file_name: String,
    /// The entries.
    pub entries: Vec<Entry>,
    /// The modification time of every entry.
    pub time: Timestamp,
    /// What was noticed, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// That of the chart with the overrides.
    pub(super) metadata: Metadata,
}

/// One file of an archive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its path, starting with the chart's name.
    pub path: String,
    /// Its bytes.
    pub data: Arc<[u8]>,
    /// Why it is in.
    pub reason: Reason,
}

/// Why a file is in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// `Chart.yaml`, written anew from the metadata.
    Metadata,
    /// `Chart.lock`, written anew.
    Lock,
    /// `values.yaml`, as it is.
    Values,
    /// `values.schema.json`, as it is.
    Schema,
    /// A file under `templates/`.
    Template,
    /// A file of a profile.
    Profile,
    /// Any other file that is not ignored.
    File,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Metadata => "metadata",
            Self::Lock => "lock",
            Self::Values => "values",
            Self::Schema => "schema",
            Self::Template => "template",
            Self::Profile => "profile",
            Self::File => "file",
        })
    }
}

/// Why a chart cannot be packaged.
#[derive(Debug)]
pub struct PackageError {
    kind: PackageErrorKind,
    message: String,
    place: Option<Place>,
}

/// The kinds of [`PackageError`], with their causes.
#[derive(Debug)]
#[non_exhaustive]
pub enum PackageErrorKind {
    /// The version is no version.
    Version(semver::ParseError),
    /// Declared dependencies are not in `charts/`.
    MissingDependencies,
    /// The metadata is not valid.
    Validate(ValidateError),
    /// The chart's name holds a path separator.
    Name,
    /// `values.schema.json` is not JSON.
    Schema,
    /// The profiles cannot be used.
    Profile(ProfileError),
    /// A profile's `secrets.yaml` is not encrypted, or not in order.
    Secrets(EncryptedFileError),
}

impl PackageError {
    fn new(kind: PackageErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
        }
    }

    /// Which kind of failure, with its cause.
    #[must_use]
    pub fn kind(&self) -> &PackageErrorKind {
        &self.kind
    }

    /// Where the cause was written, if it is one place.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}

impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PackageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            PackageErrorKind::Version(error) => Some(error),
            PackageErrorKind::Validate(error) => Some(error),
            PackageErrorKind::Profile(error) => Some(error),
            PackageErrorKind::Secrets(error) => Some(error),
            PackageErrorKind::MissingDependencies
            | PackageErrorKind::Name
            | PackageErrorKind::Schema => None,
        }
    }
}

impl From<&PackageError> for Diagnostic {
    fn from(error: &PackageError) -> Self {
        let cause = match &error.kind {
            PackageErrorKind::Profile(cause) => Self::from(cause),
            PackageErrorKind::Secrets(cause) => Self::from(cause),
            PackageErrorKind::Validate(cause) => {
                let diagnostic = Self::error(Code::NotPackageable, cause.to_string());
                cause
                    .place()
                    .into_iter()
                    .fold(diagnostic, |d, place| d.at_place(place, ""))
            }
            PackageErrorKind::Version(cause) => {
                Self::error(Code::NotPackageable, cause.to_string())
            }
            PackageErrorKind::MissingDependencies
            | PackageErrorKind::Name
            | PackageErrorKind::Schema => Self::error(Code::NotPackageable, ""),
        };
        let diagnostic = cause.context(&error.message);
        error
            .place
            .into_iter()
            .fold(diagnostic, |d, place| d.at_place(place, ""))
    }
}

/// Plans the archive of `chart` and its profiles.
///
/// # Properties
///
/// The plan does not depend on the order of the chart's files, as long as none is there twice: templates
/// and files are in the order of a walk, subcharts in that of their names. So a directory and its own
/// archive have the same archive.
///
/// # Errors
///
/// When the version or the metadata is not valid, declared dependencies are missing, the schema is not
/// JSON, a selected profile does not exist, one that rides extends itself or an unknown one, or any
/// profile's `secrets.yaml` is not encrypted.
///
/// # Source
///
/// Helm v4.2.4, `pkg/action/package.go`, `Run`; `pkg/chart/v2/util/save.go`, `writeTarContents`.
/// DIFFERENCE: Helm packs what it finds under `profiles/`, plain secrets included.
pub fn plan(
    chart: &Chart,
    options: &PackageOptions,
    sources: &mut Sources,
) -> Result<Plan, PackageError> {
    let mut metadata = chart.metadata.clone();
    if let Some(version) = &options.version {
        metadata.version.clone_from(version);
    }
    Version::parse(&metadata.version).map_err(|error| {
        let message = format!("`{}` is no version", metadata.version);
        PackageError {
            place: match options.version {
                Some(_) => None,
                None => chart.metadata.place("version"),
            },
            ..PackageError::new(PackageErrorKind::Version(error), message)
        }
    })?;
    if let Some(version) = &options.app_version {
        metadata.app_version.clone_from(version);
    }
    metadata.annotations.extend(options.annotations.clone());
    let missing = chart.missing_dependencies();
    if !missing.is_empty() {
        let message = format!(
            "found in Chart.yaml, but missing in charts/ directory: {}",
            missing.join(", ")
        );
        return Err(PackageError {
            place: chart.metadata.place("dependencies"),
            ..PackageError::new(PackageErrorKind::MissingDependencies, message)
        });
    }
    (metadata.validate())
        .map_err(|e| PackageError::new(PackageErrorKind::Validate(e), "chart validation"))?;

    let mut planner = Planner {
        options,
        sources,
        entries: Vec::new(),
        diagnostics: Vec::new(),
        known: BTreeSet::new(),
    };
    let file_name = format!("{}-{}.tgz", metadata.name, metadata.version);
    planner.chart(chart, &metadata, "")?;
    planner.check_selection(chart)?;
    let Planner {
        entries,
        mut diagnostics,
        ..
    } = planner;
    crate::diagnostic::sort(&mut diagnostics);
    let mut plan = Plan {
        file_name,
        entries,
        time: options.time,
        diagnostics,
        metadata,
    };
    let warning = super::release::over_budget(chart, &plan, options.release_budget);
    plan.diagnostics.extend(warning);
    Ok(plan)
}

struct Planner<'o> {
    options: &'o PackageOptions,
    sources: &'o mut Sources,
    entries: Vec<Entry>,
    diagnostics: Vec<Diagnostic>,
    /// The names of all profiles, those of subcharts included.
    known: BTreeSet<String>,
}

impl Planner<'_> {
    fn chart(
        &mut self,
        chart: &Chart,
        metadata: &Metadata,
        parent: &str,
    ) -> Result<(), PackageError> {
        if metadata.name.contains('/') || metadata.name.is_empty() {
            let message = format!("`{}` is not a valid chart name", metadata.name);
            return Err(PackageError::new(PackageErrorKind::Name, message));
        }
        let base = format!("{parent}{}/", metadata.name);
        let rides = self.profiles(chart)?;

        let mut written = metadata.clone();
        if metadata.api_version == "v1" {
            written.dependencies = None;
        }
        self.text(&base, "Chart.yaml", &written, Reason::Metadata);
        if let ("v2", Some(lock)) = (metadata.api_version.as_str(), &chart.lock) {
            self.text(&base, "Chart.lock", lock, Reason::Lock);
        }
        for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
            self.file(&base, file, Reason::Values);
        }
        if let Some(schema) = &chart.schema {
            if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(schema) {
                let message = format!(
                    "invalid JSON in {}/values.schema.json: {error}",
                    chart.origin
                );
                return Err(PackageError::new(PackageErrorKind::Schema, message));
            }
            self.push(
                &base,
                "values.schema.json",
                Arc::clone(schema),
                Reason::Schema,
            );
        }
        let templates = self.entries.len();
        for file in &chart.templates {
            self.file(&base, file, Reason::Template);
        }
        in_walk_order(&mut self.entries[templates..]);
        let files = self.entries.len();
        for file in &chart.files {
            match profile_of(&file.name) {
                None => self.file(&base, file, Reason::File),
                Some(profile) if rides(profile) => self.file(&base, file, Reason::Profile),
                Some(_) => {}
            }
        }
        in_walk_order(&mut self.entries[files..]);
        let mut dependencies: Vec<_> = chart.dependencies.iter().collect();
        dependencies.sort_by_key(|dependency| dependency.name());
        for dependency in dependencies {
            self.chart(dependency, &dependency.metadata, &format!("{base}charts/"))?;
        }
        Ok(())
    }

    /// Checks the profiles of one chart and says which folders of `profiles/` ride.
    fn profiles(&mut self, chart: &Chart) -> Result<impl Fn(&str) -> bool + use<>, PackageError> {
        let profile_error = |e| {
            let message = format!("cannot use the profiles of `{}`", chart.origin);
            PackageError::new(PackageErrorKind::Profile(e), message)
        };
        let found = profile::find(chart, self.sources).map_err(profile_error)?;
        for secrets in found.profiles.values().filter_map(|p| p.secrets.as_ref()) {
            let file = chart.source(secrets, self.sources);
            let encrypted = EncryptedFile::read(self.sources, file).map_err(|error| {
                let message = format!("{} must not be packaged", self.sources.name(file));
                PackageError::new(PackageErrorKind::Secrets(error), message)
            })?;
            self.diagnostics.extend_from_slice(encrypted.warnings());
        }
        self.diagnostics.extend(found.diagnostics.iter().cloned());
        self.known.extend(found.profiles.keys().cloned());
        let mut left_out = BTreeSet::new();
        let mut all_out = false;
        match &self.options.profiles {
            ProfileSelection::All => {
                for name in found.profiles.keys() {
                    found.layers(name).map_err(profile_error)?;
                }
            }
            ProfileSelection::None => all_out = true,
            ProfileSelection::Only(names) => {
                let mut rides = BTreeSet::new();
                for name in names
                    .iter()
                    .filter(|name| found.profiles.contains_key(*name))
                {
                    let layers = found.layers(name).map_err(profile_error)?;
                    rides.extend(layers.iter().map(|profile| profile.name.clone()));
                }
                left_out = found
                    .profiles
                    .keys()
                    .filter(|n| !rides.contains(*n))
                    .cloned()
                    .collect();
            }
        }
        Ok(move |folder: &str| !all_out && !left_out.contains(folder))
    }

    fn check_selection(&self, chart: &Chart) -> Result<(), PackageError> {
        let ProfileSelection::Only(names) = &self.options.profiles else {
            return Ok(());
        };
        match names
            .iter()
            .find(|name| !self.known.contains(name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(PackageError::new(
                PackageErrorKind::Profile(ProfileError::unknown(name, &self.known)),
                format!("cannot select the profiles of `{}`", chart.origin),
            )),
        }
    }

    fn text(&mut self, base: &str, name: &str, data: &impl serde::Serialize, reason: Reason) {
        let value = yaml::to_value(data).expect("metadata and locks have only string keys");
        let text = yaml::to_yaml(&value, EmitStyle::V2);
        self.push(base, name, Arc::from(text.into_bytes()), reason);
    }

    fn file(&mut self, base: &str, file: &File, reason: Reason) {
        self.push(base, &file.name, Arc::clone(&file.data), reason);
    }

    fn push(&mut self, base: &str, name: &str, data: Arc<[u8]>, reason: Reason) {
        self.entries.push(Entry {
            path: clean(&format!("{base}{name}")),
            data,
            reason,
        });
    }
}

/// Sorts entries as a walk finds them: so a chart has one archive, whatever order it was read in.
fn in_walk_order(entries: &mut [Entry]) {
    entries.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
}

/// The folder directly under `profiles/` that a file is in; empty for a file beside the folders.
fn profile_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(FOLDER)?.strip_prefix('/')?;
    Some(rest.split_once('/').map_or("", |(folder, _)| folder))
}

/// A path as Go's `filepath.Clean` writes it: an archive may name `a//b` or `a/./b`.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_some() => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
