//! Reading YAML: every text in `fixtures/yaml` means what Go recorded in `want.*`.

use std::collections::BTreeMap;

use chartkit::source::Sources;
use chartkit::yaml::{
    Node, Number, ParseError, ParseOptions, Scalar, Schema, Value, parse, read, resolve_scalar,
};
use serde_json::Value as Json;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/yaml/");

fn fixture(name: &str) -> Vec<BTreeMap<String, Json>> {
    let text = std::fs::read(format!("{FIXTURES}{name}")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn read_v2(text: &str) -> Result<Node, ParseError> {
    let mut sources = Sources::new();
    let file = sources.add("test.yaml", text.as_bytes());
    read(&sources, file).map(|decoded| decoded.node)
}

fn read_v3(text: &str) -> Result<Node, ParseError> {
    let mut sources = Sources::new();
    let file = sources.add("test.yaml", text.as_bytes());
    let options = ParseOptions {
        first_document_only: true,
        ..ParseOptions::default()
    };
    let stream = parse(&sources, file, None, &options)?;
    match stream.documents.first() {
        Some(document) => document.node(Schema::V3).map(|decoded| decoded.node),
        None => Ok(Node::from(Value::Null)),
    }
}

/// Numbers compare as text or as floats, so that no digit of an integer is lost.
fn same(value: &Value, want: &Json) -> bool {
    match (value, want) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(b), Json::Bool(want)) => b == want,
        (Value::String(text), Json::String(want)) => **text == **want,
        (Value::Number(Number::Int(int)), Json::Number(want)) => want.as_i64() == Some(*int),
        (Value::Number(Number::UInt(int)), Json::Number(want)) => want.as_u64() == Some(*int),
        (Value::Number(Number::Float(float)), Json::Number(want)) => want.as_f64() == Some(*float),
        (Value::Number(Number::Float(float)), Json::String(want)) => match &**want {
            "<.nan>" => float.is_nan(),
            "<.inf>" => *float == f64::INFINITY,
            "<-.inf>" => *float == f64::NEG_INFINITY,
            _ => false,
        },
        (Value::List(list), Json::Array(want)) => {
            list.len() == want.len() && list.iter().zip(want).all(|(a, b)| same(&a.value, b))
        }
        (Value::Table(table), Json::Object(want)) => {
            let member = |(key, node): (&std::sync::Arc<str>, &Node)| {
                want.get(&**key).is_some_and(|want| same(&node.value, want))
            };
            table.len() == want.len() && table.iter().all(member)
        }
        _ => false,
    }
}

/// What is wrong with a result; nothing when it is what Go says.
fn complaint(result: Result<Node, ParseError>, want: &Json) -> Option<String> {
    match (result, want.get("value")) {
        (Ok(node), Some(value)) if same(&node.value, value) => None,
        (Ok(node), Some(value)) => Some(format!("read {:?}, Go reads {value}", node.value)),
        (Ok(node), None) => Some(format!("read {:?}, Go says {}", node.value, want["error"])),
        (Err(error), Some(value)) => Some(format!("{error}, Go reads {value}")),
        (Err(_), None) => None,
    }
}

#[test]
fn documents_mean_what_go_reads() {
    let differences = fixture("differences.json");
    let mut differences: BTreeMap<&str, &str> = differences
        .iter()
        .map(|known| {
            (
                known["text"].as_str().unwrap(),
                known["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let mut failures = Vec::new();
    for case in fixture("want.documents.json") {
        let text = case["text"].as_str().unwrap();
        let v2 = &case["v2"];
        let complaints = [
            complaint(read_v2(text), v2).map(|c| format!("v2 {text:?}: {c}")),
            complaint(read_v3(text), case.get("v3").unwrap_or(v2))
                .map(|c| format!("v3 {text:?}: {c}")),
        ];
        let complaints: Vec<String> = complaints.into_iter().flatten().collect();
        if differences.remove(text).is_none() {
            failures.extend(complaints);
        } else if complaints.is_empty() {
            failures.push(format!("{text:?} is no longer a difference"));
        }
    }
    failures.extend(differences.keys().map(|text| format!("no case {text:?}")));
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn plain_scalars_have_the_types_of_go() {
    let describe = |scalar| match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(b) => format!("bool {b}"),
        Scalar::Int(int) => format!("int {int}"),
        Scalar::UInt(int) => format!("uint {int}"),
        Scalar::Float(float) => format!("float {float:?}"),
        Scalar::Timestamp => "timestamp".to_owned(),
        Scalar::String => "string".to_owned(),
    };
    let parsed = |described: &str| match described.strip_prefix("float ") {
        Some(".inf") => "float inf".to_owned(),
        Some("-.inf") => "float -inf".to_owned(),
        Some(".nan") => "float NaN".to_owned(),
        Some(float) => format!("float {:?}", float.parse::<f64>().unwrap()),
        None => described.to_owned(),
    };
    for case in fixture("want.scalars.json") {
        let text = case["text"].as_str().unwrap();
        for (field, schema) in [("v2", Schema::V2), ("v3", Schema::V3)] {
            let want = parsed(case[field].as_str().unwrap());
            assert_eq!(
                describe(resolve_scalar(text, schema)),
                want,
                "{field} {text:?}"
            );
        }
        let key = match read_v2(&format!("? {text}\n: 1\n")) {
            Ok(node) => node
                .value
                .as_table()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .to_string(),
            Err(_) => String::new(),
        };
        assert_eq!(key, case["v2_key"].as_str().unwrap(), "{text:?} as a key");
    }
}
