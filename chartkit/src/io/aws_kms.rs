//! Keys of AWS KMS.
//!
//! Decides how a key's ARN, role, context and profile become a request. Credentials, endpoints and
//! retries are the affair of the AWS crates: they read the environment and the shared files that every
//! AWS tool reads.
//!
//! # Source
//!
//! SOPS v3.13.3, `kms/keysource.go`.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::SharedHttpClient;
use aws_sdk_kms::primitives::Blob;
use aws_smithy_http_client::tls;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::secret::Secret;
use crate::sops::{KeyError, KeyService, MasterKey};

/// The longest name of a session, in characters.
const SESSION_NAME_LIMIT: usize = 64;

/// Encrypts and decrypts data keys under keys of AWS KMS.
///
/// # Shape
///
/// The region is that of the key's ARN, whatever the environment says. Credentials come from where the
/// AWS command line has them: variables, shared files, single sign-on, a process, the container or the
/// machine. `AWS_ENDPOINT_URL_KMS` and the other variables of the AWS crates count.
///
/// One client is kept for each region, profile and role, so that many files share connections and
/// credentials. Calls wait for the answer; they may come from any thread, also of an asynchronous
/// program.
///
/// # Examples
///
/// ```
/// use chartkit::io::AwsKmsService;
/// use chartkit::sops::{KeyService, MasterKey};
///
/// let kms = AwsKmsService::new();
/// assert!(kms.decrypt(&MasterKey::age("age1…"), "").is_none()); // nothing is sent
///
/// let keys = MasterKey::parse_kms("arn:aws:s3:::bucket", &Default::default(), "")?;
/// let error = kms.decrypt(&keys[0], "").unwrap().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`arn:aws:s3:::bucket` is no ARN of a KMS key, expected `arn:aws:kms:REGION:ACCOUNT:key/ID` or \
///      `…:alias/NAME`",
/// );
/// # Ok::<(), chartkit::sops::ParseKeyError>(())
/// ```
pub struct AwsKmsService {
    clients: Mutex<HashMap<Access, Arc<OnceCell<Client>>>>,
    /// Started by the first call.
    runtime: std::sync::OnceLock<Result<Runtime, String>>,
    http: std::sync::OnceLock<SharedHttpClient>,
}

/// What a client is made for.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Access {
    region: String,
    profile: String,
    role: String,
}

/// A key of AWS KMS, taken apart.
struct Key<'k> {
    arn: &'k str,
    access: Access,
    context: HashMap<String, String>,
}

impl Default for AwsKmsService {
    fn default() -> Self {
        Self::new()
    }
}

impl AwsKmsService {
    /// Reads nothing and connects to nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            clients: Mutex::default(),
            runtime: std::sync::OnceLock::new(),
            http: std::sync::OnceLock::new(),
        }
    }

    /// Waits for an answer on a thread of its own: the caller's may belong to another runtime, and a
    /// runtime must not wait inside of another one.
    fn wait<T: Send>(
        &self,
        answer: impl Future<Output = Result<T, KeyError>> + Send,
    ) -> Result<T, KeyError> {
        let runtime = self.runtime.get_or_init(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())
        });
        let runtime = runtime
            .as_ref()
            .map_err(|why| KeyError::new(format!("the network cannot be used: {why}")))?;
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| runtime.block_on(answer));
            waiting
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    async fn client(&self, access: &Access) -> Client {
        let cell = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(clients.entry(access.clone()).or_default())
        };
        let make = async || {
            let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
                .http_client(self.http())
                .region(Region::new(access.region.clone()));
            if !access.profile.is_empty() {
                loader = loader.profile_name(&access.profile);
            }
            let config = loader.load().await;
            if access.role.is_empty() {
                return Client::new(&config);
            }
            let role = AssumeRoleProvider::builder(&access.role)
                .session_name(session_name(&gethostname::gethostname().to_string_lossy()))
                .region(Region::new(access.region.clone()))
                .configure(&config)
                .build()
                .await;
            let config = aws_sdk_kms::config::Builder::from(&config)
                .credentials_provider(role)
                .build();
            Client::from_conf(config)
        };
        cell.get_or_init(make).await.clone()
    }

    fn http(&self) -> SharedHttpClient {
        let http = self.http.get_or_init(|| {
            let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
            aws_smithy_http_client::Builder::new()
                .tls_provider(provider)
                .build_https()
        });
        http.clone()
    }

    async fn encrypt_with(&self, key: Key<'_>, data_key: &Secret) -> Result<String, KeyError> {
        let answer = self
            .client(&key.access)
            .await
            .encrypt()
            .key_id(key.arn)
            .plaintext(Blob::new(data_key.expose()))
            .set_encryption_context(Some(key.context))
            .send()
            .await
            .map_err(|error| failed("encrypt", &key.access, &error))?;
        match answer.ciphertext_blob {
            Some(blob) => Ok(STANDARD.encode(blob)),
            None => Err(KeyError::new("AWS KMS gave no ciphertext back")),
        }
    }

    async fn decrypt_with(&self, key: Key<'_>, enc: Vec<u8>) -> Result<Secret, KeyError> {
        let answer = self
            .client(&key.access)
            .await
            .decrypt()
            .key_id(key.arn)
            .ciphertext_blob(Blob::new(enc))
            .set_encryption_context(Some(key.context))
            .send()
            .await
            .map_err(|error| failed("decrypt", &key.access, &error))?;
        match answer.plaintext {
            Some(blob) => Ok(Secret::from(blob.into_inner())),
            None => Err(KeyError::new("AWS KMS gave no plaintext back")),
        }
    }
}

impl KeyService for AwsKmsService {
    fn encrypt(&self, key: &MasterKey, data_key: &Secret) -> Option<Result<String, KeyError>> {
        let key = take_apart(key)?;
        Some(key.and_then(|key| self.wait(self.encrypt_with(key, data_key))))
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Option<Result<Secret, KeyError>> {
        let key = take_apart(key)?;
        Some(key.and_then(|key| {
            // Go's decoder passes over line ends.
            let base64: String = enc.split(['\r', '\n']).collect();
            let enc = STANDARD
                .decode(base64)
                .map_err(|_| KeyError::new("the encrypted data key is no base64"))?;
            self.wait(self.decrypt_with(key, enc))
        }))
    }
}

impl Drop for AwsKmsService {
    fn drop(&mut self) {
        // Waits for nothing, as the service may be dropped inside of another runtime.
        if let Some(Ok(runtime)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for AwsKmsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKmsService").finish_non_exhaustive()
    }
}

/// A key of AWS KMS; nothing for other kinds.
fn take_apart(key: &MasterKey) -> Option<Result<Key<'_>, KeyError>> {
    let MasterKey::Kms {
        arn,
        role,
        context,
        aws_profile,
    } = key
    else {
        return None;
    };
    let Some(region) = region(arn) else {
        return Some(Err(KeyError::new(format!(
            "`{arn}` is no ARN of a KMS key, expected `arn:aws:kms:REGION:ACCOUNT:key/ID` or \
             `…:alias/NAME`"
        ))));
    };
    Some(Ok(Key {
        arn,
        access: Access {
            region: region.to_owned(),
            profile: aws_profile.clone(),
            role: role.clone(),
        },
        context: context.clone().into_iter().collect(),
    }))
}

/// The region in the ARN of a key or alias.
fn region(arn: &str) -> Option<&str> {
    let pattern = Regex::new(r"^arn:aws[0-9A-Za-z_-]*:kms:(.+):[0-9]+:(?:key|alias)/.+$")
        .expect("the pattern is fixed");
    Some(pattern.captures(arn)?.get(1)?.as_str())
}

/// How the session of an assumed role is called: `sops@` and the name of the machine.
///
/// # Source
///
/// SOPS v3.13.3, `kms/keysource.go`, `stsSessionName`. Its class of characters, `a-zA-Z0-9=,.@-_`, has
/// a range from `@` to `_` in it, and no `-`.
fn session_name(host: &str) -> String {
    let kept =
        |c: &char| c.is_ascii_alphanumeric() || "=,.".contains(*c) || ('@'..='_').contains(c);
    "sops@"
        .chars()
        .chain(host.chars().filter(kept))
        .take(SESSION_NAME_LIMIT)
        .collect()
}

fn failed(what: &str, access: &Access, error: &(dyn StdError + 'static)) -> KeyError {
    let mut message = format!("AWS KMS cannot {what} the data key");
    if !access.role.is_empty() {
        message += &format!(" in the role `{}`", access.role);
    }
    KeyError::new(format!("{message}: {}", chain(error)))
}

/// What the layers of the AWS crates say above a cause that says it better.
const NOISE: [&str; 4] = ["service error", "dispatch failure", "io error", "other"];

/// An error of the AWS crates and its causes.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        // Some say again what their cause says.
        if !words.iter().any(|said| said.contains(&text)) && !NOISE.contains(&&*text) {
            words.push(text);
        }
        next = error.source();
    }
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for (arn, want) in [
            (
                "arn:aws:kms:eu-west-1:111122223333:key/1234",
                Some("eu-west-1"),
            ),
            (
                "arn:aws-us-gov:kms:us-gov-west-1:1:alias/a/b",
                Some("us-gov-west-1"),
            ),
            ("arn:aws_x-Y0:kms:r:1:key/k", Some("r")),
            ("arn:aws:kms:eu-west-1:111122223333:key/", None),
            ("arn:aws:kms:eu-west-1:x:key/1234", None),
            ("arn:aws:kms::1:key/1234", None),
            ("arn:aws:iam:eu-west-1:1:key/1234", None),
            (" arn:aws:kms:eu-west-1:1:key/1234", None),
            ("", None),
        ] {
            assert_eq!(region(arn), want, "{arn}");
        }
    }

    #[test]
    fn session_names() {
        for (host, want) in [
            ("build7.example.com", "sops@build7.example.com"),
            ("my-host_1", "sops@myhost_1"),
            ("a b+ä^[\\]", "sops@ab^[\\]"),
            ("", "sops@"),
        ] {
            assert_eq!(session_name(host), want);
        }
        assert_eq!(session_name(&"x".repeat(70)).len(), 64);
    }
}
