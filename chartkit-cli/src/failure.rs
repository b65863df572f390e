//! Library errors as exit codes and advice that names flags.

use chartkit::diagnostic::Diagnostic;
use chartkit::io::{self, ErrorKind};
use chartkit::package::{PackageError, PackageErrorKind};
use chartkit::profile::{EffectiveError, EffectiveErrorKind, EncryptedFileError, ProfileError};
use chartkit::sops::OpenError;
use chartkit::values::strvals::SetErrorKind;

/// The exit codes; the table is in `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Findings, or a refusal.
    Findings = 1,
    /// The command line is wrong. Clap uses the same code.
    Usage = 2,
    /// An input cannot be loaded.
    Input = 3,
    /// Files, network or another service fail.
    Environment = 4,
    /// A bug in chartkit.
    Bug = 70,
}

/// The exit codes of SOPS, for its verbs.
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/codes/codes.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum SopsExit {
    Generic = 1,
    CannotRead = 2,
    CannotWrite = 3,
    CannotEmit = 4,
    InvalidContext = 6,
    InvalidSet = 7,
    Conflict = 8,
    CannotEncrypt = 23,
    CannotDecrypt = 25,
    KeysOfMissingFile = 49,
    MacMismatch = 51,
    InvalidPath = 91,
    EmptyFile = 92,
    NoFile = 100,
    DuplicateKeyType = 112,
    NoDataKey = 128,
    NotModified = 200,
    NoEditor = 201,
    AlreadyEncrypted = 203,
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit as Self
    }
}

impl From<SopsExit> for u8 {
    fn from(exit: SopsExit) -> Self {
        exit as Self
    }
}

/// Why a command stops: what is printed, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: u8,
    pub(crate) diagnostic: Diagnostic,
}

impl Failure {
    #[expect(
        clippy::unnecessary_box_returns,
        reason = "large and rare: results carry a pointer"
    )]
    pub(crate) fn new(exit: impl Into<u8>, diagnostic: Diagnostic) -> Box<Self> {
        let exit = exit.into();
        Box::new(Self { exit, diagnostic })
    }
}

impl From<io::Error> for Box<Failure> {
    fn from(error: io::Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::Input => Exit::Input,
            ErrorKind::Environment => Exit::Environment,
            ErrorKind::Exists | ErrorKind::Changed => Exit::Findings,
            _ => Exit::Bug,
        };
        let diagnostic = Diagnostic::from(&error);
        let diagnostic = match error.kind() {
            ErrorKind::Exists => diagnostic.help("raise the version, or replace it with --force"),
            _ => diagnostic,
        };
        Failure::new(exit, diagnostic)
    }
}

impl From<EffectiveError> for Box<Failure> {
    fn from(error: EffectiveError) -> Self {
        let diagnostic = Diagnostic::from(&error);
        let (exit, help) = match error.kind() {
            EffectiveErrorKind::SecretsNotDecrypted { .. } => (
                Exit::Usage,
                Some(
                    "print values without them with --secrets omit, or their paths with --secrets mask",
                ),
            ),
            EffectiveErrorKind::Profile(error) if error.is_unknown() => (Exit::Usage, None),
            EffectiveErrorKind::Decrypt(OpenError::DataKey(_)) => (Exit::Environment, None),
            EffectiveErrorKind::Decrypt(_) => (Exit::Findings, None),
            EffectiveErrorKind::Secrets(_) => (
                Exit::Findings,
                Some("encrypt it with sops; plain secrets are never used"),
            ),
            EffectiveErrorKind::Set(error) if error.kind() == SetErrorKind::UnreadableFile => {
                (Exit::Environment, None)
            }
            EffectiveErrorKind::Set(_) => (Exit::Usage, None),
            EffectiveErrorKind::Process(error) if error.is_missing_dependencies() => (
                Exit::Input,
                Some(
                    "fetch them with `helm dependency build`, or leave them out with --allow-missing",
                ),
            ),
            _ => (Exit::Input, None),
        };
        let mut diagnostic = with_help(diagnostic, help);
        if let (EffectiveErrorKind::Decrypt(OpenError::DataKey(_)), Some(report)) =
            (error.kind(), &mut diagnostic.help)
        {
            // Behind the report of all keys.
            *report += "\nWithout a key: --secrets omit or --secrets mask.";
        }
        Failure::new(exit, diagnostic)
    }
}

impl From<PackageError> for Box<Failure> {
    fn from(error: PackageError) -> Self {
        let diagnostic = Diagnostic::from(&error);
        let (exit, help) = match error.kind() {
            PackageErrorKind::Profile(error) if error.is_unknown() => (Exit::Usage, None),
            PackageErrorKind::MissingDependencies => {
                (Exit::Input, Some("fetch them with `helm dependency build`"))
            }
            PackageErrorKind::Secrets(_) => (
                Exit::Findings,
                Some("encrypt it with sops; a plain secret never goes into an archive"),
            ),
            _ => (Exit::Input, None),
        };
        Failure::new(exit, with_help(diagnostic, help))
    }
}

impl From<ProfileError> for Box<Failure> {
    fn from(error: ProfileError) -> Self {
        let exit = if error.is_unknown() {
            Exit::Usage
        } else {
            Exit::Input
        };
        Failure::new(exit, Diagnostic::from(&error))
    }
}

impl From<EncryptedFileError> for Box<Failure> {
    fn from(error: EncryptedFileError) -> Self {
        Failure::new(Exit::Findings, Diagnostic::from(&error))
    }
}

fn with_help(diagnostic: Diagnostic, help: Option<&str>) -> Diagnostic {
    match help {
        Some(help) if diagnostic.help.is_none() => diagnostic.help(help),
        _ => diagnostic,
    }
}
