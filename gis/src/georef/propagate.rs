//! First-order propagation of pixel, pose and terrain errors to the ground.
//!
//! The hit is `X = C + r d`. With `n` the ground's normal (scaled to `n_up = 1`), an error `t` of the terrain's height and
//! errors of `C` and `d`, staying on the ground asks for `n . dX = t`, so
//! `dX = (I - d n' / (n . d)) (dC + r dd) + d t / (n . d)`.
//! Axes are east, north, up at the camera; those at the hit differ by the angle between the two verticals (1.6 mrad at
//! 10 km), which is neglected here.
//!
//! Each cause of error is one vector, its displacement of the hit at one standard deviation. The covariance is the sum of
//! their outer products; the part that sightings of one flight share sums the same vectors with the shares of
//! `camera::BiasShare`. Pixels err anew in each frame, the terrain always in the same way.

use nalgebra::{Matrix3, Matrix3x2, SMatrix, Unit, Vector2, Vector3};

use super::{Hit, View};
use crate::camera::{CalibrationCovariance, Pose};
use crate::geodesy::metres_per_degree;
use crate::observation::NotLocated;
use crate::position::{BiasModes, GeoPoint, GroundPosition, LatLon};
use crate::terrain::Terrain;

/// Least sine of the angle between ray and ground. Below it the first order means nothing.
const LEAST_INCIDENCE: f64 = 0.02;
/// Added to each axis, so that the covariance stays definite when every stated error is zero: 1 mm.
const FLOOR_M2: f64 = 1e-6;

/// The errors of a pose, each at one standard deviation with the share of its variance that a flight shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct PoseErrors {
    /// Displacements of the camera in east, north, up, metres.
    moves: [(Vector3<f64>, f64); 3],
    /// The displacement along the track, and the turn, by a wrong time.
    along_track: Option<(Vector3<f64>, Vector3<f64>)>,
    /// Displacement and turn by a wrong time of reading, for the row looked at.
    row: Option<(Vector3<f64>, Vector3<f64>)>,
    /// Turns about axes in east, north, up, radians.
    turns: [(Vector3<f64>, f64); 3],
    /// What a calibrated camera's errors do together, instead of moves and turns.
    joint: Option<JointErrors>,
}

/// Errors of pose and lens that hang together: each column of the factor of their covariance is one cause.
#[derive(Debug, Clone, Copy)]
struct JointErrors {
    factor: CalibrationCovariance,
    axes: [Vector3<f64>; 3],
}

impl JointErrors {
    fn of(pose: &Pose) -> Option<Self> {
        let eigen = pose.sigma.calibrated?.symmetric_eigen();
        let deviations = eigen.eigenvalues.map(|value| value.max(0.0).sqrt());
        let factor = eigen.eigenvectors * CalibrationCovariance::from_diagonal(&deviations);
        Some(Self { factor, axes: pose.error_axes_in_enu().map(Unit::into_inner) })
    }

    /// The displacements of a hit, one a cause.
    fn displaced<'a>(&'a self, view: &'a View, hit: &'a Hit) -> impl Iterator<Item = Vector3<f64>> + 'a {
        let by_lens = direction_by_pixel(view, hit) * hit.range_m * pixel_by_lens(view, hit);
        let end_m = hit.direction * hit.range_m;
        self.factor.column_iter().map(move |cause| {
            let moved = Vector3::new(cause[0], cause[1], cause[2]);
            let turn: Vector3<f64> = (0..3).map(|axis| self.axes[axis] * cause[3 + axis].to_radians()).sum();
            moved + turn.cross(&end_m) + by_lens * cause.fixed_rows::<5>(6)
        })
    }
}

/// The pixel that would look where this one does, by fx (fy in proportion), cx, cy, k1, k2: a change of the lens turned into one of the
/// pixel.
fn pixel_by_lens(view: &View, hit: &Hit) -> SMatrix<f64, 2, 5> {
    let lens = view.intrinsics;
    let ray = hit.pixel_ray.ray_in_camera;
    let ideal = ray.xy() / ray.z;
    let (distorted, _) = lens.distortion.distort(&ideal);
    let aspect = lens.fy_px / lens.fx_px;
    let r2 = ideal.norm_squared();
    let radial = Vector2::new(lens.fx_px * ideal.x, lens.fy_px * ideal.y) * r2;
    let columns =
        [Vector2::new(distorted.x, distorted.y * aspect), Vector2::x(), Vector2::y(), radial, radial * r2];
    -SMatrix::from_columns(&columns)
}

impl PoseErrors {
    pub(super) fn of(pose: &Pose) -> Self {
        let sigma = &pose.sigma;
        let along_track = sigma.time_offset.map(|offset| {
            let by_offset = |rate: [f64; 3]| Vector3::from(rate) * offset.sigma_secs;
            (by_offset(offset.velocity_enu_m_per_s), by_offset(offset.turn_enu_rad_per_s))
        });
        let [east, north, up] = sigma.position_enu_m;
        let share = sigma.bias_share;
        let moves = [
            (Vector3::x() * east, share.position_enu[0]),
            (Vector3::y() * north, share.position_enu[1]),
            (Vector3::z() * up, share.position_enu[2]),
        ];
        let axes = pose.error_axes_in_enu();
        let turn = |axis: usize| {
            (axes[axis].into_inner() * sigma.attitude_deg[axis].to_radians(), share.attitude[axis])
        };
        let turns = [turn(0), turn(1), turn(2)];
        Self { moves, along_track, row: None, turns, joint: JointErrors::of(pose) }
    }

    /// Adds what a wrong time of reading does to a row: displacement and turn.
    pub(super) fn with_row(self, row: (Vector3<f64>, Vector3<f64>)) -> Self {
        Self { row: Some(row), ..self }
    }
}

/// A covariance as it is summed up, with its shared part.
struct Sums {
    whole_m2: Matrix3<f64>,
    shared_m2: Matrix3<f64>,
    modes_m: BiasModes,
}

/// Columns of [`BiasModes`]: turns come after the moves, the time offset last.
const FIRST_TURN: usize = 3;
const TIME_OFFSET: usize = 6;

impl Sums {
    fn new() -> Self {
        Self {
            whole_m2: Matrix3::identity() * FLOOR_M2,
            shared_m2: Matrix3::zeros(),
            modes_m: BiasModes::zeros(),
        }
    }

    #[inline]
    fn add_independent(&mut self, displaced_m: &Vector3<f64>) {
        self.whole_m2 += displaced_m * displaced_m.transpose();
    }

    #[inline]
    fn add(&mut self, displaced_m: &Vector3<f64>, shared: f64) {
        let square = displaced_m * displaced_m.transpose();
        self.whole_m2 += square;
        self.shared_m2 += square * shared;
    }

    /// Adds an error that lasts in part, and keeps that part as a cause of its own.
    #[inline]
    fn add_mode(&mut self, mode: usize, displaced_m: &Vector3<f64>, shared: f64) {
        self.add(displaced_m, shared);
        self.modes_m.set_column(mode, &(displaced_m * shared.sqrt()));
    }

    fn at(self, point: GeoPoint) -> Result<GroundPosition, NotLocated> {
        let finite = self.whole_m2.iter().chain(self.shared_m2.iter()).all(|value| value.is_finite());
        let Self {
            whole_m2: covariance_enu_m2,
            shared_m2: bias_covariance_enu_m2,
            modes_m: bias_modes_enu_m,
        } = self;
        let position = GroundPosition { point, covariance_enu_m2, bias_covariance_enu_m2, bias_modes_enu_m };
        if finite { Ok(position) } else { Err(NotLocated::Degenerate) }
    }
}

/// A hit on the ground with its covariance.
pub(super) fn on_ground(view: &View, hit: &Hit, pixel_sigma_px: f64) -> Result<GroundPosition, NotLocated> {
    let normal = ground_normal(view.terrain, view.span.spacing_m, hit.point, &hit.direction);
    let by_height = hit.direction / normal.dot(&hit.direction);
    let mut sums = Sums::new();
    add_errors_at_camera(&mut sums, view, hit, pixel_sigma_px, |displaced_m| {
        displaced_m - by_height * normal.dot(&displaced_m)
    });
    sums.add(&(by_height * view.terrain.sigma_at_m(hit.point.lat_lon)), 1.0);
    sums.at(hit.point)
}

/// A point at a measured range with its covariance.
pub(super) fn at_range(
    view: &View,
    hit: &Hit,
    pixel_sigma_px: f64,
    range_sigma_m: f64,
) -> Result<GroundPosition, NotLocated> {
    let mut sums = Sums::new();
    add_errors_at_camera(&mut sums, view, hit, pixel_sigma_px, |displaced_m| displaced_m);
    sums.add_independent(&(hit.direction * range_sigma_m));
    sums.at(hit.point)
}

/// Area of ground that one pixel covers, square metres.
pub(super) fn ground_by_pixel(view: &View, hit: &Hit) -> Result<f64, NotLocated> {
    let by_pixel = direction_by_pixel(view, hit) * hit.range_m;
    let normal = Vector3::z();
    let along_ground = Matrix3::identity() - hit.direction * normal.transpose() / normal.dot(&hit.direction);
    let ground: Matrix3x2<f64> = along_ground * by_pixel;
    let area_m2 = ground.column(0).cross(&ground.column(1)).norm();
    if area_m2.is_finite() { Ok(area_m2) } else { Err(NotLocated::Degenerate) }
}

/// Adds the errors that move the end of a ray of fixed length: those of the position, and those of the direction times the
/// range.
#[inline]
fn add_errors_at_camera(
    sums: &mut Sums,
    view: &View,
    hit: &Hit,
    pixel_sigma_px: f64,
    kept_on_ground: impl Fn(Vector3<f64>) -> Vector3<f64>,
) {
    let by_pixel = direction_by_pixel(view, hit) * (hit.range_m * pixel_sigma_px);
    for column in by_pixel.column_iter() {
        sums.add_independent(&kept_on_ground(column.into_owned()));
    }
    let end_m = hit.direction * hit.range_m;
    if let Some((moved_m, turn)) = view.errors.along_track {
        sums.add_mode(TIME_OFFSET, &kept_on_ground(moved_m + turn.cross(&end_m)), 1.0);
    }
    if let Some((moved_m, turn)) = view.errors.row {
        sums.add(&kept_on_ground(moved_m + turn.cross(&end_m)), 1.0);
    }
    if let Some(joint) = &view.errors.joint {
        for displaced_m in joint.displaced(view, hit) {
            sums.add(&kept_on_ground(displaced_m), 1.0);
        }
        return;
    }
    for (mode, (moved_m, share)) in view.errors.moves.iter().enumerate() {
        sums.add_mode(mode, &kept_on_ground(*moved_m), *share);
    }
    for (axis, (turn, share)) in view.errors.turns.iter().enumerate() {
        sums.add_mode(FIRST_TURN + axis, &kept_on_ground(turn.cross(&end_m)), *share);
    }
}

fn direction_by_pixel(view: &View, hit: &Hit) -> Matrix3x2<f64> {
    view.pose.enu_from_camera.matrix() * hit.pixel_ray.by_pixel
}

/// The normal of the ground, up component 1, from neighbours one sample away; level where it has none or where the ray
/// would come from below.
fn ground_normal(
    terrain: &dyn Terrain,
    step_m: f64,
    point: GeoPoint,
    direction: &Vector3<f64>,
) -> Vector3<f64> {
    let level = Vector3::z();
    if !step_m.is_finite() {
        return level;
    }
    let LatLon { lat_deg, lon_deg } = point.lat_lon;
    let (north_m, east_m) = metres_per_degree(lat_deg);
    let slope = |lat_step: f64, lon_step: f64| {
        let at = |sign: f64| {
            let lat_lon = LatLon { lat_deg: lat_deg + sign * lat_step, lon_deg: lon_deg + sign * lon_step };
            terrain.height(lat_lon).map(|height| height.0)
        };
        Some((at(1.0)? - at(-1.0)?) / (2.0 * step_m))
    };
    let (Some(by_east), Some(by_north)) = (slope(0.0, step_m / east_m), slope(step_m / north_m, 0.0)) else {
        return level;
    };
    let normal = Vector3::new(-by_east, -by_north, 1.0);
    if normal.dot(direction) < -LEAST_INCIDENCE * normal.norm() { normal } else { level }
}
