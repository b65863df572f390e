//! `chartkit same`

use std::path::Path;
use std::process::ExitCode;

use chartkit::io;
use chartkit::package::{Contents, PackageOptions, explain_difference, plan};
use serde_json::json;

use super::{Context, Outcome, check_api_version, print, print_json};
use crate::args::{Format, Same};
use crate::failure::{Exit, Failure};

pub(crate) fn run(args: &Same, context: &mut Context) -> Outcome {
    let first = contents(&args.first, context)?;
    let second = contents(&args.second, context)?;
    let differences = explain_difference(&first, &second);
    let code = if differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Exit::Findings as u8)
    };
    match context.format {
        Format::Human if differences.is_empty() => print("same content\n"),
        Format::Human => print(
            differences
                .iter()
                .map(|d| format!("{d}\n"))
                .collect::<String>(),
        ),
        Format::Json => print_json(&json!({
            "same": differences.is_empty(),
            "digests": [first.digest().to_string(), second.digest().to_string()],
            "differences": differences.iter().map(|d| json!({
                "path": d.path(),
                "message": d.to_string(),
            })).collect::<Vec<_>>(),
        })),
    }?;
    Ok(code)
}

/// An archive's contents, or those that a directory would be packaged as.
fn contents(path: &Path, context: &mut Context) -> Result<Contents, Box<Failure>> {
    if io::is_directory(path) {
        let loaded = io::load_chart(path, &mut context.sources)?;
        check_api_version(&loaded.chart)?;
        let plan = plan(
            &loaded.chart,
            &PackageOptions::default(),
            &mut context.sources,
        )?;
        return Ok(Contents::of_plan(&plan));
    }
    Ok(io::read_contents(path)?)
}
