//! The manifests below `crds/`.

use std::sync::Arc;

use serde::Deserialize;

use super::subject::{Part, Subject};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Place, Sources};
use crate::values::documents;
use crate::yaml::{self, Node};

/// What Helm's check of `crds/` reads: everything up to the first thing that it cannot read.
#[derive(Default)]
pub(super) struct Crds {
    pub(super) manifests: Vec<Manifest>,
    /// The file, and why.
    pub(super) unreadable: Option<(String, Diagnostic)>,
}

/// One document of a file.
pub(super) struct Manifest {
    pub(super) file: String,
    pub(super) api_version: String,
    pub(super) kind: String,
    node: Node,
}

impl Manifest {
    /// Where a field was written, or else where the document starts.
    pub(super) fn place(&self, field: &str) -> Option<Place> {
        let field = self.node.value.as_table().and_then(|t| t.get(field));
        field.and_then(|node| node.place).or_else(|| {
            let place = self.node.place?;
            let mut first = place;
            first.value.end = first.value.start;
            Some(first)
        })
    }
}

/// The fields that Helm decodes; a value of another type in one of them is an error.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    api_version: String,
    kind: String,
    metadata: Names,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Names {
    namespace: String,
    name: String,
}

impl Crds {
    pub(super) fn read(subject: &Subject, sources: &mut Sources) -> Self {
        let mut crds = Self::default();
        let Ok(chart) = &subject.chart else {
            return crds;
        };
        if subject.crds != Part::Folder {
            return crds;
        }
        for file in chart.crds() {
            let text = sources.add(chart.path_of(file), Arc::clone(&file.data));
            let bytes = Arc::clone(sources.text(text));
            let documents = match documents(&bytes) {
                Ok(documents) => documents,
                Err(span) => {
                    let message = "text behind the document separator `---`";
                    let diagnostic = Diagnostic::error(Code::UnreadableCrd, message);
                    crds.unreadable = Some((file.name.clone(), diagnostic.at(text, span, "")));
                    return crds;
                }
            };
            for span in documents {
                let read = yaml::read_span(sources, text, span)
                    .map_err(|error| Diagnostic::from(&error))
                    .and_then(|decoded| {
                        let fields = yaml::from_node::<Fields>(&decoded.node);
                        fields
                            .map(|fields| (decoded.node, fields))
                            .map_err(|error| Diagnostic::from(&error))
                    });
                match read {
                    Ok((node, _)) if node.value.is_null() => {}
                    Ok((node, fields)) => crds.manifests.push(Manifest {
                        file: file.name.clone(),
                        api_version: fields.api_version,
                        kind: fields.kind,
                        node,
                    }),
                    Err(diagnostic) => {
                        crds.unreadable = Some((file.name.clone(), diagnostic));
                        return crds;
                    }
                }
            }
        }
        crds
    }
}
