//! Running the user's editor.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};

use chartkit::diagnostic::{Code, Diagnostic};

use super::settings::variable;
use crate::failure::{Failure, SopsExit};

/// What is tried when nobody says which editor.
const EDITORS: [&str; 3] = ["vim", "nano", "vi"];

/// The editor that runs now, to be ended when we are.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<Option<u32>>>);

impl Running {
    fn set(&self, process: Option<u32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = process;
    }

    /// Asks the editor to end.
    #[cfg(unix)]
    pub(super) fn terminate(&self) {
        let process = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let process = process.and_then(|process| i32::try_from(process).ok());
        if let Some(process) = process.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
    }
}

/// Runs the editor on a file until it ends.
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/edit.go`, `runEditor`.
pub(super) fn run(file: &Path, running: &Running) -> Result<(), Box<Failure>> {
    let words = words()?;
    let [program, arguments @ ..] = &words[..] else {
        return Err(failed("the name of the editor is empty".to_owned()));
    };
    let spawned = Command::new(program).args(arguments).arg(file).spawn();
    let mut child: Child =
        spawned.map_err(|error| failed(format!("cannot run `{program}`: {error}")))?;
    running.set(Some(child.id()));
    let status = child.wait();
    running.set(None);
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!(
            "the editor `{program}` failed with {status}"
        ))),
        Err(error) => Err(failed(format!("cannot wait for `{program}`: {error}"))),
    }
}

fn words() -> Result<Vec<String>, Box<Failure>> {
    for name in ["SOPS_EDITOR", "EDITOR"] {
        if let Some(line) = variable(name) {
            return shlex::split(&line)
                .ok_or_else(|| failed(format!("{name} has a quote that is never closed")));
        }
    }
    let found = EDITORS.iter().find(|name| is_program(name));
    match found {
        Some(name) => Ok(vec![(*name).to_owned()]),
        None => Err(failed(format!(
            "there is no editor: set SOPS_EDITOR or EDITOR, or install one of {}",
            EDITORS.join(", ")
        ))),
    }
}

fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder: PathBuf| folder.join(name))
        .any(|program| program.is_file())
}

fn failed(message: String) -> Box<Failure> {
    Failure::new(
        SopsExit::NoEditor,
        Diagnostic::error(Code::Environment, message),
    )
}
