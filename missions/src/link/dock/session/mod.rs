//! The side of the cloud: one dock, one flight.
//!
//! ```text
//! Gate --heard, nothing against--> Uploading --prepare taken (and ready)--> Ready --a person: launch--> Launching
//!   --progress--> Flying <-> Paused --> Returning --> Landed | Aborted | Failed ; LinkLost while nothing is heard
//! ```
//! Every order is sent again until it is answered or its tries are used; sending it twice does nothing twice, because the id of the flight
//! stays. What is late is told by the time that the dock put on it.

mod ask;
mod orders;
mod pending;
mod progress;

use gis::LatLon;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::body::{self, Body, BreakPoint, File, ReadyConditions};
use super::flood::Budget;
use super::health::{Health, Place};
use super::message::{self, Incoming, Message, Outgoing, Refusal};
use super::skew::Skew;
use super::topic::{Channel, Topic};
use crate::link::{Break, Command, Entry, Fault, Order, Progress, State, What, Words};
use crate::plan::LostLink;

use pending::{Pending, Purpose};

/// Nothing heard for this long is a lost link. Docks speak every two seconds.
pub const SILENCE: SignedDuration = SignedDuration::from_secs(60);
/// How long a dock may keep a gate shut.
pub const GATE: SignedDuration = SignedDuration::from_secs(90);
/// An end of a flight that is not told is taken from the dock's properties after this time.
const AT_REST: SignedDuration = SignedDuration::from_secs(60);
/// Longest flight, from the start on.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(3);
/// Lines of the record kept between two looks at it.
const LINES: usize = 4_096;

/// Whom docks may be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id, typed in at the dock.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The code typed in at the dock.
    pub binding_code: String,
}

/// What the maker gives to who writes for his docks, and where docks get the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// Number of the application.
    pub app_id: u64,
    /// Its key.
    pub app_key: String,
    /// Its licence.
    pub app_license: String,
    /// Host of the time server.
    pub ntp_host: String,
}

/// A dock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dock {
    /// Its serial number.
    pub gateway: String,
    /// The serial number of its aircraft, once known.
    pub aircraft: Option<String>,
    /// Whose it is.
    pub organization: Organization,
    /// Answer to `config`; without one the question is refused.
    pub licence: Option<Licence>,
}

impl Dock {
    /// Returns a dock of which nothing but the serial number is known.
    pub fn of(gateway: impl Into<String>) -> Self {
        let organization =
            Organization { id: "flyonce".into(), name: "flyonce".into(), binding_code: String::new() };
        Self { gateway: gateway.into(), aircraft: None, organization, licence: None }
    }
}

/// A flight of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Flight {
    /// Its id: the same flight is never flown twice.
    pub id: Uuid,
    /// The plan as KMZ: where the dock gets it.
    pub file: File,
    /// Waypoints of the plan.
    pub waypoints: usize,
    /// What is done when the link is lost.
    pub lost_link: LostLink,
    /// Height of the way home above take-off, metres, 20 to 1500.
    pub rth_altitude_m: u32,
    /// What must hold first; the dock says when it does.
    pub conditions: Option<ReadyConditions>,
    /// Where it goes on.
    pub from: Option<BreakPoint>,
    /// Simulated inside the dock, pretending to stand there.
    pub simulate: Option<LatLon>,
}

/// One flight of one dock.
#[derive(Debug)]
pub struct Session {
    dock: Dock,
    flight: Flight,
    state: State,
    /// The state before the link was lost.
    before_loss: Option<State>,
    since: Timestamp,
    started: Option<Timestamp>,
    health: Health,
    place: Option<Place>,
    at_rest: Option<Timestamp>,
    accepted: bool,
    prepared: bool,
    last_progress: Progress,
    left_at: Option<Break>,
    progress_ms: i64,
    abort: Option<Order>,
    pending: Vec<Pending>,
    sent: u64,
    /// One for the properties, one for everything else: a flood of the first leaves the second alone.
    budgets: [Budget; 2],
    skew: Skew,
    noted: Vec<String>,
    refused: BTreeMap<&'static str, u64>,
    record: Vec<Entry>,
}

impl Session {
    /// Returns a session that waits for its dock.
    pub fn new(dock: Dock, flight: Flight, now: Timestamp) -> Self {
        let waypoints = flight.waypoints;
        let mut session = Self {
            dock,
            flight,
            state: State::Gate,
            before_loss: None,
            since: now,
            started: None,
            health: Health::default(),
            place: None,
            at_rest: None,
            accepted: false,
            prepared: false,
            last_progress: Progress { waypoint: None, waypoints, share: 0.0 },
            left_at: None,
            progress_ms: 0,
            abort: None,
            pending: Vec::new(),
            sent: 0,
            budgets: <[Budget; 2]>::default(),
            skew: Skew::default(),
            noted: Vec::new(),
            refused: BTreeMap::new(),
            record: Vec::new(),
        };
        session.write(What::changed(&State::Gate), now);
        session
    }

    /// Returns where the flight stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns the flight.
    pub fn flight(&self) -> &Flight {
        &self.flight
    }

    /// Returns what the dock says of itself.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Returns where the aircraft is.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Returns how far the flight was when last heard.
    pub fn progress(&self) -> Progress {
        self.last_progress
    }

    /// Returns how many messages were not looked at, by kind.
    pub fn refused(&self) -> &BTreeMap<&'static str, u64> {
        &self.refused
    }

    /// Returns the topics to subscribe to.
    pub fn topics(&self) -> Vec<String> {
        let of_aircraft = self.dock.aircraft.iter().map(|sn| Topic::new(sn.clone(), Channel::Osd));
        let of_dock = Channel::UP.into_iter().map(|channel| Topic::new(self.dock.gateway.clone(), channel));
        of_dock.chain(of_aircraft).map(|topic| topic.to_string()).collect()
    }

    /// Takes the lines of the record since the last call.
    pub fn drain(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.record)
    }

    /// Takes a message of the broker and returns what is to be sent.
    pub fn receive(&mut self, incoming: &Incoming, now: Timestamp) -> Vec<Outgoing> {
        let busy = incoming.topic.ends_with("/osd") || incoming.topic.ends_with("/state");
        if !self.budgets[usize::from(!busy)].take(now) {
            self.refuse(&Refusal::Flood, now);
            return Vec::new();
        }
        match message::read(incoming, &self.dock.gateway, self.dock.aircraft.as_deref()) {
            Ok((channel, topic, message)) if channel.is_up() => {
                self.heard(&message, now);
                self.take(channel, &topic, &message, now)
            }
            // Our own words, when somebody subscribed us to them.
            Ok(_) => Vec::new(),
            Err(refusal) => {
                self.refuse(&refusal, now);
                Vec::new()
            }
        }
    }

    /// Lets time pass: tries again, gives up, notices silence.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let out = self.try_again(now);
        let since_heard = self.health.heard.map(|heard| now.duration_since(heard));
        let waited = now.duration_since(self.since);
        match &self.state {
            State::Gate if waited > GATE => {
                let fault = self.health.against().into_iter().next().unwrap_or_else(not_heard);
                self.change(State::Failed { fault }, now);
            }
            State::Gate | State::Landed { .. } | State::Aborted | State::Failed { .. } => {}
            _ if self.started.is_some_and(|started| now.duration_since(started) > LONGEST) => {
                self.change(State::Failed { fault: end_unknown() }, now);
            }
            State::LinkLost { .. } if self.started.is_none() && waited > LONGEST => {
                self.change(State::Failed { fault: not_heard() }, now);
            }
            State::LinkLost { .. } => {}
            _ if since_heard.is_some_and(|quiet| quiet > SILENCE) => self.lose(now),
            _ => self.look_at_rest(now),
        }
        out
    }

    fn take(&mut self, channel: Channel, topic: &Topic, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        match channel {
            Channel::Osd | Channel::State => {
                self.properties(topic, &message.data, now);
                self.look_at_gate(now)
            }
            Channel::Status => self.came_or_went(message, now),
            Channel::Requests => self.answer(message, now),
            Channel::Events => self.event(message, now),
            Channel::ServicesReply => self.replied(message, now),
            _ => Vec::new(),
        }
    }

    /// Whatever comes tells that the link stands, and what the dock's clock says.
    fn heard(&mut self, message: &Message, now: Timestamp) {
        self.health.heard = Some(now);
        if let Some(stated_ms) = message.timestamp {
            self.skew.take(stated_ms, now);
        }
        if let Some(ahead) = self.skew.noticed() {
            let secs = ahead.as_secs();
            let zh =
                format!("机场时钟与本机相差约 {secs} 秒;超过半分钟时机场会拒绝起飞,请设置同一时间服务器");
            let en = format!(
                "the dock's clock differs from ours by about {secs} s; above half a minute docks refuse to start: give both one time server"
            );
            self.note_once("skew", Words::new(zh, en), now);
        }
        if matches!(self.state, State::LinkLost { .. })
            && let Some(before) = self.before_loss.take()
        {
            self.change(before, now);
        }
    }

    fn properties(&mut self, topic: &Topic, data: &Value, now: Timestamp) {
        if topic.serial == self.dock.gateway {
            self.health.properties(data, now);
            let rests = self.health.mode == Some(0) && self.health.aircraft_inside == Some(true);
            self.at_rest = if rests { self.at_rest.or(Some(now)) } else { None };
        } else if let Some(place) = Place::read(data, now) {
            self.place = Some(place);
        }
    }

    fn look_at_gate(&mut self, now: Timestamp) -> Vec<Outgoing> {
        if self.state != State::Gate || self.health.mode.is_none() {
            return Vec::new();
        }
        let against = self.health.against();
        if let Some(fault) = against.first() {
            let words = Words::new(
                format!("不能起飞:{};{}", fault.what.zh, fault.mend.zh),
                format!("no start: {}; {}", fault.what.en, fault.mend.en),
            );
            let key = format!("gate {}", fault.code.as_deref().unwrap_or_default());
            self.note_once(&key, words, now);
            return Vec::new();
        }
        self.change(State::Uploading { done: 0, total: 1 }, now);
        let data = self.prepare(now);
        self.send(Purpose::Prepare, "flighttask_prepare", data, None, now)
    }

    fn prepare(&self, now: Timestamp) -> Value {
        let flight = &self.flight;
        let (exit, action) = match flight.lost_link {
            LostLink::Continue => (0, 0),
            LostLink::GoHome => (1, 0),
            LostLink::Hover => (1, 1),
            LostLink::Land => (1, 2),
        };
        let prepare = body::Prepare {
            flight_id: flight.id.to_string(),
            execute_time: flight.conditions.is_none().then(|| now.as_millisecond()),
            task_type: if flight.conditions.is_some() { 2 } else { 0 },
            file: flight.file.clone(),
            ready_conditions: flight.conditions.clone(),
            break_point: flight.from,
            rth_altitude: flight.rth_altitude_m.clamp(20, 1500),
            rth_mode: Some(1),
            out_of_control_action: action,
            exit_wayline_when_rc_lost: exit,
            wayline_precision_type: Some(1),
            simulate_mission: flight.simulate.map(|at| body::SimulateMission {
                is_enable: 1,
                latitude: at.lat_deg,
                longitude: at.lon_deg,
            }),
        };
        serde_json::to_value(prepare).unwrap_or_default()
    }

    fn lose(&mut self, now: Timestamp) {
        let airborne =
            matches!(self.state, State::Flying { .. } | State::Paused { .. } | State::Returning { .. });
        let progress = airborne.then_some(self.last_progress);
        self.before_loss = Some(self.state.clone());
        self.change(State::LinkLost { action: self.flight.lost_link, progress }, now);
    }

    /// The dock rests with its aircraft inside: a flight that was started is over, whatever was not told.
    fn look_at_rest(&mut self, now: Timestamp) {
        let Some(rest) = self.at_rest.filter(|_| self.started.is_some()) else { return };
        let started = self.started.unwrap_or(now);
        if now.duration_since(rest.max(started)) < AT_REST || !self.pending.is_empty() {
            return;
        }
        let end = match &self.state {
            State::Launching => State::Failed { fault: did_not_start() },
            _ if self.abort.is_some() => State::Aborted,
            State::Returning { cause: crate::link::Cause::Flown, .. } => State::Landed { left_at: None },
            _ => State::Landed { left_at: Some(self.left_at.unwrap_or(self.where_left())) },
        };
        self.change(end, now);
    }

    fn where_left(&self) -> Break {
        Break { waypoint: self.last_progress.waypoint.unwrap_or(0), share: 0.0 }
    }

    fn change(&mut self, state: State, now: Timestamp) {
        if self.state.is_over() || self.state == state {
            return;
        }
        let told = match (&self.state, &state) {
            (State::Flying { progress: a }, State::Flying { progress: b }) => {
                (a.share * 10.0).floor() < (b.share * 10.0).floor()
            }
            (State::Uploading { .. }, State::Uploading { .. }) => false,
            (a, b) => std::mem::discriminant(a) != std::mem::discriminant(b) || a.words() != b.words(),
        };
        if std::mem::discriminant(&self.state) != std::mem::discriminant(&state) {
            self.since = now;
        }
        if told {
            self.write(What::changed(&state), now);
        }
        if state.is_over() {
            self.pending.clear();
        }
        self.state = state;
    }

    fn write(&mut self, what: What, now: Timestamp) {
        if self.record.len() < LINES {
            self.record.push(Entry { at: now, flight_id: self.flight.id.to_string(), what });
        }
    }

    /// Notes something the first time that it is said.
    fn note_once(&mut self, key: &str, words: Words, now: Timestamp) {
        if self.noted.iter().any(|noted| noted == key) || self.noted.len() >= 256 {
            return;
        }
        self.noted.push(key.to_owned());
        self.write(What::Noted { words }, now);
    }

    fn refuse(&mut self, refusal: &Refusal, now: Timestamp) {
        let (kind, zh) = match refusal {
            Refusal::Flood => ("flood", "消息过多,超出部分已丢弃;请检查机场与代理"),
            Refusal::Large => ("large", "消息过大,已丢弃"),
            Refusal::Topic => ("topic", "主题不属于本接口,已丢弃"),
            Refusal::Stranger(_) => ("stranger", "收到其他设备序列号的消息,已丢弃;请检查代理的访问控制"),
            Refusal::Forged { .. } => {
                ("forged", "消息中的网关序列号与主题不符,疑似伪造,已丢弃;请检查代理的访问控制")
            }
            Refusal::Unreadable(_) => ("unreadable", "消息无法解析,已丢弃"),
        };
        *self.refused.entry(kind).or_default() += 1;
        self.note_once(kind, Words::new(zh, format!("not looked at: {refusal}")), now);
    }

    /// Orders of people.
    pub fn order(&mut self, order: &Order, now: Timestamp) -> Vec<Outgoing> {
        match self.state.allows(order.command) {
            Ok(()) => self.carry_out(order, now),
            Err(fault) => {
                self.answered(order, crate::link::Answer::Refused { fault }, now);
                Vec::new()
            }
        }
    }

    /// The answer to something that the dock says or asks.
    fn reply(&self, message: &Message, data: Value, now: Timestamp) -> Message {
        Message {
            tid: message.tid.clone(),
            bid: message.bid.clone(),
            timestamp: Some(now.as_millisecond()),
            method: message.method.clone(),
            gateway: Some(self.dock.gateway.clone()),
            need_reply: None,
            data,
        }
    }

    fn event(&mut self, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        let mut out = Vec::new();
        if message.need_reply == Some(1) {
            let receipt = self.reply(message, json!({"result": 0}), now);
            out.push(self.outgoing(Channel::EventsReply, receipt));
        }
        match body::read(message.method.as_deref(), &message.data) {
            Ok(Body::FlightProgress(progress)) => {
                out.extend(self.progressed(&progress, message.timestamp, now));
            }
            Ok(Body::Ready(ids)) => self.ready(&ids.flight_ids, now),
            Ok(Body::Hms(hms)) => self.health.warnings(hms.list),
            Ok(Body::ExitHoming(exit)) if exit.action == 1 => {
                self.write(What::Noted { words: super::health::homing_stopped(exit.reason) }, now);
            }
            Err(body::Unread::Broken(why)) => self.refuse(&Refusal::Unreadable(why), now),
            Ok(_) | Err(body::Unread::NotOurs(_)) => {}
        }
        out
    }

    fn ready(&mut self, flights: &[String], now: Timestamp) {
        let ours = flights.iter().any(|id| *id == self.flight.id.to_string());
        if ours && self.accepted && matches!(self.state, State::Uploading { .. }) {
            self.change(State::Ready, now);
        }
    }

    fn outgoing(&self, channel: Channel, message: Message) -> Outgoing {
        Outgoing { topic: Topic::new(self.dock.gateway.clone(), channel), message }
    }

    /// Ids of messages: the flight's id with a number, so that the same run says the same.
    fn next_id(&mut self) -> String {
        self.sent += 1;
        let mixed = self.flight.id.as_u128().rotate_left(64)
            ^ u128::from(self.sent).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Uuid::new_v8(mixed.to_be_bytes()).to_string()
    }

    fn launch(&mut self, order: &Order, now: Timestamp) -> Vec<Outgoing> {
        self.started = Some(now);
        self.at_rest = None;
        self.change(State::Launching, now);
        let data = json!({"flight_id": self.flight.id.to_string()});
        self.send(Purpose::Order(Command::Launch), "flighttask_execute", data, Some(order.clone()), now)
    }
}

fn not_heard() -> Fault {
    Fault::new(
        Words::new("没有收到机场的消息", "nothing is heard from the dock"),
        Words::new(
            "请检查序列号、机场网络、代理账号与访问控制",
            "check the serial number, the network of the dock, the account at the broker and its access list",
        ),
    )
}

fn did_not_start() -> Fault {
    Fault::new(
        Words::new(
            "机场接受了起飞指令,但飞行器没有起飞",
            "the dock took the order, but the aircraft did not start",
        ),
        Words::new("请查看机场告警后重新起飞", "look at the warnings of the dock, then launch anew"),
    )
}

fn end_unknown() -> Fault {
    Fault::new(
        Words::new("不知道飞行如何结束", "how the flight ended is not known"),
        Words::new("请到机场确认飞行器", "go to the dock and see where the aircraft is"),
    )
}
