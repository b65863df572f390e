//! Options and variables as what will be done.

use chartkit::diagnostic::{Code, Diagnostic};
use chartkit::sops::config::CreationFlags;
use chartkit::sops::{KeyGroup, KeyType, MasterKey, SelectionRule};

use super::failures;
use crate::args::secrets::{Added, GroupsAdd, Keys, Opening, Removed, Selections};
use crate::failure::{Exit, Failure};

/// A variable of the environment; one that is set to nothing is not.
pub(super) fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// An option, or the variable that stands for it.
fn option_or(option: Option<&str>, name: &str) -> String {
    match option {
        Some(value) => value.to_owned(),
        None => variable(name).unwrap_or_default(),
    }
}

/// A variable that says yes or no, in the words of Go's `strconv.ParseBool`.
pub(super) fn boolean(name: &str, default: bool) -> Result<bool, Box<Failure>> {
    let Some(value) = variable(name) else {
        return Ok(default);
    };
    match value.as_str() {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        _ => {
            let message = format!("{name}: expected `true` or `false`");
            Err(Failure::new(
                Exit::Usage,
                Diagnostic::error(Code::InvalidArgument, message),
            ))
        }
    }
}

pub(super) fn decryption_order(opening: &Opening) -> Result<Vec<KeyType>, Box<Failure>> {
    let order = option_or(opening.decryption_order.as_deref(), "SOPS_DECRYPTION_ORDER");
    KeyType::parse_order(&order).map_err(|error| failures::key("--decryption-order", &error))
}

/// What options and variables say about a new file.
pub(super) fn creation_flags(
    keys: &Keys,
    selections: &Selections,
    mac_only_encrypted: bool,
) -> Result<CreationFlags, Box<Failure>> {
    let lists = Lists {
        kms: option_or(keys.kms.as_deref(), "SOPS_KMS_ARN"),
        gcp_kms: option_or(keys.gcp_kms.as_deref(), "SOPS_GCP_KMS_IDS"),
        hckms: option_or(keys.hckms.as_deref(), "SOPS_HUAWEICLOUD_KMS_IDS"),
        azure_kv: option_or(keys.azure_kv.as_deref(), "SOPS_AZURE_KEYVAULT_URLS"),
        pgp: option_or(keys.pgp.as_deref(), "SOPS_PGP_FP"),
        hc_vault: option_or(keys.hc_vault_transit.as_deref(), "SOPS_VAULT_URIS"),
        age: option_or(keys.age.as_deref(), "SOPS_AGE_RECIPIENTS"),
        context: keys.encryption_context.clone().unwrap_or_default(),
        aws_profile: keys.aws_profile.clone().unwrap_or_default(),
    };
    let selection = |rule, option: &Option<String>| (rule, option.clone().unwrap_or_default());
    let mut flags = CreationFlags::default();
    flags.keys = lists.parse(OF_CREATION)?;
    flags.selections = vec![
        selection(
            SelectionRule::UnencryptedSuffix,
            &selections.unencrypted_suffix,
        ),
        selection(SelectionRule::EncryptedSuffix, &selections.encrypted_suffix),
        selection(
            SelectionRule::UnencryptedRegex,
            &selections.unencrypted_regex,
        ),
        selection(SelectionRule::EncryptedRegex, &selections.encrypted_regex),
        selection(
            SelectionRule::UnencryptedCommentRegex,
            &selections.unencrypted_comment_regex,
        ),
        selection(
            SelectionRule::EncryptedCommentRegex,
            &selections.encrypted_comment_regex,
        ),
    ];
    flags.shamir_threshold = keys.shamir_secret_sharing_threshold.unwrap_or_default();
    flags.mac_only_encrypted = mac_only_encrypted;
    Ok(flags)
}

/// The keys that `rotate` adds and removes.
pub(super) fn members(
    added: &Added,
    removed: &Removed,
) -> Result<(KeyGroup, KeyGroup), Box<Failure>> {
    let text = |option: &Option<String>| option.clone().unwrap_or_default();
    let added_lists = Lists {
        kms: text(&added.add_kms),
        gcp_kms: text(&added.add_gcp_kms),
        hckms: text(&added.add_hckms),
        azure_kv: text(&added.add_azure_kv),
        pgp: text(&added.add_pgp),
        hc_vault: text(&added.add_hc_vault_transit),
        age: text(&added.add_age),
        context: text(&added.encryption_context),
        aws_profile: text(&added.aws_profile),
    };
    let removed_lists = Lists {
        kms: text(&removed.rm_kms),
        gcp_kms: text(&removed.rm_gcp_kms),
        hckms: text(&removed.rm_hckms),
        azure_kv: text(&removed.rm_azure_kv),
        pgp: text(&removed.rm_pgp),
        hc_vault: text(&removed.rm_hc_vault_transit),
        age: text(&removed.rm_age),
        context: text(&added.encryption_context),
        aws_profile: text(&added.aws_profile),
    };
    Ok((
        added_lists.parse(OF_ROTATION)?,
        removed_lists.parse(OF_ROTATION)?,
    ))
}

/// The keys of a group that `groups add` makes.
pub(super) fn new_group(args: &GroupsAdd) -> Result<KeyGroup, Box<Failure>> {
    let lists = Lists {
        kms: args.kms.join(","),
        gcp_kms: args.gcp_kms.join(","),
        hckms: args.hckms.join(","),
        azure_kv: args.azure_kv.join(","),
        pgp: args.pgp.join(","),
        hc_vault: args.hc_vault_transit.join(","),
        age: args.age.join(","),
        context: args.encryption_context.clone().unwrap_or_default(),
        aws_profile: args.aws_profile.clone().unwrap_or_default(),
    };
    lists.parse(OF_GROUP)
}

/// Lists of one of a kind.
struct Lists {
    kms: String,
    gcp_kms: String,
    hckms: String,
    azure_kv: String,
    pgp: String,
    hc_vault: String,
    age: String,
    context: String,
    aws_profile: String,
}

/// In which order SOPS puts the kinds of a new file together, ...
const OF_CREATION: [KeyType; 7] = [
    KeyType::Kms,
    KeyType::GcpKms,
    KeyType::HcKms,
    KeyType::AzureKv,
    KeyType::Pgp,
    KeyType::HcVault,
    KeyType::Age,
];

/// ... those of `rotate`, ...
const OF_ROTATION: [KeyType; 7] = [
    KeyType::Kms,
    KeyType::Pgp,
    KeyType::GcpKms,
    KeyType::HcKms,
    KeyType::AzureKv,
    KeyType::HcVault,
    KeyType::Age,
];

/// ... and those of `groups add`.
const OF_GROUP: [KeyType; 7] = [
    KeyType::Pgp,
    KeyType::Kms,
    KeyType::GcpKms,
    KeyType::HcKms,
    KeyType::HcVault,
    KeyType::AzureKv,
    KeyType::Age,
];

impl Lists {
    fn parse(&self, order: [KeyType; 7]) -> Result<KeyGroup, Box<Failure>> {
        let context = MasterKey::parse_kms_context(&self.context)
            .map_err(|error| failures::key("--encryption-context", &error))?;
        let mut group = KeyGroup::new();
        for kind in order {
            let keys = match kind {
                KeyType::Kms => MasterKey::parse_kms(&self.kms, &context, &self.aws_profile),
                KeyType::GcpKms => MasterKey::parse_gcp_kms(&self.gcp_kms),
                KeyType::HcKms => MasterKey::parse_hckms(&self.hckms),
                KeyType::AzureKv => MasterKey::parse_azure_kv(&self.azure_kv),
                KeyType::Pgp => MasterKey::parse_pgp(&self.pgp),
                KeyType::HcVault => MasterKey::parse_hc_vault(&self.hc_vault),
                _ => MasterKey::parse_age(&self.age),
            };
            let named = format!("the {kind} keys given");
            group.extend(keys.map_err(|error| failures::key(&named, &error))?);
        }
        Ok(group)
    }
}
