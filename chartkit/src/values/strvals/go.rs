//! What Go makes of a text or a type, in Go's words.

use std::num::IntErrorKind;

use crate::yaml::{Node, Number, Table, Value};

/// The value that a text of `--set` looks like.
pub(super) fn typed(text: &str) -> Value {
    // Go compares by Unicode's simple folding, where the long s is an s; no other character that
    // is not ASCII folds to a letter of these words.
    let fold = |c: char| {
        if c == '\u{17F}' {
            's'
        } else {
            c.to_ascii_lowercase()
        }
    };
    let is = |word: &str| text.chars().map(fold).eq(word.chars());
    if is("true") {
        Value::Bool(true)
    } else if is("false") {
        Value::Bool(false)
    } else if is("null") {
        Value::Null
    } else if text == "0" {
        Value::Number(Number::Set(0))
    } else if !text.starts_with('0')
        && let Ok(number) = text.parse()
    {
        Value::Number(Number::Set(number))
    } else {
        Value::String(text.into())
    }
}

/// Go's `strconv.Atoi`, and its words for what is wrong.
pub(super) fn parse_int(text: &str) -> Result<i64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.starts_with('+') {
        return Err("invalid syntax"); // which Rust would take for the sign
    }
    // Go parses the digits as a u64 first: that decides which of two faults it reports.
    match digits.parse::<u64>() {
        Ok(_) => text.parse().map_err(|_| "value out of range"),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err("value out of range"),
        Err(_) => Err("invalid syntax"),
    }
}

/// The table that a value is, or what Go says when it is none.
pub(super) fn as_table(value: &mut Value) -> Result<&mut Table, String> {
    let found = type_name(value);
    match value {
        Value::Table(table) => Ok(table),
        _ => Err(conversion_failed(found, "map[string]interface {}")),
    }
}

/// The list that a value is, or what Go says when it is none.
pub(super) fn as_list(value: &mut Value) -> Result<&mut Vec<Node>, String> {
    let found = type_name(value);
    match value {
        Value::List(list) => Ok(list),
        _ => Err(conversion_failed(found, "[]interface {}")),
    }
}

fn conversion_failed(found: &str, expected: &str) -> String {
    format!("interface conversion: interface {{}} is {found}, not {expected}")
}

/// What Go calls the type of a value.
fn type_name(value: &Value) -> &'static str {
    match value.revealed() {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(Number::Set(_)) => "int64",
        Value::Number(_) => "float64",
        Value::String(_) | Value::Secret(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Table(_) => "map[string]interface {}",
    }
}
