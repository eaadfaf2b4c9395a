//! Where a simulated aircraft is after so many metres.

use gis::LatLon;
use gis::geodesy::plane_distance_m;

use crate::plan::{HeightReference, Plan};

/// A plan as a line with lengths: from home over all waypoints.
#[derive(Debug, Clone)]
pub(super) struct Path {
    points: Vec<LatLon>,
    heights_m: Vec<f64>,
    ends_m: Vec<f64>,
    /// Metres a second.
    pub(super) speed_mps: f64,
    /// Whether heights count from the ellipsoid.
    pub(super) ellipsoid: bool,
}

/// Where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) at: LatLon,
    pub(super) height_m: f64,
    pub(super) course_deg: f64,
    /// Waypoint that was passed last; none before the first.
    pub(super) waypoint: Option<usize>,
    /// Share of the way to the next.
    pub(super) share: f64,
}

impl Path {
    pub(super) fn of(plan: &Plan, home: LatLon) -> Self {
        let mut points = vec![home];
        let mut heights_m = vec![plan.take_off_height_m];
        points.extend(plan.waypoints.iter().map(|waypoint| waypoint.at));
        heights_m.extend(plan.waypoints.iter().map(|waypoint| waypoint.height_m));
        let mut ends_m = vec![0.0];
        for pair in points.windows(2) {
            let last = ends_m.last().copied().unwrap_or(0.0);
            ends_m.push(last + plane_distance_m(pair[0], pair[1]));
        }
        let ellipsoid = plan.heights == HeightReference::Ellipsoid;
        Self { points, heights_m, ends_m, speed_mps: plan.speed_mps.max(0.1), ellipsoid }
    }

    pub(super) fn length_m(&self) -> f64 {
        self.ends_m.last().copied().unwrap_or(0.0)
    }

    pub(super) fn waypoints(&self) -> usize {
        self.points.len() - 1
    }

    /// Returns how far a place of the plan is from the start.
    pub(super) fn at_waypoint_m(&self, waypoint: usize, share: f64) -> f64 {
        let index = (waypoint + 1).min(self.ends_m.len() - 1);
        let next = (index + 1).min(self.ends_m.len() - 1);
        self.ends_m[index] + (self.ends_m[next] - self.ends_m[index]) * share.clamp(0.0, 1.0)
    }

    pub(super) fn spot(&self, metres: f64) -> Spot {
        let metres = metres.clamp(0.0, self.length_m());
        let index =
            self.ends_m.partition_point(|end| *end <= metres).saturating_sub(1).min(self.points.len() - 1);
        let next = (index + 1).min(self.points.len() - 1);
        let piece_m = self.ends_m[next] - self.ends_m[index];
        let share = if piece_m > 0.0 { (metres - self.ends_m[index]) / piece_m } else { 0.0 };
        let (a, b) = (self.points[index], self.points[next]);
        let mix = |a: f64, b: f64| a + (b - a) * share;
        let at = LatLon::new(mix(a.lat_deg, b.lat_deg), mix(a.lon_deg, b.lon_deg)).unwrap_or(a);
        Spot {
            at,
            height_m: mix(self.heights_m[index], self.heights_m[next]),
            course_deg: course_deg(a, b),
            waypoint: index.checked_sub(1),
            share,
        }
    }
}

/// Course over a short way, degrees clockwise from north.
pub(super) fn course_deg(a: LatLon, b: LatLon) -> f64 {
    let north = b.lat_deg - a.lat_deg;
    let east = (b.lon_deg - a.lon_deg) * a.lat_deg.to_radians().cos();
    east.atan2(north).to_degrees()
}
