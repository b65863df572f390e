//! From the text of a file to the value that Helm sees.

use super::decode::Decoded;
use super::error::ParseError;
use super::parse::{ParseOptions, parse};
use super::scalar::Schema;
use super::value::{Node, Value};
use crate::source::{FileId, Place, Sources, Span};

/// The value of the first document of a text, as `sigs.k8s.io/yaml` reads it into an `any`.
///
/// # Shape
///
/// [`Value::Null`] for a text without content. Text behind the first document is ignored, with a
/// [`Code::IgnoredText`](crate::diagnostic::Code::IgnoredText) diagnostic. Numbers stay as written;
/// [`Number`](super::Number) knows that Helm sees 64-bit floats.
///
/// # Errors
///
/// What [`parse`] and [`Document::node`](super::Document::node) refuse, with the default limits.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::yaml::{Value, read};
///
/// let mut sources = Sources::new();
/// let file = sources.add("Chart.yaml", *b"name: web\ndeprecated: yes\n");
/// let decoded = read(&sources, file)?;
/// let chart = decoded.node.value.as_table().expect("a mapping");
/// assert_eq!(chart["deprecated"].value, Value::Bool(true));
///
/// let file = sources.add("values.yaml", *b"image:\n  tag: \"1.2\nport: 80\n");
/// let error = read(&sources, file).unwrap_err();
/// assert_eq!(error.to_string(), "values.yaml:2:8: found a quote that is never closed");
/// # Ok::<(), chartkit::yaml::ParseError>(())
/// ```
///
/// # Source
///
/// sigs.k8s.io/yaml v1.6.0, `yaml.go`, `Unmarshal`.
pub fn read(sources: &Sources, file: FileId) -> Result<Decoded, ParseError> {
    read_with(sources, file, None, &ParseOptions::default())
}

/// The value of the first document in a part of a text; see [`read`].
///
/// For files that are split into documents before they are read: the text is read as if its last
/// line had a line break, which Helm adds to values files without one.
///
/// # Errors
///
/// See [`read`].
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/loader/load.go`, `LoadValues`.
pub fn read_span(sources: &Sources, file: FileId, span: Span) -> Result<Decoded, ParseError> {
    let options = ParseOptions {
        final_line_break: true,
        ..ParseOptions::default()
    };
    read_with(sources, file, Some(span), &options)
}

/// The value of the first document, with limits of your own; see [`read`].
///
/// # Errors
///
/// See [`read`].
pub fn read_with(
    sources: &Sources,
    file: FileId,
    span: Option<Span>,
    options: &ParseOptions,
) -> Result<Decoded, ParseError> {
    let options = ParseOptions {
        first_document_only: true,
        comments: false,
        ..options.clone()
    };
    let stream = parse(sources, file, span, &options)?;
    let Some(document) = stream.documents.first() else {
        let start = span.map_or(0, |span| span.start);
        let place = Place {
            file,
            entry: start,
            value: Span { start, end: start },
        };
        return Ok(Decoded {
            node: Node::new(Value::Null, place),
            diagnostics: stream.diagnostics,
        });
    };
    let mut decoded = document.node(Schema::V2)?;
    decoded.diagnostics.extend(stream.diagnostics);
    Ok(decoded)
}
