//! age: files for one recipient each, opened with any of a set of identities.
//!
//! Decides which identities are tried in which order, and what is said when none fits. Must not know
//! where identities come from: the edge reads them (`io::age_service`), other programs hand them
//! in. An age file holds the nonces and ephemeral keys that the `age` crate draws from the system.
//!
//! # Source
//!
//! SOPS v3.13.3, `age/keysource.go`, `age/encrypted_keys.go`, `age/ssh_parse.go`.

mod hybrid;
mod identity;
mod interaction;
mod ssh;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use age::DecryptError;
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use zeroize::Zeroizing;

pub use self::identity::IdentityLayout;
#[cfg(feature = "fs")]
pub(crate) use self::interaction::AgeCallbacks;
pub use self::interaction::{Interaction, NoInteraction};

use self::identity::{Identity, Setting};
use crate::sops::key_text::check_recipient;
use crate::sops::{KeyError, KeyService, MasterKey, Place, PlaceOutcome, Secret};

/// Encrypts data keys to age recipients, and decrypts them with age identities.
///
/// # Shape
///
/// Recipients are those of [`MasterKey::parse_age`]. Identities are added with the name of the place
/// that they come from; they are parsed once. When a data key is decrypted, the identities that need
/// nobody are tried first, that of the entry's recipient before the others; then those that a command
/// prints; last those that ask for a passphrase or belong to a plugin.
///
/// # Examples
///
/// ```
/// use chartkit::sops::{AgeService, IdentityLayout, KeyService, MasterKey, Secret};
///
/// let identity = "AGE-SECRET-KEY-199A0D0YZY8M28F0XP8LYG3NLJGWMJALA7W54E5X7JZK5RXUTVF9Q7KVYC3";
/// let recipient = "age1j6yxfghjd3fux27vkxyuu34t7vq0dae29tcms63s7q3q0r9eheksjafau9";
/// let key = MasterKey::age(recipient);
///
/// let anyone = AgeService::new();
/// let enc = anyone.encrypt(&key, &Secret::from("data key")).unwrap()?;
/// assert!(enc.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
/// let error = anyone.decrypt(&key, &enc).unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "there are no age identities");
///
/// let mut alice = AgeService::new();
/// alice.add_identities("keys.txt", &Secret::from(identity), IdentityLayout::Lines)?;
/// assert_eq!(alice.decrypt(&key, &enc).unwrap()?, Secret::from("data key"));
/// # Ok::<(), chartkit::sops::KeyError>(())
/// ```
pub struct AgeService {
    setting: Setting,
    sources: Vec<Source>,
}

/// A place where identities were looked for.
struct Source {
    location: String,
    content: Content,
}

enum Content {
    Identities(Vec<Identity>),
    Command(Command),
    Missing,
    Failed(KeyError),
}

/// Prints the identity for a recipient.
type Run = Box<dyn Fn(&str) -> Result<Secret, KeyError> + Send + Sync>;

/// A command that prints identities; it is told the recipient, and run once for each.
struct Command {
    is_ssh: bool,
    run: Run,
    printed: Mutex<BTreeMap<String, Printed>>,
}

/// What a command printed for one recipient, once it was run.
type Printed = Arc<OnceLock<Result<Vec<Identity>, KeyError>>>;

impl Default for AgeService {
    fn default() -> Self {
        Self::new()
    }
}

impl AgeService {
    /// A service without identities: it can only encrypt.
    #[must_use]
    pub fn new() -> Self {
        Self {
            setting: Setting::default(),
            sources: Vec::new(),
        }
    }

    /// The same service, asking for passphrases this way. Nobody is asked before.
    ///
    /// Counts for the identities that are added later.
    #[must_use]
    pub fn with_interaction(mut self, interaction: Arc<dyn Interaction>) -> Self {
        self.setting.interaction = interaction;
        self
    }

    /// The same service, with what runs plugins. Counts for the identities that are added later.
    #[cfg(feature = "fs")]
    pub(crate) fn with_plugins(mut self, plugins: Arc<dyn AgePlugins>) -> Self {
        self.setting.plugins = Some(plugins);
        self
    }

    /// Adds the identities of a text: `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…` and
    /// `AGE-PLUGIN-…`, or an age file with such lines that is protected by a passphrase.
    ///
    /// # Shape
    ///
    /// Empty lines and lines that start with `#` do not count. A line must be the identity and nothing
    /// else; with [`IdentityLayout::Words`] it may have several with blanks between. A passphrase is
    /// asked for when no other identity fits.
    ///
    /// # Errors
    ///
    /// A line that is no identity: nothing of the text is added. The error says which line, never what
    /// it holds.
    pub fn add_identities(
        &mut self,
        location: &str,
        text: &Secret,
        layout: IdentityLayout,
    ) -> Result<(), KeyError> {
        let identities = identity::parse(location, text, layout, &self.setting)?;
        self.add(location, Content::Identities(identities));
        Ok(())
    }

    /// Adds a private key of `OpenSSH`: `ssh-ed25519` or `ssh-rsa`.
    ///
    /// # Shape
    ///
    /// `-----BEGIN OPENSSH PRIVATE KEY-----` or `-----BEGIN RSA PRIVATE KEY-----`. The passphrase of
    /// a protected key is asked for when a data key is encrypted to it.
    ///
    /// # Errors
    ///
    /// A text that is no such key. DIFFERENCE: PKCS #8 and RSA keys in the old encryption of PEM are
    /// refused; `ssh-keygen -p` rewrites them.
    pub fn add_ssh_identity(&mut self, location: &str, text: &Secret) -> Result<(), KeyError> {
        let identity = ssh::parse(location, text, &self.setting)?;
        self.add(location, Content::Identities(vec![identity]));
        Ok(())
    }

    /// Adds a command that prints identities, one a line; it is given the recipient, and run once for
    /// each recipient when no identity at hand fits.
    ///
    /// DIFFERENCE: SOPS runs it for every key before it tries any identity.
    pub fn add_command(
        &mut self,
        location: &str,
        run: impl Fn(&str) -> Result<Secret, KeyError> + Send + Sync + 'static,
    ) {
        self.add_any_command(location, false, Box::new(run));
    }

    /// As [`AgeService::add_command`], for a command that prints a private key of `OpenSSH` without
    /// passphrase.
    pub fn add_ssh_command(
        &mut self,
        location: &str,
        run: impl Fn(&str) -> Result<Secret, KeyError> + Send + Sync + 'static,
    ) {
        self.add_any_command(location, true, Box::new(run));
    }

    /// Remembers a place that has no identities, for the failure report.
    pub fn add_missing(&mut self, location: &str) {
        self.add(location, Content::Missing);
    }

    /// Remembers a place whose identities cannot be used, for the failure report.
    pub fn add_failed(&mut self, location: &str, error: KeyError) {
        self.add(location, Content::Failed(error));
    }

    /// Whether there is an identity, or a command that may print one.
    #[must_use]
    pub fn has_identities(&self) -> bool {
        self.sources.iter().any(|source| match &source.content {
            Content::Identities(identities) => !identities.is_empty(),
            Content::Command(_) => true,
            Content::Missing | Content::Failed(_) => false,
        })
    }

    fn add_any_command(&mut self, location: &str, is_ssh: bool, run: Run) {
        let printed = Mutex::default();
        let command = Command {
            is_ssh,
            run,
            printed,
        };
        self.add(location, Content::Command(command));
    }

    fn add(&mut self, location: &str, content: Content) {
        let location = location.to_owned();
        self.sources.push(Source { location, content });
    }

    fn open(&self, recipient: &str, enc: &str) -> Result<Secret, KeyError> {
        let mut at_hand: Vec<&Identity> = self
            .sources
            .iter()
            .filter_map(|source| match &source.content {
                Content::Identities(identities) => Some(identities),
                _ => None,
            })
            .flatten()
            .collect();
        at_hand.sort_by_key(|identity| (identity.asks(), !identity.is_of(recipient)));
        let first_asking = at_hand.partition_point(|identity| !identity.asks());
        let (ready, asking) = at_hand.split_at(first_asking);

        if let Some(data_key) = open_with(ready, enc)? {
            return Ok(data_key);
        }
        let mut printed = Vec::new();
        for source in &self.sources {
            if let Content::Command(command) = &source.content {
                let slot = command.identities(&source.location, recipient, &self.setting);
                if let Some(Ok(identities)) = slot.get()
                    && let Some(data_key) = open_with(&identities.iter().collect::<Vec<_>>(), enc)?
                {
                    return Ok(data_key);
                }
                printed.push(slot);
            }
        }
        match open_with(asking, enc)? {
            Some(data_key) => Ok(data_key),
            None => Err(self.nothing_fits(&printed)),
        }
    }

    fn nothing_fits(&self, printed: &[Printed]) -> KeyError {
        let mut printed = printed.iter();
        let mut places = Vec::new();
        for source in &self.sources {
            let outcome = match &source.content {
                Content::Identities(identities) => outcome_of(identities),
                Content::Command(_) => match printed.next().and_then(|slot| slot.get()) {
                    Some(Ok(identities)) => outcome_of(identities),
                    Some(Err(error)) => PlaceOutcome::Failed(error.to_string()),
                    None => PlaceOutcome::Missing,
                },
                Content::Missing => PlaceOutcome::Missing,
                Content::Failed(error) => PlaceOutcome::Failed(error.to_string()),
            };
            places.push(Place {
                location: source.location.clone(),
                outcome,
            });
        }
        let found = |place: &Place| matches!(place.outcome, PlaceOutcome::Found(_));
        KeyError::new(if places.iter().any(found) {
            "no age identity fits"
        } else {
            "there are no age identities"
        })
        .looked_in(places)
    }
}

fn outcome_of(identities: &[Identity]) -> PlaceOutcome {
    match identities.iter().find_map(Identity::problem) {
        Some(error) => PlaceOutcome::Failed(error.to_string()),
        None if identities.is_empty() => PlaceOutcome::Missing,
        None => PlaceOutcome::Found(identities.len()),
    }
}

impl Command {
    /// What the command printed for a recipient.
    fn identities(&self, location: &str, recipient: &str, setting: &Setting) -> Printed {
        let slot = {
            let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(printed.entry(recipient.to_owned()).or_default())
        };
        slot.get_or_init(|| {
            let text = (self.run)(recipient)?;
            if !self.is_ssh {
                return identity::parse(location, &text, IdentityLayout::Lines, setting);
            }
            let identity = ssh::parse(location, &text, setting)?;
            if identity.asks() {
                return Err(KeyError::new(
                    "the SSH key that the command prints is protected by a passphrase, expected one \
                     without",
                ));
            }
            Ok(vec![identity])
        });
        slot
    }
}

impl KeyService for AgeService {
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
        let MasterKey::Age { recipient } = key else {
            return None;
        };
        Some(seal(recipient, data_key, &self.setting))
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
        let MasterKey::Age { recipient } = key else {
            return None;
        };
        Some(self.open(recipient, enc))
    }
}

impl fmt::Debug for AgeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locations: Vec<_> = self.sources.iter().map(|source| &source.location).collect();
        f.debug_struct("AgeService")
            .field("locations", &locations)
            .finish_non_exhaustive()
    }
}

/// What runs the programs that plugins are: only the edge may.
pub(crate) trait AgePlugins: Send + Sync {
    /// The identity of a text `AGE-PLUGIN-…`.
    fn identity(
        &self,
        text: &str,
        interaction: &Arc<dyn Interaction>,
    ) -> Result<Box<dyn age::Identity>, KeyError>;

    /// The recipient of a text `age1name1…`.
    fn recipient(
        &self,
        text: &str,
        interaction: &Arc<dyn Interaction>,
    ) -> Result<Box<dyn age::Recipient>, KeyError>;
}

/// An age file with one recipient, in ASCII armor.
fn seal(recipient: &str, data_key: &Secret, setting: &Setting) -> Result<String, KeyError> {
    let recipient = parse_recipient(recipient, setting)?;
    let failed = |error: &dyn fmt::Display| KeyError::new(format!("age cannot encrypt: {error}"));
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&*recipient))
        .map_err(|error| failed(&error))?;
    let mut armor = Vec::new();
    ArmoredWriter::wrap_output(&mut armor, Format::AsciiArmor)
        .and_then(|writer| encryptor.wrap_output(writer))
        .and_then(|mut writer| {
            writer.write_all(data_key.expose())?;
            writer.finish()?.finish()
        })
        .map_err(|error| failed(&error))?;
    Ok(String::from_utf8(armor).expect("an armor is ASCII"))
}

fn parse_recipient(text: &str, setting: &Setting) -> Result<Box<dyn age::Recipient>, KeyError> {
    // Says what is wrong in the words that rules and flags have for it.
    check_recipient(text).map_err(|error| KeyError::new(error.to_string()))?;
    let invalid = || KeyError::new(format!("`{text}` is no valid recipient"));
    if text.starts_with("ssh-") {
        let recipient: age::ssh::Recipient = text.parse().map_err(|_| {
            KeyError::new(format!(
                "`{text}` is no SSH key that age encrypts to: `ssh-ed25519`, or `ssh-rsa` of 2048 bits \
                 or more"
            ))
        })?;
        return Ok(Box::new(recipient));
    }
    if text.starts_with("age1pq1") {
        let recipient = hybrid::Recipient::parse(text).ok_or_else(invalid)?;
        return Ok(Box::new(recipient));
    }
    // DIFFERENCE: SOPS looks for programs `age-plugin-tag` and `age-plugin-tagpq`.
    if text.starts_with("age1tag1") {
        let recipient: age::tag::Recipient = text.parse().map_err(|_| invalid())?;
        return Ok(Box::new(recipient));
    }
    if text.starts_with("age1tagpq1") {
        let recipient: age::tagpq::Recipient = text.parse().map_err(|_| invalid())?;
        return Ok(Box::new(recipient));
    }
    if text.matches('1').count() > 1 {
        return match &setting.plugins {
            Some(plugins) => plugins.recipient(text, &setting.interaction),
            None => Err(identity::no_plugins(text)),
        };
    }
    let recipient: age::x25519::Recipient = text.parse().map_err(|_| invalid())?;
    Ok(Box::new(recipient))
}

/// What an age file holds, if one of the identities opens it.
fn open_with(identities: &[&Identity], enc: &str) -> Result<Option<Secret>, KeyError> {
    if identities.is_empty() {
        return Ok(None);
    }
    let damaged = |what: &str| KeyError::new(format!("the age file is damaged: {what}"));
    let decryptor = age::Decryptor::new(ArmoredReader::new(enc.trim().as_bytes()))
        .map_err(|error| damaged(&words(&error)))?;
    let identities = identities
        .iter()
        .map(|identity| *identity as &dyn age::Identity);
    let mut reader = match decryptor.decrypt(identities) {
        Ok(reader) => reader,
        Err(DecryptError::NoMatchingKeys) => return Ok(None),
        Err(error) => return Err(damaged(&words(&error))),
    };
    let mut buffer = Zeroizing::new([0; 64]);
    let mut data_key = Secret::default();
    loop {
        let read = reader
            .read(&mut *buffer)
            .map_err(|_| damaged("what is encrypted is not what was written"))?;
        if read == 0 {
            break;
        }
        data_key.push(&buffer[..read]);
    }
    Ok(Some(data_key))
}

/// What the `age` crate says, in our words where it speaks to the user of another program.
fn words(error: &DecryptError) -> String {
    match error {
        DecryptError::DecryptionFailed => "its key cannot be decrypted".to_owned(),
        DecryptError::ExcessiveWork { .. } => "its passphrase takes too much work".to_owned(),
        DecryptError::InvalidHeader => "its header is not as age writes it".to_owned(),
        DecryptError::InvalidMac => "its header was changed".to_owned(),
        DecryptError::Io(_) => "it is no age file in ASCII armor".to_owned(),
        DecryptError::UnknownFormat => "it has another version than 1".to_owned(),
        other => other.to_string(),
    }
}
