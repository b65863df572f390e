//! Texts that values, charts and diagnostics point into.
//!
//! Decides how a place in a file is named: a [`FileId`] and a byte [`Span`]. Lines and columns are
//! computed only when somebody asks, because most places are never shown.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroize as _;

/// Names one text of a [`Sources`].
///
/// # Shape
///
/// Only meaningful together with the [`Sources`] that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(NonZeroU32); // counts from 1, so that `Option<Place>` is no larger than `Place`

/// A half-open range of bytes in one text.
///
/// # Shape
///
/// 0-based offsets; `start <= end`. Texts are smaller than 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// A line and a column, as people and editors count them.
///
/// # Shape
///
/// Both 1-based; the column counts Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line number from 1.
    pub line: u32,
    /// Column number from 1, in characters.
    pub column: u32,
}

/// Where one entry of a document was written: its key (if it has one) and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text.
    pub file: FileId,
    /// Offset of the first byte of the entry: of its key in a mapping, of its value otherwise.
    pub entry: u32,
    /// Bytes of the value.
    pub value: Span,
}

impl Place {
    /// The bytes from the start of the key to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        Span {
            start: self.entry.min(self.value.start),
            end: self.value.end,
        }
    }
}

/// All texts read so far, in the order they were read.
///
/// Texts are shared, never copied: adding the bytes of a chart's file costs a pointer.
///
/// # Examples
///
/// ```
/// use chartkit::source::{Position, Sources};
///
/// let mut sources = Sources::new();
/// let file = sources.add("values.yaml", *b"a: 1\nb: \xc3\xa4 2\n");
/// assert_eq!(sources.position(file, 10), Position { line: 2, column: 5 });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Arc<Source>>,
}

/// How a text was written before it became UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or bytes that are none of these.
    Utf8,
    Utf16LittleEndian,
    Utf16BigEndian,
}

impl Encoding {
    /// The bytes that were converted to this text; it must be UTF-8 unless it never was converted.
    pub(crate) fn encode(self, text: &[u8]) -> Vec<u8> {
        let bytes: fn(u16) -> [u8; 2] = match self {
            Self::Utf8 => return text.to_vec(),
            Self::Utf16LittleEndian => u16::to_le_bytes,
            Self::Utf16BigEndian => u16::to_be_bytes,
        };
        let text = String::from_utf8_lossy(text);
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(bytes).collect()
    }
}

/// What of a text may be shown to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Visibility {
    /// Everything.
    #[default]
    All,
    /// The keys of YAML: the values may be secrets, and so may comments.
    Keys,
    /// What stands before the first `=`: the rest may be secret.
    ArgumentKey,
}

#[derive(Debug)]
struct Source {
    name: Arc<str>,
    text: Arc<[u8]>,
    /// As given; differs from `text` when that was UTF-16.
    bytes: Arc<[u8]>,
    encoding: Encoding,
    visibility: Visibility,
    /// Overwrite the text when it is dropped.
    wipe: bool,
    lines: OnceLock<Vec<u32>>,
}

impl Drop for Source {
    fn drop(&mut self) {
        if self.wipe {
            // Both may be one; and whoever still reads the text is answerable for it.
            self.bytes = Arc::from([]);
            if let Some(text) = Arc::get_mut(&mut self.text) {
                text.zeroize();
            }
        }
    }
}

impl Sources {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that messages will show.
    ///
    /// # Shape
    ///
    /// `name` is a path or a pseudo-name such as `--set`. UTF-16 text (with its byte order mark) is
    /// converted to UTF-8 here, so that spans count the bytes of [`Sources::text`]; any other
    /// bytes are kept as they are.
    ///
    /// # Panics
    ///
    /// When more than `u32::MAX` texts are added.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<[u8]>>) -> FileId {
        let text = text.into();
        let encoding = match &*text {
            [0xFF, 0xFE, ..] => Encoding::Utf16LittleEndian,
            [0xFE, 0xFF, ..] => Encoding::Utf16BigEndian,
            _ => Encoding::Utf8,
        };
        self.files.push(Arc::new(Source {
            name: name.into(),
            text: utf16_to_utf8(&text, encoding).unwrap_or_else(|| Arc::clone(&text)),
            bytes: text,
            encoding,
            visibility: Visibility::All,
            wipe: false,
            lines: OnceLock::new(),
        }));
        let count = u32::try_from(self.files.len()).ok();
        FileId(
            count
                .and_then(NonZeroU32::new)
                .expect("fewer than 2^32 texts"),
        )
    }

    /// The name given to [`Sources::add`].
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        &self.source(file).name
    }

    /// The bytes that spans of this file count.
    #[must_use]
    pub fn text(&self, file: FileId) -> &Arc<[u8]> {
        &self.source(file).text
    }

    /// The bytes that were given to [`Sources::add`]; for files that are no text.
    pub(crate) fn bytes(&self, file: FileId) -> &Arc<[u8]> {
        &self.source(file).bytes
    }

    /// How the text was written.
    pub(crate) fn encoding(&self, file: FileId) -> Encoding {
        self.source(file).encoding
    }

    /// Ends the last line of a text with a line break; says whether it had one, or was empty.
    pub(crate) fn end_line(&mut self, file: FileId) -> bool {
        let source = self.source(file);
        if source.text.last().is_none_or(|last| *last == b'\n') {
            return true;
        }
        let ended = Source {
            name: Arc::clone(&source.name),
            text: source.text.iter().copied().chain([b'\n']).collect(),
            bytes: Arc::clone(&source.bytes),
            encoding: source.encoding,
            visibility: source.visibility,
            wipe: source.wipe,
            lines: OnceLock::new(),
        };
        self.files[file.0.get() as usize - 1] = Arc::new(ended);
        false
    }

    /// What of a text may be shown; everything, unless [`Sources::conceal`] said otherwise.
    #[must_use]
    pub fn visibility(&self, file: FileId) -> Visibility {
        self.source(file).visibility
    }

    /// Says that a text may hold secrets. Whoever reads values out of a text says so first.
    pub fn conceal(&mut self, file: FileId, visibility: Visibility) {
        let source = self.source(file);
        if source.visibility == visibility {
            return;
        }
        let concealed = Source {
            name: Arc::clone(&source.name),
            text: Arc::clone(&source.text),
            bytes: Arc::clone(&source.bytes),
            encoding: source.encoding,
            visibility,
            wipe: source.wipe,
            lines: OnceLock::new(),
        };
        self.files[file.0.get() as usize - 1] = Arc::new(concealed);
    }

    /// Says that a text is plaintext of secrets: it is overwritten when it is dropped.
    pub(crate) fn wipe_when_dropped(&mut self, file: FileId) {
        let slot = &mut self.files[file.0.get() as usize - 1];
        let source = &**slot;
        let wiped = Source {
            name: Arc::clone(&source.name),
            text: Arc::clone(&source.text),
            bytes: Arc::clone(&source.bytes),
            encoding: source.encoding,
            visibility: source.visibility,
            wipe: true,
            lines: OnceLock::new(),
        };
        *slot = Arc::new(wiped);
    }

    /// Line and column of a byte offset; offsets behind the end are those of the end.
    #[must_use]
    pub fn position(&self, file: FileId, offset: u32) -> Position {
        let source = self.source(file);
        let lines = source.lines.get_or_init(|| line_starts(&source.text));
        let offset = (offset as usize).min(source.text.len());
        let line = lines.partition_point(|start| *start as usize <= offset) - 1;
        let before = &source.text[lines[line] as usize..offset];
        // Bytes that do not continue a UTF-8 sequence: one per character.
        let column = before.iter().filter(|b| (**b & 0xC0) != 0x80).count() + 1;
        Position {
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    fn source(&self, file: FileId) -> &Source {
        &self.files[file.0.get() as usize - 1]
    }
}

fn line_starts(text: &[u8]) -> Vec<u32> {
    let ends = text.iter().enumerate().filter(|(_, b)| **b == b'\n');
    std::iter::once(0)
        .chain(ends.map(|(i, _)| u32::try_from(i + 1).unwrap_or(u32::MAX)))
        .collect()
}

/// Unpaired surrogates become U+FFFD, as in Go's decoder.
fn utf16_to_utf8(bytes: &[u8], encoding: Encoding) -> Option<Arc<[u8]>> {
    let unit = match encoding {
        Encoding::Utf16LittleEndian => u16::from_le_bytes,
        Encoding::Utf16BigEndian => u16::from_be_bytes,
        Encoding::Utf8 => return None,
    };
    let units = bytes[2..]
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Some(Arc::from(text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::new();
        let file = sources.add("f", *b"ab\n\xc3\xa4x\n");
        let at = |offset| {
            let p = sources.position(file, offset);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(5), (2, 2));
        assert_eq!(at(99), (3, 1));
    }

    #[test]
    fn utf16_is_converted() {
        let mut sources = Sources::new();
        let little = sources.add("le", *b"\xff\xfea\x00:\x00");
        let big = sources.add("be", *b"\xfe\xff\x00a\x00:");
        assert_eq!(&**sources.text(little), b"a:");
        assert_eq!(&**sources.text(big), b"a:");
        assert_eq!(&**sources.bytes(little), b"\xff\xfea\x00:\x00");
    }
}
