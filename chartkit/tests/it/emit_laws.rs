//! What is written as YAML reads back as the same value.

use chartkit::source::Sources;
use chartkit::yaml::{
    EmitStyle, Node, Number, Slot, Table, Value, read, to_json, to_yaml, to_yaml_scalar,
};
use proptest::prelude::*;

/// Strings made of what YAML treats in special ways.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "\r",
        ":",
        ": ",
        " #",
        "-",
        "- ",
        "? ",
        "'",
        "\"",
        "\\",
        "|",
        ">",
        "[",
        "}",
        ",",
        "&",
        "*",
        "!",
        "%",
        "@",
        "~",
        "<<",
        "0",
        "12",
        "0x1F",
        "1e3",
        "1:20",
        ".5",
        "_",
        "+",
        "true",
        "no",
        "y",
        "null",
        "---",
        "...",
        "2001-12-14",
        "é",
        "漢",
        "🚀",
        "\u{85}",
        "\u{a0}",
        "\u{feff}",
        "\u{fffe}",
        "\0",
        "\u{7f}",
        "\u{9f}",
        "word",
        "word word word word word word word word word word word word word ",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let float = prop_oneof![
        any::<f64>().prop_filter("finite, and not the zero that YAML has no sign for", |f| {
            f.is_finite() && f.to_bits() != (-0.0_f64).to_bits()
        }),
        (-99_999_999_i32..99_999_999).prop_map(f64::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        float.prop_map(|float| Value::Number(Number::Float(float))),
        any::<i64>().prop_map(|int| Value::Number(Number::Set(int))),
        text().prop_map(|text| Value::String(text.into())),
        any::<String>().prop_map(|text| Value::String(text.into())),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let node = inner.prop_map(Node::from).boxed();
        prop_oneof![
            prop::collection::vec(node.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(text(), node, 0..5).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, node)| (key.into(), node));
                Value::Table(entries.collect::<Table>())
            }),
        ]
    })
}

fn style() -> impl Strategy<Value = EmitStyle> {
    let v3 = (0_u8..12).prop_map(|indent| EmitStyle::V3 { indent });
    prop_oneof![Just(EmitStyle::V2), v3]
}

/// By another reader, so that ours and the writer cannot be wrong in the same way.
fn read_back(yaml: &str) -> Value {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    from_serde_yaml(value)
}

fn from_serde_yaml(value: serde_yaml::Value) -> Value {
    match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(bool) => Value::Bool(bool),
        serde_yaml::Value::Number(number) => Value::Number(match number.as_i64() {
            Some(int) => Number::Set(int),
            None => Number::Float(number.as_f64().unwrap()),
        }),
        serde_yaml::Value::String(text) => Value::String(text.into()),
        serde_yaml::Value::Sequence(items) => {
            let items = items.into_iter().map(|item| from_serde_yaml(item).into());
            Value::List(items.collect())
        }
        serde_yaml::Value::Mapping(mapping) => {
            let entry = |(key, value): (serde_yaml::Value, _)| {
                (key.as_str().unwrap().into(), from_serde_yaml(value).into())
            };
            Value::Table(mapping.into_iter().map(entry).collect())
        }
        serde_yaml::Value::Tagged(_) => panic!("a tag, which we never write"),
    }
}

/// Numbers compare by what they are, not by how they are stored.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b @ Number::Set(_))) => a.as_i64() == b.as_i64(),
        (Value::Number(a), Value::Number(b)) => a.as_f64().to_bits() == b.as_f64().to_bits(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Table(a), Value::Table(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((ka, a), (kb, b))| ka == kb && same(&a.value, &b.value))
        }
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(value in value(), style in style()) {
        let yaml = to_yaml(&value, style);
        prop_assert!(same(&read_back(&yaml), &value), "{yaml}\n{}", to_json(&value));

        let mut sources = Sources::new();
        let file = sources.add("law", yaml.as_bytes());
        let ours = read(&sources, file).unwrap().node.value;
        prop_assert!(same(&ours, &value), "{yaml}\n{}", to_json(&value));
    }

    #[test]
    fn a_scalar_reads_back_in_each_slot(text in text(), style in style(), outer in 0_usize..9) {
        let (key, item) = (Slot::Key, Slot::Flow);
        let block = Slot::Block { outer, inner: outer + 3 };
        let pad = " ".repeat(outer);
        let yaml = format!(
            "{pad}k: {}\n{pad}l: [{}]\n{pad}? {}\n: 1\n",
            to_yaml_scalar(&text, block, outer + 3, style),
            to_yaml_scalar(&text, item, outer + 4, style),
            to_yaml_scalar(&text, key, outer + 2, style),
        ).replace("\n: 1", &format!("\n{pad}: 1"));
        let value = Value::String(text.as_str().into());
        let expected = Value::Table(Table::from([
            (text.as_str().into(), Value::Number(Number::Set(1)).into()),
            ("k".into(), value.clone().into()),
            ("l".into(), Value::List(vec![value.into()]).into()),
        ]));
        prop_assert!(same(&read_back(&yaml), &expected), "{yaml}");
    }
}
