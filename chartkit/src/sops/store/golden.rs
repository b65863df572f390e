//! What SOPS says about texts and trees, against what is said here.
//!
//! The form of the cases is that of `fixtures/record/sops`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::flatten::{flatten, unflatten};
use super::text::find;
use super::{StoreOptions, emit_encrypted, emit_plain, emit_value, load_encrypted, load_plain};
use crate::sops::tree::entries;
use crate::sops::{Branch, Comment, Entry, Format, Item, LoadErrorKind, Node, Secret, Value};
use crate::source::{FileId, Sources};

#[test]
fn json_is_that_of_sops() {
    check_all(
        include_str!("../../../../fixtures/sops/json/want.jsonl"),
        130,
    );
}

#[test]
fn binary_is_that_of_sops() {
    check_all(
        include_str!("../../../../fixtures/sops/binary/want.jsonl"),
        30,
    );
}

#[test]
fn dotenv_is_that_of_sops() {
    check_all(
        include_str!("../../../../fixtures/sops/dotenv/want.jsonl"),
        80,
    );
}

#[test]
fn ini_is_that_of_sops() {
    check_all(
        include_str!("../../../../fixtures/sops/ini/want.jsonl"),
        200,
    );
}

#[test]
fn flattening_is_that_of_sops() {
    check_all(
        include_str!("../../../../fixtures/sops/flatten/want.jsonl"),
        40,
    );
}

/// Many more cases, from files that `fixtures/record/sops/differential` writes.
#[test]
#[ignore = "needs a folder of cases in SOPS_CASES"]
#[expect(
    clippy::disallowed_methods,
    reason = "cases are too large for the repository"
)]
fn more_cases_are_those_of_sops() {
    let folder = std::env::var("SOPS_CASES").unwrap();
    for file in std::fs::read_dir(Path::new(&folder)).unwrap() {
        let path = file.unwrap().path();
        let checked = check_all(&std::fs::read_to_string(&path).unwrap(), 1);
        println!("{}: {checked}", path.display());
    }
}

/// Checks one case a line, and says how the answers were.
fn check_all(cases: &str, at_least: usize) -> String {
    let [mut same, mut different, mut count] = [0; 3];
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        count += 1;
        match check(&case) {
            Ok(()) => same += 1,
            Err(problem) => match known_difference(&case, problem) {
                Some(_) => different += 1,
                None => panic!("{problem}: {line}"),
            },
        }
    }
    assert!(count >= at_least, "{count} cases");
    format!("{same} as SOPS, {different} different on purpose")
}

/// The places that say DIFFERENCE, as far as cases can show them.
fn known_difference(case: &Json, problem: &str) -> Option<&'static str> {
    let format = case["format"].as_str().unwrap_or_default();
    let holds = |kinds: [&str; 2]| {
        let is_one = |json: &Json| kinds.iter().any(|kind| json.get(kind).is_some());
        case.get("tree").is_some_and(|tree| any(tree, &is_one))
    };
    match (problem, format) {
        ("emitted", _) => {
            let error = case["emit_error"].as_str().unwrap();
            let crash = error.starts_with("panic: runtime error: index out of range");
            crash.then_some("SOPS crashes")
        }
        ("not emitted", "ini") if holds(["map", "list"]) => Some("nesting in ini files"),
        ("refused" | "kind", "json" | "dotenv" | "ini") => {
            let text = bytes(&case["in"]);
            let mut sources = Sources::new();
            let file = sources.add("case", text.clone());
            let error = load_plain(format.parse().unwrap(), &sources, file).err()?;
            let (_, span) = error.location().unwrap();
            let rest = &text[span.start as usize..];
            let is_end = format == "json" && rest.iter().all(u8::is_ascii_whitespace);
            match error.to_string() {
                message if message.contains("UTF-8") => Some("not UTF-8"),
                _ if is_end => Some("a text that ends too early"),
                _ => None,
            }
        }
        _ => None,
    }
}

fn any(json: &Json, wanted: &dyn Fn(&Json) -> bool) -> bool {
    wanted(json)
        || match json {
            Json::Array(items) => items.iter().any(|item| any(item, wanted)),
            Json::Object(fields) => fields.values().any(|field| any(field, wanted)),
            _ => false,
        }
}

fn check(case: &Json) -> Result<(), &'static str> {
    let sources = &mut Sources::new();
    let file = sources.add("case", case.get("in").map(bytes).unwrap_or_default());
    let format = || case["format"].as_str().unwrap().parse::<Format>().unwrap();
    let options = StoreOptions {
        json_indent: case["indent"].as_i64(),
        ..StoreOptions::default()
    };
    let no_error = case.get("error").is_none();
    match case["op"].as_str().unwrap() {
        "load" => {
            let Ok(branches) = load_plain(format(), sources, file) else {
                return expect(!no_error, "refused");
            };
            expect(no_error, "accepted")?;
            expect(branches == branches_of(&case["tree"]), "read")?;
            check_places(format(), sources, file, &branches);
            check_out(case, emit_plain(format(), &branches, &options).ok())
        }
        "encrypted" => {
            let (branches, metadata) = match load_encrypted(format(), sources, file) {
                Ok(loaded) => loaded,
                Err(error) => {
                    let missing = error.kind() == LoadErrorKind::MetadataNotFound;
                    let want = case["error"].as_str().unwrap_or_default();
                    expect(missing == (want == "sops metadata not found"), "kind")?;
                    return expect(!no_error, "refused");
                }
            };
            // What the metadata says is not the business of a store.
            if !no_error {
                let error = case["error"].as_str().unwrap();
                let ours = ["unflattening", "unmarshal", "sops entry", "not found"];
                return expect(!ours.iter().any(|word| error.contains(word)), "accepted");
            }
            expect(branches == branches_of(&case["tree"]), "read")?;
            let out = emit_encrypted(format(), &branches, &metadata, &options);
            if case.get("emit_error").is_some() {
                return expect(out.is_err(), "emitted");
            }
            let out = out.map_err(|_| "not emitted")?;
            let text = sources.text(file);
            if bytes(&case["out"]) == **text {
                return expect(out == **text, "written");
            }
            // SOPS writes the fields that it knows, here are all of them: only the rest is compared.
            let marker: &[u8] = match format() {
                Format::Dotenv => b"\nsops_",
                Format::Ini => b"[sops]\n",
                _ => b"\t\"sops\": {\n",
            };
            let before = |text: &[u8]| {
                let text = [b"\n", text].concat();
                let end = find(&text, marker);
                text[..end.unwrap()].to_vec()
            };
            expect(before(&out) == before(&bytes(&case["out"])), "written")
        }
        "emit" => {
            let branches = branches_of(&case["tree"]);
            check_out(case, emit_plain(format(), &branches, &options).ok())
        }
        "value" => {
            let value = value_of(case.get("tree").unwrap_or(&Json::Null));
            check_out(case, emit_value(format(), &value, &options).ok())
        }
        "unflatten" => check_branch(case, unflatten(branch_of(&case["tree"]), file).ok()),
        "flatten" => check_branch(case, flatten(&branch_of(&case["tree"])).ok()),
        other => panic!("unknown operation {other}"),
    }
}

fn expect(holds: bool, problem: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(problem) }
}

fn check_out(case: &Json, out: Option<Secret>) -> Result<(), &'static str> {
    match (case.get("emit_error"), out) {
        (Some(_), None) => Ok(()),
        (Some(_), Some(_)) => Err("emitted"),
        (None, None) => Err("not emitted"),
        (None, Some(out)) => {
            let want = case.get("out").map(bytes).unwrap_or_default();
            expect(out.expose() == want, "written")
        }
    }
}

fn check_branch(case: &Json, out: Option<Branch>) -> Result<(), &'static str> {
    match (case.get("error"), out) {
        (Some(_), None) => Ok(()),
        (Some(_), Some(_)) => Err("accepted"),
        (None, None) => Err("refused"),
        (None, Some(out)) => expect(out == branch_of(&case["out"]), "result"),
    }
}

/// Keys and leaves stand where they are said to stand.
fn check_places(format: Format, sources: &Sources, file: FileId, branches: &[Branch]) {
    let text = sources.text(file);
    let slice = |at: crate::sops::At| &text[at.span.start as usize..at.span.end as usize];
    for branch in branches {
        for item in branch {
            match item {
                Item::Comment(comment) => {
                    if let Some(at) = comment.at {
                        let first = slice(at)[0];
                        assert!(first == b'#' || first == b';');
                    }
                }
                Item::Entry(entry) => {
                    if let Some(at) = entry.key_at
                        && format == Format::Dotenv
                    {
                        assert_eq!(slice(at), entry.key.as_bytes());
                    }
                    check_place(format, slice, &entry.value);
                    if let Value::Branch(inner) = &entry.value.value {
                        check_places(format, sources, file, std::slice::from_ref(inner));
                    }
                }
            }
        }
    }
}

/// A leaf reads the same when its bytes stand alone.
fn check_place<'t>(format: Format, slice: impl Fn(crate::sops::At) -> &'t [u8], node: &Node) {
    let Some(at) = node.at else { return };
    let written = slice(at);
    let alone = match format {
        Format::Json => [b"{\"k\":", written, b"}"].concat(),
        // A comment stands between the backslash and the end of the line.
        Format::Ini if written.ends_with(b"\\") => return,
        Format::Dotenv | Format::Ini => [b"k=", written].concat(),
        Format::Binary | Format::Yaml => return,
    };
    let mut sources = Sources::new();
    let file = sources.add("alone", alone);
    let mut branch = load_plain(format, &sources, file).ok().unwrap().remove(0);
    if format == Format::Ini {
        let Item::Entry(Entry { value, .. }) = branch.remove(0) else {
            panic!("a section");
        };
        branch = value.value.as_branch().unwrap().clone();
    }
    let alone = entries(&branch).next().unwrap();
    assert!(alone.value == *node, "{written:?}");
}

fn branches_of(json: &Json) -> Vec<Branch> {
    json.as_array().unwrap().iter().map(branch_of).collect()
}

fn branch_of(json: &Json) -> Branch {
    let items = json.as_array().unwrap().iter();
    let items = items.map(|item| match item {
        Json::Array(pair) => Item::Entry(Entry::new(
            String::from_utf8(bytes(&pair[0])).unwrap_or_else(|_| "not UTF-8".to_owned()),
            value_of(&pair[1]),
        )),
        comment => Item::Comment(comment_of(comment)),
    });
    items.collect()
}

fn comment_of(json: &Json) -> Comment {
    Comment::new(Secret::from(bytes(&json["#"])))
}

fn value_of(json: &Json) -> Value {
    let Json::Object(fields) = json else {
        return match json {
            Json::Null => Value::Null,
            Json::Bool(bool) => Value::Bool(*bool),
            Json::Number(int) => Value::Int(int.as_i64().unwrap()),
            _ => Value::string(bytes(json)),
        };
    };
    let (kind, content) = fields.iter().next().unwrap();
    match kind.as_str() {
        "#" => Value::Comment(comment_of(json)),
        "base64" => Value::string(bytes(json)),
        "float" => Value::Float(content.as_str().unwrap().parse().unwrap()),
        "time" => Value::Time(content.as_str().unwrap().parse().unwrap()),
        "map" => Value::Branch(branch_of(content)),
        "list" => {
            let items = content.as_array().unwrap().iter();
            Value::List(items.map(|item| value_of(item).into()).collect())
        }
        other => panic!("unknown kind {other}"),
    }
}

fn bytes(json: &Json) -> Vec<u8> {
    match json {
        Json::String(text) => text.clone().into_bytes(),
        _ => STANDARD.decode(json["base64"].as_str().unwrap()).unwrap(),
    }
}
