//! One file a verb: load, call one library function, report.

pub(crate) mod completions;
pub(crate) mod dependency;
pub(crate) mod lint;
pub(crate) mod package;
pub(crate) mod profile;
pub(crate) mod repo;
pub(crate) mod same;
pub(crate) mod secrets;
pub(crate) mod show;
pub(crate) mod values;

use std::path::Path;
use std::process::ExitCode;

use chartkit::chart::Chart;
use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::profile::attach;
use chartkit::source::Sources;
use chartkit::time::Timestamp;

use crate::args::{Format, ProfilesDir};
use crate::failure::{Exit, Failure};
use crate::report;

pub(crate) type Outcome = Result<ExitCode, Box<Failure>>;

/// What every command needs and gathers.
pub(crate) struct Context {
    pub(crate) format: Format,
    /// The texts that messages point into.
    pub(crate) sources: Sources,
    /// Messages, printed when the command is done.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Context {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            sources: Sources::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Loads a chart and attaches profiles from outside.
    fn load(&mut self, path: &Path, profiles: &ProfilesDir) -> Result<Chart, Box<Failure>> {
        let loaded = io::load_chart(path, &mut self.sources)?;
        self.diagnostics.extend(loaded.diagnostics);
        let mut chart = loaded.chart;
        if let Some(folder) = &profiles.profiles_dir {
            let files = io::read_folder(folder)?;
            attach(&mut chart, &folder.display().to_string(), files)?;
        }
        Ok(chart)
    }
}

/// Refuses a chart that Helm would not package or install.
fn check_api_version(chart: &Chart) -> Result<(), Box<Failure>> {
    chart.check_api_version().map_err(|error| {
        let message = format!("cannot use the chart `{}`: {error}", chart.origin);
        let diagnostic = Diagnostic::error(Code::InvalidChart, message)
            .help("expected apiVersion v1 or v2 in Chart.yaml");
        Failure::new(Exit::Input, diagnostic)
    })
}

/// The time that `SOURCE_DATE_EPOCH` says, if it says one.
fn source_date_epoch() -> Result<Option<Timestamp>, Box<Failure>> {
    let Some(seconds) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let parsed = seconds.to_str().and_then(|text| text.parse::<i64>().ok());
    let Some(seconds) = parsed.filter(|seconds| *seconds >= 0) else {
        let message = format!(
            "invalid SOURCE_DATE_EPOCH: expected seconds since 1970, found `{}`",
            seconds.display()
        );
        return Err(Failure::new(
            Exit::Usage,
            Diagnostic::error(Code::Environment, message),
        ));
    };
    Ok(Some(Timestamp::from_unix(seconds, 0)))
}

/// What a file says about when it was made: `SOURCE_DATE_EPOCH`, else now.
fn now() -> Result<Timestamp, Box<Failure>> {
    if let Some(time) = source_date_epoch()? {
        return Ok(time);
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap_or_default(); // a clock before 1970 is wrong anyway
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_unix(seconds, now.subsec_nanos()))
}

/// Prints a result; a closed or full stdout is the environment's failure.
fn print(result: impl AsRef<[u8]>) -> Outcome {
    match report::result(result.as_ref()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let message = format!("cannot write to standard output: {error}");
            let diagnostic = Diagnostic::error(Code::Environment, message);
            Err(Failure::new(Exit::Environment, diagnostic))
        }
    }
}

fn print_json(value: &serde_json::Value) -> Outcome {
    print(format!("{value:#}\n"))
}
