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

use crate::sops::cipher::{Cipher, plain_text, problem_of};
use crate::sops::encrypt::{Moment, nonce};
use crate::sops::store::yaml::{self, Edit, Layout, Spell, Usual, indent_of, patch};
use crate::sops::store::{self, EmitError, METADATA_KEY, StoreOptions};
use crate::sops::tree::{Entry, entries, get};
use crate::sops::{Branch, Comment, Format, Item, Metadata, Node, Secret, Value};
use crate::source::{Encoding, Sources, Span};

/// The field of the metadata.
pub(crate) const FIELD: &str = "chartkit";
const SPELLINGS_DATA: &str = "chartkit:spellings:";
const SOURCE_DATA: &str = "chartkit:source:";
/// The additional data of comments that are in no tree: that of a comment at the top.
const LOST_COMMENT_DATA: &str = ":";

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
    cipher: &Cipher,
    options: &StoreOptions,
    moment: &mut Moment<'_>,
) -> Result<Vec<u8>, EmitError> {
    forget(metadata);
    let is_utf8 = input.encoding == Encoding::Utf8;
    let shown = store::emit_plain(
        Format::Yaml,
        &as_sops_shows(input),
        &StoreOptions::default(),
    )?;
    if !(is_utf8 && shown.expose() == input.text) {
        if is_utf8 && let Some(text) = write_kept(input, metadata, cipher, moment) {
            return Ok(text.into_bytes());
        }
        let source = input.encoding.encode(input.text);
        let source = cipher.seal(&source, "str", SOURCE_DATA, &nonce(moment));
        let source = Entry::new("source", Value::string(source));
        metadata.put(FIELD, Value::Branch(vec![Item::Entry(source)]));
    }
    let branches = with_comments_as_items(input.sealed);
    store::emit_encrypted(Format::Yaml, &branches, metadata.fields(), options)
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
        let is_encrypted = comment
            .text
            .as_str()
            .is_some_and(crate::sops::cipher::is_ciphertext);
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
    cipher: &Cipher,
    moment: &mut Moment<'_>,
) -> Option<String> {
    let text = std::str::from_utf8(input.text).ok()?;
    let plain = Loaded::new(text)?;
    let mut field = vec![Item::Entry(Entry::new("layout", Value::string("kept")))];
    metadata.put(FIELD, Value::Branch(field.clone()));
    let lost = plain.layout.lost_comments.iter().map(|span| {
        let comment = &text[span.start as usize + 1..span.end as usize];
        let sealed = cipher.seal(
            comment.as_bytes(),
            "comment",
            LOST_COMMENT_DATA,
            &nonce(moment),
        );
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
        let all_lost = loaded
            .layout
            .lost_comments
            .iter()
            .all(|span| text[range(*span)].starts_with("#ENC["));
        (loaded.branches == sealed && all_lost).then_some(text)
    };
    let sealed_text = seal(metadata)?;
    let open = |sealed_text: &str, spellings: &mut Spellings| {
        patch_open(sealed_text, input.plain, cipher, spellings)
    };
    let mut usual = Spellings::default();
    if open(&sealed_text, &mut usual)? == text {
        return Some(sealed_text);
    }
    let unusual = unusual_spellings(input, text, &usual.written);
    let sealed = unusual.iter().map(|spelling| {
        let sealed = cipher.seal(spelling.as_bytes(), "str", SPELLINGS_DATA, &nonce(moment));
        Node::new(Value::string(sealed))
    });
    let list = Value::List(sealed.collect());
    field.push(Item::Entry(Entry::new("spellings", list)));
    metadata.put(FIELD, Value::Branch(field));
    let sealed_text = seal(metadata)?;
    let mut spellings = Spellings::new(unusual);
    (open(&sealed_text, &mut spellings)? == text).then_some(sealed_text)
}

/// How those values were written that come out otherwise.
fn unusual_spellings(
    input: &Plaintext<'_>,
    text: &str,
    written: &[(Vec<u8>, String)],
) -> Vec<String> {
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
    let values: BTreeSet<&[u8]> = (all.iter())
        .filter(|(raw, (_, written))| raw.is_some_and(|raw| raw != written))
        .map(|(_, (value, _))| &**value)
        .collect();
    // A spelling is for the next such value, so that every one of them needs its own.
    all.iter()
        .filter(|(_, (value, _))| values.contains(&**value))
        .filter_map(|(raw, _)| raw.map(str::to_owned))
        .collect()
}

/// The plaintext of a file that keeps a layout; nothing when it keeps none, or when what comes out does
/// not have the values of the file.
pub(crate) fn read(
    text: &[u8],
    metadata: &Metadata,
    plain: &[Branch],
    cipher: &Cipher,
) -> Option<Secret> {
    let field = get(metadata.fields(), FIELD)?.as_branch()?;
    if let Some(source) = get(field, "source") {
        let source = open_field(source, SOURCE_DATA, cipher)?;
        let mut sources = Sources::new();
        let file = sources.add("source", source.expose());
        let branches = yaml::load(&sources, file).ok()?;
        return (branches == plain).then_some(source);
    }
    let mut spellings = Vec::new();
    if let Some(Value::List(sealed)) = get(field, "spellings") {
        for sealed in sealed {
            let spelling = open_field(&sealed.value, SPELLINGS_DATA, cipher)?;
            spellings.push(spelling.as_str()?.to_owned());
        }
    }
    let text = std::str::from_utf8(text).ok()?;
    open_kept(text, plain, cipher, &mut Spellings::new(spellings)).map(Secret::from)
}

/// The plaintext with other values.
pub(crate) fn change(text: &Secret, old: &[Branch], new: &[Branch]) -> Option<Secret> {
    let mut sources = Sources::new();
    let file = sources.add("plaintext", text.expose());
    let (branches, layout) = yaml::load_with_layout(&sources, file).ok()?;
    if branches != old {
        return None;
    }
    let utf8 = std::str::from_utf8(sources.text(file)).ok()?;
    let changed = patch(utf8, &layout, &branches, new, Vec::new(), &mut Usual)?;
    Some(Secret::from(
        sources.encoding(file).encode(changed.as_bytes()),
    ))
}

/// Takes the layout out of the metadata.
pub(crate) fn forget(metadata: &mut Metadata) {
    metadata.put_or_remove(FIELD, None);
}

/// What is wrong with the field, without a key: it must hold ciphertext and known words only.
pub(crate) fn problems(field: &Value) -> Vec<String> {
    let Some(field) = field.as_branch() else {
        let found = field.type_name();
        return vec![format!("found a {found}, expected a mapping")];
    };
    let sealed = |name: &str, value: &Value| match value.as_str() {
        Some(text) => problem_of(text).map(|problem| format!("`{name}`: {problem}")),
        None => Some(format!(
            "`{name}`: found a {}, expected ciphertext",
            value.type_name()
        )),
    };
    let mut problems = Vec::new();
    for Entry { key, value, .. } in entries(field) {
        match (key.as_str(), &value.value) {
            ("layout", Value::String(word)) if word.as_str() == Some("kept") => {}
            ("layout", _) => problems.push("`layout` is not `kept`".to_owned()),
            ("source", value) => problems.extend(sealed("source", value)),
            ("spellings", Value::List(items)) => {
                let items = items.iter().map(|item| &item.value);
                problems.extend(items.filter_map(|item| sealed("spellings", item)));
            }
            ("spellings", other) => problems.extend(sealed("spellings", other)),
            (other, _) => problems.push(format!("`{other}` is unknown")),
        }
    }
    problems
}

/// The comments of an encrypted text that are in no tree and not encrypted either.
pub(crate) fn plain_lost_comments(text: &[u8]) -> Vec<Span> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Vec::new();
    };
    // Most files have none, and reading a file again takes as long as reading it.
    if !text.contains('#') {
        return Vec::new();
    }
    let lost = Loaded::new(text).map(|loaded| loaded.layout.lost_comments);
    let mut lost = lost.unwrap_or_default();
    lost.retain(|span| !text[range(*span)].starts_with("#ENC["));
    lost
}

fn open_field(value: &Value, additional_data: &str, cipher: &Cipher) -> Option<Secret> {
    match cipher.decrypt(value.as_str()?, additional_data).ok()? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn open_kept(
    sealed_text: &str,
    plain: &[Branch],
    cipher: &Cipher,
    spellings: &mut Spellings,
) -> Option<String> {
    let text = patch_open(sealed_text, plain, cipher, spellings)?;
    (Loaded::new(&text)?.branches == plain).then_some(text)
}

/// The text with the plaintext in it; nobody has looked yet whether it says the same.
fn patch_open(
    sealed_text: &str,
    plain: &[Branch],
    cipher: &Cipher,
    spellings: &mut Spellings,
) -> Option<String> {
    let Loaded { layout, branches } = Loaded::new(sealed_text)?;
    let lost = layout.lost_comments.iter().filter_map(|span| {
        let text = &sealed_text[span.start as usize + 1..span.end as usize];
        match cipher.decrypt(text, LOST_COMMENT_DATA).ok()? {
            Value::Comment(comment) => Some((range(*span), format!("#{}", comment.text.as_str()?))),
            _ => None,
        }
    });
    let lost = lost.collect();
    let mut text = patch(sealed_text, &layout, &branches, plain, lost, spellings)?;
    // The metadata ended the last line of a plaintext that did not end it.
    if !sealed_text.ends_with('\n') && text.ends_with('\n') {
        text.pop();
    }
    Some(text)
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

/// A text with its tree.
struct Loaded {
    layout: Layout,
    branches: Vec<Branch>,
}

impl Loaded {
    fn new(text: &str) -> Option<Self> {
        let mut sources = Sources::new();
        let file = sources.add("text", text.as_bytes());
        let (branches, layout) = yaml::load_with_layout(&sources, file).ok()?;
        Some(Self { layout, branches })
    }
}

/// Unusual ways to write values, found by the value that they stand for.
#[derive(Default)]
struct Spellings {
    known: BTreeMap<Vec<u8>, VecDeque<String>>,
    /// Each value and how it was written, in order.
    written: Vec<(Vec<u8>, String)>,
}

impl Spellings {
    fn new(texts: Vec<String>) -> Self {
        let mut spellings = Self::default();
        for text in texts {
            let Some(loaded) = Loaded::new(&format!("k: {text}\n")) else {
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
        self.known.get_mut(&identity(value))?.pop_front()
    }

    fn written(&mut self, value: &Value, text: &str) {
        self.written.push((identity(value), text.to_owned()));
    }
}

fn identity(value: &Value) -> Vec<u8> {
    [value.type_name().as_bytes(), b":", &plain_text(value)].concat()
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
        // It was an item in the old text, or comes from no text at all.
        comment
            .at
            .is_none()
            .then(|| Value::String(comment.text.clone()))
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
