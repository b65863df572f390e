//! Encrypted secret files, interchangeable with those of SOPS.

#[cfg(feature = "age")]
mod age;
mod bech32;
mod data_key;
mod format;
mod key_service;
mod key_text;
mod master_key;
mod secret;
mod shamir;
mod store;
mod tree;

#[cfg(feature = "age")]
pub use age::{AgeService, IdentityLayout, Interaction, NoInteraction};
pub use data_key::{
    DataKey, DataKeyError, DataKeyErrorKind, GroupReport, KeyReport, WrapError, WrapErrorKind,
    WrappedDataKey, retrieve, wrap,
};
pub use format::{Format, UnknownFormat};
pub use key_service::{CachingKeyService, KeyError, KeyService, Place, PlaceOutcome};
pub use key_text::{ParseKeyError, ParseKeyErrorKind};
pub use master_key::{EncryptedDataKey, KeyGroup, KeyType, MasterKey};
pub use secret::Secret;
pub use store::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, StoreOptions};
pub use tree::{At, Branch, Comment, Entry, Item, Node, Value};
