//! The `flyonce` command: data goes to standard output, everything else to standard error.

use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    server::log::start(cli.verbose, cli.log_format);
    match server::commands::run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
