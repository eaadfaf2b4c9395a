//! Docks on the command line: one that is simulated.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use missions::link::dock::Simulator;
use missions::link::dock::session::Organization;
use missions::link::dock::simulator::Settings;
use missions_link::dock::{Access, Broker, Step, run_simulator};

use crate::cli::{BrokerArgs, MissionSimulateDockArgs};

/// Fastest that a simulated dock flies.
const MOST_PACE: f64 = 1_000.0;

/// Returns how a broker lets us in.
///
/// # Errors
/// When the password's file cannot be read.
pub fn access(args: &BrokerArgs) -> anyhow::Result<Access> {
    let read = |path: &Path| -> anyhow::Result<String> {
        let text = super::input::text(path)?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    };
    let password = args.mqtt_password_file.as_deref().map(read).transpose()?;
    Ok(Access { password, authorities: args.mqtt_ca.clone() })
}

/// Is a dock until it is ended, or has flown as often as it was told to.
///
/// # Errors
/// When a number makes no sense or the broker cannot be used.
pub fn simulate(args: &MissionSimulateDockArgs) -> anyhow::Result<ExitCode> {
    if !(args.pace > 0.0 && args.pace <= MOST_PACE) {
        bail!("--pace must be above 0 and at most {MOST_PACE}, is {}", args.pace);
    }
    let mut settings = Settings::new(args.dock.serial.clone(), args.home);
    settings.height_m = args.height;
    settings.pace = args.pace;
    settings.wind_mps = args.wind;
    settings.aircraft = args.aircraft.clone().unwrap_or(settings.aircraft);
    settings.organization = Organization {
        id: args.organization.clone(),
        name: args.organization.clone(),
        binding_code: args.binding_code.clone().unwrap_or_default(),
    };
    let mut broker = Broker::connect(&args.dock, &access(&args.broker)?, "simulated-dock")?;
    let mut dock = Simulator::new(settings);
    tracing::info!("a simulated dock {} at {}", args.dock.serial, args.dock);
    let mut told = (false, 0);
    run_simulator(&mut broker, &mut dock, &mut |dock| {
        if told != (dock.is_airborne(), dock.flights()) {
            told = (dock.is_airborne(), dock.flights());
            tracing::info!(
                "simulated dock: {} flights over, {}",
                told.1,
                if told.0 { "in the air" } else { "at rest" }
            );
        }
        let enough = args.flights.is_some_and(|most| dock.flights() >= most && dock.is_heard());
        if enough { Step::End } else { Step::On }
    })
    .context("the simulated dock ended")?;
    Ok(ExitCode::SUCCESS)
}
