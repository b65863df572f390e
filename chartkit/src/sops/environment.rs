//! The values of a file as variables of an environment.

use std::fmt;

use crate::sops::tree::entries;
use crate::sops::{DecryptedFile, Secret, store};

impl DecryptedFile {
    /// The variables of its first document: every key and its value as text.
    ///
    /// # Shape
    ///
    /// In the order of the file; a key may stand twice. Comments are left out. Texts are as they are,
    /// other values as in a dotenv file: `true`, `5`, `1.5`, `<nil>`.
    ///
    /// # Errors
    ///
    /// A value that is no scalar; a key or value that an environment cannot hold.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/main.go`, `exec-env`.
    pub fn environment(&self) -> Result<Vec<(String, Secret)>, EnvironmentError> {
        let items = self.branches().first().into_iter().flat_map(entries);
        let items = items.map(|entry| {
            let refused = |why| {
                Err(EnvironmentError {
                    key: entry.key.clone(),
                    why,
                })
            };
            if entry.key.is_empty() || entry.key.contains(['=', '\0']) {
                return refused(Why::Key);
            }
            match store::flat_text(&entry.value.value) {
                Some(text) if text.expose().contains(&0) => refused(Why::Nul),
                Some(text) => Ok((entry.key.clone(), text)),
                None => refused(Why::Nested(entry.value.value.type_name())),
            }
        });
        items.collect()
    }
}

/// A key that cannot be a variable of an environment. Never holds its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError {
    key: String,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Key,
    Nul,
    Nested(&'static str),
}

impl EnvironmentError {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = crate::quote::Quoted(&self.key);
        match self.why {
            Why::Key => write!(
                f,
                "{key} cannot be the name of a variable, which has no `=` and is not empty"
            ),
            Why::Nul => write!(
                f,
                "the value of {key} cannot be that of a variable: it has a zero byte"
            ),
            Why::Nested(found) => {
                write!(
                    f,
                    "the value of {key} cannot be that of a variable: found a {found}, expected a scalar"
                )
            }
        }
    }
}

impl std::error::Error for EnvironmentError {}
