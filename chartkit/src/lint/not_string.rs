//! Fields of `Chart.yaml` that should be text and have no quotes.

use super::fix::{Applicability, Edit, Fix};
use crate::source::Sources;
use crate::yaml::{Node, Value};

/// The Go type of a value that is no string, as Helm prints it.
pub(super) fn go_type(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) | Value::Secret(_) => None,
        Value::Null => Some("<nil>"),
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("float64"),
        Value::List(_) => Some("[]interface {}"),
        Value::Table(_) => Some("map[string]interface {}"),
    }
}

/// Quotes around a number or boolean as it was written.
///
/// Safe when Helm made the same text of it without them.
pub(super) fn quotes(node: &Node, sources: &Sources) -> Option<Fix> {
    let as_text = match &node.value {
        Value::Number(number) => number.to_field_text(),
        Value::Bool(b) => b.to_string(),
        _ => return None,
    };
    let place = node.place?;
    let text = sources.text(place.file);
    let written = text.get(place.value.start as usize..place.value.end as usize)?;
    let written = std::str::from_utf8(written).ok()?;
    // What is not written plainly (behind an alias or a tag) is left to people.
    if written.is_empty()
        || !written
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".+-_".contains(&b))
    {
        return None;
    }
    let applicability = if written == as_text {
        Applicability::Safe
    } else {
        Applicability::Unsafe
    };
    Some(Fix {
        title: "put it into double quotes".to_owned(),
        applicability,
        file: place.file,
        edits: vec![Edit {
            span: place.value,
            text: format!("\"{written}\""),
        }],
    })
}
