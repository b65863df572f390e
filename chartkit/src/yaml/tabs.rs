//! Where go-yaml refuses tabs that the parser library takes.
//!
//! A tab is a blank wherever no key can begin, inside brackets, and in text. It is refused where a
//! key could begin and in the indentation of text. Follows the tokens in the order of the text and
//! looks at what stands between them.

use std::ops::Range;

use super::compat::Fault;
use super::error::ParseErrorKind;

/// A token, as far as it matters for the tabs behind it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token {
    /// An unquoted scalar; `column` is the indentation that a tab may not be part of.
    Plain { column: usize },
    /// A block scalar whose text is indented by so many blanks; none if it has no text.
    Block { indent: Option<usize> },
    /// A quoted scalar, an alias, a bracket or `---`.
    Other,
}

/// Checks the text between tokens.
///
/// # Source
///
/// go-yaml v2.4.3, `scannerc.go`: `yaml_parser_scan_to_next_token`, `…_scan_plain_scalar`,
/// `…_scan_block_scalar_breaks`.
pub(super) struct TabCheck<'a> {
    bytes: &'a [u8],
    /// Nothing to do without.
    has_tabs: bool,
    /// The last token, and where it ends; a block scalar where it begins.
    last: Token,
    checked: usize,
    /// Go's `simple_key_allowed`.
    key_allowed: bool,
}

impl<'a> TabCheck<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        Self {
            bytes,
            has_tabs: bytes.contains(&b'\t'),
            last: Token::Other,
            checked: 0,
            key_allowed: true,
        }
    }

    pub(super) fn has_tabs(&self) -> bool {
        self.has_tabs
    }

    /// Goes on to a token.
    pub(super) fn token(
        &mut self,
        range: Range<usize>,
        token: Token,
        in_flow: bool,
    ) -> Result<(), Fault> {
        if !self.has_tabs {
            return Ok(());
        }
        self.gap(range.start, range.start, in_flow)?;
        if let Token::Plain { column } = token {
            self.inside_plain(range.clone(), column)?;
        }
        self.last = token;
        self.checked = match token {
            Token::Block { .. } => range.start,
            _ => range.end,
        };
        self.key_allowed = false;
        Ok(())
    }

    /// Checks blanks and comments behind a document whose last value ends at `last`.
    pub(super) fn end(&mut self, last: usize) -> Result<(), Fault> {
        if !self.has_tabs {
            return Ok(());
        }
        // The next document's first token looks at the same text again.
        let key_allowed = self.key_allowed;
        let result = self.gap(last.max(self.checked), self.bytes.len(), false);
        self.key_allowed = key_allowed;
        result
    }

    /// From the last token to `end`; from `next` on, anything but blanks and comments is no longer
    /// part of the document.
    fn gap(&mut self, next: usize, end: usize, in_flow: bool) -> Result<(), Fault> {
        let mut at = self.checked;
        let mut has_break = false;
        match self.last {
            Token::Plain { column } => {
                let start = at;
                at = self.behind_plain(at, end, column)?;
                has_break = self.bytes[start..at].contains(&b'\n');
            }
            Token::Block { indent } => at = self.block(at, end, indent)?,
            Token::Other => {}
        }
        if in_flow {
            return Ok(());
        }
        while at < end {
            match self.bytes[at] {
                b'\t' if self.key_allowed => return Err(tab(at)),
                b'\n' | b'\r' => {
                    self.key_allowed = true;
                    has_break = true;
                }
                b' ' | b'\t' | 0xEF | 0xBB | 0xBF => {}
                b'#' => at = self.line_end(at) - 1,
                _ if at >= next => return Ok(()),
                b'%' => at = self.line_end(at) - 1,
                b'-' | b'?' => self.key_allowed = true,
                // The end of a document.
                b'.' => self.key_allowed = false,
                // Behind the `:` of a `?` another key may follow.
                b':' => self.key_allowed = has_break,
                b'&' | b'!' => {
                    let blank = self.bytes[at..].iter().position(u8::is_ascii_whitespace);
                    at += blank.unwrap_or(end - at).saturating_sub(1);
                    self.key_allowed = false;
                }
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    /// The lines of unquoted text: granit reads on over a comment that a tab indents.
    fn inside_plain(&mut self, range: Range<usize>, indent: usize) -> Result<(), Fault> {
        let mut at = range.start;
        while at < range.end {
            at = self.behind_plain(self.line_end(at), range.end, indent)?;
            if at < range.end && self.bytes[at] == b'#' {
                let message = "found a comment inside of text";
                return Err(Fault::new(at..at + 1, ParseErrorKind::Syntax, message));
            }
        }
        Ok(())
    }

    /// go-yaml reads blank lines behind unquoted text as if they were part of it.
    fn behind_plain(&mut self, start: usize, end: usize, indent: usize) -> Result<usize, Fault> {
        let mut column = None;
        let mut at = start;
        while at < end {
            match self.bytes[at] {
                b'\n' | b'\r' => {
                    self.key_allowed = true;
                    column = Some(0);
                }
                b'\t' if column.is_some_and(|column| column < indent) => return Err(tab(at)),
                b' ' | b'\t' => column = column.map(|column| column + 1),
                _ => break,
            }
            at += 1;
        }
        Ok(at)
    }

    /// The lines of a block scalar, from its `|` or `>`; returns where the line behind them begins.
    fn block(&mut self, start: usize, end: usize, indent: Option<usize>) -> Result<usize, Fault> {
        let header = &self.bytes[start..self.line_end(start)];
        let header = header.split(|b| *b == b'#').next().unwrap_or_default();
        // Until the first line of text shows the indentation, any tab is in it.
        let stated = header.iter().find(|b| b.is_ascii_digit());
        let mut is_known = stated.is_some();
        // A text of blanks only has none, but for the least that its header states.
        let indent = indent.or_else(|| stated.map(|digit| usize::from(digit - b'0')));
        let indent = indent.unwrap_or(usize::MAX);
        self.key_allowed = true;
        let mut at = (start + header.len()).max(self.line_end(start)) + 1;
        while at < end {
            let line = &self.bytes[at..];
            let blanks = line.iter().take(indent).take_while(|b| **b == b' ').count();
            match line.get(blanks) {
                Some(b'\t') if blanks < indent || !is_known => return Err(tab(at + blanks)),
                Some(b'\n' | b'\r') | None => {}
                Some(_) if blanks < indent => return Ok(at),
                Some(_) => is_known = true,
            }
            at = self.line_end(at) + 1;
        }
        Ok(at.min(end))
    }

    /// Where the line break of a line is.
    fn line_end(&self, at: usize) -> usize {
        let length = self.bytes[at..]
            .iter()
            .position(|b| matches!(b, b'\n' | b'\r'));
        length.map_or(self.bytes.len(), |length| at + length)
    }
}

fn tab(at: usize) -> Fault {
    let message = "found a tab, expected spaces";
    Fault::new(at..at + 1, ParseErrorKind::Tab, message).hint_with("indent with spaces")
}

/// The brackets that begin at `start`, up to their end or that of the text, with blanks for the tabs
/// that indent lines in them.
///
/// The parser library refuses such tabs in some places; go-yaml takes them everywhere.
pub(super) fn untab_brackets(text: &str, start: usize) -> Option<String> {
    let bytes = text.as_bytes();
    let mut result = bytes.to_vec();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut in_indentation = false;
    let mut before = b'[';
    let mut changed = false;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (_, b'\n' | b'\r') => in_indentation = true,
            (_, b'\t') if in_indentation => {
                result[at] = b' ';
                changed = true;
            }
            (_, b' ' | b'\t') => {}
            _ => in_indentation = false,
        }
        match (quote, byte) {
            (Some(b'"'), b'\\') => at += 1,
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') if !before.is_ascii_alphanumeric() => quote = Some(byte),
            (None, b'#') if before.is_ascii_whitespace() => {
                let rest = bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r'));
                at += rest.unwrap_or(bytes.len() - at) - 1;
            }
            (None, b'[' | b'{') => depth += 1,
            (None, b']' | b'}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
        before = byte;
        at += 1;
    }
    changed.then(|| String::from_utf8(result).ok()).flatten()
}
