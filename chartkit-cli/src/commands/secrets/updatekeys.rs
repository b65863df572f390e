//! `chartkit secrets updatekeys`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::config::rule_path;
use chartkit::sops::{
    self, EncryptedDataKey, EncryptedFile, KeyGroup, MasterKey, OpenError, retrieve, wrap,
};
use serde_json::json;

use super::{Outcome, Session, failures, files, now};
use crate::args::Format;
use crate::args::secrets::Updatekeys as Arguments;
use crate::commands::{print, print_json};
use crate::failure::{Failure, SopsExit};
use crate::{prompt, report};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let found = files::find(&args.files)?;
    session.services(&args.services)?;
    if let [path] = &found[..] {
        let done = one(path, args, session)?;
        return print_report(&[(path.clone(), Some(done))], session.context.format);
    }
    if args.yes {
        let outcomes = files::each(found, session, |path, session| one(path, args, session));
        print_report(&outcomes.done, session.context.format)?;
        return Ok(outcomes.failed.map_or(ExitCode::SUCCESS, ExitCode::from));
    }
    // One question after the other.
    let mut failed = None;
    let mut all = Vec::new();
    for path in found {
        let mut outcomes = files::each(vec![path], session, |path, session| {
            one(path, args, session)
        });
        failed = failed.max(outcomes.failed);
        all.append(&mut outcomes.done);
    }
    print_report(&all, session.context.format)?;
    Ok(failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn print_report(all: &[(PathBuf, Option<Done>)], look: Format) -> Outcome {
    let state = |done: &Option<Done>| done.as_ref().map_or("failed", |done| done.state.as_str());
    if look == Format::Json {
        let files = all.iter().map(|(path, done)| {
            let changes = done
                .iter()
                .flat_map(|done| &done.changes)
                .map(GroupChange::to_json);
            json!({
                "file": path.display().to_string(),
                "state": state(done),
                "groups": changes.collect::<Vec<_>>(),
            })
        });
        return print_json(&files.collect());
    }
    let lines = all
        .iter()
        .map(|(path, done)| format!("{}: {}\n", path.display(), state(done)));
    print(lines.collect::<String>())
}

/// What became of a file, and what was to change.
struct Done {
    state: State,
    changes: Vec<GroupChange>,
}

/// What became of a file.
#[derive(Clone, Copy)]
enum State {
    UpToDate,
    Declined,
    Updated,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "up to date",
            Self::Declined => "left as it is",
            Self::Updated => "updated",
        }
    }
}

fn one(path: &Path, args: &Arguments, session: &mut Session<'_>) -> Result<Done, Box<Failure>> {
    let name = path.display().to_string();
    let Some(found) = session.config(Some(&name))? else {
        return Err(no_rules(
            "there is no .sops.yaml that could say which keys the file should have",
        ));
    };
    let layout = session.layout(Some(&found));
    let format = session.format(args.input_type.as_deref(), &name);
    let (replaced, id) = session.read(path.as_os_str())?;
    let file = EncryptedFile::load(format, &mut session.context.sources, id)
        .map_err(|error| session.named(id, failures::load(SopsExit::Generic, &error)))?;
    let absolute = session.absolute(&name);
    let rule = found
        .config
        .rule_for(rule_path(&found.directory, &absolute))?;
    let Some(rule) = rule else {
        return Err(no_rules("the .sops.yaml has no creation rules"));
    };
    let wanted = rule.key_groups()?;
    let metadata = file.metadata();
    let old_threshold = metadata.shamir_threshold();
    // As SOPS does it: the threshold of the rule does not count.
    let threshold = old_threshold.min(wanted.len());
    if wanted.len() > 1
        && !matches!(rule.shamir_threshold(), 0)
        && rule.shamir_threshold() != threshold
    {
        session.warn(format!(
            "`{name}`: the shamir_threshold {} of the creation rule does not count for a file that is there, see `groups`",
            rule.shamir_threshold()
        ));
    }
    let changes = changes(metadata.key_groups(), wanted);
    let done = |state, changes| Ok(Done { state, changes });
    if !changes.iter().any(GroupChange::is_one) && threshold == old_threshold {
        return done(State::UpToDate, Vec::new());
    }
    if !args.yes {
        report::messages(&changes_text(&name, &changes, old_threshold, threshold));
        match prompt::is_confirmed("Is this okay?") {
            Some(true) => {}
            Some(false) => return done(State::Declined, changes),
            None => {
                let message = "nobody answers whether this is okay: say so with --yes";
                let diagnostic = Diagnostic::error(Code::InvalidArgument, message);
                return Err(Failure::new(SopsExit::Generic, diagnostic));
            }
        }
    }
    let services = session.services(&args.services)?;
    let services = services.as_refs();
    let key = retrieve(metadata.key_groups(), old_threshold, &services, &[])
        .map_err(|error| session.named(id, failures::open(&OpenError::DataKey(Box::new(error)))))?;
    let text = now(|moment| {
        let created = moment.now.to_string();
        let mut wrap = |groups: &[KeyGroup], threshold| {
            wrap(&key, groups, threshold, &services, moment.random, &created)
                .map_err(|error| failures::wrap(&error))
        };
        // With one group every key has the data key itself: what is there can stay, and only the
        // new ones need a service.
        let (groups, threshold) = match (metadata.key_groups(), wanted) {
            ([there], [group]) if !group.is_empty() => (
                vec![keep(there, group, |new| {
                    Ok(wrap(&[new], 0)?.groups.into_iter().flatten().collect())
                })?],
                threshold,
            ),
            _ => {
                let wrapped = wrap(wanted, threshold)?;
                (wrapped.groups, wrapped.shamir_threshold)
            }
        };
        sops::update_keys(&file, groups, threshold, &layout)
            .map_err(|error| failures::change(&error))
    })?;
    let written = replaced.replace(&text);
    written.map_err(|error| failures::edge(SopsExit::CannotWrite, &error))?;
    done(State::Updated, changes)
}

/// The entries of a group, in its order: those that are there, and the others from `wrap`.
fn keep(
    there: &[EncryptedDataKey],
    group: &KeyGroup,
    wrap: impl FnOnce(KeyGroup) -> Result<Vec<EncryptedDataKey>, Box<Failure>>,
) -> Result<Vec<EncryptedDataKey>, Box<Failure>> {
    let kept = |key: &MasterKey| there.iter().find(|entry| entry.master_key == *key);
    let new: KeyGroup = group
        .iter()
        .filter(|key| kept(key).is_none())
        .cloned()
        .collect();
    let mut wrapped = if new.is_empty() {
        Vec::new()
    } else {
        wrap(new)?
    }
    .into_iter();
    let entries = group
        .iter()
        .filter_map(|key| kept(key).cloned().or_else(|| wrapped.next()));
    Ok(entries.collect())
}

/// What becomes of a group: keys by their texts, as SOPS compares them.
struct GroupChange {
    common: Vec<String>,
    added: Vec<String>,
    removed: Vec<String>,
}

impl GroupChange {
    fn to_json(&self) -> serde_json::Value {
        json!({ "kept": self.common, "added": self.added, "removed": self.removed })
    }

    fn is_one(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }
}

fn changes(there: &[Vec<EncryptedDataKey>], wanted: &[KeyGroup]) -> Vec<GroupChange> {
    let group = |index: usize| {
        let old: Vec<_> = there.get(index).into_iter().flatten().collect();
        let old: Vec<_> = old.iter().map(|key| key.master_key.to_string()).collect();
        let new: Vec<_> = wanted
            .get(index)
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let (common, added) = new.iter().cloned().partition(|key| old.contains(key));
        let removed = old.into_iter().filter(|key| !new.contains(key)).collect();
        GroupChange {
            common,
            added,
            removed,
        }
    };
    (0..there.len().max(wanted.len())).map(group).collect()
}

fn changes_text(name: &str, changes: &[GroupChange], old: usize, new: usize) -> String {
    let mut text = format!("{name}: the following changes will be made to the file's groups:\n");
    match (old, new) {
        (old, new) if old == new && new > 0 => text += &format!("shamir_threshold: {new}\n"),
        (old, new) => {
            if new > 0 && new != old {
                text += &format!("+++ shamir_threshold: {new}\n");
            }
            if old > 0 && new != old {
                text += &format!("--- shamir_threshold: {old}\n");
            }
        }
    }
    for (number, change) in (1..).zip(changes) {
        text += &format!("Group {number}\n");
        for key in &change.common {
            text += &format!("    {key}\n");
        }
        for key in &change.added {
            text += &format!("+++ {key}\n");
        }
        for key in &change.removed {
            text += &format!("--- {key}\n");
        }
    }
    text
}

fn no_rules(message: &str) -> Box<Failure> {
    Failure::new(
        SopsExit::Generic,
        Diagnostic::error(Code::InvalidSopsConfig, message),
    )
}
