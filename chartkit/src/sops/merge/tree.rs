//! The values and comments of a merge.

use std::collections::{HashMap, HashSet};

use super::{Conflict, ConflictSubject, Files, label};
use crate::sops::diff::Shown;
use crate::sops::paired::{CommentIndex, ItemPair, Pair, Shape, Tree};
use crate::sops::store::yaml::align::{Step as Aligned, align};
use crate::sops::tree::entries;
use crate::sops::{Branch, Comment, Entry, Item, LeafPath, Node, Step, Value};
use crate::source::Span;

/// The trees of the versions; those of `theirs` have no places, as they go into another text.
pub(super) struct Sides<'f> {
    pub(super) base: Option<Tree<'f>>,
    pub(super) ours: Tree<'f>,
    pub(super) theirs: Tree<'f>,
}

/// A tree and how it is written; ciphertext may be that of either side.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) values: Vec<Branch>,
    pub(super) sealed: Vec<Branch>,
}

/// As [`Pair`], but of the result.
struct BuiltNode {
    value: Node,
    sealed: Node,
}

#[derive(Default)]
struct BuiltBranch {
    values: Branch,
    sealed: Branch,
}

/// The merged tree; where there is a conflict, ours.
pub(super) fn merge(sides: &Sides<'_>, files: &Files<'_>, conflicts: &mut Vec<Conflict>) -> Merged {
    let mut merger = Merger {
        files,
        is_open: sides.ours.is_open,
        path: LeafPath::default(),
        conflicts,
    };
    let mut merged = Merged::default();
    let Sides { base, ours, theirs } = sides;
    // Without a base every document counts as added.
    let base_len = base.map_or(ours.len().min(theirs.len()), |base| base.len());
    if base_len != ours.len() || base_len != theirs.len() {
        let is_base = |side: &Tree<'_>| base.is_some_and(|base| base.values == side.values);
        let taken = match () {
            () if is_base(ours) || ours.values == theirs.values => theirs,
            () if is_base(theirs) => ours,
            () => {
                merger.conflict(ConflictSubject::Documents, None, None, None);
                ours
            }
        };
        merged.values = taken.values.to_vec();
        merged.sealed = taken.sealed.to_vec();
        return merged;
    }
    for document in 0..ours.len() {
        merger.path = LeafPath::of_document(document);
        let base = base.map(|base| base.document(document)).unwrap_or_default();
        let built = merger.branch(&base, &ours.document(document), &theirs.document(document));
        merged.values.push(built.values);
        merged.sealed.push(built.sealed);
    }
    merged
}

/// Where the value at a path is written: its key, if it has one.
pub(super) fn span_of(branches: &[Branch], path: &LeafPath) -> Option<Span> {
    let mut branch = branches.get(path.document())?;
    let mut span = None;
    let mut node: Option<&Node> = None;
    for step in path.steps() {
        match step {
            Step::Key(key) => {
                if let Some(node) = node {
                    branch = node.value.as_branch()?;
                }
                let entry = entries(branch).find(|entry| entry.key == *key)?;
                span = entry.key_at.map(|at| at.span);
                node = Some(&entry.value);
            }
            Step::Index(index) => {
                let Value::List(items) = &node?.value else {
                    return span;
                };
                node = Some(items.get(*index)?);
                span = node.and_then(|node| node.at).map(|at| at.span).or(span);
            }
        }
    }
    span
}

struct Merger<'m> {
    files: &'m Files<'m>,
    is_open: bool,
    path: LeafPath,
    conflicts: &'m mut Vec<Conflict>,
}

/// The name of an entry: its key, and how many of that key came before.
type Name<'f> = (&'f str, usize);

/// An item of the result, and which of their items it is.
struct Placed {
    value: Item,
    sealed: Item,
    theirs: Option<usize>,
}

impl Placed {
    fn comment(value: &Comment, sealed: &Comment, theirs: Option<usize>) -> Self {
        Self {
            value: Item::Comment(value.clone()),
            sealed: Item::Comment(sealed.clone()),
            theirs,
        }
    }

    fn which_is(self, theirs: Option<usize>) -> Self {
        Self { theirs, ..self }
    }
}

/// The entries of a mapping in the other versions; of theirs, with their places.
struct Mapping<'f> {
    base: HashMap<Name<'f>, (usize, Pair<'f>)>,
    theirs: HashMap<Name<'f>, (usize, Pair<'f>)>,
}

impl<'f> Mapping<'f> {
    fn base_of(&self, name: Name<'_>) -> Option<Pair<'f>> {
        self.base.get(&name).map(|(_, pair)| *pair)
    }
}

fn entries_of<'f>(
    items: &[(Option<Name<'f>>, ItemPair<'f>)],
) -> HashMap<Name<'f>, (usize, Pair<'f>)> {
    let entries = items.iter().enumerate();
    entries
        .filter_map(|(at, (name, item))| Some(((*name)?, (at, item.entry()?.1))))
        .collect()
}

impl Merger<'_> {
    fn branch(
        &mut self,
        base: &[ItemPair<'_>],
        ours: &[ItemPair<'_>],
        theirs: &[ItemPair<'_>],
    ) -> BuiltBranch {
        let named_theirs = named(theirs);
        let mapping = Mapping {
            base: entries_of(&named(base)),
            theirs: entries_of(&named_theirs),
        };
        let mut comments = Comments::new(base, theirs);
        let mut placed: Vec<Placed> = Vec::new();
        for (name, item) in named(ours) {
            let built = match (item, name) {
                (ItemPair::Comment { value, sealed }, _) => match comments.of_ours(value) {
                    CommentPlace::Removed => None,
                    CommentPlace::Theirs(at) => Some(Placed::comment(value, sealed, Some(at))),
                    CommentPlace::Ours => Some(Placed::comment(value, sealed, None)),
                },
                (ItemPair::Entry { .. }, Some(name)) => {
                    let theirs = mapping.theirs.get(&name);
                    let pair = theirs.map(|(_, pair)| *pair);
                    let built = self.entry(item, |merger, ours| {
                        merger.node(mapping.base_of(name), Some(ours), pair)
                    });
                    built.map(|built| built.which_is(theirs.map(|(at, _)| *at)))
                }
                (ItemPair::Entry { .. }, None) => None,
            };
            placed.extend(built);
        }
        let known: HashSet<Name<'_>> = named(ours).into_iter().filter_map(|(n, _)| n).collect();
        let taken: HashSet<usize> = placed.iter().filter_map(|placed| placed.theirs).collect();
        for (at, (name, item)) in named_theirs.into_iter().enumerate() {
            if taken.contains(&at) || name.is_some_and(|name| known.contains(&name)) {
                continue;
            }
            let built = match (item, name) {
                (ItemPair::Comment { value, sealed }, _) => {
                    let stays = !comments.is_removed_by_us(value);
                    stays.then(|| Placed::comment(value, sealed, Some(at)))
                }
                (ItemPair::Entry { .. }, Some(name)) => {
                    let built = self.entry(item, |merger, theirs| {
                        merger.node(mapping.base_of(name), None, Some(theirs))
                    });
                    built.map(|built| built.which_is(Some(at)))
                }
                (ItemPair::Entry { .. }, None) => None,
            };
            if let Some(built) = built {
                placed.insert(place_for(at, theirs, &placed), built);
            }
        }
        let mut built = BuiltBranch::default();
        for item in placed {
            built.values.push(item.value);
            built.sealed.push(item.sealed);
        }
        built
    }

    /// An entry with what `merge` makes of its value.
    fn entry<'f>(
        &mut self,
        item: ItemPair<'f>,
        merge: impl FnOnce(&mut Self, Pair<'f>) -> Option<BuiltNode>,
    ) -> Option<Placed> {
        let (_, pair) = item.entry()?;
        let ItemPair::Entry { value, sealed } = item else {
            return None;
        };
        let step = Step::Key(value.key.clone());
        let built = self.inside(step, |merger| merge(merger, pair))?;
        let with = |entry: &Entry, value| {
            Item::Entry(Entry {
                value,
                ..entry.clone()
            })
        };
        Some(Placed {
            value: with(value, built.value),
            sealed: with(sealed, built.sealed),
            theirs: None,
        })
    }

    /// What a value becomes; nothing when it is gone.
    fn node(
        &mut self,
        base: Option<Pair<'_>>,
        ours: Option<Pair<'_>>,
        theirs: Option<Pair<'_>>,
    ) -> Option<BuiltNode> {
        let is_same = |a: Option<Pair<'_>>, b: Option<Pair<'_>>| match (a, b) {
            (Some(a), Some(b)) => a.is_same(b),
            (None, None) => true,
            _ => false,
        };
        if is_same(ours, theirs) || is_same(base, theirs) {
            return ours.map(take);
        }
        if is_same(base, ours) {
            return theirs.map(take);
        }
        let base_shape = base.map(Pair::shape);
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            match (ours.shape(), theirs.shape()) {
                (Shape::Branch(our_items), Shape::Branch(their_items)) => {
                    let base = match base_shape {
                        Some(Shape::Branch(items)) => items,
                        _ => Vec::new(),
                    };
                    let built = self.branch(&base, &our_items, &their_items);
                    return Some(BuiltNode {
                        value: with_value(ours.value, Value::Branch(built.values)),
                        sealed: with_value(ours.sealed, Value::Branch(built.sealed)),
                    });
                }
                (Shape::List(our_items), Shape::List(their_items)) => {
                    if let Some(Shape::List(base_items)) = base_shape
                        && let Some(items) = self.list(&base_items, &our_items, &their_items)
                    {
                        let (values, sealed) = items
                            .into_iter()
                            .map(|built| (built.value, built.sealed))
                            .unzip();
                        return Some(BuiltNode {
                            value: with_value(ours.value, Value::List(values)),
                            sealed: with_value(ours.sealed, Value::List(sealed)),
                        });
                    }
                }
                _ => {}
            }
        }
        let path = self.path.clone();
        self.conflict(ConflictSubject::Value(path), base, ours, theirs);
        ours.map(take)
    }

    /// Runs of items that one side changed; nothing when both changed the same run.
    fn list(
        &mut self,
        base: &[Pair<'_>],
        ours: &[Pair<'_>],
        theirs: &[Pair<'_>],
    ) -> Option<Vec<BuiltNode>> {
        let our_places = places_in(base, ours)?;
        let their_places = places_in(base, theirs)?;
        let mut built = Vec::new();
        let (mut at, mut our_at, mut their_at) = (0, 0, 0);
        loop {
            // The next item that is in all three.
            let stable = (at..base.len()).find_map(|i| {
                let (ours, theirs) = (our_places[i]?, their_places[i]?);
                Some((i, ours, theirs))
            });
            let (base_end, our_end, their_end) =
                stable.unwrap_or((base.len(), ours.len(), theirs.len()));
            self.run(
                &base[at..base_end],
                (&ours[our_at..our_end], our_at),
                &theirs[their_at..their_end],
                &mut built,
            )?;
            if stable.is_none() {
                return Some(built);
            }
            built.push(take(ours[our_end]));
            (at, our_at, their_at) = (base_end + 1, our_end + 1, their_end + 1);
        }
    }

    fn run(
        &mut self,
        base: &[Pair<'_>],
        (ours, first): (&[Pair<'_>], usize),
        theirs: &[Pair<'_>],
        built: &mut Vec<BuiltNode>,
    ) -> Option<()> {
        let is_same = |a: &[Pair<'_>], b: &[Pair<'_>]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(*b))
        };
        if is_same(ours, theirs) || is_same(base, theirs) {
            built.extend(ours.iter().copied().map(take));
            return Some(());
        }
        if is_same(base, ours) {
            built.extend(theirs.iter().copied().map(take));
            return Some(());
        }
        if base.len() != ours.len() || base.len() != theirs.len() {
            return None;
        }
        for (index, base) in base.iter().enumerate() {
            let step = Step::Index(first + index);
            let node = self.inside(step, |merger| {
                merger.node(Some(*base), Some(ours[index]), Some(theirs[index]))
            });
            built.extend(node);
        }
        Some(())
    }

    fn inside<T>(&mut self, step: Step, then: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = then(self);
        self.path.pop();
        result
    }

    fn conflict(
        &mut self,
        subject: ConflictSubject,
        base: Option<Pair<'_>>,
        ours: Option<Pair<'_>>,
        theirs: Option<Pair<'_>>,
    ) {
        let shown = |pair: Option<Pair<'_>>| pair.map(|pair| Shown::of(pair, self.is_open));
        let path = &self.path;
        self.conflicts.push(Conflict {
            labels: vec![
                label(self.files.ours, path, "ours"),
                label(self.files.theirs, path, "theirs"),
            ],
            base: shown(base),
            ours: shown(ours),
            theirs: shown(theirs),
            subject,
        });
    }
}

fn take(pair: Pair<'_>) -> BuiltNode {
    BuiltNode {
        value: pair.value.clone(),
        sealed: pair.sealed.clone(),
    }
}

fn with_value(node: &Node, value: Value) -> Node {
    Node { value, at: node.at }
}

/// For each item of the base, where it is in the other list; nothing when there is too much to compare.
fn places_in(base: &[Pair<'_>], other: &[Pair<'_>]) -> Option<Vec<Option<usize>>> {
    let steps = align(base, other, |a, b| 3 * u32::from(a.is_same(*b)))?;
    let mut places = vec![None; base.len()];
    for step in steps {
        if let Aligned::Keep(from, to) = step {
            places[from] = Some(to);
        }
    }
    Some(places)
}

fn named<'f>(items: &[ItemPair<'f>]) -> Vec<(Option<Name<'f>>, ItemPair<'f>)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let name = |item: &ItemPair<'f>| {
        let (key, _) = item.entry()?;
        let count = counts.entry(key).or_default();
        *count += 1;
        Some((key, *count))
    };
    let names: Vec<_> = items.iter().map(name).collect();
    names.into_iter().zip(items.iter().copied()).collect()
}

/// The comments of the base and of their mapping that nobody has asked for yet.
struct Comments<'f> {
    base: CommentIndex<'f>,
    theirs: CommentIndex<'f>,
}

enum CommentPlace {
    /// They have it too, at this place.
    Theirs(usize),
    /// They have removed it.
    Removed,
    /// It is new.
    Ours,
}

impl<'f> Comments<'f> {
    fn new(base: &[ItemPair<'f>], theirs: &[ItemPair<'f>]) -> Self {
        let index = |items: &[ItemPair<'f>]| {
            let comments = items.iter().enumerate();
            CommentIndex::new(comments.filter_map(|(at, item)| match item {
                ItemPair::Comment { value, .. } => Some((at, *value)),
                ItemPair::Entry { .. } => None,
            }))
        };
        Self {
            base: index(base),
            theirs: index(theirs),
        }
    }

    fn of_ours(&mut self, comment: &Comment) -> CommentPlace {
        let was_there = self.base.take(comment).is_some();
        match self.theirs.take(comment) {
            Some(at) => CommentPlace::Theirs(at),
            None if was_there => CommentPlace::Removed,
            None => CommentPlace::Ours,
        }
    }

    /// For one of theirs that is not in ours.
    fn is_removed_by_us(&mut self, comment: &Comment) -> bool {
        self.base.take(comment).is_some()
    }
}

/// Where an item of theirs goes: a comment before the entry that it is about, anything else behind what
/// it stands behind.
fn place_for(at: usize, theirs: &[ItemPair<'_>], placed: &[Placed]) -> usize {
    let place_of = |item: usize| placed.iter().position(|p| p.theirs == Some(item));
    let is_entry = |item: &ItemPair<'_>| matches!(item, ItemPair::Entry { .. });
    let is_own_line = matches!(theirs[at], ItemPair::Comment { value, .. } if !value.inline);
    if is_own_line
        && let Some(entry) = (at + 1..theirs.len()).find(|i| is_entry(&theirs[*i]))
        && let Some(place) = place_of(entry)
    {
        return place;
    }
    let before = (0..at).rev().find_map(place_of);
    let mut place = before.map_or(0, |place| place + 1);
    // A comment on the line of an entry stays there.
    while matches!(&placed.get(place), Some(Placed { value: Item::Comment(comment), .. }) if comment.inline)
    {
        place += 1;
    }
    place
}
