//! Packed charts: the bytes of a `.tgz` to the files of a chart.
//!
//! Decides which entries are files, what they are called inside the chart, and when an archive is
//! refused. Knows nothing about what the files mean. Everything is read in one pass; what is in
//! memory at any time is the files read so far and one entry.
//!
//! Fixtures: `fixtures/archives`.

mod tar;

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use self::tar::{Entry, Reader, TarError};
use super::{BYTE_ORDER_MARK, File};
use crate::quote::Quoted;

/// How large a chart may be.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/loader/archive/archive.go`, `MaxDecompressedChartSize` and
/// `MaxDecompressedFileSize`. DIFFERENCE: Helm bounds one archive; an archive within an archive
/// within an archive … has no bound there. Here the bytes unpacked for one chart, its nested
/// archives and the tar headers included, are at most four times `chart_bytes`, and the names of
/// entries at most 8 MiB together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of all files of one archive together; a chart must stay *below* it.
    pub chart_bytes: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// How deep subcharts may lie in subcharts.
    pub depth: usize,
}

/// 100 MiB (not reached), 5 MiB and 32 levels.
impl Default for Limits {
    fn default() -> Self {
        Self {
            chart_bytes: 100 * 1024 * 1024,
            file_bytes: 5 * 1024 * 1024,
            depth: 32,
        }
    }
}

/// What may still be unpacked for one chart, its nested archives included.
#[derive(Debug)]
pub(super) struct Budget {
    stream: u64,
    names: u64,
}

const MAX_NAME_BYTES: u64 = 8 * 1024 * 1024;

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            stream: limits.chart_bytes.saturating_mul(4),
            names: MAX_NAME_BYTES,
        }
    }
}

/// Why an archive was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveErrorKind {
    /// The bytes are not gzip, or end early, or are damaged.
    Gzip,
    /// What was compressed is not a tar archive, or ends early.
    Tar,
    /// There are no files.
    Empty,
    /// The name of an entry could lead out of the chart.
    IllegalName,
    /// One of the [`Limits`].
    TooLarge,
    /// The bytes could not be read.
    Input,
}

/// An archive that cannot be read as a chart.
///
/// [`Display`](std::fmt::Display) is Helm's text where Helm refuses the archive itself, ours where
/// gzip or tar are broken.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ArchiveError {
    kind: ArchiveErrorKind,
    message: String,
    #[source]
    source: Option<io::Error>,
}

impl ArchiveError {
    fn new(kind: ArchiveErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    fn chart_too_large(limits: &Limits) -> Self {
        let limit = limits.chart_bytes;
        let message = format!("decompressed chart is larger than the maximum size {limit}");
        Self::new(ArchiveErrorKind::TooLarge, message)
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> ArchiveErrorKind {
        self.kind
    }
}

/// The files of a packed chart, in the order of the archive.
///
/// # Shape
///
/// Names are relative to the chart: the first component of an entry's name is dropped whatever it
/// is, so entries of different top directories end up in one chart. Separators are `/`; an entry
/// whose name has a backslash uses that as its only separator. A UTF-8 byte order mark at the start
/// of a file is removed. Directories leave nothing; links and devices become empty files, their
/// targets are never followed. The same name may occur several times.
///
/// # Errors
///
/// [`ArchiveErrorKind::Gzip`] and [`Tar`](ArchiveErrorKind::Tar) for broken bytes,
/// [`IllegalName`](ArchiveErrorKind::IllegalName) for absolute names, names that leave the chart,
/// drive letters and files outside of a top directory, [`TooLarge`](ArchiveErrorKind::TooLarge)
/// for bombs, [`Empty`](ArchiveErrorKind::Empty) without files, and
/// [`Input`](ArchiveErrorKind::Input) when `input` itself fails.
///
/// # Examples
///
/// ```
/// use chartkit::chart::archive::{ArchiveErrorKind, Limits, read};
///
/// let error = read(&b"apiVersion: v2\n"[..], &Limits::default()).unwrap_err();
/// assert_eq!(error.kind(), ArchiveErrorKind::Gzip);
/// assert_eq!(error.to_string(), "not a gzip archive");
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/loader/archive/archive.go`, `LoadArchiveFiles`.
pub fn read(input: impl Read, limits: &Limits) -> Result<Vec<File>, ArchiveError> {
    read_within(input, limits, &mut Budget::new(limits))
}

/// [`read`], taking from what other archives of the same chart have left.
pub(super) fn read_within(
    input: impl Read,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Vec<File>, ArchiveError> {
    let mut input = BufReader::new(input);
    let start = input.fill_buf().map_err(input_error)?;
    if !start.starts_with(b"\x1F\x8B") {
        let message = "not a gzip archive";
        return Err(ArchiveError::new(ArchiveErrorKind::Gzip, message));
    }
    // Buffered, because inflating a header at a time is slow.
    let inflated = Metered {
        input: MultiGzDecoder::new(input),
        left: &mut budget.stream,
    };
    let mut tar = Reader::new(BufReader::with_capacity(INFLATED_AT_ONCE, inflated));
    let mut buffer = Vec::new();
    let mut remaining = limits.chart_bytes;
    let mut files = Vec::new();
    while let Some(entry) = tar.next_entry().map_err(|e| tar_error(e, limits))? {
        if entry.is_directory || entry.is_global_header {
            continue;
        }
        let name = name_in_chart(&entry.name)?;
        let names_left = budget.names.checked_sub(name.len() as u64);
        budget.names = names_left.ok_or_else(|| {
            let message = "the names of the archive's entries are longer than 8388608 bytes";
            ArchiveError::new(ArchiveErrorKind::TooLarge, message)
        })?;
        read_data(&mut tar, &entry, limits, &mut remaining, &mut buffer)?;
        let data = &*buffer;
        files.push(File {
            name,
            data: Arc::from(data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data)),
            modified: Some(entry.modified),
        });
    }
    if files.is_empty() {
        let message = "no files in chart archive";
        return Err(ArchiveError::new(ArchiveErrorKind::Empty, message));
    }
    Ok(files)
}

const INFLATED_AT_ONCE: usize = 32 * 1024;

/// Puts the data of an entry into `data`, in the place of what was there.
fn read_data(
    tar: &mut Reader<impl Read>,
    entry: &Entry,
    limits: &Limits,
    remaining: &mut u64,
    data: &mut Vec<u8>,
) -> Result<(), ArchiveError> {
    if entry.size > *remaining {
        return Err(ArchiveError::chart_too_large(limits));
    }
    if entry.size > limits.file_bytes {
        let message = format!(
            "decompressed chart file {} is larger than the maximum file size {}",
            Quoted(&entry.name),
            limits.file_bytes
        );
        return Err(ArchiveError::new(ArchiveErrorKind::TooLarge, message));
    }
    data.clear();
    data.reserve(usize::try_from(entry.size).unwrap_or(0));
    tar.read_to_end(data)
        .map_err(|e| tar_error(TarError::Input(e), limits))?;
    let read = data.len() as u64;
    if tar.is_cut_short() {
        return Err(tar_error(TarError::Truncated, limits));
    }
    *remaining -= read;
    // A link that claims to have data, and a chart that reaches the limit exactly: Helm's text.
    if read < entry.size || *remaining == 0 {
        return Err(ArchiveError::chart_too_large(limits));
    }
    Ok(())
}

/// The name of an entry without its first component.
fn name_in_chart(entry: &str) -> Result<String, ArchiveError> {
    let illegal = |message: String| Err(ArchiveError::new(ArchiveErrorKind::IllegalName, message));
    let delimiter = if entry.contains('\\') { '\\' } else { '/' };
    let (top, rest) = entry.split_once(delimiter).unwrap_or((entry, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return illegal("chart illegally contains absolute paths".into());
    }
    let name = clean(&rest);
    if name.is_empty() {
        let entry = Quoted(entry);
        return illegal(format!(
            "chart illegally contains content outside the base directory: {entry}"
        ));
    }
    if name.starts_with("..") {
        return illegal("chart illegally references parent directory".into());
    }
    if matches!(name.as_bytes(), [drive, b':', b'/', ..] if drive.is_ascii_alphabetic()) {
        return illegal("chart contains illegally named files".into());
    }
    if top == "Chart.yaml" {
        return illegal("chart yaml not in base directory".into());
    }
    Ok(name)
}

/// A relative path without empty components, `.` and inner `..`; empty for the directory itself.
fn clean(path: &str) -> String {
    let mut components: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." if components.last().is_some_and(|last| *last != "..") => {
                components.pop();
            }
            _ => components.push(component),
        }
    }
    components.join("/")
}

fn input_error(error: io::Error) -> ArchiveError {
    ArchiveError {
        kind: ArchiveErrorKind::Input,
        message: "the archive cannot be read".into(),
        source: Some(error),
    }
}

fn tar_error(error: TarError, limits: &Limits) -> ArchiveError {
    let TarError::Input(error) = error else {
        let kind = match error {
            TarError::ExtensionTooLarge => ArchiveErrorKind::TooLarge,
            _ => ArchiveErrorKind::Tar,
        };
        return ArchiveError::new(kind, error.to_string());
    };
    let gzip = |message: &str| ArchiveError::new(ArchiveErrorKind::Gzip, message);
    match error.kind() {
        io::ErrorKind::FileTooLarge => ArchiveError::chart_too_large(limits),
        io::ErrorKind::UnexpectedEof => gzip("unexpected end of the gzip data"),
        // What flate2 says about damaged data.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            gzip("the gzip data is damaged")
        }
        _ => input_error(error),
    }
}

/// A reader that fails when it has given all that it may give.
struct Metered<'a, R> {
    input: R,
    left: &'a mut u64,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if *self.left == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.input.by_ref().take(*self.left).read(buffer)?;
        *self.left -= count as u64;
        Ok(count)
    }
}
