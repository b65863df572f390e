//! Other values in a text that keeps every other byte: layout, comments, quotes.
//!
//! Decides which bytes a scalar takes and how the new one is written there. To add or remove
//! entries is not its business.

use std::fmt;
use std::ops::Range;

use super::document::{Document, Kind, NodeData, NodeId, Style};
use super::emit::{EmitStyle, Slot, double_quoted, single_quoted, to_yaml_scalar};
use super::scalar::{Scalar, Schema, resolve_scalar};
use crate::source::{FileId, Span};

/// What a scalar shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NewScalar<'a> {
    /// A string. It is quoted as the old one was, or where it must be, so that every reader takes it
    /// for this string.
    String(&'a str),
    /// A null, a boolean, a number or a timestamp, written as it stands.
    Plain(&'a str),
}

/// The text of the file with other scalars in it.
///
/// # Shape
///
/// Takes any number of values, in any order, each once; keys cannot be changed. Plain and quoted
/// scalars are replaced as they stand, block scalars from their `|` or `>` to their last byte that
/// is not blank, except a comment behind the `|`. For a value left out, the new one is put behind
/// the `:` or `-`. Tags and anchors stay. A string of several lines is written on one line.
///
/// go-yaml takes blank lines with tabs behind unquoted text only: where there are such lines, quotes
/// before them can make it refuse the text.
///
/// # Errors
///
/// - [`EditErrorKind::NotAValue`] for a collection, an alias or a key.
/// - [`EditErrorKind::Tag`] when the tag of the scalar would make something else of the new one.
/// - [`EditErrorKind::NotPlain`] when a [`NewScalar::Plain`] would be read as a string or as
///   anything but one scalar.
/// - [`EditErrorKind::NoPlace`] for a value left out together with its `:`.
/// - [`EditErrorKind::Twice`] when a node is named twice.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::yaml::edit::{NewScalar, replace_scalars};
/// use chartkit::yaml::{ParseOptions, parse};
///
/// let mut sources = Sources::new();
/// let text = *b"image: # the web server\n  tag: '1.2'\nreplicas: 1   # for now\n";
/// let file = sources.add("values.yaml", text);
/// let stream = parse(&sources, file, None, &ParseOptions::default())?;
/// let document = &stream.documents[0];
/// let tag = document.find(["image", "tag"]).expect("it is there");
/// let replicas = document.find(["replicas"]).expect("it is there");
///
/// let edits = [(tag, NewScalar::String("1.3")), (replicas, NewScalar::Plain("2"))];
/// let text = replace_scalars(document, &edits)?;
/// assert_eq!(text, b"image: # the web server\n  tag: '1.3'\nreplicas: 2   # for now\n");
///
/// let image = document.find(["image"]).expect("it is there");
/// let error = replace_scalars(document, &[(image, NewScalar::Plain("1"))]).unwrap_err();
/// assert_eq!(error.to_string(), "found a mapping, expected a scalar as the value of an entry or item");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replace_scalars(
    document: &Document,
    edits: &[(NodeId, NewScalar<'_>)],
) -> Result<Vec<u8>, EditError> {
    let mut edits = edits.to_vec();
    edits.sort_unstable_by_key(|(node, _)| *node);
    let old = &document.origin.text;
    let mut text = Vec::with_capacity(old.len());
    let mut copied = 0;
    let mut last = None;
    for (node, new) in edits {
        if last.replace(node) == Some(node) {
            return Err(Editor { document, node }.error(EditErrorKind::Twice));
        }
        let (region, written) = scalar_edit(document, node, new)?;
        text.extend_from_slice(&old[copied..region.start]);
        text.extend_from_slice(written.as_bytes());
        copied = region.end;
    }
    text.extend_from_slice(&old[copied..]);
    Ok(text)
}

/// The bytes that one scalar takes, and what to put there; see [`replace_scalars`].
pub(crate) fn scalar_edit(
    document: &Document,
    node: NodeId,
    new: NewScalar<'_>,
) -> Result<(Range<usize>, String), EditError> {
    let editor = Editor { document, node };
    editor.check(new)?;
    editor.region(&editor.write(new)?)
}

/// A scalar that cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditError {
    kind: EditErrorKind,
    found: &'static str,
    file: FileId,
    span: Span,
}

/// Why a scalar cannot be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EditErrorKind {
    /// The node is a collection, an alias or a key.
    NotAValue,
    /// The tag of the scalar does not fit the new value.
    Tag,
    /// The text is not that of a null, a boolean, a number or a timestamp.
    NotPlain,
    /// The value was left out together with its `:`.
    NoPlace,
    /// The node is named twice.
    Twice,
}

impl EditError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> EditErrorKind {
        self.kind
    }

    /// The scalar.
    #[must_use]
    pub fn location(&self) -> (FileId, Span) {
        (self.file, self.span)
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found;
        match self.kind {
            EditErrorKind::NotAValue => {
                write!(
                    f,
                    "found {found}, expected a scalar as the value of an entry or item"
                )
            }
            EditErrorKind::Tag => f.write_str("found a tag that the new value does not fit"),
            EditErrorKind::NotPlain => f.write_str(
                "found other text, expected that of a null, a boolean, a number or a timestamp",
            ),
            EditErrorKind::NoPlace => {
                f.write_str("found a key without `:`, expected one to write behind")
            }
            EditErrorKind::Twice => f.write_str("found two new values for one scalar"),
        }
    }
}

impl std::error::Error for EditError {}

struct Editor<'a> {
    document: &'a Document,
    node: NodeId,
}

impl Editor<'_> {
    fn data(&self) -> &NodeData {
        self.document.data(self.node)
    }

    fn check(&self, new: NewScalar<'_>) -> Result<(), EditError> {
        let data = self.data();
        if data.kind != Kind::Scalar || data.is_key {
            return Err(self.error(EditErrorKind::NotAValue));
        }
        let tag = self.document.tag(self.node);
        let core = tag.and_then(|tag| tag.strip_prefix("tag:yaml.org,2002:"));
        let is_typed = matches!(
            core,
            Some("int" | "float" | "bool" | "null" | "timestamp" | "binary")
        );
        let fits = match new {
            NewScalar::String(_) => !is_typed,
            NewScalar::Plain(_) => tag.is_none() || (is_typed && core != Some("binary")),
        };
        if fits {
            Ok(())
        } else {
            Err(self.error(EditErrorKind::Tag))
        }
    }

    /// The new scalar as YAML, on one line.
    fn write(&self, new: NewScalar<'_>) -> Result<String, EditError> {
        const STYLE: EmitStyle = EmitStyle::V3 { indent: 4 }; // quotes what either version could mistake
        let data = self.data();
        let text = match new {
            NewScalar::Plain(text) => {
                let is_string = |schema| resolve_scalar(text, schema) == Scalar::String;
                let ends_early = text.is_empty() || (data.in_flow && text.contains(','));
                if ends_early || (is_string(Schema::V2) && is_string(Schema::V3)) {
                    return Err(self.error(EditErrorKind::NotPlain));
                }
                return Ok(text.to_owned());
            }
            NewScalar::String(text) => text,
        };
        Ok(match data.style {
            // JSON has double quotes only.
            _ if data.in_flow => double_quoted(text, STYLE),
            Style::DoubleQuoted => double_quoted(text, STYLE),
            Style::SingleQuoted => {
                single_quoted(text, STYLE).unwrap_or_else(|| double_quoted(text, STYLE))
            }
            _ => to_yaml_scalar(text, Slot::Key, 0, STYLE),
        })
    }

    /// The bytes of the file to replace, and what to put there.
    fn region(&self, new: &str) -> Result<(Range<usize>, String), EditError> {
        let data = self.data();
        let text = &*self.document.origin.text;
        let region = data.span.start as usize..data.span.end as usize;
        let mut left = "";
        let mut comment = String::new();
        match data.style {
            Style::Literal | Style::Folded => {
                let old = self.document.raw(data.span);
                let header = old.lines().next().unwrap_or_default();
                if let Some(hash) = header.find('#') {
                    let blank = if header[..hash].ends_with([' ', '\t']) {
                        ""
                    } else {
                        " "
                    };
                    let indicators = header[..hash].trim_end().len();
                    comment = format!("{blank}{}", &header[indicators..]);
                }
            }
            Style::Plain if region.is_empty() => {
                let before = &text[..region.start];
                let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
                let indicator = before.iter().rev().find(|b| !is_blank(b));
                let is_item = indicator == Some(&b'-') && !data.in_flow;
                let is_root = self.node == self.document.root();
                if !(indicator == Some(&b':') || is_item || is_root || data.has_properties) {
                    return Err(self.error(EditErrorKind::NoPlace));
                }
                if !before.last().is_none_or(is_blank) {
                    left = " ";
                }
            }
            _ => {}
        }
        // `'x'# c` has a comment, `x# c` has none.
        let ends = |b: &u8| b" \t\r\n,]}".contains(b);
        let right = if text.get(region.end).is_none_or(ends) {
            ""
        } else {
            " "
        };
        Ok((region, format!("{left}{new}{comment}{right}")))
    }

    fn error(&self, kind: EditErrorKind) -> EditError {
        let data = self.data();
        let found = match data.kind {
            _ if data.is_key => "a key",
            Kind::Sequence => "a list",
            Kind::Mapping => "a mapping",
            Kind::Alias => "an alias",
            Kind::Scalar => "a scalar",
        };
        EditError {
            kind,
            found,
            file: self.document.file(),
            span: data.span,
        }
    }
}
