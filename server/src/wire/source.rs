//! Sources: what the configuration says of a feed, checked and ready to be opened.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gis::LatLon;
use jiff::Timestamp;
use models::RgbImage;
use pipeline::PictureZones;
use pipeline::camera::FrameCamera;
use pipeline::telemetry::{self, Sample};
use pipeline_gst::{SourceSpec, SourceUri, StillsSource};

use super::aircraft::Aircraft;
use super::camera::CameraFile;
use super::ptz::Ptz;
use super::{read, read_text};
use crate::config::{Config, Problem, SourceEntry};

/// Telemetry that is known before the first frame.
#[derive(Debug, Clone, Default)]
pub enum Beside {
    /// None; the feed may carry its own.
    #[default]
    Nothing,
    /// Samples on the time line of the video.
    Track(Vec<Sample>),
    /// One sample a picture, by file name.
    Stills(BTreeMap<String, Sample>),
}

/// A feed ready to be opened.
#[derive(Clone)]
pub struct Source {
    /// Name.
    pub id: String,
    /// How to read it.
    pub spec: SourceSpec,
    /// Parts of the picture that count or do not.
    pub zones: PictureZones,
    /// Telemetry beside the video.
    pub beside: Beside,
    /// A fixed camera.
    pub camera: Option<FrameCamera>,
    /// Its head, where it pans, tilts and zooms.
    pub ptz: Option<Ptz>,
    /// What is constant about the aircraft's camera.
    pub aircraft: Option<Aircraft>,
    /// What it saw when it was calibrated.
    pub reference_still: Option<Arc<RgbImage>>,
    /// Place, for orientation.
    pub place: Option<LatLon>,
    /// Capture time of the first frame, where the feed does not tell it.
    pub start_time: Option<Timestamp>,
    /// A recording that stands for what is seen now.
    pub as_now: bool,
}

/// Prepares every source; problems are noted and the source left out.
pub fn prepare(config: &Config, problems: &mut Vec<Problem>) -> Vec<Source> {
    let one = |entry: &SourceEntry| source(entry, config.analysis.fps, &entry.key, problems);
    config.sources.iter().filter_map(one).collect()
}

fn source(entry: &SourceEntry, default_fps: f64, key: &str, problems: &mut Vec<Problem>) -> Option<Source> {
    let uri = SourceUri::parse(&entry.uri)
        .map_err(|error| problems.push(Problem::new(format!("{key}.uri"), error)))
        .ok()?;
    if let SourceUri::File(path) = &uri
        && !path.exists()
    {
        problems.push(Problem::warning(format!("{key}.uri"), format!("{} does not exist", path.display())));
    }
    let beside = beside(entry, &uri, key, problems)?;
    let camera = match &entry.camera {
        Some(path) => Some(fixed_camera(path, &format!("{key}.camera"), problems)?),
        None => None,
    };
    let ptz = match (&entry.ptz, &entry.camera) {
        (Some(ptz), Some(camera)) => {
            Some(super::ptz::prepare(ptz, camera, entry.start_time, &format!("{key}.ptz"), problems)?)
        }
        _ => None,
    };
    let aircraft = match &entry.aircraft {
        Some(path) => Some(super::aircraft::load(path, &format!("{key}.aircraft"), problems)?),
        None => None,
    };
    let reference_still = match &entry.reference_still {
        Some(path) => Some(picture(path, &format!("{key}.reference_still"), problems)?),
        None => None,
    };
    if let Some(message) = undated(entry, &uri, &beside) {
        problems.push(Problem::warning(format!("{key}.start_time"), message));
    }
    let fps = entry.fps.unwrap_or(default_fps);
    let mut spec = SourceSpec::new(&entry.id, uri);
    spec.analysis_fps = (fps > 0.0).then_some(fps);
    spec.clock = Some(crate::clock::now);
    let place = entry.place.and_then(crate::config::PlaceEntry::lat_lon);
    Some(Source {
        id: entry.id.clone(),
        spec,
        zones: PictureZones {
            regions_of_interest: entry.regions_of_interest.clone(),
            permanent_water: entry.permanent_water.clone(),
        },
        beside,
        place: place.or_else(|| camera.as_ref().map(|c| c.pose.point.lat_lon)),
        camera,
        ptz,
        aircraft,
        reference_still,
        start_time: entry.start_time,
        as_now: entry.as_now,
    })
}

/// Says that the capture times of a source will have no date.
fn undated(entry: &SourceEntry, uri: &SourceUri, beside: &Beside) -> Option<&'static str> {
    let located = match beside {
        Beside::Track(samples) => samples.iter().all(|sample| sample.time.is_none()),
        Beside::Nothing => entry.camera.is_some(),
        Beside::Stills(_) => false,
    };
    let undated = located && entry.start_time.is_none() && !uri.live();
    undated.then_some("missing: nothing tells the date, so times and deadlines will count from 1970")
}

fn fixed_camera(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<FrameCamera> {
    let text = read_text(path, key, problems)?;
    CameraFile::parse(&text)
        .and_then(|file| file.camera())
        .map_err(|reason| problems.push(Problem::new(key, format!("{}: {reason}", path.display()))))
        .ok()
}

fn picture(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<Arc<RgbImage>> {
    let bytes = read(path, key, problems)?;
    pipeline_cv::decode_picture(&bytes)
        .map_err(|error| problems.push(Problem::new(key, format!("{}: {error}", path.display()))))
        .ok()
        .map(Arc::new)
}

/// Reads a side-car, the track inside a container, or what the stills of a folder say of themselves.
fn beside(entry: &SourceEntry, uri: &SourceUri, key: &str, problems: &mut Vec<Problem>) -> Option<Beside> {
    if let Some(path) = &entry.telemetry {
        return side_car(path, &format!("{key}.telemetry"), problems);
    }
    match uri {
        SourceUri::File(path) if path.is_dir() => Some(Beside::Stills(stills(path))),
        SourceUri::File(path) if StillsSource::takes(path) => {
            Some(Beside::Stills(still(path).into_iter().collect()))
        }
        SourceUri::File(path) if entry.camera.is_none() && has_track(path) => Some(inside(path)),
        _ => Some(Beside::Nothing),
    }
}

fn side_car(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<Beside> {
    let bytes = read(path, key, problems)?;
    let reading = telemetry::read_file_bytes(&path.to_string_lossy(), &bytes)
        .map_err(|error| problems.push(Problem::new(key, error)))
        .ok()?;
    for problem in &reading.problems {
        problems.push(Problem::warning(key, format!("{}: {problem}", path.display())));
    }
    Some(Beside::Track(samples(&reading)))
}

fn samples(reading: &telemetry::Reading) -> Vec<Sample> {
    reading.records.iter().filter_map(|record| record.usable().cloned()).collect()
}

fn has_track(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    matches!(extension.as_deref(), Some("mp4" | "mov"))
}

/// A container without a track that is understood is a video without telemetry, and no problem.
fn inside(path: &Path) -> Beside {
    let Ok(bytes) = super::map(path) else { return Beside::Nothing };
    match telemetry::read_file_bytes(&path.to_string_lossy(), &bytes) {
        Ok(reading) => Beside::Track(samples(&reading)),
        Err(reason) => {
            tracing::info!("{}: no telemetry inside: {reason}", path.display());
            Beside::Nothing
        }
    }
}

/// Returns what the stills of a folder, or one still, say of their cameras, by file name.
pub fn stills_of(path: &Path) -> BTreeMap<String, Sample> {
    if path.is_dir() { stills(path) } else { still(path).into_iter().collect() }
}

fn stills(folder: &Path) -> BTreeMap<String, Sample> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let files = entries.flatten().map(|entry| entry.path());
    files.filter(|path| path.is_file() && StillsSource::takes(path)).filter_map(|path| still(&path)).collect()
}

/// What one picture says of its camera, under its name.
fn still(path: &Path) -> Option<(String, Sample)> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let bytes = super::map(path).ok()?;
    let reading = telemetry::read_file_bytes(&name, &bytes).ok()?;
    let sample = samples(&reading).into_iter().next()?;
    Some((name, sample))
}

/// Returns the name of an input that has none: the file's stem, else the address.
pub fn name_of(input: &str) -> String {
    let stem = || Path::new(input).file_stem().map(|s| s.to_string_lossy().into_owned());
    if input.contains("://") { masked(input) } else { stem().unwrap_or_else(|| input.to_owned()) }
}

fn masked(input: &str) -> String {
    SourceUri::parse(input).map_or_else(|error| error.uri, |uri| uri.to_string())
}

/// Ends live sources after a time.
pub fn limit(sources: &mut [Source], after: Duration) {
    for source in sources.iter_mut().filter(|source| source.spec.uri.live()) {
        source.spec.max_duration = Some(after);
    }
}
