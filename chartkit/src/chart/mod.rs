//! Charts.

pub(crate) mod glob;
pub mod ignore;
