//! File name patterns as Go's `filepath.Match` understands them.
//!
//! `*` matches any run without `/`, `?` one character that is not `/`, `[a-z]` and `[^a-z]` one
//! character (even `/`), a backslash takes the next character literally. The whole name must match.
//!
//! Go looks at a pattern only as far as it has to, so a broken pattern is an error for some names
//! and no match for others. Patterns are therefore cut into chunks (what is between two `*`), and a
//! chunk is known to be broken without complaint until a match gets there.
//!
//! Source: Go 1.26.8, `path/filepath/match.go`, `Match`. Fixtures: `fixtures/ignore`.

/// A pattern, ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    chunks: Vec<Chunk>,
}

/// The pattern is broken, and this was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadPattern;

#[derive(Clone, Debug)]
struct Chunk {
    /// Whether a `*` comes before it.
    after_star: bool,
    /// Nothing but a trailing `*` has no items.
    items: Result<Vec<Item>, BadPattern>,
}

#[derive(Clone, Debug)]
enum Item {
    /// Exactly this byte.
    Byte(u8),
    /// Any character but `/`.
    AnyButSlash,
    /// A character in, or not in, one of these ranges.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Takes a pattern apart; that it is broken comes out when it is matched.
    pub(crate) fn new(pattern: &[u8]) -> Self {
        let mut chunks = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            let start = rest.iter().position(|b| *b != b'*').unwrap_or(rest.len());
            let (chunk, behind) = rest[start..].split_at(chunk_length(&rest[start..]));
            chunks.push(Chunk {
                after_star: start > 0,
                items: parse_items(chunk),
            });
            rest = behind;
        }
        Self { chunks }
    }

    /// Whether a whole name matches.
    ///
    /// Takes at most as many steps as the product of both lengths: a `*` that has found its chunk
    /// is never tried again.
    pub(crate) fn matches(&self, name: &[u8]) -> Result<bool, BadPattern> {
        let mut name = name;
        for (i, chunk) in self.chunks.iter().enumerate() {
            let is_last = i + 1 == self.chunks.len();
            let items = chunk.items.as_ref().map_err(|bad| *bad)?;
            if items.is_empty() {
                return Ok(!name.contains(&b'/'));
            }
            // The star may skip bytes, but no slash.
            let slash = name.iter().position(|b| *b == b'/');
            let most = if chunk.after_star {
                slash.unwrap_or(name.len())
            } else {
                0
            };
            let found = (0..=most)
                .filter_map(|start| match_items(items, &name[start..]))
                .find(|rest| !is_last || rest.is_empty());
            match found {
                Some(rest) => name = rest,
                None => return Ok(false),
            }
        }
        Ok(name.is_empty())
    }
}

/// Where the next `*` is. One inside brackets does not count, and a bracket ends at the first `]`
/// here, even where a class would not.
fn chunk_length(pattern: &[u8]) -> usize {
    let mut in_brackets = false;
    let mut bytes = pattern.iter().enumerate();
    while let Some((i, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            b'*' if !in_brackets => return i,
            _ => {}
        }
    }
    pattern.len()
}

fn parse_items(chunk: &[u8]) -> Result<Vec<Item>, BadPattern> {
    let mut items = Vec::new();
    let mut rest = chunk;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        items.push(match byte {
            b'[' => parse_class(&mut rest)?,
            b'?' => Item::AnyButSlash,
            b'\\' => {
                let (escaped, behind) = rest.split_first().ok_or(BadPattern)?;
                rest = behind;
                Item::Byte(*escaped)
            }
            _ => Item::Byte(*byte),
        });
    }
    Ok(items)
}

/// Reads on behind the opening bracket.
fn parse_class(rest: &mut &[u8]) -> Result<Item, BadPattern> {
    let negated = rest.first() == Some(&b'^');
    if negated {
        *rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        if rest.first() == Some(&b']') && !ranges.is_empty() {
            *rest = &rest[1..];
            return Ok(Item::Class { negated, ranges });
        }
        let low = parse_class_character(rest)?;
        let mut high = low;
        if rest.first() == Some(&b'-') {
            *rest = &rest[1..];
            high = parse_class_character(rest)?;
        }
        ranges.push((low, high));
    }
}

fn parse_class_character(rest: &mut &[u8]) -> Result<char, BadPattern> {
    match rest.first() {
        None | Some(b'-' | b']') => return Err(BadPattern),
        Some(b'\\') => *rest = &rest[1..],
        Some(_) => {}
    }
    let (c, behind) = take_character(rest).ok_or(BadPattern)?;
    if behind.is_empty() || is_invalid(c, rest, behind) {
        return Err(BadPattern);
    }
    *rest = behind;
    Ok(c)
}

/// Whether a replacement character stands for a byte that is not UTF-8.
fn is_invalid(c: char, before: &[u8], behind: &[u8]) -> bool {
    c == char::REPLACEMENT_CHARACTER && before.len() - behind.len() == 1
}

/// What is behind the items when a text starts with them.
fn match_items<'a>(items: &[Item], text: &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = text;
    for item in items {
        rest = match item {
            Item::Byte(byte) => rest.strip_prefix(&[*byte])?,
            Item::AnyButSlash => {
                let (c, behind) = take_character(rest)?;
                (c != '/').then_some(behind)?
            }
            Item::Class { negated, ranges } => {
                let (c, behind) = take_character(rest)?;
                let found = ranges.iter().any(|(low, high)| (low..=high).contains(&&c));
                (found != *negated).then_some(behind)?
            }
        };
    }
    Some(rest)
}

/// The first character of a text; a byte that is not UTF-8 is a replacement character, as in Go.
///
/// That happens even in a name that is UTF-8, because a `*` skips bytes.
pub(super) fn take_character(text: &[u8]) -> Option<(char, &[u8])> {
    let start = &text[..text.len().min(4)];
    let valid = start.utf8_chunks().next()?.valid();
    match valid.chars().next() {
        Some(c) => Some((c, &text[c.len_utf8()..])),
        None => Some((char::REPLACEMENT_CHARACTER, &text[1..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        pattern: String,
        names: Vec<String>,
        #[serde(default)]
        matched: Vec<String>,
        #[serde(default)]
        bad: Vec<String>,
    }

    /// The answers are those of Go's `filepath.Match`; see `fixtures/ignore/README.md`.
    #[test]
    fn names_match_as_recorded() {
        let table = include_str!("../../../fixtures/ignore/want.globs.jsonl");
        assert!(table.lines().count() > 100);
        for line in table.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            let glob = Glob::new(case.pattern.as_bytes());
            let of = |want| {
                let names = case.names.iter();
                let names = names.filter(|name| glob.matches(name.as_bytes()) == want);
                names.cloned().collect::<Vec<_>>()
            };
            assert_eq!(of(Ok(true)), case.matched, "{:?}", case.pattern);
            assert_eq!(of(Err(BadPattern)), case.bad, "{:?}", case.pattern);
        }
    }
}
