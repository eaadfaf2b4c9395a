//! The cameras of `georef`: of stills, of a poses file, or one that is fixed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use gis::camera::{CameraMotion, Readout, RollingShutter};
use gis::geoid::{self, GeoidModel};
use gis::{Intrinsics, NotLocated, Pose, Terrain};
use jiff::Timestamp;
use models::SizePx;
use pipeline::camera::{CameraSetup, FrameCamera};
use pipeline::heights;
use pipeline::telemetry::{self, Sample};

use super::Reason;
use crate::cli::GeorefArgs;
use crate::commands::poses;
use crate::wire::camera::CameraFile;

/// Shapes of picture and lens that differ by more than this share do not belong together.
const SHAPE_WITHIN: f64 = 0.01;
/// Pictures farther apart in time than this, before and after one, say nothing of how it moved, seconds.
const MOST_APART_SECS: f64 = 4.0;

/// A picture whose pose is told by a sample.
pub struct Shot {
    /// What is known of its camera.
    pub sample: Sample,
    size: Option<SizePx>,
}

/// All cameras before terrain is known.
pub struct Cameras {
    lens: Option<Intrinsics>,
    fixed: Option<FrameCamera>,
    readout: Option<Readout>,
    /// By the name given: path or image column.
    shots: BTreeMap<String, Result<Shot, NotLocated>>,
}

/// All cameras, ready to look.
pub struct Settled {
    fixed: Option<FrameCamera>,
    shots: BTreeMap<String, Result<FrameCamera, Reason>>,
}

impl Cameras {
    /// Reads what the command line names.
    ///
    /// # Errors
    /// When a file cannot be read or used, or parts do not fit together.
    pub fn load(args: &GeorefArgs) -> anyhow::Result<Self> {
        let file = args.camera.as_deref().map(camera_file).transpose()?;
        let named = |error: String| anyhow!("{}: {error}", shown(args.camera.as_deref()));
        let lens = file.as_ref().map(CameraFile::lens).transpose().map_err(named)?;
        let readout = file.as_ref().map(CameraFile::readout).transpose().map_err(named)?.flatten();
        let moving = !args.stills.is_empty() || args.pose.is_some();
        let fixed = match &file {
            Some(file) if !moving => Some(file.camera().map_err(named)?),
            _ => None,
        };
        let mut shots = BTreeMap::new();
        for path in &args.stills {
            shots.insert(path.to_string_lossy().into_owned(), still(path, lens.as_ref())?);
        }
        if let Some(path) = &args.pose {
            for pose in poses::read(path)? {
                if lens.is_none() && pose.sample.lens.is_none() {
                    let columns = "columns width_px, height_px and focal_px";
                    bail!("{}: line {}: no lens: give --camera or {columns}", path.display(), pose.line);
                }
                shots.insert(pose.image, Ok(Shot { sample: pose.sample, size: pose.size }));
            }
        }
        if shots.is_empty() && fixed.is_none() {
            bail!(
                "nothing to look through: give stills, --camera with --pose, or --camera of a fixed camera"
            );
        }
        warn_of_same_names(&shots);
        Ok(Self { lens, fixed, readout, shots })
    }

    /// Returns the samples that tell where their camera is.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.shots.values().filter_map(|shot| shot.as_ref().ok()).map(|shot| &shot.sample)
    }

    /// Returns the fixed camera, if there is one.
    pub fn fixed(&self) -> Option<&FrameCamera> {
        self.fixed.as_ref()
    }

    /// Returns every camera over the ground; heights of unknown datum are read by it, and that is said.
    pub fn settle(self, ground: Option<&dyn Terrain>, args: &GeorefArgs) -> Settled {
        let setup =
            CameraSetup { intrinsics: self.lens, undulation_m: args.undulation, ..CameraSetup::default() };
        let time = |(name, shot): (&String, &Result<Shot, NotLocated>)| {
            Some((name.clone(), shot.as_ref().ok()?.sample.time?))
        };
        let times: BTreeMap<String, Timestamp> = self.shots.iter().filter_map(time).collect();
        let settled = self.shots.into_iter().map(|(name, shot)| {
            let camera = shot.map_err(Reason::from).and_then(|shot| camera(&name, &shot, &setup, ground));
            (name, camera)
        });
        let mut shots = settled.collect();
        if let Some(readout) = self.readout {
            add_shutters(&mut shots, &times, readout);
        }
        Settled { fixed: self.fixed, shots }
    }
}

impl Settled {
    /// Returns the camera of a picture by the name given or its base name; a fixed camera is that of any picture.
    ///
    /// # Errors
    /// When there is no such picture, or it does not tell its camera.
    pub fn of(&self, image: &str) -> Result<&FrameCamera, Reason> {
        if let Some(fixed) = &self.fixed {
            return Ok(fixed);
        }
        let by_base = || self.shots.iter().find(|(name, _)| base(name) == image).map(|(_, camera)| camera);
        let shot = self.shots.get(image).or_else(by_base).ok_or(Reason::UnknownImage)?;
        shot.as_ref().map_err(|reason| *reason)
    }
}

/// Reads a camera file.
///
/// # Errors
/// When it cannot be read or is no camera.
pub fn camera_file(path: &Path) -> anyhow::Result<CameraFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    CameraFile::parse(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

fn still(path: &Path, lens: Option<&Intrinsics>) -> anyhow::Result<Result<Shot, NotLocated>> {
    let bytes = crate::wire::map(path).with_context(|| format!("cannot read {}", path.display()))?;
    let size = imagesize::blob_size(&bytes)
        .with_context(|| format!("cannot tell the size of {}, expected JPEG, PNG or TIFF", path.display()))?;
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let size = SizePx { width: side(size.width), height: side(size.height) };
    if let Some(lens) = lens {
        same_shape(path, size, lens)?;
    }
    let name = path.to_string_lossy();
    let reading = match telemetry::read_file_bytes(&name, &bytes) {
        Ok(reading) => reading,
        Err(reason) => {
            tracing::warn!("{reason}");
            return Ok(Err(NotLocated::NoTelemetry));
        }
    };
    for problem in &reading.problems {
        tracing::warn!("{name}: {problem}");
    }
    let sample = reading.records.iter().find_map(|record| record.usable()).cloned();
    Ok(sample.map(|sample| Shot { sample, size: Some(size) }).ok_or(NotLocated::NoTelemetry))
}

fn same_shape(path: &Path, size: SizePx, lens: &Intrinsics) -> anyhow::Result<()> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let turned = (width / height) / (lens.width_px / lens.height_px);
    if (turned - 1.0).abs() > SHAPE_WITHIN {
        bail!(
            "{} has {width} x {height} pixels, which is not the shape of the camera's {} x {}",
            path.display(),
            lens.width_px,
            lens.height_px
        );
    }
    Ok(())
}

/// Two pictures of one base name cannot be told apart by it.
fn warn_of_same_names(shots: &BTreeMap<String, Result<Shot, NotLocated>>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for name in shots.keys() {
        if let Some(other) = seen.insert(base(name), name) {
            tracing::warn!("{other} and {name} have the same base name: points must give the path");
        }
    }
}

fn base(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or(name)
}

fn camera(
    name: &str,
    shot: &Shot,
    setup: &CameraSetup,
    ground: Option<&dyn Terrain>,
) -> Result<FrameCamera, Reason> {
    let undulation_m =
        setup.undulation_m.or_else(|| geoid::undulation_m(GeoidModel::Egm96, shot.sample.position?));
    let settled = heights::settle(&shot.sample, ground, undulation_m);
    if let Some((_, settled)) = &settled {
        tracing::warn!("{name}: the height's datum is not stated; {settled}");
    }
    let sample = settled.map_or_else(|| shot.sample.clone(), |(sample, _)| sample);
    let lens_size = setup
        .intrinsics
        .map(|lens| SizePx { width: lens.width_px.round() as u32, height: lens.height_px.round() as u32 });
    let size = shot.size.or(lens_size).ok_or(NotLocated::NoIntrinsics)?;
    Ok(FrameCamera::from_sample(&sample, setup, size)?)
}

/// Gives each picture the motion between those before and after it, so that its rows can be placed each by its own pose.
fn add_shutters(
    shots: &mut BTreeMap<String, Result<FrameCamera, Reason>>,
    times: &BTreeMap<String, Timestamp>,
    readout: Readout,
) {
    let mut known: Vec<(Timestamp, &String, Pose)> = times
        .iter()
        .filter_map(|(name, time)| Some((*time, name, shots.get(name)?.as_ref().ok()?.pose)))
        .collect();
    known.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    let motion = |index: usize| {
        let near = |other: Option<usize>| other.and_then(|at| known.get(at)).or(known.get(index));
        let (before, after) = (near(index.checked_sub(1))?, near(Some(index + 1))?);
        let secs = (after.0.as_microsecond() - before.0.as_microsecond()) as f64 / 1e6;
        CameraMotion::between(&before.2, &after.2, secs).filter(|_| secs <= MOST_APART_SECS)
    };
    let motions: Vec<(String, CameraMotion)> = known
        .iter()
        .enumerate()
        .filter_map(|(index, (_, name, _))| Some(((*name).clone(), motion(index)?)))
        .collect();
    if motions.len() < shots.len() {
        let still = shots.len() - motions.len();
        tracing::warn!("{still} pictures tell no motion: all their rows are taken as of one moment");
    }
    for (name, motion) in motions {
        if let Some(Ok(camera)) = shots.get_mut(&name) {
            camera.shutter = Some(RollingShutter { readout, motion });
        }
    }
}
