//! Values: what a chart's templates see, layer by layer.
//!
//! Decides which value wins and remembers what lost, and where each was written. Knows nothing of
//! charts: [`chart::process`](crate::chart::process) tells it their names and defaults, and
//! [`profile`](crate::profile) tells it which layers there are.

mod coalesce;
mod graph;
mod load;
mod merge;
mod path;
pub mod strvals;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub(crate) use coalesce::{Coalesce, Deletion, Nulls, Scope, TypeMismatch};
pub(crate) use graph::{Graph, Slot, TableId};
pub(crate) use load::documents;
pub use load::{LoadError, LoadErrorKind, Loaded, load};
pub use merge::merge_maps;
pub use path::{PathError, Step, ValuePath};

pub use crate::yaml::{Node, Number, Table, Value};

use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use crate::yaml::{self, History};

/// Where a text stands among the layers of values.
///
/// # Shape
///
/// Charts are named by their path of names, such as `wordpress/charts/mariadb`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layer {
    /// The `values.yaml` of a chart; its sections for subcharts count as this layer too.
    Chart {
        /// The chart.
        chart: String,
    },
    /// The `values.yaml` of a profile.
    Profile {
        /// The chart that the profile belongs to.
        chart: String,
        /// The profile's name.
        profile: String,
    },
    /// The `secrets.yaml` of a profile.
    Secrets {
        /// The chart that the profile belongs to.
        chart: String,
        /// The profile's name.
        profile: String,
    },
    /// A values file given by the user (`-f`).
    File,
    /// One argument of the `--set` family.
    Set,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chart { chart } => write!(f, "values of {chart}"),
            Self::Profile { chart, profile } => write!(f, "profile {profile} of {chart}"),
            Self::Secrets { chart, profile } => {
                write!(f, "secrets of profile {profile} of {chart}")
            }
            Self::File => f.write_str("values file"),
            Self::Set => f.write_str("argument"),
        }
    }
}

/// Effective values, where each leaf knows every contribution.
#[derive(Clone, Debug)]
pub struct Values {
    root: Node,
    deletions: Vec<Deletion>,
    pub(crate) layers: BTreeMap<FileId, Layer>,
}

impl Values {
    pub(crate) fn new(
        table: Table,
        deletions: Vec<Deletion>,
        layers: BTreeMap<FileId, Layer>,
    ) -> Self {
        Self {
            root: Node::from(Value::Table(table)),
            deletions,
            layers,
        }
    }

    /// The whole tree; always a table.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.root.value
    }

    /// The tables and values at the top.
    ///
    /// # Panics
    ///
    /// Never: the root is a table.
    #[must_use]
    pub fn table(&self) -> &Table {
        self.root.value.as_table().expect("the root is a table")
    }

    /// The node at a path; its [`contributions`](Node::contributions) tell where it came from.
    #[must_use]
    pub fn get(&self, path: &ValuePath) -> Option<&Node> {
        path.find(self.table())
    }

    /// Every leaf with its path, sorted by path.
    ///
    /// # Shape
    ///
    /// A leaf is anything that layers replace as a whole: scalars, lists and empty tables.
    #[must_use]
    pub fn leaves(&self) -> Vec<(ValuePath, &Node)> {
        fn walk<'t>(table: &'t Table, path: &ValuePath, out: &mut Vec<(ValuePath, &'t Node)>) {
            for (key, node) in table {
                let path = path.join(Step::Key(Arc::clone(key)));
                match &node.value {
                    Value::Table(inner) if !inner.is_empty() => walk(inner, &path, out),
                    _ => out.push((path, node)),
                }
            }
        }
        let mut leaves = Vec::new();
        walk(self.table(), &ValuePath::default(), &mut leaves);
        leaves
    }

    /// Paths that a null removed, each with the null (and, below it, the default that it removed).
    pub fn deletions(&self) -> impl Iterator<Item = (&ValuePath, &Node)> {
        self.deletions.iter().map(|d| (&d.path, &*d.null))
    }

    /// The layer that a text belongs to.
    #[must_use]
    pub fn layer(&self, file: FileId) -> Option<&Layer> {
        self.layers.get(&file)
    }

    /// The values as a type of yours.
    ///
    /// Numbers fit any numeric type that holds them; numbers and booleans also fit texts, as in Helm.
    ///
    /// # Errors
    ///
    /// When a value does not fit; the error names its path and place, never the value.
    pub fn decode<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, yaml::DecodeError> {
        yaml::from_node(&self.root)
    }

    /// The same values with secrets in plain text, in everything that prints them.
    #[must_use]
    pub fn reveal(&self) -> Self {
        fn reveal(node: &Node) -> Node {
            let plain = node.contributions().map(|node| Node {
                value: reveal_value(&node.value),
                place: node.place,
                below: History::default(),
            });
            let plain: Vec<_> = plain.collect();
            let chain = plain.into_iter().rev().reduce(|lower, node| Node {
                below: History::from(lower),
                ..node
            });
            chain.expect("the first contribution is the node itself")
        }
        fn reveal_value(value: &Value) -> Value {
            match value {
                Value::Table(table) => {
                    let entries = table.iter();
                    Value::Table(entries.map(|(k, v)| (Arc::clone(k), reveal(v))).collect())
                }
                Value::List(items) => Value::List(items.iter().map(reveal).collect()),
                other => other.revealed().clone(),
            }
        }
        let deletions = self.deletions.iter().map(|deletion| Deletion {
            null: reveal(&deletion.null).into(),
            ..deletion.clone()
        });
        Self {
            root: reveal(&self.root),
            deletions: deletions.collect(),
            layers: self.layers.clone(),
        }
    }

    /// The values as JSON, byte for byte what Helm's `toJson .Values` prints.
    #[must_use]
    pub fn to_json(&self) -> String {
        yaml::to_json(self.value())
    }
}

/// The outcome of merging two tables, and what was noticed.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The merged table.
    pub table: Table,
    /// Conflicts between tables and other values.
    pub diagnostics: Vec<Diagnostic>,
}

/// Puts `src` under `dst`: `dst` wins, tables are merged, and a null in `dst` deletes.
///
/// # Properties
///
/// Idempotent when no value is null.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::values::coalesce_tables;
/// use chartkit::yaml;
///
/// let mut sources = Sources::new();
/// let mut table = |text: &str| {
///     let file = sources.add("values.yaml", text.as_bytes());
///     yaml::read(&sources, file).unwrap().node.value.as_table().unwrap().clone()
/// };
/// let user = table("image: {tag: v2, pullPolicy: null}");
/// let defaults = table("image: {tag: v1, pullPolicy: Always, name: web}");
/// let merged = coalesce_tables(&user, &defaults);
/// assert_eq!(yaml::to_json(&chartkit::values::Value::Table(merged.table)), r#"{"image":{"name":"web","tag":"v2"}}"#);
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/common/util/coalesce.go`, `CoalesceTables`.
#[must_use]
pub fn coalesce_tables(dst: &Table, src: &Table) -> Merged {
    merge_two(dst, src, Nulls::Delete)
}

/// Puts `src` under `dst` as [`coalesce_tables`] does, but keeps nulls.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/common/util/coalesce.go`, `MergeTables`.
#[must_use]
pub fn merge_tables(dst: &Table, src: &Table) -> Merged {
    merge_two(dst, src, Nulls::Keep)
}

fn merge_two(dst: &Table, src: &Table, nulls: Nulls) -> Merged {
    let mut graph = Graph::new(true);
    let (dst, src) = (graph.add(dst), graph.add(src));
    let mut walk = Coalesce::new(&mut graph);
    walk.tables(dst, src, nulls);
    let diagnostics = walk.diagnostics;
    Merged {
        table: graph.take(dst),
        diagnostics,
    }
}
