//! What there is to lint: the files that Helm looks at one by one, and the chart that they make.

use std::sync::Arc;

use crate::chart::ignore::Rules;
use crate::chart::{self, Chart, File, LoadError};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources};

/// What is at a path of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Nothing.
    Missing,
    /// A folder.
    Folder,
    /// A file with this text.
    File(FileId),
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// A chart that does not load.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unloadable {
    /// Why, with the whole chain of causes.
    pub message: String,
    /// The same with places.
    pub diagnostic: Diagnostic,
}

impl Unloadable {
    /// What the edge found, which is no chart.
    #[must_use]
    pub fn new(message: String, diagnostic: Diagnostic) -> Self {
        Self {
            message,
            diagnostic,
        }
    }
}

impl From<&LoadError> for Unloadable {
    fn from(error: &LoadError) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self::new(message, Diagnostic::from(error))
    }
}

/// One chart to lint.
///
/// # Shape
///
/// Helm asks the disk for five paths before it loads the chart, so a file that `.helmignore` takes
/// out of the chart is linted all the same.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subject {
    /// The path as given; messages show it.
    pub name: String,
    /// The absolute path of its folder, which two of Helm's messages show.
    pub folder: String,
    /// `Chart.yaml`
    pub chart_yaml: Part,
    /// `values.yaml`
    pub values: Part,
    /// `values.schema.json`
    pub schema: Part,
    /// `templates`
    pub templates: Part,
    /// `crds`
    pub crds: Part,
    /// The chart, if it loads.
    pub chart: Result<Chart, Unloadable>,
    /// What was noticed when it was loaded.
    pub diagnostics: Vec<Diagnostic>,
}

impl Subject {
    /// A subject from its parts; `chart` is what loading gave.
    ///
    /// `part` says what is at each of the five paths.
    pub fn new(
        name: &str,
        folder: &str,
        part: &mut dyn FnMut(&str) -> Part,
        chart: Result<chart::Loaded, Unloadable>,
    ) -> Self {
        let (chart, diagnostics) = match chart {
            Ok(loaded) => (Ok(loaded.chart), loaded.diagnostics),
            Err(error) => (Err(error), Vec::new()),
        };
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            chart_yaml: part("Chart.yaml"),
            values: part("values.yaml"),
            schema: part("values.schema.json"),
            templates: part("templates"),
            crds: part("crds"),
            chart,
            diagnostics,
        }
    }

    /// The subject that files in memory make, an unpacked archive for example.
    ///
    /// # Shape
    ///
    /// Names as for [`chart::load`]; the `.helmignore` among them counts, as Helm unpacks an archive
    /// into a folder before it lints it.
    #[must_use]
    pub fn from_files(files: &[File], name: &str, sources: &mut Sources) -> Self {
        let mut part = |path: &str| {
            // Of several files of one name the last stays on the disk.
            if let Some(file) = files.iter().rev().find(|file| file.name == path) {
                let name = format!("{name}/{path}");
                return Part::File(sources.add(name, Arc::clone(&file.data)));
            }
            let inside = |file: &File| {
                let rest = file.name.strip_prefix(path);
                rest.is_some_and(|rest| rest.starts_with('/'))
            };
            if files.iter().any(inside) {
                Part::Folder
            } else {
                Part::Missing
            }
        };
        let mut parts = [
            "Chart.yaml",
            "values.yaml",
            "values.schema.json",
            "templates",
            "crds",
        ]
        .map(&mut part)
        .into_iter();
        let chart = match kept(files) {
            Ok(files) => chart::load(files, name, sources).map_err(|e| Unloadable::from(&e)),
            Err(unloadable) => Err(unloadable),
        };
        Self::new(
            name,
            name,
            &mut |_| parts.next().unwrap_or(Part::Missing),
            chart,
        )
    }
}

/// The files that the `.helmignore` among them leaves.
fn kept(files: &[File]) -> Result<Vec<File>, Unloadable> {
    let Some(file) = files.iter().rev().find(|file| file.name == ".helmignore") else {
        return Ok(files.to_vec());
    };
    let rules = Rules::parse(&file.data).map_err(|error| {
        let message = error.to_string();
        let code = crate::diagnostic::Code::UnloadableChart;
        let diagnostic = Diagnostic::error(code, &message);
        Unloadable::new(message, diagnostic)
    })?;
    let is_kept = |file: &File| {
        let folders = file.name.match_indices('/').map(|(at, _)| &file.name[..at]);
        let mut folders = folders.map(|folder| rules.decide(folder, true).ignored);
        !folders.any(|ignored| ignored) && !rules.decide(&file.name, false).ignored
    };
    Ok(files.iter().filter(|file| is_kept(file)).cloned().collect())
}
