//! What holds for all stores.

use chartkit::sops::{At, Branch, EncryptedFile, Format, Item, LoadError, Node, PlainFile, Value};
use chartkit::source::{Sources, Span};

pub fn check(format: Format, data: &[u8]) {
    let mut sources = Sources::new();
    let file = sources.add("fuzz", data);
    let length = sources.text(file).len();
    let is_inside = |span: Span| span.start <= span.end && span.end as usize <= length;
    let check_error = |error: LoadError| {
        assert!(error.location().is_none_or(|(_, span)| is_inside(span)));
        assert!(!error.to_string().is_empty());
    };
    let is_inside = |at: Option<At>| at.is_none_or(|at| is_inside(at.span));
    let check_branches = |branches: &[Branch]| {
        branches.iter().for_each(|branch| check_branch(branch, &is_inside));
    };
    match PlainFile::load(format, &mut sources, file) {
        Ok(plain) => check_branches(plain.branches()),
        Err(error) => check_error(error),
    }
    match EncryptedFile::load(format, &mut sources, file) {
        Ok(encrypted) => check_branches(encrypted.branches()),
        Err(error) => check_error(error),
    }
}

fn check_branch(branch: &Branch, is_inside: &dyn Fn(Option<At>) -> bool) {
    for item in branch {
        match item {
            Item::Comment(comment) => assert!(is_inside(comment.at)),
            Item::Entry(entry) => {
                assert!(is_inside(entry.key_at));
                check_node(&entry.value, is_inside);
            }
        }
    }
}

fn check_node(node: &Node, is_inside: &dyn Fn(Option<At>) -> bool) {
    assert!(is_inside(node.at));
    match &node.value {
        Value::Branch(branch) => check_branch(branch, is_inside),
        Value::List(items) => items.iter().for_each(|item| check_node(item, is_inside)),
        _ => {}
    }
}
