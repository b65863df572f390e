//! `chartkit dependency list|verify|build|update`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chartkit::chart::LockState;
use chartkit::dependency::Mismatch;
use chartkit::io::{self, ContentState, Listing, Updated, Verified, VerifiedDependency};
use serde_json::{Value, json};

use super::{Context, Outcome, now, print, print_json};
use crate::args::{Dependency, Format};
use crate::failure::Exit;

pub(crate) fn run(args: &Dependency, context: &mut Context) -> Outcome {
    match args {
        Dependency::List {
            chart,
            max_col_width,
        } => list(chart, *max_col_width, context),
        Dependency::Verify { chart } => verify(chart, context),
        Dependency::Build { chart } => {
            let updated = io::build_dependencies(chart, now()?, &mut context.sources)?;
            report(updated, context)
        }
        Dependency::Update { chart } => {
            let updated = io::update_dependencies(chart, now()?, &mut context.sources)?;
            report(updated, context)
        }
    }
}

fn list(chart: &Path, max_col_width: usize, context: &mut Context) -> Outcome {
    let listing = io::list_dependencies(chart, &mut context.sources)?;
    match context.format {
        Format::Human => print(list_text(&listing, max_col_width)),
        Format::Json => print_json(&list_json(&listing)),
    }
}

/// The bytes of `helm dependency list`.
fn list_text(listing: &Listing, max_col_width: usize) -> String {
    let Some(declared) = &listing.declared else {
        let charts = listing.charts.display();
        return format!("WARNING: no dependencies at {charts}\n");
    };
    let head = ["NAME", "VERSION", "REPOSITORY", "STATUS"].map(str::to_owned);
    let rows = declared.iter().map(|(dependency, status)| {
        [
            dependency.name.clone(),
            dependency.version.clone(),
            dependency.repository.clone(),
            status.to_string(),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let mut text = table(&rows, max_col_width) + "\n";
    for stray in &listing.strays {
        let path = stray.path.display().to_string();
        text += &if stray.is_chart {
            format!("WARNING: {path:?} is not in Chart.yaml.\n")
        } else {
            format!("WARNING: {path:?} is not a chart.\n")
        };
    }
    text
}

/// As the table writer of Helm: columns padded to the widest cell, the last one too, tabs between; what is
/// wider than allowed ends in three points.
fn table(rows: &[[String; 4]], max_width: usize) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        let widest = cells.max().unwrap_or(0);
        match max_width {
            0 => widest,
            most => widest.min(most),
        }
    };
    let widths: [usize; 4] = std::array::from_fn(width);
    let cell = |cell: &String, width: usize| {
        if cell.chars().count() <= width {
            return format!("{cell:width$}");
        }
        let kept = width.saturating_sub(3).max(1);
        cell.chars().take(kept).collect::<String>() + "..."
    };
    let line = |row: &[String; 4]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(c, w)| cell(c, w)).collect();
        cells.join("\t") + "\n"
    };
    rows.iter().map(line).collect()
}

fn list_json(listing: &Listing) -> Value {
    let declared = listing
        .declared
        .iter()
        .flatten()
        .map(|(dependency, status)| {
            json!({
                "name": dependency.name,
                "version": dependency.version,
                "repository": dependency.repository,
                "alias": (!dependency.alias.is_empty()).then_some(&dependency.alias),
                "status": status.as_str(),
            })
        });
    let strays = listing
        .strays
        .iter()
        .map(|stray| json!({ "path": stray.path, "isChart": stray.is_chart }));
    json!({
        "dependencies": declared.collect::<Vec<_>>(),
        "strays": strays.collect::<Vec<_>>(),
    })
}

fn verify(chart: &Path, context: &mut Context) -> Outcome {
    let verified = io::verify_dependencies(chart, &mut context.sources)?;
    match context.format {
        Format::Human => print(verified_text(&verified)),
        Format::Json => print_json(&verified_json(&verified)),
    }?;
    Ok(if verified.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Exit::Findings as u8)
    })
}

fn verified_text(verified: &Verified) -> String {
    let lock = match (verified.lock, &verified.digest) {
        (LockState::InSyncHelm2, _) => "in sync by Helm 2's digest, which does not cover versions",
        (LockState::InSync, _) => "in sync",
        (LockState::OutOfSync, _) => "out of sync with what is declared",
        _ => "missing",
    };
    let mut text = format!("lock: {lock}\n");
    if !verified.has_digests && !verified.dependencies.is_empty() {
        text += "Chart.digests: missing\n";
    }
    for dependency in &verified.dependencies {
        let place = match &dependency.path {
            Some(path) => path.clone(),
            None => format!("{} {}", dependency.name, dependency.version),
        };
        text += &format!("{place}: {}\n", state_text(&dependency.state));
    }
    text
}

fn state_text(state: &ContentState) -> String {
    match state {
        ContentState::Verified => "verified".to_owned(),
        ContentState::Repacked => format!("verified ({})", Mismatch::Container),
        ContentState::Unrecorded => "there, with no digest to compare".to_owned(),
        ContentState::Changed(mismatch) => format!("changed: {mismatch}"),
        ContentState::NotLocked => "in Chart.digests, but not locked".to_owned(),
        _ => "missing in charts/".to_owned(),
    }
}

fn verified_json(verified: &Verified) -> Value {
    let dependency = |dependency: &VerifiedDependency| {
        let (state, profiles) = match &dependency.state {
            ContentState::Verified => ("verified", None),
            ContentState::Repacked => ("repacked", None),
            ContentState::Unrecorded => ("unrecorded", None),
            ContentState::Changed(Mismatch::Content { profiles }) => ("changed", Some(profiles)),
            ContentState::Changed(_) => ("changed", None),
            ContentState::NotLocked => ("not-locked", None),
            _ => ("missing", None),
        };
        json!({
            "name": dependency.name,
            "version": dependency.version,
            "path": dependency.path,
            "state": state,
            "changedProfiles": profiles,
        })
    };
    json!({
        "lock": verified.lock.as_str(),
        "digest": verified.digest,
        "helm2": verified.lock == LockState::InSyncHelm2,
        "digests": verified.has_digests,
        "ok": verified.is_ok(),
        "dependencies": verified.dependencies.iter().map(dependency).collect::<Vec<_>>(),
    })
}

fn report(updated: Updated, context: &mut Context) -> Outcome {
    let printed = match context.format {
        Format::Human => print(updated_text(&updated)),
        Format::Json => print_json(&updated_json(&updated)),
    };
    context.diagnostics.extend(updated.diagnostics);
    printed
}

fn updated_text(updated: &Updated) -> String {
    let mut text = String::new();
    for chart in &updated.charts {
        let what = if chart.already_there {
            "unchanged"
        } else {
            "saved"
        };
        let digest = chart.digest.archive.unwrap_or(chart.digest.content);
        text += &format!("{what} {}  {digest}\n", chart.path.display());
    }
    let lines = |what: &str, paths: &[PathBuf]| -> String {
        let line = |path: &PathBuf| format!("{what} {}\n", path.display());
        paths.iter().map(line).collect()
    };
    text + &lines("removed", &updated.removed) + &lines("wrote", &updated.written)
}

fn updated_json(updated: &Updated) -> Value {
    let charts = updated.charts.iter().map(|chart| {
        let digest = &chart.digest;
        json!({
            "name": digest.name,
            "version": digest.version,
            "path": chart.path,
            "unchanged": chart.already_there,
            "archive": digest.archive.map(|digest| digest.to_string()),
            "content": digest.content.to_string(),
            "profiles": digest.profiles,
        })
    });
    json!({
        "charts": charts.collect::<Vec<_>>(),
        "removed": updated.removed,
        "written": updated.written,
    })
}
