//! `chartkit completions`

use clap::CommandFactory as _;

use super::{Outcome, print};
use crate::args::Cli;

pub(crate) fn run(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chartkit", &mut script);
    print(script)
}
