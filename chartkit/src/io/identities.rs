#![expect(clippy::disallowed_methods, reason = "this module is the edge")]
//! age identities from where SOPS looks for them: the environment, files, commands.
//!
//! Decides where to look and in which order, and remembers what was not there. What an identity is,
//! [`AgeService`] knows.
//!
//! # Source
//!
//! SOPS v3.13.3, `age/keysource.go`, `loadIdentities`, `loadAgeSSHIdentities`, `getUserConfigDir`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command::{read_all, run_line};
use crate::secret::Secret;
use crate::sops::{AgeCallbacks, AgePlugins, AgeService, IdentityLayout, Interaction, KeyError};

/// Says which recipient a command shall print the identity for.
const RECIPIENT_VARIABLE: &str = "SOPS_AGE_RECIPIENT";

/// The longest file of identities, in bytes.
const FILE_LIMIT: u64 = 1 << 24;

/// A service with all age identities that SOPS would find, and with age's plugins.
///
/// # Shape
///
/// `environment` has the variables of the environment; a variable that is set to nothing is set. All
/// these places are looked at, and the [`AgeService`] remembers those without identities:
///
/// 1. `SOPS_AGE_SSH_PRIVATE_KEY_FILE`: the path of an SSH key;
/// 2. `SOPS_AGE_SSH_PRIVATE_KEY_CMD`: a command that prints one;
/// 3. `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`;
/// 4. `SOPS_AGE_KEY`: identities with blanks or line ends between them;
/// 5. `SOPS_AGE_KEY_FILE`: the path of a file with one identity a line;
/// 6. `SOPS_AGE_KEY_CMD`: a command that prints such lines;
/// 7. `sops/age/keys.txt` in the user's folder for configuration.
///
/// Commands are split into words as a shell does and run without one, when they are needed. They have
/// the recipient in `SOPS_AGE_RECIPIENT`.
///
/// # Examples
///
/// ```
/// use std::ffi::OsString;
/// use std::sync::Arc;
///
/// use chartkit::{io, sops};
///
/// let identity = "AGE-SECRET-KEY-199A0D0YZY8M28F0XP8LYG3NLJGWMJALA7W54E5X7JZK5RXUTVF9Q7KVYC3";
/// let environment = |name: &str| (name == "SOPS_AGE_KEY").then(|| OsString::from(identity));
/// let service = io::age_service(&environment, Arc::new(sops::NoInteraction));
/// assert!(service.has_identities());
/// ```
#[must_use]
pub fn age_service(
    environment: &dyn Fn(&str) -> Option<OsString>,
    interaction: Arc<dyn Interaction>,
) -> AgeService {
    let service = AgeService::new()
        .with_interaction(interaction)
        .with_plugins(Arc::new(Programs));
    let mut search = Search {
        environment,
        service,
        is_any_set: false,
    };
    search.ssh_keys();
    search.identities();
    search.service
}

struct Search<'e> {
    environment: &'e dyn Fn(&str) -> Option<OsString>,
    service: AgeService,
    /// Whether a place had something to offer: SOPS then keeps silent about the last one.
    is_any_set: bool,
}

impl Search<'_> {
    fn ssh_keys(&mut self) {
        let variable = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";
        if let Some((location, path)) = self.variable(variable) {
            match read(&path) {
                Ok(text) => self.ssh_key(&location, &text),
                Err(error) => self.service.add_failed(&location, cannot_read(&error)),
            }
        }
        let variable = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
        if let Some((_, line)) = self.variable(variable) {
            self.is_any_set = true;
            self.service.add_ssh_command(variable, move |recipient| {
                run_for(line.as_os_str(), recipient)
            });
        }
        let Some(home) = self.home() else {
            let error = KeyError::new("the home folder is not known");
            self.service.add_failed("~/.ssh", error);
            return;
        };
        for name in ["id_ed25519", "id_rsa"] {
            let path = home.join(".ssh").join(name);
            let location = path.display().to_string();
            match read(&path) {
                Ok(text) => self.ssh_key(&location, &text),
                Err(error) if is_missing(&error) => self.service.add_missing(&location),
                Err(error) => self.service.add_failed(&location, cannot_read(&error)),
            }
        }
    }

    fn ssh_key(&mut self, location: &str, text: &Secret) {
        match self.service.add_ssh_identity(location, text) {
            Ok(()) => self.is_any_set = true,
            Err(error) => self.service.add_failed(location, error),
        }
    }

    fn identities(&mut self) {
        let variable = "SOPS_AGE_KEY";
        match (self.environment)(variable) {
            Some(text) => {
                let text = Secret::from(text.into_encoded_bytes());
                self.add(variable, &text, IdentityLayout::Words);
            }
            None => self.service.add_missing(variable),
        }
        if let Some((location, path)) = self.variable("SOPS_AGE_KEY_FILE") {
            match read(&path) {
                Ok(text) => self.add(&location, &text, IdentityLayout::Lines),
                Err(error) => self.service.add_failed(&location, cannot_read(&error)),
            }
        }
        let variable = "SOPS_AGE_KEY_CMD";
        if let Some((_, line)) = self.variable(variable) {
            self.is_any_set = true;
            self.service.add_command(variable, move |recipient| {
                run_for(line.as_os_str(), recipient)
            });
        }
        let Some(folder) = self.config_folder() else {
            if !self.is_any_set {
                let error = KeyError::new("the user's folder for configuration is not known");
                self.service.add_failed("sops/age/keys.txt", error);
            }
            return;
        };
        let path = folder.join("sops").join("age").join("keys.txt");
        let location = path.display().to_string();
        match read(&path) {
            Ok(text) => self.add(&location, &text, IdentityLayout::Lines),
            Err(error) if is_missing(&error) => {
                if !self.is_any_set {
                    self.service.add_missing(&location);
                }
            }
            Err(error) => self.service.add_failed(&location, cannot_read(&error)),
        }
    }

    fn add(&mut self, location: &str, text: &Secret, layout: IdentityLayout) {
        self.is_any_set = true;
        if let Err(error) = self.service.add_identities(location, text, layout) {
            self.service.add_failed(location, error);
        }
    }

    /// What a variable says and how to call it with that, if it is set; remembers that it is not.
    fn variable(&mut self, name: &str) -> Option<(String, PathBuf)> {
        let Some(value) = (self.environment)(name) else {
            self.service.add_missing(name);
            return None;
        };
        let path = PathBuf::from(value);
        Some((format!("{name}={}", path.display()), path))
    }

    fn folder(&self, variable: &str) -> Option<PathBuf> {
        let value = (self.environment)(variable)?;
        (!value.is_empty()).then(|| PathBuf::from(value))
    }

    fn home(&self) -> Option<PathBuf> {
        self.folder(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    fn config_folder(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.folder("AppData");
        }
        // Go refuses a relative path of this variable, except where SOPS reads it itself.
        match self.folder("XDG_CONFIG_HOME") {
            Some(folder) if cfg!(target_os = "macos") || folder.is_absolute() => Some(folder),
            Some(_) => None,
            None if cfg!(target_os = "macos") => {
                Some(self.home()?.join("Library/Application Support"))
            }
            None => Some(self.home()?.join(".config")),
        }
    }
}

fn run_for(line: &OsStr, recipient: &str) -> Result<Secret, KeyError> {
    run_line(line, RECIPIENT_VARIABLE, recipient).map_err(KeyError::new)
}

fn read(path: &Path) -> io::Result<Secret> {
    let text = read_all(File::open(path)?.take(FILE_LIMIT + 1))?;
    if u64::try_from(text.len()).is_ok_and(|length| length > FILE_LIMIT) {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "found more than 16 MiB, expected identities",
        ));
    }
    Ok(text)
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn cannot_read(error: &io::Error) -> KeyError {
    KeyError::new(format!("it cannot be read: {error}"))
}

/// age's plugins: programs `age-plugin-NAME` on the PATH.
struct Programs;

impl AgePlugins for Programs {
    fn identity(
        &self,
        text: &str,
        interaction: &Arc<dyn Interaction>,
    ) -> Result<Box<dyn age::Identity>, KeyError> {
        let mistyped = |_| KeyError::new("a mistyped identity of a plugin");
        let identity: age::plugin::Identity = text.parse().map_err(mistyped)?;
        let name = identity.plugin().to_owned();
        let callbacks = AgeCallbacks(Arc::clone(interaction));
        let plugin = age::plugin::IdentityPluginV1::new(&name, &[identity], callbacks)
            .map_err(|_| not_installed(&name))?;
        Ok(Box::new(plugin))
    }

    fn recipient(
        &self,
        text: &str,
        interaction: &Arc<dyn Interaction>,
    ) -> Result<Box<dyn age::Recipient>, KeyError> {
        let mistyped = |_| KeyError::new(format!("`{text}` is no valid recipient"));
        let recipient: age::plugin::Recipient = text.parse().map_err(mistyped)?;
        let name = recipient.plugin().to_owned();
        let callbacks = AgeCallbacks(Arc::clone(interaction));
        let plugin = age::plugin::RecipientPluginV1::new(&name, &[recipient], &[], callbacks)
            .map_err(|_| not_installed(&name))?;
        Ok(Box::new(plugin))
    }
}

fn not_installed(plugin: &str) -> KeyError {
    KeyError::new(format!("`age-plugin-{plugin}` is not on the PATH"))
}
