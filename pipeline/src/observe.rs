//! Where pixel space ends: what was seen in a frame becomes observations on the ground.

use gis::footprint::{footprint, frame_footprint};
use gis::georef::{Limits, View};
use gis::terrain::Raised;
use gis::{
    Footprint, GroundPosition, LatLon, Location, NotLocated, Observation, ObservationId, Terrain, TimeQuality,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::camera::FrameCamera;
use crate::seen::Seen;

/// Height at which plumes leave what they rise from, and its standard deviation, metres: from open burning to chimneys on roofs.
const SOURCE_HEIGHT_M: f64 = 4.0;
const SOURCE_HEIGHT_SIGMA_M: f64 = 6.0;

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
    Ok(View::new(&camera.intrinsics, &camera.pose, terrain).with_limits(ground.limits))
}

/// A plume is placed where its foot is, on the ground or on a roof, and its box does not tell which corner it rises from. It
/// covers no ground.
fn place(
    one: &Seen,
    view: &View<'_>,
    ground: &Ground<'_>,
) -> Result<(Option<Footprint>, GroundPosition), NotLocated> {
    let truncated = one.outline.truncated;
    let Some(foot) = &one.foot_px else {
        let (outline, position) = footprint(view, one.placed_px(), truncated, ground.outline_sigma_px)?;
        return Ok((Some(outline), position));
    };
    let bounds = one.outline.bounds();
    let corner_sigma_px = f64::from(bounds.right_px - bounds.left_px) / 4.0;
    let roofs = Raised { ground: view.terrain(), by_m: SOURCE_HEIGHT_M, by_sigma_m: SOURCE_HEIGHT_SIGMA_M };
    let view = View::new(view.intrinsics(), view.pose(), &roofs).with_limits(ground.limits);
    let (_, position) = footprint(&view, foot, truncated, ground.outline_sigma_px.hypot(corner_sigma_px))?;
    Ok((None, position))
}

fn observation(
    ordinal: usize,
    one: &Seen,
    moment: &Moment<'_>,
    view: &Result<View<'_>, NotLocated>,
    ground: &Ground<'_>,
) -> Observation {
    let placed = view.as_ref().map_err(|reason| *reason).and_then(|view| place(one, view, ground));
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
