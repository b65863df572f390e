//! How a finding could be mended: other bytes in the place of some.

use crate::source::{FileId, Span};

/// Whether a machine may mend a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Applicability {
    /// Nothing but the finding changes: `lint --fix` does it.
    Safe,
    /// What the chart does may change: a person has to look.
    Unsafe,
}

/// New text for some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes.
    pub text: String,
}

/// Edits of one file that mend a finding together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// Whether a machine may do it.
    pub applicability: Applicability,
    /// The file.
    pub file: FileId,
    /// In the order of the file; they do not overlap.
    pub edits: Vec<Edit>,
}

/// The text after the fixes; all other bytes stay.
///
/// # Shape
///
/// All fixes are of one file, whose text is `text`. A fix that overlaps with one before it is left
/// out: linting again finds it again.
///
/// # Examples
///
/// ```
/// use chartkit::lint::apply_fixes;
///
/// assert_eq!(apply_fixes(b"a: 1\n", &[]), b"a: 1\n");
/// ```
#[must_use]
pub fn apply_fixes(text: &[u8], fixes: &[&Fix]) -> Vec<u8> {
    let mut edits = Vec::<&Edit>::new();
    for fix in fixes {
        let overlaps = |edit: &Edit| {
            let touches = |other: &&Edit| {
                edit.span.start < other.span.end && other.span.start < edit.span.end
            };
            edits.iter().any(touches) || edit.span.end as usize > text.len()
        };
        if !fix.edits.iter().any(overlaps) {
            edits.extend(&fix.edits);
        }
    }
    edits.sort_by_key(|edit| edit.span);
    let mut new = Vec::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        new.extend_from_slice(&text[copied..edit.span.start as usize]);
        new.extend_from_slice(edit.text.as_bytes());
        copied = edit.span.end as usize;
    }
    new.extend_from_slice(&text[copied..]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn fixes_that_overlap_wait_for_the_next_time() {
        let mut sources = Sources::new();
        let file = sources.add("f", *b"0123456789");
        let fix = |start, end, text: &str| Fix {
            title: String::new(),
            applicability: Applicability::Safe,
            file,
            edits: vec![Edit {
                span: Span { start, end },
                text: text.to_owned(),
            }],
        };
        let (late, early, overlapping) = (fix(6, 8, "B"), fix(0, 2, "A"), fix(7, 9, "C"));
        let new = apply_fixes(b"0123456789", &[&late, &early, &overlapping]);
        assert_eq!(new, b"A2345B89");
    }
}
