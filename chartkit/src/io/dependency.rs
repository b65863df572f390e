//! `charts/`: what lies there, and putting there what a chart depends on.
//!
//! Decides nothing about versions: it brings charts and indexes to `dependency`, and puts archives in place,
//! each whole or not at all, and none before all of them are ready.

#![expect(clippy::disallowed_methods, reason = "this module is the edge")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::{Builder, TempDir};

use super::package::temporary;
use super::{Error, index_directory, is_directory, load_chart, read_file, read_index};
use crate::chart::archive::Limits;
use crate::chart::{Chart, Dependency, Lock, LockState, Metadata, load_archive};
use crate::dependency::{
    ContentDigest, DIGESTS_FILE, DependencyError, DependencyErrorKind as Kind, Digests, InCharts,
    Mismatch, Offer, Repository, Status, Want, check_local, choose, missing, status, wants_of_lock,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::digest::Sha256;
use crate::package::{Contents, PackageOptions, plan};
use crate::quote::Quoted;
use crate::repo::{ChartVersion, IndexFile, Strictness, local_path};
use crate::semver::is_compatible_range;
use crate::source::Sources;
use crate::time::Timestamp;
use crate::yaml::{self, EmitStyle};

/// What `helm dependency list` shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listing {
    /// Each declared dependency and what lies in `charts/` for it; nothing for a chart that has no list of
    /// dependencies.
    pub declared: Option<Vec<(Dependency, Status)>>,
    /// Entries of `charts/` that belong to none of them.
    pub strays: Vec<Stray>,
    /// The chart's `charts/` directory, as messages show it.
    pub charts: PathBuf,
}

/// An entry of `charts/` that belongs to no declared dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stray {
    /// The entry.
    pub path: PathBuf,
    /// Whether it is a chart, which is not declared.
    pub is_chart: bool,
}

/// The dependencies of a chart and what lies in its `charts/`.
///
/// # Errors
///
/// When the chart cannot be loaded.
///
/// # Source
///
/// Helm v4.2.4, `pkg/action/dependency.go`, `List`. DIFFERENCE: the path of the chart is no pattern here.
pub fn list_dependencies(path: &Path, sources: &mut Sources) -> Result<Listing, Error> {
    let chart = load_chart(path, sources)?.chart;
    let charts = clean(path).join("charts");
    let mut listing = Listing {
        declared: None,
        strays: Vec::new(),
        charts,
    };
    let Some(declared) = &chart.metadata.dependencies else {
        return Ok(listing);
    };
    let entries = in_charts(&listing.charts)?;
    let row = |dependency: &Dependency| (dependency.clone(), status(dependency, &chart, &entries));
    listing.declared = Some(declared.iter().map(row).collect());
    for entry in entries {
        let name = entry.metadata.map(|metadata| metadata.name);
        let is_declared = |name: &String| declared.iter().any(|d| d.name == *name);
        if !name.as_ref().is_some_and(is_declared) {
            listing.strays.push(Stray {
                path: listing.charts.join(&entry.entry),
                is_chart: name.is_some(),
            });
        }
    }
    Ok(listing)
}

/// The directories and archives of a `charts/` directory, sorted by name.
fn in_charts(charts: &Path) -> Result<Vec<InCharts>, Error> {
    let mut entries = Vec::new();
    for name in names(charts)? {
        let path = charts.join(&name);
        if !path.is_dir() && !is_archive(&name) {
            continue;
        }
        let loaded = load_chart(&path, &mut Sources::new());
        entries.push(InCharts::new(name, loaded.ok().map(|l| l.chart.metadata)));
    }
    Ok(entries)
}

/// The names in a directory, sorted; none when it does not exist. Those that are not UTF-8 belong to nobody.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error| Error::read(folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// As in Helm, only in lower case.
pub(super) fn is_archive(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "tgz")
}

/// Without `.` and `..`, as Go's `filepath.Clean` has it: whatever links there are.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => drop(clean.pop()),
                Some(Component::RootDir) => {}
                _ => clean.push(part),
            },
            part => clean.push(part),
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    clean
}

/// What [`update_dependencies`] and [`build_dependencies`] did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Updated {
    /// The charts that are in `charts/` now, in the order of the lock.
    pub charts: Vec<Vendored>,
    /// Archives that were outdated and are gone.
    pub removed: Vec<PathBuf>,
    /// The lock and `Chart.digests`, where they were written.
    pub written: Vec<PathBuf>,
    /// What was noticed.
    pub diagnostics: Vec<Diagnostic>,
}

/// A chart in `charts/`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vendored {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub digest: ContentDigest,
    /// Whether it was there already with these bytes, and was left alone.
    pub already_there: bool,
}

/// Chooses a version for each declared dependency, puts the charts into `charts/`, removes outdated archives,
/// and writes the lock (if it says something new) and `Chart.digests`.
///
/// # Shape
///
/// A chart from a folder is packed as `package` packs it, with the time of 1980-01-01 whatever else is said:
/// so the same sources give the same archives. `now` is what a new lock says about when it was made.
///
/// # Properties
///
/// When it fails before the first archive is in place, nothing has changed. Every archive appears whole, and
/// after a crash of the system, which may lose what was written last, `Chart.digests` says which are damaged.
///
/// # Errors
///
/// See [`DependencyErrorKind`](crate::dependency::DependencyErrorKind); when the chart or a dependency cannot
/// be loaded or packed; when the disk refuses.
///
/// # Source
///
/// Helm v4.2.4, `pkg/downloader/manager.go`, `Manager.Update`. DIFFERENCE: a folder named by `file://` may hold
/// packed charts, with or without an `index.yaml`; a chart whose own dependencies are missing, or whose
/// secrets are plain, is refused, as everywhere.
pub fn update_dependencies(
    path: &Path,
    now: Timestamp,
    sources: &mut Sources,
) -> Result<Updated, Error> {
    let chart = load_unpacked(path, sources)?;
    update(path, &chart, now, sources)
}

fn update(
    path: &Path,
    chart: &Chart,
    now: Timestamp,
    sources: &mut Sources,
) -> Result<Updated, Error> {
    let Some(wants) = Want::declared(chart) else {
        return Ok(Updated::default());
    };
    for want in &wants {
        expect_local(want)?;
    }
    let lock_path = path.join(chart.lock_file_name());
    expect_no_link(&lock_path)?;
    expect_no_link(&path.join(DIGESTS_FILE))?;
    let mut stage = Stage::new(path)?;
    stage.fetch_all(&wants, sources)?;

    let locked: Vec<_> = stage.fetched.iter().map(|f| f.locked.clone()).collect();
    let digest = Lock::digest_of(chart.metadata.dependencies.as_deref(), &locked).to_string();
    let is_new = chart.lock.as_ref().is_none_or(|lock| lock.digest != digest);
    let digests = stage.digests();
    let mut updated = stage.commit(&wants)?;
    if is_new {
        let lock = Lock {
            generated: now,
            digest,
            dependencies: locked,
        };
        let value = yaml::to_value(&lock).expect("a lock has only string keys");
        write_whole(&lock_path, yaml::to_yaml(&value, EmitStyle::V2).as_bytes())?;
        updated.written.push(lock_path);
    }
    write_digests(path, &digests, &mut updated)?;
    Ok(updated)
}

/// Puts the locked versions into `charts/` and removes outdated archives; without a lock,
/// [`update_dependencies`].
///
/// # Shape
///
/// The lock stays as it is. Where there is a `Chart.digests`, every chart must hold what it says, and
/// nothing is put in place unless all do; where there is none, it is written.
///
/// # Errors
///
/// As [`update_dependencies`], and when the lock does not belong to what is declared or a chart holds
/// something else than what was recorded.
///
/// # Source
///
/// Helm v4.2.4, `pkg/downloader/manager.go`, `Manager.Build`.
pub fn build_dependencies(
    path: &Path,
    now: Timestamp,
    sources: &mut Sources,
) -> Result<Updated, Error> {
    let chart = load_unpacked(path, sources)?;
    let Some(lock) = &chart.lock else {
        return update(path, &chart, now, sources);
    };
    let state = state_of_lock(&chart)?;
    if state == LockState::OutOfSync {
        return Err(out_of_sync(&chart).into());
    }
    let wants = wants_of_lock(lock);
    for want in &wants {
        expect_local(want)?;
    }
    expect_no_link(&path.join(DIGESTS_FILE))?;
    let recorded = read_digests(path, sources)?;
    let mut stage = Stage::new(path)?;
    stage.fetch_all(&wants, sources)?;
    let digests = stage.digests();
    let mut noticed = Vec::new();
    if let Some(recorded) = &recorded {
        noticed = check_recorded(recorded, &digests)?;
    }
    let mut updated = stage.commit(&wants)?;
    updated.diagnostics.append(&mut noticed);
    if state == LockState::InSyncHelm2 {
        let message =
            "the lock was written by Helm 2: its digest does not cover the locked versions";
        let diagnostic = Diagnostic::warning(Code::Helm2Lock, message);
        updated
            .diagnostics
            .push(diagnostic.help("write it anew with `dependency update`"));
    }
    if recorded.is_none() {
        write_digests(path, &digests, &mut updated)?;
    }
    Ok(updated)
}

fn load_unpacked(path: &Path, sources: &mut Sources) -> Result<Chart, Error> {
    let metadata = fs::metadata(path).map_err(|e| Error::environment("could not find", path, e))?;
    if !metadata.is_dir() {
        let message = "only unpacked charts can be updated";
        return Err(DependencyError::new(Kind::Target, message).into());
    }
    Ok(load_chart(path, sources)?.chart)
}

fn expect_local(want: &Want<'_>) -> Result<(), Error> {
    let checked = want.repository().expect_local(&want.dependency.name);
    Ok(checked.map_err(|error| error.at(want.place))?)
}

/// The state of a lock, if it can be known.
fn state_of_lock(chart: &Chart) -> Result<LockState, Error> {
    let state = chart.lock_state();
    if state == LockState::OutOfSync {
        // Helm's digest has the URL there.
        for want in Want::declared(chart).iter().flatten() {
            if matches!(want.repository(), Repository::Named(_)) {
                expect_local(want)?;
            }
        }
    }
    Ok(state)
}

fn out_of_sync(chart: &Chart) -> DependencyError {
    let (lock, declared) = match chart.lock_file_name() {
        "Chart.lock" => ("Chart.lock", "Chart.yaml"),
        lock => (lock, "requirements.yaml"),
    };
    let message =
        format!("the lock file ({lock}) is out of sync with the dependencies file ({declared})");
    let place = chart.metadata.place("dependencies");
    let error = DependencyError::new(Kind::OutOfSync, message).at(place);
    error.help("choose versions anew with `chartkit dependency update`")
}

/// Refuses to write through a link.
///
/// Source: Helm v4.2.4, `pkg/downloader/manager.go`, `writeLock`.
fn expect_no_link(path: &Path) -> Result<(), Error> {
    let Ok(target) = fs::read_link(path) else {
        return Ok(());
    };
    let name = path.file_name().unwrap_or_default().display();
    let message = format!("the {name} file is a symlink to `{}`", target.display());
    Err(DependencyError::new(Kind::Target, message).into())
}

fn read_digests(path: &Path, sources: &mut Sources) -> Result<Option<Digests>, Error> {
    let path = path.join(DIGESTS_FILE);
    if fs::symlink_metadata(&path).is_err() {
        return Ok(None);
    }
    let text = read_file(&path)?;
    let file = sources.add(path.display().to_string(), text);
    Ok(Some(Digests::read(sources, file)?))
}

fn write_digests(path: &Path, digests: &Digests, updated: &mut Updated) -> Result<(), Error> {
    let path = path.join(DIGESTS_FILE);
    let text = digests.to_text();
    if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    write_whole(&path, text.as_bytes())?;
    updated.written.push(path);
    Ok(())
}

/// Refuses charts that hold something else than what was recorded.
fn check_recorded(recorded: &Digests, found: &Digests) -> Result<Vec<Diagnostic>, Error> {
    let mut noticed = Vec::new();
    for found in &found.dependencies {
        let ContentDigest { name, version, .. } = found;
        let Some(recorded) = recorded.get(name, version) else {
            let message =
                format!("`{name}` {version} is locked, and {DIGESTS_FILE} does not know it");
            let error = DependencyError::new(Kind::OutOfSync, message);
            return Err(error
                .help("record it with `chartkit dependency update`")
                .into());
        };
        match recorded.mismatch(found) {
            None => {}
            Some(mismatch @ Mismatch::Container) => {
                let message = format!("`{name}` {version} is not as recorded: {mismatch}");
                noticed.push(Diagnostic::info(Code::ContentChanged, message));
            }
            Some(mismatch) => {
                let message =
                    format!("`{name}` {version} is not what {DIGESTS_FILE} says: {mismatch}");
                let error = DependencyError::new(Kind::Content, message);
                return Err(error
                    .help("another content needs another version; accept it with `chartkit dependency update`")
                    .into());
            }
        }
    }
    for recorded in &recorded.dependencies {
        let ContentDigest { name, version, .. } = recorded;
        if found.get(name, version).is_none() {
            let message = format!("{DIGESTS_FILE} knows `{name}` {version}, which is not locked");
            let error = DependencyError::new(Kind::OutOfSync, message);
            return Err(error
                .help("record what is locked with `chartkit dependency update`")
                .into());
        }
    }
    Ok(noticed)
}

/// A file that appears with all of its bytes, or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |error| Error::environment("cannot write", path, error);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = temporary(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_data().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A chart that is ready.
struct Fetched {
    locked: Dependency,
    digest: ContentDigest,
    /// Its archive in the stage; nothing for a chart that stays where it is.
    staged: Option<PathBuf>,
}

/// A chart that is ready, nothing when there is none, or an error and the texts that it points into.
type Outcome = Result<Option<Fetched>, Box<(Error, Sources)>>;

/// Archives beside `charts/`'s own until all are there.
struct Stage<'a> {
    chart: &'a Path,
    charts: PathBuf,
    /// Whether `charts/` was made here, and goes again with a failure.
    made_charts: bool,
    /// Inside of `charts/`, where a chart's loader skips names with a point if a crash leaves it behind.
    folder: Option<TempDir>,
    fetched: Vec<Fetched>,
    indexes: BTreeMap<PathBuf, IndexFile>,
}

impl<'a> Stage<'a> {
    fn new(chart: &'a Path) -> Result<Self, Error> {
        let charts = chart.join("charts");
        let made_charts = fs::symlink_metadata(&charts).is_err();
        if !made_charts && !charts.is_dir() {
            let message = format!(
                "{} is not a directory",
                Quoted(&charts.display().to_string())
            );
            return Err(DependencyError::new(Kind::Target, message).into());
        }
        let failed = |error| Error::environment("cannot write into", &charts, error);
        fs::create_dir_all(&charts).map_err(failed)?;
        let folder = Builder::new().prefix(".chartkit-").tempdir_in(&charts);
        Ok(Self {
            chart,
            folder: Some(folder.map_err(failed)?),
            charts: charts.clone(),
            made_charts,
            fetched: Vec::new(),
            indexes: BTreeMap::new(),
        })
    }

    /// Makes all charts ready; the error is that of the first one that has one.
    fn fetch_all(&mut self, wants: &[Want<'_>], sources: &mut Sources) -> Result<(), Error> {
        for want in wants {
            want.constraint()?;
            self.read_index_for(want, sources)?;
        }
        let mut without = Vec::new();
        for (want, outcome) in wants.iter().zip(self.outcomes(wants, sources)) {
            match outcome {
                Ok(Some(fetched)) => {
                    self.expect_no_other(want, &fetched)?;
                    self.fetched.push(fetched);
                }
                Ok(None) => without.push(want),
                Err(failed) => {
                    let (error, texts) = *failed;
                    *sources = texts;
                    return Err(error);
                }
            }
        }
        missing(&without).map_or(Ok(()), |error| Err(error.into()))
    }

    /// One for each chart that is wanted, in their order.
    fn outcomes(&self, wants: &[Want<'_>], sources: &Sources) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(want) = wants.get(number) else {
                    return done;
                };
                // What is read for one chart is forgotten with it, unless a message points into it.
                let mut texts = sources.clone();
                let outcome = self.fetch(want, number, &mut texts);
                done.push((number, outcome.map_err(|error| Box::new((error, texts)))));
            }
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let mut done = thread::scope(|scope| {
            let others = processors.min(wants.len()).saturating_sub(1);
            let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().expect("a thread that panics ends the process"));
            }
            done
        });
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Nothing when no version satisfies what is wanted. `number` names the file in the stage.
    fn fetch(
        &self,
        want: &Want<'_>,
        number: usize,
        sources: &mut Sources,
    ) -> Result<Option<Fetched>, Error> {
        match want.repository() {
            Repository::InCharts => self.unpacked(want, sources).map(Some),
            Repository::Folder(path) => {
                let folder = clean(&self.chart.join(path));
                match self.indexes.get(&folder) {
                    Some(index) => self.take_from_index(want, number, &folder, index, sources),
                    None => self.pack_chart(want, number, &folder, sources),
                }
            }
            _ => expect_local(want).map(|()| None),
        }
    }

    fn unpacked(&self, want: &Want<'_>, sources: &mut Sources) -> Result<Fetched, Error> {
        let name = &want.dependency.name;
        let folder = self.charts.join(name);
        let is_name = Path::new(name).components().count() == 1 && !name.starts_with('.');
        if !is_name || !folder.exists() {
            return Err(not_found(want, &folder));
        }
        let chart = load_chart(&folder, sources)?.chart;
        check_local(want, &chart.metadata)?;
        let contents = contents_of_directory(&folder, &chart, sources)?;
        let version = &chart.metadata.version;
        let path = format!("charts/{name}");
        Ok(Fetched {
            locked: locked(want, &want.dependency.version),
            digest: ContentDigest::of(name, version, path, None, &contents),
            staged: None,
        })
    }

    fn pack_chart(
        &self,
        want: &Want<'_>,
        number: usize,
        folder: &Path,
        sources: &mut Sources,
    ) -> Result<Option<Fetched>, Error> {
        let chart = load_chart(folder, sources)?.chart;
        let Some((version, _)) = choose(want, Offer::Chart(&chart.metadata))? else {
            return Ok(None);
        };
        let plan = plan(&chart, &PackageOptions::default(), sources)
            .map_err(|error| Error::package(folder, error))?;
        let staged = self.staged(number);
        let failed = |error| Error::environment("cannot write", &staged, error);
        // Not synced: what a crash of the system loses here, `Chart.digests` misses and a build brings back.
        let file = fs::File::create_new(&staged).map_err(failed)?;
        let written = plan.write_to(BufWriter::with_capacity(64 * 1024, file));
        let digest = written.map_err(failed)?.digest;
        let contents = Contents::of_plan(&plan);
        Ok(Some(fetched(
            want,
            version,
            staged,
            &plan.file_name,
            digest,
            &contents,
        )))
    }

    fn take_from_index(
        &self,
        want: &Want<'_>,
        number: usize,
        folder: &Path,
        index: &IndexFile,
        sources: &mut Sources,
    ) -> Result<Option<Fetched>, Error> {
        let Some((version, Some(entry))) = choose(want, Offer::Index(index))? else {
            return Ok(None);
        };
        let (path, bytes) = archive_of(want, entry, folder)?;
        let base = path.file_name().unwrap_or_default().to_string_lossy();
        let archive = if is_archive(&base) {
            base.into_owned()
        } else {
            format!("{}-{version}.tgz", want.dependency.name)
        };
        let origin = path.display().to_string();
        let chart = load_archive(&*bytes, &origin, &Limits::default(), sources);
        let chart = chart.map_err(|error| Error::chart(&path, error))?.chart;
        let Metadata {
            name,
            version: found,
            ..
        } = &chart.metadata;
        if *name != want.dependency.name || found != version {
            let message = format!(
                "dependency `{}`: the index says {version}, and `{origin}` is `{name}` {found}",
                want.dependency.name
            );
            return Err(want.error(Kind::OtherName, message).into());
        }
        let contents = Contents::of_archive(&bytes).map_err(|e| Error::archive(&path, e))?;
        let staged = self.staged(number);
        fs::write(&staged, &bytes).map_err(|e| Error::environment("cannot write", &staged, e))?;
        let digest = Sha256::of(&bytes);
        Ok(Some(fetched(
            want, version, staged, &archive, digest, &contents,
        )))
    }

    /// Reads the index of a folder that is no chart, or makes one from the archives there.
    fn read_index_for(&mut self, want: &Want<'_>, sources: &mut Sources) -> Result<(), Error> {
        let Repository::Folder(path) = want.repository() else {
            return Ok(());
        };
        // An absolute path replaces the chart's.
        let folder = clean(&self.chart.join(path));
        if !folder.exists() {
            return Err(not_found(want, &folder));
        }
        if folder.join("Chart.yaml").is_file() || self.indexes.contains_key(&folder) {
            return Ok(());
        }
        let file = folder.join("index.yaml");
        let index = if file.exists() {
            read_index(&file, Strictness::Helm, sources)?.index
        } else if folder.is_dir() && names(&folder)?.iter().any(|name| is_archive(name)) {
            let mut index = index_directory(&folder, "", Timestamp::default())?;
            index.sort();
            index
        } else {
            let message = format!(
                "dependency `{}`: `{}` holds no Chart.yaml, no index.yaml and no packed chart",
                want.dependency.name,
                folder.display()
            );
            return Err(want.error(Kind::NotFound, message).into());
        };
        self.indexes.insert(folder, index);
        Ok(())
    }

    fn staged(&self, number: usize) -> PathBuf {
        let folder = self.folder.as_ref().expect("there until it is committed");
        folder.path().join(number.to_string())
    }

    /// Refuses two charts that want to be the same file in `charts/` and are not the same.
    fn expect_no_other(&self, want: &Want<'_>, fetched: &Fetched) -> Result<(), Error> {
        let digest = &fetched.digest;
        let mut others = self
            .fetched
            .iter()
            .filter(|other| other.digest.path == digest.path);
        match others.find(|other| other.digest.archive != digest.archive) {
            None => Ok(()),
            Some(other) => {
                let message = format!(
                    "the charts at `{}` and `{}` both want to be `{}`, with different content",
                    other.locked.repository, want.dependency.repository, digest.path
                );
                Err(want.error(Kind::Content, message).into())
            }
        }
    }

    fn digests(&self) -> Digests {
        Digests::new(self.fetched.iter().map(|f| f.digest.clone()).collect())
    }

    /// Moves all archives into place, then removes what is outdated.
    ///
    /// Source: Helm v4.2.4, `pkg/downloader/manager.go`, `safeMoveDeps`.
    fn commit(mut self, wants: &[Want<'_>]) -> Result<Updated, Error> {
        let before = names(&self.charts)?;
        self.made_charts = false;
        let mut updated = Updated::default();
        let mut produced = BTreeSet::new();
        for fetched in &self.fetched {
            let path = self.chart.join(&fetched.digest.path);
            let mut already_there = true;
            if let Some(staged) = &fetched.staged {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !produced.insert(name.into_owned()) {
                    continue; // the same chart under another alias
                }
                let old = fs::read(&path).ok().map(|bytes| Sha256::of(&bytes));
                already_there = old.is_some() && old == fetched.digest.archive;
                if !already_there {
                    let failed = |error| Error::environment("cannot write", &path, error);
                    fs::rename(staged, &path).map_err(failed)?;
                }
            }
            updated.charts.push(Vendored {
                path,
                digest: fetched.digest.clone(),
                already_there,
            });
        }
        let local: BTreeSet<_> = (wants.iter())
            .filter(|want| want.repository() == Repository::InCharts)
            .map(|want| want.dependency.name.as_str())
            .collect();
        for name in before {
            let path = self.charts.join(&name);
            if path.is_dir() || produced.contains(&name) {
                continue;
            }
            match load_chart(&path, &mut Sources::new()) {
                Err(_) => {
                    let message = format!("`{}` is no chart and stays", path.display());
                    updated
                        .diagnostics
                        .push(Diagnostic::info(Code::StrayFile, message));
                }
                Ok(loaded) if local.contains(loaded.chart.name()) => {}
                Ok(_) => {
                    let failed = |error| Error::environment("cannot remove", &path, error);
                    fs::remove_file(&path).map_err(failed)?;
                    updated.removed.push(path);
                }
            }
        }
        Ok(updated)
    }
}

/// Leaves no `charts/` behind that was not there.
impl Drop for Stage<'_> {
    fn drop(&mut self) {
        drop(self.folder.take());
        if self.made_charts {
            // Not empty, or gone: then it is not ours any more.
            let _ = fs::remove_dir(&self.charts);
        }
    }
}

/// The file and the bytes of an index's entry.
fn archive_of(
    want: &Want<'_>,
    entry: &ChartVersion,
    folder: &Path,
) -> Result<(PathBuf, Vec<u8>), Error> {
    let url = entry.first_url().unwrap_or_default();
    let relative = local_path(url).map_err(|error| {
        let message = format!(
            "dependency `{}`: the archive at {error}",
            want.dependency.name
        );
        Error::from(want.error(Kind::UnsupportedRepository, message))
    })?;
    let path = folder.join(relative);
    let bytes = fs::read(&path).map_err(|error| Error::read(&path, error))?;
    let promised = entry
        .digest
        .strip_prefix("sha256:")
        .unwrap_or(&entry.digest);
    let found = Sha256::of(&bytes).hex();
    if !promised.is_empty() && !promised.eq_ignore_ascii_case(&found) {
        let message = format!(
            "dependency `{}`: `{}` has the digest {found}, the index says {promised}",
            want.dependency.name,
            path.display()
        );
        return Err(want.error(Kind::Content, message).into());
    }
    Ok((path, bytes))
}

fn contents_of_directory(
    path: &Path,
    chart: &Chart,
    sources: &mut Sources,
) -> Result<Contents, Error> {
    let plan = plan(chart, &PackageOptions::default(), sources);
    let plan = plan.map_err(|error| Error::package(path, error))?;
    Ok(Contents::of_plan(&plan))
}

fn fetched(
    want: &Want<'_>,
    version: &str,
    staged: PathBuf,
    archive: &str,
    digest: Sha256,
    contents: &Contents,
) -> Fetched {
    let path = format!("charts/{archive}");
    let name = &want.dependency.name;
    Fetched {
        locked: locked(want, version),
        digest: ContentDigest::of(name, version, path, Some(digest), contents),
        staged: Some(staged),
    }
}

fn locked(want: &Want<'_>, version: &str) -> Dependency {
    Dependency {
        name: want.dependency.name.clone(),
        version: version.to_owned(),
        repository: want.dependency.repository.clone(),
        ..Dependency::default()
    }
}

fn not_found(want: &Want<'_>, folder: &Path) -> Error {
    let message = format!("directory {} not found", folder.display());
    want.error(Kind::NotFound, message).into()
}

/// What [`verify_dependencies`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verified {
    /// Whether the lock belongs to what is declared.
    pub lock: LockState,
    /// The digest that the lock should have; nothing without a lock.
    pub digest: Option<String>,
    /// Whether there is a `Chart.digests`.
    pub has_digests: bool,
    /// The locked dependencies, or the declared ones when there is no lock; then what `Chart.digests` knows
    /// besides.
    pub dependencies: Vec<VerifiedDependency>,
}

/// A dependency, and what is known about what lies in `charts/` for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedDependency {
    /// The name of the chart.
    pub name: String,
    /// The version that was found, else the one that is locked or declared.
    pub version: String,
    /// Where it lies, relative to the chart.
    pub path: Option<String>,
    /// What is known.
    pub state: ContentState,
}

/// Whether a chart in `charts/` holds what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentState {
    /// It does, to the byte.
    Verified,
    /// Its files do; the archive is another one.
    Repacked,
    /// It is there; `Chart.digests` does not know it.
    Unrecorded,
    /// It holds something else.
    Changed(Mismatch),
    /// There is no such chart in `charts/`.
    Missing,
    /// Only `Chart.digests` knows it: it is not locked.
    NotLocked,
}

impl Verified {
    /// Whether something has to be done.
    ///
    /// A chart without `Chart.digests` is fine as far as is known, and so is one that declares nothing.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let lock = match self.lock {
            LockState::InSync | LockState::InSyncHelm2 => true,
            LockState::Missing => self.dependencies.is_empty(),
            LockState::OutOfSync => false,
        };
        lock && self
            .dependencies
            .iter()
            .all(|dependency| match dependency.state {
                ContentState::Verified | ContentState::Repacked => true,
                ContentState::Unrecorded => !self.has_digests,
                ContentState::Changed(_) | ContentState::Missing | ContentState::NotLocked => false,
            })
    }
}

/// Whether the lock belongs to what a chart declares, and whether `charts/` holds what `Chart.digests` says.
///
/// # Shape
///
/// Of a packed chart only the lock is looked at, and which subcharts there are.
///
/// # Errors
///
/// When the chart, its `Chart.digests` or what lies in `charts/` cannot be read.
pub fn verify_dependencies(path: &Path, sources: &mut Sources) -> Result<Verified, Error> {
    let chart = load_chart(path, sources)?.chart;
    let lock = state_of_lock(&chart)?;
    let declared = chart.metadata.dependencies.as_deref();
    let digest = chart.lock.as_ref().map(|locked| match lock {
        LockState::InSyncHelm2 => locked.digest.clone(),
        _ => Lock::digest_of(declared, &locked.dependencies).to_string(),
    });
    let wanted = match &chart.lock {
        Some(lock) => &lock.dependencies[..],
        None => declared.unwrap_or_default(),
    };
    let is_directory = is_directory(path);
    let (recorded, entries) = if is_directory {
        (
            read_digests(path, sources)?,
            in_charts(&path.join("charts"))?,
        )
    } else {
        let subcharts = chart.dependencies.iter();
        let entry = |c: &Chart| InCharts::new("", Some(c.metadata.clone()));
        (None, subcharts.map(entry).collect())
    };
    let mut dependencies: Vec<VerifiedDependency> = Vec::new();
    for wanted in wanted {
        let found = entries.iter().find_map(|entry| {
            let metadata = entry.metadata.as_ref()?;
            let fits = metadata.version == wanted.version
                || is_compatible_range(&wanted.version, &metadata.version);
            (metadata.name == wanted.name && fits).then_some((&entry.entry, metadata))
        });
        let mut verified = VerifiedDependency {
            name: wanted.name.clone(),
            version: wanted.version.clone(),
            path: None,
            state: ContentState::Missing,
        };
        if let Some((entry, metadata)) = found {
            verified.version.clone_from(&metadata.version);
            verified.state = ContentState::Unrecorded;
            if is_directory {
                verified.path = Some(format!("charts/{entry}"));
            }
            let known = (recorded.as_ref())
                .and_then(|recorded| recorded.get(&metadata.name, &metadata.version));
            if let Some(known) = known {
                let found = digest_in_charts(path, entry, metadata, &mut sources.clone())?;
                verified.state = match known.mismatch(&found) {
                    None => ContentState::Verified,
                    Some(Mismatch::Container) => ContentState::Repacked,
                    Some(mismatch) => ContentState::Changed(mismatch),
                };
            }
        }
        if !dependencies.contains(&verified) {
            dependencies.push(verified);
        }
    }
    for recorded in recorded.iter().flat_map(|recorded| &recorded.dependencies) {
        let ContentDigest { name, version, .. } = recorded;
        let mut verified = dependencies.iter();
        if !verified.any(|v| v.name == *name && v.version == *version) {
            dependencies.push(VerifiedDependency {
                name: name.clone(),
                version: version.clone(),
                path: Some(recorded.path.clone()),
                state: ContentState::NotLocked,
            });
        }
    }
    Ok(Verified {
        lock,
        digest,
        has_digests: recorded.is_some(),
        dependencies,
    })
}

/// What an entry of `charts/` holds.
fn digest_in_charts(
    chart: &Path,
    entry: &str,
    metadata: &Metadata,
    sources: &mut Sources,
) -> Result<ContentDigest, Error> {
    let path = chart.join("charts").join(entry);
    let (archive, contents) = if path.is_dir() {
        let chart = load_chart(&path, sources)?.chart;
        (None, contents_of_directory(&path, &chart, sources)?)
    } else {
        let bytes = read_file(&path)?;
        let contents = Contents::of_archive(&bytes).map_err(|e| Error::archive(&path, e))?;
        (Some(Sha256::of(&bytes)), contents)
    };
    let Metadata { name, version, .. } = metadata;
    let path = format!("charts/{entry}");
    Ok(ContentDigest::of(name, version, path, archive, &contents))
}
