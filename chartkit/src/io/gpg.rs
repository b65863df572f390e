#![expect(clippy::disallowed_methods, reason = "this module is the edge")]
//! OpenPGP keys, by the program `gpg`.
//!
//! Decides how gpg is called. It is run for data keys under OpenPGP keys and for nothing else; it finds
//! its keys, and asks for passphrases, as it is set up to.
//!
//! # Source
//!
//! SOPS v3.13.3, `pgp/keysource.go`, `encryptWithGnuPG`, `decryptWithGnuPG`, `gpgExec`. DIFFERENCE: SOPS
//! first tries the key rings of GnuPG before 2.1 by itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::command::{Finished, run};
use crate::secret::Secret;
use crate::sops::{KeyError, KeyService, MasterKey};

/// Encrypts and decrypts data keys under OpenPGP keys with `gpg`.
///
/// # Examples
///
/// ```
/// use chartkit::io::GpgService;
/// use chartkit::sops::{KeyService, MasterKey};
///
/// let gpg = GpgService::new(&|name| std::env::var_os(name));
/// assert!(gpg.decrypt(&MasterKey::age("age1…"), "").is_none()); // not run for keys of other kinds
/// ```
#[derive(Clone, Debug)]
pub struct GpgService {
    program: OsString,
    home: Option<PathBuf>,
}

impl GpgService {
    /// The program that the variable `SOPS_GPG_EXEC` names, else `gpg`.
    #[must_use]
    pub fn new(environment: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let program = environment("SOPS_GPG_EXEC").filter(|program| !program.is_empty());
        Self {
            program: program.unwrap_or_else(|| "gpg".into()),
            home: None,
        }
    }

    /// The same with another folder for its keys than `GNUPGHOME` or `~/.gnupg`.
    #[must_use]
    pub fn with_home(mut self, folder: impl Into<PathBuf>) -> Self {
        self.home = Some(folder.into());
        self
    }

    fn run(&self, arguments: &[&str], input: &Secret, what: &str) -> Result<Secret, KeyError> {
        let mut command = Command::new(&self.program);
        if let Some(home) = &self.home {
            command.arg("--homedir").arg(home);
        }
        let program = self.program.display();
        let Finished {
            stdout,
            stderr,
            failure,
        } = run(command.args(arguments), input).map_err(|error| {
            KeyError::new(format!(
                "`{program}` cannot be run: {error}; `SOPS_GPG_EXEC` names another program"
            ))
        })?;
        match failure {
            // gpg may drop what it does not know how to decrypt and say that all is well.
            None if stdout.is_empty() => Err(KeyError::new(format!(
                "`{program}` cannot {what} the data key: it gave nothing back"
            ))),
            None => Ok(stdout),
            Some(status) => {
                let said = String::from_utf8_lossy(stderr.expose());
                Err(KeyError::new(format!(
                    "`{program}` cannot {what} the data key: {status}: {}",
                    said.trim()
                )))
            }
        }
    }
}

impl KeyService for GpgService {
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
        let MasterKey::Pgp { fingerprint } = key else {
            return None;
        };
        let arguments = [
            "--no-default-recipient",
            "--yes",
            "--encrypt",
            "-a",
            "-r",
            fingerprint,
            "--trusted-key",
            key_id(fingerprint),
            "--no-encrypt-to",
        ];
        let armor = self.run(&arguments, data_key, "encrypt");
        Some(armor.and_then(|armor| match armor.as_str() {
            Some(text) => Ok(text.trim().to_owned()),
            None => Err(KeyError::new("gpg wrote no armor, expected one")),
        }))
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
        matches!(key, MasterKey::Pgp { .. })
            .then(|| self.run(&["-d"], &Secret::from(enc), "decrypt"))
    }
}

/// The last 16 digits of a fingerprint, and the `!` behind them that means no other key will do.
fn key_id(fingerprint: &str) -> &str {
    let digits = fingerprint.strip_suffix('!').unwrap_or(fingerprint);
    let start = digits.len().saturating_sub(16);
    fingerprint.get(start..).unwrap_or(fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids() {
        let fingerprint = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4";
        assert_eq!(key_id(fingerprint), "3D16CEE4A27381B4");
        assert_eq!(key_id(&format!("{fingerprint}!")), "3D16CEE4A27381B4!");
        assert_eq!(key_id("A27381B4"), "A27381B4");
        assert_eq!(key_id("ä!"), "ä!");
    }
}
