//! Everything that rules ask for, computed once.

use std::io;
use std::sync::Arc;

use super::crds::Crds;
use super::profiles::Profiles;
use super::rule::{Group, Rule};
use super::subject::{Part, Subject};
use crate::chart::Metadata;
#[cfg(feature = "schema")]
use crate::chart::process::{ProcessOptions, Processed, process_dependencies};
use crate::diagnostic::{Code, Diagnostic};
use crate::profile::{SetArgument, ValuesFile};
use crate::source::{FileId, Place, Sources, Span, Visibility};
use crate::values::strvals::{self, SetError};
use crate::values::{self, Table, Value, merge_maps};
use crate::yaml::{self, Decoded, Node};

/// What a user says about a run.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options<'o> {
    /// Values files (`-f`), each over the ones before it.
    pub files: &'o [ValuesFile],
    /// Arguments of the `--set` family, in any order.
    pub sets: &'o [SetArgument],
    /// The profiles that are checked; all that the chart has without it.
    pub profiles: Option<&'o [String]>,
    /// The groups whose rules run; all without it.
    pub groups: Option<&'o [Group]>,
    /// Leave `values.schema.json` alone.
    pub skip_schema_validation: bool,
}

/// Values of the user that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// A values file cannot be read.
    #[error("failed to parse {name}")]
    File {
        /// The name of the file.
        name: String,
        /// Why.
        #[source]
        error: values::LoadError,
    },
    /// An argument of the `--set` family is wrong.
    #[error("failed parsing {flag} data")]
    Set {
        /// The flag.
        flag: &'static str,
        /// Why.
        #[source]
        error: SetError,
    },
}

impl From<&UserError> for Diagnostic {
    fn from(error: &UserError) -> Self {
        let cause = match error {
            UserError::File { error, .. } => Self::from(error),
            UserError::Set { error, .. } => Self::from(error),
        };
        cause.context(&error.to_string())
    }
}

/// A chart under lint, with everything that rules ask for.
pub struct Context<'s> {
    pub(super) subject: &'s Subject,
    pub(super) sources: &'s Sources,
    groups: Option<Vec<Group>>,
    /// `Chart.yaml`, if it is a file and can be read.
    pub(super) chart_yaml: Option<ChartYaml>,
    /// Why `Chart.yaml` cannot be read.
    pub(super) chart_yaml_error: Option<Diagnostic>,
    /// `values.yaml` or why it cannot be read, in Helm's words; nothing without the file.
    pub(super) values: Option<Result<Decoded, (String, Diagnostic)>>,
    /// Texts of YAML in which comments may suppress findings.
    pub(super) yaml_files: Vec<FileId>,
    pub(super) profiles: Profiles<'s>,
    pub(super) crds: Crds,
    #[cfg(feature = "schema")]
    pub(super) schemas: super::schema::Checked,
}

/// `Chart.yaml` as it is read when nothing is made up for it.
pub(super) struct ChartYaml {
    pub(super) metadata: Metadata,
    pub(super) decoded: Decoded,
}

impl ChartYaml {
    /// Where a field was written, with its exact name.
    pub(super) fn place(&self, field: &str) -> Option<Place> {
        self.field(field)?.place
    }

    pub(super) fn field(&self, field: &str) -> Option<&Node> {
        self.decoded.node.value.as_table()?.get(field)
    }

    /// Where an item of a list was written.
    pub(super) fn item(&self, field: &str, index: usize) -> Option<Place> {
        match &self.field(field)?.value {
            Value::List(items) => items.get(index)?.place,
            _ => None,
        }
    }
}

impl<'s> Context<'s> {
    /// Reads what the rules need. `read` gives the contents for `--set-file`.
    ///
    /// # Errors
    ///
    /// When values of the user cannot be used: that is no finding about the chart.
    pub fn new(
        subject: &'s Subject,
        options: &Options<'_>,
        sources: &'s mut Sources,
        read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
    ) -> Result<Self, UserError> {
        let mut yaml_files = Vec::new();
        let user = user_values(options.files, options.sets, sources, read, &mut yaml_files)?;
        let (mut chart_yaml, mut chart_yaml_error) = (None, None);
        if let Part::File(file) = subject.chart_yaml {
            yaml_files.push(file);
            match read_chart_yaml(sources, file) {
                Ok(read) => chart_yaml = Some(read),
                Err(error) => chart_yaml_error = Some(error),
            }
        }
        let mut values_file = None;
        let values = match &subject.values {
            Part::Missing => None,
            Part::File(file) => {
                let file = loaded_values(subject, *file, sources);
                values_file = Some(file);
                yaml_files.push(file);
                sources.conceal(file, Visibility::Keys);
                Some(read_values(sources, file))
            }
            Part::Folder => Some(Err(unreadable("is a directory"))),
            Part::Unreadable(error) => Some(Err(unreadable(error))),
        };
        // Only rules beyond Helm's look at profiles.
        let wants = |group| options.groups.is_none_or(|groups| groups.contains(&group));
        let profiles = match &subject.chart {
            Ok(chart) if wants(Group::Correctness) => {
                Profiles::read(chart, options, sources, read, &mut yaml_files)
            }
            _ => Profiles::default(),
        };
        let crds = Crds::read(subject, sources);
        #[cfg(feature = "schema")]
        let schemas = if options.skip_schema_validation {
            super::schema::Checked::default()
        } else {
            let empty = Table::new();
            let own = match (&values, values_file) {
                (Some(Ok(decoded)), Some(file)) => {
                    Some((decoded.node.value.as_table().unwrap_or(&empty), file))
                }
                _ => None,
            };
            super::schema::check(subject, own, &user, &profiles, sources)
        };
        #[cfg(not(feature = "schema"))]
        drop((user, values_file));
        Ok(Self {
            subject,
            sources,
            groups: options.groups.map(<[Group]>::to_vec),
            chart_yaml,
            chart_yaml_error,
            values,
            yaml_files,
            profiles,
            crds,
            #[cfg(feature = "schema")]
            schemas,
        })
    }

    /// Whether the rule is in a group that runs.
    pub(super) fn wants(&self, rule: &Rule) -> bool {
        let groups = self.groups.as_ref();
        groups.is_none_or(|groups| groups.contains(&rule.group))
    }
}

/// The values of the user, as `MergeValues` of Helm puts them together.
///
/// The texts of the files are added to `texts`.
///
/// # Errors
///
/// See [`UserError`].
///
/// # Source
///
/// Helm v4.2.4, `pkg/cli/values/options.go`, `MergeValues`.
pub fn user_values(
    files: &[ValuesFile],
    sets: &[SetArgument],
    sources: &mut Sources,
    read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
    texts: &mut Vec<FileId>,
) -> Result<Table, UserError> {
    let mut table = Table::new();
    for file in files {
        let text = sources.add(file.name.as_str(), Arc::clone(&file.text));
        let loaded = values::load(sources, text).map_err(|error| UserError::File {
            name: file.name.clone(),
            error,
        })?;
        texts.push(text);
        table = merge_maps(table, loaded.table);
    }
    let mut sets: Vec<_> = sets.iter().collect();
    sets.sort_by_key(|set| set.kind);
    for set in sets {
        let flag = set.kind.flag();
        let argument = sources.add(flag, set.text.as_bytes());
        sources.conceal(argument, Visibility::ArgumentKey);
        strvals::apply(&mut table, set.kind, sources, argument, read)
            .map_err(|error| UserError::Set { flag, error })?;
    }
    Ok(table)
}

/// The chart's values as `helm lint` gives them to the templates.
///
/// Missing dependencies do not matter here, and nothing is said when the values do not fit: Helm then
/// ends this part of linting silently.
#[cfg(feature = "schema")]
pub(super) fn lint_values<'c>(
    chart: &'c crate::chart::Chart,
    user: &Table,
) -> Option<Processed<'c>> {
    let options = ProcessOptions {
        allow_missing: true,
        twice: true,
        ..ProcessOptions::default()
    };
    process_dependencies(chart, user, &options).ok()
}

/// The text of `values.yaml` as the chart was loaded with it, so that its places are the same ones.
fn loaded_values(subject: &Subject, file: FileId, sources: &Sources) -> FileId {
    let loaded = subject.chart.as_ref().ok().and_then(|c| c.values_file);
    let text = sources.text(file);
    let same = |loaded: &FileId| {
        let loaded = sources.text(*loaded);
        loaded.strip_suffix(b"\n").unwrap_or(loaded) == text.strip_suffix(b"\n").unwrap_or(text)
    };
    loaded.filter(same).unwrap_or(file)
}

fn read_chart_yaml(sources: &Sources, file: FileId) -> Result<ChartYaml, Diagnostic> {
    let decoded = yaml::read(sources, file).map_err(|error| Diagnostic::from(&error))?;
    let metadata = yaml::from_node(&decoded.node).map_err(|error| Diagnostic::from(&error))?;
    Ok(ChartYaml { metadata, decoded })
}

fn read_values(sources: &Sources, file: FileId) -> Result<Decoded, (String, Diagnostic)> {
    let decoded = yaml::read(sources, file).map_err(|error| {
        let message = format!("error converting YAML to JSON: {error}");
        (message, Diagnostic::from(&error))
    })?;
    let go_type = match &decoded.node.value {
        Value::Table(_) | Value::Null => return Ok(decoded),
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) | Value::Secret(_) => "string",
        Value::List(_) => "array",
    };
    let message = format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {go_type} into Go value of type common.Values"
    );
    let found = decoded.node.value.type_name();
    let diagnostic = Diagnostic::error(
        Code::UnreadableValues,
        format!("values are a {found}, expected a table"),
    );
    let place = decoded.node.place.map_or(Span::default(), |p| p.span());
    Err((message, diagnostic.at(file, place, "")))
}

fn unreadable(error: &str) -> (String, Diagnostic) {
    let diagnostic = Diagnostic::error(Code::UnreadableValues, error);
    (error.to_owned(), diagnostic)
}
