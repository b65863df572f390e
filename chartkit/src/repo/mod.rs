//! Repositories: folders of packed charts with an `index.yaml` that lists them.
//!
//! Decides what an index says, how it is read, sorted, searched, merged and written. Knows nothing about
//! networks, and reads no file itself: `io` makes the index of a folder.
//!
//! Fixtures: `fixtures/repo`.

mod index;
mod read;
mod url;

pub use index::{ChartVersion, IndexFile, LookupError};
pub use read::{IndexError, IndexErrorKind, LoadedIndex, Strictness, read};
pub use url::{LocalUrlError, local_path};
