//! AWS KMS against `moto_server` (`pip install 'moto[server]'`), an emulator that runs on this machine;
//! and against a real `sops` when there is one. Without `moto_server` on the PATH nothing is tested, and
//! the test says so.
#![allow(clippy::print_stderr, reason = "a test that skips says so")]
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use chartkit::io::AwsKmsService;
use chartkit::sops::{
    CachingKeyService, DataKey, DecryptOptions, EncryptOptions, EncryptedFile, Format, KeyService,
    KeyType, MasterKey, Moment, PlainFile, Secret, Selection, Settings, StoreOptions, encrypt,
    open, retrieve, wrap,
};
use chartkit::source::Sources;
use chartkit::time::Timestamp;

const PLAIN: &str = "password: hunter2\n";

/// Where the child finds the keys that its parent made.
const KEY_VARIABLE: &str = "CHARTKIT_TEST_KMS_KEY";
const ALIAS_VARIABLE: &str = "CHARTKIT_TEST_KMS_ALIAS";

/// The emulator, until it is dropped.
struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    fn start() -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let moto = Self { child, port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(moto);
            }
            sleep(Duration::from_millis(100));
        }
        panic!("moto_server does not listen after a minute");
    }

    /// Asks the emulator for something that the library never does, such as making a key.
    fn ask(&self, action: &str, body: &str) -> serde_json::Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "POST / HTTP/1.0\r\n\
             Host: kms.eu-west-1.amazonaws.com\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=testing/20260101/eu-west-1/kms/aws4_request\r\n\
             Content-Type: application/x-amz-json-1.1\r\n\
             X-Amz-Target: TrentService.{action}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap_or_default()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn with_an_emulator() {
    let Some(moto) = Moto::start() else {
        eprintln!("no moto_server on the PATH (pip install 'moto[server]'): KMS is not tested");
        return;
    };
    let key = moto.ask("CreateKey", "{}");
    let key = key["KeyMetadata"]["Arn"].as_str().unwrap();
    let alias = format!(
        r#"{{"AliasName": "alias/chartkit", "TargetKeyId": "{}"}}"#,
        key.rsplit_once('/').unwrap().1
    );
    moto.ask("CreateAlias", &alias);
    let alias = format!("{}:alias/chartkit", key.rsplit_once(':').unwrap().0);

    // The environment of a process cannot be changed safely while it runs, so the tests go on in a
    // child that has nothing else in its environment.
    let everywhere = format!("http://127.0.0.1:{}", moto.port);
    let nowhere = "http://127.0.0.1:1";
    for (test, endpoint, kms_endpoint) in [
        ("in_the_emulator", &*everywhere, None),
        ("endpoint_of_kms_only", nowhere, Some(&*everywhere)),
    ] {
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent")
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            // That of the ARN counts.
            .env("AWS_REGION", "us-east-2")
            .env(KEY_VARIABLE, key)
            .env(ALIAS_VARIABLE, &alias);
        if let Some(endpoint) = kms_endpoint {
            child.env("AWS_ENDPOINT_URL_KMS", endpoint);
        }
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}{errors}"
        );
    }
}

fn kms_key(arn: &str, role: &str, context: &str) -> MasterKey {
    MasterKey::Kms {
        arn: arn.to_owned(),
        role: role.to_owned(),
        context: MasterKey::parse_kms_context(context).unwrap(),
        aws_profile: String::new(),
    }
}

fn data_key() -> DataKey {
    DataKey::from(*b"This key is public, for 32 bytes")
}

fn zeros(bytes: &mut [u8]) {
    bytes.fill(0);
}

#[test]
#[ignore = "run by `with_an_emulator`, with its environment"]
fn in_the_emulator() {
    let (key, alias) = (
        env::var(KEY_VARIABLE).unwrap(),
        env::var(ALIAS_VARIABLE).unwrap(),
    );
    let role = "arn:aws:iam::123456789012:role/chartkit";
    let keys = [
        kms_key(&key, "", ""),
        kms_key(&alias, "", ""),
        kms_key(&key, "", "app:shop,stage:qa"),
        kms_key(&key, role, "app:shop"),
    ];
    let service = AwsKmsService::new();
    for key in &keys {
        both_ways(&service, key);
        with_sops(&service, key);
    }
    shares(&service, &keys);
    refused(&service, &key);
    from_many_threads(&key);
}

fn both_ways(service: &AwsKmsService, key: &MasterKey) {
    let groups = [vec![key.clone()]];
    let wrapped = wrap(&data_key(), &groups, 0, &[service], &mut zeros, "now").unwrap();
    let entry = &wrapped.groups[0][0];
    assert_eq!(entry.created_at.as_deref(), Some("now"));
    let opened = retrieve(&wrapped.groups, 0, &[service], &KeyType::DEFAULT_ORDER).unwrap();
    assert_eq!(opened.expose(), data_key().expose());
    // SOPS's own reader takes base64 with line ends in it.
    let (start, end) = entry.enc.split_at(20);
    let opened = service.decrypt(key, &format!("{start}\n{end}\n")).unwrap();
    assert_eq!(opened.unwrap().expose(), data_key().expose());
}

fn shares(service: &AwsKmsService, keys: &[MasterKey]) {
    let groups: Vec<_> = keys.iter().map(|key| vec![key.clone()]).collect();
    let mut next = 0_u8;
    let mut random = |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_add(101);
            *byte = next;
        }
    };
    let wrapped = wrap(&data_key(), &groups, 2, &[service], &mut random, "now").unwrap();
    let opened = retrieve(&wrapped.groups, 2, &[service], &[]).unwrap();
    assert_eq!(opened.expose(), data_key().expose());
}

fn refused(service: &AwsKmsService, arn: &str) {
    let enc = service
        .encrypt(&kms_key(arn, "", "app:shop"), &Secret::from("data key"))
        .unwrap()
        .unwrap();
    for context in ["", "app:other", "app:shop,stage:qa"] {
        let error = service.decrypt(&kms_key(arn, "", context), &enc).unwrap();
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("AWS KMS cannot decrypt the data key: InvalidCiphertextException"),
            "{error}"
        );
    }
    let missing = format!("{}/unknown", arn.rsplit_once('/').unwrap().0);
    let missing = kms_key(&missing, "arn:aws:iam::123456789012:role/chartkit", "");
    let error = service
        .encrypt(&missing, &Secret::from("data key"))
        .unwrap();
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "AWS KMS cannot encrypt the data key in the role \
             `arn:aws:iam::123456789012:role/chartkit`: NotFoundException: "
        ),
        "{error}"
    );
    let error = service
        .decrypt(&kms_key(arn, "", ""), "no base64!")
        .unwrap();
    assert_eq!(
        error.unwrap_err().to_string(),
        "the encrypted data key is no base64"
    );
}

/// The service is asked by many files at once, and from within another runtime.
fn from_many_threads(arn: &str) {
    let key = kms_key(arn, "", "");
    let service = CachingKeyService::new(AwsKmsService::new());
    let enc = service
        .encrypt(&key, &Secret::from("data key"))
        .unwrap()
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let opened = service.decrypt(&key, &enc).unwrap().unwrap();
                assert_eq!(opened.as_str(), Some("data key"));
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let service = AwsKmsService::new();
        let opened = service.decrypt(&key, &enc).unwrap().unwrap();
        assert_eq!(opened.as_str(), Some("data key"));
    });
}

/// What we write SOPS reads, and the other way round.
fn with_sops(service: &AwsKmsService, key: &MasterKey) {
    let folder = tempfile::tempdir().unwrap();
    let sops = |arguments: &[&str]| {
        let mut command = Command::new("sops");
        command.current_dir(folder.path()).args(arguments).output()
    };
    if sops(&["--version", "--disable-version-check"]).is_err() {
        eprintln!("no sops on the PATH: KMS is not tested with it");
        return;
    }
    let MasterKey::Kms {
        arn, role, context, ..
    } = key
    else {
        panic!("expected a KMS key");
    };
    let arns = if role.is_empty() {
        arn.clone()
    } else {
        format!("{arn}+{role}")
    };
    let context: Vec<_> = context.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    let context = context.join(",");
    fs::write(folder.path().join("plain.yaml"), PLAIN).unwrap();
    let mut arguments = vec!["encrypt", "--kms", &arns];
    if !context.is_empty() {
        arguments.extend(["--encryption-context", &*context]);
    }
    arguments.push("plain.yaml");
    let output = sops(&arguments).unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(read(service, &output.stdout), PLAIN);

    fs::write(folder.path().join("ours.yaml"), written(service, key)).unwrap();
    let output = sops(&["decrypt", "ours.yaml"]).unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), PLAIN);
}

fn read(service: &AwsKmsService, encrypted: &[u8]) -> String {
    let mut sources = Sources::new();
    let file = sources.add("theirs.yaml", encrypted);
    let file = EncryptedFile::load(Format::Yaml, &mut sources, file).unwrap();
    let options = DecryptOptions::default();
    let (_, plain) = open(&file, &[service], &KeyType::DEFAULT_ORDER, &options).unwrap();
    let text = plain.to_text(Format::Yaml, &StoreOptions::default());
    text.unwrap().as_str().unwrap().to_owned()
}

fn written(service: &AwsKmsService, key: &MasterKey) -> Vec<u8> {
    let groups = [vec![key.clone()]];
    let mut random = zeros;
    let now = "2026-01-02T03:04:05Z";
    let wrapped = wrap(&data_key(), &groups, 0, &[service], &mut random, now).unwrap();
    let mut sources = Sources::new();
    let file = sources.add("plain.yaml", PLAIN.as_bytes());
    let plain = PlainFile::load(Format::Yaml, &mut sources, file).unwrap();
    let options = EncryptOptions {
        settings: Settings {
            selection: Selection::default(),
            mac_only_encrypted: false,
            shamir_threshold: wrapped.shamir_threshold,
        },
        format: Format::Yaml,
        store: StoreOptions::default(),
    };
    let mut moment = Moment {
        now: now.parse::<Timestamp>().unwrap(),
        random: &mut random,
    };
    encrypt(&plain, &data_key(), wrapped.groups, &options, &mut moment).unwrap()
}

#[test]
#[ignore = "run by `with_an_emulator`, with its environment"]
fn endpoint_of_kms_only() {
    let key = env::var(KEY_VARIABLE).unwrap();
    both_ways(&AwsKmsService::new(), &kms_key(&key, "", ""));
}
