//! The keys and settings of a file against the creation rule of its `.sops.yaml`.

use std::collections::BTreeSet;

use super::metadata::span_of;
use super::{Report, keys};
use crate::diagnostic::{Code, Diagnostic};
use crate::sops::config::CreationRule;
use crate::sops::selection::DEFAULT_UNENCRYPTED_SUFFIX;
use crate::sops::{EncryptedFile, SelectionRule};
use crate::source::{FileId, Span};

pub(super) fn check(file: &EncryptedFile, rule: &CreationRule, report: &mut Report) {
    let (rule_file, whole) = rule.location();
    let rule_start = Span {
        start: whole.start,
        end: whole.end.min(whole.start.saturating_add(1)),
    };
    let place = (rule_file, rule_start);
    // A rule that cannot be used is the configuration's problem: `Config::check` reports it.
    if let Ok(expected) = rule.key_groups() {
        recipients(file, expected, place, report);
        let count = expected.len();
        let found = file.metadata().shamir_threshold();
        let wanted = match rule.shamir_threshold() {
            0 => count,
            threshold => threshold,
        };
        if count > 1 && file.metadata().key_groups().len() == count && found != wanted {
            let message =
                format!("it takes {found} key groups to open the file, its rule says {wanted}");
            setting(file, "shamir_threshold", message, place, report);
        }
    }
    settings(file, rule, place, report);
}

/// As SOPS compares: group by group, each key by its text, in any order.
fn recipients(
    file: &EncryptedFile,
    expected: &[Vec<crate::sops::MasterKey>],
    (rule_file, rule_span): (FileId, Span),
    report: &mut Report,
) {
    let groups = file.metadata().key_groups();
    let spans = keys::spans(file.metadata());
    let several = groups.len().max(expected.len()) > 1;
    for index in 0..groups.len().max(expected.len()) {
        let found = groups.get(index).map_or(&[][..], |group| group);
        let wanted = expected.get(index).map_or(&[][..], |group| group);
        let found_texts: BTreeSet<_> = found.iter().map(|k| k.master_key.to_string()).collect();
        let wanted_texts: BTreeSet<_> = wanted.iter().map(ToString::to_string).collect();
        let of_group = if several {
            format!(" of key group {}", index + 1)
        } else {
            String::new()
        };
        for (key, entry) in found.iter().enumerate() {
            let text = entry.master_key.to_string();
            if wanted_texts.contains(&text) {
                continue;
            }
            let message = format!("`{text}`{of_group} can open the file, but is not in its rule");
            let diagnostic = Diagnostic::error(Code::OtherRecipients, message)
                .at(report.file, keys::span_at(&spans, index, key), "")
                .at(rule_file, rule_span, "the rule");
            report.add(diagnostic.help(
                "run `chartkit secrets updatekeys`, then `rotate`: who could open the file knows \
                 its data key",
            ));
        }
        for text in wanted_texts.difference(&found_texts) {
            let message = format!("`{text}`{of_group} is in the rule, but cannot open the file");
            let diagnostic = Diagnostic::error(Code::OtherRecipients, message)
                .at(report.file, keys::span_at(&spans, index, 0), "")
                .at(rule_file, rule_span, "the rule");
            report.add(diagnostic.help("run `chartkit secrets updatekeys`"));
        }
    }
}

fn settings(file: &EncryptedFile, rule: &CreationRule, place: (FileId, Span), report: &mut Report) {
    let metadata = file.metadata();
    if let Ok(selection) = rule.selection() {
        let default = (SelectionRule::UnencryptedSuffix, DEFAULT_UNENCRYPTED_SUFFIX);
        let (kind, pattern) = selection.unwrap_or(default);
        let (found_kind, found) = (metadata.rule(), metadata.pattern());
        if (kind, pattern) != (found_kind, found) {
            let message = format!(
                "what is encrypted is said by `{found_kind}: {found}`, its rule says \
                 `{kind}: {pattern}`"
            );
            setting(file, found_kind.as_str(), message, place, report);
        }
    }
    if rule.mac_only_encrypted() != metadata.mac_only_encrypted() {
        let (found, wanted) = (metadata.mac_only_encrypted(), rule.mac_only_encrypted());
        let message = format!("`mac_only_encrypted` is {found}, its rule says {wanted}");
        setting(file, "mac_only_encrypted", message, place, report);
    }
}

fn setting(
    file: &EncryptedFile,
    field: &str,
    message: String,
    (rule_file, rule_span): (FileId, Span),
    report: &mut Report,
) {
    let span = span_of(file.metadata(), field);
    let diagnostic = Diagnostic::warning(Code::OtherSettings, message)
        .at(report.file, span, "")
        .at(rule_file, rule_span, "the rule");
    report
        .add(diagnostic.help("rules are for new files: decrypt and encrypt this one to follow it"));
}
