//! Values into YAML text, byte for byte as Go writes it.
//!
//! Decides the layout: line breaks, indentation, order of keys. How one scalar is written is the
//! business of [`to_yaml_scalar`]. Knows nothing of comments; a file that exists is edited in place.
//!
//! # Source
//!
//! go.yaml.in/yaml v2.4.3 and v3.0.4, `encode.go` and `emitterc.go`.

mod key_order;
mod looks_typed;
mod scalar;
mod writer;

use std::sync::Arc;

use super::{MASK, Node, Number, Table, Value};
pub(crate) use scalar::Scalar;
pub use scalar::{Slot, to_yaml_scalar};
pub(super) use scalar::{double_quoted, single_quoted};
pub(crate) use writer::{Sink, Writer};

/// Which of Go's two emitters to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmitStyle {
    /// go-yaml v2 behind sigs.k8s.io/yaml: Helm's `toYaml`, `Chart.yaml`, `Chart.lock`,
    /// `index.yaml`, `helm show`.
    ///
    /// Lists start in the column of their key, long lines are folded at column 80, numbers are
    /// those of JSON.
    V2,
    /// go-yaml v3: Helm's `toYamlPretty` (indent 2) and SOPS (indent 4).
    ///
    /// Lists are indented, lines are not folded, floats have an exponent from 1e+06 up.
    V3 {
        /// Spaces per level, 2 to 9; as in Go, 0 counts as 4 and any other number as 2.
        indent: u8,
    },
}

impl EmitStyle {
    /// Spaces per level.
    pub(crate) fn indent(self) -> usize {
        match self {
            Self::V3 { indent: 0 } => 4,
            Self::V3 {
                indent: indent @ 2..=9,
            } => usize::from(indent),
            Self::V2 | Self::V3 { .. } => 2,
        }
    }

    /// The column after which a blank becomes a line break.
    fn width(self) -> usize {
        match self {
            Self::V2 => 80,
            Self::V3 { .. } => usize::MAX,
        }
    }
}

/// The value in YAML, with a final line break.
///
/// # Shape
///
/// Keys in Go's natural order (`a2` before `a10`); numbers as Helm [views](Number::view) them.
/// Helm's `toYaml` and `toYamlPretty` take the final line break away.
///
/// DIFFERENCE: Go loses data in these cases, and here the value comes back when the text is read:
/// - A key `<<`: Go writes a merge key.
/// - `EmitStyle::V2` and a string with U+007F, U+0080 to U+009F, U+FFFE or U+FFFF, or a key of more
///   than 1024 bytes: Go fails (`toYaml` prints nothing); U+0085 becomes a blank.
/// - `EmitStyle::V3` and a text of several lines that starts with a tab: Go cannot read what it
///   writes.
/// - `EmitStyle::V3` with an indent other than 2 and a text of several lines that starts with a
///   blank, inside a list: Go states an indentation that is not the one it writes.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{EmitStyle, from_json, to_yaml};
///
/// let node = from_json(r#"{"a10": "yes", "a2": [1, "x: y"]}"#, None).unwrap();
/// assert_eq!(to_yaml(&node.value, EmitStyle::V2), "a2:\n- 1\n- 'x: y'\na10: \"yes\"\n");
/// assert_eq!(
///     to_yaml(&node.value, EmitStyle::V3 { indent: 4 }),
///     "a2:\n    - 1\n    - 'x: y'\na10: \"yes\"\n"
/// );
/// ```
///
/// # Source
///
/// sigs.k8s.io/yaml v1.6.0, `Marshal`; go.yaml.in/yaml v3.0.4, `Encoder.Encode`.
#[must_use]
pub fn to_yaml(value: &Value, style: EmitStyle) -> String {
    let mut emitter = Emitter {
        writer: Writer::new(0),
        style,
    };
    emitter.value(value, Level::Root, None);
    emitter.writer.indent(0);
    emitter.writer.finish()
}

/// Where in its parent a value stands; it decides how far the value's own lines are indented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Key,
    Member,
}

struct Emitter {
    writer: Writer,
    style: EmitStyle,
}

impl Emitter {
    /// `outer` is the column of the collection that the value is in; nothing for the root.
    fn value(&mut self, value: &Value, level: Level, outer: Option<usize>) {
        match value {
            Value::Null => self.writer.plain("null"),
            Value::Bool(bool) => self.writer.plain(if *bool { "true" } else { "false" }),
            Value::Number(number) => self.writer.plain(&number_text(*number, self.style)),
            Value::String(text) => self.text(&Scalar::new(text, self.style), level, outer),
            Value::Secret(_) => self.text(&Scalar::new(MASK, self.style), level, outer),
            Value::List(items) if items.is_empty() => self.writer.plain("[]"),
            Value::Table(table) if table.is_empty() => self.writer.plain("{}"),
            Value::List(items) => self.list(items, level, outer),
            Value::Table(table) => self.table(table, level, outer),
        }
    }

    fn text(&mut self, scalar: &Scalar<'_>, level: Level, outer: Option<usize>) {
        let column = match outer {
            None => self.style.indent(),
            Some(outer) => self.inner(level, outer),
        };
        let slot = match level {
            Level::Key => Slot::Key,
            Level::Root | Level::Item | Level::Member => Slot::Block {
                outer: outer.unwrap_or(0),
                inner: column,
            },
        };
        scalar.write(&mut self.writer, slot);
    }

    fn list(&mut self, items: &[Node], level: Level, outer: Option<usize>) {
        let column = match outer {
            None => 0,
            // A list behind `key:` hangs below its key; one behind `- ` or `: ` starts there.
            Some(outer)
                if self.style == EmitStyle::V2
                    && level == Level::Member
                    && !self.writer.in_indentation() =>
            {
                outer
            }
            Some(outer) => self.inner(level, outer),
        };
        for item in items {
            self.writer.indent(column);
            self.writer.block_indicator('-');
            self.value(&item.value, Level::Item, Some(column));
        }
    }

    fn table(&mut self, table: &Table, level: Level, outer: Option<usize>) {
        let column = outer.map_or(0, |outer| self.inner(level, outer));
        let mut members: Vec<(&Arc<str>, &Node)> = table.iter().collect();
        key_order::sort_by_key(&mut members, self.style, |(key, _)| key);
        for (key, node) in members {
            self.writer.indent(column);
            let key = Scalar::new(key, self.style);
            if key.fits_before_colon() {
                self.text(&key, Level::Key, Some(column));
                self.writer.attached(':');
            } else {
                self.writer.block_indicator('?');
                self.text(&key, Level::Member, Some(column));
                self.writer.indent(column);
                self.writer.block_indicator(':');
            }
            self.value(&node.value, Level::Member, Some(column));
        }
    }

    /// The column of what is inside a collection that starts in column `outer`.
    fn inner(&self, level: Level, outer: usize) -> usize {
        let step = self.style.indent();
        match self.style {
            EmitStyle::V2 => outer + step,
            // What stands behind `- ` only clears the dash; all else snaps to the raster.
            EmitStyle::V3 { .. } if level == Level::Item => outer + 2,
            EmitStyle::V3 { .. } => (outer + step) / step * step,
        }
    }
}

/// V2 goes through JSON and reads that as YAML, which makes integers of whole numbers.
fn number_text(number: Number, style: EmitStyle) -> String {
    let json = number.to_string();
    let is_integer = json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok();
    match style {
        EmitStyle::V2 if json == "-0" => "0".to_owned(),
        EmitStyle::V2 if is_integer => json,
        EmitStyle::V2 | EmitStyle::V3 { .. } => number.to_template_text(),
    }
}
