//! The value of `!!binary`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

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
    let text: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b'\r' | b'\n'))
        .collect();
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let bytes = GeneralPurpose::new(&STANDARD, config).decode(text).ok()?;
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(decoded)
}
