//! Values decoded into types and back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chartkit::source::Sources;
use chartkit::yaml::{
    DecodeErrorKind as Kind, EmitStyle, Node, Number, Value, from_json, from_node,
    from_node_strict, to_json, to_value, to_yaml,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Everything {
    name: String,
    kube_version: Option<String>,
    port: u16,
    count: i64,
    ratio: f64,
    flag: bool,
    list: Vec<String>,
    map: BTreeMap<String, String>,
    ports: BTreeMap<u16, String>,
    level: Level,
    inner: Option<Box<Everything>>,
    pair: (u8, String),
    address: Option<IpAddr>,
    any: Option<Value>,
}

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Low,
    High,
    Custom(u32),
    Range {
        from: u32,
    },
}

#[derive(Debug, Deserialize)]
struct Required {
    #[expect(dead_code, reason = "only decoded")]
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    #[serde(default)]
    name: String,
}

fn node(json: &str) -> Node {
    from_json(json, None).unwrap()
}

fn everything(json: &str) -> Everything {
    from_node(&node(json)).unwrap()
}

#[test]
fn scalars_become_strings() {
    let decoded = everything(
        r#"{"name": 1.10, "kubeVersion": true, "list": [1, 0.5, false, "x", null],
            "map": {"a": 7244500, "b": 1.123456789, "c": null}}"#,
    );
    assert_eq!(decoded.name, "1.1");
    assert_eq!(decoded.kube_version.as_deref(), Some("true"));
    assert_eq!(decoded.list, ["1", "0.5", "false", "x", ""]);
    let map: Vec<_> = decoded.map.values().map(String::as_str).collect();
    assert_eq!(map, ["7.2445e+06", "1.1234568", ""]);
    let exact = Node::from(Value::Number(Number::Int(9_007_199_254_740_993)));
    let text: String = from_node(&exact).unwrap();
    assert_eq!(text, "9007199254740993");
}

#[test]
fn fields_match_without_regard_to_case_and_null_is_absent() {
    let cases = [
        (r#"{"NAME": "a"}"#, "a"),
        (r#"{"NAME": "a", "name": "b"}"#, "b"),
        (r#"{"Name": "a", "nAME": "b"}"#, "b"),
        (r#"{"NAME": "a", "name": null}"#, "a"),
        (r#"{"name": null}"#, ""),
        ("null", ""),
    ];
    for (json, name) in cases {
        assert_eq!(everything(json).name, name, "{json}");
    }
    assert_eq!(
        everything(r#"{"\u212aUBEVER\u017fION": 1}"#).kube_version,
        Some("1".into())
    );
    assert_eq!(everything(r#"{"kube_version": 1}"#).kube_version, None);
}

#[test]
fn effective_values_fit_types_of_an_embedder() {
    let decoded = everything(
        r#"{"port": 8080.0, "count": -9007199254740992, "ratio": 3, "flag": true, "pair": [1, 2],
            "ports": {"80": "http"}, "inner": {"port": 1}, "address": "::1", "any": {"a": [1.5]}}"#,
    );
    assert_eq!(decoded.port, 8080);
    assert_eq!(decoded.count, -9_007_199_254_740_992);
    assert!((decoded.ratio - 3.0).abs() < f64::EPSILON);
    assert_eq!(decoded.ports[&80], "http");
    assert_eq!(decoded.pair, (1, "2".to_owned()));
    assert_eq!(decoded.inner.unwrap().port, 1);
    assert_eq!(to_json(&decoded.any.unwrap()), r#"{"a":[1.5]}"#);
    let levels = [
        (r#""high""#, Level::High),
        (r#"{"custom": 3}"#, Level::Custom(3)),
        (r#"{"range": {"From": 3}}"#, Level::Range { from: 3 }),
    ];
    for (json, level) in levels {
        assert_eq!(everything(&format!("{{\"level\": {json}}}")).level, level);
    }
}

#[test]
fn errors_name_paths_and_types_and_never_values() {
    let cases = [
        (
            r#"{"flag": "true"}"#,
            Kind::Type,
            "`flag`: found a string, expected a boolean",
        ),
        (
            r#"{"Port": "80"}"#,
            Kind::Type,
            "`Port`: found a string, expected u16",
        ),
        (
            r#"{"port": 70000}"#,
            Kind::Value,
            "`port`: found a number that does not fit, expected u16",
        ),
        (
            r#"{"port": -1}"#,
            Kind::Value,
            "`port`: found a number that does not fit, expected u16",
        ),
        (
            r#"{"port": 1.5}"#,
            Kind::Value,
            "`port`: found a number that does not fit, expected u16",
        ),
        (
            r#"{"count": 1e30}"#,
            Kind::Value,
            "`count`: found a number that does not fit, expected i64",
        ),
        (
            r#"{"name": ["secret"]}"#,
            Kind::Type,
            "`name`: found a list, expected a string",
        ),
        (
            r#"{"list": ["a", {}]}"#,
            Kind::Type,
            "`list[1]`: found a table, expected a string",
        ),
        (
            r#"{"list": "secret"}"#,
            Kind::Type,
            "`list`: found a string, expected a sequence",
        ),
        (
            r#"{"map": {"a.b/c": []}}"#,
            Kind::Type,
            "`map[\"a.b/c\"]`: found a list, expected a string",
        ),
        (
            r#"{"inner": {"inner": {"port": ""}}}"#,
            Kind::Type,
            "`inner.inner.port`: found a string, expected u16",
        ),
        (
            r#"{"inner": [1]}"#,
            Kind::Type,
            "`inner`: found a list, expected struct Everything",
        ),
        (
            r#"{"level": "secret"}"#,
            Kind::Variant,
            "`level`: found an unknown word, expected `low` or `high` or `custom` or `range`",
        ),
        (
            r#"{"level": {"custom": "x"}}"#,
            Kind::Type,
            "`level.custom`: found a string, expected u32",
        ),
        (
            r#"{"pair": [1]}"#,
            Kind::Length,
            "`pair`: found another number of items, expected a tuple of size 2",
        ),
        (
            r#"{"address": "secret"}"#,
            Kind::Refused,
            "`address`: found a string that its type refuses",
        ),
        (
            r#"{"ports": {"secret": 1}}"#,
            Kind::Type,
            "`ports`: found a table, expected u16",
        ),
        ("[]", Kind::Type, "found a list, expected struct Everything"),
    ];
    for (json, kind, message) in cases {
        let error = from_node::<Everything>(&node(json)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.kind(), kind, "{json}");
        assert!(!error.to_string().contains("secret"), "{json}");
    }
    let error = from_node::<Required>(&node("{}")).unwrap_err();
    assert_eq!(error.to_string(), "missing field `name`");
    let error = from_node::<Everything>(&node(r#"{"address": "x"}"#)).unwrap_err();
    assert_eq!(error.detail(), Some("invalid IP address syntax"));
}

#[test]
fn errors_know_the_place() {
    let text = r#"{"inner": {"list": [1, {}]}}"#;
    let mut sources = Sources::new();
    let file = sources.add("x.json", text.as_bytes());
    let node = from_json(text, Some(file)).unwrap();
    let error = from_node::<Everything>(&node).unwrap_err();
    let place = error.place().unwrap();
    assert_eq!(
        (place.file, place.value.start, place.value.end),
        (file, 23, 25)
    );
    assert_eq!(error.path(), "inner.list[1]");
}

#[test]
fn strict_decoding_refuses_unknown_fields() {
    let unknown = node(r#"{"inner": {"x": 1}}"#);
    assert!(from_node::<Everything>(&unknown).is_ok());
    let error = from_node_strict::<Everything>(&unknown).unwrap_err();
    assert_eq!(error.to_string(), "`inner`: unknown field `x`");
    assert_eq!(error.kind(), Kind::UnknownField);
    assert!(from_node_strict::<Everything>(&node(r#"{"NAME": 1}"#)).is_ok());
    // A type may ask for it itself, and still has its fields matched as Go does.
    let closed: Closed = from_node(&node(r#"{"Name": "a"}"#)).unwrap();
    assert_eq!(closed.name, "a");
    assert!(from_node::<Closed>(&node(r#"{"x": 1}"#)).is_err());
}

#[test]
fn types_become_values() {
    let everything = Everything {
        count: 9_007_199_254_740_993,
        ratio: 1e6,
        list: vec!["on".to_owned()],
        ..Everything::default()
    };
    let value = to_value(&everything).unwrap();
    let yaml = to_yaml(&value, EmitStyle::V2);
    assert!(yaml.contains("count: 9007199254740993\n"), "{yaml}");
    assert!(yaml.contains("ratio: 1000000\n"), "{yaml}");
    let back: Everything = from_node(&value.into()).unwrap();
    assert_eq!(back, everything);
    let unsaid = to_value(&BTreeMap::from([((1, 2), 3)])).unwrap_err();
    assert_eq!(unsaid.to_string(), "the type has no form as a value");
    assert!(to_value("secret").is_ok());
}

#[test]
fn values_serialize_as_json_does() {
    let json = r#"{"a":[1,1.5,-0.0,null,true,"x"],"b":{}}"#;
    let value = node(json).value;
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    let back: Value = serde_json::from_str(json).unwrap();
    assert_eq!(to_json(&back), to_json(&value));
}
