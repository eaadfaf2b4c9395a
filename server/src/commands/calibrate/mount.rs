//! `flyonce calibrate mount FLIGHT...`: the constant errors of an aircraft's camera, out of landmarks marked in its pictures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use gis::camera::{HeadingSource, PoseSigma, PositionSource};
use gis::geodesy::LocalFrame;
use gis::mount::{Landmark, Mark, Motion, MountConfig, Shot, Solution, solve};
use gis::{Attitude, EllipsoidHeight, GeoPoint, Intrinsics, LatLon, Pose};
use jiff::Timestamp;
use pipeline::camera::{CameraSetup, FrameCamera};
use serde::{Deserialize, de::DeserializeOwned};

use crate::cli::CalibrateMountArgs;
use crate::commands::georef::input::rows;
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

/// A line of a table of poses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoseLine {
    image: String,
    lat_deg: f64,
    lon_deg: f64,
    height_m: f64,
    heading_deg: f64,
    pitch_deg: f64,
    roll_deg: f64,
    width_px: f64,
    height_px: f64,
    focal_px: f64,
    #[serde(default)]
    time: Option<Timestamp>,
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
    let pictures = pictures(&args.flights, args.undulation_m)?;
    let points: Vec<PointLine> = args.points.as_deref().map(table).transpose()?.unwrap_or_default();
    let lines: Vec<MarkLine> = table(&args.marks)?;
    let (names, landmarks) = landmarks(&lines, &points)?;
    let marks = marks(&lines, &pictures, &names)?;
    let mut problems = Vec::new();
    let dem = dem(args);
    let tiles = wire::terrain::load(&dem, &mut problems);
    let tiles =
        tiles.with_context(|| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))?;
    let shots: Vec<Shot> = pictures.iter().map(|picture| picture.shot).collect();
    let config = MountConfig { mark_sigma_px: args.mark_sigma_px, ..MountConfig::default() };
    let solution = solve(&shots, &marks, &landmarks, tiles.ground(), &config)?;
    let profile = toml::to_string(&ProfileFile::of(&solution))?;
    if let Some(path) = &args.out {
        output::write_whole(path, profile.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        tracing::info!("written to {}", path.display());
    }
    output::print(&told(&solution)).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn dem(args: &CalibrateMountArgs) -> TerrainEntry {
    let file = |path: &PathBuf| TerrainFile {
        path: path.clone(),
        heights: args.dem_heights,
        sigma_m: args.dem_sigma_m,
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
fn pictures(flights: &[PathBuf], undulation_m: Option<f64>) -> anyhow::Result<Vec<Picture>> {
    let setup = CameraSetup { undulation_m, ..CameraSetup::default() };
    let mut pictures = Vec::new();
    for flight in flights {
        let mut of_flight = if flight.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
            table(flight)?.into_iter().map(recorded).collect::<anyhow::Result<Vec<Picture>>>()?
        } else {
            stills(flight, &setup)?
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

fn stills(path: &Path, setup: &CameraSetup) -> anyhow::Result<Vec<Picture>> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let samples = wire::source::stills_of(path);
    let mut pictures = Vec::new();
    for (name, sample) in samples {
        let file = folder.join(&name);
        let bytes = wire::map(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let size = pipeline_cv::picture_size(&bytes).with_context(|| file.display().to_string())?;
        match FrameCamera::from_sample(&sample, setup, size) {
            Ok(camera) => {
                let shot = Shot { intrinsics: camera.intrinsics, pose: camera.pose, motion: None };
                pictures.push(Picture { name, time: sample.time, shot });
            }
            Err(reason) => tracing::warn!("{}: left out: {reason:?}", file.display()),
        }
    }
    Ok(pictures)
}

fn recorded(line: PoseLine) -> anyhow::Result<Picture> {
    let wrong = || format!("picture {}: {} {} is not on the globe", line.image, line.lat_deg, line.lon_deg);
    let lat_lon = LatLon::new(line.lat_deg, line.lon_deg).with_context(wrong)?;
    let point = GeoPoint { lat_lon, height: EllipsoidHeight(line.height_m) };
    let attitude =
        Attitude { heading_deg: line.heading_deg, pitch_deg: line.pitch_deg, roll_deg: line.roll_deg };
    let pose =
        Pose::from_attitude(point, attitude, PoseSigma::usual(PositionSource::Gnss, HeadingSource::Compass));
    if !pose.is_usable() {
        bail!("picture {}: place and direction must be finite numbers", line.image);
    }
    let intrinsics = Intrinsics::centred(line.width_px, line.height_px, line.focal_px)
        .with_context(|| format!("picture {}", line.image))?;
    let shot = Shot { intrinsics, pose, motion: None };
    Ok(Picture { name: line.image, time: line.time, shot })
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
    let way = LocalFrame::at(before.1.point).enu_from_point(after.1.point);
    let turn = (after.1.enu_from_camera * before.1.enu_from_camera.inverse()).scaled_axis();
    Some(Motion { velocity_enu_m_s: way / secs, turn_enu_rad_s: turn / secs })
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
