//! What identities may ask of a person. The library itself never prompts.

use crate::sops::Secret;

/// Answers what a passphrase-protected identity or a plugin asks.
///
/// Called from whatever thread needs the answer, for one identity at a time.
///
/// # Examples
///
/// ```
/// use chartkit::sops::{Interaction, Secret};
///
/// struct Fixed;
///
/// impl Interaction for Fixed {
///     fn passphrase(&self, description: &str) -> Option<Secret> {
///         assert_eq!(description, "passphrase for `keys.age`");
///         Some(Secret::from("correct horse"))
///     }
/// }
/// ```
pub trait Interaction: Send + Sync {
    /// A passphrase, or another text that is not shown while it is typed; nothing when it cannot be
    /// asked for.
    fn passphrase(&self, description: &str) -> Option<Secret>;

    /// Shows a message of a plugin, such as "touch the token".
    fn message(&self, _message: &str) {}

    /// Whether the answer to a plugin's question is `yes`; nothing when it cannot be asked.
    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    /// A text that may be shown; nothing when it cannot be asked for.
    fn public_text(&self, _description: &str) -> Option<String> {
        None
    }
}

/// Answers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInteraction;

impl Interaction for NoInteraction {
    fn passphrase(&self, _: &str) -> Option<Secret> {
        None
    }
}

/// What a plugin asks, passed on.
#[cfg(feature = "fs")]
#[derive(Clone)]
pub(crate) struct AgeCallbacks(pub(crate) std::sync::Arc<dyn Interaction>);

#[cfg(feature = "fs")]
impl age::Callbacks for AgeCallbacks {
    fn display_message(&self, message: &str) {
        self.0.message(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.public_text(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<age::secrecy::SecretString> {
        let answer = self.0.passphrase(description)?;
        answer.as_str().map(age::secrecy::SecretString::from)
    }
}
