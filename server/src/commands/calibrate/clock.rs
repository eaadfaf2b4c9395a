//! `flyonce calibrate clock`: how far the clock of the telemetry is off, out of how the picture turns from frame to frame.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use gis::mount::MountBias;
use gis::mount::Part;
use gis::mount::clock::{ClockOffset, Step, clock_offset};
use gis::{Intrinsics, Pose, Terrain};
use models::SizePx;
use pipeline::camera::{CameraSetup, FrameCamera};
use pipeline::place::PoseOrigin;
use pipeline::poses::{PoseConfig, PoseLookup, PoseTrack};
use pipeline::scene::Features;
use pipeline::{Frame, Item};
use pipeline_cv::{features, register};

use crate::analysis::{Stop, feed};
use crate::cli::CalibrateClockArgs;
use crate::config::{self, Config, Problem};
use crate::output;
use crate::wire::aircraft::ProfileFile;
use crate::wire::{self, Source, Tiles};

/// Pictures wider than this are compared at this width, pixels.
const MOST_WIDTH_PX: u32 = 640;
/// Samples of a flight that are kept.
const MOST_SAMPLES: usize = 1_000_000;
/// Frames a second and seconds that may be asked for.
const FPS: std::ops::RangeInclusive<f64> = 1.0..=30.0;
const RANGE_SECS: std::ops::RangeInclusive<f64> = 0.2..=10.0;

/// What the video gave.
struct Seen {
    steps: Vec<Step>,
    size: SizePx,
    track: PoseTrack,
}

/// Finds the offset, tells it with its standard deviation, and writes it to the profile.
///
/// # Errors
/// When the source cannot be read or does not tell its clock.
pub fn run(args: &CalibrateClockArgs) -> anyhow::Result<ExitCode> {
    check("--fps", args.fps, &FPS)?;
    check("--range-secs", args.range_secs, &RANGE_SECS)?;
    let (config, terrain, source) = source(args)?;
    let (origin, _) = feed::origin(&config, &terrain, &source);
    let in_band = matches!(origin, PoseOrigin::InBand(_));
    let track = match origin {
        PoseOrigin::SideCar(track) => track,
        PoseOrigin::InBand(_) => {
            PoseTrack::new(PoseConfig { capacity: MOST_SAMPLES, ..PoseConfig::default() })
        }
        PoseOrigin::Fixed(_) | PoseOrigin::Ptz(_) | PoseOrigin::Stills(_) => {
            bail!("source {}: only a video with moving poses tells the clock of its telemetry", source.id)
        }
    };
    let seen = look(&source, track, in_band, args.most_secs)?;
    let found = offset(&config, &terrain, &source, &seen, args.range_secs)?;
    if let Some(path) = &args.out {
        keep(path, &found)?;
    }
    output::print(&told(&found)).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn check(name: &str, value: f64, range: &std::ops::RangeInclusive<f64>) -> anyhow::Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    bail!("{name} must be from {} to {}, is {value}", range.start(), range.end())
}

/// Reads of the configuration what this needs: the source and the terrain.
fn source(args: &CalibrateClockArgs) -> anyhow::Result<(Config, Tiles, Source)> {
    let (config, mut problems) = config::read(&args.config)?;
    let terrain = wire::terrain::load(&config.terrain, &mut problems);
    let mut sources = wire::source::prepare(&config, &mut problems);
    let errors: Vec<String> = problems.iter().filter(|p| !p.warning).map(Problem::to_string).collect();
    if !errors.is_empty() {
        bail!("{}", errors.join("; "));
    }
    match &args.source {
        Some(id) => sources.retain(|source| source.id == *id),
        None => sources.retain(|source| source.camera.is_none()),
    }
    let count = sources.len();
    let mut source = sources.pop().filter(|_| count == 1).with_context(|| match &args.source {
        Some(id) => format!("{}: no source {id:?}", args.config.display()),
        None => {
            format!("{}: {count} sources have moving poses: name one with --source", args.config.display())
        }
    })?;
    source.spec.analysis_fps = Some(args.fps);
    Ok((config, terrain.context("the terrain cannot be read")?, source))
}

/// Goes through the video once; packets in it count where nothing lies beside it.
fn look(source: &Source, mut track: PoseTrack, in_band: bool, most_secs: f64) -> anyhow::Result<Seen> {
    let mut frames = feed::open(source, &Stop::default())?;
    let mut steps = Vec::new();
    let mut before: Option<(f64, Features)> = None;
    let mut size = None;
    let mut latest_us = 0;
    while let Some(item) = frames.next()? {
        let frame = match item {
            Item::Frame(frame) => frame,
            Item::Telemetry(packet) => {
                if in_band {
                    track.push_klv(&packet, latest_us);
                }
                continue;
            }
        };
        let at_secs = frame.elapsed.as_secs_f64();
        if at_secs > most_secs {
            break;
        }
        latest_us = (at_secs * 1e6) as i64;
        let size = *size.get_or_insert_with(|| compared(frame.picture.size()));
        let now = of_frame(&frame, size)?;
        if let Some((then_secs, then)) = &before {
            steps.extend(step((*then_secs, at_secs), then, &now)?);
        }
        before = Some((at_secs, now));
    }
    track.finish();
    let size = size.with_context(|| format!("{} gave no frame", source.spec.uri))?;
    Ok(Seen { steps, size, track })
}

/// The size at which pictures are compared.
fn compared(size: SizePx) -> SizePx {
    if size.width <= MOST_WIDTH_PX {
        return size;
    }
    let height = f64::from(size.height) * f64::from(MOST_WIDTH_PX) / f64::from(size.width);
    SizePx { width: MOST_WIDTH_PX, height: height.round().max(1.0) as u32 }
}

fn of_frame(frame: &Frame, size: SizePx) -> anyhow::Result<Features> {
    let picture = frame.picture.rgb(size).with_context(|| format!("frame {}", frame.index))?;
    let found = features(&picture, size).with_context(|| format!("frame {}", frame.index))?;
    frame.picture.recycle(picture);
    Ok(found)
}

/// Two frames as a step; none where the one does not lie on the other.
fn step(at_secs: (f64, f64), then: &Features, now: &Features) -> anyhow::Result<Option<Step>> {
    let registration = register(then, now)?;
    let places =
        registration.map(|found| found.pairs.iter().map(|pair| (pair.reference_px, pair.still_px)).collect());
    Ok(places.map(|places| Step { at_secs, places }))
}

fn offset(
    config: &Config,
    terrain: &Tiles,
    source: &Source,
    seen: &Seen,
    range_secs: f64,
) -> anyhow::Result<ClockOffset> {
    // What is looked for must not be applied already.
    let setup = feed::camera_setup(config, source);
    let mount = setup.mount.map(|mount| MountBias { time_offset_secs: 0.0, ..mount });
    let setup = CameraSetup { mount, ..setup };
    let camera = |secs: f64| -> Option<FrameCamera> {
        let found = seen.track.settle((secs * 1e6) as i64);
        let (PoseLookup::Exact(sample) | PoseLookup::Interpolated(sample)) = found else { return None };
        FrameCamera::from_sample(&sample, &setup, seen.size).ok()
    };
    let first = seen.steps.iter().find_map(|step| camera(step.at_secs.0)).ok_or_else(|| {
        anyhow!("source {}: no frame has telemetry that tells place, direction and lens", source.id)
    })?;
    let ground: &dyn Terrain = first
        .ground(terrain.ground())
        .with_context(|| format!("source {}: the ground is not known: give [terrain]", source.id))?;
    let camera_at = |secs: f64| -> Option<(Intrinsics, Pose)> {
        camera(secs).map(|camera| (camera.intrinsics, camera.pose))
    };
    clock_offset(&seen.steps, &camera_at, ground, range_secs).with_context(|| format!("source {}", source.id))
}

/// Writes the offset beside what a profile states already.
fn keep(path: &Path, found: &ClockOffset) -> anyhow::Result<()> {
    let mut profile = match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str::<ProfileFile>(&text).with_context(|| path.display().to_string())?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => ProfileFile::default(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    profile.bias.insert(Part::TimeOffset, found.offset_secs);
    profile.sigma.insert(Part::TimeOffset, found.sigma_secs);
    output::write_whole(path, toml::to_string(&profile)?.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    tracing::info!("written to {}", path.display());
    Ok(())
}

fn told(found: &ClockOffset) -> String {
    let (before, after) = found.unexplained_deg;
    format!(
        "{} {:+.3} +- {:.3}\n{} steps from frame to frame; turn not explained by the telemetry {before:.2} degrees as recorded, {after:.2} with the offset",
        Part::TimeOffset.key(),
        found.offset_secs,
        found.sigma_secs,
        found.steps,
    )
}
