//! Values against `values.schema.json`: of a chart and of its subcharts, as a whole and layer by layer.
//!
//! Decides which schema sees which values, and where both were written. The check itself is
//! the crate `jsonschema`'s, set up to agree with Helm's validator: drafts by `$schema`, formats only up to
//! draft 7, patterns without look-around. Nothing is fetched.
//!
//! # Source
//!
//! Helm v4.2.4, `pkg/chart/common/util/jsonschema.go`; santhosh-tekuri/jsonschema v6.0.2.

mod compile;
mod format;
mod part;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

use compile::{Compiled, Compiler};
use serde_json::{Map, Number as JsonNumber, Value as Json};
use text::Text;

use super::context::lint_values;
use super::profiles::Profiles;
use super::subject::{Part, Subject};
use crate::chart::Chart;
use crate::chart::process::{Enabled, section_names};
use crate::profile::MASK;
use crate::source::{FileId, Place, Sources, Span};
use crate::values::{Layer, Step, Table, Value, ValuePath, Values, coalesce_tables};
use crate::yaml::{Node, Number};

/// What the schemas say.
#[derive(Default)]
pub(super) struct Checked {
    /// The values of the root chart alone, against its own schema: Helm's check of `values.yaml`.
    pub(super) values: Vec<Problem>,
    /// The effective values against the schemas of all enabled charts.
    pub(super) charts: Vec<Problem>,
    /// Those that only come with profiles.
    pub(super) profiles: Vec<Problem>,
    /// Schemas that are only on the network: the referring file and the URL.
    pub(super) unfetched: BTreeSet<(FileId, String)>,
}

/// Values that do not fit a schema, or a schema that cannot be used.
#[derive(Clone)]
pub(super) struct Problem {
    /// The chart whose schema it is, by the name it has in its parent.
    pub(super) chart: String,
    /// As Helm prints it.
    pub(super) helm: String,
    /// For people.
    pub(super) message: String,
    /// Where the values were written.
    pub(super) places: Vec<(FileId, Span)>,
    /// Where the schema says so.
    pub(super) schema: (FileId, Span),
    /// Whether the schema is to blame.
    pub(super) is_invalid_schema: bool,
    /// The profiles that have it; nothing for the defaults.
    pub(super) profiles: Vec<String>,
}

impl Problem {
    /// The same for the same problem at the same place, however often its text was read.
    fn identity(&self, sources: &Sources) -> (String, String, Vec<(String, Span)>) {
        let places = self.places.iter();
        let places = places.map(|(file, span)| (sources.name(*file).to_owned(), *span));
        (self.chart.clone(), self.helm.clone(), places.collect())
    }
}

/// Checks everything that there is to check.
pub(super) fn check(
    subject: &Subject,
    values: Option<(&Table, FileId)>,
    user: &Table,
    profiles: &Profiles<'_>,
    sources: &mut Sources,
) -> Checked {
    let mut checked = Checked::default();
    let mut compiler = Compiler::default();
    let chart = subject.chart.as_ref().ok();
    if let (Some((values, file)), Part::File(schema)) = (values, &subject.schema)
        && !sources.text(*schema).is_empty()
    {
        let bytes = Arc::clone(sources.text(*schema));
        let name = chart.map_or("", Chart::name);
        let merged = coalesce_tables(user, values).table;
        let mut against = Against {
            name,
            table: &merged,
            top: Some(file),
            secret: &|_| false,
            out: &mut checked.values,
        };
        let place = format!("{}/values.schema.json", subject.name);
        against.schema(&bytes, &place, false, &mut compiler, sources);
    }
    let Some(chart) = chart else {
        return checked;
    };
    if subject.templates == Part::Folder
        && has_schema(chart)
        && let Some(processed) = lint_values(chart, user)
    {
        let (values, root) = (&processed.values, &processed.root);
        let out = &mut checked.charts;
        all_charts(root, values.table(), values, &mut compiler, sources, out);
    }
    if has_schema(chart) {
        let mut found = Vec::new();
        for part in &profiles.parts {
            let mut table = part.table.clone();
            drop_nulls(&mut table);
            let mut of_part = Vec::new();
            layer(
                part.chart,
                part.chart.name(),
                &table,
                part.file,
                &mut compiler,
                sources,
                &mut of_part,
            );
            found.extend(of_part.into_iter().map(|p| (p, &part.profile)));
        }
        for (profile, effective) in &profiles.effective {
            let mut of_whole = Vec::new();
            let values = &effective.values;
            all_charts(
                &effective.root,
                values.table(),
                values,
                &mut compiler,
                sources,
                &mut of_whole,
            );
            found.extend(of_whole.into_iter().map(|p| (p, profile)));
        }
        let known = checked.values.iter().chain(&checked.charts);
        let known: BTreeSet<_> = known.map(|problem| problem.identity(sources)).collect();
        for (problem, profile) in found {
            let identity = problem.identity(sources);
            if problem.is_invalid_schema || known.contains(&identity) {
                continue;
            }
            let same = |other: &&mut Problem| other.identity(sources) == identity;
            match checked.profiles.iter_mut().find(same) {
                Some(known) if known.profiles.contains(profile) => {}
                Some(known) => known.profiles.push(profile.clone()),
                None => checked.profiles.push(Problem {
                    profiles: vec![profile.clone()],
                    ..problem
                }),
            }
        }
    }
    checked.unfetched = compiler.unfetched;
    checked
}

fn has_schema(chart: &Chart) -> bool {
    chart.schema.is_some() || chart.dependencies.iter().any(has_schema)
}

/// The effective values against every schema, parents first, as Helm goes.
fn all_charts(
    chart: &Enabled<'_>,
    table: &Table,
    values: &Values,
    compiler: &mut Compiler,
    sources: &mut Sources,
    out: &mut Vec<Problem>,
) {
    if let Some(schema) = &chart.chart.schema {
        let secret = |file| matches!(values.layer(file), Some(Layer::Secrets { .. }));
        let mut against = Against {
            name: &chart.name,
            table,
            top: chart.chart.values_file,
            secret: &secret,
            out,
        };
        let place = format!("{}/values.schema.json", chart.chart.origin);
        against.schema(schema, &place, false, compiler, sources);
    }
    for subchart in &chart.dependencies {
        let section = table.get(&subchart.name).map(|node| &node.value);
        if let Some(Value::Table(section)) = section {
            all_charts(subchart, section, values, compiler, sources, out);
        }
    }
}

/// One layer of values against the schemas of a chart and, section by section, of its subcharts.
fn layer(
    chart: &Chart,
    name: &str,
    table: &Table,
    file: FileId,
    compiler: &mut Compiler,
    sources: &mut Sources,
    out: &mut Vec<Problem>,
) {
    if let Some(schema) = &chart.schema {
        let mut against = Against {
            name,
            table,
            top: Some(file),
            secret: &|_| false,
            out,
        };
        let place = format!("{}/values.schema.json", chart.origin);
        against.schema(schema, &place, true, compiler, sources);
    }
    for subchart in &chart.dependencies {
        for name in section_names(chart, subchart) {
            if let Some(Value::Table(section)) = table.get(name).map(|node| &node.value) {
                layer(subchart, name, section, file, compiler, sources, out);
            }
        }
    }
}

/// A null of a layer deletes: it is no value.
fn drop_nulls(table: &mut Table) {
    table.retain(|_, node| !node.value.is_null());
    for node in table.values_mut() {
        if let Value::Table(table) = &mut node.value {
            drop_nulls(table);
        }
    }
}

/// Values on their way to a schema.
struct Against<'a> {
    /// The chart's name in its parent.
    name: &'a str,
    table: &'a Table,
    /// The file to point at when a value is missing at the top.
    top: Option<FileId>,
    /// Whether the values of a text are secrets, of which only the type is known.
    secret: &'a dyn Fn(FileId) -> bool,
    out: &'a mut Vec<Problem>,
}

impl Against<'_> {
    fn schema(
        &mut self,
        bytes: &Arc<[u8]>,
        place: &str,
        part: bool,
        compiler: &mut Compiler,
        sources: &mut Sources,
    ) {
        if bytes.is_empty() {
            return; // Helm takes it for no schema
        }
        match compiler.compile(bytes, place, part, sources) {
            Ok(compiled) => self.validate(compiled, sources),
            Err(problem) => self.out.push(Problem {
                chart: self.name.to_owned(),
                ..Problem::clone(problem)
            }),
        }
    }

    fn validate(&mut self, compiled: &Compiled, sources: &Sources) {
        let mut reader = Reader {
            sources,
            secret: self.secret,
            path: Vec::new(),
            unknown: Vec::new(),
        };
        let instance = reader.table(self.table);
        let unknown = reader.unknown;
        let errors: Vec<_> = compiled.validator.iter_errors(&instance).collect();
        if errors.is_empty() {
            return;
        }
        let judged = |text: &Text| {
            // Of a secret only its type is known, and so of what it is a part of.
            !unknown.iter().any(|secret| {
                text.about_value && *secret == text.pointer
                    || text.chooses && secret.starts_with(&text.pointer)
            })
        };
        let mut problems: Vec<_> = (text::texts(&errors).into_iter())
            .filter(judged)
            .map(|text| self.problem(&text, compiled))
            .collect();
        // Helm's order is random for neighbours.
        problems.sort_by(|a, b| a.helm.cmp(&b.helm));
        self.out.append(&mut problems);
    }

    fn problem(&self, text: &Text, compiled: &Compiled) -> Problem {
        let mut path = ValuePath::default();
        let mut node = None::<&Node>;
        let mut place = None;
        for step in &text.pointer {
            let next = match node.map(|node| &node.value) {
                None => self.table.get(step.as_str()),
                Some(Value::Table(table)) => table.get(step.as_str()),
                Some(Value::List(items)) => step.parse::<usize>().ok().and_then(|i| items.get(i)),
                Some(_) => None,
            };
            let is_list = matches!(node.map(|node| &node.value), Some(Value::List(_)));
            path = path.join(match step.parse() {
                Ok(index) if is_list => Step::Index(index),
                _ => Step::Key(Arc::from(step.as_str())),
            });
            node = next;
            place = next.and_then(|node| node.place).or(place);
            if next.is_none() {
                break;
            }
        }
        let inside = match node.map(|node| &node.value) {
            None if text.pointer.is_empty() => Some(self.table),
            Some(Value::Table(table)) => Some(table),
            _ => None,
        };
        let extra = text.extra.iter();
        let extra = extra.filter_map(|key| inside?.get(key.as_str())?.place);
        let mut places: Vec<_> = extra.map(key_and_value).collect();
        if places.is_empty() {
            places.extend(place.map(key_and_value));
        }
        if places.is_empty() {
            places.extend(self.top.map(|file| (file, Span::default())));
        }
        let what = if text.pointer.is_empty() {
            format!("the values of `{}`", self.name)
        } else {
            format!("`{path}`")
        };
        Problem {
            chart: self.name.to_owned(),
            helm: text.helm(0),
            message: format!("{what}: {}", text.phrase),
            places,
            schema: compiled.place(&text.keyword),
            is_invalid_schema: false,
            profiles: Vec::new(),
        }
    }
}

/// The bytes to point at: long values by their key alone.
fn key_and_value(place: Place) -> (FileId, Span) {
    (place.file, place.span())
}

/// Values as the validator wants them.
struct Reader<'a> {
    sources: &'a Sources,
    secret: &'a dyn Fn(FileId) -> bool,
    path: Vec<String>,
    /// The paths of values of which only the type is known.
    unknown: Vec<Vec<String>>,
}

impl Reader<'_> {
    fn table(&mut self, table: &Table) -> Json {
        let mut object = Map::new();
        for (key, node) in table {
            self.path.push(key.to_string());
            object.insert(key.to_string(), self.node(node));
            self.path.pop();
        }
        Json::Object(object)
    }

    fn node(&mut self, node: &Node) -> Json {
        if let Some(place) = node.place
            && node.value.as_str() == Some(MASK)
            && (self.secret)(place.file)
        {
            self.unknown.push(self.path.clone());
            return self.stand_in(place);
        }
        match node.value.revealed() {
            // What is revealed is no secret any more.
            Value::Null | Value::Secret(_) => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(number) => number_json(*number),
            Value::String(text) => Json::String(text.to_string()),
            Value::List(items) => {
                let mut array = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    self.path.push(index.to_string());
                    array.push(self.node(item));
                    self.path.pop();
                }
                Json::Array(array)
            }
            Value::Table(table) => self.table(table),
        }
    }

    /// Any value of the type that an encrypted one says it has.
    fn stand_in(&self, place: Place) -> Json {
        let text = self.sources.text(place.file);
        let value = text.get(place.value.start as usize..place.value.end as usize);
        let value = String::from_utf8_lossy(value.unwrap_or_default());
        let (_, kind) = value.rsplit_once(",type:").unwrap_or(("", ""));
        match kind.split(']').next() {
            Some("int") => Json::from(0),
            Some("float") => Json::from(0.5),
            Some("bool") => Json::Bool(true),
            _ => Json::String(String::new()),
        }
    }
}

/// A number as Helm's validator sees it: whole ones are integers however they were written.
fn number_json(number: Number) -> Json {
    let view = number.view();
    match view.as_i64() {
        Some(whole) => Json::from(whole),
        None => JsonNumber::from_f64(view.as_f64()).map_or(Json::Null, Json::Number),
    }
}
