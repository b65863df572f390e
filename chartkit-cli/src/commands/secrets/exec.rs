//! `chartkit secrets exec`

use std::ffi::{OsStr, OsString};
use std::process::Command;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::Secret;

use super::{Outcome, Session, failures, path_text};
use crate::args::secrets::Exec as Arguments;
use crate::failure::{Failure, SopsExit};

/// What stands in a command for the path of the plaintext.
const PLACEHOLDER: &str = "{}";

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let name = path_text(&args.file);
    let (input, output) = session.formats(&args.types, &name);
    let layout = session.layout_alone()?;
    let id = session.read_any(Some(&args.file))?;
    let opened = session.open(id, input, &args.opening, args.ignore_mac)?;
    // Said before the command says anything.
    let messages = crate::report::render(session.context);
    session.context.diagnostics.clear();
    crate::report::messages(&messages);
    if args.fd {
        let text = opened
            .decrypted
            .to_text(output, &layout)
            .map_err(|error| failures::emit(&error))?;
        drop(opened);
        let held = Held::new(&text)
            .map_err(|error| failed("cannot keep the plaintext in memory", &error))?;
        let words = args.command.iter().map(|word| fill_in(word, &held.path()));
        let mut command = command(&words.collect::<Vec<_>>());
        return start(&mut command);
    }
    let variables = opened.decrypted.environment().map_err(|error| {
        let diagnostic = Diagnostic::error(Code::InvalidArgument, error.to_string())
            .help("hand over the whole file with --fd and {}");
        Failure::new(SopsExit::Generic, diagnostic)
    })?;
    let mut command = command(&args.command);
    if args.pristine {
        command.env_clear();
    }
    for (name, value) in &variables {
        command.env(name, os_string(value));
    }
    start(&mut command)
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
