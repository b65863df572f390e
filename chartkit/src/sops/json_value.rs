//! A value from the command line.

use std::fmt;

use crate::sops::tree::{entries, forget_places};
use crate::sops::{Format, Secret, Value, store};
use crate::source::Sources;

impl Value {
    /// The value that `set` takes: JSON, but no list.
    ///
    /// # Shape
    ///
    /// A number that stands alone is a float, whatever it looks like; inside of an object whole numbers
    /// are integers.
    ///
    /// # Errors
    ///
    /// What is no JSON, a list, and what SOPS cannot hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use chartkit::sops::{Secret, Value};
    ///
    /// assert!(Value::from_json(&Secret::from("5"))? == Value::Float(5.0));
    /// assert!(Value::from_json(&Secret::from(r#""5""#))? == Value::string("5"));
    ///
    /// let error = Value::from_json(&Secret::from("hunter2")).map(drop).unwrap_err();
    /// assert_eq!(error.to_string(), "the value is not JSON: expected value at line 1 column 1");
    /// # Ok::<(), chartkit::sops::JsonValueError>(())
    /// ```
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/main.go`, `jsonValueToTreeInsertableValue`.
    pub fn from_json(text: &Secret) -> Result<Self, JsonValueError> {
        let not_json =
            |error: serde_json::Error| JsonValueError(format!("the value is not JSON: {error}"));
        serde_json::from_slice::<serde::de::IgnoredAny>(text.expose()).map_err(not_json)?;
        let trimmed = text.expose().trim_ascii();
        if trimmed.first() == Some(&b'[') {
            return Err(JsonValueError(
                "found a list, which cannot be set as a whole, expected a scalar or an object"
                    .to_owned(),
            ));
        }
        let is_object = trimmed.first() == Some(&b'{');
        let mut file = Secret::default();
        if !is_object {
            file.push(b"{\"value\":");
        }
        file.push(trimmed);
        if !is_object {
            file.push(b"}");
        }
        let mut sources = Sources::new();
        let id = sources.add("value", file.expose());
        let branches = store::load_plain(Format::Json, &sources, id)
            .map_err(|error| JsonValueError(error.to_string()))?;
        let mut branch = branches.into_iter().next().unwrap_or_default();
        forget_places(std::slice::from_mut(&mut branch));
        if is_object {
            return Ok(Self::Branch(branch));
        }
        let value = entries(&branch)
            .next()
            .map(|entry| entry.value.value.clone());
        Ok(match value {
            #[expect(
                clippy::cast_precision_loss,
                reason = "as SOPS reads a number that stands alone"
            )]
            Some(Self::Int(int)) => Self::Float(int as f64),
            Some(value) => value,
            None => Self::Null,
        })
    }
}

/// A text that `set` cannot take for a value; never holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonValueError(String);

impl fmt::Display for JsonValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JsonValueError {}
