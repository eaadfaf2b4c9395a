//! From a pixel to a position on the ground, with the covariance of its error.
//!
//! A `View` holds what one frame needs; `locate`, `locate_many`, `locate_at_range`, `footprint` and `frame_footprint` work on
//! it. What does not depend on the pixel is checked and computed once, when the view is made.

mod march;
mod propagate;

use nalgebra::Vector3;
#[cfg(feature = "rayon")]
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use self::march::{Ray, Span};
use self::propagate::PoseErrors;
use crate::camera::{Intrinsics, PixelRay, Pose, RollingShutter};
use crate::geodesy::LocalFrame;
use crate::height::EllipsoidHeight;
use crate::observation::NotLocated;
use crate::position::{GeoPoint, GroundPosition, LatLon};
use crate::terrain::Terrain;

/// Pixels below which another thread costs more than it saves.
#[cfg(feature = "rayon")]
const LEAST_PIXELS: usize = 256;

/// Where georeferencing refuses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Least angle of a ray below the horizontal, degrees; negative to allow rays that rise towards a slope. Nearer to the horizon
    /// a small turn moves the hit too far.
    pub min_depression_deg: f64,
    /// Longest ray, metres.
    pub max_range_m: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_depression_deg: 5.0, max_range_m: 20_000.0 }
    }
}

impl Limits {
    /// Sine of the least depression; beyond the zenith no ray passes.
    fn least_sink(&self) -> f64 {
        if self.min_depression_deg > 90.0 {
            return f64::INFINITY;
        }
        self.min_depression_deg.max(-90.0).to_radians().sin()
    }
}

/// One frame's camera over the ground.
#[derive(Clone, Copy)]
pub struct View<'a> {
    intrinsics: &'a Intrinsics,
    pose: &'a Pose,
    terrain: &'a dyn Terrain,
    limits: Limits,
    frame: LocalFrame,
    span: Span,
    errors: PoseErrors,
    pose_is_usable: bool,
    lens_is_usable: bool,
    least_sink: f64,
    shutter: Option<RollingShutter>,
}

/// Rounds in which the row of a point and the pose of that row find each other; each leaves the share of the picture that the camera
/// moves while it is read.
const ROW_ROUNDS: usize = 6;

impl<'a> View<'a> {
    /// Returns the view of a camera over a terrain, with the usual limits.
    pub fn new(intrinsics: &'a Intrinsics, pose: &'a Pose, terrain: &'a dyn Terrain) -> Self {
        let limits = Limits::default();
        Self {
            intrinsics,
            pose,
            terrain,
            limits,
            frame: LocalFrame::at(pose.point),
            span: Span::of(terrain),
            errors: PoseErrors::of(pose),
            pose_is_usable: pose.is_usable(),
            lens_is_usable: intrinsics.validated().is_ok(),
            least_sink: limits.least_sink(),
            shutter: None,
        }
    }

    /// Returns the view through a shutter that reads row after row.
    #[must_use]
    pub fn with_shutter(self, shutter: Option<RollingShutter>) -> Self {
        Self { shutter, ..self }
    }

    /// Returns the same view over another ground.
    #[must_use]
    pub fn over<'b>(&self, terrain: &'b dyn Terrain) -> View<'b>
    where
        'a: 'b,
    {
        View { terrain, span: Span::of(terrain), ..*self }
    }

    /// Calls `look` with the view as the row of a pixel has it, and with this one where all rows are of one moment.
    #[inline]
    fn at_row<T>(&self, v_px: f64, look: impl FnOnce(&View<'_>) -> T) -> T {
        let Some(shutter) = &self.shutter else { return look(self) };
        let share = RollingShutter::share(v_px, self.intrinsics.height_px);
        let pose = shutter.pose_at(self.pose, share);
        let errors = PoseErrors::of(&pose).with_row(shutter.error_at(share));
        look(&View { pose: &pose, frame: LocalFrame::at(pose.point), errors, shutter: None, ..*self })
    }

    /// Returns the view with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, least_sink: limits.least_sink(), ..self }
    }

    /// Returns the camera's lens and picture.
    pub fn intrinsics(&self) -> &'a Intrinsics {
        self.intrinsics
    }

    /// Returns the camera's pose.
    pub fn pose(&self) -> &'a Pose {
        self.pose
    }

    /// Returns the ground.
    pub fn terrain(&self) -> &'a dyn Terrain {
        self.terrain
    }

    /// Returns the tangent frame at the camera.
    pub fn frame(&self) -> &LocalFrame {
        &self.frame
    }

    /// Returns the pixel (u, v) at which a point appears, inside the picture or not; `None` behind the camera.
    pub fn pixel_from_point(&self, point: GeoPoint) -> Option<(f64, f64)> {
        let mut pixel = self.still_pixel(point)?;
        if self.shutter.is_some() {
            for _ in 0..ROW_ROUNDS {
                pixel = self.at_row(pixel.1, |view| view.still_pixel(point))?;
            }
        }
        Some(pixel)
    }

    fn still_pixel(&self, point: GeoPoint) -> Option<(f64, f64)> {
        let point_in_enu = self.frame.enu_from_point(point);
        self.intrinsics.project(&self.pose.enu_from_camera.inverse_transform_vector(&point_in_enu))
    }

    /// The ray of a pixel in the camera, and its unit direction in east, north, up.
    fn ray(&self, u_px: f64, v_px: f64) -> Result<(PixelRay, Vector3<f64>), NotLocated> {
        let pixel_ray = self.intrinsics.pixel_ray(u_px, v_px).ok_or(NotLocated::Degenerate)?;
        Ok((pixel_ray, self.pose.enu_from_camera * pixel_ray.ray_in_camera))
    }

    /// The hit of a pixel's ray on the ground.
    fn hit(&self, u_px: f64, v_px: f64) -> Result<Hit, NotLocated> {
        if !(self.pose_is_usable && self.lens_is_usable) {
            return Err(NotLocated::Degenerate);
        }
        let (pixel_ray, direction) = self.ray(u_px, v_px)?;
        if direction.z.is_nan() {
            return Err(NotLocated::Degenerate);
        }
        if -direction.z < self.least_sink {
            return Err(NotLocated::NearHorizon);
        }
        let ray = Ray { frame: &self.frame, direction: &direction, terrain: self.terrain, span: self.span };
        let (range_m, point) = march::first_hit(&ray, self.limits.max_range_m)?;
        Ok(Hit { pixel_ray, direction, range_m, point: usable(point)? })
    }
}

fn usable(point: GeoPoint) -> Result<GeoPoint, NotLocated> {
    let finite = point.height.0.is_finite() && point.lat_lon.lat_deg.is_finite();
    if finite { Ok(point) } else { Err(NotLocated::Degenerate) }
}

/// Where a ray ends.
#[derive(Debug, Clone, Copy)]
struct Hit {
    pixel_ray: PixelRay,
    /// Unit direction in east, north, up at the camera.
    direction: Vector3<f64>,
    /// Distance from the camera, metres.
    range_m: f64,
    point: GeoPoint,
}

/// Returns where the ray of a pixel meets the ground, with the first-order covariance of pixel, pose and terrain errors.
///
/// # Units
/// Pixels from the outer corner of the top-left pixel; `pixel_sigma_px` one standard deviation in each direction.
///
/// # Errors
/// The reason why there is no position: near the horizon, outside the terrain or in one of its holes, camera below the
/// ground, or numbers that are not finite.
pub fn locate(view: &View, u_px: f64, v_px: f64, pixel_sigma_px: f64) -> Result<GroundPosition, NotLocated> {
    view.at_row(v_px, |view| propagate::on_ground(view, &view.hit(u_px, v_px)?, pixel_sigma_px))
}

/// Returns `locate` of each pixel, in their order.
///
/// With the feature `rayon` the pixels are shared among the threads of the caller's pool; the results are the same.
///
/// # Units
/// As `locate`.
pub fn locate_many(
    view: &View,
    pixels: &[(f64, f64)],
    pixel_sigma_px: f64,
) -> Vec<Result<GroundPosition, NotLocated>> {
    #[cfg(feature = "rayon")]
    let pixels = pixels.par_iter().with_min_len(LEAST_PIXELS);
    #[cfg(not(feature = "rayon"))]
    let pixels = pixels.iter();
    pixels.map(|&(u_px, v_px)| locate(view, u_px, v_px, pixel_sigma_px)).collect()
}

/// Returns the ground at a horizontal position as this view would have located it: on the terrain (at `fallback` where that
/// has a hole), with the covariance of the pixel in which it appears.
///
/// # Errors
/// `Degenerate` if the position does not lie in front of the camera.
pub(crate) fn locate_towards(
    view: &View,
    at: LatLon,
    fallback: EllipsoidHeight,
    pixel_sigma_px: f64,
) -> Result<GroundPosition, NotLocated> {
    let point = GeoPoint { lat_lon: at, height: view.terrain.height(at).unwrap_or(fallback) };
    let pixel = view.pixel_from_point(point).ok_or(NotLocated::Degenerate)?;
    view.at_row(pixel.1, |view| {
        let from_camera = view.frame.enu_from_point(point);
        let (pixel_ray, _) = view.ray(pixel.0, pixel.1)?;
        let hit = Hit { pixel_ray, direction: from_camera.normalize(), range_m: from_camera.norm(), point };
        propagate::on_ground(view, &hit, pixel_sigma_px)
    })
}

/// Returns the point of the ground in a pixel, without its error.
///
/// # Errors
/// As `locate`.
pub fn ground_point(view: &View, u_px: f64, v_px: f64) -> Result<GeoPoint, NotLocated> {
    view.at_row(v_px, |view| view.hit(u_px, v_px).map(|hit| hit.point))
}

/// Returns the point at a measured distance along the ray of a pixel, as from a laser range finder; needs no terrain and
/// knows no horizon.
///
/// # Units
/// Pixels from the outer corner of the top-left pixel; range and its standard deviation in metres.
///
/// # Errors
/// `Degenerate` if a number is not finite or the range not above zero.
pub fn locate_at_range(
    view: &View,
    (u_px, v_px): (f64, f64),
    range_m: f64,
    range_sigma_m: f64,
    pixel_sigma_px: f64,
) -> Result<GroundPosition, NotLocated> {
    view.at_row(v_px, |view| {
        let (pixel_ray, direction) = view.ray(u_px, v_px)?;
        if !(range_m > 0.0 && range_m.is_finite() && view.pose_is_usable) {
            return Err(NotLocated::Degenerate);
        }
        let point = usable(view.frame.point_from_enu(&(direction * range_m)))?;
        let hit = Hit { pixel_ray, direction, range_m, point };
        propagate::at_range(view, &hit, pixel_sigma_px, range_sigma_m)
    })
}

/// Returns the side of the square of ground that one pixel in the middle of the picture covers, metres.
///
/// # Errors
/// As `locate`, for the middle of the picture.
pub fn ground_sample_distance_m(view: &View) -> Result<f64, NotLocated> {
    let (u_px, v_px) = view.intrinsics.centre_px();
    let hit = view.hit(u_px, v_px)?;
    propagate::ground_by_pixel(view, &hit).map(f64::sqrt)
}
