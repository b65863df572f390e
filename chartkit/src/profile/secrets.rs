//! A `secrets.yaml` as a layer of values: decrypted, or with masks.
//!
//! Decides how SOPS's tree becomes Helm's: what was encrypted becomes a
//! [`Value::Secret`](crate::yaml::Value::Secret) or a mask, and every value keeps its place in the
//! encrypted file.

use std::sync::Arc;

use crate::sops::{
    Branch, DecryptedFile, EncryptedFile, Entry, Item, Node as SopsNode, Value as SopsValue,
};
use crate::source::{FileId, Place};
use crate::values::merge_maps;
use crate::yaml::{MASK, Node, Number, SecretScalar, Table, Value};

/// The key by which YAML merges another mapping into this one; SOPS keeps it as a key.
const MERGE_KEY: &str = "<<";

/// The values of a decrypted file; documents are merged in order, as those of a values file.
pub(super) fn layer(encrypted: &EncryptedFile, decrypted: &DecryptedFile) -> Table {
    read(encrypted, decrypted.branches(), false)
}

/// The values of an encrypted file, with [`MASK`] in the place of each secret.
pub(super) fn masked_layer(encrypted: &EncryptedFile) -> Table {
    read(encrypted, encrypted.branches(), true)
}

/// Whether an item of an encrypted list is a comment, which is no item of the values.
pub(super) fn is_comment(item: &SopsValue) -> bool {
    matches!(item, SopsValue::Comment(_)) || item.sealed_type() == Some("comment")
}

fn read(encrypted: &EncryptedFile, values: &[Branch], masks: bool) -> Table {
    let reader = Reader {
        file: encrypted.file(),
        masks,
    };
    let pairs = encrypted.branches().iter().zip(values);
    let tables = pairs.map(|(encrypted, decrypted)| reader.table(encrypted, decrypted));
    tables.reduce(merge_maps).unwrap_or_default()
}

struct Reader {
    file: FileId,
    /// Whether ciphertext becomes a mask: the values are the encrypted ones.
    masks: bool,
}

impl Reader {
    fn table(&self, encrypted: &Branch, decrypted: &Branch) -> Table {
        let mut table = Table::new();
        for (encrypted, decrypted) in encrypted.iter().zip(decrypted) {
            let (Item::Entry(encrypted), Item::Entry(decrypted)) = (encrypted, decrypted) else {
                continue;
            };
            let node = self.node(encrypted, &encrypted.value, &decrypted.value);
            if decrypted.key == MERGE_KEY {
                merge(&mut table, node.value);
            } else {
                table.insert(Arc::from(decrypted.key.as_str()), node);
            }
        }
        table
    }

    /// `entry` is the one that the value is in, for its place.
    fn node(&self, entry: &Entry, encrypted: &SopsNode, decrypted: &SopsNode) -> Node {
        let value = match (&encrypted.value, &decrypted.value) {
            (SopsValue::Branch(encrypted), SopsValue::Branch(decrypted)) => {
                Value::Table(self.table(encrypted, decrypted))
            }
            (SopsValue::List(encrypted), SopsValue::List(decrypted)) => {
                let items = encrypted.iter().zip(decrypted);
                let items = items.filter(|(item, _)| !is_comment(&item.value));
                Value::List(items.map(|(e, d)| self.node(entry, e, d)).collect())
            }
            (sealed, plain) => match sealed.sealed_type() {
                Some(_) if self.masks => Value::String(Arc::from(MASK)),
                sealed_type => scalar(plain, sealed_type.is_some()),
            },
        };
        let at = encrypted.at.or(entry.key_at);
        match at {
            Some(at) => Node::new(
                value,
                Place {
                    file: self.file,
                    entry: entry.key_at.unwrap_or(at).span.start,
                    value: at.span,
                },
            ),
            None => Node::from(value),
        }
    }
}

/// A scalar as Helm reads what `sops decrypt` prints.
fn scalar(value: &SopsValue, is_secret: bool) -> Value {
    let number = |number: Number| {
        if is_secret {
            Value::Secret(SecretScalar::number(number))
        } else {
            Value::Number(number)
        }
    };
    match value {
        SopsValue::Bool(bool) if is_secret => Value::Secret(SecretScalar::bool(*bool)),
        SopsValue::Bool(bool) => Value::Bool(*bool),
        SopsValue::Int(int) => number(Number::Int(*int)),
        SopsValue::Float(float) => number(Number::Float(*float)),
        SopsValue::Time(time) => text(time.to_string().as_bytes(), is_secret),
        SopsValue::String(bytes) => text(bytes.expose(), is_secret),
        SopsValue::Null | SopsValue::Comment(_) | SopsValue::Branch(_) | SopsValue::List(_) => {
            Value::Null
        }
    }
}

fn text(bytes: &[u8], is_secret: bool) -> Value {
    let text = String::from_utf8_lossy(bytes);
    if is_secret {
        Value::Secret(SecretScalar::text(&text))
    } else {
        Value::String(Arc::from(text))
    }
}

/// Puts what `<<` names into a table, where it stands: later keys win.
fn merge(table: &mut Table, value: Value) {
    match value {
        Value::Table(merged) => table.extend(merged),
        // Of several, the first wins.
        Value::List(items) => items
            .into_iter()
            .rev()
            .for_each(|item| merge(table, item.value)),
        _ => {}
    }
}
