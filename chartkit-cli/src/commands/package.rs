//! `chartkit package`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chartkit::io::{self, Packaged};
use chartkit::package::{PackageOptions, Plan, ProfileSelection, Written, plan};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde_json::json;

use super::{Context, Outcome, check_api_version, print, print_json, source_date_epoch};
use crate::args::{Format, Package};
use crate::failure::Failure;
use crate::report;

/// Fewer charts are done before anybody looks at a progress bar.
const PROGRESS_FROM: usize = 20;

pub(crate) fn run(args: &Package, context: &mut Context) -> Outcome {
    let options = options(args)?;
    let format = context.format;
    let progress = match args.charts.len() {
        PROGRESS_FROM.. => ProgressBar::new(args.charts.len() as u64),
        _ => ProgressBar::hidden(),
    };
    let one = |path: &PathBuf| {
        let mut context = Context::new(format);
        let done = chart(path, args, &options, &mut context).map_err(|failure| {
            context.diagnostics.push(failure.diagnostic);
            failure.exit
        });
        progress.inc(1);
        (done, report::render(&context))
    };
    // In the order of the arguments, whatever the threads do.
    let outcomes: Vec<_> = match &*args.charts {
        [path] => vec![one(path)],
        paths => {
            // Each chart may go to any thread: the large ones are not spread evenly.
            let charts = paths.par_iter().with_max_len(1);
            threads(paths.len()).install(|| charts.map(one).collect())
        }
    };
    progress.finish_and_clear();

    let mut highest = None;
    let mut results = Vec::new();
    for (done, messages) in outcomes {
        report::messages(&messages);
        match done {
            Ok(done) => results.push(done),
            Err(failed) => highest = highest.max(Some(failed)),
        }
    }
    match format {
        Format::Human => print(
            results
                .iter()
                .map(|done| done.text.as_str())
                .collect::<String>(),
        )?,
        Format::Json => print_json(&results.into_iter().map(|done| done.json).collect())?,
    };
    Ok(highest.map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// More threads than processors: each archive waits until the disk has it.
fn threads(charts: usize) -> rayon::ThreadPool {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(charts.min(4 * processors));
    pool.build().expect("the system starts a few threads")
}

struct Done {
    text: String,
    json: serde_json::Value,
}

fn chart(
    path: &Path,
    args: &Package,
    options: &PackageOptions,
    context: &mut Context,
) -> Result<Done, Box<Failure>> {
    let chart = context.load(path, &args.profiles_dir)?;
    check_api_version(&chart)?;
    let plan = plan(&chart, options, &mut context.sources)?;
    let (text, json) = if args.plan {
        // Both compress the whole chart: once is enough for the two forms.
        let (written, release_size) = (plan.measure(), plan.release_size(&chart));
        (
            plan_text(&plan, written, release_size),
            plan_json(&plan, written, release_size),
        )
    } else {
        let packaged = io::write_archive(&plan, &args.destination, args.force)?;
        (packaged_text(&packaged), packaged_json(&packaged))
    };
    context.diagnostics.extend(plan.diagnostics);
    Ok(Done { text, json })
}

fn options(args: &Package) -> Result<PackageOptions, Box<Failure>> {
    let mut options = PackageOptions::default();
    options.profiles = match (&*args.profiles, args.no_profiles) {
        (_, true) => ProfileSelection::None,
        ([], false) => ProfileSelection::All,
        (names, false) => ProfileSelection::Only(names.to_vec()),
    };
    options.version.clone_from(&args.version);
    options.app_version.clone_from(&args.app_version);
    options.annotations = args.annotations.iter().cloned().collect();
    if let Some(time) = source_date_epoch()? {
        options.time = time;
    }
    Ok(options)
}

fn packaged_text(packaged: &Packaged) -> String {
    let path = packaged.path.display();
    let what = if packaged.already_there {
        "unchanged"
    } else {
        "packaged"
    };
    format!("{what} {path}  {}\n", packaged.digest)
}

fn packaged_json(packaged: &Packaged) -> serde_json::Value {
    json!({
        "path": packaged.path,
        "digest": packaged.digest.to_string(),
        "unchanged": packaged.already_there,
    })
}

fn plan_text(plan: &Plan, written: Written, release_size: u64) -> String {
    let mut text = format!("{}  {}\n", plan.file_name, written.digest);
    for entry in &plan.entries {
        text += &format!(
            "{:>10}  {:<8}  {}\n",
            entry.data.len(),
            entry.reason,
            entry.path
        );
    }
    text + &format!(
        "{:>10}  in {} files, {} packed; about {release_size} bytes of Helm's release Secret\n",
        plan.size(),
        plan.entries.len(),
        written.length,
    )
}

fn plan_json(plan: &Plan, written: Written, release_size: u64) -> serde_json::Value {
    let entries = plan.entries.iter().map(|entry| {
        json!({
            "path": entry.path,
            "size": entry.data.len(),
            "reason": entry.reason.to_string(),
        })
    });
    json!({
        "file": plan.file_name,
        "digest": written.digest.to_string(),
        "length": written.length,
        "size": plan.size(),
        "releaseSize": release_size,
        "entries": entries.collect::<Vec<_>>(),
    })
}
