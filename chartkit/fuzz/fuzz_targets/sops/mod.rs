//! What holds for all stores.

use chartkit::sops::{
    self, At, Branch, DataKey, DecryptOptions, EncryptOptions, EncryptedDataKey, EncryptedFile,
    Format, Item, LoadError, MasterKey, Moment, Node, PlainFile, Selection, Settings, StoreOptions,
    Value,
};
use chartkit::source::{Sources, Span};
use chartkit::time::Timestamp;

pub fn key() -> DataKey {
    DataKey::from([7; 32])
}

/// Nonces are different, that is enough here.
pub fn with_moment<T>(act: impl FnOnce(&mut Moment<'_>) -> T) -> T {
    let mut count = 0_u64;
    let mut random = |bytes: &mut [u8]| {
        count += 1;
        let size = bytes.len().min(8);
        bytes[..size].copy_from_slice(&count.to_le_bytes()[..size]);
    };
    act(&mut Moment {
        now: Timestamp::from_unix(1_790_000_000, 0),
        random: &mut random,
    })
}

pub fn encrypt(plain: &PlainFile, selection: Selection) -> Result<Vec<u8>, sops::EncryptError> {
    let recipient = EncryptedDataKey {
        master_key: MasterKey::age("age1fuzz"),
        enc: "x\n".to_owned(),
        created_at: None,
    };
    let options = EncryptOptions {
        settings: Settings {
            selection,
            mac_only_encrypted: false,
            shamir_threshold: 0,
        },
        format: plain.format(),
        store: StoreOptions::default(),
    };
    with_moment(|moment| sops::encrypt(plain, &key(), vec![vec![recipient]], &options, moment))
}

pub fn check(format: Format, data: &[u8]) {
    let mut sources = Sources::new();
    let file = sources.add("fuzz", data);
    let length = sources.text(file).len();
    let is_inside = |span: Span| span.start <= span.end && span.end as usize <= length;
    let check_error = |error: LoadError| {
        assert!(error.location().is_none_or(|(_, span)| is_inside(span)));
        assert!(!error.to_string().is_empty());
    };
    let is_inside = |at: Option<At>| at.is_none_or(|at| is_inside(at.span));
    let check_branches = |branches: &[Branch]| {
        branches
            .iter()
            .for_each(|branch| check_branch(branch, &is_inside));
    };
    match EncryptedFile::load(format, &mut sources, file) {
        Ok(encrypted) => {
            check_branches(encrypted.branches());
            change(&encrypted);
        }
        Err(error) => check_error(error),
    }
    match PlainFile::load(format, &mut sources, file) {
        Ok(plain) => {
            check_branches(plain.branches());
            round_trip(format, data, &plain);
        }
        Err(error) => check_error(error),
    }
}

/// Whatever an encrypted file says, it is read or refused, and what is made of it is read again.
fn change(file: &EncryptedFile) {
    let metadata = file.metadata();
    let _ = (
        metadata.selection(),
        metadata.is_complete(),
        format!("{metadata:?}"),
    );
    let options = DecryptOptions::default();
    if let Ok(decrypted) = sops::decrypt(file, &key(), &options) {
        // Nothing in it was encrypted.
        let store = StoreOptions::default();
        let groups = metadata.key_groups().to_vec();
        let rotated = with_moment(|m| sops::rotate(file, &decrypted, &key(), groups, &store, m));
        if let Ok(text) = rotated {
            decrypt(file.format(), text);
        }
    }
}

fn decrypt(format: Format, text: Vec<u8>) -> sops::DecryptedFile {
    let mut sources = Sources::new();
    let file = sources.add("encrypted", text);
    let encrypted = EncryptedFile::load(format, &mut sources, file)
        .unwrap_or_else(|error| panic!("cannot be read again: {error}"));
    sops::decrypt(&encrypted, &key(), &DecryptOptions::default())
        .unwrap_or_else(|error| panic!("cannot be decrypted again: {error}"))
}

/// What is encrypted comes back: YAML byte for byte.
fn round_trip(format: Format, data: &[u8], plain: &PlainFile) {
    let Ok(text) = encrypt(plain, Selection::default()) else {
        return;
    };
    let decrypted = decrypt(format, text);
    if format == Format::Yaml {
        let back = decrypted
            .to_text(format, &StoreOptions::default())
            .expect("it is kept");
        assert!(back.expose() == data, "another text comes back");
    }
}

fn check_branch(branch: &Branch, is_inside: &dyn Fn(Option<At>) -> bool) {
    for item in branch {
        match item {
            Item::Comment(comment) => assert!(is_inside(comment.at)),
            Item::Entry(entry) => {
                assert!(is_inside(entry.key_at));
                check_node(&entry.value, is_inside);
            }
        }
    }
}

fn check_node(node: &Node, is_inside: &dyn Fn(Option<At>) -> bool) {
    assert!(is_inside(node.at));
    match &node.value {
        Value::Branch(branch) => check_branch(branch, is_inside),
        Value::List(items) => items.iter().for_each(|item| check_node(item, is_inside)),
        _ => {}
    }
}
