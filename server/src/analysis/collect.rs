//! Takes placed frames of all sources: observes, deduplicates, keeps the best stills.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use gis::dedupe::{Eye, LookedAt, together};
use gis::georef::Limits;
use gis::{AbsorbedKind, Deduper, Incident, IncidentId, LatLon, Location, Look, Observation};
use pipeline::camera::FrameCamera;
use pipeline::observe::{Ground, Moment, Observed, observe};
use pipeline::place::Placed;

use crate::analysis::feed::FrameSink;
use crate::config::Analysis;
use crate::evidence::{EvidenceError, Keeper, Sighting};
use crate::output::summary::SourceSummary;
use crate::report::SourceTrace;
use crate::wire::{Assembly, Source, Tiles};

/// Points of a path and footprints of a source kept for the report at most; beyond it every second one is let go.
const MAX_TRACE: usize = 600;
/// Looks whose ground is kept apart at most, before it is put together by minute.
const MOST_LOOKS_APART: usize = 512;
/// Time between footprints drawn in the report.
const FOOTPRINT_EVERY: Duration = Duration::from_secs(2);

/// What all sources of a run give together.
pub struct Collector<'a> {
    deduper: Deduper,
    terrain: &'a Tiles,
    analysis: &'a Analysis,
    classes: Vec<String>,
    /// Incidents whose tasks have their evidence already.
    proved: BTreeSet<IncidentId>,
    evidence: Keeper,
    observations: Vec<Observation>,
    looked_at: Vec<LookedAt>,
    traces: BTreeMap<String, Trace>,
    summaries: BTreeMap<String, SourceSummary>,
    began: Instant,
    first_detection: Option<Duration>,
    cpu: Duration,
}

#[derive(Default)]
struct Trace {
    path: Vec<LatLon>,
    footprints: Vec<Vec<LatLon>>,
    next_footprint: Duration,
}

/// What a collector held at the end.
pub struct Collected {
    /// All incidents, those from before the run among them.
    pub incidents: Vec<Incident>,
    /// Observations that were new.
    pub observations: Vec<Observation>,
    /// Ground that was looked at.
    pub looked_at: Vec<LookedAt>,
    /// Stills.
    pub evidence: Keeper,
    /// Paths and footprints.
    pub traces: Vec<SourceTrace>,
    /// Figures by source.
    pub summaries: BTreeMap<String, SourceSummary>,
    /// From the start to the first detection.
    pub first_detection: Option<Duration>,
    /// CPU time spent here.
    pub cpu: Duration,
}

impl<'a> Collector<'a> {
    /// Returns an empty collector that goes on from the incidents of earlier runs.
    pub fn new(deduper: Deduper, assembly: &'a Assembly, analysis: &'a Analysis, began: Instant) -> Self {
        let cards = assembly.packs.cards.iter();
        Self {
            deduper,
            terrain: &assembly.terrain,
            analysis,
            classes: cards.flat_map(|card| card.classes.iter().map(|class| class.name.clone())).collect(),
            proved: BTreeSet::new(),
            evidence: Keeper::default(),
            observations: Vec::new(),
            looked_at: Vec::new(),
            traces: BTreeMap::new(),
            summaries: BTreeMap::new(),
            began,
            first_detection: None,
            cpu: Duration::ZERO,
        }
    }

    /// Names the incidents whose evidence is kept already: sightings that are known need not be drawn again.
    #[must_use]
    pub fn with_proved(self, proved: BTreeSet<IncidentId>) -> Self {
        Self { proved, ..self }
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// When a still cannot be made.
    pub fn take(&mut self, source: &Source, placed: &Placed) -> Result<(), EvidenceError> {
        let start = ThreadTime::now();
        let taken = self.take_frame(source, placed);
        self.cpu += start.elapsed();
        taken
    }

    fn take_frame(&mut self, source: &Source, placed: &Placed) -> Result<(), EvidenceError> {
        let (frame, seen) = (&placed.looked.frame, &placed.looked.seen);
        let observed = observe_frame(source, placed, self.terrain, self.analysis);
        self.note(source, placed, &observed.observations);
        self.trace(source, placed, observed.covered.as_ref());
        let look = look_of(source, placed, &observed, self.terrain, &self.classes);
        self.looked_at.extend(LookedAt::of(&look));
        if self.looked_at.len() >= MOST_LOOKS_APART {
            self.looked_at = together(Vec::new(), std::mem::take(&mut self.looked_at));
        }
        let absorbed = self.deduper.absorb_frame(&look, observed.observations.clone());
        for done in absorbed {
            let found = observed.observations.iter().zip(seen).find(|(o, _)| o.id == done.observation);
            let (Some((observation, seen)), Some(incident)) = (found, done.incident) else {
                tracing::debug!("observation {} refused: {}", done.observation.0, done.reason);
                continue;
            };
            if done.kind != AbsorbedKind::Known {
                self.observations.push(observation.clone());
            } else if self.proved.contains(&incident) {
                continue;
            }
            let sighting = Sighting { frame, seen, observation, camera: placed.camera.as_ref().ok() };
            self.evidence.offer(incident, &sighting)?;
        }
        Ok(())
    }

    fn note(&mut self, source: &Source, placed: &Placed, observations: &[Observation]) {
        if self.summaries.is_empty() {
            tracing::info!("first frame after {:.2} s", self.began.elapsed().as_secs_f64());
        }
        let summary = self.summaries.entry(source.id.clone()).or_default();
        let located =
            observations.iter().filter(|o| matches!(o.location, Location::Ground(_))).count() as u64;
        let seen = observations.len() as u64;
        summary.frames += 1;
        summary.detections += seen;
        summary.located += located;
        summary.unlocated += seen - located;
        summary.last_frame_index = Some(placed.looked.frame.index);
        summary.duration_secs = placed.looked.frame.elapsed.as_secs_f64();
        let laser = placed.camera.as_ref().is_ok_and(|camera| camera.laser.is_some());
        summary.laser_frames += u64::from(laser);
        let time_source = serde_json::to_value(placed.time_quality.source).unwrap_or_default();
        summary.time_source = time_source.as_str().map(str::to_owned);
        if seen > 0 && self.first_detection.is_none() {
            self.first_detection = Some(self.began.elapsed());
        }
    }

    fn trace(&mut self, source: &Source, placed: &Placed, covered: Option<&Vec<LatLon>>) {
        let trace = self.traces.entry(source.id.clone()).or_default();
        if let Ok(camera) = &placed.camera {
            let at = camera.pose.point.lat_lon;
            if trace.path.last() != Some(&at) {
                trace.path.push(at);
            }
        }
        if let Some(ring) = covered
            && placed.looked.frame.elapsed >= trace.next_footprint
            && trace.footprints.last() != Some(ring)
        {
            trace.footprints.push(ring.clone());
            trace.next_footprint = placed.looked.frame.elapsed + FOOTPRINT_EVERY;
        }
        halve(&mut trace.path);
        halve(&mut trace.footprints);
    }

    /// Decides on what is in view: the recordings are over.
    pub fn end_of_recordings(&mut self) {
        self.deduper.end_of_looks();
    }

    /// Ends the collection.
    pub fn into_collected(mut self) -> Collected {
        let incidents = self.deduper.into_incidents();
        for (from, into) in incidents.iter().filter_map(|i| Some((i.id, i.merged_into?))) {
            self.evidence.merged(from, survivor(&incidents, into));
        }
        let trace = |(id, t): (String, Trace)| SourceTrace { id, path: t.path, footprints: t.footprints };
        Collected {
            incidents,
            observations: self.observations,
            evidence: self.evidence,
            traces: self.traces.into_iter().map(trace).collect(),
            summaries: self.summaries,
            first_detection: self.first_detection,
            cpu: self.cpu,
            looked_at: together(Vec::new(), self.looked_at),
        }
    }
}

impl FrameSink for Mutex<Collector<'_>> {
    fn take(&self, source: &Source, placed: &Placed) -> Result<(), String> {
        let mut collector = self.lock().unwrap_or_else(PoisonError::into_inner);
        collector.take(source, placed).map_err(|error| error.to_string())
    }
}

/// Puts what a frame shows on the ground.
pub fn observe_frame(source: &Source, placed: &Placed, terrain: &Tiles, analysis: &Analysis) -> Observed {
    let moment = Moment {
        source: &source.id,
        frame_index: placed.looked.frame.index,
        time: placed.time,
        time_quality: placed.time_quality,
        camera: placed.camera.as_ref().map_err(|reason| *reason),
        place: source.place,
    };
    let limits = Limits { min_depression_deg: analysis.min_depression_deg, ..Limits::default() };
    let ground = Ground { terrain: terrain.ground(), limits, outline_sigma_px: analysis.outline_sigma_px };
    observe(&placed.looked.seen, &moment, &ground)
}

/// Returns what a frame looked at.
pub fn look_of(
    source: &Source,
    placed: &Placed,
    observed: &Observed,
    terrain: &Tiles,
    classes: &[String],
) -> Look {
    let camera = placed.camera.as_ref().ok();
    Look {
        source: source.id.clone(),
        frame_index: placed.looked.frame.index,
        time: placed.time,
        eye: camera.and_then(|camera| eye(camera, observed.covered.as_deref(), terrain)),
        footprint: observed.covered.clone(),
        classes: classes.to_vec(),
    }
}

/// Returns from where a frame was taken; none where the ground it looks at is not known.
fn eye(camera: &FrameCamera, covered: Option<&[LatLon]>, terrain: &Tiles) -> Option<Eye> {
    let terrain = camera.ground(terrain.ground())?;
    let point = camera.pose.point;
    let below = terrain.height(point.lat_lon).or_else(|| terrain.height(*covered?.first()?))?;
    let above_ground_m = (point.height.0 - below.0).max(0.0);
    Some(Eye { at: point.lat_lon, above_ground_m, focal_px: camera.intrinsics.fx_px })
}

/// Follows merges to the incident that is left.
fn survivor(incidents: &[Incident], mut id: IncidentId) -> IncidentId {
    for _ in 0..incidents.len() {
        match incidents.iter().find(|i| i.id == id).and_then(|i| i.merged_into) {
            Some(next) => id = next,
            None => break,
        }
    }
    id
}

fn halve<T>(items: &mut Vec<T>) {
    if items.len() > MAX_TRACE {
        let mut keep = false;
        items.retain(|_| {
            keep = !keep;
            keep
        });
    }
}
