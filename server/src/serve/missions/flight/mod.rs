//! One flight on one dock: a thread that follows it, and the source that shows it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use crossbeam::channel::Receiver;
use missions::formats::{self, Format};
use missions::link::dock::body::BreakPoint;
use missions::link::dock::session::Organization;
use missions::link::dock::{Dock, Flight, Session};
use missions::link::{Break, Command, Entry, Fault, Order, State, Words};
use missions_link::dock::{Access, Address, Broker, FileServer, Step, run_session};
use uuid::Uuid;

use super::record::Mission;
use super::{Launch, MissionError};
use crate::clock;
use crate::commands::mission::input;
use crate::config::{SourceEntry, VehicleEntry};
use crate::serve::App;

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
/// When the plan cannot be written for the aircraft, or the vehicle's address or certificates cannot be used.
pub(super) fn start(
    app: &Arc<App>,
    mission: &Mission,
    vehicle: &VehicleEntry,
    flight_id: Uuid,
    launch: &Launch,
    orders: Receiver<Order>,
) -> Result<(), MissionError> {
    let refused = |error: &dyn std::fmt::Display| MissionError::Refused(error.to_string());
    let address: Address = vehicle.uri.parse().map_err(|error| refused(&error))?;
    let aircraft = input::known_aircraft(&mission.aircraft)
        .ok_or_else(|| MissionError::Refused(format!("no aircraft {}", mission.aircraft)))?;
    let created_ms = clock::now().as_millisecond();
    let kmz =
        formats::write(&mission.plan, Format::Kmz, &aircraft, created_ms).map_err(|error| refused(&error))?;
    let listen = vehicle.resource_listen.unwrap_or(ANYWHERE);
    let towards = (address.host.as_str(), address.port);
    let files = FileServer::start(kmz, listen, vehicle.resource_url.as_deref(), towards)
        .map_err(|error| refused(&error))?;
    let mut flight = flight_of(&mission.plan, flight_id, &files);
    flight.from = launch.from.map(break_point);
    if launch.simulate {
        flight.simulate =
            mission.plan.home.or_else(|| mission.plan.waypoints.first().map(|waypoint| waypoint.at));
    }
    let access =
        Access { password: password(vehicle.password_file.as_deref())?, authorities: vehicle.ca.clone() };
    let broker = Broker::connect(&address, &access, "flyonce").map_err(|error| refused(&error))?;
    let session = Session::new(dock_of(&address, vehicle), flight, clock::now());
    let one = One {
        app: Arc::clone(app),
        mission: mission.id.clone(),
        vehicle: vehicle.clone(),
        order: Order { command: Command::Launch, actor: launch.actor.clone(), reason: launch.reason.clone() },
        confirmed: false,
        flew: false,
    };
    let named = std::thread::Builder::new().name(format!("flight {}", vehicle.id));
    let spawned = named.spawn(move || one.follow(broker, session, &files, &orders));
    spawned.map(drop).map_err(|error| refused(&error))
}

/// Reads a password file.
///
/// # Errors
/// When it cannot be read.
pub(super) fn password(file: Option<&Path>) -> Result<Option<String>, MissionError> {
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

/// What a thread of a flight holds.
struct One {
    app: Arc<App>,
    mission: String,
    vehicle: VehicleEntry,
    order: Order,
    confirmed: bool,
    flew: bool,
}

impl One {
    fn follow(
        mut self,
        mut broker: Broker,
        mut session: Session,
        files: &FileServer,
        orders: &Receiver<Order>,
    ) {
        let (own, given) = crossbeam::channel::bounded(super::ORDERS);
        let ended = run_session(&mut broker, &mut session, &given, &mut |session, news| {
            while let Ok(order) = orders.try_recv() {
                drop(own.try_send(order));
            }
            if *session.state() == State::Ready && !self.confirmed {
                self.confirmed = true;
                drop(own.try_send(self.order.clone()));
            }
            self.took(session, &news);
            if self.app.ending() { Step::End } else { Step::On }
        });
        if let Err(error) = ended {
            let fault = Fault::new(
                Words::new(format!("与代理的连接中断:{error}"), error.to_string()),
                Words::new("请检查代理后查看飞行器状态", "check the broker, then see where the aircraft is"),
            );
            self.app.missions.change(&self.mission, |mission| mission.state = Some(State::Failed { fault }));
        }
        tracing::info!(
            "flight of mission {} is over; its plan was fetched {} times",
            self.mission,
            files.fetched()
        );
        self.rest();
        self.app.missions.landed(&self.vehicle.id);
    }

    fn took(&mut self, session: &Session, news: &[Entry]) {
        let state = session.state();
        if matches!(state, State::Flying { .. }) && !self.flew {
            self.flew = true;
            self.show();
        }
        let place = session.place().copied();
        let progress = self.flew.then(|| session.progress());
        let seen = |mission: &mut Mission| {
            mission.progress = progress;
            if let Some(place) =
                place.filter(|place| mission.place.is_none_or(|old| old.heard != place.heard))
            {
                mission.took_place(place);
            }
        };
        if !news.is_empty() {
            self.app.missions.change(&self.mission, |mission| {
                seen(mission);
                mission.state = Some(state.clone());
                for entry in news {
                    mission.take(entry);
                }
            });
        } else if self.app.missions.get(&self.mission).is_some_and(|mission| {
            mission.state.as_ref() != Some(state)
                || mission.progress != progress
                || mission.place.map(|old| old.heard) != place.map(|place| place.heard)
        }) {
            self.app.missions.glance(&self.mission, |mission| {
                seen(mission);
                mission.state = Some(state.clone());
            });
        }
    }

    /// The video of the flight becomes a source.
    fn show(&self) {
        let (Some(video), Some(hub)) = (&self.vehicle.video, self.app.hub()) else { return };
        let short = self.mission.rsplit('-').next().unwrap_or_default();
        let id = format!("flight-{}-{short}", self.vehicle.id);
        let mut entry = SourceEntry::bare(id.clone(), video.clone());
        entry.telemetry.clone_from(&self.vehicle.telemetry);
        // A flight that goes on has its source already.
        let started = if hub.status(&id).is_some() { hub.resume(&id) } else { hub.add(entry) };
        let line = match started {
            Ok(()) => {
                self.app.missions.change(&self.mission, |mission| mission.source = Some(id.clone()));
                Words::new(
                    format!("航飞视频已作为来源 {id} 分析"),
                    format!("the video of the flight is looked at as source {id}"),
                )
            }
            Err(error) => Words::new(
                format!("航飞视频无法分析:{error}"),
                format!("the video of the flight cannot be looked at: {error}"),
            ),
        };
        let entry = Entry {
            at: clock::now(),
            flight_id: String::new(),
            what: missions::link::What::Noted { words: line },
        };
        self.app.missions.change(&self.mission, |mission| mission.take(&entry));
    }

    /// A live feed has nothing more to show; a file is looked at to its end.
    fn rest(&self) {
        let source = self.app.missions.get(&self.mission).and_then(|mission| mission.source);
        let (Some(id), Some(hub)) = (source, self.app.hub()) else { return };
        if hub.status(&id).is_some_and(|status| status.live())
            && let Err(error) = hub.pause(&id)
        {
            tracing::warn!("{error}");
        }
    }
}
