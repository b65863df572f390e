//! Changes as text and as JSON; values are masks unless the caller asks for them.

use std::fmt;

use serde_json::{Value as Json, json};

use super::{Change, RecipientChange, Shown, ValueChange, ValueChangeKind};
use crate::sops::cipher::plain_text;
use crate::sops::{Comment, Value};
use crate::yaml::MASK;

/// Changes for people, a line each; what is only encrypted anew is counted in one line.
///
/// # Shape
///
/// `changed: database.password (str)`, and with `show_values`, where values are known,
/// `changed: database.password (str): "old" -> "new"`. Nothing for no changes.
#[must_use]
pub fn changes_to_text(changes: &[Change], show_values: bool) -> String {
    let mut text = String::new();
    let mut reencrypted = 0;
    for change in changes {
        match change {
            Change::Value(value) if value.kind == ValueChangeKind::Reencrypted => reencrypted += 1,
            Change::Value(value) => text += &value_line(value, show_values),
            Change::Recipient { group, key, kind } => {
                let kind = match kind {
                    RecipientChange::Added => "added",
                    RecipientChange::Removed => "removed",
                    RecipientChange::Rewrapped => "encrypted anew",
                };
                let group = match group {
                    0 => String::new(),
                    group => format!(" of group {}", group + 1),
                };
                text += &format!("recipient{group} {kind}: {key} ({})\n", key.key_type());
            }
            Change::DataKeyRotated => text += "data key rotated\n",
            Change::Setting { field, old, new } => {
                text += &match (old, new) {
                    (Some(old), Some(new)) => format!("{field} changed: {old} -> {new}\n"),
                    _ => format!("{field} changed\n"),
                };
            }
            Change::Mac => text += "only the MAC is new\n",
        }
    }
    if reencrypted > 0 {
        text += &format!("encrypted anew: {reencrypted} values\n");
    }
    text
}

/// Changes for machines.
///
/// # Shape
///
/// An array of objects, in order. `change` is one of
///
/// - `added`, `removed`, `type`, `changed`, `now-plain`, `now-encrypted`, `unclear`, `reencrypted`,
///   `reordered`: with `document` (from 1), `path`, and `old` and `new`, each null or an object with
///   `type`, `encrypted`, `size` (bytes or null) and `value`: a mask, or with `show_values` the text of
///   the value where it is known;
/// - `recipient-added`, `recipient-removed`, `recipient-rewrapped`: with `group` (from 1), `type`, `key`;
/// - `data-key-rotated`; `setting`, with `field`, `old`, `new`; `mac`.
#[must_use]
pub fn changes_to_json(changes: &[Change], show_values: bool) -> Json {
    let change = |change: &Change| match change {
        Change::Value(value) => json!({
            "change": value.kind.as_str(),
            "document": value.path.document() + 1,
            "path": value.path.steps_text(),
            "old": value.old.as_ref().map(|shown| shown_json(shown, show_values)),
            "new": value.new.as_ref().map(|shown| shown_json(shown, show_values)),
        }),
        Change::Recipient { group, key, kind } => json!({
            "change": match kind {
                RecipientChange::Added => "recipient-added",
                RecipientChange::Removed => "recipient-removed",
                RecipientChange::Rewrapped => "recipient-rewrapped",
            },
            "group": group + 1,
            "type": key.key_type().as_str(),
            "key": key.to_string(),
        }),
        Change::DataKeyRotated => json!({ "change": "data-key-rotated" }),
        Change::Setting { field, old, new } => {
            json!({ "change": "setting", "field": field, "old": old, "new": new })
        }
        Change::Mac => json!({ "change": "mac" }),
    };
    changes.iter().map(change).collect()
}

impl ValueChangeKind {
    /// The name that JSON has.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Type => "type",
            Self::Changed => "changed",
            Self::NowPlain => "now-plain",
            Self::NowEncrypted => "now-encrypted",
            Self::Unclear => "unclear",
            Self::Reencrypted => "reencrypted",
            Self::Reordered => "reordered",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Type => "type changed",
            Self::Changed => "changed",
            Self::NowPlain => "in plain text now",
            Self::NowEncrypted => "encrypted now",
            Self::Unclear => "changed or encrypted anew",
            Self::Reencrypted => "encrypted anew",
            Self::Reordered => "reordered",
        }
    }
}

fn value_line(change: &ValueChange, show_values: bool) -> String {
    let kind = change.kind.phrase();
    let path = &change.path;
    let types: Vec<_> = [&change.old, &change.new]
        .into_iter()
        .flatten()
        .map(|shown| shown.kind)
        .collect();
    let types = match types[..] {
        [] => String::new(),
        [old, new] if old != new => format!(" ({old} -> {new})"),
        [one, ..] => format!(" ({one})"),
    };
    let values: Vec<_> = [&change.old, &change.new]
        .into_iter()
        .flatten()
        .filter_map(Shown::value_text)
        .collect();
    if show_values && !values.is_empty() {
        format!("{kind}: {path}{types}: {}\n", values.join(" -> "))
    } else {
        format!("{kind}: {path}{types}\n")
    }
}

fn shown_json(shown: &Shown, show_values: bool) -> Json {
    let value = match (&shown.value, shown.size) {
        (_, None) => None,
        (Some(value), _) if show_values => Some(text_of(value)),
        _ => Some(MASK.to_owned()),
    };
    json!({
        "type": shown.kind,
        "encrypted": shown.is_encrypted,
        "size": shown.size,
        "value": value,
    })
}

impl Shown {
    /// The value as JSON writes it.
    fn value_text(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        Some(match value {
            Value::String(_) | Value::Comment(Comment { .. }) | Value::Time(_) => {
                Json::String(text_of(value)).to_string()
            }
            Value::Null => "null".to_owned(),
            _ => text_of(value),
        })
    }
}

fn text_of(value: &Value) -> String {
    String::from_utf8_lossy(&plain_text(value)).into_owned()
}

/// Never the value.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown")
            .field("kind", &self.kind)
            .field("is_encrypted", &self.is_encrypted)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
