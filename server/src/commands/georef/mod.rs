//! `flyonce georef`: pixels to positions, each with its error or the reason why there is none.

pub mod cameras;
pub mod input;
mod output;
pub mod terrain;

use std::process::ExitCode;

use anyhow::Context;
use gis::georef::{Limits, View, locate};
use gis::terrain::TerrainKind;
use gis::{GroundPosition, NotLocated, Terrain};

use self::cameras::Cameras;
use self::input::PixelRow;
use crate::cli::{DemKind, GeorefArgs};

/// Standard deviation of a pixel that a person or a model points at, pixels, where the command line states none.
pub const PIXEL_SIGMA_PX: f64 = 1.0;

/// Why a pixel has no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No camera of that name was given.
    UnknownImage,
    /// The pixel lies outside the picture.
    OutsidePicture,
    /// There is no ground to meet.
    NoTerrain,
    /// Georeferencing refused.
    NotLocated(NotLocated),
}

impl From<NotLocated> for Reason {
    fn from(reason: NotLocated) -> Self {
        Self::NotLocated(reason)
    }
}

/// One pixel and where it lies.
struct Answer {
    pixel: PixelRow,
    found: Result<GroundPosition, Reason>,
    /// What the ground there shows.
    kind: TerrainKind,
}

/// Prints one row a pixel on standard output, in the order of the points file.
///
/// # Errors
/// When an input cannot be read or used; the message names file, line and value.
pub fn run(args: &GeorefArgs) -> anyhow::Result<ExitCode> {
    let pixels = input::pixels(&args.points)?;
    let cameras = Cameras::load(args)?;
    let terrain = terrain::load(args, &cameras)?;
    if args.dem_kind == DemKind::Ground {
        tracing::warn!("the terrain is bare ground: rays at roofs and trees go on to the ground behind");
    }
    let ground = terrain.as_ref().map(|tiles| tiles as &dyn Terrain);
    let cameras = cameras.settle(ground, args);
    let answers: Vec<Answer> = pixels
        .into_iter()
        .map(|pixel| {
            let found = answer(&pixel, &cameras, ground, args);
            let at = found.as_ref().ok().map(|found| found.point.lat_lon);
            let kind = at.zip(ground).map_or(TerrainKind::Unknown, |(at, ground)| ground.kind_at(at));
            Answer { pixel, found, kind }
        })
        .collect();
    let unlocated = answers.iter().filter(|answer| answer.found.is_err()).count();
    tracing::info!("{} pixels, {unlocated} without a position", answers.len());
    output::print(&answers, args.format).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn answer(
    pixel: &PixelRow,
    cameras: &cameras::Settled,
    ground: Option<&dyn Terrain>,
    args: &GeorefArgs,
) -> Result<GroundPosition, Reason> {
    let camera = cameras.of(&pixel.image)?;
    let (width_px, height_px) = (camera.intrinsics.width_px, camera.intrinsics.height_px);
    if !((0.0..=width_px).contains(&pixel.u_px) && (0.0..=height_px).contains(&pixel.v_px)) {
        return Err(Reason::OutsidePicture);
    }
    let terrain = camera.ground(ground).ok_or(Reason::NoTerrain)?;
    let limits = Limits { min_depression_deg: args.min_depression, ..Limits::default() };
    let view = View::new(&camera.intrinsics, &camera.pose, terrain).with_limits(limits);
    let view = view.with_shutter(camera.shutter);
    Ok(locate(&view, pixel.u_px, pixel.v_px, args.pixel_sigma)?)
}
