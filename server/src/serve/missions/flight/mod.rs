//! One flight on one vehicle: a thread that follows it, and the source that shows it.

mod autopilot;
mod dock;

use std::sync::Arc;

use crossbeam::channel::Receiver;
use missions::link::dock::health::Place;
use missions::link::{Command, Entry, Fault, Order, Progress, State, What, Words};
use missions::{Aircraft, Plan};
use uuid::Uuid;

use super::record::Mission;
use super::{Launch, MissionError};
use crate::clock;
use crate::config::{SourceEntry, VehicleEntry};
use crate::serve::App;
use crate::wire::Vehicle;

pub use dock::flight_of;

/// What a flight begins with.
struct Begun<'a> {
    plan: &'a Plan,
    aircraft: &'a Aircraft,
    vehicle: &'a VehicleEntry,
    launch: &'a Launch,
    flight_id: Uuid,
}

/// Starts the thread of a flight.
///
/// # Errors
/// When the plan does not fit the aircraft, or the vehicle cannot be reached.
pub(super) fn start(
    app: &Arc<App>,
    mission: &Mission,
    vehicle: &Vehicle,
    flight_id: Uuid,
    launch: &Launch,
    orders: Receiver<Order>,
) -> Result<(), MissionError> {
    let aircraft = app.missions.aircraft(&mission.aircraft);
    let aircraft =
        aircraft.ok_or_else(|| MissionError::Refused(format!("no aircraft {}", mission.aircraft)))?;
    let begun =
        Begun { plan: &mission.plan, aircraft: &aircraft, vehicle: &vehicle.entry, launch, flight_id };
    let hand = Hand {
        app: Arc::clone(app),
        mission: mission.id.clone(),
        vehicle: vehicle.entry.clone(),
        word: Some(Order {
            command: Command::Launch,
            actor: launch.actor.clone(),
            reason: launch.reason.clone(),
        }),
        flew: false,
    };
    match &vehicle.link {
        missions_link::Vehicle::Dock(address) => dock::start(&begun, address, hand, orders),
        missions_link::Vehicle::Mavlink(address) => autopilot::start(&begun, address, hand, orders),
    }
}

/// What a thread of a flight holds.
struct Hand {
    app: Arc<App>,
    mission: String,
    vehicle: VehicleEntry,
    /// The word of the person who launched, until it is given.
    word: Option<Order>,
    flew: bool,
}

impl Hand {
    /// Follows the flight on a thread of its own; what it answers is why the link ended before the flight.
    fn spawn(
        mut self,
        follow: impl FnOnce(&mut Self) -> Result<(), String> + Send + 'static,
    ) -> Result<(), MissionError> {
        let named = std::thread::Builder::new().name(format!("flight {}", self.vehicle.id));
        let spawned = named.spawn(move || {
            if let Err(error) = follow(&mut self) {
                let fault = Fault::new(
                    Words::new(format!("与飞行器的连接中断:{error}"), error),
                    Words::new(
                        "请检查链路后查看飞行器状态",
                        "check the link, then see where the aircraft is",
                    ),
                );
                self.app
                    .missions
                    .change(&self.mission, |mission| mission.state = Some(State::Failed { fault }));
            }
            tracing::info!("flight of mission {} is over", self.mission);
            self.rest();
            self.app.missions.landed(&self.mission, &self.vehicle.id);
        });
        spawned.map(drop).map_err(|error| MissionError::Refused(error.to_string()))
    }

    /// Takes the word of the person who launched: it is given once.
    fn word(&mut self) -> Option<Order> {
        self.word.take()
    }

    fn ending(&self) -> bool {
        self.app.ending()
    }

    /// Keeps where the flight stands.
    fn took(&mut self, state: &State, place: Option<Place>, progress: Progress, news: &[Entry]) {
        if matches!(state, State::Flying { .. }) && !self.flew {
            self.flew = true;
            self.show();
        }
        let progress = self.flew.then_some(progress);
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
        entry.as_now = self.vehicle.recorded;
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
        let entry = Entry { at: clock::now(), flight_id: String::new(), what: What::Noted { words: line } };
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
