//! Where an editor gets plaintext: a folder of its own in memory, wiped whatever happens.
//!
//! Wiped means overwritten with zeros and removed: at the end, when something fails, when the program panics
//! ([`wipe_all`]), and on the signals that end a program (`Guard`).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, TryLockError};

use chartkit::sops::Secret;

/// The folders that are there now.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file for plaintext in a folder of its own.
pub(super) struct Scratch {
    folder: PathBuf,
    file: PathBuf,
    in_memory: bool,
}

impl Scratch {
    /// A folder that only we can open, with a file of that name and content.
    pub(super) fn new(name: &str, text: &Secret) -> io::Result<Self> {
        let (parent, in_memory) = parent();
        let mut builder = tempfile::Builder::new();
        builder.prefix("chartkit-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        // Known before it holds anything, and never removed without being wiped.
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = builder.tempdir_in(parent)?.keep();
        folders.push(folder.clone());
        drop(folders);
        let scratch = Self {
            file: folder.join(name),
            folder,
            in_memory,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(&scratch.file)?.write_all(text.expose())?;
        Ok(scratch)
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether nothing of it can reach a disk, but for swap.
    pub(super) fn is_in_memory(&self) -> bool {
        self.in_memory
    }

    /// What is in the file now.
    pub(super) fn read(&self) -> io::Result<Secret> {
        let mut file = File::open(&self.file)?;
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        // Room for all of it, so that no copy is left behind by growing.
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(size + 1));
        file.read_to_end(&mut bytes)?;
        Ok(Secret::from(&**bytes))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        wipe(&self.folder);
        folders.retain(|folder| *folder != self.folder);
    }
}

/// Wipes every folder that is there, for the last moments of a program that panics.
pub(crate) fn wipe_all() {
    // Whoever panics may hold the lock: it is not waited for.
    let folders = match FOLDERS.try_lock() {
        Ok(folders) => folders,
        Err(TryLockError::Poisoned(folders)) => folders.into_inner(),
        Err(TryLockError::WouldBlock) => return,
    };
    folders.iter().for_each(|folder| wipe(folder));
}

/// Overwrites and removes all files of a folder, those that an editor has left too, and the folder.
fn wipe(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => wipe(&path),
            Ok(kind) if kind.is_file() => {
                let _ = overwrite(&path);
                let _ = fs::remove_file(&path);
            }
            // A link may lead anywhere: only it itself goes.
            _ => drop(fs::remove_file(&path)),
        }
    }
    let _ = fs::remove_dir(folder);
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_data()
}

/// A folder in memory, if there is one that we can write; whether it is.
fn parent() -> (PathBuf, bool) {
    #[cfg(target_os = "linux")]
    {
        let run = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let candidates = run.into_iter().chain([PathBuf::from("/dev/shm")]);
        for folder in candidates.filter(|folder| folder.is_absolute()) {
            if is_tmpfs(&folder)
                && rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK).is_ok()
            {
                return (folder, true);
            }
        }
    }
    (std::env::temp_dir(), false)
}

#[cfg(target_os = "linux")]
fn is_tmpfs(folder: &Path) -> bool {
    /// `TMPFS_MAGIC` of Linux.
    const TMPFS: i64 = 0x0102_1994;
    #[allow(
        clippy::useless_conversion,
        reason = "the type differs between platforms"
    )]
    rustix::fs::statfs(folder).is_ok_and(|stat| i64::from(stat.f_type) == TMPFS)
}

/// Wipes all and ends the program when a signal says so.
#[cfg(unix)]
pub(super) struct Guard {
    handle: signal_hook::iterator::Handle,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[cfg(unix)]
impl Guard {
    /// From now on; `on_signal` is done first, such as ending the editor.
    pub(super) fn new(on_signal: impl Fn() + Send + 'static) -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let handle = signals.handle();
        let thread = std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                on_signal();
                // Nobody may hold it for long, and nothing is written any more once we have it.
                let folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
                folders.iter().for_each(|folder| wipe(folder));
                // As if we had not caught it, so that the shell knows why we ended.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
        Ok(Self {
            handle,
            thread: Some(thread),
        })
    }
}

#[cfg(unix)]
impl Drop for Guard {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_wipes_what_nobody_drops() {
        let scratch = Scratch::new("s.yaml", &Secret::from("c4n4ry")).unwrap();
        let folder = scratch.folder.clone();
        assert_eq!(scratch.read().unwrap(), Secret::from("c4n4ry"));
        fs::create_dir(folder.join("swap")).unwrap();
        fs::write(folder.join("swap/.s.yaml.swp"), "c4n4ry").unwrap();
        // With `panic = "abort"` nothing is dropped.
        std::mem::forget(scratch);
        wipe_all();
        assert!(!folder.exists());
    }

    #[test]
    fn wiping_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.yaml");
        fs::write(&path, "c4n4ry").unwrap();
        overwrite(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), [0; 6]);
    }
}
