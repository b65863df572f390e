#![expect(clippy::disallowed_methods, reason = "this module is the edge")]
//! What `lint` looks at, from a directory or an archive; and what its fixes write.

use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use tempfile::Builder;

use super::{Error, load_chart};
use crate::chart::BYTE_ORDER_MARK;
use crate::chart::archive::{self, Limits};
use crate::lint::{Part, Subject, Unloadable};
use crate::source::Sources;

/// The chart at a path, for [`lint`](crate::lint::lint), whether it loads or not.
///
/// # Errors
///
/// When there is no `Chart.yaml`, or the archive cannot be read.
///
/// # Source
///
/// Helm v4.2.4, `pkg/action/lint.go`, `lintChart`.
pub fn read_subject(path: &Path, sources: &mut Sources) -> Result<Subject, Error> {
    let name = path.display().to_string();
    if is_archive(path) {
        let file = fs::File::open(path)
            .map_err(|e| Error::environment("unable to open tarball", path, e))?;
        let files =
            archive::read(file, &Limits::default()).map_err(|error| Error::archive(path, error))?;
        let mut subject = Subject::from_files(&files, &format!("{name}!"), sources);
        // DIFFERENCE: Helm shows the folder that it unpacks the archive into.
        subject.folder = name;
        return Ok(subject);
    }
    let chart_yaml = path.join("Chart.yaml");
    fs::metadata(&chart_yaml).map_err(|error| {
        Error::environment(
            "unable to check Chart.yaml file in chart:",
            &chart_yaml,
            error,
        )
    })?;
    let chart = load_chart(path, sources).map_err(|error| match error.load_error() {
        Some(error) => Unloadable::from(error),
        None => Unloadable::new(chain(&error), (&error).into()),
    });
    let mut part = |name: &str| read_part(path, name, sources);
    let folder = absolute(path).display().to_string();
    Ok(Subject::new(&name, &folder, &mut part, chart))
}

fn chain(error: &Error) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}

fn read_part(chart: &Path, name: &str, sources: &mut Sources) -> Part {
    let path = chart.join(name);
    match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Part::Missing,
        Err(error) => Part::Unreadable(error.to_string()),
        Ok(metadata) if metadata.is_dir() => Part::Folder,
        Ok(_) => match fs::read(&path) {
            Ok(bytes) => {
                // Without it, places are those of the chart's own file.
                let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
                Part::File(sources.add(path.display().to_string(), text))
            }
            Err(error) => Part::Unreadable(error.to_string()),
        },
    }
}

/// Whether Helm takes a path for an archive, by its name alone.
fn is_archive(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    name.ends_with(b".tgz") || name.ends_with(b".tar.gz")
}

/// As Go's `filepath.Abs`: `.` and `..` are resolved without asking the disk.
fn absolute(path: &Path) -> PathBuf {
    clean(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(clean.components().next_back(), Some(Component::Normal(_))) =>
            {
                clean.pop();
            }
            Component::ParentDir if clean.has_root() => {}
            other => clean.push(other),
        }
    }
    clean
}

/// The charts below `charts/` of a chart's directory that `helm lint --with-subcharts` lints as well.
///
/// # Shape
///
/// Directories with a `Chart.yaml` and archives, depth first, the entries of each directory sorted by
/// bytes. Symbolic links are not followed.
///
/// # Source
///
/// Helm v4.2.4, `pkg/cmd/lint.go`.
#[must_use]
pub fn subcharts_to_lint(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&clean(&path.join("charts")), &mut found);
    found
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) {
    if path.file_name().is_some_and(|name| name == "Chart.yaml") {
        found.extend(path.parent().map(Path::to_owned));
    } else if is_archive(path) {
        found.push(path.to_owned());
    }
    let is_dir = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    if !is_dir {
        return;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        walk(&entry, found);
    }
}

/// Puts new text into a file in the place of the old, unless it has changed since it was read.
///
/// The file is replaced as a whole, so that a crash leaves the old or the new one; its mode stays, and
/// so does a byte order mark.
///
/// # Errors
///
/// When it cannot be written, or holds something else than `old`.
pub fn replace_file(path: &Path, old: &[u8], new: &[u8]) -> Result<(), Error> {
    let failed = |error| Error::environment("cannot write", path, error);
    // Through a link, so that the file it points to changes and the link stays.
    let real = fs::canonicalize(path).map_err(failed)?;
    let found = fs::read(&real).map_err(failed)?;
    let (mark, text) = match found.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (BYTE_ORDER_MARK, text),
        None => (&b""[..], &*found),
    };
    if text != old {
        let error = std::io::Error::other("it has changed since it was read");
        return Err(failed(error));
    }
    let folder = real.parent().unwrap_or(Path::new("."));
    let mut temporary = Builder::new()
        .prefix(".chartkit-")
        .tempfile_in(folder)
        .map_err(failed)?;
    temporary.write_all(mark).map_err(failed)?;
    temporary.write_all(new).map_err(failed)?;
    let permissions = fs::metadata(&real).map_err(failed)?.permissions();
    fs::set_permissions(temporary.path(), permissions).map_err(failed)?;
    temporary.as_file().sync_data().map_err(failed)?;
    temporary
        .persist(&real)
        .map_err(|error| failed(error.error))?;
    Ok(())
}
