//! What is shown to those who may not see originals: pictures too coarse to read a face or a plate in.
//!
//! No detector is asked. Where camera and ground are known, nothing is shown with more than [`MOST_PX_A_METRE`]: neither within the box of the
//! finding nor beside it can anything that stands on level ground be nearer than where the steepest ray of the box, or of the picture,
//! passes [`TALLEST_M`] above the ground. Where they are not known, the finding is shown in [`INSIDE`] squares along the longer side of
//! the whole picture and everything else in [`OUTSIDE`]. A picture without a record of a finding, as a crew's, is shown in
//! [`OUTSIDE`].
//!
//! # References
//! IEC 62676-4 (2014): at 25 pixels a metre a person is detected, at 62.5 observed, at 125 somebody known is recognised.

use std::path::Path;

use anyhow::Context;
use dispatch::{EvidenceKind, EvidenceRef, Task};
use gis::GeoPoint;
use gis::geodesy::ecef_from_point;
use models::{RgbImage, SizePx};
use pipeline::camera::FrameCamera;
use pipeline_cv::{Coarseness, CvError, veil};
use serde::{Deserialize, Serialize};

use crate::evidence::{CLOSE_UP_LEAST_PX, CLOSE_UP_MARGIN, outlined};

/// Pixels that a metre is shown with at most: below what detects a person, a third of what observes one.
const MOST_PX_A_METRE: f64 = 20.0;
/// Squares along the longer side that a finding is shown in when nobody knows how large it is: a person who fills the picture
/// has less than 60 a metre.
const INSIDE: f64 = 96.0;
/// The same for everything else.
const OUTSIDE: f64 = 48.0;
/// What stands on the ground reaches this high, metres: it is nearer to the camera than the ground.
const TALLEST_M: f64 = 3.0;
/// Least distance that is reckoned with, metres.
const NEAREST_M: f64 = 1.0;
/// Rays that are asked along each side of a box.
const STEPS: u32 = 4;
/// Share of the finding's longer side that its box is larger on each side.
const BOX_MARGIN: f64 = 0.1;
const JPEG_QUALITY: u8 = 85;

/// How finely a picture shows the ground.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fineness {
    /// Metres a pixel of the nearest thing that can stand in the box of the finding, across the view.
    pub finding_m: f64,
    /// The same in the whole picture.
    pub nearest_m: f64,
}

impl Fineness {
    /// Returns how finely a camera shows a finding of this outline, and what else stands on the same level.
    pub fn of(camera: &FrameCamera, finding: GeoPoint, ring_px: &[(f64, f64)]) -> Self {
        let eye = camera.pose.point;
        let far_m = (ecef_from_point(eye) - ecef_from_point(finding)).norm();
        let above_m = (eye.height.0 - finding.height.0 - TALLEST_M).max(NEAREST_M);
        let nearest = |[left, top, right, bottom]: [f64; 4]| {
            let at = |low: f64, high: f64, step: u32| low + (high - low) * f64::from(step) / f64::from(STEPS);
            let points = (0..=STEPS).flat_map(|i| (0..=STEPS).map(move |j| (i, j)));
            let depths =
                points.map(|(i, j)| depth_m(camera, above_m, at(left, right, i), at(top, bottom, j)));
            depths.fold(far_m, f64::min).max(NEAREST_M) / camera.intrinsics.fx_px
        };
        let (width, height) = (camera.intrinsics.width_px, camera.intrinsics.height_px);
        let whole = [0.0, 0.0, width, height];
        let inside = |[l, t, r, b]: [f64; 4]| [l.max(0.0), t.max(0.0), r.min(width), b.min(height)];
        let finding = box_of(ring_px).map_or(whole, inside);
        Self { finding_m: nearest(finding), nearest_m: nearest(whole) }
    }
}

/// How far along its axis a camera sees a level plane so far under it through a pixel: as near as can be where that is not known, nowhere
/// above the horizon.
fn depth_m(camera: &FrameCamera, below_m: f64, u_px: f64, v_px: f64) -> f64 {
    let Some(ray) = camera.intrinsics.ray_in_camera(u_px, v_px) else { return 0.0 };
    let down = -(camera.pose.enu_from_camera * ray).z;
    if down <= 0.0 { f64::INFINITY } else { ray.z * below_m / down }
}

/// The box around an outline, with a margin: left, top, right, bottom.
fn box_of(ring_px: &[(f64, f64)]) -> Option<[f64; 4]> {
    let (first, rest) = ring_px.split_first()?;
    let start = [first.0, first.1, first.0, first.1];
    let [left, top, right, bottom] =
        rest.iter().fold(start, |[l, t, r, b], (u, v)| [l.min(*u), t.min(*v), r.max(*u), b.max(*v)]);
    let margin = (right - left).max(bottom - top) * BOX_MARGIN;
    Some([left - margin, top - margin, right + margin, bottom + margin])
}

/// What a record of evidence says of the pictures.
#[derive(Deserialize)]
pub(crate) struct Record {
    /// Size of the whole picture.
    #[serde(default)]
    pub(crate) size_px: Option<(u32, u32)>,
    /// Outline of the finding in it.
    #[serde(default)]
    pub(crate) ring_px: Vec<(f64, f64)>,
    #[serde(default)]
    fineness: Option<Fineness>,
    #[serde(default)]
    stills: Vec<EvidenceRef>,
}

/// What is known of a picture of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The same picture without outline, where this one has one: it is shown with the outline drawn anew, which stays sharp so.
    plain: Option<String>,
    /// Size of the whole picture that it is, or is a part of.
    whole_px: SizePx,
    /// Outline of the finding in it.
    ring_px: Vec<(f64, f64)>,
    fineness: Option<Fineness>,
}

impl About {
    /// Looks a picture up in the records of its task.
    pub fn find(task: &Task, file: &str, evidence: &Path) -> Option<Self> {
        let records = task.evidence.iter().filter(|one| one.kind == EvidenceKind::Record);
        records
            .filter_map(|one| std::fs::read(evidence.join(&one.file)).ok())
            .find_map(|json| Self::read(&json, file))
    }

    /// Reads what a record says of a picture; none when it says nothing.
    pub fn read(record: &[u8], file: &str) -> Option<Self> {
        let record: Record = serde_json::from_slice(record).ok()?;
        let kind = record.stills.iter().find(|one| one.file == file)?.kind;
        let plain = match kind {
            EvidenceKind::ContextAnnotated => Some(EvidenceKind::Context),
            EvidenceKind::CloseUpAnnotated => Some(EvidenceKind::CloseUp),
            _ => None,
        };
        let plain = plain.and_then(|plain| record.stills.iter().find(|one| one.kind == plain));
        let plain = plain.map(|one| one.file.clone());
        let (width, height) = record.size_px?;
        let whole_px = SizePx::new(width, height);
        let close = matches!(kind, EvidenceKind::CloseUp | EvidenceKind::CloseUpAnnotated);
        let (left, top) = if close {
            let (left, top, _) =
                pipeline_cv::crop_place(whole_px, &record.ring_px, CLOSE_UP_MARGIN, CLOSE_UP_LEAST_PX);
            (f64::from(left), f64::from(top))
        } else {
            (0.0, 0.0)
        };
        let ring_px = record.ring_px.iter().map(|(u, v)| (u - left, v - top)).collect();
        Some(Self { plain, whole_px, ring_px, fineness: record.fineness })
    }

    fn coarseness(&self) -> Coarseness {
        let longer = f64::from(self.whole_px.width.max(self.whole_px.height));
        // A metre that has fewer pixels than allowed is shown with all of them.
        let by = |metres_a_px: f64| (1.0 / MOST_PX_A_METRE / metres_a_px).max(1.0);
        let (inside_px, outside_px) = match self.fineness {
            Some(Fineness { finding_m, nearest_m }) => (by(finding_m), by(nearest_m)),
            None => (longer / INSIDE, longer / OUTSIDE),
        };
        Coarseness { inside_px, outside_px, box_px: box_of(&self.ring_px) }
    }
}

/// Returns a picture in a folder as it may be shown to everybody who may know of the case, JPEG.
///
/// # Errors
/// When it cannot be read or is no picture.
pub fn shown(folder: &Path, file: &str, about: Option<&About>) -> anyhow::Result<Vec<u8>> {
    let read = |file: &str| {
        let path = folder.join(file);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let plain = about.and_then(|about| about.plain.as_ref().zip(Some(about)));
    let coarse = match plain.filter(|(plain, _)| folder.join(plain).is_file()) {
        Some((plain, about)) => outlined(&coarse(&read(plain)?, Some(about))?, &about.ring_px)?,
        None => coarse(&read(file)?, about)?,
    };
    Ok(pipeline_cv::encode_jpeg(&coarse, JPEG_QUALITY)?)
}

fn coarse(bytes: &[u8], about: Option<&About>) -> Result<RgbImage, CvError> {
    let picture = pipeline_cv::decode_picture(bytes)?;
    let how = about.map_or_else(
        || {
            let side = f64::from(picture.width.max(picture.height)) / OUTSIDE;
            Coarseness { inside_px: side, outside_px: side, box_px: None }
        },
        About::coarseness,
    );
    veil(&picture, &how)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gis::LatLon;
    use gis::camera::{Attitude, Intrinsics, Pose, PoseSigma};
    use gis::height::EllipsoidHeight;

    fn record(fineness: &str) -> Vec<u8> {
        let still = |kind: &str| format!(r#"{{"sha256": "{kind}", "kind": "{kind}", "file": "{kind}.jpg"}}"#);
        format!(
            r#"{{"size_px": [1920, 1080], "ring_px": [[900, 500], [1000, 500], [1000, 560], [900, 560]], {fineness}
                "stills": [{}, {}]}}"#,
            still("context"),
            still("close_up")
        )
        .into_bytes()
    }

    /// A camera over level ground that looks so far under the horizon, 1920 by 1080 pixels.
    fn camera(height_m: f64, down_deg: f64) -> FrameCamera {
        let point = GeoPoint {
            lat_lon: LatLon { lat_deg: 28.97, lon_deg: 118.87 },
            height: EllipsoidHeight(height_m),
        };
        let attitude = Attitude { heading_deg: 0.0, pitch_deg: -down_deg, roll_deg: 0.0 };
        let pose = Pose::from_attitude(point, attitude, PoseSigma::new([1.0; 3], [1.0; 3]));
        let intrinsics = Intrinsics::centred(1920.0, 1080.0, 1500.0).unwrap();
        FrameCamera { intrinsics, pose, ground: None, laser: None, shutter: None }
    }

    #[test]
    fn nothing_that_stands_on_the_ground_is_nearer_than_is_reckoned_with() {
        let under =
            GeoPoint { lat_lon: LatLon { lat_deg: 28.97, lon_deg: 118.87 }, height: EllipsoidHeight(0.0) };
        let ring = [(900.0, 500.0), (1020.0, 500.0), (1020.0, 580.0)];
        let flight = Fineness::of(&camera(100.0, 90.0), under, &ring);
        assert!((flight.finding_m - 97.0 / 1500.0).abs() < 1e-3, "{flight:?}");
        assert!((flight.nearest_m - 97.0 / 1500.0).abs() < 1e-3, "{flight:?}");
        // A finding 60 m in front of a mast of 8 m; the head of somebody 2 m tall is seen in its box at 45 m and farther.
        let ahead =
            GeoPoint { lat_lon: LatLon { lat_deg: 28.97 + 60.0 / 111_000.0, lon_deg: 118.87 }, ..under };
        let mast = Fineness::of(&camera(8.0, 8.0), ahead, &ring);
        assert!((20.0..45.0).contains(&(mast.finding_m * 1500.0)), "{mast:?}");
        // At the lower edge of the picture the ground is 8 / sin(27.8 deg) away, and what stands on it nearer.
        assert!((5.0..17.2).contains(&(mast.nearest_m * 1500.0)), "{mast:?}");
        let sky = Fineness::of(&camera(8.0, -40.0), ahead, &ring);
        assert!((sky.finding_m * 1500.0 - 60.0).abs() < 2.0, "no ground in view: {sky:?}");
    }

    #[test]
    fn a_picture_is_as_fine_as_a_metre_allows_by_the_distance_of_what_is_in_it() {
        let json = record(r#""fineness": {"finding_m": 0.02, "nearest_m": 0.005},"#);
        let how = About::read(&json, "context.jpg").unwrap().coarseness();
        assert!((how.inside_px - 2.5).abs() < 1e-9 && (how.outside_px - 10.0).abs() < 1e-9, "{how:?}");
        assert_eq!(how.box_px, Some([890.0, 490.0, 1010.0, 570.0]));
        let far = record(r#""fineness": {"finding_m": 0.06, "nearest_m": 0.06},"#);
        let how = About::read(&far, "context.jpg").unwrap().coarseness();
        assert!(how.inside_px <= 1.0 && how.outside_px <= 1.0, "nothing can be read in it as it is");
    }

    #[test]
    fn where_nobody_knows_how_large_things_are_squares_are_counted_on_the_whole_picture() {
        let close = About::read(&record(""), "close_up.jpg").unwrap();
        let how = close.coarseness();
        assert!((how.inside_px - 20.0).abs() < 1e-9 && (how.outside_px - 40.0).abs() < 1e-9);
        // The close-up is 240 pixels wide, the finding in its middle.
        assert_eq!(close.ring_px[0], (70.0, 90.0));
        assert_eq!(About::read(&record(""), "other.jpg"), None);
        assert_eq!(About::read(b"{}", "context.jpg"), None);
        assert_eq!(About::read(b"no json", "context.jpg"), None);
    }
}
