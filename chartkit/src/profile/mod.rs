//! Profiles: named values for a type of stack, riding in the chart.
//!
//! Decides what a profile is, in which order its layers go, and what the effective values of a chart
//! with a profile, files and sets are. The format is normative in `docs/formats/profiles.md`.
//! Encrypted files stay [`EncryptedFile`]s here: keys are not this module's business.

mod effective;
mod encrypted;
mod find;
mod secrets;

pub use effective::{
    Decrypt, Effective, EffectiveError, EffectiveErrorKind, EffectiveOptions, Secrets, SetArgument,
    ValuesFile, effective_values,
};
pub use encrypted::{EncryptedFile, EncryptedFileError, MASK, SecretLeaf};
pub use find::{Found, FoundIn, ProfileError, ProfileErrorKind, attach, find, find_all};

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::chart::File;

/// The folder of a chart that holds its profiles.
pub const FOLDER: &str = "profiles";

/// A profile of one chart, as found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// Its name: that of its folder, a DNS-1123 label.
    pub name: String,
    /// What `profile.yaml` says; all empty without that file.
    pub description: Description,
    /// `values.yaml`, the overrides.
    pub values: Option<File>,
    /// `secrets.yaml`, encrypted by SOPS.
    pub secrets: Option<File>,
    /// `.sops.yaml`, who may read and change the secrets.
    pub sops_config: Option<File>,
    /// Files of the folder that mean nothing to chartkit; they ride along.
    pub others: Vec<File>,
}

/// What a `profile.yaml` says.
///
/// # Examples
///
/// ```yaml
/// description: a tenth of production's traffic
/// stack: production
/// extends: [production]
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Description {
    /// One line for people.
    pub description: Option<Arc<str>>,
    /// The kind of stack that it is made for.
    pub stack: Option<Stack>,
    /// Profiles of the same chart whose layers come first, in this order.
    pub extends: Vec<String>,
}

/// A kind of stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stack {
    /// A developer's own machine.
    Minikube,
    /// Made for a test and thrown away.
    Ephemeral,
    /// Shared and kept, such as qa1.
    Persistent,
    /// What customers use.
    Production,
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minikube => "minikube",
            Self::Ephemeral => "ephemeral",
            Self::Persistent => "persistent",
            Self::Production => "production",
        })
    }
}

/// Whether a name is a DNS-1123 label: at most 63 of `a-z`, `0-9` and `-`, no `-` at either end.
#[must_use]
pub fn is_valid_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::is_valid_name;

    #[test]
    fn names_are_dns_1123_labels() {
        for name in ["a", "qa1", "prod-eu", "0", &"a".repeat(63)] {
            assert!(is_valid_name(name), "{name}");
        }
        for name in ["", "-a", "a-", "QA", "a_b", "a.b", "ä", &"a".repeat(64)] {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}
