//! `chartkit secrets unset`

use std::process::ExitCode;

use chartkit::sops::{self, ChangeError, PathErrorKind, TreePath};

use super::{Outcome, Session, failures, now, path_text, replace};
use crate::args::secrets::Unset as Arguments;
use crate::failure::SopsExit;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let name = path_text(&args.file);
    let format = session.one_format(&args.types, &name)?;
    let path: TreePath =
        (args.index.parse()).map_err(|error| failures::path(SopsExit::InvalidSet, &error))?;
    let (file, id) = session.read(&args.file)?;
    let layout = session.layout_alone()?;
    let opened = session.open(id, format, &args.opening, args.ignore_mac)?;
    let (encrypted, decrypted, key) = (&opened.file, &opened.decrypted, &opened.key);
    match now(|moment| sops::unset(encrypted, decrypted, key, &path, &layout, moment)) {
        Ok(text) => replace(&file, text),
        Err(ChangeError::Path(error))
            if args.idempotent && error.kind() == PathErrorKind::NotFound =>
        {
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(failures::change(&error)),
    }
}
