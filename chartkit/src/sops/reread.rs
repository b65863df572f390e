//! Whether the text of an encrypted file says what was meant.
//!
//! Every format has trees that it cannot hold and that are written all the same: a null becomes the text
//! `<nil>` in a dotenv file, a key `-` another key in an ini file. Of such a file SOPS finds out when it
//! is decrypted. Here no text is given out that was not read once more.

use crate::sops::cipher::plain_text;
use crate::sops::store::{self, EmitError, EmitErrorKind};
use crate::sops::{
    Branch, DataKey, DecryptOptions, EncryptedFile, Format, Item, Node, Value, decrypt, tree,
};
use crate::source::Sources;

/// Checks that the values of a text are these.
///
/// Types may be others, where the MAC is the same: `1` and `1.0`. Comments do not count: see
/// [`check_comments`].
///
/// # Errors
///
/// When they are not, [`EmitErrorKind::Unreadable`] with the path of the first that differs.
pub(crate) fn check(format: Format, text: &[u8], sealed: &[Branch]) -> Result<(), EmitError> {
    let differs = |path: &str| {
        let message = format!(
            "a {format} file cannot hold this: {path} would be read as something else, so that the \
             file could not be decrypted"
        );
        EmitError::new(EmitErrorKind::Unreadable, message)
    };
    let read = read(format, text).ok_or_else(|| differs("the file"))?;
    if read.len() != sealed.len() {
        return Err(differs("every document but the first"));
    }
    let mut path = Vec::new();
    let is_same = (sealed.iter().zip(&read)).all(|(a, b)| branch(a, b, format, &mut path));
    match (is_same, &path[..]) {
        (true, _) => Ok(()),
        (false, []) => Err(differs("the top level")),
        (false, path) => Err(differs(&format!("`{}`", path.join(".")))),
    }
}

/// Checks that a file whose comments decide what is encrypted can be decrypted: some cannot stay where
/// they are, and some are encrypted themselves.
///
/// # Errors
///
/// When it cannot, [`EmitErrorKind::Unreadable`].
pub(crate) fn check_comments(format: Format, text: &[u8], key: &DataKey) -> Result<(), EmitError> {
    let mut sources = Sources::new();
    let file = sources.add("written", text);
    let file = EncryptedFile::load(format, &mut sources, file).ok();
    if let Some(file) = &file {
        let about_comments = file.metadata().rule().is_about_comments();
        if !about_comments || decrypt(file, key, &DecryptOptions::default()).is_ok() {
            return Ok(());
        }
    }
    let message = "the file could not be decrypted: its rule goes by comments, and not all of them can \
                   stay where and as they are";
    Err(EmitError::new(EmitErrorKind::Unreadable, message))
}

/// Whether the branches of a text are exactly these, comments included.
pub(crate) fn is_exact(format: Format, text: &[u8], sealed: &[Branch]) -> bool {
    read(format, text).is_some_and(|read| read == sealed)
}

fn read(format: Format, text: &[u8]) -> Option<Vec<Branch>> {
    let mut sources = Sources::new();
    let file = sources.add("written", text);
    let (branches, _) = store::load_encrypted(format, &sources, file).ok()?;
    Some(branches)
}

/// Leaves the path where it stopped.
fn branch<'t>(a: &'t Branch, b: &Branch, format: Format, path: &mut Vec<&'t str>) -> bool {
    // Ini files have a section `DEFAULT` even if nothing is in it.
    let counts = |value: &Value| {
        format != Format::Ini
            || value
                .as_branch()
                .is_none_or(|branch| tree::entries(branch).count() > 0)
    };
    let mut b = tree::entries(b).filter(|entry| counts(&entry.value.value));
    for item in a {
        let Item::Entry(a) = item else { continue };
        if !counts(&a.value.value) {
            continue;
        }
        path.push(&a.key);
        let found = b.next().filter(|b| b.key == a.key);
        if !found.is_some_and(|b| node(&a.value, &b.value, format, path)) {
            return false;
        }
        path.pop();
    }
    b.next().is_none()
}

fn node<'t>(a: &'t Node, b: &Node, format: Format, path: &mut Vec<&'t str>) -> bool {
    match (&a.value, &b.value) {
        (Value::Branch(a), Value::Branch(b)) => branch(a, b, format, path),
        (Value::List(a), Value::List(b)) => {
            let is_value = |node: &&Node| !matches!(node.value, Value::Comment(_));
            let (mut a, mut b) = (a.iter().filter(is_value), b.iter().filter(is_value));
            let is_same = a.all(|a| b.next().is_some_and(|b| node(a, b, format, path)));
            is_same && b.next().is_none()
        }
        (Value::Null, Value::Null) => true,
        (Value::Null | Value::Branch(_) | Value::List(_), _)
        | (_, Value::Null | Value::Branch(_) | Value::List(_)) => false,
        (a, b) => plain_text(a) == plain_text(b),
    }
}
