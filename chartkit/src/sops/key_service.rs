//! The one joint between files and the keys that open them.
//!
//! Decides what a key service is asked and how it says why not. Knows no kind of key.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value as Json, json};

use crate::sops::{MasterKey, Secret};

/// Encrypts and decrypts data keys with master keys.
///
/// The library has services for age identities and, at the edge, for AWS KMS and `gpg`; a program
/// that holds its keys elsewhere implements this trait. Services are asked one after the other, and
/// from several threads at once when several files are open.
///
/// # Examples
///
/// A service for one kind of key leaves the others to the next:
///
/// ```
/// use chartkit::sops::{KeyError, KeyService, MasterKey, Secret};
///
/// /// Stands for a client of Google's service.
/// struct Gcp;
///
/// impl KeyService for Gcp {
///     fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
///         let MasterKey::GcpKms { resource_id } = key else {
///             return None;
///         };
///         Some(Err(KeyError::new(format!("`{resource_id}` cannot be reached"))))
///     }
///
///     fn decrypt(&self, key: &MasterKey, _enc: &str) -> Option<Result<Secret, KeyError>> {
///         matches!(key, MasterKey::GcpKms { .. }).then(|| Err(KeyError::new("no network")))
///     }
/// }
///
/// assert!(Gcp.decrypt(&MasterKey::age("age1…"), "").is_none());
/// ```
pub trait KeyService: Send + Sync {
    /// A data key, or a share of it, encrypted with a master key: the metadata's `enc`.
    ///
    /// Nothing when this service does not know that kind of key: the next one is asked.
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>>;

    /// The data key, or the share of it, that a metadata's `enc` holds.
    ///
    /// Nothing when this service does not know that kind of key: the next one is asked.
    fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>>;
}

/// Why a master key could not be used.
///
/// Names keys and places, never their contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    message: String,
    places: Vec<Place>,
}

/// A place where a service looked for a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name: a path or a variable of the environment.
    pub location: String,
    /// What was there.
    pub outcome: PlaceOutcome,
}

/// What was at a [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceOutcome {
    /// That many private keys, none of which fits.
    Found(usize),
    /// Nothing.
    Missing,
    /// Something that could not be used, and why.
    Failed(String),
}

impl KeyError {
    /// What failed and what would work, as a phrase.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            places: Vec::new(),
        }
    }

    /// The same, with where the private key was looked for.
    #[must_use]
    pub fn looked_in(mut self, places: Vec<Place>) -> Self {
        self.places = places;
        self
    }

    /// What failed, without the places.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where the private key was looked for, in order.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The error for machines.
    ///
    /// # Shape
    ///
    /// `{"message": …, "looked_in": [{"location": …, "found": 2} | {…, "missing": true} |
    /// {…, "error": …}]}`; `looked_in` only when there are places.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut error = json!({"message": self.message});
        if !self.places.is_empty() {
            error["looked_in"] = self.places.iter().map(Place::to_json).collect();
        }
        error
    }
}

impl Place {
    fn to_json(&self) -> Json {
        let location = &self.location;
        match &self.outcome {
            PlaceOutcome::Found(count) => json!({"location": location, "found": count}),
            PlaceOutcome::Missing => json!({"location": location, "missing": true}),
            PlaceOutcome::Failed(why) => json!({"location": location, "error": why}),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let quoted = |place: &Place| format!("`{}`", place.location);
        let mut tried = Vec::new();
        let mut failed = Vec::new();
        let mut missing = Vec::new();
        for place in &self.places {
            match &place.outcome {
                PlaceOutcome::Found(count) => tried.push(format!("{count} in {}", quoted(place))),
                PlaceOutcome::Failed(why) => failed.push(format!("{}: {why}", quoted(place))),
                PlaceOutcome::Missing => missing.push(quoted(place)),
            }
        }
        if !tried.is_empty() {
            write!(f, "; tried {}", tried.join(", "))?;
        }
        if !failed.is_empty() {
            write!(f, "; could not use {}", failed.join("; "))?;
        }
        if !missing.is_empty() {
            write!(f, "; found nothing in {}", missing.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for KeyError {}

/// A key service that decrypts every encrypted data key once, however many files have it.
///
/// Failures are kept too: a service that cannot be reached, or a passphrase that was refused, is not
/// tried again for every file. Encryption is passed on as it is.
///
/// # Shape
///
/// For use by several threads: whoever asks for what another one is decrypting waits for that result.
/// The decrypted keys are wiped when the service is dropped.
pub struct CachingKeyService<S> {
    service: S,
    decrypted: Mutex<HashMap<(MasterKey, String), Arc<Slot>>>,
}

/// What a service said, once it has said it.
type Slot = OnceLock<Option<Result<Secret, KeyError>>>;

impl<S: KeyService> CachingKeyService<S> {
    /// Nothing is decrypted yet.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self {
            service,
            decrypted: Mutex::default(),
        }
    }
}

impl<S: KeyService> KeyService for CachingKeyService<S> {
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
        self.service.encrypt(key, data_key)
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
        // The lock is held for the look-up only: the service may take its time.
        let slot = {
            let mut decrypted = self
                .decrypted
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let slot = decrypted.entry((key.clone(), enc.to_owned()));
            Arc::clone(slot.or_default())
        };
        slot.get_or_init(|| self.service.decrypt(key, enc)).clone()
    }
}

impl<S> fmt::Debug for CachingKeyService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingKeyService").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Opens `enc` to itself and counts how often.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl KeyService for Counting {
        fn encrypt(&self, _: &MasterKey, _: &Secret) -> Option<Result<String, KeyError>> {
            None
        }

        fn decrypt(&self, _: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::thread::yield_now();
            Some(match enc {
                "damaged" => Err(KeyError::new("damaged")),
                _ => Ok(Secret::from(enc)),
            })
        }
    }

    #[test]
    fn one_decryption_for_each_encrypted_key() {
        let service = CachingKeyService::new(Counting::default());
        let keys = [MasterKey::age("a"), MasterKey::age("b")];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for key in &keys {
                        for enc in ["one", "two", "damaged"] {
                            let opened = service.decrypt(key, enc).unwrap();
                            assert!(opened == Counting::default().decrypt(key, enc).unwrap());
                        }
                    }
                });
            }
        });
        assert_eq!(service.service.0.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn error_names_places() {
        let place = |location: &str, outcome| Place {
            location: location.to_owned(),
            outcome,
        };
        let error = KeyError::new("no identity fits").looked_in(vec![
            place("A", PlaceOutcome::Missing),
            place("B", PlaceOutcome::Found(2)),
            place(
                "C",
                PlaceOutcome::Failed("line 1 is no identity".to_owned()),
            ),
            place("D", PlaceOutcome::Missing),
        ]);
        assert_eq!(
            error.to_string(),
            "no identity fits; tried 2 in `B`; could not use `C`: line 1 is no identity; \
             found nothing in `A`, `D`"
        );
        assert_eq!(
            error.to_json().to_string(),
            r#"{"looked_in":[{"location":"A","missing":true},{"found":2,"location":"B"},{"error":"line 1 is no identity","location":"C"},{"location":"D","missing":true}],"message":"no identity fits"}"#
        );
    }
}
