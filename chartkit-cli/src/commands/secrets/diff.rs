//! `chartkit secrets diff`

use std::ffi::OsStr;
use std::process::ExitCode;

use chartkit::sops::{
    EncryptedFile, Format, changes_to_json, changes_to_text, diff, diff_decrypted,
};
use chartkit::source::FileId;

use super::{Outcome, Session, failures, path_text};
use crate::args::Format as Look;
use crate::args::secrets::Diff as Arguments;
use crate::commands::{print, print_json};
use crate::failure::{Exit, Failure};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let (old_id, new_id) = (read(&args.old, session)?, read(&args.new, session)?);
    let input_type = args.input_type.as_deref();
    let old_format = session.format_of_version(input_type, &path_text(&args.old), old_id);
    let new_format = session.format_of_version(input_type, &path_text(&args.new), new_id);
    let changes = if args.decrypt || args.show_values {
        let old = session.open(old_id, old_format, &args.opening, false)?;
        let new = session.open(new_id, new_format, &args.opening, false)?;
        diff_decrypted((&old.file, &old.decrypted), (&new.file, &new.decrypted))
    } else {
        diff(
            &load(old_id, old_format, session)?,
            &load(new_id, new_format, session)?,
        )
    };
    match session.context.format {
        Look::Human => print(changes_to_text(&changes, args.show_values))?,
        Look::Json => print_json(&changes_to_json(&changes, args.show_values))?,
    };
    Ok(if changes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(u8::from(Exit::Findings))
    })
}

fn read(path: &OsStr, session: &mut Session<'_>) -> Result<FileId, Box<Failure>> {
    session.read_any(Some(path)).map_err(failures::as_ours)
}

fn load(
    id: FileId,
    format: Format,
    session: &mut Session<'_>,
) -> Result<EncryptedFile, Box<Failure>> {
    EncryptedFile::load(format, &mut session.context.sources, id)
        .map_err(|error| session.named(id, failures::input(&error)))
}
