//! Files to an archive.

use std::hint::black_box;

use chartkit::chart::{self, File};
use chartkit::io::load_chart;
use chartkit::package::{PackageOptions, Plan, plan};
use chartkit::source::Sources;
use chartkit_benches::{Profiles, chart_files, file, fixtures, load, profiled_files, values_text};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn planned(files: Vec<File>) -> Plan {
    let mut sources = Sources::new();
    let chart = load(files, &mut sources);
    plan(&chart, &PackageOptions::default(), &mut sources).expect("the chart is good")
}

fn bytes(files: &[File]) -> u64 {
    files.iter().map(|file| file.data.len() as u64).sum()
}

fn one(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("package");
    let files = chart_files("web");
    group.throughput(Throughput::Bytes(bytes(&files)));
    group.bench_function("plan", |b| {
        b.iter_batched(|| files.clone(), planned, BatchSize::SmallInput);
    });
    let plan = planned(files);
    group.throughput(Throughput::Bytes(plan.size()));
    group.bench_function("write", |b| b.iter(|| black_box(&plan).to_bytes()));
    let archive = plan.to_bytes();
    group.bench_function("read back", |b| {
        let limits = chart::archive::Limits::default();
        b.iter(|| {
            let mut sources = Sources::new();
            let loaded = chart::load_archive(&*archive, "web.tgz", &limits, &mut sources);
            loaded.expect("our own archive loads")
        });
    });
    group.bench_function("shop, from its folder", |b| {
        let shop = fixtures().join("charts/shop");
        b.iter(|| {
            let mut sources = Sources::new();
            let chart = load_chart(&shop, &mut sources).expect("the fixture loads");
            let plan = plan_of(&chart.chart, &mut sources);
            plan.to_bytes()
        });
    });
    group.finish();
}

fn plan_of(chart: &chart::Chart, sources: &mut Sources) -> Plan {
    plan(chart, &PackageOptions::default(), sources).expect("the chart is good")
}

/// Linear: the time for each byte, profile or chart stays the same.
fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scaling");
    group.sample_size(10);
    for megabytes in [1, 10, 50] {
        let text = values_text(1_000_000);
        let mut files = chart_files("large");
        files.extend((0..megabytes).map(|n| file(&format!("files/{n}.txt"), &text)));
        let plan = planned(files);
        group.throughput(Throughput::Bytes(plan.size()));
        group.bench_function(BenchmarkId::new("package/megabytes", megabytes), |b| {
            b.iter(|| black_box(&plan).measure());
        });
    }
    for count in [1, 10, 100, 1_000] {
        let files = profiled_files(count, Profiles::Chain);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("package/profiles", count), |b| {
            b.iter_batched(
                || files.clone(),
                |files| planned(files).measure(),
                BatchSize::PerIteration,
            );
        });
    }
    for count in [10_usize, 100, 1_000, 10_000] {
        let files = profiled_files(2, Profiles::SideBySide);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("package/charts", count), |b| {
            b.iter(|| {
                for _ in 0..count {
                    black_box(planned(black_box(&files).clone()).measure());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, one, scaling);
criterion_main!(benches);
