//! The value of `!!binary`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// The bytes that standard base64 stands for; nothing when it is not base64.
///
/// # Shape
///
/// Padding is required, line breaks are skipped, bits left over are ignored.
///
/// # Source
///
/// Go, `encoding/base64`, `StdEncoding`.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b'\r' | b'\n'))
        .collect();
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config).decode(text).ok()
}

/// Bytes as text: what is not UTF-8 becomes U+FFFD, one for each byte, as Go's JSON writes it.
///
/// # Source
///
/// Go, `encoding/json`, `appendString`.
pub(super) fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
