//! `flyonce calibrate camera`: pose and lens of a fixed camera from points clicked on a still.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use gis::calibrate::{
    CalibrateError, Calibration, Free, Mark, Options, PlacedCamera, Swap, calibrate, leave_one_out,
    swapped_axes,
};
use gis::geodesy::LocalFrame;
use gis::{Attitude, Intrinsics};
use nalgebra::Vector3;

use super::marks::{Frame, Marks};
use super::{drawing, marks, report, terrain};
use crate::cli::{CalibrateCameraArgs, LensChoice};
use crate::commands::georef::cameras::camera_file;
use crate::wire::camera::CameraFile;

/// Horizontal fields of view from which an unknown focal length is searched, degrees.
const FIELDS_DEG: [f64; 7] = [12.0, 20.0, 32.0, 48.0, 64.0, 82.0, 105.0];
/// A fit worse than this, pixels, makes one look for swapped axes.
const DOUBTFUL_PX: f64 = 8.0;

/// Calibrates, prints the residuals, and writes the camera's file and the picture.
///
/// # Errors
/// When an input cannot be used, or the points are refused; the message says why and what would help.
pub fn run(args: &CalibrateCameraArgs) -> anyhow::Result<ExitCode> {
    let Marks { all, frame } = marks::read(&args.points, args.crs, args.heights)?;
    let (lens, known) = lens(args)?;
    let options = Options {
        free: free(args, known),
        pixel_sigma_px: args.pixel_sigma,
        surveyed_centre: surveyed(args, &frame)?,
    };
    let propose = |marks: &[Mark]| proposals(marks, &lens, known);
    let found =
        search(&all, &options, &propose).map_err(|error| anyhow!("{}: {error}", args.points.display()))?;
    let left_out = leave_one_out(&all, &found, &options);
    for mark in found.residuals.iter().filter(|mark| mark.blunder) {
        tracing::warn!(
            "point {}: {:.0} px off where the others fit to {:.1} px; check its pixel and its place",
            mark.name,
            mark.length_px(),
            found.median_px()
        );
    }
    let file = camera_toml(&found, &frame);
    let on_terrain = terrain::errors_m(args, &all, &frame, &file)?;
    crate::output::print(&report::text(&found, &left_out, on_terrain.as_deref()))
        .context("cannot write to standard output")?;
    write(&args.out, report::toml(&file, &found)?.as_bytes())?;
    tracing::info!("camera written to {}", args.out.display());
    if let Some(path) = &args.picture {
        write(path, &drawing::residuals(args.image.as_deref(), &all, &found)?)?;
        tracing::info!("residuals drawn in {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    crate::output::write_whole(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The lens to start from, and whether it was stated.
fn lens(args: &CalibrateCameraArgs) -> anyhow::Result<(Intrinsics, bool)> {
    if let Some(path) = &args.camera {
        let lens = camera_file(path)?.lens().map_err(|error| anyhow!("{}: {error}", path.display()))?;
        return Ok((lens, true));
    }
    let (width_px, height_px) = match (&args.size, &args.image) {
        (Some((width, height)), _) => (*width, *height),
        (None, Some(path)) => {
            let size = imagesize::size(path)
                .with_context(|| format!("cannot tell the size of {}", path.display()))?;
            (size.width as f64, size.height as f64)
        }
        (None, None) => bail!("the size of the picture is not known: give --image, --size or --camera"),
    };
    Ok((Intrinsics::from_fov(width_px, height_px, 60.0, None)?, false))
}

fn free(args: &CalibrateCameraArgs, known: bool) -> Free {
    let usual = if known { LensChoice::Fixed } else { LensChoice::Focal };
    match args.lens.unwrap_or(usual) {
        LensChoice::Fixed => Free::Nothing,
        LensChoice::Focal => Free::Focal,
        LensChoice::Free => Free::Lens,
    }
}

fn surveyed(args: &CalibrateCameraArgs, frame: &Frame) -> anyhow::Result<Option<(Vector3<f64>, f64)>> {
    let Some(at) = args.at else { return Ok(None) };
    let place = match frame {
        Frame::Local(origin) => Vector3::from(at) - origin,
        Frame::Earth(frame) => marks::on_frame(frame, at, args.crs, args.heights)?,
    };
    Ok(Some((place, args.at_sigma)))
}

fn proposals(marks: &[Mark], lens: &Intrinsics, known: bool) -> Vec<PlacedCamera> {
    let of_field = |deg: f64| Intrinsics::from_fov(lens.width_px, lens.height_px, deg, None).ok();
    let lenses: Vec<Intrinsics> =
        if known { vec![*lens] } else { FIELDS_DEG.into_iter().filter_map(of_field).collect() };
    let all = lenses.iter().flat_map(|lens| {
        pipeline_cv::resect(marks, lens).unwrap_or_else(|error| {
            tracing::debug!("no first pose at f = {:.0} px: {error}", lens.fx_px);
            Vec::new()
        })
    });
    all.collect()
}

/// The calibration, or why there is none; axes typed the wrong way round are found and said.
fn search(
    marks: &[Mark],
    options: &Options,
    propose: &impl Fn(&[Mark]) -> Vec<PlacedCamera>,
) -> anyhow::Result<Calibration> {
    let found = calibrate(marks, &propose(marks), options);
    let doubtful = match &found {
        Ok(found) if is_beneath(found, marks) => Some(f64::INFINITY),
        Ok(found) => Some(found.median_px()).filter(|median| *median > DOUBTFUL_PX),
        Err(CalibrateError::BadFit { median_px, .. }) => Some(*median_px),
        Err(
            CalibrateError::NoCamera | CalibrateError::NotDetermined { .. } | CalibrateError::BadMark { .. },
        ) => Some(f64::INFINITY),
        Err(_) => None,
    };
    let swap = doubtful.and_then(|median_px| swapped_axes(marks, median_px, propose, options));
    match (found, swap) {
        (_, Some((swap, median_px))) => {
            let axes = match swap {
                Swap::Places => "x and y",
                Swap::Pixels => "u and v",
            };
            bail!(
                "{axes} seem to be swapped: the other way round the points fit to {median_px:.1} px; mend the file"
            )
        }
        (found, None) => Ok(found?),
    }
}

/// A camera under everything it sees stands in a mirrored world.
fn is_beneath(found: &Calibration, marks: &[Mark]) -> bool {
    let lowest_m = marks.iter().map(|mark| mark.point.z).fold(f64::INFINITY, f64::min);
    found.camera.centre.z < lowest_m
}

/// The camera as its file gives it, place and attitude in the tangent frame at the camera.
fn camera_toml(found: &Calibration, frame: &Frame) -> CameraFile {
    let camera = &found.camera;
    let lens = &camera.intrinsics;
    let d = lens.distortion;
    let sigma = |names: [&str; 3]| names.map(|name| found.sigma(name).unwrap_or(0.0));
    let mut file = CameraFile {
        width_px: lens.width_px,
        height_px: lens.height_px,
        fx_px: Some(lens.fx_px),
        fy_px: Some(lens.fy_px),
        cx_px: Some(lens.cx_px),
        cy_px: Some(lens.cy_px),
        projection: lens.projection,
        k1: d.k1,
        k2: d.k2,
        k3: d.k3,
        k4: d.k4,
        k5: d.k5,
        k6: d.k6,
        p1: d.p1,
        p2: d.p2,
        position_sigma_m: Some(sigma(["x_m", "y_m", "z_m"])),
        attitude_sigma_deg: Some(sigma(["heading_deg", "pitch_deg", "roll_deg"])),
        covariance_of: found.parameters.iter().map(|name| (*name).to_owned()).collect(),
        covariance: found.covariance.row_iter().map(|row| row.iter().copied().collect()).collect(),
        ..CameraFile::default()
    };
    let attitude = match frame {
        Frame::Local(origin) => {
            file.local_xyz_m = Some((camera.centre + origin).into());
            camera.attitude()
        }
        Frame::Earth(frame) => {
            let point = frame.point_from_enu(&camera.centre);
            file.lat_deg = Some(point.lat_lon.lat_deg);
            file.lon_deg = Some(point.lat_lon.lon_deg);
            file.ellipsoid_height_m = Some(point.height.0);
            let ecef_from_camera = frame.ecef_from_enu() * camera.frame_from_camera;
            Attitude::of_camera(&(LocalFrame::at(point).ecef_from_enu().inverse() * ecef_from_camera))
        }
    };
    file.heading_deg = Some(attitude.heading_deg);
    file.pitch_deg = Some(attitude.pitch_deg);
    file.roll_deg = Some(attitude.roll_deg);
    file
}
