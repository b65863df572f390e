//! Where go-yaml is stricter than the parser library, checked on the text itself.
//!
//! Must know neither library nor document: text and ranges in, faults out.

use std::ops::Range;

use super::document::Origin;
use super::error::{ParseError, ParseErrorKind};
use crate::source::Span;

/// Something that go-yaml refuses.
#[derive(Debug)]
pub(super) struct Fault {
    /// Bytes of the text that was checked.
    at: Range<usize>,
    kind: ParseErrorKind,
    message: String,
    hint: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(at: Range<usize>, kind: ParseErrorKind, message: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint_with(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// `base` is where the text begins in its file.
    pub(super) fn into_error(self, origin: &Origin, base: u32) -> ParseError {
        let offset = |at: usize| base.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        let span = Span {
            start: offset(self.at.start),
            end: offset(self.at.end),
        };
        let error = ParseError::new(origin, span, self.kind, self.message);
        match self.hint {
            Some(hint) => error.hint_with(hint),
            None => error,
        }
    }
}

/// A text with characters that YAML allows.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    pub(super) text: &'a str,
    /// Where the line breaks are that only YAML 1.1 knows: U+0085, U+2028 and U+2029.
    pub(super) separators: Vec<usize>,
}

/// The text, if it has only characters that YAML allows.
///
/// # Source
///
/// go-yaml v2.4.3, `readerc.go`, `yaml_parser_update_buffer`.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Fault> {
    let fault = |at: usize, length: usize, message: &str| {
        let end = (at + length).min(bytes.len());
        Err(Fault::new(at..end, ParseErrorKind::Encoding, message))
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let message = "found a byte that is not UTF-8, expected text in UTF-8 or UTF-16";
            return fault(error.valid_up_to(), 1, message);
        }
    };
    let mut separators = Vec::new();
    // In blocks, so that the compiler can look at many bytes at once.
    for (block, content) in bytes.chunks(CHECKED_AT_ONCE).enumerate() {
        if !content
            .iter()
            .fold(false, |found, b| found | is_suspicious(*b))
        {
            continue;
        }
        for (index, byte) in content.iter().enumerate() {
            if !is_suspicious(*byte) {
                continue;
            }
            let at = block * CHECKED_AT_ONCE + index;
            let character = text[at..].chars().next().unwrap_or_default();
            match character {
                '\u{85}' | '\u{2028}' | '\u{2029}' => separators.push(at),
                c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {
                    let message = "found a control character, expected text";
                    return fault(at, c.len_utf8(), message);
                }
                _ => {}
            }
        }
    }
    Ok(Decoded { text, separators })
}

const CHECKED_AT_ONCE: usize = 64;

/// Whether a byte begins one of the characters that matter; few others begin like them.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches it is four times as fast"
)]
fn is_suspicious(byte: u8) -> bool {
    let is_blank = (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
    let is_control = (byte < 0x20) & !is_blank | (byte == 0x7F);
    is_control | (byte == 0xC2) | (byte == 0xE2) | (byte == 0xEF)
}

/// Refuses a character that go-yaml takes for a line break, where that makes a difference.
pub(super) fn check_separator(text: &str, at: usize, is_quoted: bool) -> Result<(), Fault> {
    let character = text[at..].chars().next().unwrap_or_default();
    // In quotes, go-yaml keeps all but U+0085, which becomes a blank, and drops blanks beside them.
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let is_kept =
        !text[..at].ends_with(is_blank) && !text[at + character.len_utf8()..].starts_with(is_blank);
    if is_quoted && character != '\u{85}' && is_kept {
        return Ok(());
    }
    let message = format!(
        "found the character U+{:04X}, which Go takes for a line break",
        u32::from(character)
    );
    let fault = Fault::new(
        at..at + character.len_utf8(),
        ParseErrorKind::Syntax,
        message,
    );
    Err(fault.hint_with("write it as an escape in double quotes"))
}

/// Refuses unquoted text in brackets that go-yaml reads in another way, as YAML 1.1 has it.
///
/// # Source
///
/// go-yaml v2.4.3, `scannerc.go`, `yaml_parser_fetch_next_token`, `yaml_parser_scan_plain_scalar`.
pub(super) fn check_flow_scalar(
    text: &str,
    range: Range<usize>,
    is_key: bool,
) -> Result<(), Fault> {
    let fault = |at: usize, message: &str| {
        let fault = Fault::new(at..at + 1, ParseErrorKind::Syntax, message);
        Err(fault.hint_with("put the text in quotes"))
    };
    if text[range.clone()].starts_with(['?', ':']) {
        return fault(
            range.start,
            "found text in brackets that begins with an indicator",
        );
    }
    match &text.as_bytes()[range.end..] {
        [b':', b',' | b']' | b'}', ..] if is_key => fault(
            range.end,
            "found `:` before another indicator, expected a blank between them",
        ),
        _ => Ok(()),
    }
}

/// Refuses directives that go-yaml does not know, and `...` before the first document.
///
/// # Source
///
/// go-yaml v2.4.3, `parserc.go`, `yaml_parser_process_directives`; `scannerc.go`,
/// `yaml_parser_scan_directive`.
pub(super) fn check_prefix(text: &str, range: Range<usize>, is_first: bool) -> Result<(), Fault> {
    let mut start = range.start;
    for line in text[range].split_inclusive('\n') {
        let at = start..start + line.trim_end().len();
        start += line.len();
        if is_first && line.trim_start_matches('\u{FEFF}').starts_with("...") {
            let message = "found `...`, expected a document before it";
            return Err(Fault::new(at, ParseErrorKind::Syntax, message));
        }
        let Some(directive) = line.strip_prefix('%') else {
            continue;
        };
        let mut words = directive.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("YAML"), Some("1.1")) | (Some("TAG"), _) => {}
            _ => {
                let message =
                    "found a directive that Go does not know, expected `%YAML 1.1` or `%TAG`";
                return Err(Fault::new(at, ParseErrorKind::Syntax, message));
            }
        }
    }
    Ok(())
}

/// Refuses a text of directives and `...` only.
pub(super) fn check_no_document(text: &str) -> Result<(), Fault> {
    check_prefix(text, 0..text.len(), true)?;
    let content = text.trim_start_matches('\u{FEFF}');
    if let Some(percent) = content.find('%')
        && content[..percent].ends_with(['\n', '\u{FEFF}'])
    {
        let start = text.len();
        let message = "found the end of the text, expected `---` behind a directive";
        return Err(Fault::new(start..start, ParseErrorKind::Syntax, message));
    }
    Ok(())
}

/// Refuses names of anchors and aliases that go-yaml does not know; `range` includes the `&` or `*`.
///
/// # Source
///
/// go-yaml v2.4.3, `scannerc.go`, `yaml_parser_scan_anchor`.
pub(super) fn check_anchor(text: &str, range: Range<usize>) -> Result<(), Fault> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let name = &text[range.start + 1..range.end];
    let Some(wrong) = name.find(|c| !is_known(c)) else {
        return Ok(());
    };
    let start = range.start + 1 + wrong;
    let length = name[wrong..].chars().next().map_or(0, char::len_utf8);
    let message = "found an anchor's name with a character that is no letter, digit, `-` or `_`";
    Err(Fault::new(
        start..start + length,
        ParseErrorKind::Syntax,
        message,
    ))
}

/// Refuses `#` in a tag, which YAML 1.1 does not allow.
///
/// # Source
///
/// go-yaml v2.4.3, `scannerc.go`, `yaml_parser_scan_tag_uri`.
pub(super) fn check_tag(text: &str, range: Range<usize>) -> Result<(), Fault> {
    let Some(at) = text[range.clone()].find('#') else {
        return Ok(());
    };
    let start = range.start + at;
    let message = "found `#` in a tag, expected a blank before it";
    Err(Fault::new(
        start..start + 1,
        ParseErrorKind::Syntax,
        message,
    ))
}

/// Refuses escapes of JSON that go-yaml does not know, in the double-quoted scalar at `range`.
///
/// # Source
///
/// go-yaml v2.4.3, `scannerc.go`, `yaml_parser_scan_flow_scalar`.
pub(super) fn check_escapes(text: &str, range: Range<usize>) -> Result<(), Fault> {
    let bytes = &text.as_bytes()[range.clone()];
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|b| *b == b'\\') {
        at += found;
        let start = range.start + at;
        match &bytes[at + 1..] {
            [b'/', ..] => {
                let message = "found the escape `\\/`, which Go does not know";
                let fault = Fault::new(start..start + 2, ParseErrorKind::Syntax, message);
                return Err(fault.hint_with("write `/` without the backslash"));
            }
            [
                b'u',
                b'd' | b'D',
                b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F',
                ..,
            ] => {
                let message = "found half a surrogate pair, expected the code of a character";
                let fault = Fault::new(start..start + 6, ParseErrorKind::Syntax, message);
                return Err(
                    fault.hint_with("write the character itself, or `\\U` and eight digits")
                );
            }
            _ => at += 2,
        }
        if at >= bytes.len() {
            break;
        }
    }
    Ok(())
}

/// What to do about `{{ … }}` where YAML cannot read it.
pub(super) const TEMPLATE_HINT: &str =
    "templates are not expanded in this file; put text that contains `{{` in quotes";

/// Whether a template expression begins before a place in its line.
pub(super) fn is_behind_template(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let line = before.rfind('\n').map_or(0, |line_break| line_break + 1);
    before[line..].contains("{{")
}

/// What stands behind a document: everything from the first thing there that is neither blank,
/// comment nor document marker.
pub(super) fn content_behind(text: &str, end: usize) -> Option<Range<usize>> {
    let mut start = end;
    for line in text[end..].split_inclusive('\n') {
        let content = line.trim_ascii();
        if !(content.is_empty() || content.starts_with('#') || matches!(content, "---" | "...")) {
            let blanks = line.len() - line.trim_ascii_start().len();
            return Some(start + blanks..text.trim_ascii_end().len());
        }
        start += line.len();
    }
    None
}
