//! `chartkit secrets groups add` and `delete`

use std::path::Path;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::{self, EncryptedFile, KeyGroup, OpenError, retrieve, wrap};

use super::{Outcome, Session, deliver, failures, now, path_text, settings};
use crate::args::secrets::{GroupsAdd, GroupsDelete, Output, Services};
use crate::failure::{Failure, SopsExit};

pub(super) fn add(args: &GroupsAdd, session: &mut Session<'_>) -> Outcome {
    let group = settings::new_group(args)?;
    let change = Change {
        path: &args.file,
        in_place: args.in_place,
        threshold: args.shamir_secret_sharing_threshold,
        services: &args.services,
    };
    change.run(session, |groups| {
        groups.push(group);
        Ok(())
    })
}

pub(super) fn delete(args: &GroupsDelete, session: &mut Session<'_>) -> Outcome {
    let change = Change {
        path: &args.file,
        in_place: args.in_place,
        threshold: args.shamir_secret_sharing_threshold,
        services: &args.services,
    };
    change.run(session, |groups| {
        if args.index >= groups.len() {
            let message = format!(
                "there is no group {}: the file has {}, counted from 0",
                args.index,
                groups.len()
            );
            return Err(refused(message));
        }
        groups.remove(args.index);
        Ok(())
    })
}

/// A change of the groups of a file.
struct Change<'a> {
    path: &'a Path,
    in_place: bool,
    threshold: Option<usize>,
    services: &'a Services,
}

impl Change<'_> {
    fn run(
        &self,
        session: &mut Session<'_>,
        change: impl FnOnce(&mut Vec<KeyGroup>) -> Result<(), Box<Failure>>,
    ) -> Outcome {
        let name = path_text(self.path.as_os_str());
        let format = session.format(None, &name);
        let (replaced, id) = session.read(self.path.as_os_str())?;
        let layout = session.layout_alone()?;
        let file = EncryptedFile::load(format, &mut session.context.sources, id)
            .map_err(|error| session.named(id, failures::load(SopsExit::Generic, &error)))?;
        let metadata = file.metadata();
        let mut groups: Vec<KeyGroup> = (metadata.key_groups().iter())
            .map(|group| group.iter().map(|key| key.master_key.clone()).collect())
            .collect();
        change(&mut groups)?;
        let threshold = match self.threshold {
            Some(threshold) if threshold != 0 => threshold,
            _ => metadata.shamir_threshold(),
        };
        if groups.len() < threshold {
            let message = format!(
                "the file would have {} key groups, but its shamir_threshold is {threshold}: nobody could open it",
                groups.len()
            );
            return Err(refused(message));
        }
        let services = session.services(self.services)?;
        let services = services.as_refs();
        let key = retrieve(
            metadata.key_groups(),
            metadata.shamir_threshold(),
            &services,
            &[],
        )
        .map_err(|error| session.named(id, failures::open(&OpenError::DataKey(Box::new(error)))))?;
        let text = now(|moment| {
            let created = moment.now.to_string();
            let wrapped = wrap(&key, &groups, threshold, &services, moment.random, &created)
                .map_err(|error| failures::wrap(&error))?;
            sops::update_keys(&file, wrapped.groups, wrapped.shamir_threshold, &layout)
                .map_err(|error| failures::change(&error))
        })?;
        let output = Output {
            in_place: self.in_place,
            output: None,
        };
        deliver(&text, &output, Some(&replaced))
    }
}

fn refused(message: String) -> Box<Failure> {
    Failure::new(
        SopsExit::Generic,
        Diagnostic::error(Code::InvalidArgument, message),
    )
}
