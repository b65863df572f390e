//! The values and comments of a file: ciphertext where the rule says so, and nowhere else.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use serde::de::IgnoredAny;

use super::{Report, VerifyOptions};
use crate::diagnostic::{Code, Diagnostic};
use crate::sops::cipher::{Ciphertext, problem_of};
use crate::sops::leaf::{self, Content, Leaf};
use crate::sops::tree::entries;
use crate::sops::{Branch, EncryptedFile, Format, Node, Step, Value, layout};
use crate::source::Span;

/// The help of everything that may be tampering.
const CHANGED_BY_HAND: &str =
    "take the line from a good version of the file, or set the value anew";

pub(super) fn check(file: &EncryptedFile, options: &VerifyOptions<'_>, report: &mut Report) {
    let metadata = file.metadata();
    let mut check = Check {
        options,
        report,
        nonces: Nonces::default(),
        any_encrypted: false,
        any_plain: false,
    };
    let selection = metadata.selection_of_old_file();
    leaf::for_each(file.branches(), &selection, &mut |leaf| check.leaf(leaf));
    let Check {
        mut nonces,
        any_encrypted,
        any_plain,
        ..
    } = check;
    for (name, span, text) in metadata.ciphertexts() {
        nonces.add(&format!("`sops.{name}`"), name, text, span, report);
    }
    if any_plain && !any_encrypted {
        let message = format!(
            "nothing in the file is encrypted: its rule is `{}: {}`",
            metadata.rule(),
            metadata.pattern()
        );
        let help = "correct the rule and encrypt the file again";
        report.error(Code::PlainValue, Span::default(), message, help);
    }
    for branch in file.branches() {
        duplicate_keys(branch, report);
    }
    if matches!(file.format(), Format::Json | Format::Binary)
        && let Some(span) = text_behind_object(&file.text)
    {
        let message = "found text behind the JSON object, where SOPS does not read";
        let help = "remove it: it is neither encrypted nor checked";
        report.error(Code::PlainValue, span, message, help);
    }
    if file.format() == Format::Yaml {
        for span in plain_lost_comments(&file.text) {
            let message = "found a comment in plain text in a place that SOPS does not read";
            let help =
                "SOPS neither encrypts nor keeps it: remove it, or put it on a line of its own";
            let level = options.plain_comments;
            report.at_level(level, Code::PlainComment, span, message, help);
        }
    }
}

/// What follows the object of a file that was read already.
fn text_behind_object(text: &[u8]) -> Option<Span> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let end = values.byte_offset();
    let blank = text[end..].iter().take_while(|b| b.is_ascii_whitespace());
    let start = end + blank.count();
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    (start < text.len()).then(|| Span {
        start: offset(start),
        end: offset(start + 1),
    })
}

/// The comments that are in no tree, and not encrypted either.
fn plain_lost_comments(text: &[u8]) -> Vec<Span> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Vec::new();
    };
    // Most files have no comment at all, and to look for them means to read the file once more.
    if !text.contains('#') {
        return Vec::new();
    }
    let mut lost = layout::lost_comments(text);
    lost.retain(|span| {
        let comment = &text[span.start as usize..span.end as usize];
        comment != "#" && !comment.starts_with("#ENC[")
    });
    lost
}

struct Check<'c> {
    options: &'c VerifyOptions<'c>,
    report: &'c mut Report,
    nonces: Nonces,
    any_encrypted: bool,
    /// A value in plain text that is more than nothing.
    any_plain: bool,
}

impl Check<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) {
        let span = leaf.span();
        let looks_encrypted = leaf.content.text().is_some_and(|t| t.starts_with("ENC["));
        if looks_encrypted {
            self.any_encrypted = true;
            let text = leaf.content.text().unwrap_or_default();
            let data = leaf.path.additional_data();
            self.nonces
                .add(&leaf.name(), &data, text, span, self.report);
        }
        match (leaf.is_encrypted, leaf.content) {
            (true, _) if looks_encrypted => self.ciphertext(leaf, span),
            (true, Content::Comment(comment)) if !comment.text.is_empty() => {
                let message = "found a comment in plain text, expected ciphertext";
                let help =
                    "encrypt the file again if it is secret; old versions of SOPS left it so";
                let level = self.options.plain_comments;
                self.report
                    .at_level(level, Code::PlainComment, span, message, help);
            }
            (true, Content::Value(node)) => self.plain(leaf, node, span),
            (false, _) if looks_encrypted => {
                let message = format!(
                    "{} is ciphertext, but the file's rule keeps it in plain text",
                    leaf.name()
                );
                let help = "nothing decrypts it: set the value anew, or correct the rule";
                self.report
                    .error(Code::StrayCiphertext, span, message, help);
            }
            (false, Content::Value(node)) => self.any_plain |= !is_empty(node),
            (_, Content::Comment(_)) => {}
        }
    }

    fn ciphertext(&mut self, leaf: &Leaf<'_>, span: Span) {
        let text = leaf.content.text().unwrap_or_default();
        let in_list = matches!(leaf.path.steps().last(), Some(Step::Index(_)));
        let kind = Ciphertext::parse(text).map(|ciphertext| ciphertext.kind);
        let problem = problem_of(text).or_else(|| match leaf.content {
            Content::Comment(_) if kind != Some("comment") => {
                Some("it is a value where a comment belongs".to_owned())
            }
            // Among the items of a list, encrypted comments are items.
            Content::Value(_) if kind == Some("comment") && !in_list => {
                Some("it is a comment where a value belongs".to_owned())
            }
            _ => None,
        });
        if let Some(problem) = problem {
            let message = format!("the ciphertext of {} is damaged: {problem}", leaf.name());
            self.report
                .error(Code::DamagedCiphertext, span, message, CHANGED_BY_HAND);
        }
    }

    fn plain(&mut self, leaf: &Leaf<'_>, node: &Node, span: Span) {
        if is_empty(node) {
            let found = match node.value {
                Value::Null => "null",
                _ => "an empty text",
            };
            let message = format!("{} is {found}, expected a secret", leaf.name());
            let help = "set the value, or remove the key";
            let level = self.options.empty;
            self.report
                .at_level(level, Code::EmptySecret, span, message, help);
            return;
        }
        self.any_plain = true;
        let message = format!("{} is in plain text, expected ciphertext", leaf.name());
        let help = "it has been readable for everybody: encrypt it, and replace the secret itself";
        self.report.error(Code::PlainValue, span, message, help);
    }
}

/// SOPS leaves nulls and empty texts as they are.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// The nonces of a file. Two values under one nonce show the difference of their plaintexts to everybody.
#[derive(Default)]
struct Nonces(HashMap<String, Seen>);

struct Seen {
    name: String,
    additional_data: String,
    text: String,
    span: Span,
}

impl Nonces {
    fn add(
        &mut self,
        name: &str,
        additional_data: &str,
        text: &str,
        span: Span,
        report: &mut Report,
    ) {
        let Some(ciphertext) = Ciphertext::parse(text) else {
            return;
        };
        let slot = match self.0.entry(ciphertext.iv.to_owned()) {
            Slot::Vacant(slot) => {
                slot.insert(Seen {
                    name: name.to_owned(),
                    additional_data: additional_data.to_owned(),
                    text: text.to_owned(),
                    span,
                });
                return;
            }
            Slot::Occupied(slot) => slot,
        };
        let seen = slot.get();
        let same_text = seen.text == text;
        // SOPS gives equal items of a list one ciphertext.
        if same_text && seen.additional_data == additional_data {
            return;
        }
        let message = if same_text {
            format!(
                "{name} has the ciphertext of {}: one was copied from the other",
                seen.name
            )
        } else {
            format!("{name} has the `iv` of {}", seen.name)
        };
        let diagnostic = Diagnostic::error(Code::RepeatedNonce, message)
            .at(report.file, span, "")
            .at(report.file, seen.span, "the other one");
        report.add(diagnostic.help(
            "ciphertext belongs to one place, and two values under one `iv` give each other away: \
             set one of them anew",
        ));
    }
}

fn duplicate_keys(branch: &Branch, report: &mut Report) {
    fn in_node(node: &Node, report: &mut Report) {
        match &node.value {
            Value::Branch(branch) => duplicate_keys(branch, report),
            Value::List(items) => items.iter().for_each(|item| in_node(item, report)),
            _ => {}
        }
    }
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for entry in entries(branch) {
        let span = entry.key_at.map_or_else(Span::default, |at| at.span);
        if let Some(first) = seen.insert(&entry.key, span) {
            let message = format!("the key `{}` is there twice", entry.key);
            let diagnostic = Diagnostic::warning(Code::DuplicateKey, message)
                .at(report.file, span, "")
                .at(report.file, first, "the other one");
            let help =
                "SOPS changes the first, and most programs read the last: remove one of them";
            report.add(diagnostic.help(help));
        }
        in_node(&entry.value, report);
    }
}
