//! `# chartkit: ignore[CODE]`: findings that somebody has looked at.

use super::context::Context;
use super::finding::{Findings, Found};
use super::level::Selector;
use crate::source::{FileId, Sources, Span};
use crate::yaml::{Document, ParseOptions, parse};

const MARK: &str = "chartkit: ignore[";

/// One name in the brackets of a suppression.
pub(super) struct Suppression {
    file: FileId,
    /// The name, as written.
    span: Span,
    name: String,
    selector: Option<Selector>,
    /// The line whose findings it suppresses.
    line: u32,
    /// Whether it stands above everything else, and so counts for the whole file.
    on_top: bool,
}

/// The suppressions in all YAML of the chart that rules look at.
pub(super) fn collect(context: &Context<'_>) -> Vec<Suppression> {
    let files = context.yaml_files.iter();
    files
        .flat_map(|file| in_file(context.sources, *file))
        .collect()
}

fn in_file(sources: &Sources, file: FileId) -> Vec<Suppression> {
    let text = sources.text(file);
    let Ok(text) = std::str::from_utf8(text) else {
        return Vec::new();
    };
    // Most files have none, and need no second look.
    if !text.contains(MARK) {
        return Vec::new();
    }
    let options = ParseOptions {
        comments: true,
        ..ParseOptions::default()
    };
    // A text that is no YAML has a finding about that, which nobody can suppress in it.
    let Ok(stream) = parse(sources, file, None, &options) else {
        return Vec::new();
    };
    let comments = stream.documents.iter().flat_map(Document::comments);
    let mut spans: Vec<_> = comments.map(|comment| comment.span).collect();
    spans.sort_unstable();
    spans.dedup();
    spans
        .into_iter()
        .flat_map(|span| in_comment(sources, file, text, span))
        .collect()
}

fn in_comment(sources: &Sources, file: FileId, text: &str, comment: Span) -> Vec<Suppression> {
    let (start, end) = (comment.start as usize, comment.end as usize);
    let Some(at) = text.get(start..end).and_then(|c| c.find(MARK)) else {
        return Vec::new();
    };
    let names_start = start + at + MARK.len();
    let Some((names, _)) = text[names_start..end].split_once(']') else {
        return Vec::new();
    };
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let alone = text[line_start..start].trim().is_empty();
    let own_line = sources.position(file, comment.start).line;
    let line = if alone {
        next_content(text, end).map_or(own_line, |below| own_line + below)
    } else {
        own_line
    };
    let on_top = alone && text[..line_start].lines().all(is_blank);
    let mut suppressions = Vec::new();
    let mut offset = names_start;
    for written in names.split(',') {
        let name = written.trim();
        let from = offset + (written.len() - written.trim_start().len());
        suppressions.push(Suppression {
            file,
            span: span(from, from + name.len()),
            name: name.to_owned(),
            selector: name.parse().ok(),
            line,
            on_top,
        });
        offset += written.len() + 1;
    }
    suppressions
}

/// How many lines below the one that ends at `end` the next content is.
fn next_content(text: &str, end: usize) -> Option<u32> {
    let rest = text[end..].split('\n').skip(1);
    let below = rest.enumerate().find(|(_, line)| !is_blank(line))?.0;
    u32::try_from(below + 1).ok()
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || line.starts_with("---")
}

fn span(start: usize, end: usize) -> Span {
    let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

impl Suppression {
    pub(super) fn matches(&self, found: &Found, context: &Context<'_>) -> bool {
        let covers = match self.selector {
            Some(Selector::Rule(code)) => code == found.rule.code,
            Some(Selector::Group(group)) => group == found.rule.group,
            None => false,
        };
        if !covers {
            return false;
        }
        let name = context.sources.name(self.file);
        let Some(label) = found.diagnostic.labels.first() else {
            let about = format!("{}/{}", context.subject.name, found.file);
            return self.on_top && name == about;
        };
        // One file may have been read twice, so its name decides.
        context.sources.name(label.file) == name
            && (context.sources.position(label.file, label.span.start).line == self.line
                || self.on_top && label.span == Span::default())
    }

    pub(super) fn report_unused(&self, context: &Context<'_>, out: &mut Findings<'_>) {
        let message = match self.selector {
            Some(_) => format!("`ignore[{}]` suppresses nothing", self.name),
            None => format!("`{}` is neither a rule nor a group", self.name),
        };
        // A rule that did not run may well have had something to say.
        let runs = match self.selector {
            Some(Selector::Rule(code)) => {
                let mut rules = super::RULES.iter();
                rules.any(|rule| rule.code == code && context.wants(rule))
            }
            Some(Selector::Group(_)) | None => true,
        };
        if runs {
            out.add("", message).label(self.file, self.span, "");
        }
    }
}
