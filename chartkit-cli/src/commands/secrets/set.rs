//! `chartkit secrets set`

use std::io::Read as _;
use std::path::Path;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::sops::{self, Secret, TreePath, Value};

use super::{Outcome, Session, failures, now, path_text, replace};
use crate::args::secrets::Set as Arguments;
use crate::failure::{Failure, SopsExit};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let name = path_text(&args.file);
    let format = session.one_format(&args.types, &name)?;
    let path: TreePath =
        (args.index.parse()).map_err(|error| failures::path(SopsExit::InvalidSet, &error))?;
    let value = value(args)?;
    let (file, id) = session.read(&args.file)?;
    let layout = session.layout_alone()?;
    let opened = session.open(id, format, &args.opening, args.ignore_mac)?;
    let (encrypted, decrypted, key) = (&opened.file, &opened.decrypted, &opened.key);
    let text = now(|moment| sops::set(encrypted, decrypted, key, &path, value, &layout, moment))
        .map_err(|error| failures::change(&error))?;
    replace(&file, text)
}

/// The value, read as late as it can be and from where others cannot see it, if that was asked for.
fn value(args: &Arguments) -> Result<Value, Box<Failure>> {
    let text = match &args.value {
        _ if args.value_stdin => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes);
            read.map_err(|error| {
                let message = format!("cannot read standard input: {error}");
                let diagnostic = Diagnostic::error(Code::Environment, message);
                Failure::new(SopsExit::Generic, diagnostic)
            })?;
            Secret::from(bytes)
        }
        Some(path) if args.value_file => {
            let bytes = io::read_file(Path::new(path))
                .map_err(|error| failures::edge(SopsExit::Generic, &error))?;
            Secret::from(&*bytes)
        }
        Some(value) => Secret::from(value.as_encoded_bytes()),
        None => Secret::default(),
    };
    Value::from_json(&text).map_err(|error| {
        let diagnostic = Diagnostic::error(Code::InvalidArgument, error.to_string())
            .help("a text is written '\"text\"', in quotes of its own");
        Failure::new(SopsExit::InvalidSet, diagnostic)
    })
}
