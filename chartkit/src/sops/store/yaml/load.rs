//! Text into branches.
//!
//! Decides what a document means to SOPS: aliases are copied, `<<` is a key like others, tags are
//! gone. What SOPS refuses only when it encrypts is refused here, before anything is written.
//!
//! # Source
//!
//! SOPS v3.13.3, `stores/yaml/store.go`, `LoadPlainFile` and what it calls.

use super::comments::{Attached, Comments, Text, attach};
use super::{Layout, METADATA_KEY};
use crate::sops::store::error::{LoadError, LoadErrorKind};
use crate::sops::{At, Branch, Comment, Entry, Item, Node, Secret, Value};
use crate::source::{FileId, Sources, Span};
use crate::yaml::{
    self, AliasBudget, Document, Kind, MAX_DEPTH, NodeId, ParseOptions, Resolved, Scalar, Schema,
};

/// The branches of a text, one for each document.
///
/// # Errors
///
/// See [`LoadErrorKind`]; [`LoadErrorKind::Empty`] when there is no document.
///
/// DIFFERENCE: SOPS refuses keys that are no strings and numbers above `i64::MAX` only when it
/// encrypts. It reads a scalar whose text is not what its tag says as null in all documents but the
/// first, and never ends where an alias is inside of what it stands for there. Here these are errors
/// in every document, and so are aliases that make any document huge, and aliases of an anchor in
/// another document, which SOPS follows.
pub(crate) fn load(sources: &Sources, file: FileId) -> Result<Vec<Branch>, LoadError> {
    load_with_layout(sources, file).map(|(branches, _)| branches)
}

/// The branches of a text, and how it was written.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn load_with_layout(
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Branch>, Layout), LoadError> {
    let text = sources.text(file);
    let options = ParseOptions {
        comments: true,
        max_bytes: usize::MAX, // SOPS has no limit
        ..ParseOptions::default()
    };
    let documents = yaml::parse(sources, file, None, &options)?.documents;
    if documents.is_empty() {
        let found = if text.is_empty() {
            "nothing"
        } else {
            "no document"
        };
        let message = format!("found {found} in the file, expected a mapping");
        return Err(LoadError::new(LoadErrorKind::Empty, message));
    }
    let attached = attach(text, &documents);
    let mut branches = Vec::with_capacity(documents.len());
    let mut used = Vec::new();
    for (index, (document, comments)) in documents.iter().zip(&attached).enumerate() {
        let mut loader = Loader {
            document,
            text,
            comments,
            is_first: index == 0,
            budget: AliasBudget::default(),
            aliases: Vec::new(),
            depth: 0,
            used: &mut used,
        };
        branches.push(loader.root()?);
    }
    used.sort_unstable();
    let comments = documents.iter().flat_map(Document::comments);
    let lost = comments
        .map(|comment| comment.span)
        .filter(|span| used.binary_search(&span.start).is_err());
    let layout = Layout {
        lost_comments: lost.collect(),
        documents,
    };
    Ok((branches, layout))
}

/// The branches of an encrypted file without the metadata, and the metadata of the first document.
///
/// # Errors
///
/// As [`load`], and when the metadata is not there, twice there or no mapping.
///
/// # Source
///
/// SOPS v3.13.3, `stores/metadata.go`, `ExtractMetadata`.
pub(crate) fn load_encrypted(
    sources: &Sources,
    file: FileId,
) -> Result<(Vec<Branch>, Branch), LoadError> {
    let mut branches = load(sources, file)?;
    let metadata = take_metadata(&mut branches, file)?;
    Ok((branches, metadata))
}

/// Takes the metadata out of every branch; that of the first one counts.
fn take_metadata(branches: &mut [Branch], file: FileId) -> Result<Branch, LoadError> {
    let is_metadata = |item: &mut Item| match item {
        Item::Entry(entry) => entry.key == METADATA_KEY,
        Item::Comment(_) => false,
    };
    let mut found = None;
    for (index, branch) in branches.iter_mut().enumerate() {
        let taken: Vec<Item> = branch.extract_if(.., is_metadata).collect();
        if index > 0 {
            continue;
        }
        for item in taken {
            let Item::Entry(entry) = item else { continue };
            let error = |message: String| {
                let error = LoadError::new(LoadErrorKind::Metadata, message);
                match entry.key_at {
                    Some(at) => error.at(file, at.span),
                    None => error,
                }
            };
            match entry.value.value {
                Value::Branch(_) if found.is_some() => {
                    let message = format!("found the key `{METADATA_KEY}` twice, expected one");
                    return Err(error(message));
                }
                Value::Branch(metadata) => found = Some(metadata),
                other => {
                    let name = other.type_name();
                    let message = format!("found a {name} as `{METADATA_KEY}`, expected a mapping");
                    return Err(error(message));
                }
            }
        }
    }
    found.ok_or_else(|| {
        let message = format!("found no key `{METADATA_KEY}`, expected an encrypted file");
        LoadError::new(LoadErrorKind::MetadataNotFound, message)
    })
}

/// One document on its way into a branch.
struct Loader<'a> {
    document: &'a Document,
    text: &'a [u8],
    comments: &'a Attached,
    is_first: bool,
    budget: AliasBudget,
    /// The aliases being followed.
    aliases: Vec<NodeId>,
    depth: usize,
    /// Where the comments start that became one of ours, over all documents.
    used: &'a mut Vec<u32>,
}

/// How SOPS marks the comments of a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inline {
    Yes,
    No,
}

impl Loader<'_> {
    fn root(&mut self) -> Result<Branch, LoadError> {
        let (document, root) = (self.document, self.document.root());
        let mut branch = Branch::new();
        let comments = &self.comments.document;
        self.add_to_branch(&mut branch, &comments.head, Inline::No);
        match document.kind(root) {
            Kind::Mapping => self.mapping(root, &mut branch)?,
            Kind::Scalar if matches!(self.scalar(root)?, Value::Null) => {
                if let Some(own) = self.comments.of(root) {
                    self.add_to_branch(&mut branch, &own.head, Inline::No);
                    self.add_to_branch(&mut branch, &own.line, Inline::No);
                }
            }
            kind => {
                let found = match kind {
                    Kind::Sequence => "a list",
                    _ => "a scalar",
                };
                let message = format!("found {found} as document, expected a mapping");
                return Err(self.error(root, LoadErrorKind::Unsupported, message));
            }
        }
        self.add_to_branch(&mut branch, &comments.foot, Inline::No);
        Ok(branch)
    }

    /// A value; the comments of a collection become part of it unless its parent has them.
    fn value(&mut self, id: NodeId, has_comments: bool) -> Result<Value, LoadError> {
        self.count(id)?;
        let document = self.document;
        match document.kind(id) {
            Kind::Scalar => self.scalar(id),
            Kind::Alias => self.through_alias(id, |this, target| this.value(target, true)),
            Kind::Sequence => {
                let own = self.comments.of(id).filter(|_| has_comments);
                self.enter(id)?;
                let mut list = Vec::with_capacity(document.items(id).count());
                if let Some(own) = own {
                    self.add_to_list(&mut list, &own.head, Inline::No);
                    self.add_to_list(&mut list, &own.line, Inline::No);
                }
                for item in document.items(id) {
                    let comments = self.comments.of(item);
                    if let Some(Comments { head, line, .. }) = comments {
                        self.add_to_list(&mut list, head, Inline::No);
                        self.add_to_list(&mut list, line, Inline::Yes);
                    }
                    let value = self.node(item, false)?;
                    list.push(value);
                    if let Some(Comments { foot, .. }) = comments {
                        self.add_to_list(&mut list, foot, Inline::No);
                    }
                }
                if let Some(own) = own {
                    self.add_to_list(&mut list, &own.foot, Inline::No);
                }
                self.depth -= 1;
                Ok(Value::List(list))
            }
            Kind::Mapping => {
                let mut branch = Branch::new();
                if has_comments {
                    self.mapping(id, &mut branch)?;
                } else {
                    self.entries(id, &mut branch)?;
                }
                Ok(Value::Branch(branch))
            }
        }
    }

    /// A mapping with its own comments.
    fn mapping(&mut self, id: NodeId, branch: &mut Branch) -> Result<(), LoadError> {
        let own = self.comments.of(id);
        if let Some(own) = own {
            self.add_to_branch(branch, &own.head, Inline::No);
            self.add_to_branch(branch, &own.line, Inline::No);
        }
        self.entries(id, branch)?;
        if let Some(own) = own {
            self.add_to_branch(branch, &own.foot, Inline::No);
        }
        Ok(())
    }

    fn entries(&mut self, id: NodeId, branch: &mut Branch) -> Result<(), LoadError> {
        let document = self.document;
        self.enter(id)?;
        // SOPS reads the first document twice: the first time into a map, which has no duplicates.
        let is_checked = self.is_first && self.aliases.is_empty();
        if is_checked {
            document.refuse_duplicates(id)?;
        }
        branch.reserve(document.entries(id).count());
        for (key_id, value_id) in document.entries(id) {
            if is_checked && document.is_merge(key_id, Schema::V3) {
                self.check_merge(value_id)?;
            }
            let key_comments = self.comments.of(key_id);
            if let Some(Comments { head, line, .. }) = key_comments {
                self.add_to_branch(branch, head, Inline::No);
                self.add_to_branch(branch, line, Inline::No);
            }
            let is_leaf = matches!(document.kind(value_id), Kind::Scalar | Kind::Alias);
            let value_comments = self.comments.of(value_id).filter(|_| is_leaf);
            if let Some(Comments { head, line, .. }) = value_comments {
                self.add_to_branch(branch, head, Inline::No);
                self.add_to_branch(branch, line, Inline::Yes);
            }
            let key = self.key(key_id)?;
            let value = self.node(value_id, !is_leaf)?;
            branch.push(Item::Entry(Entry {
                key,
                key_at: self.at(key_id),
                value,
            }));
            if let Some(Comments { foot, .. }) = value_comments {
                self.add_to_branch(branch, foot, Inline::No);
            }
            if let Some(Comments { foot, .. }) = key_comments {
                self.add_to_branch(branch, foot, Inline::No);
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn node(&mut self, id: NodeId, has_comments: bool) -> Result<Node, LoadError> {
        let value = self.value(id, has_comments)?;
        let is_alias = self.document.kind(id) == Kind::Alias;
        let at = self.at(id).filter(|_| !is_alias);
        Ok(Node { value, at })
    }

    fn key(&mut self, id: NodeId) -> Result<String, LoadError> {
        self.count(id)?;
        let found = match self.document.kind(id) {
            Kind::Alias => return self.through_alias(id, Self::key),
            Kind::Sequence => "list",
            Kind::Mapping => "mapping",
            Kind::Scalar => match self.scalar(id)? {
                Value::String(text) => match text.as_str() {
                    Some(text) => return Ok(text.to_owned()),
                    None => "binary",
                },
                other => other.type_name(),
            },
        };
        let message = format!("found a key of type {found}, expected a string");
        Err(self.error(id, LoadErrorKind::Unsupported, message))
    }

    fn scalar(&self, id: NodeId) -> Result<Value, LoadError> {
        let text = self.document.text(id);
        Ok(match self.document.resolve(id, Schema::V3)? {
            Resolved::Binary(bytes) => Value::String(Secret::from(bytes)),
            Resolved::Scalar(scalar) => match scalar {
                Scalar::Null => Value::Null,
                Scalar::Bool(bool) => Value::Bool(bool),
                Scalar::Int(int) => Value::Int(int),
                Scalar::Float(float) => Value::Float(float),
                Scalar::String => Value::string(text),
                Scalar::Timestamp => {
                    let time = yaml::parse_timestamp(text);
                    Value::Time(time.expect("it was recognised as one"))
                }
                Scalar::UInt(_) => {
                    let message = "found an integer above 9223372036854775807, expected one that \
                                   fits 64 bits with a sign";
                    return Err(self.error(id, LoadErrorKind::Unsupported, message));
                }
            },
        })
    }

    /// # Source
    ///
    /// go.yaml.in/yaml v3.0.4, `decode.go`, `decoder.merge`.
    fn check_merge(&self, id: NodeId) -> Result<(), LoadError> {
        let document = self.document;
        let is_mapping = |id| document.kind(document.target(id).unwrap_or(id)) == Kind::Mapping;
        let fits = match document.kind(id) {
            Kind::Sequence => document.items(id).all(is_mapping),
            _ => is_mapping(id),
        };
        if fits {
            return Ok(());
        }
        let message = "found a merge key `<<` without a mapping, expected a mapping, an alias of \
                       one, or a list of these";
        Err(self.error(id, LoadErrorKind::Unsupported, message))
    }

    fn through_alias<T>(
        &mut self,
        id: NodeId,
        load: impl FnOnce(&mut Self, NodeId) -> Result<T, LoadError>,
    ) -> Result<T, LoadError> {
        if self.aliases.contains(&id) {
            let message = "found an alias inside of what it stands for";
            return Err(self.error(id, LoadErrorKind::Syntax, message));
        }
        let target = self.document.target(id).unwrap_or(id);
        self.aliases.push(id);
        let result = load(self, target);
        self.aliases.pop();
        result
    }

    fn count(&mut self, id: NodeId) -> Result<(), LoadError> {
        if self.budget.visit(!self.aliases.is_empty()) {
            return Ok(());
        }
        let message = "found aliases that make the document contain excessive aliasing";
        Err(self.error(id, LoadErrorKind::Syntax, message))
    }

    fn enter(&mut self, id: NodeId) -> Result<(), LoadError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message =
                format!("found more than {MAX_DEPTH} nested collections, aliases included");
            return Err(self.error(id, LoadErrorKind::Syntax, message));
        }
        Ok(())
    }

    /// Where a node was written; nothing for a copy.
    fn at(&self, id: NodeId) -> Option<At> {
        let at = At {
            span: self.document.span(id),
            node: id.number(),
        };
        self.aliases.is_empty().then_some(at)
    }

    fn add_to_branch(&mut self, branch: &mut Branch, comments: &Text, inline: Inline) {
        for span in comments.iter().flatten() {
            branch.push(Item::Comment(self.comment(*span, inline)));
        }
    }

    fn add_to_list(&mut self, list: &mut Vec<Node>, comments: &Text, inline: Inline) {
        for span in comments.iter().flatten() {
            let comment = self.comment(*span, inline);
            let at = comment.at;
            let value = Value::Comment(comment);
            list.push(Node { value, at });
        }
    }

    fn comment(&mut self, span: Span, inline: Inline) -> Comment {
        let is_copy = !self.aliases.is_empty();
        if !is_copy {
            self.used.push(span.start);
        }
        let text = self.text.get(span.start as usize + 1..span.end as usize);
        Comment {
            text: Secret::from(text.unwrap_or_default()),
            inline: inline == Inline::Yes,
            at: (!is_copy).then_some(At { span, node: 0 }),
        }
    }

    fn error(&self, id: NodeId, kind: LoadErrorKind, message: impl Into<String>) -> LoadError {
        LoadError::new(kind, message).at(self.document.file(), self.document.span(id))
    }
}
