//! The edge: the only module that touches files.
//!
//! Decides nothing about charts: it walks, reads and hands the bytes to the pure functions.

mod dependency;
mod error;
mod fs;
mod package;
mod repo;
mod value_file;

pub use dependency::{
    ContentState, Listing, Stray, Updated, Vendored, Verified, VerifiedDependency,
    build_dependencies, list_dependencies, update_dependencies, verify_dependencies,
};
pub use error::{Error, ErrorKind};
pub use fs::{
    Directory, is_directory, is_there, load_chart, load_chart_with, read_directory, read_file,
    read_folder,
};
pub use package::{Packaged, read_contents, write_archive};
pub use repo::{index_directory, read_index, write_index};
pub use value_file::{read_set_file, read_value_file};
