//! The lens and the picture: from pixels to directions in the camera and back.
//!
//! Pixel coordinates are (u, v), u right and v down, and (0, 0) is the outer corner of the top-left pixel: its centre is
//! (0.5, 0.5). OpenCV counts from the centre of that pixel; its values enter and leave by the `opencv` doors only.

use nalgebra::{Matrix2, Matrix3x2, Vector2, Vector3};
use serde::{Deserialize, Serialize};

use super::distortion::Distortion;
use super::error::{CameraError, finite, positive};
use super::fisheye;

/// Offset from OpenCV's pixel origin (centre of the top-left pixel) to ours (its outer corner), pixels.
const OPENCV_ORIGIN_PX: f64 = 0.5;

/// How a lens maps directions to the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// By the tangent of the angle from the optical axis (pinhole), distorted after Brown.
    #[default]
    Perspective,
    /// By the angle itself, with the polynomial k1 to k4 on it; k5, k6, p1 and p2 must be 0.
    Fisheye,
}

/// A camera: pinhole with Brown distortion, or fisheye.
///
/// # Units
/// Pixels; see the module for the origin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intrinsics {
    /// Width of the picture.
    pub width_px: f64,
    /// Height of the picture.
    pub height_px: f64,
    /// Focal length along the rows.
    pub fx_px: f64,
    /// Focal length along the columns.
    pub fy_px: f64,
    /// Principal point, from the left edge.
    pub cx_px: f64,
    /// Principal point, from the upper edge.
    pub cy_px: f64,
    /// How the lens maps directions.
    #[serde(default)]
    pub projection: Projection,
    /// Lens distortion.
    #[serde(default)]
    pub distortion: Distortion,
}

/// A direction in the camera with its derivative by the pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelRay {
    /// Unit direction, x right, y down, z forward.
    pub ray_in_camera: Vector3<f64>,
    /// Change of the direction by a change of (u, v), one a pixel.
    pub by_pixel: Matrix3x2<f64>,
}

impl Intrinsics {
    /// Returns an ideal camera with its principal point in the middle and square pixels.
    ///
    /// # Errors
    /// If size or focal length are not finite numbers above zero.
    pub fn centred(width_px: f64, height_px: f64, focal_px: f64) -> Result<Self, CameraError> {
        Self {
            width_px,
            height_px,
            fx_px: focal_px,
            fy_px: focal_px,
            cx_px: width_px / 2.0,
            cy_px: height_px / 2.0,
            projection: Projection::Perspective,
            distortion: Distortion::default(),
        }
        .validated()
    }

    /// Returns the camera of a horizontal field of view, in degrees, and of a vertical one where it is known.
    ///
    /// # Errors
    /// If the size is not above zero or an angle not between 0 and 180 degrees.
    pub fn from_fov(
        width_px: f64,
        height_px: f64,
        horizontal_deg: f64,
        vertical_deg: Option<f64>,
    ) -> Result<Self, CameraError> {
        let fx_px = focal_of_fov("hfov_deg", width_px, horizontal_deg)?;
        let fy_px = match vertical_deg {
            Some(angle_deg) => focal_of_fov("vfov_deg", height_px, angle_deg)?,
            None => fx_px,
        };
        Self { fy_px, ..Self::centred(width_px, height_px, fx_px)? }.validated()
    }

    /// Returns the camera of a focal length and a sensor width, both in millimetres.
    ///
    /// A "35 mm equivalent" focal length is one for the frame's diagonal of 43.2666 mm: see `from_focal_35mm`.
    ///
    /// # Errors
    /// If a value is not a finite number above zero.
    pub fn from_focal(
        width_px: f64,
        height_px: f64,
        focal_mm: f64,
        sensor_width_mm: f64,
    ) -> Result<Self, CameraError> {
        let focal_mm = positive("focal_mm", focal_mm)?;
        let sensor_width_mm = positive("sensor_width_mm", sensor_width_mm)?;
        Self::centred(width_px, height_px, focal_mm / sensor_width_mm * width_px)
    }

    /// Returns the camera of a 35 mm equivalent focal length, counted on the diagonal as CIPA DCG-001 and DJI do.
    ///
    /// # Errors
    /// If a value is not a finite number above zero.
    pub fn from_focal_35mm(width_px: f64, height_px: f64, equivalent_mm: f64) -> Result<Self, CameraError> {
        let diagonal_mm = 36.0_f64.hypot(24.0);
        let equivalent_mm = positive("focal_35mm_mm", equivalent_mm)?;
        Self::centred(width_px, height_px, equivalent_mm / diagonal_mm * width_px.hypot(height_px))
    }

    /// Returns the camera of an OpenCV camera matrix and coefficients (k1, k2, p1, p2, k3, k4, k5, k6).
    ///
    /// # Errors
    /// If a value is not finite, or a size or focal length not above zero.
    pub fn from_opencv(
        (width_px, height_px): (f64, f64),
        (fx, fy, cx, cy): (f64, f64, f64, f64),
        coefficients: [f64; 8],
    ) -> Result<Self, CameraError> {
        let [k1, k2, p1, p2, k3, k4, k5, k6] = coefficients;
        Self {
            width_px,
            height_px,
            fx_px: fx,
            fy_px: fy,
            cx_px: cx + OPENCV_ORIGIN_PX,
            cy_px: cy + OPENCV_ORIGIN_PX,
            projection: Projection::Perspective,
            distortion: Distortion { k1, k2, k3, k4, k5, k6, p1, p2 },
        }
        .validated()
    }

    /// Returns the camera of OpenCV's fisheye model: camera matrix and coefficients (k1, k2, k3, k4).
    ///
    /// # Errors
    /// If a value is not finite, or a size or focal length not above zero.
    pub fn from_opencv_fisheye(
        size_px: (f64, f64),
        matrix: (f64, f64, f64, f64),
        [k1, k2, k3, k4]: [f64; 4],
    ) -> Result<Self, CameraError> {
        let plain = Self::from_opencv(size_px, matrix, [0.0; 8])?;
        let distortion = Distortion { k1, k2, k3, k4, ..Distortion::default() };
        Self { projection: Projection::Fisheye, distortion, ..plain }.validated()
    }

    /// Returns the principal point as OpenCV counts it.
    pub fn opencv_principal_point(&self) -> (f64, f64) {
        (self.cx_px - OPENCV_ORIGIN_PX, self.cy_px - OPENCV_ORIGIN_PX)
    }

    /// Returns the camera itself if every number can be used.
    ///
    /// # Errors
    /// If a value is not finite, or a size or focal length not above zero.
    pub fn validated(self) -> Result<Self, CameraError> {
        positive("width_px", self.width_px)?;
        positive("height_px", self.height_px)?;
        positive("fx_px", self.fx_px)?;
        positive("fy_px", self.fy_px)?;
        finite("cx_px", self.cx_px)?;
        finite("cy_px", self.cy_px)?;
        for (name, value) in self.distortion.named() {
            finite(name, value)?;
        }
        if self.projection == Projection::Fisheye {
            let unused = self.distortion.named().into_iter().skip(4).find(|(_, value)| *value != 0.0);
            if let Some((field, value)) = unused {
                return Err(CameraError::InvalidValue { field, value, expected: "0 with a fisheye" });
            }
        }
        Ok(self)
    }

    /// Returns the camera of a part of the picture, as a digital crop leaves it.
    ///
    /// # Units
    /// Pixels of this picture.
    ///
    /// # Errors
    /// If the part has no size or a number is not finite.
    pub fn cropped(
        &self,
        left_px: f64,
        top_px: f64,
        width_px: f64,
        height_px: f64,
    ) -> Result<Self, CameraError> {
        let (cx_px, cy_px) = (self.cx_px - left_px, self.cy_px - top_px);
        Self { width_px, height_px, cx_px, cy_px, ..*self }.validated()
    }

    /// Returns the camera of the same picture size behind a digital zoom about the picture's middle.
    ///
    /// # Errors
    /// If the factor is not a finite number above zero.
    pub fn zoomed(&self, factor: f64) -> Result<Self, CameraError> {
        let factor = positive("digital_zoom", factor)?;
        let (part_px, part_high_px) = (self.width_px / factor, self.height_px / factor);
        let (left_px, top_px) = ((self.width_px - part_px) / 2.0, (self.height_px - part_high_px) / 2.0);
        self.cropped(left_px, top_px, part_px, part_high_px)?.scaled_to(self.width_px, self.height_px)
    }

    /// Returns the camera for the same picture resized to another size.
    ///
    /// # Errors
    /// If the size is not above zero.
    pub fn scaled_to(&self, width_px: f64, height_px: f64) -> Result<Self, CameraError> {
        let x = positive("width_px", width_px)? / self.width_px;
        let y = positive("height_px", height_px)? / self.height_px;
        Self {
            width_px,
            height_px,
            fx_px: self.fx_px * x,
            fy_px: self.fy_px * y,
            cx_px: self.cx_px * x,
            cy_px: self.cy_px * y,
            ..*self
        }
        .validated()
    }

    /// Returns the unit direction in the camera of a pixel: x right, y down, z forward.
    ///
    /// `None` where the lens model has no inverse or a number is not finite.
    pub fn ray_in_camera(&self, u_px: f64, v_px: f64) -> Option<Vector3<f64>> {
        self.pixel_ray(u_px, v_px).map(|pixel| pixel.ray_in_camera)
    }

    /// Returns the unit direction of a pixel together with its derivative.
    ///
    /// `None` where the lens model has no inverse or a number is not finite.
    pub fn pixel_ray(&self, u_px: f64, v_px: f64) -> Option<PixelRay> {
        let distorted = Vector2::new((u_px - self.cx_px) / self.fx_px, (v_px - self.cy_px) / self.fy_px);
        if self.projection == Projection::Fisheye {
            let (ray_in_camera, by_image) = fisheye::ray(&self.fisheye_coefficients(), &distorted)?;
            let by_pixel = by_image * Matrix2::new(1.0 / self.fx_px, 0.0, 0.0, 1.0 / self.fy_px);
            return Some(PixelRay { ray_in_camera, by_pixel });
        }
        let (ideal, distorted_by_ideal) = self.distortion.undistort(&distorted)?;
        let distorted_by_pixel = Matrix2::new(1.0 / self.fx_px, 0.0, 0.0, 1.0 / self.fy_px);
        let ideal_by_pixel = distorted_by_ideal.try_inverse()? * distorted_by_pixel;
        let on_plane = ideal.push(1.0);
        let length = on_plane.norm();
        let ray_in_camera = on_plane / length;
        let plane_by_pixel = ideal_by_pixel.fixed_resize::<3, 2>(0.0);
        let by_pixel =
            (plane_by_pixel - ray_in_camera * (ray_in_camera.transpose() * plane_by_pixel)) / length;
        let usable = ray_in_camera.iter().chain(by_pixel.iter()).all(|value| value.is_finite());
        usable.then_some(PixelRay { ray_in_camera, by_pixel })
    }

    /// Returns the pixel of a point in the camera frame (any length unit), inside the picture or not.
    ///
    /// `None` behind the camera, where the lens model folds, or if a number is not finite.
    pub fn project(&self, point_in_camera: &Vector3<f64>) -> Option<(f64, f64)> {
        if self.projection == Projection::Fisheye {
            let image = fisheye::project(&self.fisheye_coefficients(), point_in_camera)?;
            return self.pixel(&image);
        }
        if point_in_camera.z.is_nan() || point_in_camera.z <= 0.0 {
            return None;
        }
        let ideal = point_in_camera.xy() / point_in_camera.z;
        let (distorted, _) = self.distortion.distort(&ideal);
        if !self.distortion.is_none() {
            let (back, _) = self.distortion.undistort(&distorted)?;
            if (back - ideal).norm() > 1e-6 * (1.0 + ideal.norm()) {
                return None;
            }
        }
        self.pixel(&distorted)
    }

    fn pixel(&self, image: &Vector2<f64>) -> Option<(f64, f64)> {
        let (u_px, v_px) = (image.x * self.fx_px + self.cx_px, image.y * self.fy_px + self.cy_px);
        (u_px.is_finite() && v_px.is_finite()).then_some((u_px, v_px))
    }

    fn fisheye_coefficients(&self) -> fisheye::Coefficients {
        let Distortion { k1, k2, k3, k4, .. } = self.distortion;
        [k1, k2, k3, k4]
    }

    /// Returns the middle of the picture.
    pub fn centre_px(&self) -> (f64, f64) {
        (self.width_px / 2.0, self.height_px / 2.0)
    }
}

fn focal_of_fov(field: &'static str, size_px: f64, angle_deg: f64) -> Result<f64, CameraError> {
    if !(angle_deg > 0.0 && angle_deg < 180.0) {
        return Err(CameraError::InvalidValue {
            field,
            value: angle_deg,
            expected: "an angle between 0 and 180",
        });
    }
    Ok(size_px / 2.0 / (angle_deg.to_radians() / 2.0).tan())
}
