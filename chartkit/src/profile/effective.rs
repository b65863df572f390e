//! Effective values: chart + profile + files + sets.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::find::{FoundIn, ProfileError, find_all};
use super::secrets;
use super::{EncryptedFile, EncryptedFileError, Profile};
use crate::chart::process::{
    Enabled, ProcessError, ProcessOptions, Processed, process_dependencies,
};
use crate::chart::{Chart, File};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::sops::{self, OpenError};
use crate::source::{FileId, Sources, Span, Visibility};
use crate::values::strvals::{self, SetError, SetKind};
use crate::values::{self, Layer, LoadError, Values, merge_maps};
use crate::yaml::{Node, Table, Value};

/// What to do with a profile's encrypted secrets.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum Secrets<'o> {
    /// Refuse: effective values without the secrets are not what the stack gets.
    #[default]
    Refuse,
    /// Leave them out.
    Omit,
    /// Put [`MASK`](super::MASK) in the place of each.
    Mask,
    /// Decrypt them. What comes out is a [`Value::Secret`]: printed as a mask until it is revealed.
    Decrypt(&'o Decrypt<'o>),
}

/// Decrypts a file with the keys at hand: usually [`sops::open`](crate::sops::open).
pub type Decrypt<'o> = dyn Fn(&sops::EncryptedFile) -> Result<sops::DecryptedFile, OpenError> + 'o;

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "Refuse",
            Self::Omit => "Omit",
            Self::Mask => "Mask",
            Self::Decrypt(_) => "Decrypt",
        })
    }
}

/// A values file given by the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesFile {
    /// The name that messages and origins show: its path, or `<stdin>`.
    pub name: String,
    /// Its bytes.
    pub text: Arc<[u8]>,
}

/// One argument of the `--set` family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetArgument {
    /// Which flag.
    pub kind: SetKind,
    /// Its text.
    pub text: String,
}

/// What goes over a chart's defaults.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EffectiveOptions<'o> {
    /// The profile; those of the same name in enabled subcharts apply to their sections.
    pub profile: Option<&'o str>,
    /// What to do with the profile's secrets.
    pub secrets: Secrets<'o>,
    /// Values files (`-f`), each over the ones before it.
    pub files: &'o [ValuesFile],
    /// Arguments of the `--set` family, in any order: the kinds have their own.
    pub sets: &'o [SetArgument],
    /// How dependencies are processed.
    pub process: ProcessOptions,
}

/// Effective values and what was noticed on the way.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Effective<'c> {
    /// The values of the root chart's templates.
    pub values: Values,
    /// The root chart with its enabled subcharts.
    pub root: Enabled<'c>,
    /// What was noticed, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why there are no effective values.
#[derive(Debug)]
pub struct EffectiveError {
    kind: EffectiveErrorKind,
    message: String,
}

/// The kinds of [`EffectiveError`], with their causes.
#[derive(Debug)]
#[non_exhaustive]
pub enum EffectiveErrorKind {
    /// The profile cannot be used.
    Profile(ProfileError),
    /// A profile has secrets and nothing says what to do about them.
    SecretsNotDecrypted {
        /// The encrypted file.
        file: FileId,
    },
    /// A `secrets.yaml` is not encrypted, or not in order.
    Secrets(EncryptedFileError),
    /// A profile's secrets cannot be decrypted.
    Decrypt(OpenError),
    /// A values file cannot be read.
    File(LoadError),
    /// An argument of the `--set` family is wrong.
    Set(SetError),
    /// The dependencies of the chart cannot be processed.
    Process(ProcessError),
}

impl EffectiveError {
    fn new(kind: EffectiveErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Which kind of failure, with its cause.
    #[must_use]
    pub fn kind(&self) -> &EffectiveErrorKind {
        &self.kind
    }
}

impl fmt::Display for EffectiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EffectiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            EffectiveErrorKind::Profile(error) => Some(error),
            EffectiveErrorKind::SecretsNotDecrypted { .. } => None,
            EffectiveErrorKind::Secrets(error) => Some(error),
            EffectiveErrorKind::Decrypt(error) => Some(error),
            EffectiveErrorKind::File(error) => Some(error),
            EffectiveErrorKind::Set(error) => Some(error),
            EffectiveErrorKind::Process(error) => Some(error),
        }
    }
}

impl From<&EffectiveError> for Diagnostic {
    fn from(error: &EffectiveError) -> Self {
        let cause = match &error.kind {
            EffectiveErrorKind::Profile(cause) => Self::from(cause),
            EffectiveErrorKind::SecretsNotDecrypted { file } => {
                Self::error(Code::SecretsLeftOut, "").at(*file, Span::default(), "")
            }
            EffectiveErrorKind::Secrets(cause) => Self::from(cause),
            EffectiveErrorKind::Decrypt(cause) => Self::from(cause),
            EffectiveErrorKind::File(cause) => Self::from(cause),
            EffectiveErrorKind::Set(cause) => Self::from(cause),
            EffectiveErrorKind::Process(cause) => Self::from(cause),
        };
        cause.context(&error.message)
    }
}

/// Computes the effective values of `chart` under `options`.
///
/// # Shape
///
/// Lowest to highest: the charts' defaults; the profiles of subcharts; the profile's bases, each its
/// values then its secrets; the profile's own values, then its secrets; `-f` files; `--set-json`;
/// `--set`; `--set-string`; `--set-file`; `--set-literal`. `read` gives the contents for `--set-file`,
/// once for each name.
///
/// The profile of a subchart counts when everything else enables the subchart: the charts around it,
/// their profiles and the user. So it cannot enable itself, and a subchart that is off asks for no secrets.
///
/// # Errors
///
/// See [`EffectiveErrorKind`].
///
/// # Source
///
/// Helm v4.2.4, `pkg/cli/values/options.go`, `MergeValues`, for everything above the profiles.
pub fn effective_values<'c>(
    chart: &'c Chart,
    options: &EffectiveOptions<'_>,
    sources: &mut Sources,
    read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
) -> Result<Effective<'c>, EffectiveError> {
    let mut user = User {
        sources,
        tables: Vec::new(),
        layers: Vec::new(),
        diagnostics: Vec::new(),
        sets: Vec::new(),
    };
    let mut subcharts = Vec::new();
    if let Some(profile) = options.profile {
        subcharts = user.add_profile(chart, profile, options.secrets)?;
    }
    for file in options.files {
        user.add_file(&file.name, &file.text, Layer::File, &[])?;
    }
    user.add_sets(options.sets);
    let mut files = BTreeMap::new();
    let mut read = |name: &str| match files.get(name) {
        Some(text) => Ok(Arc::clone(text)),
        None => read(name).inspect(|text| drop(files.insert(name.to_owned(), Arc::clone(text)))),
    };
    if let Some(profile) = options.profile {
        let process = ProcessOptions {
            history: false,
            ..options.process
        };
        let deepest = subcharts
            .iter()
            .flat_map(|s| &s.sections)
            .map(Vec::len)
            .max();
        for depth in 1..=deepest.unwrap_or(0) {
            let table = user.merged(user.tables.clone(), &mut read)?;
            let root = processed(chart, &table, process)?.root;
            user.add_subchart_profiles(&subcharts, depth, &root, profile, options.secrets)?;
        }
    }
    let tables = std::mem::take(&mut user.tables);
    let table = user.merged(tables, &mut read)?;
    let processed = processed(chart, &table, options.process)?;
    let mut values = processed.values;
    values.layers.extend(user.layers);
    let mut diagnostics = user.diagnostics;
    diagnostics.extend(processed.diagnostics);
    diagnostic::sort(&mut diagnostics);
    Ok(Effective {
        values,
        root: processed.root,
        diagnostics,
    })
}

fn processed<'c>(
    chart: &'c Chart,
    values: &Table,
    options: ProcessOptions,
) -> Result<Processed<'c>, EffectiveError> {
    process_dependencies(chart, values, &options).map_err(|e| {
        EffectiveError::new(
            EffectiveErrorKind::Process(e),
            "chart dependencies processing failed",
        )
    })
}

/// The user's values while they are put together.
struct User<'s> {
    sources: &'s mut Sources,
    /// Those of profiles and files, lowest first.
    tables: Vec<Table>,
    layers: Vec<(FileId, Layer)>,
    diagnostics: Vec<Diagnostic>,
    /// The arguments of the `--set` family, in the order in which they apply.
    sets: Vec<(SetKind, FileId)>,
}

impl User<'_> {
    /// Adds the layers of the chart's own profile; returns the subcharts that have one of that name.
    fn add_profile<'c>(
        &mut self,
        chart: &'c Chart,
        name: &str,
        secrets: Secrets<'_>,
    ) -> Result<Vec<FoundIn<'c>>, EffectiveError> {
        let mut all = find_all(chart, self.sources).map_err(|e| profile_error(chart, e))?;
        for found_in in &all {
            let noticed = found_in.found.diagnostics.iter();
            self.diagnostics.extend(noticed.cloned());
        }
        let root = all.remove(0);
        all.retain(|found_in| found_in.found.profiles.contains_key(name));
        if root.found.profiles.contains_key(name) || all.is_empty() {
            self.add_layers(&root, name, secrets, &[])?;
        }
        Ok(all)
    }

    /// Adds the layers of the enabled subcharts at one depth, below all others: a chart's own profile goes
    /// over those of its subcharts.
    fn add_subchart_profiles(
        &mut self,
        subcharts: &[FoundIn<'_>],
        depth: usize,
        root: &Enabled<'_>,
        name: &str,
        secrets: Secrets<'_>,
    ) -> Result<(), EffectiveError> {
        let above = std::mem::take(&mut self.tables);
        for subchart in subcharts {
            let sections = subchart.sections.iter();
            for section in sections.filter(|s| s.len() == depth && is_enabled(root, s)) {
                self.add_layers(subchart, name, secrets, section)?;
            }
        }
        self.tables.extend(above);
        Ok(())
    }

    /// The tables over each other, and the `--set` family over them.
    fn merged(
        &self,
        tables: Vec<Table>,
        read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
    ) -> Result<Table, EffectiveError> {
        let mut table = tables.into_iter().reduce(merge_maps).unwrap_or_default();
        for (kind, argument) in &self.sets {
            let applied = strvals::apply(&mut table, *kind, self.sources, *argument, read);
            applied.map_err(|error| {
                let message = format!("failed parsing {} data", kind.flag());
                EffectiveError::new(EffectiveErrorKind::Set(error), message)
            })?;
        }
        Ok(table)
    }

    fn add_layers(
        &mut self,
        found_in: &FoundIn<'_>,
        name: &str,
        secrets: Secrets<'_>,
        section: &[String],
    ) -> Result<(), EffectiveError> {
        let FoundIn { chart, path, .. } = found_in;
        let layers = found_in.found.layers(name);
        let layers = layers.map_err(|e| profile_error(chart, e))?;
        for profile in layers {
            if let Some(file) = &profile.values {
                let layer = Layer::Profile {
                    chart: path.to_owned(),
                    profile: profile.name.clone(),
                };
                self.add_file(&chart.path_of(file), &file.data, layer, section)?;
            }
            if let Some(file) = &profile.secrets {
                self.add_secrets(chart, path, profile, file, secrets, section)?;
            }
        }
        Ok(())
    }

    fn add_secrets(
        &mut self,
        chart: &Chart,
        path: &str,
        profile: &Profile,
        file: &File,
        secrets: Secrets<'_>,
        section: &[String],
    ) -> Result<(), EffectiveError> {
        let file = chart.source(file, self.sources);
        let encrypted = EncryptedFile::read(self.sources, file).map_err(|error| {
            let message = format!("cannot use the secrets in {}", self.sources.name(file));
            EffectiveError::new(EffectiveErrorKind::Secrets(error), message)
        })?;
        match secrets {
            Secrets::Refuse => {
                let message = format!(
                    "profile `{}` has secrets in {} and nothing decrypts them",
                    profile.name,
                    self.sources.name(file)
                );
                Err(EffectiveError::new(
                    EffectiveErrorKind::SecretsNotDecrypted { file },
                    message,
                ))
            }
            Secrets::Omit => {
                let message = format!(
                    "{} secrets of profile `{}` are left out",
                    encrypted.leaves().len(),
                    profile.name
                );
                self.diagnostics
                    .push(Diagnostic::warning(Code::SecretsLeftOut, message));
                Ok(())
            }
            Secrets::Mask => {
                let layer = Layer::Secrets {
                    chart: path.to_owned(),
                    profile: profile.name.clone(),
                };
                self.layers.push((file, layer));
                self.add(encrypted.masked(), section);
                Ok(())
            }
            Secrets::Decrypt(decrypt) => {
                let name = self.sources.name(file).to_owned();
                let failed =
                    |kind| EffectiveError::new(kind, format!("cannot use the secrets in {name}"));
                let decrypted = decrypt(encrypted.sops())
                    .map_err(|error| failed(EffectiveErrorKind::Decrypt(error)))?;
                self.diagnostics.extend_from_slice(decrypted.diagnostics());
                let layer = Layer::Secrets {
                    chart: path.to_owned(),
                    profile: profile.name.clone(),
                };
                self.layers.push((file, layer));
                self.add(secrets::layer(encrypted.sops(), &decrypted), section);
                Ok(())
            }
        }
    }

    fn add_file(
        &mut self,
        name: &str,
        text: &Arc<[u8]>,
        layer: Layer,
        section: &[String],
    ) -> Result<(), EffectiveError> {
        let file = self.sources.add(name, Arc::clone(text));
        let loaded = values::load(self.sources, file).map_err(|error| {
            let message = format!("failed to parse {name}");
            EffectiveError::new(EffectiveErrorKind::File(error), message)
        })?;
        self.diagnostics.extend(loaded.diagnostics);
        self.layers.push((file, layer));
        self.add(loaded.table, section);
        Ok(())
    }

    fn add(&mut self, table: Table, section: &[String]) {
        let nest = |table, key: &String| {
            Table::from([(key.as_str().into(), Node::from(Value::Table(table)))])
        };
        self.tables.push(section.iter().rev().fold(table, nest));
    }

    fn add_sets(&mut self, sets: &[SetArgument]) {
        let mut sets: Vec<_> = sets.iter().collect();
        sets.sort_by_key(|set| set.kind);
        for set in sets {
            let argument = self.sources.add(set.kind.flag(), set.text.as_bytes());
            self.sources.conceal(argument, Visibility::ArgumentKey);
            self.layers.push((argument, Layer::Set));
            self.sets.push((set.kind, argument));
        }
    }
}

/// Whether a subchart takes part under the names of its section.
fn is_enabled(root: &Enabled<'_>, section: &[String]) -> bool {
    let named = |chart: &Enabled<'_>, name: &String| *chart.name == **name;
    let inner = section.iter().try_fold(root, |chart, name| {
        let mut dependencies = chart.dependencies.iter();
        dependencies.find(|dependency| named(dependency, name))
    });
    inner.is_some()
}

fn profile_error(chart: &Chart, error: ProfileError) -> EffectiveError {
    let message = format!("cannot use the profiles of `{}`", chart.origin);
    EffectiveError::new(EffectiveErrorKind::Profile(error), message)
}
