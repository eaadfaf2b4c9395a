//! `flyonce mission launch`: gates, a person's word, the flight, and the record of it.

mod drive;
mod order;
mod record;
mod vehicle;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use missions::check::check;
use missions::formats::Imported;
use missions::link::mavlink::{Flight, STATION, Settings, fence, rally};
use missions::link::rest::rest_of;
use missions::link::{Break, Command, Order, State, Words};
use missions::{Aircraft, Plan};
use missions_link::{Address, Lease, Vehicle, Wire};
use uuid::Uuid;

use super::dock_launch;
use super::input::{self, Conditions};
use crate::cli::MissionLaunchArgs;
use crate::clock;

pub use order::run as order;
pub use vehicle::run as simulate_vehicle;

use drive::{Beginning, Drive};
use record::{About, Record};

/// Checks, uploads, asks, starts, and watches until the aircraft is on the ground.
///
/// # Errors
/// When an input cannot be read, the flight was flown before, or the link not be opened.
pub fn run(args: &MissionLaunchArgs) -> anyhow::Result<ExitCode> {
    let address = match &args.vehicle {
        Vehicle::Mavlink(address) => address,
        Vehicle::Dock(dock) => return dock_launch::run(args, dock),
    };
    if !args.yes && !std::io::stdin().is_terminal() {
        bail!("a person confirms the start: run it at a terminal, or give --yes");
    }
    let flight_id = args.flight.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
    let folder = args.out.join(&flight_id);
    let imported = wanted(args, &folder)?;
    let aircraft = input::aircraft_of(args.aircraft.as_deref(), &imported)?;
    let _lease = match lease(address, &args.actor)? {
        Ok(lease) => lease,
        Err(other) => bail!(
            "{address} is being flown by {other} 该飞机正由 {other} 操控: wait until they are done, or talk to them"
        ),
    };
    let mut settings = settings(args, &imported, &aircraft)?;
    settings.unfit = unfit(&aircraft);
    let about = About { vehicle: address.to_string(), plan: imported.plan.clone(), aircraft: aircraft.id };
    let record = Record::open(&folder, &flight_id)?;
    record.describe(&about)?;
    let wire = Wire::open(address, STATION)?;
    let order = Order { command: Command::Launch, actor: args.actor.clone(), reason: args.reason.clone() };
    let beginning = if args.yes { Beginning::Launch(order) } else { Beginning::Ask(order) };
    let drive = Drive::new(Flight::new(imported.plan, settings), wire, record, beginning)?;
    drive.run()
}

/// The right to fly the vehicle from this machine, or who has it.
///
/// # Errors
/// When the lock cannot be opened.
pub fn lease(address: &Address, actor: &str) -> anyhow::Result<Result<Lease, String>> {
    let folder = std::env::temp_dir().join("flyonce-aircraft");
    let taken = Lease::take(&folder, &address.to_string(), actor);
    taken.with_context(|| format!("cannot lock the aircraft in {}", folder.display()))
}

/// The plan to fly: the one given, or what is left of one that was broken off.
fn wanted(args: &MissionLaunchArgs, folder: &Path) -> anyhow::Result<Imported> {
    let last = record::last_state(folder)?;
    let id = args.flight.as_deref().unwrap_or_default();
    if args.resume {
        let About { plan, .. } = record::about(folder)?;
        let plan = rest(id, &plan, last.as_ref())?;
        return Ok(Imported {
            plan,
            format: missions::formats::Format::GeoJson,
            dji: None,
            notes: Vec::new(),
            faults: Vec::new(),
        });
    }
    if let Some(state) = last
        && record::was_started(folder)?
    {
        let Words { zh, en } = state.words();
        bail!(
            "flight {id} was launched before ({en} {zh}); nothing is started twice: give another --flight, or --resume"
        );
    }
    let plan = args.plan.as_deref().context("give a plan")?;
    input::plan(plan)
}

fn rest(id: &str, plan: &Plan, last: Option<&State>) -> anyhow::Result<Plan> {
    let left: Break = match last {
        Some(State::Landed { left_at: Some(left) }) => *left,
        Some(State::Landed { left_at: None }) => bail!("flight {id} was flown to its end; nothing is left"),
        Some(other) => bail!("flight {id} cannot be resumed: {}", other.words()),
        None => bail!("no flight {id} was launched"),
    };
    rest_of(plan, left)
        .with_context(|| format!("flight {id} was flown to its last waypoint; nothing is left"))
}

fn settings(args: &MissionLaunchArgs, imported: &Imported, aircraft: &Aircraft) -> anyhow::Result<Settings> {
    let now = clock::now();
    let conditions = Conditions::read(&args.against)?;
    let stay_in = conditions.fence();
    let on_board = if stay_in.is_some() { fence(stay_in, &conditions.closed(now)) } else { Vec::new() };
    let height_m = imported.plan.take_off_height_m;
    let places: Vec<_> = args.rally.iter().map(|at| (*at, height_m)).collect();
    Ok(Settings {
        problems: check(imported, &conditions.against(aircraft, Some(now))),
        wind: args.against.wind,
        fence: on_board,
        rally: rally(&places),
        // A battery does not last longer than this.
        give_up: Duration::from_secs_f64(aircraft.flight.endurance_min * 60.0),
        ..Settings::default()
    })
}

/// Why an aircraft does not fly over this link.
pub fn unfit(aircraft: &Aircraft) -> Option<Words> {
    aircraft.dji.is_some().then(|| {
        Words::new(
            format!("{} 不使用 MAVLink", aircraft.name),
            format!("{} does not speak MAVLink", aircraft.name),
        )
    })
}
