//! Uploads of 1 000 waypoints over a link that loses every fifth message, in simulated time: 200 runs with a patient vehicle, 200 with one
//! that gives up after three tries and goes on from where it was. Fails when a list on board is not the one that was sent.

use std::time::Duration;

use anyhow::bail;
use cpu_time::ProcessTime;
use gis::LatLon;
use missions::check::Wind;
use missions::link::State;
use missions::link::lossy::{Lossy, Odds};
use missions::link::mavlink::simulator::{Model, Rehearsal, Simulator};
use missions::link::mavlink::{Flight, MavMissionType, Mission, Settings, WireItem};
use missions::plan::{Finish, HeightReference, LostLink, Nose, Waypoint};
use missions::{Plan, Plane};

const HOME: LatLon = LatLon { lat_deg: 28.95, lon_deg: 118.87 };
const WAYPOINTS: usize = 1000;
const RUNS: u64 = 200;
const LOSS: f64 = 0.2;
const MOST: Duration = Duration::from_secs(24 * 3600);

fn main() -> anyhow::Result<()> {
    let plan = plan();
    let start = ProcessTime::now();
    for retries in [15, 2] {
        let mut secs = Vec::new();
        let (mut lost, mut sent) = (0, 0);
        for run in 0..RUNS {
            let world = upload(&plan, retries, run)?;
            secs.push(world.now().as_secs_f64());
            lost += world.up.lost() + world.down.lost();
            sent += world.up.taken() + world.down.taken();
        }
        secs.sort_by(f64::total_cmp);
        say(&format!(
            "upload, vehicle gives up after {} tries: {RUNS} runs of {WAYPOINTS} waypoints, all complete and read back, none missing, none \
             doubled; {:.1} % of {sent} messages lost; median {:.0} s, longest {:.0} s of simulated time",
            retries + 1,
            lost as f64 / sent as f64 * 100.0,
            secs[secs.len() / 2],
            secs[secs.len() - 1],
        ));
    }
    say(&format!("{:.0} s of one core", start.elapsed().as_secs_f64()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn say(text: &str) {
    println!("{text}");
}

fn upload(plan: &Plan, retries: u32, run: u64) -> anyhow::Result<Rehearsal> {
    let odds = Odds { drop: LOSS, ..Odds::default() };
    let settings = Settings { wind: Some(Wind { speed_mps: 3.0, from_deg: 0.0 }), ..Settings::default() };
    let vehicle = Simulator::new(Model { retries, ..Model::at(HOME) });
    let (up, down) = (Lossy::new(odds, 2 * run), Lossy::new(odds, 2 * run + 1));
    let mut world = Rehearsal::new(Flight::new(plan.clone(), settings), vehicle, up, down);
    let ended =
        world.until(MOST, |world| *world.flight.state() == State::Ready || world.flight.state().is_over());
    if !ended || *world.flight.state() != State::Ready {
        bail!("run {run}: {}", world.flight.state().words());
    }
    let kept = shown(world.vehicle.list(MavMissionType::MAV_MISSION_TYPE_MISSION));
    let wanted = Mission::of(plan, false).map_err(|fault| anyhow::anyhow!("{}", fault.what))?;
    if kept != shown(&wanted.items) {
        bail!("run {run}: {} items on board are not the {} that were sent", kept.len(), wanted.items.len());
    }
    Ok(world)
}

/// As texts, since NaN is not NaN otherwise.
fn shown(items: &[WireItem]) -> Vec<String> {
    items.iter().map(|item| format!("{item:?}")).collect()
}

fn plan() -> Plan {
    let plane = Plane::around(HOME);
    let waypoint = |index: usize| Waypoint {
        at: plane.place(geo::Coord { x: (index % 2) as f64 * 200.0, y: index as f64 }),
        height_m: 60.0,
        speed_mps: None,
        stop: false,
        nose: Nose::Along,
        actions: Vec::new(),
    };
    Plan {
        aircraft: "multicopter".to_owned(),
        home: Some(HOME),
        heights: HeightReference::TakeOff,
        take_off_height_m: 40.0,
        speed_mps: 8.0,
        finish: Finish::GoHome,
        lost_link: LostLink::GoHome,
        waypoints: (0..WAYPOINTS).map(waypoint).collect(),
        legs: Vec::new(),
    }
}
