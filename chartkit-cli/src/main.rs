//! The `chartkit` command: reads arguments, calls the library, prints.

mod args;
mod commands;
mod config;
mod failure;
mod prompt;
mod report;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use args::{Cli, Command, Format, sops_style};
use commands::Context;
use failure::Exit;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(bug));
    let args = std::env::args_os().skip(1).collect();
    let translated = sops_style::translate(args, &Cli::command());
    let program = std::env::args_os().take(1);
    let cli = Cli::parse_from(program.chain(translated.args));
    let plain = cli.format.plain();
    if plain.is_none() && !matches!(cli.command, Command::Lint(_)) {
        let message = "only `chartkit lint` knows this --format; all others know human and json";
        Cli::command()
            .error(ErrorKind::InvalidValue, message)
            .exit();
    }
    let mut context = Context::new(plain.unwrap_or(Format::Human));
    context.diagnostics.extend(translated.warnings);
    let outcome = match cli.command {
        Command::Package(args) => commands::package::run(&args, &mut context),
        Command::Values(args) => commands::values::run(&args, &mut context),
        Command::Show(args) => commands::show::run(&args, &mut context),
        Command::Profile(args) => commands::profile::run(&args, &mut context),
        Command::Dependency(args) => commands::dependency::run(&args, &mut context),
        Command::Repo(args) => commands::repo::run(&args, &mut context),
        Command::Same(args) => commands::same::run(&args, &mut context),
        Command::Secrets(args) => commands::secrets::run(args, &mut context),
        Command::Lint(args) => commands::lint::run(&args, cli.format, &mut context),
        Command::Completions { shell } => commands::completions::run(shell),
    };
    let code = outcome.unwrap_or_else(|failure| {
        context.diagnostics.push(failure.diagnostic);
        ExitCode::from(failure.exit)
    });
    report::messages(&report::render(&context));
    code
}

/// Says that it is our fault. Prints the place, not the message: it might hold a value.
#[expect(
    clippy::print_stderr,
    clippy::exit,
    reason = "the last words of a broken process"
)]
fn bug(panic: &std::panic::PanicHookInfo<'_>) {
    commands::secrets::wipe_all();
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    eprintln!(
        "error: chartkit {} has a bug at {place}; please report it with the command that you ran",
        env!("CARGO_PKG_VERSION")
    );
    std::process::exit(i32::from(Exit::Bug as u8));
}
