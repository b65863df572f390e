//! The values of an encrypted file as they can be looked at without a key: each with its path, its
//! place, and whether the file's rule says that it is encrypted.
//!
//! Must not know keys. The walk is that of [`crypt`](super::crypt), which changes what it comes by; a
//! test holds the two together.

use std::fmt;

use crate::sops::cipher::Ciphertext;
use crate::sops::selection::{Scope, Selection};
use crate::sops::{At, Branch, Comment, Item, Node, Step, TreePath, Value};
use crate::source::Span;

/// The way to a value of a file: which document, and the steps in it.
///
/// # Shape
///
/// Text form as in `chartkit values`: keys separated by `.`, indexes in `[]`, a `\` before `.`, `[`,
/// `]`, `,`, `=` and `\` inside a key. Indexes count from 0, comments of the list included, as
/// [`TreePath`] does. Later documents are named: `document 2: db.password`. What stands at the top,
/// such as a comment, has no steps: `the top`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafPath {
    document: usize,
    steps: Vec<Step>,
}

impl LeafPath {
    pub(crate) fn of_document(document: usize) -> Self {
        Self {
            document,
            steps: Vec::new(),
        }
    }

    /// Which document, from 0; only YAML has more than one.
    #[must_use]
    pub fn document(&self) -> usize {
        self.document
    }

    /// The steps, from the top of the document.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The path as [`set`](super::set) takes it; nothing for other documents than the first, and for
    /// the top.
    #[must_use]
    pub fn to_tree_path(&self) -> Option<TreePath> {
        let reachable = self.document == 0 && !self.steps.is_empty();
        reachable.then(|| TreePath::new(self.steps.clone()))
    }

    /// The steps alone, without the document.
    pub(crate) fn steps_text(&self) -> String {
        let mut text = String::new();
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Index(index) => text += &format!("[{index}]"),
                Step::Key(key) => {
                    if position > 0 {
                        text.push('.');
                    }
                    for c in key.chars() {
                        if matches!(c, '.' | '[' | ']' | ',' | '=' | '\\') {
                            text.push('\\');
                        }
                        text.push(c);
                    }
                }
            }
        }
        text
    }

    /// What ciphertext at the path is bound to: the keys.
    pub(crate) fn additional_data(&self) -> String {
        let mut data = String::new();
        for step in &self.steps {
            if let Step::Key(key) = step {
                data.push_str(key);
                data.push(':');
            }
        }
        if data.is_empty() {
            ":".to_owned()
        } else {
            data
        }
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.steps.pop();
    }
}

impl fmt::Display for LeafPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.document > 0 {
            write!(f, "document {}: ", self.document + 1)?;
        }
        if self.steps.is_empty() {
            f.write_str("the top")
        } else {
            f.write_str(&self.steps_text())
        }
    }
}

/// A scalar, a null or a comment of a file.
pub(crate) struct Leaf<'l> {
    /// Of a comment between entries, the path of the mapping.
    pub(crate) path: &'l LeafPath,
    pub(crate) content: Content<'l>,
    /// The key of the entry that it is in, or is a part of.
    pub(crate) key_at: Option<At>,
    /// Whether the file's rule says that it is encrypted.
    pub(crate) is_encrypted: bool,
}

/// What stands at a leaf.
#[derive(Clone, Copy)]
pub(crate) enum Content<'l> {
    Comment(&'l Comment),
    /// Never a comment, a mapping or a list.
    Value(&'l Node),
}

impl<'l> Content<'l> {
    /// The text, if it is one.
    pub(crate) fn text(self) -> Option<&'l str> {
        match self {
            Self::Comment(comment) => comment.text.as_str(),
            Self::Value(node) => node.value.as_str(),
        }
    }

    /// The parts, if it is ciphertext.
    pub(crate) fn ciphertext(self) -> Option<Ciphertext<'l>> {
        self.text().and_then(Ciphertext::parse)
    }

    /// The name of what stands there in the file, ciphertext being a `str`.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Comment(_) => "comment",
            Self::Value(node) => node.value.type_name(),
        }
    }

    pub(crate) fn at(self) -> Option<At> {
        match self {
            Self::Comment(comment) => comment.at,
            Self::Value(node) => node.at,
        }
    }
}

impl Leaf<'_> {
    /// What to call it in a message: the path, and for comments what they are in.
    pub(crate) fn name(&self) -> String {
        match (self.content, self.path.steps().last()) {
            (Content::Value(_), _) | (_, Some(Step::Index(_))) => format!("`{}`", self.path),
            (Content::Comment(_), None) => "a comment at the top".to_owned(),
            (Content::Comment(_), Some(_)) => format!("a comment in `{}`", self.path),
        }
    }

    /// Where to point: the key, so that a message shows a line that may be shown, or else the value.
    pub(crate) fn span(&self) -> Span {
        let own = self.content.at();
        let at = match self.content {
            Content::Comment(_) => own.or(self.key_at),
            Content::Value(_) => self.key_at.or(own),
        };
        at.map_or_else(Span::default, |at| at.span)
    }
}

/// Calls `visit` for every leaf, in the order of the file.
pub(crate) fn for_each(
    branches: &[Branch],
    selection: &Selection,
    visit: &mut dyn FnMut(&Leaf<'_>),
) {
    for (document, branch) in branches.iter().enumerate() {
        let mut walk = Walk {
            selection,
            path: LeafPath::of_document(document),
            visit,
        };
        walk.branch(branch, None, Scope::default());
    }
}

struct Walk<'w> {
    selection: &'w Selection,
    path: LeafPath,
    visit: &'w mut dyn FnMut(&Leaf<'_>),
}

impl Walk<'_> {
    fn branch(&mut self, branch: &Branch, key_at: Option<At>, mut scope: Scope) {
        for item in branch {
            match item {
                Item::Comment(comment) => {
                    let is_encrypted = scope.comment(self.selection, &comment.text);
                    self.leaf(Content::Comment(comment), key_at, is_encrypted);
                }
                Item::Entry(entry) => {
                    let is_comment = match &entry.value.value {
                        Value::Comment(comment) => {
                            scope.comment(self.selection, &comment.text);
                            true
                        }
                        _ => false,
                    };
                    let inner = scope.under_key(self.selection, &entry.key);
                    self.path.push(Step::Key(entry.key.clone()));
                    self.node(&entry.value, entry.key_at, inner);
                    self.path.pop();
                    if !is_comment {
                        scope.item();
                    }
                }
            }
        }
    }

    fn node(&mut self, node: &Node, key_at: Option<At>, mut scope: Scope) {
        match &node.value {
            Value::Branch(branch) => self.branch(branch, key_at, scope),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    if let Value::Comment(comment) = &item.value {
                        let is_encrypted = scope.comment(self.selection, &comment.text);
                        self.leaf(Content::Comment(comment), key_at, is_encrypted);
                    } else {
                        self.node(item, item.at.or(key_at), scope.in_item());
                        scope.item();
                    }
                    self.path.pop();
                }
            }
            Value::Comment(comment) => {
                let is_encrypted = scope.is_encrypted(self.selection);
                self.leaf(Content::Comment(comment), key_at, is_encrypted);
            }
            _ => {
                let is_encrypted = scope.is_encrypted(self.selection);
                self.leaf(Content::Value(node), key_at, is_encrypted);
            }
        }
    }

    fn leaf(&mut self, content: Content<'_>, key_at: Option<At>, is_encrypted: bool) {
        (self.visit)(&Leaf {
            path: &self.path,
            content,
            key_at,
            is_encrypted,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::SelectionRule;
    use crate::sops::crypt;
    use crate::sops::store::yaml;
    use crate::source::Sources;

    const TEXT: &str = "\
# note
a_x: 1
b:
    # x: about the next
    c: two
    d: null
    list:
        # x
        - three
        - y: 4
          # x
          z_x: [5, [6]]
        # last
---
e: # inline x
    f: 7
";

    /// What leaves are encrypted decides over secrets, so that the two walks must never differ.
    #[test]
    fn the_walk_is_that_of_encryption() {
        let mut sources = Sources::new();
        let file = sources.add("text", TEXT.as_bytes());
        let mut branches = yaml::load(&sources, file).unwrap();
        for rule in SelectionRule::ALL {
            let selection = Selection::new(rule, "x").unwrap();
            let mut ours = Vec::new();
            for_each(&branches, &selection, &mut |leaf| {
                let is_null =
                    matches!(leaf.content, Content::Value(node) if node.value == Value::Null);
                if !is_null {
                    let data = leaf.path.additional_data();
                    ours.push((data, leaf.content.at(), leaf.is_encrypted));
                }
            });
            let mut theirs = Vec::new();
            let collect = &mut |leaf: crypt::Leaf<'_>| {
                let data = leaf.additional_data.to_owned();
                theirs.push((data, leaf.place.at(), leaf.is_encrypted));
                Ok::<(), ()>(())
            };
            crypt::walk(&mut branches, &selection, collect).unwrap();
            assert_eq!(ours, theirs, "{rule}");
            let encrypted = ours.iter().filter(|leaf| leaf.2).count();
            assert!((1..ours.len()).contains(&encrypted), "{rule}: {encrypted}");
        }
    }

    #[test]
    fn paths_are_shown_as_values_are() {
        let mut path = LeafPath::of_document(1);
        assert_eq!(path.to_string(), "document 2: the top");
        path.push(Step::Key("a.b".to_owned()));
        path.push(Step::Index(3));
        assert_eq!(path.to_string(), r"document 2: a\.b[3]");
        assert_eq!(path.to_tree_path(), None);
    }
}
