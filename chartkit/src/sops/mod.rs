//! Encrypted secret files, interchangeable with those of SOPS.

#[cfg(feature = "age")]
mod age;
mod bech32;
mod change;
mod cipher;
mod crypt;
mod data_key;
mod decrypt;
mod encrypt;
mod file;
mod format;
mod key_service;
mod key_text;
mod layout;
mod master_key;
mod metadata;
mod open;
mod path;
mod reuse;
mod selection;
mod shamir;
mod store;
mod tree;

pub use crate::secret::Secret;
#[cfg(all(feature = "age", feature = "fs"))]
pub(crate) use age::{AgeCallbacks, AgePlugins};
#[cfg(feature = "age")]
pub use age::{AgeService, IdentityLayout, Interaction, NoInteraction};
pub use change::{ChangeError, edit, rotate, set, unset, update_keys};
pub use data_key::{
    DataKey, DataKeyError, DataKeyErrorKind, GroupReport, KeyReport, WrapError, WrapErrorKind,
    WrappedDataKey, retrieve, wrap,
};
pub use decrypt::{DecryptError, DecryptErrorKind, DecryptOptions, decrypt};
pub use encrypt::{EncryptError, EncryptErrorKind, EncryptOptions, Moment, encrypt};
pub use file::{DecryptedFile, EncryptedFile, ExtractError, PlainFile};
pub use format::{Format, UnknownFormat};
pub use key_service::{CachingKeyService, KeyError, KeyService, Place, PlaceOutcome};
pub use key_text::{ParseKeyError, ParseKeyErrorKind};
pub use master_key::{EncryptedDataKey, KeyGroup, KeyType, MasterKey};
pub use metadata::{Metadata, SOPS_VERSION, Settings};
pub use open::{OpenError, open};
pub use path::{PathError, PathErrorKind, Step, TreePath};
pub use selection::{DEFAULT_UNENCRYPTED_SUFFIX, Selection, SelectionError, SelectionRule};
pub use store::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, StoreOptions};
pub use tree::{At, Branch, Comment, Entry, Item, Node, Value};
