//! `chartkit secrets encrypt`

use chartkit::sops::config::{Creation, rule_path};
use chartkit::sops::{
    DataKey, EncryptOptions, Format, PlainFile, Settings, StoreOptions, encrypt, wrap,
};

use super::{Outcome, Session, check_output, deliver, failures, now, path_text, settings};
use crate::args::secrets::{Encrypt as Arguments, Keys, Selections, Services};
use crate::failure::{Failure, SopsExit};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    session.ignore(&args.input.ignored);
    let path = args.input.file.as_deref();
    check_output(&args.output, path.is_none())?;
    let name = match (&args.filename_override, path) {
        (Some(name), _) if !name.is_empty() => name.clone(),
        (_, Some(path)) => path_text(path),
        _ => {
            let message = "standard input has no name: say one with --filename-override";
            return Err(failures::conflict(message));
        }
    };
    let (input, output) = session.formats(&args.types, &name);
    let (file, id) = match path {
        Some(path) if args.output.in_place => {
            let (file, id) = session.read(path)?;
            (Some(file), id)
        }
        path => (None, session.read_any(path)?),
    };
    let creation = creation(&name, input, &args.keys, &args.selections, session)?;
    let plain = PlainFile::load(input, &mut session.context.sources, id)
        .map_err(|error| session.named(id, failures::load(SopsExit::CannotRead, &error)))?;
    let text = seal(&plain, &creation, output, &args.services, session)?;
    deliver(&text, &args.output, file.as_ref())
}

/// What a new file gets, and how it is laid out.
pub(super) struct New {
    pub(super) creation: Creation,
    pub(super) layout: StoreOptions,
}

/// What a new file of this name gets, by rules, options and variables.
pub(super) fn creation(
    name: &str,
    format: Format,
    keys: &Keys,
    selections: &Selections,
    session: &mut Session<'_>,
) -> Result<New, Box<Failure>> {
    let found = session.config(Some(name))?;
    let layout = session.layout(found.as_ref());
    let absolute = session.absolute(name);
    let rule = match &found {
        Some(found) => found
            .config
            .rule_for(rule_path(&found.directory, &absolute))?,
        None => None,
    };
    let flags = settings::creation_flags(keys, selections, session.global.mac_only_encrypted)?;
    let creation = Creation::new(&flags, rule, format)?;
    session
        .context
        .diagnostics
        .extend(creation.diagnostics.iter().cloned());
    Ok(New { creation, layout })
}

/// Encrypts a plaintext with a new data key.
pub(super) fn seal(
    plain: &PlainFile,
    new: &New,
    format: Format,
    services: &Services,
    session: &mut Session<'_>,
) -> Result<Vec<u8>, Box<Failure>> {
    let creation = &new.creation;
    let services = session.services(services)?;
    now(|moment| {
        let key = DataKey::generate(moment.random);
        let wrapped = wrap(
            &key,
            &creation.key_groups,
            creation.shamir_threshold,
            &services.as_refs(),
            moment.random,
            &moment.now.to_string(),
        )
        .map_err(|error| failures::wrap(&error))?;
        let options = EncryptOptions {
            settings: Settings {
                selection: creation.selection.clone().unwrap_or_default(),
                mac_only_encrypted: creation.mac_only_encrypted,
                shamir_threshold: wrapped.shamir_threshold,
            },
            format,
            store: new.layout,
        };
        encrypt(plain, &key, wrapped.groups, &options, moment)
            .map_err(|error| failures::encrypt(&error))
    })
}
