//! Values to and from `serde_yaml`.
#![cfg(feature = "serde_yaml")]

use chartkit::yaml::{InteropErrorKind as Kind, Value, from_json, to_json};

fn from_yaml(yaml: &str) -> Result<Value, chartkit::yaml::InteropError> {
    serde_yaml::from_str::<serde_yaml::Value>(yaml)
        .unwrap()
        .try_into()
}

#[test]
fn values_go_there_and_back() {
    let json = r#"{"a":[1,-2.5,null,true,"on"],"b":{"c":{}},"d":18446744073709552000}"#;
    let value = from_json(json, None).unwrap().value;
    let there = serde_yaml::Value::from(&value);
    assert_eq!(there["a"][4], "on");
    assert_eq!(to_json(&there.try_into().unwrap()), json);
}

#[test]
fn keys_and_tags_become_what_helm_makes_of_them() {
    let cases = [
        ("1: a", r#"{"1":"a"}"#),
        ("true: a", r#"{"true":"a"}"#),
        ("1.5: a", r#"{"1.5":"a"}"#),
        ("1e7: a", r#"{"1e+07":"a"}"#),
        ("1e39: a", r#"{".inf":"a"}"#),
        ("-.inf: a", r#"{"-.inf":"a"}"#),
        (".nan: a", r#"{".nan":"a"}"#),
        ("!x 1: !y a", r#"{"1":"a"}"#),
    ];
    for (yaml, json) in cases {
        assert_eq!(to_json(&from_yaml(yaml).unwrap()), json, "{yaml}");
    }
    let errors = [
        ("a: .inf", Kind::NotFinite),
        ("a: [.nan]", Kind::NotFinite),
        ("~: a", Kind::Key),
        ("[1]: a", Kind::Key),
        ("{a: 1}: a", Kind::Key),
        ("18446744073709551615: a", Kind::Key),
    ];
    for (yaml, kind) in errors {
        assert_eq!(from_yaml(yaml).unwrap_err().kind(), kind, "{yaml}");
    }
}
