//! The keys that encrypt a file's data key.

use std::collections::BTreeMap;
use std::fmt;

/// A key that encrypts data keys: who may read a file.
///
/// # Shape
///
/// `Display` is the text that SOPS compares keys by: the recipient, the fingerprint, or
/// `arn[+role][|context][|profile]` with the context as sorted `k:v,…`.
///
/// # Source
///
/// SOPS v3.13.3, `age/keysource.go`, `kms/keysource.go` and so on, `MasterKey.ToString`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MasterKey {
    /// An age recipient: `age1…`, `age1pq1…`, a plugin's or `ssh-…`.
    Age {
        /// The recipient.
        recipient: String,
    },
    /// A key of AWS KMS.
    Kms {
        /// The key or alias.
        arn: String,
        /// The role to assume; may be empty.
        role: String,
        /// The encryption context.
        context: BTreeMap<String, String>,
        /// The profile of the shared AWS configuration; may be empty.
        aws_profile: String,
    },
    /// An OpenPGP key.
    Pgp {
        /// Its fingerprint, without blanks.
        fingerprint: String,
    },
    /// A key of Google Cloud KMS.
    GcpKms {
        /// `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
        resource_id: String,
    },
    /// A key of HUAWEI CLOUD KMS.
    HcKms {
        /// `region:uuid`.
        key_id: String,
    },
    /// A key of Azure Key Vault.
    AzureKv {
        /// `https://…`, without a path.
        vault_url: String,
        /// Its name.
        name: String,
        /// Its version; may be empty where SOPS would look it up.
        version: String,
    },
    /// A key of the transit engine of HashiCorp Vault.
    HcVault {
        /// `https://…`, without a path.
        vault_address: String,
        /// Where the engine is mounted.
        engine_path: String,
        /// Its name.
        key_name: String,
    },
}

/// The kind of a [`MasterKey`].
///
/// # Shape
///
/// Ordered as SOPS orders the keys of a group when it reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// AWS KMS.
    Kms,
    /// Google Cloud KMS.
    GcpKms,
    /// HUAWEI CLOUD KMS.
    HcKms,
    /// Azure Key Vault.
    AzureKv,
    /// HashiCorp Vault.
    HcVault,
    /// OpenPGP.
    Pgp,
    /// age.
    Age,
}

impl KeyType {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Kms,
        Self::GcpKms,
        Self::HcKms,
        Self::AzureKv,
        Self::HcVault,
        Self::Pgp,
        Self::Age,
    ];

    /// The order in which the keys of a group are tried when nothing else is said; others come after.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `sops.go`, `DefaultDecryptionOrder`.
    pub const DEFAULT_ORDER: [Self; 2] = [Self::Age, Self::Pgp];

    /// The name of its list in the metadata, which is also the word of `--decryption-order`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::HcKms => "hckms",
            Self::AzureKv => "azure_kv",
            Self::HcVault => "hc_vault",
            Self::Pgp => "pgp",
            Self::Age => "age",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl MasterKey {
    /// An age recipient.
    #[must_use]
    pub fn age(recipient: impl Into<String>) -> Self {
        Self::Age {
            recipient: recipient.into(),
        }
    }

    /// What kind of key it is.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::Age { .. } => KeyType::Age,
            Self::Kms { .. } => KeyType::Kms,
            Self::Pgp { .. } => KeyType::Pgp,
            Self::GcpKms { .. } => KeyType::GcpKms,
            Self::HcKms { .. } => KeyType::HcKms,
            Self::AzureKv { .. } => KeyType::AzureKv,
            Self::HcVault { .. } => KeyType::HcVault,
        }
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age { recipient } => f.write_str(recipient),
            Self::Kms {
                arn,
                role,
                context,
                aws_profile,
            } => {
                f.write_str(arn)?;
                if !role.is_empty() {
                    write!(f, "+{role}")?;
                }
                if context.is_empty() && aws_profile.is_empty() {
                    return Ok(());
                }
                let pairs: Vec<_> = context.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                write!(f, "|{}", pairs.join(","))?;
                if !aws_profile.is_empty() {
                    write!(f, "|{aws_profile}")?;
                }
                Ok(())
            }
            Self::Pgp { fingerprint } => f.write_str(fingerprint),
            Self::GcpKms { resource_id } => f.write_str(resource_id),
            Self::HcKms { key_id } => f.write_str(key_id),
            Self::AzureKv {
                vault_url,
                name,
                version,
            } => write!(f, "{vault_url}/keys/{name}/{version}"),
            Self::HcVault {
                vault_address,
                engine_path,
                key_name,
            } => write!(f, "{vault_address}/v1/{engine_path}/keys/{key_name}"),
        }
    }
}

/// Keys of which any one is enough.
pub type KeyGroup = Vec<MasterKey>;

/// A data key, or a share of it, encrypted with a master key: an entry of a file's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Who can decrypt it.
    pub master_key: MasterKey,
    /// The field `enc`, in the form of its kind: an age armor, base64, an OpenPGP message.
    pub enc: String,
    /// The field `created_at`, as written; age keys have none.
    pub created_at: Option<String>,
}
