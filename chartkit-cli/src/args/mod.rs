//! Exactly what was typed.

pub(crate) mod secrets;
pub(crate) mod sops_style;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Helm charts with profiles: effective values, immutable archives, no cluster.
#[derive(Debug, Parser)]
#[command(
    name = "chartkit",
    version,
    max_term_width = 100,
    propagate_version = true
)]
pub(crate) struct Cli {
    /// How messages and reports look: text for people, or JSON
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    pub(crate) format: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text, with source snippets
    Human,
    /// JSON: results on stdout, one message a line on stderr
    Json,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "made once")]
pub(crate) enum Command {
    /// Package charts with their profiles into immutable archives
    #[command(
        disable_version_flag = true, // --version is the chart's
        after_help = "Example:\n  chartkit package services/* -d dist --annotation revision=$(git rev-parse HEAD)"
    )]
    Package(Package),
    /// Print the values that a chart's templates see
    #[command(after_help = "Example:\n  chartkit values services/shop --profile qa1 --origins")]
    Values(Values),
    /// Show a part of a chart, as `helm show` does
    #[command(
        subcommand,
        after_help = "Example:\n  chartkit show chart shop-1.4.0.tgz"
    )]
    Show(Show),
    /// List or show the profiles of a chart
    #[command(
        subcommand,
        after_help = "Example:\n  chartkit profile list services/shop"
    )]
    Profile(Profile),
    /// Say whether two charts hold the same files, whatever their containers look like
    #[command(
        after_help = "Example:\n  chartkit same shop-1.4.0.tgz build/shop-1.4.0.tgz\n\nExit code 1: they differ."
    )]
    Same(Same),
    /// Read, change and check encrypted files, with SOPS's verbs and options
    #[command(
        args_override_self = true,
        after_help = "Example:\n  chartkit secrets decrypt profiles/qa1/secrets.yaml\n\nSOPS's options before the verb and its old options in place of verbs (-d, -e, -r, --set) work too."
    )]
    Secrets(secrets::Secrets),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  chartkit completions bash > /etc/bash_completion.d/chartkit"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// A folder of profiles outside the chart.
#[derive(Debug, Args)]
pub(crate) struct ProfilesDir {
    /// A folder of profiles that lies outside the chart
    #[arg(long, value_name = "DIR")]
    pub(crate) profiles_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Package {
    /// Chart directories or archives
    #[arg(required = true, value_name = "CHART")]
    pub(crate) charts: Vec<PathBuf>,

    /// Where archives are written; made if missing
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) destination: PathBuf,

    #[command(flatten)]
    pub(crate) profiles_dir: ProfilesDir,

    /// Only this profile rides, with what it extends; may be repeated
    #[arg(
        long = "profile",
        value_name = "PROFILE",
        conflicts_with = "no_profiles"
    )]
    pub(crate) profiles: Vec<String>,

    /// No profiles ride
    #[arg(long)]
    pub(crate) no_profiles: bool,

    /// The version, in the archive only
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,

    /// The appVersion, in the archive only
    #[arg(long, value_name = "VERSION")]
    pub(crate) app_version: Option<String>,

    /// An annotation, in the archive only; may be repeated
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) annotations: Vec<(String, String)>,

    /// Print what would be packaged, and why; write nothing
    #[arg(long)]
    pub(crate) plan: bool,

    /// Replace an archive whose content differs
    #[arg(long)]
    pub(crate) force: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[derive(Debug, Args)]
pub(crate) struct Values {
    /// Chart directory or archive
    pub(crate) chart: PathBuf,

    #[command(flatten)]
    pub(crate) profiles_dir: ProfilesDir,

    /// The profile of this name goes over the defaults
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,

    /// What to do with the profile's encrypted secrets
    #[arg(long, value_enum, default_value_t = Secrets::Decrypt, value_name = "CHOICE")]
    pub(crate) secrets: Secrets,

    /// Print decrypted values; without it a mask stands for them
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// A values file, `-` for standard input; may be repeated, the last wins
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    pub(crate) files: Vec<String>,

    /// Set values: a.b=1,c[0]=x
    #[arg(long, value_name = "ARGUMENT")]
    pub(crate) set: Vec<String>,

    /// Set values as strings
    #[arg(long, value_name = "ARGUMENT")]
    pub(crate) set_string: Vec<String>,

    /// Set values as JSON: a.b={"c":1}, or a whole object
    #[arg(long, value_name = "ARGUMENT")]
    pub(crate) set_json: Vec<String>,

    /// Set values to the contents of files: key=path
    #[arg(long, value_name = "ARGUMENT")]
    pub(crate) set_file: Vec<String>,

    /// Set a value to the rest of the argument, whatever it holds
    #[arg(long, value_name = "ARGUMENT")]
    pub(crate) set_literal: Vec<String>,

    /// The form of the values
    #[arg(short, long, value_enum, value_name = "FORM")]
    pub(crate) output: Option<Output>,

    /// Tell for each value where it was written and what it replaced
    #[arg(long)]
    pub(crate) origins: bool,

    /// Leave declared dependencies that are not in charts/ out
    #[arg(long)]
    pub(crate) allow_missing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// As Helm's toYaml
    Yaml,
    /// As Helm's toJson
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Secrets {
    /// Decrypt them with the keys at hand
    Decrypt,
    /// Refuse to print values that lack them
    Refuse,
    /// Leave them out
    Omit,
    /// Print a mask in their place; needs no key
    Mask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Show {
    /// The metadata, as Helm packages it
    Chart(ChartArgument),
    /// values.yaml, as it is
    Values(ChartArgument),
    /// The readme
    Readme(ChartArgument),
    /// The custom resource definitions, those of subcharts included
    Crds(ChartArgument),
    /// Everything that `helm show all` shows
    All(ChartArgument),
    /// The profiles, those of subcharts included
    Profiles(ChartArgument),
    /// Every file with its size in bytes
    Files(ChartArgument),
}

#[derive(Debug, Args)]
pub(crate) struct ChartArgument {
    /// Chart directory or archive
    pub(crate) chart: PathBuf,

    #[command(flatten)]
    pub(crate) profiles_dir: ProfilesDir,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Profile {
    /// Every profile, those of subcharts included
    List(ChartArgument),
    /// One profile: its layers, those of subcharts included, and its other files
    Show {
        #[command(flatten)]
        chart: ChartArgument,
        /// The profile
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Same {
    /// Chart directory or archive
    pub(crate) first: PathBuf,
    /// Chart directory or archive
    pub(crate) second: PathBuf,
}
