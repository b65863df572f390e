#![no_main]

use chartkit::source::{Sources, Span};
use chartkit::yaml::edit::{NewScalar, replace_scalars};
use chartkit::yaml::{
    Document, EmitStyle, Kind, NodeId, ParseError, ParseOptions, Schema, parse, read, to_json,
    to_yaml,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut sources = Sources::new();
    let file = sources.add("fuzz.yaml", data);
    let length = sources.text(file).len();
    let is_inside = |span: Span| span.start <= span.end && span.end as usize <= length;
    let check_error = |error: ParseError| {
        assert!(error.location().is_some_and(|(_, span)| is_inside(span)));
        assert!(!error.message().is_empty());
    };
    if let Err(error) = read(&sources, file) {
        check_error(error);
    }
    let options = ParseOptions {
        comments: true,
        ..ParseOptions::default()
    };
    let stream = match parse(&sources, file, None, &options) {
        Ok(stream) => stream,
        Err(error) => return check_error(error),
    };
    for document in &stream.documents {
        for comment in document.comments() {
            assert!(document.raw(comment.span).starts_with('#'));
        }
        for node in nodes(document) {
            assert!(is_inside(document.span(node)));
            let new = NewScalar::String("a: b");
            let is_value = document.kind(node) == Kind::Scalar && !document.is_key(node);
            assert!(is_value || replace_scalars(document, &[(node, new)]).is_err());
        }
        for schema in [Schema::V2, Schema::V3] {
            match document.node(schema) {
                Ok(decoded) => {
                    let _ = to_json(&decoded.node.value);
                    let _ = to_yaml(&decoded.node.value, EmitStyle::V2);
                    let _ = to_yaml(&decoded.node.value, EmitStyle::V3 { indent: 4 });
                }
                Err(error) => check_error(error),
            }
        }
    }
});

/// The first nodes, in no particular order.
fn nodes(document: &Document) -> Vec<NodeId> {
    let mut nodes = vec![document.root()];
    let mut at = 0;
    while at < nodes.len().min(200) {
        let node = nodes[at];
        nodes.extend(document.items(node));
        nodes.extend(document.entries(node).flat_map(|(key, value)| [key, value]));
        at += 1;
    }
    nodes.truncate(200);
    nodes
}
