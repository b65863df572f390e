//! `chartkit secrets textconv`

use chartkit::sops::masked_text;

use super::{Outcome, Session};
use crate::args::secrets::Textconv as Arguments;
use crate::commands::print;

pub(super) fn run(args: &Arguments, session: &mut Session<'_>) -> Outcome {
    let id = session.read_any(Some(&args.file))?;
    print(masked_text(session.context.sources.text(id)))
}
