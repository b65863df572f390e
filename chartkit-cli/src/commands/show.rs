//! `chartkit show`

use chartkit::chart::{Chart, show};
use serde_json::json;

use super::{Context, Outcome, print, print_json, profile};
use crate::args::{ChartArgument, Format, Show};

pub(crate) fn run(args: &Show, context: &mut Context) -> Outcome {
    let (argument, part): (_, fn(&Chart) -> Vec<u8>) = match args {
        Show::Profiles(argument) => return profile::list(argument, context),
        Show::Files(argument) => return files(argument, context),
        Show::Chart(argument) => (argument, show::chart),
        Show::Values(argument) => (argument, show::values),
        Show::Readme(argument) => (argument, show::readme),
        Show::Crds(argument) => (argument, show::crds),
        Show::All(argument) => (argument, show::all),
    };
    let chart = context.load(&argument.chart, &argument.profiles_dir)?;
    print(part(&chart))
}

fn files(argument: &ChartArgument, context: &mut Context) -> Outcome {
    let chart = context.load(&argument.chart, &argument.profiles_dir)?;
    if context.format == Format::Json {
        let files = chart
            .raw
            .iter()
            .map(|f| json!({ "path": f.name, "size": f.data.len() }));
        return print_json(&files.collect());
    }
    let lines = chart
        .raw
        .iter()
        .map(|f| format!("{:>10}  {}\n", f.data.len(), f.name));
    print(lines.collect::<String>())
}
