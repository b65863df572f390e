//! Differences of the values and comments.

use std::collections::HashMap;

use super::{Shown, ValueChange, ValueChangeKind};
use crate::sops::cipher::{Ciphertext, plain_text};
use crate::sops::lineage::DataKeyChange;
use crate::sops::paired::{CommentIndex, ItemPair, Pair, Shape, Tree};
use crate::sops::status::known_type;
use crate::sops::store::yaml::align::{Step as Aligned, align};
use crate::sops::{Comment, LeafPath, Step, Value};

/// Items that may be compared each with each to find out whether they were only moved.
const MAX_MOVED: usize = 512;

pub(super) fn compare(old: Tree<'_>, new: Tree<'_>, data_key: DataKeyChange) -> Vec<ValueChange> {
    let mut changes = Vec::new();
    for document in 0..old.len().max(new.len()) {
        let mut differ = Differ {
            data_key,
            is_open: old.is_open && new.is_open,
            path: LeafPath::of_document(document),
            changes: &mut changes,
        };
        differ.branch(&old.document(document), &new.document(document));
    }
    changes
}

struct Differ<'d> {
    data_key: DataKeyChange,
    is_open: bool,
    path: LeafPath,
    changes: &'d mut Vec<ValueChange>,
}

impl Differ<'_> {
    fn branch(&mut self, old: &[ItemPair<'_>], new: &[ItemPair<'_>]) {
        let (old_entries, new_entries) = (numbered(old), numbered(new));
        let known_old: HashMap<_, _> = old_entries.iter().copied().collect();
        let known_new: HashMap<_, _> = new_entries.iter().copied().collect();
        for (name, pair) in &old_entries {
            if !known_new.contains_key(name) {
                self.inside(Step::Key(name.0.to_owned()), |differ| {
                    differ.all(*pair, ValueChangeKind::Removed);
                });
            }
        }
        self.comments(old, new);
        for (name, pair) in &new_entries {
            self.inside(Step::Key(name.0.to_owned()), |differ| {
                match known_old.get(name) {
                    Some(old) => differ.node(*old, *pair),
                    None => differ.all(*pair, ValueChangeKind::Added),
                }
            });
        }
        let common_old = old_entries.iter().map(|(name, _)| name);
        let common_new = new_entries.iter().map(|(name, _)| name);
        let in_order = common_old
            .filter(|name| known_new.contains_key(*name))
            .eq(common_new.filter(|name| known_old.contains_key(*name)));
        if !in_order {
            self.report(ValueChangeKind::Reordered, None, None);
        }
    }

    /// Comments have no names: those that are in both do not count, wherever they stand.
    fn comments(&mut self, old: &[ItemPair<'_>], new: &[ItemPair<'_>]) {
        let (mut old, mut new) = (comments_of(old), comments_of(new));
        take_equal(&mut old, &mut new, |(_, sealed)| sealed);
        // Those that say the same are pairs first, then the others as they come.
        let mut pairs = take_equal(&mut old, &mut new, |(value, _)| value);
        let common = old.len().min(new.len());
        pairs.extend(old.iter().copied().zip(new.iter().copied()));
        for (old, new) in pairs {
            let texts = (old.1.text.as_str(), new.1.text.as_str());
            let (old_shown, new_shown) = (self.shown_comment(old), self.shown_comment(new));
            let kind = self.kind(&old_shown, &new_shown, texts, old.0 == new.0);
            self.report(kind, Some(old_shown), Some(new_shown));
        }
        for comment in &old[common..] {
            let shown = self.shown_comment(*comment);
            self.report(ValueChangeKind::Removed, Some(shown), None);
        }
        for comment in &new[common..] {
            let shown = self.shown_comment(*comment);
            self.report(ValueChangeKind::Added, None, Some(shown));
        }
    }

    fn node(&mut self, old: Pair<'_>, new: Pair<'_>) {
        match (old.shape(), new.shape()) {
            (Shape::Branch(old), Shape::Branch(new)) => self.branch(&old, &new),
            (Shape::List(old), Shape::List(new)) => self.list(&old, &new),
            (Shape::Leaf, Shape::Leaf) => self.leaf(old, new),
            _ => {
                let (old, new) = (self.shown(old), self.shown(new));
                self.report(ValueChangeKind::Type, Some(old), Some(new));
            }
        }
    }

    fn list(&mut self, old: &[Pair<'_>], new: &[Pair<'_>]) {
        let is_same = |old: &Pair<'_>, new: &Pair<'_>| old.is_same(*new);
        let steps = align(old, new, |old, new| 3 * u32::from(is_same(old, new)));
        let steps = steps.unwrap_or_else(|| {
            let removed = (0..old.len()).map(Aligned::Remove);
            removed.chain((0..new.len()).map(Aligned::Insert)).collect()
        });
        let (removed, added) = split(&steps);
        if !removed.is_empty() && removed.len() == added.len() && removed.len() <= MAX_MOVED {
            let mut rest = added.clone();
            let moved = removed.iter().all(|old_at| {
                let found = (rest.iter()).position(|new_at| is_same(&old[*old_at], &new[*new_at]));
                found.map(|at| rest.swap_remove(at)).is_some()
            });
            if moved {
                self.report(ValueChangeKind::Reordered, None, None);
                return;
            }
        }
        let is_kept = |step: &Aligned| matches!(step, Aligned::Keep(..));
        for run in steps.chunk_by(|a, b| is_kept(a) == is_kept(b)) {
            for step in run {
                // The same value may be encrypted anew.
                if let Aligned::Keep(old_at, new_at) = step {
                    self.inside(Step::Index(*new_at), |differ| {
                        differ.node(old[*old_at], new[*new_at]);
                    });
                }
            }
            // Between items that stay, those that went and those that came belong together.
            let (removed, added) = split(run);
            let common = removed.len().min(added.len());
            for (old_at, new_at) in removed.iter().zip(&added) {
                self.inside(Step::Index(*new_at), |differ| {
                    differ.node(old[*old_at], new[*new_at]);
                });
            }
            for old_at in &removed[common..] {
                self.inside(Step::Index(*old_at), |differ| {
                    differ.all(old[*old_at], ValueChangeKind::Removed);
                });
            }
            for new_at in &added[common..] {
                self.inside(Step::Index(*new_at), |differ| {
                    differ.all(new[*new_at], ValueChangeKind::Added);
                });
            }
        }
    }

    fn leaf(&mut self, old: Pair<'_>, new: Pair<'_>) {
        if old.sealed == new.sealed {
            return;
        }
        let (old_shown, new_shown) = (self.shown(old), self.shown(new));
        let texts = (old.sealed.value.as_str(), new.sealed.value.as_str());
        let kind = self.kind(&old_shown, &new_shown, texts, old.is_same(new));
        self.report(kind, Some(old_shown), Some(new_shown));
    }

    /// What happened between two leaves that are written differently.
    fn kind(
        &self,
        old: &Shown,
        new: &Shown,
        texts: (Option<&str>, Option<&str>),
        is_same: bool,
    ) -> ValueChangeKind {
        let is_empty = |shown: &Shown| shown.size == Some(0);
        if is_empty(old) != is_empty(new) && old.kind == new.kind {
            // Nothing is encrypted of an empty text.
            return ValueChangeKind::Changed;
        }
        match (old.is_encrypted, new.is_encrypted) {
            (true, false) => return ValueChangeKind::NowPlain,
            (false, true) => return ValueChangeKind::NowEncrypted,
            _ if old.kind != new.kind => return ValueChangeKind::Type,
            (false, false) => return ValueChangeKind::Changed,
            (true, true) => {}
        }
        if self.is_open {
            return if is_same {
                ValueChangeKind::Reencrypted
            } else {
                ValueChangeKind::Changed
            };
        }
        let iv = |text: Option<&str>| text.and_then(Ciphertext::parse).map(|c| c.iv.to_owned());
        // Under one key and one nonce, ciphertexts differ where plaintexts do.
        let same_nonce = iv(texts.0) == iv(texts.1);
        match self.data_key {
            _ if old.size != new.size => ValueChangeKind::Changed,
            DataKeyChange::Kept if same_nonce => ValueChangeKind::Changed,
            DataKeyChange::Rotated => ValueChangeKind::Reencrypted,
            DataKeyChange::Kept | DataKeyChange::Unclear => ValueChangeKind::Unclear,
        }
    }

    /// Everything in a value that is only there in one version.
    fn all(&mut self, pair: Pair<'_>, kind: ValueChangeKind) {
        match pair.shape() {
            Shape::Branch(items) if !items.is_empty() => {
                for item in items {
                    match item {
                        ItemPair::Entry { .. } => {
                            if let Some((key, pair)) = item.entry() {
                                let step = Step::Key(key.to_owned());
                                self.inside(step, |differ| differ.all(pair, kind));
                            }
                        }
                        ItemPair::Comment { value, sealed } => {
                            let shown = self.shown_comment((value, sealed));
                            self.report_one(kind, shown);
                        }
                    }
                }
            }
            Shape::List(items) if !items.is_empty() => {
                for (index, item) in items.into_iter().enumerate() {
                    self.inside(Step::Index(index), |differ| differ.all(item, kind));
                }
            }
            _ => {
                let shown = self.shown(pair);
                self.report_one(kind, shown);
            }
        }
    }

    fn shown_comment(&self, (value, sealed): CommentPair<'_>) -> Shown {
        Shown::of_text(&sealed.text, &Value::Comment(value.clone()), self.is_open)
    }

    fn shown(&self, pair: Pair<'_>) -> Shown {
        Shown::of(pair, self.is_open)
    }

    fn inside(&mut self, step: Step, then: impl FnOnce(&mut Self)) {
        self.path.push(step);
        then(self);
        self.path.pop();
    }

    fn report_one(&mut self, kind: ValueChangeKind, shown: Shown) {
        match kind {
            ValueChangeKind::Removed => self.report(kind, Some(shown), None),
            _ => self.report(kind, None, Some(shown)),
        }
    }

    fn report(&mut self, kind: ValueChangeKind, old: Option<Shown>, new: Option<Shown>) {
        self.changes.push(ValueChange {
            path: self.path.clone(),
            kind,
            old,
            new,
        });
    }
}

impl Shown {
    /// A value; with `is_open`, what it means is known.
    pub(crate) fn of(pair: Pair<'_>, is_open: bool) -> Self {
        match &pair.sealed.value {
            Value::String(text) | Value::Comment(Comment { text, .. }) => {
                Self::of_text(text, &pair.value.value, is_open)
            }
            plain => {
                let is_leaf = !matches!(plain, Value::Branch(_) | Value::List(_));
                Self {
                    kind: plain.type_name(),
                    is_encrypted: false,
                    size: is_leaf.then(|| plain_text(plain).len()),
                    value: is_leaf.then(|| plain.clone()),
                }
            }
        }
    }

    /// A text or comment as it is written, with what it means.
    fn of_text(sealed: &crate::sops::Secret, value: &Value, is_open: bool) -> Self {
        match sealed.as_str().and_then(Ciphertext::parse) {
            Some(ciphertext) => Self {
                kind: known_type(ciphertext.kind),
                is_encrypted: true,
                size: Some(ciphertext.size()),
                value: is_open.then(|| value.clone()),
            },
            None => Self {
                kind: value.type_name(),
                is_encrypted: false,
                size: Some(sealed.len()),
                value: Some(value.clone()),
            },
        }
    }
}

/// A comment and how it is written.
type CommentPair<'f> = (&'f Comment, &'f Comment);

fn comments_of<'f>(items: &[ItemPair<'f>]) -> Vec<CommentPair<'f>> {
    let comments = items.iter().filter_map(|item| match item {
        ItemPair::Comment { value, sealed } => Some((*value, *sealed)),
        ItemPair::Entry { .. } => None,
    });
    comments.collect()
}

/// Takes the comments out of both that are the same by `side`.
fn take_equal<'f>(
    old: &mut Vec<CommentPair<'f>>,
    new: &mut Vec<CommentPair<'f>>,
    side: impl Fn(CommentPair<'f>) -> &'f Comment,
) -> Vec<(CommentPair<'f>, CommentPair<'f>)> {
    let comments = new.iter().enumerate();
    let mut index = CommentIndex::new(comments.map(|(at, pair)| (at, side(*pair))));
    let mut taken = vec![false; new.len()];
    let mut pairs = Vec::new();
    old.retain(|pair| match index.take(side(*pair)) {
        Some(at) => {
            taken[at] = true;
            pairs.push((*pair, new[at]));
            false
        }
        None => true,
    });
    let mut taken = taken.into_iter();
    new.retain(|_| taken.next() == Some(false));
    pairs
}

/// The old items that go, and the new ones that come.
fn split(steps: &[Aligned]) -> (Vec<usize>, Vec<usize>) {
    let removed = steps.iter().filter_map(|step| match step {
        Aligned::Remove(at) => Some(*at),
        _ => None,
    });
    let added = steps.iter().filter_map(|step| match step {
        Aligned::Insert(at) => Some(*at),
        _ => None,
    });
    (removed.collect(), added.collect())
}

/// The entries, each named by its key and by how many of that key came before.
fn numbered<'f>(items: &[ItemPair<'f>]) -> Vec<((&'f str, usize), Pair<'f>)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let entries = items.iter().filter_map(|item| item.entry());
    entries
        .map(|(key, pair)| {
            let count = counts.entry(key).or_default();
            let name = (key, *count);
            *count += 1;
            (name, pair)
        })
        .collect()
}
