//! `chartkit secrets edit`

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io::{self, Readers};
use chartkit::sops::{self, Format, LoadErrorKind, PlainFile, Secret};
use chartkit::source::{FileId, Sources};

use super::editor::{self, Running};
use super::scratch::Scratch;
use super::{Outcome, Session, encrypt, failures, now, path_text, replace};
use crate::args::secrets::Edit as Arguments;
use crate::failure::{Failure, SopsExit};
use crate::prompt;
use crate::report;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    session.ignore(&args.input.ignored);
    let path = &args.input.file;
    let name = path_text(path);
    let format = session.one_format(&args.types, &name)?;
    match std::fs::exists(path) {
        Ok(false) => new_file(args, path, format, session),
        _ => existing_file(args, path, format, session),
    }
}

fn existing_file(
    args: &Arguments,
    path: &OsStr,
    format: Format,
    session: &mut Session<'_>,
) -> Outcome {
    let name = path_text(path);
    let (file, id) = session.read(path)?;
    let layout = session.layout_alone()?;
    let opened = session.open(id, format, &args.opening, args.ignore_mac)?;
    let (encrypted, decrypted, key) = (&opened.file, &opened.decrypted, &opened.key);
    let (text, load): (_, Load) = if args.show_master_keys {
        let text = decrypted.to_text_with_metadata(encrypted, &layout);
        (text, PlainFile::load_with_metadata)
    } else {
        (decrypted.to_text(format, &layout), PlainFile::load)
    };
    let text = text.map_err(|error| failures::emit(&error))?;
    let changed = until_valid(&name, format, &text, load, session, |plain, _| {
        now(|moment| sops::edit(encrypted, decrypted, key, plain, &layout, moment))
            .map_err(|error| failures::change(&error))
    })?;
    replace(&file, changed)
}

fn new_file(args: &Arguments, path: &OsStr, format: Format, session: &mut Session<'_>) -> Outcome {
    let name = path_text(path);
    // Who can read it must be clear before anybody writes.
    let new = encrypt::creation(&name, format, &args.keys, &args.selections, session)?;
    let example = Secret::from(example(format));
    let services = &args.opening.services;
    let load = PlainFile::load;
    let text = until_valid(&name, format, &example, load, session, |plain, session| {
        encrypt::seal(plain, &new, format, services, session)
    })?;
    let written = io::create_file(Path::new(path), &text, Readers::Umask);
    written.map_err(|error| failures::edge(SopsExit::CannotWrite, &error))?;
    Ok(ExitCode::SUCCESS)
}

/// How to read what the editor leaves.
type Load = fn(Format, &mut Sources, FileId) -> Result<PlainFile, sops::LoadError>;

/// Shows a text in the editor until it can be used.
fn until_valid<T>(
    name: &str,
    format: Format,
    text: &Secret,
    load: Load,
    session: &mut Session<'_>,
    mut use_it: impl FnMut(&PlainFile, &mut Session<'_>) -> Result<T, Box<Failure>>,
) -> Result<T, Box<Failure>> {
    let environment = |error: std::io::Error| {
        let message = format!("cannot keep plaintext for the editor: {error}");
        Failure::new(
            SopsExit::CannotWrite,
            Diagnostic::error(Code::Environment, message),
        )
    };
    let running = Running::default();
    #[cfg(unix)]
    let _guard = {
        let running = running.clone();
        super::scratch::Guard::new(move || running.terminate()).map_err(environment)?
    };
    let base = Path::new(name).file_name().unwrap_or(OsStr::new("secrets"));
    let scratch = Scratch::new(&path_text(base), text).map_err(environment)?;
    if !scratch.is_in_memory() {
        session
            .warn("there is no folder in memory: the plaintext was on a disk while it was edited");
    }
    loop {
        editor::run(scratch.file(), &running)?;
        let edited = scratch.read().map_err(environment)?;
        if edited == *text {
            let diagnostic = Diagnostic::info(Code::NotModified, "the file has not changed");
            return Err(Failure::new(SopsExit::NotModified, diagnostic));
        }
        let id = session.add(&format!("{name} (edited)"), edited.expose().into());
        let result = match load(format, &mut session.context.sources, id) {
            Ok(plain) => use_it(&plain, session),
            Err(error) => Err(unusable(&error)),
        };
        let failure = match result {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let shown = std::mem::take(&mut session.context.diagnostics);
        session.context.diagnostics.push(failure.diagnostic.clone());
        report::messages(&report::render(session.context));
        session.context.diagnostics = shown;
        let message = "Press Enter to return to the editor, Ctrl-C to give up. ";
        if !prompt::is_enter_pressed(message) {
            let diagnostic = Diagnostic::error(
                Code::NotModified,
                "nobody is there to edit it again, the file stays as it was",
            );
            return Err(Failure::new(failure.exit, diagnostic));
        }
    }
}

fn unusable(error: &sops::LoadError) -> Box<Failure> {
    match error.kind() {
        LoadErrorKind::AlreadyEncrypted => {
            Failure::new(SopsExit::AlreadyEncrypted, Diagnostic::from(error))
        }
        _ => failures::load(SopsExit::CannotRead, error),
    }
}

/// What a new file starts with.
fn example(format: Format) -> &'static str {
    match format {
        Format::Yaml => {
            "# Change this file and leave the editor: it is encrypted when it is saved.\n\
             database:\n    \
                 host: db.example.org\n    \
                 password: change-me\n\
             replicas: 2\n\
             features:\n    - a\n    - b\n"
        }
        Format::Json => {
            "{\n\t\"database\": {\n\t\t\"host\": \"db.example.org\",\n\t\t\"password\": \"change-me\"\n\t},\n\t\"replicas\": 2\n}\n"
        }
        Format::Dotenv => "# Change this file and leave the editor.\nDATABASE_PASSWORD=change-me\n",
        Format::Ini => "[database]\nhost     = db.example.org\npassword = change-me\n",
        Format::Binary => {
            "Change this file and leave the editor: it is encrypted when it is saved.\n"
        }
    }
}
