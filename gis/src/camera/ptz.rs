//! Cameras that pan, tilt and zoom: from what they report to lens and direction.
//!
//! The head stands in the attitude of its mount; pan turns about the head's vertical axis, tilt lifts the lens about the panned level
//! axis. So pan adds to the heading and tilt to the pitch of a head that stands upright. Zoom is looked up in a table of focal lengths.
//!
//! # References
//! ONVIF PTZ Service Specification, section 5.2: `PositionGenericSpace` runs from -1 to 1 for pan and tilt and from 0 to 1 for zoom;
//! `SphericalPositionSpaceDegrees` is in degrees.

use super::attitude::Attitude;
use super::error::CameraError;
use super::intrinsics::Intrinsics;

/// A reported position of pan and tilt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PanTilt {
    /// In degrees of the head.
    Degrees {
        /// Clockwise from the head's zero, seen from above.
        pan_deg: f64,
        /// Above the head's zero.
        tilt_deg: f64,
    },
    /// From -1 to 1 over the ranges of the head.
    Normalised {
        /// Pan.
        pan: f64,
        /// Tilt.
        tilt: f64,
    },
}

/// A focal length at a zoom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZoomStep {
    /// Reported zoom: 0 to 1 over the range of the lens.
    pub zoom: f64,
    /// Focal length along the rows, pixels of the calibrated picture.
    pub fx_px: f64,
}

/// What is constant about a head that pans, tilts and zooms.
#[derive(Debug, Clone, PartialEq)]
pub struct PtzHead {
    /// Attitude of the lens at pan 0 and tilt 0: where the head is mounted to, with its zero offsets.
    pub mount: Attitude,
    /// Pan in degrees at the reported -1 and 1.
    pub pan_range_deg: [f64; 2],
    /// Tilt in degrees at the reported -1 and 1.
    pub tilt_range_deg: [f64; 2],
    /// Focal lengths by rising zoom; none for a lens that does not zoom.
    pub zooms: Vec<ZoomStep>,
}

/// Why a head or what it reports cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PtzError {
    /// A range has no extent or a number is not finite.
    #[error("{name} from {low} to {high} is no range")]
    Range {
        /// The range.
        name: &'static str,
        /// Its value at -1.
        low: f64,
        /// Its value at 1.
        high: f64,
    },
    /// Zooms do not rise, or a focal length is none.
    #[error("zoom {zoom} with focal length {fx_px} px does not rise from the one before, or is none")]
    Zoom {
        /// The zoom.
        zoom: f64,
        /// Its focal length.
        fx_px: f64,
    },
    /// A report lies outside of what the head can do.
    #[error("reported {name} {value} lies outside {low} to {high}")]
    Outside {
        /// Pan, tilt or zoom.
        name: &'static str,
        /// What was reported.
        value: f64,
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
    },
    /// The lens at this zoom is none.
    #[error(transparent)]
    Lens(#[from] CameraError),
}

/// How far a report may lie outside of its range: what cameras round.
const ROUNDING: f64 = 0.002;

impl PtzHead {
    /// Returns the head itself if every number can be used.
    ///
    /// # Errors
    /// Names the first range or zoom that cannot.
    pub fn validated(self) -> Result<Self, PtzError> {
        for (name, [low, high]) in
            [("pan_range_deg", self.pan_range_deg), ("tilt_range_deg", self.tilt_range_deg)]
        {
            if !(low.is_finite() && high.is_finite() && (high - low).abs() > f64::EPSILON) {
                return Err(PtzError::Range { name, low, high });
            }
        }
        let mut before = f64::NEG_INFINITY;
        for &ZoomStep { zoom, fx_px } in &self.zooms {
            if !(zoom > before && zoom.is_finite() && fx_px > 0.0 && fx_px.is_finite()) {
                return Err(PtzError::Zoom { zoom, fx_px });
            }
            before = zoom;
        }
        Ok(self)
    }

    /// Returns the attitude of the camera at a reported position.
    ///
    /// # Errors
    /// When the report lies outside of the ranges or is not finite.
    pub fn attitude(&self, reported: PanTilt) -> Result<Attitude, PtzError> {
        let (heading_deg, pitch_deg) = match reported {
            PanTilt::Degrees { pan_deg, tilt_deg } => {
                let turn = 360.0;
                (inside("pan", pan_deg, -turn, turn)?, inside("tilt", tilt_deg, -turn, turn)?)
            }
            PanTilt::Normalised { pan, tilt } => {
                let degrees = |name, value, [low, high]: [f64; 2]| {
                    Ok::<f64, PtzError>(
                        low + f64::midpoint(inside(name, value, -1.0, 1.0)?, 1.0) * (high - low),
                    )
                };
                (degrees("pan", pan, self.pan_range_deg)?, degrees("tilt", tilt, self.tilt_range_deg)?)
            }
        };
        let head = Attitude { heading_deg, pitch_deg, roll_deg: 0.0 };
        Ok(Attitude::of_camera(&self.mount.enu_from_mounted_camera(&head)))
    }

    /// Returns the lens at a reported zoom; the given one where the head does not zoom.
    ///
    /// # Errors
    /// When the zoom lies outside of the table, or the head zooms and reports none.
    pub fn lens(&self, base: &Intrinsics, zoom: Option<f64>) -> Result<Intrinsics, PtzError> {
        let (Some(first), Some(last)) = (self.zooms.first(), self.zooms.last()) else { return Ok(*base) };
        let zoom = inside("zoom", zoom.unwrap_or(f64::NAN), first.zoom, last.zoom)?;
        let steps = self.zooms.iter().zip(self.zooms.iter().skip(1));
        let between = |(a, b): (&ZoomStep, &ZoomStep)| {
            let part = (zoom - a.zoom) / (b.zoom - a.zoom);
            (zoom <= b.zoom).then_some(a.fx_px + part * (b.fx_px - a.fx_px))
        };
        let fx_px = steps.clone().find_map(between).unwrap_or(last.fx_px);
        Ok(Intrinsics { fx_px, fy_px: base.fy_px * (fx_px / base.fx_px), ..*base }.validated()?)
    }
}

/// Returns a report within its bounds, rounding put right.
fn inside(name: &'static str, value: f64, low: f64, high: f64) -> Result<f64, PtzError> {
    if (low - ROUNDING..=high + ROUNDING).contains(&value) {
        return Ok(value.clamp(low, high));
    }
    Err(PtzError::Outside { name, value, low, high })
}

#[cfg(test)]
mod tests {
    use nalgebra::Vector3;

    use super::*;

    fn head(mount: Attitude) -> PtzHead {
        let zooms = [(0.0, 1000.0), (0.5, 4000.0), (1.0, 20_000.0)];
        let zooms = zooms.map(|(zoom, fx_px)| ZoomStep { zoom, fx_px }).to_vec();
        PtzHead { mount, pan_range_deg: [-170.0, 170.0], tilt_range_deg: [-90.0, 30.0], zooms }
            .validated()
            .unwrap()
    }

    fn upright(heading_deg: f64) -> PtzHead {
        head(Attitude { heading_deg, pitch_deg: 0.0, roll_deg: 0.0 })
    }

    #[test]
    fn pan_adds_to_the_heading_and_tilt_to_the_pitch_of_an_upright_head() {
        let found = upright(200.0).attitude(PanTilt::Degrees { pan_deg: 30.0, tilt_deg: -25.0 }).unwrap();
        assert!(
            (found.heading_deg - 230.0).abs() < 1e-9 && (found.pitch_deg + 25.0).abs() < 1e-9,
            "{found:?}"
        );
        let found = upright(10.0).attitude(PanTilt::Normalised { pan: 0.5, tilt: 0.0 }).unwrap();
        assert!(
            (found.heading_deg - 95.0).abs() < 1e-9 && (found.pitch_deg + 30.0).abs() < 1e-9,
            "{found:?}"
        );
    }

    #[test]
    fn a_leaning_head_pans_about_its_own_axis() {
        // A head that leans 10 degrees forward towards north, panned to the east, is rolled and looks level.
        let leaning = head(Attitude { heading_deg: 0.0, pitch_deg: -10.0, roll_deg: 0.0 });
        let found = leaning.attitude(PanTilt::Degrees { pan_deg: 90.0, tilt_deg: 0.0 }).unwrap();
        let axis = found.enu_from_camera() * Vector3::z();
        assert!((axis - Vector3::x()).norm() < 1e-9, "{axis}");
        assert!((found.roll_deg.abs() - 10.0).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn an_upside_down_head_pans_the_other_way() {
        let hung = head(Attitude { heading_deg: 0.0, pitch_deg: 0.0, roll_deg: 180.0 });
        let found = hung.attitude(PanTilt::Degrees { pan_deg: 90.0, tilt_deg: 20.0 }).unwrap();
        let axis = found.enu_from_camera() * Vector3::z();
        assert!(axis.x < -0.9 && axis.z < -0.3, "{axis}");
    }

    #[test]
    fn zoom_gives_the_focal_length_of_its_table_and_both_axes_follow() {
        let base = Intrinsics { fy_px: 1010.0, ..Intrinsics::centred(1920.0, 1080.0, 1000.0).unwrap() };
        let head = upright(0.0);
        let focal = |zoom| head.lens(&base, Some(zoom)).unwrap();
        for (zoom, expected) in
            [(0.0, 1000.0), (0.25, 2500.0), (0.5, 4000.0), (0.75, 12_000.0), (1.001, 20_000.0)]
        {
            assert!((focal(zoom).fx_px - expected).abs() < 1e-9, "{zoom}");
        }
        assert!((focal(0.5).fy_px - 4040.0).abs() < 1e-9);
        let fixed = PtzHead { zooms: Vec::new(), ..head.clone() };
        assert_eq!(fixed.lens(&base, None), Ok(base));
    }

    #[test]
    fn what_cannot_be_is_named_with_its_value() {
        let base = Intrinsics::centred(1920.0, 1080.0, 1000.0).unwrap();
        let error = upright(0.0).attitude(PanTilt::Normalised { pan: 1.5, tilt: 0.0 }).unwrap_err();
        assert_eq!(error.to_string(), "reported pan 1.5 lies outside -1 to 1");
        assert!(upright(0.0).attitude(PanTilt::Degrees { pan_deg: f64::NAN, tilt_deg: 0.0 }).is_err());
        assert!(upright(0.0).lens(&base, None).is_err(), "a lens that zooms must say how far");
        let falling = [(0.5, 1000.0), (0.5, 2000.0)].map(|(zoom, fx_px)| ZoomStep { zoom, fx_px });
        let wrong = PtzHead { zooms: falling.to_vec(), ..upright(0.0) }.validated();
        assert!(matches!(wrong, Err(PtzError::Zoom { .. })));
        let wrong = PtzHead { pan_range_deg: [10.0, 10.0], ..upright(0.0) }.validated();
        assert!(matches!(wrong, Err(PtzError::Range { name: "pan_range_deg", .. })));
    }
}
