//! What a rule says, before and after levels are applied.

use super::fix::Fix;
use super::level::LevelSource;
use super::rule::Rule;
use crate::diagnostic::{Code, Diagnostic, Label};
use crate::source::{FileId, Place, Sources, Span};

/// One finding of a rule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Who decided about the severity.
    pub level_source: LevelSource,
    /// What was found and where; its severity is that of the rule's level.
    pub diagnostic: Diagnostic,
    /// The file that it is about, for a finding without a label: the path within the chart.
    pub file: String,
    /// How `helm lint` says it; nothing when it does not.
    pub helm: Vec<HelmLine>,
    /// How it could be mended.
    pub fix: Option<Fix>,
}

impl Finding {
    /// What findings are sorted by: the file by its name, as it may have been read more than once.
    pub(super) fn key<'k>(&'k self, sources: &'k Sources) -> impl Ord + 'k {
        let place = self.diagnostic.labels.first();
        let place = place.map(|label| (sources.name(label.file), label.span));
        let (code, message) = (self.diagnostic.code.id(), &self.diagnostic.message);
        (place, &self.file, code, message, &self.diagnostic.labels)
    }
}

/// A message of `helm lint`, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HelmLine {
    /// Where it stands in the order of Helm's checks.
    pub order: u8,
    /// Which comes first of equal ones.
    pub turn: usize,
    /// Helm's path: `Chart.yaml`, `templates/`, or nothing.
    pub path: String,
    /// The text.
    pub text: String,
    /// Lines about one chart's values, which Helm puts into one message: the chart's name.
    pub chart: Option<String>,
}

/// A finding whose severity is not known yet.
pub(crate) struct Found {
    pub(super) rule: &'static Rule,
    pub(super) diagnostic: Diagnostic,
    pub(super) file: String,
    pub(super) helm: Vec<HelmLine>,
    pub(super) fix: Option<Fix>,
}

impl Found {
    /// The place of the finding, or that of an entry of the chart's own file.
    pub(super) fn at(&mut self, place: Option<Place>) -> &mut Self {
        if let Some(place) = place {
            self.label(place.file, place.span(), "");
        }
        self
    }

    pub(super) fn label(&mut self, file: FileId, span: Span, message: &str) -> &mut Self {
        self.diagnostic.labels.push(Label {
            file,
            span,
            message: message.to_owned(),
        });
        self
    }

    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.diagnostic.help = Some(help.into());
        self
    }

    /// Helm says the same, at this point of its order.
    pub(super) fn helm(&mut self, order: u8, path: &str, text: impl Into<String>) -> &mut Self {
        self.helm_in_turn(order, 0, path, text)
    }

    /// The same, where one check goes over several things.
    pub(super) fn helm_in_turn(
        &mut self,
        order: u8,
        turn: usize,
        path: &str,
        text: impl Into<String>,
    ) -> &mut Self {
        self.helm.push(HelmLine {
            order,
            turn,
            path: path.to_owned(),
            text: text.into(),
            chart: None,
        });
        self
    }

    pub(super) fn fix(&mut self, fix: Option<Fix>) -> &mut Self {
        self.fix = fix;
        self
    }
}

/// Where a rule puts what it finds.
pub(crate) struct Findings<'a> {
    rule: &'static Rule,
    list: &'a mut Vec<Found>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(rule: &'static Rule, list: &'a mut Vec<Found>) -> Self {
        Self { rule, list }
    }

    /// Adds a finding about a file of the chart; where in it is said next.
    pub(super) fn add(&mut self, file: &str, message: impl Into<String>) -> &mut Found {
        let diagnostic = Diagnostic::warning(self.rule.code, message);
        self.push(file, diagnostic)
    }

    /// Adds what another part of the library noticed, under the code of this rule.
    pub(super) fn push(&mut self, file: &str, diagnostic: Diagnostic) -> &mut Found {
        let code: Code = self.rule.code;
        self.list.push(Found {
            rule: self.rule,
            diagnostic: Diagnostic { code, ..diagnostic },
            file: file.to_owned(),
            helm: Vec::new(),
            fix: None,
        });
        self.list.last_mut().expect("one was pushed")
    }
}
