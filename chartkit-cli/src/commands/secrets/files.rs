//! Encrypted files in folders.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::{EncryptedFile, Format};
use chartkit::source::Sources;

use rayon::prelude::*;

use super::{Context, Session, expect_file};
use crate::failure::{Failure, SopsExit};
use crate::report;

/// The files that arguments stand for: a folder for all encrypted files in it and below, sorted by their
/// paths. Links to folders and `.git` are left alone.
pub(super) fn find(arguments: &[OsString]) -> Result<Vec<PathBuf>, Box<Failure>> {
    find_with(arguments, |_| false)
}

/// The same, with the files of folders that are wanted by their path, encrypted or not.
pub(super) fn find_with(
    arguments: &[OsString],
    is_wanted: impl Fn(&Path) -> bool + Sync,
) -> Result<Vec<PathBuf>, Box<Failure>> {
    let mut found = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        expect_file(path)?;
        if path.is_dir() {
            let mut all = Vec::new();
            walk(path, &mut all)?;
            let is_one = |path: &PathBuf| is_wanted(path) || is_encrypted(path);
            found.par_extend(all.into_par_iter().filter(is_one));
        } else {
            found.push(path.to_owned());
        }
    }
    Ok(found)
}

/// What became of several files.
pub(super) struct Outcomes<T> {
    /// In the order of the files; nothing for those that failed.
    pub(super) done: Vec<(PathBuf, Option<T>)>,
    /// The highest exit code of those that failed.
    pub(super) failed: Option<u8>,
}

/// Does something with each file, several at once. A failure is said and stops no other file.
pub(super) fn each<T: Send>(
    found: Vec<PathBuf>,
    session: &Session<'_>,
    one: impl Fn(&Path, &mut Session<'_>) -> Result<T, Box<Failure>> + Sync,
) -> Outcomes<T> {
    let (look, global) = (session.context.format, session.global.clone());
    let sources = &session.context.sources;
    let one = |path: &PathBuf| {
        let mut context = Context::new(look);
        // What is compared with all files, such as a chart, is in there already.
        context.sources = sources.clone();
        let mut session = Session {
            context: &mut context,
            global: global.clone(),
        };
        let done = one(path, &mut session);
        let done = done.map_err(|failure| {
            let name = path.display().to_string();
            let mut diagnostic = failure.diagnostic;
            if diagnostic.labels.is_empty() && !diagnostic.message.contains(&name) {
                diagnostic = diagnostic.context(&format!("`{name}`"));
            }
            context.diagnostics.push(diagnostic);
            failure.exit
        });
        (done, report::render(&context))
    };
    let outcomes: Vec<_> = found.par_iter().map(one).collect();
    let mut failed = None;
    let mut done = Vec::new();
    for (path, (outcome, messages)) in found.into_iter().zip(outcomes) {
        report::messages(&messages);
        if let Err(exit) = outcome {
            failed = failed.max(Some(exit));
        }
        done.push((path, outcome.ok()));
    }
    Outcomes { done, failed }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<Failure>> {
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
        } else if path.is_file() {
            found.push(path);
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
