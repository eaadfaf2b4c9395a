//! The outcome of a day held against its truth.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dispatch::{DepartmentId, Facts, State, Task, route};
use gis::incident::IncidentId;
use gis::{EllipsoidHeight, GeoPoint, GroundPosition, LatLon};
use jiff::Timestamp;
use nalgebra::Matrix3;
use serde::Serialize;

use crate::day::{Cause, Day};
use crate::run::{City, Outcome};
use crate::scenario::Scenario;

/// Sightings taken for one thing.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// How many sightings of each cause.
    pub causes: BTreeMap<Cause, usize>,
    /// True where it became a task.
    pub task: bool,
}

impl Cluster {
    /// Returns the cause of most sightings, the first of equals.
    pub fn main(&self) -> Option<Cause> {
        let most = |a: &(&Cause, &usize), b: &(&Cause, &usize)| a.1.cmp(b.1).then(b.0.cmp(a.0));
        self.causes.iter().max_by(most).map(|(cause, _)| *cause)
    }

    fn size(&self) -> usize {
        self.causes.values().sum()
    }
}

/// How well sightings were put together. All are shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Grouping {
    /// Tasks of one thing beyond its first, per thing that has a task.
    pub duplicates_per_incident: f64,
    /// Incidents with a task that hold sightings of two things or more.
    pub false_merge_share: f64,
    /// Things without a task.
    pub missed_share: f64,
    /// Tasks without a thing.
    pub invented_share: f64,
    /// B-cubed F1 over all sightings, false causes being things of their own.
    pub bcubed_f1: f64,
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Holds clusters against the truth.
///
/// # References
/// B-cubed: Bagga and Baldwin, LREC workshop on linguistic coreference (1998).
pub fn grouping(clusters: &[Cluster], things: usize) -> Grouping {
    let tasks: Vec<&Cluster> = clusters.iter().filter(|cluster| cluster.task).collect();
    let found: Vec<Cause> =
        tasks.iter().filter_map(|task| task.main()).filter(|cause| *cause < things).collect();
    let distinct: BTreeSet<Cause> = found.iter().copied().collect();
    let merged = tasks.iter().filter(|task| task.causes.keys().filter(|cause| **cause < things).count() > 1);
    Grouping {
        duplicates_per_incident: share(found.len() - distinct.len(), distinct.len()),
        false_merge_share: share(merged.count(), tasks.len()),
        missed_share: share(things - distinct.len(), things),
        invented_share: share(tasks.len() - found.len(), tasks.len()),
        bcubed_f1: bcubed_f1(clusters),
    }
}

fn bcubed_f1(clusters: &[Cluster]) -> f64 {
    let mut of_cause: HashMap<Cause, usize> = HashMap::new();
    for (cause, count) in clusters.iter().flat_map(|cluster| &cluster.causes) {
        *of_cause.entry(*cause).or_default() += count;
    }
    let (mut precision, mut recall, mut all) = (0.0, 0.0, 0_usize);
    for cluster in clusters {
        for (cause, count) in &cluster.causes {
            let squared = (count * count) as f64;
            precision += squared / cluster.size() as f64;
            recall += squared / of_cause.get(cause).copied().unwrap_or(1) as f64;
            all += count;
        }
    }
    if all == 0 {
        return 1.0;
    }
    let (precision, recall) = (precision / all as f64, recall / all as f64);
    2.0 * precision * recall / (precision + recall)
}

/// Seconds at two quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Median.
    pub p50: f64,
    /// 99 %, by the nearest rank.
    pub p99: f64,
}

impl Quantiles {
    /// Returns the quantiles of values in any order; NaN of none.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let rank = |part: f64| ((part * values.len() as f64).ceil() as usize).saturating_sub(1);
        let at = |part: f64| values.get(rank(part)).copied().unwrap_or(f64::NAN);
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// Which department the same tasks would have gone to by simpler means; shares of wrong leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OtherRouting {
    /// By the polygon under the position, its error aside.
    pub exact_polygon: f64,
    /// By the polygon under the middle of its H3 cell of resolution 10.
    pub h3_r10_centre: f64,
}

/// The score of a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// How well sightings were put together.
    #[serde(flatten)]
    pub grouping: Grouping,
    /// Things whose first sighting already bore the id that their task has in the end.
    pub id_stability: f64,
    /// Tasks sent out by themselves whose lead is not that of the true place.
    pub wrong_department_share: f64,
    /// Tasks sent out without a person.
    pub automatic_dispatch_share: f64,
    /// From the first sighting of a thing to its task, seconds of the day.
    pub first_sight_to_task_s: Quantiles,
    /// The same of each thing that became a task, shortest first.
    #[serde(skip)]
    pub waits_s: Vec<f64>,
    /// What the first minute of each thing shows, and the wait of those that it shows well.
    pub first_minute: FirstMinute,
    /// The same tasks routed by simpler means.
    pub wrong_department_otherwise: OtherRouting,
    /// Things, tasks, incidents, sightings and false causes, to read the shares by.
    pub counts: Counts,
}

/// Counts beside the shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Counts {
    /// Things there were.
    pub things: usize,
    /// Tasks made and not merged.
    pub tasks: usize,
    /// Incidents, candidates and closed ones too, merged ones not.
    pub incidents: usize,
    /// Sightings.
    pub sightings: usize,
    /// Sightings of false causes.
    pub false_sightings: usize,
    /// False causes.
    pub false_causes: usize,
    /// Frames that showed the place of a thing or of a false cause, and the one after each.
    pub frames: usize,
}

/// Holds the outcome of a day against its truth.
pub fn score(scenario: &Scenario, day: &Day, outcome: &Outcome, city: City<'_>) -> Score {
    let tasks: BTreeMap<IncidentId, &Task> = outcome
        .tasks
        .iter()
        .filter(|task| task.state != State::Merged)
        .map(|task| (task.incident_id, task))
        .collect();
    let mut clusters = Vec::new();
    let mut main_of: BTreeMap<IncidentId, Cause> = BTreeMap::new();
    for incident in outcome.incidents.iter().filter(|incident| incident.merged_into.is_none()) {
        let mut causes = BTreeMap::new();
        for cause in incident.observations.iter().filter_map(|id| day.cause_of.get(id)) {
            *causes.entry(*cause).or_default() += 1;
        }
        let cluster = Cluster { causes, task: tasks.contains_key(&incident.id) };
        main_of.extend(cluster.main().map(|cause| (incident.id, cause)));
        clusters.push(cluster);
    }
    let things = day.things.len();
    let judged: Vec<Judged<'_>> = tasks
        .values()
        .filter_map(|task| {
            let cause = *main_of.get(&task.incident_id).filter(|cause| **cause < things)?;
            Some(Judged { task, cause, lead: true_lead(scenario, day, cause, task, city) })
        })
        .collect();
    let sent: Vec<&Judged<'_>> =
        judged.iter().filter(|judged| judged.task.state == State::Dispatched).collect();
    let wrong = |lead: &dyn Fn(&Task) -> Option<DepartmentId>| {
        share(sent.iter().filter(|judged| lead(judged.task) != judged.lead).count(), sent.len())
    };
    let mut waited: Vec<f64> = waits(day, &judged).into_values().collect();
    waited.sort_by(f64::total_cmp);
    let false_sightings = day.cause_of.values().filter(|cause| **cause >= things).count();
    Score {
        grouping: grouping(&clusters, things),
        id_stability: id_stability(&judged, outcome),
        wrong_department_share: wrong(&|task| task.lead.clone()),
        automatic_dispatch_share: share(
            tasks.values().filter(|task| task.state == State::Dispatched).count(),
            tasks.len(),
        ),
        first_sight_to_task_s: Quantiles::of(waited.clone()),
        waits_s: waited,
        first_minute: first_minute(day, &judged),
        wrong_department_otherwise: OtherRouting {
            exact_polygon: wrong(&|task| lead_at(task.position, task, city)),
            h3_r10_centre: wrong(&|task| lead_at(h3_centre(task.position)?, task, city)),
        },
        counts: Counts {
            things,
            tasks: tasks.len(),
            incidents: clusters.len(),
            sightings: day.cause_of.len(),
            false_sightings,
            false_causes: day.false_causes,
            frames: day.frames.len(),
        },
    }
}

/// A task with the thing it is of and the lead that the thing's true place has.
struct Judged<'a> {
    task: &'a Task,
    cause: Cause,
    lead: Option<DepartmentId>,
}

fn true_lead(
    scenario: &Scenario,
    day: &Day,
    cause: Cause,
    task: &Task,
    city: City<'_>,
) -> Option<DepartmentId> {
    let thing = day.things.get(cause)?;
    let area_m2 = std::f64::consts::PI * thing.radius_m * thing.radius_m;
    let outline = scenario.things.get(thing.kind).is_some_and(|things| things.outline);
    let severity = city.rules.severity(&task.class, outline.then_some(area_m2));
    lead(day.map.lat_lon(thing.place), severity, task, city)
}

fn lead_at(at: LatLon, task: &Task, city: City<'_>) -> Option<DepartmentId> {
    lead(at, task.severity, task, city)
}

/// Returns who leads at a place known to the centimetre.
fn lead(at: LatLon, severity: dispatch::Severity, task: &Task, city: City<'_>) -> Option<DepartmentId> {
    let point = GeoPoint { lat_lon: at, height: EllipsoidHeight(0.0) };
    let position = GroundPosition::new(point, Matrix3::from_diagonal_element(1e-4));
    let facts = Facts { class: &task.class, position: &position, severity, time: task.created };
    route(&facts, city.zones, city.rules).lead
}

fn h3_centre(at: LatLon) -> Option<LatLon> {
    let cell = h3o::LatLng::new(at.lat_deg, at.lon_deg).ok()?.to_cell(h3o::Resolution::Ten);
    let centre = h3o::LatLng::from(cell);
    Some(LatLon { lat_deg: centre.lat(), lon_deg: centre.lng() })
}

fn id_stability(judged: &[Judged<'_>], outcome: &Outcome) -> f64 {
    let mut kept: BTreeMap<Cause, bool> = BTreeMap::new();
    for Judged { task, cause, .. } in judged {
        let same = outcome.first_incident.get(cause) == Some(&task.incident_id);
        *kept.entry(*cause).or_default() |= same;
    }
    share(kept.values().filter(|same| **same).count(), kept.len())
}

/// What the first 60 s of things show: no confirmation can be quicker than what is seen.
///
/// A false cause shows as sightings on one spot too. A thing whose first minute holds no more sightings than the longest false cause cannot be told from one
/// by their number, whoever decides; it waits for the next pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirstMinute {
    /// Sightings of the false cause that has most.
    pub longest_false_run: usize,
    /// Sightings of each thing that was ever seen in the 60 s from its first one, fewest first.
    pub sightings: Vec<usize>,
    /// Share of things whose first minute holds no more sightings than the longest false cause.
    pub like_a_false_run_share: f64,
    /// First sight to task of all other things, seconds.
    pub others_first_sight_to_task_s: Quantiles,
    /// Those of the others that waited longer than a minute, longest first.
    pub others_that_waited: Vec<Waited>,
}

/// A thing that waited for its task, and what its first minute showed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Waited {
    /// From first sight to task, seconds.
    pub secs: f64,
    /// Sightings in its first minute.
    pub sightings: usize,
    /// Their mean score.
    pub mean_score: f64,
}

/// The least seconds that first sightings are given.
const A_MINUTE_SECS: f64 = 60.0;

fn first_minute(day: &Day, judged: &[Judged<'_>]) -> FirstMinute {
    let first = first_sights(day);
    let things = day.things.len();
    let mut within: BTreeMap<Cause, (usize, f64)> = BTreeMap::new();
    let mut of_false: BTreeMap<Cause, usize> = BTreeMap::new();
    for observation in day.frames.iter().flat_map(|frame| &frame.observations) {
        let Some(cause) = day.cause_of.get(&observation.id).copied() else { continue };
        let Some(since) = first.get(&cause) else { continue };
        if cause >= things {
            *of_false.entry(cause).or_default() += 1;
        } else if observation.time.duration_since(*since).as_secs_f64() <= A_MINUTE_SECS {
            let (count, scores) = within.entry(cause).or_default();
            *count += 1;
            *scores += observation.score;
        }
    }
    let longest_false_run = of_false.into_values().max().unwrap_or(0);
    let is_like = |cause: &Cause| within.get(cause).is_none_or(|(count, _)| *count <= longest_false_run);
    let others: Vec<(Cause, f64)> =
        waits(day, judged).into_iter().filter(|(cause, _)| !is_like(cause)).collect();
    let waited = |(cause, secs): &(Cause, f64)| {
        let (sightings, scores) = *within.get(cause)?;
        let mean_score = scores / sightings.max(1) as f64;
        (*secs > A_MINUTE_SECS).then_some(Waited { secs: *secs, sightings, mean_score })
    };
    let mut others_that_waited: Vec<Waited> = others.iter().filter_map(waited).collect();
    others_that_waited.sort_by(|a, b| b.secs.total_cmp(&a.secs));
    let others = Quantiles::of(others.into_iter().map(|(_, secs)| secs).collect());
    let like = within.values().filter(|(count, _)| *count <= longest_false_run).count();
    let mut sightings: Vec<usize> = within.values().map(|(count, _)| *count).collect();
    sightings.sort_unstable();
    FirstMinute {
        longest_false_run,
        like_a_false_run_share: share(like, sightings.len()),
        sightings,
        others_first_sight_to_task_s: others,
        others_that_waited,
    }
}

fn first_sights(day: &Day) -> HashMap<Cause, Timestamp> {
    let mut first: HashMap<Cause, Timestamp> = HashMap::new();
    for observation in day.frames.iter().flat_map(|frame| &frame.observations) {
        if let Some(cause) = day.cause_of.get(&observation.id) {
            first.entry(*cause).or_insert(observation.time);
        }
    }
    first
}

/// Returns how long each thing that became a task waited for it, seconds.
fn waits(day: &Day, judged: &[Judged<'_>]) -> BTreeMap<Cause, f64> {
    let first = first_sights(day);
    let mut made: BTreeMap<Cause, Timestamp> = BTreeMap::new();
    for Judged { task, cause, .. } in judged {
        let at = made.entry(*cause).or_insert(task.created);
        *at = task.created.min(*at);
    }
    let wait =
        |(cause, at): (Cause, Timestamp)| Some((cause, at.duration_since(*first.get(&cause)?).as_secs_f64()));
    made.into_iter().filter_map(wait).collect()
}
