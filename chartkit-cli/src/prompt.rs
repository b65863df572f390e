//! Asking whoever sits at the terminal. The only file that reads one.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stdin};

use chartkit::sops::{Interaction, Secret};

use crate::report;

/// Asks on the terminal for passphrases and what plugins want to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal;

impl Interaction for Terminal {
    fn passphrase(&self, description: &str) -> Option<Secret> {
        // Reads from the terminal itself: standard input may be the file to decrypt.
        let typed = rpassword::prompt_password(format!("{description}: ")).ok()?;
        Some(Secret::from(typed))
    }

    fn message(&self, message: &str) {
        report::messages(&format!("{message}\n"));
    }

    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let no = no.unwrap_or("no");
        loop {
            match line(&format!("{question} ({yes}/{no}): "))? {
                answer if answer == yes => return Some(true),
                answer if answer == no => return Some(false),
                _ => {}
            }
        }
    }

    fn public_text(&self, description: &str) -> Option<String> {
        line(&format!("{description}: "))
    }
}

/// Whether the answer is yes; nothing when nobody answers.
pub(crate) fn is_confirmed(question: &str) -> Option<bool> {
    loop {
        match line(&format!("{question} (y/n): "))?.as_str() {
            "y" => return Some(true),
            "n" => return Some(false),
            _ => {}
        }
    }
}

/// Waits until Enter is pressed; says whether somebody was there to do it.
pub(crate) fn is_enter_pressed(message: &str) -> bool {
    stdin().is_terminal() && line(message).is_some()
}

/// A line of standard input without its end; nothing at the end of input.
fn line(question: &str) -> Option<String> {
    report::messages(question);
    let mut stderr = std::io::stderr();
    stderr.flush().ok()?;
    let mut line = String::new();
    match stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end_matches(['\n', '\r']).to_owned()),
    }
}
