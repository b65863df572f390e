//! What a lock file says, and whether it still belongs to what the chart declares.

use serde::{Deserialize, Serialize};

use super::metadata::list_without_nulls;
use super::{Chart, Dependency};
use crate::digest::Sha256;
use crate::time::Timestamp;
use crate::yaml::{self, Value};

/// The content of `Chart.lock` or `requirements.lock`.
///
/// Serialized in Helm's order of fields; all are always written.
///
/// # Source
///
/// Helm v4.2.4, `pkg/chart/v2/dependency.go`, `Lock`. DIFFERENCE: null entries of `dependencies`,
/// which Helm keeps and writes again, are dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// When the file was written.
    pub generated: Timestamp,
    /// Digest of the declared and the locked dependencies; `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The charts, each with one version.
    #[serde(deserialize_with = "list_without_nulls")]
    pub dependencies: Vec<Dependency>,
}

impl Lock {
    /// The digest that Helm 3 and 4 write for these declared and locked dependencies.
    ///
    /// # Shape
    ///
    /// Of Go's JSON of `[declared, locked]`: no spaces, the fields in Helm's order, `<`, `>` and `&`
    /// escaped. Nothing declared is `null` there, an empty list `[]`. Helm replaces `@name` by the URL of that
    /// repository in `declared` first; whoever calls this has done so.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::chart::{Dependency, Lock};
    ///
    /// let mut alpine = Dependency::default();
    /// alpine.name = "alpine".into();
    /// alpine.version = "0.1.0".into();
    /// alpine.repository = "http://localhost:8879/charts".into();
    /// let list = [alpine];
    /// assert_eq!(
    ///     Lock::digest_of(Some(&list), &list).hex(),
    ///     "fb239e836325c5fa14b29d1540a13b7d3ba13151b67fe719f820e0ef6d66aaaf",
    /// );
    /// ```
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `internal/resolver/resolver.go`, `HashReq`. DIFFERENCE: a lock that was read without a
    /// list counts as one with an empty list; Helm writes none such.
    #[must_use]
    pub fn digest_of(declared: Option<&[Dependency]>, locked: &[Dependency]) -> Sha256 {
        let json = format!("[{},{}]", list_json(declared), list_json(Some(locked)));
        Sha256::of(json.as_bytes())
    }

    /// The digest that Helm 2 wrote: of what is declared alone.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `internal/resolver/resolver.go`, `HashV2Req`.
    #[must_use]
    pub fn helm2_digest_of(declared: Option<&[Dependency]>) -> Sha256 {
        Sha256::of(format!("{{\"dependencies\":{}}}", list_json(declared)).as_bytes())
    }
}

/// Whether a chart's lock belongs to what the chart declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockState {
    /// Nothing is locked.
    Missing,
    /// The digest is that of what is declared and locked.
    InSync,
    /// The digest is the one that Helm 2 wrote; only charts of version 1.
    InSyncHelm2,
    /// What is declared, or what is locked, has changed since the lock was written.
    OutOfSync,
}

impl LockState {
    /// `missing`, `in-sync` (of either kind) or `out-of-sync`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::InSync | Self::InSyncHelm2 => "in-sync",
            Self::OutOfSync => "out-of-sync",
        }
    }
}

impl Chart {
    /// Whether the lock belongs to what the chart declares.
    ///
    /// A repository `@name` counts as written, because only Helm's own configuration knows its URL.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/downloader/manager.go`, `Manager.Build`.
    #[must_use]
    pub fn lock_state(&self) -> LockState {
        let Some(lock) = &self.lock else {
            return LockState::Missing;
        };
        let declared = self.metadata.dependencies.as_deref();
        if lock.digest == Lock::digest_of(declared, &lock.dependencies).to_string() {
            return LockState::InSync;
        }
        let is_v1 = self.metadata.api_version == "v1";
        if is_v1 && lock.digest == Lock::helm2_digest_of(declared).to_string() {
            return LockState::InSyncHelm2;
        }
        LockState::OutOfSync
    }

    /// The name of the file that Helm writes the lock of a chart of this version to.
    ///
    /// # Source
    ///
    /// Helm v4.2.4, `pkg/downloader/manager.go`, `writeLock`.
    #[must_use]
    pub fn lock_file_name(&self) -> &'static str {
        match self.metadata.api_version.as_str() {
            "v1" => "requirements.lock",
            _ => "Chart.lock",
        }
    }
}

fn list_json(list: Option<&[Dependency]>) -> String {
    let Some(list) = list else {
        return "null".to_owned();
    };
    let items: Vec<_> = list.iter().map(dependency_json).collect();
    format!("[{}]", items.join(","))
}

/// Go writes the fields of a struct in their order, which a sorted table does not have.
fn dependency_json(dependency: &Dependency) -> String {
    let Dependency {
        name,
        version,
        repository,
        condition,
        tags,
        enabled,
        import_values,
        alias,
    } = dependency;
    let list = |items: Vec<Value>| Value::List(items.into_iter().map(Into::into).collect());
    let text = |text: &String| Value::String(text.as_str().into());
    let tag_list = list(tags.iter().map(text).collect());
    let fields = [
        ("name", true, text(name)),
        ("version", !version.is_empty(), text(version)),
        ("repository", true, text(repository)),
        ("condition", !condition.is_empty(), text(condition)),
        ("tags", !tags.is_empty(), tag_list),
        ("enabled", *enabled, Value::Bool(true)),
        (
            "import-values",
            !import_values.is_empty(),
            list(import_values.clone()),
        ),
        ("alias", !alias.is_empty(), text(alias)),
    ];
    let written = fields.iter().filter(|(_, is_written, _)| *is_written);
    let members: Vec<_> = written
        .map(|(name, _, value)| format!("\"{name}\":{}", yaml::to_json(value)))
        .collect();
    format!("{{{}}}", members.join(","))
}
