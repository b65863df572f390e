//! YAML and JSON text, compared with what Go wrote (see `fixtures/emit/README.md`).
#![allow(clippy::print_stdout, reason = "the count is what one wants to know")]

use chartkit::yaml::{EmitStyle, Value, from_json, to_json, to_json_pretty, to_yaml};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/emit");

#[derive(Default)]
struct Tally {
    texts: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn compare(&mut self, what: &str, input: &str, ours: &str, want: Option<&str>) {
        self.texts += 1;
        if want != Some(ours) {
            let differs = format!("{what} of {input}\nours: {ours:?}\nwant: {want:?}\n");
            self.wrong.push(differs);
        }
    }

    fn finish(self) {
        let (texts, wrong) = (self.texts, self.wrong.len());
        println!("{texts} texts compared, {wrong} differ");
        let shown: Vec<_> = self.wrong.iter().take(20).map(String::as_str).collect();
        assert!(self.wrong.is_empty(), "{}", shown.join("\n"));
    }
}

/// Texts that Go does not write, or writes so that they read back as something else; the doc of
/// `to_yaml` lists them.
fn go_loses(value: &Value, style: EmitStyle) -> bool {
    let text = to_json(value);
    if text.contains(r#""\u003c\u003c":"#) {
        return true;
    }
    match style {
        EmitStyle::V2 => {
            text.contains(|c| matches!(c, '\u{7f}'..'\u{a0}' | '\u{fffe}' | '\u{ffff}'))
        }
        EmitStyle::V3 { indent } => any_string(value, false, &mut |text, in_list| {
            let blank = |c| matches!(c, ' ' | '\n' | '\u{2028}' | '\u{2029}');
            let lost =
                text.starts_with('\t') || (indent != 2 && in_list && text.starts_with(blank));
            lost && text.contains('\n')
        }),
    }
}

/// Whether a test holds for any string or key; it is told whether that stands inside a list.
fn any_string(value: &Value, in_list: bool, is_it: &mut impl FnMut(&str, bool) -> bool) -> bool {
    match value {
        Value::String(text) => is_it(text, in_list),
        Value::List(items) => items
            .iter()
            .any(|item| any_string(&item.value, true, is_it)),
        Value::Table(table) => table
            .iter()
            .any(|(key, node)| is_it(key, in_list) || any_string(&node.value, in_list, is_it)),
        _ => false,
    }
}

/// Each line is a JSON object with the input and the texts that Go wrote.
fn compare_all(lines: &str) -> Tally {
    let mut tally = Tally::default();
    for line in lines.lines() {
        let want: serde_json::Value = serde_json::from_str(line).unwrap();
        let input = want["in"].as_str().unwrap();
        let value = from_json(input, None).unwrap().value;
        let json = to_json(&value);
        tally.compare("JSON", input, &json, want["json"].as_str());
        let pretty = want["pretty"].as_str().unwrap_or(&json);
        tally.compare("pretty JSON", input, &to_json_pretty(&value), Some(pretty));
        let styles = [
            (EmitStyle::V2, "v2"),
            (EmitStyle::V3 { indent: 2 }, "v3_2"),
            (EmitStyle::V3 { indent: 4 }, "v3_4"),
        ];
        for (style, name) in styles {
            if !go_loses(&value, style) {
                tally.compare(name, input, &to_yaml(&value, style), want[name].as_str());
            }
        }
    }
    tally
}

#[test]
fn tricky_values_are_written_as_by_go() {
    let table = std::fs::read_to_string(format!("{FIXTURES}/want.cases.jsonl")).unwrap();
    let tally = compare_all(&table);
    assert!(tally.texts > 2000, "{} texts", tally.texts);
    tally.finish();
}

/// For tables that are too large to keep: whole corpora, hundreds of thousands of random strings.
#[test]
#[ignore = "needs a table of the recorder in CHARTKIT_EMIT_TABLE"]
fn a_table_from_elsewhere_is_written_as_by_go() {
    let path = std::env::var("CHARTKIT_EMIT_TABLE").expect("the path of a table");
    compare_all(&std::fs::read_to_string(path).unwrap()).finish();
}
