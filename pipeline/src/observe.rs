//! Where pixel space ends: what was seen in a frame becomes observations on the ground.

use gis::footprint::{footprint, frame_footprint};
use gis::georef::{Limits, View, ground_point, locate_at_range};
use gis::terrain::{Raised, TerrainKind};
use gis::{
    Footprint, GroundPosition, LatLon, Location, NotLocated, Observation, ObservationId, Terrain, TimeQuality,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::camera::{FrameCamera, LaserRange};
use crate::seen::Seen;

/// Height at which plumes leave what they rise from, and its standard deviation, metres: from open burning to chimneys on roofs.
const SOURCE_HEIGHT_M: f64 = 4.0;
const SOURCE_HEIGHT_SIGMA_M: f64 = 6.0;
/// The same above a surface model, which has the roofs already.
const ABOVE_ROOF_M: f64 = 1.5;
const ABOVE_ROOF_SIGMA_M: f64 = 3.0;

/// What observing needs beside the frame.
pub struct Ground<'a> {
    /// Terrain model, where there is one.
    pub terrain: Option<&'a dyn Terrain>,
    /// Where georeferencing refuses.
    pub limits: Limits,
    /// One standard deviation of an outline in the picture, pixels.
    pub outline_sigma_px: f64,
}

/// One frame with its time and camera.
pub struct Moment<'a> {
    /// The source.
    pub source: &'a str,
    /// Index of the frame in the source.
    pub frame_index: u64,
    /// Capture time.
    pub time: Timestamp,
    /// Origin and quality of the time.
    pub time_quality: TimeQuality,
    /// The camera, or why it is not known.
    pub camera: Result<&'a FrameCamera, NotLocated>,
    /// The source's configured place.
    pub place: Option<LatLon>,
}

/// One frame on the ground.
pub struct Observed {
    /// One observation a thing seen, in the order of `seen`.
    pub observations: Vec<Observation>,
    /// The ground the frame covers, when that is known.
    pub covered: Option<Vec<LatLon>>,
}

/// Puts everything seen in a frame on the ground.
pub fn observe(seen: &[Seen], moment: &Moment<'_>, ground: &Ground<'_>) -> Observed {
    let view = moment.camera.and_then(|camera| view(camera, ground));
    let covered = view.as_ref().ok().and_then(frame_footprint);
    let observations =
        seen.iter().enumerate().map(|(i, one)| observation(i, one, moment, &view, ground)).collect();
    Observed { observations, covered }
}

fn view<'a>(camera: &'a FrameCamera, ground: &Ground<'a>) -> Result<View<'a>, NotLocated> {
    let terrain = camera.ground(ground.terrain).ok_or(NotLocated::OutsideTerrain)?;
    let view = View::new(&camera.intrinsics, &camera.pose, terrain);
    Ok(view.with_limits(ground.limits).with_shutter(camera.shutter))
}

/// A plume is placed where its foot is, on the ground or on a roof, and its box does not tell which corner it rises from. It
/// covers no ground.
fn place(
    one: &Seen,
    view: &View<'_>,
    laser: Option<LaserRange>,
    ground: &Ground<'_>,
) -> Result<(Option<Footprint>, GroundPosition), NotLocated> {
    let truncated = one.outline.truncated;
    let Some(foot) = &one.foot_px else {
        if let Some(touched) = touched(one, view, laser, ground) {
            return Ok(touched);
        }
        let (outline, position) = footprint(view, one.placed_px(), truncated, ground.outline_sigma_px)?;
        return Ok((Some(outline), position));
    };
    let bounds = one.outline.bounds();
    let corner_sigma_px = f64::from(bounds.right_px - bounds.left_px) / 4.0;
    let (by_m, by_sigma_m) = source_height_m(view, foot);
    let roofs = Raised { ground: view.terrain(), by_m, by_sigma_m };
    let view = view.over(&roofs);
    let (_, position) = footprint(&view, foot, truncated, ground.outline_sigma_px.hypot(corner_sigma_px))?;
    Ok((None, position))
}

/// Height of what a plume rises from above the terrain model and its standard deviation, by what the model shows there.
fn source_height_m(view: &View<'_>, foot_px: &[(f64, f64)]) -> (f64, f64) {
    let touched = foot_px.first().and_then(|&(u_px, v_px)| ground_point(view, u_px, v_px).ok());
    match touched.map(|point| view.terrain().kind_at(point.lat_lon)) {
        Some(TerrainKind::Surface) => (ABOVE_ROOF_M, ABOVE_ROOF_SIGMA_M),
        _ => (SOURCE_HEIGHT_M, SOURCE_HEIGHT_SIGMA_M),
    }
}

/// What the range finder touches lies where it says: the ground there is shifted to the end of the measured ray, and the position has
/// the error of the range instead of that of heights.
fn touched(
    one: &Seen,
    view: &View<'_>,
    laser: Option<LaserRange>,
    ground: &Ground<'_>,
) -> Option<(Option<Footprint>, GroundPosition)> {
    let LaserRange { range_m, sigma_m } = laser?;
    let axis = (view.intrinsics().cx_px, view.intrinsics().cy_px);
    if !contains(&one.outline.ring_px, axis) {
        return None;
    }
    let sigma_px = ground.outline_sigma_px;
    let end = locate_at_range(view, axis, range_m, sigma_m, sigma_px).ok()?.point;
    let by_m = end.height.0 - view.terrain().height(end.lat_lon)?.0;
    let shifted = Raised { ground: view.terrain(), by_m, by_sigma_m: 0.0 };
    let (outline, position) =
        footprint(&view.over(&shifted), &one.outline.ring_px, one.outline.truncated, sigma_px).ok()?;
    let (u_px, v_px) = view.pixel_from_point(position.point)?;
    let range_m = view.frame().enu_from_point(position.point).norm();
    let position = locate_at_range(view, (u_px, v_px), range_m, sigma_m, sigma_px).ok()?;
    Some((Some(outline), position))
}

/// Says whether a ring holds a pixel, by the crossings of a ray to the right.
fn contains(ring_px: &[(f64, f64)], (u, v): (f64, f64)) -> bool {
    let ends = ring_px.iter().zip(ring_px.iter().cycle().skip(1));
    ends.filter(|((u0, v0), (u1, v1))| (*v0 > v) != (*v1 > v) && u < u0 + (u1 - u0) * (v - v0) / (v1 - v0))
        .count()
        % 2
        == 1
}

fn observation(
    ordinal: usize,
    one: &Seen,
    moment: &Moment<'_>,
    view: &Result<View<'_>, NotLocated>,
    ground: &Ground<'_>,
) -> Observation {
    let laser = moment.camera.ok().and_then(|camera| camera.laser);
    let placed = view.as_ref().map_err(|reason| *reason).and_then(|view| place(one, view, laser, ground));
    let (location, outline): (Location, Option<Footprint>) = match placed {
        Ok((outline, position)) => (Location::Ground(position), outline),
        Err(reason) => (Location::Unlocated { reason, place: moment.place }, None),
    };
    Observation {
        id: observation_id(moment, &one.class, ordinal),
        class: one.class.clone(),
        source: moment.source.to_owned(),
        frame_index: moment.frame_index,
        time: moment.time,
        time_quality: moment.time_quality,
        score: one.score,
        location,
        footprint: outline,
        model: one.model.clone(),
    }
}

/// Returns the id of the n-th thing of a frame: the same feed always gives the same ids.
///
/// # References
/// RFC 9562 (2024), section 5.8: UUIDv8 out of a SHA-256.
fn observation_id(moment: &Moment<'_>, class: &str, ordinal: usize) -> ObservationId {
    let digest = Sha256::new()
        .chain_update(moment.source.as_bytes())
        .chain_update([0])
        .chain_update(class.as_bytes())
        .chain_update([0])
        .chain_update(moment.time.as_microsecond().to_le_bytes())
        .chain_update(moment.frame_index.to_le_bytes())
        .chain_update((ordinal as u64).to_le_bytes())
        .finalize();
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = from;
    }
    ObservationId(Uuid::new_v8(bytes))
}
