//! Violations in the words of Helm's validator, but without the values.
//!
//! DIFFERENCE: where that one shows the value it says `<hidden>`, because any value may be a secret.
//!
//! # Source
//!
//! santhosh-tekuri/jsonschema v6.0.2, `kind/kind.go`, `output.go`.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// What stands for a value.
const HIDDEN: &str = "<hidden>";

/// One violation.
pub(super) struct Text {
    /// Keys and indexes from the root of the values.
    pub(super) pointer: Vec<String>,
    /// The keyword of the schema, as a path from its root.
    pub(super) keyword: Vec<String>,
    /// What is wrong, in a phrase.
    pub(super) phrase: String,
    /// Violations that led to it, for keywords that choose among schemas.
    pub(super) causes: Vec<Text>,
    /// Keys that should not be there.
    pub(super) extra: Vec<String>,
    /// Whether it is about a whole that could not be judged where a part of it is unknown.
    pub(super) chooses: bool,
    /// Whether it is about the value itself, and not its type or its keys.
    pub(super) about_value: bool,
}

/// The violations, those that Helm puts into one together.
pub(super) fn texts<'e>(errors: impl IntoIterator<Item = &'e ValidationError<'e>>) -> Vec<Text> {
    let mut texts = Vec::<Text>::new();
    let mut missing = Vec::<(usize, Vec<String>)>::new();
    for error in errors {
        let text = text(error);
        let Kind::Required { property } = error.kind() else {
            texts.push(text);
            continue;
        };
        let name = property.as_str().unwrap_or_default().to_owned();
        let same = |(at, _): &&mut (usize, Vec<String>)| {
            texts[*at].pointer == text.pointer && texts[*at].keyword == text.keyword
        };
        if let Some((_, names)) = missing.iter_mut().find(same) {
            names.push(name);
        } else {
            missing.push((texts.len(), vec![name]));
            texts.push(text);
        }
    }
    for (at, names) in missing {
        let (keyword, names) = (&texts[at].keyword, joined(&names));
        let depends = keyword.iter().rev().nth(1);
        texts[at].phrase = match depends.map(String::as_str) {
            Some("dependentRequired" | "dependencies") => {
                let property = keyword.last().map_or("", String::as_str);
                format!(
                    "properties {names} required, if {} exists",
                    quoted(property)
                )
            }
            _ if names.contains("', '") => format!("missing properties {names}"),
            _ => format!("missing property {names}"),
        };
    }
    texts
}

impl Text {
    /// As Helm shows it, with the violations that led to it below.
    pub(super) fn helm(&self, indent: usize) -> String {
        let mut text = format!(
            "{}- at {}: {}",
            "  ".repeat(indent),
            quoted(&json_pointer(&self.pointer)),
            self.phrase
        );
        for cause in &self.causes {
            text += "\n";
            text += &cause.helm(indent + 1);
        }
        text
    }
}

pub(super) fn json_pointer(steps: &[String]) -> String {
    let steps = steps
        .iter()
        .map(|step| step.replace('~', "~0").replace('/', "~1"));
    steps.map(|step| format!("/{step}")).collect()
}

pub(super) fn steps(pointer: &str) -> Vec<String> {
    let steps = pointer.split('/').skip(1);
    steps
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn text(error: &ValidationError<'_>) -> Text {
    let kind = error.kind();
    let instance = error.instance();
    let (causes, chooses) = match kind {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            (context.iter().flat_map(texts).collect(), true)
        }
        Kind::OneOfMultipleValid { .. } | Kind::Not { .. } | Kind::Contains => (Vec::new(), true),
        Kind::PropertyNames { error } => (vec![text(error)], false),
        _ => (Vec::new(), false),
    };
    let extra = match kind {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.clone()
        }
        _ => Vec::new(),
    };
    let about_value = !matches!(
        kind,
        Kind::Type { .. }
            | Kind::FalseSchema
            | Kind::Required { .. }
            | Kind::AdditionalProperties { .. }
            | Kind::UnevaluatedProperties { .. }
    );
    Text {
        pointer: steps(error.instance_path().as_str()),
        keyword: steps(error.schema_path().as_str()),
        phrase: phrase(kind, instance),
        causes,
        extra,
        chooses,
        about_value,
    }
}

fn phrase(kind: &Kind, instance: &Value) -> String {
    let limit = |name: &str, limit: &dyn std::fmt::Display| {
        let got = match instance {
            Value::Array(items) => items.len().to_string(),
            Value::Object(entries) => entries.len().to_string(),
            _ => HIDDEN.to_owned(),
        };
        format!("{name}: got {got}, want {limit}")
    };
    match kind {
        Kind::Type { kind } => {
            let wanted: Vec<_> = match kind {
                TypeKind::Single(one) => vec![type_name(*one)],
                TypeKind::Multiple(several) => several.iter().map(type_name).collect(),
            };
            format!("got {}, want {}", type_of(instance), wanted.join(" or "))
        }
        Kind::Enum { options } => one_of(options),
        Kind::Constant { expected_value } => match displayed(expected_value) {
            Some(text) => format!("value must be {text}"),
            None => "'const' failed".to_owned(),
        },
        Kind::Format { format } => format!("{HIDDEN} is not valid {format}"),
        Kind::Pattern { pattern } => {
            format!("{HIDDEN} does not match pattern {}", quoted(pattern))
        }
        Kind::Minimum { limit: l } => limit("minimum", l),
        Kind::Maximum { limit: l } => limit("maximum", l),
        Kind::ExclusiveMinimum { limit: l } => limit("exclusiveMinimum", l),
        Kind::ExclusiveMaximum { limit: l } => limit("exclusiveMaximum", l),
        Kind::MultipleOf { multiple_of } => limit("multipleOf", multiple_of),
        Kind::MinLength { limit: l } => limit("minLength", l),
        Kind::MaxLength { limit: l } => limit("maxLength", l),
        Kind::MinItems { limit: l } => limit("minItems", l),
        Kind::MaxItems { limit: l } => limit("maxItems", l),
        Kind::MinProperties { limit: l } => limit("minProperties", l),
        Kind::MaxProperties { limit: l } => limit("maxProperties", l),
        Kind::AdditionalItems { limit } => {
            let count = instance.as_array().map_or(0, Vec::len);
            let last = count.saturating_sub(*limit);
            format!("last {last} additionalItem(s) not allowed")
        }
        Kind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", joined(unexpected))
        }
        Kind::UnevaluatedProperties { unexpected } => {
            format!("unevaluated properties {} not allowed", joined(unexpected))
        }
        Kind::UnevaluatedItems { .. } => "unevaluated items not allowed".to_owned(),
        Kind::PropertyNames { error } => {
            let name = error.instance();
            format!(
                "invalid propertyName {}",
                quoted(name.as_str().unwrap_or_default())
            )
        }
        Kind::UniqueItems => match equal_items(instance) {
            Some((first, second)) => format!("items at {first} and {second} are equal"),
            None => "items are equal".to_owned(),
        },
        Kind::Contains => "no items match contains schema".to_owned(),
        Kind::AnyOf { .. } => "'anyOf' failed".to_owned(),
        Kind::OneOfNotValid { .. } => "'oneOf' failed, none matched".to_owned(),
        Kind::OneOfMultipleValid { .. } => "'oneOf' failed, more than one matched".to_owned(),
        Kind::Not { .. } => "'not' failed".to_owned(),
        Kind::FalseSchema => "false schema".to_owned(),
        // Said together by `texts`.
        Kind::Required { .. } => String::new(),
        // The texts of all others may show the value.
        _ => "validation failed".to_owned(),
    }
}

fn one_of(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Option<Vec<_>> = options.iter().map(displayed).collect();
    match texts.as_deref() {
        None => "'enum' failed".to_owned(),
        Some([one]) => format!("value must be {one}"),
        Some(several) => format!("value must be one of {}", several.join(", ")),
    }
}

/// A value of the schema, unless it is a list or an object.
fn displayed(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(quoted(text)),
        Value::Null => Some("<nil>".to_owned()),
        other => Some(other.to_string()),
    }
}

/// The indexes of the first two items that are equal, and which Helm finds first.
fn equal_items(instance: &Value) -> Option<(usize, usize)> {
    let items = instance.as_array()?;
    let mut pairs = (1..items.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    pairs.find(|(i, j)| items[*i] == items[*j])
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "boolean",
        JsonType::Number => "number",
        JsonType::Integer => "integer",
        JsonType::String => "string",
        JsonType::Array => "array",
        JsonType::Object => "object",
    }
}

/// In single quotes, with Go's escapes.
pub(super) fn quoted(text: &str) -> String {
    let double = crate::quote::Quoted(text).to_string();
    let inside = &double[1..double.len() - 1];
    format!("'{}'", inside.replace("\\\"", "\"").replace('\'', "\\'"))
}

fn joined(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}
