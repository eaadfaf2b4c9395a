//! The ground that sources looked at, by source and minute: what was seen, and what was seen to hold nothing.
//!
//! The views of a minute are one outline, without the corners that do not matter and with at most so many; what a hundred frames of a flight
//! cover is then some hundred bytes.

use geo::algorithm::bool_ops::unary_union;
use geo::{Area, Coord, LineString, MultiPolygon, Polygon, Simplify};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Look;
use super::neighbourhood::{Bounds, bounds_of_view};
use super::plane::Plane;
use crate::position::LatLon;

/// Seconds that one outline is kept for.
const MINUTE_SECS: i64 = 60;
/// Corners of one ring at most.
const MOST_CORNERS: usize = 48;
/// Outlines of one minute at most: places apart that a source jumped between. The largest are kept.
const MOST_RINGS: usize = 8;
/// Corners that change an outline by less than this are dropped, metres.
const SIMPLIFY_M: f64 = 1.0;
/// Largest distance of a corner from the first one of its minute, metres: what is farther is no view of one source.
const FARTHEST_M: f64 = 50_000.0;

/// Ground that one source looked at within a minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LookedAt {
    /// The source.
    pub source: String,
    /// Begin of the minute, UTC.
    pub minute: Timestamp,
    /// The first look.
    pub from: Timestamp,
    /// The last look.
    pub to: Timestamp,
    /// How many looks there were.
    pub looks: u64,
    /// Coarsest ground sample distance in the middle of a look, metres; none where no look told it.
    pub gsd_m: Option<f64>,
    /// Outlines of the ground, rings that are not closed, largest first. Holes are left out.
    pub rings: Vec<Vec<LatLon>>,
}

impl LookedAt {
    /// Returns the ground of one look; none where it is not known.
    pub fn of(look: &Look) -> Option<Self> {
        let bounds = bounds_of_view(look)?;
        let ring = look.footprint.clone()?;
        // An outline across the antimeridian has no simple box; none of the city's has.
        let is_view = bounds.east_deg - bounds.west_deg < 180.0 && is_near(&ring);
        let middle = LatLon {
            lat_deg: f64::midpoint(bounds.south_deg, bounds.north_deg),
            lon_deg: f64::midpoint(bounds.west_deg, bounds.east_deg),
        };
        is_view.then(|| Self {
            source: look.source.clone(),
            minute: minute_of(look.time),
            from: look.time,
            to: look.time,
            looks: 1,
            gsd_m: look.eye.map(|eye| eye.gsd_m(middle)).filter(|gsd_m| gsd_m.is_finite()),
            rings: vec![ring],
        })
    }

    /// Returns the box around the ground.
    pub fn bounds(&self) -> Option<Bounds> {
        let ring: Vec<LatLon> = self.rings.iter().flatten().copied().collect();
        bounds_of_view(&Look { footprint: Some(ring), ..Look::default() })
    }

    /// Tells whether both are of one source and minute.
    fn is_same(&self, other: &Self) -> bool {
        self.source == other.source && self.minute == other.minute
    }

    /// Takes in what the same source looked at within the same minute. A look that is known already is counted again: who calls keeps
    /// known looks out.
    fn take(&mut self, others: Vec<Self>) {
        let mut rings = std::mem::take(&mut self.rings);
        for other in others {
            self.from = self.from.min(other.from);
            self.to = self.to.max(other.to);
            self.looks += other.looks;
            self.gsd_m = match (self.gsd_m, other.gsd_m) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
            rings.extend(other.rings);
        }
        self.rings = merged(rings);
    }
}

/// Puts ground together by source and minute, sorted by them; `known` is what is known of the same minutes.
pub fn together(known: Vec<LookedAt>, fresh: impl IntoIterator<Item = LookedAt>) -> Vec<LookedAt> {
    let mut all: Vec<LookedAt> = known.into_iter().chain(fresh).collect();
    all.sort_by(|a, b| (&a.source, a.minute, a.from).cmp(&(&b.source, b.minute, b.from)));
    let mut out: Vec<LookedAt> = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some(mut first) = rest.next() {
        let mut others = Vec::new();
        while let Some(next) = rest.next_if(|next| first.is_same(next)) {
            others.push(next);
        }
        if !others.is_empty() || first.rings.iter().any(|ring| ring.len() > MOST_CORNERS) {
            first.take(others);
        }
        out.push(first);
    }
    out
}

fn minute_of(time: Timestamp) -> Timestamp {
    let into = time.as_second().rem_euclid(MINUTE_SECS);
    let begin = Timestamp::from_second(time.as_second() - into).unwrap_or(time);
    // Times before 1970 have parts of a second that count backwards.
    if begin > time { begin - SignedDuration::from_secs(MINUTE_SECS) } else { begin }
}

fn is_near(ring: &[LatLon]) -> bool {
    let Some(anchor) = ring.first() else { return false };
    let plane = Plane::at(*anchor);
    ring.iter().all(|corner| plane.plane_from_lat_lon(*corner).norm() <= FARTHEST_M)
}

fn merged(rings: Vec<Vec<LatLon>>) -> Vec<Vec<LatLon>> {
    let Some(anchor) = rings.first().and_then(|ring| ring.first()).copied() else { return rings };
    let plane = Plane::at(anchor);
    let polygons: Vec<Polygon<f64>> = rings.iter().map(|ring| polygon(ring, &plane)).collect();
    let MultiPolygon(mut parts) = unary_union(&polygons);
    parts.sort_by(|a, b| b.unsigned_area().total_cmp(&a.unsigned_area()));
    parts.truncate(MOST_RINGS);
    let outline = |part: &Polygon<f64>| open_ring(&bounded(part.exterior()), &plane);
    parts.iter().map(outline).filter(|ring| ring.len() >= 3).collect()
}

fn polygon(ring: &[LatLon], plane: &Plane) -> Polygon<f64> {
    let coords = ring.iter().map(|corner| {
        let at = plane.plane_from_lat_lon(*corner);
        Coord { x: at.x, y: at.y }
    });
    Polygon::new(LineString::new(coords.collect()), Vec::new())
}

/// Drops corners, more of them until few enough are left.
fn bounded(ring: &LineString<f64>) -> LineString<f64> {
    let mut tolerance_m = SIMPLIFY_M;
    let mut simple = ring.simplify(tolerance_m);
    while simple.0.len() > MOST_CORNERS + 1 {
        tolerance_m *= 2.0;
        simple = ring.simplify(tolerance_m);
    }
    simple
}

fn open_ring(ring: &LineString<f64>, plane: &Plane) -> Vec<LatLon> {
    let corners = ring.0.len().saturating_sub(1);
    ring.0.iter().take(corners).map(|c| plane.lat_lon_from_plane(c.x, c.y)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedupe::Eye;

    fn look(frame: u64, secs: i64, north_m: f64) -> Look {
        let plane = Plane::at(LatLon { lat_deg: 28.97, lon_deg: 118.86 });
        let corners = [(-60.0, -40.0), (60.0, -40.0), (60.0, 40.0), (-60.0, 40.0)];
        let ring = corners.map(|(e, n)| plane.lat_lon_from_plane(e, n + north_m)).to_vec();
        let at = plane.lat_lon_from_plane(0.0, north_m);
        Look {
            source: "drone".to_owned(),
            frame_index: frame,
            time: Timestamp::from_second(1_780_000_020 + secs).unwrap(),
            footprint: Some(ring),
            eye: Some(Eye { at, above_ground_m: 120.0, focal_px: 1_200.0 }),
            classes: Vec::new(),
        }
    }

    #[test]
    fn a_minute_of_a_flight_is_one_strip() {
        let looks = (0..40).filter_map(|n| LookedAt::of(&look(n, n as i64, 8.0 * n as f64)));
        let all = together(Vec::new(), looks);
        assert_eq!(all.len(), 1);
        let one = &all[0];
        assert_eq!((one.looks, one.rings.len(), one.rings[0].len()), (40, 1, 4));
        assert!((one.gsd_m.unwrap() - 0.1).abs() < 1e-6);
        let plane = Plane::at(LatLon { lat_deg: 28.97, lon_deg: 118.86 });
        let area_m2 = polygon(&one.rings[0], &plane).unsigned_area();
        assert!((area_m2 - 120.0 * (80.0 + 8.0 * 39.0)).abs() < 1.0, "{area_m2}");
    }

    #[test]
    fn minutes_stay_apart_and_the_order_does_not_count() {
        let looks: Vec<LookedAt> =
            (0..9).filter_map(|n| LookedAt::of(&look(n, 13 * n as i64, 30.0 * n as f64))).collect();
        let all = together(Vec::new(), looks.clone());
        assert_eq!(all.iter().map(|one| one.looks).sum::<u64>(), 9);
        assert!(all.len() > 1 && all.iter().all(|one| one.from >= one.minute));
        let backwards = together(Vec::new(), looks.into_iter().rev());
        assert_eq!(all, backwards);
    }

    #[test]
    fn outlines_are_bounded() {
        let wild = (0..300).filter_map(|n| {
            let (n, angle) = (f64::from(n), f64::from(n) * 0.7);
            LookedAt::of(&look(n as u64, 0, 900.0 * angle.sin() + 7.0 * n))
        });
        let all = together(Vec::new(), wild);
        assert!(all[0].rings.len() <= MOST_RINGS);
        assert!(all[0].rings.iter().all(|ring| ring.len() <= MOST_CORNERS));
    }

    #[test]
    fn what_is_no_view_is_left_out() {
        let nan = LatLon { lat_deg: f64::NAN, lon_deg: 0.0 };
        let far = LatLon { lat_deg: 10.0, lon_deg: 100.0 };
        for ring in [vec![nan; 4], vec![far, nan, far], Vec::new()] {
            assert_eq!(LookedAt::of(&Look { footprint: Some(ring), ..Look::default() }), None);
        }
        let mut wide = look(0, 0, 0.0);
        wide.footprint.as_mut().unwrap()[0] = far;
        assert_eq!(LookedAt::of(&wide), None);
        assert_eq!(minute_of("1969-12-31T23:59:59.5Z".parse().unwrap()).as_second(), -60);
    }
}
