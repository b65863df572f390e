//! Laws that hold for any values; each is a `# Properties` section in the documentation.

use std::sync::Arc;

use chartkit::source::Sources;
use chartkit::values::strvals::{SetKind, apply};
use chartkit::values::{
    Node, Number, Step, Table, Value, ValuePath, coalesce_tables, merge_maps, merge_tables,
};
use chartkit::yaml::{self, EmitStyle};
use proptest::prelude::*;

fn leaf(nulls: bool) -> BoxedStrategy<Value> {
    let some = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|n| Value::Number(Number::Int(n.into()))),
        "[ -~]{0,6}".prop_map(|text| Value::String(Arc::from(text))),
        proptest::collection::vec(any::<bool>(), 0..3).prop_map(|items| Value::List(
            items.into_iter().map(|b| Value::Bool(b).into()).collect()
        )),
    ];
    if nulls {
        prop_oneof![4 => some, 1 => Just(Value::Null)].boxed()
    } else {
        some.boxed()
    }
}

/// Few keys, so that tables meet.
fn table(nulls: bool) -> impl Strategy<Value = Table> {
    let key = "[a-d]";
    let tree = leaf(nulls).prop_recursive(3, 24, 4, move |inner| {
        proptest::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Table(nodes(map)))
    });
    proptest::collection::btree_map(key, tree, 0..4).prop_map(nodes)
}

fn nodes(map: impl IntoIterator<Item = (String, Value)>) -> Table {
    map.into_iter()
        .map(|(key, value)| (Arc::from(key), Node::from(value)))
        .collect()
}

fn json(table: &Table) -> String {
    yaml::to_json(&Value::Table(table.clone()))
}

fn parse(text: &str) -> Table {
    let mut sources = Sources::new();
    let file = sources.add("values.yaml", text.as_bytes());
    match yaml::read(&sources, file).unwrap().node.value {
        Value::Table(table) => table,
        Value::Null => Table::new(),
        other => panic!("{other:?}"),
    }
}

/// Every leaf that is in `upper` is in `merged`.
fn upper_wins(upper: &Table, merged: &Table) {
    for (key, node) in upper {
        match (&node.value, &merged[key].value) {
            (Value::Table(upper), Value::Table(merged)) => upper_wins(upper, merged),
            (upper, merged) => assert_eq!(upper, merged, "{key}"),
        }
    }
}

proptest! {
    #[test]
    fn coalescing_is_idempotent_without_nulls(user in table(false), defaults in table(false)) {
        let once = coalesce_tables(&user, &defaults).table;
        let twice = coalesce_tables(&once, &defaults).table;
        prop_assert_eq!(json(&once), json(&twice));
    }

    #[test]
    fn coalescing_and_merging_agree_without_nulls(user in table(false), defaults in table(false)) {
        let coalesced = coalesce_tables(&user, &defaults).table;
        prop_assert_eq!(json(&coalesced), json(&merge_tables(&user, &defaults).table));
        upper_wins(&user, &coalesced);
    }

    #[test]
    fn later_files_win(a in table(true), b in table(true)) {
        let merged = merge_maps(a, b.clone());
        upper_wins(&b, &merged);
    }

    #[test]
    fn the_same_file_twice_is_the_file_once(a in table(true), b in table(true)) {
        let once = merge_maps(a, b.clone());
        prop_assert_eq!(json(&merge_maps(once.clone(), b)), json(&once));
    }

    #[test]
    fn an_empty_table_changes_nothing(a in table(true)) {
        prop_assert_eq!(json(&merge_maps(a.clone(), Table::new())), json(&a));
        prop_assert_eq!(json(&coalesce_tables(&a, &Table::new()).table), json(&a));
    }

    #[test]
    fn what_was_set_is_found_at_its_path(
        before in table(true),
        keys in proptest::collection::vec("[a-d]", 1..4),
        text in "[a-z ]{1,8}",
    ) {
        let path = ValuePath::from_keys(keys.iter().map(String::as_str));
        let mut sources = Sources::new();
        let argument = sources.add("--set-string", format!("{path}={text}").into_bytes());
        let mut table = before;
        let set = apply(&mut table, SetKind::String, &sources, argument, &mut |_| {
            Err(std::io::ErrorKind::NotFound.into())
        });
        // Setting below something that is no table is refused.
        if set.is_ok() {
            let node = path.find(&table).unwrap();
            prop_assert_eq!(node.value.as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn paths_print_as_they_parse(keys in proptest::collection::vec("[a-z.,=\\[\\]\\\\ ]{1,5}", 1..4), index: u16) {
        let path = ValuePath::from_keys(keys).join(Step::Index(index.into()));
        prop_assert_eq!(path.to_string().parse::<ValuePath>().unwrap(), path);
    }

    #[test]
    fn values_survive_being_written_and_read(table in table(true)) {
        let text = yaml::to_yaml(&Value::Table(table.clone()), EmitStyle::V2);
        prop_assert_eq!(json(&parse(&text)), json(&table));
    }
}

#[test]
fn a_hundred_thousand_layers_are_remembered_and_dropped() {
    let mut sources = Sources::new();
    let mut table = Table::new();
    for _ in 0..100_000 {
        let argument = sources.add("--set", *b"a=1");
        apply(
            &mut table,
            SetKind::Value,
            &sources,
            argument,
            &mut |_| unreachable!(),
        )
        .unwrap();
    }
    assert_eq!(table["a"].contributions().count(), 100_000);
    let merged = coalesce_tables(&table, &parse("a: 0\n")).table;
    assert_eq!(merged["a"].contributions().count(), 100_001);
}
