//! What a document means: [`Document::node`].
//!
//! Decides types by tag and text, follows aliases, applies merge keys and turns keys into strings,
//! as go-yaml and the JSON behind it do. Must not know files or Helm.
//!
//! Fixtures: `fixtures/yaml/want.documents.json`.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::binary;
use super::compat;
use super::document::{Document, Kind, NodeId, Style};
use super::error::{ParseError, ParseErrorKind};
use super::number;
use super::parse::MAX_DEPTH;
use super::scalar::{Scalar, Schema, resolve_scalar};
use super::value::{Node, Number, Table, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Place, Span};

/// A value and what is worth knowing about the text that it was read from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The value with its places.
    pub node: Node,
    /// [`Code::DuplicateKey`] and [`Code::IgnoredText`], in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// The value that Go reads from this document.
    ///
    /// # Shape
    ///
    /// Integers, floats and booleans used as keys become strings, floats in Go's 32-bit `%g`.
    /// Timestamps are the text itself. Unknown tags are ignored. A value that came through an
    /// alias or a merge key has the place where it was written, not where it was asked for.
    ///
    /// With [`Schema::V2`] a merge key overrides what stands before it, and the last of duplicate
    /// keys wins with a [`Code::DuplicateKey`] diagnostic. With [`Schema::V3`] explicit keys win
    /// over merged ones, and floats may be infinite or not a number.
    ///
    /// # Errors
    ///
    /// The kinds of [`ParseErrorKind`] from `RecursiveAlias` on, and `TooDeep` when aliases nest
    /// deeper than [`MAX_DEPTH`].
    ///
    /// # Source
    ///
    /// go-yaml v2.4.3 and v3.0.4, `decode.go`; for keys and numbers sigs.k8s.io/yaml v1.6.0,
    /// `convertToJSONableObject`, and Go's `encoding/json`.
    ///
    /// `DIFFERENCE`: keys that are the same only as strings, such as `1` and `"1"`, have a random
    /// winner in Go and the last one here. A null key, `.inf` or `.nan` is an error here even where a
    /// later duplicate key hides it from Go's conversion to JSON.
    pub fn node(&self, schema: Schema) -> Result<Decoded, ParseError> {
        let mut decoder = Decoder {
            document: self,
            schema,
            budget: AliasBudget::default(),
            depth: 0,
            aliases: Vec::new(),
            merged: None,
            diagnostics: Vec::new(),
        };
        let node = decoder.value(self.root(), None)?;
        Ok(Decoded {
            node,
            diagnostics: decoder.diagnostics,
        })
    }

    /// The type of a scalar by its tag, style and text.
    ///
    /// # Errors
    ///
    /// [`ParseErrorKind::Tag`] when the text is not what the tag says.
    pub(crate) fn resolve(&self, id: NodeId, schema: Schema) -> Result<Resolved, ParseError> {
        let text = self.text(id);
        let is_plain = self.style(id) == Style::Plain;
        let tag = match self.tag(id) {
            None if is_plain => return Ok(Resolved::Scalar(resolve_scalar(text, schema))),
            None => return Ok(Resolved::Scalar(Scalar::String)),
            Some(tag) => tag,
        };
        let Some(name) = tag.strip_prefix("tag:yaml.org,2002:") else {
            // v3 takes the tag `!` for none.
            let is_resolved = tag == "!" && is_plain && schema == Schema::V3;
            let scalar = if is_resolved {
                resolve_scalar(text, schema)
            } else {
                Scalar::String
            };
            return Ok(Resolved::Scalar(scalar));
        };
        let resolved = match name {
            "bool" | "int" | "float" | "null" | "timestamp" => resolve_scalar(text, schema),
            "binary" => {
                return binary::decode(text).map(Resolved::Binary).ok_or_else(|| {
                    let message = "found text that is not base64 under the tag `!!binary`";
                    self.error_at(id, ParseErrorKind::Tag, message)
                });
            }
            _ => return Ok(Resolved::Scalar(Scalar::String)),
        };
        let fitting = match (name, resolved) {
            ("bool", Scalar::Bool(_))
            | ("int", Scalar::Int(_) | Scalar::UInt(_))
            | ("float", Scalar::Float(_))
            | ("null", Scalar::Null)
            | ("timestamp", Scalar::Timestamp) => Some(resolved),
            #[expect(clippy::cast_precision_loss, reason = "as Go converts it")]
            ("float", Scalar::Int(int)) => Some(Scalar::Float(int as f64)),
            _ => None,
        };
        fitting.map(Resolved::Scalar).ok_or_else(|| {
            let message = format!("found a scalar that is no {name} under the tag `!!{name}`");
            self.error_at(id, ParseErrorKind::Tag, message)
        })
    }

    /// Refuses a mapping with a key that is there twice.
    ///
    /// go-yaml v3 compares keys as they are written, before it knows what they mean.
    pub(crate) fn refuse_duplicates(&self, id: NodeId) -> Result<(), ParseError> {
        let written = |key| match self.kind(key) {
            Kind::Alias => self.raw(self.span(key)),
            _ => self.text(key),
        };
        let keys = self.entries(id).map(|(key, _)| key);
        let mut keys: Vec<_> = keys
            .map(|key| (self.kind(key), written(key), key))
            .collect();
        keys.sort_unstable();
        let same =
            |pair: &&[(Kind, &str, NodeId)]| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1);
        let duplicates = keys
            .windows(2)
            .filter(same)
            .map(|pair| (pair[1].2, pair[0].2));
        let Some((second, first)) = duplicates.min() else {
            return Ok(());
        };
        let message = format!("found the key `{}` again in one mapping", written(second));
        let error = self.error_at(second, ParseErrorKind::DuplicateKey, message);
        Err(error.related_to(self.span(first), "it is here first"))
    }

    /// Whether a key is `<<`, so that its value counts as part of the mapping.
    pub(crate) fn is_merge(&self, key: NodeId, schema: Schema) -> bool {
        if self.kind(key) != Kind::Scalar || self.text(key) != "<<" {
            return false;
        }
        match self.tag(key) {
            None => self.style(key) == Style::Plain,
            // v2 asks for the tag only.
            Some("!") => schema == Schema::V2 || self.style(key) == Style::Plain,
            Some(tag) => tag == "tag:yaml.org,2002:merge",
        }
    }

    fn error_at(&self, id: NodeId, kind: ParseErrorKind, message: impl Into<String>) -> ParseError {
        ParseError::new(&self.origin, self.span(id), kind, message)
    }
}

/// Stops aliases from multiplying a document, by go-yaml's measure: beyond 1000 nodes, 99 % may come
/// from aliases, falling to 10 % at four million nodes.
///
/// # Source
///
/// go-yaml v3.0.4, `decode.go`, `decoder.unmarshal` and `allowedAliasRatio`.
pub(crate) struct AliasBudget {
    /// Nodes decoded so far, each as often as aliases lead to it.
    decoded: u32,
    /// Those of them that an alias led to.
    aliased: u32,
}

impl Default for AliasBudget {
    fn default() -> Self {
        Self {
            decoded: 1, // Go counts the document
            aliased: 0,
        }
    }
}

impl AliasBudget {
    /// Counts a node; says whether that many are allowed.
    pub(crate) fn visit(&mut self, through_alias: bool) -> bool {
        const FEW: f64 = 400_000.0;
        const MANY: f64 = 4_000_000.0;
        self.decoded = self.decoded.saturating_add(1);
        if !through_alias {
            return true;
        }
        self.aliased = self.aliased.saturating_add(1);
        if self.aliased <= 100 || self.decoded <= 1000 {
            return true;
        }
        let decoded = f64::from(self.decoded);
        let allowed = 0.99 - 0.89 * ((decoded - FEW) / (MANY - FEW)).clamp(0.0, 1.0);
        f64::from(self.aliased) / decoded <= allowed
    }
}

struct Decoder<'a> {
    document: &'a Document,
    schema: Schema,
    budget: AliasBudget,
    depth: usize,
    /// The aliases being followed.
    aliases: Vec<NodeId>,
    /// v3, while merging: the keys that the mapping already has.
    merged: Option<BTreeSet<Key>>,
    diagnostics: Vec<Diagnostic>,
}

/// A key as a string, and what it was before: in Go, `1` and `"1"` are two keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    text: Arc<str>,
    kind: KeyKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum KeyKind {
    String,
    Bool,
    Int,
    Float,
}

/// A mapping while it is filled.
#[derive(Default)]
struct Target {
    table: Table,
    /// Keys whose value came from a merge, so that to write over it is no duplicate.
    from_merge: BTreeSet<Arc<str>>,
    /// v3: the mapping has only strings as keys, so that Go takes the text of merged keys as it is.
    only_strings: bool,
}

impl Decoder<'_> {
    fn value(&mut self, id: NodeId, key: Option<NodeId>) -> Result<Node, ParseError> {
        self.count(id)?;
        let document = self.document;
        let span = document.span(id);
        let place = Place {
            file: document.file(),
            entry: document.span(key.unwrap_or(id)).start,
            value: span,
        };
        let value = match document.kind(id) {
            Kind::Scalar => self.scalar(id)?,
            // The value of an alias has the place of what it stands for.
            Kind::Alias => return self.through_alias(id, |this, target| this.value(target, None)),
            Kind::Sequence => {
                self.enter(id)?;
                let mut list = Vec::with_capacity(document.width(id));
                for item in document.items(id) {
                    list.push(self.value(item, None)?);
                }
                self.depth -= 1;
                Value::List(list)
            }
            Kind::Mapping => {
                let mut target = Target::default();
                self.mapping(id, &mut target)?;
                Value::Table(target.table)
            }
        };
        Ok(Node::new(value, place))
    }

    fn count(&mut self, id: NodeId) -> Result<(), ParseError> {
        if self.budget.visit(!self.aliases.is_empty()) {
            return Ok(());
        }
        let message = "found aliases that make the document contain excessive aliasing";
        Err(self.error(id, ParseErrorKind::ExcessiveAliasing, message))
    }

    fn enter(&mut self, id: NodeId) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message =
                format!("found more than {MAX_DEPTH} nested collections, aliases included");
            return Err(self.error(id, ParseErrorKind::TooDeep, message));
        }
        Ok(())
    }

    fn through_alias<T>(
        &mut self,
        id: NodeId,
        decode: impl FnOnce(&mut Self, NodeId) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let document = self.document;
        let target = document.target(id).unwrap_or(id);
        if self.aliases.contains(&id) {
            let message = "found an alias inside of what it stands for";
            return Err(self.error(id, ParseErrorKind::RecursiveAlias, message));
        }
        self.aliases.push(id);
        let result = decode(self, target);
        self.aliases.pop();
        result
    }

    fn scalar(&self, id: NodeId) -> Result<Value, ParseError> {
        let text = self.document.text(id);
        let value = match self.document.resolve(id, self.schema)? {
            Resolved::Scalar(Scalar::Null) => Value::Null,
            Resolved::Scalar(Scalar::Bool(b)) => Value::Bool(b),
            Resolved::Scalar(Scalar::Int(int)) => Value::Number(Number::Int(int)),
            Resolved::Scalar(Scalar::UInt(int)) => Value::Number(Number::UInt(int)),
            Resolved::Scalar(Scalar::Float(float)) => {
                if !float.is_finite() && self.schema == Schema::V2 {
                    let message = "found an infinity or not a number, expected a finite number";
                    return Err(self.error(id, ParseErrorKind::NotFinite, message));
                }
                Value::Number(Number::Float(float))
            }
            Resolved::Scalar(Scalar::Timestamp | Scalar::String) => Value::String(Arc::from(text)),
            Resolved::Binary(bytes) => Value::String(Arc::from(binary::to_text(&bytes))),
        };
        Ok(value)
    }

    fn mapping(&mut self, id: NodeId, target: &mut Target) -> Result<(), ParseError> {
        self.enter(id)?;
        match self.schema {
            Schema::V2 => self.mapping_v2(id, target, false)?,
            Schema::V3 => self.mapping_v3(id, target)?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn mapping_v2(
        &mut self,
        id: NodeId,
        target: &mut Target,
        merging: bool,
    ) -> Result<(), ParseError> {
        let document = self.document;
        for (key_id, value_id) in document.entries(id) {
            if document.is_merge(key_id, self.schema) {
                self.merge_v2(value_id, target)?;
                continue;
            }
            let key = self.key(key_id)?;
            let node = self.value(value_id, Some(key_id))?;
            if merging {
                target.from_merge.insert(Arc::clone(&key.text));
                target.table.insert(key.text, node);
                continue;
            }
            match target.table.entry(key.text) {
                Entry::Vacant(free) => {
                    free.insert(node);
                }
                Entry::Occupied(mut taken) => {
                    let replaced = taken.insert(node);
                    if !target.from_merge.remove(taken.key()) {
                        self.warn_about_duplicate(taken.key(), key_id, &replaced);
                    }
                }
            }
        }
        Ok(())
    }

    fn merge_v2(&mut self, id: NodeId, target: &mut Target) -> Result<(), ParseError> {
        let document = self.document;
        if document.kind(id) != Kind::Sequence {
            return self.merge_one(id, target);
        }
        // The earlier mapping wins, so it comes last.
        let members: Vec<NodeId> = document.items(id).collect();
        for member in members.into_iter().rev() {
            self.merge_one(member, target)?;
        }
        Ok(())
    }

    fn merge_one(&mut self, id: NodeId, target: &mut Target) -> Result<(), ParseError> {
        let document = self.document;
        let mapping = document.target(id).unwrap_or(id);
        if document.kind(mapping) != Kind::Mapping {
            let message = "found a merge key `<<` without a mapping, expected a mapping, an alias of \
                           one, or a list of these";
            return Err(self.error(id, ParseErrorKind::Merge, message));
        }
        self.count(id)?;
        if mapping == id {
            return self.merge_mapping(mapping, target);
        }
        self.through_alias(id, |this, mapping| {
            this.count(mapping)?;
            this.merge_mapping(mapping, target)
        })
    }

    fn merge_mapping(&mut self, id: NodeId, target: &mut Target) -> Result<(), ParseError> {
        self.enter(id)?;
        match self.schema {
            Schema::V2 => self.mapping_v2(id, target, true)?,
            Schema::V3 => self.mapping_v3(id, target)?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn mapping_v3(&mut self, id: NodeId, target: &mut Target) -> Result<(), ParseError> {
        let document = self.document;
        document.refuse_duplicates(id)?;
        let mut merged = self.merged.take();
        if merged.is_none() {
            target.only_strings = self.has_only_string_keys(id);
        }
        let mut merge = None;
        for (key_id, value_id) in document.entries(id) {
            if document.is_merge(key_id, self.schema) {
                merge = Some(value_id);
                continue;
            }
            let key = if target.only_strings {
                match self.string_key(key_id)? {
                    Some(key) => key,
                    None => continue,
                }
            } else {
                self.key(key_id)?
            };
            if let Some(merged) = &mut merged
                && !merged.insert(key.clone())
            {
                continue;
            }
            let node = self.value(value_id, Some(key_id))?;
            match merged {
                None => {
                    target.table.insert(key.text, node);
                }
                Some(_) => {
                    target.table.entry(key.text).or_insert(node);
                }
            }
        }
        let Some(merge) = merge else {
            self.merged = merged;
            return Ok(());
        };
        let is_outermost = merged.is_none();
        if is_outermost {
            let mut keys = BTreeSet::new();
            for (key_id, _) in document.entries(id) {
                keys.insert(self.key(key_id)?);
            }
            merged = Some(keys);
        }
        self.merged = merged;
        if document.kind(merge) == Kind::Sequence {
            for member in document.items(merge) {
                self.merge_one(member, target)?;
            }
        } else {
            self.merge_one(merge, target)?;
        }
        if is_outermost {
            self.merged = None;
        }
        Ok(())
    }

    fn key(&mut self, id: NodeId) -> Result<Key, ParseError> {
        self.count(id)?;
        let refused = |this: &Self, found: &str| {
            let message = format!("found {found} as a key, expected a string");
            let error = this.error(id, ParseErrorKind::Key, message);
            let span = this.document.span(id);
            let start = span.start.saturating_sub(1);
            let is_template = this.document.raw(Span { start, ..span }).starts_with("{{");
            Err(if is_template {
                error.hint_with(compat::TEMPLATE_HINT)
            } else {
                error
            })
        };
        match self.document.kind(id) {
            Kind::Alias => self.through_alias(id, Self::key),
            Kind::Sequence => refused(self, "a list"),
            Kind::Mapping => refused(self, "a mapping"),
            Kind::Scalar => {
                let (text, kind) = match self.document.resolve(id, self.schema)? {
                    Resolved::Binary(bytes) => {
                        (Arc::from(binary::to_text(&bytes)), KeyKind::String)
                    }
                    Resolved::Scalar(scalar) => match scalar {
                        Scalar::Timestamp | Scalar::String => {
                            (Arc::from(self.document.text(id)), KeyKind::String)
                        }
                        Scalar::Bool(b) => {
                            (Arc::from(if b { "true" } else { "false" }), KeyKind::Bool)
                        }
                        Scalar::Int(int) => (Arc::from(int.to_string()), KeyKind::Int),
                        Scalar::Float(float) => (Arc::from(number::key(float)), KeyKind::Float),
                        Scalar::Null => return refused(self, "null"),
                        Scalar::UInt(_) => {
                            return refused(self, "a number above 9223372036854775807");
                        }
                    },
                };
                Ok(Key { text, kind })
            }
        }
    }

    /// v3: the text of a key where Go reads into a map that has only strings as keys; nothing for a
    /// null, which Go leaves out.
    fn string_key(&mut self, id: NodeId) -> Result<Option<Key>, ParseError> {
        if self.document.kind(id) == Kind::Alias {
            self.count(id)?;
            return self.through_alias(id, Self::string_key);
        }
        if self.document.kind(id) != Kind::Scalar {
            return self.key(id).map(Some);
        }
        self.count(id)?;
        let text = match self.document.resolve(id, self.schema)? {
            Resolved::Scalar(Scalar::Null) => return Ok(None),
            Resolved::Scalar(_) => Arc::from(self.document.text(id)),
            Resolved::Binary(bytes) => Arc::from(binary::to_text(&bytes)),
        };
        let kind = KeyKind::String;
        Ok(Some(Key { text, kind }))
    }

    fn has_only_string_keys(&self, id: NodeId) -> bool {
        let document = self.document;
        document.entries(id).all(|(key, _)| {
            let key = document.target(key).unwrap_or(key);
            if document.kind(key) != Kind::Scalar {
                return false;
            }
            match document.tag(key) {
                None | Some("!") => {
                    document.style(key) != Style::Plain
                        || resolve_scalar(document.text(key), self.schema) == Scalar::String
                }
                Some(tag) => matches!(tag, "tag:yaml.org,2002:str" | "tag:yaml.org,2002:merge"),
            }
        })
    }

    fn warn_about_duplicate(&mut self, key: &str, key_id: NodeId, replaced: &Node) {
        // What an alias leads to was reported where it was written.
        if !self.aliases.is_empty() {
            return;
        }
        let file = self.document.file();
        let span = self.document.span(key_id);
        let message = format!("found the key `{key}` again in one mapping; the last one counts");
        let mut diagnostic =
            Diagnostic::warning(Code::DuplicateKey, message).at(file, span, "again");
        if let Some(place) = replaced.place {
            // An entry begins with its key; the place of an aliased value does not know the key.
            let first = Span {
                start: place.entry,
                end: place.value.end.max(place.entry),
            };
            diagnostic = diagnostic.at(place.file, first, "ignored");
        }
        self.diagnostics.push(diagnostic);
    }

    fn error(&self, id: NodeId, kind: ParseErrorKind, message: impl Into<String>) -> ParseError {
        self.document.error_at(id, kind, message)
    }
}

/// What the tag, the style and the text of a scalar say together.
pub(crate) enum Resolved {
    /// The text has this type.
    Scalar(Scalar),
    /// The text was base64 of this.
    Binary(Vec<u8>),
}
