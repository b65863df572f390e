//! The key that encrypts the values of one file: put together from its groups, and given to them.
//!
//! Decides which keys are asked in which order, how many groups are enough and what is said when they
//! are not. Must not know what a kind of key looks like: it asks [`KeyService`]s.

use std::fmt;

use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use crate::sops::shamir::{self, ShamirError};
use crate::sops::{EncryptedDataKey, KeyError, KeyGroup, KeyService, KeyType, MasterKey, Secret};

/// Bytes of a data key.
const DATA_KEY_SIZE: usize = 32;

/// The key that encrypts the values of one file: wiped when dropped, never printed.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; DATA_KEY_SIZE]>);

impl DataKey {
    /// A new one.
    ///
    /// # Shape
    ///
    /// `random` fills the whole slice it is given with unpredictable bytes.
    #[must_use]
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut bytes = Zeroizing::new([0; DATA_KEY_SIZE]);
        random(&mut *bytes);
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; DATA_KEY_SIZE] {
        &self.0
    }
}

impl From<[u8; DATA_KEY_SIZE]> for DataKey {
    fn from(bytes: [u8; DATA_KEY_SIZE]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<data key>")
    }
}

/// The data key of a file, from the first key of each group that opens.
///
/// # Shape
///
/// Keys of a group are tried in the order of `order`, those of kinds that it does not name last, all
/// else as they stand. Every service is asked for a key until one opens it. All groups are tried, also
/// when enough have opened: what cannot be opened is worth knowing.
///
/// A single group gives the data key itself. Several give one share each: `shamir_threshold` of them
/// must open, two at least. A file does not say in a way that could be trusted how many shares its key
/// was split for; with too few, another key comes out and no value decrypts.
///
/// # Errors
///
/// [`NotEnoughGroups`](DataKeyErrorKind::NotEnoughGroups),
/// [`Shares`](DataKeyErrorKind::Shares), [`Length`](DataKeyErrorKind::Length).
///
/// # Examples
///
/// ```
/// use chartkit::sops::{EncryptedDataKey, KeyType, MasterKey, retrieve};
///
/// let group = vec![EncryptedDataKey {
///     master_key: MasterKey::age("age1…"),
///     enc: "…".to_owned(),
///     created_at: None,
/// }];
/// let error = retrieve(&[group], 0, &[], &KeyType::DEFAULT_ORDER).unwrap_err();
/// assert_eq!(error.to_string(), "the only key of the file does not open it");
/// ```
///
/// # Source
///
/// SOPS v3.13.3, `sops.go`, `GetDataKeyWithKeyServices`, `decryptKeyGroup`, `decryptKey`.
pub fn retrieve(
    groups: &[Vec<EncryptedDataKey>],
    shamir_threshold: usize,
    services: &[&dyn KeyService],
    order: &[KeyType],
) -> Result<DataKey, DataKeyError> {
    let mut opened = Vec::new();
    let mut reports = Vec::new();
    for group in groups {
        let (secret, report) = open_group(group, services, order);
        opened.extend(secret);
        reports.push(report);
    }
    let failed = |kind, reason: Reason| DataKeyError {
        kind,
        reason,
        groups: reports.clone(),
        shamir_threshold,
    };
    let secret = if groups.len() > 1 {
        let required = shamir_threshold.max(2);
        if opened.len() < required {
            let reason = Reason::Groups { required };
            return Err(failed(DataKeyErrorKind::NotEnoughGroups, reason));
        }
        shamir::combine(&opened)
            .map_err(|error| failed(DataKeyErrorKind::Shares, Reason::Shares(error)))?
    } else {
        let reason = Reason::Groups { required: 1 };
        opened
            .pop()
            .ok_or_else(|| failed(DataKeyErrorKind::NotEnoughGroups, reason))?
    };
    // DIFFERENCE: SOPS finds out when it decrypts the first value; 16 and 24 bytes would do for it.
    <[u8; DATA_KEY_SIZE]>::try_from(secret.expose())
        .map(DataKey::from)
        .map_err(|_| failed(DataKeyErrorKind::Length, Reason::Length(secret.len())))
}

/// A data key, encrypted for every key of every group: what [`wrap`] makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrappedDataKey {
    /// Group by group, key by key, in the order of the master keys.
    pub groups: Vec<Vec<EncryptedDataKey>>,
    /// How many groups are needed to open it; as given, when there is only one group.
    pub shamir_threshold: usize,
}

/// Encrypts a data key for groups of master keys.
///
/// # Shape
///
/// Every key of a single group can open the file alone. With several groups each gets a share of the
/// key: `shamir_threshold` of them open it, all when that is 0. `random` fills the whole slice it is
/// given with unpredictable bytes. `created_at` is the time in RFC 3339 that keys of all kinds but age
/// are marked with.
///
/// # Errors
///
/// [`NoGroups`](WrapErrorKind::NoGroups), [`EmptyGroup`](WrapErrorKind::EmptyGroup),
/// [`Threshold`](WrapErrorKind::Threshold), and [`Keys`](WrapErrorKind::Keys) with all keys that no
/// service could encrypt with.
///
/// # Source
///
/// SOPS v3.13.3, `sops.go`, `UpdateMasterKeysWithKeyServices`.
pub fn wrap(
    data_key: &DataKey,
    groups: &[KeyGroup],
    shamir_threshold: usize,
    services: &[&dyn KeyService],
    random: &mut dyn FnMut(&mut [u8]),
    created_at: &str,
) -> Result<WrappedDataKey, WrapError> {
    if groups.is_empty() {
        return Err(WrapError::new(
            WrapErrorKind::NoGroups,
            "no key groups provided",
        ));
    }
    if let Some(index) = groups.iter().position(Vec::is_empty) {
        let message = format!("empty key group provided: group {index} has no key");
        return Err(WrapError::new(WrapErrorKind::EmptyGroup, message));
    }
    let secret = Secret::from(&data_key.expose()[..]);
    let (shares, shamir_threshold) = match (groups.len(), shamir_threshold) {
        (1, threshold) => (vec![secret], threshold),
        (count, 0) => (share(&secret, count, count, random)?, count),
        (count, threshold) => (share(&secret, count, threshold, random)?, threshold),
    };

    let mut failures = Vec::new();
    let mut wrapped = Vec::new();
    for (group, share) in groups.iter().zip(&shares) {
        let mut entries = Vec::new();
        for master_key in group {
            match first_answer(services, |service| service.encrypt(master_key, share)) {
                Ok((enc, _)) => entries.push(EncryptedDataKey {
                    master_key: master_key.clone(),
                    enc,
                    created_at: (master_key.key_type() != KeyType::Age)
                        .then(|| created_at.to_owned()),
                }),
                Err(errors) => failures.push(KeyReport::new(master_key, false, errors)),
            }
        }
        wrapped.push(entries);
    }
    if failures.is_empty() {
        return Ok(WrappedDataKey {
            groups: wrapped,
            shamir_threshold,
        });
    }
    Err(WrapError {
        kind: WrapErrorKind::Keys,
        message: "the data key cannot be encrypted".to_owned(),
        failures,
    })
}

fn share(
    secret: &Secret,
    groups: usize,
    threshold: usize,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<Secret>, WrapError> {
    shamir::split(secret, groups, threshold, random).map_err(|error| {
        let message = format!(
            "the data key cannot be split: {error}, found a threshold of {threshold} for {groups} groups"
        );
        WrapError::new(WrapErrorKind::Threshold, message)
    })
}

fn open_group(
    group: &[EncryptedDataKey],
    services: &[&dyn KeyService],
    order: &[KeyType],
) -> (Option<Secret>, GroupReport) {
    let place = |key: &&EncryptedDataKey| {
        let kind = key.master_key.key_type();
        order.iter().position(|&other| other == kind)
    };
    let mut keys: Vec<_> = group.iter().collect();
    keys.sort_by_key(|key| place(key).unwrap_or(order.len()));

    let mut report = GroupReport { keys: Vec::new() };
    for key in keys {
        let answer = first_answer(services, |service| {
            service.decrypt(&key.master_key, &key.enc)
        });
        let (secret, errors) = match answer {
            Ok((secret, errors)) => (Some(secret), errors),
            Err(errors) => (None, errors),
        };
        let opened = secret.is_some();
        report
            .keys
            .push(KeyReport::new(&key.master_key, opened, errors));
        if opened {
            return (secret, report);
        }
    }
    (None, report)
}

/// What the first service says that can do it, and what those before it said; or what all said.
fn first_answer<T>(
    services: &[&dyn KeyService],
    ask: impl Fn(&dyn KeyService) -> Option<Result<T, KeyError>>,
) -> Result<(T, Vec<KeyError>), Vec<KeyError>> {
    let mut errors = Vec::new();
    for answer in services.iter().filter_map(|service| ask(*service)) {
        match answer {
            Ok(answer) => return Ok((answer, errors)),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

/// Why a data key cannot be recovered: every group, every key that was tried, and why it did not open.
///
/// Names keys and places, never their contents. `Display` is one line; [`DataKeyError::report`] is the
/// whole story for people, [`DataKeyError::to_json`] for machines.
#[derive(Clone, Debug)]
pub struct DataKeyError {
    kind: DataKeyErrorKind,
    reason: Reason,
    groups: Vec<GroupReport>,
    shamir_threshold: usize,
}

/// The kinds of [`DataKeyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DataKeyErrorKind {
    /// Fewer groups opened than are needed.
    NotEnoughGroups,
    /// The groups opened, but what they hold are no shares of one key.
    Shares,
    /// What was recovered is no data key, most often a share of one: a group was removed by hand.
    Length,
}

#[derive(Clone, Copy, Debug)]
enum Reason {
    Groups { required: usize },
    Shares(ShamirError),
    Length(usize),
}

/// What became of a key group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReport {
    keys: Vec<KeyReport>,
}

/// What became of a master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReport {
    master_key: MasterKey,
    is_successful: bool,
    errors: Vec<KeyError>,
}

impl GroupReport {
    /// The keys that were tried, in that order; those behind the first that opened were not.
    #[must_use]
    pub fn keys(&self) -> &[KeyReport] {
        &self.keys
    }

    /// Whether one of its keys opened.
    #[must_use]
    pub fn is_successful(&self) -> bool {
        self.keys.iter().any(KeyReport::is_successful)
    }
}

impl KeyReport {
    fn new(master_key: &MasterKey, is_successful: bool, mut errors: Vec<KeyError>) -> Self {
        if !is_successful && errors.is_empty() {
            errors.push(no_service(master_key.key_type()));
        }
        Self {
            master_key: master_key.clone(),
            is_successful,
            errors,
        }
    }

    /// The key.
    #[must_use]
    pub fn master_key(&self) -> &MasterKey {
        &self.master_key
    }

    /// Whether a service could use it.
    #[must_use]
    pub fn is_successful(&self) -> bool {
        self.is_successful
    }

    /// Why not, for each service that knows this kind of key.
    #[must_use]
    pub fn errors(&self) -> &[KeyError] {
        &self.errors
    }

    fn to_json(&self) -> Json {
        json!({
            "key": self.master_key.to_string(),
            "type": self.master_key.key_type().as_str(),
            "successful": self.is_successful,
            "errors": self.errors.iter().map(KeyError::to_json).collect::<Json>(),
        })
    }
}

/// Why nobody could be asked about a key, and what would work.
fn no_service(kind: KeyType) -> KeyError {
    KeyError::new(format!(
        "no key service for `{kind}` keys is in use: this needs another key of the same group, or a \
         program that implements `KeyService` for this kind"
    ))
}

impl DataKeyError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> DataKeyErrorKind {
        self.kind
    }

    /// What became of every group, in the order of the file.
    #[must_use]
    pub fn groups(&self) -> &[GroupReport] {
        &self.groups
    }

    /// The whole story, over many lines: every group, every key, why not, and what would be enough.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `usererrors.go`; layout and order are its, words partly.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = "Failed to get the data key required to decrypt the file.\n".to_owned();
        for (index, group) in self.groups.iter().enumerate() {
            text += &format!("\nGroup {index}: {}\n", status(group.is_successful()));
            if !group.is_successful() {
                let keys: Vec<_> = group.keys.iter().map(key_lines).collect();
                text += &keys.join("\n");
            }
        }
        text.push('\n');
        for line in wrapped(&self.trailer(), 75) {
            text += &format!("{line}\n");
        }
        text
    }

    /// The error for machines.
    ///
    /// # Shape
    ///
    /// `{"message", "shamir_threshold", "groups": [{"group": 0, "successful": false, "keys": [{"key",
    /// "type", "successful", "errors": […]}]}]}`, with errors as [`KeyError::to_json`] has them.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let group = |(index, group): (usize, &GroupReport)| {
            json!({
                "group": index,
                "successful": group.is_successful(),
                "keys": group.keys.iter().map(KeyReport::to_json).collect::<Json>(),
            })
        };
        json!({
            "message": self.to_string(),
            "shamir_threshold": self.shamir_threshold,
            "groups": self.groups.iter().enumerate().map(group).collect::<Json>(),
        })
    }

    fn successful_groups(&self) -> usize {
        let opened = self.groups.iter().filter(|group| group.is_successful());
        opened.count()
    }

    fn trailer(&self) -> String {
        match self.reason {
            Reason::Groups { required: 1 } => "Recovery failed because no master key was able to \
                decrypt the file. At least one key has to be successful, but none were."
                .to_owned(),
            Reason::Groups { required } => format!(
                "Recovery failed because {required} groups have to be successful, but only {} of {} \
                 were. A group is successful when any one of its keys is.",
                self.successful_groups(),
                self.groups.len(),
            ),
            Reason::Shares(_) | Reason::Length(_) => format!("Recovery failed: {self}."),
        }
    }
}

fn status(is_successful: bool) -> &'static str {
    if is_successful { "SUCCESS" } else { "FAILED" }
}

/// A key and why it did not open, each reason behind `- |`.
fn key_lines(key: &KeyReport) -> String {
    let mut text = format!("  {}: {}\n", key.master_key, status(key.is_successful));
    for error in &key.errors {
        for (i, line) in wrapped(&error.to_string(), 60).iter().enumerate() {
            let mark = if i == 0 { "- |" } else { "  |" };
            text += &format!("    {mark} {line}\n");
        }
    }
    text
}

/// A text in lines of at most `width` characters; longer words stand alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                *line += &format!(" {word}");
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl fmt::Display for DataKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Groups { required: 1 } => {
                match self.groups.iter().map(|group| group.keys.len()).sum() {
                    1_usize => f.write_str("the only key of the file does not open it"),
                    keys => write!(f, "none of the {keys} keys of the file opens it"),
                }
            }
            Reason::Groups { required } => write!(
                f,
                "{} of {} key groups opened, {required} are required",
                self.successful_groups(),
                self.groups.len(),
            ),
            Reason::Shares(error) => write!(
                f,
                "the key groups opened, but what they hold are no shares of one key: {error}"
            ),
            Reason::Length(length) => {
                write!(f, "found {length} bytes, a data key has {DATA_KEY_SIZE}")?;
                if length == DATA_KEY_SIZE + 1 {
                    f.write_str("; this is the share of a group, the other groups are missing")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for DataKeyError {}

/// Why a data key cannot be encrypted.
#[derive(Clone, Debug)]
pub struct WrapError {
    kind: WrapErrorKind,
    message: String,
    failures: Vec<KeyReport>,
}

/// The kinds of [`WrapError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WrapErrorKind {
    /// There is no group.
    NoGroups,
    /// A group has no key: nobody could ever open it.
    EmptyGroup,
    /// The threshold does not fit the number of groups: it must be 2 to that number, or 0 for all.
    Threshold,
    /// Some keys cannot be encrypted with.
    Keys,
}

impl WrapError {
    fn new(kind: WrapErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            failures: Vec::new(),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> WrapErrorKind {
        self.kind
    }

    /// The keys that no service could encrypt with.
    #[must_use]
    pub fn failures(&self) -> &[KeyReport] {
        &self.failures
    }

    /// The error for machines: `{"message", "keys": […]}`, with keys as in [`DataKeyError::to_json`].
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "message": self.message,
            "keys": self.failures.iter().map(KeyReport::to_json).collect::<Json>(),
        })
    }
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (i, key) in self.failures.iter().enumerate() {
            let reasons: Vec<_> = key.errors.iter().map(KeyError::to_string).collect();
            let mark = if i == 0 { ": " } else { "; " };
            write!(f, "{mark}with `{}`: {}", key.master_key, reasons.join("; "))?;
        }
        Ok(())
    }
}

impl std::error::Error for WrapError {}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Encrypts by writing the bytes as hex behind the key, and opens what it has a key for.
    #[derive(Default)]
    struct Open {
        recipients: Vec<&'static str>,
        asked: Mutex<Vec<String>>,
    }

    impl KeyService for Open {
        fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
            let bytes = data_key.expose().iter();
            let text: String = bytes.map(|byte| format!("{byte:02x}")).collect();
            (!matches!(key, MasterKey::GcpKms { .. })).then(|| match key.to_string().as_str() {
                "offline" => Err(KeyError::new("offline")),
                _ => Ok(text),
            })
        }

        fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
            let name = key.to_string();
            self.asked.lock().unwrap().push(name.clone());
            if matches!(key, MasterKey::GcpKms { .. }) {
                return None;
            }
            if !self.recipients.contains(&name.as_str()) {
                return Some(Err(KeyError::new(format!("no private key for {name}"))));
            }
            let bytes = (0..enc.len()).step_by(2);
            let bytes: Vec<_> = bytes
                .map(|i| u8::from_str_radix(&enc[i..i + 2], 16).unwrap())
                .collect();
            Some(Ok(Secret::from(bytes)))
        }
    }

    fn open(recipients: &[&'static str]) -> Open {
        Open {
            recipients: recipients.to_vec(),
            ..Open::default()
        }
    }

    fn pgp(fingerprint: &str) -> MasterKey {
        MasterKey::Pgp {
            fingerprint: fingerprint.to_owned(),
        }
    }

    fn gcp(id: &str) -> MasterKey {
        MasterKey::GcpKms {
            resource_id: id.to_owned(),
        }
    }

    fn ages(names: &[&str]) -> Vec<KeyGroup> {
        names
            .iter()
            .map(|name| vec![MasterKey::age(*name)])
            .collect()
    }

    const KEY: [u8; 32] = *b"This key is public, for 32 bytes";

    #[track_caller]
    fn wrapped(groups: &[KeyGroup], threshold: usize) -> WrappedDataKey {
        let mut next = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_add(101);
                *byte = next;
            }
        };
        let key = DataKey::from(KEY);
        wrap(&key, groups, threshold, &[&open(&[])], &mut random, "now").unwrap()
    }

    fn opens(
        file: &WrappedDataKey,
        threshold: usize,
        recipients: &[&'static str],
    ) -> Result<bool, DataKeyErrorKind> {
        let service = open(recipients);
        retrieve(
            &file.groups,
            threshold,
            &[&service],
            &KeyType::DEFAULT_ORDER,
        )
        .map(|key| *key.expose() == KEY)
        .map_err(|error| error.kind())
    }

    #[test]
    fn order_of_keys() {
        let group = vec![
            gcp("gcp"),
            pgp("pgp"),
            MasterKey::age("a"),
            MasterKey::age("b"),
        ];
        let file = wrapped(&[vec![pgp("pgp"), MasterKey::age("a")]], 0);
        assert_eq!(file.groups[0][0].created_at.as_deref(), Some("now"));
        assert_eq!(file.groups[0][1].created_at, None);

        let entries: Vec<_> = group
            .into_iter()
            .map(|master_key| EncryptedDataKey {
                master_key,
                enc: file.groups[0][0].enc.clone(),
                created_at: None,
            })
            .collect();
        let asked = |order: &[KeyType], recipients: &[&'static str]| {
            let service = open(recipients);
            retrieve(std::slice::from_ref(&entries), 0, &[&service], order).unwrap();
            service.asked.into_inner().unwrap().join(" ")
        };
        let default = &KeyType::DEFAULT_ORDER;
        assert_eq!(asked(default, &["a"]), "a");
        assert_eq!(asked(default, &["b"]), "a b");
        assert_eq!(asked(default, &["pgp"]), "a b pgp");
        assert_eq!(asked(&[KeyType::GcpKms, KeyType::Age], &["b"]), "gcp a b");
        assert_eq!(asked(&[], &["pgp"]), "gcp pgp");
    }

    #[test]
    fn services_are_asked_one_after_the_other() {
        let file = wrapped(&ages(&["a"]), 0);
        let (first, second, third) = (open(&[]), open(&["a"]), open(&["a"]));
        retrieve(&file.groups, 0, &[&first, &second, &third], &[]).unwrap();
        let asked = |service: &Open| service.asked.lock().unwrap().len();
        assert_eq!([asked(&first), asked(&second), asked(&third)], [1, 1, 0]);
    }

    #[test]
    fn thresholds() {
        let file = wrapped(&ages(&["a", "b", "c"]), 2);
        assert_eq!(file.shamir_threshold, 2);
        assert!(file.groups.iter().all(|group| group[0].enc.len() == 66));
        for recipients in [&["a", "b"][..], &["b", "c"], &["c", "a"], &["a", "b", "c"]] {
            assert_eq!(opens(&file, 2, recipients), Ok(true));
            // A missing or lower threshold: SOPS takes what it gets.
            assert_eq!(opens(&file, 0, recipients), Ok(true));
            assert_eq!(opens(&file, 1, recipients), Ok(true));
        }
        let not_enough = Err(DataKeyErrorKind::NotEnoughGroups);
        for threshold in 0..3 {
            assert_eq!(opens(&file, threshold, &["b"]), not_enough);
        }
        assert_eq!(opens(&file, 3, &["a", "b"]), not_enough);
        assert_eq!(opens(&file, 3, &["a", "b", "c"]), Ok(true));
        assert_eq!(opens(&file, 4, &["a", "b", "c"]), not_enough);

        // None given: all are needed. Too few of them give another key.
        let file = wrapped(&ages(&["a", "b", "c"]), 0);
        assert_eq!(file.shamir_threshold, 3);
        assert_eq!(opens(&file, 0, &["a", "b"]), Ok(false));

        // The groups of a file cut down, doubled, swapped.
        let mut one = file.clone();
        one.groups.truncate(1);
        assert_eq!(opens(&one, 3, &["a"]), Err(DataKeyErrorKind::Length));
        let mut doubled = file.clone();
        doubled.groups[1] = doubled.groups[0].clone();
        assert_eq!(
            opens(&doubled, 2, &["a", "c"]),
            Err(DataKeyErrorKind::Shares)
        );
        let mut swapped = file;
        swapped.groups.swap(0, 2);
        assert_eq!(opens(&swapped, 3, &["a", "b", "c"]), Ok(true));

        // A single group keeps the threshold that it was given, and needs none.
        let single = wrapped(&ages(&["a"]), 7);
        assert_eq!(single.shamir_threshold, 7);
        assert_eq!(opens(&single, 7, &["a"]), Ok(true));
        assert_eq!(opens(&single, 7, &[]), not_enough);
    }

    #[test]
    fn what_cannot_be_wrapped() {
        let key = DataKey::from(KEY);
        let wrap = |groups: &[KeyGroup], threshold| {
            let mut zeros = |bytes: &mut [u8]| bytes.fill(0);
            wrap(&key, groups, threshold, &[&open(&[])], &mut zeros, "").unwrap_err()
        };
        assert_eq!(wrap(&[], 0).to_string(), "no key groups provided");
        assert_eq!(
            wrap(&[vec![pgp("a")], vec![]], 0).to_string(),
            "empty key group provided: group 1 has no key"
        );
        assert_eq!(
            wrap(&ages(&["a", "b"]), 1).to_string(),
            "the data key cannot be split: threshold must be at least 2, found a threshold of 1 for 2 \
             groups"
        );
        assert_eq!(wrap(&ages(&["a", "b"]), 3).kind(), WrapErrorKind::Threshold);
        let error = wrap(&[vec![pgp("a"), gcp("k"), pgp("offline")]], 0);
        assert_eq!(
            error.to_string(),
            "the data key cannot be encrypted: with `k`: no key service for `gcp_kms` keys is in use: \
             this needs another key of the same group, or a program that implements `KeyService` for \
             this kind; with `offline`: offline"
        );
        assert_eq!(error.to_json()["keys"][1]["key"], "offline");
    }

    #[test]
    fn failure_report() {
        let file = wrapped(&[ages(&["a", "b"]).concat(), vec![pgp("c")]], 0);
        let service = open(&["c"]);
        let error = retrieve(&file.groups, 2, &[&service], &KeyType::DEFAULT_ORDER).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 of 2 key groups opened, 2 are required"
        );
        assert_eq!(
            error.report(),
            "\
Failed to get the data key required to decrypt the file.

Group 0: FAILED
  a: FAILED
    - | no private key for a

  b: FAILED
    - | no private key for b

Group 1: SUCCESS

Recovery failed because 2 groups have to be successful, but only 1 of 2
were. A group is successful when any one of its keys is.
"
        );
        let failed = |name: &str| {
            let why = json!({"message": format!("no private key for {name}")});
            json!({"key": name, "type": "age", "successful": false, "errors": [why]})
        };
        let opened = json!({"key": "c", "type": "pgp", "successful": true, "errors": []});
        assert_eq!(
            error.to_json(),
            json!({
                "message": "1 of 2 key groups opened, 2 are required",
                "shamir_threshold": 2,
                "groups": [
                    {"group": 0, "successful": false, "keys": [failed("a"), failed("b")]},
                    {"group": 1, "successful": true, "keys": [opened]},
                ],
            })
        );

        let group = wrapped(&[vec![pgp("c")]], 0).groups;
        let error = retrieve(&group, 0, &[], &[]).unwrap_err();
        assert_eq!(
            error.report(),
            "\
Failed to get the data key required to decrypt the file.

Group 0: FAILED
  c: FAILED
    - | no key service for `pgp` keys is in use: this needs another
      | key of the same group, or a program that implements
      | `KeyService` for this kind

Recovery failed because no master key was able to decrypt the file. At
least one key has to be successful, but none were.
"
        );
    }
}
