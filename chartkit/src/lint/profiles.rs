//! The profiles under lint: each layer by itself, and the effective values of each.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::context::Options;
use crate::chart::Chart;
use crate::chart::process::ProcessOptions;
use crate::diagnostic::Diagnostic;
use crate::profile::{Effective, EffectiveOptions, Secrets, effective_values, find_all};
use crate::source::{FileId, Sources};
use crate::values::{self, Table};

/// What profiles make of a chart.
#[derive(Default)]
pub(super) struct Profiles<'s> {
    /// The names of all that are checked.
    pub(super) names: Vec<String>,
    /// The `values.yaml` of each profile, of subcharts too.
    pub(super) parts: Vec<LayerOf<'s>>,
    /// The effective values with each profile, by its name; secrets are masked.
    pub(super) effective: Vec<(String, Effective<'s>)>,
    /// Why a profile cannot be used.
    pub(super) errors: Vec<Diagnostic>,
}

/// The values of one profile of one chart.
#[cfg_attr(
    not(feature = "schema"),
    expect(dead_code, reason = "only schemas look at layers")
)]
pub(super) struct LayerOf<'s> {
    pub(super) profile: String,
    pub(super) chart: &'s Chart,
    pub(super) file: FileId,
    pub(super) table: Table,
}

impl<'s> Profiles<'s> {
    pub(super) fn read(
        chart: &'s Chart,
        options: &Options<'_>,
        sources: &mut Sources,
        read: &mut dyn FnMut(&str) -> io::Result<Arc<str>>,
        texts: &mut Vec<FileId>,
    ) -> Self {
        let mut profiles = Self::default();
        let all = match find_all(chart, sources) {
            Ok(all) => all,
            Err(error) => {
                profiles.errors.push(Diagnostic::from(&error));
                return profiles;
            }
        };
        let is_wanted = |name: &String| options.profiles.is_none_or(|only| only.contains(name));
        let mut names = BTreeSet::new();
        for found_in in &all {
            for (name, profile) in &found_in.found.profiles {
                if !is_wanted(name) {
                    continue;
                }
                names.insert(name.clone());
                let Some(file) = &profile.values else {
                    continue;
                };
                let text = found_in.chart.source(file, sources);
                // That it cannot be read is said when its effective values are computed.
                if let Ok(loaded) = values::load(sources, text) {
                    texts.push(text);
                    profiles.parts.push(LayerOf {
                        profile: name.clone(),
                        chart: found_in.chart,
                        file: text,
                        table: loaded.table,
                    });
                }
            }
        }
        for name in names {
            let with = EffectiveOptions {
                profile: Some(&name),
                secrets: Secrets::Mask,
                files: options.files,
                sets: options.sets,
                process: ProcessOptions {
                    allow_missing: true,
                    ..ProcessOptions::default()
                },
                ..EffectiveOptions::default()
            };
            match effective_values(chart, &with, sources, read) {
                Ok(effective) => profiles.effective.push((name.clone(), effective)),
                Err(error) => profiles
                    .errors
                    .push(Diagnostic::from(&error).context(&format!("profile `{name}`"))),
            }
            profiles.names.push(name);
        }
        profiles
    }
}
