//! `chartkit secrets`: one file a verb; what they share is here.

#![expect(
    clippy::unnecessary_box_returns,
    reason = "failures are large and rare: results carry a pointer"
)]

mod decrypt;
mod diff;
mod edit;
mod editor;
mod encrypt;
mod exec;
mod failures;
mod files;
mod filestatus;
mod groups;
mod keys;
mod merge;
mod rotate;
mod scratch;
mod set;
mod settings;
mod status;
mod textconv;
mod unset;
mod updatekeys;
mod verify;

pub(crate) use scratch::wipe_all;

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io::{self, InPlaceFile, Readers};
use chartkit::sops::config::{self, CONFIG_NAME, Config};
use chartkit::sops::{
    DataKey, DecryptOptions, DecryptedFile, EncryptedFile, Format, KeyType, Moment, OpenError,
    Secret, StoreOptions,
};
use chartkit::source::FileId;
use chartkit::time::Timestamp;

use super::{Context, Outcome};
use crate::args::secrets::{Groups, Opening, Output, Secrets, Types, Verb};
use crate::failure::{Failure, SopsExit};

pub(crate) fn run(args: Secrets, context: &mut Context) -> Outcome {
    let Secrets {
        config,
        indent,
        mac_only_encrypted,
        verb,
        ..
    } = args;
    let config = config.or_else(|| settings::variable("SOPS_CONFIG").map(PathBuf::from));
    let config = config.filter(|path| !path.as_os_str().is_empty());
    let mut session = Session {
        context,
        global: Global {
            directory: working_directory()?,
            config_path: config,
            indent,
            mac_only_encrypted,
            services: None,
        },
    };
    match verb {
        Verb::Encrypt(args) => encrypt::run(&args, &mut session),
        Verb::Decrypt(args) => decrypt::run(&args, &mut session),
        Verb::Edit(args) => edit::run(&args, &mut session),
        Verb::Set(args) => set::run(&args, &mut session),
        Verb::Unset(args) => unset::run(&args, &mut session),
        Verb::Rotate(args) => rotate::run(&args, &mut session),
        Verb::Updatekeys(args) => updatekeys::run(&args, &mut session),
        Verb::Groups(Groups::Add(args)) => groups::add(&args, &mut session),
        Verb::Groups(Groups::Delete(args)) => groups::delete(&args, &mut session),
        Verb::Filestatus(args) => filestatus::run(&args, &mut session),
        Verb::Status(args) => status::run(&args, &mut session),
        Verb::Verify(args) => verify::run(&args, &mut session),
        Verb::Diff(args) => diff::run(&args, &mut session),
        Verb::Merge(args) => merge::run(&args, &mut session),
        Verb::Textconv(args) => textconv::run(&args, &mut session),
        Verb::Exec(args) => exec::run(&args, &mut session),
    }
}

/// What opens a profile's secrets, for verbs outside of `secrets`.
pub(crate) struct Opener {
    services: keys::Services,
    order: Vec<KeyType>,
}

impl Opener {
    /// With the keys of this machine, as the environment says.
    pub(crate) fn of_environment(context: &mut Context) -> Result<Self, Box<Failure>> {
        let opening = Opening::default();
        let services = keys::services(&opening.services, context).map_err(failures::as_ours)?;
        let order = settings::decryption_order(&opening).map_err(failures::as_ours)?;
        Ok(Self { services, order })
    }

    pub(crate) fn open(&self, file: &EncryptedFile) -> Result<DecryptedFile, OpenError> {
        let options = DecryptOptions::default();
        let opened = chartkit::sops::open(file, &self.services.as_refs(), &self.order, &options);
        opened.map(|(_, decrypted)| decrypted)
    }
}

/// A verb at work on a file: what it knows and what it has to say.
struct Session<'c> {
    context: &'c mut Context,
    global: Global,
}

/// What stands before the verb, and where we are; the same for several files.
#[derive(Clone)]
struct Global {
    /// Absolute, with `/`.
    directory: String,
    config_path: Option<PathBuf>,
    indent: Option<i64>,
    mac_only_encrypted: bool,
    /// The key services, once they were needed.
    services: Option<Arc<keys::Services>>,
}

/// A configuration and where it lies.
struct FoundConfig {
    config: Config,
    directory: String,
}

impl Session<'_> {
    fn warn(&mut self, message: impl Into<String>) {
        let diagnostic = Diagnostic::warning(Code::IgnoredArgument, message);
        self.context.diagnostics.push(diagnostic);
    }

    /// Absolute, with `/`.
    fn absolute(&self, path: &str) -> String {
        config::absolute_path(&self.global.directory, path)
    }

    /// The configuration: that for the rules of a file, see `config::search`, or without a file that which
    /// SOPS would find. One with a mistake stops every verb, as in SOPS.
    fn config(&mut self, file: Option<&str>) -> Result<Option<FoundConfig>, Box<Failure>> {
        let Some((path, name)) = self.config_path(file) else {
            return Ok(None);
        };
        let text =
            io::read_file(&path).map_err(|error| failures::edge(SopsExit::Generic, &error))?;
        let id = self.context.sources.add(name, text);
        let config = Config::parse(&mut self.context.sources, id)?;
        let absolute = self.absolute(&path.to_string_lossy());
        let directory = absolute.rsplit_once('/').map_or("", |(folder, _)| folder);
        let directory = if directory.is_empty() { "/" } else { directory };
        Ok(Some(FoundConfig {
            config,
            directory: directory.to_owned(),
        }))
    }

    /// Where the configuration is, and how it is called.
    fn config_path(&mut self, file: Option<&str>) -> Option<(PathBuf, String)> {
        if let Some(path) = &self.global.config_path {
            return Some((path.clone(), path.display().to_string()));
        }
        let ours = io::sops_config_candidates(&self.global.directory);
        let beside = file.map(|file| {
            let file = self.absolute(file);
            let folder = Path::new(&file).parent().unwrap_or(Path::new("/"));
            io::sops_config_candidates(&folder.display().to_string())
        });
        let found = config::search(&ours, &beside.unwrap_or_default());
        self.context.diagnostics.extend(found.diagnostics);
        let path = Path::new(&found.directory?).join(CONFIG_NAME);
        let name = shown_from(&self.global.directory, &path);
        Some((path, name))
    }

    /// How files are laid out: `--indent` before the configuration.
    fn layout(&self, config: Option<&FoundConfig>) -> StoreOptions {
        let mut options = config.map_or_else(StoreOptions::default, |found| found.config.stores);
        if let Some(indent) = self.global.indent {
            options.yaml_indent = (indent != 0).then_some(indent);
            options.json_indent = Some(indent);
            options.json_binary_indent = Some(indent);
        }
        options
    }

    /// The layout, for verbs that need no rule.
    fn layout_alone(&mut self) -> Result<StoreOptions, Box<Failure>> {
        let config = self.config(None)?;
        Ok(self.layout(config.as_ref()))
    }

    /// What a word says, or else the name of the file.
    fn format(&mut self, word: Option<&str>, name: &str) -> Format {
        let of_name = Format::of_name(name);
        match word {
            None | Some("") => of_name,
            Some(word) => word.parse().unwrap_or_else(|error| {
                let message =
                    format!("`{word}` is {error}; {of_name} by the name of the file is used");
                self.warn(message);
                of_name
            }),
        }
    }

    /// As [`Session::format`], for one of several versions of a file: git gives them names without an end, so
    /// that the text must say it.
    fn format_of_version(&mut self, word: Option<&str>, name: &str, id: FileId) -> Format {
        match self.format(word, name) {
            Format::Binary if word.is_none_or(str::is_empty) => {
                format_of_text(self.context.sources.text(id))
            }
            format => format,
        }
    }

    /// The format of the input and that of the output.
    fn formats(&mut self, types: &Types, name: &str) -> (Format, Format) {
        let input = self.format(types.input_type.as_deref(), name);
        (input, self.format(types.output_type.as_deref(), name))
    }

    /// The format of a file that is changed: what is not changed stays as it is, so it cannot become
    /// another.
    fn one_format(&mut self, types: &Types, name: &str) -> Result<Format, Box<Failure>> {
        let (input, output) = self.formats(types, name);
        let is_asked_for = types
            .output_type
            .as_deref()
            .is_some_and(|word| !word.is_empty());
        if is_asked_for && input != output {
            let message = format!(
                "a {input} file is changed where it is and cannot become {output}: decrypt it with \
                 `--output-type {output}` and encrypt the result"
            );
            return Err(failures::conflict(&message));
        }
        Ok(input)
    }

    /// Says that further files are ignored, as SOPS does.
    fn ignore(&mut self, files: &[OsString]) {
        if let [file, ..] = files {
            let file = file.to_string_lossy();
            self.warn(format!("`{file}` is ignored: only the first file is used"));
        }
    }

    /// Reads a file that may be replaced later.
    fn read(&mut self, path: &OsStr) -> Result<(InPlaceFile, FileId), Box<Failure>> {
        let path = Path::new(path);
        expect_file(path)?;
        let file = InPlaceFile::read(path)
            .map_err(|error| failures::edge(SopsExit::CannotRead, &error))?;
        let id = self.add(&path.display().to_string(), Arc::clone(file.bytes()));
        Ok((file, id))
    }

    /// Reads a file that may be anything that can be read, or standard input.
    fn read_any(&mut self, path: Option<&OsStr>) -> Result<FileId, Box<Failure>> {
        let Some(path) = path.map(Path::new) else {
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes);
            read.map_err(|error| {
                let message = format!("cannot read standard input: {error}");
                let diagnostic = Diagnostic::error(Code::Environment, message);
                Failure::new(SopsExit::CannotRead, diagnostic)
            })?;
            return Ok(self.add("<stdin>", bytes.into()));
        };
        expect_file(path)?;
        let bytes =
            io::read_file(path).map_err(|error| failures::edge(SopsExit::CannotRead, &error))?;
        Ok(self.add(&path.display().to_string(), bytes))
    }

    fn add(&mut self, name: &str, bytes: Arc<[u8]>) -> FileId {
        self.context.sources.add(name, bytes)
    }

    /// Opens an encrypted file with the keys at hand.
    fn open(
        &mut self,
        id: FileId,
        format: Format,
        opening: &Opening,
        ignore_mac: bool,
    ) -> Result<Opened, Box<Failure>> {
        let order = settings::decryption_order(opening)?;
        let file = EncryptedFile::load(format, &mut self.context.sources, id)
            .map_err(|error| self.named(id, failures::load(SopsExit::Generic, &error)))?;
        let services = self.services(&opening.services)?;
        let mut options = DecryptOptions::default();
        options.ignore_mac = ignore_mac;
        let (key, decrypted) = chartkit::sops::open(&file, &services.as_refs(), &order, &options)
            .map_err(|error| self.named(id, failures::open(&error)))?;
        let diagnostics = decrypted.diagnostics().iter().cloned();
        self.context.diagnostics.extend(diagnostics);
        Ok(Opened {
            file,
            key,
            decrypted,
        })
    }

    /// Says which file a failure is about, where it points at no place.
    fn named(&self, id: FileId, mut failure: Box<Failure>) -> Box<Failure> {
        if failure.diagnostic.labels.is_empty() {
            let name = self.context.sources.name(id);
            failure.diagnostic = failure.diagnostic.context(&format!("`{name}`"));
        }
        failure
    }

    /// The key services.
    fn services(
        &mut self,
        args: &crate::args::secrets::Services,
    ) -> Result<Arc<keys::Services>, Box<Failure>> {
        if let Some(services) = &self.global.services {
            return Ok(Arc::clone(services));
        }
        let services = Arc::new(keys::services(args, self.context)?);
        self.global.services = Some(Arc::clone(&services));
        Ok(services)
    }
}

/// Puts an encrypted result where it was asked for; without a wish, on standard output.
fn deliver(text: &[u8], output: &Output, file: Option<&InPlaceFile>) -> Outcome {
    let written = match (file, &output.output) {
        (Some(file), _) if output.in_place => file.replace(text),
        (_, Some(path)) => io::write_output(path, text, Readers::Umask),
        _ => return super::print(text),
    };
    written.map_err(|error| failures::edge(SopsExit::CannotWrite, &error))?;
    Ok(ExitCode::SUCCESS)
}

/// An encrypted file and what it holds.
struct Opened {
    file: EncryptedFile,
    key: DataKey,
    decrypted: DecryptedFile,
}

/// `--in-place` goes with nothing that says another place.
fn check_output(output: &Output, from_stdin: bool) -> Result<(), Box<Failure>> {
    let message = match (output.in_place, &output.output) {
        (true, Some(_)) => "found both --output and --in-place, expected one of them",
        (true, None) if from_stdin => "--in-place needs a file, found standard input",
        _ => return Ok(()),
    };
    Err(failures::conflict(message))
}

/// The format that an encrypted text most likely has, by where its metadata stands.
fn format_of_text(text: &[u8]) -> Format {
    let has = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    if text.trim_ascii_start().starts_with(b"{") {
        Format::Json
    } else if has(b"\n[sops]") {
        Format::Ini
    } else if has(b"\nsops_mac=") {
        Format::Dotenv
    } else {
        Format::Yaml
    }
}

fn expect_file(path: &Path) -> Result<(), Box<Failure>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("there is no file `{}`", path.display());
            let diagnostic = Diagnostic::error(Code::Environment, message);
            Err(Failure::new(SopsExit::NoFile, diagnostic))
        }
        _ => Ok(()),
    }
}

fn working_directory() -> Result<String, Box<Failure>> {
    let directory = std::env::current_dir().map_err(|error| {
        let message = format!("the working folder is not known: {error}");
        let diagnostic = Diagnostic::error(Code::Environment, message);
        Failure::new(SopsExit::Generic, diagnostic)
    })?;
    let directory = directory.to_string_lossy();
    Ok(config::absolute_path(&directory, "."))
}

/// A path as short as it can be from a folder, for messages.
fn shown_from(directory: &str, path: &Path) -> String {
    let shown = path.strip_prefix(directory).unwrap_or(path);
    shown.display().to_string()
}

/// Runs what needs the time and random bytes.
fn now<T>(run: impl FnOnce(&mut Moment<'_>) -> T) -> T {
    let mut random = random;
    run(&mut Moment {
        now: timestamp(),
        random: &mut random,
    })
}

fn timestamp() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX), 0)
}

fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has random numbers");
}

/// Replaces a file, or leaves it alone when there is nothing new.
fn replace(file: &InPlaceFile, text: Option<Vec<u8>>) -> Outcome {
    if let Some(text) = text {
        let written = file.replace(&text);
        written.map_err(|error| failures::edge(SopsExit::CannotWrite, &error))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn path_text(path: &OsStr) -> String {
    path.to_string_lossy().into_owned()
}

/// Prints text that was decrypted.
fn print_secret(text: &Secret) -> Outcome {
    super::print(text.expose())
}
