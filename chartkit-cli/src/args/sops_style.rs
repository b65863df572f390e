//! Arguments as SOPS takes them, turned into arguments as clap takes them.
//!
//! SOPS's options may have one dash, take any next argument as their value, and stand before the verb. What
//! SOPS calls its old interface has options in the place of verbs: `-d FILE` for `decrypt FILE`.
//!
//! # Source
//!
//! urfave/cli v1.22.17, `command.go`, and Go's `flag`; SOPS v3.13.3, `cmd/sops/main.go`.

use std::ffi::{OsStr, OsString};

use chartkit::diagnostic::{Code, Diagnostic};
use clap::{Arg, Command};

/// The verb behind which all this happens.
const VERB: &str = "secrets";

/// What clap shall read, and what is to be said about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Translated {
    pub(crate) args: Vec<OsString>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Translates the arguments behind `secrets`; those of other verbs stay as they are.
pub(crate) fn translate(mut args: Vec<OsString>, cli: &Command) -> Translated {
    let mut translated = Translated::default();
    if let Some(at) = first_positional(&args).filter(|at| args[*at] == VERB) {
        let rest = args.split_off(at + 1);
        translated.args = args;
        let secrets = cli.find_subcommand(VERB).expect("it is one of the verbs");
        translate_rest(rest, secrets, &mut translated);
    } else {
        translated.args = args;
    }
    translated
}

/// Before the verb there can only be chartkit's own options.
fn first_positional(args: &[OsString]) -> Option<usize> {
    let is_option = |arg: &OsString| arg.as_encoded_bytes().starts_with(b"-");
    (0..args.len()).find(|at| {
        let is_format = *at > 0 && args[at - 1] == "--format";
        !is_option(&args[*at]) && !is_format
    })
}

/// An option as it was typed, under its long name.
#[derive(Clone, Debug)]
struct Given {
    name: String,
    value: Option<OsString>,
    is_flag: bool,
}

impl Given {
    fn new(option: &Arg, value: Option<OsString>) -> Self {
        Self {
            name: option.get_long().unwrap_or_default().to_owned(),
            value,
            is_flag: !option.get_action().takes_values(),
        }
    }

    /// As clap takes it, nothing for a flag that is denied.
    fn into_arg(self) -> Option<OsString> {
        let mut arg = OsString::from(format!("--{}", self.name));
        match self.value {
            Some(value) if self.is_flag => {
                // The words of Go's `strconv.ParseBool`.
                if matches!(
                    value.to_str(),
                    Some("0" | "f" | "F" | "false" | "False" | "FALSE")
                ) {
                    return None;
                }
            }
            Some(value) => {
                arg.push("=");
                arg.push(value);
            }
            None => {}
        }
        Some(arg)
    }
}

/// What stands before the verb.
#[derive(Default)]
struct Before {
    /// The options of `secrets` itself.
    own: Vec<Given>,
    /// Options of verbs.
    of_verbs: Vec<Given>,
    /// The verbs of the old interface and their values.
    old_verbs: Vec<(&'static str, Option<OsString>)>,
    /// chartkit's own, and what nobody knows: for clap to judge.
    others: Vec<OsString>,
}

fn translate_rest(args: Vec<OsString>, secrets: &Command, translated: &mut Translated) {
    let mut args = args.into_iter();
    let mut before = Before::default();
    let first = loop {
        let Some(arg) = args.next() else { break None };
        let Some((name, value)) = split_option(&arg) else {
            break Some(arg);
        };
        let mut value_for = |takes_value| match value.clone() {
            None if takes_value => args.next(),
            value => value,
        };
        if let Some(option) = option_of(secrets, &name) {
            before
                .own
                .push(Given::new(option, value_for(takes_value(option))));
        } else if let Some(verb) = old_verb(&name) {
            before.old_verbs.push((verb, value_for(verb == "set")));
        } else if let Some(option) = option_anywhere(secrets, &name) {
            before
                .of_verbs
                .push(Given::new(option, value_for(takes_value(option))));
        } else {
            before.others.push(arg);
            before
                .others
                .extend(value_for(name == "format").filter(|_| value.is_none()));
        }
    };
    translated.args.append(&mut before.others);
    translated
        .args
        .extend(before.own.into_iter().filter_map(Given::into_arg));

    let mut rest: Vec<_> = first.into_iter().chain(args).collect();
    put_old_verb_first(&before.old_verbs, &mut rest, secrets);
    let Some((command, words)) = find_verb(secrets, &rest) else {
        translated.args.extend(rest);
        return;
    };
    let behind = rest.split_off(words);
    translated.args.extend(rest);
    for given in before.of_verbs {
        if option_of(command, &given.name).is_some() {
            translated.args.extend(given.into_arg());
        } else {
            let (name, verb) = (&given.name, command.get_name());
            let warning = format!("`--{name}` means nothing to `{verb}` and is ignored");
            translated
                .warnings
                .push(Diagnostic::warning(Code::IgnoredArgument, warning));
        }
    }
    translate_behind(behind, command, &mut translated.args);
}

/// The verb that the words begin with, and how many words it has.
fn find_verb<'c>(secrets: &'c Command, words: &[OsString]) -> Option<(&'c Command, usize)> {
    let verb = secrets.find_subcommand(words.first()?)?;
    match words.get(1).and_then(|inner| verb.find_subcommand(inner)) {
        Some(inner) => Some((inner, 2)),
        None => Some((verb, 1)),
    }
}

/// The arguments behind the verb: one dash or two, values that start with a dash.
fn translate_behind(rest: Vec<OsString>, command: &Command, out: &mut Vec<OsString>) {
    let mut rest = rest.into_iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            out.push(arg);
            out.extend(rest);
            return;
        }
        let option =
            split_option(&arg).and_then(|(name, value)| Some((option_of(command, &name)?, value)));
        let Some((option, value)) = option else {
            // A text such as `-5` that is no option is an argument of its own.
            out.push(arg);
            continue;
        };
        let value = match value {
            None if takes_value(option) => {
                let Some(value) = rest.next() else {
                    // Nothing is left: clap says what is missing.
                    out.push(arg);
                    return;
                };
                Some(value)
            }
            value => value,
        };
        out.extend(Given::new(option, value).into_arg());
    }
}

/// Turns the old interface into the new one: `-d FILE` into `decrypt FILE`, a file alone into `edit FILE`.
fn put_old_verb_first(
    old_verbs: &[(&'static str, Option<OsString>)],
    rest: &mut Vec<OsString>,
    secrets: &Command,
) {
    let Some(first) = rest
        .first()
        .filter(|first| secrets.find_subcommand(first).is_none())
    else {
        return;
    };
    let looks_like_file = first
        .to_string_lossy()
        .contains(['.', '/', std::path::MAIN_SEPARATOR]);
    match old_verbs.last() {
        Some(("set", value)) => {
            let value = value
                .as_ref()
                .and_then(|value| value.to_str())
                .unwrap_or_default();
            // A path ends with `]`, so that the blank behind one divides it from the value.
            if let Some((path, value)) = value.split_once("] ") {
                rest.insert(1, OsString::from(format!("{path}]")));
                rest.insert(2, OsString::from(value));
            }
            rest.insert(0, OsString::from("set"));
        }
        Some((verb, _)) => rest.insert(0, OsString::from(verb)),
        None if looks_like_file => rest.insert(0, OsString::from("edit")),
        None => {}
    }
}

fn old_verb(name: &str) -> Option<&'static str> {
    match name {
        "d" | "decrypt" => Some("decrypt"),
        "e" | "encrypt" => Some("encrypt"),
        "r" | "rotate" => Some("rotate"),
        "set" => Some("set"),
        _ => None,
    }
}

/// The name and the value of `-name`, `--name`, `-name=value` and `--name=value`.
fn split_option(arg: &OsStr) -> Option<(String, Option<OsString>)> {
    let bytes = arg.as_encoded_bytes();
    let text = bytes
        .strip_prefix(b"--")
        .or_else(|| bytes.strip_prefix(b"-"))?;
    if text.is_empty() || text.starts_with(b"-") || text.starts_with(b"=") {
        return None;
    }
    let text = arg.to_str()?.trim_start_matches('-');
    match text.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), Some(value.into()))),
        None => Some((text.to_owned(), None)),
    }
}

fn option_of<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| {
        let short = arg
            .get_short()
            .is_some_and(|short| name.chars().eq([short]));
        arg.get_long() == Some(name) || short
    })
}

/// An option of whatever verb has one of that name.
fn option_anywhere<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    command
        .get_subcommands()
        .find_map(|verb| option_of(verb, name).or_else(|| option_anywhere(verb, name)))
}

/// Whether the next argument is its value.
fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values() && !option.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Cli;

    fn translated(line: &str) -> (String, usize) {
        let words = shlex::split(line).unwrap();
        let args = words.into_iter().map(OsString::from).collect();
        let translated = translate(args, &Cli::command());
        let words: Vec<_> = translated
            .args
            .iter()
            .map(|arg| arg.to_str().unwrap())
            .collect();
        (words.join(" "), translated.warnings.len())
    }

    #[test]
    fn options_are_taken_as_sops_takes_them() {
        for (line, want) in [
            (
                "secrets decrypt -extract '[\"a\"]' f",
                "secrets decrypt --extract=[\"a\"] f",
            ),
            (
                "secrets decrypt f --output-type json",
                "secrets decrypt f --output-type=json",
            ),
            (
                "secrets encrypt -a X -i f",
                "secrets encrypt --age=X --in-place f",
            ),
            (
                "secrets encrypt -in-place=true -age=X f",
                "secrets encrypt --in-place --age=X f",
            ),
            ("secrets encrypt --in-place=false f", "secrets encrypt f"),
            (
                "secrets encrypt --unencrypted-suffix -x f",
                "secrets encrypt --unencrypted-suffix=-x f",
            ),
            ("secrets set f '[\"a\"]' -5", "secrets set f [\"a\"] -5"),
            (
                "secrets --indent 2 -config c encrypt f",
                "secrets --indent=2 --config=c encrypt f",
            ),
            (
                "secrets --age X encrypt -i f",
                "secrets encrypt --age=X --in-place f",
            ),
            (
                "secrets --age X encrypt --age Y f",
                "secrets encrypt --age=X --age=Y f",
            ),
            (
                "secrets -f f groups delete 1",
                "secrets groups delete --file=f 1",
            ),
            (
                "secrets groups add -age X -f f",
                "secrets groups add --age=X --file=f",
            ),
            ("secrets exec f -- sh -c x", "secrets exec f -- sh -c x"),
            (
                "secrets status --format json f",
                "secrets status --format json f",
            ),
            (
                "--format json secrets --format=human status f",
                "--format json secrets --format=human status f",
            ),
            (
                "secrets decrypt --enable-local-keyservice f",
                "secrets decrypt --enable-local-keyservice f",
            ),
            ("secrets --help", "secrets --help"),
            ("secrets decrypt -h", "secrets decrypt -h"),
            ("secrets help decrypt", "secrets help decrypt"),
            ("secrets", "secrets"),
            ("secrets decrypt --extract", "secrets decrypt --extract"),
            (
                "values c -f secrets -set a=b",
                "values c -f secrets -set a=b",
            ),
        ] {
            assert_eq!(translated(line), (want.to_owned(), 0), "{line}");
        }
    }

    #[test]
    fn an_option_that_the_verb_has_not_is_told() {
        let want = ("secrets decrypt f".to_owned(), 1);
        assert_eq!(translated("secrets --age X decrypt f"), want);
        let want = ("secrets decrypt --nonsense f".to_owned(), 0);
        assert_eq!(translated("secrets decrypt --nonsense f"), want);
    }

    #[test]
    fn the_old_interface_has_verbs_too() {
        for (line, want) in [
            ("secrets -d f.yaml", "secrets decrypt f.yaml"),
            (
                "secrets --decrypt --extract x f",
                "secrets decrypt --extract=x f",
            ),
            (
                "secrets -e -i --input-type yaml f",
                "secrets encrypt --in-place --input-type=yaml f",
            ),
            ("secrets -r --add-age X f", "secrets rotate --add-age=X f"),
            (
                "secrets --set '[\"a\"][0] {\"b\": 1}' f",
                "secrets set f [\"a\"][0] {\"b\": 1}",
            ),
            ("secrets f.yaml", "secrets edit f.yaml"),
            (
                "secrets --input-type yaml a/b",
                "secrets edit --input-type=yaml a/b",
            ),
            ("secrets decrpt", "secrets decrpt"),
        ] {
            assert_eq!(translated(line), (want.to_owned(), 0), "{line}");
        }
    }
}
