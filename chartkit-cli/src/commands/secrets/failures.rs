//! What goes wrong with encrypted files, and SOPS's exit codes for it.

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::sops::config::{ConfigError, ConfigErrorKind};
use chartkit::sops::{
    ChangeError, DecryptErrorKind, EmitError, EncryptError, EncryptErrorKind, ExtractError,
    GroupReport, KeyType, LoadError, LoadErrorKind, OpenError, ParseKeyError, ParseKeyErrorKind,
    PathError, WrapError,
};

use crate::failure::{Exit, Failure, SopsExit};

type Boxed = Box<Failure>;

/// A file or stream that cannot be read or written.
pub(super) fn edge(exit: SopsExit, error: &io::Error) -> Boxed {
    Failure::new(exit, Diagnostic::from(error))
}

/// A failure of what SOPS's verbs share, with the exit code of our own: the environment or an input is at
/// fault.
pub(super) fn as_ours(mut failure: Boxed) -> Boxed {
    let exit = match failure.diagnostic.code {
        Code::Environment => Exit::Environment,
        Code::FileChanged => Exit::Findings,
        _ => Exit::Input,
    };
    failure.exit = exit.into();
    failure
}

/// A file that one of our own verbs cannot read.
pub(super) fn input(error: &LoadError) -> Boxed {
    Failure::new(Exit::Input, Diagnostic::from(error))
}

/// A file that cannot be read as what it should be; `exit` is for what has no code of its own.
pub(super) fn load(exit: SopsExit, error: &LoadError) -> Boxed {
    let exit = match error.kind() {
        LoadErrorKind::AlreadyEncrypted => SopsExit::AlreadyEncrypted,
        LoadErrorKind::Empty if exit == SopsExit::CannotRead => SopsExit::EmptyFile,
        _ => exit,
    };
    let diagnostic = Diagnostic::from(error);
    let diagnostic = match error.kind() {
        LoadErrorKind::AlreadyEncrypted => {
            diagnostic.help("to change an encrypted file, use `edit`, `set` or `rotate`")
        }
        _ => diagnostic,
    };
    Failure::new(exit, diagnostic)
}

pub(super) fn open(error: &OpenError) -> Boxed {
    let exit = match error {
        OpenError::DataKey(_) => SopsExit::NoDataKey,
        OpenError::Decrypt(error) => match error.kind() {
            DecryptErrorKind::Mac => SopsExit::MacMismatch,
            DecryptErrorKind::Version => SopsExit::Generic,
            _ => SopsExit::CannotDecrypt,
        },
        _ => SopsExit::Generic,
    };
    let diagnostic = Diagnostic::from(error);
    let diagnostic = match exit {
        SopsExit::NoDataKey if needs_kms(error) && cfg!(not(feature = "aws-kms")) => {
            let report = diagnostic.help.clone().unwrap_or_default();
            diagnostic.help(report + "\nThis chartkit was built without the feature `aws-kms`.")
        }
        SopsExit::MacMismatch => {
            diagnostic.help("find out who changed it; --ignore-mac reads the values all the same")
        }
        _ => diagnostic,
    };
    Failure::new(exit, diagnostic)
}

/// Whether a key of AWS KMS could have opened the file.
fn needs_kms(error: &OpenError) -> bool {
    let OpenError::DataKey(error) = error else {
        return false;
    };
    let keys = error.groups().iter().flat_map(GroupReport::keys);
    keys.map(|key| key.master_key().key_type())
        .any(|kind| kind == KeyType::Kms)
}

pub(super) fn emit(error: &EmitError) -> Boxed {
    let diagnostic = Diagnostic::error(Code::Unencryptable, error.to_string());
    Failure::new(SopsExit::CannotEmit, diagnostic)
}

pub(super) fn extract(error: &ExtractError) -> Boxed {
    match error {
        ExtractError::Path(error) => path(SopsExit::Generic, error),
        ExtractError::Emit(error) => emit(error),
        other => Failure::new(
            SopsExit::Generic,
            Diagnostic::error(Code::InvalidArgument, other.to_string()),
        ),
    }
}

pub(super) fn encrypt(error: &EncryptError) -> Boxed {
    let exit = match error.kind() {
        EncryptErrorKind::Emit => SopsExit::CannotEmit,
        _ => SopsExit::CannotEncrypt,
    };
    Failure::new(exit, Diagnostic::from(error))
}

pub(super) fn change(error: &ChangeError) -> Boxed {
    match error {
        ChangeError::Path(error) => path(SopsExit::Generic, error),
        ChangeError::Encrypt(error) => encrypt(error),
        other => Failure::new(
            SopsExit::Generic,
            Diagnostic::error(Code::Unencryptable, other.to_string()),
        ),
    }
}

pub(super) fn path(exit: SopsExit, error: &PathError) -> Boxed {
    Failure::new(
        exit,
        Diagnostic::error(Code::InvalidArgument, error.to_string()),
    )
}

pub(super) fn wrap(error: &WrapError) -> Boxed {
    Failure::new(
        SopsExit::Generic,
        Diagnostic::error(Code::NoKey, error.to_string()),
    )
}

/// A key by option or variable.
pub(super) fn key(option: &str, error: &ParseKeyError) -> Boxed {
    let exit = match error.kind() {
        ParseKeyErrorKind::InvalidContext => SopsExit::InvalidContext,
        ParseKeyErrorKind::DuplicateKeyType => SopsExit::DuplicateKeyType,
        _ => SopsExit::Generic,
    };
    let diagnostic = Diagnostic::error(Code::InvalidArgument, error.to_string());
    Failure::new(exit, diagnostic.context(option))
}

pub(super) fn conflict(message: &str) -> Boxed {
    Failure::new(
        SopsExit::Conflict,
        Diagnostic::error(Code::InvalidArgument, message),
    )
}

impl From<ConfigError> for Boxed {
    fn from(error: ConfigError) -> Self {
        let exit = match error.kind() {
            ConfigErrorKind::ConflictingSelections => SopsExit::Conflict,
            _ => SopsExit::Generic,
        };
        let diagnostic = Diagnostic::from(&error);
        let diagnostic = match error.kind() {
            ConfigErrorKind::NoKeys => diagnostic.help(
                "name one with --age, --kms, --pgp or their variables, or write a .sops.yaml",
            ),
            ConfigErrorKind::NoMatchingRule => {
                diagnostic.help("a last rule without `path_regex` takes all other files")
            }
            _ => diagnostic,
        };
        Failure::new(exit, diagnostic)
    }
}
