//! A dock and its cloud in simulated time: nothing is sent but what the test hands on.

use gis::LatLon;
use gis::geodesy::plane_distance_m;
use jiff::{SignedDuration, Timestamp};
use missions::formats::{self, Format};
use missions::link::dock::body::{File, ReadyConditions};
use missions::link::dock::session::Organization;
use missions::link::dock::simulator::Settings;
use missions::link::dock::{Dock, Flight, Incoming, Message, Outgoing, Session, Simulator, fingerprint};
use missions::link::{Answer, Cause, Command, Entry, Order, State, What};
use missions::plan::{LostLink, Plan};
use uuid::Uuid;

use crate::support::{m3td, small_plan};

const SERIAL: &str = "7CTDM3D00BRT8K";
const STEP: SignedDuration = SignedDuration::from_millis(500);
const LONGEST: SignedDuration = SignedDuration::from_hours(4);

/// What happens to one message of the exchange.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mishap {
    Dropped,
    Doubled,
    Late(i64),
}

/// A message under way: from when on it is there, and to whom it goes.
struct Travelling {
    due: Timestamp,
    up: bool,
    incoming: Incoming,
}

struct World {
    now: Timestamp,
    session: Session,
    dock: Simulator,
    kmz: Vec<u8>,
    travelling: Vec<Travelling>,
    /// Messages of the exchange so far: all but properties.
    count: usize,
    mishap: Option<(usize, Mishap)>,
    /// When which order is given, once the state allows it.
    orders: Vec<(SignedDuration, Command)>,
    entries: Vec<Entry>,
    launched: Option<Timestamp>,
    said: Vec<Message>,
}

/// Everything that both sides say in a flight that is paused, goes on and is called home.
pub fn conversation() -> Vec<Message> {
    let mut world = World::new(settings(), |_, _| {});
    world.orders.extend([
        (secs(20), Command::Pause),
        (secs(30), Command::Resume),
        (secs(40), Command::ReturnHome),
    ]);
    world.run();
    world.said
}

fn plan() -> Plan {
    let mut plan = small_plan(&m3td());
    plan.lost_link = LostLink::GoHome;
    plan
}

fn settings() -> Settings {
    let home = plan().waypoints[0].at;
    let mut settings = Settings::new(SERIAL, home);
    settings.organization = organization();
    settings
}

fn organization() -> Organization {
    Organization { id: "city".into(), name: "City".into(), binding_code: "4711".into() }
}

impl World {
    fn new(settings: Settings, change: impl FnOnce(&mut Dock, &mut Flight)) -> Self {
        let now: Timestamp = "2026-06-22T01:00:00Z".parse().unwrap();
        let plan = plan();
        let kmz = formats::write(&plan, Format::Kmz, &m3td(), 0).unwrap();
        let mut flight = Flight {
            id: Uuid::from_u128(0x019e_0000_0000_7000_8000_0000_0000_0001),
            file: File { url: "http://cloud/plan.kmz".into(), fingerprint: fingerprint(&kmz) },
            waypoints: plan.waypoints.len(),
            lost_link: plan.lost_link,
            rth_altitude_m: 100,
            conditions: None,
            from: None,
            simulate: None,
        };
        let mut dock = Dock::of(SERIAL);
        dock.organization = organization();
        change(&mut dock, &mut flight);
        Self {
            now,
            session: Session::new(dock, flight, now),
            dock: Simulator::new(settings),
            kmz,
            travelling: Vec::new(),
            count: 0,
            mishap: None,
            orders: vec![(SignedDuration::ZERO, Command::Launch)],
            entries: Vec::new(),
            launched: None,
            said: Vec::new(),
        }
    }

    fn send(&mut self, up: bool, messages: Vec<Outgoing>) {
        for message in messages {
            let incoming = message.incoming();
            self.said.push(message.message);
            let mut copies = vec![self.now];
            if !incoming.topic.ends_with("/osd") {
                match self.mishap {
                    Some((index, Mishap::Dropped)) if index == self.count => copies.clear(),
                    Some((index, Mishap::Doubled)) if index == self.count => copies.push(self.now + STEP),
                    Some((index, Mishap::Late(secs))) if index == self.count => {
                        copies[0] = self.now + SignedDuration::from_secs(secs);
                    }
                    _ => {}
                }
                self.count += 1;
            }
            let one = |due| Travelling { due, up, incoming: incoming.clone() };
            self.travelling.extend(copies.into_iter().map(one));
        }
    }

    fn deliver(&mut self) {
        loop {
            let due = self.travelling.iter().position(|one| one.due <= self.now);
            let Some(Travelling { up, incoming, .. }) = due.map(|index| self.travelling.remove(index)) else {
                break;
            };
            let answers = if up {
                self.session.receive(&incoming, self.now)
            } else {
                self.dock.receive(&incoming, self.now)
            };
            self.send(!up, answers);
        }
        if self.dock.download().is_some() {
            let told = self.dock.downloaded(Ok(self.kmz.clone()), self.now);
            self.send(true, told);
        }
    }

    fn give_orders(&mut self) {
        let Some((after, command)) = self.orders.first().copied() else { return };
        let since = self.launched.map_or(SignedDuration::ZERO, |at| self.now.duration_since(at));
        let early = self.launched.is_none() && *self.session.state() != State::Ready;
        if early || since < after || self.session.state().allows(command).is_err() {
            return;
        }
        self.orders.remove(0);
        if command == Command::Launch {
            self.launched = Some(self.now);
        }
        let order = Order { command, actor: "li".into(), reason: "test".into() };
        let out = self.session.order(&order, self.now);
        self.send(false, out);
    }

    /// Runs until the flight is over and the dock rests, or for hours.
    fn run(&mut self) -> State {
        let start = self.now;
        let hello = self.dock.start(self.now);
        self.send(true, hello);
        while self.now.duration_since(start) < LONGEST {
            self.deliver();
            self.give_orders();
            let from_dock = self.dock.tick(self.now);
            self.send(true, from_dock);
            let from_cloud = self.session.tick(self.now);
            self.send(false, from_cloud);
            self.entries.extend(self.session.drain());
            if self.session.state().is_over() && !self.dock.is_airborne() {
                break;
            }
            self.now += STEP;
        }
        self.session.state().clone()
    }

    fn states(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for entry in &self.entries {
            if let What::Changed { state, .. } = &entry.what {
                names.push(name(state));
            }
        }
        names.dedup();
        names
    }

    fn said(&self, text: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(&entry.what, What::Noted { words } if words.en.contains(text)))
    }
}

fn name(state: &State) -> &'static str {
    match state {
        State::Gate => "gate",
        State::Uploading { .. } => "uploading",
        State::Ready => "ready",
        State::Launching => "launching",
        State::Flying { .. } => "flying",
        State::Paused { .. } => "paused",
        State::Returning { .. } => "returning",
        State::Landed { left_at: None } => "flown",
        State::Landed { .. } => "left",
        State::Aborted => "aborted",
        State::LinkLost { .. } => "link lost",
        State::Failed { .. } => "failed",
    }
}

fn secs(secs: i64) -> SignedDuration {
    SignedDuration::from_secs(secs)
}

#[test]
fn a_dock_binds_takes_a_plan_flies_it_and_lands() {
    let mut world = World::new(settings(), |_, _| {});
    assert_eq!(world.run(), State::Landed { left_at: None });
    assert!(world.dock.is_bound());
    assert_eq!(world.states(), ["gate", "uploading", "ready", "launching", "flying", "returning", "flown"]);
    let place = world.session.place().unwrap();
    assert!(place.battery_percent.unwrap() < 96.0);
}

#[test]
fn a_flight_is_paused_goes_on_returns_and_says_where_it_was_left() {
    let mut world = World::new(settings(), |_, _| {});
    world.orders.extend([
        (secs(20), Command::Pause),
        (secs(30), Command::Resume),
        (secs(40), Command::ReturnHome),
    ]);
    let State::Landed { left_at: Some(left) } = world.run() else { panic!("{:?}", world.session.state()) };
    assert!(left.waypoint < plan().waypoints.len() && (0.0..=1.0).contains(&left.share));
    let states = world.states();
    assert_eq!(
        states,
        ["gate", "uploading", "ready", "launching", "flying", "paused", "flying", "returning", "left"]
    );
    assert!(world.said("sent home before its end"), "{:?}", world.entries);
}

#[test]
fn a_way_home_that_was_ordered_can_be_taken_back() {
    let mut world = World::new(settings(), |_, _| {});
    world.orders.extend([(secs(25), Command::ReturnHome), (secs(27), Command::Resume)]);
    assert_eq!(world.run(), State::Landed { left_at: None });
    assert!(world.states().windows(2).any(|pair| pair == ["returning", "flying"]), "{:?}", world.states());
}

#[test]
fn an_abort_takes_the_plan_away_before_the_start_and_brings_the_aircraft_home_after_it() {
    let mut before = World::new(settings(), |_, _| {});
    before.orders = vec![(SignedDuration::ZERO, Command::Abort)];
    assert_eq!(before.run(), State::Aborted);
    assert_eq!(before.dock.takeoffs(), 0);
    let mut after = World::new(settings(), |_, _| {});
    after.orders.push((secs(25), Command::Abort));
    assert_eq!(after.run(), State::Aborted);
    assert_eq!(after.dock.takeoffs(), 1);
    assert!(after.states().contains(&"returning"));
}

#[test]
fn a_conditional_task_starts_when_the_dock_says_that_it_is_ready() {
    let conditions = |least| ReadyConditions { battery_capacity: least, begin_time: 0, end_time: i64::MAX };
    let mut world = World::new(settings(), |_, flight| flight.conditions = Some(conditions(90)));
    assert_eq!(world.run(), State::Landed { left_at: None });
    let mut never = World::new(settings(), |_, flight| flight.conditions = Some(conditions(99)));
    never.run();
    assert_eq!(never.states(), ["gate", "uploading"]);
}

#[test]
fn a_flight_that_the_dock_only_simulates_is_flown_where_it_is_told_to() {
    let there = LatLon::new(28.948, 118.868).unwrap();
    let mut world = World::new(settings(), |_, flight| flight.simulate = Some(there));
    world.run();
    assert!(plane_distance_m(world.session.place().unwrap().at, there) < 50.0);
    assert_eq!(world.states().last(), Some(&"flown"));
}

#[test]
fn what_speaks_against_a_start_is_told_in_words_and_nothing_is_sent() {
    let mut stopped = settings();
    stopped.emergency_stop = true;
    let mut world = World::new(stopped, |_, _| {});
    let State::Failed { fault } = world.run() else { panic!("{:?}", world.session.state()) };
    assert_eq!(fault.code.as_deref(), Some("514121"));
    assert!(fault.mend.en.contains("release") && fault.mend.zh.contains("急停"));
    assert_eq!(world.states(), ["gate", "failed"]);
}

#[test]
fn a_clock_that_differs_is_told_and_the_refusal_says_why() {
    let mut ahead = settings();
    ahead.clock_ahead = secs(90);
    let mut world = World::new(ahead, |_, _| {});
    let State::Failed { fault } = world.run() else { panic!("{:?}", world.session.state()) };
    assert_eq!(fault.code.as_deref(), Some("319008"));
    assert!(world.said("differs from ours by about 90 s") || world.said("differs from ours by about 89 s"));
}

#[test]
fn a_damaged_plan_is_not_flown() {
    let mut world = World::new(settings(), |_, _| {});
    world.kmz[10] ^= 1;
    let State::Failed { fault } = world.run() else { panic!("{:?}", world.session.state()) };
    assert_eq!(fault.code.as_deref(), Some("314013"));
    assert_eq!(world.dock.takeoffs(), 0);
}

#[test]
fn a_wrong_binding_code_is_refused_and_told() {
    let mut wrong = settings();
    wrong.organization.binding_code = "0815".into();
    // A dock that is known already answers yes; this one asks for a strange aircraft.
    let mut world = World::new(wrong, |dock, _| dock.aircraft = Some("another".into()));
    world.run();
    assert!(!world.dock.is_bound());
    assert!(world.said("another organisation or binding code"));
}

#[test]
fn forged_serials_and_floods_change_nothing() {
    let mut world = World::new(settings(), |_, _| {});
    let now = world.now;
    let forged = r#"{"gateway":"OTHER","method":"flighttask_progress","timestamp":1,"data":{"result":0,"output":{"status":"failed","ext":{"flight_id":"019e0000-0000-7000-8000-000000000001"}}}}"#;
    let strange = forged.replace("OTHER", SERIAL);
    for (topic, payload) in [
        (format!("thing/product/{SERIAL}/events"), forged.to_owned()),
        ("thing/product/OTHER/events".to_owned(), strange),
    ] {
        let out = world.session.receive(&Incoming { topic, payload: payload.into_bytes() }, now);
        assert!(out.is_empty());
    }
    assert_eq!(world.session.state(), &State::Gate);
    let flood =
        Incoming { topic: format!("thing/product/{SERIAL}/state"), payload: b"{\"data\":{}}".to_vec() };
    for _ in 0..100_000 {
        world.session.receive(&flood, now);
    }
    assert!(world.session.refused()["flood"] > 99_000);
    assert_eq!(world.session.refused()["forged"], 1);
    assert_eq!(world.session.refused()["stranger"], 1);
    // Events have a budget of their own: the flight goes on beside the flood.
    assert_eq!(world.run(), State::Landed { left_at: None });
}

#[test]
fn orders_that_do_not_fit_are_refused_with_the_reason_and_all_orders_are_kept() {
    let mut world = World::new(settings(), |_, _| {});
    let order = Order { command: Command::Pause, actor: "li".into(), reason: "smoke".into() };
    assert!(world.session.order(&order, world.now).is_empty());
    world.run();
    let refused = |entry: &Entry| matches!(&entry.what, What::Ordered { order, answer: Answer::Refused { .. } } if order.reason == "smoke");
    assert!(world.entries.iter().any(refused));
    let accepted = |entry: &Entry| matches!(&entry.what, What::Ordered { order, answer: Answer::Accepted } if order.command == Command::Launch);
    assert!(world.entries.iter().any(accepted));
}

#[test]
fn every_message_dropped_doubled_or_late_ends_in_a_stated_state() {
    let scripts: [(&str, Vec<(SignedDuration, Command)>); 2] = [
        ("flown", vec![]),
        (
            "left",
            vec![(secs(20), Command::Pause), (secs(30), Command::Resume), (secs(40), Command::ReturnHome)],
        ),
    ];
    let (mut runs, mut as_planned) = (0, 0);
    for (planned, orders) in scripts {
        let mut whole = World::new(settings(), |_, _| {});
        whole.orders.extend(orders.clone());
        whole.run();
        let messages = whole.count;
        for index in 0..messages {
            for mishap in
                [Mishap::Dropped, Mishap::Doubled, Mishap::Late(3), Mishap::Late(45), Mishap::Late(600)]
            {
                let mut world = World::new(settings(), |_, _| {});
                world.orders.extend(orders.clone());
                world.mishap = Some((index, mishap));
                let end = world.run();
                assert!(end.is_over(), "message {index} {mishap:?}: {end:?} {:?}", world.states());
                assert!(world.dock.takeoffs() <= 1, "message {index} {mishap:?}: flown twice");
                assert!(!world.dock.is_airborne(), "message {index} {mishap:?}: still in the air");
                runs += 1;
                as_planned += usize::from(name(&end) == planned);
            }
        }
        println!(
            "{planned}: {messages} messages of the exchange, each dropped, doubled, and late by 3, 45 and 600 s"
        );
    }
    println!(
        "dock: {runs} runs, all end in a stated state, {as_planned} of them as without the mishap; none flew twice"
    );
    assert!(as_planned * 100 >= runs * 95, "{as_planned} of {runs}");
}

#[test]
fn a_link_that_is_lost_is_told_and_the_end_is_found_when_it_is_back() {
    let mut world = World::new(settings(), |_, _| {});
    let hello = world.dock.start(world.now);
    world.send(true, hello);
    let start = world.now;
    let mut cut = None;
    while world.now.duration_since(start) < LONGEST && !world.session.state().is_over() {
        if matches!(world.session.state(), State::Flying { .. }) && cut.is_none() {
            cut = Some(world.now);
        }
        let down = cut.is_some_and(|at| (secs(1)..secs(200)).contains(&world.now.duration_since(at)));
        if down {
            world.travelling.clear();
        }
        world.deliver();
        world.give_orders();
        let (up, out) = (world.dock.tick(world.now), world.session.tick(world.now));
        world.send(true, up);
        world.send(false, out);
        world.entries.extend(world.session.drain());
        world.now += STEP;
    }
    assert!(world.states().contains(&"link lost"), "{:?}", world.states());
    assert!(matches!(world.session.state(), State::Landed { .. }), "{:?}", world.session.state());
    let cause = |entry: &Entry| {
        matches!(&entry.what, What::Changed { state: State::Returning { cause: Cause::Asked, .. }, .. })
    };
    assert!(!world.entries.iter().any(cause));
}
