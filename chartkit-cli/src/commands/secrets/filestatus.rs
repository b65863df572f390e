//! `chartkit secrets filestatus`

use chartkit::sops::{EncryptedFile, LoadErrorKind};

use super::{Outcome, Session, failures, path_text};
use crate::args::secrets::Filestatus as Arguments;
use crate::failure::SopsExit;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    session.ignore(&args.input.ignored);
    let path = &args.input.file;
    let name = path_text(path);
    let format = session.format(args.input_type.as_deref(), &name);
    session.layout_alone()?;
    let id = session.read_any(Some(path))?;
    let encrypted = match EncryptedFile::load(format, &mut session.context.sources, id) {
        Ok(file) => file.metadata().is_complete(),
        Err(error) if error.kind() == LoadErrorKind::MetadataNotFound => false,
        Err(error) => return Err(session.named(id, failures::load(SopsExit::Generic, &error))),
    };
    crate::commands::print(format!("{{\"encrypted\":{encrypted}}}\n"))
}
