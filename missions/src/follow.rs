//! Flying at a height above ground that rises and falls.

use geo::Coord;
use gis::{LatLon, Terrain};

use crate::plane::{Plane, between, distance_m};

/// How ground is followed.
#[derive(Clone, Copy)]
pub struct Follow<'a> {
    /// The ground.
    pub ground: &'a dyn Terrain,
    /// The plane of the area.
    pub plane: &'a Plane,
    /// Height above ground, metres.
    pub height_m: f64,
    /// How far the flight may lie below that height, metres; above it never.
    pub tolerance_m: f64,
    /// Half the ground across that a line is flown for, metres: the lowest ground within counts.
    pub half_m: f64,
}

/// Why ground cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FollowError {
    /// The terrain has no height there.
    #[error("the terrain has no height at {:.6}, {:.6}: give terrain without holes over the whole flight", .0.lat_deg, .0.lon_deg)]
    Hole(LatLon),
}

/// A point of a line with its height above the ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// On the plane.
    pub at: Coord<f64>,
    /// Metres above the ellipsoid.
    pub height_m: f64,
}

/// Least and greatest distance of the places where ground is looked up, metres.
const STEP_M: (f64, f64) = (5.0, 30.0);
/// Most places looked up along one line.
const MOST_STEPS: usize = 4_000;
/// Share of the asked height that must be left above the highest ground beside the line.
const CLEAR_SHARE: f64 = 0.5;

impl Follow<'_> {
    /// Returns a line with as many points as its ground asks for: its ends, and where the straight way would leave the tolerance.
    ///
    /// # Errors
    /// Where the terrain has no height.
    pub fn line(&self, a: Coord<f64>, b: Coord<f64>) -> Result<Vec<At>, FollowError> {
        let length_m = distance_m(a, b);
        let step_m = self.ground.spacing_m().clamp(STEP_M.0, STEP_M.1);
        let steps = ((length_m / step_m).ceil() as usize).clamp(1, MOST_STEPS);
        let side = if length_m > 0.0 {
            Coord { x: -(b.y - a.y) / length_m * self.half_m, y: (b.x - a.x) / length_m * self.half_m }
        } else {
            Coord { x: 0.0, y: 0.0 }
        };
        let mut wanted = Vec::with_capacity(steps + 1);
        for step in 0..=steps {
            let at = between(a, b, step as f64 / steps as f64);
            wanted.push(At { at, height_m: self.wanted_m(at, side)? });
        }
        Ok(thinned(&wanted, self.tolerance_m))
    }

    /// The height above the ellipsoid at a place: as asked over the lowest ground of the strip, never too near its highest.
    fn wanted_m(&self, at: Coord<f64>, side: Coord<f64>) -> Result<f64, FollowError> {
        let (mut low_m, mut high_m) = (f64::INFINITY, f64::NEG_INFINITY);
        for place in [at, at + side, at - side] {
            let place = self.plane.place(place);
            let ground_m = self.ground.height(place).ok_or(FollowError::Hole(place))?.0;
            (low_m, high_m) = (low_m.min(ground_m), high_m.max(ground_m));
        }
        let height_m = self.height_m - self.tolerance_m;
        Ok((low_m + height_m).max(high_m + height_m * CLEAR_SHARE))
    }
}

/// Leaves out points from which the straight way differs by no more than the tolerance (Douglas, Peucker 1973), then lifts the rest by
/// what is still below.
fn thinned(wanted: &[At], tolerance_m: f64) -> Vec<At> {
    let mut keep = vec![false; wanted.len()];
    let last = wanted.len() - 1;
    (keep[0], keep[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let off_m = |k: &usize| {
            let share = (k - from) as f64 / (to - from) as f64;
            let straight_m = wanted[from].height_m + share * (wanted[to].height_m - wanted[from].height_m);
            (wanted[*k].height_m - straight_m).abs()
        };
        let worst = (from + 1..to).max_by(|p, q| off_m(p).total_cmp(&off_m(q)));
        if let Some(worst) = worst
            && off_m(&worst) > tolerance_m
        {
            keep[worst] = true;
            open.extend([(from, worst), (worst, to)]);
        }
    }
    wanted.iter().zip(keep).filter(|(_, keep)| *keep).map(|(at, _)| *at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gis::EllipsoidHeight;
    use gis::terrain::TerrainBounds;

    /// Hills of 40 m, 800 m from one to the next along east.
    struct Hills;

    impl Terrain for Hills {
        fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
            let east_m = (at.lon_deg - 118.0) * 97_000.0;
            (east_m < 5_000.0).then(|| EllipsoidHeight(20.0 * (east_m / 127.3).sin() + 100.0))
        }
        fn sigma_m(&self) -> f64 {
            1.0
        }
        fn bounds(&self) -> TerrainBounds {
            TerrainBounds { corners: None, lowest: EllipsoidHeight(80.0), highest: EllipsoidHeight(120.0) }
        }
        fn spacing_m(&self) -> f64 {
            10.0
        }
    }

    #[test]
    fn the_straight_way_between_points_stays_within_the_tolerance() {
        let plane = Plane::around(LatLon { lat_deg: 29.0, lon_deg: 118.0 });
        let follow = Follow { ground: &Hills, plane: &plane, height_m: 70.0, tolerance_m: 4.0, half_m: 0.0 };
        let (a, b) = (Coord { x: 0.0, y: 0.0 }, Coord { x: 3_000.0, y: 500.0 });
        let line = follow.line(a, b).unwrap();
        assert!(line.len() > 8 && line.len() < 80, "{}", line.len());
        for pair in line.windows(2) {
            for step in 0..=20 {
                let share = f64::from(step) / 20.0;
                let at = between(pair[0].at, pair[1].at, share);
                let height_m = pair[0].height_m + share * (pair[1].height_m - pair[0].height_m);
                let above_m = height_m - Hills.height(plane.place(at)).unwrap().0;
                assert!((61.5..=70.5).contains(&above_m), "{above_m} above ground at {at:?}");
            }
        }
    }

    #[test]
    fn a_hole_of_the_terrain_is_named_by_its_place() {
        let plane = Plane::around(LatLon { lat_deg: 29.0, lon_deg: 118.0 });
        let follow = Follow { ground: &Hills, plane: &plane, height_m: 70.0, tolerance_m: 4.0, half_m: 0.0 };
        let error = follow.line(Coord { x: 0.0, y: 0.0 }, Coord { x: 9_000.0, y: 0.0 }).unwrap_err();
        assert!(error.to_string().contains("29.000000, 118.05"), "{error}");
    }
}
