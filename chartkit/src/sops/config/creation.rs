//! What a new file gets when flags and a creation rule both have a say.

use super::{ConfigError, ConfigErrorKind, CreationRule};
use crate::diagnostic::{Code, Diagnostic};
use crate::sops::{Format, KeyGroup, Selection, SelectionRule};

/// What flags and environment variables say about a new file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CreationFlags {
    /// Keys; when there are any, those of the rule do not count.
    pub keys: KeyGroup,
    /// Suffixes and expressions that say what is encrypted; empty ones do not count.
    pub selections: Vec<(SelectionRule, String)>,
    /// How many groups it takes to open the file; 0 when nothing was said.
    pub shamir_threshold: usize,
    /// The MAC is over encrypted values only.
    pub mac_only_encrypted: bool,
}

/// What a new file gets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Creation {
    /// The keys; one group unless the data key is shared among several. A group may be empty, which
    /// encryption refuses.
    pub key_groups: Vec<KeyGroup>,
    /// What is encrypted; nothing for a binary file, which is encrypted as a whole.
    pub selection: Option<Selection>,
    /// How many groups it takes to open the file; 0 stands for all.
    pub shamir_threshold: usize,
    /// Whether the MAC is over encrypted values only.
    pub mac_only_encrypted: bool,
    /// Settings that mean nothing for a binary file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Creation {
    /// Flags before the rule: any key by flag replaces all keys of the rule, a suffix or expression that of
    /// the same kind, the threshold the threshold.
    ///
    /// # Shape
    ///
    /// `rule` is what [`Config::rule_for`](super::Config::rule_for) found, `format` that of the input.
    ///
    /// # Errors
    ///
    /// [`SeveralSelections`](ConfigErrorKind::SeveralSelections) for a rule that has them by itself,
    /// [`ConflictingSelections`](ConfigErrorKind::ConflictingSelections) when flags and rule have,
    /// [`InvalidSelection`](ConfigErrorKind::InvalidSelection),
    /// [`InvalidKey`](ConfigErrorKind::InvalidKey), [`NoKeys`](ConfigErrorKind::NoKeys).
    ///
    /// # Source
    ///
    /// SOPS v3.13.3, `cmd/sops/main.go`, `getEncryptConfig`, `keyGroups`, `shamirThreshold`. DIFFERENCE: an
    /// expression with a mistake is an error; to SOPS it is one that never matches. For a rule whose keys
    /// are replaced by flags its own keys must be valid, as in SOPS.
    pub fn new(
        flags: &CreationFlags,
        rule: Option<&CreationRule>,
        format: Format,
    ) -> Result<Self, ConfigError> {
        if let Some(rule) = rule {
            rule.selection()?;
        }
        let rule_groups = rule.map(CreationRule::key_groups).transpose()?;
        let mut diagnostics = Vec::new();
        let selection = match format {
            Format::Binary => {
                diagnostics = ignored_for_binary(&all_selections(flags, rule));
                None
            }
            _ => Some(selection(&all_selections(flags, rule), rule)?),
        };
        let key_groups = match rule_groups {
            _ if !flags.keys.is_empty() => vec![flags.keys.clone()],
            Some(groups) => groups.to_vec(),
            None => {
                let message = "no keys: there is no .sops.yaml with creation rules, and no option that names a key";
                return Err(ConfigError::new(ConfigErrorKind::NoKeys, message));
            }
        };
        Ok(Self {
            key_groups,
            selection,
            shamir_threshold: match flags.shamir_threshold {
                0 => rule.map_or(0, CreationRule::shamir_threshold),
                threshold => threshold,
            },
            mac_only_encrypted: format != Format::Binary
                && (flags.mac_only_encrypted || rule.is_some_and(CreationRule::mac_only_encrypted)),
            diagnostics,
        })
    }
}

/// What says something about the selection, in the order of [`SelectionRule::ALL`].
fn all_selections<'a>(
    flags: &'a CreationFlags,
    rule: Option<&'a CreationRule>,
) -> Vec<(SelectionRule, &'a str)> {
    let by_rule = rule.and_then(|rule| rule.selection().ok().flatten());
    let of_kind = |kind| {
        let by_flag = flags
            .selections
            .iter()
            .filter(|(_, pattern)| !pattern.is_empty());
        let by_flag = by_flag.map(|(kind, pattern)| (*kind, pattern.as_str()));
        by_flag.chain(by_rule).find(|(k, _)| *k == kind)
    };
    SelectionRule::ALL.into_iter().filter_map(of_kind).collect()
}

fn selection(
    all: &[(SelectionRule, &str)],
    rule: Option<&CreationRule>,
) -> Result<Selection, ConfigError> {
    match all {
        [] => Ok(Selection::default()),
        [(kind, pattern)] => Selection::new(*kind, *pattern).map_err(|cause| {
            let error = ConfigError::new(ConfigErrorKind::InvalidSelection, cause.to_string());
            let mut in_rule = rule.into_iter().flat_map(|rule| &rule.selections);
            match (rule, in_rule.find(|(k, p)| k == kind && p.text == *pattern)) {
                (Some(rule), Some((_, pattern))) => error.at(rule.file, pattern.span),
                _ => error,
            }
        }),
        [(first, _), (second, _), ..] => {
            let message = format!(
                "found both `{first}` and `{second}` from options and the creation rule, expected one of them"
            );
            Err(ConfigError::new(
                ConfigErrorKind::ConflictingSelections,
                message,
            ))
        }
    }
}

fn ignored_for_binary(all: &[(SelectionRule, &str)]) -> Vec<Diagnostic> {
    let ignored = all.iter().map(|(kind, _)| {
        let message = format!("`{kind}` is ignored: a binary file is encrypted as a whole");
        Diagnostic::warning(Code::UnusableRule, message)
    });
    ignored.collect()
}
