//! `chartkit.toml`: what a repository says once and for all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::lint::{Level, LevelSource, Levels, Selector};
use chartkit::source::{FileId, Sources, Span};
use serde::Deserialize;
use toml::Spanned;

use crate::failure::{Exit, Failure};

const NAME: &str = "chartkit.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Levels by rule or group.
    #[serde(default)]
    lint: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// The levels that a configuration says; none without one.
pub(crate) fn levels(path: Option<&Path>, sources: &mut Sources) -> Result<Levels, Box<Failure>> {
    let mut levels = Levels::default();
    let Some(path) = path.map(Path::to_owned).or_else(nearest) else {
        return Ok(levels);
    };
    let text = io::read_file(&path)?;
    let name: Arc<str> = path.display().to_string().into();
    let file = sources.add(Arc::clone(&name), Arc::clone(&text));
    let text =
        std::str::from_utf8(&text).map_err(|error| invalid(file, &error.to_string(), &(0..0)))?;
    let config: Config = toml::from_str(text)
        .map_err(|error| invalid(file, error.message(), &error.span().unwrap_or(0..0)))?;
    for (rule, level) in &config.lint {
        let selector: Selector = (rule.get_ref().parse())
            .map_err(|error| invalid(file, &format!("{error}"), &rule.span()))?;
        let level_is: Level = (level.get_ref().parse())
            .map_err(|error| invalid(file, &format!("{error}"), &level.span()))?;
        let offset = u32::try_from(rule.span().start).unwrap_or(u32::MAX);
        let line = sources.position(file, offset).line;
        let name = Arc::clone(&name);
        levels.set(selector, level_is, LevelSource::File { name, line });
    }
    Ok(levels)
}

/// The configuration of the working folder or of the closest folder above it.
fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut above = String::new();
    for folder in here.ancestors() {
        if folder.join(NAME).is_file() {
            return Some(PathBuf::from(above + NAME));
        }
        above += "../";
    }
    None
}

#[expect(
    clippy::unnecessary_box_returns,
    reason = "large and rare: results carry a pointer"
)]
fn invalid(file: FileId, message: &str, span: &std::ops::Range<usize>) -> Box<Failure> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span {
        start: offset(span.start),
        end: offset(span.end),
    };
    let message = format!("cannot use the configuration: {message}");
    let diagnostic = Diagnostic::error(Code::InvalidConfiguration, message).at(file, span, "");
    Failure::new(Exit::Usage, diagnostic)
}
