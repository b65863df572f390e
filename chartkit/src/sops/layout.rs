//! The layout of an encrypted YAML file's plaintext: blank lines, indentation, quotes, comments.
//!
//! SOPS writes YAML in one layout, and forgets the one that it read. Here the plaintext comes back byte
//! for byte. Decides what a file must hold for that, in a field `chartkit` of its metadata, which SOPS
//! ignores and drops when it changes the file:
//!
//! - Nothing, when the plaintext has the layout that SOPS gives it: then the file is what SOPS writes.
//! - `layout: kept`: the ciphertext stands where the values stood, and all around is as it was. Values
//!   that were written in an unusual way (folded over several lines, `0x1F`) have their spelling in
//!   `spellings`, encrypted.
//! - `source`: the file is what SOPS writes, and the plaintext lies beside it once more, encrypted.
//!
//! The field is never trusted: a layout counts only when what comes out has the values of the file.
//! `docs/formats/secrets.md` is normative.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::sops::cipher::{Cipher, is_ciphertext, plain_text};
use crate::sops::encrypt::{Moment, emit, nonce};
use crate::sops::reread;
use crate::sops::reuse::{Reuse, digest};
use crate::sops::store::yaml::{self, Edit, Layout, Spell, Usual, indent_of, patch};
use crate::sops::store::{self, EmitError, METADATA_KEY, StoreOptions};
use crate::sops::tree::{self, Entry, get};
use crate::sops::{Branch, Comment, Format, Item, Metadata, Node, Secret, Value};
use crate::source::{Encoding, FileId, Sources, Span};
use zeroize::Zeroizing;

/// The field of the metadata.
pub(crate) const FIELD: &str = "chartkit";
const SPELLINGS_DATA: &str = "chartkit:spellings:";
const SOURCE_DATA: &str = "chartkit:source:";
/// The additional data of comments that are in no tree: that of a comment at the top.
const LOST_COMMENT_DATA: &str = ":";

/// Encrypts what belongs to the layout; what is as before keeps its ciphertext.
pub(crate) struct Sealer<'s, 'm> {
    pub(crate) cipher: &'s Cipher,
    pub(crate) reuse: &'s mut Reuse,
    pub(crate) moment: &'s mut Moment<'m>,
}

impl Sealer<'_, '_> {
    fn seal(&mut self, value: &Value, additional_data: &str) -> String {
        let known = self.reuse.take(value, additional_data);
        known.unwrap_or_else(|| {
            self.cipher
                .encrypt(value, additional_data, &nonce(self.moment))
        })
    }
}

/// A plaintext with its tree before and after encryption.
pub(crate) struct Plaintext<'p> {
    pub(crate) text: &'p [u8],
    pub(crate) encoding: Encoding,
    pub(crate) plain: &'p [Branch],
    pub(crate) sealed: &'p [Branch],
}

/// The encrypted file of a YAML plaintext.
pub(crate) fn write(
    input: &Plaintext<'_>,
    metadata: &mut Metadata,
    sealer: &mut Sealer<'_, '_>,
    options: &StoreOptions,
) -> Result<Vec<u8>, EmitError> {
    forget(metadata);
    let is_utf8 = input.encoding == Encoding::Utf8;
    let shown = store::emit_plain(
        Format::Yaml,
        &as_sops_shows(input),
        &StoreOptions::default(),
    )?;
    if is_utf8 && shown.expose() == input.text {
        let branches = with_comments_as_items(input.sealed);
        let text = store::emit_encrypted(Format::Yaml, &branches, metadata.fields(), options)?;
        // Some comments stand elsewhere when SOPS reads what it wrote.
        if reread::is_exact(Format::Yaml, &text, &branches) {
            return Ok(text);
        }
    }
    if is_utf8 && let Some(text) = write_kept(input, metadata, sealer) {
        return Ok(text.into_bytes());
    }
    let source = input.encoding.encode(input.text);
    let source = sealer.seal(&Value::string(source), SOURCE_DATA);
    let source = Entry::new("source", Value::string(source));
    metadata.put(FIELD, Value::Branch(vec![Item::Entry(source)]));
    emit(Format::Yaml, input.sealed, metadata, options)
}

/// What SOPS makes of the tree: encrypted comments come back on lines of their own.
fn as_sops_shows(input: &Plaintext<'_>) -> Vec<Branch> {
    fn branch(plain: &mut Branch, sealed: &Branch) {
        for (plain, sealed) in plain.iter_mut().zip(sealed) {
            match (plain, sealed) {
                (Item::Comment(plain), Item::Comment(sealed)) => comment(plain, sealed),
                (Item::Entry(plain), Item::Entry(sealed)) => node(&mut plain.value, &sealed.value),
                _ => {}
            }
        }
    }
    fn node(plain: &mut Node, sealed: &Node) {
        match (&mut plain.value, &sealed.value) {
            (Value::Branch(plain), Value::Branch(sealed)) => branch(plain, sealed),
            (Value::List(plain), Value::List(sealed)) => {
                plain.iter_mut().zip(sealed).for_each(|(p, s)| node(p, s));
            }
            (Value::Comment(plain), Value::Comment(sealed)) => comment(plain, sealed),
            _ => {}
        }
    }
    fn comment(plain: &mut Comment, sealed: &Comment) {
        plain.inline &= plain == sealed;
    }
    let mut shown = input.plain.to_vec();
    let pairs = shown.iter_mut().zip(input.sealed);
    pairs.for_each(|(plain, sealed)| branch(plain, sealed));
    shown
}

/// The branches with encrypted comments of lists as items of their own, which is how SOPS writes them.
pub(crate) fn with_comments_as_items(branches: &[Branch]) -> Vec<Branch> {
    let mut branches = branches.to_vec();
    for_each_list_comment(&mut branches, &mut |_, comment| {
        let is_encrypted = comment.text.as_str().is_some_and(is_ciphertext);
        is_encrypted.then(|| Value::String(comment.text.clone()))
    });
    branches
}

/// Replaces comments of lists by what `replace` gives for them.
fn for_each_list_comment(
    branches: &mut [Branch],
    replace: &mut dyn FnMut(&Node, &Comment) -> Option<Value>,
) {
    fn node(value: &mut Node, replace: &mut dyn FnMut(&Node, &Comment) -> Option<Value>) {
        match &mut value.value {
            Value::Branch(inner) => branch(inner, replace),
            Value::List(items) => {
                for item in items {
                    let new = match &item.value {
                        Value::Comment(comment) => replace(item, comment),
                        _ => None,
                    };
                    match new {
                        Some(new) => item.value = new,
                        None => node(item, replace),
                    }
                }
            }
            _ => {}
        }
    }
    fn branch(items: &mut Branch, replace: &mut dyn FnMut(&Node, &Comment) -> Option<Value>) {
        for item in items {
            if let Item::Entry(entry) = item {
                node(&mut entry.value, replace);
            }
        }
    }
    for items in branches {
        branch(items, replace);
    }
}

/// The plaintext with ciphertext for values; nothing when it would not come back byte for byte.
fn write_kept(
    input: &Plaintext<'_>,
    metadata: &mut Metadata,
    sealer: &mut Sealer<'_, '_>,
) -> Option<String> {
    let text = std::str::from_utf8(input.text).ok()?;
    let cipher = sealer.cipher;
    let plain = Loaded::new(text)?;
    let mut field = vec![Item::Entry(Entry::new("layout", Value::string("kept")))];
    metadata.put(FIELD, Value::Branch(field.clone()));
    let lost = plain.layout.lost_comments.iter().map(|span| {
        let comment = &text[span.start as usize + 1..span.end as usize];
        let comment = Value::Comment(Comment::new(Secret::from(comment)));
        let sealed = sealer.seal(&comment, LOST_COMMENT_DATA);
        (range(*span), format!("#{sealed}"))
    });
    let lost: Vec<Edit> = lost.collect();
    let seal = |metadata: &Metadata| {
        let sealed = with_metadata(input.sealed, metadata);
        let edits = lost.clone();
        let text = patch(
            text,
            &plain.layout,
            &plain.branches,
            &sealed,
            edits,
            &mut Usual,
        )?;
        let loaded = Loaded::new(&text)?;
        // Whatever is not in the tree is in plain text still: nothing but ciphertext may be left.
        let all_lost = loaded.layout.lost_comments.iter().all(|span| {
            let comment = &text[range(*span)];
            comment == "#" || comment.starts_with("#ENC[")
        });
        (loaded.branches == sealed && all_lost).then_some(text)
    };
    let sealed_text = seal(metadata)?;
    let open = |sealed_text: &str, spellings: &mut Spellings| {
        let sealed = Loaded::new(sealed_text)?;
        patch_open(sealed_text, &sealed, input.plain, cipher, spellings)
    };
    let mut usual = Spellings::default();
    if open(&sealed_text, &mut usual)?.expose() == input.text {
        return Some(sealed_text);
    }
    let unusual = unusual_spellings(input, text, &usual.written);
    let sealed = unusual.iter().map(|spelling| {
        let spelling = Value::string(spelling.as_bytes());
        Node::new(Value::string(sealer.seal(&spelling, SPELLINGS_DATA)))
    });
    let list = Value::List(sealed.collect());
    field.push(Item::Entry(Entry::new("spellings", list)));
    metadata.put(FIELD, Value::Branch(field));
    let sealed_text = seal(metadata)?;
    let mut spellings = Spellings::new(unusual);
    (open(&sealed_text, &mut spellings)?.expose() == input.text).then_some(sealed_text)
}

/// How those values were written that come out otherwise.
fn unusual_spellings(
    input: &Plaintext<'_>,
    text: &str,
    written: &[Written],
) -> Vec<Zeroizing<String>> {
    fn collect(plain: &Node, sealed: &Node, spans: &mut Vec<Option<Span>>) {
        match (&plain.value, &sealed.value) {
            (Value::Branch(plain), Value::Branch(sealed)) => {
                for (plain, sealed) in plain.iter().zip(sealed) {
                    if let (Item::Entry(plain), Item::Entry(sealed)) = (plain, sealed) {
                        collect(&plain.value, &sealed.value, spans);
                    }
                }
            }
            (Value::List(plain), Value::List(sealed)) => {
                plain
                    .iter()
                    .zip(sealed)
                    .for_each(|(p, s)| collect(p, s, spans));
            }
            (Value::Comment(_), _) => {}
            (plain_value, sealed_value) => {
                if plain_value != sealed_value {
                    spans.push(plain.at.map(|at| at.span));
                }
            }
        }
    }
    let mut spans = Vec::new();
    for (plain, sealed) in input.plain.iter().zip(input.sealed) {
        let node = |branch: &Branch| Node::new(Value::Branch(branch.clone()));
        collect(&node(plain), &node(sealed), &mut spans);
    }
    let raw = spans.into_iter().map(|span| Some(&text[range(span?)]));
    let all: Vec<_> = raw.zip(written).collect();
    let values: BTreeSet<&Identity> = (all.iter())
        .filter(|(raw, (_, written))| raw.is_some_and(|raw| raw != written.as_str()))
        .map(|(_, (value, _))| value)
        .collect();
    // A spelling is for the next such value, so that every one of them needs its own.
    all.iter()
        .filter(|(_, (value, _))| values.contains(value))
        .filter_map(|(raw, _)| raw.map(|raw| Zeroizing::new(raw.to_owned())))
        .collect()
}

/// The plaintext of a file that keeps a layout; nothing when it keeps none, or when what comes out does
/// not have the values of the file.
///
/// `plain` gets the comments of the plaintext: in the layout of SOPS some stand elsewhere.
pub(crate) fn read(
    text: &[u8],
    metadata: &Metadata,
    plain: &mut Vec<Branch>,
    cipher: &Cipher,
    reuse: &mut Reuse,
) -> Option<Secret> {
    let field = get(metadata.fields(), FIELD)?.as_branch()?;
    if let Some(source) = get(field, "source") {
        let source = open_field(source, SOURCE_DATA, cipher, reuse)?;
        let (sources, file) = secret_source(source.expose());
        let mut branches = yaml::load(&sources, file).ok()?;
        take_places(&mut branches, plain)?;
        *plain = branches;
        return Some(source);
    }
    let mut spellings = Vec::new();
    if let Some(Value::List(sealed)) = get(field, "spellings") {
        for sealed in sealed {
            let spelling = open_field(&sealed.value, SPELLINGS_DATA, cipher, reuse)?;
            spellings.push(Zeroizing::new(spelling.as_str()?.to_owned()));
        }
    }
    let text = std::str::from_utf8(text).ok()?;
    let sealed = Loaded::new(text)?;
    for span in &sealed.layout.lost_comments {
        let ciphertext = &text[span.start as usize + 1..span.end as usize];
        if let Ok(comment) = cipher.decrypt(ciphertext, LOST_COMMENT_DATA) {
            reuse.put(&comment, LOST_COMMENT_DATA, ciphertext);
        }
    }
    open_kept(text, &sealed, plain, cipher, &mut Spellings::new(spellings))
}

/// Values get the places of those in another tree; nothing when the trees differ by more than comments.
fn take_places(to: &mut [Branch], from: &[Branch]) -> Option<()> {
    fn branch(to: &mut Branch, from: &Branch) -> Option<()> {
        let mut from = tree::entries(from);
        for item in to {
            match item {
                Item::Comment(comment) => comment.at = None,
                Item::Entry(entry) => {
                    let from = from.next().filter(|from| from.key == entry.key)?;
                    entry.key_at = from.key_at;
                    node(&mut entry.value, &from.value)?;
                }
            }
        }
        from.next().is_none().then_some(())
    }
    fn node(to: &mut Node, from: &Node) -> Option<()> {
        to.at = from.at;
        match (&mut to.value, &from.value) {
            (Value::Branch(to), Value::Branch(from)) => branch(to, from),
            (Value::List(to), Value::List(from)) => {
                let is_value = |node: &&Node| !matches!(node.value, Value::Comment(_));
                let mut from = from.iter().filter(is_value);
                for item in to {
                    match &mut item.value {
                        Value::Comment(comment) => comment.at = None,
                        _ => node(item, from.next()?)?,
                    }
                }
                from.next().is_none().then_some(())
            }
            // SOPS writes 1e3 in plain text as 1000.
            (to, from) => {
                let is_null = |value: &Value| matches!(value, Value::Null);
                let is_same = is_null(to) == is_null(from) && plain_text(to) == plain_text(from);
                (is_same && from.as_branch().is_none()).then_some(())
            }
        }
    }
    let mut pairs = to.iter_mut().zip(from);
    pairs.try_for_each(|(to, from)| branch(to, from))?;
    (to.len() == from.len()).then_some(())
}

/// The plaintext with other values.
pub(crate) fn change(text: &Secret, old: &[Branch], new: &[Branch]) -> Option<Secret> {
    let (sources, file) = secret_source(text.expose());
    let (branches, layout) = yaml::load_with_layout(&sources, file).ok()?;
    if branches != old {
        return None;
    }
    let utf8 = std::str::from_utf8(sources.text(file)).ok()?;
    let changed = patch(utf8, &layout, &branches, new, Vec::new(), &mut Usual)?;
    let changed = Secret::from(changed);
    Some(Secret::from(
        sources.encoding(file).encode(changed.expose()),
    ))
}

/// Takes the layout out of the metadata.
pub(crate) fn forget(metadata: &mut Metadata) {
    metadata.put_or_remove(FIELD, None);
}

fn open_field(
    value: &Value,
    additional_data: &str,
    cipher: &Cipher,
    reuse: &mut Reuse,
) -> Option<Secret> {
    let ciphertext = value.as_str()?;
    let plain = cipher.decrypt(ciphertext, additional_data).ok()?;
    reuse.put(&plain, additional_data, ciphertext);
    match plain {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn open_kept(
    sealed_text: &str,
    sealed: &Loaded,
    plain: &[Branch],
    cipher: &Cipher,
    spellings: &mut Spellings,
) -> Option<Secret> {
    let text = patch_open(sealed_text, sealed, plain, cipher, spellings)?;
    let opened = Loaded::new(text.as_str()?)?;
    (opened.branches == plain).then_some(text)
}

/// The text with the plaintext in it; nobody has looked yet whether it says the same.
fn patch_open(
    sealed_text: &str,
    sealed: &Loaded,
    plain: &[Branch],
    cipher: &Cipher,
    spellings: &mut Spellings,
) -> Option<Secret> {
    let Loaded { layout, branches } = sealed;
    let lost = layout.lost_comments.iter().filter_map(|span| {
        let text = &sealed_text[span.start as usize + 1..span.end as usize];
        match cipher.decrypt(text, LOST_COMMENT_DATA).ok()? {
            Value::Comment(comment) => Some((range(*span), format!("#{}", comment.text.as_str()?))),
            _ => None,
        }
    });
    let lost = lost.collect();
    let mut text = patch(sealed_text, layout, branches, plain, lost, spellings)?;
    // The metadata ended the last line of a plaintext that did not end it.
    if !sealed_text.ends_with('\n') && text.ends_with('\n') {
        text.pop();
    }
    Some(Secret::from(text))
}

/// The branches, each with the metadata behind it.
pub(crate) fn with_metadata(branches: &[Branch], metadata: &Metadata) -> Vec<Branch> {
    let mut branches = branches.to_vec();
    for branch in &mut branches {
        let fields = Value::Branch(metadata.fields().clone());
        branch.push(Item::Entry(Entry::new(METADATA_KEY, fields)));
    }
    branches
}

/// The comments of a text that are in no tree.
pub(crate) fn lost_comments(text: &str) -> Vec<Span> {
    Loaded::new(text).map_or_else(Vec::new, |loaded| loaded.layout.lost_comments.clone())
}

/// A text with its tree.
struct Loaded {
    layout: Layout,
    branches: Vec<Branch>,
}

impl Loaded {
    fn new(text: &str) -> Option<Self> {
        let (sources, file) = secret_source(text.as_bytes());
        let (branches, layout) = yaml::load_with_layout(&sources, file).ok()?;
        Some(Self { layout, branches })
    }
}

/// A text that is wiped when nobody reads it any more.
fn secret_source(text: &[u8]) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let file = sources.add("text", text);
    sources.wipe_when_dropped(file);
    (sources, file)
}

/// Unusual ways to write values, found by the value that they stand for.
#[derive(Default)]
struct Spellings {
    known: BTreeMap<Identity, VecDeque<Zeroizing<String>>>,
    /// In order.
    written: Vec<Written>,
}

/// Names a value without keeping it.
type Identity = [u8; 32];

/// A value and how it was written.
type Written = (Identity, Zeroizing<String>);

impl Spellings {
    fn new(texts: Vec<Zeroizing<String>>) -> Self {
        let mut spellings = Self::default();
        for text in texts {
            let entry = Zeroizing::new(format!("k: {}\n", *text));
            let Some(loaded) = Loaded::new(&entry) else {
                continue;
            };
            if let [branch] = &loaded.branches[..]
                && let Some(value) = get(branch, "k")
            {
                let texts = spellings.known.entry(identity(value)).or_default();
                texts.push_back(text);
            }
        }
        spellings
    }
}

impl Spell for Spellings {
    fn spelling(&mut self, value: &Value) -> Option<String> {
        if self.known.is_empty() {
            return None;
        }
        let spelling = self.known.get_mut(&identity(value))?.pop_front()?;
        Some(spelling.to_string())
    }

    fn written(&mut self, value: &Value, text: &str) {
        let text = Zeroizing::new(text.to_owned());
        self.written.push((identity(value), text));
    }
}

fn identity(value: &Value) -> Identity {
    digest(value, SPELLINGS_DATA)
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

/// The text of an encrypted YAML file with another tree, written as SOPS would write the tree but for
/// the layout, which stays; nothing when the change does not fit into the text.
pub(crate) fn patch_encrypted(
    text: &[u8],
    sealed: &[Branch],
    metadata: &Metadata,
) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let old = Loaded::new(text)?;
    let mut sealed = sealed.to_vec();
    for_each_list_comment(&mut sealed, &mut |_, comment| {
        // Ciphertext that was an item in the old text, or comes from no text at all.
        let is_item = comment.at.is_none() && comment.text.as_str().is_some_and(is_ciphertext);
        is_item.then(|| Value::String(comment.text.clone()))
    });
    for (branch, old) in sealed.iter_mut().zip(&old.branches) {
        let is_metadata =
            |item: &Item| matches!(item, Item::Entry(entry) if entry.key == METADATA_KEY);
        let at = match old.iter().position(is_metadata) {
            Some(at) if at + 1 < old.len() => at.min(branch.len()),
            _ => branch.len(),
        };
        let fields = Value::Branch(metadata.fields().clone());
        branch.insert(at, Item::Entry(Entry::new(METADATA_KEY, fields)));
    }
    let new = patch(
        text,
        &old.layout,
        &old.branches,
        &sealed,
        Vec::new(),
        &mut Usual,
    )?;
    (Loaded::new(&new)?.branches == sealed).then_some(new)
}

/// The indentation of a YAML text.
pub(crate) fn indent(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let loaded = Loaded::new(text)?;
    i64::try_from(indent_of(text, &loaded.layout)).ok()
}
