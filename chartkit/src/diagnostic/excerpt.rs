//! What a message may show of a text that may hold secrets: the key of a line, never its value.
//!
//! It goes by lines and indentation, because the text may not be YAML at all. In doubt a line is hidden:
//! what looks like a key may be a line of a multi-line secret.

use std::ops::Range;

use crate::source::{FileId, Sources, Visibility};

/// A line of a text, with `<hidden>` in the place of everything that may be secret.
///
/// # Shape
///
/// `line` counts from 1. What [`Sources::conceal`] was not called for is shown whole. Otherwise the
/// indentation and the key of the line are shown, if it has one; they are ASCII and where they were.
///
/// # Examples
///
/// ```
/// use chartkit::diagnostic::excerpt;
/// use chartkit::source::{Sources, Visibility};
///
/// let mut sources = Sources::new();
/// let file = sources.add("values.yaml", *b"db:\n  password: hunter2\n");
/// sources.conceal(file, Visibility::Keys);
/// assert_eq!(excerpt(&sources, file, 2), "  password: <hidden>");
/// ```
#[must_use]
pub fn excerpt(sources: &Sources, file: FileId, line: u32) -> String {
    let text = String::from_utf8_lossy(sources.text(file));
    let mut lines = text.split('\n');
    let before = (line as usize).saturating_sub(1);
    let visibility = sources.visibility(file);
    let mut scanner = Scanner::default();
    if visibility == Visibility::Keys {
        lines.by_ref().take(before).for_each(|line| {
            scanner.key(line);
        });
    } else {
        lines.by_ref().take(before).for_each(drop);
    }
    let line = lines.next().unwrap_or_default();
    let key = match visibility {
        Visibility::All => return line.to_owned(),
        Visibility::Keys => scanner.key(line).map(|key| (key, ": ")),
        Visibility::ArgumentKey if before == 0 => argument_key(line).map(|key| (key, "=")),
        Visibility::ArgumentKey => None,
    };
    if let Some((key, separator)) = key {
        return format!("{}{separator}<hidden>", &line[..key.end]);
    }
    let indentation = line.len() - line.trim_start_matches(' ').len();
    format!("{}<hidden>", &line[..indentation])
}

/// The bytes before the first `=`, if they look like a key and like nothing else.
fn argument_key(argument: &str) -> Option<Range<usize>> {
    let end = argument.find(|c| !is_key_char(c) && c != '[' && c != ']')?;
    let mut indexes = argument[..end].split('[').skip(1);
    let is_key = end > 0
        && argument[end..].starts_with('=')
        && indexes.all(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit())
                .starts_with(']')
        });
    is_key.then_some(0..end)
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./".contains(c)
}

/// Knows, line by line, whether the next line can be a part of a value.
#[derive(Default)]
struct Scanner {
    /// The column of an entry that has a value on its line: deeper lines continue it.
    value_at: Option<usize>,
    /// The quote that is still open.
    quote: Option<char>,
}

impl Scanner {
    /// The bytes of the line's key, if it starts with one.
    fn key(&mut self, line: &str) -> Option<Range<usize>> {
        if let Some(quote) = self.quote {
            if closes(line, quote) {
                self.quote = None;
            }
            return None;
        }
        if line.trim().is_empty() {
            return None;
        }
        let mut column = line.len() - line.trim_start_matches(' ').len();
        if self.value_at.is_some_and(|value| column > value) {
            return None;
        }
        self.value_at = None;
        if line.starts_with("---") {
            return None;
        }
        let mut start = column;
        while let Some(rest) = line[start..].strip_prefix("- ") {
            column = start;
            start = line.len() - rest.trim_start_matches(' ').len();
        }
        let rest = &line[start..];
        let open = usize::from(rest.starts_with(['"', '\'']));
        let length = rest[open..]
            .find(|c| !is_key_char(c))
            .unwrap_or(rest.len() - open);
        let end = open + length + open;
        let is_key = length > 0
            && rest[open + length..].starts_with(&rest[..open])
            && rest[end..].starts_with(':')
            && rest[end + 1..]
                .chars()
                .next()
                .is_none_or(char::is_whitespace);
        let value = if is_key {
            column = start;
            &rest[end + 1..]
        } else {
            rest
        };
        let value = without_properties(value);
        if !value.is_empty() && !value.starts_with('#') {
            self.value_at = Some(column);
        }
        if let Some(quote) = value.chars().next().filter(|c| "\"'".contains(*c))
            && !closes(&value[1..], quote)
        {
            self.quote = Some(quote);
        }
        is_key.then(|| start..start + end)
    }
}

/// A value without its anchor and tag.
fn without_properties(value: &str) -> &str {
    let mut value = value.trim();
    while value.starts_with(['&', '!']) {
        value = value
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest.trim());
    }
    value
}

/// Whether a quote that is open at the start of the line is closed on it.
fn closes(line: &str, quote: char) -> bool {
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            '\'' if quote == '\'' && chars.peek() == Some(&'\'') => drop(chars.next()),
            c if c == quote => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, visibility: Visibility) -> Vec<String> {
        let mut sources = Sources::new();
        let file = sources.add("f", text.as_bytes());
        sources.conceal(file, visibility);
        let lines = 1..=u32::try_from(text.lines().count()).unwrap();
        let shown = lines.map(|line| excerpt(&sources, file, line));
        shown.map(|text| text.replace("<hidden>", "*")).collect()
    }

    #[test]
    fn only_keys_of_yaml_are_shown() {
        let cases: [(&str, &[&str]); 14] = [
            ("a: S\n", &["a: *"]),
            ("a:\n  b.c/d: S\n", &["a: *", "  b.c/d: *"]),
            ("- a: S\n  b: S\n", &["- a: *", "  b: *"]),
            ("- S\n- - b: S\n", &["*", "- - b: *"]),
            ("\"a\": S\n'b' : S\n", &["\"a\": *", "*"]),
            ("# S: S\nS\nS:S\n", &["*", "*", "*"]),
            (
                "a: |\n  S: S\n\n  S\nb: S\n",
                &["a: *", "  *", "*", "  *", "b: *"],
            ),
            ("- |\n  S: S\n- b: S\n", &["*", "  *", "- b: *"]),
            (
                "a: \"S\nS: S\n  S\\\"\"\nb: S\n",
                &["a: *", "*", "  *", "b: *"],
            ),
            ("a: 'S''\nS: S\n", &["a: *", "*"]),
            ("a: S\n  S: S\n", &["a: *", "  *"]),
            ("a: &x !!map\n  b: S\n", &["a: *", "  b: *"]),
            ("a: {b: S,\n  c: S}\n", &["a: *", "  *"]),
            ("a: S\n---\n  b: S\n", &["a: *", "*", "  b: *"]),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text, Visibility::Keys), want, "{text:?}");
        }
    }

    #[test]
    fn of_an_argument_only_the_first_key_is_shown() {
        let cases = [
            ("a.b[0]=S,c=S", "a.b[0]=*"),
            ("S", "*"),
            ("{\"S\":\"S\"}", "*"),
            ("=S", "*"),
            ("a b=S", "*"),
            ("a[S]=S", "*"),
            ("a[S=S", "*"),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text, Visibility::ArgumentKey), [want], "{text:?}");
        }
    }
}
