//! Layers of values to effective values.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use chartkit::chart::Chart;
use chartkit::chart::process::{ProcessOptions, process_dependencies};
use chartkit::io::load_chart;
use chartkit::profile::{EffectiveOptions, Secrets, SetArgument, effective_values};
use chartkit::source::Sources;
use chartkit::values::strvals::SetKind;
use chartkit::values::{Table, Values};
use chartkit_benches::{
    Profiles, chart_files, file, fixtures, flat_values, load, profiled_files, umbrella_files,
    values_text,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn process(chart: &Chart, user: &Table, history: bool) -> Values {
    let mut options = ProcessOptions::default();
    options.history = history;
    let processed = process_dependencies(chart, user, &options);
    processed.expect("the chart is complete").values
}

fn effective(chart: &Chart, sources: &Sources, options: &EffectiveOptions<'_>) -> Values {
    let mut no_files = |_: &str| -> io::Result<Arc<str>> { Err(io::ErrorKind::Unsupported.into()) };
    // Reading profiles adds texts; a clone shares those that are there.
    let effective = effective_values(chart, options, &mut sources.clone(), &mut no_files);
    effective.expect("the values are good").values
}

/// A chart with `text` as its defaults, and the same text as a user's values.
fn overridden(text: &str, sources: &mut Sources) -> (Chart, Table) {
    let chart_yaml = file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    let chart = load(vec![chart_yaml, file("values.yaml", text)], sources);
    let user = sources.add("user.yaml", text.as_bytes());
    let user = chartkit::values::load(sources, user).expect("values made for benches load");
    (chart, user.table)
}

/// The history of every leaf must cost less than the merge itself.
fn history(criterion: &mut Criterion) {
    let text = values_text(300_000);
    let mut sources = Sources::new();
    let (chart, user) = overridden(&text, &mut sources);
    let umbrella = load(umbrella_files(100), &mut sources);
    let mut group = criterion.benchmark_group("values/merge");
    group.sample_size(20);
    for (name, history) in [("plain", false), ("with history", true)] {
        group.throughput(Throughput::Bytes(2 * text.len() as u64));
        group.bench_function(BenchmarkId::new(name, "every value replaced"), |b| {
            b.iter(|| process(black_box(&chart), black_box(&user), history));
        });
        group.throughput(Throughput::Elements(100));
        group.bench_function(BenchmarkId::new(name, "umbrella of 100"), |b| {
            b.iter(|| process(black_box(&umbrella), &Table::new(), history));
        });
    }
    group.finish();
}

fn shop(criterion: &mut Criterion) {
    let mut sources = Sources::new();
    let shop = load_chart(&fixtures().join("charts/shop"), &mut sources);
    let shop = shop.expect("the fixture loads").chart;
    let mut group = criterion.benchmark_group("values/shop");
    for profile in ["qa1", "canary"] {
        let mut options = EffectiveOptions::default();
        options.profile = Some(profile);
        options.secrets = Secrets::Omit;
        group.bench_function(profile, |b| {
            b.iter(|| effective(black_box(&shop), &sources, &options));
        });
    }
    group.finish();
}

fn sets(criterion: &mut Criterion) {
    let mut sources = Sources::new();
    let chart = load(chart_files("web"), &mut sources);
    let mut group = criterion.benchmark_group("values/set");
    for count in [1, 100, 10_000] {
        let argument = |number: usize| SetArgument {
            kind: SetKind::Value,
            text: format!(
                "service0.image.labels.l{number}=v{number},list[{}]=x",
                number % 100
            ),
        };
        let sets: Vec<_> = (0..count).map(argument).collect();
        let mut options = EffectiveOptions::default();
        options.sets = &sets;
        group.sample_size(10);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| effective(black_box(&chart), &sources, &options));
        });
    }
    group.finish();
}

/// Linear: the time for each key, profile or subchart stays the same.
fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scaling");
    group.sample_size(10);
    for keys in [1, 10, 100, 1_000, 10_000, 100_000] {
        let mut sources = Sources::new();
        let (chart, user) = overridden(&flat_values(keys), &mut sources);
        group.throughput(Throughput::Elements(keys as u64));
        group.bench_function(BenchmarkId::new("keys/merge", keys), |b| {
            b.iter(|| process(black_box(&chart), black_box(&user), true));
        });
    }
    for count in [1, 10, 100, 1_000] {
        group.throughput(Throughput::Elements(count as u64));
        for profiles in [Profiles::SideBySide, Profiles::Chain] {
            let mut sources = Sources::new();
            let chart = load(profiled_files(count, profiles), &mut sources);
            let last = format!("p{}", count - 1);
            let mut options = EffectiveOptions::default();
            options.profile = Some(&last);
            let name = format!("profiles/{profiles:?}");
            group.bench_function(BenchmarkId::new(name, count), |b| {
                b.iter(|| effective(black_box(&chart), &sources, &options));
            });
        }
        let mut sources = Sources::new();
        let chart = load(umbrella_files(count), &mut sources);
        group.bench_function(BenchmarkId::new("subcharts", count), |b| {
            b.iter(|| process(black_box(&chart), &Table::new(), true));
        });
    }
    group.finish();
}

criterion_group!(benches, history, shop, sets, scaling);
criterion_main!(benches);
