//! The value of `!!binary`.

/// The text that standard base64 stands for; nothing when it is not base64.
///
/// # Shape
///
/// Padding is required, line breaks are skipped, bits left over are ignored. What is not UTF-8
/// becomes U+FFFD, one for each byte, as Go's JSON writes it.
///
/// # Source
///
/// Go, `encoding/base64`, `StdEncoding`; `encoding/json`, `appendString`.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut characters = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n'));
    while let Some(first) = characters.next() {
        let group = [
            first,
            characters.next()?,
            characters.next()?,
            characters.next()?,
        ];
        let padding = group.iter().rev().take_while(|b| **b == b'=').count();
        if padding > 2 || (padding > 0 && characters.next().is_some()) {
            return None;
        }
        let mut bits = 0_u32;
        for character in &group[..4 - padding] {
            bits = bits << 6 | six_bits(*character)?;
        }
        bits <<= 6 * padding;
        bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(decoded)
}

fn six_bits(character: u8) -> Option<u32> {
    let value = match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
