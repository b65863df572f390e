//! The `sops` mapping of an encrypted file: who may read it, what is encrypted, and the MAC.
//!
//! Decides which fields there are and how they are read and changed. The mapping itself is kept as it
//! was written: order, comments, and fields that only a newer or another program knows.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/stores.go`, `stores/metadata.go`.

use std::collections::BTreeMap;
use std::fmt;

use crate::semver::Version;
use crate::sops::selection::{DEFAULT_UNENCRYPTED_SUFFIX, Selection, SelectionError};
use crate::sops::tree::{entries, get, get_mut};
use crate::sops::{
    Branch, EncryptedDataKey, Entry, Item, KeyType, LoadError, LoadErrorKind, MasterKey, Node,
    SelectionRule, Value,
};
use crate::source::{FileId, Span};
use crate::time::Timestamp;

/// The version of SOPS whose format is written here.
pub const SOPS_VERSION: &str = "3.13.3";

/// What a file says about its own encryption.
///
/// # Shape
///
/// Field names are those of the file. Key lists at the top win over `key_groups`, as in SOPS.
#[derive(Clone)]
pub struct Metadata {
    fields: Branch,
    key_groups: Vec<Vec<EncryptedDataKey>>,
    shamir_threshold: usize,
    rule: SelectionRule,
    pattern: String,
    mac_only_encrypted: bool,
    last_modified: Timestamp,
    mac: String,
    version: String,
}

/// What the metadata of a new file says, besides times and ciphertext.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is encrypted.
    pub selection: Selection,
    /// Whether the MAC is over encrypted values only.
    pub mac_only_encrypted: bool,
    /// How many groups it takes to open the file; 0 where it does not matter.
    pub shamir_threshold: usize,
}

impl Metadata {
    /// Reads the mapping.
    ///
    /// # Errors
    ///
    /// What SOPS refuses when it loads a file: no keys, several rules, a time that is none. The version
    /// and the regular expression are checked where they matter.
    pub(crate) fn parse(fields: Branch, file: FileId) -> Result<Self, LoadError> {
        let reader = Reader {
            fields: &fields,
            path: "sops",
            file: Some(file),
        };
        let last_modified = reader.time("lastmodified")?;
        let key_groups = read_groups(&reader)?;
        let mut rules = Vec::new();
        for rule in SelectionRule::ALL {
            let pattern = reader.text(rule.as_str())?;
            if !pattern.is_empty() {
                rules.push((rule, pattern));
            }
        }
        if let [(first, _), (second, _), ..] = &rules[..] {
            let message = format!("found both `{first}` and `{second}`, expected one of them");
            return Err(reader.error(second.as_str(), message));
        }
        let default = (
            SelectionRule::UnencryptedSuffix,
            DEFAULT_UNENCRYPTED_SUFFIX.to_owned(),
        );
        let (rule, pattern) = rules.pop().unwrap_or(default);
        Ok(Self {
            key_groups,
            shamir_threshold: reader.integer("shamir_threshold")?,
            rule,
            pattern,
            mac_only_encrypted: reader.boolean("mac_only_encrypted")?,
            last_modified,
            mac: reader.text("mac")?,
            version: reader.text("version")?,
            fields,
        })
    }

    /// The metadata of a new file, as SOPS 3.13.3 writes it, without a MAC yet.
    pub(crate) fn new(settings: &Settings, key_groups: Vec<Vec<EncryptedDataKey>>) -> Self {
        let selection = &settings.selection;
        let mut metadata = Self {
            fields: Branch::new(),
            key_groups: Vec::new(),
            shamir_threshold: 0,
            rule: selection.rule(),
            pattern: selection.pattern().to_owned(),
            mac_only_encrypted: settings.mac_only_encrypted,
            last_modified: Timestamp::default(),
            mac: String::new(),
            version: SOPS_VERSION.to_owned(),
        };
        metadata.put(
            selection.rule().as_str(),
            Value::string(metadata.pattern.clone()),
        );
        metadata.put("version", Value::string(SOPS_VERSION));
        if settings.mac_only_encrypted {
            metadata.put("mac_only_encrypted", Value::Bool(true));
        }
        metadata.set_key_groups(key_groups, settings.shamir_threshold);
        metadata
    }

    /// The mapping as it is written.
    pub(crate) fn fields(&self) -> &Branch {
        &self.fields
    }

    /// The groups of keys; one group unless the data key is shared among several.
    #[must_use]
    pub fn key_groups(&self) -> &[Vec<EncryptedDataKey>] {
        &self.key_groups
    }

    /// How many groups it takes to open the file; 0 when it is not said.
    #[must_use]
    pub fn shamir_threshold(&self) -> usize {
        self.shamir_threshold
    }

    /// The kind of rule that says what is encrypted.
    #[must_use]
    pub fn rule(&self) -> SelectionRule {
        self.rule
    }

    /// The suffix or regular expression of the rule.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The rule that says what is encrypted.
    ///
    /// # Errors
    ///
    /// When its regular expression has a mistake.
    pub fn selection(&self) -> Result<Selection, SelectionError> {
        Selection::new(self.rule, &self.pattern)
    }

    /// The same, where a mistake must not matter: see [`Selection`].
    pub(crate) fn selection_of_old_file(&self) -> Selection {
        Selection::of_old_file(self.rule, &self.pattern)
    }

    /// Whether the MAC is over encrypted values only.
    #[must_use]
    pub fn mac_only_encrypted(&self) -> bool {
        self.mac_only_encrypted
    }

    /// When a value was last encrypted.
    #[must_use]
    pub fn last_modified(&self) -> Timestamp {
        self.last_modified
    }

    /// The encrypted MAC; empty when there is none.
    #[must_use]
    pub fn mac(&self) -> &str {
        &self.mac
    }

    /// The version of SOPS that made the file; empty when it is not said.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether SOPS would say that the file is encrypted: it has a version and a MAC.
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/main.go`, `filestatus`.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.version.is_empty() && !self.mac.is_empty()
    }

    /// The ciphertexts of the metadata itself, the wrapped keys apart: the MAC and those of the layout,
    /// each with the field that it is in.
    pub(crate) fn ciphertexts(&self) -> Vec<(&str, Span, &str)> {
        fn collect<'f>(node: &'f Node, found: &mut Vec<&'f str>) {
            match &node.value {
                Value::String(text) => found.extend(text.as_str()),
                Value::List(items) => items.iter().for_each(|item| collect(item, found)),
                Value::Branch(branch) => {
                    entries(branch).for_each(|entry| collect(&entry.value, found));
                }
                _ => {}
            }
        }
        let own = entries(&self.fields)
            .filter(|entry| matches!(&*entry.key, "mac" | crate::sops::layout::FIELD));
        own.flat_map(|entry| {
            let span = entry.key_at.map_or_else(Span::default, |at| at.span);
            let mut texts = Vec::new();
            collect(&entry.value, &mut texts);
            texts.into_iter().map(move |text| (&*entry.key, span, text))
        })
        .collect()
    }

    /// The mappings that the keys were read from, group by group; some without keys may be left out.
    pub(crate) fn key_entries(&self) -> Vec<Vec<&Branch>> {
        let of_group = |fields| {
            let reader = Reader {
                fields,
                path: "sops",
                file: None,
            };
            let lists = KeyType::ALL.map(|kind| reader.list(kind.as_str()).unwrap_or_default());
            lists.concat()
        };
        let flat = of_group(&self.fields);
        if !flat.is_empty() {
            return vec![flat];
        }
        let reader = Reader {
            fields: &self.fields,
            path: "sops",
            file: None,
        };
        let groups = reader.list("key_groups").unwrap_or_default();
        groups.into_iter().map(of_group).collect()
    }

    /// Whether SOPS takes the version: `1.…`, or three numbers.
    pub(crate) fn has_valid_version(&self) -> bool {
        let version = self.version.strip_prefix('v').unwrap_or(&self.version);
        self.version.starts_with("1.") || Version::parse_strict(version).is_ok()
    }

    /// What the MAC is encrypted with as additional data: the time with whole seconds.
    pub(crate) fn mac_additional_data(&self) -> String {
        time_text(self.last_modified)
    }

    pub(crate) fn set_mac(&mut self, last_modified: Timestamp, mac: String) {
        self.last_modified = last_modified;
        self.put("lastmodified", Value::string(time_text(last_modified)));
        self.put("mac", Value::string(&mac));
        self.mac = mac;
    }

    /// Other keys; entries that are there already stay as they are written.
    pub(crate) fn set_key_groups(
        &mut self,
        key_groups: Vec<Vec<EncryptedDataKey>>,
        shamir_threshold: usize,
    ) {
        let old = std::mem::take(&mut self.fields);
        // In the order of the old groups, so that the same entry in two groups is found twice.
        let mut known: Vec<(EncryptedDataKey, Node)> = Vec::new();
        let mut lists = vec![&old];
        if let Some(Value::List(groups)) = get(&old, "key_groups") {
            lists.extend(groups.iter().filter_map(|group| group.value.as_branch()));
        }
        for list in lists {
            known.extend(known_entries(list));
        }
        let mut write = |key: &EncryptedDataKey| -> Node {
            match known.iter().position(|(old, _)| old == key) {
                Some(at) => known.remove(at).1,
                None => Node::new(Value::Branch(write_entry(key))),
            }
        };
        let is_flat = key_groups.len() == 1;
        let mut groups: Vec<Branch> = Vec::new();
        for group in &key_groups {
            let mut lists = Branch::new();
            for key_type in sorted_types() {
                let of_type = group.iter().filter(|k| k.master_key.key_type() == key_type);
                let list: Vec<Node> = of_type.map(&mut write).collect();
                // SOPS writes these two inside groups even when they are empty.
                let always = !is_flat && matches!(key_type, KeyType::Age | KeyType::HcVault);
                if !list.is_empty() || always {
                    let list = Entry::new(key_type.as_str(), Value::List(list));
                    lists.push(Item::Entry(list));
                }
            }
            groups.push(lists);
        }
        self.fields = old;
        for key_type in KeyType::ALL {
            let list = match &mut groups[..] {
                [only] => get_mut(only, key_type.as_str())
                    .map(|list| std::mem::replace(list, Value::Null)),
                _ => None,
            };
            self.put_or_remove(key_type.as_str(), list);
        }
        let nested = (!is_flat).then(|| {
            let groups = groups.into_iter().map(|group| Value::Branch(group).into());
            Value::List(groups.collect())
        });
        self.put_or_remove("key_groups", nested);
        let threshold = i64::try_from(shamir_threshold).unwrap_or(i64::MAX);
        let threshold = (threshold != 0).then_some(Value::Int(threshold));
        self.put_or_remove("shamir_threshold", threshold);
        self.key_groups = key_groups;
        self.shamir_threshold = shamir_threshold;
    }

    pub(crate) fn set_version(&mut self, version: &str) {
        version.clone_into(&mut self.version);
        self.put("version", Value::string(version));
    }

    /// Another rule for what is encrypted.
    pub(crate) fn set_rule(&mut self, rule: SelectionRule, pattern: &str) {
        for other in SelectionRule::ALL {
            let text = (other == rule).then(|| Value::string(pattern));
            self.put_or_remove(other.as_str(), text);
        }
        self.rule = rule;
        pattern.clone_into(&mut self.pattern);
    }

    pub(crate) fn set_mac_only_encrypted(&mut self, is_so: bool) {
        self.put_or_remove("mac_only_encrypted", is_so.then_some(Value::Bool(true)));
        self.mac_only_encrypted = is_so;
    }

    /// Sets a field: where it stands, or where SOPS's order has it.
    pub(crate) fn put(&mut self, field: &str, value: Value) {
        if let Some(old) = get_mut(&mut self.fields, field) {
            *old = value;
            return;
        }
        let behind = |item: &Item| matches!(item, Item::Entry(entry) if *entry.key > *field);
        let at = self.fields.iter().position(behind);
        let at = at.unwrap_or(self.fields.len());
        self.fields
            .insert(at, Item::Entry(Entry::new(field, value)));
    }

    /// Sets a field, or takes it away.
    pub(crate) fn put_or_remove(&mut self, field: &str, value: Option<Value>) {
        match value {
            Some(value) => self.put(field, value),
            None => self
                .fields
                .retain(|item| !matches!(item, Item::Entry(entry) if entry.key == field)),
        }
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("key_groups", &self.key_groups)
            .field("shamir_threshold", &self.shamir_threshold)
            .field("rule", &self.rule)
            .field("last_modified", &self.last_modified)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The key types as SOPS sorts its lists.
fn sorted_types() -> [KeyType; 7] {
    let mut types = KeyType::ALL;
    types.sort_by_key(|key_type| key_type.as_str());
    types
}

/// RFC 3339 with whole seconds.
pub(crate) fn time_text(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_once('.') {
        Some((seconds, rest)) => {
            let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{seconds}{zone}")
        }
        None => text,
    }
}

/// Fields by name, with the weak types of SOPS's decoder: numbers and booleans may be text.
struct Reader<'f> {
    fields: &'f Branch,
    path: &'f str,
    /// Nothing when no message will be shown.
    file: Option<FileId>,
}

impl<'f> Reader<'f> {
    fn get(&self, field: &str) -> Option<&'f Value> {
        get(self.fields, field).filter(|value| !matches!(value, Value::Null))
    }

    fn text(&self, field: &str) -> Result<String, LoadError> {
        Ok(match self.get(field) {
            None => String::new(),
            Some(Value::String(text)) => match text.as_str() {
                Some(text) => text.to_owned(),
                None => return Err(self.error(field, format!("`{field}` is no text"))),
            },
            Some(Value::Bool(bool)) => i32::from(*bool).to_string(),
            Some(Value::Int(int)) => int.to_string(),
            Some(Value::Float(float)) => float.to_string(),
            Some(other) => {
                let found = other.type_name();
                let advice = match other {
                    Value::Time(_) => ": put quotes around it",
                    _ => "",
                };
                let message = format!("`{field}` is a {found}, expected a string{advice}");
                return Err(self.error(field, message));
            }
        })
    }

    fn time(&self, field: &str) -> Result<Timestamp, LoadError> {
        let text = self.text(field)?;
        text.parse().map_err(|error| {
            let found = if text.is_empty() { "missing" } else { "wrong" };
            self.error(field, format!("`{field}` is {found}: {error}"))
        })
    }

    fn integer(&self, field: &str) -> Result<usize, LoadError> {
        let text = self.text(field)?;
        if text.is_empty() {
            return Ok(0);
        }
        text.parse().map_err(|_| {
            let message = format!("`{field}` is not a number of groups, such as 2");
            self.error(field, message)
        })
    }

    fn boolean(&self, field: &str) -> Result<bool, LoadError> {
        Ok(match &*self.text(field)? {
            "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
            "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
            _ => {
                let message = format!("`{field}` is neither true nor false");
                return Err(self.error(field, message));
            }
        })
    }

    /// The mappings of a list; one mapping alone counts as a list of it.
    fn list(&self, field: &str) -> Result<Vec<&'f Branch>, LoadError> {
        let wrong = |value: &Value| {
            let found = value.type_name();
            self.error(field, format!("`{field}` has a {found}, expected mappings"))
        };
        match self.get(field) {
            None => Ok(Vec::new()),
            Some(Value::List(items)) => {
                let items = items
                    .iter()
                    .filter(|item| !matches!(item.value, Value::Comment(_)));
                items
                    .map(|item| item.value.as_branch().ok_or_else(|| wrong(&item.value)))
                    .collect()
            }
            Some(Value::Branch(branch)) => Ok(vec![branch]),
            // To SOPS's decoder, an empty text is an empty list.
            Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
            Some(other) => Err(wrong(other)),
        }
    }

    fn error(&self, field: &str, message: impl fmt::Display) -> LoadError {
        let error = LoadError::new(
            LoadErrorKind::Metadata,
            format!("the metadata in `{}` is damaged: {message}", self.path),
        );
        let Some(file) = self.file else {
            return error;
        };
        // What is missing is missing somewhere in the file.
        let entry = entries(self.fields).find(|entry| entry.key == field);
        let at = entry.and_then(|entry| entry.key_at);
        error.at(file, at.map_or_else(Span::default, |at| at.span))
    }
}

fn read_groups(reader: &Reader<'_>) -> Result<Vec<Vec<EncryptedDataKey>>, LoadError> {
    let flat = read_group(reader)?;
    if !flat.is_empty() {
        return Ok(vec![flat]);
    }
    let groups = reader.list("key_groups")?;
    if groups.is_empty() {
        let message = "found no keys, expected at least one list such as `age` or `kms`";
        return Err(reader.error("sops", message));
    }
    let group = |fields| {
        read_group(&Reader {
            fields,
            path: "sops.key_groups",
            file: reader.file,
        })
    };
    groups.into_iter().map(group).collect()
}

fn read_group(reader: &Reader<'_>) -> Result<Vec<EncryptedDataKey>, LoadError> {
    let mut group = Vec::new();
    for key_type in KeyType::ALL {
        for fields in reader.list(key_type.as_str())? {
            let entry = Reader {
                fields,
                path: key_type.as_str(),
                file: reader.file,
            };
            group.push(read_entry(key_type, &entry)?);
        }
    }
    Ok(group)
}

fn read_entry(key_type: KeyType, entry: &Reader<'_>) -> Result<EncryptedDataKey, LoadError> {
    let master_key = match key_type {
        KeyType::Age => MasterKey::Age {
            recipient: entry.text("recipient")?,
        },
        KeyType::Kms => MasterKey::Kms {
            arn: entry.text("arn")?,
            role: entry.text("role")?,
            context: read_context(entry)?,
            aws_profile: entry.text("aws_profile")?,
        },
        KeyType::Pgp => MasterKey::Pgp {
            fingerprint: entry.text("fp")?,
        },
        KeyType::GcpKms => MasterKey::GcpKms {
            resource_id: entry.text("resource_id")?,
        },
        KeyType::HcKms => MasterKey::HcKms {
            key_id: entry.text("key_id")?,
        },
        KeyType::AzureKv => MasterKey::AzureKv {
            vault_url: entry.text("vault_url")?,
            name: entry.text("name")?,
            version: entry.text("version")?,
        },
        KeyType::HcVault => MasterKey::HcVault {
            vault_address: entry.text("vault_address")?,
            engine_path: entry.text("engine_path")?,
            key_name: entry.text("key_name")?,
        },
    };
    let created_at = if key_type == KeyType::Age {
        None
    } else {
        entry.time("created_at")?;
        Some(entry.text("created_at")?)
    };
    Ok(EncryptedDataKey {
        master_key,
        enc: entry.text("enc")?,
        created_at,
    })
}

/// Entries without a value are left out, as in the request that SOPS sends.
fn read_context(entry: &Reader<'_>) -> Result<BTreeMap<String, String>, LoadError> {
    let Some(context) = entry.get("context") else {
        return Ok(BTreeMap::new());
    };
    let Some(fields) = context.as_branch() else {
        return Err(entry.error("context", "`context` is no mapping"));
    };
    let reader = Reader {
        fields,
        path: "context",
        file: entry.file,
    };
    entries(fields)
        .filter(|pair| !matches!(pair.value.value, Value::Null))
        .map(|pair| Ok((pair.key.clone(), reader.text(&pair.key)?)))
        .collect()
}

/// The entries of the key lists of one group, each with the mapping that holds it.
fn known_entries(lists: &Branch) -> Vec<(EncryptedDataKey, Node)> {
    let mut known = Vec::new();
    for key_type in KeyType::ALL {
        let Some(Value::List(items)) = get(lists, key_type.as_str()) else {
            continue;
        };
        for node in items {
            let Some(fields) = node.value.as_branch() else {
                continue;
            };
            let reader = Reader {
                fields,
                path: key_type.as_str(),
                file: None,
            };
            // What cannot be read cannot be kept either; it was refused when the file was loaded.
            if let Ok(entry) = read_entry(key_type, &reader) {
                known.push((entry, node.clone()));
            }
        }
    }
    known
}

/// An entry as SOPS writes it.
fn write_entry(key: &EncryptedDataKey) -> Branch {
    let mut fields: BTreeMap<&str, Value> = BTreeMap::new();
    let mut put = |field, text: &str| drop(fields.insert(field, Value::string(text)));
    put("enc", &key.enc);
    if let Some(created_at) = &key.created_at {
        put("created_at", created_at);
    }
    match &key.master_key {
        MasterKey::Age { recipient } => put("recipient", recipient),
        MasterKey::Kms {
            arn,
            role,
            context,
            aws_profile,
        } => {
            put("arn", arn);
            put("aws_profile", aws_profile);
            if !role.is_empty() {
                put("role", role);
            }
            if !context.is_empty() {
                let pairs = context.iter();
                let pairs = pairs.map(|(k, v)| Item::Entry(Entry::new(k, Value::string(v))));
                fields.insert("context", Value::Branch(pairs.collect()));
            }
        }
        MasterKey::Pgp { fingerprint } => put("fp", fingerprint),
        MasterKey::GcpKms { resource_id } => put("resource_id", resource_id),
        MasterKey::HcKms { key_id } => put("key_id", key_id),
        MasterKey::AzureKv {
            vault_url,
            name,
            version,
        } => {
            put("vault_url", vault_url);
            put("name", name);
            put("version", version);
        }
        MasterKey::HcVault {
            vault_address,
            engine_path,
            key_name,
        } => {
            put("vault_address", vault_address);
            put("engine_path", engine_path);
            put("key_name", key_name);
        }
    }
    let fields = fields.into_iter();
    fields
        .map(|(field, value)| Item::Entry(Entry::new(field, value)))
        .collect()
}
