//! Dependencies: where the charts that a chart declares come from, which versions count, and whether what
//! lies in `charts/` is what it should be.
//!
//! Decides what a repository's text means, which version is locked, what `helm dependency list` says, and
//! what `Chart.digests` holds. Reads and writes no file itself: `io` brings charts and indexes and puts
//! archives in place.

mod digests;
mod error;
mod repository;
mod resolve;
mod status;

pub use digests::{ContentDigest, DIGESTS_FILE, Digests, DigestsError, Mismatch};
pub use error::{DependencyError, DependencyErrorKind};
pub use repository::Repository;
pub use resolve::{Offer, Want, check_local, choose, missing, wants_of_lock};
pub use status::{InCharts, Status, status};
