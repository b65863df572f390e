//! Bech32 as age uses it: without a limit of length, as post-quantum keys are long.
//!
//! Decides whether a text is well formed; knows nothing of what it stands for.

use bech32::Checksum;
use bech32::primitives::decode::CheckedHrpstring;
use zeroize::Zeroizing;

/// The checksum of BIP-173 for texts of any length.
enum AnyLength {}

impl Checksum for AnyLength {
    type MidstateRepr = u32;
    const CODE_LENGTH: usize = usize::MAX;
    const CHECKSUM_LENGTH: usize = bech32::Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = bech32::Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = bech32::Bech32::TARGET_RESIDUE;
}

/// The bytes after a prefix, if the text has that prefix, its checksum is right and its padding zero.
///
/// # Shape
///
/// The prefix is given without the separator `1`, in lower case; the text may be in either case.
pub(crate) fn decode(prefix: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let parsed = CheckedHrpstring::new::<AnyLength>(text).ok()?;
    // Named for another use of Bech32; it asks for what every use asks for.
    parsed.validate_segwit_padding().ok()?;
    let same = parsed.hrp().lowercase_char_iter().eq(prefix.chars());
    same.then(|| Zeroizing::new(parsed.byte_iter().collect()))
}
