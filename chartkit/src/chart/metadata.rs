//! What a chart says about itself.
//!
//! Decides which fields there are, how several files of one chart make one [`Metadata`], and when
//! Helm refuses it. Whether a version satisfies a range is not its business.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};

use super::Dependency;
use crate::diagnostic::{Code, Diagnostic};
use crate::printable::is_print;
use crate::quote::Quoted;
use crate::semver::Version;
use crate::source::Place;
use crate::yaml::{DecodeError, Node, Table, Value, from_node};

/// The content of `Chart.yaml`.
///
/// Serialized in Helm's order of fields; empty ones are left out. Two are equal if their fields
/// are, wherever they were written.
///
/// # Examples
///
/// ```
/// use chartkit::chart::Metadata;
///
/// let mut metadata = Metadata::default();
/// metadata.api_version = "v2".into();
/// metadata.name = "wordpress".into();
/// metadata.version = "1.2.x".into();
/// let error = metadata.validate().unwrap_err();
/// assert_eq!(error.to_string(), r#"chart.metadata.version "1.2.x" is invalid"#);
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/metadata.go`, `Metadata`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Name of the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// URL of the project.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// URLs of source code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Version of the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// A sentence about the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Words to find the chart by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Who to ask.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "list_without_nulls"
    )]
    pub maintainers: Vec<Maintainer>,
    /// URL of an image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// `v1` or `v2`; the loader says `v1` where the file says nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Read, written and otherwise unused; conditions belong to dependencies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Read, written and otherwise unused; tags belong to dependencies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tags: String,
    /// Version of what the chart installs; any text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// Whether the chart should no longer be used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// Notes for other programs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// A range of Kubernetes versions.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// The charts that this one needs. Nothing and an empty list differ: Helm leaves a chart that
    /// declares nothing alone when it decides which subcharts are enabled.
    #[serde(
        skip_serializing_if = "is_none_or_empty",
        deserialize_with = "without_nulls"
    )]
    pub dependencies: Option<Vec<Dependency>>,
    /// `application`, `library` or nothing, which means `application`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub chart_type: String,
    #[serde(skip)]
    written: Written,
}

/// A person or an organisation.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/metadata.go`, `Maintainer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintainer {
    /// Their name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Their address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Their page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

#[expect(
    clippy::ref_option,
    reason = "serde hands out a reference to the field"
)]
fn is_none_or_empty(dependencies: &Option<Vec<Dependency>>) -> bool {
    dependencies.as_ref().is_none_or(Vec::is_empty)
}

/// Go keeps null entries of a list as such; [`Metadata::validate`] finds them in the tree.
pub(super) fn without_nulls<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let entries: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    Ok(entries.map(|entries| entries.into_iter().flatten().collect()))
}

/// [`without_nulls`] for lists that may as well be empty.
pub(super) fn list_without_nulls<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    without_nulls(deserializer).map(Option::unwrap_or_default)
}

/// The tree that the fields were decoded from, under the names of the fields.
#[derive(Clone, Debug, Default)]
struct Written(Option<Table>);

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Why Helm refuses a chart's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValidateErrorKind {
    /// No `apiVersion`.
    MissingApiVersion,
    /// No `name`.
    MissingName,
    /// A name that is a directory or has a `/`.
    IllegalName,
    /// No `version`.
    MissingVersion,
    /// A `version` that is none.
    InvalidVersion,
    /// A `type` that does not exist.
    InvalidType,
    /// A null in `maintainers` or `dependencies`.
    NullEntry,
    /// An alias with other characters than letters, digits, `_` and `-`.
    IllegalAlias,
    /// Two dependencies of the same name.
    DuplicateDependency,
}

/// Metadata that Helm refuses; in Helm's words, without the prefix `validation: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValidateError {
    kind: ValidateErrorKind,
    message: String,
    place: Option<Place>,
}

impl ValidateError {
    /// The reason.
    #[must_use]
    pub fn kind(&self) -> ValidateErrorKind {
        self.kind
    }

    /// Where the field was written, if it was.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}

impl Metadata {
    /// Where a field was written.
    ///
    /// # Shape
    ///
    /// The names of fields as in `Chart.yaml`, with their capitals, and the 0-based indexes of
    /// list items, separated by dots: `version`, `dependencies.0.alias`. Nothing for a field that
    /// no file says, and for metadata that was not loaded from files. Changes to the fields do not
    /// change the answer.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<Place> {
        self.node(path)?.place
    }

    fn node(&self, path: &str) -> Option<&Node> {
        let mut names = path.split('.');
        let mut node = self.written.0.as_ref()?.get(names.next()?)?;
        for name in names {
            node = match &node.value {
                Value::Table(table) => table.get(name)?,
                Value::List(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// Makes the texts that people read fit on a line: each white space becomes a space, other
    /// characters that cannot be printed vanish.
    ///
    /// Not cleaned: `version`, `apiVersion`, `type`, annotations, and aliases of dependencies. The
    /// loader calls this before [`Metadata::validate`].
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/chart/v2/metadata.go`, `sanitizeString` and its callers.
    pub fn sanitize(&mut self) {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources.iter_mut().for_each(sanitize);
        self.keywords.iter_mut().for_each(sanitize);
        for maintainer in &mut self.maintainers {
            sanitize(&mut maintainer.name);
            sanitize(&mut maintainer.email);
            sanitize(&mut maintainer.url);
        }
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.sanitize();
        }
    }

    /// Whether Helm would load a chart with this metadata.
    ///
    /// # Errors
    ///
    /// The first of Helm's objections, in its order. The value of `apiVersion` is not among them,
    /// see [`Chart::check_api_version`](super::Chart::check_api_version).
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/chart/v2/metadata.go`, `Metadata.Validate`.
    pub fn validate(&self) -> Result<(), ValidateError> {
        use ValidateErrorKind as Kind;
        let fail = |kind, path: &str, message: String| {
            Err(ValidateError {
                kind,
                message,
                place: self.place(path),
            })
        };
        let name = Quoted(&self.name);
        let version = Quoted(&self.version);
        if self.api_version.is_empty() {
            let message = "chart.metadata.apiVersion is required".into();
            return fail(Kind::MissingApiVersion, "apiVersion", message);
        }
        if self.name.is_empty() {
            let message = "chart.metadata.name is required".into();
            return fail(Kind::MissingName, "name", message);
        }
        if matches!(self.name.as_str(), "." | "..") {
            let message = format!("chart.metadata.name {name} is not allowed");
            return fail(Kind::IllegalName, "name", message);
        }
        // The base name of `/` is `/`, so Helm has nothing against it.
        if self.name.contains('/') && self.name != "/" {
            let message = format!("chart.metadata.name {name} is invalid");
            return fail(Kind::IllegalName, "name", message);
        }
        if self.version.is_empty() {
            let message = "chart.metadata.version is required".into();
            return fail(Kind::MissingVersion, "version", message);
        }
        if Version::parse(&self.version).is_err() {
            let message = format!("chart.metadata.version {version} is invalid");
            return fail(Kind::InvalidVersion, "version", message);
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            let message = "chart.metadata.type must be application or library".into();
            return fail(Kind::InvalidType, "type", message);
        }
        if let Some(index) = self.first_null("maintainers") {
            let message = "maintainers must not contain empty or null nodes".into();
            return fail(Kind::NullEntry, &format!("maintainers.{index}"), message);
        }
        self.validate_dependencies()
    }

    fn validate_dependencies(&self) -> Result<(), ValidateError> {
        use ValidateErrorKind as Kind;
        let fail = |kind, index: usize, field: &str, message: String| {
            let place = self.place(&format!("dependencies.{index}{field}"));
            Err(ValidateError {
                kind,
                message,
                place,
            })
        };
        let null = self.first_null("dependencies");
        // Entries behind the first null have other indexes; they are not looked at.
        let before = null.unwrap_or(usize::MAX);
        let dependencies = self.dependencies.iter().flatten().take(before);
        let mut seen = BTreeSet::new();
        for (index, dependency) in dependencies.enumerate() {
            if !dependency.has_legal_alias() {
                let name = Quoted(&dependency.name);
                let message = format!("dependency {name} has disallowed characters in the alias");
                return fail(Kind::IllegalAlias, index, ".alias", message);
            }
            let key = dependency.name_or_alias();
            if !seen.insert(key) {
                let key = Quoted(key);
                let message = format!("more than one dependency with name or alias {key}");
                return fail(Kind::DuplicateDependency, index, "", message);
            }
        }
        match null {
            Some(index) => {
                let message = "dependencies must not contain empty or null nodes".into();
                fail(Kind::NullEntry, index, "", message)
            }
            None => Ok(()),
        }
    }

    fn first_null(&self, field: &str) -> Option<usize> {
        match &self.node(field)?.value {
            Value::List(items) => items.iter().position(|item| item.value.is_null()),
            _ => None,
        }
    }
}

/// White space becomes a space, other characters that cannot be printed vanish.
pub(super) fn sanitize(text: &mut String) {
    let is_clean = |c: char| c == ' ' || (!c.is_whitespace() && is_print(c));
    if !text.chars().all(is_clean) {
        let spaced = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c });
        *text = spaced.filter(|c| is_print(*c)).collect();
    }
}

/// Puts together what the files of one chart say about it.
///
/// Helm decodes `Chart.yaml` and then `requirements.yaml` into the same struct, so a field of the
/// second replaces one of the first, while a field that it does not have stays: inside of list
/// entries, too.
#[derive(Default)]
pub(super) struct Reader {
    table: Table,
}

impl Reader {
    /// Reads one more document.
    pub(super) fn add(&mut self, document: &Node) -> Result<Vec<Diagnostic>, DecodeError> {
        let Value::Table(table) = &document.value else {
            return match document.value {
                Value::Null => Ok(Vec::new()),
                _ => from_node::<Metadata>(document).map(|_| Vec::new()),
            };
        };
        // Alone first: what replaces it could hide that it cannot be decoded.
        from_node::<Metadata>(&Node {
            value: Value::Table(overlay(Table::new(), table, FIELDS)),
            place: document.place,
            below: crate::yaml::History::default(),
        })?;
        self.table = overlay(std::mem::take(&mut self.table), table, FIELDS);
        Ok(unknown_fields(table))
    }

    /// Says `v1` for a chart that does not say which it is.
    pub(super) fn default_api_version(&mut self) {
        let said = self.table.get("apiVersion");
        if said.is_none_or(|node| node.value.as_str() == Some("")) {
            let v1 = Node::from(Value::String("v1".into()));
            self.table.insert("apiVersion".into(), v1);
        }
    }

    pub(super) fn is_v1(&self) -> bool {
        let said = self.table.get("apiVersion");
        said.is_some_and(|node| node.value.as_str() == Some("v1"))
    }

    /// What all documents together say.
    pub(super) fn metadata(self) -> Result<Metadata, DecodeError> {
        let node = Node::from(Value::Table(self.table));
        let mut metadata: Metadata = from_node(&node)?;
        if let Value::Table(table) = node.value {
            metadata.written = Written(Some(table));
        }
        Ok(metadata)
    }
}

/// What Go's decoder does to a field that is there already.
enum Shape {
    /// Null changes nothing, anything else replaces.
    Scalar,
    /// Null empties, anything else replaces.
    List,
    /// Null empties; entries are added and replaced.
    Map,
    /// Null empties; the list gets the new length and each entry is decoded onto the one that was
    /// at its index.
    Structs(Fields),
}

type Fields = &'static [(&'static str, Shape)];

const FIELDS: Fields = &[
    ("name", Shape::Scalar),
    ("home", Shape::Scalar),
    ("sources", Shape::List),
    ("version", Shape::Scalar),
    ("description", Shape::Scalar),
    ("keywords", Shape::List),
    ("maintainers", Shape::Structs(MAINTAINER)),
    ("icon", Shape::Scalar),
    ("apiVersion", Shape::Scalar),
    ("condition", Shape::Scalar),
    ("tags", Shape::Scalar),
    ("appVersion", Shape::Scalar),
    ("deprecated", Shape::Scalar),
    ("annotations", Shape::Map),
    ("kubeVersion", Shape::Scalar),
    ("dependencies", Shape::Structs(DEPENDENCY)),
    ("type", Shape::Scalar),
];

const MAINTAINER: Fields = &[
    ("name", Shape::Scalar),
    ("email", Shape::Scalar),
    ("url", Shape::Scalar),
];

const DEPENDENCY: Fields = &[
    ("name", Shape::Scalar),
    ("version", Shape::Scalar),
    ("repository", Shape::Scalar),
    ("condition", Shape::Scalar),
    ("tags", Shape::List),
    ("enabled", Shape::Scalar),
    ("import-values", Shape::List),
    ("alias", Shape::Scalar),
];

/// The fields of `base` with those of `document` over them, under their proper names.
fn overlay(mut base: Table, document: &Table, fields: Fields) -> Table {
    for (key, node) in document {
        let Some((name, shape)) = field(fields, key) else {
            continue;
        };
        match (shape, &node.value) {
            (Shape::Scalar, Value::Null) => {}
            (_, Value::Null) => {
                base.remove(*name);
            }
            (Shape::Map, Value::Table(entries)) => {
                let old = base.entry((*name).into());
                let old = old.or_insert_with(|| Value::Table(Table::new()).into());
                old.place = node.place;
                if let Value::Table(table) = &mut old.value {
                    table.extend(entries.clone());
                }
            }
            (Shape::Structs(fields), Value::List(items)) => {
                let mut old = match base.remove(*name) {
                    Some(Node {
                        value: Value::List(items),
                        ..
                    }) => items,
                    _ => Vec::new(),
                };
                old.resize(items.len(), Value::Null.into());
                let entries = old.into_iter().zip(items);
                let entries = entries.map(|(old, new)| overlay_entry(old, new, fields));
                let list = Node {
                    value: Value::List(entries.collect()),
                    ..node.clone()
                };
                base.insert((*name).into(), list);
            }
            _ => {
                base.insert((*name).into(), node.clone());
            }
        }
    }
    base
}

fn overlay_entry(old: Node, new: &Node, fields: Fields) -> Node {
    let Value::Table(entry) = &new.value else {
        return new.clone();
    };
    let base = match old.value {
        Value::Table(table) => table,
        _ => Table::new(),
    };
    Node {
        value: Value::Table(overlay(base, entry, fields)),
        place: new.place,
        below: crate::yaml::History::default(),
    }
}

/// The field that Go takes a key for.
fn field(fields: Fields, key: &str) -> Option<&'static (&'static str, Shape)> {
    let exact = fields.iter().find(|(name, _)| *name == key);
    exact.or_else(|| fields.iter().find(|(name, _)| folds_to(key, name)))
}

/// Whether a key is a name in other capitals. Two letters outside of ASCII have a lower case in it.
fn folds_to(key: &str, name: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        _ => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(name.chars().map(fold))
}

fn unknown_fields(document: &Table) -> Vec<Diagnostic> {
    let unknown = document
        .iter()
        .filter(|(key, _)| field(FIELDS, key).is_none());
    let diagnostics = unknown.map(|(key, node)| {
        let message = format!("field `{key}` is unknown and has no effect");
        let diagnostic = Diagnostic::warning(Code::UnknownField, message);
        match node.place {
            Some(place) => diagnostic.at_place(place, ""),
            None => diagnostic,
        }
    });
    diagnostics.collect()
}

#[cfg(test)]
mod tests {
    use super::{folds_to, sanitize};

    #[test]
    fn texts_are_cleaned() {
        for (text, clean) in [
            ("a\tb\r\nc", "a b  c"),
            ("\u{A0}\u{3000}x", "  x"),
            ("a\u{200B}\0\u{AD}b\u{E000}", "ab"),
            ("ä 🚀", "ä 🚀"),
        ] {
            let mut cleaned = String::from(text);
            sanitize(&mut cleaned);
            assert_eq!(cleaned, clean);
        }
    }

    #[test]
    fn keys_fold_as_in_go() {
        assert!(folds_to("APIVERSION", "apiVersion"));
        assert!(folds_to("\u{212A}ubeVer\u{17F}ion", "kubeVersion"));
        assert!(!folds_to("api-version", "apiVersion"));
        assert!(!folds_to("naméx", "name"));
    }
}
