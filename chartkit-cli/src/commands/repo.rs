//! `chartkit repo index`

use chartkit::io::{self, write_index};
use chartkit::repo::{IndexFile, Strictness};
use serde_json::json;

use super::{Context, Outcome, now, print, print_json};
use crate::args::{Format, Repo, RepoIndex};

pub(crate) fn run(args: &Repo, context: &mut Context) -> Outcome {
    match args {
        Repo::Index(args) => index(args, context),
    }
}

fn index(args: &RepoIndex, context: &mut Context) -> Outcome {
    let now = now()?;
    let text = |index: &IndexFile| {
        if args.json {
            index.to_json()
        } else {
            index.to_yaml()
        }
    };
    let mut index = io::index_directory(&args.folder, &args.url, now)?;
    if let Some(old) = &args.merge {
        if io::is_there(old) {
            let strictness = if args.lenient {
                Strictness::Lenient
            } else {
                Strictness::Helm
            };
            let loaded = io::read_index(old, strictness, &mut context.sources)?;
            context.diagnostics.extend(loaded.diagnostics);
            index.merge(&loaded.index);
        } else {
            write_index(old, &text(&IndexFile::new(now)))?;
        }
    }
    index.sort();
    let path = write_index(&args.folder.join("index.yaml"), &text(&index))?;
    let versions: usize = index.entries.values().map(Vec::len).sum();
    match context.format {
        Format::Human => print(format!(
            "wrote {}: {} charts, {versions} versions\n",
            path.display(),
            index.entries.len()
        )),
        Format::Json => print_json(&json!({
            "path": path,
            "charts": index.entries.len(),
            "versions": versions,
        })),
    }
}
