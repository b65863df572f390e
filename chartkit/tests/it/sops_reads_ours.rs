//! Real SOPS, where it is on the PATH, opens what our keys close: every kind of age key, and groups.

use std::path::Path;
use std::process::Command;

use chartkit::sops::{
    AgeService, DataKey, EncryptOptions, Format, KeyGroup, MasterKey, Moment, PlainFile, Selection,
    Settings, StoreOptions, encrypt, wrap,
};
use chartkit::source::Sources;

const PLAIN: &str = "password: hunter2\n";
const NOW: &str = "2026-01-02T03:04:05Z";

fn key_path(name: &str) -> String {
    let path = crate::fixtures().join("age/keys").join(name);
    path.to_str().unwrap().to_owned()
}

fn last_line(name: &str) -> String {
    let text = crate::fixture(&format!("age/keys/{name}"));
    text.trim_end().lines().last().unwrap().to_owned()
}

fn recipient(name: &str) -> MasterKey {
    let recipient = match name {
        "x25519" => "age1j6yxfghjd3fux27vkxyuu34t7vq0dae29tcms63s7q3q0r9eheksjafau9".to_owned(),
        _ => last_line(&format!("{name}.pub")),
    };
    MasterKey::parse_age(&recipient).unwrap().remove(0)
}

fn closed(groups: &[KeyGroup], threshold: usize) -> Vec<u8> {
    let mut next = 0_u8;
    let mut random = |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(101);
            *byte = next;
        }
    };
    let data_key = DataKey::generate(&mut random);
    let service = AgeService::new();
    let wrapped = wrap(&data_key, groups, threshold, &[&service], &mut random, NOW).unwrap();
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
        now: NOW.parse().unwrap(),
        random: &mut random,
    };
    encrypt(&plain, &data_key, wrapped.groups, &options, &mut moment).unwrap()
}

/// What SOPS reads with these keys, or how it fails.
fn sops(folder: &Path, names: &[&str]) -> Option<Result<String, i32>> {
    let mut command = Command::new("sops");
    command
        .args(["decrypt", "file.yaml"])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent");
    let mut identities = String::new();
    for name in names {
        match *name {
            "x25519" | "hybrid" => identities += &format!("{} ", last_line(&format!("{name}.txt"))),
            ssh => _ = command.env("SOPS_AGE_SSH_PRIVATE_KEY_FILE", key_path(ssh)),
        }
    }
    let output = command.env("SOPS_AGE_KEY", identities).output().ok()?;
    Some(match output.status.code() {
        Some(0) => Ok(String::from_utf8(output.stdout).unwrap()),
        code => Err(code.unwrap_or(-1)),
    })
}

#[test]
fn every_kind_of_key() {
    let kinds = ["x25519", "hybrid", "ssh_ed25519", "ssh_rsa"];
    let folder = tempfile::tempdir().unwrap();
    let put = |bytes: Vec<u8>| std::fs::write(folder.path().join("file.yaml"), bytes).unwrap();
    for kind in kinds {
        put(closed(&[vec![recipient(kind)]], 0));
        for with in kinds {
            let Some(read) = sops(folder.path(), &[with]) else {
                println!("skipped: no sops on the PATH");
                return;
            };
            let want = if kind == with {
                Ok(PLAIN.to_owned())
            } else {
                Err(128)
            };
            assert_eq!(read, want, "{kind} with {with}");
        }
    }

    put(closed(&[kinds.map(recipient).to_vec()], 0));
    for with in kinds {
        assert_eq!(sops(folder.path(), &[with]), Some(Ok(PLAIN.to_owned())));
    }

    let groups: Vec<_> = kinds.iter().map(|kind| vec![recipient(kind)]).collect();
    put(closed(&groups, 2));
    let with = |names: &[&str]| sops(folder.path(), names).unwrap();
    assert_eq!(with(&["x25519", "ssh_rsa"]), Ok(PLAIN.to_owned()));
    assert_eq!(with(&["hybrid", "ssh_ed25519"]), Ok(PLAIN.to_owned()));
    assert_eq!(with(&["x25519", "hybrid", "ssh_rsa"]), Ok(PLAIN.to_owned()));
    assert_eq!(with(&["hybrid"]), Err(128));
}
