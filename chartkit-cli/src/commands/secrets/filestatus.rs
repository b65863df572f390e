//! `chartkit secrets filestatus`

use chartkit::sops::{EncryptedFile, LoadErrorKind};

use super::{Outcome, Session, failures, path_text, settings};
use crate::args::secrets::Filestatus as Arguments;
use crate::failure::SopsExit;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let path = session.first(&args.file);
    let name = path.map(path_text).unwrap_or_default();
    let format = settings::format(args.input_type.as_deref(), &name)?;
    session.layout_for(Some(&name))?;
    let id = session.read_any(path)?;
    let encrypted = match EncryptedFile::load(format, &mut session.context.sources, id) {
        Ok(file) => file.metadata().is_complete(),
        Err(error) if error.kind() == LoadErrorKind::MetadataNotFound => false,
        Err(error) => return Err(failures::load(SopsExit::Generic, &error)),
    };
    crate::commands::print(format!("{{\"encrypted\":{encrypted}}}\n"))
}
