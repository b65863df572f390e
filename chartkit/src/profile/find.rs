//! Which profiles a chart has, and in which order their layers go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Description, FOLDER, Profile, is_valid_name};
use crate::chart::process::section_names;
use crate::chart::{Chart, File};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Sources};
use crate::yaml;

/// The profiles of one chart (not of its subcharts).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Found {
    /// By name.
    pub profiles: BTreeMap<String, Profile>,
    /// Files and folders under `profiles/` that are no part of a profile.
    pub diagnostics: Vec<Diagnostic>,
}

/// The profiles of a chart or of one of its subcharts, and where their values go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FoundIn<'c> {
    /// The chart that has them.
    pub chart: &'c Chart,
    /// Its path of names, such as `shop/charts/redis`.
    pub path: String,
    /// The keys that lead to its values in those of the outermost chart, which has the empty path; two
    /// or more when dependencies give the subchart as many aliases.
    pub sections: Vec<Vec<String>>,
    /// Its own profiles.
    pub found: Found,
}

/// Why profiles cannot be used.
#[derive(Debug)]
pub struct ProfileError {
    kind: ProfileErrorKind,
    message: String,
    file: Option<FileId>,
    help: Option<String>,
    source: Option<Box<yaml::DecodeError>>,
    syntax: Option<Box<yaml::ParseError>>,
}

/// The kinds of [`ProfileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileErrorKind {
    /// A `profile.yaml` is no YAML or says something unknown.
    Description,
    /// No profile of that name.
    Unknown,
    /// A profile extends one that does not exist.
    UnknownBase,
    /// Profiles extend each other in a circle.
    Cycle,
    /// The chart has a `profiles/` folder and another one was given.
    TwoFolders,
}

impl ProfileError {
    fn new(kind: ProfileErrorKind, message: String) -> Self {
        Self {
            kind,
            message,
            file: None,
            help: None,
            source: None,
            syntax: None,
        }
    }

    /// Which kind of failure.
    #[must_use]
    pub fn kind(&self) -> ProfileErrorKind {
        self.kind
    }

    /// Whether there is no profile of the name that was asked for.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.kind == ProfileErrorKind::Unknown
    }

    /// Neither a chart nor its subcharts, which have the `known` ones, have a profile of this name.
    pub(crate) fn unknown(name: &str, known: &BTreeSet<String>) -> Self {
        let message = format!("neither the chart nor a subchart has a profile `{name}`");
        Self {
            help: Some(names(known)),
            ..Self::new(ProfileErrorKind::Unknown, message)
        }
    }

    /// The `profile.yaml` that is to blame.
    #[must_use]
    pub fn file(&self) -> Option<FileId> {
        self.file
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProfileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match (&self.source, &self.syntax) {
            (Some(error), _) => Some(error),
            (_, Some(error)) => Some(error),
            _ => None,
        }
    }
}

impl From<&ProfileError> for Diagnostic {
    fn from(error: &ProfileError) -> Self {
        let mut diagnostic = match (&error.source, &error.syntax) {
            (Some(decode), _) => Self::from(&**decode),
            (_, Some(parse)) => Self::from(&**parse),
            _ => Self::error(Code::InvalidProfile, &error.message),
        };
        diagnostic.help = diagnostic.help.or_else(|| error.help.clone());
        diagnostic
    }
}

/// The profiles of `chart`, in the order of their names.
///
/// # Errors
///
/// When a `profile.yaml` cannot be read.
pub fn find(chart: &Chart, sources: &mut Sources) -> Result<Found, ProfileError> {
    let mut found = Found::default();
    let mut folders = BTreeMap::<&str, Vec<(&str, &File)>>::new();
    for file in &chart.files {
        let Some(rest) = (file.name.strip_prefix(FOLDER)).and_then(|r| r.strip_prefix('/')) else {
            continue;
        };
        match rest.split_once('/') {
            Some((folder, name)) => folders.entry(folder).or_default().push((name, file)),
            None if rest.to_ascii_lowercase().starts_with("readme") => {}
            None => found
                .diagnostics
                .push(stray(chart, file, "it lies in no profile's folder")),
        }
    }
    for (folder, files) in folders {
        if !is_valid_name(folder) {
            let reason = format!(
                "`{folder}` is no profile: a name has 1 to 63 of a-z, 0-9 and `-`, no `-` at either end"
            );
            found
                .diagnostics
                .extend(files.iter().map(|(_, file)| stray(chart, file, &reason)));
            continue;
        }
        let mut profile = Profile {
            name: folder.to_owned(),
            description: Description::default(),
            values: None,
            secrets: None,
            sops_config: None,
            others: Vec::new(),
        };
        let mut known = false;
        for (name, file) in files {
            let slot = match name {
                "values.yaml" => &mut profile.values,
                "secrets.yaml" => &mut profile.secrets,
                ".sops.yaml" => &mut profile.sops_config,
                "profile.yaml" => {
                    profile.description = describe(chart, file, sources)?;
                    known = true;
                    continue;
                }
                _ => {
                    profile.others.push(file.clone());
                    continue;
                }
            };
            *slot = Some(file.clone());
            known = true;
        }
        let reason = if known {
            "no file of a profile has that name"
        } else {
            "its folder holds no file of a profile"
        };
        found
            .diagnostics
            .extend(profile.others.iter().map(|file| stray(chart, file, reason)));
        if known {
            found.profiles.insert(folder.to_owned(), profile);
        }
    }
    Ok(found)
}

/// The profiles of `chart` and of all its subcharts, enabled or not: each chart before its subcharts.
///
/// # Errors
///
/// When a `profile.yaml` cannot be read.
///
/// # Examples
///
/// ```
/// use chartkit::chart::{self, File};
/// use chartkit::profile::find_all;
/// use chartkit::source::Sources;
///
/// let file = |name: &str, text: &str| File {
///     name: name.into(),
///     data: text.as_bytes().into(),
///     modified: None,
/// };
/// let metadata = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
/// let files = vec![
///     file("Chart.yaml", &metadata("shop")),
///     file("charts/redis/Chart.yaml", &metadata("redis")),
///     file("charts/redis/profiles/qa1/values.yaml", "replicas: 2\n"),
/// ];
/// let mut sources = Sources::new();
/// let chart = chart::load(files, "shop", &mut sources)?.chart;
/// let all = find_all(&chart, &mut sources)?;
/// assert_eq!(all[1].path, "shop/charts/redis");
/// assert_eq!(all[1].sections, [["redis"]]);
/// assert!(all[1].found.profiles.contains_key("qa1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn find_all<'c>(
    chart: &'c Chart,
    sources: &mut Sources,
) -> Result<Vec<FoundIn<'c>>, ProfileError> {
    let mut all = Vec::new();
    let outermost = vec![Vec::new()];
    add_all(chart, chart.name().to_owned(), outermost, sources, &mut all)?;
    Ok(all)
}

fn add_all<'c>(
    chart: &'c Chart,
    path: String,
    sections: Vec<Vec<String>>,
    sources: &mut Sources,
    all: &mut Vec<FoundIn<'c>>,
) -> Result<(), ProfileError> {
    let found = find(chart, sources)?;
    let index = all.len();
    all.push(FoundIn {
        chart,
        path,
        sections,
        found,
    });
    for subchart in &chart.dependencies {
        let path = format!("{}/charts/{}", all[index].path, subchart.name());
        let names = section_names(chart, subchart);
        let within = |section: &Vec<String>| {
            let inner = |name: &&str| [section.as_slice(), &[(*name).to_owned()]].concat();
            names.iter().map(inner).collect::<Vec<_>>()
        };
        let sections = all[index].sections.iter().flat_map(within).collect();
        add_all(subchart, path, sections, sources, all)?;
    }
    Ok(())
}

fn stray(chart: &Chart, file: &File, reason: &str) -> Diagnostic {
    let message = format!(
        "`{}` is packaged but means nothing to chartkit: {reason}",
        chart.path_of(file)
    );
    Diagnostic::warning(Code::UnknownProfileFile, message).help(
        "a profile is profiles/<name>/ with values.yaml, secrets.yaml, .sops.yaml, profile.yaml",
    )
}

fn describe(
    chart: &Chart,
    file: &File,
    sources: &mut Sources,
) -> Result<Description, ProfileError> {
    let id = chart.source(file, sources);
    let fail = || ProfileError {
        file: Some(id),
        ..ProfileError::new(
            ProfileErrorKind::Description,
            format!("cannot read {}", sources.name(id)),
        )
    };
    let root = yaml::read(sources, id).map_err(|error| ProfileError {
        syntax: Some(Box::new(error)),
        ..fail()
    })?;
    if root.node.value.is_null() {
        return Ok(Description::default());
    }
    yaml::from_node_strict(&root.node).map_err(|error| ProfileError {
        source: Some(Box::new(error)),
        help: Some("known fields: description, stack, extends".to_owned()),
        ..fail()
    })
}

impl Found {
    /// The profile of that name and those that it extends, lowest layer first.
    ///
    /// # Shape
    ///
    /// Depth first, each profile once: what two bases share comes where it is first needed.
    ///
    /// # Errors
    ///
    /// When a profile is unknown or extends itself; the message shows the chain.
    pub fn layers(&self, name: &str) -> Result<Vec<&Profile>, ProfileError> {
        let mut layers = Vec::new();
        let mut done = BTreeSet::new();
        // From the profile that was asked for to where we are, each with the bases still to come.
        // No recursion: a chain may be as long as there are profiles.
        let mut chain = Vec::<(&Profile, std::slice::Iter<'_, String>)>::new();
        let mut open = BTreeSet::new();
        let mut next = Some(name);
        loop {
            if let Some(name) = next.filter(|name| !done.contains(name)) {
                let names = || chain.iter().map(|(profile, _)| &*profile.name);
                if open.contains(name) {
                    return Err(cycle(names(), name));
                }
                let profile = (self.profiles.get(name)).ok_or_else(|| self.no(names(), name))?;
                open.insert(&*profile.name);
                chain.push((profile, profile.description.extends.iter()));
            }
            let Some((profile, bases)) = chain.last_mut() else {
                return Ok(layers);
            };
            next = bases.next().map(String::as_str);
            if next.is_none() {
                done.insert(&*profile.name);
                layers.push(*profile);
                chain.pop();
            }
        }
    }

    fn no<'p>(&self, chain: impl Iterator<Item = &'p str>, name: &'p str) -> ProfileError {
        let mut chain = chain.peekable();
        let (kind, message) = if chain.peek().is_none() {
            (ProfileErrorKind::Unknown, format!("no profile `{name}`"))
        } else {
            let chain = shown(chain, name);
            let message = format!("no profile `{name}`, which is extended: {chain}");
            (ProfileErrorKind::UnknownBase, message)
        };
        ProfileError {
            help: Some(names(self.profiles.keys())),
            ..ProfileError::new(kind, message)
        }
    }
}

fn cycle<'p>(chain: impl Iterator<Item = &'p str>, name: &'p str) -> ProfileError {
    let message = format!(
        "profiles extend each other in a circle: {}",
        shown(chain, name)
    );
    ProfileError::new(ProfileErrorKind::Cycle, message)
}

fn shown<'p>(chain: impl Iterator<Item = &'p str>, last: &'p str) -> String {
    chain.chain([last]).collect::<Vec<_>>().join(" -> ")
}

fn names<'n>(known: impl IntoIterator<Item = &'n String>) -> String {
    let names: Vec<_> = known.into_iter().map(String::as_str).collect();
    if names.is_empty() {
        return "the chart has no profiles".to_owned();
    }
    format!("the chart has: {}", names.join(", "))
}

/// Puts the files of a folder of profiles into the chart, as if they lay in its `profiles/`.
///
/// # Shape
///
/// `files` are named relative to that folder: `qa1/values.yaml`. `folder` is the name that messages
/// show. The files take the places that a walk of one folder would give them.
///
/// # Errors
///
/// When the chart has a `profiles/` folder already: nothing says which one counts.
pub fn attach(chart: &mut Chart, folder: &str, files: Vec<File>) -> Result<(), ProfileError> {
    let inside = format!("{FOLDER}/");
    if let Some(file) = chart.raw.iter().find(|file| file.name.starts_with(&inside)) {
        let message = format!(
            "two folders of profiles: `{folder}` and the chart's own `{FOLDER}/` (with `{}`)",
            file.name
        );
        return Err(ProfileError {
            help: Some("keep one of them".to_owned()),
            ..ProfileError::new(ProfileErrorKind::TwoFolders, message)
        });
    }
    let position =
        |list: &[File]| list.partition_point(|file| file.name.split('/').lt(FOLDER.split('/')));
    let attached: Vec<_> = (files.into_iter())
        .map(|file| File {
            name: format!("{inside}{}", file.name),
            ..file
        })
        .collect();
    let (raw, list) = (position(&chart.raw), position(&chart.files));
    chart.raw.splice(raw..raw, attached.iter().cloned());
    chart.files.splice(list..list, attached);
    Ok(())
}
