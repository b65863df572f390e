//! The arguments of `chartkit secrets`: SOPS's own, where SOPS has the verb.

#![expect(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "the documentation is the help text"
)]
#![expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::large_enum_variant,
    reason = "every option that SOPS has, by its name; made once"
)]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand, ValueEnum};

/// What SOPS takes before the verb; see `sops_style` for its other options there.
#[derive(Debug, Args)]
pub(crate) struct Secrets {
    /// The .sops.yaml to use; nothing else is looked for [env: SOPS_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Blanks a level where YAML or JSON is laid out anew
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) indent: Option<i64>,

    /// New files: the MAC is over encrypted values only
    #[arg(long)]
    pub(crate) mac_only_encrypted: bool,

    /// Accepted, as nothing more is ever said than what helps
    #[arg(long, hide = true)]
    pub(crate) verbose: bool,

    /// Accepted, as no newer version is ever looked for
    #[arg(long, hide = true)]
    pub(crate) disable_version_check: bool,

    /// Accepted, as no newer version is ever looked for
    #[arg(long, hide = true)]
    pub(crate) check_for_updates: bool,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Encrypt a file, or standard input
    #[command(
        after_help = "Example:\n  chartkit secrets encrypt --age age1… -i profiles/qa1/secrets.yaml"
    )]
    Encrypt(Encrypt),
    /// Decrypt a file, or standard input
    #[command(
        after_help = "Example:\n  chartkit secrets decrypt --extract '[\"database\"][\"password\"]' secrets.yaml"
    )]
    Decrypt(Decrypt),
    /// Edit an encrypted file, or a new one
    #[command(after_help = "Example:\n  EDITOR='code --wait' chartkit secrets edit secrets.yaml")]
    Edit(Edit),
    /// Set a value
    #[command(
        after_help = "Example:\n  chartkit secrets set secrets.yaml '[\"database\"][\"port\"]' 5432"
    )]
    Set(Set),
    /// Remove a value
    #[command(after_help = "Example:\n  chartkit secrets unset secrets.yaml '[\"old\"]'")]
    Unset(Unset),
    /// Encrypt all values anew with a new data key; add and remove keys
    #[command(
        after_help = "Example:\n  chartkit secrets rotate -i --rm-age age1… profiles/*/secrets.yaml"
    )]
    Rotate(Rotate),
    /// Give files the keys that .sops.yaml names
    #[command(after_help = "Example:\n  chartkit secrets updatekeys -y profiles")]
    Updatekeys(Updatekeys),
    /// Add or delete a group of keys
    #[command(
        subcommand,
        after_help = "Example:\n  chartkit secrets groups delete -i -f secrets.yaml 1"
    )]
    Groups(Groups),
    /// Say whether a file is encrypted, as SOPS prints it
    #[command(after_help = "Example:\n  chartkit secrets filestatus secrets.yaml")]
    Filestatus(Filestatus),
    /// Show who can open files and what is encrypted in them; needs no key
    #[command(after_help = "Example:\n  chartkit secrets status --format json secrets.yaml")]
    Status(Status),
    /// Say whether files are in order: encrypted, complete, for whom the rules want; needs no key
    #[command(
        after_help = "Examples:\n  chartkit secrets verify profiles\n  chartkit secrets verify --chart services/shop --profile qa1 services/shop/profiles/qa1/secrets.yaml\n\nExit code 1: a file is not in order."
    )]
    Verify(Verify),
    /// Say what changed between two versions of a file; needs no key
    #[command(
        after_help = "Example:\n  git show main:secrets.yaml | chartkit secrets diff /dev/stdin secrets.yaml --input-type yaml\n\nExit code 1: they differ."
    )]
    Diff(Diff),
    /// Merge two changed versions of a file; what stays keeps its ciphertext
    #[command(
        after_help = "Example, as a merge driver of git:\n  git config merge.chartkit.driver 'chartkit secrets merge %O %A %B %P'\n  echo 'secrets.yaml merge=chartkit' >> .gitattributes\n\nExit code 1: there are conflicts, or it takes a key; OURS stays as it is."
    )]
    Merge(Merge),
    /// Print a file with a short mark for every ciphertext, for `git diff`
    #[command(
        after_help = "Example:\n  git config diff.chartkit.textconv 'chartkit secrets textconv'\n  echo 'secrets.yaml diff=chartkit' >> .gitattributes"
    )]
    Textconv(Textconv),
    /// Run a command with the decrypted values; they never touch a disk
    #[command(
        after_help = "Examples:\n  chartkit secrets exec db.env -- psql\n  chartkit secrets exec --fd --chart services/shop --profile qa1 -- helm upgrade shop services/shop -f {}"
    )]
    Exec(Exec),
}

/// A file or standard input. SOPS ignores further files, with a warning.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// The file; standard input without it
    pub(crate) file: Option<OsString>,

    #[arg(hide = true)]
    pub(crate) ignored: Vec<OsString>,
}

/// A file; further ones are ignored as those of [`Input`].
#[derive(Debug, Args)]
pub(crate) struct OneFile {
    /// The file
    pub(crate) file: OsString,

    #[arg(hide = true)]
    pub(crate) ignored: Vec<OsString>,
}

/// Who may open a new file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Keys, with commas between several")]
pub(crate) struct Keys {
    /// age recipients [env: SOPS_AGE_RECIPIENTS]
    #[arg(short, long, value_name = "RECIPIENTS")]
    pub(crate) age: Option<String>,

    /// OpenPGP fingerprints [env: SOPS_PGP_FP]
    #[arg(short, long, value_name = "FINGERPRINTS")]
    pub(crate) pgp: Option<String>,

    /// AWS KMS keys: ARN or ARN+ARN-OF-ROLE [env: SOPS_KMS_ARN]
    #[arg(short, long, value_name = "ARNS")]
    pub(crate) kms: Option<String>,

    /// The AWS profile for these
    #[arg(long, value_name = "PROFILE")]
    pub(crate) aws_profile: Option<String>,

    /// The encryption context for these: key:value,…
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) encryption_context: Option<String>,

    /// Google Cloud KMS keys [env: SOPS_GCP_KMS_IDS]
    #[arg(long, value_name = "IDS")]
    pub(crate) gcp_kms: Option<String>,

    /// HUAWEI CLOUD KMS keys: region:uuid [env: SOPS_HUAWEICLOUD_KMS_IDS]
    #[arg(long, value_name = "IDS")]
    pub(crate) hckms: Option<String>,

    /// Azure Key Vault keys [env: SOPS_AZURE_KEYVAULT_URLS]
    #[arg(long, value_name = "URLS")]
    pub(crate) azure_kv: Option<String>,

    /// Keys of Vault's transit engine [env: SOPS_VAULT_URIS]
    #[arg(long, value_name = "URIS")]
    pub(crate) hc_vault_transit: Option<String>,

    /// How many key groups of the creation rule it takes to open the file
    #[arg(long, value_name = "NUMBER")]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,
}

/// What is encrypted in a new file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What is encrypted, one of these at most")]
pub(crate) struct Selections {
    /// All but the values of keys that end with this; the default is _unencrypted
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) unencrypted_suffix: Option<String>,

    /// Only the values of keys that end with this
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) encrypted_suffix: Option<String>,

    /// All but the values of keys that match this
    #[arg(long, value_name = "REGEX")]
    pub(crate) unencrypted_regex: Option<String>,

    /// Only the values of keys that match this
    #[arg(long, value_name = "REGEX")]
    pub(crate) encrypted_regex: Option<String>,

    /// All but the values below a comment that matches this
    #[arg(long, value_name = "REGEX")]
    pub(crate) unencrypted_comment_regex: Option<String>,

    /// Only the values below a comment that matches this
    #[arg(long, value_name = "REGEX")]
    pub(crate) encrypted_comment_regex: Option<String>,
}

/// The formats of what is read and written.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Types {
    /// binary, dotenv, ini, json or yaml; else the file's name says it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,

    /// The same for the output
    #[arg(long, value_name = "TYPE")]
    pub(crate) output_type: Option<String>,
}

/// Where the result goes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Output {
    /// Replace the file
    #[arg(short, long)]
    pub(crate) in_place: bool,

    /// Write to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Which keys are used.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Opening files")]
pub(crate) struct Opening {
    /// Which kinds of keys are tried first: age,pgp,kms,… [env: SOPS_DECRYPTION_ORDER]
    #[arg(long, value_name = "TYPES")]
    pub(crate) decryption_order: Option<String>,

    #[command(flatten)]
    pub(crate) services: Services,
}

/// Who is asked about keys.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Services {
    /// Use the keys of this machine [env: SOPS_ENABLE_LOCAL_KEYSERVICE]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    pub(crate) enable_local_keyservice: Option<bool>,

    /// Another key service; not supported
    #[arg(long, value_name = "ADDRESS", hide = true)]
    pub(crate) keyservice: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    pub(crate) input: Input,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) types: Types,

    /// Take this name for the rule and the formats; needed for standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) filename_override: Option<String>,

    #[command(flatten)]
    pub(crate) keys: Keys,

    #[command(flatten)]
    pub(crate) selections: Selections,

    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Debug, Args)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    pub(crate) input: Input,

    #[command(flatten)]
    pub(crate) output: Output,

    /// Print the value at this path only
    #[arg(long, value_name = "PATH")]
    pub(crate) extract: Option<String>,

    #[command(flatten)]
    pub(crate) types: Types,

    /// Decrypt also when values were changed without the key
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    /// Take this name for the formats
    #[arg(long, value_name = "PATH")]
    pub(crate) filename_override: Option<String>,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    pub(crate) input: OneFile,

    #[command(flatten)]
    pub(crate) types: Types,

    /// Edit also when values were changed without the key
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    /// Show the metadata too; changes of it do not count
    #[arg(short, long)]
    pub(crate) show_master_keys: bool,

    #[command(flatten)]
    pub(crate) keys: Keys,

    #[command(flatten)]
    pub(crate) selections: Selections,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,

    /// The path to the value: ["key"][0]
    #[arg(value_name = "INDEX")]
    pub(crate) index: String,

    /// The value, as JSON
    #[arg(
        value_name = "VALUE",
        required_unless_present = "value_stdin",
        allow_negative_numbers = true
    )]
    pub(crate) value: Option<OsString>,

    #[command(flatten)]
    pub(crate) types: Types,

    /// VALUE is the path of a file that holds it
    #[arg(long)]
    pub(crate) value_file: bool,

    /// Read the value from standard input
    #[arg(long, conflicts_with = "value_file")]
    pub(crate) value_stdin: bool,

    /// Change the file also when values were changed without the key
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    /// Without effect: the same value never changes the file
    #[arg(long)]
    pub(crate) idempotent: bool,

    /// Accepted, without effect as in SOPS
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Unset {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,

    /// The path to the value: ["key"][0]
    #[arg(value_name = "INDEX")]
    pub(crate) index: String,

    #[command(flatten)]
    pub(crate) types: Types,

    /// Change the file also when values were changed without the key
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    /// It is no error when there is no such value
    #[arg(long)]
    pub(crate) idempotent: bool,

    /// Accepted, without effect as in SOPS
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Files; with -i also several, and folders
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) types: Types,

    /// Rotate also when values were changed without the key
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    /// Take this name for the formats
    #[arg(long, value_name = "PATH")]
    pub(crate) filename_override: Option<String>,

    #[command(flatten)]
    pub(crate) added: Added,

    #[command(flatten)]
    pub(crate) removed: Removed,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

/// Keys that come to the first group.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Keys to add, with commas between several")]
pub(crate) struct Added {
    /// age recipients
    #[arg(long, value_name = "RECIPIENTS")]
    pub(crate) add_age: Option<String>,

    /// OpenPGP fingerprints
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(crate) add_pgp: Option<String>,

    /// AWS KMS keys
    #[arg(long, value_name = "ARNS")]
    pub(crate) add_kms: Option<String>,

    /// The AWS profile of keys to add or remove
    #[arg(long, value_name = "PROFILE")]
    pub(crate) aws_profile: Option<String>,

    /// The encryption context of keys to add or remove: key:value,…
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) encryption_context: Option<String>,

    /// Google Cloud KMS keys
    #[arg(long, value_name = "IDS")]
    pub(crate) add_gcp_kms: Option<String>,

    /// HUAWEI CLOUD KMS keys
    #[arg(long, value_name = "IDS")]
    pub(crate) add_hckms: Option<String>,

    /// Azure Key Vault keys
    #[arg(long, value_name = "URLS")]
    pub(crate) add_azure_kv: Option<String>,

    /// Keys of Vault's transit engine
    #[arg(long, value_name = "URIS")]
    pub(crate) add_hc_vault_transit: Option<String>,
}

/// Keys that go from every group.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Keys to remove, with commas between several")]
pub(crate) struct Removed {
    /// age recipients
    #[arg(long, value_name = "RECIPIENTS")]
    pub(crate) rm_age: Option<String>,

    /// OpenPGP fingerprints
    #[arg(long, value_name = "FINGERPRINTS")]
    pub(crate) rm_pgp: Option<String>,

    /// AWS KMS keys
    #[arg(long, value_name = "ARNS")]
    pub(crate) rm_kms: Option<String>,

    /// Google Cloud KMS keys
    #[arg(long, value_name = "IDS")]
    pub(crate) rm_gcp_kms: Option<String>,

    /// HUAWEI CLOUD KMS keys
    #[arg(long, value_name = "IDS")]
    pub(crate) rm_hckms: Option<String>,

    /// Azure Key Vault keys
    #[arg(long, value_name = "URLS")]
    pub(crate) rm_azure_kv: Option<String>,

    /// Keys of Vault's transit engine
    #[arg(long, value_name = "URIS")]
    pub(crate) rm_hc_vault_transit: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Updatekeys {
    /// Files, and folders with such files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,

    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// binary, dotenv, ini, json or yaml; else the file's name says it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,

    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Groups {
    /// Add a group: files then take keys of several groups to open
    #[command(
        after_help = "Example:\n  chartkit secrets groups add -i -f secrets.yaml --age age1… --shamir-secret-sharing-threshold 2"
    )]
    Add(GroupsAdd),
    /// Delete a group
    #[command(after_help = "Example:\n  chartkit secrets groups delete -i -f secrets.yaml 1")]
    Delete(GroupsDelete),
}

#[derive(Debug, Args)]
pub(crate) struct GroupsAdd {
    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Replace the file
    #[arg(short, long)]
    pub(crate) in_place: bool,

    /// How many groups it takes to open the file
    #[arg(long, value_name = "NUMBER")]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,

    /// An age recipient; may be repeated, as the following
    #[arg(long, value_name = "RECIPIENT", action = ArgAction::Append)]
    pub(crate) age: Vec<String>,

    /// An OpenPGP fingerprint
    #[arg(long, value_name = "FINGERPRINT", action = ArgAction::Append)]
    pub(crate) pgp: Vec<String>,

    /// An AWS KMS key
    #[arg(long, value_name = "ARN", action = ArgAction::Append)]
    pub(crate) kms: Vec<String>,

    /// The AWS profile for these
    #[arg(long, value_name = "PROFILE")]
    pub(crate) aws_profile: Option<String>,

    /// The encryption context for these: key:value,…
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) encryption_context: Option<String>,

    /// A Google Cloud KMS key
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(crate) gcp_kms: Vec<String>,

    /// A HUAWEI CLOUD KMS key
    #[arg(long, value_name = "ID", action = ArgAction::Append)]
    pub(crate) hckms: Vec<String>,

    /// An Azure Key Vault key
    #[arg(long, value_name = "URL", action = ArgAction::Append)]
    pub(crate) azure_kv: Vec<String>,

    /// A key of Vault's transit engine
    #[arg(long, value_name = "URI", action = ArgAction::Append)]
    pub(crate) hc_vault_transit: Vec<String>,

    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Debug, Args)]
pub(crate) struct GroupsDelete {
    /// Which group, counted from 0
    pub(crate) index: usize,

    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Replace the file
    #[arg(short, long)]
    pub(crate) in_place: bool,

    /// How many groups it takes to open the file
    #[arg(long, value_name = "NUMBER")]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,

    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Debug, Args)]
pub(crate) struct Filestatus {
    #[command(flatten)]
    pub(crate) input: OneFile,

    /// binary, dotenv, ini, json or yaml; else the file's name says it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Files, and folders with encrypted files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,

    /// binary, dotenv, ini, json or yaml; else the file's name says it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Files, and folders: in these all encrypted files, and all that are called secrets.yaml
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,

    /// binary, dotenv, ini, json or yaml; else the file's name says it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,

    /// Nulls and empty texts in the place of secrets
    #[arg(long, value_enum, default_value_t = Level::Warn, value_name = "LEVEL")]
    pub(crate) empty: Level,

    /// Comments in plain text where the rule says ciphertext
    #[arg(long, value_enum, default_value_t = Level::Warn, value_name = "LEVEL")]
    pub(crate) plain_comments: Level,

    /// Do not compare keys and settings with the .sops.yaml
    #[arg(long)]
    pub(crate) no_rules: bool,

    /// An older version: who was removed since must not be able to open the file
    #[arg(long, value_name = "FILE")]
    pub(crate) older: Option<PathBuf>,

    /// A chart whose values must have the paths, with these types
    #[arg(long, value_name = "CHART")]
    pub(crate) chart: Option<PathBuf>,

    /// The profile of the chart that the files belong to
    #[arg(long, value_name = "PROFILE", requires = "chart")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) profiles_dir: super::ProfilesDir,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Nothing is said
    Allow,
    /// A warning
    Warn,
    /// An error
    Deny,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The old version
    #[arg(value_name = "OLD")]
    pub(crate) old: OsString,

    /// The new version
    #[arg(value_name = "NEW")]
    pub(crate) new: OsString,

    /// Open both versions, so that nothing is unclear
    #[arg(long)]
    pub(crate) decrypt: bool,

    /// Show values; opens both versions
    #[arg(long)]
    pub(crate) show_values: bool,

    /// binary, dotenv, ini, json or yaml; else the files' names or texts say it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The version that both come from; an empty file when there is none
    #[arg(value_name = "BASE")]
    pub(crate) base: OsString,

    /// Our version; it is replaced by the result
    #[arg(value_name = "OURS")]
    pub(crate) ours: OsString,

    /// Their version
    #[arg(value_name = "THEIRS")]
    pub(crate) theirs: OsString,

    /// The path of the file in the repository, for messages and its format
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<OsString>,

    /// Print the result instead
    #[arg(short, long)]
    pub(crate) print: bool,

    /// binary, dotenv, ini, json or yaml; else the files' names or texts say it
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,

    #[command(flatten)]
    pub(crate) opening: Opening,
}

#[derive(Debug, Args)]
pub(crate) struct Textconv {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The file
    #[arg(
        value_name = "FILE",
        required_unless_present = "chart",
        conflicts_with = "chart"
    )]
    pub(crate) file: Option<OsString>,

    /// The command and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub(crate) command: Vec<OsString>,

    /// Instead of a file, the secrets that a chart's templates see
    #[arg(long, value_name = "CHART", requires = "profile")]
    pub(crate) chart: Option<PathBuf>,

    /// The profile of the chart
    #[arg(long, value_name = "PROFILE", requires = "chart")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) profiles_dir: super::ProfilesDir,

    /// Replace {} in the command by the path of a file in memory that has the plaintext
    #[arg(long)]
    pub(crate) fd: bool,

    /// Only the decrypted values are in the environment
    #[arg(long, conflicts_with = "fd")]
    pub(crate) pristine: bool,

    #[command(flatten)]
    pub(crate) types: Types,

    /// Use also values that were changed without the key
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    #[command(flatten)]
    pub(crate) opening: Opening,
}
