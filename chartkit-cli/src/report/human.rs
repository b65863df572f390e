//! A diagnostic as text with source snippets.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use chartkit::diagnostic::{Diagnostic, Severity};
use chartkit::source::Sources;

/// A snippet longer than this many bytes shows only where it starts.
const LONGEST_LABEL: u32 = 2_000;

/// The text of a diagnostic, with colour codes; the stream removes them where they are unwanted.
pub(super) fn render(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        _ => Level::INFO,
    };
    let texts: Vec<_> = (diagnostic.labels.iter())
        .map(|label| String::from_utf8_lossy(sources.text(label.file)))
        .collect();
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.id());
    let mut group = Group::with_title(title);
    for (position, (label, text)) in diagnostic.labels.iter().zip(&texts).enumerate() {
        let kind = if position == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        // Lossy conversion moves offsets; such a text has no snippet but a position.
        if text.len() != sources.text(label.file).len() {
            let at = sources.position(label.file, label.span.start);
            let place = format!("{}:{}:{}", sources.name(label.file), at.line, at.column);
            group = group.element(Level::NOTE.message(place));
            continue;
        }
        let start = label.span.start as usize;
        let end = label.span.end.min(label.span.start + LONGEST_LABEL) as usize;
        let end = (end..=text.len())
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(text.len());
        let mut annotation = kind.span(start.min(end)..end);
        if !label.message.is_empty() {
            annotation = annotation.label(label.message.as_str());
        }
        let snippet = Snippet::source(text.as_ref())
            .path(sources.name(label.file))
            .annotation(annotation);
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::styled().render(&[group])
}
