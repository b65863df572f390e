#![expect(clippy::disallowed_methods, reason = "this module is the edge")]
//! Charts in directories and files.
//!
//! Decides which files of a directory belong to a chart: what `.helmignore` leaves, links followed.

use std::fs::{self, FileType};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Error;
use crate::chart::archive::Limits;
use crate::chart::ignore::Rules;
use crate::chart::{BYTE_ORDER_MARK, File, Loaded, load_archive, load_with};
use crate::diagnostic::{Code, Diagnostic};
use crate::quote::Quoted;
use crate::source::Sources;
use crate::time::Timestamp;

/// Levels of directories; below what the stack of a thread holds.
const MAX_DEPTH: usize = 256;

/// The chart in a directory or in a packed file.
///
/// # Shape
///
/// The path as given is what messages show; see [`chart::load`](crate::chart::load) for the names
/// of the texts in `sources`.
///
/// # Errors
///
/// See [`ErrorKind`](super::ErrorKind).
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/loader/load.go`, `Load`.
pub fn load_chart(path: &Path, sources: &mut Sources) -> Result<Loaded, Error> {
    load_chart_with(path, &Limits::default(), sources)
}

/// [`load_chart`] with other limits.
///
/// # Errors
///
/// See [`ErrorKind`](super::ErrorKind).
pub fn load_chart_with(
    path: &Path,
    limits: &Limits,
    sources: &mut Sources,
) -> Result<Loaded, Error> {
    let metadata = fs::metadata(path).map_err(|error| Error::read(path, error))?;
    let origin = path.display().to_string();
    let refused = |error| Error::chart(path, error);
    if metadata.is_dir() {
        let Directory {
            files,
            mut diagnostics,
        } = read_directory(path, limits)?;
        let mut loaded = load_with(files, &origin, limits, sources).map_err(refused)?;
        diagnostics.append(&mut loaded.diagnostics);
        loaded.diagnostics = diagnostics;
        Ok(loaded)
    } else {
        let file = fs::File::open(path).map_err(|error| Error::read(path, error))?;
        let mut file = BufReader::new(file);
        expect_gzip(path, &mut file)?;
        load_archive(file, &origin, limits, sources).map_err(refused)
    }
}

/// Says early, and better than gzip could, that a file is something else.
fn expect_gzip(path: &Path, file: &mut BufReader<fs::File>) -> Result<(), Error> {
    use std::io::BufRead as _;
    let start = file.fill_buf().map_err(|error| Error::read(path, error))?;
    if start.starts_with(b"\x1F\x8B\x08") {
        return Ok(());
    }
    let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let message = if is_yaml {
        format!(
            "file `{}` seems to be a YAML file, but expected a gzipped archive",
            path.display()
        )
    } else {
        format!(
            "file `{}` does not appear to be a gzipped archive",
            path.display()
        )
    };
    Err(Error::not_an_archive(message))
}

/// The files of a directory that belong to a chart.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Directory {
    /// In the order of the walk.
    pub files: Vec<File>,
    /// One for each symbolic link.
    pub diagnostics: Vec<Diagnostic>,
}

/// The files of a chart's directory, without what its `.helmignore` names.
///
/// # Shape
///
/// Depth first, the entries of each directory sorted by bytes. Symbolic links are followed wherever
/// they lead, and the file has the link's name. A UTF-8 byte order mark at the start of a file is
/// removed. Only the `.helmignore` of the directory itself counts, and a dangling link is an error
/// even if it is ignored. Names that are not UTF-8 lose the bytes that are not.
///
/// # Errors
///
/// See [`ErrorKind`](super::ErrorKind).
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/loader/directory.go`, `LoadDir`; `internal/sympath/walk.go`.
/// DIFFERENCE: a link into its own directory is an error at once; Helm follows it until the
/// operating system refuses, which can take exponential time.
pub fn read_directory(path: &Path, limits: &Limits) -> Result<Directory, Error> {
    Walk::new(path, rules(path)?, limits).walk()
}

/// All files of a folder that is no chart, such as one of profiles; nothing is ignored.
///
/// # Shape
///
/// Names are relative to the folder; otherwise as [`read_directory`].
///
/// # Errors
///
/// See [`ErrorKind`](super::ErrorKind).
pub fn read_folder(path: &Path) -> Result<Vec<File>, Error> {
    let found = Walk::new(path, Rules::default(), &Limits::default()).walk()?;
    Ok(found.files)
}

/// The bytes of a file.
///
/// # Errors
///
/// [`ErrorKind::Environment`](super::ErrorKind::Environment).
pub fn read_file(path: &Path) -> Result<Arc<[u8]>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::read(path, error))?;
    Ok(bytes.into())
}

/// Whether there is a directory at this path, also through links.
#[must_use]
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Whether there is anything at this path, also through links.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    path.exists()
}

fn rules(directory: &Path) -> Result<Rules, Error> {
    let path = directory.join(".helmignore");
    // A link that leads nowhere is no rule file; the walk finds and refuses it.
    if fs::metadata(&path).is_err() {
        return Ok(Rules::default());
    }
    let text = fs::read(&path).map_err(|error| Error::read(&path, error))?;
    Rules::parse(&text).map_err(|error| Error::ignore(&path, error))
}

struct Walk<'a> {
    rules: Rules,
    limits: &'a Limits,
    root: &'a Path,
    /// The real paths of the chart and of the linked directories that we are in; none before the first
    /// link.
    links: Vec<PathBuf>,
    /// The file being read: memory for all of them.
    buffer: Vec<u8>,
    found: Directory,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path, rules: Rules, limits: &'a Limits) -> Self {
        Self {
            rules,
            limits,
            root,
            links: Vec::new(),
            buffer: Vec::new(),
            found: Directory {
                files: Vec::new(),
                diagnostics: Vec::new(),
            },
        }
    }

    fn walk(mut self) -> Result<Directory, Error> {
        self.directory(self.root, "", 0)?;
        Ok(self.found)
    }

    /// `name` is the directory's name in the chart, with a `/` at the end unless it is empty.
    fn directory(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            let message = format!(
                "`{}` is nested deeper than {MAX_DEPTH} directories",
                path.display()
            );
            return Err(Error::input(message));
        }
        let read = |error| Error::read(path, error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(read)? {
            let entry = entry.map_err(read)?;
            // Known from the directory: asking for each file takes as long as opening it.
            let file_type = entry
                .file_type()
                .map_err(|e| Error::read(&entry.path(), e))?;
            entries.push((entry.file_name(), file_type));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (entry, file_type) in entries {
            let name = format!("{name}{}", entry.to_string_lossy());
            self.entry(&path.join(entry), file_type, name, depth)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: &Path,
        mut file_type: FileType,
        name: String,
        depth: usize,
    ) -> Result<(), Error> {
        let mut target = None;
        if file_type.is_symlink() {
            // Before the rules are asked, as in Helm: a dangling link cannot be ignored.
            let real = fs::canonicalize(path).map_err(|e| Error::symbolic_link(path, e))?;
            let metadata = fs::symlink_metadata(&real).map_err(|e| Error::read(&real, e))?;
            file_type = metadata.file_type();
            target = Some(real);
        }
        if self.rules.decide(&name, file_type.is_dir()).ignored {
            return Ok(());
        }
        if let Some(target) = &target {
            let (path, target) = (path.display(), target.display());
            let message = format!("`{path}` is a symbolic link, `{target}` is used in its place");
            let link = Diagnostic::info(Code::SymbolicLink, message);
            self.found.diagnostics.push(link);
        }
        if !file_type.is_dir() {
            let file = self.file(path, target.as_deref(), file_type, name)?;
            self.found.files.push(file);
            return Ok(());
        }
        let name = format!("{name}/");
        match target {
            None => self.directory(path, &name, depth + 1),
            Some(target) => self.linked_directory(path, target, &name, depth),
        }
    }

    fn linked_directory(
        &mut self,
        path: &Path,
        target: PathBuf,
        name: &str,
        depth: usize,
    ) -> Result<(), Error> {
        if self.links.is_empty() {
            let root = fs::canonicalize(self.root).map_err(|e| Error::read(self.root, e))?;
            self.links.push(root);
        }
        let parent = path.parent().unwrap_or(path);
        let parent = fs::canonicalize(parent).map_err(|e| Error::read(parent, e))?;
        if parent.starts_with(&target) || self.links.contains(&target) {
            let message = format!(
                "error evaluating symlink {}: it leads back to `{}`",
                path.display(),
                target.display()
            );
            return Err(Error::input(message));
        }
        self.links.push(target);
        self.directory(path, name, depth + 1)?;
        self.links.pop();
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        target: Option<&Path>,
        file_type: FileType,
        name: String,
    ) -> Result<File, Error> {
        if !file_type.is_file() {
            let message = format!(
                "cannot load irregular file {} as it has file mode type bits set",
                path.display()
            );
            return Err(Error::input(message));
        }
        let limit = self.limits.file_bytes;
        let too_large = || {
            let base = target.unwrap_or(path).file_name().unwrap_or_default();
            let base = base.to_string_lossy();
            let message = format!(
                "chart file {} is larger than the maximum file size {limit}",
                Quoted(&base)
            );
            Error::input(message)
        };
        let read = |error| Error::read(path, error);
        let file = fs::File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if metadata.len() > limit {
            return Err(too_large());
        }
        let data = &mut self.buffer;
        data.clear();
        data.reserve(usize::try_from(metadata.len()).unwrap_or(0));
        // It may have grown since its size was asked.
        let count = file.take(limit.saturating_add(1)).read_to_end(data);
        if count.map_err(read)? as u64 > limit {
            return Err(too_large());
        }
        Ok(File {
            name,
            data: data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data).into(),
            modified: metadata.modified().ok().map(timestamp),
        })
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let seconds = |whole: u64| i64::try_from(whole).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Timestamp::from_unix(seconds(after.as_secs()), after.subsec_nanos()),
        Err(error) => {
            let before = error.duration();
            match before.subsec_nanos() {
                0 => Timestamp::from_unix(-seconds(before.as_secs()), 0),
                nanoseconds => Timestamp::from_unix(
                    -seconds(before.as_secs()) - 1,
                    1_000_000_000 - nanoseconds,
                ),
            }
        }
    }
}
