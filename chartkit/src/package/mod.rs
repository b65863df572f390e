//! Packaging: a chart and its profiles as one archive that Helm reads as its own.
//!
//! Decides which files go in, in which order and with which bytes. The same input gives the same
//! archive on any machine: time is an argument, order and header fields are fixed, and the deflate
//! stream is that of one library at one level.

mod compare;
mod plan;
mod release;
mod write;

pub use compare::{Contents, Difference, explain_difference, same_content};
pub use plan::{
    Entry, PackageError, PackageErrorKind, PackageOptions, Plan, ProfileSelection, Reason, plan,
};
pub use release::RELEASE_SECRET_LIMIT;
pub use write::Written;
