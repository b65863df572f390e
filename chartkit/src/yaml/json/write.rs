//! Values into JSON text.

use std::fmt::Write as _;

use crate::yaml::{MASK, Value};

/// The value in JSON on one line, as Helm's `toJson` prints it.
///
/// # Shape
///
/// Keys in byte order, no spaces, `<`, `>` and `&` escaped, numbers as Helm
/// [views](crate::yaml::Number::view) them.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{from_json, to_json};
///
/// let node = from_json(r#"{"b": "a < b", "a": [1.0, null]}"#, None).unwrap();
/// assert_eq!(to_json(&node.value), r#"{"a":[1,null],"b":"a \u003c b"}"#);
/// ```
///
/// # Source
///
/// Go 1.26, `encoding/json/encode.go`, `Marshal`.
#[must_use]
pub fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, None);
    out
}

/// The value in JSON over several lines with 2 spaces per level, as `toPrettyJson` prints it.
///
/// # Shape
///
/// As [`to_json`]; empty lists and tables stay on one line; no final line break.
///
/// # Source
///
/// Go 1.26, `encoding/json/indent.go`, `MarshalIndent` with prefix `""` and indent two spaces.
#[must_use]
pub fn to_json_pretty(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Some(0));
    out
}

/// `level` counts the open brackets when lines are broken.
fn write_value(out: &mut String, value: &Value, level: Option<usize>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => {
            write!(out, "{number}").expect("writing into a string cannot fail");
        }
        Value::String(text) => write_string(out, text),
        Value::Secret(_) => write_string(out, MASK),
        Value::List(items) => {
            write_members(out, ['[', ']'], items.iter(), level, |out, item, level| {
                write_value(out, &item.value, level);
            });
        }
        Value::Table(table) => {
            write_members(
                out,
                ['{', '}'],
                table.iter(),
                level,
                |out, (key, node), level| {
                    write_string(out, key);
                    out.push_str(if level.is_some() { ": " } else { ":" });
                    write_value(out, &node.value, level);
                },
            );
        }
    }
}

fn write_members<I: ExactSizeIterator>(
    out: &mut String,
    [open, close]: [char; 2],
    members: I,
    level: Option<usize>,
    mut write: impl FnMut(&mut String, I::Item, Option<usize>),
) {
    let empty = members.len() == 0;
    let inner = level.map(|level| level + 1);
    out.push(open);
    for (i, member) in members.enumerate() {
        if i > 0 {
            out.push(',');
        }
        break_line(out, inner);
        write(out, member, inner);
    }
    if !empty {
        break_line(out, level);
    }
    out.push(close);
}

fn break_line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    escape(text, |piece| out.push_str(piece));
    out.push('"');
}

/// Hands the text to `push`, piece by piece, with the escapes that it needs between quotes.
pub(crate) fn escape(text: &str, mut push: impl FnMut(&str)) {
    let mut written = 0;
    for (at, c) in text.char_indices() {
        let coded;
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            // The last five because JSON is pasted into HTML and JavaScript.
            '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                coded = format!("\\u{:04x}", u32::from(c));
                &coded
            }
            _ => continue,
        };
        push(&text[written..at]);
        push(escaped);
        written = at + c.len_utf8();
    }
    push(&text[written..]);
}
