//! Identities from text: what a line may say, and what opens with it.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::{DecryptError, scrypt, x25519};
use age_core::format::{FileKey, Stanza};

use super::{AgePlugins, Interaction, NoInteraction, hybrid, ssh};
use crate::sops::{KeyError, Secret};

/// How identities stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityLayout {
    /// One a line, and nothing else on it.
    Lines,
    /// Several a line, with blanks between and around: as in `SOPS_AGE_KEY`.
    Words,
}

/// The longest protected identity file, in bytes.
const ENCRYPTED_FILE_LIMIT: usize = 1 << 24;

/// The most work that a passphrase may take, as a power of two: about a second at 18, as Go's age.
const MAX_WORK_FACTOR: u8 = 22;

/// What identities need besides their text.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) interaction: Arc<dyn Interaction>,
    pub(super) plugins: Option<Arc<dyn AgePlugins>>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            interaction: Arc::new(NoInteraction),
            plugins: None,
        }
    }
}

/// What opens age files.
pub(super) enum Identity {
    X25519 {
        identity: x25519::Identity,
        recipient: String,
    },
    Hybrid(Box<hybrid::Identity>),
    Ssh(Box<age::ssh::Identity>),
    ProtectedSsh(Box<ssh::Protected>),
    ProtectedFile(ProtectedFile),
    Plugin(Plugin),
}

impl Identity {
    /// Whether a person or another program may be asked when it is used.
    pub(super) fn asks(&self) -> bool {
        match self {
            Self::X25519 { .. } | Self::Hybrid(_) | Self::Ssh(_) => false,
            Self::ProtectedSsh(_) | Self::ProtectedFile(_) | Self::Plugin(_) => true,
        }
    }

    /// Whether it is known to open what is encrypted to a recipient.
    pub(super) fn is_of(&self, recipient: &str) -> bool {
        matches!(self, Self::X25519 { recipient: own, .. } if own == recipient)
    }

    /// Why it could not be used, if it was tried.
    pub(super) fn problem(&self) -> Option<&KeyError> {
        match self {
            Self::X25519 { .. } | Self::Hybrid(_) | Self::Ssh(_) => None,
            Self::ProtectedSsh(key) => key.problem(),
            Self::ProtectedFile(file) => file.identities.get()?.as_ref().err(),
            Self::Plugin(plugin) => plugin.problem.get(),
        }
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        match self {
            Self::X25519 { identity, .. } => identity.unwrap_stanzas(stanzas),
            Self::Hybrid(identity) => identity.unwrap_stanzas(stanzas),
            Self::Ssh(identity) => identity.unwrap_stanzas(stanzas),
            Self::ProtectedSsh(key) => key.unwrap_stanzas(stanzas),
            Self::ProtectedFile(file) => file.unwrap_stanzas(stanzas),
            Self::Plugin(plugin) => plugin.unwrap_stanzas(stanzas),
        }
    }
}

/// The identities of a text, or of the age file that the text is.
///
/// # Source
///
/// SOPS v3.13.3, `age/encrypted_keys.go`, `unwrapIdentities`.
pub(super) fn parse(
    location: &str,
    text: &Secret,
    layout: IdentityLayout,
    setting: &Setting,
) -> Result<Vec<Identity>, KeyError> {
    let bytes = text.expose();
    if bytes.starts_with(b"age-encryption") || bytes.starts_with(b"-----BEGIN AGE") {
        if bytes.len() >= ENCRYPTED_FILE_LIMIT {
            return Err(KeyError::new("found more than 16 MiB, expected identities"));
        }
        return Ok(vec![Identity::ProtectedFile(ProtectedFile {
            location: location.to_owned(),
            content: text.clone(),
            setting: setting.clone(),
            identities: OnceLock::new(),
        })]);
    }
    parse_lines(text, layout, setting)
}

/// # Source
///
/// SOPS v3.13.3, `age/keysource.go`, `parseIdentities`.
fn parse_lines(
    text: &Secret,
    layout: IdentityLayout,
    setting: &Setting,
) -> Result<Vec<Identity>, KeyError> {
    let Some(text) = text.as_str() else {
        return Err(KeyError::new(
            "found bytes that are not UTF-8, expected identities",
        ));
    };
    let mut identities = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut add = |word: &str| {
            let identity = parse_identity(word, setting).map_err(|what| {
                KeyError::new(format!(
                    "line {number} is {what}, expected `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…` or \
                     `AGE-PLUGIN-…`"
                ))
            })?;
            identities.push(identity);
            Ok(())
        };
        match layout {
            IdentityLayout::Lines => add(line)?,
            IdentityLayout::Words => line.split_whitespace().try_for_each(add)?,
        }
    }
    Ok(identities)
}

/// An identity, or what the text is instead.
fn parse_identity(text: &str, setting: &Setting) -> Result<Identity, &'static str> {
    let mistyped = "a mistyped identity";
    if text.starts_with("AGE-PLUGIN-") {
        let name = plugin_of_identity(text).ok_or(mistyped)?;
        return Ok(Identity::Plugin(Plugin {
            name,
            text: Secret::from(text),
            setting: setting.clone(),
            problem: OnceLock::new(),
        }));
    }
    if text.starts_with("AGE-SECRET-KEY-PQ-1") {
        let identity = hybrid::Identity::parse(text).ok_or(mistyped)?;
        return Ok(Identity::Hybrid(Box::new(identity)));
    }
    if text.starts_with("AGE-SECRET-KEY-1") {
        let identity: x25519::Identity = text.parse().map_err(|_| mistyped)?;
        let recipient = identity.to_public().to_string();
        return Ok(Identity::X25519 {
            identity,
            recipient,
        });
    }
    Err(if text.starts_with("age1") {
        "a recipient"
    } else if text.contains("PRIVATE KEY") {
        "an SSH key"
    } else {
        "no identity"
    })
}

/// `name` of `AGE-PLUGIN-NAME-1…`, if the checksum is right.
fn plugin_of_identity(text: &str) -> Option<String> {
    let (prefix, _) = text.rsplit_once('1')?;
    crate::sops::bech32::decode(&prefix.to_lowercase(), text)?;
    let name = prefix.strip_prefix("AGE-PLUGIN-")?.strip_suffix('-')?;
    (!name.is_empty()).then(|| name.to_lowercase())
}

/// Why a plugin's key cannot be used by a program that runs none.
pub(super) fn no_plugins(recipient_or_name: &str) -> KeyError {
    KeyError::new(format!(
        "`{recipient_or_name}` needs a plugin of age, and this program runs none"
    ))
}

/// An age file of identities that is protected by a passphrase.
pub(super) struct ProtectedFile {
    location: String,
    content: Secret,
    setting: Setting,
    /// Its identities, once the passphrase was asked for.
    identities: OnceLock<Result<Vec<Identity>, KeyError>>,
}

impl ProtectedFile {
    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        // A failure is no reason to stop: another identity may fit. It is told by `problem`.
        let identities = self.identities.get_or_init(|| self.open()).as_ref().ok()?;
        let mut tried = identities.iter();
        tried.find_map(|identity| age::Identity::unwrap_stanzas(identity, stanzas))
    }

    fn open(&self) -> Result<Vec<Identity>, KeyError> {
        let no_file = |_| KeyError::new("a damaged age file, expected identities");
        let decryptor =
            age::Decryptor::new(ArmoredReader::new(self.content.expose())).map_err(no_file)?;
        if !decryptor.is_scrypt() {
            return Err(KeyError::new(
                "an age file that is encrypted to a recipient, expected identities or such a file with a \
                 passphrase",
            ));
        }
        let passphrase = ask(&self.setting, &self.location)?;
        let mut key = scrypt::Identity::new(passphrase);
        key.set_max_work_factor(MAX_WORK_FACTOR);
        let mut reader = match decryptor.decrypt(std::iter::once(&key as &dyn age::Identity)) {
            Ok(reader) => reader,
            Err(DecryptError::ExcessiveWork { required, .. }) => {
                return Err(KeyError::new(format!(
                    "its passphrase takes a work factor of {required}, expected {MAX_WORK_FACTOR} at most"
                )));
            }
            Err(_) => return Err(KeyError::new("incorrect passphrase")),
        };
        // Grows to one allocation, which the secret takes over and wipes.
        let mut text = Vec::with_capacity(self.content.len());
        reader
            .read_to_end(&mut text)
            .map_err(|_| KeyError::new("a damaged age file, expected identities"))?;
        parse_lines(&Secret::from(text), IdentityLayout::Lines, &self.setting)
    }
}

/// Asks for the passphrase of a place.
pub(super) fn ask(setting: &Setting, location: &str) -> Result<SecretString, KeyError> {
    let answer = setting
        .interaction
        .passphrase(&format!("passphrase for `{location}`"));
    answer
        .as_ref()
        .and_then(Secret::as_str)
        .filter(|passphrase| !passphrase.is_empty())
        .map(SecretString::from)
        .ok_or_else(|| KeyError::new("it is protected by a passphrase, and none was given"))
}

/// An identity that a plugin knows what to do with.
pub(super) struct Plugin {
    name: String,
    text: Secret,
    setting: Setting,
    /// Why it could not be used the first time that it was tried.
    problem: OnceLock<KeyError>,
}

impl Plugin {
    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let identity = match (&self.setting.plugins, self.text.as_str()) {
            (Some(plugins), Some(text)) => plugins.identity(text, &self.setting.interaction),
            _ => Err(no_plugins(&format!(
                "AGE-PLUGIN-{}-1…",
                self.name.to_uppercase()
            ))),
        };
        let unwrapped = identity.map(|identity| identity.unwrap_stanzas(stanzas));
        match unwrapped {
            Ok(Some(Ok(file_key))) => Some(Ok(file_key)),
            Ok(None) => None,
            Ok(Some(Err(error))) => {
                let what = format!("plugin `{}`: {}", self.name, super::words(&error));
                self.problem.get_or_init(|| KeyError::new(what));
                None
            }
            Err(error) => {
                self.problem.get_or_init(|| error);
                None
            }
        }
    }
}
