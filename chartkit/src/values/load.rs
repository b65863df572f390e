//! A values file: one or more documents that make one table.
//!
//! Decides where a document ends, which Helm does by lines and before any YAML is parsed.
//!
//! Fixtures: `fixtures/values-files`.

use std::fmt;
use std::sync::Arc;

use super::merge_maps;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Encoding, FileId, Place, Sources, Span, Visibility};
use crate::yaml::{self, ParseError, Table, Value};

/// A values file that was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The values of all documents, later ones over earlier ones.
    pub table: Table,
    /// What a person may want to know.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a values file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// Text behind `---` on the same line.
    Separator,
    /// UTF-16 that Helm cannot read.
    Encoding,
    /// A document that is not YAML.
    Syntax,
    /// A document that is neither a table nor empty.
    NotATable,
}

/// A values file that cannot be read. Never shows a value.
#[derive(Clone, Debug)]
pub struct LoadError {
    kind: LoadErrorKind,
    file: FileId,
    span: Span,
    found: &'static str,
    source: Option<ParseError>,
}

impl LoadError {
    /// The reason.
    #[must_use]
    pub fn kind(&self) -> LoadErrorKind {
        self.kind
    }

    /// Where the file is wrong.
    #[must_use]
    pub fn location(&self) -> (FileId, Span) {
        let source = self.source.as_ref().and_then(ParseError::location);
        source.unwrap_or((self.file, self.span))
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            LoadErrorKind::Separator => f.write_str(
                "text behind the document separator `---`, expected a comment or nothing",
            ),
            LoadErrorKind::Encoding => f.write_str(
                "UTF-16 text whose lines Helm cannot read, expected UTF-8, or UTF-16 in big-endian \
                 order with a line break at the end",
            ),
            LoadErrorKind::Syntax => f.write_str("cannot read a document of the values"),
            LoadErrorKind::NotATable => write!(f, "values are a {}, expected a table", self.found),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl From<&LoadError> for Diagnostic {
    fn from(error: &LoadError) -> Self {
        if let Some(source) = &error.source {
            return source.into();
        }
        let (file, span) = error.location();
        Self::error(Code::InvalidValues, error.to_string()).at(file, span, "")
    }
}

/// The values of a values file, of a chart or of a user.
///
/// # Shape
///
/// The text in `sources` gets a line break at its end if it has none, as in Helm, and is concealed:
/// any value may be a secret.
///
/// Documents are separated by lines that *start* with `---`, also inside of a quoted text, and
/// only a comment may follow on such a line. They are merged with [`merge_maps`]; empty ones say
/// nothing.
///
/// # Errors
///
/// [`LoadErrorKind::Separator`] for `--- {a: 1}` and the like, [`Syntax`](LoadErrorKind::Syntax)
/// with the parser's error as source, [`NotATable`](LoadErrorKind::NotATable) for a list or a
/// scalar, [`Encoding`](LoadErrorKind::Encoding).
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::values;
///
/// let mut sources = Sources::new();
/// let file = sources.add("prod.yaml", *b"image: {tag: '1'}\n---\nimage: {tag: '2'}\n");
/// let loaded = values::load(&mut sources, file)?;
/// let tag = &loaded.table["image"].value.as_table().unwrap()["tag"];
/// let texts: Vec<_> = tag.contributions().map(|node| node.value.as_str()).collect();
/// assert_eq!(texts, [Some("2"), Some("1")]);
///
/// let file = sources.add("list.yaml", *b"- a\n");
/// let error = values::load(&mut sources, file).unwrap_err();
/// assert_eq!(error.to_string(), "values are a list, expected a table");
/// # Ok::<(), values::LoadError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/loader/load.go`, `LoadValues`; apimachinery v0.36.1,
/// `pkg/util/yaml/decoder.go`, `YAMLReader`.
pub fn load(sources: &mut Sources, file: FileId) -> Result<Loaded, LoadError> {
    let fail = |kind, span| LoadError {
        kind,
        file,
        span,
        found: "",
        source: None,
    };
    sources.conceal(file, Visibility::Keys);
    let encoding = sources.encoding(file);
    let had_line_break = sources.end_line(file);
    // Helm cuts lines at the byte of a line break and adds that one byte. Of UTF-16 only big-endian
    // text that ends with a line break survives, and its separators are not seen.
    let is_utf16 = encoding != Encoding::Utf8;
    if is_utf16 && (encoding == Encoding::Utf16LittleEndian || !had_line_break) {
        return Err(fail(LoadErrorKind::Encoding, Span::default()));
    }
    let text = Arc::clone(sources.text(file));
    let documents = if is_utf16 {
        vec![span(0, text.len())]
    } else {
        documents(&text).map_err(|span| fail(LoadErrorKind::Separator, span))?
    };
    let mut table = Table::new();
    let mut diagnostics = Vec::new();
    for document in documents {
        let decoded = yaml::read_span(sources, file, document).map_err(|source| LoadError {
            source: Some(source),
            ..fail(LoadErrorKind::Syntax, document)
        })?;
        diagnostics.extend(decoded.diagnostics);
        let node = decoded.node;
        match node.value {
            Value::Table(values) if table.is_empty() => table = values,
            Value::Table(values) => table = merge_maps(table, values),
            Value::Null => {}
            other => {
                let span = node.place.as_ref().map_or(document, Place::span);
                return Err(LoadError {
                    found: other.type_name(),
                    ..fail(LoadErrorKind::NotATable, span)
                });
            }
        }
    }
    Ok(Loaded { table, diagnostics })
}

/// The documents; a separator before the first text belongs to that document. An error is the
/// place of a separator with more on its line.
pub(crate) fn documents(text: &[u8]) -> Result<Vec<Span>, Span> {
    let mut documents = Vec::new();
    let mut start = 0; // of the document
    let is_first = text.starts_with(b"---");
    let mut next = is_first.then_some(0).or_else(|| separator(text, 0));
    while let Some(line_start) = next {
        let line = &text[line_start..];
        let line_break = line.iter().position(|b| *b == b'\n');
        let length = line_break.map_or(line.len(), |line_break| line_break + 1);
        let line_end = line_start + length;
        // Helm looks at characters, so a space need not be an ASCII one.
        let rest = String::from_utf8_lossy(&line[3..length]);
        let rest = rest.trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            return Err(span(line_start, line_end));
        }
        if line_start > start {
            documents.push(span(start, line_start));
            start = line_end;
        }
        next = separator(text, line_start);
    }
    if text.len() > start {
        documents.push(span(start, text.len()));
    }
    Ok(documents)
}

/// Where the first line behind `from` begins that starts with `---`.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches the compiler can look at many bytes at once"
)]
fn separator(text: &[u8], from: usize) -> Option<usize> {
    // Few blocks have a line that begins with so much as one `-`.
    (from..text.len()).step_by(BLOCK).find_map(|start| {
        let block = start..(start + BLOCK).min(text.len());
        let pairs = text[block.clone()].iter().zip(&text[start + 1..]);
        let may_have = pairs.fold(false, |found, (a, b)| {
            found | ((*a == b'\n') & (*b == b'-'))
        });
        let mut places = block.filter(|_| may_have);
        let line_break = places.find(|at| text[*at..].starts_with(b"\n---"))?;
        Some(line_break + 1)
    })
}

const BLOCK: usize = 64;

fn span(start: usize, end: usize) -> Span {
    let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, documents};

    #[test]
    fn documents_end_at_separator_lines() {
        let split = |text: &str| -> Result<Vec<String>, Span> {
            let documents = documents(text.as_bytes())?.into_iter();
            let texts = documents.map(|d| text[d.start as usize..d.end as usize].to_owned());
            Ok(texts.collect())
        };
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("a\n", &["a\n"]),
            ("---\na\n", &["---\na\n"]),
            ("---\n---\n---\na\n", &["---\n", "---\na\n"]),
            ("a\n--- # x\r\nb\n", &["a\n", "b\n"]),
            ("a\n --- b\n", &["a\n --- b\n"]),
            ("a\n---\n", &["a\n"]),
        ];
        for (text, documents) in cases {
            assert_eq!(split(text).unwrap(), documents, "{text:?}");
        }
        assert_eq!(split("a\n---b\n"), Err(Span { start: 2, end: 7 }));
    }

    #[test]
    fn a_separator_is_found_wherever_it_stands() {
        for length in 0..200_u32 {
            let text = format!("{}\n- b\n---\nc\n", "a".repeat(length as usize));
            let documents = documents(text.as_bytes()).unwrap();
            let ends: Vec<_> = documents.iter().map(|d| (d.start, d.end)).collect();
            assert_eq!(ends, [(0, length + 5), (length + 9, length + 11)]);
        }
    }
}
