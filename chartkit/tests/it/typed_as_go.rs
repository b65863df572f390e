//! YAML decoded into a struct, compared with what Go decodes (see `fixtures/emit/README.md`).

use std::collections::BTreeMap;

use chartkit::source::Sources;
use chartkit::yaml::{Value, from_node, from_node_strict, read};
use serde::{Deserialize, Serialize};

/// The same fields as in `fixtures/record/emit/main.go`.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Target {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    kube_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip_serializing_if = "is_false")]
    flag: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner: Option<Inner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inners: Option<Vec<Option<Inner>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any: Option<Value>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "kebab-case")]
struct Inner {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "is_false")]
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_values: Option<Vec<Value>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// All numbers as float64, because Go's and ours differ in how they store them.
fn with_floats(json: &str) -> String {
    let node = chartkit::yaml::from_json(json, None).unwrap();
    chartkit::yaml::to_json(&node.value)
}

#[test]
fn structs_are_decoded_as_by_go() {
    let table = include_str!("../../../fixtures/emit/want.decode.jsonl");
    assert!(table.lines().count() > 90);
    for line in table.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let input = case["in"].as_str().unwrap();
        let mut sources = Sources::new();
        let file = sources.add("x", input.as_bytes());
        let node = read(&sources, file).unwrap().node;

        let ours = from_node::<Target>(&node);
        let Some(want) = case.get("want") else {
            assert!(ours.is_err(), "Go refuses {input:?}: {}", case["error"]);
            continue;
        };
        let ours = serde_json::to_string(&ours.unwrap()).unwrap();
        assert_eq!(
            with_floats(&ours),
            with_floats(&want.to_string()),
            "{input:?}"
        );
        let strict = from_node_strict::<Target>(&node);
        assert_eq!(strict.is_err(), case.get("strict").is_some(), "{input:?}");
    }
}
