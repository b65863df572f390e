//! An encrypted file as a text that people can compare line by line.
//!
//! Decides what stands for ciphertext. Needs no key, and knows the file's text only, so that it works for
//! every format and for files that are damaged.

use crate::digest::Sha256;

/// How a ciphertext starts, up to what differs.
const CIPHERTEXT: &[u8] = b"ENC[AES256_GCM,data:";
/// Between a ciphertext and its type word.
const TYPE: &[u8] = b",type:";
/// How wrapped data keys of age and OpenPGP start and end; the kind stands between.
const ARMOR: [(&[u8], &[u8]); 2] = [
    (
        b"-----BEGIN AGE ENCRYPTED FILE-----",
        b"-----END AGE ENCRYPTED FILE-----",
    ),
    (b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"),
];
/// Hexadecimal digits of a fingerprint: two ciphertexts of a file hardly ever share one.
const DIGITS: usize = 8;

/// The text with a short mark for every ciphertext and every wrapped data key: `git diff` then shows which
/// lines changed, and nothing else.
///
/// # Shape
///
/// A ciphertext becomes `<str 1f2e3d4c>`: its type word and the start of the SHA-256 of the ciphertext. An
/// armored data key becomes `<key 1f2e3d4c>`. All else stays as it is, plain values included: what a file
/// has in plain text is in plain text in its history too.
///
/// # Examples
///
/// ```
/// use chartkit::sops::masked_text;
///
/// let text = b"a: ENC[AES256_GCM,data:x,iv:y,tag:z,type:int]\nb: plain\n";
/// let masked = String::from_utf8(masked_text(text)).unwrap();
/// assert_eq!(masked, "a: <int 6b2fe616>\nb: plain\n");
/// ```
#[must_use]
pub fn masked_text(text: &[u8]) -> Vec<u8> {
    let mut masker = Masker {
        out: Vec::with_capacity(text.len()),
        armor: ARMOR.to_vec(),
    };
    let mut rest = text;
    while let Some(first) = rest.first() {
        let done = match first {
            b'E' => masker.ciphertext(rest),
            b'-' => masker.armored_key(rest),
            _ => 0,
        };
        if done == 0 {
            masker.out.push(*first);
        }
        rest = &rest[done.max(1)..];
    }
    masker.out
}

struct Masker {
    out: Vec<u8>,
    /// The kinds that the rest of the text may have.
    armor: Vec<(&'static [u8], &'static [u8])>,
}

impl Masker {
    /// Masks the ciphertext that a text starts with; gives how many bytes are done with.
    fn ciphertext(&mut self, text: &[u8]) -> usize {
        if !text.starts_with(CIPHERTEXT) {
            return 0;
        }
        // None can start before this end: it would have the same.
        let end = text.iter().position(|byte| matches!(byte, b']' | b'\n'));
        let end = end.unwrap_or(text.len());
        let inner = &text[..end];
        let word = find_last(inner, TYPE).map(|at| &inner[at + TYPE.len()..]);
        let is_word = |word: &&[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase);
        match word.filter(is_word) {
            Some(word) if text.get(end) == Some(&b']') => {
                self.mark(word, &text[..=end]);
                end + 1
            }
            _ => {
                self.out.extend_from_slice(inner);
                end
            }
        }
    }

    /// The same for an armored key.
    fn armored_key(&mut self, text: &[u8]) -> usize {
        let Some(kind) = self
            .armor
            .iter()
            .position(|(start, _)| text.starts_with(start))
        else {
            return 0;
        };
        let (start, end) = self.armor[kind];
        if let Some(at) = find(&text[start.len()..], end) {
            let length = start.len() + at + end.len();
            self.mark(b"key", &text[..length]);
            length
        } else {
            // And not looked for again.
            self.armor.remove(kind);
            0
        }
    }

    fn mark(&mut self, kind: &[u8], masked: &[u8]) {
        let digest = Sha256::of(masked).hex();
        self.out.push(b'<');
        self.out.extend_from_slice(kind);
        self.out
            .extend_from_slice(format!(" {}>", &digest[..DIGITS]).as_bytes());
    }
}

fn find_last(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(masked_text(text.as_bytes())).unwrap()
    }

    #[test]
    fn the_same_ciphertext_has_the_same_mark() {
        let one = "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]";
        let other = "ENC[AES256_GCM,data:a,iv:b,tag:d,type:str]";
        let text = masked(&format!("{one} {one} {other}"));
        let marks: Vec<_> = text.split("> ").collect();
        assert_eq!(marks[0], marks[1]);
        assert_ne!(marks[0], marks[2].trim_end_matches('>'));
        assert!(!text.contains("ENC["));
    }

    #[test]
    fn keys_have_marks_in_every_format() {
        for armor in [
            "-----BEGIN AGE ENCRYPTED FILE-----\n    abc\n    -----END AGE ENCRYPTED FILE-----\n",
            "-----BEGIN AGE ENCRYPTED FILE-----\\nabc\\n-----END AGE ENCRYPTED FILE-----\n",
            "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
        ] {
            let text = masked(armor);
            assert!(text.starts_with("<key ") && text.ends_with(">\n"), "{text}");
            assert_eq!(text.len(), "<key 12345678>\n".len());
        }
    }

    #[test]
    fn what_is_no_ciphertext_stays() {
        for text in [
            "",
            "a: 1\n",
            "ENC[",
            "ENC[AES256_GCM,data:a\n,type:str]",
            "ENC[AES256_GCM,data:a]",
            "ENC[AES256_GCM,data:a,type:]",
            "-----BEGIN AGE ENCRYPTED FILE-----\nabc\n",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
