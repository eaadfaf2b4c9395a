//! One file a command.

pub mod analyze;
pub mod backup;
pub mod blur;
pub mod calibrate;
pub mod casework;
pub mod check;
pub mod crews;
pub mod eval;
pub mod export;
pub mod georef;
pub mod groups;
pub mod incidents;
pub mod late;
pub mod mission;
pub mod poses;
pub mod route;
pub mod rules;
pub mod serve;
pub mod simulate;
pub mod tasks;
pub mod telemetry;
pub mod users;
pub mod verify;
pub mod visits;
pub mod zones;

use std::process::ExitCode;

use crate::cli::Command;

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
        Command::Georef(args) => georef::run(&args),
        Command::Calibrate(args) => calibrate::run(&args.command),
        Command::Zones(args) => zones::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Route(args) => route::run(&args),
        Command::Rules(args) => rules::run(&args.command),
        Command::Incidents(args) => incidents::run(&args),
        Command::Tasks(args) => tasks::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Users(args) => users::users(&args),
        Command::Tokens(args) => users::tokens(&args),
        Command::Export(args) => export::run(&args),
        Command::Blur(args) => blur::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Visits(args) => visits::run(&args),
        Command::Crews(args) => crews::run(&args.command),
        Command::Mission(args) => mission::run(&args.command),
    }
}
