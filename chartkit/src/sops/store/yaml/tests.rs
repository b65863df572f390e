//! Branches and texts compared with those of SOPS (see `fixtures/sops/yaml/README.md`).
#![allow(clippy::print_stdout, reason = "the counts are what one wants to know")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::{emit, emit_encrypted, emit_value, load, load_encrypted, load_with_layout};
use crate::sops::store::{EmitErrorKind, LoadError, LoadErrorKind};
use crate::sops::{Branch, Comment, Entry, Item, Node, Secret, StoreOptions, Value};
use crate::source::{FileId, Sources};
use crate::yaml::Number;

const LOAD: &str = include_str!("../../../../../fixtures/sops/yaml/want.load.jsonl");
const EMIT: &str = include_str!("../../../../../fixtures/sops/yaml/want.emit.jsonl");

#[test]
fn texts_are_loaded_and_written_as_by_sops() {
    let tally = compare(LOAD.lines(), compare_load);
    assert!(tally.same > 300, "{} same", tally.same);
    assert!(tally.differ.is_empty(), "{:#?}", tally.differ);
}

#[test]
fn branches_are_written_as_by_sops() {
    let tally = compare(EMIT.lines(), compare_emit);
    assert!(tally.same > 200, "{} same", tally.same);
    assert!(tally.differ.is_empty(), "{:#?}", tally.differ);
}

/// Reads what `fixtures/record/sops-yaml load` writes; see `differential` there.
#[test]
#[ignore = "reads cases from standard input"]
fn differential_load() {
    compare(std::io::stdin().lines().map(Result::unwrap), compare_load).finish();
}

/// Reads what `fixtures/record/sops-yaml emit` writes; see `differential` there.
#[test]
#[ignore = "reads cases from standard input"]
fn differential_emit() {
    compare(std::io::stdin().lines().map(Result::unwrap), compare_emit).finish();
}

#[test]
fn values_know_where_they_were_written() {
    let text = "# c\na: 'x y' # d\nb:\n  - 1\n  - *n # e\n";
    let text = text.replace("'x y'", "&n 'x y'");
    let (sources, file) = sources(&text);
    let (branches, layout) = load_with_layout(&sources, file).unwrap();
    let [
        Item::Comment(c),
        Item::Comment(d),
        Item::Entry(a),
        Item::Entry(b),
    ] = &branches[0][..]
    else {
        panic!("two comments and two entries")
    };
    let raw = |at: Option<crate::sops::At>| layout.documents[0].raw(at.unwrap().span);
    assert_eq!([raw(c.at), raw(d.at)], ["# c", "# d"]);
    assert_eq!([raw(a.key_at), raw(a.value.at)], ["a", "'x y'"]);
    let Value::List(list) = &b.value.value else {
        panic!("a list")
    };
    assert_eq!(raw(b.value.at), "- 1\n  - *n");
    assert_eq!(raw(list[0].at), "1");
    assert_eq!(raw(list[1].at), "# e");
    assert_eq!(list[2].at, None, "a copy is nowhere");
    let node = list[0].at.unwrap().node;
    let at_node = layout.documents[0].nodes().nth(node as usize).unwrap();
    assert_eq!(layout.documents[0].text(at_node), "1");
}

#[test]
fn every_comment_is_loaded_or_reported_as_lost() {
    for line in LOAD.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let (sources, file) = sources(text);
        let Ok((branches, layout)) = load_with_layout(&sources, file) else {
            continue;
        };
        let mut found: Vec<u32> = layout.lost_comments.iter().map(|span| span.start).collect();
        for branch in &branches {
            comment_starts(branch, &mut found);
        }
        found.sort_unstable();
        let comments = layout
            .documents
            .iter()
            .flat_map(crate::yaml::Document::comments);
        let all: Vec<u32> = comments.map(|comment| comment.span.start).collect();
        assert_eq!(found, all, "{text:?}");
    }
    let (sources, file) = sources("a: [\n  # lost\n  ]\n");
    let (_, layout) = load_with_layout(&sources, file).unwrap();
    assert_eq!(layout.lost_comments.len(), 1);
}

fn comment_starts(branch: &Branch, found: &mut Vec<u32>) {
    fn of_value(value: &Value, found: &mut Vec<u32>) {
        match value {
            Value::Comment(comment) => found.extend(comment.at.map(|at| at.span.start)),
            Value::Branch(branch) => comment_starts(branch, found),
            Value::List(list) => list.iter().for_each(|node| of_value(&node.value, found)),
            _ => {}
        }
    }
    for item in branch {
        match item {
            Item::Comment(comment) => found.extend(comment.at.map(|at| at.span.start)),
            Item::Entry(entry) => of_value(&entry.value.value, found),
        }
    }
}

#[test]
fn utf16_is_read() {
    let units = "# ä\na: ключ\n".encode_utf16();
    let bytes: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(units.flat_map(u16::to_le_bytes))
        .collect();
    let mut sources = Sources::new();
    let file = sources.add("text.yaml", bytes);
    let branches = load(&sources, file).unwrap();
    assert_eq!(
        dump_branches(&branches),
        json!([[{"comment": " ä"}, ["a", "ключ"]]])
    );
}

#[test]
fn refusals_say_what_and_where() {
    let cases = [
        (
            "",
            LoadErrorKind::Empty,
            "",
            "found nothing in the file, expected a mapping",
        ),
        (
            "# c\n",
            LoadErrorKind::Empty,
            "",
            "found no document in the file, expected a mapping",
        ),
        (
            "- hunter2\n",
            LoadErrorKind::Unsupported,
            "- hunter2",
            "found a list as document, expected a mapping",
        ),
        (
            "a: 1\n---\nx\n",
            LoadErrorKind::Unsupported,
            "x",
            "found a scalar as document, expected a mapping",
        ),
        (
            "7: x\n",
            LoadErrorKind::Unsupported,
            "7",
            "found a key of type int, expected a string",
        ),
        (
            "a: 18446744073709551615\n",
            LoadErrorKind::Unsupported,
            "18446744073709551615",
            "found an integer above 9223372036854775807, expected one that fits 64 bits with a sign",
        ),
        (
            "<<: 5\n",
            LoadErrorKind::Unsupported,
            "5",
            "found a merge key `<<` without a mapping, expected a mapping, an alias of one, or a list of these",
        ),
        (
            "a: &x [*x]\n",
            LoadErrorKind::Syntax,
            "*x",
            "found an alias inside of what it stands for",
        ),
        (
            "a: 1\n---\nb: &x {c: *x}\n",
            LoadErrorKind::Syntax,
            "*x",
            "found an alias inside of what it stands for",
        ),
        ("a: 1\na: 2\n", LoadErrorKind::Syntax, "", "not YAML"),
        ("a: !!int hunter2\n", LoadErrorKind::Syntax, "", "not YAML"),
        ("a: [1\n", LoadErrorKind::Syntax, "", "not YAML"),
    ];
    for (text, kind, at, message) in cases {
        let (sources, file) = sources(text);
        let error = load(&sources, file).err().unwrap();
        let place = error.location().map_or("", |(file, span)| {
            let bytes = &sources.text(file)[span.start as usize..span.end as usize];
            std::str::from_utf8(bytes).unwrap()
        });
        assert_eq!(
            (error.kind(), place, error.to_string().as_str()),
            (kind, at, message),
            "{text:?}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[test]
fn aliases_multiply_only_so_far() {
    let mut text = String::from("a: 1\n---\nl0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = format!("*l{}", level - 1);
        text += &format!(
            "l{level}: &l{level} [{}]\n",
            [before.as_str(); 10].join(", ")
        );
    }
    let (sources, file) = sources(&text);
    assert_eq!(
        load(&sources, file).err().map(|error| error.kind()),
        Some(LoadErrorKind::Syntax)
    );
}

#[test]
fn the_metadata_is_that_of_the_first_document() {
    let load_encrypted = |text: &str| {
        let (sources, file) = sources(text);
        load_encrypted(&sources, file)
    };
    let text = "a: 1\nsops: # c\n  version: 3.0.0\n---\nb: 2\nsops: anything\n";
    let (branches, metadata) = load_encrypted(text).unwrap();
    let want = json!([[["a", {"int": "1"}], {"comment": " c"}], [["b", {"int": "2"}]]]);
    assert_eq!(dump_branches(&branches), want);
    assert_eq!(without_comments(&metadata), json!([["version", "3.0.0"]]));

    let kind = |text| {
        load_encrypted(text)
            .err()
            .map(|error: LoadError| error.kind())
    };
    assert_eq!(kind("a: 1\n"), Some(LoadErrorKind::MetadataNotFound));
    assert_eq!(
        kind("a: 1\n---\nsops: {}\n"),
        Some(LoadErrorKind::MetadataNotFound)
    );
    assert_eq!(kind("sops: x\n"), Some(LoadErrorKind::Metadata));
    assert_eq!(
        kind("&k sops: {}\n*k : {}\n"),
        Some(LoadErrorKind::Metadata)
    );
}

#[test]
fn the_metadata_ends_every_document() {
    let branches = parse("a: 1\nf: -0.0\n# c\n---\nb: 2\n");
    let metadata = parse("version: 3.13.3\n").remove(0);
    let options = StoreOptions::default();
    let text = emit_encrypted(&branches, &metadata, &options).unwrap();
    let want =
        "a: 1\nf: -0.0\n# c\nsops:\n    version: 3.13.3\n---\nb: 2\nsops:\n    version: 3.13.3\n";
    assert_eq!(String::from_utf8(text).unwrap(), want);

    let reserved = parse("a: 1\n---\nsops: 2\n");
    let error = emit_encrypted(&reserved, &metadata, &options).unwrap_err();
    assert_eq!(error.kind(), EmitErrorKind::ReservedKey);
}

#[test]
fn values_are_written_on_their_own() {
    let emit = |value: &Value| emit_value(value).unwrap().as_str().unwrap().to_owned();
    let branch = parse("a: {b: [1, x]}\n").remove(0);
    assert_eq!(
        emit(&Value::Branch(branch)),
        "a:\n    b:\n        - 1\n        - x\n"
    );
    assert_eq!(emit(&Value::List(vec![Value::Null.into()])), "- null\n");
    assert_eq!(emit(&Value::string("yes")), "\"yes\"\n");
    assert_eq!(emit(&Value::string("a\nb")), "|-\n    a\n    b\n");
    let comment = Comment::new(Secret::from(" c"));
    assert_eq!(
        emit(&Value::Comment(comment)),
        "value: ' c'\ninline: false\n"
    );
}

#[test]
fn indentations_are_those_of_go() {
    let branches = parse("a: {b: 1}\n");
    for (indent, blanks) in [(0, 4), (1, 2), (2, 2), (9, 9), (10, 2), (1000, 2)] {
        let text = emit_branches(&branches, indent);
        assert_eq!(
            text,
            format!("a:\n{}b: 1\n", " ".repeat(blanks)),
            "{indent}"
        );
    }
    let options = StoreOptions {
        yaml_indent: Some(-1),
        ..StoreOptions::default()
    };
    assert_eq!(
        emit(&branches, &options).unwrap_err().kind(),
        EmitErrorKind::Indent
    );
}

#[test]
fn what_sops_could_not_read_is_written_otherwise() {
    let string = |text: &str| Value::string(text);
    let list = |value: Value| Value::List(vec![value.into()]);
    let inline = |text: &str| Comment {
        inline: true,
        ..Comment::new(Secret::from(text))
    };
    let cases = [
        (string("\ta\nb"), "k: \"\\ta\\nb\"\n"),
        (string("a\u{2028}b"), "k: \"a\\Lb\"\n"),
        (list(string(" a\nb\n")), "k:\n    - |2\n       a\n      b\n"),
    ];
    for (value, want) in cases {
        let branch = vec![Item::Entry(Entry::new("k", value))];
        assert_written(branch, want);
    }
    let merged = |value| vec![Item::Entry(Entry::new("<<", value))];
    assert_written(merged(string("x")), "\"<<\": x\n");
    assert_written(merged(list(string("x"))), "\"<<\":\n    - x\n");
    let branch = Value::Branch(parse("a: 1\n").remove(0));
    assert_written(merged(branch.clone()), "!!merge <<:\n    a: 1\n");
    assert_written(merged(list(branch.clone())), "!!merge <<:\n    - a: 1\n");

    let comments = [Item::Comment(inline("b")), Item::Comment(inline("c"))];
    let text = Item::Entry(Entry::new("k", string("a\nb\n")));
    let branch_with_two = comments.into_iter().chain([text]).collect();
    assert_written(branch_with_two, "k: | #b #c\n    a\n    b\n");

    let behind = Value::List(vec![Value::Comment(inline("c")).into(), branch.into()]);
    let mut waiting = vec![Item::Entry(Entry::new("l", behind))];
    waiting.push(Item::Entry(Entry::new("m", Value::Branch(Branch::new()))));
    assert_written(waiting, "l:\n    - a: 1\nm: {} #c\n");

    let odd = Comment::new(Secret::from(b"\x01\xFF\xE2\x80\xA8x".to_vec()));
    let branch = vec![
        Item::Comment(odd),
        Item::Entry(Entry::new("k", Value::Null)),
    ];
    assert_written(branch, "#\u{FFFD}\u{FFFD}\n# x\nk: null\n");
}

fn assert_written(branch: Branch, want: &str) {
    let branches = [branch];
    let text = emit_branches(&branches, 0);
    assert_eq!(text, want);
    assert!(rereads(&branches, &text), "{text}");
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |levels| {
        let value = (0..levels).fold(Value::Null, |value, _| Value::List(vec![value.into()]));
        vec![vec![Item::Entry(Entry::new("k", value))]]
    };
    let options = StoreOptions::default();
    assert!(emit(&nested(255), &options).is_ok());
    let error = emit(&nested(256), &options).unwrap_err();
    assert_eq!(error.kind(), EmitErrorKind::Unsupported);
    let text = emit_branches(&nested(255), 2);
    assert_eq!(dump_branches(&parse(&text)), dump_branches(&nested(255)));
}

fn sources(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let file = sources.add("text.yaml", text.as_bytes());
    (sources, file)
}

fn load_text(text: &str) -> Result<Vec<Branch>, String> {
    let (sources, file) = sources(text);
    load(&sources, file).map_err(|error| {
        let source = std::error::Error::source(&error);
        source.map_or(error.to_string(), ToString::to_string)
    })
}

fn parse(text: &str) -> Vec<Branch> {
    load_text(text).unwrap()
}

fn emit_branches(branches: &[Branch], indent: i64) -> String {
    let options = StoreOptions {
        yaml_indent: Some(indent),
        ..StoreOptions::default()
    };
    let text = emit(branches, &options).unwrap();
    text.as_str().unwrap().to_owned()
}

#[derive(Default)]
struct Tally {
    same: usize,
    refused_by_both: usize,
    /// What only we refuse; see `is_refused_by_us`.
    refused_by_us: usize,
    /// Where SOPS loses something and we do not.
    safer: usize,
    differ: Vec<String>,
}

enum Outcome {
    Same,
    RefusedByBoth,
    RefusedByUs,
    Safer,
    Differs(String),
}

fn compare(lines: impl Iterator<Item = impl AsRef<str>>, compare: fn(&Json) -> Outcome) -> Tally {
    let mut tally = Tally::default();
    for line in lines {
        let case = serde_json::from_str(line.as_ref()).unwrap();
        match compare(&case) {
            Outcome::Same => tally.same += 1,
            Outcome::RefusedByBoth => tally.refused_by_both += 1,
            Outcome::RefusedByUs => tally.refused_by_us += 1,
            Outcome::Safer => tally.safer += 1,
            Outcome::Differs(how) => tally.differ.push(how),
        }
    }
    tally.differ.sort_by_key(String::len);
    tally
}

impl Tally {
    fn finish(self) {
        println!(
            "{} same, {} refused by both, {} by us only, {} written in a safer way, {} differ",
            self.same,
            self.refused_by_both,
            self.refused_by_us,
            self.safer,
            self.differ.len()
        );
        let shown: String = self
            .differ
            .iter()
            .take(10)
            .flat_map(|case| [case.as_str(), "\n"])
            .collect();
        assert!(self.differ.is_empty(), "\n{shown}");
    }
}

fn compare_load(case: &Json) -> Outcome {
    let text = case["text"].as_str().unwrap();
    let error = case["error"].as_str().or(case["refused"].as_str());
    let differs = |ours: &dyn std::fmt::Display, want: &dyn std::fmt::Display| {
        Outcome::Differs(format!(
            "--- {text:?}\n{text}\nours: {ours}\nwant: {want}\n"
        ))
    };
    let branches = match (load_text(text), error) {
        // SOPS says so of an empty text only when it encrypts.
        (Err(_), Some(_)) => return Outcome::RefusedByBoth,
        (Err(_), None) if text.is_empty() => return Outcome::RefusedByBoth,
        (Err(ours), None) if is_refused_by_us(&ours) => return Outcome::RefusedByUs,
        (Err(ours), None) => return differs(&ours, &"no error"),
        (Ok(_), Some(theirs)) => return differs(&"no error", &theirs),
        (Ok(branches), None) => branches,
    };
    let ours = dump_branches(&branches);
    if ours != case["branches"] {
        return differs(&ours, &case["branches"]);
    }
    let ours = emit_branches(&branches, 0);
    let want = case["emitted"].as_str().unwrap_or(text);
    let sops_loses = is_odd(want) || case.get("reread").is_some();
    match ours == want {
        true => Outcome::Same,
        false if sops_loses && rereads(&branches, &ours) => Outcome::Safer,
        false => differs(&ours, &want),
    }
}

fn compare_emit(case: &Json) -> Outcome {
    let branches = read_branches(&case["branches"]);
    let ours = emit_branches(&branches, case["indent"].as_i64().unwrap());
    let want = case["text"].as_str().unwrap();
    let reread = case.get("reread");
    let sops_loses = is_odd(want) || reread.is_some();
    match ours == want {
        true if reread.is_none() => Outcome::Same,
        false if sops_loses && rereads(&branches, &ours) => Outcome::Safer,
        _ => {
            let branches = &case["branches"];
            Outcome::Differs(format!(
                "--- {branches}\nours:\n{ours}\nwant:\n{want}\nreread: {reread:?}\n"
            ))
        }
    }
}

/// A block scalar in the column of its key, and an alias of another document's anchor.
fn is_refused_by_us(error: &str) -> bool {
    [
        "found `|`, expected a `:`",
        "found `>`, expected a `:`",
        "expected its anchor before it",
    ]
    .iter()
    .any(|message| error.contains(message))
}

/// Readable for SOPS, but not for others, or only behind the first document.
fn is_odd(text: &str) -> bool {
    text.contains('\u{2028}') || text.contains("!!merge <<:")
}

/// Whether a text has the values of branches.
fn rereads(branches: &[Branch], text: &str) -> bool {
    let values = |branches: &[Branch]| branches.iter().map(without_comments).collect::<Json>();
    load_text(text).is_ok_and(|reread| values(&reread) == values(branches))
}

/// What must come back when a text is read: comments move, and a float without a fraction or an
/// exponent is an integer.
fn without_comments(branch: &Branch) -> Json {
    fn strip(json: &mut Json) {
        match json {
            Json::Array(items) => {
                items.retain(|item| item.get("comment").is_none() && item.get("inline").is_none());
                items.iter_mut().for_each(strip);
            }
            Json::Object(fields) => {
                if let Some(bits) = fields.get("float").and_then(Json::as_str)
                    && let Ok(bits) = u64::from_str_radix(bits, 16)
                    && let text = Number::Float(f64::from_bits(bits)).to_template_text()
                    && let Ok(int) = text.parse::<i64>()
                {
                    *json = json!({ "int": int.to_string() });
                    return;
                }
                fields.values_mut().for_each(strip);
            }
            _ => {}
        }
    }
    let mut json = dump_branch(branch);
    strip(&mut json);
    json
}

// The form in which the recorder writes branches.

fn dump_branches(branches: &[Branch]) -> Json {
    branches.iter().map(dump_branch).collect()
}

fn dump_branch(branch: &Branch) -> Json {
    let items = branch.iter().map(|item| match item {
        Item::Comment(comment) => dump_comment(comment),
        Item::Entry(entry) => json!([entry.key, dump(&entry.value.value)]),
    });
    items.collect()
}

fn dump_comment(comment: &Comment) -> Json {
    let text = String::from_utf8_lossy(comment.text.expose());
    let name = if comment.inline { "inline" } else { "comment" };
    json!({ name: text })
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
            None => json!({"base64": STANDARD.encode(text.expose())}),
        },
        Value::Comment(comment) => dump_comment(comment),
        Value::Branch(branch) => json!({"map": dump_branch(branch)}),
        Value::List(list) => list.iter().map(|Node { value, .. }| dump(value)).collect(),
    }
}

fn read_branches(json: &Json) -> Vec<Branch> {
    json.as_array().unwrap().iter().map(read_branch).collect()
}

fn read_branch(json: &Json) -> Branch {
    let items = json.as_array().unwrap().iter().map(|item| match item {
        Json::Array(pair) => Item::Entry(Entry::new(pair[0].as_str().unwrap(), read(&pair[1]))),
        comment => match read(comment) {
            Value::Comment(comment) => Item::Comment(comment),
            _ => panic!("{comment} is no comment"),
        },
    });
    items.collect()
}

fn read(json: &Json) -> Value {
    let comment = |text: &Json, inline| {
        Value::Comment(Comment {
            inline,
            ..Comment::new(Secret::from(text.as_str().unwrap()))
        })
    };
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::String(text) => Value::string(text),
        Json::Array(items) => Value::List(items.iter().map(|item| read(item).into()).collect()),
        Json::Number(_) => panic!("numbers are objects"),
        Json::Object(fields) => {
            let (name, value) = fields.iter().next().unwrap();
            match (name.as_str(), value.as_str()) {
                ("map", _) => Value::Branch(read_branch(value)),
                ("comment", _) => comment(value, false),
                ("inline", _) => comment(value, true),
                ("int", Some(int)) => Value::Int(int.parse().unwrap()),
                ("float", Some("nan")) => Value::Float(f64::NAN),
                ("float", Some(bits)) => {
                    Value::Float(f64::from_bits(u64::from_str_radix(bits, 16).unwrap()))
                }
                ("time", Some(time)) => Value::Time(time.parse().unwrap()),
                ("base64", Some(text)) => {
                    Value::String(Secret::from(STANDARD.decode(text).unwrap()))
                }
                _ => panic!("{json} is no value"),
            }
        }
    }
}
