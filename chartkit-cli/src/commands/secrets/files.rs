//! Encrypted files in folders.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::{EncryptedFile, Format};
use chartkit::source::Sources;

use super::{Session, expect_file};
use crate::failure::{Failure, SopsExit};

/// A file to work on.
pub(super) struct Found {
    pub(super) path: PathBuf,
}

/// The files that arguments stand for: a folder for all encrypted files in it and below, sorted by their
/// paths. Links to folders and `.git` are left alone.
pub(super) fn find(
    arguments: &[OsString],
    _session: &Session<'_>,
) -> Result<Vec<Found>, Box<Failure>> {
    let mut found = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        expect_file(path)?;
        if path.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(Found {
                path: path.to_owned(),
            });
        }
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<Found>) -> Result<(), Box<Failure>> {
    let failed = |error: std::io::Error| {
        let message = format!("cannot read `{}`: {error}", folder.display());
        Failure::new(
            SopsExit::CannotRead,
            Diagnostic::error(Code::Environment, message),
        )
    };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let kind = fs::symlink_metadata(&path).map_err(failed)?.file_type();
        if kind.is_dir() && path.file_name().is_some_and(|name| name != ".git") {
            walk(&path, found)?;
        } else if path.is_file() && is_encrypted(&path) {
            found.push(Found { path });
        }
    }
    Ok(())
}

/// Whether a file has SOPS's metadata, in the format that its name says. What cannot be read is left to
/// whoever names it.
fn is_encrypted(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else {
        return false;
    };
    // Every encrypted file has these; most others need not be parsed.
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    if !has(b"sops") || !has(b"lastmodified") {
        return false;
    }
    let name = path.to_string_lossy();
    let mut sources = Sources::new();
    let id = sources.add(&*name, bytes);
    match EncryptedFile::load(Format::of_name(&name), &mut sources, id) {
        Ok(_) => true,
        Err(error) => error.kind() == chartkit::sops::LoadErrorKind::Metadata,
    }
}
