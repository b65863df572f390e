//! Files that are changed in place: whole or not at all, with mode and owner kept, and only if nobody else
//! has changed them meanwhile.
//!
//! Extended attributes and access control lists are not kept, and other hard links keep the old content:
//! the file is replaced, not written over.

#![expect(clippy::disallowed_methods, reason = "this module is the edge")]

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{Builder, NamedTempFile};

use super::Error;

/// A file that was read to be replaced.
///
/// # Examples
///
/// ```
/// use chartkit::io::InPlaceFile;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("secrets.yaml");
/// std::fs::write(&path, "old")?;
/// let file = InPlaceFile::read(&path)?;
/// assert_eq!(&**file.bytes(), b"old");
/// file.replace(b"new")?;
/// assert_eq!(std::fs::read(&path)?, b"new");
///
/// // `file` is still the old one.
/// let error = file.replace(b"newer").unwrap_err();
/// assert!(error.to_string().ends_with("was changed by someone else meanwhile, nothing is written"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct InPlaceFile {
    /// As given, for messages.
    path: PathBuf,
    /// Where the links end.
    real: PathBuf,
    bytes: Arc<[u8]>,
    metadata: Metadata,
}

/// Where a replacement has got to: for tests, which stop there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    Created,
    HalfWritten,
    Written,
    Permitted,
    Synced,
    Checked,
    Renamed,
    FolderSynced,
}

type Watch<'w> = &'w mut dyn FnMut(Stage) -> io::Result<()>;

impl InPlaceFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no regular file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let real = fs::canonicalize(path).map_err(|error| Error::read(path, error))?;
        let metadata = fs::metadata(&real).map_err(|error| Error::read(path, error))?;
        if !metadata.is_file() {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
            return Err(Error::environment("cannot replace", path, error));
        }
        let bytes = fs::read(&real).map_err(|error| Error::read(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            real,
            bytes: bytes.into(),
            metadata,
        })
    }

    /// What was in it.
    #[must_use]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Puts other bytes in its place.
    ///
    /// A link stays, and the file that it leads to is replaced. Whatever happens on the way, that file is
    /// the old one or the new one. A process that is killed may leave a file `.chartkit-….tmp` beside it
    /// that only its owner can read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Changed`](super::ErrorKind::Changed) when the file is not any more what was read;
    /// [`ErrorKind::Environment`](super::ErrorKind::Environment) when it cannot be written or its mode and
    /// owner cannot be kept.
    pub fn replace(&self, bytes: &[u8]) -> Result<(), Error> {
        self.replace_watched(bytes, &mut |_| Ok(()))
    }

    pub(crate) fn replace_watched(&self, bytes: &[u8], watch: Watch<'_>) -> Result<(), Error> {
        let failed = |error| Error::environment("cannot write", &self.path, error);
        let folder = parent(&self.real);
        let temporary = write_beside(folder, bytes, watch).map_err(failed)?;
        self.permit(temporary.as_file()).map_err(|error| {
            Error::environment("cannot keep mode and owner of", &self.path, error)
        })?;
        watch(Stage::Permitted).map_err(failed)?;
        temporary.as_file().sync_all().map_err(failed)?;
        watch(Stage::Synced).map_err(failed)?;
        // As late as possible: what happens between here and the renaming goes unnoticed.
        let now = fs::read(&self.real).map_err(|error| Error::read(&self.path, error))?;
        if *now != *self.bytes {
            return Err(Error::changed(&self.path));
        }
        watch(Stage::Checked).map_err(failed)?;
        temporary
            .persist(&self.real)
            .map_err(|error| failed(error.error))?;
        watch(Stage::Renamed).map_err(failed)?;
        sync_folder(folder).map_err(failed)?;
        watch(Stage::FolderSynced).map_err(failed)
    }

    /// Gives a new file the mode and the owner of this one.
    #[cfg(unix)]
    fn permit(&self, new: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let is = new.metadata()?;
        let (user, group) = (self.metadata.uid(), self.metadata.gid());
        if (is.uid(), is.gid()) != (user, group) {
            fchown(new, Some(user), Some(group))?;
        }
        // After the owner, which takes some bits away.
        new.set_permissions(self.metadata.permissions())
    }

    #[cfg(not(unix))]
    fn permit(&self, new: &File) -> io::Result<()> {
        new.set_permissions(self.metadata.permissions())
    }
}

/// Who may read a file that is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: it holds plaintext.
    Owner,
    /// Whoever the umask allows.
    Umask,
}

/// Writes a file that was asked for by its path, whole or not at all.
///
/// What is no regular file, such as a pipe or a terminal, is written to. A file that is there is replaced, and
/// keeps mode and owner; `readers` is about one that is not.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_output(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let failed = |error| Error::environment("cannot write", path, error);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => InPlaceFile::read(path)?.replace(bytes),
        Ok(_) => {
            let file = fs::OpenOptions::new().write(true).open(path);
            file.and_then(|mut file| file.write_all(bytes))
                .map_err(failed)
        }
        Err(_) => create_file(path, bytes, readers),
    }
}

/// Writes a file that must not be there yet, whole or not at all.
///
/// # Errors
///
/// [`ErrorKind::Changed`](super::ErrorKind::Changed) when there is one;
/// [`ErrorKind::Environment`](super::ErrorKind::Environment) when it cannot be written.
pub fn create_file(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let failed = |error| Error::environment("cannot write", path, error);
    let folder = parent(path);
    let temporary = write_beside(folder, bytes, &mut |_| Ok(())).map_err(failed)?;
    if readers == Readers::Umask {
        allow_umask(folder, temporary.as_file()).map_err(failed)?;
    }
    temporary.as_file().sync_all().map_err(failed)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => sync_folder(folder).map_err(failed),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::changed(path))
        }
        Err(error) => Err(failed(error.error)),
    }
}

/// A file in a folder with these bytes that only its owner can read; it is removed unless it gets a name.
fn write_beside(folder: &Path, bytes: &[u8], watch: Watch<'_>) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".chartkit-").suffix(".tmp");
    // `tempfile` makes files of mode 0600.
    let mut temporary = builder.tempfile_in(folder)?;
    watch(Stage::Created)?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    temporary.write_all(first)?;
    watch(Stage::HalfWritten)?;
    temporary.write_all(second)?;
    watch(Stage::Written)?;
    Ok(temporary)
}

/// The mode that any other new file has: asked of the system by making one, as the umask cannot be read
/// without changing it.
#[cfg(unix)]
fn allow_umask(folder: &Path, file: &File) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = Builder::new();
    builder.prefix(".chartkit-").suffix(".tmp");
    builder.permissions(Permissions::from_mode(0o666));
    let probe = builder.tempfile_in(folder)?;
    file.set_permissions(probe.as_file().metadata()?.permissions())
}

#[cfg(not(unix))]
fn allow_umask(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// So that the new name survives a crash of the system. Some file systems cannot do it, and need not.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
                    | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;
    use crate::io::ErrorKind;

    const OLD: &[u8] = b"the old content";
    const NEW: &[u8] = b"the new content, which is longer";
    const STAGES: [Stage; 8] = [
        Stage::Created,
        Stage::HalfWritten,
        Stage::Written,
        Stage::Permitted,
        Stage::Synced,
        Stage::Checked,
        Stage::Renamed,
        Stage::FolderSynced,
    ];

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.yaml");
        fs::write(&path, OLD).unwrap();
        (folder, path)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn at_every_stage_the_file_is_the_old_or_the_new_one() {
        let (folder, path) = folder();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let mut stages = Vec::new();
        let file = InPlaceFile::read(&path).unwrap();
        let seen = file.replace_watched(NEW, &mut |stage| {
            stages.push(stage);
            let want = if stage >= Stage::Renamed { NEW } else { OLD };
            assert_eq!(fs::read(&path).unwrap(), want, "{stage:?}");
            assert_eq!(mode(&path), 0o640);
            for name in names(folder.path()) {
                let beside = folder.path().join(&name);
                if beside != path && stage < Stage::Permitted {
                    assert_eq!(mode(&beside), 0o600, "{name} at {stage:?}");
                }
            }
            Ok(())
        });
        seen.unwrap();
        assert_eq!(stages, STAGES);
        assert_eq!(names(folder.path()), ["secrets.yaml"]);
    }

    #[test]
    fn a_failure_at_any_stage_leaves_one_whole_file_and_nothing_else() {
        for fatal in STAGES {
            let (folder, path) = folder();
            let file = InPlaceFile::read(&path).unwrap();
            let refused = file.replace_watched(NEW, &mut |stage| {
                if stage == fatal {
                    return Err(io::Error::other("the disk is full"));
                }
                Ok(())
            });
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Environment);
            let want = if fatal >= Stage::Renamed { NEW } else { OLD };
            assert_eq!(fs::read(&path).unwrap(), want, "{fatal:?}");
            assert_eq!(names(folder.path()), ["secrets.yaml"], "{fatal:?}");
        }
    }

    #[test]
    fn a_change_by_someone_else_is_noticed_until_the_end() {
        for late in [Stage::Created, Stage::Written, Stage::Synced] {
            let (folder, path) = folder();
            let file = InPlaceFile::read(&path).unwrap();
            let refused = file.replace_watched(NEW, &mut |stage| {
                if stage == late {
                    fs::write(&path, "theirs").unwrap();
                }
                Ok(())
            });
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Changed);
            assert_eq!(fs::read(&path).unwrap(), b"theirs");
            assert_eq!(names(folder.path()), ["secrets.yaml"]);
        }
    }

    #[test]
    fn mode_owner_and_links_stay() {
        let (folder, path) = folder();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        // Only root can give files away; others keep their own.
        let given = std::os::unix::fs::chown(&path, Some(4711), Some(4712));
        let metadata = fs::metadata(&path).unwrap();
        let owner = (metadata.uid(), metadata.gid());
        assert!(given.is_err() || owner == (4711, 4712));
        let link = folder.path().join("link");
        symlink("secrets.yaml", &link).unwrap();
        InPlaceFile::read(&link).unwrap().replace(NEW).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), NEW);
        assert_eq!(mode(&path), 0o604);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), owner);
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let error = InPlaceFile::read(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Environment);
        let dangling = folder.path().join("dangling");
        symlink("nowhere", &dangling).unwrap();
        assert!(InPlaceFile::read(&dangling).is_err());
    }

    #[test]
    fn new_plaintext_is_for_the_owner_alone() {
        let (folder, path) = folder();
        let new = folder.path().join("plain");
        write_output(&new, NEW, Readers::Owner).unwrap();
        assert_eq!(mode(&new), 0o600);
        // What is there keeps its mode.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_output(&path, NEW, Readers::Owner).unwrap();
        assert_eq!(
            (mode(&path), fs::read(&path).unwrap()),
            (0o644, NEW.to_vec())
        );

        let ordinary = folder.path().join("ordinary");
        File::create(&ordinary).unwrap();
        let encrypted = folder.path().join("encrypted");
        write_output(&encrypted, NEW, Readers::Umask).unwrap();
        assert_eq!(mode(&encrypted), mode(&ordinary));

        write_output(Path::new("/dev/null"), NEW, Readers::Owner).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let taken = create_file(&path, OLD, Readers::Umask).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::Changed);
        assert_eq!(fs::read(&path).unwrap(), NEW);
        assert_eq!(names(folder.path()).len(), 4);
    }
}
