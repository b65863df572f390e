//! Writing archives: whole or not at all, and never over another artifact.

#![expect(clippy::disallowed_methods, reason = "this module is the edge")]

use std::fs::{self, Permissions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::Error;
use crate::chart::archive::ArchiveError;
use crate::digest::Sha256;
use crate::package::{Contents, Difference, Plan, explain_difference};

/// An archive that is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packaged {
    /// Where it is.
    pub path: PathBuf,
    /// The digest of the file.
    pub digest: Sha256,
    /// Whether an archive of the same content was there already and was left alone.
    pub already_there: bool,
}

/// Writes the archive of `plan` into a folder, which is made if it is missing.
///
/// The archive appears under its name complete and synced to disk, or not at all; a crash of the
/// system may lose the newest names, never a part of a file. An archive of that
/// name whose content is the same is left alone, byte for byte; one that differs is refused, because
/// an artifact is immutable, unless `force` says otherwise.
///
/// # Errors
///
/// When the folder cannot be written, or another archive of that name is there.
pub fn write_archive(plan: &Plan, folder: &Path, force: bool) -> Result<Packaged, Error> {
    fs::create_dir_all(folder).map_err(|e| Error::environment("cannot make folder", folder, e))?;
    let path = folder.join(&plan.file_name);
    let failed = |error| Error::environment("cannot write", &path, error);
    let temporary = temporary(folder).map_err(failed)?;
    let written = plan.write_to(BufWriter::with_capacity(64 * 1024, temporary.as_file()));
    let digest = written.map_err(failed)?.digest;
    // Before the name is there, so that no crash leaves half an archive under it. The folder is not
    // synced: an archive that is missing after a crash can be made again, at half the price for all.
    temporary.as_file().sync_data().map_err(failed)?;

    let persisted = if force {
        temporary.persist(&path)
    } else {
        temporary.persist_noclobber(&path)
    };
    match persisted {
        Ok(_) => Ok(Packaged {
            path,
            digest,
            already_there: false,
        }),
        Err(error) if !force && path.is_file() => {
            drop(error); // removes the temporary file
            compare(plan, path)
        }
        Err(error) => Err(failed(error.error)),
    }
}

/// A file without a name yet, in the folder where it will get one.
pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".chartkit-").suffix(".tmp");
    #[cfg(unix)]
    {
        // What anybody else's file would have, less the umask.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn compare(plan: &Plan, path: PathBuf) -> Result<Packaged, Error> {
    let bytes = fs::read(&path).map_err(|e| Error::environment("cannot read", &path, e))?;
    let differences = match Contents::of_archive(&bytes) {
        Ok(existing) => explain_difference(&existing, &Contents::of_plan(plan)),
        Err(error) => return Err(Error::exists(&path, &format!("it is no chart: {error}"))),
    };
    if differences.is_empty() {
        return Ok(Packaged {
            path,
            digest: Sha256::of(&bytes),
            already_there: true,
        });
    }
    let shown: Vec<_> = differences
        .iter()
        .take(5)
        .map(|difference| match difference {
            Difference::Removed { path } => format!("{path} is only in the old one"),
            Difference::Added { path } => format!("{path} is only in the new one"),
            changed => changed.to_string(),
        })
        .collect();
    let more = match differences.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(Error::exists(&path, &format!("{}{more}", shown.join("; "))))
}

/// The contents of an archive file.
///
/// # Errors
///
/// When the file cannot be read or Helm would not read it.
pub fn read_contents(path: &Path) -> Result<Contents, Error> {
    let bytes = fs::read(path).map_err(|e| Error::environment("cannot read", path, e))?;
    Contents::of_archive(&bytes).map_err(|error: ArchiveError| Error::archive(path, error))
}
