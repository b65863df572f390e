//! A `values.schema.json` as something that values can be checked against.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde_json::Value as Json;

use super::{Problem, format, part, text};
use crate::quote::Quoted;
use crate::source::{FileId, Place, Sources, Span};
use crate::yaml::{self, Node, Value};

/// The URL under which Helm compiles every schema.
const ROOT: &str = "file:///values.schema.json";

/// Schemas that were compiled, each once.
#[derive(Default)]
pub(super) struct Compiler {
    compiled: BTreeMap<(String, bool), Result<Compiled, Box<Problem>>>,
    pub(super) unfetched: BTreeSet<(FileId, String)>,
}

/// A schema that can be used.
pub(super) struct Compiled {
    pub(super) validator: Validator,
    file: FileId,
    /// The schema with its places.
    tree: Node,
}

impl Compiler {
    /// The schema in a file called `place`; as one for a layer, if `part`.
    pub(super) fn compile(
        &mut self,
        bytes: &Arc<[u8]>,
        place: &str,
        part: bool,
        sources: &mut Sources,
    ) -> &Result<Compiled, Box<Problem>> {
        let key = (place.to_owned(), part);
        if !self.compiled.contains_key(&key) {
            let whole = self.compiled.get(&(place.to_owned(), !part));
            let file = match whole {
                Some(Ok(compiled)) => compiled.file,
                Some(Err(problem)) => problem.schema.0,
                None => sources.add(place, Arc::clone(bytes)),
            };
            let compiled = compile(file, part, sources, &mut self.unfetched);
            self.compiled.insert(key.clone(), compiled);
        }
        &self.compiled[&key]
    }
}

fn compile(
    file: FileId,
    part: bool,
    sources: &Sources,
    unfetched: &mut BTreeSet<(FileId, String)>,
) -> Result<Compiled, Box<Problem>> {
    let bytes = sources.text(file);
    let invalid = |helm: String, message: String, span: Span| {
        Box::new(Problem {
            chart: String::new(),
            helm,
            message,
            places: vec![(file, span)],
            schema: (file, span),
            is_invalid_schema: true,
            profiles: Vec::new(),
        })
    };
    let schema: Json = serde_json::from_slice(bytes).map_err(|error| {
        let span = place_of_error(bytes, &error);
        let message = format!("the schema is no JSON: {error}");
        invalid(error.to_string(), message, span)
    })?;
    let tree = std::str::from_utf8(bytes).ok();
    let tree = tree.and_then(|text| yaml::from_json(text, Some(file)).ok());
    let tree = tree.unwrap_or_else(|| Node::from(Value::Null));
    let place = |keyword: &[String]| place_in(&tree, keyword).map_or(Span::default(), |p| p.span());

    let said = schema
        .get("$schema")
        .and_then(Json::as_str)
        .map(str::to_owned);
    let drafted = said.as_deref().map_or(Some(DRAFTS[0]), draft);
    let Some((draft, metaschema)) = drafted else {
        let url = said.as_deref().unwrap_or_default();
        let message =
            format!("the schema is written for `{url}`, which is no draft that Helm knows");
        let helm = format!("failing loading {}: it is not fetched", Quoted(url));
        let span = place(&["$schema".to_owned()]);
        return Err(invalid(helm, message, span));
    };
    let mut schema = if part {
        part::of_layer(&schema)
    } else {
        schema
    };
    if let Some(object) = schema.as_object_mut()
        && said.is_some()
    {
        object.insert("$schema".to_owned(), Json::from(metaschema));
    }
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let mut options = jsonschema::options()
        .with_draft(draft)
        .with_base_uri(ROOT)
        .with_retriever(Nowhere(Arc::clone(&asked)))
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(matches!(
            draft,
            Draft::Draft4 | Draft::Draft6 | Draft::Draft7
        ));
    for (name, check) in format::FORMATS {
        options = options.with_format(*name, *check);
    }
    let built = options.build(&schema);
    let asked = asked.lock().map(|asked| asked.clone()).unwrap_or_default();
    unfetched.extend(asked.into_iter().map(|url| (file, url)));
    match built {
        Ok(validator) => Ok(Compiled {
            validator,
            file,
            tree,
        }),
        Err(error) => {
            let (helm, message) = explained(&error, metaschema);
            let pointer = text::steps(error.instance_path().as_str());
            let span = place(&pointer);
            Err(invalid(helm, message, span))
        }
    }
}

/// What is wrong with a schema, for Helm's report and for people.
fn explained(error: &ValidationError<'_>, metaschema: &str) -> (String, String) {
    if let ValidationErrorKind::Referencing(cause) = error.kind() {
        return (
            cause.to_string(),
            format!("the schema refers to nothing: {cause}"),
        );
    }
    let texts = text::texts([error]);
    let details: Vec<_> = texts.iter().map(|text| text.helm(0)).collect();
    let helm = format!(
        "\"{ROOT}#\" is not valid against metaschema: jsonschema validation failed with '{}#'\n{}",
        metaschema.trim_end_matches('#'),
        details.join("\n")
    );
    let pointer = error.instance_path().as_str();
    let phrase = texts.first().map_or("", |text| text.phrase.as_str());
    let message = format!("the schema itself is wrong at `{pointer}`: {phrase}");
    (helm, message)
}

const DRAFTS: [(Draft, &str); 5] = [
    (
        Draft::Draft202012,
        "https://json-schema.org/draft/2020-12/schema",
    ),
    (
        Draft::Draft201909,
        "https://json-schema.org/draft/2019-09/schema",
    ),
    (Draft::Draft7, "http://json-schema.org/draft-07/schema#"),
    (Draft::Draft6, "http://json-schema.org/draft-06/schema#"),
    (Draft::Draft4, "http://json-schema.org/draft-04/schema#"),
];

/// The draft of a `$schema`: with `http` or `https`, and an empty fragment at most.
fn draft(url: &str) -> Option<(Draft, &'static str)> {
    let bare = |url: &str| {
        let url = url.strip_suffix('#').unwrap_or(url);
        let rest = url.strip_prefix("http://").or(url.strip_prefix("https://"));
        rest.unwrap_or(url).to_owned()
    };
    let wanted = bare(url);
    if wanted == "json-schema.org/schema" {
        return Some(DRAFTS[0]);
    }
    DRAFTS.into_iter().find(|(_, url)| bare(url) == wanted)
}

/// Fetches nothing: what is on the network counts as a schema that takes everything, a file is an error.
struct Nowhere(Arc<Mutex<BTreeSet<String>>>);

impl Retrieve for Nowhere {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        let url = uri.as_str();
        match url.split(':').next() {
            // DIFFERENCE: Helm fetches the first two.
            Some("http" | "https") => {
                if let Ok(mut asked) = self.0.lock() {
                    asked.insert(url.to_owned());
                }
                Ok(Json::Bool(true))
            }
            Some("urn") => Ok(Json::Bool(true)),
            Some("file") => {
                let path = url.strip_prefix("file://").unwrap_or(url);
                let error = format!(
                    "Helm looks for it at `{path}`, outside of the chart: write it into values.schema.json under `$defs`"
                );
                Err(error.into())
            }
            _ => Err("no URLLoader registered".into()),
        }
    }
}

impl Compiled {
    /// Where the schema says something.
    pub(super) fn place(&self, keyword: &[String]) -> (FileId, Span) {
        let place = place_in(&self.tree, keyword);
        (self.file, place.map_or(Span::default(), |p| p.span()))
    }
}

/// The place of the longest part of a path that is there.
fn place_in(tree: &Node, path: &[String]) -> Option<Place> {
    let mut node = tree;
    let mut place = None;
    for step in path {
        let next = match &node.value {
            Value::Table(table) => table.get(step.as_str()),
            Value::List(items) => step.parse::<usize>().ok().and_then(|i| items.get(i)),
            _ => None,
        };
        // A keyword of a layer's schema that was written as another one.
        let next = next.or_else(|| match &node.value {
            Value::Table(table) if step == "anyOf" => table.get("oneOf"),
            _ => None,
        });
        let Some(next) = next else { break };
        node = next;
        place = node.place.or(place);
    }
    place
}

/// Where the parser of JSON stopped.
fn place_of_error(text: &[u8], error: &serde_json::Error) -> Span {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let at = (before + error.column().saturating_sub(1)).min(text.len());
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: offset(at),
        end: offset((at + 1).min(text.len())),
    }
}
