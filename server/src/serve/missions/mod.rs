//! Missions of a server: planned, kept in `missions/` of the data folder, launched on a dock or an aircraft by a person, followed and steered.
//!
//! A flight has a thread and one hand on its vehicle: nobody launches a second on it, and orders of two people go through one queue.

mod flight;
mod gates;
mod plan;
mod propose;
pub mod record;
mod removed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::{Sender, bounded};
use geo::Coord;
use gis::LatLon;
use jiff::Timestamp;
use missions::Aircraft;
use missions::check::Wind;
use missions::link::{Break, Fault, Order, State, Words};
use missions::plane::{Plane, distance_m};
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::App;
use crate::clock;
use crate::commands::mission::input;
use crate::config::PlaceEntry;
use crate::output::write_whole;
use crate::wire::Vehicle;

pub use flight::flight_of;
pub use plan::{Asked, PlanRefused, What};
pub use propose::{Proposer, spot, task_view};
pub use record::{Line, Mission};

use removed::Removed;

/// Missions kept at most.
const MOST: usize = 10_000;
/// Orders that wait for a flight at most.
const ORDERS: usize = 16;

/// Why a mission cannot be done something with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MissionError {
    /// There is none.
    #[error("there is no mission {0:?}")]
    Unknown(String),
    /// There is no such vehicle.
    #[error("there is no vehicle {0:?}")]
    NoVehicle(String),
    /// Somebody flies already.
    #[error("{what} is in the air or about to be: launched by {actor}")]
    Busy {
        /// Vehicle or mission.
        what: String,
        /// By whom.
        actor: String,
        /// Since when.
        at: Timestamp,
    },
    /// It does not fit.
    #[error("{0}")]
    Refused(String),
    /// Something must hold that does not.
    #[error("a gate is shut: {}", first(.0))]
    Gates(Vec<Value>),
    /// The file of a mission cannot be written.
    #[error("cannot keep the mission in {}: {source}", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn first(gates: &[Value]) -> String {
    let shut = gates.iter().find(|gate| gate["ok"] == json!(false));
    shut.and_then(|gate| gate["en"].as_str()).unwrap_or("unknown").to_owned()
}

/// Missions and vehicles of a server.
pub struct Missions {
    folder: PathBuf,
    vehicles: Vec<Vehicle>,
    all: Mutex<BTreeMap<String, Mission>>,
    flying: Mutex<BTreeMap<String, Flying>>,
    removed: Removed,
    changed: watch::Sender<u64>,
}

/// Who is in the air: by vehicle.
struct Flying {
    mission: String,
    actor: String,
    at: Timestamp,
    orders: Sender<Order>,
}

/// Words of a launch.
#[derive(Debug, Clone)]
pub struct Launch {
    /// On what.
    pub vehicle: String,
    /// Who confirmed.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Only inside the dock.
    pub simulate: bool,
    /// What `mission check` says was read and is accepted.
    pub accept_warnings: bool,
    /// Wind that somebody measured; docks measure it themselves.
    pub wind: Option<Wind>,
    /// Where it goes on.
    pub from: Option<Break>,
}

impl Missions {
    /// Reads what is kept. A flight of before is not known to be over: that is said.
    pub fn open(data: &Path, vehicles: Vec<Vehicle>) -> Self {
        let folder = data.join("missions");
        let mut all = BTreeMap::new();
        for file in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = file.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let read = std::fs::read(&path).map_err(|error| error.to_string());
            match read.and_then(|bytes| {
                serde_json::from_slice::<Mission>(&bytes).map_err(|error| error.to_string())
            }) {
                Ok(mut mission) => {
                    if mission.active() {
                        mission.state = Some(State::Failed { fault: restarted() });
                        mission.version += 1;
                    }
                    all.insert(mission.id.clone(), mission);
                }
                Err(error) => tracing::error!("cannot read the mission {}: {error}", path.display()),
            }
        }
        let (changed, _) = watch::channel(0);
        let removed = Removed::open(&folder);
        Self { folder, vehicles, all: Mutex::new(all), flying: Mutex::default(), removed, changed }
    }

    /// Returns the vehicles with what flies on them.
    pub fn vehicles(&self) -> Vec<(Vehicle, Option<String>)> {
        let flying = self.flying();
        self.vehicles
            .iter()
            .map(|one| (one.clone(), flying.get(&one.entry.id).map(|f| f.mission.clone())))
            .collect()
    }

    /// Returns the aircraft that missions are planned for: those of the vehicles, then those of the product.
    pub fn aircraft_known(&self) -> Vec<Aircraft> {
        let mut all: Vec<Aircraft> = Vec::new();
        let own = self.vehicles.iter().filter_map(|vehicle| vehicle.profile.clone());
        for aircraft in own.chain(input::known()) {
            if all.iter().all(|known| known.id != aircraft.id) {
                all.push(aircraft);
            }
        }
        all
    }

    /// Returns the aircraft that is planned for where none is named: that of the first vehicle that states one, else the product's usual.
    pub fn usual(&self) -> Option<Aircraft> {
        let own = self.vehicles.iter().find_map(|vehicle| vehicle.profile.clone());
        own.or_else(|| input::known_aircraft(input::USUAL))
    }

    /// Returns where a mission of an aircraft begins for which nobody says where: at the nearest vehicle that may fly it and states its home.
    pub fn home(&self, aircraft: &str, near: Option<LatLon>) -> Option<LatLon> {
        let flies = |one: &&Vehicle| one.profile.as_ref().is_none_or(|profile| profile.id == aircraft);
        let homes =
            self.vehicles.iter().filter(flies).filter_map(|one| one.entry.home.and_then(PlaceEntry::lat_lon));
        let off_m = |home: &LatLon| {
            near.map_or(0.0, |near| distance_m(Plane::around(near).metres(*home), Coord::zero()))
        };
        // Without a place to be near to, one of several would be a guess.
        if near.is_none() && homes.clone().count() > 1 {
            return None;
        }
        homes.min_by(|a, b| off_m(a).total_cmp(&off_m(b)))
    }

    /// Tells whether a mission was planned for a task since a moment, even if a person removed it.
    fn has_for(&self, task: &str, since: Timestamp) -> bool {
        let removed = self.removed.since(task, since);
        removed
            || self.all().values().any(|one| one.for_task.as_deref() == Some(task) && one.created >= since)
    }

    /// Returns an aircraft by its name.
    pub fn aircraft(&self, id: &str) -> Option<Aircraft> {
        self.aircraft_known().into_iter().find(|aircraft| aircraft.id == id)
    }

    /// Returns the missions that nobody has launched and somebody proposed: id, task, and when.
    fn proposed_by(&self, by: &str) -> Vec<(String, String, Timestamp)> {
        let all = self.all();
        let idle = all.values().filter(|mission| mission.by == by && mission.state.is_none());
        idle.filter_map(|one| Some((one.id.clone(), one.for_task.clone()?, one.created))).collect()
    }

    /// Returns every mission, newest first.
    pub fn list(&self) -> Vec<Mission> {
        self.all().values().rev().cloned().collect()
    }

    /// Returns a mission.
    pub fn get(&self, id: &str) -> Option<Mission> {
        self.all().get(id).cloned()
    }

    /// Returns what tells of changes.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Keeps a new mission.
    ///
    /// # Errors
    /// When there are too many or it cannot be written.
    pub fn add(&self, mission: Mission) -> Result<Mission, MissionError> {
        if self.all().len() >= MOST {
            return Err(MissionError::Refused(format!("there are {MOST} missions: remove some first")));
        }
        self.keep(&mission)?;
        self.all().insert(mission.id.clone(), mission.clone());
        self.tell();
        Ok(mission)
    }

    /// Removes a mission that does not fly, because a person said so: one that was proposed is not proposed again.
    ///
    /// # Errors
    /// When there is none, it flies, or that it was removed cannot be kept.
    pub fn remove(&self, id: &str) -> Result<(), MissionError> {
        let mission = self.get(id).ok_or_else(|| MissionError::Unknown(id.to_owned()))?;
        // Noted first: who proposes must not find neither the mission nor the note.
        if let Some(task) =
            mission.for_task.as_deref().filter(|_| mission.by == propose::BY && !mission.active())
        {
            let noted = self.removed.add(task, mission.created);
            noted.map_err(|source| MissionError::Keep { path: self.folder.clone(), source })?;
        }
        self.withdraw(id)
    }

    /// Removes a mission that does not fly.
    fn withdraw(&self, id: &str) -> Result<(), MissionError> {
        let mut all = self.all();
        let mission = all.get(id).ok_or_else(|| MissionError::Unknown(id.to_owned()))?;
        if mission.active() {
            return Err(MissionError::Refused("it flies: bring it home first".to_owned()));
        }
        let path = self.file(id);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(MissionError::Keep { path, source });
            }
            _ => all.remove(id),
        };
        drop(all);
        self.tell();
        Ok(())
    }

    /// Launches a mission: a person confirmed.
    ///
    /// # Errors
    /// When a gate is shut, somebody flies already, or the vehicle cannot be reached.
    pub fn launch(&self, app: &Arc<App>, id: &str, launch: &Launch) -> Result<Mission, MissionError> {
        let vehicle = self.vehicles.iter().find(|one| one.entry.id == launch.vehicle);
        let vehicle = vehicle.ok_or_else(|| MissionError::NoVehicle(launch.vehicle.clone()))?;
        let vehicle_id = &vehicle.entry.id;
        let now = clock::now();
        let (orders, received) = bounded(ORDERS);
        let mut mission = self.get(id).ok_or_else(|| MissionError::Unknown(id.to_owned()))?;
        let aircraft = self.aircraft(&mission.aircraft);
        let ground = app.hub().and_then(|hub| hub.terrain().ground());
        let gates = gates::gates(&mission, vehicle, aircraft.as_ref(), launch, ground);
        if gates.iter().any(|gate| gate["ok"] == json!(false)) {
            return Err(MissionError::Gates(gates));
        }
        {
            let mut flying = self.flying();
            let busy = flying.get(vehicle_id).or_else(|| flying.values().find(|flying| flying.mission == id));
            if let Some(busy) = busy {
                let (actor, at) = (busy.actor.clone(), busy.at);
                return Err(MissionError::Busy { what: vehicle_id.clone(), actor, at });
            }
            let hand = Flying { mission: id.to_owned(), actor: launch.actor.clone(), at: now, orders };
            flying.insert(vehicle_id.clone(), hand);
        }
        let flight_id = Uuid::now_v7();
        mission.vehicle = Some(vehicle_id.clone());
        mission.flight_id = Some(flight_id.to_string());
        mission.operator = Some(launch.actor.clone());
        mission.state = Some(State::Gate);
        mission.simulated = launch.simulate;
        mission.held = true;
        (mission.progress, mission.place, mission.source) = (None, None, None);
        mission.flown.clear();
        let started = self
            .put(mission.clone())
            .and_then(|()| flight::start(app, &mission, vehicle, flight_id, launch, received));
        if let Err(error) = started {
            self.flying().remove(vehicle_id);
            let fault = Fault::new(
                Words::new(format!("无法起飞:{error}"), error.to_string()),
                Words::new("请检查飞行器配置", "check the configuration of the vehicle"),
            );
            self.change(id, |mission| {
                mission.state = Some(State::Failed { fault });
                mission.held = false;
            });
            return Err(error);
        }
        self.get(id).ok_or_else(|| MissionError::Unknown(id.to_owned()))
    }

    /// Hands an order to a flight.
    ///
    /// # Errors
    /// When it does not fly, or the state does not allow it.
    pub fn order(&self, id: &str, order: Order) -> Result<Mission, MissionError> {
        let mission = self.get(id).ok_or_else(|| MissionError::Unknown(id.to_owned()))?;
        let state = mission.state.clone().filter(|state| !state.is_over());
        let state = state.ok_or_else(|| MissionError::Refused("it does not fly".to_owned()))?;
        state
            .allows(order.command)
            .map_err(|fault| MissionError::Refused(format!("{} {}", fault.what, fault.mend)))?;
        let flying = self.flying();
        let hand = flying.values().find(|flying| flying.mission == id);
        let hand = hand.ok_or_else(|| MissionError::Refused("it does not fly".to_owned()))?;
        hand.orders
            .try_send(order)
            .map_err(|_| MissionError::Refused("too many orders wait already".to_owned()))?;
        Ok(mission)
    }

    /// Lets a vehicle go, and tells that its mission is over.
    fn landed(&self, id: &str, vehicle: &str) {
        let mut flying = self.flying();
        self.glance(id, |mission| mission.held = false);
        flying.remove(vehicle);
    }

    /// Changes a mission and keeps it.
    fn change(&self, id: &str, change: impl FnOnce(&mut Mission)) {
        let Some(mut mission) = self.get(id) else { return };
        change(&mut mission);
        if let Err(error) = self.put(mission) {
            tracing::error!("{error}");
        }
    }

    /// Changes what moves all the time; it is kept with the next change of state.
    fn glance(&self, id: &str, change: impl FnOnce(&mut Mission)) {
        if let Some(mission) = self.all().get_mut(id) {
            change(mission);
            mission.version += 1;
        }
        self.tell();
    }

    fn put(&self, mut mission: Mission) -> Result<(), MissionError> {
        let mut all = self.all();
        let version = all.get(&mission.id).map_or(0, |mission| mission.version);
        mission.version = version + 1;
        let kept = self.keep(&mission);
        all.insert(mission.id.clone(), mission);
        drop(all);
        self.tell();
        kept
    }

    fn keep(&self, mission: &Mission) -> Result<(), MissionError> {
        let path = self.file(&mission.id);
        let failed = |source| MissionError::Keep { path: path.clone(), source };
        let text = serde_json::to_vec(mission).map_err(|error| failed(error.into()))?;
        write_whole(&path, &text).map_err(failed)
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Mission>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flying(&self) -> MutexGuard<'_, BTreeMap<String, Flying>> {
        self.flying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn restarted() -> Fault {
    Fault::new(
        Words::new(
            "服务在飞行中重启,不知道飞行如何结束",
            "the server was started again during the flight: how it ended is not known",
        ),
        Words::new(
            "请确认飞行器位置;断链时它按航线约定行事",
            "see where the aircraft is; it does what the plan says for a lost link",
        ),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_kept_where_nothing_is_planned() {
        let folder = tempfile::tempdir().unwrap();
        let missions = super::Missions::open(folder.path(), Vec::new());
        assert!(missions.list().is_empty() && missions.vehicles().is_empty());
        assert!(missions.remove("x").is_err());
    }
}
