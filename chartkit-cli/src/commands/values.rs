//! `chartkit values`

use chartkit::chart::process::ProcessOptions;
use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::io;
use chartkit::profile::{self, EffectiveOptions, SetArgument, ValuesFile, effective_values};
use chartkit::sops::EncryptedFile;
use chartkit::source::{FileId, Sources};
use chartkit::values::strvals::SetKind;
use chartkit::values::{Node, Values};
use chartkit::yaml::{self, EmitStyle};
use serde_json::json;

use super::secrets::Opener;
use super::{Context, Outcome, check_api_version, print};
use crate::args::{Format, Output, Secrets, Values as Arguments};
use crate::failure::{Exit, Failure};

pub(crate) fn run(args: &Arguments, context: &mut Context) -> Outcome {
    let chart = context.load(&args.chart, &args.profiles_dir)?;
    check_api_version(&chart)?;
    let paths = args
        .files
        .iter()
        .flat_map(|argument| split_commas(argument));
    let files = paths.map(values_file).collect::<Result<Vec<_>, _>>()?;
    let sets = set_arguments(args);
    let mut options = EffectiveOptions::default();
    options.profile = args.profile.as_deref();
    // Only a profile has secrets: without one nobody looks for keys.
    let opener = match (&args.profile, args.secrets) {
        (Some(_), Secrets::Decrypt) => Some(Opener::of_environment(context)?),
        _ => None,
    };
    let decrypt = opener.map(|opener| move |file: &EncryptedFile| opener.open(file));
    options.secrets = match args.secrets {
        Secrets::Decrypt => match &decrypt {
            Some(decrypt) => profile::Secrets::Decrypt(decrypt),
            None => profile::Secrets::Refuse,
        },
        Secrets::Refuse => profile::Secrets::Refuse,
        Secrets::Omit => profile::Secrets::Omit,
        Secrets::Mask => profile::Secrets::Mask,
    };
    options.files = &files;
    options.sets = &sets;
    options.process = ProcessOptions::default();
    options.process.allow_missing = args.allow_missing;
    options.process.history = args.origins;
    let effective = effective_values(
        &chart,
        &options,
        &mut context.sources,
        &mut io::read_set_file,
    )?;
    context.diagnostics.extend(effective.diagnostics);

    let output = args.output.unwrap_or(match context.format {
        Format::Human => Output::Yaml,
        Format::Json => Output::Json,
    });
    let values = if args.show_secrets {
        &effective.values.reveal()
    } else {
        &effective.values
    };
    print(match (args.origins, output) {
        (false, Output::Json) => values.to_json() + "\n",
        (false, Output::Yaml) => yaml::to_yaml(values.value(), EmitStyle::V2),
        (true, Output::Json) => origins_json(values, &context.sources),
        (true, Output::Yaml) => origins_text(values, &context.sources),
    })
}

fn set_arguments(args: &Arguments) -> Vec<SetArgument> {
    let flags = [
        (SetKind::Json, &args.set_json),
        (SetKind::Value, &args.set),
        (SetKind::String, &args.set_string),
        (SetKind::File, &args.set_file),
        (SetKind::Literal, &args.set_literal),
    ];
    let arguments = flags.into_iter().flat_map(|(kind, texts)| {
        texts.iter().map(move |text| SetArgument {
            kind,
            text: text.clone(),
        })
    });
    arguments.collect()
}

/// Splits as Helm's flag parser does: commas, with double quotes around what holds one.
fn split_commas(argument: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in argument.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(String::new()),
            c => parts.last_mut().expect("starts with one").push(c),
        }
    }
    parts
}

fn values_file(path: String) -> Result<ValuesFile, Box<Failure>> {
    let text = io::read_value_file(&path).map_err(|error| {
        let message = format!("cannot read the values file `{path}`: {error}");
        Failure::new(
            Exit::Environment,
            Diagnostic::error(Code::Environment, message),
        )
    })?;
    let name = if path.trim() == "-" {
        "<stdin>".to_owned()
    } else {
        path
    };
    Ok(ValuesFile { name, text })
}

fn origins_text(values: &Values, sources: &Sources) -> String {
    let mut text = String::new();
    for (path, node) in values.leaves() {
        text += &format!("{path}: {}\n", shown(node));
        text += &contributions(node, values, sources);
    }
    for (path, node) in values.deletions() {
        text += &format!("{path}: deleted by a null\n");
        text += &contributions(node, values, sources);
    }
    text
}

fn contributions(node: &Node, values: &Values, sources: &Sources) -> String {
    let mut text = String::new();
    for node in node.contributions() {
        let place = node.place.map_or("made by Helm".to_owned(), |place| {
            let at = sources.position(place.file, place.entry);
            let layer = values
                .layer(place.file)
                .map(|l| format!("  ({l})"))
                .unwrap_or_default();
            format!(
                "{}:{}:{}{layer}",
                sources.name(place.file),
                at.line,
                at.column
            )
        });
        text += &format!("    {place}\n");
    }
    text
}

fn origins_json(values: &Values, sources: &Sources) -> String {
    let contribution = |node: &Node| {
        let layer = |file: FileId| values.layer(file).map(ToString::to_string);
        match node.place {
            None => json!({ "value": json_value(node) }),
            Some(place) => {
                let at = sources.position(place.file, place.entry);
                json!({
                    "value": json_value(node),
                    "layer": layer(place.file),
                    "file": sources.name(place.file),
                    "line": at.line,
                    "column": at.column,
                })
            }
        }
    };
    let entry = |path: &dyn std::fmt::Display, node: &Node, deleted: bool| {
        // Lowest to highest, as layers are named everywhere else.
        let mut chain: Vec<_> = node.contributions().map(contribution).collect();
        chain.reverse();
        json!({ "path": path.to_string(), "deleted": deleted, "contributions": chain })
    };
    let leaves = values.leaves();
    let leaves = leaves.iter().map(|(path, node)| entry(path, node, false));
    let deletions = values
        .deletions()
        .map(|(path, node)| entry(path, node, true));
    let all: serde_json::Value = leaves.chain(deletions).collect();
    format!("{all:#}\n")
}

fn json_value(node: &Node) -> serde_json::Value {
    serde_json::to_value(&node.value).unwrap_or_default()
}

fn shown(node: &Node) -> String {
    yaml::to_json(&node.value)
}
