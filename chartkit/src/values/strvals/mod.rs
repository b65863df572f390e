//! The grammars of `--set`, `--set-string`, `--set-json`, `--set-file` and `--set-literal`.
//!
//! Decides what one argument changes in a table. In which order arguments and value files are
//! applied is the caller's business ([`SetKind`] is ordered as Helm applies them), and so is
//! reading files. Knows no charts.
//!
//! Fixtures: `fixtures/strvals`.

mod error;
mod go;
mod parse;

use std::io;
use std::sync::Arc;

pub use error::{SetError, SetErrorKind};

use crate::source::{FileId, Sources, Span};
use crate::values::merge_maps;
use crate::yaml::{JsonErrorKind, Node, Table, Value, from_json_prefix};

/// Which of Helm's flags an argument belongs to.
///
/// Ordered as Helm applies the flags, whatever their order on the command line.
///
/// # Source
///
/// Helm v4.2.4, `pkg/cli/values/options.go`, `MergeValues`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetKind {
    /// `--set-json`: one JSON object, or `key=JSON` pairs.
    Json,
    /// `--set`: values that look like booleans, null or integers are.
    Value,
    /// `--set-string`: all values are strings.
    String,
    /// `--set-file`: values are the contents of files.
    File,
    /// `--set-literal`: one pair, whose value is taken as it is.
    Literal,
}

impl SetKind {
    /// The flag, such as `--set-string`.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Json => "--set-json",
            Self::Value => "--set",
            Self::String => "--set-string",
            Self::File => "--set-file",
            Self::Literal => "--set-literal",
        }
    }
}

/// Applies one argument to a table.
///
/// # Shape
///
/// `argument` is a text of `sources`: `key=value` pairs with commas between them. A key is names
/// with dots between them and `[index]` behind them; `{a,b}` is a list of values; a backslash takes
/// the next character literally. [`SetKind::Literal`] knows no backslashes, commas and braces.
/// [`SetKind::Json`] takes JSON values, or one object that is merged into the table.
///
/// Numbers of [`SetKind::Value`] are [`Number::Set`](crate::yaml::Number::Set). Fractions, integers
/// with leading zeros and those that do not fit an `i64` are strings.
///
/// `read` gives the content of a file that [`SetKind::File`] names; other kinds never call it.
///
/// Every value that the argument makes gets its place in the argument and is put
/// [over](crate::yaml::Node::over) the value that it replaces, unless that is from the same argument. The null items that a list is filled up with have the place of the item that
/// made them necessary.
///
/// # Errors
///
/// [`SetErrorKind`] lists them. The pairs before the faulty one have then been applied, and the
/// faulty one may have been in part.
///
/// DIFFERENCE: text that is not UTF-8, keys or JSON values nested more than 256 levels deep and
/// arguments that fill up lists with more than 1 048 576 nulls are refused; Helm has no such limits.
///
/// # Properties
///
/// Takes time linear in the length of the argument (and the number of nulls above). The empty
/// argument changes nothing. Of two arguments that set the same key, the later one counts.
///
/// # Examples
///
/// ```
/// use chartkit::source::Sources;
/// use chartkit::values::strvals::{SetKind, apply};
/// use chartkit::yaml::{Number, Table, Value};
///
/// let mut sources = Sources::new();
/// let mut table = Table::new();
/// let mut no_files = |_: &str| Err(std::io::ErrorKind::Unsupported.into());
///
/// let argument = sources.add("--set", *b"replicas=2,image.tag=1.20");
/// apply(&mut table, SetKind::Value, &sources, argument, &mut no_files)?;
/// assert_eq!(table["replicas"].value, Value::Number(Number::Set(2)));
/// let image = table["image"].value.as_table().unwrap();
/// assert_eq!(image["tag"].value.as_str(), Some("1.20"));
///
/// let argument = sources.add("--set", *b"replicas.max=3");
/// let error = apply(&mut table, SetKind::Value, &sources, argument, &mut no_files).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}",
/// );
/// # Ok::<(), chartkit::values::strvals::SetError>(())
/// ```
///
/// # Source
///
/// Helm v4.2.4, `pkg/strvals/parser.go`, `pkg/strvals/literal_parser.go`, and `MergeValues` in
/// `pkg/cli/values/options.go`.
pub fn apply(
    table: &mut Table,
    kind: SetKind,
    sources: &Sources,
    argument: FileId,
    read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
) -> Result<(), SetError> {
    let text = std::str::from_utf8(sources.text(argument)).map_err(|error| {
        let start = offset(error.valid_up_to());
        let span = Span { start, end: start };
        SetError::new(SetErrorKind::NotUtf8, argument, span, "text is not UTF-8")
    })?;
    if kind == SetKind::Json && text.trim_start().starts_with('{') {
        let object = object(text, argument)?;
        *table = merge_maps(std::mem::take(table), object);
        return Ok(());
    }
    parse::pairs(text, argument, kind, read, table)
}

/// The object that a whole argument of `--set-json` is.
fn object(text: &str, argument: FileId) -> Result<Table, SetError> {
    // Go cuts off more blanks than JSON knows.
    let start = text.len() - text.trim_start().len();
    let text = text.trim_end();
    let (node, end) = json(text, start, argument)?;
    match node.value {
        Value::Table(table) if end == text.len() => Ok(table),
        _ => {
            let span = Span {
                start: offset(end),
                end: offset(text.len()),
            };
            let message = "text behind the JSON object";
            Err(SetError::new(
                SetErrorKind::InvalidJson,
                argument,
                span,
                message,
            ))
        }
    }
}

/// The JSON value at an offset of an argument, and where it ends.
fn json(text: &str, start: usize, argument: FileId) -> Result<(Node, usize), SetError> {
    from_json_prefix(text, start, Some(argument)).map_err(|error| {
        let kind = match error.kind() {
            JsonErrorKind::TooDeep => SetErrorKind::TooDeep,
            _ => SetErrorKind::InvalidJson,
        };
        let at = offset(error.offset());
        let span = Span { start: at, end: at };
        SetError::new(kind, argument, span, error.to_string())
    })
}

/// Puts a new value in the place of another.
///
/// What the same argument has written before was never seen by anybody and leaves no trace.
fn replace(slot: &mut Node, mut node: Node, argument: FileId) {
    let lower = std::mem::replace(slot, Value::Null.into());
    if lower.place.is_some_and(|place| place.file == argument) {
        node.below = lower.below;
        *slot = node;
    } else {
        *slot = node.replacing(lower);
    }
}

/// An offset as [`Span`] counts it; texts are smaller than 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
