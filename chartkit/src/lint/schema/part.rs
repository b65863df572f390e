//! A schema for one layer of values, which says only a part of them.

use serde_json::{Map, Value};

/// Keywords that ask for what another layer may say.
const WHOLE: &[&str] = &[
    "required",
    "dependentRequired",
    "dependencies",
    "dependentSchemas",
    "minProperties",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
];

/// Keywords whose value is one schema for the same level or one below.
const ONE: &[&str] = &["additionalProperties", "propertyNames"];

/// Keywords whose value maps names to schemas.
const NAMED: &[&str] = &["properties", "patternProperties", "$defs", "definitions"];

/// The schema without what only the whole of the values can fulfil.
///
/// Lists are replaced as a whole, so what a schema wants of their items stays.
pub(super) fn of_layer(schema: &Value) -> Value {
    let Value::Object(schema) = schema else {
        return schema.clone();
    };
    let mut part = Map::new();
    for (keyword, value) in schema {
        let name = keyword.as_str();
        if WHOLE.contains(&name) {
            continue;
        }
        let (name, value) = match value {
            // A part may fit more than one of them.
            Value::Array(schemas) if name == "oneOf" => (
                "anyOf",
                Value::Array(schemas.iter().map(of_layer).collect()),
            ),
            Value::Array(schemas) if matches!(name, "allOf" | "anyOf") => {
                (name, Value::Array(schemas.iter().map(of_layer).collect()))
            }
            Value::Object(named) if NAMED.contains(&name) => {
                let named = named.iter().map(|(key, s)| (key.clone(), of_layer(s)));
                (name, Value::Object(named.collect()))
            }
            value if ONE.contains(&name) => (name, of_layer(value)),
            value => (name, value.clone()),
        };
        // With both `anyOf` and `oneOf` only the first stays: fewer findings, none wrong.
        part.entry(name).or_insert(value);
    }
    Value::Object(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of_layer;

    #[test]
    fn a_layer_need_not_be_whole() {
        let schema = json!({
            "required": ["a"],
            "properties": {
                "required": {"type": "string", "minLength": 1},
                "list": {"items": {"required": ["name"]}},
                "choice": {"oneOf": [{"required": ["x"]}, {"type": "object"}]},
            },
        });
        let want = json!({
            "properties": {
                "required": {"type": "string", "minLength": 1},
                "list": {"items": {"required": ["name"]}},
                "choice": {"anyOf": [{}, {"type": "object"}]},
            },
        });
        assert_eq!(of_layer(&schema), want);
    }
}
