//! `chartkit profile list|show`

use chartkit::chart::{Chart, File};
use chartkit::profile::{self, EncryptedFile, FoundIn, Profile, SecretLeaf};
use chartkit::sops::MasterKey;
use serde_json::{Value, json};

use super::{Context, Outcome, print, print_json};
use crate::args::{self, ChartArgument, Format};
use crate::failure::Failure;

pub(crate) fn run(args: &args::Profile, context: &mut Context) -> Outcome {
    match args {
        args::Profile::List(argument) => list(argument, context),
        args::Profile::Show { chart, name } => show(chart, name, context),
    }
}

pub(crate) fn list(argument: &ChartArgument, context: &mut Context) -> Outcome {
    let chart = context.load(&argument.chart, &argument.profiles_dir)?;
    let all = find_all(&chart, context)?;
    let rows = (all.iter()).flat_map(|f| f.found.profiles.values().map(move |p| (&f.path, p)));
    match context.format {
        Format::Json => {
            let rows = rows.map(|(chart, profile)| describe(chart, profile));
            print_json(&Value::Array(rows.collect()))
        }
        Format::Human => print(table(rows.map(|(chart, profile)| {
            let text = |o: Option<String>| o.unwrap_or_default();
            [
                profile.name.clone(),
                chart.clone(),
                text(profile.description.stack.map(|s| s.to_string())),
                profile.description.extends.join(","),
                if profile.secrets.is_some() {
                    "yes"
                } else {
                    "no"
                }
                .to_owned(),
                text(
                    profile
                        .description
                        .description
                        .as_ref()
                        .map(ToString::to_string),
                ),
            ]
        }))),
    }
}

/// A text that a profile stands for.
struct Layer<'c> {
    /// The chart that it belongs to, by its path of names.
    chart: &'c str,
    /// The keys that lead to what it changes; none for the chart's own.
    section: &'c [String],
    profile: String,
    /// Its path in the outermost chart.
    file: String,
    /// For a file of secrets.
    secrets: Option<EncryptedFile>,
}

fn show(argument: &ChartArgument, name: &str, context: &mut Context) -> Outcome {
    let chart = context.load(&argument.chart, &argument.profiles_dir)?;
    let all = find_all(&chart, context)?;
    let root = &all[0].found;
    let mut places: Vec<_> = (all.iter())
        .filter(|found| found.found.profiles.contains_key(name))
        .flat_map(|found| found.sections.iter().map(move |section| (found, section)))
        .collect();
    if places.is_empty() {
        root.layers(name)?; // says that it is unknown
    }
    // A chart's own profile goes over those of its subcharts.
    places.sort_by_key(|(_, section)| std::cmp::Reverse(section.len()));
    let mut layers = Vec::new();
    for (found, section) in places {
        let inside = format!("{}/", chart.origin);
        let mut add = |profile: &Profile, file: &File, secrets| {
            let path = found.chart.path_of(file);
            layers.push(Layer {
                chart: &found.path,
                section,
                profile: profile.name.clone(),
                file: path.strip_prefix(&inside).unwrap_or(&path).to_owned(),
                secrets,
            });
        };
        for profile in found.found.layers(name)? {
            if let Some(file) = &profile.values {
                add(profile, file, None);
            }
            if let Some(file) = &profile.secrets {
                let id = found.chart.source(file, &mut context.sources);
                let encrypted = EncryptedFile::read(&mut context.sources, id)?;
                add(profile, file, Some(encrypted));
            }
        }
    }
    let own = root.profiles.get(name);
    match context.format {
        Format::Json => {
            let mut shown = match own {
                Some(profile) => describe(chart.name(), profile),
                None => json!({ "name": name, "chart": chart.name() }),
            };
            shown["layers"] = layers.iter().map(layer_json).collect();
            print_json(&shown)
        }
        Format::Human => print(shown_text(chart.name(), name, own, &layers)),
    }
}

fn layer_json(layer: &Layer<'_>) -> Value {
    let secret = |leaf: &SecretLeaf| json!({ "path": leaf.path.to_string(), "type": leaf.kind, "encrypted": leaf.is_encrypted });
    let recipient =
        |key: &MasterKey| json!({ "type": key.key_type().as_str(), "key": key.to_string() });
    let secrets = layer.secrets.as_ref();
    json!({
        "chart": layer.chart,
        "section": layer.section,
        "profile": layer.profile,
        "file": layer.file,
        "secrets": secrets.map(|file| file.leaves().iter().map(secret).collect::<Value>()),
        "recipients": secrets.map(|file| recipients(file).map(recipient).collect::<Value>()),
    })
}

/// Who can open a file; of key groups, the keys of all.
fn recipients(file: &EncryptedFile) -> impl Iterator<Item = &MasterKey> {
    let groups = file.sops().metadata().key_groups();
    groups.iter().flatten().map(|key| &key.master_key)
}

fn shown_text(chart: &str, name: &str, own: Option<&Profile>, layers: &[Layer<'_>]) -> String {
    let whose = match own {
        Some(_) => chart.to_owned(),
        None => format!("the subcharts of {chart}"),
    };
    let mut text = format!("profile {name} of {whose}\n");
    let description = own.map(|profile| &profile.description);
    if let Some(description) = description.and_then(|d| d.description.as_ref()) {
        text += &format!("{description}\n");
    }
    if let Some(stack) = description.and_then(|d| d.stack) {
        text += &format!("made for stack: {stack}\n");
    }
    text += "\nlayers, lowest first:\n";
    for layer in layers {
        text += &match layer.section {
            [] => format!("  {}\n", layer.file),
            section => format!(
                "  {}  (in `{}` if enabled)\n",
                layer.file,
                section.join(".")
            ),
        };
        let Some(secrets) = &layer.secrets else {
            continue;
        };
        for leaf in secrets.leaves() {
            text += &if leaf.is_encrypted {
                format!("    {}  (encrypted {})\n", leaf.path, leaf.kind)
            } else {
                format!("    {}  (plain {})\n", leaf.path, leaf.kind)
            };
        }
        for key in recipients(secrets) {
            text += &format!("    can be opened with {} key {key}\n", key.key_type());
        }
    }
    for file in own
        .into_iter()
        .flat_map(|p| p.others.iter().chain(&p.sops_config))
    {
        text += &format!("rides along: {}\n", file.name);
    }
    text
}

/// The profiles of the chart and of its subcharts; what is noticed becomes a message.
fn find_all<'c>(chart: &'c Chart, context: &mut Context) -> Result<Vec<FoundIn<'c>>, Box<Failure>> {
    let all = profile::find_all(chart, &mut context.sources)?;
    for found in &all {
        let noticed = found.found.diagnostics.iter();
        context.diagnostics.extend(noticed.cloned());
    }
    Ok(all)
}

fn describe(chart: &str, profile: &Profile) -> Value {
    let name = |file: &Option<File>| file.as_ref().map(|f| f.name.clone());
    json!({
        "name": profile.name,
        "chart": chart,
        "description": profile.description.description.as_deref(),
        "stack": profile.description.stack.map(|s| s.to_string()),
        "extends": profile.description.extends,
        "values": name(&profile.values),
        "secrets": name(&profile.secrets),
        "sopsConfig": name(&profile.sops_config),
        "others": profile.others.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
    })
}

fn table(rows: impl Iterator<Item = [String; 6]>) -> String {
    let head = [
        "NAME",
        "CHART",
        "STACK",
        "EXTENDS",
        "SECRETS",
        "DESCRIPTION",
    ]
    .map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
