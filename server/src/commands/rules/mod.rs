//! `flyonce rules`: what is wrong with rules and lists, and what other ones would have made of the past.

mod check;
mod compare;
mod dry_run;
mod dry_run_output;

use std::process::ExitCode;

use crate::cli::RulesCommand;

/// Runs `check` or `dry-run`.
///
/// # Errors
/// When what is named cannot be read or used.
pub fn run(command: &RulesCommand) -> anyhow::Result<ExitCode> {
    match command {
        RulesCommand::Check(args) => check::run(args),
        RulesCommand::DryRun(args) => dry_run::run(args),
    }
}
