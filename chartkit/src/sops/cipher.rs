//! One value as ciphertext: `ENC[AES256_GCM,…]` and back.
//!
//! Decides the text form of each type and of ciphertext. Must not know where a value stands: its
//! *additional data* (SOPS's word for the key path that ciphertext is bound to) is an argument.
//!
//! # Source
//!
//! SOPS v3.13.3, `aes/cipher.go`; `sops.go`, `ToBytes`.

use std::borrow::Cow;
use std::fmt;

use aes_gcm::aead::array::{Array, ArraySize};
use aes_gcm::aead::consts::{U8, U12, U16, U24, U32, U48, U64};
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::sops::{Comment, DataKey, Secret, Value};
use crate::time::Timestamp;
use crate::yaml::number::decimal;
use crate::yaml::parse_go_float;

/// Bytes of a nonce; SOPS's word for it in the file is `iv`.
pub(crate) const NONCE_SIZE: usize = 32;

/// Bytes of a tag.
const TAG_SIZE: usize = 16;

const PREFIX: &str = "ENC[AES256_GCM,data:";

/// Encrypts and decrypts the values of one file.
pub(crate) struct Cipher {
    gcm: AesGcm<Aes256, U32>,
    aes: Aes256,
}

/// Why a ciphertext cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CipherError {
    /// It is not `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` with base64 in it.
    Malformed,
    /// Its nonce has a length that no writer uses.
    NonceSize,
    /// The key, the key path or a byte is another than when it was encrypted.
    Authentication,
    /// Its type is a word that SOPS does not know.
    UnknownType,
    /// What it holds is no value of its type.
    Value(&'static str),
}

impl fmt::Display for CipherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str(
                "found no ciphertext, expected `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`",
            ),
            Self::NonceSize => {
                f.write_str("found an `iv` of a length that no version of SOPS writes")
            }
            Self::Authentication => f.write_str(
                "the ciphertext does not belong here: its bytes, its key path or the data key are \
                 not those it was encrypted with",
            ),
            Self::UnknownType => f.write_str(
                "found an unknown type, expected str, int, float, bool, time or comment",
            ),
            Self::Value(kind) => write!(f, "what is encrypted is no {kind}"),
        }
    }
}

/// The parts of a ciphertext, still in base64.
#[derive(Clone, Copy)]
pub(crate) struct Ciphertext<'t> {
    pub(crate) data: &'t str,
    pub(crate) iv: &'t str,
    pub(crate) tag: &'t str,
    /// The type word.
    pub(crate) kind: &'t str,
}

impl<'t> Ciphertext<'t> {
    /// The parts of a text that begins with a ciphertext. As in SOPS, text behind the last `]` of
    /// the first line does not matter.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let line = text.strip_prefix(PREFIX)?.split('\n').next()?;
        let body = &line[..line.rfind(']')?];
        let (body, kind) = body.rsplit_once(",type:")?;
        let (body, tag) = body.rsplit_once(",tag:")?;
        let (data, iv) = body.rsplit_once(",iv:")?;
        let complete = [data, iv, tag, kind].iter().all(|part| !part.is_empty());
        complete.then_some(Self {
            data,
            iv,
            tag,
            kind,
        })
    }

    /// How many bytes are encrypted; they are as many as before.
    pub(crate) fn size(&self) -> usize {
        let padding = self.data.bytes().rev().take_while(|b| *b == b'=').count();
        (self.data.len() / 4 * 3).saturating_sub(padding)
    }

    /// What is wrong with it, as far as can be told without the key.
    ///
    /// Expects what SOPS 3 writes: a nonce of 32 bytes, a tag of 16, a known type, and no more or
    /// fewer bytes than a value of that type can have.
    pub(crate) fn problem(&self) -> Option<String> {
        let length = |text: &str| BASE64.decode(text).ok().map(|bytes| bytes.len());
        let Some(size) = length(self.data) else {
            return Some("its `data` is not base64".to_owned());
        };
        for (name, part, expected) in [("iv", self.iv, NONCE_SIZE), ("tag", self.tag, TAG_SIZE)] {
            match length(part) {
                Some(found) if found == expected => {}
                Some(found) => {
                    return Some(format!(
                        "its `{name}` has {found} bytes, expected {expected}"
                    ));
                }
                None => return Some(format!("its `{name}` is not base64")),
            }
        }
        let sizes = match self.kind {
            "str" | "comment" => 1..=usize::MAX,
            "bool" => 4..=5,
            "int" => 1..=20,
            // The longest float64 without an exponent has 1077 characters.
            "float" => 1..=1100,
            "time" => 20..=40,
            _ => {
                return Some(
                    "its type is unknown, expected str, int, float, bool, time or comment"
                        .to_owned(),
                );
            }
        };
        let kind = self.kind;
        (!sizes.contains(&size))
            .then(|| format!("no value of its type `{kind}` has a length of {size}"))
    }
}

/// Whether a text begins with a ciphertext.
pub(crate) fn is_ciphertext(text: &str) -> bool {
    Ciphertext::parse(text).is_some()
}

/// What is wrong with a text that must be ciphertext and nothing else; see [`Ciphertext::problem`].
pub(crate) fn problem_of(text: &str) -> Option<String> {
    match Ciphertext::parse(text) {
        None => Some("it is not `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`".to_owned()),
        // SOPS does not look at it, so anything could stand there.
        Some(_) if !text.ends_with(']') || text.contains('\n') => {
            Some("there is text behind it".to_owned())
        }
        Some(ciphertext) => ciphertext.problem(),
    }
}

impl Cipher {
    pub(crate) fn new(key: &DataKey) -> Self {
        let key = Array::from(*key.expose());
        Self {
            gcm: AesGcm::new(&key),
            aes: Aes256::new(&key),
        }
    }

    /// The ciphertext of a value.
    ///
    /// An empty string or comment has none: it stays an empty text. Must not be called with what
    /// SOPS never encrypts: nulls and collections.
    pub(crate) fn encrypt(
        &self,
        value: &Value,
        additional_data: &str,
        nonce: &[u8; NONCE_SIZE],
    ) -> String {
        let plain = plain_text(value);
        if plain.is_empty() {
            return String::new();
        }
        self.seal(&plain, type_word(value), additional_data, nonce)
    }

    /// The ciphertext of a text, under a type word.
    pub(crate) fn seal(
        &self,
        plain: &[u8],
        kind: &str,
        additional_data: &str,
        nonce: &[u8; NONCE_SIZE],
    ) -> String {
        let mut data = plain.to_vec();
        let nonce = Nonce::<U32>::from(*nonce);
        let aad = additional_data.as_bytes();
        let tag = self
            .gcm
            .encrypt_inout_detached(&nonce, aad, data.as_mut_slice().into())
            .expect("a file is shorter than the 64 GiB that GCM can encrypt");
        let mut text = String::with_capacity(data.len() / 3 * 4 + 140);
        text.push_str(PREFIX);
        BASE64.encode_string(&data, &mut text);
        text.push_str(",iv:");
        BASE64.encode_string(nonce, &mut text);
        text.push_str(",tag:");
        BASE64.encode_string(tag, &mut text);
        text.push_str(",type:");
        text.push_str(kind);
        text.push(']');
        text
    }

    /// The value that a ciphertext holds; an empty text is an empty string.
    pub(crate) fn decrypt(&self, text: &str, additional_data: &str) -> Result<Value, CipherError> {
        if text.is_empty() {
            return Ok(Value::string(""));
        }
        let ciphertext = Ciphertext::parse(text).ok_or(CipherError::Malformed)?;
        let plain = self.open(&ciphertext, additional_data)?;
        value_of(ciphertext.kind, plain)
    }

    /// What a ciphertext holds, whatever its type.
    pub(crate) fn open(
        &self,
        ciphertext: &Ciphertext<'_>,
        additional_data: &str,
    ) -> Result<Secret, CipherError> {
        // DIFFERENCE: Go ignores the bits behind the last byte, so that a text could be changed.
        let decode = |text: &str| BASE64.decode(text).map_err(|_| CipherError::Malformed);
        let mut data = decode(ciphertext.data)?;
        let nonce = decode(ciphertext.iv)?;
        // Go splits the joined bytes anew, so that a byte may stand on either side.
        data.extend(decode(ciphertext.tag)?);
        let length = data.len().checked_sub(TAG_SIZE);
        let tag = data.split_off(length.ok_or(CipherError::Authentication)?);
        let tag = Tag::<U16>::try_from(&*tag).expect("split to this length");
        let aad = additional_data.as_bytes();
        match nonce.len() {
            32 => open(&self.gcm, &nonce, aad, &mut data, &tag)?,
            8 => open(&self.with_nonce::<U8>(), &nonce, aad, &mut data, &tag)?,
            12 => open(&self.with_nonce::<U12>(), &nonce, aad, &mut data, &tag)?,
            16 => open(&self.with_nonce::<U16>(), &nonce, aad, &mut data, &tag)?,
            24 => open(&self.with_nonce::<U24>(), &nonce, aad, &mut data, &tag)?,
            48 => open(&self.with_nonce::<U48>(), &nonce, aad, &mut data, &tag)?,
            64 => open(&self.with_nonce::<U64>(), &nonce, aad, &mut data, &tag)?,
            // DIFFERENCE: Go takes any length.
            _ => return Err(CipherError::NonceSize),
        }
        Ok(Secret::from(data))
    }

    fn with_nonce<N: ArraySize>(&self) -> AesGcm<Aes256, N> {
        self.aes.clone().into()
    }
}

fn open<N: ArraySize>(
    gcm: &AesGcm<Aes256, N>,
    nonce: &[u8],
    additional_data: &[u8],
    data: &mut [u8],
    tag: &Tag<U16>,
) -> Result<(), CipherError> {
    let nonce = Nonce::<N>::try_from(nonce).map_err(|_| CipherError::NonceSize)?;
    gcm.decrypt_inout_detached(&nonce, additional_data, data.into(), tag)
        .map_err(|_| CipherError::Authentication)
}

/// The word that stands behind `type:`.
fn type_word(value: &Value) -> &'static str {
    value.type_name()
}

/// The bytes of a value that are encrypted and that the MAC is made of.
///
/// # Shape
///
/// `True` and `False`; decimal integers; floats with the fewest digits that tell them apart, never
/// with an exponent; RFC 3339 times; strings and comments as they are; nothing for the rest.
pub(crate) fn plain_text(value: &Value) -> Cow<'_, [u8]> {
    let text = match value {
        Value::String(text) | Value::Comment(Comment { text, .. }) => {
            return Cow::Borrowed(text.expose());
        }
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => decimal(*float),
        Value::Time(time) => time.to_string(),
        Value::Null | Value::Branch(_) | Value::List(_) => String::new(),
    };
    Cow::Owned(text.into_bytes())
}

/// The value that decrypted bytes stand for.
fn value_of(kind: &str, plain: Secret) -> Result<Value, CipherError> {
    let parse = |kind: &'static str, value: fn(&str) -> Option<Value>| {
        let text = plain.as_str().ok_or(CipherError::Value(kind))?;
        value(text).ok_or(CipherError::Value(kind))
    };
    match kind {
        "str" => Ok(Value::String(plain)),
        "comment" => Ok(Value::Comment(Comment::new(plain))),
        "int" => parse("int", |text| text.parse().ok().map(Value::Int)),
        "bool" => parse("bool", |text| match text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        }),
        "float" => parse("float", |text| parse_float(text).map(Value::Float)),
        "time" => parse("time", |text| {
            text.parse::<Timestamp>().ok().map(Value::Time)
        }),
        // SOPS 3 panics on `bytes`, which only SOPS 1 wrote.
        _ => Err(CipherError::UnknownType),
    }
}

/// A float in the syntax of Go's `strconv.ParseFloat`.
fn parse_float(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        lower => match lower.strip_prefix("0x") {
            Some(hexadecimal) => parse_hexadecimal(hexadecimal)?,
            // Signs are off already, and words are none here.
            None if lower.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                parse_go_float(lower)?
            }
            None => return None,
        },
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `1.8p3` without its `0x`; nothing when it does not fit 53 bits and an exponent of ten.
///
/// DIFFERENCE: Go takes any number of digits. No writer makes such floats.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let is_hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hexadecimal || digits.len() > 13 {
        return None;
    }
    let bits = u64::from_str_radix(&digits, 16).ok()?;
    let shift = i32::try_from(fraction.len()).ok()? * 4;
    #[expect(clippy::cast_precision_loss, reason = "52 bits at most")]
    let float = bits as f64 * f64::from(exponent.checked_sub(shift)?).exp2();
    float.is_finite().then_some(float)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DataKey {
        let mut bytes = [0; 32];
        (0..).zip(&mut bytes).for_each(|(i, byte)| *byte = i);
        DataKey::from(bytes)
    }

    const NONCE: [u8; 32] = *b" !\"#$%&'()*+,-./0123456789:;<=>?"; // 0x20 to 0x3f

    /// Data and tag were accepted by SOPS's own cipher: `../shared/spec/sops.md`, 11.3.
    #[test]
    fn vectors_of_sops() {
        let cases = [
            (
                "a:",
                Value::string("hello"),
                "f6SdJOI=",
                "Aev7PNzF9ifk0oM4U+MGlg==",
            ),
            (
                "list:",
                Value::Bool(true),
                "Q7OELQ==",
                "HMx2H5Tf5b0bDirIwmgwog==",
            ),
            (
                "a:b:",
                Value::Float(1_234.567_89),
                "JvPCfKM64BT+aA==",
                "TI6UWLm8LunmSPE5KqQqMQ==",
            ),
            (
                ":",
                Value::Comment(Comment::new(Secret::from(" note"))),
                "N6+ePOg=",
                "cPJU+gQfuk2Cck4/gS4NwA==",
            ),
        ];
        let cipher = Cipher::new(&key());
        for (additional_data, value, data, tag) in cases {
            let text = cipher.encrypt(&value, additional_data, &NONCE);
            let kind = value.type_name();
            let iv = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
            let want = format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{kind}]");
            assert_eq!(text, want);
            assert!(cipher.decrypt(&text, additional_data) == Ok(value));
            let moved = cipher.decrypt(&text, "b:");
            assert_eq!(moved.err(), Some(CipherError::Authentication));
        }
    }

    #[test]
    fn every_flipped_byte_fails() {
        let cipher = Cipher::new(&key());
        let text = cipher.encrypt(&Value::Int(42), "n:", &NONCE);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            // The type is not authenticated; its word must still be one.
            assert!(cipher.decrypt(&changed, "n:").is_err(), "{changed}");
        }
    }

    #[test]
    fn texts_of_go() {
        let floats = [
            (1.0, "1"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ];
        for (float, text) in floats {
            assert_eq!(&*plain_text(&Value::Float(float)), text.as_bytes());
        }
        let read = [
            ("1e3", Some(1000.0)),
            ("1E3", Some(1000.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("+5", Some(5.0)),
            ("-Inf", Some(f64::NEG_INFINITY)),
            ("infinity", Some(f64::INFINITY)),
            ("0x1p4", Some(16.0)),
            ("0X1.8P1", Some(3.0)),
            ("1e400", None),
            ("1_0.5", Some(10.5)),
            ("1__0", None),
            ("--1", None),
            ("+-1", None),
            (".", None),
            ("", None),
            ("abc", None),
        ];
        for (text, float) in read {
            assert_eq!(parse_float(text), float, "{text}");
        }
    }

    #[test]
    fn text_behind_the_bracket_does_not_matter() {
        let cipher = Cipher::new(&key());
        let text = cipher.encrypt(&Value::string("x"), "a:", &NONCE);
        assert!(cipher.decrypt(&format!("{text} \n]"), "a:") == Ok(Value::string("x")));
        assert!(cipher.decrypt(&format!(" {text}"), "a:") == Err(CipherError::Malformed));
    }
}
