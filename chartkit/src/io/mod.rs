//! The edge: the only module that touches files.
//!
//! Decides nothing about charts: it walks, reads and hands the bytes to the pure functions.

#[cfg(feature = "aws-kms")]
mod aws_kms;
mod command;
mod dependency;
mod error;
mod fs;
mod gpg;
#[cfg(feature = "age")]
mod identities;
mod in_place;
mod package;
mod repo;
mod sops_config;
mod subject;
mod value_file;

#[cfg(feature = "aws-kms")]
pub use aws_kms::AwsKmsService;
pub use dependency::{
    ContentState, Listing, Stray, Updated, Vendored, Verified, VerifiedDependency,
    build_dependencies, list_dependencies, update_dependencies, verify_dependencies,
};
pub use error::{Error, ErrorKind};
pub use fs::{
    Directory, is_directory, is_there, load_chart, load_chart_with, read_directory, read_file,
    read_folder,
};
pub use gpg::GpgService;
#[cfg(feature = "age")]
pub use identities::age_service;
pub use in_place::{InPlaceFile, Readers, create_file, write_output};
pub use package::{Packaged, read_contents, write_archive};
pub use repo::{index_directory, read_index, write_index};
pub use sops_config::sops_config_candidates;
pub use subject::{read_subject, replace_file, subcharts_to_lint};
pub use value_file::{read_set_file, read_value_file};
