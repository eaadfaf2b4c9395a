//! A dock that is simulated: it answers, refuses and tells as the documents say, and flies a plan by time.
//!
//! It binds, keeps tasks by their id, asks for the plan, checks its fingerprint, flies and tells of it. What it wants to have downloaded it
//! hands out by [`Simulator::download`]; whoever runs it fetches that and gives it back. It has no camera: the video of a flight is a file
//! or a stream beside it.

mod orders;
mod path;
mod properties;

use gis::LatLon;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body::{BreakPoint, Prepare};
use super::message::{self, Incoming, Message, Outgoing};
use super::session::Organization;
use super::topic::{Channel, Topic};
use path::Path;

/// How often the dock tells of itself.
const OSD_EVERY: SignedDuration = SignedDuration::from_secs(2);
/// How often it tells of a flight.
const PROGRESS_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// What is not answered is said again.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// So often.
const TRIES: u32 = 8;
/// From the order to the air: cover, propellers, checks.
const STARTING: SignedDuration = SignedDuration::from_secs(12);
/// From above the dock to rest.
const LANDING: SignedDuration = SignedDuration::from_secs(10);
/// At this charge it flies home whatever it was told.
const LOW_PERCENT: f64 = 20.0;
/// Clocks may differ by this.
const CLOCK: SignedDuration = SignedDuration::from_secs(30);

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Serial number of the dock.
    pub gateway: String,
    /// Serial number of its aircraft.
    pub aircraft: String,
    /// What was typed in at it.
    pub organization: Organization,
    /// Where it stands.
    pub home: LatLon,
    /// Height of its pad above the ellipsoid, metres.
    pub height_m: f64,
    /// How much faster than a clock it flies.
    pub pace: f64,
    /// How far its clock is ahead.
    pub clock_ahead: SignedDuration,
    /// Wind, metres a second.
    pub wind_mps: f64,
    /// Its emergency stop is pressed.
    pub emergency_stop: bool,
    /// Charge at the start, percent.
    pub charge_percent: f64,
}

impl Settings {
    /// Returns a dock in good order.
    pub fn new(gateway: impl Into<String>, home: LatLon) -> Self {
        let gateway = gateway.into();
        Self {
            aircraft: format!("{gateway}-A"),
            gateway,
            organization: Organization {
                id: "flyonce".into(),
                name: String::new(),
                binding_code: String::new(),
            },
            home,
            height_m: 100.0,
            pace: 1.0,
            clock_ahead: SignedDuration::ZERO,
            wind_mps: 2.0,
            emergency_stop: false,
            charge_percent: 95.0,
        }
    }
}

/// Where the simulated dock is with its task.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// Nothing to do.
    Idle,
    /// Has a task.
    Prepared,
    /// Gets the plan.
    Fetching,
    /// Opens, checks, takes off.
    Starting { since: Timestamp },
    /// Flies the plan.
    Flying { since: Timestamp, from_m: f64 },
    /// Holds in the air.
    Paused { at_m: f64 },
    /// Flies home from a place.
    Homing { since: Timestamp, from: LatLon, secs: f64, flown: bool },
    /// Comes down.
    Landing { since: Timestamp, flown: bool },
}

/// Something that waits for an answer.
#[derive(Debug, Clone)]
struct Waiting {
    message: Outgoing,
    next: Timestamp,
    tries: u32,
}

/// A task that was told of its end.
#[derive(Debug, Clone, PartialEq)]
struct Over {
    flight: String,
}

/// A simulated dock.
#[derive(Debug)]
pub struct Simulator {
    settings: Settings,
    phase: Phase,
    online: bool,
    bound: bool,
    debugging: bool,
    task: Option<Prepare>,
    over: Vec<Over>,
    path: Option<Path>,
    fetch: Option<String>,
    fetches: u32,
    left_at: Option<BreakPoint>,
    /// Why it flies home before the end of its plan: a result code.
    homeward: Option<i64>,
    charge_percent: f64,
    waiting: Vec<Waiting>,
    next_osd: Option<Timestamp>,
    next_progress: Option<Timestamp>,
    sent: u64,
    takeoffs: u32,
}

impl Simulator {
    /// Returns a dock that was just switched on.
    pub fn new(settings: Settings) -> Self {
        Self {
            charge_percent: settings.charge_percent,
            settings,
            phase: Phase::Idle,
            online: false,
            bound: false,
            debugging: false,
            task: None,
            over: Vec::new(),
            path: None,
            fetch: None,
            fetches: 0,
            left_at: None,
            homeward: None,
            waiting: Vec::new(),
            next_osd: None,
            next_progress: None,
            sent: 0,
            takeoffs: 0,
        }
    }

    /// Says that the dock is there.
    pub fn start(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let data = json!({
            "domain": "3", "type": 3, "sub_type": 0, "device_secret": "secret", "nonce": "nonce", "thing_version": "1.1.2",
            "sub_devices": [{
                "sn": self.settings.aircraft, "domain": "0", "type": 100, "sub_type": 0, "index": "A",
                "device_secret": "secret", "nonce": "nonce", "thing_version": "1.1.2",
            }],
        });
        vec![self.wait(Channel::Status, "update_topo", data, now)]
    }

    /// Returns the topics to subscribe to.
    pub fn topics(&self) -> Vec<String> {
        Channel::DOWN
            .iter()
            .map(|channel| Topic::new(self.settings.gateway.clone(), *channel).to_string())
            .collect()
    }

    /// Tells whether it is bound to an organization.
    pub fn is_bound(&self) -> bool {
        self.bound
    }

    /// Returns how often it took off: a flight that is ordered twice is flown once.
    pub fn takeoffs(&self) -> u32 {
        self.takeoffs
    }

    /// Tells whether the aircraft is in the air.
    pub fn is_airborne(&self) -> bool {
        matches!(
            self.phase,
            Phase::Flying { .. } | Phase::Paused { .. } | Phase::Homing { .. } | Phase::Landing { .. }
        )
    }

    /// Tells whether it flew something and rests again.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Idle && !self.over.is_empty()
    }

    /// Returns how many flights it told of the end of.
    pub fn flights(&self) -> usize {
        self.over.len()
    }

    /// Tells whether everything it said was answered.
    pub fn is_heard(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns what is to be downloaded, once.
    pub fn download(&mut self) -> Option<String> {
        self.fetch.take()
    }

    /// Takes a message of the broker.
    pub fn receive(&mut self, incoming: &Incoming, now: Timestamp) -> Vec<Outgoing> {
        let gateway = self.settings.gateway.clone();
        let Ok((channel, _, message)) = message::read(incoming, &gateway, None) else { return Vec::new() };
        match channel {
            Channel::Services => self.ordered(&message, now),
            Channel::StatusReply | Channel::RequestsReply | Channel::EventsReply => {
                self.answered(&message, now)
            }
            _ => Vec::new(),
        }
    }

    /// Takes what was downloaded, or why not.
    pub fn downloaded(&mut self, bytes: Result<Vec<u8>, String>, now: Timestamp) -> Vec<Outgoing> {
        if self.phase != Phase::Fetching {
            return Vec::new();
        }
        let Some(task) = &self.task else { return Vec::new() };
        match bytes {
            Ok(bytes) if super::fingerprint(&bytes) == task.file.fingerprint => {
                match crate::formats::read(&bytes) {
                    Ok(imported) => {
                        let home = self.home();
                        self.path = Some(Path::of(&imported.plan, home));
                        self.phase = Phase::Starting { since: now };
                        vec![self.progress("in_progress", 0, now)]
                    }
                    Err(_) => self.end("failed", 314_016, now),
                }
            }
            // Damaged, or not there: asked for once more, then given up.
            _ if self.fetches < 2 => self.ask_for_plan(now),
            _ => self.end("failed", 314_013, now),
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let mut out = self.again(now);
        out.extend(self.fly(now));
        if self.online && self.next_osd.is_none_or(|next| now >= next) {
            self.next_osd = Some(now + OSD_EVERY);
            out.extend(self.properties(now));
        }
        let tells = !matches!(self.phase, Phase::Idle | Phase::Prepared | Phase::Fetching);
        if tells && self.next_progress.is_none_or(|next| now >= next) {
            out.push(self.progress(
                if matches!(self.phase, Phase::Paused { .. }) { "paused" } else { "in_progress" },
                0,
                now,
            ));
        }
        out
    }

    fn home(&self) -> LatLon {
        let pretended = self
            .task
            .as_ref()
            .and_then(|task| task.simulate_mission)
            .filter(|simulated| simulated.is_enable == 1);
        pretended.and_then(|at| LatLon::new(at.latitude, at.longitude)).unwrap_or(self.settings.home)
    }

    fn clock_ms(&self, now: Timestamp) -> i64 {
        (now + self.settings.clock_ahead).as_millisecond()
    }

    fn id(&mut self) -> String {
        self.sent += 1;
        let seed = self.settings.gateway.bytes().fold(0xcbf2_9ce4_8422_2325_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        uuid::Uuid::new_v8(((seed << 32) ^ u128::from(self.sent)).to_be_bytes()).to_string()
    }

    fn say(
        &mut self,
        channel: Channel,
        method: &str,
        data: Value,
        need_reply: Option<u8>,
        now: Timestamp,
    ) -> Outgoing {
        let message = Message {
            tid: self.id(),
            bid: self.id(),
            timestamp: Some(self.clock_ms(now)),
            method: Some(method.to_owned()),
            gateway: Some(self.settings.gateway.clone()),
            need_reply,
            data,
        };
        Outgoing { topic: Topic::new(self.settings.gateway.clone(), channel), message }
    }

    /// Says something and again until it is answered.
    fn wait(&mut self, channel: Channel, method: &str, data: Value, now: Timestamp) -> Outgoing {
        let need_reply = (channel == Channel::Events).then_some(1);
        let message = self.say(channel, method, data, need_reply, now);
        self.waiting.push(Waiting { message: message.clone(), next: now + AGAIN, tries: 1 });
        message
    }

    fn again(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let mut out = Vec::new();
        let mut silent = Vec::new();
        for mut waiting in std::mem::take(&mut self.waiting) {
            if now >= waiting.next {
                // The way to the cloud is tried for ever, everything else some times.
                if waiting.tries >= TRIES && self.bound {
                    silent.push(waiting.message.message.method.clone().unwrap_or_default());
                    continue;
                }
                waiting.tries += 1;
                waiting.next = now + AGAIN;
                out.push(waiting.message.clone());
            }
            self.waiting.push(waiting);
        }
        if silent.iter().any(|method| method == "flighttask_resource_get") {
            out.extend(self.end("failed", 314_013, now));
        }
        out
    }

    fn answered(&mut self, message: &Message, now: Timestamp) -> Vec<Outgoing> {
        let Some(index) = self.waiting.iter().position(|w| w.message.message.tid == message.tid) else {
            return Vec::new();
        };
        let method = self.waiting.remove(index).message.message.method.unwrap_or_default();
        let well = message.result() == Some(0);
        let text = |path: &str| message.data.pointer(path).and_then(Value::as_str).map(str::to_owned);
        match method.as_str() {
            "update_topo" if well => {
                self.online = true;
                let devices =
                    json!({"devices": [{"sn": self.settings.aircraft}, {"sn": self.settings.gateway}]});
                vec![self.wait(Channel::Requests, "airport_bind_status", devices, now)]
            }
            "airport_bind_status" if well => {
                let all = message.data.pointer("/output/bind_status").and_then(Value::as_array);
                self.bound = all.is_some_and(|all| {
                    !all.is_empty() && all.iter().all(|one| one["is_device_bind_organization"] == json!(true))
                });
                if self.bound || self.settings.organization.binding_code.is_empty() {
                    return Vec::new();
                }
                let ours = self.settings.organization.clone();
                let asked = json!({"device_binding_code": ours.binding_code, "organization_id": ours.id});
                vec![self.wait(Channel::Requests, "airport_organization_get", asked, now)]
            }
            "airport_organization_get" if well => vec![self.bind(now)],
            "airport_organization_bind" => {
                self.bound = well;
                Vec::new()
            }
            "flighttask_resource_get" => match text("/output/file/url") {
                Some(url) if well => {
                    if let (Some(task), Some(fingerprint)) =
                        (&mut self.task, text("/output/file/fingerprint"))
                    {
                        task.file.fingerprint = fingerprint;
                    }
                    self.fetches += 1;
                    self.fetch = Some(url);
                    Vec::new()
                }
                _ => self.end("failed", 314_013, now),
            },
            _ => Vec::new(),
        }
    }

    fn bind(&mut self, now: Timestamp) -> Outgoing {
        let ours = self.settings.organization.clone();
        let device = |sn: &str, model: &str| {
            json!({
                "device_binding_code": ours.binding_code, "device_callsign": sn, "device_model_key": model,
                "organization_id": ours.id, "sn": sn,
            })
        };
        let devices = [device(&self.settings.gateway, "3-3-0"), device(&self.settings.aircraft, "0-100-0")];
        self.wait(Channel::Requests, "airport_organization_bind", json!({"bind_devices": devices}), now)
    }

    fn ask_for_plan(&mut self, now: Timestamp) -> Vec<Outgoing> {
        let Some(task) = &self.task else { return Vec::new() };
        let data = json!({"flight_id": task.flight_id});
        vec![self.wait(Channel::Requests, "flighttask_resource_get", data, now)]
    }
}
