//! The only place that prints: results to stdout, messages to stderr.

mod human;

use std::io::Write;

use chartkit::diagnostic::{self, Diagnostic};
use chartkit::source::Sources;

use crate::args::Format;
use crate::commands::Context;

/// The messages of a command as text.
pub(crate) fn render(context: &Context) -> String {
    let mut diagnostics = context.diagnostics.clone();
    diagnostic::sort(&mut diagnostics);
    let text = diagnostics.iter().map(|diagnostic| match context.format {
        Format::Human => human::render(diagnostic, &context.sources) + "\n",
        Format::Json => diagnostic::to_json(diagnostic, &context.sources) + "\n",
    });
    text.collect()
}

/// A finding of `lint` as text: its message, and notes below.
pub(crate) fn finding(diagnostic: &Diagnostic, notes: &[String], sources: &Sources) -> String {
    human::render_with(diagnostic, notes, sources) + "\n"
}

/// Prints findings to stdout, in colour where that is wanted.
pub(crate) fn findings(text: &str) -> std::io::Result<()> {
    let mut out = anstream::AutoStream::auto(std::io::stdout().lock());
    let written = (out.write_all(text.as_bytes())).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints messages to stderr, in colour where that is wanted.
pub(crate) fn messages(text: &str) {
    let mut err = anstream::AutoStream::auto(std::io::stderr().lock());
    // Nobody is left to tell when stderr is closed.
    let _ = err.write_all(text.as_bytes());
}

/// Prints a result to stdout. A reader that has gone away (`| head`) is no error.
pub(crate) fn result(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
