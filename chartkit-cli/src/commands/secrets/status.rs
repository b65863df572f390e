//! `chartkit secrets status`

use std::path::Path;
use std::process::ExitCode;

use chartkit::io;
use chartkit::sops::Status;
use serde_json::{Value, json};

use super::{Outcome, Session, failures, files};
use crate::args::Format as Look;
use crate::args::secrets::Status as Arguments;
use crate::commands::{print, print_json};
use crate::failure::Failure;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let found = files::find(&args.files).map_err(failures::as_ours)?;
    // One file that was named is one object, as from `filestatus`.
    let is_single = matches!(&args.files[..], [path] if !Path::new(path).is_dir());
    let input_type = args.input_type.as_deref();
    let (reports, failed) = if let ([path], true) = (&found[..], is_single) {
        (vec![report(path, input_type, session)?], None)
    } else {
        let outcomes = files::each(found, session, |path, session| {
            report(path, input_type, session)
        });
        let reports = outcomes.done.into_iter().filter_map(|(_, report)| report);
        (reports.collect(), outcomes.failed)
    };
    match (session.context.format, &reports[..]) {
        (Look::Human, reports) => print(reports.iter().map(Report::to_text).collect::<String>())?,
        (Look::Json, [report]) if is_single => print_json(&report.to_json())?,
        (Look::Json, reports) => print_json(&reports.iter().map(Report::to_json).collect())?,
    };
    Ok(failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// What a file says.
struct Report {
    path: String,
    status: Status,
}

fn report(
    path: &Path,
    input_type: Option<&str>,
    session: &mut Session<'_>,
) -> Result<Report, Box<Failure>> {
    let name = path.display().to_string();
    let format = session.format(input_type, &name);
    let id = session.add(&name, io::read_file(path)?);
    let status = Status::read(format, &mut session.context.sources, id);
    let mut status = status.map_err(|error| session.named(id, failures::input(&error)))?;
    // `filestatus` answers as SOPS, for which a file without MAC is not encrypted. Its values are.
    status.is_encrypted = status.details.is_some();
    Ok(Report { path: name, status })
}

impl Report {
    fn to_json(&self) -> Value {
        let mut json = self.status.to_json();
        json["file"] = json!(self.path);
        json
    }

    fn to_text(&self) -> String {
        let lines = self.status.to_string();
        let lines = lines.lines().map(|line| format!("  {line}\n"));
        format!("{}\n{}", self.path, lines.collect::<String>())
    }
}
