//! Encrypted secret files, interchangeable with those of SOPS.

mod bech32;
pub mod config;
mod format;
mod key_service;
mod key_text;
mod master_key;
mod re2;
mod secret;
mod selection;
mod store;
mod tree;

pub use format::{Format, UnknownFormat};
pub use key_service::{KeyError, KeyService};
pub use key_text::{ParseKeyError, ParseKeyErrorKind};
pub use master_key::{EncryptedDataKey, KeyGroup, KeyType, MasterKey};
pub use secret::Secret;
pub use selection::{Selection, SelectionError, SelectionRule};
pub use store::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, StoreOptions};
pub use tree::{At, Branch, Comment, Entry, Item, Node, Value};
