//! `flyonce calibrate mount FLIGHT...`: the constant errors of an aircraft's camera, out of landmarks marked in its pictures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use gis::camera::CameraMotion;
use gis::mount::{Landmark, Mark, Motion, MountConfig, Shot, Solution, solve};
use gis::terrain::TerrainKind;
use gis::{EllipsoidHeight, GeoPoint, GeoidModel, LatLon, NotLocated, Pose, Terrain, geoid};
use jiff::Timestamp;
use models::SizePx;
use pipeline::camera::{CameraSetup, FrameCamera};
use pipeline::heights;
use pipeline::telemetry::Sample;
use serde::{Deserialize, de::DeserializeOwned};

use crate::cli::CalibrateMountArgs;
use crate::commands::georef::input::rows;
use crate::commands::poses::{self, RecordedPose};
use crate::config::{Problem, TerrainEntry, TerrainFile};
use crate::wire::aircraft::ProfileFile;
use crate::{output, wire};

/// Pictures farther apart in time than this say nothing of each other's speed, seconds.
const MOST_APART_SECS: f64 = 5.0;
/// One standard deviation of a surveyed point, metres.
const SURVEYED_SIGMA_M: [f64; 3] = [0.03, 0.03, 0.05];

/// One picture of the flights.
struct Picture {
    name: String,
    time: Option<Timestamp>,
    shot: Shot,
}

/// A line of a table of marks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkLine {
    image: String,
    u: f64,
    v: f64,
    name: String,
}

/// A line of a table of surveyed points.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PointLine {
    name: String,
    lat_deg: f64,
    lon_deg: f64,
    height_m: f64,
}

/// Finds the biases, tells them with their standard deviations, and writes the profile.
///
/// # Errors
/// When a file cannot be read, marks name nothing, or they are too few to tell anything.
pub fn run(args: &CalibrateMountArgs) -> anyhow::Result<ExitCode> {
    let mut problems = Vec::new();
    let dem = dem(args);
    let tiles = wire::terrain::load(&dem, &mut problems);
    let tiles =
        tiles.with_context(|| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))?;
    let pictures = pictures(&args.flights, args.undulation_m, tiles.ground())?;
    let points: Vec<PointLine> = args.points.as_deref().map(table).transpose()?.unwrap_or_default();
    let lines: Vec<MarkLine> = table(&args.marks)?;
    let (names, landmarks) = landmarks(&lines, &points)?;
    let marks = marks(&lines, &pictures, &names)?;
    let shots: Vec<Shot> = pictures.iter().map(|picture| picture.shot).collect();
    let config = MountConfig { mark_sigma_px: args.mark_sigma_px, ..MountConfig::default() };
    let solution = solve(&shots, &marks, &landmarks, tiles.ground(), &config)?;
    let readout_secs = args.out.as_deref().and_then(readout_kept);
    let profile = toml::to_string(&ProfileFile { readout_secs, ..ProfileFile::of(&solution) })?;
    if let Some(path) = &args.out {
        output::write_whole(path, profile.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        tracing::info!("written to {}", path.display());
    }
    output::print(&told(&solution)).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// The time of reading that a profile states already: marks do not tell it.
fn readout_kept(path: &Path) -> Option<f64> {
    toml::from_str::<ProfileFile>(&std::fs::read_to_string(path).ok()?).ok()?.readout_secs
}

fn dem(args: &CalibrateMountArgs) -> TerrainEntry {
    let file = |path: &PathBuf| TerrainFile {
        path: path.clone(),
        heights: args.dem_heights,
        kind: TerrainKind::Unknown,
        sigma_m: Some(args.dem_sigma_m),
    };
    TerrainEntry {
        files: args.dem.iter().map(file).collect(),
        undulation_m: args.undulation_m,
        ..TerrainEntry::default()
    }
}

/// The rows of a table; one that does not fit is named with its line and column.
fn table<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    Ok(rows(path)?.into_iter().map(|(_, row)| row).collect())
}

/// Returns the pictures of all flights that tell their camera, with how each moved.
fn pictures(
    flights: &[PathBuf],
    undulation_m: Option<f64>,
    ground: Option<&dyn Terrain>,
) -> anyhow::Result<Vec<Picture>> {
    let setup = CameraSetup { undulation_m, ..CameraSetup::default() };
    let mut pictures = Vec::new();
    for flight in flights {
        let mut of_flight = if flight.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
            recorded(flight, &setup, ground)?
        } else {
            stills(flight, &setup, ground)?
        };
        of_flight.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| a.name.cmp(&b.name)));
        add_motion(&mut of_flight);
        pictures.extend(of_flight);
    }
    if pictures.is_empty() {
        bail!("no picture of the flights tells place, direction and lens of its camera");
    }
    Ok(pictures)
}

fn stills(path: &Path, setup: &CameraSetup, ground: Option<&dyn Terrain>) -> anyhow::Result<Vec<Picture>> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let samples = wire::source::stills_of(path);
    let mut pictures = Vec::new();
    for (name, sample) in samples {
        let file = folder.join(&name);
        let bytes = wire::map(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let size = pipeline_cv::picture_size(&bytes).with_context(|| file.display().to_string())?;
        match camera(&sample, setup, ground, size) {
            Ok(camera) => pictures.push(picture(name, sample.time, &camera)),
            Err(reason) => tracing::warn!("{}: left out: {reason:?}", file.display()),
        }
    }
    Ok(pictures)
}

/// The pictures of a table; each must tell everything, since a person wrote it.
fn recorded(path: &Path, setup: &CameraSetup, ground: Option<&dyn Terrain>) -> anyhow::Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for RecordedPose { image, line, sample, size } in poses::read(path)? {
        let place = format!("{}: line {line}: image {image:?}", path.display());
        let size =
            size.with_context(|| format!("{place}: give its lens, width_px, height_px and focal_px"))?;
        let camera = camera(&sample, setup, ground, size)
            .map_err(|reason| anyhow!("{place}: no camera of it: {reason:?}"))?;
        pictures.push(picture(image, sample.time, &camera));
    }
    Ok(pictures)
}

/// The camera of a sample; a height of unknown datum is told by the terrain beneath, and that is said.
fn camera(
    sample: &Sample,
    setup: &CameraSetup,
    ground: Option<&dyn Terrain>,
    size: SizePx,
) -> Result<FrameCamera, NotLocated> {
    let by_egm96 = || geoid::undulation_m(GeoidModel::Egm96, sample.position?);
    match heights::settle(sample, ground, setup.undulation_m.or_else(by_egm96)) {
        Some((settled, how)) => {
            tracing::warn!("a height's datum is not stated: {how}");
            FrameCamera::from_sample(&settled, setup, size)
        }
        None => FrameCamera::from_sample(sample, setup, size),
    }
}

fn picture(name: String, time: Option<Timestamp>, camera: &FrameCamera) -> Picture {
    let shot = Shot { intrinsics: camera.intrinsics, pose: camera.pose, motion: None };
    Picture { name, time, shot }
}

/// Speed and turn of each picture out of those before and after it.
fn add_motion(pictures: &mut [Picture]) {
    let known: Vec<(Option<Timestamp>, Pose)> = pictures.iter().map(|p| (p.time, p.shot.pose)).collect();
    for (index, picture) in pictures.iter_mut().enumerate() {
        let near = |other: Option<usize>| other.and_then(|at| known.get(at)).or(known.get(index));
        let (Some(before), Some(after)) = (near(index.checked_sub(1)), near(Some(index + 1))) else {
            continue;
        };
        picture.shot.motion = motion(before, after);
    }
}

fn motion(before: &(Option<Timestamp>, Pose), after: &(Option<Timestamp>, Pose)) -> Option<Motion> {
    let secs = (after.0?.as_microsecond() - before.0?.as_microsecond()) as f64 / 1e6;
    if !(secs > 0.0 && secs <= 2.0 * MOST_APART_SECS) {
        return None;
    }
    let motion = CameraMotion::between(&before.1, &after.1, secs)?;
    let (velocity_enu_m_s, turn_enu_rad_s) = (motion.velocity_enu_m_per_s, motion.turn_enu_rad_per_s);
    Some(Motion { velocity_enu_m_s, turn_enu_rad_s })
}

/// Returns every landmark that is marked, under its name: surveyed where it is among the points.
fn landmarks(
    lines: &[MarkLine],
    points: &[PointLine],
) -> anyhow::Result<(BTreeMap<String, usize>, Vec<Landmark>)> {
    let (mut names, mut landmarks) = (BTreeMap::new(), Vec::new());
    for line in lines {
        if names.contains_key(&line.name) {
            continue;
        }
        names.insert(line.name.clone(), landmarks.len());
        landmarks.push(match points.iter().find(|point| point.name == line.name) {
            None => Landmark::Unknown,
            Some(point) => {
                let wrong = || {
                    format!("point {}: {} {} is not on the globe", point.name, point.lat_deg, point.lon_deg)
                };
                let lat_lon = LatLon::new(point.lat_deg, point.lon_deg).with_context(wrong)?;
                let point = GeoPoint { lat_lon, height: EllipsoidHeight(point.height_m) };
                Landmark::Known { point, sigma_enu_m: SURVEYED_SIGMA_M }
            }
        });
    }
    Ok((names, landmarks))
}

fn marks(
    lines: &[MarkLine],
    pictures: &[Picture],
    names: &BTreeMap<String, usize>,
) -> anyhow::Result<Vec<Mark>> {
    let mark = |line: &MarkLine| {
        let shot = pictures.iter().position(|picture| picture.name == line.image);
        let shot = shot
            .with_context(|| format!("mark of {}: no picture {} tells its camera", line.name, line.image))?;
        if !(line.u.is_finite() && line.v.is_finite()) {
            bail!("mark of {} in {}: {} {} is no place", line.name, line.image, line.u, line.v);
        }
        Ok(Mark {
            shot,
            landmark: names.get(&line.name).copied().unwrap_or(usize::MAX),
            at_px: (line.u, line.v),
        })
    };
    lines.iter().map(mark).collect()
}

/// Says what was found, how sure it is and what the marks do not tell.
fn told(solution: &Solution) -> String {
    let found = solution.told.iter();
    let mut lines: Vec<String> = found
        .map(|(part, found)| format!("{} {:+.3} +- {:.3}", part.key(), found.value, found.sigma))
        .collect();
    for (part, with) in &solution.untold {
        let with: Vec<&str> = with.iter().map(|part| part.key()).collect();
        let why = if with.is_empty() {
            "the marks hardly depend on it".to_owned()
        } else {
            format!("the marks do not tell it from {}", with.join(", "))
        };
        lines.push(format!("{} not observable: {why}", part.key()));
    }
    let (before, after) = solution.rms_px;
    let noise = solution.variance_factor.sqrt();
    lines.push(format!(
        "{} marks, {} far off; {before:.1} px off before, {after:.1} px after; noise is {noise:.2} times as stated",
        solution.marks, solution.outliers,
    ));
    lines.join("\n")
}
