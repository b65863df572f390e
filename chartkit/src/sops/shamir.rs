//! Shamir's secret sharing, in the layout that SOPS took from Vault.
//!
//! Decides how a secret becomes shares and shares a secret. Knows nothing of keys and groups.
//!
//! Every byte of the secret is the value at 0 of a polynomial of its own over GF(2⁸), the field of AES.
//! A share is the values of all polynomials at one place `x`, and `x` itself as its last byte. No step
//! branches on a secret or looks up by one: multiplication is eight rounds of shift and add.
//!
//! # Source
//!
//! SOPS v3.13.3, `shamir/shamir.go`.

use std::fmt;

use zeroize::Zeroizing;

use crate::sops::Secret;

/// Why there are no shares, or no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShamirError {
    SharesBelowThreshold,
    TooManyShares,
    ThresholdTooLow,
    EmptySecret,
    TooFewShares,
    ShareTooShort,
    LengthsDiffer,
    DuplicateShare,
}

impl fmt::Display for ShamirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SharesBelowThreshold => "parts cannot be less than threshold",
            Self::TooManyShares => "parts cannot exceed 255",
            Self::ThresholdTooLow => "threshold must be at least 2",
            Self::EmptySecret => "cannot split an empty secret",
            Self::TooFewShares => "less than two parts cannot be used to reconstruct the secret",
            Self::ShareTooShort => "parts must be at least two bytes",
            Self::LengthsDiffer => "all parts must be the same length",
            Self::DuplicateShare => "duplicate part detected",
        })
    }
}

/// Shares of a secret, of which any `threshold` give it back and fewer say nothing about it.
///
/// # Shape
///
/// Share `i`, counted from 0, belongs to the place `i + 1`, and is one byte longer than the secret.
/// `random` fills the whole slice it is given with unpredictable bytes.
pub(crate) fn split(
    secret: &Secret,
    shares: usize,
    threshold: usize,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Secret>, ShamirError> {
    if shares < threshold {
        return Err(ShamirError::SharesBelowThreshold);
    }
    let shares = u8::try_from(shares).map_err(|_| ShamirError::TooManyShares)?;
    if threshold < 2 {
        return Err(ShamirError::ThresholdTooLow);
    }
    if secret.is_empty() {
        return Err(ShamirError::EmptySecret);
    }
    // All coefficients but the first, which is the byte of the secret.
    let degree = threshold - 1;
    let mut coefficients = Zeroizing::new(vec![0; degree * secret.len()]);
    random(&mut coefficients);
    let polynomials = || secret.expose().iter().zip(coefficients.chunks(degree));
    Ok((1..=shares)
        .map(|x| {
            let mut share = Vec::with_capacity(secret.len() + 1);
            share.extend(polynomials().map(|(&byte, rest)| evaluate(byte, rest, x)));
            share.push(x);
            Secret::from(share)
        })
        .collect())
}

/// The secret that shares were made of.
///
/// There is no sign of too few shares, or of one that was changed: the result is another secret.
pub(crate) fn combine(shares: &[Secret]) -> Result<Secret, ShamirError> {
    let [first, _, ..] = shares else {
        return Err(ShamirError::TooFewShares);
    };
    if first.len() < 2 {
        return Err(ShamirError::ShareTooShort);
    }
    if shares.iter().any(|share| share.len() != first.len()) {
        return Err(ShamirError::LengthsDiffer);
    }
    let split: Vec<(&u8, &[u8])> = shares
        .iter()
        .filter_map(|share| share.expose().split_last())
        .collect();
    let mut secret = Zeroizing::new(vec![0; first.len() - 1]);
    for (i, &(x, values)) in split.iter().enumerate() {
        // How much this share weighs at 0; places are no secret.
        let mut weight = 1;
        for (_, &(other, _)) in split.iter().enumerate().filter(|&(j, _)| j != i) {
            if x == other {
                return Err(ShamirError::DuplicateShare);
            }
            weight = multiply(weight, multiply(*other, inverse(x ^ other)));
        }
        for (byte, value) in secret.iter_mut().zip(values) {
            *byte ^= multiply(*value, weight);
        }
    }
    Ok(Secret::from(std::mem::take(&mut *secret)))
}

/// The value at `x` of a polynomial whose lowest coefficient is `first`.
fn evaluate(first: u8, rest: &[u8], x: u8) -> u8 {
    let higher = rest
        .iter()
        .rev()
        .fold(0, |value, coefficient| multiply(value, x) ^ coefficient);
    multiply(higher, x) ^ first
}

/// The product in GF(2)\[X\] modulo X⁸ + X⁴ + X³ + X + 1.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let carry = (product >> 7).wrapping_neg() & 0x1B;
        let term = (b >> bit & 1).wrapping_neg() & a;
        (product << 1) ^ carry ^ term
    })
}

/// What gives 1 when multiplied with `a`; 0 for 0.
fn inverse(a: u8) -> u8 {
    // a²⁵⁴, as the field has 255 elements besides 0: 254 is 127 doubled, and 127 is seven ones.
    let a127 = (0..6).fold(a, |power, _| multiply(multiply(power, power), a));
    multiply(a127, a127)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that repeat themselves only after long: enough for a test.
    fn counter(mut state: u64) -> impl FnMut(&mut [u8]) {
        move |bytes| {
            for byte in bytes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = state.to_be_bytes()[0];
            }
        }
    }

    /// Check values computed by SOPS: `../shared/spec/sops.md`, 4.3.
    #[test]
    fn field_of_sops() {
        assert_eq!(multiply(0x57, 0x83), 0xC1);
        assert_eq!(multiply(3, 7), 9);
        for a in 1..=255 {
            assert_eq!(multiply(a, inverse(a)), 1);
            assert_eq!(multiply(a, 1), a);
        }
        assert_eq!(inverse(0), 0);
    }

    /// As above: the polynomial 2A + 9C·x at 1, 2 and 3.
    #[test]
    fn shares_of_sops() {
        let shares = split(&Secret::from(&[0x2A][..]), 3, 2, &mut |bytes| {
            bytes.fill(0x9C);
        })
        .unwrap();
        let bytes: Vec<_> = shares.iter().map(Secret::expose).collect();
        assert_eq!(bytes, [[0xB6, 1], [0x09, 2], [0x95, 3]]);
        for (a, b) in [(0, 1), (1, 0), (0, 2), (1, 2)] {
            let pair = [shares[a].clone(), shares[b].clone()];
            assert_eq!(combine(&pair).unwrap().expose(), [0x2A]);
        }
    }

    #[test]
    fn refused() {
        let secret = Secret::from("secret");
        let split = |shares, threshold| split(&secret, shares, threshold, &mut counter(1)).err();
        assert_eq!(split(2, 3), Some(ShamirError::SharesBelowThreshold));
        assert_eq!(split(256, 2), Some(ShamirError::TooManyShares));
        assert_eq!(split(2, 1), Some(ShamirError::ThresholdTooLow));
        assert_eq!(split(2, 0), Some(ShamirError::ThresholdTooLow));
        assert_eq!(split(255, 255), None);
        let empty = super::split(&Secret::from(""), 2, 2, &mut counter(1));
        assert_eq!(empty.err(), Some(ShamirError::EmptySecret));

        let combine = |shares: &[&str]| {
            let shares: Vec<_> = shares.iter().map(|share| Secret::from(*share)).collect();
            combine(&shares).err()
        };
        assert_eq!(combine(&[]), Some(ShamirError::TooFewShares));
        assert_eq!(combine(&["ab"]), Some(ShamirError::TooFewShares));
        assert_eq!(combine(&["a", "b"]), Some(ShamirError::ShareTooShort));
        assert_eq!(combine(&["ab", "abc"]), Some(ShamirError::LengthsDiffer));
        assert_eq!(
            combine(&["ab", "cd", "eb"]),
            Some(ShamirError::DuplicateShare)
        );
    }

    proptest! {
        /// Any `threshold` shares, and more, give the secret back; one fewer gives another.
        #[test]
        fn law_threshold(
            secret in prop::collection::vec(any::<u8>(), 16..40),
            (total, threshold) in (2_usize..9).prop_flat_map(|total| (Just(total), 2..=total)),
            seed in any::<u64>(),
            order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let secret = Secret::from(secret);
            let shares = split(&secret, total, threshold, &mut counter(seed)).unwrap();
            let picked: Vec<_> = order
                .iter()
                .filter_map(|&i| shares.get(i).cloned())
                .collect();
            for count in threshold..=total {
                prop_assert!(combine(&picked[..count]).unwrap() == secret);
            }
            match combine(&picked[..threshold - 1]) {
                Ok(other) => prop_assert!(other != secret),
                Err(error) => prop_assert_eq!(error, ShamirError::TooFewShares),
            }
        }
    }
}
