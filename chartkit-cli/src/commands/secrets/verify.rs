//! `chartkit secrets verify`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chartkit::diagnostic::{Code, Diagnostic, Severity};
use chartkit::io;
use chartkit::profile::{self, EffectiveOptions, effective_values};
use chartkit::sops::config::{ConfigErrorKind, rule_path};
use chartkit::sops::{EncryptedFile, Level, VerifyOptions, verify};
use chartkit::values::Values;
use serde_json::json;

use super::{FoundConfig, Outcome, Session, failures, files};
use crate::args::Format as Look;
use crate::args::secrets::{Level as Word, Verify as Arguments};
use crate::commands::{print, print_json};
use crate::failure::{Exit, Failure};

/// What a profile's encrypted file is called: it is verified also when someone forgot to encrypt it.
const SECRETS: &str = "secrets.yaml";

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let is_wanted = |path: &Path| path.file_name().is_some_and(|name| name == SECRETS);
    let found = files::find_with(&args.files, is_wanted).map_err(failures::as_ours)?;
    if found.is_empty() {
        let message = "there is no encrypted file in what was given";
        session
            .context
            .diagnostics
            .push(Diagnostic::warning(Code::NotEncrypted, message));
    }
    let values = values(args, session)?;
    check_configs(args, &found, session)?;
    let outcomes = files::each(found, session, |path, session| {
        one(path, args, values.as_ref(), session)
    });

    let mut failed = outcomes.failed;
    let mut shown = Vec::new();
    let mut text = String::new();
    for (path, count) in &outcomes.done {
        let path = path.display().to_string();
        let Some(count) = count else {
            text += &format!("{path}: cannot be read\n");
            shown.push(json!({ "file": path, "ok": false, "errors": null, "warnings": null }));
            continue;
        };
        let is_ok = count.errors == 0;
        if !is_ok {
            failed = failed.max(Some(Exit::Findings.into()));
        }
        let warnings = counted(count.warnings, "warning");
        text += &match (count.errors, count.warnings) {
            (0, 0) => format!("{path}: in order\n"),
            (0, _) => format!("{path}: in order, {warnings}\n"),
            (errors, 0) => format!("{path}: {}\n", counted(errors, "error")),
            (errors, _) => format!("{path}: {}, {warnings}\n", counted(errors, "error")),
        };
        shown.push(json!({ "file": path, "ok": is_ok, "errors": count.errors, "warnings": count.warnings }));
    }
    match session.context.format {
        Look::Human => print(text)?,
        Look::Json => print_json(&shown.into())?,
    };
    Ok(failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// How many findings a file has.
struct Count {
    errors: usize,
    warnings: usize,
}

fn one(
    path: &Path,
    args: &Arguments,
    values: Option<&Values>,
    session: &mut Session<'_>,
) -> Result<Count, Box<Failure>> {
    let name = path.display().to_string();
    let format = session.format(args.input_type.as_deref(), &name);
    let bytes = io::read_file(path)?;
    let id = session.add(&name, bytes);
    let file = match EncryptedFile::load(format, &mut session.context.sources, id) {
        Ok(file) => file,
        // Not encrypted at all is a finding like others.
        Err(error) => {
            let failure = Failure::new(Exit::Findings, Diagnostic::from(&error));
            let failure = session.named(id, failure);
            session.context.diagnostics.push(failure.diagnostic);
            return Ok(Count {
                errors: 1,
                warnings: 0,
            });
        }
    };
    let older = args
        .older
        .as_ref()
        .map(|older| older_version(older, format, session))
        .transpose()?;
    let found = if args.no_rules {
        None
    } else {
        quiet_config(&name, session)?
    };
    let absolute = session.absolute(&name);
    let rule = found.as_ref().map(|found| {
        found
            .config
            .rule_for(rule_path(&found.directory, &absolute))
    });
    let rule = match rule {
        Some(Err(error)) if error.kind() == ConfigErrorKind::NoMatchingRule => {
            let mut diagnostic = Diagnostic::from(&error);
            diagnostic.severity = Severity::Warning;
            session.context.diagnostics.push(diagnostic);
            None
        }
        rule => rule.transpose()?.flatten(),
    };
    let mut options = VerifyOptions::default();
    options.empty = level(args.empty);
    options.plain_comments = level(args.plain_comments);
    options.rule = rule;
    options.older = older.as_ref();
    options.values = values.and_then(|values| values.value().as_table());
    session.context.diagnostics.extend(verify(&file, &options));
    let of = |severity| {
        let all = session.context.diagnostics.iter();
        all.filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    Ok(Count {
        errors: of(Severity::Error),
        warnings: of(Severity::Warning),
    })
}

fn level(word: Word) -> Level {
    match word {
        Word::Allow => Level::Allow,
        Word::Warn => Level::Warn,
        Word::Deny => Level::Deny,
    }
}

fn older_version(
    path: &Path,
    format: chartkit::sops::Format,
    session: &mut Session<'_>,
) -> Result<EncryptedFile, Box<Failure>> {
    let id = session.add(&path.display().to_string(), io::read_file(path)?);
    EncryptedFile::load(format, &mut session.context.sources, id)
        .map_err(|error| session.named(id, failures::input(&error)))
}

/// The values that the file's are put over.
fn values(args: &Arguments, session: &mut Session<'_>) -> Result<Option<Values>, Box<Failure>> {
    let Some(chart) = &args.chart else {
        return Ok(None);
    };
    let chart = session.context.load(chart, &args.profiles_dir)?;
    let mut options = EffectiveOptions::default();
    options.profile = args.profile.as_deref();
    options.secrets = profile::Secrets::Omit;
    options.process.allow_missing = true;
    let effective = effective_values(
        &chart,
        &options,
        &mut session.context.sources,
        &mut io::read_set_file,
    )?;
    Ok(Some(effective.values))
}

/// The configuration for a file, without what is said about all files that share it.
fn quiet_config(
    name: &str,
    session: &mut Session<'_>,
) -> Result<Option<FoundConfig>, Box<Failure>> {
    let said = session.context.diagnostics.len();
    let found = session.config(Some(name)).map_err(failures::as_ours);
    session.context.diagnostics.truncate(said);
    found
}

/// Says what is odd about the rules, once for each configuration.
fn check_configs(
    args: &Arguments,
    found: &[PathBuf],
    session: &mut Session<'_>,
) -> Result<(), Box<Failure>> {
    if args.no_rules {
        return Ok(());
    }
    let said = session.context.diagnostics.len();
    let mut folders = BTreeSet::new();
    let mut configs = BTreeSet::new();
    for path in found {
        // Files of one folder have one configuration.
        if !folders.insert(path.parent()) {
            continue;
        }
        let Some(found) = session
            .config(Some(&path.display().to_string()))
            .map_err(failures::as_ours)?
        else {
            continue;
        };
        if configs.insert(found.directory) {
            session.context.diagnostics.extend(found.config.check());
        }
    }
    // That every profile has a configuration of its own needs no word.
    let mut told = session.context.diagnostics.split_off(said);
    told.retain(|diagnostic| diagnostic.severity != Severity::Info);
    session.context.diagnostics.append(&mut told);
    Ok(())
}
