//! Runs sources: files one after the other with all workers, live ones beside each other with one worker each.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pipeline::camera::{CameraSetup, FrameCamera};
use pipeline::detect::PackDetector;
use pipeline::heights;
use pipeline::place::{Placed, Placer, PoseOrigin};
use pipeline::poses::{PoseConfig, PoseTrack};
use pipeline::ptz::{PtzCamera, PtzTrack};
use pipeline::runner::{Feed, FeedStats, run};
use pipeline::scale::Scaled;
use pipeline::scene::SceneWatch;
use pipeline::telemetry::Sample;
use pipeline::{Detector, FrameSource, SourceError};
use pipeline_cv::CvRegistrar;
use pipeline_gst::{GstSource, SourceUri, StillsSource};

use super::ptz::Listener;
use super::stop::Stop;
use crate::clock;
use crate::config::Config;
use crate::wire::ptz::{Ptz, Reports};
use crate::wire::source::Beside;
use crate::wire::{Source, Tiles};

/// What running a source came to.
pub struct FeedResult {
    /// The source.
    pub id: String,
    /// Counts and cost.
    pub stats: FeedStats,
    /// What was known last of a fixed camera's view.
    pub view: Option<String>,
    /// What was assumed of heights and applied to poses, in words.
    pub pose_notes: Vec<String>,
    /// Why it ended early.
    pub error: Option<String>,
}

/// Takes the frames of all sources, from many threads.
pub trait FrameSink: Sync {
    /// Takes one frame.
    ///
    /// # Errors
    /// What is told of the source at its end; its feed goes on.
    fn take(&self, source: &Source, placed: &Placed) -> Result<(), String>;
}

/// What all sources of a run share.
pub struct Shared<'a> {
    /// Configuration.
    pub config: &'a Config,
    /// Ground heights.
    pub terrain: &'a Tiles,
    /// Some pack asks for tiles, so that frames must know their scale before they are looked at.
    pub scaled: bool,
    /// Where frames go.
    pub sink: &'a dyn FrameSink,
    /// The switch.
    pub stop: &'a Stop,
    /// Told after every frame: source, frames of it so far, time in the feed.
    pub progress: &'a (dyn Fn(&Source, u64, Duration) + Sync),
}

/// Runs every source to its end; a source that fails never disturbs another.
pub fn run_sources(shared: &Shared<'_>, sources: &[Source], workers: Vec<PackDetector>) -> Vec<FeedResult> {
    let (live, files): (Vec<&Source>, Vec<&Source>) = sources.iter().partition(|s| s.spec.uri.live());
    let mut detectors: Vec<Box<dyn Detector>> =
        workers.into_iter().map(|w| Box::new(w) as Box<dyn Detector>).collect();
    let mut results: Vec<FeedResult> = files
        .into_iter()
        .take_while(|_| !shared.stop.thrown())
        .map(|source| run_source(shared, source, &mut detectors))
        .collect();
    let beside = std::thread::scope(|scope| {
        let started: Vec<_> = live
            .into_iter()
            .zip(detectors.chunks_mut(1))
            .map(|(source, own)| (source, scope.spawn(move || run_source(shared, source, own))))
            .collect();
        started
            .into_iter()
            .map(|(source, thread)| thread.join().unwrap_or_else(|_| panicked(source)))
            .collect::<Vec<_>>()
    });
    results.extend(beside);
    results
}

fn panicked(source: &Source) -> FeedResult {
    let error = Some("a fault inside flyonce ended this source; please report it".to_owned());
    failed(source, error)
}

fn failed(source: &Source, error: Option<String>) -> FeedResult {
    let stats = FeedStats::default();
    FeedResult { id: source.id.clone(), stats, view: None, pose_notes: Vec::new(), error }
}

/// Runs one source to its end.
pub fn run_source(shared: &Shared<'_>, source: &Source, detectors: &mut [Box<dyn Detector>]) -> FeedResult {
    match open(source, shared.stop) {
        Ok(mut frames) => run_open(shared, source, frames.as_mut(), detectors),
        Err(error) => failed(source, Some(error.to_string())),
    }
}

/// Opens the frames of a source.
///
/// # Errors
/// When it cannot be opened.
pub fn open(source: &Source, stop: &Stop) -> Result<Box<dyn FrameSource>, SourceError> {
    if let SourceUri::File(path) = &source.spec.uri
        && StillsSource::takes(path)
    {
        return Ok(Box::new(StillsSource::open(path)?));
    }
    let opened = GstSource::open(source.spec.clone())?;
    stop.add(opened.handle());
    Ok(Box::new(opened))
}

fn run_open(
    shared: &Shared<'_>,
    source: &Source,
    frames: &mut dyn FrameSource,
    detectors: &mut [Box<dyn Detector>],
) -> FeedResult {
    let (origin, pose_notes) = origin(shared.config, shared.terrain, source);
    let _listener = listen(source, &origin);
    let setup = camera_setup(shared.config, source);
    let mut placer = Placer::new(origin.clone(), setup.clone(), shared.terrain.ground(), source.start_time);
    if source.camera.is_some() && source.ptz.is_none() {
        let reference = source.reference_still.as_deref().cloned();
        placer = placer.with_scene(SceneWatch::new(Box::new(CvRegistrar), reference));
    }
    if shared.scaled {
        let mut scaled = Scaled::new(frames, origin, setup, shared.terrain.ground());
        return FeedResult { pose_notes, ..run_placed(shared, source, &mut scaled, placer, detectors) };
    }
    FeedResult { pose_notes, ..run_placed(shared, source, frames, placer, detectors) }
}

/// Returns what is known of a source's camera before any telemetry.
pub fn camera_setup(config: &Config, source: &Source) -> CameraSetup {
    CameraSetup {
        undulation_m: config.terrain.undulation_m,
        mount: source.aircraft.map(|aircraft| aircraft.mount),
        clock_sigma_secs: source.aircraft.and_then(|aircraft| aircraft.clock_sigma_secs),
        readout: source.aircraft.and_then(|aircraft| aircraft.readout),
        ..CameraSetup::default()
    }
}

fn run_placed(
    shared: &Shared<'_>,
    source: &Source,
    frames: &mut dyn FrameSource,
    mut placer: Placer<'_>,
    detectors: &mut [Box<dyn Detector>],
) -> FeedResult {
    let mut failure: Option<String> = None;
    let mut count = 0;
    let mut later = None;
    let mut take = |placed: Vec<Placed>| {
        for mut placed in placed {
            count += 1;
            if source.as_now {
                placed.time = moved(placed.time, &mut later);
            }
            (shared.progress)(source, count, placed.looked.frame.elapsed);
            if let Err(error) = shared.sink.take(source, &placed) {
                failure.get_or_insert(error);
            }
        }
    };
    // The source keeps its own queue; one frame more for each worker is enough to keep them busy.
    let feed = Feed { zones: &source.zones, queue: detectors.len(), stop: shared.stop.flag() };
    let (stats, ended) = run(&feed, frames, detectors, |event| take(placer.push(event)));
    take(placer.finish());
    let nothing = stats.frames == 0 && !shared.stop.thrown();
    let no_frame = nothing.then(|| format!("{} gave no frame", source.spec.uri));
    let error = ended.err().map(|error| error.to_string()).or(failure).or(no_frame);
    let view = placer.scene().map(ToString::to_string);
    FeedResult { id: source.id.clone(), stats, view, pose_notes: Vec::new(), error }
}

/// Returns a time of a recording as if its first frame, which sets `later`, were of now.
fn moved(time: Timestamp, later: &mut Option<SignedDuration>) -> Timestamp {
    let later = *later.get_or_insert_with(|| clock::now().duration_since(time));
    time.checked_add(later).unwrap_or(time)
}

/// Returns where poses come from, heights of unknown datum settled, and what was assumed and applied on the way.
pub fn origin(config: &Config, terrain: &Tiles, source: &Source) -> (PoseOrigin, Vec<String>) {
    let mut beside = source.beside.clone();
    let mut samples: Vec<&mut Sample> = match &mut beside {
        Beside::Nothing => Vec::new(),
        Beside::Track(samples) => samples.iter_mut().collect(),
        Beside::Stills(samples) => samples.values_mut().collect(),
    };
    let undulation_m = config.terrain.undulation_m;
    let heights = heights::settle_flight(&mut samples, terrain.ground(), undulation_m);
    let profile = source.aircraft.and_then(|aircraft| aircraft.told());
    let notes: Vec<String> = heights.map(|heights| heights.to_string()).into_iter().chain(profile).collect();
    for note in &notes {
        tracing::warn!("{}: {note}", source.id);
    }
    (origin_of(config, source, &beside), notes)
}

fn origin_of(config: &Config, source: &Source, beside: &Beside) -> PoseOrigin {
    let max_age_us = (config.analysis.max_pose_age_secs * 1e6) as i64;
    let poses = PoseConfig { max_age_us, ..PoseConfig::default() };
    if let (Some(base), Some(ptz)) = (&source.camera, &source.ptz) {
        return PoseOrigin::Ptz(Box::new(ptz_camera(base, ptz)));
    }
    match (&source.camera, beside) {
        (Some(camera), _) => PoseOrigin::Fixed(Box::new(camera.clone())),
        (None, Beside::Stills(samples)) => PoseOrigin::Stills(samples.clone()),
        (None, Beside::Track(samples)) => PoseOrigin::SideCar(side_car(samples, poses, source.start_time)),
        (None, Beside::Nothing) => PoseOrigin::InBand(PoseTrack::new(poses)),
    }
}

fn ptz_camera(base: &FrameCamera, ptz: &Ptz) -> PtzCamera {
    let track = match &ptz.reports {
        Reports::Table(reports) => PtzTrack::of(reports.iter().copied()),
        Reports::Onvif(..) => PtzTrack::default(),
    };
    PtzCamera {
        base: base.clone(),
        head: ptz.head.clone(),
        sigma_deg: ptz.sigma_deg,
        max_age_us: ptz.max_age_us,
        live: matches!(ptz.reports, Reports::Onvif(..)),
        track,
    }
}

/// Starts to ask a camera that says where it looks.
fn listen(source: &Source, origin: &PoseOrigin) -> Option<Listener> {
    let (PoseOrigin::Ptz(camera), Reports::Onvif(endpoint, every)) = (origin, &source.ptz.as_ref()?.reports)
    else {
        return None;
    };
    Some(Listener::start(source.id.clone(), endpoint.clone(), *every, camera.track.clone()))
}

/// Puts samples on the time line of the video: by their elapsed time, else by their clock from the start of the video.
fn side_car(samples: &[Sample], config: PoseConfig, start: Option<Timestamp>) -> PoseTrack {
    let capacity = config.capacity.max(samples.len());
    let mut track = PoseTrack::new(PoseConfig { capacity, ..config });
    let start = start.or_else(|| samples.iter().find_map(|sample| sample.time));
    for sample in samples {
        let by_clock = || Some(sample.time?.as_microsecond() - start?.as_microsecond());
        if let Some(at_us) = sample.elapsed_us.or_else(by_clock) {
            track.push(at_us, Sample { elapsed_us: Some(at_us), ..sample.clone() });
        }
    }
    track.finish();
    track
}
