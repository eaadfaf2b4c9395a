//! What was seen of an area: at which ground sample distance, when, and what was left out.
//!
//! A plan says what would be seen ([`coverage`](crate::coverage)); this says what was, by the ground that sources looked at. The distance of a
//! minute is the coarsest in the middle of its pictures, so that their far edges are coarser still where the camera is not straight down.

use geo::{Area as _, BooleanOps, Coord, LineString, MultiPolygon, Polygon, unary_union};
use gis::LatLon;
use gis::dedupe::LookedAt;
use jiff::Timestamp;

use crate::area::Area;

/// Holes smaller than this are no ground for another flight, square metres: outlines are kept to a metre.
const LEAST_HOLE_M2: f64 = 25.0;
/// Ground of a minute that touches less of the area than this is not told, square metres.
const LEAST_TOLD_M2: f64 = 1.0;

/// A minute in which a source saw something of the area.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// The source.
    pub source: String,
    /// Its first look of the minute.
    pub from: Timestamp,
    /// Its last look of the minute.
    pub to: Timestamp,
    /// How many there were.
    pub looks: u64,
    /// Ground sample distance, metres; none where it is not known.
    pub gsd_m: Option<f64>,
    /// Ground of the area it shows, square metres.
    pub area_m2: f64,
}

/// What was seen of an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The area, square metres.
    pub asked_m2: f64,
    /// Of it seen at the asked distance or finer, square metres.
    pub seen_m2: f64,
    /// Of it seen only more coarsely, or at a distance that is not known, square metres.
    pub coarse_m2: f64,
    /// Minutes that show something of it, by time.
    pub passes: Vec<Pass>,
    /// What was not seen at the asked distance, in degrees, x = longitude; slivers are left out.
    pub holes: MultiPolygon<f64>,
}

impl Proof {
    /// Returns the share seen at the asked distance, 0 to 1.
    pub fn share(&self) -> f64 {
        if self.asked_m2 > 0.0 { (self.seen_m2 / self.asked_m2).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Returns the area that nobody looked at, square metres.
    pub fn unseen_m2(&self) -> f64 {
        (self.asked_m2 - self.seen_m2 - self.coarse_m2).max(0.0)
    }
}

/// Holds the ground that was looked at against an area that was to be seen.
///
/// # Units
/// `gsd_m` metres a pixel.
pub fn proof(area: &Area, looked_at: &[LookedAt], gsd_m: f64) -> Proof {
    let mut passes = Vec::new();
    let (mut fine, mut any) = (Vec::new(), Vec::new());
    for view in looked_at {
        let shown = ground_of(area, view).intersection(&area.shape);
        let area_m2 = shown.unsigned_area();
        if area_m2 < LEAST_TOLD_M2 {
            continue;
        }
        let (from, to, looks) = (view.from, view.to, view.looks);
        passes.push(Pass { source: view.source.clone(), from, to, looks, gsd_m: view.gsd_m, area_m2 });
        if view.gsd_m.is_some_and(|is_m| is_m <= gsd_m * ROOM) {
            fine.extend(shown.0.iter().cloned());
        }
        any.extend(shown.0);
    }
    passes.sort_by(|a, b| (a.from, &a.source).cmp(&(b.from, &b.source)));
    let (fine, any) = (unary_union(&fine), unary_union(&any));
    let (asked_m2, seen_m2) = (area.shape.unsigned_area(), fine.unsigned_area());
    let mut holes = area.shape.difference(&fine);
    holes.0.retain(|hole| hole.unsigned_area() >= LEAST_HOLE_M2);
    Proof {
        asked_m2,
        seen_m2,
        coarse_m2: (any.unsigned_area() - seen_m2).max(0.0),
        passes,
        holes: area.plane.degrees_of(&holes),
    }
}

/// Rounding of distances.
const ROOM: f64 = 1.001;

/// The ground of a minute on the plane of the area; rings overlap where a source saw a place twice.
fn ground_of(area: &Area, view: &LookedAt) -> MultiPolygon<f64> {
    let corner = |at: &LatLon| -> Coord<f64> { area.plane.metres(*at) };
    let ring = |ring: &Vec<LatLon>| Polygon::new(LineString(ring.iter().map(corner).collect()), Vec::new());
    unary_union(&view.rings.iter().map(ring).collect::<Vec<_>>())
}
