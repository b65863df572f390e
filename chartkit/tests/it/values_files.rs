//! Values files, against what Helm's `LoadValues` said.

use std::collections::BTreeMap;

use chartkit::source::Sources;
use chartkit::values;
use chartkit::yaml::{self, Node, Table, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{assert_as_helm, fixture};

/// Each character of the case is one byte.
fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

#[test]
fn values_are_those_of_helm() {
    let cases: BTreeMap<String, String> =
        serde_json::from_str(&fixture("values-files/cases.json")).unwrap();
    let want: BTreeMap<String, Json> =
        serde_json::from_str(&fixture("values-files/want.json")).unwrap();
    let compared = cases.into_iter().map(|(name, text)| {
        let mut sources = Sources::new();
        let file = sources.add("values.yaml", bytes(&text));
        let mut want = want[&name].clone();
        let ours = match values::load(&mut sources, file) {
            Ok(loaded) => {
                // The recorder leaves empty values out.
                let object = want.as_object_mut().unwrap();
                if !object.contains_key("error") {
                    object.entry("values").or_insert_with(|| json!({}));
                }
                let values = yaml::to_json(&Value::Table(loaded.table));
                json!({ "values": serde_json::from_str::<Json>(&values).unwrap() })
            }
            // In other words: Helm's are those of its libraries.
            Err(_) if want.get("error").is_some() => want.clone(),
            Err(error) => json!({ "error": error.to_string() }),
        };
        (name, ours, want)
    });
    assert_as_helm(compared, &[]);
}

#[test]
fn errors_name_the_line_and_no_value() {
    let mut sources = Sources::new();
    let mut error = |text: &str| {
        let file = sources.add("values.yaml", text.as_bytes());
        let error = values::load(&mut sources, file).unwrap_err();
        let (file, span) = error.location();
        let text = crate::chart::chain(&error);
        assert!(!text.contains("hunter2"), "{text}");
        (
            error.kind(),
            sources.position(file, span.start).line,
            error.to_string(),
        )
    };
    assert_eq!(
        error("a: 1\n---\nb: 2\n--- hunter2\n"),
        (
            values::LoadErrorKind::Separator,
            4,
            "text behind the document separator `---`, expected a comment or nothing".into()
        )
    );
    assert_eq!(
        error("a: 1\n---\n# x\nhunter2\n"),
        (
            values::LoadErrorKind::NotATable,
            4,
            "values are a string, expected a table".into()
        )
    );
    let (kind, line, _) = error("a: 1\n---\nb: 2\nc: [hunter2\n");
    assert_eq!((kind, line), (values::LoadErrorKind::Syntax, 4));
}

#[test]
fn a_replaced_value_stays_below() {
    let mut sources = Sources::new();
    let text = "a: {b: 1, c: 1}\n---\na: {b: null}\n---\na: {b: [3]}\n---\na: 4\n---\na: {b: 5}\n";
    let file = sources.add("values.yaml", text.as_bytes());
    let table = values::load(&mut sources, file).unwrap().table;
    let lines = |node: &Node| {
        let places = node.contributions().filter_map(|node| node.place);
        let lines = places.map(|place| sources.position(place.file, place.entry).line);
        lines.collect::<Vec<_>>()
    };
    let a = &table["a"];
    assert_eq!(lines(a), [9, 7, 5]);
    let below = a.contributions().nth(2).unwrap();
    let b = &below.value.as_table().unwrap()["b"];
    assert_eq!(lines(b), [5, 3, 1]);
}

#[test]
fn a_hundred_thousand_documents_are_merged_and_dropped() {
    let mut sources = Sources::new();
    let file = sources.add("values.yaml", "a: 1\n---\n".repeat(100_000).into_bytes());
    let table = values::load(&mut sources, file).unwrap().table;
    assert_eq!(table["a"].contributions().count(), 100_000);
}

fn table() -> impl Strategy<Value = Table> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        "[a-c]".prop_map(|text| Value::String(text.into())),
        Just(Value::List(Vec::new())),
    ];
    let value = leaf.prop_recursive(4, 32, 4, |inner| {
        let entries = prop::collection::btree_map("[a-d]", inner, 0..4);
        entries.prop_map(|entries| {
            let entries = entries.into_iter();
            Value::Table(entries.map(|(k, v)| (k.into(), Node::from(v))).collect())
        })
    });
    prop::collection::btree_map("[a-d]", value, 0..4).prop_map(|entries| {
        entries
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect()
    })
}

proptest! {
    #[test]
    fn the_later_file_wins(a in table(), b in table()) {
        let merged = values::merge_maps(a.clone(), b.clone());
        for (key, node) in &b {
            let is_table = node.value.as_table().is_some();
            prop_assert!(is_table || merged[key].value == node.value);
        }
        prop_assert!(a.keys().chain(b.keys()).all(|key| merged.contains_key(key)));
        let twice = values::merge_maps(merged.clone(), b);
        let json = |table| yaml::to_json(&Value::Table(table));
        prop_assert_eq!(json(twice), json(merged));
    }

    #[test]
    fn nothing_changes_nothing(a in table()) {
        prop_assert_eq!(values::merge_maps(a.clone(), Table::new()), a.clone());
        prop_assert_eq!(values::merge_maps(Table::new(), a.clone()), a);
    }
}
