//! Regular expressions as Go understands them, compiled for the `regex` crate.
//!
//! Decides what a pattern of `.sops.yaml` or of a file's metadata means. The two dialects are close, but a
//! pattern that both accept must also match the same: it says what is encrypted.
//!
//! Fixtures: `fixtures/re2`.
//!
//! # Source
//!
//! Go 1.26, `regexp/syntax/parse.go`, with the flags of `regexp.Compile`.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use regex::bytes::{Regex, RegexBuilder};

/// Why a pattern is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError(String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PatternError {}

/// A pattern that is searched anywhere in a text.
///
/// # Errors
///
/// What Go refuses, and expressions that would need more than 10 MiB.
pub(crate) fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let translated = translate(pattern)?;
    RegexBuilder::new(&translated)
        .build()
        .map_err(|error| match error {
            // Only the last line says what is wrong; the others draw a picture of the translation.
            regex::Error::Syntax(text) => {
                let last = text.lines().last().unwrap_or_default();
                PatternError(last.trim_start_matches("error: ").to_owned())
            }
            other => PatternError(other.to_string()),
        })
}

/// The most that Go lets a part be repeated.
const MAX_REPEAT: u32 = 1000;

fn translate(pattern: &str) -> Result<String, PatternError> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 16),
    };
    translator.pattern()?;
    Ok(translator.out)
}

struct Translator<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

fn mistake<T>(message: impl Into<String>) -> Result<T, PatternError> {
    Err(PatternError(message.into()))
}

impl Translator<'_> {
    fn pattern(&mut self) -> Result<(), PatternError> {
        let mut after_repetition = false;
        while let Some(c) = self.rest.next() {
            let mut is_repetition = false;
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' => match self.repetition()? {
                    Some(text) => {
                        self.out += &text;
                        is_repetition = true;
                    }
                    None => self.out += r"\{",
                },
                '}' => self.out += r"\}",
                '*' | '+' | '?' => {
                    self.out.push(c);
                    is_repetition = true;
                }
                c => self.out.push(c),
            }
            if is_repetition {
                if after_repetition {
                    return mistake("a repetition of a repetition");
                }
                if self.rest.next_if_eq(&'?').is_some() {
                    self.out.push('?');
                }
            }
            after_repetition = is_repetition;
        }
        Ok(())
    }

    /// What stands behind `(`: a flag that only the `regex` crate has would change the meaning.
    fn group(&mut self) -> Result<(), PatternError> {
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        let rest: String = self.rest.clone().take(2).collect();
        if rest.starts_with("P<") || (rest.starts_with('<') && rest != "<=" && rest != "<!") {
            return self.group_name();
        }
        let mut flags = String::new();
        for c in self.rest.by_ref() {
            match c {
                'i' | 'm' | 's' | 'U' | '-' => flags.push(c),
                ')' if flags.is_empty() => self.out += "?:)",
                ':' | ')' => self.out += &format!("?{flags}{c}"),
                '=' | '!' | '<' => return mistake("look-around is not supported"),
                c => return mistake(format!("unknown flag `{}`", c.escape_debug())),
            }
            if matches!(c, ':' | ')') {
                return Ok(());
            }
        }
        mistake("a group is not closed")
    }

    /// The name of a group, which nothing here asks for: `P<name>` or `<name>`.
    fn group_name(&mut self) -> Result<(), PatternError> {
        self.rest.next_if_eq(&'P');
        self.rest.next();
        match self.braced('>') {
            Some(name) if is_word(&name) => Ok(()),
            _ => mistake("the name of a group is no word"),
        }
    }

    /// The text up to an end mark, which is left behind too; nothing when there is no such mark.
    fn braced(&mut self, end: char) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                c if c == end => return Some(text),
                c => text.push(c),
            }
        }
    }

    /// `{n}`, `{n,}` or `{n,m}`; nothing when the brace stands for itself.
    fn repetition(&mut self) -> Result<Option<String>, PatternError> {
        let text: String = self.rest.clone().take_while(|c| *c != '}').collect();
        if self.rest.clone().nth(text.chars().count()) != Some('}') {
            return Ok(None);
        }
        let (least, most) = match text.split_once(',') {
            None => (text.as_str(), None),
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
        };
        let is_number = |digits: &str| {
            let leading_zero = digits.len() > 1 && digits.starts_with('0');
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && !leading_zero
        };
        if !is_number(least) || most.is_some_and(|most| !is_number(most)) {
            return Ok(None);
        }
        let too_many = |digits: &str| digits.parse::<u32>().map_or(true, |n| n > MAX_REPEAT);
        if too_many(least) || most.is_some_and(too_many) {
            return mistake(format!("a repetition of more than {MAX_REPEAT}"));
        }
        self.rest.nth(text.chars().count());
        Ok(Some(format!("{{{text}}}")))
    }

    /// What stands behind `\`, outside of brackets.
    fn escape(&mut self) -> Result<(), PatternError> {
        match self.rest.peek() {
            // Word characters are ASCII to Go.
            Some('b') => self.take(r"(?-u:\b)"),
            Some('B') => self.take(r"(?-u:\B)"),
            Some('A') => self.take(r"\A"),
            Some('z') => self.take(r"\z"),
            Some('Q') => {
                self.rest.next();
                self.literal_text();
            }
            Some('p' | 'P') => self.property()?,
            next => {
                if let Some(class) = next.copied().and_then(perl_class) {
                    self.take(class);
                } else {
                    let c = self.escaped_char()?;
                    self.push_char(c);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, out: &str) {
        self.rest.next();
        self.out += out;
    }

    /// Text between `\Q` and `\E` stands for itself.
    fn literal_text(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.push_char(c);
        }
    }

    fn push_char(&mut self, c: char) {
        self.out += &format!("\\x{{{:X}}}", u32::from(c));
    }

    /// `\pL`, `\p{Greek}` and their negations.
    fn property(&mut self) -> Result<(), PatternError> {
        let mut negated = self.rest.next() == Some('P');
        let name = match self.rest.next() {
            Some('{') => self.braced('}').unwrap_or_default(),
            Some(letter) => letter.to_string(),
            None => String::new(),
        };
        let name = match name.strip_prefix('^') {
            Some(name) => {
                negated = !negated;
                name
            }
            None => &name,
        };
        if !is_word(name) {
            return mistake("`\\p` without a class");
        }
        self.out += if negated { r"\P{" } else { r"\p{" };
        self.out += name;
        self.out.push('}');
        Ok(())
    }

    /// The character that `\` and what follows stand for.
    fn escaped_char(&mut self) -> Result<char, PatternError> {
        let Some(c) = self.rest.next() else {
            return mistake("a backslash at the end");
        };
        let octal = |c: &char| ('0'..='7').contains(c);
        match c {
            '1'..='7' if !self.rest.peek().is_some_and(octal) => {
                mistake("references to groups are not supported")
            }
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = self.rest.next_if(octal) else {
                        break;
                    };
                    code = 8 * code + digit.to_digit(8).unwrap_or_default();
                }
                char::from_u32(code).map_or_else(|| mistake("no character"), Ok)
            }
            'x' => self.hexadecimal(),
            'a' => Ok('\x07'),
            'f' => Ok('\x0C'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0B'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            c => mistake(format!("unknown escape `\\{}`", c.escape_debug())),
        }
    }

    fn hexadecimal(&mut self) -> Result<char, PatternError> {
        let digits = match self.rest.next() {
            Some('{') => self.braced('}').filter(|digits| digits.len() <= 8),
            first => first
                .zip(self.rest.next())
                .map(|(a, b)| [a, b].iter().collect()),
        };
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => mistake("`\\x` without a character's number"),
        }
    }

    /// A class in brackets. Everything in it is written as numbers, as `[`, `&&`, `--` and `~~` mean
    /// nothing to Go.
    fn class(&mut self) -> Result<(), PatternError> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let Some(c) = self.rest.peek().copied() else {
                return mistake("a bracket is not closed");
            };
            if c == ']' && !is_first {
                self.rest.next();
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if c == '[' && self.posix_class()? {
                continue;
            }
            if c == '\\' {
                let mut ahead = self.rest.clone();
                ahead.next();
                let next = ahead.next();
                if let Some(class) = next.and_then(perl_class) {
                    self.rest = ahead;
                    self.out += class;
                    continue;
                }
                if matches!(next, Some('p' | 'P')) {
                    self.rest.next();
                    self.property()?;
                    continue;
                }
            }
            let low = self.class_char()?;
            let mut high = low;
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
                self.rest = ahead;
                high = self.class_char()?;
            }
            if high < low {
                return mistake("a range in brackets whose end is before its start");
            }
            self.push_char(low);
            if high != low {
                self.out.push('-');
                self.push_char(high);
            }
        }
    }

    fn class_char(&mut self) -> Result<char, PatternError> {
        match self.rest.next() {
            Some('\\') => self.escaped_char(),
            Some(c) => Ok(c),
            None => mistake("a bracket is not closed"),
        }
    }

    /// `[:alpha:]` and the like; `[` alone stands for itself.
    fn posix_class(&mut self) -> Result<bool, PatternError> {
        let rest: String = self.rest.clone().collect();
        let Some(name) = rest
            .strip_prefix("[:")
            .and_then(|rest| rest.split_once(":]"))
            .map(|(name, _)| name)
        else {
            return Ok(false);
        };
        if !POSIX_CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return mistake("unknown class in `[: :]`");
        }
        self.out += &format!("[:{name}:]");
        self.rest.nth(name.len() + 3);
        Ok(true)
    }
}

const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    !text.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The classes of a letter; Go's are ASCII, and its blanks have no vertical tab.
fn perl_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Cases {
        texts: Vec<String>,
    }

    #[derive(serde::Deserialize)]
    struct Answer {
        pattern: String,
        error: Option<String>,
        matches: Vec<usize>,
    }

    #[test]
    fn patterns_match_what_they_match_in_go() {
        let cases: Cases =
            serde_json::from_str(include_str!("../../../fixtures/re2/cases.json")).unwrap();
        let answers: Vec<Answer> =
            serde_json::from_str(include_str!("../../../fixtures/re2/want.json")).unwrap();
        let mut wrong = Vec::new();
        for want in &answers {
            let ours = match compile(&want.pattern) {
                Ok(regex) => {
                    let texts = cases.texts.iter().enumerate();
                    let matching = texts.filter(|(_, text)| regex.is_match(text.as_bytes()));
                    Some(matching.map(|(index, _)| index).collect::<Vec<_>>())
                }
                Err(_) => None,
            };
            let theirs = want.error.is_none().then(|| want.matches.clone());
            if ours != theirs {
                wrong.push(format!("{:?}: Go {theirs:?}, here {ours:?}", want.pattern));
            }
        }
        assert!(answers.len() > 200);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
