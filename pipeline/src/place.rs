//! Frames wait here for the pose and the time of their moment.
//!
//! Events come in the order of the feed. A frame leaves as soon as the telemetry around its moment is complete. Where
//! telemetry stays away, a frame leaves once the feed is [`WAIT`] past it, and what there is counts.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use gis::camera::{RollingShutter, TimeOffset};
use gis::{EllipsoidHeight, NotLocated, Terrain, TimeQuality, TimeSource};
use jiff::{SignedDuration, Timestamp};
use nalgebra::Matrix3;

use crate::camera::{CameraSetup, FrameCamera};
use crate::poses::{PoseLookup, PoseTrack};
use crate::ptz::{PtzCamera, PtzLookup};
use crate::runner::{Event, Looked};
use crate::scene::{Scene, SceneWatch, turn};
use crate::telemetry::Sample;

/// How far the feed may run past a frame that waits for telemetry.
const WAIT: Duration = Duration::from_secs(2);
/// Frames that wait at most for the very first packet of a feed.
const MAX_WAITING_FOR_FIRST: usize = 6;
/// Frames that wait at most, whatever their times.
const MAX_WAITING: usize = 64;
/// Standard deviation of a frame's time by the packets around it, milliseconds: half a frame at 25 frames/s.
const KLV_SIGMA_MILLIS: f64 = 20.0;
/// The same for a track beside the video, whose first cue may miss the first frame.
const SIDE_CAR_SIGMA_MILLIS: f64 = 200.0;
/// The same for a start time that a person wrote down.
const CONFIGURED_SIGMA_MILLIS: f64 = 1_000.0;
/// The same where only the time since the first frame is known: some thirty years.
const UNKNOWN_DATE_SIGMA_MILLIS: f64 = 1e12;

/// Where a source's poses come from.
#[derive(Clone)]
pub enum PoseOrigin {
    /// Telemetry inside the feed.
    InBand(PoseTrack),
    /// Telemetry beside the video, complete before the first frame.
    SideCar(PoseTrack),
    /// A camera that does not move.
    Fixed(Box<FrameCamera>),
    /// A camera that pans, tilts and zooms, and says where it looks.
    Ptz(Box<PtzCamera>),
    /// One sample a picture, by file name.
    Stills(BTreeMap<String, Sample>),
}

/// One frame with its time and camera.
pub struct Placed {
    /// The frame and what was seen in it.
    pub looked: Looked,
    /// Capture time.
    pub time: Timestamp,
    /// Origin and quality of the time.
    pub time_quality: TimeQuality,
    /// The camera, or why it is not known.
    pub camera: Result<FrameCamera, NotLocated>,
}

/// Gives the frames of one source their time and camera.
pub struct Placer<'a> {
    origin: PoseOrigin,
    setup: CameraSetup,
    terrain: Option<&'a dyn Terrain>,
    start_time: Option<Timestamp>,
    waiting: VecDeque<Looked>,
    /// A frame has waited for a first packet in vain: the feed carries no telemetry, as far as is known.
    silent: bool,
    over: bool,
    latest: Duration,
    scene: Option<SceneWatch>,
    corrected: Option<Corrected>,
}

/// A fixed camera after a move.
struct Corrected {
    /// The move, as its homography.
    by: Matrix3<f64>,
    camera: Option<FrameCamera>,
}

/// The sample of a frame's moment, or why there is none.
enum Moment {
    Known(Box<Sample>),
    Missing(NotLocated),
    NotYet,
}

impl<'a> Placer<'a> {
    /// Returns a placer; `start_time` is the capture time of the first frame where the feed does not tell it.
    pub fn new(
        origin: PoseOrigin,
        setup: CameraSetup,
        terrain: Option<&'a dyn Terrain>,
        start_time: Option<Timestamp>,
    ) -> Self {
        Self {
            origin,
            setup,
            terrain,
            start_time,
            waiting: VecDeque::new(),
            silent: false,
            over: false,
            latest: Duration::ZERO,
            scene: None,
            corrected: None,
        }
    }

    /// Watches the view of a fixed camera: where it moved the pose is corrected, or refused.
    #[must_use]
    pub fn with_scene(self, scene: SceneWatch) -> Self {
        Self { scene: Some(scene), ..self }
    }

    /// Returns what is known of a fixed camera's view, where it is watched.
    pub fn scene(&self) -> Option<&Scene> {
        self.scene.as_ref().map(SceneWatch::scene)
    }

    /// Takes the next event and returns the frames that are complete now, in order.
    pub fn push(&mut self, event: Event) -> Vec<Placed> {
        match event {
            Event::Frame(looked) => {
                self.latest = self.latest.max(looked.frame.elapsed);
                self.waiting.push_back(looked);
            }
            Event::Telemetry(packet) => {
                if let PoseOrigin::InBand(track) = &mut self.origin {
                    track.push_klv(&packet, micros(self.latest));
                }
            }
        }
        self.ready()
    }

    /// Returns the frames that still waited, with what there is.
    pub fn finish(&mut self) -> Vec<Placed> {
        if let PoseOrigin::InBand(track) = &mut self.origin {
            track.finish();
        }
        self.over = true;
        self.ready()
    }

    fn ready(&mut self) -> Vec<Placed> {
        let mut placed = Vec::new();
        while let Some(first) = self.waiting.pop_front() {
            match self.moment(&first) {
                Moment::NotYet => {
                    self.waiting.push_front(first);
                    break;
                }
                Moment::Known(sample) => placed.push(self.with_sample(first, &sample)),
                Moment::Missing(reason) => {
                    self.silent |= reason == NotLocated::NoTelemetry;
                    placed.push(self.without_sample(first, reason));
                }
            }
        }
        placed
    }

    fn moment(&self, looked: &Looked) -> Moment {
        let elapsed = looked.frame.elapsed;
        let at_us = self.setup.telemetry_us(elapsed);
        let found = match &self.origin {
            PoseOrigin::Fixed(_) => return Moment::Missing(NotLocated::NoTelemetry),
            PoseOrigin::Ptz(camera) => return self.ptz_moment(camera, looked),
            PoseOrigin::Stills(samples) => {
                let sample = looked.frame.name.as_ref().and_then(|name| samples.get(name));
                return known(sample.cloned(), NotLocated::NoTelemetry);
            }
            PoseOrigin::SideCar(track) => track.settle(at_us),
            PoseOrigin::InBand(track) => {
                let mut overdue = self.latest > elapsed + WAIT || self.waiting.len() >= MAX_WAITING;
                if track.is_empty() && !self.over {
                    overdue |= self.silent || self.waiting.len() >= MAX_WAITING_FOR_FIRST;
                    if !overdue {
                        return Moment::NotYet;
                    }
                }
                if overdue { track.settle(at_us) } else { track.at(at_us) }
            }
        };
        match found {
            PoseLookup::Exact(sample) | PoseLookup::Interpolated(sample) => Moment::Known(Box::new(sample)),
            PoseLookup::Held { sample, .. } => Moment::Known(Box::new(held(&sample, at_us))),
            PoseLookup::Stale { .. } => Moment::Missing(NotLocated::StalePose),
            PoseLookup::Empty => Moment::Missing(NotLocated::NoTelemetry),
            PoseLookup::NotYet => Moment::NotYet,
        }
    }

    /// A frame of a live camera waits for the report behind it.
    fn ptz_moment(&self, camera: &PtzCamera, looked: &Looked) -> Moment {
        let overdue = self.over
            || self.latest > looked.frame.elapsed + WAIT
            || self.waiting.len() >= MAX_WAITING
            || !camera.live;
        match self.reported(camera, looked, !overdue) {
            PtzLookup::NotYet => Moment::NotYet,
            _ => Moment::Missing(NotLocated::StalePose),
        }
    }

    fn reported(&self, camera: &PtzCamera, looked: &Looked, waits: bool) -> PtzLookup {
        let (time, _) = self.time_without_telemetry(looked);
        camera.track.at(time.as_microsecond(), camera.max_age_us, waits)
    }

    fn ptz(&self, camera: &PtzCamera, looked: &Looked) -> Result<FrameCamera, NotLocated> {
        match self.reported(camera, looked, false) {
            PtzLookup::Stood(report) => camera.at(&report)?.resized(looked.frame.picture.size()),
            PtzLookup::Moving => Err(NotLocated::CameraMoving),
            PtzLookup::Stale | PtzLookup::NotYet => Err(NotLocated::StalePose),
        }
    }

    fn with_sample(&mut self, looked: Looked, sample: &Sample) -> Placed {
        self.learn_takeoff(sample);
        let camera = FrameCamera::from_sample(sample, &self.setup, looked.frame.picture.size());
        let camera = camera.map(|camera| self.in_motion(camera, looked.frame.elapsed));
        let (time, time_quality) = match (sample.time, &self.origin) {
            (Some(time), PoseOrigin::InBand(_)) => (time, quality(TimeSource::Klv, KLV_SIGMA_MILLIS)),
            (Some(time), _) => (time, quality(TimeSource::SideCar, SIDE_CAR_SIGMA_MILLIS)),
            (None, _) => self.time_without_telemetry(&looked),
        };
        Placed { looked, time, time_quality, camera }
    }

    /// Adds what motion does: the uncertain join of video and telemetry counts, and rows are read one after the other.
    fn in_motion(&self, mut camera: FrameCamera, elapsed: Duration) -> FrameCamera {
        let (track, sigma_millis) = match &self.origin {
            PoseOrigin::InBand(track) => (track, KLV_SIGMA_MILLIS),
            PoseOrigin::SideCar(track) => (track, SIDE_CAR_SIGMA_MILLIS),
            PoseOrigin::Fixed(_) | PoseOrigin::Ptz(_) | PoseOrigin::Stills(_) => return camera,
        };
        let Some(motion) = track.motion(self.setup.telemetry_us(elapsed)) else { return camera };
        camera.pose.sigma.time_offset = Some(TimeOffset {
            velocity_enu_m_per_s: motion.velocity_enu_m_per_s.into(),
            turn_enu_rad_per_s: motion.turn_enu_rad_per_s.into(),
            sigma_secs: self.setup.clock_sigma_secs.unwrap_or(sigma_millis / 1_000.0),
        });
        camera.shutter = self.setup.readout.map(|readout| RollingShutter { readout, motion });
        camera
    }

    fn without_sample(&mut self, looked: Looked, reason: NotLocated) -> Placed {
        let (time, time_quality) = self.time_without_telemetry(&looked);
        let camera = match &self.origin {
            PoseOrigin::Fixed(_) => self.fixed(&looked),
            PoseOrigin::Ptz(camera) => self.ptz(camera, &looked),
            _ => Err(reason),
        };
        Placed { looked, time, time_quality, camera }
    }

    /// Returns the fixed camera as it looks now, as far as that is known.
    fn fixed(&mut self, looked: &Looked) -> Result<FrameCamera, NotLocated> {
        let PoseOrigin::Fixed(camera) = &self.origin else { return Err(NotLocated::NoTelemetry) };
        let size = looked.frame.picture.size();
        let change = match self.scene.as_mut().map(|scene| scene.at(&looked.frame)) {
            None | Some(Scene::Steady) => return camera.resized(size),
            Some(Scene::Unknown) => return Err(NotLocated::PoseUnknown),
            Some(Scene::Moved(change)) => &change.registration,
        };
        if self.corrected.as_ref().is_none_or(|known| known.by != change.still_from_reference) {
            let by = change.still_from_reference;
            self.corrected = Some(Corrected { by, camera: turn::corrected(camera, change) });
        }
        let corrected = self.corrected.as_ref().and_then(|known| known.camera.as_ref());
        corrected.ok_or(NotLocated::PoseUnknown)?.resized(size)
    }

    fn time_without_telemetry(&self, looked: &Looked) -> (Timestamp, TimeQuality) {
        if let Some(capture) = looked.frame.capture {
            return (capture.time, capture.quality);
        }
        let (start, quality) = match self.start_time {
            Some(start) => (start, quality(TimeSource::Configured, CONFIGURED_SIGMA_MILLIS)),
            None => (Timestamp::UNIX_EPOCH, quality(TimeSource::Elapsed, UNKNOWN_DATE_SIGMA_MILLIS)),
        };
        let elapsed = SignedDuration::try_from(looked.frame.elapsed).unwrap_or(SignedDuration::ZERO);
        (start.saturating_add(elapsed).unwrap_or(start), quality)
    }

    /// Take-off is the ground below the first place the telemetry tells.
    fn learn_takeoff(&mut self, sample: &Sample) {
        if self.setup.takeoff.is_some() || sample.above_takeoff.is_none() {
            return;
        }
        let ground = |terrain: &dyn Terrain| terrain.height(sample.position?);
        self.setup.takeoff = self.terrain.and_then(ground).map(|height| EllipsoidHeight(height.0));
    }
}

fn known(sample: Option<Sample>, otherwise: NotLocated) -> Moment {
    sample.map_or(Moment::Missing(otherwise), |sample| Moment::Known(Box::new(sample)))
}

/// The sensor's clock went on, or was not yet as far, while its sample was held.
fn held(sample: &Sample, elapsed_us: i64) -> Sample {
    let off = SignedDuration::from_micros(elapsed_us - sample.elapsed_us.unwrap_or(elapsed_us));
    let then = |time: Timestamp| time.saturating_add(off).unwrap_or(time);
    Sample { time: sample.time.map(then), ..sample.clone() }
}

fn quality(source: TimeSource, sigma_millis: f64) -> TimeQuality {
    TimeQuality { source, sigma_millis }
}

pub(crate) fn micros(elapsed: Duration) -> i64 {
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}
