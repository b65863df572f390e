//! One finding a line, as JSON; `docs/formats/lint-json.md` has its schema.

use serde::Serialize;

use super::super::record::{ChartReport, Record};

/// The version of the form, in the field `version` of each line.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Line<'r> {
    version: u32,
    chart: &'r str,
    #[serde(flatten)]
    record: &'r Record,
}

#[derive(Serialize)]
struct NoChart<'r> {
    version: u32,
    chart: &'r str,
    failure: &'r str,
}

/// The findings as JSON lines, version 1.
///
/// # Panics
///
/// Never: all of it is text and numbers.
#[must_use]
pub fn to_json_lines(reports: &[ChartReport]) -> String {
    let mut text = String::new();
    for report in reports {
        let chart = report.path.as_str();
        let mut line = |json: serde_json::Result<String>| {
            text += &json.expect("text and numbers are always JSON");
            text.push('\n');
        };
        if let Some(failure) = &report.failure {
            line(serde_json::to_string(&NoChart {
                version: VERSION,
                chart,
                failure,
            }));
        }
        for record in &report.records {
            line(serde_json::to_string(&Line {
                version: VERSION,
                chart,
                record,
            }));
        }
    }
    text
}
