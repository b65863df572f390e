//! The plain deep merge: a later file over an earlier one.

use std::collections::btree_map::Entry;

use crate::yaml::{Node, Table, Value};

/// The tables merged, `src` over `dst`.
///
/// Tables are merged key by key. Anything else of `src`, null included, takes the place of what
/// `dst` had, which stays visible in [`Node::below`]. Coalescing a chart's values with a user's is
/// another function: there, null deletes.
///
/// # Properties
///
/// Merging an empty table changes nothing, and merging the same table twice is merging it once. Not
/// associative: a scalar between two tables of the same key hides the first one.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/loader/load.go`, `MergeMaps`.
#[must_use]
pub fn merge_maps(mut dst: Table, src: Table) -> Table {
    for (key, node) in src {
        match dst.entry(key) {
            Entry::Vacant(free) => {
                free.insert(node);
            }
            Entry::Occupied(mut taken) => {
                let lower = std::mem::replace(taken.get_mut(), Value::Null.into());
                *taken.get_mut() = merge_nodes(lower, node);
            }
        }
    }
    dst
}

fn merge_nodes(mut lower: Node, mut upper: Node) -> Node {
    match (&mut lower.value, upper.value) {
        (Value::Table(below), Value::Table(above)) => {
            // Two tables are merged, not replaced: only what the lower one replaced is history.
            upper.value = Value::Table(merge_maps(std::mem::take(below), above));
            match lower.below.into_latest() {
                Some(replaced) => upper.over(replaced),
                None => upper,
            }
        }
        (_, value) => {
            upper.value = value;
            upper.replacing(lower)
        }
    }
}
