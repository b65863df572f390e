//! Text to values and back.

use std::hint::black_box;

use chartkit::source::Sources;
use chartkit::values;
use chartkit::yaml::{
    EmitStyle, Node, ParseOptions, Table, Value, from_node, parse, to_json, to_yaml,
};
use chartkit_benches::{corpus_values, flat_values, values_text};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const MEGABYTE: usize = 1_000_000;

/// Adds, parses and decodes a text: all that stands between a file and its values.
fn table(text: &[u8]) -> Table {
    let mut sources = Sources::new();
    let file = sources.add("values.yaml", text);
    let loaded = values::load(&mut sources, file);
    loaded.expect("values made for benches load").table
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("yaml/read");
    let text = values_text(2 * MEGABYTE);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(20);
    group.bench_function("values with comments", |b| {
        b.iter(|| table(black_box(text.as_bytes())));
    });
    group.bench_function("tree with comments kept", |b| {
        let mut sources = Sources::new();
        let file = sources.add("values.yaml", text.as_bytes());
        let options = ParseOptions {
            comments: true,
            ..ParseOptions::default()
        };
        b.iter(|| parse(&sources, black_box(file), None, &options).expect("it parses"));
    });
    group.finish();

    // Only what Helm reads too: the charts of the corpus hold broken files on purpose.
    let mut sources = Sources::new();
    let corpus: Vec<_> = (corpus_values().into_iter())
        .filter(|text| {
            let file = sources.add("values.yaml", &**text);
            values::load(&mut sources, file).is_ok()
        })
        .collect();
    if corpus.is_empty() {
        return;
    }
    let mut group = criterion.benchmark_group("yaml/read");
    let bytes: usize = corpus.iter().map(Vec::len).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.sample_size(10);
    group.bench_function("values of real charts", |b| {
        b.iter(|| {
            for text in &corpus {
                black_box(table(black_box(text)));
            }
        });
    });
    group.finish();
}

fn write(criterion: &mut Criterion) {
    let value = Value::Table(table(values_text(MEGABYTE).as_bytes()));
    let mut group = criterion.benchmark_group("yaml/write");
    group.sample_size(20);
    for (name, style) in [("v2", EmitStyle::V2), ("v3", EmitStyle::V3 { indent: 4 })] {
        group.throughput(Throughput::Bytes(to_yaml(&value, style).len() as u64));
        group.bench_function(name, |b| b.iter(|| to_yaml(black_box(&value), style)));
    }
    group.throughput(Throughput::Bytes(to_json(&value).len() as u64));
    group.bench_function("json", |b| b.iter(|| to_json(black_box(&value))));
    group.finish();
}

fn deserialize(criterion: &mut Criterion) {
    type Services = std::collections::BTreeMap<String, Service>;

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read")]
    struct Service {
        replica_count: u32,
        image: Image,
        extra_env_vars: Vec<std::collections::BTreeMap<String, String>>,
        configuration: String,
    }

    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Image {
        registry: String,
        repository: String,
        tag: String,
        debug: bool,
    }

    let text = values_text(MEGABYTE);
    let node = Node::from(Value::Table(table(text.as_bytes())));
    let mut group = criterion.benchmark_group("yaml/deserialize");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("services", |b| {
        b.iter(|| from_node::<Services>(black_box(&node)).expect("they fit"));
    });
    group.finish();
}

/// Linear: the time for each key stays the same.
fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scaling/keys");
    group.sample_size(10);
    for keys in [1, 10, 100, 1_000, 10_000, 100_000] {
        let text = flat_values(keys);
        group.throughput(Throughput::Elements(keys as u64));
        group.bench_with_input(BenchmarkId::new("read", keys), &text, |b, text| {
            b.iter(|| table(black_box(text.as_bytes())));
        });
        let value = Value::Table(table(text.as_bytes()));
        group.bench_with_input(BenchmarkId::new("write", keys), &value, |b, value| {
            b.iter(|| to_yaml(black_box(value), EmitStyle::V2));
        });
    }
    group.finish();
}

criterion_group!(benches, read, write, deserialize, keys);
criterion_main!(benches);
