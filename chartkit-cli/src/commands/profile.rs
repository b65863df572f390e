//! `chartkit profile list|show`

use chartkit::chart::Chart;
use chartkit::profile::{self, EncryptedFile, Found};
use serde_json::{Value, json};

use super::{Context, Outcome, print, print_json};
use crate::args::{ChartArgument, Format, Profile};
use crate::failure::Failure;

pub(crate) fn run(args: &Profile, context: &mut Context) -> Outcome {
    match args {
        Profile::List(argument) => list(argument, context),
        Profile::Show { chart, name } => show(chart, name, context),
    }
}

pub(crate) fn list(argument: &ChartArgument, context: &mut Context) -> Outcome {
    let chart = context.load(&argument.chart, &argument.profiles_dir)?;
    let mut all = Vec::new();
    collect(&chart, &chart.metadata.name, context, &mut all)?;
    let rows = all
        .iter()
        .flat_map(|(path, found)| found.profiles.values().map(move |p| (path, p)));
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

fn show(argument: &ChartArgument, name: &str, context: &mut Context) -> Outcome {
    let chart = context.load(&argument.chart, &argument.profiles_dir)?;
    let found = profile::find(&chart, &mut context.sources)?;
    context
        .diagnostics
        .extend(found.diagnostics.iter().cloned());
    let layers = found.layers(name)?;
    let mut rows = Vec::new();
    for profile in layers {
        if let Some(file) = &profile.values {
            rows.push((profile.name.clone(), file.name.clone(), None));
        }
        if let Some(file) = &profile.secrets {
            let id = chart.source(file, &mut context.sources);
            let paths = match EncryptedFile::read(&mut context.sources, id) {
                Ok(encrypted) => encrypted.paths(),
                Err(error) => return Err(error.into()),
            };
            let paths: Vec<_> = paths.iter().map(|(path, _)| path.to_string()).collect();
            rows.push((profile.name.clone(), file.name.clone(), Some(paths)));
        }
    }
    if context.format == Format::Json {
        let layers = rows.iter().map(|(profile, file, secrets)| {
            json!({ "profile": profile, "file": file, "secrets": secrets })
        });
        let mut shown = describe(&chart.metadata.name, &found.profiles[name]);
        shown["layers"] = layers.collect();
        return print_json(&shown);
    }
    let profile = &found.profiles[name];
    let mut text = format!("profile {name} of {}\n", chart.metadata.name);
    if let Some(description) = &profile.description.description {
        text += &format!("{description}\n");
    }
    if let Some(stack) = profile.description.stack {
        text += &format!("made for stack: {stack}\n");
    }
    text += "\nlayers, lowest first:\n";
    for (_, file, secrets) in &rows {
        text += &format!("  {file}\n");
        for path in secrets.iter().flatten() {
            text += &format!("    {path}  (encrypted)\n");
        }
    }
    for file in profile.others.iter().chain(&profile.sops_config) {
        text += &format!("rides along: {}\n", file.name);
    }
    print(text)
}

fn collect(
    chart: &Chart,
    path: &str,
    context: &mut Context,
    all: &mut Vec<(String, Found)>,
) -> Result<(), Box<Failure>> {
    let found = profile::find(chart, &mut context.sources)?;
    context
        .diagnostics
        .extend(found.diagnostics.iter().cloned());
    all.push((path.to_owned(), found));
    for dependency in &chart.dependencies {
        let path = format!("{path}/charts/{}", dependency.metadata.name);
        collect(dependency, &path, context, all)?;
    }
    Ok(())
}

fn describe(chart: &str, profile: &profile::Profile) -> Value {
    let name = |file: &Option<chartkit::chart::File>| file.as_ref().map(|f| f.name.clone());
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
