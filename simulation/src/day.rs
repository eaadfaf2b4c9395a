//! A whole day: every frame that shows something real or something mistaken for it, in the order of time.

use std::collections::{BTreeMap, HashMap};

use gis::camera::Intrinsics;
use gis::georef::ground_point;
use gis::{EllipsoidHeight, FlatGround, LatLon, Look, Observation, ObservationId, Pose, View};
use jiff::SignedDuration;

use crate::detect::{Camera, Moment, observation};
use crate::dice::Dice;
use crate::ground::{Map, Place};
use crate::post::{self, Post, posts};
use crate::scenario::{Range, Scenario};
use crate::sweep::{self, Flight, Route, routes};
use crate::world::{Thing, things};

/// Purposes of the streams of random draws.
const WORLD: u64 = 1;
const FLIGHTS: u64 = 2;
const MISSES: u64 = 3;
const FALSE: u64 = 4;
const MASKS: u64 = 5;
const POSTS: u64 = 6;

/// Draws of a place for a false cause before it is given up: near the edge of the area a frame may show little of it.
const TRIES: u32 = 50;

/// Longest time between two legs in which no frame is drawn, seconds.
const TURN_SECS: f64 = 120.0;

/// One analysed frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What was looked at.
    pub look: Look,
    /// What was seen.
    pub observations: Vec<Observation>,
}

/// Why something was detected: an index into the things, or beyond them into the false causes.
pub type Cause = usize;

/// A day with its truth.
#[derive(Debug, Clone)]
pub struct Day {
    /// What there is.
    pub things: Vec<Thing>,
    /// How many false causes there are.
    pub false_causes: usize,
    /// Frames in the order of time.
    pub frames: Vec<Frame>,
    /// The cause of each observation.
    pub cause_of: HashMap<ObservationId, Cause>,
    /// The map of the area.
    pub map: Map,
}

/// Something that is not there, as one source sees it for a while.
struct FalseCause {
    kind: usize,
    place: Place,
    radius_m: f64,
    score: f64,
    source: usize,
    frames: std::ops::Range<u64>,
}

/// A source: a flight over its route, or a fixed camera.
enum Source<'a> {
    Flight(&'a Route, Box<Flight>),
    Post(Box<Post>),
}

/// Makes the day of a scenario.
///
/// # Errors
/// None where its camera cannot be made.
pub fn day(scenario: &Scenario, seed: u64) -> Option<Day> {
    let map = Map::of(&scenario.area);
    let ground = FlatGround { height: EllipsoidHeight(scenario.area.ground_m), sigma_m: 0.0 };
    let things = things(scenario, &mut Dice::new(seed, WORLD));
    let routes = routes(scenario);
    let mut dice = Dice::new(seed, FLIGHTS);
    let mut sources = flights_of(scenario, &routes, &mut dice);
    let flights = sources.len();
    sources.extend(
        posts(scenario, &things, &map, &mut Dice::new(seed, POSTS))
            .into_iter()
            .map(|post| Source::Post(Box::new(post))),
    );
    let sight =
        Sight { scenario, map, ground, lens: sweep::lens(scenario)?, post_lens: post::lens(scenario)? };

    let mut shown: BTreeMap<(usize, u64), Vec<(Cause, bool)>> = BTreeMap::new();
    let mut misses = Dice::new(seed, MISSES);
    let mut hits = [0_usize; 2];
    for (index, source) in sources.iter().enumerate() {
        for (cause, thing) in things.iter().enumerate() {
            for frame in sight.frames_with(source, thing.place) {
                let hit = !misses.happens(scenario.detector.miss);
                hits[usize::from(index >= flights)] += usize::from(hit);
                shown.entry((index, frame)).or_default().push((cause, hit));
            }
        }
    }
    let mut dice = Dice::new(seed, FALSE);
    let mut causes = Vec::new();
    for (range, hits) in [(0..flights, hits[0]), (flights..sources.len(), hits[1])] {
        causes.extend(sight.false_causes(&sources, range, hits, &mut dice));
    }
    for (n, cause) in causes.iter().enumerate() {
        for (index, source) in sources.iter().enumerate() {
            for frame in sight.frames_with(source, cause.place) {
                let hit = index == cause.source && cause.frames.contains(&frame);
                shown.entry((index, frame)).or_default().push((things.len() + n, hit));
            }
        }
    }
    sight.add_next_frames(&sources, &mut shown);
    let mut day =
        Day { things, false_causes: causes.len(), frames: Vec::new(), cause_of: HashMap::new(), map };
    sight.draw(&mut day, &sources, &causes, shown, &mut Dice::new(seed, MASKS));
    day.frames.sort_by(|a, b| {
        (a.look.time, &a.look.source, a.look.frame_index).cmp(&(
            b.look.time,
            &b.look.source,
            b.look.frame_index,
        ))
    });
    Some(day)
}

/// Returns the flights of all sweeps, sweep by sweep.
fn flights_of<'a>(scenario: &Scenario, routes: &'a [Route], dice: &mut Dice) -> Vec<Source<'a>> {
    let mut out = Vec::new();
    for sweep in 0..scenario.aircraft.sweeps {
        for route in routes {
            let flights = route.flights(sweep, scenario, dice).into_iter();
            out.extend(flights.map(|flight| Source::Flight(route, Box::new(flight))));
        }
    }
    out
}

struct Sight<'a> {
    scenario: &'a Scenario,
    map: Map,
    ground: FlatGround,
    lens: Intrinsics,
    post_lens: Intrinsics,
}

impl Sight<'_> {
    /// Returns the true and the told pose of a frame; none while the aircraft turns.
    fn poses(&self, source: &Source<'_>, frame: u64) -> Option<(Pose, Pose)> {
        match source {
            Source::Flight(route, flight) => {
                let station = route.station(flight.way_m(frame, self.scenario))?;
                let (scenario, map) = (self.scenario, &self.map);
                Some((flight.true_pose(station, scenario, map), flight.told_pose(station, scenario, map)))
            }
            Source::Post(post) => Some((post.truth, post.told)),
        }
    }

    fn camera<'a>(&'a self, source: &Source<'_>, (truth, told): &'a (Pose, Pose)) -> Camera<'a> {
        let lens = if matches!(source, Source::Flight(..)) { &self.lens } else { &self.post_lens };
        let (pixel_sigma_px, outline_jitter) =
            (self.scenario.aircraft.pixel_sigma_px, self.scenario.detector.outline_jitter);
        let range_m = self.scenario.detector.coarsest_gsd_m * lens.fx_px;
        Camera {
            lens,
            truth,
            told,
            ground: &self.ground,
            map: &self.map,
            range_m,
            pixel_sigma_px,
            outline_jitter,
        }
    }

    /// Farthest ground in the picture of an aircraft, metres from the place under it.
    fn reach_m(&self) -> f64 {
        let aircraft = &self.scenario.aircraft;
        let half_down = (self.lens.height_px / 2.0 / self.lens.fy_px).atan().to_degrees();
        let flattest = (-aircraft.pitch_deg.1 - half_down).max(10.0).to_radians();
        let ahead = aircraft.height_m / flattest.tan();
        let aside = (aircraft.height_m / flattest.sin()) * (self.lens.width_px / 2.0 / self.lens.fx_px);
        ahead.hypot(aside)
    }

    /// Returns the frames of a source in which a place lies in the picture.
    fn frames_with(&self, source: &Source<'_>, place: Place) -> Vec<u64> {
        let shows = |frame: &u64| {
            let poses = self.poses(source, *frame);
            poses.is_some_and(|poses| self.camera(source, &poses).shows(place))
        };
        match source {
            Source::Flight(route, flight) => {
                let near = route.near(place, self.reach_m());
                near.into_iter().flat_map(|way| flight.frames(way, self.scenario)).filter(shows).collect()
            }
            Source::Post(post) => {
                let far = place.distance_m(post.aim) > 5.0 * self.scenario.cameras.distance_m.1;
                if far || !shows(&0) { Vec::new() } else { (0..self.looks_of_a_post()).collect() }
            }
        }
    }

    /// Adds the frame after each that shows something: what goes out of view does so in a frame that shows nothing.
    fn add_next_frames(
        &self,
        sources: &[Source<'_>],
        shown: &mut BTreeMap<(usize, u64), Vec<(Cause, bool)>>,
    ) {
        let next = |&(index, frame): &(usize, u64)| {
            let next = self.next_frame(sources.get(index)?, frame)?;
            Some((index, next))
        };
        let next: Vec<(usize, u64)> = shown.keys().filter_map(next).collect();
        for key in next {
            shown.entry(key).or_default();
        }
    }

    /// Returns the next frame of a flight that has a pose: after a turn, if need be.
    fn next_frame(&self, source: &Source<'_>, frame: u64) -> Option<u64> {
        let Source::Flight(_, flight) = source else { return None };
        let end = flight.frames((flight.from_m, flight.to_m), self.scenario).end;
        let turned = frame + (TURN_SECS * self.scenario.aircraft.fps) as u64;
        (frame + 1..end.min(turned)).find(|next| self.poses(source, *next).is_some())
    }

    fn looks_of_a_post(&self) -> u64 {
        let cameras = &self.scenario.cameras;
        let day = self.scenario.aircraft.sweep_every.as_secs_f64() * self.scenario.aircraft.sweeps as f64;
        (day / cameras.every.as_secs_f64()) as u64 * cameras.burst as u64
    }

    fn time(&self, source: &Source<'_>, frame: u64) -> jiff::Timestamp {
        match source {
            Source::Flight(_, flight) => flight.time(frame, self.scenario),
            Source::Post(post) => {
                let burst = self.scenario.cameras.burst.max(1) as u64;
                let bursts = i32::try_from(frame / burst).unwrap_or(i32::MAX);
                let within = SignedDuration::from_secs((frame % burst) as i64);
                post.first + self.scenario.cameras.every * bursts + within
            }
        }
    }

    /// Draws false causes until they make their share of detections.
    fn false_causes(
        &self,
        sources: &[Source<'_>],
        of: std::ops::Range<usize>,
        hits: usize,
        dice: &mut Dice,
    ) -> Vec<FalseCause> {
        let wanted = self.scenario.detector.false_per_true * hits as f64;
        let (mut made, mut out) = (0.0, Vec::new());
        while made < wanted && !of.is_empty() {
            let Some(cause) = (0..TRIES).find_map(|_| self.false_cause(sources, &of, dice)) else { break };
            made += (cause.frames.end - cause.frames.start) as f64;
            out.push(cause);
        }
        out
    }

    fn false_cause(
        &self,
        sources: &[Source<'_>],
        of: &std::ops::Range<usize>,
        dice: &mut Dice,
    ) -> Option<FalseCause> {
        let index = of.start + dice.below(of.len());
        let source = sources.get(index)?;
        let frames = match source {
            Source::Flight(_, flight) => flight.frames((flight.from_m, flight.to_m), self.scenario),
            Source::Post(_) => 0..self.looks_of_a_post(),
        };
        let frame = dice.below(usize::try_from(frames.end).ok()?) as u64;
        let poses = self.poses(source, frame)?;
        let camera = self.camera(source, &poses);
        let pixel = (dice.share() * camera.lens.width_px, dice.share() * camera.lens.height_px);
        let at = ground_point(&View::new(camera.lens, camera.truth, camera.ground), pixel.0, pixel.1).ok()?;
        let place = Some(self.map.place(at.lat_lon)).filter(|place| camera.shows(*place))?;
        let run = dice.of(Range(self.scenario.detector.false_run.0, self.scenario.detector.false_run.1 + 1.0))
            as u64;
        let frames = match source {
            // The looks that show the place in a row around the one drawn, and of them a run that begins anywhere.
            Source::Flight(..) => in_a_row(&self.frames_with(source, place), frame)?,
            Source::Post(_) => {
                let burst = self.scenario.cameras.burst.max(1) as u64;
                let first = frame / burst * burst;
                first..first + burst
            }
        };
        let spare = (frames.end - frames.start).saturating_sub(run);
        let start = frames.start + dice.below(spare as usize + 1) as u64;
        let kind = self.kind(dice);
        let things = self.scenario.things.get(kind)?;
        Some(FalseCause {
            kind,
            place,
            radius_m: dice.of_log(things.radius_m),
            score: dice.cause(&self.scenario.detector.false_scores),
            source: index,
            frames: start..(start + run).min(frames.end),
        })
    }

    /// Draws a class as often as there are things of it.
    fn kind(&self, dice: &mut Dice) -> usize {
        let mut at = dice.below(self.scenario.thing_count());
        let within = |things: &crate::scenario::Things| {
            let here = at < things.count;
            at = at.saturating_sub(things.count);
            here
        };
        self.scenario.things.iter().position(within).unwrap_or(0)
    }

    fn draw(
        &self,
        day: &mut Day,
        sources: &[Source<'_>],
        causes: &[FalseCause],
        shown: BTreeMap<(usize, u64), Vec<(Cause, bool)>>,
        dice: &mut Dice,
    ) {
        let mut ordinal = 0;
        let mut grounds = Grounds::default();
        for ((index, frame), parts) in shown {
            let Some(source) = sources.get(index) else { continue };
            let Some(poses) = self.poses(source, frame) else { continue };
            let camera = self.camera(source, &poses);
            let name = match source {
                Source::Flight(_, flight) => flight.source.as_str(),
                Source::Post(post) => post.source.as_str(),
            };
            let moment = Moment { source: name, frame_index: frame, time: self.time(source, frame) };
            let mut observations = Vec::new();
            for (cause, _) in parts.iter().filter(|(_, hit)| *hit) {
                let detector = &self.scenario.detector;
                let drawn = match (
                    day.things.get(*cause),
                    cause.checked_sub(day.things.len()).and_then(|n| causes.get(n)),
                ) {
                    (Some(t), _) => Some((t.kind, t.place, t.radius_m, t.score, &detector.true_scores)),
                    (None, Some(f)) => Some((f.kind, f.place, f.radius_m, f.score, &detector.false_scores)),
                    (None, None) => None,
                };
                let Some((kind, place, radius_m, mean, scores)) = drawn else { continue };
                let Some(things) = self.scenario.things.get(kind) else { continue };
                let Some(sighted) = camera.sight(place, radius_m, things, dice) else { continue };
                let seen = observation(&moment, &things.class, dice.score(mean, scores), sighted, ordinal);
                ordinal += 1;
                day.cause_of.insert(seen.id, *cause);
                observations.push(seen);
            }
            let footprint = grounds.of(index, &camera, &self.map);
            let look = Look {
                source: name.to_owned(),
                frame_index: frame,
                time: moment.time,
                footprint,
                eye: None,
                classes: Vec::new(),
            };
            day.frames.push(Frame { look, observations });
        }
    }
}

/// The ground that a source looks at, kept by direction: over level ground it moves along and keeps its shape.
#[derive(Default)]
struct Grounds {
    by_direction: HashMap<(usize, bool), Option<Vec<Place>>>,
}

impl Grounds {
    fn of(&mut self, source: usize, camera: &Camera<'_>, map: &Map) -> Option<Vec<LatLon>> {
        let under = map.place(camera.told.point.lat_lon);
        let north = camera.told.enu_from_camera.matrix()[(1, 1)] < 0.0;
        let ring = self.by_direction.entry((source, north)).or_insert_with(|| {
            let from_under = |at: &LatLon| map.place(*at).minus(under);
            Some(camera.looked_at()?.iter().map(from_under).collect())
        });
        Some(ring.as_ref()?.iter().map(|corner| map.lat_lon(corner.plus(under))).collect())
    }
}

/// Returns the run of successive numbers that holds `middle`.
fn in_a_row(frames: &[u64], middle: u64) -> Option<std::ops::Range<u64>> {
    let at = frames.binary_search(&middle).ok()?;
    let is_next = |pair: &&[u64]| pair.first().zip(pair.last()).is_some_and(|(a, b)| a + 1 == *b);
    let before = frames.get(..=at)?.windows(2).rev().take_while(is_next).count() as u64;
    let after = frames.get(at..)?.windows(2).take_while(is_next).count() as u64;
    Some(middle - before..middle + after + 1)
}
