//! `chartkit secrets rotate`

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::{self, DataKey, KeyGroup, MasterKey, wrap};
use chartkit::source::FileId;

use super::{
    Opened, Outcome, Session, check_output, deliver, failures, files, now, path_text, settings,
};
use crate::args::secrets::Rotate as Arguments;
use crate::commands::print;
use crate::failure::{Failure, SopsExit};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    check_output(&args.output, false)?;
    let members = settings::members(&args.added, &args.removed)?;
    let (added, removed) = &members;
    let (first, others) = args.files.split_first().expect("clap wants one at least");
    if !args.output.in_place {
        session.ignore(others);
        return one(args, first, added, removed, session);
    }
    if others.is_empty() && !Path::new(first).is_dir() {
        return one(args, first, added, removed, session);
    }
    let found = files::find(&args.files)?;
    session.services(&args.opening.services)?;
    let outcomes = files::each(found, session, |path, session| {
        one(args, path.as_os_str(), added, removed, session)
    });
    let rotated = outcomes.done.iter().filter(|(_, done)| done.is_some());
    let lines = rotated.map(|(path, _)| format!("{}: rotated\n", path.display()));
    print(lines.collect::<String>())?;
    Ok(outcomes.failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn one(
    args: &Arguments,
    path: &OsStr,
    added: &[MasterKey],
    removed: &[MasterKey],
    session: &mut Session<'_>,
) -> Outcome {
    let name = match &args.filename_override {
        Some(name) if !name.is_empty() => name.clone(),
        _ => path_text(path),
    };
    let is_there = std::fs::exists(path).unwrap_or(true);
    let changes_keys = !added.is_empty() || !removed.is_empty();
    if changes_keys && !is_there {
        let message = format!(
            "there is no file `{}` whose keys could be changed",
            path_text(path)
        );
        let diagnostic = Diagnostic::error(Code::Environment, message);
        return Err(Failure::new(SopsExit::KeysOfMissingFile, diagnostic));
    }
    let (file, id) = session.read(path)?;
    let text = rotate(args, &name, id, added, removed, session)?;
    deliver(&text, &args.output, Some(&file))
}

fn rotate(
    args: &Arguments,
    name: &str,
    id: FileId,
    added: &[MasterKey],
    removed: &[MasterKey],
    session: &mut Session<'_>,
) -> Result<Vec<u8>, Box<Failure>> {
    let format = session.one_format(&args.types, name)?;
    let layout = session.layout_alone()?;
    let Opened {
        file, decrypted, ..
    } = session.open(id, format, &args.opening, args.ignore_mac)?;
    let metadata = file.metadata();
    let groups = metadata.key_groups().iter();
    let mut groups: Vec<KeyGroup> = groups
        .map(|group| group.iter().map(|key| key.master_key.clone()).collect())
        .collect();
    if let Some(first) = groups.first_mut() {
        for key in added {
            // DIFFERENCE: SOPS writes a key twice that is there already.
            if !first.contains(key) {
                first.push(key.clone());
            }
        }
    }
    for group in &mut groups {
        group.retain(|key| {
            !removed
                .iter()
                .any(|removed| removed.to_string() == key.to_string())
        });
    }
    let services = session.services(&args.opening.services)?;
    now(|moment| {
        let key = DataKey::generate(moment.random);
        let wrapped = wrap(
            &key,
            &groups,
            metadata.shamir_threshold(),
            &services.as_refs(),
            moment.random,
            &moment.now.to_string(),
        )
        .map_err(|error| failures::wrap(&error))?;
        sops::rotate(&file, &decrypted, &key, wrapped.groups, &layout, moment)
            .map_err(|error| failures::change(&error))
    })
}
