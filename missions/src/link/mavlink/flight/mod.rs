//! One flight over MAVLink, from the gates to the ground: messages, orders and moments in, messages and a record out.

mod gate;
mod job;
mod orders;
mod watch;

use std::collections::VecDeque;
use std::time::Duration;

use mavlink::dialects::common::{HEARTBEAT_DATA, MavAutopilot, MavMessage, MavModeFlag, MavState, MavType};

use super::command::Ask;
use super::download::Download;
use super::item::WireItem;
use super::track::Track;
use super::upload::Upload;
use super::vehicle::Vehicle;
use super::{Peer, STATION};
use crate::check::{Problem, Wind};
use crate::link::gates::Gate;
use crate::link::launch::{Answer, Cause, Fault, Order, Progress, State, What, Words};
use crate::plan::{LostLink, Plan};

/// How long the vehicle may take to be heard, and to say all that gates ask for.
const LISTEN: Duration = Duration::from_secs(15);
/// How often this station says that it is there.
const BEAT: Duration = Duration::from_secs(1);

/// What a flight is held against.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This station.
    pub us: Peer,
    /// What `mission check` found.
    pub problems: Vec<Problem>,
    /// Wind that was stated.
    pub wind: Option<Wind>,
    /// Who else flies this aircraft, as far as this machine knows.
    pub other_pilot: Option<String>,
    /// Why the plan is not for an aircraft that speaks MAVLink.
    pub unfit: Option<Words>,
    /// Fence to be set; nothing is sent when empty.
    pub fence: Vec<WireItem>,
    /// Rally points to be set; nothing is sent when empty.
    pub rally: Vec<WireItem>,
    /// Silence after which the link counts as lost.
    pub lost_after: Duration,
    /// Silence in the air after which the end of the flight counts as not known.
    pub give_up: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            us: STATION,
            problems: Vec::new(),
            wind: None,
            other_pilot: None,
            unfit: None,
            fence: Vec::new(),
            rally: Vec::new(),
            lost_after: Duration::from_secs(5),
            give_up: Duration::from_hours(1),
        }
    }
}

/// A flight.
#[derive(Debug)]
pub struct Flight {
    settings: Settings,
    plan: Plan,
    track: Track,
    vehicle: Vehicle,
    state: State,
    job: Option<Job>,
    gates: Vec<Gate>,
    /// It was told to start.
    launched: bool,
    seen_airborne: bool,
    /// When it was first seen in the air.
    rose: Option<Duration>,
    seen_armed: bool,
    /// Since when it says that it is down with its motors off.
    down_since: Option<Duration>,
    /// Why it flies home, when a person said so.
    home_for: Option<Cause>,
    /// What ends the launch once the motors are off again.
    failing: Option<Fault>,
    noted: Option<Words>,
    next_beat: Duration,
    next_data: Duration,
    began: Option<Duration>,
    out: Vec<MavMessage>,
    record: Vec<What>,
}

/// Something that takes several messages.
#[derive(Debug)]
struct Job {
    /// Whose order it is; none for what comes before the first.
    order: Option<Order>,
    steps: VecDeque<Step>,
    /// The plan that is flown once the job is done.
    change: Option<Plan>,
}

#[derive(Debug)]
enum Step {
    Ask(Ask),
    Send(Upload),
    ReadBack(Download, Vec<WireItem>),
}

impl Flight {
    /// Returns a flight that listens for its vehicle.
    pub fn new(plan: Plan, settings: Settings) -> Self {
        let state = State::Gate;
        Self {
            track: Track::new(&plan, false),
            settings,
            plan,
            vehicle: Vehicle::default(),
            record: vec![What::changed(&state)],
            state,
            job: None,
            gates: Vec::new(),
            launched: false,
            seen_airborne: false,
            rose: None,
            seen_armed: false,
            down_since: None,
            home_for: None,
            failing: None,
            noted: None,
            next_beat: Duration::ZERO,
            next_data: Duration::ZERO,
            began: None,
            out: Vec::new(),
        }
    }

    /// Returns a flight that was started before and is only taken over.
    pub fn taken_over(plan: Plan, settings: Settings) -> Self {
        Self { launched: true, ..Self::new(plan, settings) }
    }

    /// Returns where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns how far it is on its plan.
    pub fn progress(&self) -> Progress {
        self.track.progress()
    }

    /// Returns what is known of the vehicle.
    pub fn vehicle(&self) -> &Vehicle {
        &self.vehicle
    }

    /// Returns the gates, once they were looked at.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Tells whether an order is still under way.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Takes what is to be sent.
    pub fn sends(&mut self) -> Vec<MavMessage> {
        std::mem::take(&mut self.out)
    }

    /// Takes what is to be kept of it.
    pub fn record(&mut self) -> Vec<What> {
        std::mem::take(&mut self.record)
    }

    /// Takes a message from the link.
    pub fn hear(&mut self, from: Peer, message: &MavMessage, now: Duration) {
        if self.state.is_over() || !self.vehicle.hear(from, message, self.settings.us, now) {
            return;
        }
        if let MavMessage::MISSION_ITEM_REACHED(reached) = message {
            self.track.reached(reached.seq);
        }
        let answer = match self.job.as_mut().and_then(|job| job.steps.front_mut()) {
            Some(Step::Ask(ask)) => ask.hear(message, now),
            Some(Step::Send(upload)) => {
                upload.hear(message, now, &mut self.out);
                None
            }
            Some(Step::ReadBack(download, _)) => {
                download.hear(message, now, &mut self.out);
                None
            }
            None => None,
        };
        match answer {
            Some(Ok(())) => self.step_done(),
            Some(Err(fault)) => self.job_failed(&Answer::Refused { fault }),
            None => {}
        }
        self.watch(now);
    }

    /// Lets time pass; call it several times a second.
    pub fn tick(&mut self, now: Duration) {
        if self.state.is_over() {
            return;
        }
        let began = *self.began.get_or_insert(now);
        if now >= self.next_beat {
            self.next_beat = now + BEAT;
            self.out.push(station());
        }
        if self.state == State::Gate && !self.launched {
            self.listen(now, began);
        }
        self.work(now);
        self.watch(now);
    }

    /// Takes an order of a person.
    ///
    /// # Errors
    /// When it cannot be given now; the record says so, too.
    pub fn order(&mut self, order: Order) -> Result<(), Fault> {
        self.ordered(order, None)
    }

    /// Takes the order to fly another plan from here on.
    ///
    /// # Errors
    /// When it cannot be given now, or the plan not be flown.
    pub fn change(&mut self, order: Order, plan: Plan) -> Result<(), Fault> {
        self.ordered(order, Some(plan))
    }

    fn note(&mut self, words: Words) {
        if self.noted.as_ref() != Some(&words) {
            self.noted = Some(words.clone());
            self.record.push(What::Noted { words });
        }
    }

    fn enter(&mut self, state: State) {
        if self.state.is_over() {
            return;
        }
        let same = match (&self.state, &state) {
            (State::Returning { cause: a, .. }, State::Returning { cause: b, .. }) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        if !same {
            self.record.push(What::changed(&state));
        }
        self.state = state;
    }
}

/// What this station says of itself.
fn station() -> MavMessage {
    MavMessage::HEARTBEAT(HEARTBEAT_DATA {
        custom_mode: 0,
        mavtype: MavType::MAV_TYPE_GCS,
        autopilot: MavAutopilot::MAV_AUTOPILOT_INVALID,
        base_mode: MavModeFlag::empty(),
        system_status: MavState::MAV_STATE_ACTIVE,
        mavlink_version: 3,
    })
}

/// Returns what a lost link ends in, as a sentence for whoever confirms the start.
pub fn lost_link_words(action: LostLink) -> Words {
    State::LinkLost { action, progress: Some(Progress::default()) }.words()
}
