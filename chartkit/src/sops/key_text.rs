//! Master keys from text: the lists of `.sops.yaml`, of flags and of environment variables.
//!
//! Decides what a list of keys says, and refuses what can be no key of its kind. Whether a key exists
//! and can be used is for the services to find out.
//!
//! Lists are separated by commas. An empty list has no keys; an empty entry is an error, as it is a
//! slip (`"A,"`), except where SOPS passes over it.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::quote::Quoted;
use crate::sops::{KeyType, MasterKey, bech32};

/// A text that names no master key.
///
/// Never holds a private key that was given by mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseKeyError {
    kind: ParseKeyErrorKind,
    message: String,
}

/// The kinds of [`ParseKeyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ParseKeyErrorKind {
    /// No kind of age recipient starts like this.
    UnknownRecipient,
    /// An age recipient with a typing error.
    InvalidRecipient,
    /// A private key where the public one belongs.
    PrivateKey,
    /// Not of the form that identifiers of its kind have.
    InvalidId,
    /// An encryption context that is no list of `key:value`.
    InvalidContext,
    /// A kind of key that stands twice in an order of kinds.
    DuplicateKeyType,
}

impl ParseKeyError {
    fn new(kind: ParseKeyErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    fn id(what: &str, found: &str, expected: &str) -> Self {
        Self::new(
            ParseKeyErrorKind::InvalidId,
            format!("not {what}: {}, expected `{expected}`", Quoted(found)),
        )
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ParseKeyErrorKind {
        self.kind
    }
}

impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseKeyError {}

impl MasterKey {
    /// The recipients of a list.
    ///
    /// # Shape
    ///
    /// Blanks around an entry do not count. An entry is `age1…` (X25519), `age1pq1…` (post-quantum),
    /// `age1name1…` (a plugin's) or a line of OpenSSH's `authorized_keys` that starts with
    /// `ssh-ed25519` or `ssh-rsa`.
    ///
    /// # Errors
    ///
    /// [`UnknownRecipient`](ParseKeyErrorKind::UnknownRecipient),
    /// [`InvalidRecipient`](ParseKeyErrorKind::InvalidRecipient),
    /// [`PrivateKey`](ParseKeyErrorKind::PrivateKey).
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::sops::MasterKey;
    ///
    /// let alice = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun";
    /// assert_eq!(MasterKey::parse_age(&format!(" {alice} "))?, [MasterKey::age(alice)]);
    ///
    /// let error = MasterKey::parse_age("alice").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"unknown recipient type: "alice", expected `age1…`, `ssh-ed25519 …` or `ssh-rsa …`"#,
    /// );
    /// # Ok::<(), chartkit::sops::ParseKeyError>(())
    /// ```
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `age/keysource.go`, `MasterKeysFromRecipients`, `parseRecipient`.
    pub fn parse_age(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .map(|entry| {
                let recipient = entry.trim();
                check_recipient(recipient).map(|()| Self::age(recipient))
            })
            .collect()
    }

    /// The AWS KMS keys of a list: `arn` or `arn+arn-of-role`, blanks do not count.
    ///
    /// Whether an ARN is one is asked when it is used, as in SOPS.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ParseKeyErrorKind::InvalidId): an empty entry.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `kms/keysource.go`, `MasterKeysFromArnString`.
    pub fn parse_kms(
        list: &str,
        context: &BTreeMap<String, String>,
        aws_profile: &str,
    ) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .map(|entry| {
                let text = not_empty(without_blanks(entry), KeyType::Kms, "arn[+arn-of-role]")?;
                // No ARN holds a colon in its last part, so this can only be where the second starts.
                let (arn, role) = match text.find("+arn:") {
                    Some(at) if at > 0 => (text[..at].to_owned(), text[at + 1..].to_owned()),
                    _ => (text, String::new()),
                };
                Ok(Self::Kms {
                    arn,
                    role,
                    context: context.clone(),
                    aws_profile: aws_profile.to_owned(),
                })
            })
            .collect()
    }

    /// The encryption context of AWS KMS: `key:value,…`, taken as it stands, blanks included.
    ///
    /// # Shape
    ///
    /// An empty text is an empty context; of a key that stands twice the last value counts.
    ///
    /// # Errors
    ///
    /// [`InvalidContext`](ParseKeyErrorKind::InvalidContext): a pair has no colon or several.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::sops::MasterKey;
    ///
    /// assert_eq!(MasterKey::parse_kms_context("app:shop,stage:qa")?["stage"], "qa");
    ///
    /// let error = MasterKey::parse_kms_context("app:shop,qa").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "encryption context: pair 2 has 0 colons, expected `key:value` with one",
    /// );
    /// # Ok::<(), chartkit::sops::ParseKeyError>(())
    /// ```
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `kms/keysource.go`, `ParseKMSContext`.
    pub fn parse_kms_context(text: &str) -> Result<BTreeMap<String, String>, ParseKeyError> {
        entries(text)
            .enumerate()
            .map(|(i, pair)| match pair.split_once(':') {
                Some((key, value)) if !value.contains(':') => {
                    Ok((key.to_owned(), value.to_owned()))
                }
                _ => Err(ParseKeyError::new(
                    ParseKeyErrorKind::InvalidContext,
                    format!(
                        "encryption context: pair {} has {} colons, expected `key:value` with one",
                        i + 1,
                        pair.matches(':').count()
                    ),
                )),
            })
            .collect()
    }

    /// The OpenPGP fingerprints of a list; blanks do not count, a `!` at the end may stand.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ParseKeyErrorKind::InvalidId): an empty entry.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `pgp/keysource.go`, `MasterKeysFromFingerprintString`.
    pub fn parse_pgp(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .map(|entry| {
                let fingerprint = not_empty(without_blanks(entry), KeyType::Pgp, "fingerprint")?;
                Ok(Self::Pgp { fingerprint })
            })
            .collect()
    }

    /// The Google Cloud KMS keys of a list; blanks do not count.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ParseKeyErrorKind::InvalidId): an empty entry.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `gcpkms/keysource.go`, `MasterKeysFromResourceIDString`.
    pub fn parse_gcp_kms(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .map(|entry| {
                let form = "projects/P/locations/L/keyRings/R/cryptoKeys/K";
                let resource_id = not_empty(without_blanks(entry), KeyType::GcpKms, form)?;
                Ok(Self::GcpKms { resource_id })
            })
            .collect()
    }

    /// The HUAWEI CLOUD KMS keys of a list: `region:uuid`, blanks around do not count.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ParseKeyErrorKind::InvalidId): no colon, or nothing on one side of it.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `hckms/keysource.go`, `NewMasterKeyFromKeyIDString`.
    pub fn parse_hckms(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| match entry.split_once(':') {
                Some((region, uuid)) if !region.trim().is_empty() && !uuid.trim().is_empty() => {
                    Ok(Self::HcKms {
                        key_id: entry.to_owned(),
                    })
                }
                _ => Err(ParseKeyError::id(
                    "a HUAWEI CLOUD KMS key",
                    entry,
                    "region:uuid",
                )),
            })
            .collect()
    }

    /// The Azure Key Vault keys of a list: `https://VAULT/keys/NAME[/VERSION]`.
    ///
    /// DIFFERENCE: SOPS asks Azure for a missing version; here it stays empty.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ParseKeyErrorKind::InvalidId): not of that form.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `azkv/keysource.go`, `NewMasterKeyFromURL`.
    pub fn parse_azure_kv(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .map(|entry| {
                let url = entry.trim();
                azure_kv(url).ok_or_else(|| {
                    ParseKeyError::id(
                        "an Azure Key Vault key",
                        &without_user(url),
                        "https://VAULT/keys/NAME[/VERSION]",
                    )
                })
            })
            .collect()
    }

    /// The HashiCorp Vault keys of a list: `https://HOST/v1/ENGINE/keys/NAME`; empty entries are passed
    /// over.
    ///
    /// # Errors
    ///
    /// [`InvalidId`](ParseKeyErrorKind::InvalidId): not of that form, or with a path before `/v1/`.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `hcvault/keysource.go`, `NewMasterKeysFromURIs`. DIFFERENCE: what SOPS would cut
    /// into an address that cannot work (no `//`, a query) is refused.
    pub fn parse_hc_vault(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        entries(list)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let url = entry.trim();
                hc_vault(url).ok_or_else(|| {
                    ParseKeyError::id(
                        "a key of Vault's transit engine",
                        &without_user(url),
                        "https://HOST/v1/ENGINE/keys/NAME",
                    )
                })
            })
            .collect()
    }
}

impl KeyType {
    /// The kinds of a list such as `age,pgp`: the order in which the keys of a group are tried.
    ///
    /// # Shape
    ///
    /// Blanks count. Words that are no kind are passed over; an empty text is
    /// [`KeyType::DEFAULT_ORDER`].
    ///
    /// # Errors
    ///
    /// [`DuplicateKeyType`](ParseKeyErrorKind::DuplicateKeyType).
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/main.go`, `decryptionOrder`.
    pub fn parse_order(list: &str) -> Result<Vec<Self>, ParseKeyError> {
        if list.is_empty() {
            return Ok(Self::DEFAULT_ORDER.to_vec());
        }
        let words: Vec<_> = list.split(',').collect();
        if let Some((_, word)) = (1..)
            .zip(&words)
            .find(|&(i, word)| words[i..].contains(word))
        {
            return Err(ParseKeyError::new(
                ParseKeyErrorKind::DuplicateKeyType,
                format!("duplicate decryption key type: {}", Quoted(word)),
            ));
        }
        let kind = |word: &&str| Self::ALL.into_iter().find(|kind| kind.as_str() == *word);
        Ok(words.iter().filter_map(kind).collect())
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    let list = (!list.is_empty()).then_some(list);
    list.into_iter().flat_map(|list| list.split(','))
}

fn without_blanks(text: &str) -> String {
    text.replace(' ', "")
}

fn not_empty(id: String, kind: KeyType, form: &str) -> Result<String, ParseKeyError> {
    if id.is_empty() {
        let message = format!("the list of {kind} keys has an empty entry, expected `{form}`");
        return Err(ParseKeyError::new(ParseKeyErrorKind::InvalidId, message));
    }
    Ok(id)
}

/// The length of an X25519 public key, in bytes.
const X25519_LEN: usize = 32;
/// The length of an ML-KEM-768 public key followed by one of X25519, in bytes.
const HYBRID_LEN: usize = 1184 + X25519_LEN;

/// Refuses what is no recipient.
pub(crate) fn check_recipient(recipient: &str) -> Result<(), ParseKeyError> {
    let start = recipient.get(..10).unwrap_or(recipient);
    if start.to_ascii_uppercase().starts_with("AGE-") || start.starts_with("-----BEGIN") {
        // Its text is left out: the public half is what belongs into files and messages.
        return Err(ParseKeyError::new(
            ParseKeyErrorKind::PrivateKey,
            "a private key stands where a recipient is expected (`age-keygen -y` shows the recipient)",
        ));
    }
    let valid = if recipient.starts_with("ssh-") {
        is_ssh_recipient(recipient)
    } else if recipient.starts_with("age1pq1") {
        bech32::decode("age1pq", recipient).is_some_and(|key| key.len() == HYBRID_LEN)
    } else if let Some(name) = plugin_name(recipient) {
        bech32::decode(&format!("age1{name}"), recipient).is_some()
    } else if recipient.starts_with("age1") {
        bech32::decode("age", recipient).is_some_and(|key| key.len() == X25519_LEN)
    } else {
        return Err(ParseKeyError::new(
            ParseKeyErrorKind::UnknownRecipient,
            format!(
                "unknown recipient type: {}, expected `age1…`, `ssh-ed25519 …` or `ssh-rsa …`",
                Quoted(recipient)
            ),
        ));
    };
    if valid {
        return Ok(());
    }
    Err(ParseKeyError::new(
        ParseKeyErrorKind::InvalidRecipient,
        format!(
            "not a valid recipient, mistyped or cut off: {}",
            Quoted(recipient)
        ),
    ))
}

/// `name` of `age1name1…`.
pub(crate) fn plugin_name(recipient: &str) -> Option<&str> {
    let (name, _) = recipient.strip_prefix("age1")?.rsplit_once('1')?;
    Some(name)
}

/// Whether it is a line of `authorized_keys` of a kind that age encrypts to.
fn is_ssh_recipient(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(kind), Some(blob)) = (words.next(), words.next()) else {
        return false;
    };
    let Ok(blob) = STANDARD.decode(blob) else {
        return false;
    };
    // The blob starts with the kind once more, behind its length in four bytes.
    let inner = blob.get(4..4 + kind.len());
    matches!(kind, "ssh-ed25519" | "ssh-rsa") && inner == Some(kind.as_bytes())
}

fn azure_kv(url: &str) -> Option<MasterKey> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let mut parts = path.strip_prefix("keys/")?.split('/');
    let (name, version) = (parts.next()?, parts.next().unwrap_or_default());
    if host.is_empty() || name.is_empty() || parts.next().is_some() {
        return None;
    }
    Some(MasterKey::AzureKv {
        vault_url: format!("https://{host}"),
        name: name.to_owned(),
        version: version.to_owned(),
    })
}

fn hc_vault(url: &str) -> Option<MasterKey> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    if scheme.is_empty() || host.is_empty() || path.contains(['?', '#']) {
        return None;
    }
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let [version, engine @ .., _keys, name] = parts.as_slice() else {
        return None;
    };
    // SOPS refuses what looks like a path before `/v1/`, even when it is the name of an engine.
    let prefixed = parts
        .windows(4)
        .skip(1)
        .any(|part| is_api_version(part[0]) && part.iter().all(|part| !part.is_empty()));
    if !is_api_version(version) || engine.is_empty() || parts.contains(&"") || prefixed {
        return None;
    }
    Some(MasterKey::HcVault {
        vault_address: format!("{scheme}://{host}"),
        engine_path: engine.join("/"),
        key_name: (*name).to_owned(),
    })
}

/// Whether it is `v1` or another number.
fn is_api_version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// A URL for a message: without the name and password that may stand before `@`.
fn without_user(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "age1j6yxfghjd3fux27vkxyuu34t7vq0dae29tcms63s7q3q0r9eheksjafau9";
    const SSH: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMrB4X+opr+GEs7wQOwf75LK7fgo0Nj5bmu2oU8D8KD0 a";
    const TAG: &str = "age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e";

    fn shown(keys: Result<Vec<MasterKey>, ParseKeyError>) -> Vec<String> {
        keys.unwrap().iter().map(MasterKey::to_string).collect()
    }

    #[track_caller]
    fn refused(keys: Result<Vec<MasterKey>, ParseKeyError>, kind: ParseKeyErrorKind) {
        assert_eq!(keys.unwrap_err().kind(), kind);
    }

    #[test]
    fn age_recipients() {
        assert_eq!(shown(MasterKey::parse_age("")), [""; 0]);
        assert_eq!(
            shown(MasterKey::parse_age(&format!("{ALICE},\n {SSH} ,{TAG}"))),
            [ALICE, SSH, TAG]
        );
        let pq = include_str!("../../../fixtures/age/keys/hybrid.pub").trim();
        assert_eq!(shown(MasterKey::parse_age(pq)), [pq]);

        for text in [
            ",",
            "alice",
            "age",
            "ed25519",
            &format!("{ALICE},"),
            &format!("\"{ALICE}\""),
        ] {
            refused(
                MasterKey::parse_age(text),
                ParseKeyErrorKind::UnknownRecipient,
            );
        }
        for text in [
            &ALICE[..ALICE.len() - 1],
            &ALICE.replace('j', "k"),
            &ALICE.replace('h', "H"),
            &pq[..pq.len() - 1],
            &pq.replace("age1pq1", "age1"),
            &TAG.replace("tag1q", "tag1p"),
            "age1",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            &SSH.replace("ssh-ed25519", "ssh-rsa"),
            &SSH.replace("ssh-ed25519", "ssh-dss"),
        ] {
            refused(
                MasterKey::parse_age(text),
                ParseKeyErrorKind::InvalidRecipient,
            );
        }
    }

    #[test]
    fn a_private_key_does_not_come_back_in_the_message() {
        let identity = "AGE-SECRET-KEY-199A0D0YZY8M28F0XP8LYG3NLJGWMJALA7W54E5X7JZK5RXUTVF9Q7KVYC3";
        for text in [
            identity,
            &identity.to_lowercase(),
            "-----BEGIN OPENSSH PRIVATE KEY-----",
        ] {
            let error = MasterKey::parse_age(text).unwrap_err();
            assert_eq!(error.kind(), ParseKeyErrorKind::PrivateKey);
            assert!(!format!("{error} {error:?}").contains(&text[5..]));
        }
    }

    #[test]
    fn kms() {
        let key = "arn:aws:kms:eu-west-1:1:key/k";
        let role = "arn:aws:iam::1:role/r";
        let context = MasterKey::parse_kms_context("b:2,a: 1,b:3").unwrap();
        assert_eq!(
            shown(MasterKey::parse_kms(
                &format!("{key} + {role}, {key}"),
                &context,
                ""
            )),
            [format!("{key}+{role}|a: 1,b:3"), format!("{key}|a: 1,b:3")]
        );
        let none = BTreeMap::new();
        assert_eq!(
            shown(MasterKey::parse_kms(key, &none, "work")),
            [format!("{key}||work")]
        );
        assert_eq!(shown(MasterKey::parse_kms("+arn:x", &none, "")), ["+arn:x"]);
        refused(
            MasterKey::parse_kms(&format!("{key},"), &none, ""),
            ParseKeyErrorKind::InvalidId,
        );
        assert!(MasterKey::parse_kms_context("").unwrap().is_empty());
        for text in ["a", "a:b:c", "a:b,", ","] {
            let error = MasterKey::parse_kms_context(text).unwrap_err();
            assert_eq!(error.kind(), ParseKeyErrorKind::InvalidContext, "{text}");
        }
    }

    #[test]
    fn order_of_kinds() {
        let order = |list: &str| KeyType::parse_order(list).unwrap();
        assert_eq!(order(""), [KeyType::Age, KeyType::Pgp]);
        assert_eq!(
            order("gcp_kms,foo,age, pgp,azure_kv"),
            [KeyType::GcpKms, KeyType::Age, KeyType::AzureKv]
        );
        for list in ["age,age", "pgp,foo,age,foo", ","] {
            let error = KeyType::parse_order(list).unwrap_err();
            assert_eq!(error.kind(), ParseKeyErrorKind::DuplicateKeyType);
        }
    }

    #[test]
    fn the_others() {
        assert_eq!(
            shown(MasterKey::parse_pgp("FBC7 B9E2,D722!")),
            ["FBC7B9E2", "D722!"]
        );
        refused(MasterKey::parse_pgp("A, "), ParseKeyErrorKind::InvalidId);

        let gcp = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
        assert_eq!(shown(MasterKey::parse_gcp_kms(&format!(" {gcp} "))), [gcp]);
        refused(MasterKey::parse_gcp_kms(","), ParseKeyErrorKind::InvalidId);

        assert_eq!(
            shown(MasterKey::parse_hckms(" tr-west-1:u ,,a:b:c")),
            ["tr-west-1:u", "a:b:c"]
        );
        for text in ["tr-west-1", ":u", "r: "] {
            refused(MasterKey::parse_hckms(text), ParseKeyErrorKind::InvalidId);
        }

        assert_eq!(
            shown(MasterKey::parse_azure_kv(
                "https://v.net/keys/k/1, https://v.net/keys/k,https://v.net/keys/k/"
            )),
            [
                "https://v.net/keys/k/1",
                "https://v.net/keys/k/",
                "https://v.net/keys/k/"
            ]
        );
        for text in [
            "http://v.net/keys/k",
            "https:///keys/k",
            "https://v.net/keys/",
            "https://v.net/keys/k/1/2",
            "https://v.net/secrets/k",
        ] {
            refused(
                MasterKey::parse_azure_kv(text),
                ParseKeyErrorKind::InvalidId,
            );
        }

        assert_eq!(
            shown(MasterKey::parse_hc_vault(
                "https://v:8200/v1/transit/keys/k,,http://v/v2/team/a/keys/k"
            )),
            [
                "https://v:8200/v1/transit/keys/k",
                "http://v/v1/team/a/keys/k"
            ]
        );
        for text in [
            " ",
            "v:8200/v1/transit/keys/k",
            "https://v/transit/keys/k",
            "https://v/v1/keys/k",
            "https://v/proxy/v1/transit/keys/k",
            "https://v/v1/team/v2/a/keys/k",
            "https://v/v1/transit//keys/k",
            "https://v/v1/transit/keys/k?x=y",
        ] {
            refused(
                MasterKey::parse_hc_vault(text),
                ParseKeyErrorKind::InvalidId,
            );
        }
        let error = MasterKey::parse_hc_vault("https://me:hunter2@v/k").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
