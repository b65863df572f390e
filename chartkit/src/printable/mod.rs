//! Which characters Go prints as they are.
//!
//! Not Rust's answer: the standard library follows a newer Unicode, and the name of a chart must be
//! cleaned to the same bytes as in Helm.

mod table;

/// Whether Go counts the character as printable: letters, marks, numbers, punctuation, symbols and
/// the ASCII space.
///
/// # Source
///
/// Go 1.26, `unicode.IsPrint`.
pub(crate) fn is_print(c: char) -> bool {
    table::CHANGES.partition_point(|change| *change <= u32::from(c)) % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::is_print;

    #[test]
    fn only_the_ascii_space_is_printable_white_space() {
        assert!(is_print(' ') && is_print('~') && is_print('ÿ') && is_print('🚀'));
        for c in [
            '\0', '\n', '\u{7F}', '\u{A0}', '\u{AD}', '\u{200B}', '\u{2028}', '\u{3000}',
        ] {
            assert!(!is_print(c), "{c:?}");
        }
        assert!(!is_print('\u{E000}') && !is_print('\u{10FFFF}'));
    }
}
