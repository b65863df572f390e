#![expect(clippy::disallowed_methods, reason = "this module is the edge")]
//! What `-f` and `--set-file` name: a file, or standard input.

use std::io::{self, Read as _};
use std::sync::Arc;

/// The bytes of a file that the user names, or of standard input for `-`.
///
/// # Errors
///
/// When it cannot be read. A URL is refused with [`io::ErrorKind::Unsupported`]: nothing is fetched
/// from the network.
///
/// # Source
///
/// Helm v4.2.4, `pkg/cli/values/options.go`, `readFile`.
pub fn read_value_file(path: &str) -> io::Result<Arc<[u8]>> {
    let path = path.trim();
    if path == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        return Ok(bytes.into());
    }
    if ["http://", "https://", "oci://"]
        .iter()
        .any(|scheme| path.starts_with(scheme))
    {
        let message = "nothing is fetched from the network; fetch it first and give the file";
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    }
    Ok(std::fs::read(path)?.into())
}

/// The text for one value of `--set-file`: [`read_value_file`], with U+FFFD for what is not UTF-8, as Helm's
/// JSON shows it.
///
/// # Errors
///
/// Those of [`read_value_file`], with the path.
pub fn read_set_file(path: &str) -> io::Result<Arc<str>> {
    match read_value_file(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into()),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("cannot read `{path}`: {error}"),
        )),
    }
}
