//! The edge: the only module that touches files.
//!
//! Decides nothing about charts: it walks, reads and hands the bytes to the pure functions.

mod error;
mod fs;
mod package;
mod subject;
mod value_file;

pub use error::{Error, ErrorKind};
pub use fs::{
    Directory, is_directory, load_chart, load_chart_with, read_directory, read_file, read_folder,
};
pub use package::{Packaged, read_contents, write_archive};
pub use subject::{read_subject, replace_file, subcharts_to_lint};
pub use value_file::{read_set_file, read_value_file};
