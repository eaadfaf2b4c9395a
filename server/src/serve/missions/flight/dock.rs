//! A flight of a dock.

use std::net::SocketAddr;
use std::path::Path;

use crossbeam::channel::Receiver;
use missions::formats::{self, Format};
use missions::link::dock::body::BreakPoint;
use missions::link::dock::session::Organization;
use missions::link::dock::{Dock, Flight, Session};
use missions::link::{Break, Order, State};
use missions_link::dock::{Access, Address, Broker, FileServer, Step, run_session};
use uuid::Uuid;

use super::{Begun, Hand};
use crate::clock;
use crate::config::VehicleEntry;
use crate::serve::missions::MissionError;

/// Where plans are handed out when nothing is configured.
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
/// Height of the way home above take-off, metres, at the least.
const LEAST_HOME_M: f64 = 60.0;

/// Returns where a dock goes on.
pub fn break_point(left: Break) -> BreakPoint {
    BreakPoint { index: left.waypoint, state: 0, progress: left.share, wayline_id: 0, break_reason: None }
}

/// Returns the flight of a plan that a dock gets from a server.
pub fn flight_of(plan: &missions::Plan, id: Uuid, files: &FileServer) -> Flight {
    let relative = plan.heights == missions::plan::HeightReference::TakeOff;
    let highest_m =
        plan.waypoints.iter().map(|waypoint| waypoint.height_m).fold(plan.take_off_height_m, f64::max);
    // Heights above the ellipsoid say nothing of those above take-off.
    let home_m = if relative { highest_m } else { plan.take_off_height_m }.max(LEAST_HOME_M);
    Flight {
        id,
        file: files.file().clone(),
        waypoints: plan.waypoints.len(),
        lost_link: plan.lost_link,
        rth_altitude_m: home_m.ceil() as u32,
        conditions: None,
        from: None,
        simulate: None,
    }
}

/// Starts the thread of a flight.
///
/// # Errors
/// When the plan cannot be written for the aircraft, or the dock's address or certificates cannot be used.
pub(super) fn start(
    begun: &Begun<'_>,
    address: &Address,
    hand: Hand,
    orders: Receiver<Order>,
) -> Result<(), MissionError> {
    let refused = |error: &dyn std::fmt::Display| MissionError::Refused(error.to_string());
    let Begun { plan, aircraft, vehicle, launch, flight_id } = begun;
    let kmz = formats::write(plan, Format::Kmz, aircraft, clock::now().as_millisecond())
        .map_err(|error| refused(&error))?;
    let listen = vehicle.resource_listen.unwrap_or(ANYWHERE);
    let towards = (address.host.as_str(), address.port);
    let files = FileServer::start(kmz, listen, vehicle.resource_url.as_deref(), towards)
        .map_err(|error| refused(&error))?;
    let mut flight = flight_of(plan, *flight_id, &files);
    flight.from = launch.from.map(break_point);
    if launch.simulate {
        flight.simulate = plan.home.or_else(|| plan.waypoints.first().map(|waypoint| waypoint.at));
    }
    let access =
        Access { password: password(vehicle.password_file.as_deref())?, authorities: vehicle.ca.clone() };
    let broker = Broker::connect(address, &access, "flyonce").map_err(|error| refused(&error))?;
    let session = Session::new(dock_of(address, vehicle), flight, clock::now());
    hand.spawn(move |hand| follow(hand, broker, session, &files, &orders))
}

/// Reads a password file.
///
/// # Errors
/// When it cannot be read.
fn password(file: Option<&Path>) -> Result<Option<String>, MissionError> {
    let Some(path) = file else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        MissionError::Refused(format!("cannot read the password in {}: {error}", path.display()))
    })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn dock_of(address: &Address, vehicle: &VehicleEntry) -> Dock {
    let mut dock = Dock::of(address.serial.clone());
    dock.aircraft.clone_from(&vehicle.aircraft);
    dock.organization = Organization {
        id: vehicle.organization.clone().unwrap_or_else(|| "flyonce".to_owned()),
        name: vehicle.organization.clone().unwrap_or_else(|| "flyonce".to_owned()),
        binding_code: vehicle.binding_code.clone().unwrap_or_default(),
    };
    dock
}

/// Follows a session to its end.
fn follow(
    hand: &mut Hand,
    mut broker: Broker,
    mut session: Session,
    files: &FileServer,
    orders: &Receiver<Order>,
) -> Result<(), String> {
    let (own, given) = crossbeam::channel::bounded(super::super::ORDERS);
    let ended = run_session(&mut broker, &mut session, &given, &mut |session, news| {
        while let Ok(order) = orders.try_recv() {
            drop(own.try_send(order));
        }
        if *session.state() == State::Ready
            && let Some(order) = hand.word()
        {
            drop(own.try_send(order));
        }
        hand.took(session.state(), session.place().copied(), session.progress(), &news);
        if hand.ending() { Step::End } else { Step::On }
    });
    tracing::info!("the plan of mission {} was fetched {} times", hand.mission, files.fetched());
    ended.map_err(|error| error.to_string())
}
