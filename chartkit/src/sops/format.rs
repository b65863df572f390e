//! Which format a file has.

use std::fmt;
use std::str::FromStr;

/// The format of a file, encrypted or not.
///
/// # Source
///
/// SOPS v3.13.3, `cmd/sops/formats/formats.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Any bytes; the encrypted file is JSON.
    Binary,
    /// `KEY=value` lines.
    Dotenv,
    /// Sections of `key = value` lines.
    Ini,
    /// One JSON object.
    Json,
    /// One or more YAML documents.
    Yaml,
}

impl Format {
    /// The format by the end of a file's name; everything that has no ending of its own is binary.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::sops::Format;
    ///
    /// assert_eq!(Format::of_name("profiles/qa1/secrets.yaml"), Format::Yaml);
    /// assert_eq!(Format::of_name("prod.env"), Format::Dotenv);
    /// assert_eq!(Format::of_name("secrets.YAML"), Format::Binary);
    /// ```
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let endings = [
            (".yaml", Self::Yaml),
            (".yml", Self::Yaml),
            (".json", Self::Json),
            (".env", Self::Dotenv),
            (".ini", Self::Ini),
        ];
        let found = endings.iter().find(|(ending, _)| name.ends_with(ending));
        found.map_or(Self::Binary, |(_, format)| *format)
    }

    /// The name that SOPS gives it, such as in `--input-type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a format, expected `binary`, `dotenv`, `ini`, `json` or `yaml`")]
pub struct UnknownFormat(());

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        let all = [
            Self::Binary,
            Self::Dotenv,
            Self::Ini,
            Self::Json,
            Self::Yaml,
        ];
        let found = all.into_iter().find(|format| format.as_str() == word);
        found.ok_or(UnknownFormat(()))
    }
}
