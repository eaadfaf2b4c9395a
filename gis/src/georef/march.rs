//! The first meeting of a ray with the ground.
//!
//! The ray is followed from where it sinks below the highest ground, in steps of half a sample of the terrain (longer ones
//! under a `Ceiling` that no ground reaches), until it is under the ground; the crossing is then bracketed and refined. The
//! curvature of the earth is in every step: a point of the ray is taken from the tangent frame to the ellipsoid.
//!
//! Over a hole the ground is not known: a ray that enters a hole above the ground and comes out below it hit something
//! unseen and is refused; one that comes out above it goes on.

use nalgebra::Vector3;

use crate::geodesy::{LocalFrame, SEMI_MAJOR_AXIS_M};
use crate::height::EllipsoidHeight;
use crate::observation::NotLocated;
use crate::terrain::{Ceiling, Terrain};

/// Length to which the crossing is found, metres.
const RESOLUTION_M: f64 = 1e-6;
/// Steps of half a sample between looks at the ground.
const STEP_SAMPLES: f64 = 0.5;
const LEAST_STEP_M: f64 = 1e-3;
/// Ends a search that numbers have led astray; 20 km over a 1 m grid take 40 000 steps without any ceiling.
const MOST_STEPS: usize = 200_000;
const MOST_REFINEMENTS: usize = 100;

/// Where the search starts: known to be above the ground, or not known.
#[derive(Debug, Clone, Copy)]
struct Start {
    range_m: f64,
    above: bool,
}

/// Height of a ray over ellipsoid and ground.
struct Ray<'a> {
    frame: &'a LocalFrame,
    direction: &'a Vector3<f64>,
    terrain: &'a dyn Terrain,
}

struct Sample {
    height: EllipsoidHeight,
    /// Ray above ground; `None` in a hole or outside.
    gap_m: Option<f64>,
    ceiling: Ceiling,
}

impl Ray<'_> {
    fn height_m(&self, range_m: f64) -> f64 {
        self.frame.point_from_enu(&(self.direction * range_m)).height.0
    }

    fn gap_m(&self, range_m: f64) -> Option<f64> {
        let point = self.frame.point_from_enu(&(self.direction * range_m));
        self.terrain.height(point.lat_lon).map(|ground| point.height.0 - ground.0)
    }

    fn sample(&self, range_m: f64) -> Sample {
        let point = self.frame.point_from_enu(&(self.direction * range_m));
        Sample {
            height: point.height,
            gap_m: self.terrain.height(point.lat_lon).map(|ground| point.height.0 - ground.0),
            ceiling: self.terrain.ceiling(point.lat_lon),
        }
    }

    /// Sine of the depression: metres sunk by metre of ray at the camera. The earth's curvature only lessens it.
    fn sink(&self) -> f64 {
        -self.direction.z
    }

    /// Range at which the ray first reaches a height below the camera's, or `None` if it turns away before.
    ///
    /// Newton on a convex, falling function from its steeper side: each step stops short of the root.
    fn range_to_height(&self, target_m: f64) -> Option<f64> {
        let level2 = 1.0 - self.sink() * self.sink();
        let mut range_m = 0.0;
        for _ in 0..MOST_REFINEMENTS {
            let excess_m = self.height_m(range_m) - target_m;
            if excess_m.abs() < RESOLUTION_M * 1e-2 {
                return Some(range_m);
            }
            let slope = self.sink() - range_m * level2 / SEMI_MAJOR_AXIS_M;
            if slope.is_nan() || slope <= 1e-9 || !excess_m.is_finite() {
                return None;
            }
            let next = (range_m + excess_m / slope).max(0.0);
            if next.total_cmp(&range_m).is_eq() {
                return Some(range_m);
            }
            range_m = next;
        }
        Some(range_m)
    }
}

/// Returns the distance along a unit direction (east, north, up) from the frame's origin to the ground.
pub(super) fn first_hit(
    frame: &LocalFrame,
    direction: &Vector3<f64>,
    terrain: &dyn Terrain,
    max_range_m: f64,
) -> Result<f64, NotLocated> {
    let ray = Ray { frame, direction, terrain };
    let bounds = terrain.bounds();
    let (lowest_m, highest_m) = (bounds.lowest.0, bounds.highest.0);
    let finite =
        [lowest_m, highest_m, ray.sink(), frame.origin().height.0].iter().all(|value| value.is_finite());
    if !(finite && max_range_m > 0.0) {
        return Err(NotLocated::Degenerate);
    }
    if ray.sink() <= 0.0 {
        return Err(NotLocated::NearHorizon);
    }
    let start = start(&ray, lowest_m, highest_m)?;
    if start.range_m > max_range_m {
        return Err(NotLocated::NearHorizon);
    }
    if start.above && highest_m - lowest_m <= RESOLUTION_M {
        return ray.gap_m(start.range_m).map(|_| start.range_m).ok_or(NotLocated::OutsideTerrain);
    }
    follow(&ray, start, lowest_m, max_range_m)
}

fn start(ray: &Ray, lowest_m: f64, highest_m: f64) -> Result<Start, NotLocated> {
    let camera_m = ray.frame.origin().height.0;
    if camera_m < lowest_m {
        return Err(NotLocated::BelowGround);
    }
    if camera_m > highest_m {
        let range_m = ray.range_to_height(highest_m).ok_or(NotLocated::NearHorizon)?;
        return Ok(Start { range_m, above: true });
    }
    match ray.gap_m(0.0) {
        Some(gap_m) if gap_m < 0.0 => Err(NotLocated::BelowGround),
        Some(_) => Ok(Start { range_m: 0.0, above: true }),
        None => Ok(Start { range_m: 0.0, above: false }),
    }
}

fn follow(ray: &Ray, start: Start, lowest_m: f64, max_range_m: f64) -> Result<f64, NotLocated> {
    let level = (1.0 - ray.sink() * ray.sink()).max(0.0).sqrt();
    let usual_m = ray.terrain.spacing_m() * STEP_SAMPLES / level.max(1e-12);
    let mut above_m = start.above.then_some(start.range_m);
    let mut range_m = start.range_m;
    for step in 0..MOST_STEPS {
        let sample = ray.sample(range_m);
        match sample.gap_m {
            // The first look is at a place already known to be above the ground, or touching it.
            Some(gap_m) if gap_m <= 0.0 && !(step == 0 && start.above) => {
                let above_m = above_m.ok_or(NotLocated::OutsideTerrain)?;
                return refine(ray, above_m, range_m);
            }
            Some(_) => above_m = Some(range_m),
            None => above_m = None,
        }
        if sample.height.0 < lowest_m {
            return Err(NotLocated::OutsideTerrain);
        }
        if range_m >= max_range_m {
            return Err(NotLocated::NearHorizon);
        }
        let clear_m = sample.height.0 - sample.ceiling.height.0;
        let free_m =
            if clear_m > 0.0 { (sample.ceiling.radius_m / level).min(clear_m / ray.sink()) } else { 0.0 };
        let to_bottom_m = (sample.height.0 - lowest_m) / ray.sink();
        let step_m = usual_m.max(free_m).min(to_bottom_m).max(0.0) + LEAST_STEP_M;
        range_m = (range_m + step_m).min(max_range_m);
    }
    Err(NotLocated::Degenerate)
}

/// The crossing between a range above the ground and one at or below it: false position with the Illinois rule, kept
/// honest by halving.
fn refine(ray: &Ray, above_m: f64, below_m: f64) -> Result<f64, NotLocated> {
    let gap = |range_m: f64| ray.gap_m(range_m).ok_or(NotLocated::OutsideTerrain);
    let (mut low, mut high) = (above_m, below_m);
    let (mut low_gap, mut high_gap) = (gap(low)?.max(0.0), gap(high)?);
    for round in 0..MOST_REFINEMENTS {
        if high - low <= RESOLUTION_M || high_gap == 0.0 {
            return Ok(high);
        }
        let secant = low + (high - low) * low_gap / (low_gap - high_gap);
        let inside = secant > low && secant < high && round % 4 != 3;
        let next = if inside { secant } else { f64::midpoint(low, high) };
        let next_gap = gap(next)?;
        if next_gap.abs() < RESOLUTION_M * 1e-3 {
            return Ok(next);
        }
        if next_gap > 0.0 {
            (low, low_gap) = (next, next_gap);
            high_gap /= 2.0;
        } else {
            (high, high_gap) = (next, next_gap);
            low_gap /= 2.0;
        }
    }
    Ok(high)
}
