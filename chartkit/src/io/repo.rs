//! Repositories in folders: making their index, reading and writing it.

#![expect(clippy::disallowed_methods, reason = "this module is the edge")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::dependency::is_archive;
use super::package::temporary;
use super::{Error, read_file};
use crate::chart::archive::Limits;
use crate::chart::load_archive;
use crate::digest::Sha256;
use crate::repo::{IndexFile, LoadedIndex, Strictness, read};
use crate::source::Sources;
use crate::time::Timestamp;

/// The index of the packed charts in a folder and in the folders directly below it.
///
/// # Shape
///
/// `base_url` goes before the path of each archive; empty gives relative URLs. `now` is what the index and
/// its entries say about when they were made. Not sorted yet, see [`IndexFile::sort`]. Files that are called
/// `….tgz` and are no charts are left out.
///
/// # Errors
///
/// When the folder or an archive cannot be read.
///
/// # Source
///
/// Helm v4.2.4, `pkg/repo/v1/index.go`, `IndexDirectory`. DIFFERENCE: the folder's path is no pattern here, and
/// a directory called `….tgz` is no archive.
pub fn index_directory(folder: &Path, base_url: &str, now: Timestamp) -> Result<IndexFile, Error> {
    let mut index = IndexFile::new(now);
    let mut below = Vec::new();
    for name in sorted_names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            below.push(name);
        } else {
            add(&mut index, &path, base_url, "", &name)?;
        }
    }
    for name in below {
        let inner = folder.join(&name);
        for file in sorted_names(&inner)? {
            let path = inner.join(&file);
            if !path.is_dir() {
                add(&mut index, &path, base_url, &name, &file)?;
            }
        }
    }
    Ok(index)
}

fn sorted_names(folder: &Path) -> Result<Vec<String>, Error> {
    let failed = |error| Error::read(folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn add(
    index: &mut IndexFile,
    path: &Path,
    base_url: &str,
    folder: &str,
    file: &str,
) -> Result<(), Error> {
    if !is_archive(file) {
        return Ok(());
    }
    let bytes = read_file(path)?;
    let origin = path.display().to_string();
    let Ok(loaded) = load_archive(&*bytes, &origin, &Limits::default(), &mut Sources::new()) else {
        return Ok(());
    };
    let (metadata, now) = (loaded.chart.metadata, index.generated);
    (index.add(metadata, base_url, folder, file, Sha256::of(&bytes), now))
        .expect("the metadata of a chart that was loaded is valid");
    Ok(())
}

/// The index in a file.
///
/// # Errors
///
/// When the file cannot be read or is no index.
pub fn read_index(
    path: &Path,
    strictness: Strictness,
    sources: &mut Sources,
) -> Result<LoadedIndex, Error> {
    let text = read_file(path)?;
    let file = sources.add(path.display().to_string(), text);
    read(sources, file, strictness).map_err(|error| Error::index(path, error))
}

/// Writes the text of an index into a file that appears whole, with mode 0644, over one that is there.
///
/// # Errors
///
/// When the file cannot be written.
///
/// # Source
///
/// Helm v4.2.4, `pkg/repo/v1/index.go`, `WriteFile`.
pub fn write_index(path: &Path, text: &str) -> Result<PathBuf, Error> {
    let failed = |error| Error::environment("cannot write", path, error);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = temporary(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(failed)?;
    }
    file.as_file().sync_data().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(path.to_owned())
}
