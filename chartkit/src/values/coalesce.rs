//! How chart defaults go under the values of users: Helm's coalesce family.
//!
//! Two variants of one walk. *Coalesce* gives the values that templates see and lets a null delete;
//! *merge* keeps every null, for steps that coalesce again later. Knows no charts, only
//! [`Scope`]s: a name, defaults and children.
//!
//! The rules are those of Helm v4.2.4, `pkg/chart/common/util/coalesce.go`; the functions here keep
//! its names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::graph::{Graph, Slot, TableId};
use super::path::ValuePath;
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::Node;

/// The key whose table every chart shares with its subcharts.
pub(crate) const GLOBAL: &str = "global";

/// A chart as coalescing sees it.
pub(crate) trait Scope: Sized {
    /// The key of its section in the parent's values.
    fn name(&self) -> &Arc<str>;
    /// Its own defaults; never changed.
    fn defaults(&self) -> Option<TableId>;
    /// Its subcharts.
    fn children(&self) -> &[Self];
}

/// Whether nulls delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// A null removes the default under it (Helm's `CoalesceValues`, `CoalesceTables`).
    Delete,
    /// Nulls are kept (Helm's `MergeValues`, `MergeTables`).
    Keep,
}

/// A key that a null removed from the result.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) path: ValuePath,
    pub(crate) null: Arc<Node>,
}

/// A subchart's section that is no table.
#[derive(Debug)]
pub(crate) struct TypeMismatch {
    pub(crate) path: ValuePath,
    pub(crate) found: Slot,
}

/// One walk over the scopes: the tables, where the walk is and what it noticed.
pub(crate) struct Coalesce<'g> {
    pub(crate) graph: &'g mut Graph,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) deletions: Vec<Deletion>,
    path: Vec<Arc<str>>,
    /// Tables made before this mark of the graph are others': they are copied before a change.
    ///
    /// Helm copies all values before each walk, which takes quadratic time where each subchart has
    /// a walk of its own.
    others: usize,
}

impl<'g> Coalesce<'g> {
    pub(crate) fn new(graph: &'g mut Graph) -> Self {
        Self {
            graph,
            diagnostics: Vec::new(),
            deletions: Vec::new(),
            path: Vec::new(),
            others: 0,
        }
    }

    /// `values` over the defaults of `scope` and its children (Helm's `CoalesceValues` and
    /// `MergeValues`).
    ///
    /// `values` and all other tables stay as they are; the result may share inner ones with them.
    /// [`Coalesce::own_inner`] ends that.
    pub(crate) fn values<S: Scope>(
        &mut self,
        scope: &S,
        values: Option<TableId>,
        nulls: Nulls,
    ) -> Result<TableId, TypeMismatch> {
        self.others = self.graph.mark();
        let values = match values {
            Some(id) => self.graph.shallow_copy(id),
            None => self.graph.insert_table(BTreeMap::new()),
        };
        self.scope(scope, values, nulls)?;
        Ok(values)
    }

    /// [`Coalesce::values`] in `values` itself; tables inside of it stay as they are.
    pub(crate) fn values_in_place<S: Scope>(
        &mut self,
        scope: &S,
        values: TableId,
        nulls: Nulls,
    ) -> Result<(), TypeMismatch> {
        self.others = self.graph.mark();
        self.scope(scope, values, nulls)
    }

    fn scope<S: Scope>(
        &mut self,
        scope: &S,
        values: TableId,
        nulls: Nulls,
    ) -> Result<(), TypeMismatch> {
        self.own_values(scope, values, nulls);
        for child in scope.children() {
            let key = child.name();
            if !self.graph.table(values).contains_key(key) {
                self.graph.insert_empty(values, Arc::clone(key));
            }
            let Some(section) = self.own(values, key) else {
                return Err(TypeMismatch {
                    path: self.at(key),
                    found: self.graph.table(values)[key].clone(),
                });
            };
            self.path.push(Arc::clone(key));
            self.globals(section, values);
            self.scope(child, section, nulls)?;
            self.path.pop();
        }
        Ok(())
    }

    /// Helm's `coalesceValues`.
    fn own_values<S: Scope>(&mut self, scope: &S, values: TableId, nulls: Nulls) {
        let Some(defaults) = scope.defaults() else {
            return;
        };
        let sections: BTreeSet<_> = scope.children().iter().map(Scope::name).collect();
        for (key, mut default) in self.graph.entries(defaults) {
            let Some(slot) = self.graph.table(values).get(&key).cloned() else {
                if nulls == Nulls::Delete {
                    if default.is_null() {
                        continue;
                    }
                    self.remove_nulls(&mut default);
                }
                self.graph.set(values, key, default);
                continue;
            };
            if slot.is_null() && nulls == Nulls::Delete {
                self.delete(values, &key, slot, &default);
                continue;
            }
            // A subchart's section keeps its nulls: the subchart's own turn comes later.
            let nulls = if sections.contains(&key) {
                Nulls::Keep
            } else {
                nulls
            };
            if slot.as_table().is_none() {
                // Helm says nothing here, even where a whole table is lost.
                self.set_over(values, key, slot, &default);
                continue;
            }
            if nulls == Nulls::Delete {
                self.remove_nulls(&mut default);
            }
            self.meet(values, key, slot, &default, nulls);
        }
    }

    /// Helm's `coalesceTablesFullKey`: `src` goes under `dst`, which is ours to change.
    pub(crate) fn tables(&mut self, dst: TableId, src: TableId, nulls: Nulls) {
        let lower = self.graph.entries(src);
        // Helm writes the upper nulls into the lower table, where a shared one can see them. Whether
        // a default is deleted depends on what the lower table held before. Nobody would see them
        // in a copy made for us alone.
        if self.is_ours(src) {
            let upper_nulls: Vec<_> = (self.graph.table(dst).iter())
                .filter(|(_, slot)| slot.is_null())
                .map(|(key, slot)| (Arc::clone(key), slot.clone()))
                .collect();
            for (key, null) in upper_nulls {
                self.graph.set(src, key, null);
            }
        }
        for (key, default) in lower {
            let Some(slot) = self.graph.table(dst).get(&key).cloned() else {
                self.graph.set(dst, key, default);
                continue;
            };
            if slot.is_null() {
                if nulls == Nulls::Delete && !default.is_null() {
                    self.delete(dst, &key, slot, &default);
                } else {
                    self.set_over(dst, key, slot, &default);
                }
                continue;
            }
            if slot.as_table().is_none() && default.as_table().is_some() {
                self.warn_table_loses(&key, &slot, &default);
            }
            self.meet(dst, key, slot, &default, nulls);
        }
    }

    /// A value that is there meets its default: tables are merged, anything else hides the default.
    fn meet(&mut self, dst: TableId, key: Arc<str>, slot: Slot, default: &Slot, nulls: Nulls) {
        match (self.own(dst, &key), default.as_table()) {
            (Some(table), Some(lower)) => {
                self.path.push(key);
                self.tables(table, lower, nulls);
                self.path.pop();
            }
            (Some(_), None) if default.is_null() => {}
            (Some(_), None) => {
                self.warn_table_wins(&key, &slot, default);
                self.set_over(dst, key, slot, default);
            }
            (None, _) => self.set_over(dst, key, slot, default),
        }
    }

    /// Helm's `coalesceGlobals`: hands the parent's globals to a child.
    ///
    /// The parent's tables are copied one level deep only, so from the third level on parent and
    /// child share them, and what the child adds there shows in the parent too. Helm does so;
    /// see docs/compatibility.md.
    fn globals(&mut self, child: TableId, parent: TableId) {
        let globals = match self.graph.table(child).get(GLOBAL).cloned() {
            None => None,
            Some(slot) => {
                let globals = self.own(child, GLOBAL);
                if globals.is_none() {
                    self.warn_globals_skipped(&slot, "of the subchart");
                    return;
                }
                globals
            }
        };
        let entries = match self.graph.table(parent).get(GLOBAL).cloned() {
            None => Vec::new(),
            Some(slot) => {
                let Some(table) = self.own(parent, GLOBAL) else {
                    self.warn_globals_skipped(&slot, "of the parent");
                    return;
                };
                // Only what is ours can be shared: a copy made later would be another one for each.
                self.own_inner(table);
                self.graph.entries(table)
            }
        };
        let globals = globals.unwrap_or_else(|| self.graph.insert_empty(child, Arc::from(GLOBAL)));
        for (key, upper) in entries {
            let lower = self.graph.table(globals).get(&key).cloned();
            let slot = match (&upper, lower) {
                (Slot::Table { id, place, below }, lower) => {
                    if let Some(Slot::Leaf(_)) = lower {
                        self.warn_global_conflict(&key, &upper, lower.as_ref());
                        continue;
                    }
                    let copy = self.graph.shallow_copy(*id);
                    if let Some(lower) = lower.as_ref().and_then(Slot::as_table) {
                        self.path.extend([Arc::from(GLOBAL), Arc::clone(&key)]);
                        self.tables(copy, lower, Nulls::Keep);
                        self.path.truncate(self.path.len() - 2);
                    }
                    Slot::Table {
                        id: copy,
                        place: *place,
                        below: below.clone(),
                    }
                }
                (Slot::Leaf(_), Some(Slot::Table { .. })) => {
                    let lower = self.graph.table(globals).get(&key).cloned();
                    self.warn_global_conflict(&key, &upper, lower.as_ref());
                    continue;
                }
                (Slot::Leaf(_), Some(lower)) => self.graph.over(upper, &lower),
                (Slot::Leaf(_), None) => upper,
            };
            self.graph.set(globals, key, slot);
        }
    }

    /// Helm's `cleanNilValues`: nulls among defaults mean nothing.
    fn remove_nulls(&mut self, slot: &mut Slot) {
        if let Slot::Table { id, .. } = slot
            && self.graph.has_nulls(*id)
        {
            *id = self.graph.copy_without_nulls(*id);
        }
    }

    fn is_ours(&self, table: TableId) -> bool {
        table.is_since(self.others)
    }

    /// The table at a key of a table of ours, which becomes ours too.
    fn own(&mut self, table: TableId, key: &str) -> Option<TableId> {
        let (key, slot) = self.graph.table(table).get_key_value(key)?;
        let inner = slot.as_table()?;
        if self.is_ours(inner) {
            return Some(inner);
        }
        let (key, mut slot) = (Arc::clone(key), slot.clone());
        let copy = self.graph.shallow_copy(inner);
        if let Slot::Table { id, .. } = &mut slot {
            *id = copy;
        }
        self.graph.set(table, key, slot);
        Some(copy)
    }

    /// Makes all tables inside of one of ours ours, too.
    pub(crate) fn own_inner(&mut self, table: TableId) {
        let entries = self.graph.table(table).iter();
        let inner = entries.filter(|(_, slot)| slot.as_table().is_some());
        let keys: Vec<_> = inner.map(|(key, _)| Arc::clone(key)).collect();
        for key in keys {
            if let Some(inner) = self.own(table, &key) {
                self.own_inner(inner);
            }
        }
    }

    fn set_over(&mut self, table: TableId, key: Arc<str>, winner: Slot, loser: &Slot) {
        let slot = self.graph.over(winner, loser);
        self.graph.set(table, key, slot);
    }

    fn delete(&mut self, table: TableId, key: &Arc<str>, null: Slot, default: &Slot) {
        self.graph.remove(table, key);
        if let Slot::Leaf(null) = self.graph.over(null, default) {
            let path = self.at(key);
            self.deletions.push(Deletion { path, null });
        }
    }

    fn at(&self, key: &Arc<str>) -> ValuePath {
        ValuePath::from_keys(self.path.iter().chain([key]).cloned())
    }

    fn warn_table_wins(&mut self, key: &Arc<str>, table: &Slot, default: &Slot) {
        let message = format!(
            "`{}` is a table here but its default is a {}; the default is ignored",
            self.at(key),
            default.type_name(),
        );
        self.warn(message, [(table, "a table"), (default, "the default")]);
    }

    fn warn_table_loses(&mut self, key: &Arc<str>, value: &Slot, default: &Slot) {
        let message = format!(
            "`{}` is a {} here but its default is a table; the whole table is lost",
            self.at(key),
            value.type_name(),
        );
        self.warn(message, [(value, "no table"), (default, "the default")]);
    }

    fn warn_globals_skipped(&mut self, found: &Slot, whose: &str) {
        let message = format!(
            "`{}` {whose} is a {}, not a table; the parent's globals are not handed down",
            self.at(&Arc::from(GLOBAL)),
            found.type_name(),
        );
        self.warn(message, [(found, "no table")]);
    }

    fn warn_global_conflict(&mut self, key: &Arc<str>, upper: &Slot, lower: Option<&Slot>) {
        self.path.push(Arc::from(GLOBAL));
        let message = format!(
            "`{}` is a {} in the parent but a {} in the subchart; the subchart keeps its own",
            self.at(key),
            upper.type_name(),
            lower.map_or("table", Slot::type_name),
        );
        self.path.pop();
        let labels = [
            Some((upper, "the parent's")),
            lower.map(|l| (l, "the subchart's")),
        ];
        self.warn(message, labels.into_iter().flatten());
    }

    fn warn<'s>(&mut self, message: String, labels: impl IntoIterator<Item = (&'s Slot, &'s str)>) {
        let diagnostic = Diagnostic::warning(Code::TypeConflict, message);
        let places = labels
            .into_iter()
            .filter_map(|(slot, text)| Some((slot.place()?, text)));
        let diagnostic = places.fold(diagnostic, |d, (place, text)| d.at_place(place, text));
        self.diagnostics.push(diagnostic);
    }
}
