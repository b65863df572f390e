//! Text in quotes, as Go's `%q` prints it.
//!
//! Helm's messages quote names and constraints this way, so ours do too.

use std::fmt::{self, Write};

use crate::printable::is_print;

/// A text in double quotes, with Go's escapes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            write_escaped(f, c, '"')?;
        }
        f.write_char('"')
    }
}

/// A text as the list of its characters, each in single quotes: what `%q` does to a `[]rune`.
pub(crate) struct QuotedRunes<'a>(pub(crate) &'a str);

impl fmt::Display for QuotedRunes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (i, c) in self.0.chars().enumerate() {
            f.write_str(if i == 0 { "'" } else { " '" })?;
            write_escaped(f, c, '\'')?;
            f.write_char('\'')?;
        }
        f.write_char(']')
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, c: char, quote: char) -> fmt::Result {
    match c {
        '\\' => f.write_str("\\\\"),
        _ if c == quote => write!(f, "\\{c}"),
        _ if is_print(c) => f.write_char(c),
        '\x07' => f.write_str("\\a"),
        '\x08' => f.write_str("\\b"),
        '\x0C' => f.write_str("\\f"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\x0B' => f.write_str("\\v"),
        _ if c.is_ascii() => write!(f, "\\x{:02x}", u32::from(c)),
        _ if u32::from(c) <= 0xFFFF => write!(f, "\\u{:04x}", u32::from(c)),
        _ => write!(f, "\\U{:08x}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Right-hand sides printed by Go 1.26.8: `fmt.Printf("%q", text)`.
    #[test]
    fn quotes_as_go_does() {
        let table = [
            ("a\"b\\c'", r#""a\"b\\c'""#),
            (
                "\0\x07\x08\t\n\x0B\x0C\r\x1b\x7f",
                r#""\x00\a\b\t\n\v\f\r\x1b\x7f""#,
            ),
            (
                "ä\u{301}\u{a0}\u{200b}\u{feff}",
                "\"ä\u{301}\\u00a0\\u200b\\ufeff\"",
            ),
            (
                "\u{fffd}\u{1f600}\u{e0001}\u{378}",
                "\"\u{fffd}\u{1f600}\\U000e0001\\u0378\"",
            ),
        ];
        for (text, want) in table {
            assert_eq!(Quoted(text).to_string(), want);
        }
    }

    /// Right-hand side printed by Go 1.26.8: `fmt.Printf("%q", []rune(text))`.
    #[test]
    fn quotes_runes_as_go_does() {
        assert_eq!(QuotedRunes("b'\"\n").to_string(), r#"['b' '\'' '"' '\n']"#);
        assert_eq!(QuotedRunes("").to_string(), "[]");
    }
}
