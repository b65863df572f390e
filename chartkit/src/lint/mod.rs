//! Findings about a chart and its profiles: what Helm would say, and what it would not notice.
//!
//! Decides which rules there are, what each of them finds, how much a finding counts and how reports
//! look. Reads no file: what is on the disk is a [`Subject`] (made by `io`), what the user
//! gave is in [`Options`]. Rendering is not done here, so rules about rendered manifests are not here.
//!
//! One rule, one file in `rules/`; [`RULES`] lists them. No message and no report holds a value of a
//! values file: it may be a secret.

mod baseline;
mod context;
mod crds;
mod docs;
mod finding;
mod fix;
mod level;
mod not_string;
pub mod output;
mod profiles;
mod record;
mod rule;
mod rules;
#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "schema")]
mod schema_report;
mod subject;
mod suppress;
mod url;

pub use baseline::{Baseline, BaselineError};
pub use context::{Context, Options, UserError, user_values};
pub use docs::{index_page, rule_page};
pub use finding::{Finding, HelmLine};
pub use fix::{Applicability, Edit, Fix, apply_fixes};
pub use level::{Level, LevelSource, Levels, Selector, SelectorError};
pub use record::{ChartReport, Record, Related};
pub use rule::{Docs, Group, Rule};
pub use rules::RULES;
pub use subject::{Part, Subject, Unloadable};

use crate::diagnostic::{Code, Diagnostic, Severity};
use finding::{Findings, Found};

/// What linting one chart gives.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Sorted by file, place, code and text.
    pub findings: Vec<Finding>,
    /// How many findings comments suppressed.
    pub suppressed: usize,
    /// The profiles that were checked.
    pub profiles: Vec<String>,
}

impl Report {
    /// Whether a finding is an error; with `strict` also whether one is a warning.
    #[must_use]
    pub fn fails(&self, strict: bool) -> bool {
        let lowest = if strict {
            Severity::Warning
        } else {
            Severity::Error
        };
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.diagnostic.severity >= lowest)
    }
}

/// Runs every rule that `levels` does not turn off.
///
/// # Shape
///
/// The findings are those of the groups in [`Options::groups`]. A comment `# chartkit: ignore[CODE]`
/// suppresses a finding on its own line, or on the next one if nothing stands before it; above
/// everything else in a file it also suppresses what is about the whole file. A suppression that
/// matches nothing is a finding itself.
///
/// # Properties
///
/// Depends on its arguments only; the same arguments give the same findings in the same order.
///
/// # Examples
///
/// ```
/// use chartkit::chart::File;
/// use chartkit::lint::{Context, Levels, Options, Subject, lint};
/// use chartkit::source::Sources;
///
/// let file = |name: &str, text: &str| File {
///     name: name.into(),
///     data: text.as_bytes().into(),
///     modified: None,
/// };
/// let files = vec![
///     file("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0\n"),
///     file("values.yaml", ""),
///     file("templates/NOTES.txt", ""),
/// ];
/// let mut sources = Sources::new();
/// let subject = Subject::from_files(&files, "web", &mut sources);
/// let context = Context::new(&subject, &Options::default(), &mut sources, &mut no_files)?;
/// let report = lint(&context, &Levels::default());
/// let codes: Vec<_> = report.findings.iter().map(|f| f.rule.code.name()).collect();
/// assert_eq!(codes, ["missing-icon", "version-not-string", "loose-version"]);
///
/// fn no_files(_: &str) -> std::io::Result<std::sync::Arc<str>> {
///     Err(std::io::ErrorKind::Unsupported.into())
/// }
/// # Ok::<(), chartkit::lint::UserError>(())
/// ```
#[must_use]
pub fn lint(context: &Context<'_>, levels: &Levels) -> Report {
    let mut found = Vec::new();
    for rule in RULES {
        // Suppressions need every finding first.
        if context.wants(rule) && rule.code != Code::UnusedSuppression {
            (rule.check)(context, &mut Findings::new(rule, &mut found));
        }
    }
    let suppressions = suppress::collect(context);
    let mut report = Report {
        profiles: context.profiles.names.clone(),
        ..Report::default()
    };
    let mut used = vec![false; suppressions.len()];
    let mut kept = Vec::new();
    for found in found {
        let mut hit = false;
        for (suppression, used) in suppressions.iter().zip(&mut used) {
            if suppression.matches(&found, context) {
                (hit, *used) = (true, true);
            }
        }
        if hit {
            report.suppressed += 1;
        } else {
            kept.push(found);
        }
    }
    if let Some(rule) = (RULES.iter()).find(|rule| rule.code == Code::UnusedSuppression)
        && context.wants(rule)
    {
        let mut findings = Findings::new(rule, &mut kept);
        let unused = suppressions.iter().zip(used).filter(|(_, used)| !used);
        for (suppression, _) in unused {
            suppression.report_unused(context, &mut findings);
        }
    }
    let findings = kept.into_iter().filter_map(|found| levelled(found, levels));
    report.findings = findings.collect();
    let sources = context.sources;
    report
        .findings
        .sort_by(|a, b| a.key(sources).cmp(&b.key(sources)));
    report.findings.dedup_by(|a, b| {
        a.diagnostic == b.diagnostic && a.file == b.file && {
            b.helm.append(&mut a.helm);
            true
        }
    });
    report
}

/// The finding under the level of its rule; nothing when that is off.
fn levelled(found: Found, levels: &Levels) -> Option<Finding> {
    let (level, source) = levels.of(found.rule);
    let diagnostic = Diagnostic {
        severity: level.severity()?,
        ..found.diagnostic
    };
    Some(Finding {
        rule: found.rule,
        level_source: source.clone(),
        diagnostic,
        file: found.file,
        helm: found.helm,
        fix: found.fix,
    })
}
