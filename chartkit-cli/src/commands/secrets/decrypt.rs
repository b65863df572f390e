//! `chartkit secrets decrypt`

use std::process::ExitCode;

use chartkit::io::{self, Readers};
use chartkit::sops::TreePath;

use super::{Outcome, Session, check_output, failures, path_text, print_secret};
use crate::args::secrets::Decrypt as Arguments;
use crate::failure::SopsExit;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    session.ignore(&args.input.ignored);
    let path = args.input.file.as_deref();
    check_output(&args.output, path.is_none())?;
    let name = match (&args.filename_override, path) {
        (Some(name), _) if !name.is_empty() => name.clone(),
        (_, path) => path.map(path_text).unwrap_or_default(),
    };
    let (input, output) = session.formats(&args.types, &name);
    let path_to_value = args.extract.as_deref().filter(|text| !text.is_empty());
    let path_to_value = path_to_value
        .map(str::parse::<TreePath>)
        .transpose()
        .map_err(|error| failures::path(SopsExit::InvalidPath, &error))?;
    let (file, id) = match path {
        Some(path) if args.output.in_place => {
            let (file, id) = session.read(path)?;
            (Some(file), id)
        }
        path => (None, session.read_any(path)?),
    };
    let layout = session.layout_alone()?;
    let opened = session.open(id, input, &args.opening, args.ignore_mac)?;
    let text = match path_to_value {
        Some(path) => opened
            .decrypted
            .extract(&path, output, &layout)
            .map_err(|error| failures::extract(&error))?,
        None => opened
            .decrypted
            .to_text(output, &layout)
            .map_err(|error| failures::emit(&error))?,
    };
    let written = match (file, &args.output.output) {
        (Some(file), _) => file.replace(text.expose()),
        (None, Some(path)) => io::write_output(path, text.expose(), Readers::Owner),
        (None, None) => return print_secret(&text),
    };
    written.map_err(|error| failures::edge(SopsExit::CannotWrite, &error))?;
    Ok(ExitCode::SUCCESS)
}
