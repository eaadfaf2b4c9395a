//! A mission as it is kept: the plan, its flight, and what was said and done.

use jiff::Timestamp;
use missions::link::dock::health::Place;
use missions::link::{Answer, Break, Command, Entry, Fault, Progress, State, What, Words};
use missions::plan::{HeightReference, Plan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Lines of a record at most; the first and the last are kept.
const LINES: usize = 1_000;
/// Places of a track at most; every other goes when there are more.
const TRACK: usize = 4_000;

/// A mission.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mission {
    /// Its id.
    pub id: String,
    /// Counts changes.
    pub version: u64,
    /// Name for people.
    pub name: String,
    /// When it was planned.
    pub created: Timestamp,
    /// By whom.
    pub by: String,
    /// Task that it is to look at.
    pub for_task: Option<String>,
    /// Name of the aircraft's profile.
    pub aircraft: String,
    /// Ground that a pixel shows, metres.
    pub gsd_m: Option<f64>,
    /// Length in metres and seconds in the air.
    pub costs: (f64, f64),
    /// The area as it was asked for, GeoJSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Ground that was asked for, square metres.
    pub area_m2: Option<f64>,
    /// What `mission check` says.
    pub warnings: Vec<Warning>,
    /// The plan.
    pub plan: Plan,
    /// Where its flight stands; none before the first.
    pub state: Option<State>,
    /// Who flies it.
    pub vehicle: Option<String>,
    /// Its last flight was none: the dock simulated it.
    #[serde(default)]
    pub simulated: bool,
    /// Its link is not closed yet: until then nobody else may fly, though it may have landed.
    #[serde(skip)]
    pub held: bool,
    /// Id of the flight.
    pub flight_id: Option<String>,
    /// Who launched it.
    pub operator: Option<String>,
    /// Source that shows it.
    pub source: Option<String>,
    /// How far it was when last heard.
    pub progress: Option<Progress>,
    /// Where the aircraft was: longitude, latitude, height.
    pub flown: Vec<[f64; 3]>,
    /// What was said and done.
    pub log: Vec<Line>,
    /// Where the aircraft is.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// Something that is wrong with a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Warning {
    /// Leg, counted from 1.
    pub leg: Option<usize>,
    /// What, Chinese.
    pub what_zh: String,
    /// What, English.
    pub what_en: String,
    /// The mend, Chinese.
    pub mend_zh: String,
    /// The mend, English.
    pub mend_en: String,
}

/// A line of the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who; none for the vehicle.
    pub actor: Option<String>,
    /// What, Chinese.
    pub zh: String,
    /// What, English.
    pub en: String,
    /// Why.
    pub reason: Option<String>,
}

impl Mission {
    /// Tells whether it flies, or may.
    pub fn active(&self) -> bool {
        self.held || self.state.as_ref().is_some_and(|state| !state.is_over())
    }

    /// Returns where its last flight was left, when it can go on from there: one that was simulated never took off.
    pub fn left_at(&self) -> Option<Break> {
        match self.state {
            Some(State::Landed { left_at }) if !self.simulated => left_at,
            _ => None,
        }
    }

    /// Returns what may be ordered now.
    pub fn actions(&self) -> Vec<&'static str> {
        let Some(state) = self.state.as_ref().filter(|_| self.active()) else {
            return if self.left_at().is_some() { vec!["launch", "resume"] } else { vec!["launch"] };
        };
        let orders = [Command::Pause, Command::Resume, Command::ReturnHome, Command::Abort];
        orders.into_iter().filter(|order| state.allows(*order).is_ok()).map(action).collect()
    }

    /// Takes a line of a link's record.
    pub fn take(&mut self, entry: &Entry) {
        let line = line(entry);
        if self.log.len() >= LINES {
            self.log.remove(LINES / 2);
        }
        self.log.push(line);
    }

    /// Takes where the aircraft is.
    pub fn took_place(&mut self, place: Place) {
        self.place = Some(place);
        let height_m = place.height_m.or(place.above_home_m).unwrap_or_default();
        let here = [place.at.lon_deg, place.at.lat_deg, height_m];
        if self.flown.last() != Some(&here) {
            if self.flown.len() >= TRACK {
                let mut keep = true;
                self.flown.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            self.flown.push(here);
        }
    }

    /// Returns it as a page reads it; without geometry and record for lists.
    pub fn view(&self, whole: bool) -> Value {
        let phase = match &self.state {
            None => "planned",
            Some(_) if !self.active() => "over",
            Some(_) => "active",
        };
        let mut view = json!({
            "id": self.id,
            "version": self.version,
            "name": self.name,
            "created": self.created,
            "by": self.by,
            "for_task": self.for_task,
            "phase": phase,
            "state": self.state_view(),
            "actions": self.actions(),
            "vehicle": self.vehicle,
            "flight_id": self.flight_id,
            "operator": self.operator,
            "progress": self.progress.map(|progress| json!({
                "percent": (progress.share * 100.0).round(),
                "waypoint": progress.waypoint,
                "waypoints": progress.waypoints,
            })),
            "aircraft": self.place.map(|place| json!({
                "lat_deg": place.at.lat_deg,
                "lon_deg": place.at.lon_deg,
                "height_m": place.height_m,
                "above_home_m": place.above_home_m,
                "heading_deg": place.heading_deg,
                "battery_percent": place.battery_percent,
                "at": place.heard,
            })),
            "source": self.source,
            "plan": self.plan_view(),
            "warnings": self.warnings,
        });
        if whole {
            view["track"] =
                line_string(self.plan.waypoints.iter().map(|w| [w.at.lon_deg, w.at.lat_deg, w.height_m]));
            view["legs"] = self.legs();
            view["flown"] =
                if self.flown.len() > 1 { line_string(self.flown.iter().copied()) } else { Value::Null };
            view["log"] = json!(self.log);
        }
        view
    }

    fn state_view(&self) -> Value {
        let (kind, words, next) = match &self.state {
            None => (
                "planned",
                Words::new("已规划,未起飞", "planned, not launched"),
                Words::new("选择飞行器并确认起飞", "choose a vehicle and confirm the launch"),
            ),
            Some(state) => (kind(state), state.words(), state.next()),
        };
        json!({"kind": kind, "zh": words.zh, "en": words.en, "next_zh": next.zh, "next_en": next.en})
    }

    fn plan_view(&self) -> Value {
        let highest = self.plan.waypoints.iter().map(|waypoint| waypoint.height_m).fold(f64::MIN, f64::max);
        json!({
            "aircraft": self.aircraft,
            "waypoints": self.plan.waypoints.len(),
            "legs": self.plan.legs.len(),
            "length_m": self.costs.0,
            "duration_s": self.costs.1,
            "area_m2": self.area_m2,
            "gsd_cm": self.gsd_m.map(|gsd_m| gsd_m * 100.0),
            "height_m": highest,
            "heights": if self.plan.heights == HeightReference::Ellipsoid { "ellipsoid" } else { "take_off" },
        })
    }

    fn legs(&self) -> Value {
        let features: Vec<Value> = self
            .plan
            .legs
            .iter()
            .enumerate()
            .filter_map(|(index, leg)| {
                let points = self.plan.waypoints.get(leg.first..=leg.last)?;
                let line = line_string(points.iter().map(|w| [w.at.lon_deg, w.at.lat_deg, w.height_m]));
                let properties = json!({"leg": index + 1, "kind": leg.kind.name(), "serves": leg.serves});
                Some(json!({"type": "Feature", "properties": properties, "geometry": line}))
            })
            .collect();
        json!({"type": "FeatureCollection", "features": features})
    }
}

fn line_string(points: impl Iterator<Item = [f64; 3]>) -> Value {
    json!({"type": "LineString", "coordinates": points.collect::<Vec<_>>()})
}

/// Name of an order in the interface.
fn action(command: Command) -> &'static str {
    match command {
        Command::Launch => "launch",
        Command::Pause => "pause",
        Command::Resume => "resume",
        Command::Change => "change",
        Command::ReturnHome => "return",
        Command::Abort => "abort",
    }
}

fn kind(state: &State) -> &'static str {
    match state {
        State::Gate => "gate",
        State::Uploading { .. } => "uploading",
        State::Ready => "ready",
        State::Launching => "launching",
        State::Flying { .. } => "flying",
        State::Paused { .. } => "paused",
        State::Returning { .. } => "returning",
        State::Landed { .. } => "landed",
        State::Aborted => "aborted",
        State::LinkLost { .. } => "link_lost",
        State::Failed { .. } => "failed",
    }
}

fn line(entry: &Entry) -> Line {
    let at = entry.at;
    match &entry.what {
        What::Ordered { order, answer } => {
            let (zh, en) = answer_words(answer);
            let words = order.command.words();
            Line {
                at,
                actor: Some(order.actor.clone()),
                zh: format!("{}:{zh}", words.zh),
                en: format!("{}: {en}", words.en),
                reason: Some(order.reason.clone()),
            }
        }
        What::Changed { words, .. } | What::Noted { words } => {
            Line { at, actor: None, zh: words.zh.clone(), en: words.en.clone(), reason: None }
        }
    }
}

fn answer_words(answer: &Answer) -> (String, String) {
    let told = |fault: &Fault| {
        (
            format!("被拒绝,{};{}", fault.what.zh, fault.mend.zh),
            format!("refused, {}; {}", fault.what.en, fault.mend.en),
        )
    };
    match answer {
        Answer::Sent => ("已发送".to_owned(), "sent".to_owned()),
        Answer::Accepted => ("已接受".to_owned(), "taken".to_owned()),
        Answer::Refused { fault } => told(fault),
        Answer::Silent => ("没有回应".to_owned(), "no answer".to_owned()),
    }
}
