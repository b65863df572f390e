//! Diagnostics as JSON lines, version 1.

use serde::Serialize;

use super::Diagnostic;
use crate::source::{FileId, Sources, Span};

/// The version of the form, in the field `version` of each line.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Line<'d> {
    version: u32,
    code: &'static str,
    name: &'static str,
    severity: &'static str,
    message: &'d str,
    labels: Vec<LabelLine<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'d str>,
}

#[derive(Serialize)]
struct LabelLine<'d> {
    file: &'d str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    message: &'d str,
}

/// A diagnostic as one line of JSON, without a line break.
///
/// # Shape
///
/// Fields `version` (1), `code`, `name`, `severity`, `message`, `labels` (each `file`, `line`, `column`,
/// `end_line`, `end_column`, `message`; lines and columns from 1, columns in characters, the end
/// exclusive) and, if there is one, `help`.
///
/// # Panics
///
/// Never: all of it is text and numbers.
#[must_use]
pub fn to_json(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let label = |file: FileId, span: Span, message| {
        let (start, end) = (
            sources.position(file, span.start),
            sources.position(file, span.end),
        );
        LabelLine {
            file: sources.name(file),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            message,
        }
    };
    let line = Line {
        version: VERSION,
        code: diagnostic.code.id(),
        name: diagnostic.code.name(),
        severity: diagnostic.severity.as_str(),
        message: &diagnostic.message,
        labels: (diagnostic.labels.iter())
            .map(|l| label(l.file, l.span, l.message.as_str()))
            .collect(),
        help: diagnostic.help.as_deref(),
    };
    serde_json::to_string(&line).expect("text and numbers are always JSON")
}
