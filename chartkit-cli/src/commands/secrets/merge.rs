//! `chartkit secrets merge`

use std::process::ExitCode;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::{
    self, DataKey, DataKeyError, EncryptedFile, KeyService, KeyType, MergeError, MergeKeys,
    retrieve,
};

use super::{Outcome, Session, failures, now, path_text, settings};
use crate::args::Format as Look;
use crate::args::secrets::Merge as Arguments;
use crate::commands::{print, print_json};
use crate::failure::{Exit, Failure};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let order = settings::decryption_order(&args.opening)?;
    let base = session
        .read_any(Some(&args.base))
        .map_err(failures::as_ours)?;
    let (replaced, ours) = session.read(&args.ours).map_err(failures::as_ours)?;
    let theirs = session
        .read_any(Some(&args.theirs))
        .map_err(failures::as_ours)?;
    let name = path_text(args.path.as_deref().unwrap_or(&args.ours));
    let format = session.format_of_version(args.input_type.as_deref(), &name, ours);
    let mut load = |id| {
        EncryptedFile::load(format, &mut session.context.sources, id)
            .map_err(|error| session.named(id, failures::input(&error)))
    };
    let (ours, theirs) = (load(ours)?, load(theirs)?);
    // Git gives an empty file when both sides have added one.
    let has_base = !session.context.sources.text(base).is_empty();
    let mut load = |id| {
        EncryptedFile::load(format, &mut session.context.sources, id)
            .map_err(|error| session.named(id, failures::input(&error)))
    };
    let base = has_base.then(|| load(base)).transpose()?;
    let layout = session.layout_alone().map_err(failures::as_ours)?;
    let services = session.services(&args.opening.services)?;
    let services = services.as_refs();
    let keys = Keys::find(base.as_ref(), &ours, &theirs, &services, &order);
    let merge_keys = keys.as_ref().ok().map(|keys| MergeKeys {
        base: keys.base.as_ref(),
        ours: &keys.ours,
        theirs: &keys.theirs,
        services: &services,
    });
    let merged = now(|moment| {
        sops::merge(
            base.as_ref(),
            &ours,
            &theirs,
            merge_keys.as_ref(),
            &layout,
            moment,
        )
    })
    .map_err(|error| refused(&error))?;

    let conflicts = merged.conflicts.iter().map(Diagnostic::from);
    session.context.diagnostics.extend(conflicts);
    session
        .context
        .diagnostics
        .extend(merged.diagnostics.iter().cloned());
    let Some(text) = &merged.text else {
        if let (true, Err(error)) = (merged.needs_key(), &keys) {
            let message = format!(
                "`{name}` merges without conflicts, but a key is needed to write the result"
            );
            let diagnostic = Diagnostic::error(Code::NoKey, message).help(error.report());
            session.context.diagnostics.push(diagnostic);
        }
        if session.context.format == Look::Json {
            print_json(&merged.to_json())?;
        }
        return Ok(ExitCode::from(u8::from(Exit::Findings)));
    };
    if args.print {
        return print(text);
    }
    if **replaced.bytes() != **text {
        replaced.replace(text)?;
    }
    match session.context.format {
        Look::Json => print_json(&merged.to_json()),
        Look::Human => print(match merged.changes.len() {
            1 => format!(
                "{name}: merged, 1 change from theirs
"
            ),
            changes => format!(
                "{name}: merged, {changes} changes from theirs
"
            ),
        }),
    }
}

/// The data keys of all versions.
struct Keys {
    base: Option<DataKey>,
    ours: DataKey,
    theirs: DataKey,
}

impl Keys {
    fn find(
        base: Option<&EncryptedFile>,
        ours: &EncryptedFile,
        theirs: &EncryptedFile,
        services: &[&dyn KeyService],
        order: &[KeyType],
    ) -> Result<Self, Box<DataKeyError>> {
        let key = |file: &EncryptedFile| {
            let metadata = file.metadata();
            retrieve(
                metadata.key_groups(),
                metadata.shamir_threshold(),
                services,
                order,
            )
            .map_err(Box::new)
        };
        Ok(Self {
            ours: key(ours)?,
            theirs: key(theirs)?,
            base: base.map(key).transpose()?,
        })
    }
}

fn refused(error: &MergeError) -> Box<Failure> {
    let exit = match error {
        MergeError::Format => Exit::Input,
        _ => Exit::Findings,
    };
    Failure::new(exit, Diagnostic::from(error))
}
