//! From the text of an `index.yaml` to what it says.
//!
//! Decides which texts are an index and which entries are left out of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{ChartVersion, IndexFile};
use crate::chart::{Metadata, ValidateErrorKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Place, Sources};
use crate::time::Timestamp;
use crate::yaml::{self, DecodeError, Node, ParseError, ParseOptions, Table, Value};

/// Bytes of an index; the largest public ones have about 20 MB.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// How much of an index must be as Helm knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strictness {
    /// Helm's: in YAML unknown fields and duplicate keys are errors, and a text must be a text (`version:
    /// 1.2` is refused); in JSON unknown fields and duplicate keys are allowed.
    #[default]
    Helm,
    /// Unknown fields and duplicate keys are allowed, and numbers and booleans fit texts: what older or
    /// other programs wrote.
    Lenient,
}

/// An index that was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadedIndex {
    /// What it says, sorted.
    pub index: IndexFile,
    /// One for each entry that was left out.
    pub diagnostics: Vec<Diagnostic>,
}

/// The kinds of [`IndexError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexErrorKind {
    /// There is no text.
    Empty,
    /// The text is neither YAML nor JSON, or too large.
    Syntax,
    /// A key is there twice.
    DuplicateKey,
    /// A field is unknown or has a wrong type.
    Field,
    /// There is no `apiVersion`.
    NoApiVersion,
}

/// A text that is no index.
#[derive(Debug)]
pub struct IndexError {
    kind: IndexErrorKind,
    diagnostic: Box<Diagnostic>,
}

impl IndexError {
    fn new(kind: IndexErrorKind, message: impl Into<String>) -> Self {
        Self::from_diagnostic(kind, Diagnostic::error(Code::InvalidIndex, message))
    }

    fn from_diagnostic(kind: IndexErrorKind, mut diagnostic: Diagnostic) -> Self {
        diagnostic.code = Code::InvalidIndex;
        diagnostic.severity = crate::diagnostic::Severity::Error;
        Self {
            kind,
            diagnostic: Box::new(diagnostic),
        }
    }

    fn syntax(error: &ParseError) -> Self {
        Self::from_diagnostic(IndexErrorKind::Syntax, error.into())
    }

    fn field(path: &str, error: &DecodeError) -> Self {
        let mut diagnostic = Diagnostic::from(error);
        if !path.is_empty() {
            diagnostic = diagnostic.context(&format!("`{path}`"));
        }
        Self::from_diagnostic(IndexErrorKind::Field, diagnostic)
    }

    fn found(path: &str, node: &Node, expected: &str) -> Self {
        let message = format!(
            "`{path}`: found a {}, expected {expected}",
            node.value.type_name()
        );
        let error = Self::new(IndexErrorKind::Field, message);
        error.at(node.place)
    }

    fn at(mut self, place: Option<Place>) -> Self {
        if let Some(place) = place {
            self.diagnostic = Box::new(self.diagnostic.at_place(place, ""));
        }
        self
    }

    /// Which kind of failure.
    #[must_use]
    pub fn kind(&self) -> IndexErrorKind {
        self.kind
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for IndexError {}

impl From<&IndexError> for Diagnostic {
    fn from(error: &IndexError) -> Self {
        (*error.diagnostic).clone()
    }
}

/// Reads an index.
///
/// # Shape
///
/// YAML or JSON of at most 64 MiB. The versions of each chart are sorted, newest first. Entries that are
/// null or that Helm would not load as a chart are left out, with a diagnostic; an entry that says no
/// `apiVersion` has `v1`.
///
/// # Errors
///
/// See [`IndexErrorKind`].
///
/// # Examples
///
/// ```
/// use chartkit::repo::{Strictness, read};
/// use chartkit::source::Sources;
///
/// let text = "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, urls: [web-1.0.0.tgz]}\n";
/// let mut sources = Sources::new();
/// let file = sources.add("index.yaml", text.as_bytes());
/// let index = read(&sources, file, Strictness::Helm)?.index;
/// assert_eq!(index.entries["web"][0].first_url(), Some("web-1.0.0.tgz"));
/// # Ok::<(), chartkit::repo::IndexError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/repo/v1/index.go`, `loadIndex`. DIFFERENCE: a bound of 64 MiB, where Helm has none.
pub fn read(
    sources: &Sources,
    file: FileId,
    strictness: Strictness,
) -> Result<LoadedIndex, IndexError> {
    let text = sources.text(file);
    if text.is_empty() {
        return Err(IndexError::new(
            IndexErrorKind::Empty,
            "empty index.yaml file",
        ));
    }
    if text.len() > MAX_BYTES {
        let message = format!("the index is larger than {MAX_BYTES} bytes");
        return Err(IndexError::new(IndexErrorKind::Syntax, message));
    }
    let json = std::str::from_utf8(text)
        .ok()
        .and_then(|text| yaml::from_json(text, Some(file)).ok());
    let mut reader = Reader {
        form: match (&json, strictness) {
            (_, Strictness::Lenient) => Form::Lenient,
            (Some(_), Strictness::Helm) => Form::Json,
            (None, Strictness::Helm) => Form::StrictYaml,
        },
        origin: sources.name(file),
        diagnostics: Vec::new(),
    };
    let node = match json {
        Some(node) => node,
        None => reader.yaml(sources, file)?,
    };
    let mut index = reader.index(node)?;
    index.sort();
    if index.api_version.is_empty() {
        let message = "no API version specified";
        return Err(IndexError::new(IndexErrorKind::NoApiVersion, message));
    }
    Ok(LoadedIndex {
        index,
        diagnostics: reader.diagnostics,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    StrictYaml,
    Json,
    Lenient,
}

/// The fields of an index but for its entries.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Head {
    server_info: BTreeMap<String, Value>,
    api_version: String,
    generated: Timestamp,
    public_keys: Vec<String>,
    annotations: BTreeMap<String, String>,
}

/// The fields of an entry but for the metadata.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Own {
    urls: Option<Vec<String>>,
    created: Timestamp,
    removed: bool,
    digest: String,
    checksum: String,
    engine: String,
    tiller_version: String,
    url: String,
}

const OWN: [&str; 8] = [
    "urls",
    "created",
    "removed",
    "digest",
    "checksum",
    "engine",
    "tillerVersion",
    "url",
];

struct Reader<'s> {
    form: Form,
    origin: &'s str,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn yaml(&self, sources: &Sources, file: FileId) -> Result<Node, IndexError> {
        let options = ParseOptions {
            max_bytes: MAX_BYTES,
            ..ParseOptions::default()
        };
        let decoded = yaml::read_with(sources, file, None, &options);
        let decoded = decoded.map_err(|error| IndexError::syntax(&error))?;
        let mut duplicates = decoded.diagnostics.into_iter();
        match duplicates.find(|diagnostic| diagnostic.code == Code::DuplicateKey) {
            Some(diagnostic) if self.form == Form::StrictYaml => {
                let kind = IndexErrorKind::DuplicateKey;
                Err(IndexError::from_diagnostic(kind, diagnostic))
            }
            _ => Ok(decoded.node),
        }
    }

    fn index(&mut self, node: Node) -> Result<IndexFile, IndexError> {
        let mut table = match node.value {
            Value::Null => Table::new(),
            Value::Table(table) => table,
            _ => return Err(IndexError::found("the index", &node, "a table")),
        };
        let key = find_key(&table, "entries");
        let entries = key.and_then(|key| table.remove(&*key));
        if self.form == Form::Json {
            expect_texts(&table, "")?;
        }
        let head = Node {
            value: Value::Table(table),
            place: node.place,
            below: yaml::History::default(),
        };
        let head: Head = self.decode("", &head)?;
        let mut index = IndexFile::new(head.generated);
        index.api_version = head.api_version;
        index.public_keys = head.public_keys;
        index.annotations = head.annotations;
        let info = head.server_info.into_iter();
        index.server_info = info
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        match entries {
            None
            | Some(Node {
                value: Value::Null, ..
            }) => {}
            Some(Node {
                value: Value::Table(charts),
                ..
            }) => {
                for (name, versions) in charts {
                    let versions = self.versions(&name, versions)?;
                    index.entries.insert(name.to_string(), versions);
                }
            }
            Some(other) => return Err(IndexError::found("entries", &other, "a table")),
        }
        Ok(index)
    }

    fn versions(&mut self, name: &str, node: Node) -> Result<Vec<ChartVersion>, IndexError> {
        let items = match node.value {
            Value::Null => Vec::new(),
            Value::List(items) => items,
            _ => {
                return Err(IndexError::found(
                    &format!("entries.{name}"),
                    &node,
                    "a list",
                ));
            }
        };
        let mut versions = Vec::with_capacity(items.len());
        for (number, item) in items.into_iter().enumerate() {
            let path = || format!("entries.{name}[{number}]");
            let place = item.place;
            match item.value {
                Value::Null => self.skip(name, "", place, "empty entry"),
                Value::Table(table) => {
                    versions.extend(self.version(name, &path(), table, place)?);
                }
                _ => return Err(IndexError::found(&path(), &item, "a table")),
            }
        }
        Ok(versions)
    }

    /// One entry; nothing for one that is left out.
    fn version(
        &mut self,
        name: &str,
        path: &str,
        mut metadata: Table,
        place: Option<Place>,
    ) -> Result<Option<ChartVersion>, IndexError> {
        let is_own = |key: &str| OWN.iter().any(|own| own.eq_ignore_ascii_case(key));
        let mut own = Table::new();
        for key in metadata
            .keys()
            .filter(|key| is_own(key))
            .cloned()
            .collect::<Vec<_>>()
        {
            own.extend(metadata.remove(&key).map(|node| (key, node)));
        }
        let node = |table| Node {
            value: Value::Table(table),
            place,
            below: yaml::History::default(),
        };
        let has_null = ["maintainers", "dependencies"].into_iter().find(|list| {
            let key = find_key(&metadata, list);
            let list = key.and_then(|key| metadata.get(&*key));
            list.is_some_and(|list| match &list.value {
                Value::List(items) => items.iter().any(|item| item.value.is_null()),
                _ => false,
            })
        });
        if self.form != Form::Lenient {
            // Helm's reader turns numbers into texts only where it finds the type, and it does not look for
            // that in what the entry has from the metadata.
            expect_texts(&metadata, path)?;
        }
        if self.form == Form::Json {
            expect_texts(&own, path)?;
        }
        let (metadata, own) = (node(metadata), node(own));
        let mut metadata: Metadata = self.decode(path, &metadata)?;
        let own: Own = self.decode(path, &own)?;
        if metadata.api_version.is_empty() {
            "v1".clone_into(&mut metadata.api_version);
        }
        metadata.sanitize();
        let refused = match (has_null, metadata.validate()) {
            (Some(list), _) => Some(format!("{list} must not contain empty or null nodes")),
            // Some repositories drop the alias, and then two dependencies have one name.
            (None, Err(error)) if error.kind() != ValidateErrorKind::DuplicateDependency => {
                Some(error.to_string())
            }
            (None, _) => None,
        };
        if let Some(reason) = refused {
            self.skip(name, &metadata.version, place, &reason);
            return Ok(None);
        }
        Ok(Some(ChartVersion {
            metadata,
            urls: own.urls,
            created: own.created,
            removed: own.removed,
            digest: own.digest,
            checksum: own.checksum,
            engine: own.engine,
            tiller_version: own.tiller_version,
            url: own.url,
        }))
    }

    fn decode<'de, T: Deserialize<'de>>(
        &self,
        path: &str,
        node: &'de Node,
    ) -> Result<T, IndexError> {
        let decoded = match self.form {
            Form::StrictYaml => yaml::from_node_strict(node),
            Form::Json | Form::Lenient => yaml::from_node(node),
        };
        decoded.map_err(|error| IndexError::field(path, &error))
    }

    fn skip(&mut self, name: &str, version: &str, place: Option<Place>, reason: &str) {
        let which = match version {
            "" => format!("`{name}`"),
            version => format!("`{name}` {version}"),
        };
        let message = format!(
            "an entry of {which} in `{}` is left out: {reason}",
            self.origin
        );
        let diagnostic = Diagnostic::warning(Code::SkippedEntry, message);
        self.diagnostics.push(match place {
            Some(place) => diagnostic.at_place(place, ""),
            None => diagnostic,
        });
    }
}

/// The key that Go takes for a field: the exact one first.
fn find_key(table: &Table, name: &str) -> Option<std::sync::Arc<str>> {
    let exact = table.get_key_value(name).map(|(key, _)| key);
    let folded = || table.keys().find(|key| key.eq_ignore_ascii_case(name));
    exact.or_else(folded).cloned()
}

/// Fields that are texts, or hold nothing else but texts and such fields.
const TEXTS: [&str; 28] = [
    "alias",
    "annotations",
    "apiVersion",
    "appVersion",
    "checksum",
    "condition",
    "created",
    "dependencies",
    "description",
    "digest",
    "email",
    "engine",
    "generated",
    "home",
    "icon",
    "keywords",
    "kubeVersion",
    "maintainers",
    "name",
    "publicKeys",
    "repository",
    "sources",
    "tags",
    "tillerVersion",
    "type",
    "url",
    "urls",
    "version",
];

/// Refuses numbers and booleans where texts belong.
fn expect_texts(table: &Table, path: &str) -> Result<(), IndexError> {
    table.iter().try_for_each(|(key, node)| {
        let is_text = TEXTS.iter().any(|name| name.eq_ignore_ascii_case(key));
        let path = match path {
            "" => key.to_string(),
            path => format!("{path}.{key}"),
        };
        if is_text {
            expect_text(node, &path, key)
        } else {
            Ok(())
        }
    })
}

fn expect_text(node: &Node, path: &str, key: &str) -> Result<(), IndexError> {
    match &node.value {
        Value::Bool(_) | Value::Number(_) => Err(IndexError::found(path, node, "a string")),
        Value::List(items) => (items.iter().enumerate())
            .try_for_each(|(at, item)| expect_text(item, &format!("{path}[{at}]"), key)),
        Value::Table(table) if key.eq_ignore_ascii_case("annotations") => table
            .iter()
            .try_for_each(|(name, node)| expect_text(node, &format!("{path}.{name}"), key)),
        Value::Table(table) => expect_texts(table, path),
        Value::Null | Value::String(_) | Value::Secret(_) => Ok(()),
    }
}
