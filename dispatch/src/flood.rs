//! One cause that makes many alarms is asked about once, and what reviewers said is learnt from.
//!
//! Tasks of one burst, whose first sightings follow each other closely, are a group: of one source alone (a dirty lens, a sensor that fails), or of one
//! class in one district seen by several sources (rain). They wait for a person as one question, which [`Act::Many`](crate::casework::Act::Many)
//! answers for all of them.

use std::collections::{BTreeMap, BTreeSet};

use gis::dedupe::{Problem, Reviews};
use gis::zones::ZoneLevel;
use gis::{Incident, IncidentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::lifecycle::{Event, State};
use crate::router::PersonNeeded;
use crate::rules::RuleSet;
use crate::task::{Task, TaskId};

/// When many alarms are taken for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FloodConfig {
    /// Tasks of one source alone that make a group.
    pub of_source: usize,
    /// Longest time between their first sightings, seconds.
    pub of_source_within_secs: f64,
    /// Tasks of one class in one district that make a group.
    pub of_district: usize,
    /// Longest time between their first sightings, seconds.
    pub of_district_within_secs: f64,
}

impl Default for FloodConfig {
    /// A street has no eight puddles that a camera sees for the first time within two minutes of each other. Twenty spots in a district, minutes apart, are rain.
    fn default() -> Self {
        Self { of_source: 8, of_source_within_secs: 120.0, of_district: 20, of_district_within_secs: 600.0 }
    }
}

impl FloodConfig {
    /// Returns every value that cannot be used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, value) in [("of_source", self.of_source), ("of_district", self.of_district)] {
            if value < 2 {
                problems.push(Problem { key: key.to_owned(), reason: format!("{value} must be 2 or more") });
            }
        }
        for (key, value) in [
            ("of_source_within_secs", self.of_source_within_secs),
            ("of_district_within_secs", self.of_district_within_secs),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                problems.push(Problem { key: key.to_owned(), reason: format!("{value} must be above 0") });
            }
        }
        problems
    }
}

/// What may have made many alarms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// One source: its lens or its sensor.
    Source {
        /// The source.
        source: String,
    },
    /// Something over a whole district, such as rain.
    District {
        /// Code of the district.
        code: String,
        /// Class of the incidents.
        class: String,
    },
}

/// Tasks that one cause may have made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Identity: stays the same while the first of its members does.
    pub id: Uuid,
    /// The cause.
    pub cause: Cause,
    /// The cause in Chinese.
    pub cause_zh: String,
    /// The cause in English.
    pub cause_en: String,
    /// First sighting of the first.
    pub from: Timestamp,
    /// First sighting of the last.
    pub to: Timestamp,
    /// Members, by first sighting.
    pub incidents: Vec<IncidentId>,
    /// Their tasks, in the same order.
    pub tasks: Vec<TaskId>,
    /// Those of them that wait for a person.
    pub waiting: Vec<TaskId>,
}

struct Alarm<'a> {
    incident: &'a Incident,
    task: &'a Task,
}

/// Returns the groups of tasks that nobody has taken yet, by first sighting; `rules` names classes.
pub fn groups(incidents: &[Incident], tasks: &[Task], rules: &RuleSet, config: &FloodConfig) -> Vec<Group> {
    let by_id: BTreeMap<IncidentId, &Incident> = incidents.iter().map(|i| (i.id, i)).collect();
    let fresh = |task: &&Task| matches!(task.state, State::Proposed | State::Confirmed | State::Dispatched);
    let mut alarms: Vec<Alarm<'_>> = tasks
        .iter()
        .filter(fresh)
        .filter_map(|task| Some(Alarm { incident: by_id.get(&task.incident_id)?, task }))
        .filter(|alarm| alarm.incident.is_open())
        .collect();
    alarms.sort_by_key(|alarm| (alarm.incident.first_seen, alarm.task.id));
    let mut of_source: BTreeMap<Cause, Vec<&Alarm<'_>>> = BTreeMap::new();
    for alarm in &alarms {
        if let [source] = alarm.incident.sources.as_slice() {
            of_source.entry(Cause::Source { source: source.clone() }).or_default().push(alarm);
        }
    }
    let mut found = bursts(of_source, config.of_source, config.of_source_within_secs);
    let taken: BTreeSet<TaskId> =
        found.iter().flat_map(|(_, members)| members).map(|alarm| alarm.task.id).collect();
    let mut of_district: BTreeMap<Cause, Vec<&Alarm<'_>>> = BTreeMap::new();
    for alarm in alarms.iter().filter(|alarm| !taken.contains(&alarm.task.id)) {
        if let Some(zone) = alarm.task.routing.zone(ZoneLevel::District) {
            let cause = Cause::District { code: zone.code.clone(), class: alarm.task.class.clone() };
            of_district.entry(cause).or_default().push(alarm);
        }
    }
    found.extend(bursts(of_district, config.of_district, config.of_district_within_secs));
    let mut groups: Vec<Group> =
        found.into_iter().map(|(cause, members)| group(cause, &members, rules)).collect();
    groups.sort_by_key(|group| (group.from, group.id));
    groups
}

/// Cuts the alarms of each cause where none came for a while, and keeps the parts that are large enough.
fn bursts<'a>(
    of_cause: BTreeMap<Cause, Vec<&'a Alarm<'a>>>,
    least: usize,
    within_secs: f64,
) -> Vec<(Cause, Vec<&'a Alarm<'a>>)> {
    let mut found = Vec::new();
    for (cause, alarms) in of_cause {
        let follows = |a: &&Alarm<'_>, b: &&Alarm<'_>| {
            b.incident.first_seen.duration_since(a.incident.first_seen).as_secs_f64() <= within_secs
        };
        let parts = alarms.chunk_by(follows).filter(|part| part.len() >= least.max(2));
        found.extend(parts.map(|part| (cause.clone(), part.to_vec())));
    }
    found
}

fn group(cause: Cause, members: &[&Alarm<'_>], rules: &RuleSet) -> Group {
    let times = || members.iter().map(|alarm| alarm.incident.first_seen);
    let (from, to) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    let minutes = (to.duration_since(from).as_secs_f64() / 60.0).ceil().max(1.0);
    let count = members.len();
    let (cause_zh, cause_en) = match &cause {
        Cause::Source { source } => (
            format!("{source} 在 {minutes:.0} 分钟内新报 {count} 处,可能是镜头脏污或传感器异常"),
            format!(
                "{source} alone reported {count} new ones within {minutes:.0} min: perhaps a dirty lens or a faulty sensor"
            ),
        ),
        Cause::District { class, .. } => {
            let zone = members.first().and_then(|alarm| alarm.task.routing.zone(ZoneLevel::District));
            let names = zone.map(|zone| (zone.name_zh.as_str(), zone.name_en.as_str())).unwrap_or_default();
            let profile = rules.classes.get(class);
            let class_zh = profile.map_or(class.as_str(), |profile| profile.name_zh.as_str());
            let class_en = profile.map_or(class.as_str(), |profile| profile.name_en.as_str());
            let rain = class == "waterlogging";
            (
                format!(
                    "{}在 {minutes:.0} 分钟内新报{class_zh} {count} 处,{}",
                    names.0,
                    if rain { "可能是降雨" } else { "可能是同一原因" }
                ),
                format!(
                    "{}: {count} new cases of {class_en} within {minutes:.0} min, perhaps {}",
                    names.1,
                    if rain { "rain" } else { "one cause" }
                ),
            )
        }
    };
    let waits = |alarm: &&&Alarm<'_>| alarm.task.state == State::Proposed;
    Group {
        id: id_of(&cause, members),
        cause,
        cause_zh,
        cause_en,
        from,
        to,
        incidents: members.iter().map(|alarm| alarm.incident.id).collect(),
        tasks: members.iter().map(|alarm| alarm.task.id).collect(),
        waiting: members.iter().filter(waits).map(|alarm| alarm.task.id).collect(),
    }
}

/// RFC 9562 (2024), section 5.8: UUIDv8 out of a SHA-256.
fn id_of(cause: &Cause, members: &[&Alarm<'_>]) -> Uuid {
    let name = match cause {
        Cause::Source { source } => format!("source\0{source}"),
        Cause::District { code, class } => format!("district\0{code}\0{class}"),
    };
    let first = members.first().map(|alarm| alarm.task.id.0).unwrap_or_default();
    let digest = Sha256::new().chain_update(name.as_bytes()).chain_update(first.as_bytes()).finalize();
    let mut bits = [0_u8; 16];
    for (bit, byte) in bits.iter_mut().zip(digest.iter()) {
        *bit = *byte;
    }
    Uuid::new_v8(bits)
}

/// Holds new tasks back that are members of a group, so that a person is asked once, and those that were held back before.
///
/// A task is new that is not among `known`. What a person has decided stays.
pub fn hold(
    tasks: &mut [Task],
    known: &[Task],
    incidents: &[Incident],
    rules: &RuleSet,
    config: &FloodConfig,
) -> Vec<Group> {
    let found = groups(incidents, tasks, rules, config);
    let members: BTreeSet<TaskId> = found.iter().flat_map(|group| &group.tasks).copied().collect();
    for task in tasks.iter_mut().filter(|task| task.state == State::Dispatched) {
        let before = known.iter().find(|known| known.id == task.id);
        let held = before.is_some_and(|known| {
            known.state == State::Proposed && known.routing.person_needed == Some(PersonNeeded::OneOfMany)
        });
        let just_made = task.history.iter().all(|step| step.at == task.created);
        if held || (before.is_none() && just_made && members.contains(&task.id)) {
            task.state = State::Proposed;
            task.history.clear();
            task.routing.person_needed = Some(PersonNeeded::OneOfMany);
        }
    }
    groups(incidents, tasks, rules, config)
}

/// Returns what people said of the incidents of tasks: a rejected task is none; one that a person confirmed, or that a crew finished, is real.
pub fn reviews(incidents: &[Incident], tasks: &[Task]) -> Reviews {
    let by_id: BTreeMap<IncidentId, &Incident> = incidents.iter().map(|i| (i.id, i)).collect();
    let mut reviews = Reviews::default();
    for task in tasks {
        if let (Some(real), Some(incident)) = (review(task), by_id.get(&task.incident_id)) {
            reviews.add(incident, real);
        }
    }
    reviews
}

fn review(task: &Task) -> Option<bool> {
    if task.state == State::Rejected {
        return Some(false);
    }
    // What the router confirms by itself it confirms when it makes the task.
    let by_person = |step: &crate::task::Transition| match step.event {
        Event::Finish => true,
        Event::Confirm => step.at != task.created,
        _ => false,
    };
    task.history.iter().any(by_person).then_some(true)
}
