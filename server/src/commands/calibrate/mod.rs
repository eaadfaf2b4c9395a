//! `flyonce calibrate`: what is constant about a camera, found from what it sees.

pub mod camera;
pub mod clock;
mod drawing;
mod marks;
pub mod mount;
mod report;
mod terrain;

use std::process::ExitCode;

use crate::cli::CalibrateCommand;

/// Runs one of the calibrations.
///
/// # Errors
/// When an input cannot be used or the points do not determine what is sought.
pub fn run(command: &CalibrateCommand) -> anyhow::Result<ExitCode> {
    match command {
        CalibrateCommand::Camera(args) => camera::run(args),
        CalibrateCommand::Clock(args) => clock::run(args),
        CalibrateCommand::Mount(args) => mount::run(args),
    }
}
