//! The `--set` family against Helm v4.2.4; see `fixtures/strvals/README.md`.

use std::error::Error;
use std::io;
use std::sync::Arc;

use chartkit::source::Sources;
use chartkit::values::strvals::{SetError, SetErrorKind, SetKind, apply};
use chartkit::yaml::{Node, Number, Table, Value};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{fixture, random_table};

#[derive(Deserialize)]
struct Case {
    start: Option<Json>,
    set: Vec<(String, String)>,
    want: Option<Json>,
    error: Option<String>,
}

fn kind(flag: &str) -> SetKind {
    use SetKind::{File, Json, Literal, String, Value};
    let kinds = [Json, Value, String, File, Literal];
    let kind = kinds.into_iter().find(|kind| kind.flag() == flag);
    kind.unwrap_or_else(|| panic!("no flag {flag}"))
}

fn from_json(json: &Json) -> Node {
    Node::from(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => Value::Number(Number::Float(n.as_f64().expect("a float64"))),
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(entries) => Value::Table(table(entries)),
    })
}

fn table(entries: &serde_json::Map<String, Json>) -> Table {
    let entries = entries.iter();
    entries
        .map(|(key, value)| (key.as_str().into(), from_json(value)))
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of JSON are float64 to Helm"
)]
fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Number(Number::Set(n)) => json!({ "$int64": n }),
        Value::Number(Number::Int(n)) => json!(*n as f64),
        Value::Number(Number::UInt(n)) => json!(*n as f64),
        Value::Number(Number::Float(n)) => json!(n),
        Value::String(text) => json!(**text),
        Value::Secret(_) => unreachable!("arguments are no secrets"),
        Value::List(items) => items.iter().map(|item| to_json(&item.value)).collect(),
        Value::Table(table) => table_to_json(table),
    }
}

fn table_to_json(table: &Table) -> Json {
    let entries = table.iter();
    entries
        .map(|(key, node)| (key.to_string(), to_json(&node.value)))
        .collect()
}

/// The same numbers as float64, apart from those marked as int64.
fn floats(json: Json) -> Json {
    match json {
        Json::Number(n) => json!(n.as_f64()),
        Json::Array(items) => items.into_iter().map(floats).collect(),
        Json::Object(entries) if entries.contains_key("$int64") => Json::Object(entries),
        Json::Object(entries) => entries.into_iter().map(|(k, v)| (k, floats(v))).collect(),
        other => other,
    }
}

fn read(name: &str) -> io::Result<Arc<str>> {
    if name.starts_with("missing") {
        return Err(io::Error::other(format!("no {name}")));
    }
    Ok(format!("content of {name}").into())
}

fn set(table: &mut Table, arguments: &[(SetKind, &str)]) -> Result<(), SetError> {
    let mut sources = Sources::new();
    for (kind, text) in arguments {
        let argument = sources.add(kind.flag(), text.as_bytes());
        apply(table, *kind, &sources, argument, &mut read)?;
    }
    Ok(())
}

/// The text in which the recorder describes errors.
fn describe(error: &SetError) -> String {
    match error.kind() {
        SetErrorKind::InvalidJson => "invalid JSON".to_owned(),
        SetErrorKind::UnreadableFile => error.source().map(ToString::to_string).unwrap_or_default(),
        _ => error.to_string(),
    }
}

fn compare(text: &str) {
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let mut values = Table::new();
        if let Some(Json::Object(entries)) = &case.start {
            values = table(entries);
        }
        let arguments = case.set.iter();
        let arguments: Vec<_> = arguments
            .map(|(flag, text)| (kind(flag), text.as_str()))
            .collect();
        match set(&mut values, &arguments) {
            Ok(()) => {
                assert_eq!(case.error, None, "{line}");
                let want = case.want.map_or_else(|| json!({}), floats);
                // As texts, so that -0 and 0 are different.
                assert_eq!(
                    table_to_json(&values).to_string(),
                    want.to_string(),
                    "{line}"
                );
            }
            Err(error) => assert_eq!(Some(describe(&error)), case.error, "{line}"),
        }
    }
}

#[test]
fn values_are_set_as_recorded() {
    let table = fixture("strvals/want.jsonl");
    assert!(table.lines().count() > 300);
    compare(&table);
}

#[test]
#[ignore = "needs a table of random cases from fixtures/record/strvals"]
fn random_values_are_set_as_recorded() {
    compare(&random_table("STRVALS_TABLE"));
}

/// The part of the argument that a place covers, and of that the value.
fn written<'a>(sources: &'a Sources, node: &Node) -> (&'a str, &'a str, &'a str) {
    let place = node.place.expect("the argument has written it");
    let text = std::str::from_utf8(sources.text(place.file)).unwrap();
    let at = |span: chartkit::source::Span| &text[span.start as usize..span.end as usize];
    (sources.name(place.file), at(place.span()), at(place.value))
}

fn find<'a>(table: &'a Table, path: &[&str]) -> &'a Node {
    let node = &table[path[0]];
    path[1..].iter().fold(node, |node, part| match &node.value {
        Value::Table(table) => &table[*part],
        Value::List(items) => &items[part.parse::<usize>().unwrap()],
        _ => panic!("{part} is not in a table or list"),
    })
}

#[test]
fn places_are_those_of_key_and_value() {
    let table: &[(SetKind, &str, &[&str], &str, &str)] = &[
        (SetKind::Value, "x=1,a=2,y=3", &["a"], "a=2", "2"),
        (SetKind::Value, "a=", &["a"], "a=", ""),
        (SetKind::Value, "ä.b=ö,c=1", &["ä"], "ä.b=ö", "b=ö"),
        (SetKind::Value, "ä.b=ö,c=1", &["ä", "b"], "b=ö", "ö"),
        (SetKind::Value, "a={x,yy},b=1", &["a"], "a={x,yy}", "{x,yy}"),
        (SetKind::Value, "a={x,yy},b=1", &["a", "1"], "yy", "yy"),
        (
            SetKind::Value,
            "a[1].b=x,c=1",
            &["a"],
            "a[1].b=x",
            "[1].b=x",
        ),
        (
            SetKind::Value,
            "a[1].b=x,c=1",
            &["a", "0"],
            "[1].b=x",
            "b=x",
        ),
        (
            SetKind::Value,
            "a[1].b=x,c=1",
            &["a", "1"],
            "[1].b=x",
            "b=x",
        ),
        (
            SetKind::Value,
            "a[0][0]=x,c=1",
            &["a", "0"],
            "[0][0]=x",
            "[0]=x",
        ),
        (
            SetKind::Value,
            "a[0][0]=x,c=1",
            &["a", "0", "0"],
            "[0]=x",
            "x",
        ),
        (SetKind::Value, "c=1,a[0]", &["a"], "a[0]", "[0]"),
        (SetKind::String, r"a\.b=\,1", &["a.b"], r"a\.b=\,1", r"\,1"),
        (SetKind::File, "a=f", &["a"], "a=f", "f"),
        (SetKind::Literal, "a.b=x,y", &["a", "b"], "b=x,y", "x,y"),
        (
            SetKind::Json,
            "a= [1, {\"b\": 2}] ,c=1",
            &["a"],
            "a= [1, {\"b\": 2}]",
            "[1, {\"b\": 2}]",
        ),
        (
            SetKind::Json,
            "a= [1, {\"b\": 2}] ,c=1",
            &["a", "1"],
            "{\"b\": 2}",
            "{\"b\": 2}",
        ),
        (
            SetKind::Json,
            "a= [1, {\"b\": 2}] ,c=1",
            &["a", "1", "b"],
            "\"b\": 2",
            "2",
        ),
        (
            SetKind::Json,
            " {\"a\": {\"b\": 2} }",
            &["a"],
            "\"a\": {\"b\": 2}",
            "{\"b\": 2}",
        ),
        (SetKind::Json, "a= ,b=1", &["a"], "a=", ""),
    ];
    for (kind, text, path, entry, value) in table {
        let mut sources = Sources::new();
        let argument = sources.add(kind.flag(), text.as_bytes());
        let mut table = Table::new();
        apply(&mut table, *kind, &sources, argument, &mut read).unwrap();
        let want = (kind.flag(), *entry, *value);
        assert_eq!(
            written(&sources, find(&table, path)),
            want,
            "{text} {path:?}"
        );
    }
}

#[test]
fn what_is_replaced_is_kept_below() {
    let mut sources = Sources::new();
    let mut table = table(
        json!({"a": {"b": 1}, "l": [1], "o": {"x": 1}})
            .as_object()
            .unwrap(),
    );
    for (kind, text) in [
        (SetKind::Json, r#"{"o": {"x": 2}}"#),
        (SetKind::Value, "a.b=2,a.b=3,l[0].x=1"),
        (SetKind::String, "a.b=4,a=5,l=6"),
    ] {
        let argument = sources.add(kind.flag(), text.as_bytes());
        apply(&mut table, kind, &sources, argument, &mut read).unwrap();
    }
    let history = |path| {
        let first = Some(find(&table, path));
        let nodes = std::iter::successors(first, |node| node.below.latest());
        nodes
            .map(|node| to_json(&node.value).to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(history(&["o", "x"]), ["2.0", "1.0"]);
    // `a.b=4` came and went in the same argument as `a=5`, but not the table it was in.
    assert_eq!(history(&["a"]), ["\"5\"", "{\"b\":\"4\"}"]);
    assert_eq!(history(&["l"]), ["\"6\"", "[{\"x\":{\"$int64\":1}}]"]);
    let before = table["a"].below.latest().unwrap();
    let b = &before.value.as_table().unwrap()["b"];
    assert_eq!(
        to_json(&b.below.latest().unwrap().value).to_string(),
        "{\"$int64\":3}"
    );
}

#[test]
fn errors_have_kinds_and_places() {
    use SetErrorKind as Kind;
    let table: &[(SetKind, &str, Kind, &str)] = &[
        (SetKind::Value, "a=1,bc,d=2", Kind::NoValue, "bc"),
        (SetKind::Value, "a=1,bc", Kind::NoValue, "bc"),
        (SetKind::Value, "bc.=1", Kind::NoValue, "bc"),
        (SetKind::Value, "a[x]=1", Kind::InvalidIndex, "[x]"),
        (SetKind::Value, "a[-1]=1", Kind::InvalidIndex, "[-1]"),
        (SetKind::Value, "a[65537]=1", Kind::InvalidIndex, "[65537]"),
        (SetKind::Value, "a[0]xy=1", Kind::InvalidIndex, "xy"),
        (SetKind::Value, "a={x,y", Kind::UnterminatedList, "{x,y"),
        (SetKind::Value, &"a.".repeat(31), Kind::TooManyNames, "a"),
        (SetKind::Value, "ab=1,ab.c=2", Kind::NotATable, "ab"),
        (SetKind::Value, "ab=1,ab[0]=2", Kind::NotAList, "ab"),
        (SetKind::Value, "ab[7]=1,ab[7][0]=2", Kind::NotAList, "[7]"),
        (SetKind::Json, "a=[1 2]", Kind::InvalidJson, ""),
        (
            SetKind::File,
            "a={x,missing}",
            Kind::UnreadableFile,
            "missing",
        ),
        (
            SetKind::Value,
            &format!("a{}=1", "[0]".repeat(300)),
            Kind::TooDeep,
            "",
        ),
        (
            SetKind::Json,
            &format!("a={}", "[".repeat(300)),
            Kind::TooDeep,
            "",
        ),
        (SetKind::Json, &"{\"a\":".repeat(100_000), Kind::TooDeep, ""),
        (
            SetKind::Value,
            &format!("a{}=1", "[65536]".repeat(20)),
            Kind::TooManyItems,
            "[65536]",
        ),
    ];
    for (kind, text, want, at) in table {
        let mut sources = Sources::new();
        let argument = sources.add(kind.flag(), text.as_bytes());
        let error = apply(&mut Table::new(), *kind, &sources, argument, &mut read).unwrap_err();
        let (file, span) = error.location();
        assert_eq!((error.kind(), file), (*want, argument), "{text}");
        assert_eq!(&text[span.start as usize..span.end as usize], *at, "{text}");
    }
    let mut sources = Sources::new();
    let argument = sources.add("--set", *b"a=\xff");
    let error = apply(
        &mut Table::new(),
        SetKind::Value,
        &sources,
        argument,
        &mut read,
    )
    .unwrap_err();
    assert_eq!((error.kind(), error.location().1.start), (Kind::NotUtf8, 2));
}

#[test]
fn long_arguments_take_linear_time_and_little_stack() {
    let count = 200_000;
    for (kind, pair) in [
        (SetKind::Value, "a=1,"),
        (SetKind::Json, "a=[1],"),
        (SetKind::Value, "a[9]=x,"),
    ] {
        let mut table = Table::new();
        set(&mut table, &[(kind, &pair.repeat(count))]).unwrap();
        assert!(table["a"].below.is_empty());
    }
    let list = format!("a={{{}}}", "x,".repeat(count));
    let mut table = Table::new();
    set(&mut table, &[(SetKind::Value, &list)]).unwrap();
    let Value::List(items) = &table["a"].value else {
        panic!("not a list")
    };
    assert_eq!(items.len(), count + 1);
}

/// A dotted key and a value, as text of `--set`.
fn pair() -> impl Strategy<Value = (String, String)> {
    ("[ab](\\.[ab]){0,2}", "[a-z0-9]{0,3}")
}

fn flags() -> impl Strategy<Value = SetKind> {
    prop_oneof![
        Just(SetKind::Value),
        Just(SetKind::String),
        Just(SetKind::File),
        Just(SetKind::Literal),
    ]
}

proptest! {
    #[test]
    fn the_later_argument_counts(kind in flags(), (key, value) in pair(), first in "[a-z0-9]{0,3}") {
        let (first, second) = (format!("{key}={first}"), format!("{key}={value}"));
        let (mut both, mut one) = (Table::new(), Table::new());
        set(&mut both, &[(kind, &first), (kind, &second)]).unwrap();
        set(&mut one, &[(kind, &second)]).unwrap();
        prop_assert_eq!(table_to_json(&both), table_to_json(&one));
    }

    #[test]
    fn pairs_are_applied_one_after_the_other(
        is_string in any::<bool>(), pairs in prop::collection::vec(pair(), 0..5),
    ) {
        let kind = if is_string { SetKind::String } else { SetKind::Value };
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let (mut together, mut apart) = (Table::new(), Table::new());
        let arguments: Vec<_> = pairs.iter().map(|pair| (kind, pair.as_str())).collect();
        let joined = set(&mut together, &[(kind, &pairs.join(","))]).map_err(|e| e.to_string());
        let each = set(&mut apart, &arguments).map_err(|e| e.to_string());
        prop_assert_eq!(joined, each);
        prop_assert_eq!(table_to_json(&together), table_to_json(&apart));
    }

    #[test]
    fn the_empty_argument_changes_nothing(kind in flags(), (key, value) in pair()) {
        let mut values = Table::new();
        set(&mut values, &[(SetKind::Value, &format!("{key}={value}"))]).unwrap();
        let before = values.clone();
        set(&mut values, &[(kind, "")]).unwrap();
        prop_assert_eq!(values, before);
    }

    #[test]
    fn strings_come_through_when_escaped(text in "[^{].*|") {
        let escaped: String = text.chars().flat_map(|c| ['\\', c]).collect();
        let quoted = json!(text).to_string();
        for (kind, value) in [
            (SetKind::String, &escaped),
            (SetKind::Json, &quoted),
            (SetKind::Literal, &text),
        ] {
            let mut values = Table::new();
            set(&mut values, &[(kind, &format!("a={value}"))]).unwrap();
            prop_assert_eq!(values["a"].value.as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn nothing_panics(kind in flags(), text in "[ab=.,\\[\\]{}\\\\0-9\"äx -]{0,20}") {
        let _ = set(&mut Table::new(), &[(kind, &text), (SetKind::Json, &text)]);
    }
}
