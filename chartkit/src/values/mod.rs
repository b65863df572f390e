//! Values.

pub mod strvals;
