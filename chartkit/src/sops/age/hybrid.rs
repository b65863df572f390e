//! The post-quantum recipient `age1pq1…` and its identity, which the `age` crate does not have.
//!
//! A file key is sealed by HPKE, with a key that takes both ML-KEM-768 and X25519 to learn ("X-Wing").
//! This module has the KEM; HPKE, ML-KEM, X25519 and SHA-3 are the crates that `age` is made of.
//!
//! # Source
//!
//! age v1.3.1, `pq.go`; the C2SP age specification, `mlkem768x25519`; draft-connolly-cfrg-xwing-kem.

use std::collections::HashSet;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{hpke_open, hpke_seal};
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hpke::generic_array::GenericArray;
use hpke::generic_array::typenum::{Sum, U32, U96, U192, U1024, Unsigned as _};
use hpke::kem::SharedSecret;
use hpke::rand_core::{CryptoRng, OsRng, RngCore};
use hpke::{Deserializable, HpkeError, Kem, Serializable};
use ml_kem::kem::{Decapsulate as _, Encapsulate as _};
use ml_kem::{Ciphertext, EncodedSizeUser as _, KemCore as _, MlKem768};
use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use sha3::{Digest as _, Sha3_256, Shake256};
use x25519_dalek::{PublicKey as Point, StaticSecret as Scalar};
use zeroize::Zeroizing;

use crate::sops::bech32;

const STANZA: &str = "mlkem768x25519";
const LABEL: &[u8] = b"age-encryption.org/mlkem768x25519";
const RECIPIENT_PREFIX: &str = "age1pq";
const IDENTITY_PREFIX: &str = "age-secret-key-pq-";

/// Bytes of the tag that `ChaCha20Poly1305` puts behind a file key.
const TAG_SIZE: usize = 16;
/// Bytes of a public key and of a ciphertext of ML-KEM-768.
const PQ_KEY_SIZE: usize = 1184;
const PQ_CIPHERTEXT_SIZE: usize = 1088;

type PublicKeySize = Sum<U1024, U192>;
type EncappedKeySize = Sum<U1024, U96>;

type Encapsulation = <MlKem768 as ml_kem::KemCore>::EncapsulationKey;
type Decapsulation = <MlKem768 as ml_kem::KemCore>::DecapsulationKey;

/// A recipient `age1pq1…`.
pub(super) struct Recipient(PublicKey);

impl Recipient {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = bech32::decode(RECIPIENT_PREFIX, text)?;
        PublicKey::from_bytes(&bytes).ok().map(Self)
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (key, body) =
            hpke_seal::<XWing, _>(&self.0, LABEL, file_key.expose_secret(), &mut OsRng);
        let stanza = Stanza {
            tag: STANZA.to_owned(),
            args: vec![STANDARD_NO_PAD.encode(key.to_bytes())],
            body,
        };
        // Keeps it out of files with recipients that are weaker.
        Ok((vec![stanza], HashSet::from(["postquantum".to_owned()])))
    }
}

/// An identity `AGE-SECRET-KEY-PQ-1…`.
pub(super) struct Identity(PrivateKey);

impl Identity {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = bech32::decode(IDENTITY_PREFIX, text)?;
        PrivateKey::from_bytes(&bytes).ok().map(Self)
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != STANZA {
            return None;
        }
        let invalid = Some(Err(DecryptError::InvalidHeader));
        let [argument] = stanza.args.as_slice() else {
            return invalid;
        };
        let Ok(bytes) = STANDARD_NO_PAD.decode(argument) else {
            return invalid;
        };
        let Ok(key) = EncappedKey::from_bytes(&bytes) else {
            return invalid;
        };
        if stanza.body.len() != FILE_KEY_BYTES + TAG_SIZE {
            return invalid;
        }
        // A stanza for another key is not told from a damaged one.
        let opened = hpke_open::<XWing>(&key, &self.0, LABEL, &stanza.body).ok()?;
        let opened = Zeroizing::new(opened);
        let file_key = FileKey::init_with_mut(|key| key.copy_from_slice(&opened));
        Some(Ok(file_key))
    }
}

/// The KEM that joins ML-KEM-768 and X25519, in terms of HPKE.
struct XWing;

#[derive(Clone, PartialEq)]
struct PublicKey {
    pq: Encapsulation,
    x25519: Point,
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<post-quantum recipient>")
    }
}

#[derive(Clone)]
struct PrivateKey {
    seed: Zeroizing<[u8; 32]>,
    pq: Decapsulation,
    x25519: Scalar,
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(&self.seed[..], &other.seed[..]).into()
    }
}

impl Eq for PrivateKey {}

#[derive(Clone)]
struct EncappedKey {
    pq: Ciphertext<MlKem768>,
    x25519: Point,
}

impl PrivateKey {
    fn expand(seed: Zeroizing<[u8; 32]>) -> Self {
        let mut expanded = Shake256::default().chain(&seed[..]).finalize_xof();
        let mut read = || {
            let mut bytes = Zeroizing::new([0; 32]);
            expanded.read(&mut *bytes);
            bytes
        };
        let (d, z, x25519) = (read(), read(), read());
        let (pq, _) = MlKem768::generate_deterministic(&(*d).into(), &(*z).into());
        Self {
            seed,
            pq,
            x25519: Scalar::from(*x25519),
        }
    }

    fn public_key(&self) -> PublicKey {
        PublicKey {
            pq: self.pq.encapsulation_key().clone(),
            x25519: Point::from(&self.x25519),
        }
    }
}

fn wrong_length(expected: usize, found: usize) -> HpkeError {
    HpkeError::IncorrectInputLength(expected, found)
}

fn point(bytes: &[u8]) -> Result<Point, HpkeError> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| wrong_length(32, bytes.len()))?;
    Ok(Point::from(bytes))
}

impl Serializable for PublicKey {
    type OutputSize = PublicKeySize;

    fn write_exact(&self, buffer: &mut [u8]) {
        buffer[..PQ_KEY_SIZE].copy_from_slice(&self.pq.as_bytes());
        buffer[PQ_KEY_SIZE..].copy_from_slice(self.x25519.as_bytes());
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        if bytes.len() != PublicKeySize::USIZE {
            return Err(wrong_length(PublicKeySize::USIZE, bytes.len()));
        }
        let (pq, x25519) = bytes.split_at(PQ_KEY_SIZE);
        let encoded = pq.try_into().map_err(|_| HpkeError::ValidationError)?;
        let pq_key = Encapsulation::from_bytes(encoded);
        // Coefficients beyond the modulus are reduced when read: FIPS 203 wants them refused.
        if pq_key.as_bytes()[..] != *pq {
            return Err(HpkeError::ValidationError);
        }
        Ok(Self {
            pq: pq_key,
            x25519: point(x25519)?,
        })
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.seed[..]);
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        let seed = <[u8; 32]>::try_from(bytes).map_err(|_| wrong_length(32, bytes.len()))?;
        Ok(Self::expand(Zeroizing::new(seed)))
    }
}

impl Serializable for EncappedKey {
    type OutputSize = EncappedKeySize;

    fn write_exact(&self, buffer: &mut [u8]) {
        buffer[..PQ_CIPHERTEXT_SIZE].copy_from_slice(&self.pq);
        buffer[PQ_CIPHERTEXT_SIZE..].copy_from_slice(self.x25519.as_bytes());
    }
}

impl Deserializable for EncappedKey {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        if bytes.len() != EncappedKeySize::USIZE {
            return Err(wrong_length(EncappedKeySize::USIZE, bytes.len()));
        }
        let (pq, x25519) = bytes.split_at(PQ_CIPHERTEXT_SIZE);
        Ok(Self {
            pq: pq.try_into().map_err(|_| HpkeError::DecapError)?,
            x25519: point(x25519)?,
        })
    }
}

impl Kem for XWing {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = EncappedKey;
    type NSecret = U32;

    const KEM_ID: u16 = 0x647a;

    fn sk_to_pk(key: &PrivateKey) -> PublicKey {
        key.public_key()
    }

    /// SHAKE256 over the labelled input, as for all hybrid KEMs of HPKE. age itself keeps the seed.
    fn derive_keypair(ikm: &[u8]) -> (PrivateKey, PublicKey) {
        let mut seed = Zeroizing::new([0; 32]);
        let name = b"DeriveKeyPair";
        Shake256::default()
            .chain(ikm)
            .chain(b"HPKE-v1KEM")
            .chain(Self::KEM_ID.to_be_bytes())
            .chain([0, 13])
            .chain(name)
            .chain([0, 32])
            .finalize_xof()
            .read(&mut *seed);
        let key = PrivateKey::expand(seed);
        let public = key.public_key();
        (key, public)
    }

    fn decap(
        key: &PrivateKey,
        sender: Option<&PublicKey>,
        encapped: &EncappedKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            // X-Wing authenticates no sender.
            return Err(HpkeError::DecapError);
        }
        let pq = key
            .pq
            .decapsulate(&encapped.pq)
            .map_err(|()| HpkeError::DecapError)?;
        let x25519 = key.x25519.diffie_hellman(&encapped.x25519);
        let own = Point::from(&key.x25519);
        Ok(join(&pq, x25519.as_bytes(), &encapped.x25519, &own))
    }

    fn encap<R: CryptoRng + RngCore>(
        recipient: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        random: &mut R,
    ) -> Result<(SharedSecret<Self>, EncappedKey), HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        let (pq_ciphertext, pq) = recipient
            .pq
            .encapsulate(random)
            .map_err(|()| HpkeError::EncapError)?;
        let ephemeral = Scalar::random_from_rng(random);
        let encapped = EncappedKey {
            pq: pq_ciphertext,
            x25519: Point::from(&ephemeral),
        };
        let x25519 = ephemeral.diffie_hellman(&recipient.x25519);
        let secret = join(&pq, x25519.as_bytes(), &encapped.x25519, &recipient.x25519);
        Ok((secret, encapped))
    }
}

/// One secret out of both.
fn join(pq: &[u8], x25519: &[u8], ephemeral: &Point, recipient: &Point) -> SharedSecret<XWing> {
    let hash = Sha3_256::new()
        .chain_update(pq)
        .chain_update(x25519)
        .chain_update(ephemeral.as_bytes())
        .chain_update(recipient.as_bytes())
        // The label of X-Wing, a picture of its name.
        .chain_update(br"\.//^\");
    SharedSecret(GenericArray::clone_from_slice(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Go's HPKE derives it: `fixtures/age/want.hpke.txt`.
    #[test]
    fn derived_key() {
        let want = include_str!("../../../../fixtures/age/want.hpke.txt");
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let (key, public) = XWing::derive_keypair(&[7; 32]);
        let found = format!("{}\n{}\n", hex(&key.to_bytes()), hex(&public.to_bytes()));
        assert_eq!(found, want);
        let read = PrivateKey::from_bytes(&key.to_bytes()).unwrap();
        assert!(read == key && XWing::sk_to_pk(&read) == public);
    }

    #[test]
    fn a_public_key_beyond_the_modulus_is_refused() {
        let (_, public) = XWing::derive_keypair(&[7; 32]);
        let mut bytes = public.to_bytes();
        assert!(PublicKey::from_bytes(&bytes).is_ok());
        bytes[0] = 0xFF;
        bytes[1] |= 0x0F;
        assert_eq!(
            PublicKey::from_bytes(&bytes),
            Err(HpkeError::ValidationError)
        );
    }
}
