//! `chartkit secrets status`

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chartkit::diagnostic::Diagnostic;
use chartkit::io;
use chartkit::sops::{EncryptedFile, Format, LoadErrorKind};
use serde_json::{Value, json};

use super::{Outcome, Session, files};
use crate::args::Format as Look;
use crate::args::secrets::Status as Arguments;
use crate::commands::{print, print_json};
use crate::failure::{Exit, Failure};

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let found = files::find(&args.files)?;
    // One file that was named is one object, as from `filestatus`.
    let is_single = matches!(&args.files[..], [path] if !Path::new(path).is_dir());
    let input_type = args.input_type.as_deref();
    let (reports, failed) = if let ([path], true) = (&found[..], is_single) {
        (vec![report(path, input_type, session)?], None)
    } else {
        let outcomes = files::each(found, session, |path, session| {
            report(path, input_type, session)
        });
        let reports = outcomes.done.into_iter().filter_map(|(_, report)| report);
        (reports.collect(), outcomes.failed)
    };
    match (session.context.format, &reports[..]) {
        (Look::Human, reports) => print(reports.iter().map(Report::to_text).collect::<String>())?,
        (Look::Json, [report]) if is_single => print_json(&report.to_json())?,
        (Look::Json, reports) => print_json(&reports.iter().map(Report::to_json).collect())?,
    };
    Ok(failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// What can be said about a file without a key.
struct Report {
    path: String,
    format: Format,
    file: Option<EncryptedFile>,
}

fn report(
    path: &Path,
    input_type: Option<&str>,
    session: &mut Session<'_>,
) -> Result<Report, Box<Failure>> {
    let name = path.display().to_string();
    let format = session.format(input_type, &name);
    let bytes = io::read_file(path)?;
    let id = session.add(&name, Arc::clone(&bytes));
    let file = match EncryptedFile::load(format, &mut session.context.sources, id) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == LoadErrorKind::MetadataNotFound => None,
        // A text that has no metadata because it has not even the format.
        Err(error) if format == Format::Binary && error.kind() == LoadErrorKind::Syntax => None,
        Err(error) => {
            let failure = Failure::new(Exit::Input, Diagnostic::from(&error));
            return Err(session.named(id, failure));
        }
    };
    Ok(Report {
        path: name,
        format,
        file,
    })
}

impl Report {
    fn to_json(&self) -> Value {
        let mut json = json!({
            "file": self.path,
            "format": self.format.as_str(),
            "encrypted": self.file.is_some(),
        });
        let Some(file) = &self.file else {
            return json;
        };
        let metadata = file.metadata();
        let groups = metadata.key_groups().iter().map(|group| {
            let keys = group.iter().map(|key| {
                json!({
                    "type": key.master_key.key_type().as_str(),
                    "key": key.master_key.to_string(),
                    "created": key.created_at,
                })
            });
            keys.collect::<Vec<_>>()
        });
        // Without a MAC anybody may have changed it.
        json["hasMac"] = json!(!metadata.mac().is_empty());
        json["version"] = json!(metadata.version());
        json["lastModified"] = json!(metadata.last_modified().to_string());
        json["groups"] = groups.collect();
        json["shamirThreshold"] = json!(metadata.shamir_threshold());
        json["macOnlyEncrypted"] = json!(metadata.mac_only_encrypted());
        if let Ok(selection) = metadata.selection() {
            json["selection"] = json!({ selection.rule().as_str(): selection.pattern() });
        }
        json
    }

    fn to_text(&self) -> String {
        let Some(file) = &self.file else {
            return format!("{}: not encrypted\n", self.path);
        };
        let metadata = file.metadata();
        let state = if metadata.mac().is_empty() {
            "encrypted, but without a MAC"
        } else {
            "encrypted"
        };
        let mut text = format!("{}: {state}\n", self.path);
        text += &format!(
            "  {} by SOPS {}, last changed {}\n",
            self.format,
            metadata.version(),
            metadata.last_modified()
        );
        if let Ok(selection) = metadata.selection() {
            let mac = if metadata.mac_only_encrypted() {
                ", mac_only_encrypted"
            } else {
                ""
            };
            text += &format!("  {}: {}{mac}\n", selection.rule(), selection.pattern());
        }
        let groups = metadata.key_groups();
        for (index, group) in groups.iter().enumerate() {
            if groups.len() > 1 {
                text += &format!("  group {index}\n");
            }
            for key in group {
                let key = &key.master_key;
                text += &format!("  {} {key}\n", key.key_type());
            }
        }
        if groups.len() > 1 {
            text += &format!("  {} groups are needed\n", metadata.shamir_threshold());
        }
        text
    }
}
