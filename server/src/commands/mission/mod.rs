//! `flyonce mission`: flights from areas, lines, tasks and requests, what is wrong with a plan, and the flight itself.

mod check;
mod dock;
mod dock_launch;
mod fleet;
pub mod input;
pub mod launch;
mod output;
mod plan;
pub mod proof;

use std::process::ExitCode;

use crate::cli::MissionCommand;

/// Plans, checks, converts or flies.
///
/// # Errors
/// When an input cannot be read or flown, or the plan not be written.
pub fn run(command: &MissionCommand) -> anyhow::Result<ExitCode> {
    match command {
        MissionCommand::Plan(args) => plan::area(args),
        MissionCommand::Corridor(args) => plan::corridor(args),
        MissionCommand::Revisit(args) => plan::revisit(args),
        MissionCommand::Merge(args) => plan::merge(args),
        MissionCommand::Orbit(args) => plan::orbit(args),
        MissionCommand::Fleet(args) => fleet::run(args),
        MissionCommand::Check(args) => check::run(args),
        MissionCommand::Proof(args) => proof::run(args),
        MissionCommand::Convert(args) => plan::convert(args),
        MissionCommand::SimulateDock(args) => dock::simulate(args),
        MissionCommand::Launch(args) => launch::run(args),
        MissionCommand::Order(args) => launch::order(args),
        MissionCommand::SimulateVehicle(args) => launch::simulate_vehicle(args),
    }
}
