//! `Chart.digests`: what the dependencies hold, beside Helm's lock, which says only versions.
//!
//! Decides the form of the file and what it means that content differs. The format is normative in
//! `docs/formats/digests.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Code, Diagnostic};
use crate::digest::Sha256;
use crate::package::Contents;
use crate::profile::FOLDER;
use crate::source::{FileId, Sources};
use crate::yaml::{self, EmitStyle};

/// The name of the file, beside `Chart.yaml`. Helm takes it for any other file of the chart.
pub const DIGESTS_FILE: &str = "Chart.digests";

const FORMAT: &str = "chartkit.digests/v1";

const HEADER: &str = "# What the dependencies in charts/ hold. Written by `chartkit dependency update` and `build`;\n\
                      # Helm ignores it.\n";

/// The content of `Chart.digests`.
///
/// # Examples
///
/// ```
/// use chartkit::dependency::Digests;
/// use chartkit::source::Sources;
///
/// let digests = Digests::default();
/// let mut sources = Sources::new();
/// let file = sources.add("Chart.digests", digests.to_text().as_bytes());
/// assert_eq!(Digests::read(&sources, file)?, digests);
/// # Ok::<(), chartkit::dependency::DigestsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Digests {
    /// One for each chart in `charts/` that the lock names, sorted by path.
    pub dependencies: Vec<ContentDigest>,
}

/// What one dependency holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ContentDigest {
    /// The name of the chart.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is, relative to the chart that depends on it: `charts/redis-1.2.3.tgz`, or the directory of
    /// an unpacked chart.
    pub path: String,
    /// Of the bytes of the archive; nothing for a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Sha256>,
    /// Of all files, whatever the container looks like: [`Contents::digest`].
    pub content: Sha256,
    /// Of the files of each folder below `profiles/`, with their paths in it, by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profiles: BTreeMap<String, Sha256>,
}

impl ContentDigest {
    /// The digests of a chart's files.
    #[must_use]
    pub fn of(
        name: impl Into<String>,
        version: impl Into<String>,
        path: impl Into<String>,
        archive: Option<Sha256>,
        contents: &Contents,
    ) -> Self {
        let folders: BTreeSet<_> = contents.paths().filter_map(profile_of).collect();
        let profile = |name: &str| {
            let files = contents.below(&format!("{FOLDER}/{name}"));
            (name.to_owned(), files.digest())
        };
        Self {
            name: name.into(),
            version: version.into(),
            path: path.into(),
            archive,
            content: contents.digest(),
            profiles: folders.into_iter().map(profile).collect(),
        }
    }

    /// What differs between what was recorded, here, and what is found; nothing when all is the same.
    #[must_use]
    pub fn mismatch(&self, found: &Self) -> Option<Mismatch> {
        if self.content == found.content && self.profiles == found.profiles {
            let is_same_archive = self.archive.is_none() || self.archive == found.archive;
            return (!is_same_archive).then_some(Mismatch::Container);
        }
        let names: BTreeSet<_> = self.profiles.keys().chain(found.profiles.keys()).collect();
        let differs = |name: &&&String| self.profiles.get(**name) != found.profiles.get(**name);
        let profiles = names.iter().filter(differs).map(ToString::to_string);
        Some(Mismatch::Content {
            profiles: profiles.collect(),
        })
    }
}

/// The folder directly below `profiles/` that a file lies in.
fn profile_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    rest.split_once('/').map(|(folder, _)| folder)
}

/// How a dependency differs from what was recorded. Names profiles, never contents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The files are the same, the archive around them is another one: packed again, by another program or
    /// with another time.
    Container,
    /// Files differ.
    Content {
        /// The profiles that differ; empty when only other files do.
        profiles: Vec<String>,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container => f.write_str("same files, another archive"),
            Self::Content { profiles } => match &**profiles {
                [] => f.write_str("other files, none of them of a profile"),
                [one] => write!(f, "other files, profile {one} among them"),
                many => write!(f, "other files, profiles {} among them", many.join(", ")),
            },
        }
    }
}

/// A text that is no `Chart.digests`.
#[derive(Debug)]
pub struct DigestsError(Box<Diagnostic>);

impl fmt::Display for DigestsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for DigestsError {}

impl From<&DigestsError> for Diagnostic {
    fn from(error: &DigestsError) -> Self {
        (*error.0).clone()
    }
}

#[derive(Serialize, Deserialize)]
struct Text {
    format: String,
    dependencies: Vec<ContentDigest>,
}

impl Digests {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// When it is no YAML, has a key twice or an unknown field, lacks one, or is of another version of the
    /// format.
    pub fn read(sources: &Sources, file: FileId) -> Result<Self, DigestsError> {
        let failed = |diagnostic: Diagnostic| {
            let mut diagnostic = diagnostic.context(&format!("cannot read {}", sources.name(file)));
            diagnostic.code = Code::InvalidDigests;
            diagnostic.severity = crate::diagnostic::Severity::Error;
            DigestsError(Box::new(diagnostic))
        };
        let decoded = yaml::read(sources, file).map_err(|error| failed((&error).into()))?;
        let mut noticed = decoded.diagnostics.into_iter();
        if let Some(duplicate) = noticed.find(|d| d.code == Code::DuplicateKey) {
            return Err(failed(duplicate));
        }
        let text: Text = yaml::from_node_strict(&decoded.node).map_err(|error| {
            let mut diagnostic = Diagnostic::from(&error);
            if let Some(detail) = error.detail() {
                diagnostic.message += &format!(": {detail}");
            }
            failed(diagnostic)
        })?;
        if text.format != FORMAT {
            let message = format!("`format`: expected `{FORMAT}`");
            return Err(failed(Diagnostic::error(Code::InvalidDigests, message)));
        }
        Ok(Self::new(text.dependencies))
    }

    /// The digests of these dependencies; two of the same path count once.
    #[must_use]
    pub fn new(mut dependencies: Vec<ContentDigest>) -> Self {
        dependencies.sort_by(|a, b| a.path.cmp(&b.path));
        dependencies.dedup();
        Self { dependencies }
    }

    /// The canonical text of the file.
    ///
    /// # Panics
    ///
    /// Never: all keys are strings.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = Text {
            format: FORMAT.to_owned(),
            dependencies: self.dependencies.clone(),
        };
        let value = yaml::to_value(&text).expect("all keys are strings");
        format!("{HEADER}{}", yaml::to_yaml(&value, EmitStyle::V2))
    }

    /// What was recorded for a chart.
    #[must_use]
    pub fn get(&self, name: &str, version: &str) -> Option<&ContentDigest> {
        let mut all = self.dependencies.iter();
        all.find(|digest| digest.name == name && digest.version == version)
    }
}
