//! Branches compared with those that SOPS loads (see `fixtures/sops/yaml/README.md`).
#![allow(clippy::print_stdout, reason = "the count is what one wants to know")]

use serde_json::{Value as Json, json};

use super::load;
use crate::sops::{Branch, Comment, Item, Node, Value};
use crate::source::Sources;

/// The form in which the recorder writes branches.
fn dump_branch(branch: &Branch) -> Json {
    let items = branch.iter().map(|item| match item {
        Item::Comment(comment) => dump_comment(comment),
        Item::Entry(entry) => json!([entry.key, dump(&entry.value.value)]),
    });
    items.collect()
}

fn dump_comment(comment: &Comment) -> Json {
    let text = comment.text.as_str().unwrap();
    if comment.inline {
        json!({ "inline": text })
    } else {
        json!({ "comment": text })
    }
}

fn dump(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Int(int) => json!({"int": int.to_string()}),
        Value::Float(float) if float.is_nan() => json!({"float": "nan"}),
        Value::Float(float) => json!({"float": format!("{:016x}", float.to_bits())}),
        Value::Time(time) => json!({"time": time.to_string()}),
        Value::String(text) => match text.as_str() {
            Some(text) => json!(text),
            None => json!({"base64": base64(text.expose())}),
        },
        Value::Comment(comment) => dump_comment(comment),
        Value::Branch(branch) => json!({"map": dump_branch(branch)}),
        Value::List(list) => list.iter().map(|Node { value, .. }| dump(value)).collect(),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn load_text(text: &str) -> Result<Json, String> {
    let mut sources = Sources::new();
    let file = sources.add("text.yaml", text.as_bytes());
    match load(&sources, file) {
        Ok(branches) => Ok(branches.iter().map(dump_branch).collect()),
        Err(error) => {
            let source = std::error::Error::source(&error);
            Err(source.map_or(error.to_string(), ToString::to_string))
        }
    }
}

/// Reads what `fixtures/record/sops-yaml load` writes.
#[test]
#[ignore = "reads cases from standard input; see fixtures/record/sops-yaml/differential"]
fn differential_load() {
    let (mut same, mut both_refuse) = (0, 0);
    let (mut differ, mut we_refuse, mut we_accept) = (Vec::new(), Vec::new(), Vec::new());
    for line in std::io::stdin().lines() {
        let case: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let text = case["text"].as_str().unwrap();
        let want = &case["branches"];
        let error = case["error"].as_str().or(case["refused"].as_str());
        match (load_text(text), error) {
            (Err(_), Some(_)) => both_refuse += 1,
            // SOPS says so only when it encrypts.
            (Err(_), None) if text.is_empty() => both_refuse += 1,
            (Ok(ours), None) if ours == *want => same += 1,
            (Ok(ours), None) => differ.push(format!(
                "--- {text:?}\n{text}\nours: {ours}\nwant: {want}\n"
            )),
            (Err(ours), None) => we_refuse.push(format!("{ours}: {text:?}")),
            (Ok(_), Some(theirs)) => we_accept.push(format!("{theirs}: {text:?}")),
        }
    }
    let counts = [&differ, &we_refuse, &we_accept].map(Vec::len);
    println!(
        "{same} same, {both_refuse} refused by both; differ, we refuse, we accept: {counts:?}"
    );
    let mut shown = String::new();
    for mut cases in [differ, we_refuse, we_accept] {
        cases.sort_by_key(String::len);
        shown.extend(cases.iter().take(8).flat_map(|case| [case.as_str(), "\n"]));
    }
    assert_eq!(counts, [0; 3], "\n{shown}");
}
