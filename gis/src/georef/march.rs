//! The first meeting of a ray with the ground.
//!
//! The ray is followed from where it sinks below the highest ground, in steps of half a sample of the terrain (longer ones
//! where the terrain knows of no ground so high), until it is under the ground; the crossing is then bracketed and refined.
//! The curvature of the earth is in every step: a point of the ray is taken from the tangent frame to the ellipsoid.
//!
//! A level or rising ray, as of a camera in a valley, is followed the same way until it is above all ground.
//!
//! Over a hole the ground is not known: a ray that enters a hole above the ground and comes out below it hit something
//! unseen and is refused; one that comes out above it goes on.

use nalgebra::Vector3;

use crate::geodesy::{LocalFrame, SEMI_MAJOR_AXIS_M};
use crate::height::EllipsoidHeight;
use crate::observation::NotLocated;
use crate::position::GeoPoint;
use crate::terrain::{Fall, Terrain};

/// Length to which the crossing is found, metres.
const RESOLUTION_M: f64 = 1e-6;
/// Steps of half a sample between looks at the ground.
const STEP_SAMPLES: f64 = 0.5;
const LEAST_STEP_M: f64 = 1e-3;
/// Ends a search that numbers have led astray; 20 km over a 1 m grid take 40 000 steps without any ceiling.
const MOST_STEPS: usize = 200_000;
const MOST_REFINEMENTS: usize = 100;
/// Height above or below the ground that counts as a hit, metres.
const TOUCHING_M: f64 = 1e-7;

/// What the search needs to know of a terrain as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    lowest: EllipsoidHeight,
    highest: EllipsoidHeight,
    pub(super) spacing_m: f64,
}

impl Span {
    pub(super) fn of(terrain: &dyn Terrain) -> Self {
        let bounds = terrain.bounds();
        Self { lowest: bounds.lowest, highest: bounds.highest, spacing_m: terrain.spacing_m() }
    }
}

/// A ray over the ground.
pub(super) struct Ray<'a> {
    pub(super) frame: &'a LocalFrame,
    /// Unit direction in east, north, up.
    pub(super) direction: &'a Vector3<f64>,
    pub(super) terrain: &'a dyn Terrain,
    pub(super) span: Span,
}

impl Ray<'_> {
    fn point(&self, range_m: f64) -> GeoPoint {
        self.frame.point_from_enu(&(self.direction * range_m))
    }

    fn gap_m(&self, point: GeoPoint) -> Option<f64> {
        self.terrain.height(point.lat_lon).map(|ground| point.height.0 - ground.0)
    }

    /// Sine of the depression: metres sunk by metre of ray at the camera. The earth's curvature only lessens it.
    fn sink(&self) -> f64 {
        -self.direction.z
    }

    /// Range and point at which the ray first reaches a height below the camera's, or `None` if it turns away before.
    ///
    /// Newton on a convex, falling function, from so near the root that one step is enough.
    fn range_to_height(&self, target_m: f64) -> Option<(f64, GeoPoint)> {
        let level2 = 1.0 - self.sink() * self.sink();
        let mut range_m = self.range_over_parabola(target_m);
        for _ in 0..MOST_REFINEMENTS {
            let point = self.point(range_m);
            let excess_m = point.height.0 - target_m;
            if excess_m.abs() < TOUCHING_M {
                return Some((range_m, point));
            }
            let slope = self.sink() - range_m * level2 / SEMI_MAJOR_AXIS_M;
            if slope.is_nan() || slope <= 1e-9 || !excess_m.is_finite() {
                return None;
            }
            let next = (range_m + excess_m / slope).max(0.0);
            if next.total_cmp(&range_m).is_eq() {
                return Some((range_m, point));
            }
            range_m = next;
        }
        Some((range_m, self.point(range_m)))
    }

    /// The range to a height over the paraboloid that osculates the earth below the camera: off by millimetres at 20 km.
    /// Where the ray turns away before, the search starts at the camera.
    fn range_over_parabola(&self, target_m: f64) -> f64 {
        let (north_m, east_m) = self.frame.radii_m();
        let bend =
            self.direction.x * self.direction.x / east_m + self.direction.y * self.direction.y / north_m;
        let drop_m = self.frame.origin().height.0 - target_m;
        let root = self.sink() * self.sink() - 2.0 * bend * drop_m;
        if root > 0.0 { 2.0 * drop_m / (self.sink() + root.sqrt()) } else { 0.0 }
    }
}

/// Where the search starts: known to be above the ground, or not known.
#[derive(Debug, Clone, Copy)]
struct Start {
    range_m: f64,
    point: GeoPoint,
    above: bool,
}

/// Returns the distance along the ray from the frame's origin to the ground, and the point of the ray there.
pub(super) fn first_hit(ray: &Ray, max_range_m: f64) -> Result<(f64, GeoPoint), NotLocated> {
    let (lowest_m, highest_m) = (ray.span.lowest.0, ray.span.highest.0);
    let finite = lowest_m.is_finite()
        && highest_m.is_finite()
        && ray.sink().is_finite()
        && ray.frame.origin().height.0.is_finite();
    if !(finite && max_range_m > 0.0) {
        return Err(NotLocated::Degenerate);
    }
    if ray.sink() <= 0.0 {
        return climb(ray, max_range_m);
    }
    let start = start(ray)?;
    if start.range_m > max_range_m {
        return Err(NotLocated::NearHorizon);
    }
    if start.above && highest_m - lowest_m <= RESOLUTION_M {
        let hit = (start.range_m, start.point);
        return ray.gap_m(start.point).map(|_| hit).ok_or(NotLocated::OutsideTerrain);
    }
    follow(ray, start, max_range_m)
}

/// A level or rising ray: it meets only ground that rises faster, or is above all of it.
fn climb(ray: &Ray, max_range_m: f64) -> Result<(f64, GeoPoint), NotLocated> {
    let Span { lowest, highest, spacing_m } = ray.span;
    let camera = ray.frame.origin();
    if camera.height.0 < lowest.0 {
        return Err(NotLocated::BelowGround);
    }
    let mut last_above = match ray.gap_m(camera) {
        Some(gap_m) if gap_m < 0.0 => return Err(NotLocated::BelowGround),
        gap_m => gap_m.map(|gap_m| Side { range_m: 0.0, gap_m }),
    };
    let level = (1.0 - ray.sink() * ray.sink()).max(0.0).sqrt();
    let step_m = spacing_m * STEP_SAMPLES / level.max(1e-12) + LEAST_STEP_M;
    let mut range_m = 0.0;
    for _ in 0..MOST_STEPS {
        range_m += step_m;
        let point = ray.point(range_m);
        if range_m > max_range_m || point.height.0 > highest.0 {
            return Err(NotLocated::NearHorizon);
        }
        last_above = match ray.gap_m(point) {
            Some(gap_m) if gap_m <= 0.0 => {
                let last_above = last_above.ok_or(NotLocated::OutsideTerrain)?;
                return refine(ray, last_above, Side { range_m, gap_m }, point);
            }
            Some(gap_m) => Some(Side { range_m, gap_m }),
            None => None,
        };
    }
    Err(NotLocated::NearHorizon)
}

fn start(ray: &Ray) -> Result<Start, NotLocated> {
    let camera = ray.frame.origin();
    if camera.height.0 < ray.span.lowest.0 {
        return Err(NotLocated::BelowGround);
    }
    if camera.height.0 > ray.span.highest.0 {
        let (range_m, point) = ray.range_to_height(ray.span.highest.0).ok_or(NotLocated::NearHorizon)?;
        return Ok(Start { range_m, point, above: true });
    }
    let above = match ray.gap_m(camera) {
        Some(gap_m) if gap_m < 0.0 => return Err(NotLocated::BelowGround),
        gap_m => gap_m.is_some(),
    };
    Ok(Start { range_m: 0.0, point: camera, above })
}

fn follow(ray: &Ray, start: Start, max_range_m: f64) -> Result<(f64, GeoPoint), NotLocated> {
    let Span { lowest: EllipsoidHeight(lowest_m), spacing_m, .. } = ray.span;
    let fall = Fall { level: (1.0 - ray.sink() * ray.sink()).max(0.0).sqrt(), sink: ray.sink() };
    let usual_m = spacing_m * STEP_SAMPLES / fall.level.max(1e-12);
    let Start { mut range_m, mut point, above } = start;
    let mut last_above = above.then_some(Side { range_m, gap_m: 0.0 });
    for step in 0..MOST_STEPS {
        let probe = ray.terrain.probe(point.lat_lon, point.height, fall);
        let gap_m = probe.ground.map(|ground| point.height.0 - ground.0);
        last_above = match gap_m {
            // The first look is at a place already known to be above the ground, or touching it.
            Some(gap_m) if gap_m <= 0.0 && !(step == 0 && above) => {
                let last_above = last_above.ok_or(NotLocated::OutsideTerrain)?;
                return refine(ray, last_above, Side { range_m, gap_m }, point);
            }
            Some(gap_m) => Some(Side { range_m, gap_m: gap_m.max(0.0) }),
            None => None,
        };
        if point.height.0 < lowest_m {
            return Err(NotLocated::OutsideTerrain);
        }
        if range_m >= max_range_m {
            return Err(NotLocated::NearHorizon);
        }
        let to_bottom_m = (point.height.0 - lowest_m) / ray.sink();
        let step_m = usual_m.max(probe.free_m).min(to_bottom_m).max(0.0) + LEAST_STEP_M;
        range_m = (range_m + step_m).min(max_range_m);
        point = ray.point(range_m);
    }
    Err(NotLocated::Degenerate)
}

/// One side of a crossing: a range, and the height of the ray above the ground there.
#[derive(Debug, Clone, Copy)]
struct Side {
    range_m: f64,
    gap_m: f64,
}

/// The crossing between a range above the ground and one at or below it: false position with the Illinois rule, kept
/// honest by halving.
fn refine(
    ray: &Ray,
    mut above: Side,
    mut below: Side,
    mut point_below: GeoPoint,
) -> Result<(f64, GeoPoint), NotLocated> {
    for round in 0..MOST_REFINEMENTS {
        if below.range_m - above.range_m <= RESOLUTION_M || below.gap_m == 0.0 {
            break;
        }
        let (low, high) = (above.range_m, below.range_m);
        let secant = low + (high - low) * above.gap_m / (above.gap_m - below.gap_m);
        let inside = secant > low && secant < high && round % 4 != 3;
        let range_m = if inside { secant } else { f64::midpoint(low, high) };
        let point = ray.point(range_m);
        let gap_m = ray.gap_m(point).ok_or(NotLocated::OutsideTerrain)?;
        if gap_m.abs() < TOUCHING_M {
            return Ok((range_m, point));
        }
        if gap_m > 0.0 {
            above = Side { range_m, gap_m };
            below.gap_m /= 2.0;
        } else {
            below = Side { range_m, gap_m };
            point_below = point;
            above.gap_m /= 2.0;
        }
    }
    Ok((below.range_m, point_below))
}
