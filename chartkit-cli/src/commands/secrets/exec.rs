//! `chartkit secrets exec`

use std::ffi::{OsStr, OsString};
use std::process::Command;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::profile::{self, EffectiveOptions, effective_values};
use chartkit::sops::{self, DecryptOptions, EncryptedFile, Secret};
use chartkit::yaml::{self, EmitStyle, Node, Table, Value};

use super::{Outcome, Session, failures, path_text, settings};
use crate::args::secrets::Exec as Arguments;
use crate::failure::{Failure, SopsExit};
use crate::report;

/// What stands in a command for the path of the plaintext.
const PLACEHOLDER: &str = "{}";

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let handed = match &args.file {
        Some(file) => of_file(args, file, session)?,
        None => of_chart(args, session)?,
    };
    // Said before the command says anything.
    let messages = report::render(session.context);
    session.context.diagnostics.clear();
    report::messages(&messages);
    match handed {
        Handed::Text(text) => {
            let held = Held::new(&text)
                .map_err(|error| failed("cannot keep the plaintext in memory", &error))?;
            drop(text);
            let words = args.command.iter().map(|word| fill_in(word, &held.path()));
            start(&mut command(&words.collect::<Vec<_>>()))
        }
        Handed::Variables(variables) => {
            let mut command = command(&args.command);
            if args.pristine {
                command.env_clear();
            }
            for (name, value) in &variables {
                command.env(name, os_string(value));
            }
            start(&mut command)
        }
    }
}

/// What the command gets.
enum Handed {
    Text(Secret),
    Variables(Vec<(String, Secret)>),
}

fn of_file(
    args: &Arguments,
    file: &OsStr,
    session: &mut Session<'_>,
) -> Result<Handed, Box<Failure>> {
    let (input, output) = session.formats(&args.types, &path_text(file));
    let layout = session.layout_alone()?;
    let id = session.read_any(Some(file))?;
    let opened = session.open(id, input, &args.opening, args.ignore_mac)?;
    if args.fd {
        let text = opened.decrypted.to_text(output, &layout);
        return Ok(Handed::Text(text.map_err(|error| failures::emit(&error))?));
    }
    let variables = opened.decrypted.environment();
    Ok(Handed::Variables(
        variables.map_err(|error| nested(error.to_string()))?,
    ))
}

/// The secrets that a chart's templates see, and nothing else of their values.
fn of_chart(args: &Arguments, session: &mut Session<'_>) -> Result<Handed, Box<Failure>> {
    let path = args.chart.as_ref().expect("clap wants a file or a chart");
    let chart = session.context.load(path, &args.profiles_dir)?;
    let order = settings::decryption_order(&args.opening)?;
    let services = session.services(&args.opening.services)?;
    let options = {
        let mut options = DecryptOptions::default();
        options.ignore_mac = args.ignore_mac;
        options
    };
    let decrypt = |file: &EncryptedFile| {
        let opened = sops::open(file, &services.as_refs(), &order, &options);
        opened.map(|(_, decrypted)| decrypted)
    };
    let mut effective = EffectiveOptions::default();
    effective.profile = args.profile.as_deref();
    effective.secrets = profile::Secrets::Decrypt(&decrypt);
    let effective = effective_values(
        &chart,
        &effective,
        &mut session.context.sources,
        &mut io::read_set_file,
    )?;
    session.context.diagnostics.extend(effective.diagnostics);
    let secrets = secrets_of(effective.values.value()).unwrap_or(Value::Table(Table::new()));
    if args.fd {
        return Ok(Handed::Text(Secret::from(yaml::to_yaml(
            &secrets,
            EmitStyle::V2,
        ))));
    }
    let table = secrets.as_table().cloned().unwrap_or_default();
    let variables = table.iter().map(|(name, node)| match &node.value {
        Value::Table(_) | Value::List(_) => Err(nested(format!(
            "the value of `{name}` cannot be that of a variable: found a {}, expected a scalar",
            node.value.type_name()
        ))),
        Value::String(text) => Ok((name.to_string(), Secret::from(&**text))),
        other => Ok((name.to_string(), Secret::from(yaml::to_json(other)))),
    });
    Ok(Handed::Variables(variables.collect::<Result<_, _>>()?))
}

/// What of a value is secret, revealed. A list with a secret is kept whole, as Helm replaces lists as a whole.
fn secrets_of(value: &Value) -> Option<Value> {
    match value {
        Value::Secret(secret) => Some(secret.reveal().clone()),
        Value::Table(table) => {
            let entries = table.iter().filter_map(|(key, node)| {
                Some((key.clone(), Node::from(secrets_of(&node.value)?)))
            });
            let entries: Table = entries.collect();
            (!entries.is_empty()).then_some(Value::Table(entries))
        }
        Value::List(items) => {
            let is_secret = items.iter().any(|item| secrets_of(&item.value).is_some());
            is_secret.then(|| revealed(value))
        }
        _ => None,
    }
}

fn revealed(value: &Value) -> Value {
    match value {
        Value::Table(table) => Value::Table(
            table
                .iter()
                .map(|(key, node)| (key.clone(), Node::from(revealed(&node.value))))
                .collect(),
        ),
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| Node::from(revealed(&item.value)))
                .collect(),
        ),
        other => other.revealed().clone(),
    }
}

fn nested(message: String) -> Box<Failure> {
    let diagnostic = Diagnostic::error(Code::InvalidArgument, message)
        .help("hand over the whole with --fd and {}");
    Failure::new(SopsExit::Generic, diagnostic)
}

fn command(words: &[OsString]) -> Command {
    let mut words = words.iter();
    let mut command = Command::new(words.next().map_or(OsStr::new(""), OsString::as_os_str));
    command.args(words);
    command
}

/// The command in our place: nobody is left who has the plaintext in memory, and signals reach it alone.
#[cfg(unix)]
fn start(command: &mut Command) -> Outcome {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(not_run(command, &error))
}

#[cfg(not(unix))]
fn start(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| not_run(command, &error))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(std::process::ExitCode::from(code.unwrap_or(1)))
}

/// With the exit codes that shells have for it.
fn not_run(command: &Command, error: &std::io::Error) -> Box<Failure> {
    let mut failure = failed(
        &format!("cannot run `{}`", command.get_program().display()),
        error,
    );
    failure.exit = match error.kind() {
        std::io::ErrorKind::NotFound => 127,
        _ => 126,
    };
    failure
}

fn fill_in(word: &OsStr, path: &str) -> OsString {
    match word.to_str() {
        Some(word) => word.replace(PLACEHOLDER, path).into(),
        None => word.to_owned(),
    }
}

#[cfg(unix)]
fn os_string(value: &Secret) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(value.expose().to_vec())
}

#[cfg(not(unix))]
fn os_string(value: &Secret) -> OsString {
    String::from_utf8_lossy(value.expose()).into_owned().into()
}

/// Plaintext in a file that is in memory alone, and goes with the last process that has it open.
#[cfg(target_os = "linux")]
struct Held(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Held {
    fn new(text: &Secret) -> std::io::Result<Self> {
        use std::io::Write as _;
        // Without CLOEXEC: the command inherits it.
        let fd = rustix::fs::memfd_create("chartkit", rustix::fs::MemfdFlags::ALLOW_SEALING)?;
        let mut file = std::fs::File::from(fd);
        file.write_all(text.expose())?;
        let seals = rustix::fs::SealFlags::SEAL
            | rustix::fs::SealFlags::SHRINK
            | rustix::fs::SealFlags::GROW
            | rustix::fs::SealFlags::WRITE;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        Ok(Self(file.into()))
    }

    /// Opened by this path it starts at the beginning, each time.
    fn path(&self) -> String {
        use std::os::fd::AsRawFd as _;
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

#[cfg(not(target_os = "linux"))]
struct Held;

#[cfg(not(target_os = "linux"))]
impl Held {
    fn new(_: &Secret) -> std::io::Result<Self> {
        Err(std::io::Error::new(
            std::io::ErrorKind::Unsupported,
            "--fd needs Linux",
        ))
    }

    fn path(&self) -> String {
        String::new()
    }
}

fn failed(what: &str, error: &std::io::Error) -> Box<Failure> {
    let diagnostic = Diagnostic::error(Code::Environment, format!("{what}: {error}"));
    Failure::new(SopsExit::Generic, diagnostic)
}
