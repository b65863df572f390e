//! Encrypts and decrypts what it is asked to, a JSON object a line: the other side of
//! `fixtures/record/sops-files`, which asks SOPS the same.
//!
//! Every request has `op`, `format`, `identity` (one age identity) and texts in base64. The answer is
//! `{"text": …}` or `{"error": …}`.
#![allow(clippy::disallowed_methods, reason = "a program, not the library")]
#![allow(clippy::print_stdout, reason = "answers go there")]

use std::fs::File;
use std::io::{BufRead as _, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chartkit::sops::{
    self, AgeService, DataKey, DecryptOptions, DecryptedFile, EncryptOptions, EncryptedFile,
    Format, IdentityLayout, KeyType, MasterKey, Moment, PlainFile, Secret, Selection,
    SelectionRule, Settings, StoreOptions, TreePath, Value, WrappedDataKey,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Request {
    op: String,
    format: String,
    identity: String,
    text: String,
    /// The new plaintext, to edit; the new string, to set.
    new: String,
    path: String,
    rule: String,
    pattern: String,
    mac_only_encrypted: bool,
    /// Age recipients.
    groups: Vec<Vec<String>>,
    threshold: usize,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            op: String::new(),
            format: "yaml".to_owned(),
            identity: String::new(),
            text: String::new(),
            new: String::new(),
            path: String::new(),
            rule: String::new(),
            pattern: String::new(),
            mac_only_encrypted: false,
            groups: Vec::new(),
            threshold: 0,
        }
    }
}

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

/// What a request works with.
struct Session {
    format: Format,
    sources: Sources,
    service: AgeService,
    system: File,
}

impl Session {
    fn new(request: &Request) -> Answer<Self> {
        let mut service = AgeService::new();
        let identity = Secret::from(request.identity.as_str());
        service.add_identities("request", &identity, IdentityLayout::Lines)?;
        Ok(Self {
            format: request.format.parse()?,
            sources: Sources::new(),
            service,
            system: File::open("/dev/urandom")?,
        })
    }

    fn plain(&mut self, text: &str) -> Answer<PlainFile> {
        let file = self.sources.add("plain", BASE64.decode(text)?);
        Ok(PlainFile::load(self.format, &mut self.sources, file)?)
    }

    fn encrypted(&mut self, text: &str) -> Answer<EncryptedFile> {
        let file = self.sources.add("encrypted", BASE64.decode(text)?);
        Ok(EncryptedFile::load(self.format, &mut self.sources, file)?)
    }

    fn open(&self, file: &EncryptedFile) -> Answer<(DataKey, DecryptedFile)> {
        let order = &KeyType::DEFAULT_ORDER;
        let options = DecryptOptions::default();
        Ok(sops::open(file, &[&self.service], order, &options)?)
    }

    fn with_moment<T>(&mut self, act: impl FnOnce(&AgeService, &mut Moment<'_>) -> T) -> T {
        let system = &mut self.system;
        let mut random = |bytes: &mut [u8]| system.read_exact(bytes).expect("the system has some");
        let now = std::time::UNIX_EPOCH.elapsed().expect("it is after 1970");
        let seconds = i64::try_from(now.as_secs()).expect("it is before the year 292277026596");
        let mut moment = Moment {
            now: Timestamp::from_unix(seconds, 0),
            random: &mut random,
        };
        act(&self.service, &mut moment)
    }
}

/// A new data key for the recipients.
fn wrapped(
    groups: &[Vec<String>],
    threshold: usize,
    service: &AgeService,
    moment: &mut Moment<'_>,
) -> Answer<(DataKey, WrappedDataKey)> {
    let key = DataKey::generate(moment.random);
    let groups: Vec<Vec<MasterKey>> = (groups.iter())
        .map(|group| {
            group
                .iter()
                .map(|one| MasterKey::age(one.as_str()))
                .collect()
        })
        .collect();
    let at = moment.now.to_string();
    let wrapped = sops::wrap(&key, &groups, threshold, &[service], moment.random, &at)?;
    Ok((key, wrapped))
}

fn encrypt(request: &Request, session: &mut Session) -> Answer<Vec<u8>> {
    let rule = SelectionRule::ALL
        .into_iter()
        .find(|rule| rule.as_str() == request.rule);
    let selection = match rule {
        Some(rule) => Selection::new(rule, request.pattern.as_str())?,
        None => Selection::default(),
    };
    let plain = session.plain(&request.text)?;
    let format = session.format;
    session.with_moment(|service, moment| {
        let (key, wrapped) = wrapped(&request.groups, request.threshold, service, moment)?;
        let options = EncryptOptions {
            settings: Settings {
                selection,
                mac_only_encrypted: request.mac_only_encrypted,
                shamir_threshold: wrapped.shamir_threshold,
            },
            format,
            store: StoreOptions::default(),
        };
        Ok(sops::encrypt(
            &plain,
            &key,
            wrapped.groups,
            &options,
            moment,
        )?)
    })
}

fn answer(request: &Request) -> Answer<Vec<u8>> {
    let session = &mut Session::new(request)?;
    if request.op == "encrypt" {
        return encrypt(request, session);
    }
    let file = session.encrypted(&request.text)?;
    let (key, decrypted) = session.open(&file)?;
    let store = StoreOptions::default();
    let same = || Ok(BASE64.decode(&request.text)?);
    match &*request.op {
        "decrypt" => Ok(decrypted.to_text(session.format, &store)?.expose().to_vec()),
        "rotate" => session.with_moment(|service, moment| {
            let (key, wrapped) = wrapped(&request.groups, request.threshold, service, moment)?;
            let groups = wrapped.groups;
            Ok(sops::rotate(
                &file, &decrypted, &key, groups, &store, moment,
            )?)
        }),
        "set" => {
            let path: TreePath = request.path.parse()?;
            let value = Value::string(BASE64.decode(&request.new)?);
            let text = session.with_moment(|_, moment| {
                sops::set(&file, &decrypted, &key, &path, value, &store, moment)
            })?;
            text.map_or_else(same, Ok)
        }
        "edit" => {
            let plain = session.plain(&request.new)?;
            let text = session.with_moment(|_, moment| {
                sops::edit(&file, &decrypted, &key, &plain, &store, moment)
            })?;
            text.map_or_else(same, Ok)
        }
        other => Err(format!("unknown operation `{other}`").into()),
    }
}

fn main() -> Answer<()> {
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let answer = match answer(&request) {
            Ok(text) => json!({"text": BASE64.encode(text)}),
            Err(error) => json!({"error": error.to_string()}),
        };
        println!("{answer}");
    }
    Ok(())
}
