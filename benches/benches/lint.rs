//! A chart to its findings.

use std::hint::black_box;

use chartkit::chart::File;
use chartkit::lint::{ChartReport, Context, Levels, Options, Subject, lint, output};
use chartkit::source::Sources;
use chartkit_benches::{Profiles, chart_files, file, profiled_files};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const SCHEMA: &str = r##"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "additionalProperties": {"$ref": "#/definitions/any"},
  "definitions": {"any": {"type": ["object", "array", "string", "integer", "boolean", "null"]}}
}"##;

fn linted(files: &[File]) -> ChartReport {
    let mut sources = Sources::new();
    let subject = Subject::from_files(files, "web", &mut sources);
    let options = Options::default();
    let mut no_files = |_: &str| Err(std::io::ErrorKind::Unsupported.into());
    let context = Context::new(&subject, &options, &mut sources, &mut no_files);
    let context = context.expect("there are no values of a user");
    let report = lint(&context, &Levels::default());
    ChartReport::new(&report, &subject, &sources)
}

fn one(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lint");
    let plain = chart_files("web");
    group.bench_function("plain", |b| b.iter(|| linted(&plain)));
    let mut with_schema = plain;
    with_schema.push(file("values.schema.json", SCHEMA));
    group.bench_function("with a schema", |b| b.iter(|| linted(&with_schema)));
    let reports = [linted(&with_schema)];
    group.bench_function("sarif", |b| {
        b.iter(|| output::to_sarif(black_box(&reports)));
    });
    group.finish();
}

/// Linear: the time for each profile stays the same.
fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scaling");
    group.sample_size(10);
    for count in [1, 10, 100] {
        let mut files = profiled_files(count, Profiles::SideBySide);
        files.push(file("values.schema.json", SCHEMA));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("lint/profiles", count), |b| {
            b.iter(|| linted(&files));
        });
    }
    group.finish();
}

criterion_group!(benches, one, scaling);
criterion_main!(benches);
