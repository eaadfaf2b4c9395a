//! One file a command.

pub mod analyze;
pub mod calibrate_mount;
pub mod check;
pub mod eval;
pub mod telemetry;

use std::process::ExitCode;

use crate::cli::{CalibrateCommand, Command};

/// Runs a command and returns its exit code.
///
/// # Errors
/// When the job could not be done; the error says what, where and which value.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Analyze(args) => analyze::run(&args),
        Command::Telemetry(args) => telemetry::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Calibrate(args) => match &args.command {
            CalibrateCommand::Mount(args) => calibrate_mount::run(args),
        },
    }
}
