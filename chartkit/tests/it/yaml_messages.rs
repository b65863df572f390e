//! What a person is told about a text: errors, warnings and the places of both.

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::source::{FileId, Place, Sources, Span};
use chartkit::yaml::{Decoded, Node, ParseError, ParseErrorKind as Kind, read, read_span};

fn sources(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let file = sources.add("v.yaml", text.as_bytes());
    (sources, file)
}

fn read_text(text: &str) -> Result<Decoded, ParseError> {
    let (sources, file) = sources(text);
    read(&sources, file)
}

/// Texts, what is wrong with them and what is said about it.
const ERRORS: &[(&str, Kind, &str)] = &[
    (
        "a:\n  b: 1\n c: 2\n",
        Kind::Syntax,
        "3:2: found text, expected a key in the column of the keys before it",
    ),
    (
        "- a\nb: 1\n",
        Kind::Syntax,
        "2:1: found text, expected a `-` in the column of the items before it",
    ),
    (
        "a: b: c\n",
        Kind::Syntax,
        "1:5: found `:`, expected the end of the value: no mapping can begin here",
    ),
    (
        "a: - b\n",
        Kind::Syntax,
        "1:4: found `-`, expected a value: no list can begin here",
    ),
    (
        "a: b\nc\n",
        Kind::Syntax,
        "2:1: found text, expected a `:` behind the key, on its line",
    ),
    (
        "a: @b\n",
        Kind::Syntax,
        "1:4: found `@`, expected a character that can begin a value",
    ),
    (
        "a: `b`\n",
        Kind::Syntax,
        "1:4: found a backtick, expected a character that can begin a value",
    ),
    (
        "ä: 'it's'\n",
        Kind::Syntax,
        "1:8: found text, expected the end of the value behind its closing quote",
    ),
    (
        "a: \"\\d\"\n",
        Kind::Syntax,
        "1:5: found a backslash that begins no known escape",
    ),
    (
        "a: \"\\/\"\n",
        Kind::Syntax,
        "1:5: found the escape `\\/`, which Go does not know",
    ),
    (
        "a: \"x\nb: 3\n",
        Kind::UnclosedQuote,
        "1:4: found a quote that is never closed",
    ),
    (
        "a: [1, 2\nb: 3\n",
        Kind::UnclosedBracket,
        "2:2: found `:`, expected `,` or `]`: the `[` at line 1, column 4 is still open",
    ),
    (
        "a:\n  b: {c: 1\nd: 2\n",
        Kind::UnclosedBracket,
        "3:2: found `:`, expected `,` or `}`: the `{` at line 2, column 6 is still open",
    ),
    (
        "{a: {b: c}",
        Kind::UnclosedBracket,
        "1:1: found a `{` that is never closed",
    ),
    (
        "a: [1, 2}\n",
        Kind::UnclosedBracket,
        "1:4: found `}`, expected `]` to close the last `[`",
    ),
    (
        "a: 1\n]",
        Kind::UnclosedBracket,
        "2:1: found `]`, expected an opening bracket before it",
    ),
    (
        "a:\n\tb: 1\n",
        Kind::Tab,
        "2:2: found a tab, expected spaces",
    ),
    (
        "a: 1\n\t\nb: 2\n",
        Kind::Tab,
        "2:1: found a tab, expected spaces",
    ),
    (
        "%YAML 1.2\n---\na\n",
        Kind::Syntax,
        "1:1: found a directive that Go does not know, expected `%YAML 1.1` or `%TAG`",
    ),
    (
        "a: *x\n",
        Kind::UnknownAnchor,
        "1:4: found an alias, expected its anchor before it",
    ),
    (
        "a: &x [*x]\n",
        Kind::RecursiveAlias,
        "1:8: found an alias inside of what it stands for",
    ),
    (
        "a: {<<: 1}\n",
        Kind::Merge,
        "1:9: found a merge key `<<` without a mapping, expected a mapping, an alias of one, or a list of these",
    ),
    (
        "? [a]\n: 1\n",
        Kind::Key,
        "1:3: found a list as a key, expected a string",
    ),
    (
        "~: 1\n",
        Kind::Key,
        "1:1: found null as a key, expected a string",
    ),
    (
        "a: {{ .Values.b }}\n",
        Kind::Key,
        "1:5: found a mapping as a key, expected a string",
    ),
    (
        "a: !!int x\n",
        Kind::Tag,
        "1:10: found a scalar that is no int under the tag `!!int`",
    ),
    (
        "a: .inf\n",
        Kind::NotFinite,
        "1:4: found an infinity or not a number, expected a finite number",
    ),
    (
        "a: \u{1}\n",
        Kind::Encoding,
        "1:4: found a control character, expected text",
    ),
    (
        "a: b\u{2028}c\n",
        Kind::Syntax,
        "1:5: found the character U+2028, which Go takes for a line break",
    ),
];

#[test]
fn errors_say_where_what_and_what_instead() {
    for (text, kind, message) in ERRORS {
        let error = read_text(text).unwrap_err();
        assert_eq!(error.to_string(), format!("v.yaml:{message}"), "{text:?}");
        assert_eq!(error.kind(), *kind, "{text:?}");
    }
}

#[test]
fn errors_name_the_place_that_led_to_them() {
    let error = read_text("a: [1, 2\nb: 3\n").unwrap_err();
    let diagnostic = Diagnostic::from(&error);
    assert_eq!(diagnostic.code, Code::SyntaxError);
    let labels: Vec<_> = diagnostic
        .labels
        .iter()
        .map(|label| (label.span, &*label.message))
        .collect();
    let span = |start, end| Span { start, end };
    assert_eq!(labels, [(span(10, 11), ""), (span(3, 4), "opened here")]);

    let error = read_text("a:\n  b: 1\n c: 2\n").unwrap_err();
    let diagnostic = Diagnostic::from(&error);
    assert_eq!(diagnostic.labels[1].message, "this mapping begins here");
    assert_eq!(diagnostic.labels[1].span, span(0, 1));
}

#[test]
fn templates_get_a_hint() {
    for text in ["a: {{ .b }}\n", "{{- if .b }}\na: 1\n", "a: {{ .b }}-c\n"] {
        let error = read_text(text).unwrap_err();
        let hint = error.hint().unwrap();
        assert!(
            hint.starts_with("templates are not expanded"),
            "{text:?}: {hint}"
        );
    }
}

#[test]
fn errors_never_show_values() {
    let texts = [
        "k: hunter2: x",
        "k: \"hunter2",
        "k: [hunter2",
        "k: 'a'hunter2",
        "k: !!int hunter2",
        "k: *hunter2",
    ];
    for text in texts {
        let error = read_text(text).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn duplicate_keys_are_reported_with_both_places() {
    let decoded = read_text("a:\n  b: 1\n  c: 2\n  b: 3\n").unwrap();
    let [diagnostic] = &decoded.diagnostics[..] else {
        panic!("{:?}", decoded.diagnostics);
    };
    assert_eq!(diagnostic.code, Code::DuplicateKey);
    let message = "found the key `b` again in one mapping; the last one counts";
    assert_eq!(diagnostic.message, message);
    let spans: Vec<_> = diagnostic
        .labels
        .iter()
        .map(|label| (label.span.start, label.span.end))
        .collect();
    assert_eq!(spans, [(19, 20), (5, 9)]);
    // To write over a merged key is what merge keys are for.
    let merged = "x: &x {a: 1}\ny:\n  <<: *x\n  a: 2\nz: {a: 1, <<: *x}\n";
    assert!(read_text(merged).unwrap().diagnostics.is_empty());
    // The two keys are one only as strings.
    let same = read_text("1: a\n\"1\": b\n").unwrap();
    assert_eq!(same.diagnostics.len(), 1);
}

#[test]
fn ignored_text_is_reported() {
    let table = [
        ("a: 1\n---\nb: 2\n", Some((9, 13))),
        ("  a: 1\nb: 2\n", Some((7, 11))),
        ("a: 1\n...\nb\n\n", Some((9, 10))),
        ("a: 1\n---\n# c\n", None),
        ("a: 1\n...\n# c\n", None),
        ("a: 1\n# c\n\n", None),
    ];
    for (text, want) in table {
        let decoded = read_text(text).unwrap();
        let found = decoded.diagnostics.first().map(|diagnostic| {
            assert_eq!(diagnostic.code, Code::IgnoredText);
            let span = diagnostic.labels[0].span;
            (span.start, span.end)
        });
        assert_eq!(found, want, "{text:?}");
    }
}

#[test]
fn places_are_where_things_are_written() {
    let text = "a: &x\n  b: 'c'   # d\n  e: |\n    f\n\n  g:\nh: [1, *x]\ni:\n  <<: *x\n- ";
    let text = text.trim_end_matches("- ");
    let decoded = read_text(text).unwrap();
    let at = |path: &[&str]| -> (String, String) {
        let mut node: &Node = &decoded.node;
        for step in path {
            node = match &node.value {
                chartkit::yaml::Value::List(list) => &list[step.parse::<usize>().unwrap()],
                value => &value.as_table().unwrap()[*step],
            };
        }
        let Place { entry, value, .. } = node.place.unwrap();
        let cut = |start: u32, end: u32| text[start as usize..end as usize].to_owned();
        (
            cut(entry.min(value.start), value.end),
            cut(value.start, value.end),
        )
    };
    let pair = |entry: &str, value: &str| (entry.to_owned(), value.to_owned());
    let block = "b: 'c'   # d\n  e: |\n    f\n\n  g:";
    assert_eq!(at(&["a"]), pair(&format!("a: &x\n  {block}"), block));
    assert_eq!(at(&["a", "b"]), pair("b: 'c'", "'c'"));
    assert_eq!(at(&["a", "e"]), pair("e: |\n    f", "|\n    f"));
    assert_eq!(at(&["a", "g"]), pair("g:", ""));
    assert_eq!(at(&["h"]), pair("h: [1, *x]", "[1, *x]"));
    assert_eq!(at(&["h", "0"]), pair("1", "1"));
    // Aliased and merged values are where they were written.
    assert_eq!(at(&["h", "1", "b"]), pair("b: 'c'", "'c'"));
    assert_eq!(at(&["h", "1"]), pair(block, block));
    assert_eq!(at(&["i", "b"]), pair("b: 'c'", "'c'"));
}

#[test]
fn a_part_of_a_text_has_the_places_of_the_whole() {
    let text = "a: 1\n---\nb: [x\n---\nc: |\n  d";
    let (sources, file) = sources(text);
    let second = Span { start: 9, end: 15 };
    let error = read_span(&sources, file, second).unwrap_err();
    let message = "v.yaml:3:4: found a `[` that is never closed";
    assert_eq!(error.to_string(), message);
    assert_eq!(error.location(), Some((file, Span { start: 12, end: 13 })));

    let third = Span { start: 19, end: 27 };
    let decoded = read_span(&sources, file, third).unwrap();
    let c = &decoded.node.value.as_table().unwrap()["c"];
    assert_eq!(
        c.value.as_str(),
        Some("d\n"),
        "the line break that Helm adds"
    );
    assert_eq!(c.place.unwrap().value, Span { start: 22, end: 27 });
    assert_eq!(c.place.unwrap().entry, 19);
}
