//! The commands in `tests/cmd/*.md` and in all documents say what they are said to say.
//!
//! Every document runs in a folder of its own that looks like the repository's: `fixtures/` is there, and the files
//! of `tests/cmd/inputs`. `TRYCMD=overwrite` writes what the commands say into the documents.
#![allow(clippy::unwrap_used, reason = "a failed test says enough")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

#[test]
fn commands_say_what_documents_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut documents = markdown(&root.join("chartkit-cli/tests/cmd"));
    documents.push(root.join("README.md"));
    documents.extend(markdown(&root.join("docs")));
    documents.extend(markdown(&root.join("docs/formats")));
    documents.retain(|path| fs::read_to_string(path).unwrap().contains("```console"));
    assert!(documents.len() > 4, "{documents:?}");

    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cmd");
    drop(fs::remove_dir_all(&scratch)); // of the last run
    let copies: Vec<_> = (documents.iter().enumerate())
        .map(|(number, document)| {
            let stem = document.file_stem().unwrap().to_string_lossy();
            let copy = scratch.join(format!("{number}-{stem}.md"));
            let folder = copy.with_extension("in");
            for family in ["charts", "keys", "package", "profiles"] {
                let family = Path::new("fixtures").join(family);
                copy_folder(&root.join(&family), &folder.join(&family));
            }
            copy_folder(&root.join("chartkit-cli/tests/cmd/inputs"), &folder);
            fs::copy(document, &copy).unwrap();
            copy
        })
        .collect();

    let outcome = catch_unwind(AssertUnwindSafe(|| {
        trycmd::TestCases::new()
            .register_bins([
                ("cargo", trycmd::schema::Bin::Ignore),
                ("helm", trycmd::schema::Bin::Ignore),
            ])
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .env("CLICOLOR_FORCE", "")
            .env("SOURCE_DATE_EPOCH", "")
            // No keys but those that a command names.
            .env("HOME", "/home/me")
            .env("XDG_CONFIG_HOME", "")
            .env("SOPS_AGE_KEY", "")
            .env("SOPS_CONFIG", "")
            .env("RUST_BACKTRACE", "0")
            .case(scratch.join("*.md"))
            .run();
    }));
    for (document, copy) in documents.iter().zip(&copies) {
        let text = fs::read(copy).unwrap();
        if text != fs::read(document).unwrap() {
            fs::write(document, text).unwrap(); // only with TRYCMD=overwrite
        }
    }
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
