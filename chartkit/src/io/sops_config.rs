//! Where a `.sops.yaml` could lie.

#![expect(clippy::disallowed_methods, reason = "this module is the edge")]

use std::path::Path;

use crate::sops::config::{CONFIG_NAME, Candidate, IGNORED_NAME, MAX_LEVELS};

/// What a folder and those above it hold, for [`search`](crate::sops::config::search).
///
/// # Shape
///
/// `directory` is absolute and of the form that
/// [`absolute_path`](crate::sops::config::absolute_path) returns; links in it are not followed upwards.
#[must_use]
pub fn sops_config_candidates(directory: &str) -> Vec<Candidate> {
    let ancestors = Path::new(directory).ancestors().take(MAX_LEVELS);
    let candidates = ancestors.map(|folder| Candidate {
        directory: folder.display().to_string(),
        has_config: folder.join(CONFIG_NAME).exists(),
        has_ignored: folder.join(IGNORED_NAME).exists(),
    });
    candidates.collect()
}
