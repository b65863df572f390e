//! The edge: the only module that touches files.
//!
//! Decides nothing about charts: it walks, reads and hands the bytes to the pure functions.

mod error;
mod fs;

pub use error::{Error, ErrorKind};
pub use fs::{
    Directory, is_directory, load_chart, load_chart_with, read_directory, read_file, read_folder,
};
