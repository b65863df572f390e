//! A diagnostic as text with source snippets.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use chartkit::diagnostic::{self, Diagnostic, Label, Severity};
use chartkit::source::{Sources, Visibility};

/// A snippet longer than this many bytes shows only where it starts.
const LONGEST_LABEL: u32 = 2_000;

/// Nobody looks for the column of a longer line.
const LONGEST_PADDING: usize = 500;

/// The text of a diagnostic, with colour codes; the stream removes them where they are unwanted.
///
/// Of a text that may hold secrets only keys are shown.
pub(super) fn render(diagnostic: &Diagnostic, sources: &Sources) -> String {
    render_with(diagnostic, &[], sources)
}

/// [`render`], with notes below.
pub(super) fn render_with(diagnostic: &Diagnostic, notes: &[String], sources: &Sources) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        _ => Level::INFO,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.id());
    let mut group = Group::with_title(title);
    for (position, label) in diagnostic.labels.iter().enumerate() {
        let kind = if position == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        group = group.element(snippet(label, kind, sources));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    for note in notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    Renderer::styled().render(&[group])
}

fn snippet<'s>(
    label: &'s Label,
    kind: AnnotationKind,
    sources: &'s Sources,
) -> Snippet<'s, Annotation<'s>> {
    let (text, first_line, span) = match std::str::from_utf8(sources.text(label.file)) {
        Ok(text) if sources.visibility(label.file) == Visibility::All => {
            let start = label.span.start as usize;
            let end = label.span.end.min(label.span.start + LONGEST_LABEL) as usize;
            let end = (end..=text.len())
                .find(|end| text.is_char_boundary(*end))
                .unwrap_or(text.len());
            (Cow::Borrowed(text), 1, start.min(end)..end)
        }
        _ => concealed(label, sources),
    };
    let mut annotation = kind.span(span);
    if !label.message.is_empty() {
        annotation = annotation.label(label.message.as_str());
    }
    Snippet::source(text)
        .line_start(first_line)
        .path(sources.name(label.file))
        .annotation(annotation)
}

/// One line of a text that may hold secrets, its number, and the bytes to point at in it.
fn concealed<'s>(label: &Label, sources: &Sources) -> (Cow<'s, str>, usize, Range<usize>) {
    let start = sources.position(label.file, label.span.start);
    let end = sources.position(label.file, label.span.end);
    let mut text = diagnostic::excerpt(sources, label.file, start.line);
    let column = |column: u32| column as usize - 1;
    // The column is right even where the text that is shown is shorter than what it hides.
    let from = column(start.column);
    text += &" ".repeat((from + 1).saturating_sub(text.len()).min(LONGEST_PADDING));
    let from = from.min(text.len());
    let to = if end.line == start.line {
        column(end.column).clamp(from, text.len())
    } else {
        text.len()
    };
    (text.into(), start.line as usize, from..to)
}
