//! Helm charts, profiles and their values as typed, pure functions.
#![warn(missing_docs)]
#![deny(
    clippy::disallowed_methods,
    reason = "I/O lives in `io`, and nowhere else"
)]

pub mod chart;
pub mod diagnostic;
pub mod digest;
#[cfg(feature = "fs")]
pub mod io;
pub mod package;
mod printable;
pub mod profile;
mod quote;
pub mod semver;
pub mod source;
pub mod time;
pub mod values;
pub mod yaml;
