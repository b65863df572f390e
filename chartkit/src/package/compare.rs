//! Whether two archives hold the same, whatever their containers look like.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Plan;
use crate::chart::archive::{self, ArchiveError, Limits};
use crate::digest::Sha256;

/// The files of an archive, without the container: no order, times, owners or compression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents(BTreeMap<String, Arc<[u8]>>);

impl Contents {
    /// The contents of an archive.
    ///
    /// # Errors
    ///
    /// When Helm would not read the archive.
    pub fn of_archive(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let files = archive::read(bytes, &Limits::default())?;
        Ok(Self(
            files
                .into_iter()
                .map(|file| (file.name, file.data))
                .collect(),
        ))
    }

    /// The contents that an archive of this plan has.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let entries = plan.entries.iter().map(|entry| {
            let path = entry
                .path
                .split_once('/')
                .map_or(&*entry.path, |(_, rest)| rest);
            (path.to_owned(), Arc::clone(&entry.data))
        });
        Self(entries.collect())
    }

    /// The paths of all files, sorted by bytes.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The files below a folder, with their paths in it.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let files = self.0.iter().filter_map(|(path, data)| {
            let path = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((path.to_owned(), Arc::clone(data)))
        });
        Self(files.collect())
    }

    /// A digest of every path and its bytes; equal contents have equal digests.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        let lines: String = (self.0.iter())
            .map(|(path, data)| format!("{} {path}\n", Sha256::of(data)))
            .collect();
        Sha256::of(lines.as_bytes())
    }
}

/// How one file differs between two archives.
///
/// # Shape
///
/// Paths are relative to the chart. Never shows contents: they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Difference {
    /// Only the first has it.
    Removed {
        /// The file.
        path: String,
    },
    /// Only the second has it.
    Added {
        /// The file.
        path: String,
    },
    /// Both have it, with other bytes.
    Changed {
        /// The file.
        path: String,
        /// Its length in the first and the second, in bytes.
        lengths: (usize, usize),
        /// The first line that differs, from 1.
        line: usize,
    },
}

impl Difference {
    /// The file that differs.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Removed { path } | Self::Added { path } | Self::Changed { path, .. } => path,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { path } => write!(f, "{path}: only in the first"),
            Self::Added { path } => write!(f, "{path}: only in the second"),
            Self::Changed {
                path,
                lengths: (a, b),
                line,
            } => {
                write!(f, "{path}: differs from line {line} on ({a} and {b} bytes)")
            }
        }
    }
}

/// Whether two archives hold the same files with the same bytes.
///
/// # Properties
///
/// Exactly when [`explain_difference`] finds nothing.
#[must_use]
pub fn same_content(a: &Contents, b: &Contents) -> bool {
    a == b
}

/// Every file that differs, sorted by path.
#[must_use]
pub fn explain_difference(a: &Contents, b: &Contents) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (path, first) in &a.0 {
        let path = path.clone();
        match b.0.get(&path) {
            None => differences.push(Difference::Removed { path }),
            Some(second) if second == first => {}
            Some(second) => differences.push(Difference::Changed {
                path,
                lengths: (first.len(), second.len()),
                line: first_different_line(first, second),
            }),
        }
    }
    let added = b.0.keys().filter(|path| !a.0.contains_key(*path));
    differences.extend(added.map(|path| Difference::Added { path: path.clone() }));
    differences.sort_by(|a, b| a.path().cmp(b.path()));
    differences
}

fn first_different_line(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    a[..same].iter().filter(|byte| **byte == b'\n').count() + 1
}
