//! Tables with identity, as Go's maps have it.
//!
//! Helm merges maps in place, and some of its results depend on two maps sharing an inner one
//! (nested globals: see `coalesce_globals`). An owned tree cannot say that, so merging works on
//! tables that are named by number; the outcome is taken out as an owned [`Table`] at the end.
//!
//! A merge never drops what loses: the loser goes to the bottom of the winner's history
//! ([`Node::below`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::Place;
use crate::yaml::{History, Node, Table, Value};

/// Names one table of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableId(u32);

impl TableId {
    /// Whether the table was made since a [`Graph::mark`].
    pub(crate) fn is_since(self, mark: usize) -> bool {
        self.0 as usize >= mark
    }
}

/// What a key of a table holds.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// Anything but a table. Lists are leaves: no merge looks into them.
    Leaf(Arc<Node>),
    /// A table, the place where it was first written and what it replaced.
    Table {
        id: TableId,
        place: Option<Place>,
        below: History,
    },
}

impl Slot {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(node) if node.value.is_null())
    }

    pub(crate) fn as_table(&self) -> Option<TableId> {
        match self {
            Self::Table { id, .. } => Some(*id),
            Self::Leaf(_) => None,
        }
    }

    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::Leaf(node) => node.place,
            Self::Table { place, .. } => *place,
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Leaf(node) => node.value.type_name(),
            Self::Table { .. } => "table",
        }
    }
}

/// A moment to go back to: see [`Graph::checkpoint`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint {
    older: usize,
    replaced: usize,
}

/// A growing set of tables.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    tables: Vec<BTreeMap<Arc<str>, Slot>>,
    /// How many tables there were at the last checkpoint.
    older: usize,
    /// What the entries of these older tables were before each change.
    replaced: Vec<(TableId, Arc<str>, Option<Slot>)>,
    /// Whether losers are kept; without it a merge only yields values.
    history: bool,
}

impl Graph {
    pub(crate) fn new(history: bool) -> Self {
        Self {
            tables: Vec::new(),
            older: 0,
            replaced: Vec::new(),
            history,
        }
    }

    pub(crate) fn table(&self, id: TableId) -> &BTreeMap<Arc<str>, Slot> {
        &self.tables[id.0 as usize]
    }

    pub(crate) fn set(&mut self, table: TableId, key: Arc<str>, slot: Slot) {
        let entries = &mut self.tables[table.0 as usize];
        if table.is_since(self.older) {
            entries.insert(key, slot);
        } else {
            let before = entries.insert(Arc::clone(&key), slot);
            self.replaced.push((table, key, before));
        }
    }

    pub(crate) fn remove(&mut self, table: TableId, key: &Arc<str>) {
        let before = self.tables[table.0 as usize].remove(key);
        if !table.is_since(self.older) {
            self.replaced.push((table, Arc::clone(key), before));
        }
    }

    /// The entries as they are now, for loops that change tables.
    pub(crate) fn entries(&self, id: TableId) -> Vec<(Arc<str>, Slot)> {
        let entries = self.table(id).iter();
        entries.map(|(k, v)| (Arc::clone(k), v.clone())).collect()
    }

    pub(crate) fn insert_table(&mut self, entries: BTreeMap<Arc<str>, Slot>) -> TableId {
        let id = u32::try_from(self.tables.len()).expect("fewer than 2^32 tables fit into memory");
        self.tables.push(entries);
        TableId(id)
    }

    /// A new table under a key of another.
    pub(crate) fn insert_empty(&mut self, table: TableId, key: Arc<str>) -> TableId {
        let id = self.insert_table(BTreeMap::new());
        let slot = Slot::Table {
            id,
            place: None,
            below: History::default(),
        };
        self.set(table, key, slot);
        id
    }

    /// How many tables there are, for [`TableId::is_since`].
    pub(crate) fn mark(&self) -> usize {
        self.tables.len()
    }

    /// Remembers everything as it is now, for [`Graph::roll_back`]. Takes no copy: what changes until then is
    /// noted as it changes.
    pub(crate) fn checkpoint(&mut self) -> Checkpoint {
        let checkpoint = Checkpoint {
            older: self.older,
            replaced: self.replaced.len(),
        };
        self.older = self.tables.len();
        checkpoint
    }

    /// Undoes what was done since the last checkpoint, which this is; the caller keeps no ids of tables made
    /// since.
    pub(crate) fn roll_back(&mut self, checkpoint: Checkpoint) {
        for (table, key, before) in self.replaced.drain(checkpoint.replaced..).rev() {
            let entries = &mut self.tables[table.0 as usize];
            match before {
                Some(slot) => entries.insert(key, slot),
                None => entries.remove(&key),
            };
        }
        self.tables.truncate(self.older);
        self.older = checkpoint.older;
    }

    pub(crate) fn add(&mut self, table: &Table) -> TableId {
        let mut entries = BTreeMap::new();
        for (key, node) in table {
            let slot = self.add_node(node);
            entries.insert(Arc::clone(key), slot);
        }
        self.insert_table(entries)
    }

    fn add_node(&mut self, node: &Node) -> Slot {
        match &node.value {
            Value::Table(table) => Slot::Table {
                id: self.add(table),
                place: node.place,
                below: node.below.clone(),
            },
            _ => Slot::Leaf(Arc::new(node.clone())),
        }
    }

    /// The owned tree below a table.
    pub(crate) fn take(&self, id: TableId) -> Table {
        let entries = self.table(id).iter();
        entries
            .map(|(key, slot)| (Arc::clone(key), self.node(slot)))
            .collect()
    }

    fn node(&self, slot: &Slot) -> Node {
        match slot {
            Slot::Leaf(node) => Node::clone(node),
            Slot::Table { id, place, below } => Node {
                value: Value::Table(self.take(*id)),
                place: *place,
                below: below.clone(),
            },
        }
    }

    /// A copy that shares no table with the original (Helm's `copystructure.Copy`).
    pub(crate) fn deep_copy(&mut self, id: TableId) -> TableId {
        let mut entries = self.table(id).clone();
        for slot in entries.values_mut() {
            if let Slot::Table { id, .. } = slot {
                *id = self.deep_copy(*id);
            }
        }
        self.insert_table(entries)
    }

    /// Whether there is a null in the table or in one inside of it.
    pub(crate) fn has_nulls(&self, id: TableId) -> bool {
        let has_nulls = |slot: &Slot| match slot {
            Slot::Leaf(node) => node.value.is_null(),
            Slot::Table { id, .. } => self.has_nulls(*id),
        };
        self.table(id).values().any(has_nulls)
    }

    /// A copy that shares no table with the original and has no nulls.
    pub(crate) fn copy_without_nulls(&mut self, id: TableId) -> TableId {
        let mut entries = self.table(id).clone();
        entries.retain(|_, slot| !slot.is_null());
        for slot in entries.values_mut() {
            if let Slot::Table { id, .. } = slot {
                *id = self.copy_without_nulls(*id);
            }
        }
        self.insert_table(entries)
    }

    /// A copy of the top level only; inner tables are shared (Helm's `copyMap`).
    pub(crate) fn shallow_copy(&mut self, id: TableId) -> TableId {
        let entries = self.table(id).clone();
        self.insert_table(entries)
    }

    /// `winner` with `loser` at the bottom of its history.
    pub(crate) fn over(&self, winner: Slot, loser: &Slot) -> Slot {
        if !self.history {
            return winner;
        }
        match winner {
            Slot::Leaf(node) => match loser {
                Slot::Leaf(lower) if Arc::ptr_eq(&node, lower) => Slot::Leaf(node),
                _ => Slot::Leaf(Arc::new(Node::clone(&node).over(self.shared_node(loser)))),
            },
            // Two tables are merged, not replaced: only what is no table is worth remembering.
            Slot::Table { id, place, below } => {
                let Slot::Leaf(lower) = loser else {
                    return Slot::Table { id, place, below };
                };
                let head = Node {
                    value: Value::Table(Table::new()),
                    place,
                    below,
                };
                let below = head.over(Arc::clone(lower)).below;
                Slot::Table { id, place, below }
            }
        }
    }

    fn shared_node(&self, slot: &Slot) -> Arc<Node> {
        match slot {
            Slot::Leaf(node) => Arc::clone(node),
            Slot::Table { .. } => Arc::new(self.node(slot)),
        }
    }

    /// The table at the end of a path of keys (Helm's `Values.Table`, given the split path).
    pub(crate) fn table_at<'k>(
        &self,
        id: TableId,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Option<TableId> {
        let mut keys = keys.into_iter();
        keys.try_fold(id, |id, key| self.table(id).get(key)?.as_table())
    }

    /// Whatever is at the end of a path of keys.
    pub(crate) fn slot_at<'k>(
        &self,
        id: TableId,
        mut keys: impl DoubleEndedIterator<Item = &'k str>,
    ) -> Option<&Slot> {
        let last = keys.next_back()?;
        self.table(self.table_at(id, keys)?).get(last)
    }

    /// Anything but a table at the end of a dotted path (Helm's `Values.PathValue`).
    pub(crate) fn path_value(&self, id: TableId, path: &str) -> Option<&Arc<Node>> {
        match self.slot_at(id, path.split('.'))? {
            Slot::Leaf(node) => Some(node),
            Slot::Table { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolling_back_undoes_changes_of_older_tables_and_forgets_newer_ones() {
        let key = |text: &str| Arc::<str>::from(text);
        let leaf = |text: &str| Slot::Leaf(Arc::new(Value::String(key(text)).into()));
        let mut graph = Graph::new(true);
        let table = graph.insert_table(BTreeMap::from([
            (key("kept"), leaf("old")),
            (key("removed"), leaf("old")),
        ]));
        let before = graph.take(table);

        let outer = graph.checkpoint();
        graph.set(table, key("kept"), leaf("outer"));
        let newer = graph.insert_empty(table, key("added"));
        let between = graph.take(table);
        let inner = graph.checkpoint();
        graph.set(table, key("kept"), leaf("inner"));
        graph.remove(table, &key("removed"));
        graph.set(newer, key("deep"), leaf("inner"));
        graph.set(table, key("kept"), leaf("inner again"));
        assert_ne!(graph.take(table), between);

        graph.roll_back(inner);
        assert_eq!(graph.take(table), between);
        graph.roll_back(outer);
        assert_eq!(graph.take(table), before);
        assert_eq!(graph.mark(), 1);
    }
}
