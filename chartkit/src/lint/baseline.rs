//! Findings that an old repository has and does not want to hear of again.
//!
//! A baseline only shrinks: what is mended leaves it, and nothing new gets in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Record;

const VERSION: u32 = 1;

/// Known findings, by fingerprint.
///
/// # Shape
///
/// A finding is known by its rule, its file within the chart and its text; lines do not count, so
/// changes above it do not matter. Of findings that are equal in all of these, as many are known as
/// there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    rule: String,
    file: String,
    count: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    findings: Vec<WrittenFinding>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFinding {
    fingerprint: String,
    rule: String,
    file: String,
    count: u32,
}

/// A text that is no baseline.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BaselineError(String);

impl Baseline {
    /// Reads what [`Baseline::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn parse(text: &[u8]) -> Result<Self, BaselineError> {
        let written: Written = serde_json::from_slice(text)
            .map_err(|error| BaselineError(format!("not a baseline of chartkit lint: {error}")))?;
        if written.version != VERSION {
            let found = written.version;
            return Err(BaselineError(format!(
                "found version {found}, expected {VERSION}"
            )));
        }
        let known = written.findings.into_iter().map(|finding| {
            let WrittenFinding {
                fingerprint,
                rule,
                file,
                count,
            } = finding;
            (fingerprint, Known { rule, file, count })
        });
        Ok(Self {
            known: known.collect(),
        })
    }

    /// The baseline in which these findings are known.
    #[must_use]
    pub fn of<'r>(records: impl IntoIterator<Item = &'r Record>) -> Self {
        let mut baseline = Self::default();
        for record in records {
            let known = baseline.known.entry(record.fingerprint.clone());
            let known = known.or_insert_with(|| Known {
                rule: record.code.to_owned(),
                file: record.baseline_file(),
                count: 0,
            });
            known.count += 1;
        }
        baseline
    }

    /// One finding a line, sorted, so that changes are easy to review.
    ///
    /// # Panics
    ///
    /// Never: all of it is text and numbers.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut lines = Vec::new();
        for (fingerprint, known) in &self.known {
            let written = WrittenFinding {
                fingerprint: fingerprint.clone(),
                rule: known.rule.clone(),
                file: known.file.clone(),
                count: known.count,
            };
            let line = serde_json::to_string(&written).expect("text and numbers are always JSON");
            lines.push((known.file.clone(), known.rule.clone(), line));
        }
        lines.sort();
        let lines: Vec<_> = lines.into_iter().map(|(_, _, line)| line).collect();
        format!(
            "{{\"version\":{VERSION},\"findings\":[\n{}\n]}}\n",
            lines.join(",\n")
        )
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes a finding out, if it is known.
    pub fn take(&mut self, record: &Record) -> bool {
        match self.known.get_mut(&record.fingerprint) {
            Some(known) if known.count > 1 => known.count -= 1,
            Some(_) => drop(self.known.remove(&record.fingerprint)),
            None => return false,
        }
        true
    }

    /// How many known findings are there no more, after each that is there was [taken](Self::take).
    #[must_use]
    pub fn left(&self) -> u32 {
        self.known.values().map(|known| known.count).sum()
    }

    /// This baseline without what is left in `rest`.
    #[must_use]
    pub fn without(mut self, rest: &Self) -> Self {
        for (fingerprint, gone) in &rest.known {
            if let Some(known) = self.known.get_mut(fingerprint) {
                known.count = known.count.saturating_sub(gone.count);
            }
        }
        self.known.retain(|_, known| known.count > 0);
        self
    }
}
