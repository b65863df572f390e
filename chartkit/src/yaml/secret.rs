//! Scalars that are shown as a mask.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize as _;

use super::{Number, Value};

/// What stands for a secret that is not shown.
pub const MASK: &str = "<secret>";

/// A scalar out of an encrypted file.
///
/// Goes through merging like any other scalar, and is printed as [`MASK`] in every format. To use what
/// it holds, call [`SecretScalar::reveal`] or [`Values::reveal`](crate::values::Values::reveal), or
/// decode the values into a type of your own. Wiped when the last copy is dropped.
///
/// # Examples
///
/// ```
/// use chartkit::yaml::{EmitStyle, SecretScalar, Value, to_yaml};
///
/// let password = Value::Secret(SecretScalar::text("hunter2"));
/// assert_eq!(to_yaml(&password, EmitStyle::V2), "<secret>\n");
/// assert_eq!(format!("{password:?}"), "Secret(<secret>)");
/// assert_eq!(password.revealed().as_str(), Some("hunter2"));
/// ```
#[derive(Clone)]
pub struct SecretScalar(Arc<Wiped>);

/// Never holds anything but a boolean, a number or a string.
struct Wiped(Value);

impl SecretScalar {
    /// A secret boolean.
    #[must_use]
    pub fn bool(value: bool) -> Self {
        Self(Arc::new(Wiped(Value::Bool(value))))
    }

    /// A secret number.
    #[must_use]
    pub fn number(value: Number) -> Self {
        Self(Arc::new(Wiped(Value::Number(value))))
    }

    /// A secret text.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self(Arc::new(Wiped(Value::String(Arc::from(value)))))
    }

    /// The plain boolean, number or string.
    #[must_use]
    pub fn reveal(&self) -> &Value {
        &self.0.0
    }
}

impl PartialEq for SecretScalar {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        match &mut self.0 {
            // A copy that someone else revealed is theirs to wipe.
            Value::String(text) => {
                if let Some(text) = Arc::get_mut(text) {
                    text.zeroize();
                }
            }
            other => *other = Value::Null,
        }
    }
}
