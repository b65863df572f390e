//! Which of the configurations around a file counts.

use crate::diagnostic::{Code, Diagnostic};

/// The name that is looked for.
pub const CONFIG_NAME: &str = ".sops.yaml";

/// A name that looks like it, and is passed over with a warning.
pub const IGNORED_NAME: &str = ".sops.yml";

/// How many folders a search looks at, itself and those above.
pub const MAX_LEVELS: usize = 100;

/// What a folder holds, as far as a [`search`] is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The folder, in the form that messages and the result have.
    pub directory: String,
    /// Whether [`CONFIG_NAME`] is in it.
    pub has_config: bool,
    /// Whether [`IGNORED_NAME`] is in it.
    pub has_ignored: bool,
}

/// The outcome of a [`search`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Search {
    /// The folder whose configuration counts.
    pub directory: Option<String>,
    /// [`Code::IgnoredSopsConfig`] and [`Code::OtherSopsConfig`].
    pub diagnostics: Vec<Diagnostic>,
}

/// Says which configuration counts: that of the working folder or the nearest above it. When there is
/// none, that of the file's own folder or the nearest above it.
///
/// # Shape
///
/// Each list starts with the folder itself and goes upwards; its directories are comparable texts such
/// as absolute paths. `from_file` is empty when the file is not known, or its rules do not matter.
///
/// # Source
///
/// SOPS v3.13.3, `config/config.go`, `LookupConfigFile`. DIFFERENCE: SOPS never looks beside the file. A
/// configuration there is used when the search of SOPS finds none, and reported when that finds another.
#[must_use]
pub fn search(from_working_directory: &[Candidate], from_file: &[Candidate]) -> Search {
    let mut diagnostics = Vec::new();
    let ours = nearest(from_working_directory, &mut diagnostics);
    let beside = nearest(from_file, &mut Vec::new());
    match (&ours, &beside) {
        (Some(ours), Some(beside)) if ours != beside => {
            let (beside, ours) = (join(beside, CONFIG_NAME), join(ours, CONFIG_NAME));
            let message = format!(
                "`{beside}` is nearer to the file, but `{ours}` is used: the search starts in the working folder, as that of SOPS"
            );
            let other = Diagnostic::warning(Code::OtherSopsConfig, message);
            diagnostics
                .push(other.help("change the folder, or name the one you want with --config"));
        }
        (None, Some(beside)) => {
            let message = format!(
                "`{}` is used, because there is no {CONFIG_NAME} in the working folder or above it; SOPS would find none",
                join(beside, CONFIG_NAME)
            );
            diagnostics.push(Diagnostic::info(Code::OtherSopsConfig, message));
        }
        _ => {}
    }
    Search {
        directory: ours.or(beside).map(str::to_owned),
        diagnostics,
    }
}

fn nearest<'c>(candidates: &'c [Candidate], diagnostics: &mut Vec<Diagnostic>) -> Option<&'c str> {
    let candidates = &candidates[..candidates.len().min(MAX_LEVELS)];
    let found = candidates.iter().position(|folder| folder.has_config);
    // The one beside the configuration that counts is passed over in silence.
    let passed = &candidates[..found.unwrap_or(candidates.len())];
    if let Some(folder) = passed.iter().find(|folder| folder.has_ignored) {
        let ignored = join(&folder.directory, IGNORED_NAME);
        let message = format!("`{ignored}` is ignored, the file must be called `{CONFIG_NAME}`");
        diagnostics.push(Diagnostic::warning(Code::IgnoredSopsConfig, message));
    }
    found.map(|at| candidates[at].directory.as_str())
}

fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}
