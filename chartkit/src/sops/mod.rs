//! Encrypted secret files, interchangeable with those of SOPS, without SOPS.
//!
//! An [`EncryptedFile`] says without a key what is in it; with a [`DataKey`], [`decrypt`] makes a
//! [`DecryptedFile`] of it, and [`set`], [`unset`], [`edit`] and [`rotate`] make new text of both. The
//! data key comes out of the file's metadata through a [`KeyService`]: [`retrieve`], or [`open`] for
//! both steps. Nothing here reads files, clocks or randomness: a [`Moment`] brings the last two.
//!
//! # Scope: whose rules
//!
//! Those of SOPS 3.13.3, also for files of older versions. What differs on purpose is marked
//! `DIFFERENCE` and listed in `docs/compatibility.md`; what chartkit adds to files is in
//! `docs/formats/secrets.md`; what all this protects is in `docs/security.md`.
//!
//! # One changed secret is one changed line
//!
//! ```
//! use chartkit::sops::{
//!     self, DataKey, DecryptOptions, EncryptOptions, EncryptedDataKey, EncryptedFile, Format,
//!     MasterKey, Moment, PlainFile, Selection, Settings, StoreOptions, Value,
//! };
//! use chartkit::source::Sources;
//! use chartkit::time::Timestamp;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A program takes these from the system: `getrandom`, and the clock.
//! let mut random = |bytes: &mut [u8]| bytes.fill(7);
//! let mut moment = Moment { now: Timestamp::from_unix(1_790_000_000, 0), random: &mut random };
//!
//! let mut sources = Sources::new();
//! let file = sources.add("secrets.yaml", *b"# of the shop\nuser: shop\npassword: hunter2\n");
//! let plain = PlainFile::load(Format::Yaml, &mut sources, file)?;
//!
//! // Usually `sops::wrap` encrypts the data key for each recipient.
//! let key = DataKey::generate(moment.random);
//! let recipient = EncryptedDataKey {
//!     master_key: MasterKey::age("age1example"),
//!     enc: "the data key, encrypted".to_owned(),
//!     created_at: None,
//! };
//! let settings = Settings {
//!     selection: Selection::default(),
//!     mac_only_encrypted: false,
//!     shamir_threshold: 0,
//! };
//! let options = EncryptOptions { settings, format: Format::Yaml, store: StoreOptions::default() };
//! let text = sops::encrypt(&plain, &key, vec![vec![recipient]], &options, &mut moment)?;
//!
//! let file = sources.add("secrets.yaml", text.clone());
//! let encrypted = EncryptedFile::load(Format::Yaml, &mut sources, file)?;
//! let decrypted = sops::decrypt(&encrypted, &key, &DecryptOptions::default())?;
//! let path = r#"["password"]"#.parse()?;
//! let value = Value::string("correct horse");
//! let store = StoreOptions::default();
//! let changed = sops::set(&encrypted, &decrypted, &key, &path, value, &store, &mut moment)?;
//! let changed = changed.expect("it is another password");
//!
//! let (old, new) = (String::from_utf8(text)?, String::from_utf8(changed)?);
//! let lines = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
//! let keys: Vec<_> = lines.map(|(_, new)| new.trim().split(':').next().unwrap()).collect();
//! assert_eq!(keys, ["password", "mac"]); // and `lastmodified`, when time goes on
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "age")]
mod age;
mod bech32;
mod change;
mod cipher;
pub mod config;
mod crypt;
mod data_key;
mod decrypt;
mod diff;
mod encrypt;
mod environment;
mod file;
mod format;
mod json_value;
mod key_service;
mod key_text;
mod layout;
mod leaf;
mod lineage;
mod masked_text;
mod master_key;
mod merge;
mod metadata;
mod open;
mod paired;
mod path;
mod re2;
mod reread;
mod reuse;
mod selection;
mod shamir;
mod status;
mod store;
mod tree;
mod verify;

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
pub use diff::{
    Change, RecipientChange, Shown, ValueChange, ValueChangeKind, changes_to_json, changes_to_text,
    diff, diff_decrypted,
};
pub use encrypt::{EncryptError, EncryptErrorKind, EncryptOptions, Moment, encrypt};
pub use environment::EnvironmentError;
pub use file::{DecryptedFile, EncryptedFile, ExtractError, PlainFile};
pub use format::{Format, UnknownFormat};
pub use json_value::JsonValueError;
pub use key_service::{CachingKeyService, KeyError, KeyService, Place, PlaceOutcome};
pub use key_text::{ParseKeyError, ParseKeyErrorKind};
pub use leaf::LeafPath;
pub use lineage::DataKeyChange;
pub use masked_text::masked_text;
pub use master_key::{EncryptedDataKey, KeyGroup, KeyType, MasterKey};
pub use merge::{Conflict, ConflictSubject, Merge, MergeError, MergeKeys, Side, merge};
pub use metadata::{Metadata, SOPS_VERSION, Settings};
pub use open::{OpenError, open};
pub use path::{PathError, PathErrorKind, Step, TreePath};
pub use selection::{DEFAULT_UNENCRYPTED_SUFFIX, Selection, SelectionError, SelectionRule};
pub use status::{Status, StatusDetails};
pub use store::{EmitError, EmitErrorKind, LoadError, LoadErrorKind, StoreOptions};
pub use tree::{At, Branch, Comment, Entry, Item, Node, Value};
pub use verify::{Level, VerifyOptions, verify};
