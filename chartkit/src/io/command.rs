#![cfg_attr(
    feature = "age",
    expect(clippy::disallowed_methods, reason = "this module is the edge")
)]
//! Running the programs that hold keys.

#[cfg(feature = "age")]
use std::ffi::OsStr;
use std::io::{self, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::secret::Secret;

/// What a program left behind.
pub(super) struct Finished {
    pub(super) stdout: Secret,
    pub(super) stderr: Secret,
    /// Why it counts as failed: `exit status 1`, say.
    pub(super) failure: Option<String>,
}

/// Runs a program to its end, with bytes for its standard input.
///
/// Its output is kept in memory that is wiped. What it says on standard error is kept too, as gpg's
/// is the only reason it gives.
pub(super) fn run(command: &mut Command, input: &Secret) -> io::Result<Finished> {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    finish(child, input)
}

/// Runs a command line without input; what it says on standard error goes where ours goes.
///
/// # Source
///
/// SOPS v3.13.3, `age/keysource.go`, `getOutputFromCmd`: split as a shell would, but no shell is run.
#[cfg(feature = "age")]
pub(super) fn run_line(line: &OsStr, variable: &str, value: &str) -> Result<Secret, String> {
    let words = line.to_str().and_then(shlex::split).unwrap_or_default();
    let [program, arguments @ ..] = words.as_slice() else {
        return Err("no command, or a quotation mark that is not closed".to_owned());
    };
    // The line itself is not repeated: it may hold a password.
    let failed = |why: String| format!("the command failed: {why}");
    let child = Command::new(program)
        .args(arguments)
        .env(variable, value)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let finished = finish(child, &Secret::default()).map_err(|error| failed(error.to_string()))?;
    match finished.failure {
        None => Ok(finished.stdout),
        Some(why) => Err(failed(why)),
    }
}

fn finish(mut child: Child, input: &Secret) -> io::Result<Finished> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    // Each pipe has its thread, so that none fills up while another one is waited for.
    let (written, stdout, stderr) = thread::scope(|scope| {
        let stderr = scope.spawn(move || stderr.map(read_all).transpose());
        let written = scope.spawn(move || match stdin {
            Some(mut pipe) => pipe.write_all(input.expose()),
            None => Ok(()),
        });
        let stdout = stdout.map(read_all).transpose();
        (written.join(), stdout, stderr.join())
    });
    let status = child.wait()?;
    let failure = (!status.success()).then(|| status.to_string());
    // A program that fails may close its input early; why it failed is worth more than that.
    if failure.is_none() {
        written.expect("writing does not panic")?;
    }
    Ok(Finished {
        stdout: stdout?.unwrap_or_default(),
        stderr: stderr.expect("reading does not panic")?.unwrap_or_default(),
        failure,
    })
}

/// All bytes to the end, in memory that is wiped.
pub(super) fn read_all(mut from: impl Read) -> io::Result<Secret> {
    let mut bytes = Secret::default();
    let mut buffer = zeroize::Zeroizing::new([0; 4096]);
    loop {
        match from.read(&mut *buffer) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.push(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
