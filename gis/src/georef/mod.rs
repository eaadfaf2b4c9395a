//! From a pixel to a position on the ground, with the covariance of its error.
//!
//! A `View` holds what one frame needs; `locate`, `locate_at_range`, `footprint` and `frame_footprint` work on it.

mod march;
mod propagate;

use nalgebra::Vector3;

use crate::camera::{Intrinsics, Pose};
use crate::geodesy::LocalFrame;
use crate::height::EllipsoidHeight;
use crate::observation::NotLocated;
use crate::position::{GeoPoint, GroundPosition, LatLon};
use crate::terrain::Terrain;

/// Where georeferencing refuses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Least angle of a ray below the horizontal, degrees. Nearer to the horizon a small turn moves the hit too far.
    pub min_depression_deg: f64,
    /// Longest ray, metres.
    pub max_range_m: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_depression_deg: 5.0, max_range_m: 20_000.0 }
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
}

impl<'a> View<'a> {
    /// Returns the view of a camera over a terrain, with the usual limits.
    pub fn new(intrinsics: &'a Intrinsics, pose: &'a Pose, terrain: &'a dyn Terrain) -> Self {
        Self { intrinsics, pose, terrain, limits: Limits::default(), frame: LocalFrame::at(pose.point) }
    }

    /// Returns the view with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
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
        let point_in_enu = self.frame.enu_from_point(point);
        self.intrinsics.project(&self.pose.enu_from_camera.inverse_transform_vector(&point_in_enu))
    }

    /// The unit direction of a pixel in east, north, up at the camera, steep enough to be used.
    fn direction_in_enu(&self, u_px: f64, v_px: f64) -> Result<Vector3<f64>, NotLocated> {
        let ray_in_camera = self.intrinsics.ray_in_camera(u_px, v_px).ok_or(NotLocated::Degenerate)?;
        let direction = self.pose.enu_from_camera * ray_in_camera;
        let depression_deg = (-direction.z).clamp(-1.0, 1.0).asin().to_degrees();
        if depression_deg.is_nan() {
            return Err(NotLocated::Degenerate);
        }
        if depression_deg < self.limits.min_depression_deg {
            return Err(NotLocated::NearHorizon);
        }
        Ok(direction)
    }

    /// The hit of a pixel's ray: direction and range from the camera in its tangent frame.
    fn hit(&self, u_px: f64, v_px: f64) -> Result<Hit, NotLocated> {
        if !self.pose.is_usable() || self.intrinsics.validated().is_err() {
            return Err(NotLocated::Degenerate);
        }
        let direction = self.direction_in_enu(u_px, v_px)?;
        let range_m = march::first_hit(&self.frame, &direction, self.terrain, self.limits.max_range_m)?;
        Ok(Hit { direction, range_m })
    }

    fn point_of(&self, hit: &Hit) -> Result<GeoPoint, NotLocated> {
        let point = self.frame.point_from_enu(&(hit.direction * hit.range_m));
        let finite = point.height.0.is_finite() && point.lat_lon.lat_deg.is_finite();
        if finite { Ok(point) } else { Err(NotLocated::Degenerate) }
    }
}

/// Where a ray ends.
#[derive(Debug, Clone, Copy)]
struct Hit {
    /// Unit direction in east, north, up at the camera.
    direction: Vector3<f64>,
    /// Distance from the camera, metres.
    range_m: f64,
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
    let hit = view.hit(u_px, v_px)?;
    let point = view.point_of(&hit)?;
    let covariance_enu_m2 = propagate::on_ground(view, &hit, point, (u_px, v_px), pixel_sigma_px)?;
    Ok(GroundPosition { point, covariance_enu_m2 })
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
    let from_camera = view.frame.enu_from_point(point);
    let hit = Hit { direction: from_camera.normalize(), range_m: from_camera.norm() };
    let covariance_enu_m2 = propagate::on_ground(view, &hit, point, pixel, pixel_sigma_px)?;
    Ok(GroundPosition { point, covariance_enu_m2 })
}

/// Returns the point of the ground in a pixel, without its error: half the cost of `locate`.
///
/// # Errors
/// As `locate`.
pub fn ground_point(view: &View, u_px: f64, v_px: f64) -> Result<GeoPoint, NotLocated> {
    view.point_of(&view.hit(u_px, v_px)?)
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
    let ray_in_camera = view.intrinsics.ray_in_camera(u_px, v_px).ok_or(NotLocated::Degenerate)?;
    if !(range_m > 0.0 && range_m.is_finite() && view.pose.is_usable()) {
        return Err(NotLocated::Degenerate);
    }
    let hit = Hit { direction: view.pose.enu_from_camera * ray_in_camera, range_m };
    let point = view.point_of(&hit)?;
    let covariance_enu_m2 = propagate::at_range(view, &hit, (u_px, v_px), pixel_sigma_px, range_sigma_m)?;
    Ok(GroundPosition { point, covariance_enu_m2 })
}

/// Returns the side of the square of ground that one pixel in the middle of the picture covers, metres.
///
/// # Errors
/// As `locate`, for the middle of the picture.
pub fn ground_sample_distance_m(view: &View) -> Result<f64, NotLocated> {
    let (u_px, v_px) = view.intrinsics.centre_px();
    let hit = view.hit(u_px, v_px)?;
    propagate::ground_by_pixel(view, &hit, (u_px, v_px)).map(f64::sqrt)
}
