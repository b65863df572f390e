#![no_main]

use std::sync::Arc;

use chartkit::source::{FileId, Sources};
use chartkit::values::strvals::{SetKind, apply};
use chartkit::yaml::{Node, Table, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut sources = Sources::new();
    let mut table = Table::new();
    let mut arguments = 0;
    for line in data.split(|b| *b == b'\n') {
        let Some((flag, text)) = line.split_first() else {
            continue;
        };
        let kind = match flag {
            b'j' => SetKind::Json,
            b's' => SetKind::String,
            b'f' => SetKind::File,
            b'l' => SetKind::Literal,
            _ => SetKind::Value,
        };
        let argument = sources.add(kind.flag(), text);
        arguments += 1;
        let mut read = |name: &str| match name {
            "" => Err(std::io::ErrorKind::NotFound.into()),
            _ => Ok(Arc::from(name)),
        };
        if let Err(error) = apply(&mut table, kind, &sources, argument, &mut read) {
            let (file, span) = error.location();
            check_span(&sources, file, span.start, span.end);
            assert!(!error.to_string().is_empty());
        }
    }
    check_table(&sources, &table, arguments);
});

fn check_table(sources: &Sources, table: &Table, arguments: usize) {
    for node in table.values() {
        check(sources, node, arguments);
    }
}

fn check(sources: &Sources, node: &Node, arguments: usize) {
    assert!(node.contributions().count() <= arguments);
    let place = node.place.expect("all values come from arguments");
    let (entry, value) = (place.span(), place.value);
    assert!(entry.start <= value.start && entry.end == value.end);
    check_span(sources, place.file, entry.start, entry.end);
    check_span(sources, place.file, value.start, value.end);
    match &node.value {
        Value::Table(table) => check_table(sources, table, arguments),
        Value::List(items) => items
            .iter()
            .for_each(|item| check(sources, item, arguments)),
        _ => {}
    }
}

fn check_span(sources: &Sources, file: FileId, start: u32, end: u32) {
    let text = &sources.text(file)[..];
    if let Ok(text) = std::str::from_utf8(text) {
        assert!(
            text.get(start as usize..end as usize).is_some(),
            "{text:?} {start} {end}"
        );
    }
}
