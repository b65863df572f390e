//! From the YAML of a `.sops.yaml` to a [`Config`], with the freedom that SOPS's reader takes.

use std::collections::BTreeMap;

use super::{
    Config, ConfigError, ConfigErrorKind, CreationRule, DestinationRule, PathPattern, Spanned,
};
use crate::sops::{KeyGroup, MasterKey, ParseKeyError, SelectionRule, StoreOptions};
use crate::source::{FileId, Sources, Span, Visibility};
use crate::yaml::{self, Node, Number, ParseOptions, Schema, Table, Value};

/// Key groups inside of key groups, by `merge`.
const MAX_MERGE_DEPTH: usize = 32;

pub(super) fn config(sources: &mut Sources, file: FileId) -> Result<Config, ConfigError> {
    if holds_private_key(sources.text(file)) {
        sources.conceal(file, Visibility::Keys);
    }
    let options = ParseOptions {
        first_document_only: true,
        ..ParseOptions::default()
    };
    let stream = yaml::parse(sources, file, None, &options)?;
    let root = match stream.documents.first() {
        Some(document) => document.node(Schema::V3)?.node,
        None => Node::from(Value::Null),
    };
    let reader = Reader { sources, file };
    let fields = reader.fields(&root, "")?;
    let creation_rules = match fields.get("creation_rules") {
        None => None,
        Some(Field { node, .. }) if node.value.is_null() => None,
        Some(field) => {
            let rules = reader.items(&field)?;
            Some(
                rules
                    .iter()
                    .map(|rule| reader.creation_rule(rule))
                    .collect::<Result<_, _>>()?,
            )
        }
    };
    let destination_rules = match fields.get("destination_rules") {
        None => Vec::new(),
        Some(field) => {
            let rules = reader.items(&field)?;
            rules
                .iter()
                .map(|rule| reader.destination_rule(rule))
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Config {
        file,
        creation_rules,
        destination_rules,
        stores: reader.stores(&fields)?,
    })
}

/// Whether someone put a private key where recipients belong.
fn holds_private_key(text: &[u8]) -> bool {
    let text = text.to_ascii_uppercase();
    [&b"AGE-SECRET-KEY-"[..], b"AGE-PLUGIN-", b"PRIVATE KEY"]
        .iter()
        .any(|mark| text.windows(mark.len()).any(|window| window == *mark))
}

#[derive(Clone, Copy)]
struct Reader<'s> {
    sources: &'s Sources,
    file: FileId,
}

/// A value, and the path to it for messages: `creation_rules[0].age`.
struct Field<'n> {
    node: &'n Node,
    path: String,
}

/// A mapping, or what stands for an empty one.
struct Fields<'n> {
    table: Option<&'n Table>,
    span: Span,
    path: String,
}

impl<'n> Fields<'n> {
    fn get(&self, key: &str) -> Option<Field<'n>> {
        let node = self.table?.get(key)?;
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        Some(Field { node, path })
    }
}

impl Reader<'_> {
    fn error(&self, field: &Field<'_>, expected: &str) -> ConfigError {
        let found = field.node.value.type_name();
        let message = match field.path.as_str() {
            "" => format!("found a {found}, expected {expected}"),
            path => format!("`{path}`: found a {found}, expected {expected}"),
        };
        ConfigError::new(ConfigErrorKind::Shape, message).at(self.file, span(field.node))
    }

    fn fields<'n>(
        &self,
        node: &'n Node,
        path: impl Into<String>,
    ) -> Result<Fields<'n>, ConfigError> {
        let path = path.into();
        let table = match &node.value {
            Value::Table(table) => Some(table),
            Value::Null => None,
            _ => return Err(self.error(&Field { node, path }, "a mapping")),
        };
        Ok(Fields {
            table,
            span: span(node),
            path,
        })
    }

    fn section<'n>(&self, fields: &Fields<'n>, key: &str) -> Result<Fields<'n>, ConfigError> {
        match fields.get(key) {
            Some(field) => self.fields(field.node, field.path),
            None => Ok(Fields {
                table: None,
                span: fields.span,
                path: String::new(),
            }),
        }
    }

    /// The items of a list of mappings; SOPS passes over those that are null.
    fn items<'n>(&self, field: &Field<'n>) -> Result<Vec<Fields<'n>>, ConfigError> {
        let items = match &field.node.value {
            Value::List(items) => &items[..],
            Value::Null => &[],
            _ => return Err(self.error(field, "a list of mappings")),
        };
        let items = items
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.value.is_null());
        items
            .map(|(index, item)| self.fields(item, format!("{}[{index}]", field.path)))
            .collect()
    }

    /// A text field, which takes any scalar as it is written.
    fn text(&self, fields: &Fields<'_>, key: &str) -> Result<Option<Spanned>, ConfigError> {
        match fields.get(key) {
            Some(field) => self.scalar(&field),
            None => Ok(None),
        }
    }

    fn scalar(&self, field: &Field<'_>) -> Result<Option<Spanned>, ConfigError> {
        let span = span(field.node);
        let text = match &field.node.value {
            Value::Null => return Ok(None),
            Value::String(text) => text.to_string(),
            Value::Bool(_) | Value::Number(_) => {
                let bytes = &self.sources.text(self.file)[span.start as usize..span.end as usize];
                String::from_utf8_lossy(bytes).into_owned()
            }
            _ => return Err(self.error(field, "a string")),
        };
        Ok(Some(Spanned { text, span }))
    }

    fn plain_text(&self, fields: &Fields<'_>, key: &str) -> Result<String, ConfigError> {
        Ok(self
            .text(fields, key)?
            .map_or_else(String::new, |text| text.text))
    }

    fn boolean(&self, fields: &Fields<'_>, key: &str) -> Result<bool, ConfigError> {
        let Some(field) = fields.get(key) else {
            return Ok(false);
        };
        match &field.node.value {
            Value::Null => Ok(false),
            Value::Bool(b) => Ok(*b),
            // What YAML 1.1 took for booleans, in a field that can be nothing else.
            Value::String(word) => match &**word {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(true),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(false),
                _ => Err(self.error(&field, "true or false")),
            },
            _ => Err(self.error(&field, "true or false")),
        }
    }

    fn integer(&self, fields: &Fields<'_>, key: &str) -> Result<Option<i64>, ConfigError> {
        let Some(field) = fields.get(key) else {
            return Ok(None);
        };
        let integer = match &field.node.value {
            Value::Null => return Ok(None),
            Value::Number(number) => Number::as_i64(*number),
            _ => None,
        };
        match integer {
            Some(integer) => Ok(Some(integer)),
            None => Err(self.error(&field, "an integer")),
        }
    }

    /// The texts of a field that is a list of strings and nothing else.
    fn strings(&self, fields: &Fields<'_>, key: &str) -> Result<Vec<Spanned>, ConfigError> {
        let Some(field) = fields.get(key) else {
            return Ok(Vec::new());
        };
        let items = match &field.node.value {
            Value::List(items) => &items[..],
            Value::Null => &[],
            _ => return Err(self.error(&field, "a list of strings")),
        };
        let mut texts = Vec::new();
        for (index, node) in items.iter().enumerate() {
            let path = format!("{}[{index}]", field.path);
            texts.extend(self.scalar(&Field { node, path })?);
        }
        Ok(texts)
    }

    /// The texts of a field of keys: a text with commas, or a list. What else may stand there is an
    /// error of the rule, not of the file.
    fn key_list(&self, fields: &Fields<'_>, key: &str) -> Result<Option<Spanned>, ConfigError> {
        let Some(field) = fields.get(key) else {
            return Ok(None);
        };
        let span = span(field.node);
        let invalid = |field: &Field<'_>, expected| {
            self.error(field, expected)
                .with_kind(ConfigErrorKind::InvalidKey)
        };
        let text = match &field.node.value {
            Value::Null => return Ok(None),
            Value::String(text) => {
                let pieces = text
                    .split(',')
                    .map(str::trim)
                    .filter(|piece| !piece.is_empty());
                pieces.collect::<Vec<_>>().join(",")
            }
            Value::List(items) => {
                let mut texts = Vec::new();
                for (index, node) in items.iter().enumerate() {
                    let path = format!("{}[{index}]", field.path);
                    match &node.value {
                        Value::String(text) => texts.push(&**text),
                        _ => return Err(invalid(&Field { node, path }, "a string")),
                    }
                }
                texts.join(",")
            }
            _ => return Err(invalid(&field, "a string or a list of strings")),
        };
        Ok((!text.is_empty()).then_some(Spanned { text, span }))
    }

    fn creation_rule(&self, fields: &Fields<'_>) -> Result<CreationRule, ConfigError> {
        let mut selections = Vec::new();
        for rule in SelectionRule::ALL {
            let pattern = self.text(fields, rule.as_str())?;
            selections.extend(pattern.filter(|p| !p.text.is_empty()).map(|p| (rule, p)));
        }
        selections.sort_by_key(|(_, pattern)| pattern.span.start);
        // Read although the keys beside groups count for nothing: its shape is one of the file.
        let hckms = self.strings(fields, "hckms")?;
        let aws_profile = self.plain_text(fields, "aws_profile")?;
        let mut groups = Vec::new();
        for group in self.sections(fields, "key_groups")? {
            match self.key_group(&group, 0) {
                // The mistake of a rule for other files stops nobody.
                Err(error) if error.kind() != ConfigErrorKind::InvalidKey => return Err(error),
                group => groups.push(group),
            }
        }
        let flat = self.flat_keys(fields, &hckms, &aws_profile);
        let ignored_keys = match &flat {
            Ok(keys) if groups.is_empty() || keys.is_empty() => None,
            _ if groups.is_empty() => None,
            _ => FLAT_KEYS
                .iter()
                .find_map(|key| fields.get(key).map(|field| span(field.node))),
        };
        let key_groups = if groups.is_empty() {
            flat.map(|group| vec![group])
        } else {
            groups.into_iter().collect()
        };
        let shamir_threshold = match self.integer(fields, "shamir_threshold")? {
            None => 0,
            Some(threshold) => usize::try_from(threshold).map_err(|_| {
                let place = fields
                    .get("shamir_threshold")
                    .map_or(fields.span, |f| span(f.node));
                let message = format!(
                    "`{}.shamir_threshold`: found {threshold}, expected a number of key groups",
                    fields.path
                );
                ConfigError::new(ConfigErrorKind::Shape, message).at(self.file, place)
            })?,
        };
        Ok(CreationRule {
            file: self.file,
            span: fields.span,
            path: PathPattern::new(self.text(fields, "path_regex")?),
            key_groups,
            shamir_threshold,
            selections,
            mac_only_encrypted: self.boolean(fields, "mac_only_encrypted")?,
            ignored_keys,
        })
    }

    /// The keys that stand in the rule itself, in SOPS's order.
    fn flat_keys(
        &self,
        fields: &Fields<'_>,
        hckms: &[Spanned],
        aws_profile: &str,
    ) -> Result<KeyGroup, ConfigError> {
        let hckms = hckms.first().map(|first| Spanned {
            text: hckms
                .iter()
                .map(|key| &*key.text)
                .collect::<Vec<_>>()
                .join(","),
            span: first.span,
        });
        let no_context = BTreeMap::new();
        let mut group = KeyGroup::new();
        for field in FLAT_KEYS {
            let list = match *field {
                "hckms" => hckms.clone(),
                field => self.key_list(fields, field)?,
            };
            let Some(Spanned { text, span }) = list else {
                continue;
            };
            let keys = match *field {
                "age" => MasterKey::parse_age(&text),
                "pgp" => MasterKey::parse_pgp(&text),
                "kms" => MasterKey::parse_kms(&text, &no_context, aws_profile),
                "gcp_kms" => MasterKey::parse_gcp_kms(&text),
                "hckms" => MasterKey::parse_hckms(&text),
                "azure_keyvault" => MasterKey::parse_azure_kv(&text),
                _ => MasterKey::parse_hc_vault(&text),
            };
            group.extend(self.valid(keys, &format!("{}.{field}", fields.path), span)?);
        }
        Ok(group)
    }

    fn valid<T>(
        &self,
        keys: Result<T, ParseKeyError>,
        path: &str,
        span: Span,
    ) -> Result<T, ConfigError> {
        keys.map_err(|error| {
            let error = ConfigError::new(ConfigErrorKind::InvalidKey, format!("`{path}`: {error}"));
            error.at(self.file, span)
        })
    }

    /// A group of `key_groups`: first what it merges, then its own keys; each key once.
    fn key_group(&self, fields: &Fields<'_>, depth: usize) -> Result<KeyGroup, ConfigError> {
        if depth > MAX_MERGE_DEPTH {
            let message = format!(
                "`{}`: found more than {MAX_MERGE_DEPTH} nested groups",
                fields.path
            );
            return Err(
                ConfigError::new(ConfigErrorKind::Shape, message).at(self.file, fields.span)
            );
        }
        let mut group = KeyGroup::new();
        for merged in self.sections(fields, "merge")? {
            group.extend(self.key_group(&merged, depth + 1)?);
        }
        let path = |key: &str| format!("{}.{key}", fields.path);
        for Spanned { text, span } in self.strings(fields, "age")? {
            group.extend(self.valid(MasterKey::parse_age(&text), &path("age"), span)?);
        }
        for Spanned { text, span } in self.strings(fields, "pgp")? {
            group.extend(self.valid(MasterKey::parse_pgp(&text), &path("pgp"), span)?);
        }
        group.extend(self.kms_keys(fields)?);
        for key in self.sections(fields, "gcp_kms")? {
            group.push(MasterKey::GcpKms {
                resource_id: self.plain_text(&key, "resource_id")?,
            });
        }
        for key in self.sections(fields, "hckms")? {
            let id = self.plain_text(&key, "key_id")?;
            group.extend(self.valid(MasterKey::parse_hckms(&id), &key.path, key.span)?);
        }
        for key in self.sections(fields, "azure_keyvault")? {
            group.push(MasterKey::AzureKv {
                vault_url: self.plain_text(&key, "vaultUrl")?,
                name: self.plain_text(&key, "key")?,
                version: self.plain_text(&key, "version")?,
            });
        }
        for Spanned { text, span } in self.strings(fields, "hc_vault")? {
            group.extend(self.valid(MasterKey::parse_hc_vault(&text), &path("hc_vault"), span)?);
        }
        Ok(without_duplicates(group))
    }

    fn sections<'n>(&self, fields: &Fields<'n>, key: &str) -> Result<Vec<Fields<'n>>, ConfigError> {
        match fields.get(key) {
            Some(field) => self.items(&field),
            None => Ok(Vec::new()),
        }
    }

    fn kms_keys(&self, fields: &Fields<'_>) -> Result<Vec<MasterKey>, ConfigError> {
        let mut keys = Vec::new();
        for key in self.sections(fields, "kms")? {
            let mut context = BTreeMap::new();
            let section = self.section(&key, "context")?;
            for name in section.table.into_iter().flat_map(|table| table.keys()) {
                match self.text(&section, name)? {
                    Some(value) => context.insert(name.to_string(), value.text),
                    None => return Err(self.null_in_context(&section, name)),
                };
            }
            keys.push(MasterKey::Kms {
                arn: self.plain_text(&key, "arn")?,
                role: self.plain_text(&key, "role")?,
                context,
                aws_profile: self.plain_text(&key, "aws_profile")?,
            });
        }
        Ok(keys)
    }

    /// SOPS crashes on it.
    fn null_in_context(&self, section: &Fields<'_>, name: &str) -> ConfigError {
        let message = format!("`{}.{name}`: found null, expected a string", section.path);
        ConfigError::new(ConfigErrorKind::InvalidKey, message).at(self.file, section.span)
    }

    fn destination_rule(&self, fields: &Fields<'_>) -> Result<DestinationRule, ConfigError> {
        self.integer(fields, "vault_kv_version")?;
        self.boolean(fields, "omit_extensions")?;
        let mut destination = Vec::new();
        for field in DESTINATION_FIELDS {
            if let Some(text) = self.text(fields, field)? {
                destination.push((*field, text.text));
            }
        }
        if let Some(rule) = fields.get("recreation_rule") {
            self.creation_rule(&self.fields(rule.node, rule.path)?)?;
        }
        Ok(DestinationRule {
            path_regex: self.plain_text(fields, "path_regex")?,
            destination,
        })
    }

    fn stores(&self, fields: &Fields<'_>) -> Result<StoreOptions, ConfigError> {
        let stores = self.section(fields, "stores")?;
        let indent = |store: &str| self.integer(&self.section(&stores, store)?, "indent");
        for store in ["dotenv", "ini"] {
            self.section(&stores, store)?;
        }
        Ok(StoreOptions {
            yaml_indent: indent("yaml")?.filter(|indent| *indent != 0),
            json_indent: indent("json")?,
            json_binary_indent: indent("json_binary")?,
        })
    }
}

/// The fields of keys in a rule, in the order of the group that they make.
const FLAT_KEYS: &[&str] = &[
    "age",
    "pgp",
    "kms",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault_transit_uri",
];

const DESTINATION_FIELDS: &[&str] = &[
    "gcs_bucket",
    "gcs_prefix",
    "omit_extensions",
    "s3_bucket",
    "s3_prefix",
    "vault_address",
    "vault_kv_mount_name",
    "vault_kv_version",
    "vault_path",
];

fn without_duplicates(group: KeyGroup) -> KeyGroup {
    let mut unique = KeyGroup::new();
    for key in group {
        let text = key.to_string();
        let same = |k: &MasterKey| k.key_type() == key.key_type() && k.to_string() == text;
        if !unique.iter().any(same) {
            unique.push(key);
        }
    }
    unique
}

fn span(node: &Node) -> Span {
    node.place.map_or_else(Span::default, |place| place.value)
}
