//! One string as a scalar: which of five forms it takes, and its characters.

use super::EmitStyle;
use super::looks_typed::looks_typed;
use super::writer::{Sink, Writer};

/// Keys with more bytes are written behind `? `.
const SIMPLE_KEY_LIMIT: usize = 128; // libyaml, `yaml_emitter_check_simple_key`

/// What surrounds a scalar and limits its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Before a `:`; the scalar stays on one line.
    Key,
    /// Inside `[…]` or `{…}`; the scalar stays on one line.
    Flow,
    /// A value in a block collection; it may take several lines.
    Block {
        /// The column of the collection, from 0.
        outer: usize,
        /// The column of the scalar's further lines, more than `outer`, 9 more at most.
        inner: usize,
    },
}

/// A string as Go writes it in a slot: plain, quoted or as a block.
///
/// Use it to replace one scalar of a text; [`to_yaml`](super::to_yaml) writes whole values.
///
/// # Shape
///
/// The text starts in `column` (characters from 0; it decides where [`EmitStyle::V2`] folds). No
/// blank before and no line break behind: the line that follows, or the end of the text, supplies
/// it, also for a block.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{EmitStyle, Slot, to_yaml_scalar};
///
/// assert_eq!(to_yaml_scalar("on", Slot::Key, 0, EmitStyle::V2), "\"on\"");
/// assert_eq!(to_yaml_scalar("a, b", Slot::Flow, 5, EmitStyle::V2), "'a, b'");
/// let slot = Slot::Block { outer: 0, inner: 2 };
/// assert_eq!(to_yaml_scalar("a, b", slot, 5, EmitStyle::V2), "a, b");
/// assert_eq!(to_yaml_scalar("a\nb\n", slot, 5, EmitStyle::V2), "|\n  a\n  b");
/// ```
#[must_use]
pub fn to_yaml_scalar(text: &str, slot: Slot, column: usize, style: EmitStyle) -> String {
    let mut writer: Writer = Writer::new(column);
    Scalar::new(text, style).write(&mut writer, slot);
    let mut out = writer.finish();
    if out.ends_with('\n') {
        out.pop();
    }
    out
}

/// A string on one line in single quotes, if it can be written so.
pub(in crate::yaml) fn single_quoted(text: &str, style: EmitStyle) -> Option<String> {
    let scalar = Scalar::new(text, style);
    let mut writer: Writer = Writer::new(0);
    scalar.write_single_quoted(&mut writer, false, 0);
    (scalar.single_quoted && !scalar.multiline).then(|| writer.finish())
}

/// A string on one line in double quotes.
pub(in crate::yaml) fn double_quoted(text: &str, style: EmitStyle) -> String {
    let mut writer: Writer = Writer::new(0);
    Scalar::new(text, style).write_double_quoted(&mut writer, false, 0);
    writer.finish()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// A string and what its characters allow.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about the characters"
)]
pub(crate) struct Scalar<'a> {
    text: &'a str,
    style: EmitStyle,
    multiline: bool,
    flow_plain: bool,
    block_plain: bool,
    single_quoted: bool,
    literal: bool,
}

impl<'a> Scalar<'a> {
    /// # Source
    ///
    /// go-yaml, `emitterc.go`, `yaml_emitter_analyze_scalar`.
    pub(crate) fn new(text: &'a str, style: EmitStyle) -> Self {
        if is_one_word(text) {
            return Self {
                text,
                style,
                multiline: false,
                flow_plain: !text.contains([',', '?', '[', ']', '{', '}', ':']),
                block_plain: true,
                single_quoted: true,
                literal: true,
            };
        }
        let document_marker = text.starts_with("---") || text.starts_with("...");
        let mut flow_indicator = document_marker;
        let mut block_indicator = document_marker;
        let mut special = false;
        let mut tab = false;
        let mut multiline = false;
        let mut break_then_space = false;
        let mut space_then_break = false;

        let mut previous = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let before_blank = matches!(chars.peek(), None | Some(' ' | '\t'));
            match (c, previous) {
                (
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                    | '%' | '@' | '`',
                    None,
                ) => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                (',' | '?' | '[' | ']' | '{' | '}' | ':', _) => {
                    flow_indicator = true;
                    // `?` inside a text is harmless in a block, at its start it is a key.
                    let starts_entry = c == ':' || (c == '?' && previous.is_none());
                    block_indicator |= starts_entry && before_blank;
                }
                ('-', None) if before_blank => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                ('#', Some(previous)) if is_blank_or_break(previous) => {
                    flow_indicator = true;
                    block_indicator = true;
                }
                _ => {}
            }
            if c == '\t' && style != EmitStyle::V2 {
                tab = true;
            } else if !is_printable(c) {
                special = true;
            }
            multiline |= is_break(c);
            break_then_space |= c == ' ' && previous.is_some_and(is_break);
            space_then_break |= is_break(c) && previous == Some(' ');
            previous = Some(c);
        }

        let starts_blank = text.starts_with(|c| c == ' ' || is_break(c));
        let ends_blank = text.ends_with(|c| c == ' ' || is_break(c));
        let unquotable = space_then_break || special;
        let one_plain_line = !(starts_blank || ends_blank || multiline || tab || unquotable);
        Self {
            text,
            style,
            multiline,
            flow_plain: one_plain_line && !flow_indicator && !text.is_empty(),
            block_plain: one_plain_line && !block_indicator,
            single_quoted: !(break_then_space || tab || unquotable),
            literal: !(text.ends_with(' ') || unquotable),
        }
    }

    /// Whether it can be written before a `:`; otherwise it needs a `? ` before it.
    pub(crate) fn fits_before_colon(&self) -> bool {
        !self.multiline && self.text.len() <= SIMPLE_KEY_LIMIT
    }

    /// Whether it is written as a block, whose lines follow the one that it begins on.
    pub(crate) fn is_block(&self, slot: Slot) -> bool {
        self.form(slot) == Form::Literal
    }

    pub(crate) fn write(&self, writer: &mut Writer<impl Sink>, slot: Slot) {
        self.write_with_comment(writer, slot, "");
    }

    /// Writes it in double quotes, on one line.
    pub(crate) fn write_escaped(&self, writer: &mut Writer<impl Sink>) {
        self.write_double_quoted(writer, false, 0);
    }

    /// Writes a comment, `#` included, on the first line if it is a block.
    pub(crate) fn write_with_comment(
        &self,
        writer: &mut Writer<impl Sink>,
        slot: Slot,
        comment: &str,
    ) {
        let (outer, inner) = match slot {
            Slot::Key | Slot::Flow => (0, 0),
            Slot::Block { outer, inner } => (outer, inner),
        };
        let fold = matches!(slot, Slot::Block { .. });
        match self.form(slot) {
            Form::Plain => self.write_plain(writer, fold, inner),
            Form::SingleQuoted => self.write_single_quoted(writer, fold, inner),
            Form::DoubleQuoted => self.write_double_quoted(writer, fold, inner),
            Form::Literal => self.write_literal(writer, outer, inner, comment),
        }
    }

    /// # Source
    ///
    /// go-yaml, `encode.go`, `stringv`; `emitterc.go`, `yaml_emitter_select_scalar_style`.
    fn form(&self, slot: Slot) -> Form {
        let block = matches!(slot, Slot::Block { .. });
        if !block && self.multiline {
            return Form::DoubleQuoted;
        }
        if self.text.contains('\n') {
            return if self.literal {
                Form::Literal
            } else {
                Form::DoubleQuoted
            };
        }
        let is_merge = slot == Slot::Key && self.text == "<<";
        if is_merge || looks_typed(self.text, self.style) {
            return Form::DoubleQuoted;
        }
        let plain = match slot {
            Slot::Flow => self.flow_plain,
            Slot::Key | Slot::Block { .. } => self.block_plain,
        };
        match plain {
            true => Form::Plain,
            false if self.single_quoted => Form::SingleQuoted,
            false => Form::DoubleQuoted,
        }
    }

    fn write_plain(&self, writer: &mut Writer<impl Sink>, fold: bool, inner: usize) {
        writer.separate();
        if self.style.width() == usize::MAX {
            writer.text(self.text);
            writer.end_scalar();
            return;
        }
        let mut previous = None;
        let mut chars = self.text.chars().peekable();
        while let Some(c) = chars.next() {
            let lone_space = c == ' ' && previous != Some(' ') && chars.peek() != Some(&' ');
            if lone_space && fold && writer.column() > self.style.width() {
                writer.indent(inner);
            } else {
                writer.char(c);
            }
            previous = Some(c);
        }
        writer.end_scalar();
    }

    fn write_single_quoted(&self, writer: &mut Writer<impl Sink>, fold: bool, inner: usize) {
        writer.separate();
        writer.char('\'');
        let mut previous = None;
        let mut chars = self.text.chars().peekable();
        while let Some(c) = chars.next() {
            let lone_space = c == ' '
                && previous.is_some_and(|c| c != ' ')
                && chars.peek().is_some_and(|c| *c != ' ');
            if lone_space && fold && writer.column() > self.style.width() {
                writer.indent(inner);
            } else if is_break(c) {
                writer.line_break(c);
            } else {
                if previous.is_some_and(is_break) {
                    writer.indent(inner);
                }
                if c == '\'' {
                    writer.char(c);
                }
                writer.char(c);
            }
            previous = Some(c);
        }
        writer.char('\'');
        writer.end_scalar();
    }

    fn write_double_quoted(&self, writer: &mut Writer<impl Sink>, fold: bool, inner: usize) {
        writer.separate();
        writer.char('"');
        // Go looks for the byte order mark at the start of the text instead of at the character.
        let escape_all = self.text.starts_with('\u{feff}');
        let mut after_space = false;
        for (i, c) in self.text.char_indices() {
            if escape_all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                escape(c).chars().for_each(|c| writer.char(c));
                after_space = false;
                continue;
            }
            let rest = &self.text[i + c.len_utf8()..];
            let inside = i > 0 && !rest.is_empty();
            let may_fold = c == ' ' && fold && !after_space && inside;
            if may_fold && writer.column() > self.style.width() {
                writer.indent(inner);
                if rest.starts_with(' ') {
                    writer.put('\\');
                }
            } else {
                writer.put(c);
            }
            after_space = c == ' ';
        }
        writer.char('"');
        writer.end_scalar();
    }

    fn write_literal(
        &self,
        writer: &mut Writer<impl Sink>,
        outer: usize,
        inner: usize,
        comment: &str,
    ) {
        writer.separate();
        writer.char('|');
        if self
            .text
            .starts_with(|c| matches!(c, ' ' | '\t') || is_break(c))
        {
            // Without it, the reader would take the blanks for indentation, or refuse the tab.
            let indentation = inner.saturating_sub(outer).clamp(1, 9);
            writer.char(char::from(b'0' + u8::try_from(indentation).unwrap_or(9)));
        }
        let mut backwards = self.text.chars().rev();
        match (backwards.next(), backwards.next()) {
            (Some(last), _) if !is_break(last) => writer.char('-'),
            (_, Some(previous)) if !is_break(previous) => {}
            _ => writer.char('+'),
        }
        if !comment.is_empty() {
            writer.char(' ');
            writer.text(comment);
        }
        writer.start_block();
        let mut line_start = true;
        for c in self.text.chars() {
            if is_break(c) {
                writer.line_break(c);
                line_start = true;
            } else {
                if line_start {
                    writer.indent(inner);
                }
                writer.char(c);
                line_start = false;
            }
        }
    }
}

/// Whether a text, such as ciphertext, has neither blanks nor anything that YAML could mistake in a
/// block; most have.
fn is_one_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(':')
        && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The line breaks of YAML 1.1.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank_or_break(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\0') || is_break(c)
}

/// Characters that libyaml writes as they are; of those beyond U+FFFF none.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ ..=0xFF => format!("\\x{code:02X}"),
                code @ ..=0xFFFF => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
