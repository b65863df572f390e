//! Files to a chart.
//!
//! Decides which file means what, where subcharts are, and when a chart is refused.
//!
//! Fixtures: `fixtures/charts-in-memory`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use super::archive::{self, ArchiveError, Budget, Limits};
use super::metadata::{self, ValidateError};
use super::{Chart, File, Lock, Metadata};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Sources, Span};
use crate::values;
use crate::yaml::{self, DecodeError, Node, ParseError};

/// A chart that was loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The chart.
    pub chart: Chart,
    /// What a person may want to know, in the order of reading.
    pub diagnostics: Vec<Diagnostic>,
}

/// The chart that files make.
///
/// # Shape
///
/// Names are relative to the chart, with `/`; their order is kept and decides which of two files
/// of the same name wins (the later one). `origin` is the path that messages show for the chart:
/// its files are in `sources` as `<origin>/values.yaml`, those of a packed subchart as
/// `<origin>/charts/redis-1.2.3.tgz!/values.yaml`. Only files that are read as YAML are added.
///
/// Subcharts are sorted by the bytes of their entry below `charts/`; entries that start with `_` or
/// `.` are none.
///
/// # Errors
///
/// See [`LoadErrorKind`]. Helm's order: the chart's own files as they come, its metadata, then its
/// subcharts. The version of a chart is not looked at, see [`Chart::check_api_version`].
///
/// # Examples
///
/// ```
/// use chartkit::chart::{self, File};
/// use chartkit::source::Sources;
///
/// let file = |name: &str, text: &str| File {
///     name: name.into(),
///     data: text.as_bytes().into(),
///     modified: None,
/// };
/// let mut sources = Sources::new();
/// let files = vec![
///     file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
///     file("values.yaml", "replicas: 2\n"),
/// ];
/// let chart = chart::load(files, "web", &mut sources)?.chart;
/// assert_eq!(chart.name(), "web");
/// assert!(chart.values.unwrap().contains_key("replicas"));
///
/// let error = chart::load(Vec::new(), "web", &mut sources).unwrap_err();
/// assert_eq!(error.to_string(), "Chart.yaml file is missing");
/// # Ok::<(), chart::LoadError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/loader/load.go`, `LoadFiles`. DIFFERENCE: Helm's order of subcharts
/// is random.
pub fn load(files: Vec<File>, origin: &str, sources: &mut Sources) -> Result<Loaded, LoadError> {
    load_with(files, origin, &Limits::default(), sources)
}

/// [`load`] with other limits; they hold for packed subcharts.
///
/// # Errors
///
/// As [`load`].
pub fn load_with(
    files: Vec<File>,
    origin: &str,
    limits: &Limits,
    sources: &mut Sources,
) -> Result<Loaded, LoadError> {
    let mut loader = Loader::new(limits, sources);
    let chart = loader.files(files, origin, limits.depth)?;
    Ok(loader.loaded(chart))
}

/// The chart in the bytes of an archive.
///
/// # Shape
///
/// As [`load`]; the files are in `sources` as `<origin>!/values.yaml`.
///
/// # Errors
///
/// As [`load`], and [`LoadErrorKind::Archive`] when the archive is refused.
pub fn load_archive(
    archive: impl Read,
    origin: &str,
    limits: &Limits,
    sources: &mut Sources,
) -> Result<Loaded, LoadError> {
    let mut loader = Loader::new(limits, sources);
    let chart = loader.archive(archive, origin, limits.depth)?;
    Ok(loader.loaded(chart))
}

/// Why files make no chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// There is no `Chart.yaml`, nor anything else that says what the chart is.
    MissingChartYaml,
    /// `Chart.yaml` is not YAML, or its fields have wrong types.
    ChartYaml,
    /// The same for `Chart.lock`.
    ChartLock,
    /// The same for `requirements.yaml`.
    RequirementsYaml,
    /// The same for `requirements.lock`.
    RequirementsLock,
    /// `values.yaml` cannot be read.
    Values,
    /// Helm refuses the metadata; the source is a [`ValidateError`].
    Validation,
    /// A subchart cannot be loaded; the source is its [`LoadError`].
    Subchart,
    /// An entry of `charts/` is called `….tgz` and is a directory.
    SubchartIsDirectory,
    /// Subcharts are nested deeper than [`Limits::depth`].
    TooDeep,
    /// The archive is refused; the source is an [`ArchiveError`].
    Archive,
}

/// Files that make no chart, in Helm's words.
#[derive(Debug)]
pub struct LoadError {
    repr: Box<Repr>,
}

#[derive(Debug)]
struct Repr {
    kind: LoadErrorKind,
    message: String,
    location: Option<(FileId, Span)>,
    cause: Option<Cause>,
}

#[derive(Debug)]
enum Cause {
    Parse(ParseError),
    Decode(DecodeError),
    Values(values::LoadError),
    Validation(ValidateError),
    Archive(ArchiveError),
    Subchart(LoadError),
}

impl LoadError {
    fn new(kind: LoadErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            repr: Box::new(Repr {
                kind,
                message,
                location: None,
                cause: None,
            }),
        }
    }

    fn caused_by(mut self, cause: Cause) -> Self {
        self.repr.location = match &cause {
            Cause::Parse(error) => error.location(),
            Cause::Decode(error) => error.place().map(|place| (place.file, place.span())),
            Cause::Values(error) => Some(error.location()),
            Cause::Validation(error) => error.place().map(|place| (place.file, place.span())),
            Cause::Archive(_) => None,
            Cause::Subchart(error) => error.location(),
        };
        self.repr.cause = Some(cause);
        self
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> LoadErrorKind {
        self.repr.kind
    }

    /// Where a file is wrong, if it is about one place.
    #[must_use]
    pub fn location(&self) -> Option<(FileId, Span)> {
        self.repr.location
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr.message)
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.repr.cause.as_ref().map(|cause| match cause {
            Cause::Parse(error) => error as _,
            Cause::Decode(error) => error as _,
            Cause::Values(error) => error as _,
            Cause::Validation(error) => error as _,
            Cause::Archive(error) => error as _,
            Cause::Subchart(error) => error as _,
        })
    }
}

/// The message is the whole chain of causes; what YAML has to say is said with its places and hints.
impl From<&LoadError> for Diagnostic {
    fn from(error: &LoadError) -> Self {
        let diagnostic = match &error.repr.cause {
            None => Self::error(Code::InvalidChart, ""),
            Some(Cause::Parse(cause)) => cause.into(),
            Some(Cause::Decode(cause)) => cause.into(),
            Some(Cause::Values(cause)) => cause.into(),
            Some(Cause::Subchart(cause)) => cause.into(),
            Some(Cause::Validation(cause)) => {
                let diagnostic = Self::error(Code::InvalidChart, cause.to_string());
                let places = cause.place().into_iter();
                places.fold(diagnostic, |d, place| d.at_place(place, ""))
            }
            Some(Cause::Archive(cause)) => {
                let mut message = cause.to_string();
                let mut source = std::error::Error::source(cause);
                while let Some(cause) = source {
                    message = format!("{message}: {cause}");
                    source = cause.source();
                }
                Self::error(Code::InvalidArchive, message)
            }
        };
        diagnostic.context(&error.repr.message)
    }
}

struct Loader<'a> {
    limits: &'a Limits,
    budget: Budget,
    sources: &'a mut Sources,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn new(limits: &'a Limits, sources: &'a mut Sources) -> Self {
        Self {
            limits,
            budget: Budget::new(limits),
            sources,
            diagnostics: Vec::new(),
        }
    }

    fn loaded(self, chart: Chart) -> Loaded {
        Loaded {
            chart,
            diagnostics: self.diagnostics,
        }
    }

    fn archive(
        &mut self,
        archive: impl Read,
        origin: &str,
        depth: usize,
    ) -> Result<Chart, LoadError> {
        let files = archive::read_within(archive, self.limits, &mut self.budget);
        let files = files.map_err(|error| {
            let message = format!("cannot read the archive `{origin}`");
            LoadError::new(LoadErrorKind::Archive, message).caused_by(Cause::Archive(error))
        })?;
        self.files(files, &format!("{origin}!"), depth)
    }

    /// `depth` is how many more levels of subcharts there may be.
    fn files(&mut self, files: Vec<File>, origin: &str, depth: usize) -> Result<Chart, LoadError> {
        self.report_duplicates(&files, origin);
        let mut reader = self.chart_yaml(&files, origin)?;
        let mut parts = Parts::default();
        for file in &files {
            self.sort(file, origin, &mut reader, &mut parts)?;
        }
        let metadata = validated(reader)?;
        let mut chart = Chart {
            metadata,
            origin: origin.to_owned(),
            lock: parts.lock,
            values: parts.values,
            values_file: parts.values_file,
            schema: parts.schema,
            templates: parts.templates,
            files: parts.files,
            raw: files,
            dependencies: Vec::new(),
        };
        for (entry, files) in parts.subcharts {
            let origin = format!("{origin}/charts/{entry}");
            if entry.starts_with(['_', '.']) {
                let message = format!("`{origin}` starts with `{}` and is not loaded", &entry[..1]);
                let skipped = Diagnostic::info(Code::SkippedSubchart, message);
                self.diagnostics.push(skipped);
                continue;
            }
            let subchart = self.subchart(&entry, files, &origin, depth, chart.name())?;
            chart.dependencies.push(subchart);
        }
        Ok(chart)
    }

    fn report_duplicates(&mut self, files: &[File], origin: &str) {
        let mut names = BTreeSet::new();
        for file in files {
            if !names.insert(&file.name) {
                let message = format!("`{origin}/{}` is in the chart more than once", file.name);
                let duplicate = Diagnostic::warning(Code::DuplicateFile, message);
                self.diagnostics.push(duplicate);
            }
        }
    }

    /// Read before all others, because what they mean depends on the version of the chart.
    fn chart_yaml(
        &mut self,
        files: &[File],
        origin: &str,
    ) -> Result<Option<metadata::Reader>, LoadError> {
        let mut reader = None;
        for file in files.iter().filter(|file| file.name == "Chart.yaml") {
            let reader = reader.get_or_insert_with(metadata::Reader::default);
            self.metadata(reader, file, origin)
                .map_err(|cause| cannot_load(LoadErrorKind::ChartYaml, file, cause))?;
            reader.default_api_version();
        }
        Ok(reader)
    }

    fn metadata(
        &mut self,
        reader: &mut metadata::Reader,
        file: &File,
        origin: &str,
    ) -> Result<(), Cause> {
        let node = self.read(file, origin)?;
        self.diagnostics
            .extend(reader.add(&node).map_err(Cause::Decode)?);
        Ok(())
    }

    fn read(&mut self, file: &File, origin: &str) -> Result<Node, Cause> {
        let name = format!("{origin}/{}", file.name);
        let id = self.sources.add(name, Arc::clone(&file.data));
        let decoded = yaml::read(self.sources, id).map_err(Cause::Parse)?;
        self.diagnostics.extend(decoded.diagnostics);
        Ok(decoded.node)
    }

    /// Puts a file where it belongs.
    fn sort(
        &mut self,
        file: &File,
        origin: &str,
        reader: &mut Option<metadata::Reader>,
        parts: &mut Parts,
    ) -> Result<(), LoadError> {
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => {
                parts.lock = self
                    .lock(file, origin)
                    .map_err(|cause| cannot_load(LoadErrorKind::ChartLock, file, cause))?;
            }
            "values.yaml" => {
                let name = format!("{origin}/values.yaml");
                let text = self.sources.add(name, Arc::clone(&file.data));
                let loaded = values::load(self.sources, text);
                let loaded = loaded.map_err(|error| {
                    cannot_load(LoadErrorKind::Values, file, Cause::Values(error))
                })?;
                self.diagnostics.extend(loaded.diagnostics);
                parts.values = Some(loaded.table);
                parts.values_file = Some(text);
            }
            "values.schema.json" => parts.schema = Some(Arc::clone(&file.data)),
            "requirements.yaml" => {
                let reader = reader.get_or_insert_with(metadata::Reader::default);
                if !reader.is_v1() {
                    let message = "dependencies are declared in Chart.yaml since apiVersion v2";
                    self.deprecated(Code::RequirementsFile, message, file, origin);
                }
                self.metadata(reader, file, origin)
                    .map_err(|cause| cannot_load(LoadErrorKind::RequirementsYaml, file, cause))?;
                if reader.is_v1() {
                    parts.files.push(file.clone());
                }
            }
            "requirements.lock" => {
                parts.lock = self
                    .lock(file, origin)
                    .map_err(|cause| cannot_load(LoadErrorKind::RequirementsLock, file, cause))?;
                if reader.get_or_insert_with(metadata::Reader::default).is_v1() {
                    parts.files.push(file.clone());
                } else {
                    let message = "dependencies are locked in Chart.lock since apiVersion v2";
                    self.deprecated(Code::RequirementsLock, message, file, origin);
                }
            }
            name => parts.sort(name, file),
        }
        Ok(())
    }

    fn lock(&mut self, file: &File, origin: &str) -> Result<Option<Lock>, Cause> {
        let node = self.read(file, origin)?;
        if node.value.is_null() {
            return Ok(None);
        }
        yaml::from_node(&node).map(Some).map_err(Cause::Decode)
    }

    fn deprecated(&mut self, code: Code, message: &str, file: &File, origin: &str) {
        let message = format!("`{origin}/{}`: {message}", file.name);
        self.diagnostics.push(Diagnostic::warning(code, message));
    }

    fn subchart(
        &mut self,
        entry: &str,
        files: Vec<File>,
        origin: &str,
        depth: usize,
        parent: &str,
    ) -> Result<Chart, LoadError> {
        let Some(depth) = depth.checked_sub(1) else {
            let limit = self.limits.depth;
            let message = format!("subcharts are nested deeper than {limit} levels");
            return Err(LoadError::new(LoadErrorKind::TooDeep, message));
        };
        let loaded = if extension(entry) == Some("tgz") {
            // Of several files of this name Helm takes the first.
            match files.first() {
                Some(file) if file.name == entry => self.archive(&*file.data, origin, depth),
                other => {
                    let found = other.map_or("", |file| &file.name);
                    let message = format!(
                        "error unpacking subchart tar in {parent}: expected {entry}, got {found}"
                    );
                    let kind = LoadErrorKind::SubchartIsDirectory;
                    return Err(LoadError::new(kind, message));
                }
            }
        } else {
            // A stray file below `charts/` is a chart without files, which is an error.
            let files = files.into_iter().filter_map(|file| {
                let (_, name) = file.name.split_once('/')?;
                Some(File {
                    name: name.to_owned(),
                    ..file
                })
            });
            self.files(files.collect(), origin, depth)
        };
        loaded.map_err(|error| {
            let message = format!("error unpacking subchart {entry} in {parent}");
            LoadError::new(LoadErrorKind::Subchart, message).caused_by(Cause::Subchart(error))
        })
    }
}

/// The parts of a chart, as its files are sorted.
#[derive(Default)]
struct Parts {
    lock: Option<Lock>,
    values: Option<yaml::Table>,
    values_file: Option<FileId>,
    schema: Option<Arc<[u8]>>,
    templates: Vec<File>,
    files: Vec<File>,
    /// By entry of `charts/`; names start with the entry.
    subcharts: BTreeMap<String, Vec<File>>,
}

impl Parts {
    fn sort(&mut self, name: &str, file: &File) {
        if name.starts_with("templates/") {
            self.templates.push(file.clone());
        } else if let Some(name) = name.strip_prefix("charts/")
            && extension(name) != Some("prov")
        {
            let entry = name.split('/').next().unwrap_or_default();
            let files = self.subcharts.entry(entry.to_owned()).or_default();
            files.push(File {
                name: name.to_owned(),
                ..file.clone()
            });
        } else {
            self.files.push(file.clone());
        }
    }
}

/// What is behind the last point of a name's last component.
fn extension(name: &str) -> Option<&str> {
    let base = name.rsplit('/').next()?;
    base.rsplit_once('.').map(|(_, extension)| extension)
}

fn cannot_load(kind: LoadErrorKind, file: &File, cause: Cause) -> LoadError {
    LoadError::new(kind, format!("cannot load {}", file.name)).caused_by(cause)
}

fn validated(reader: Option<metadata::Reader>) -> Result<Metadata, LoadError> {
    let Some(reader) = reader else {
        let message = "Chart.yaml file is missing";
        return Err(LoadError::new(LoadErrorKind::MissingChartYaml, message));
    };
    let mut metadata = reader.metadata().map_err(|error| {
        LoadError::new(LoadErrorKind::ChartYaml, "cannot load Chart.yaml")
            .caused_by(Cause::Decode(error))
    })?;
    metadata.sanitize();
    metadata.validate().map_err(|error| {
        LoadError::new(LoadErrorKind::Validation, "validation").caused_by(Cause::Validation(error))
    })?;
    Ok(metadata)
}
