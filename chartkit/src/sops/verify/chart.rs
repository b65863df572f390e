//! The paths and types of a file against a chart's values: what the file sets must be there to be set.

use std::collections::BTreeSet;

use super::Report;
use crate::diagnostic::{Code, Diagnostic};
use crate::sops::leaf::{self, Leaf};
use crate::sops::status::type_of;
use crate::sops::{EncryptedFile, LeafPath, Step};
use crate::source::{Place, Span};
use crate::yaml::{Table, Value};

/// The section that every chart of a tree sees, whether or not it has defaults for it.
const GLOBAL: &str = "global";

/// The key by which YAML merges another mapping into this one.
const MERGE_KEY: &str = "<<";

pub(super) fn check(file: &EncryptedFile, values: &Table, report: &mut Report) {
    let selection = file.metadata().selection_of_old_file();
    let mut unknown = BTreeSet::new();
    leaf::for_each(file.branches(), &selection, &mut |leaf| {
        let kind = type_of(leaf.content);
        // A null takes a default away, whatever it is.
        if kind == "comment" || kind == "null" {
            return;
        }
        match compare(leaf, class(kind), values) {
            Finding::Fine => {}
            Finding::Unknown { depth, parent } => {
                // Of a section that is not there, the first value speaks for all.
                if unknown.insert(leaf.path.steps()[..depth].to_vec()) {
                    report_unknown(leaf, depth, parent, report);
                }
            }
            Finding::Type {
                found,
                expected,
                place,
            } => report_type(leaf, found, expected, place, report),
        }
    });
}

enum Finding {
    Fine,
    Unknown {
        /// How many steps lead to what is not there.
        depth: usize,
        parent: Option<Place>,
    },
    Type {
        found: &'static str,
        expected: &'static str,
        place: Option<Place>,
    },
}

/// The type that Helm makes of a type word.
fn class(kind: &'static str) -> &'static str {
    match kind {
        "str" | "time" => "string",
        "int" | "float" => "number",
        other => other,
    }
}

fn compare(leaf: &Leaf<'_>, kind: &'static str, values: &Table) -> Finding {
    let steps = leaf.path.steps();
    let mut table = values;
    let mut parent = None;
    for (index, step) in steps.iter().enumerate() {
        let Step::Key(key) = step else {
            // Lists are replaced as a whole: what is in one is free.
            return Finding::Fine;
        };
        if key == MERGE_KEY {
            continue;
        }
        let Some(node) = table.get(key.as_str()) else {
            // An empty table is there to be filled.
            let is_open = index > 0 && table.is_empty();
            let is_global = matches!(&steps[0], Step::Key(first) if first == GLOBAL);
            return if is_open || is_global {
                Finding::Fine
            } else {
                Finding::Unknown {
                    depth: index + 1,
                    parent,
                }
            };
        };
        let wanted = match steps.get(index + 1) {
            Some(Step::Key(_)) => "table",
            Some(Step::Index(_)) => "list",
            None => kind,
        };
        let expected = node.value.type_name();
        if expected == "null" {
            return Finding::Fine;
        }
        if wanted != expected && wanted != "unknown" {
            return Finding::Type {
                found: wanted,
                expected,
                place: node.place,
            };
        }
        parent = node.place;
        if let Value::Table(inner) = &node.value {
            table = inner;
        }
    }
    Finding::Fine
}

fn report_unknown(leaf: &Leaf<'_>, depth: usize, parent: Option<Place>, report: &mut Report) {
    let mut path = LeafPath::of_document(leaf.path.document());
    for step in &leaf.path.steps()[..depth] {
        path.push(step.clone());
    }
    let message = format!("the chart has no value `{}`", path.steps_text());
    let mut diagnostic =
        Diagnostic::warning(Code::UnknownSecretPath, message).at(report.file, leaf.span(), "");
    if let Some(place) = parent {
        diagnostic = diagnostic.at(place.file, key_of(place), "the section that it would be in");
    }
    report
        .add(diagnostic.help("correct the path, or give it a default in the chart's values.yaml"));
}

fn report_type(
    leaf: &Leaf<'_>,
    found: &str,
    expected: &str,
    place: Option<Place>,
    report: &mut Report,
) {
    let message = format!(
        "`{}` makes a {found} of what is a {expected} in the chart's values",
        leaf.path.steps_text()
    );
    let mut diagnostic =
        Diagnostic::error(Code::SecretType, message).at(report.file, leaf.span(), "");
    if let Some(place) = place {
        diagnostic = diagnostic.at(place.file, key_of(place), "the chart's value");
    }
    report.add(diagnostic.help("the chart's templates expect the type of the default"));
}

/// The key of a place; the value may be long.
fn key_of(place: Place) -> Span {
    Span {
        start: place.entry,
        end: place.value.start.max(place.entry),
    }
}
