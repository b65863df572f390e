//! Replacing scalars: whatever a text looks like, nothing else in it changes.

use std::sync::LazyLock;

use chartkit::source::Sources;
use chartkit::yaml::edit::{EditErrorKind, NewScalar, replace_scalars};
use chartkit::yaml::{
    Document, Kind, NodeId, ParseOptions, Scalar, Schema, Style, parse, resolve_scalar,
};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::fixture;

fn document(text: &[u8]) -> Option<Document> {
    let mut sources = Sources::new();
    let file = sources.add("test.yaml", text);
    let options = ParseOptions {
        comments: true,
        ..ParseOptions::default()
    };
    let stream = parse(&sources, file, None, &options).ok()?;
    stream.documents.into_iter().next()
}

/// All nodes in the order of the text.
fn nodes(document: &Document) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let mut open = vec![document.root()];
    while let Some(node) = open.pop() {
        nodes.push(node);
        let mut children: Vec<NodeId> = document.items(node).collect();
        children.extend(document.entries(node).flat_map(|(key, value)| [key, value]));
        children.reverse();
        open.extend(children);
    }
    nodes
}

/// Every text of the fixtures that is YAML, except those with a tab in front of a line: go-yaml takes
/// it behind unquoted text only, so that it depends on the quotes of the scalar before it.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let groups: Vec<Json> = serde_json::from_str(&fixture("yaml/documents.json")).unwrap();
    let texts = groups
        .iter()
        .flat_map(|group| group["texts"].as_array().unwrap());
    let texts = texts.map(|text| text.as_str().unwrap().to_owned());
    let has_tab = |line: &str| line[..line.len() - line.trim_start().len()].contains('\t');
    texts
        .filter(|text| !text.lines().any(has_tab))
        .filter(|text| document(text.as_bytes()).is_some())
        .collect()
});

/// Everything about a node but its place.
fn look(document: &Document, node: NodeId) -> impl PartialEq + std::fmt::Debug {
    (
        document.kind(node),
        document.style(node),
        document.text(node).to_owned(),
        document.tag(node).map(str::to_owned),
        document.anchor(node).map(str::to_owned),
        document.target(node),
    )
}

/// Replaces the scalar and says whether it could be.
fn check(text: &str, old: &Document, node: NodeId, new: NewScalar<'_>) -> Option<EditErrorKind> {
    let edited = match replace_scalars(old, &[(node, new)]) {
        Ok(edited) => edited,
        Err(error) => return Some(error.kind()),
    };
    let shown = String::from_utf8_lossy(&edited).into_owned();
    let context = format!("{text:?} became {shown:?} for {new:?}");
    let span = old.span(node);
    assert!(
        edited.starts_with(&text.as_bytes()[..span.start as usize]),
        "{context}"
    );
    assert!(
        edited.ends_with(&text.as_bytes()[span.end as usize..]),
        "{context}"
    );

    let now = document(&edited).unwrap_or_else(|| panic!("no YAML any more: {context}"));
    assert_eq!(nodes(&now), nodes(old), "{context}");
    for other in nodes(old) {
        if other != node {
            assert_eq!(look(&now, other), look(old, other), "{context}");
        }
    }
    let comments = |document: &Document| -> Vec<String> {
        let comments = document.comments().iter();
        comments
            .map(|comment| document.raw(comment.span).to_owned())
            .collect()
    };
    assert_eq!(comments(&now), comments(old), "{context}");
    let is_plain = now.style(node) == Style::Plain;
    match new {
        NewScalar::Plain(new) => assert!(is_plain && now.text(node) == new, "{context}"),
        NewScalar::String(new) => {
            assert_eq!(now.text(node), new, "{context}");
            for schema in [Schema::V2, Schema::V3] {
                let is_string = resolve_scalar(new, schema) == Scalar::String;
                assert!(
                    !is_plain || is_string || now.tag(node).is_some(),
                    "{context}"
                );
            }
        }
    }
    None
}

#[test]
fn every_scalar_of_every_fixture_can_be_replaced() {
    let strings = [
        "x", "", "yes", "12", "a: b", "a #b", "- a", "it's", "a\nb\n", "\"\\", " a ",
    ];
    let strings = strings.map(NewScalar::String);
    let plain = ["null", "true", "-12", "0.5", "2024-01-02"].map(NewScalar::Plain);
    let mut replaced = 0;
    for text in TEXTS.iter() {
        let document = document(text.as_bytes()).unwrap();
        for node in nodes(&document) {
            for new in strings.into_iter().chain(plain) {
                match check(text, &document, node, new) {
                    None => replaced += 1,
                    Some(EditErrorKind::NotAValue) => {
                        let is_scalar = document.kind(node) == Kind::Scalar;
                        assert!(!is_scalar || document.is_key(node), "{text:?}");
                    }
                    Some(EditErrorKind::Tag) => assert!(document.tag(node).is_some(), "{text:?}"),
                    Some(EditErrorKind::NoPlace) => {
                        assert!(document.raw(document.span(node)).is_empty(), "{text:?}");
                    }
                    Some(kind) => panic!("{kind:?} for {new:?} in {text:?}"),
                }
            }
        }
    }
    assert!(replaced > 10_000, "only {replaced} replaced");
}

#[test]
fn several_scalars_are_replaced_at_once() {
    let text = "a: 1\nb: |  # why\n  x\n\nc:\nd: [x, 'y']\n";
    let old = document(text.as_bytes()).unwrap();
    let find = |path: &[&str]| old.find(path.iter().copied()).unwrap();
    let edits = [
        (find(&["d", "1"]), NewScalar::String("z")),
        (find(&["c"]), NewScalar::Plain("~")),
        (find(&["a"]), NewScalar::String("1")),
        (find(&["b"]), NewScalar::String("new")),
    ];
    let edited = replace_scalars(&old, &edits).unwrap();
    let want = "a: \"1\"\nb: new  # why\n\nc: ~\nd: [x, \"z\"]\n";
    assert_eq!(String::from_utf8(edited).unwrap(), want);
    let twice = [edits[0], edits[0]];
    let error = replace_scalars(&old, &twice).unwrap_err();
    assert_eq!(error.kind(), EditErrorKind::Twice);
}

#[test]
fn what_is_not_one_plain_scalar_is_refused() {
    let old = document(b"a: 1\n").unwrap();
    let node = old.find(["a"]).unwrap();
    for text in [
        "", "x", "1 # c", "1\nb: 2", "[]", "'1'", "1, 2", "- 1", "--1", "-", "? 1",
    ] {
        let error = replace_scalars(&old, &[(node, NewScalar::Plain(text))]).unwrap_err();
        assert_eq!(error.kind(), EditErrorKind::NotPlain, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string_can_be_written_anywhere(
        text in any::<prop::sample::Index>(),
        node in any::<prop::sample::Index>(),
        new in "[ -~\n\t:#'\"\\\\\\-\u{80}-\u{ff}\u{2028}\u{feff}\u{1f680}]{0,12}|\\PC{0,8}",
    ) {
        let text = text.get(&TEXTS);
        let document = document(text.as_bytes()).unwrap();
        let nodes = nodes(&document);
        check(text, &document, *node.get(&nodes), NewScalar::String(&new));
    }
}
