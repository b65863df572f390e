//! `chartkit lint`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chartkit::diagnostic::{Code, Diagnostic, Severity};
use chartkit::io;
use chartkit::lint::{
    self, Applicability, Baseline, ChartReport, Finding, Fix, LevelSource, Levels, Options,
    Subject, output,
};
use chartkit::profile::{SetArgument, ValuesFile, attach};
use chartkit::source::{FileId, Sources};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::values::{set_arguments, values_files};
use super::{Context, Outcome, print};
use crate::args::{Lint, ReportFormat};
use crate::failure::{Exit, Failure};
use crate::{config, report};

/// Fewer charts are done before anybody looks at a progress bar.
const PROGRESS_FROM: usize = 200;

pub(crate) fn run(args: &Lint, format: ReportFormat, context: &mut Context) -> Outcome {
    let mut levels = config::levels(args.config.as_deref(), &mut context.sources)?;
    for (selector, level) in &args.levels {
        levels.set(*selector, *level, LevelSource::CommandLine);
    }
    let run = Run {
        args,
        levels,
        files: values_files(&args.user)?,
        sets: set_arguments(&args.user),
        for_people: format == ReportFormat::Human,
    };
    let known = match &args.baseline {
        Some(path) => read_baseline(path, args.write_baseline)?,
        None => None,
    };
    let paths = paths(args);
    let progress = match paths.len() {
        PROGRESS_FROM.. => ProgressBar::new(paths.len() as u64),
        _ => ProgressBar::hidden(),
    };
    let one = |path: &PathBuf| {
        let done = run.chart(path);
        progress.inc(1);
        done
    };
    // In the order of the arguments, whatever the threads do.
    let done: Vec<_> = match &*paths {
        [path] => vec![one(path)],
        paths => paths.par_iter().map(one).collect(),
    };
    progress.finish_and_clear();
    let mut done = done.into_iter().collect::<Result<Vec<_>, _>>()?;

    let profiles: BTreeSet<_> = done.iter().flat_map(|done| &done.profiles).collect();
    if let Some(unknown) = args.profiles.iter().find(|name| !profiles.contains(name)) {
        let message = format!("none of the charts has a profile `{unknown}`");
        let diagnostic = Diagnostic::error(Code::InvalidProfile, message);
        return Err(Failure::new(Exit::Usage, diagnostic));
    }
    for done in &done {
        report::messages(&done.fixed);
    }
    if let Some(path) = &args.baseline {
        use_baseline(path, known, args.write_baseline, &mut done)?;
    }
    let texts: Vec<_> = done
        .iter_mut()
        .map(|d| std::mem::take(&mut d.texts))
        .collect();
    let exit = done.iter().filter_map(|done| done.exit).max();
    let reports: Vec<_> = done.into_iter().map(|done| done.report).collect();
    let fails = reports.iter().any(|report| report.fails(args.strict));
    let quiet = |mut reports: Vec<ChartReport>| {
        if args.quiet {
            for report in &mut reports {
                report.leave_out_notes();
            }
        }
        reports
    };
    let text = match format {
        ReportFormat::Helm => {
            let output = output::to_helm(&reports, args.strict, args.quiet);
            print(&output.out)?;
            report::messages(&output.err);
            let code = u8::from(!output.err.is_empty());
            return Ok(ExitCode::from(code));
        }
        ReportFormat::Human => human(&reports, texts, args),
        ReportFormat::Json => output::to_json_lines(&quiet(reports)),
        ReportFormat::Sarif => output::to_sarif(&quiet(reports)),
        ReportFormat::Junit => output::to_junit(&quiet(reports), args.strict),
        ReportFormat::Github => output::to_github(&quiet(reports)),
        ReportFormat::Gitlab => output::to_gitlab(&quiet(reports)),
        ReportFormat::Markdown => output::to_markdown(&quiet(reports), args.strict),
    };
    if run.for_people {
        if let Err(error) = report::findings(&text) {
            let message = format!("cannot write to standard output: {error}");
            let diagnostic = Diagnostic::error(Code::Environment, message);
            return Err(Failure::new(Exit::Environment, diagnostic));
        }
    } else {
        print(text)?;
    }
    Ok(match exit {
        Some(exit) => ExitCode::from(exit),
        None if fails => ExitCode::from(Exit::Findings as u8),
        None => ExitCode::SUCCESS,
    })
}

/// The charts to lint, in Helm's order: those that were named, then what lies below their `charts/`.
fn paths(args: &Lint) -> Vec<PathBuf> {
    let mut paths = args.charts.clone();
    if args.with_subcharts {
        paths.extend(
            args.charts
                .iter()
                .flat_map(|path| io::subcharts_to_lint(path)),
        );
    }
    paths
}

/// What is the same for all charts.
struct Run<'a> {
    args: &'a Lint,
    levels: Levels,
    files: Vec<ValuesFile>,
    sets: Vec<SetArgument>,
    for_people: bool,
}

/// What came of one chart.
struct Done {
    report: ChartReport,
    /// For people: one text a record, and its severity.
    texts: Vec<(Severity, String)>,
    profiles: Vec<String>,
    /// What was mended.
    fixed: String,
    exit: Option<u8>,
}

impl Run<'_> {
    fn chart(&self, path: &Path) -> Result<Done, Box<Failure>> {
        let mut sources = Sources::new();
        let mut subject = match io::read_subject(path, &mut sources) {
            Ok(subject) => subject,
            Err(error) => return Ok(no_chart(path, error)),
        };
        self.attach(&mut subject)?;
        let mut report = self.lint(&subject, &mut sources)?;
        let mut fixed = String::new();
        if self.args.fix && io::is_directory(path) {
            fixed = fix(&report.findings, &sources)?;
            if !fixed.is_empty() {
                sources = Sources::new();
                subject = io::read_subject(path, &mut sources)?;
                self.attach(&mut subject)?;
                report = self.lint(&subject, &mut sources)?;
            }
        }
        let mut rows = ChartReport::new(&report, &subject, &sources);
        rows.path = path.display().to_string();
        let mut texts = Vec::new();
        if self.for_people {
            texts.extend(report.findings.iter().map(|f| text(f, &subject, &sources)));
        }
        Ok(Done {
            report: rows,
            texts,
            profiles: report.profiles,
            fixed,
            exit: None,
        })
    }

    fn attach(&self, subject: &mut Subject) -> Result<(), Box<Failure>> {
        if let (Some(folder), Ok(chart)) =
            (&self.args.profiles_dir.profiles_dir, &mut subject.chart)
        {
            let files = io::read_folder(folder)?;
            attach(chart, &folder.display().to_string(), files)?;
        }
        Ok(())
    }

    fn lint(&self, subject: &Subject, sources: &mut Sources) -> Result<lint::Report, Box<Failure>> {
        let args = self.args;
        let mut options = Options::default();
        options.files = &self.files;
        options.sets = &self.sets;
        options.profiles = (!args.profiles.is_empty()).then_some(&args.profiles);
        options.groups = (!args.groups.is_empty()).then_some(&args.groups);
        options.skip_schema_validation = args.skip_schema_validation;
        let context = match lint::Context::new(subject, &options, sources, &mut io::read_set_file) {
            Ok(context) => context,
            Err(error) => {
                // The texts of one chart's run are gone when this is printed: the place is said in words.
                let diagnostic = Diagnostic::from(&error);
                return Err(Failure::new(Exit::Usage, in_words(diagnostic, sources)));
            }
        };
        Ok(lint::lint(&context, &self.levels))
    }
}

/// A diagnostic without references into texts.
fn in_words(mut diagnostic: Diagnostic, sources: &Sources) -> Diagnostic {
    if let Some(label) = diagnostic.labels.first() {
        let at = sources.position(label.file, label.span.start);
        let place = format!("{}:{}:{}", sources.name(label.file), at.line, at.column);
        diagnostic.labels.clear();
        diagnostic = diagnostic.context(&place);
    }
    diagnostic
}

fn no_chart(path: &Path, error: io::Error) -> Done {
    let failure: Box<Failure> = error.into();
    let name = path.display().to_string();
    let message = failure.diagnostic.message;
    Done {
        report: ChartReport::failed(&name, message.as_str()),
        texts: Vec::new(),
        profiles: Vec::new(),
        fixed: String::new(),
        exit: Some(failure.exit),
    }
}

/// A finding for people.
fn text(finding: &Finding, subject: &Subject, sources: &Sources) -> (Severity, String) {
    let rule = finding.rule;
    let severity = finding.diagnostic.severity;
    let (name, source) = (rule.code.name(), &finding.level_source);
    let mut notes = vec![format!("`{name}` is {} {source}", severity.as_str())];
    if let Some(fix) = &finding.fix
        && fix.applicability == Applicability::Safe
    {
        notes.push("--fix mends it".to_owned());
    }
    let mut diagnostic = finding.diagnostic.clone();
    if diagnostic.labels.is_empty() {
        let file = match finding.file.as_str() {
            "" => subject.name.clone(),
            file => format!("{}/{file}", subject.name),
        };
        diagnostic = diagnostic.context(&file);
    }
    (severity, report::finding(&diagnostic, &notes, sources))
}

fn human(reports: &[ChartReport], texts: Vec<Vec<(Severity, String)>>, args: &Lint) -> String {
    let mut text = String::new();
    for (report, texts) in reports.iter().zip(texts) {
        if let Some(error) = &report.failure {
            text += &format!("error: {}: {error}\n\n", report.path);
        }
        let shown = texts.into_iter();
        let shown = shown.filter(|(severity, _)| !args.quiet || *severity > Severity::Info);
        text.extend(shown.map(|(_, text)| text + "\n"));
    }
    let records = || reports.iter().flat_map(|report| &report.records);
    let count = |severity| records().filter(|r| r.severity() == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let failed = reports
        .iter()
        .filter(|report| report.fails(args.strict))
        .count();
    let suppressed: usize = reports.iter().map(|report| report.suppressed).sum();
    let baselined: usize = reports.iter().map(|report| report.baselined).sum();
    if args.quiet && errors + warnings + failed == 0 {
        return text;
    }
    let notes = count(Severity::Info);
    let number = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    text += &format!(
        "{}, {failed} failed: {}, {}, {}",
        number(reports.len(), "chart"),
        number(errors, "error"),
        number(warnings, "warning"),
        number(notes, "note"),
    );
    if suppressed > 0 {
        text += &format!(", {suppressed} suppressed");
    }
    if baselined > 0 {
        text += &format!(", {baselined} in the baseline");
    }
    text + "\n"
}

/// Writes what the safe fixes make of their files; says what was done.
fn fix(findings: &[Finding], sources: &Sources) -> Result<String, Box<Failure>> {
    let mut by_file = BTreeMap::<FileId, Vec<&Fix>>::new();
    let safe = |fix: &&Fix| fix.applicability == Applicability::Safe;
    for fix in findings.iter().filter_map(|f| f.fix.as_ref()).filter(safe) {
        by_file.entry(fix.file).or_default().push(fix);
    }
    let mut done = String::new();
    for (file, fixes) in by_file {
        let old = sources.text(file);
        let new = lint::apply_fixes(old, &fixes);
        let name = sources.name(file);
        io::replace_file(Path::new(name), old, &new)?;
        done += &format!("fixed {name}: {} findings\n", fixes.len());
    }
    Ok(done)
}

/// The baseline in a file; nothing when it is to be made.
fn read_baseline(path: &Path, write: bool) -> Result<Option<Baseline>, Box<Failure>> {
    let text = match io::read_file(path) {
        Ok(text) => text,
        Err(_) if write && !path.exists() => return Ok(None),
        Err(error) => {
            let mut failure: Box<Failure> = error.into();
            failure.diagnostic = failure.diagnostic.help("make it with --write-baseline");
            return Err(failure);
        }
    };
    let baseline = Baseline::parse(&text).map_err(|error| {
        let message = format!("cannot use the baseline `{}`: {error}", path.display());
        let diagnostic = Diagnostic::error(Code::InvalidConfiguration, message);
        Failure::new(Exit::Usage, diagnostic)
    })?;
    Ok(Some(baseline))
}

fn use_baseline(
    path: &Path,
    known: Option<Baseline>,
    write: bool,
    done: &mut [Done],
) -> Result<(), Box<Failure>> {
    let is_new = known.is_none();
    let records = || done.iter().flat_map(|done| &done.report.records);
    let known = known.unwrap_or_else(|| Baseline::of(records()));
    let mut rest = known.clone();
    for done in done {
        let hits: Vec<_> = done.report.records.iter().map(|r| rest.take(r)).collect();
        let mut hit = hits.iter().copied();
        done.report.leave_out_known(|_| hit.next().unwrap_or(false));
        let mut hit = hits.into_iter();
        done.texts.retain(|_| !hit.next().unwrap_or(false));
    }
    if write {
        let text = known.without(&rest).to_json();
        std::fs::write(path, text).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            let diagnostic = Diagnostic::error(Code::Environment, message);
            Failure::new(Exit::Environment, diagnostic)
        })?;
        let what = if is_new { "wrote" } else { "updated" };
        report::messages(&format!(
            "{what} {}: {} mended\n",
            path.display(),
            rest.left()
        ));
    } else if rest.left() > 0 {
        let (path, left) = (path.display(), rest.left());
        report::messages(&format!(
            "{left} findings of {path} are there no more; take them out with --write-baseline\n"
        ));
    }
    Ok(())
}
