//! YAML files.
//!
//! Decides what of a text becomes of which branch, and how branches are written. Must not know what
//! is encrypted: ciphertext is a string like others.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/yaml/store.go`.

pub(crate) mod align;
mod comments;
mod emit;
mod load;
mod patch;
#[cfg(test)]
mod tests;

pub(crate) use emit::{emit, emit_encrypted, emit_value, style};
pub(crate) use load::{load, load_encrypted, load_with_layout};
pub(crate) use patch::{Edit, Spell, Usual, indent_of, patch};

use super::METADATA_KEY;
use crate::source::Span;
use crate::yaml::Document;

/// How a text was written: what an edit in place needs besides the branches.
pub(crate) struct Layout {
    /// One for each branch.
    pub(crate) documents: Vec<Document>,
    /// The comments that are in no branch, in the order of the text, `#` included: yaml.v3 loses some.
    pub(crate) lost_comments: Vec<Span>,
}

impl Drop for Layout {
    fn drop(&mut self) {
        self.documents.iter_mut().for_each(Document::wipe);
    }
}
