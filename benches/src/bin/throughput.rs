//! Times the stages between the text of values and their result in processor time, which other
//! processes on the machine change little: `cargo run --release -p chartkit-benches --bin throughput`.
//!
//! Arguments are parts of the names of stages; all have to be in a name.
//!
//! Linux only: reads `/proc/thread-self/schedstat`.

#![expect(clippy::print_stdout, reason = "a report")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use chartkit::chart::process::{ProcessOptions, process_dependencies};
use chartkit::package::{PackageOptions, plan};
use chartkit::source::Sources;
use chartkit::values;
use chartkit::yaml::{EmitStyle, ParseOptions, Table, Value, parse, to_json, to_yaml};
use chartkit_benches::{chart_files, corpus_values, file, load, umbrella_files, values_text};

/// Nanoseconds that this thread has run.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().unwrap_or_default()
}

/// The kernel counts in steps of some milliseconds: a shorter round says nothing.
const ROUND: Duration = Duration::from_millis(100);

/// Prints the best of some rounds: the one that others disturbed least.
fn report<T>(name: &str, amount: usize, unit: &str, mut work: impl FnMut() -> T) {
    if std::env::args()
        .skip(1)
        .any(|wanted| !name.contains(&wanted))
    {
        return;
    }
    let start = Instant::now();
    black_box(work());
    let once = start.elapsed().max(Duration::from_nanos(1));
    let repeats = u32::try_from(ROUND.as_nanos() / once.as_nanos()).unwrap_or(u32::MAX) + 1;
    let mut round = || {
        let start = processor_time();
        for _ in 0..repeats {
            black_box(work());
        }
        (processor_time() - start) / u64::from(repeats)
    };
    let best = (0..10).map(|_| round()).min();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let (seconds, amount) = (best.unwrap_or(1).max(1) as f64 / 1e9, amount as f64);
    println!(
        "{name:44} {:10.3} ms  {:10.1} {unit}/s",
        seconds * 1e3,
        amount / seconds
    );
}

fn megabytes<T>(name: &str, bytes: usize, work: impl FnMut() -> T) {
    report(name, bytes / 1000, "kB", work);
}

fn table(text: &[u8]) -> Option<Table> {
    let mut sources = Sources::new();
    let file = sources.add("values.yaml", text);
    Some(values::load(&mut sources, file).ok()?.table)
}

fn main() {
    let text = values_text(1_000_000);
    let mut corpus = corpus_values();
    corpus.retain(|text| table(text).is_some());
    let bytes = corpus.iter().map(Vec::len).sum();
    println!("{} real values files, {bytes} bytes", corpus.len());

    if !corpus.is_empty() {
        let each = |read: &dyn Fn(&[u8])| corpus.iter().for_each(|text| read(text));
        megabytes("real values: read", bytes, || {
            each(&|text| drop(black_box(table(text))));
        });
        megabytes("real values: tree only", bytes, || {
            each(&|text| {
                let mut sources = Sources::new();
                let file = sources.add("values.yaml", text);
                let _ = black_box(parse(&sources, file, None, &ParseOptions::default()));
            });
        });
    }
    megabytes("1 MB of values: read", text.len(), || {
        table(text.as_bytes())
    });
    let values = table(text.as_bytes()).unwrap_or_default();
    let value = Value::Table(values.clone());
    for (name, style) in [("v2", EmitStyle::V2), ("v3", EmitStyle::V3 { indent: 4 })] {
        let written = to_yaml(&value, style).len();
        megabytes(&format!("write yaml {name}"), written, || {
            to_yaml(&value, style)
        });
    }
    megabytes("write json", to_json(&value).len(), || to_json(&value));

    let mut sources = Sources::new();
    let chart_yaml = file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    let chart = load(vec![chart_yaml, file("values.yaml", &text)], &mut sources);
    // The user's values have places of their own, so that every value has a history.
    let user = sources.add("user.yaml", text.as_bytes());
    let user = values::load(&mut sources, user).map_or_else(|_| Table::new(), |l| l.table);
    for (name, history) in [("merge, plain", false), ("merge, with history", true)] {
        let mut options = ProcessOptions::default();
        options.history = history;
        megabytes(name, 2 * text.len(), || {
            process_dependencies(&chart, &user, &options)
        });
    }
    for subcharts in [10, 100, 1_000, 10_000] {
        let files = umbrella_files(subcharts);
        let umbrella = load(files.clone(), &mut Sources::new());
        report(
            &format!("values, {subcharts} subcharts"),
            subcharts,
            "subcharts",
            || process_dependencies(&umbrella, &Table::new(), &ProcessOptions::default()),
        );
        report(
            &format!("load and plan, {subcharts} subcharts"),
            subcharts,
            "subcharts",
            || {
                let mut sources = Sources::new();
                let chart = load(files.clone(), &mut sources);
                plan(&chart, &PackageOptions::default(), &mut sources)
            },
        );
    }
    let chart = load(chart_files("web"), &mut Sources::new());
    if let Ok(plan) = plan(&chart, &PackageOptions::default(), &mut Sources::new()) {
        let size = usize::try_from(plan.size()).unwrap_or_default();
        megabytes("write an archive", size, || plan.measure());
    }
}
