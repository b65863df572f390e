//! From a chart and the user's values to the values that its templates see.
//!
//! Decides which subcharts are enabled, under which name, and what parents import from them; then
//! lets [`values`](crate::values) put all defaults under the user's values.
//!
//! The rules are those of Helm v4.2.4, `pkg/chart/v2/util/dependencies.go`, `ProcessDependencies`,
//! followed by `CoalesceValues`. The chart itself is never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Chart, Dependency};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::semver::is_compatible_range;
use crate::source::Place;
use crate::values::{Coalesce, Graph, Layer, Nulls, Scope, Slot, TableId, TypeMismatch, Values};
use crate::yaml::{History, MASK, Table, Value};

/// How deep an import may nest a table; YAML itself is read no deeper.
const MAX_IMPORT_DEPTH: usize = 256;

/// What [`process_dependencies`] may leave out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProcessOptions {
    /// Leave declared dependencies that are not in `charts/` out, with a diagnostic, instead of
    /// refusing. Default: false, as Helm.
    pub allow_missing: bool,
    /// Keep what every value replaced. Default: true; without it only values are computed.
    pub history: bool,
    /// Put the defaults under the result a second time, as `helm lint` does: a default that a null
    /// deleted comes back. Default: false.
    pub twice: bool,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self {
            allow_missing: false,
            history: true,
            twice: false,
        }
    }
}

/// A chart whose dependencies were processed: the values of its templates, and which charts are on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Processed<'c> {
    /// The effective values of the root chart; those of a subchart are the section of its name.
    pub values: Values,
    /// The root chart with its enabled subcharts.
    pub root: Enabled<'c>,
    /// What was noticed on the way, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

/// A chart that takes part, under the name it has there.
#[derive(Clone, Debug)]
pub struct Enabled<'c> {
    /// The alias if the dependency declares one, else the chart's name.
    pub name: Arc<str>,
    /// The chart as loaded.
    pub chart: &'c Chart,
    /// Its enabled subcharts, in Helm's order: undeclared ones first, then as declared.
    pub dependencies: Vec<Self>,
}

/// Why there are no effective values.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProcessError {
    kind: ProcessErrorKind,
    message: String,
    place: Option<Place>,
}

/// The kinds of [`ProcessError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessErrorKind {
    /// Declared dependencies are not in `charts/`.
    MissingDependencies,
    /// The section of a subchart is not a table.
    TypeMismatch,
    /// An import nests deeper than values may.
    TooDeep,
}

impl ProcessError {
    /// Which kind of failure.
    #[must_use]
    pub fn kind(&self) -> ProcessErrorKind {
        self.kind
    }

    /// Whether declared dependencies are missing.
    #[must_use]
    pub fn is_missing_dependencies(&self) -> bool {
        self.kind == ProcessErrorKind::MissingDependencies
    }

    /// Where the offending value was written, if a text says it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}

impl From<&ProcessError> for Diagnostic {
    fn from(error: &ProcessError) -> Self {
        let code = match error.kind {
            ProcessErrorKind::MissingDependencies => Code::MissingDependency,
            ProcessErrorKind::TypeMismatch => Code::SectionNotTable,
            ProcessErrorKind::TooDeep => Code::ImportValues,
        };
        let diagnostic = Self::error(code, &error.message);
        match error.place {
            Some(place) => diagnostic.at_place(place, ""),
            None => diagnostic,
        }
    }
}

impl From<TypeMismatch> for ProcessError {
    fn from(mismatch: TypeMismatch) -> Self {
        Self {
            kind: ProcessErrorKind::TypeMismatch,
            message: format!(
                "type mismatch on `{}`: it is the section of a subchart and must be a table, found {}",
                mismatch.path,
                mismatch.found.type_name(),
            ),
            place: mismatch.found.place(),
        }
    }
}

/// Computes the values that the templates of `chart` see when a user gives `values`.
///
/// # Shape
///
/// `values` is the merge of everything that the user gave: profiles, files and sets.
///
/// # Errors
///
/// When declared dependencies are missing, or the section of a subchart is no table.
///
/// # Source
///
/// Helm v4.2.4: `CheckDependencies` (`pkg/action/install.go`), `ProcessDependencies`
/// (`pkg/chart/v2/util/dependencies.go`), `CoalesceValues` (`pkg/chart/common/util/coalesce.go`).
pub fn process_dependencies<'c>(
    chart: &'c Chart,
    values: &Table,
    options: &ProcessOptions,
) -> Result<Processed<'c>, ProcessError> {
    let missing = chart.missing_dependencies();
    if !missing.is_empty() && !options.allow_missing {
        return Err(ProcessError {
            kind: ProcessErrorKind::MissingDependencies,
            message: format!(
                "found in Chart.yaml, but missing in charts/ directory: {}",
                missing.join(", ")
            ),
            place: chart.metadata.place("dependencies"),
        });
    }
    let mut graph = Graph::new(options.history);
    let mut root = Work::new(chart, &mut graph);
    let mut diagnostics = Vec::new();
    for name in missing {
        let message = format!("dependency `{name}` is not in charts/ and is left out");
        let place = chart.metadata.place("dependencies");
        let diagnostic = Diagnostic::warning(Code::MissingDependency, message);
        diagnostics.push(match place {
            Some(place) => diagnostic.at_place(place, "declared here"),
            None => diagnostic,
        });
        root.undeclare(name);
    }
    let user = graph.add(values);
    let mut process = Process {
        graph: &mut graph,
        diagnostics,
    };
    process.enable(&mut root, user, "")?;
    process.import(&mut root)?;
    let mut diagnostics = process.diagnostics;

    let mut walk = Coalesce::new(&mut graph);
    let mut table = walk.values(&root, Some(user), Nulls::Delete)?;
    if options.twice {
        table = walk.values(&root, Some(table), Nulls::Delete)?;
    }
    let deletions = walk.deletions;
    diagnostics.append(&mut walk.diagnostics);
    diagnostic::sort(&mut diagnostics);
    let mut layers = BTreeMap::new();
    chart_layers(chart, "", &mut layers);
    Ok(Processed {
        values: Values::new(graph.take(table), deletions, layers),
        root: root.into_enabled(),
        diagnostics,
    })
}

fn chart_layers(chart: &Chart, parent: &str, layers: &mut BTreeMap<crate::source::FileId, Layer>) {
    let path = format!("{parent}{}", chart.metadata.name);
    if let Some(file) = chart.values_file {
        let chart = path.clone();
        layers.insert(file, Layer::Chart { chart });
    }
    for dependency in &chart.dependencies {
        chart_layers(dependency, &format!("{path}/charts/"), layers);
    }
}

/// The keys of `subchart`'s sections in the values of `chart`: its aliases if dependencies give it any, else
/// its name.
pub(crate) fn section_names<'c>(chart: &'c Chart, subchart: &'c Chart) -> Vec<&'c str> {
    let names: Vec<_> = (chart.metadata.dependencies.iter().flatten())
        .filter(|d| d.name == subchart.metadata.name)
        .filter(|d| is_compatible_range(&d.version, &subchart.metadata.version))
        .map(Dependency::name_or_alias)
        .collect();
    if names.is_empty() {
        return vec![&subchart.metadata.name];
    }
    names
}

/// A chart while it is processed. Cloning one is cheap: its defaults are named, not held.
#[derive(Clone)]
struct Work<'c> {
    chart: &'c Chart,
    name: Arc<str>,
    defaults: Option<TableId>,
    /// Helm leaves charts without declarations alone, hence not just an empty list.
    declared: Option<Vec<Declared<'c>>>,
    dependencies: Vec<Self>,
}

#[derive(Clone)]
struct Declared<'c> {
    dependency: &'c Dependency,
    /// The alias once it is applied.
    name: Arc<str>,
    enabled: bool,
}

impl<'c> Work<'c> {
    fn new(chart: &'c Chart, graph: &mut Graph) -> Self {
        let declared = chart.metadata.dependencies.as_ref().map(|dependencies| {
            let declare = |dependency: &'c Dependency| Declared {
                dependency,
                name: Arc::from(dependency.name.as_str()),
                enabled: true,
            };
            dependencies.iter().map(declare).collect()
        });
        Self {
            chart,
            name: Arc::from(chart.metadata.name.as_str()),
            defaults: chart.values.as_ref().map(|table| graph.add(table)),
            declared,
            dependencies: (chart.dependencies.iter())
                .map(|dependency| Self::new(dependency, graph))
                .collect(),
        }
    }

    fn undeclare(&mut self, name: &str) {
        if let Some(declared) = &mut self.declared {
            declared.retain(|d| d.dependency.name != name);
        }
    }

    fn satisfies(&self, declared: &Declared<'_>) -> bool {
        *self.name == *declared.dependency.name
            && is_compatible_range(&declared.dependency.version, &self.chart.metadata.version)
    }

    fn into_enabled(self) -> Enabled<'c> {
        Enabled {
            name: self.name,
            chart: self.chart,
            dependencies: self
                .dependencies
                .into_iter()
                .map(Self::into_enabled)
                .collect(),
        }
    }
}

impl Scope for Work<'_> {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn defaults(&self) -> Option<TableId> {
        self.defaults
    }

    fn children(&self) -> &[Self] {
        &self.dependencies
    }
}

/// What has the same name, in the order given: names are asked for more often than there are charts.
fn by_name<'n, T>(named: impl Iterator<Item = (&'n str, T)>) -> BTreeMap<&'n str, Vec<T>> {
    let mut by_name = BTreeMap::<_, Vec<T>>::new();
    for (name, item) in named {
        by_name.entry(name).or_default().push(item);
    }
    by_name
}

struct Process<'g> {
    graph: &'g mut Graph,
    diagnostics: Vec<Diagnostic>,
}

impl Process<'_> {
    /// Helm's `processDependencyEnabled`. `prefix` is where `work`'s section is in the values, with a
    /// dot at its end.
    fn enable(
        &mut self,
        work: &mut Work<'_>,
        values: TableId,
        prefix: &str,
    ) -> Result<(), ProcessError> {
        let Some(mut declared) = work.declared.take() else {
            return Ok(());
        };
        let loaded = std::mem::take(&mut work.dependencies);
        let requests = by_name(declared.iter().map(|d| (&*d.dependency.name, d)));
        let is_requested = |chart: &&Work<'_>| {
            let same = requests.get(&*chart.name);
            same.is_some_and(|same| same.iter().any(|d| chart.satisfies(d)))
        };
        work.dependencies = (loaded.iter())
            .filter(|chart| !is_requested(chart))
            .cloned()
            .collect();
        let charts = by_name(loaded.iter().map(|chart| (&*chart.name, chart)));
        for request in &mut declared {
            let alias = &request.dependency.alias;
            let same = charts.get(&*request.dependency.name);
            if let Some(found) = same.and_then(|same| same.iter().find(|c| c.satisfies(request))) {
                let mut chart = Work::clone(found);
                if !alias.is_empty() {
                    chart.name = Arc::from(alias.as_str());
                }
                work.dependencies.push(chart);
            }
            if !alias.is_empty() {
                request.name = Arc::from(alias.as_str());
            }
        }

        // Helm copies the values first; with as many subcharts as the values have sections, that would take
        // quadratic time.
        let checkpoint = self.graph.checkpoint();
        // Warnings of this pass are those of the last one, or are about tables that Helm compares by
        // accident (a subchart's defaults with the root's): not worth showing.
        Coalesce::new(self.graph).values_in_place(work, values, Nulls::Delete)?;
        self.apply_tags(&mut declared, values);
        self.apply_conditions(&mut declared, values, prefix);
        let disabled: BTreeSet<_> = (declared.iter().filter(|d| !d.enabled))
            .map(|d| Arc::clone(&d.name))
            .collect();
        work.dependencies
            .retain(|chart| !disabled.contains(&chart.name));
        declared.retain(|d| !disabled.contains(&d.name));
        for chart in &mut work.dependencies {
            let prefix = format!("{prefix}{}.", chart.name);
            self.enable(chart, values, &prefix)?;
        }
        self.graph.roll_back(checkpoint);
        work.declared = (!declared.is_empty()).then_some(declared);
        Ok(())
    }

    /// Helm's `processDependencyTags`: one true tag enables, else one false tag disables.
    fn apply_tags(&mut self, declared: &mut [Declared<'_>], values: TableId) {
        let Some(tags) = self.graph.table_at(values, ["tags"]) else {
            return;
        };
        for request in declared {
            let mut set = Vec::new();
            for tag in &request.dependency.tags {
                let Some(slot) = self.graph.table(tags).get(tag.as_str()) else {
                    continue;
                };
                match slot {
                    Slot::Leaf(node) if node.value.revealed().as_bool().is_some() => {
                        set.extend(node.value.revealed().as_bool());
                    }
                    other => {
                        let path = format!("tags.{tag}");
                        let other = other.clone();
                        self.warn_no_bool(&path, request, &other);
                    }
                }
            }
            request.enabled = set.is_empty() || set.contains(&true);
        }
    }

    /// Helm's `processDependencyConditions`: the first path that holds a boolean decides.
    fn apply_conditions(&mut self, declared: &mut [Declared<'_>], values: TableId, prefix: &str) {
        for request in declared {
            let condition = request.dependency.condition.trim();
            for path in condition.split(',').filter(|path| !path.is_empty()) {
                let path = format!("{prefix}{path}");
                let Some(node) = self.graph.path_value(values, &path).cloned() else {
                    continue;
                };
                if let Some(enabled) = node.value.revealed().as_bool() {
                    request.enabled = enabled;
                    break;
                }
                self.warn_no_bool(&path, request, &Slot::Leaf(node));
            }
        }
    }

    fn warn_no_bool(&mut self, path: &str, request: &Declared<'_>, found: &Slot) {
        let message = format!(
            "`{path}` decides whether dependency `{}` is enabled and must be a boolean, found {}; it is ignored",
            request.dependency.name,
            found.type_name(),
        );
        let diagnostic = Diagnostic::warning(Code::ConditionNotBool, message);
        self.diagnostics.push(match found.place() {
            Some(place) => diagnostic.at_place(place, ""),
            None => diagnostic,
        });
    }

    /// Helm's `processDependencyImportValues`: children first, nulls kept.
    fn import(&mut self, work: &mut Work<'_>) -> Result<(), ProcessError> {
        for chart in &mut work.dependencies {
            self.import(chart)?;
        }
        let Some(declared) = &work.declared else {
            return Ok(());
        };
        let mut walk = Coalesce::new(self.graph);
        let values = walk.values(work, None, Nulls::Keep)?;
        let imports = |d: &Declared<'_>| !d.dependency.import_values.is_empty();
        if !declared.iter().any(imports) {
            work.defaults = Some(values);
            return Ok(());
        }
        walk.own_inner(values);
        let imported = self.graph.insert_table(BTreeMap::new());
        for request in declared {
            for import in &request.dependency.import_values {
                let Some((child, parent)) = import_paths(import) else {
                    continue; // Helm drops other forms without a word
                };
                let source = format!("{}.{child}", request.name);
                let found = self.graph.slot_at(values, source.split('.')).cloned();
                let Some(Slot::Table { id, place, below }) = found else {
                    self.warn_import(work.chart, request, &source);
                    continue;
                };
                // Helm imports an empty table as a new one: two imports do not share it.
                let id = if self.graph.table(id).is_empty() {
                    self.graph.insert_table(BTreeMap::new())
                } else {
                    id
                };
                let table = self.nest(Slot::Table { id, place, below }, &parent)?;
                Coalesce::new(self.graph).tables(imported, table, Nulls::Keep);
            }
        }
        let values = self.graph.deep_copy(values);
        Coalesce::new(self.graph).tables(values, imported, Nulls::Keep);
        work.defaults = Some(values);
        Ok(())
    }

    /// Helm's `pathToMap`: the table inside new tables, one for each key of the path.
    fn nest(&mut self, table: Slot, path: &str) -> Result<TableId, ProcessError> {
        let keys = path.rsplit('.').filter(|_| path != ".");
        if keys.clone().count() > MAX_IMPORT_DEPTH {
            return Err(ProcessError {
                kind: ProcessErrorKind::TooDeep,
                message: format!(
                    "the `parent` of an import-values entry has more than {MAX_IMPORT_DEPTH} keys"
                ),
                place: None,
            });
        }
        let nested = keys.fold(table, |inner, key| Slot::Table {
            id: self
                .graph
                .insert_table(BTreeMap::from([(Arc::from(key), inner)])),
            place: None,
            below: History::default(),
        });
        Ok(nested.as_table().expect("a table in tables is a table"))
    }

    fn warn_import(&mut self, chart: &Chart, request: &Declared<'_>, source: &str) {
        let message = format!(
            "dependency `{}` has no table `{source}` to import values from",
            request.dependency.name,
        );
        let diagnostic = Diagnostic::warning(Code::ImportValues, message);
        self.diagnostics
            .push(match chart.metadata.place("dependencies") {
                Some(place) => diagnostic.at_place(place, ""),
                None => diagnostic,
            });
    }
}

/// The path in the child and the one in the parent; nothing for an entry of another form.
fn import_paths(import: &Value) -> Option<(String, String)> {
    match import {
        Value::String(key) => Some((format!("exports.{key}"), ".".to_owned())),
        Value::Table(table) => {
            let text = |key| {
                let value = table.get(key).map(|node| &node.value);
                go_print(value.unwrap_or(&Value::Null))
            };
            Some((text("child"), text("parent")))
        }
        _ => None,
    }
}

/// A value as Go's `%v` prints it: Helm takes whatever stands there as a path.
fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(number) => number.to_template_text(),
        Value::String(text) => text.to_string(),
        Value::Secret(_) => MASK.to_owned(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|node| go_print(&node.value)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Table(table) => {
            let mut text = String::from("map[");
            for (position, (key, node)) in table.iter().enumerate() {
                let blank = if position > 0 { " " } else { "" };
                let _ = write!(text, "{blank}{key}:{}", go_print(&node.value));
            }
            text + "]"
        }
    }
}
