//! How high for a ground sample distance, and how far apart lines and pictures are for an overlap.

use crate::aircraft::Aircraft;

/// Overlap of neighbouring pictures, shares of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Of one picture and the next along a line.
    pub front: f64,
    /// Of one line and the next.
    pub side: f64,
}

impl Default for Overlap {
    fn default() -> Self {
        Self { front: 0.7, side: 0.6 }
    }
}

/// How ground is to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Ground that one pixel shows, metres.
    pub gsd_m: f64,
    /// Overlap.
    pub overlap: Overlap,
}

/// The geometry of pictures that look straight down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// Height above the ground at which the asked distance is met, metres.
    pub height_m: f64,
    /// Ground across the flight in one picture, metres.
    pub across_m: f64,
    /// Ground along the flight in one picture, metres.
    pub along_m: f64,
    /// From one line to the next, metres.
    pub spacing_m: f64,
    /// From one picture to the next, metres.
    pub trigger_m: f64,
    /// Speed over ground, metres a second: the usual one, less where the camera is too slow.
    pub speed_mps: f64,
}

/// Why there is no such geometry.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpticsError {
    /// The asked distance cannot be flown.
    #[error(
        "a ground sample distance of {gsd_m} m asks for {height_m:.1} m above ground; give one that is flown between {least_m} and {most_m} m"
    )]
    Height {
        /// Asked.
        gsd_m: f64,
        /// What it means.
        height_m: f64,
        /// Least height.
        least_m: f64,
        /// Greatest height.
        most_m: f64,
    },
    /// Overlap out of range.
    #[error("an overlap of {0} is none; give a share of at least 0 and less than 0.95")]
    Overlap(f64),
}

/// Heights between which plans are made, metres above ground.
const HEIGHTS_M: (f64, f64) = (10.0, 1500.0);
/// Blur by motion that is let pass, pixels.
pub const MOST_BLUR_PX: f64 = 1.0;

/// Returns the geometry of a look with the camera of an aircraft.
///
/// The picture's long side lies across the flight. Height over focal length is ground over pixel; see any textbook of
/// photogrammetry, as Kraus (2007), section 1.
///
/// # Errors
/// When the distance asks for a height that is not flown, or the overlap is none.
pub fn geometry(aircraft: &Aircraft, look: Look) -> Result<Geometry, OpticsError> {
    let Overlap { front, side } = look.overlap;
    for share in [front, side] {
        if !(0.0..0.95).contains(&share) {
            return Err(OpticsError::Overlap(share));
        }
    }
    let camera = &aircraft.camera;
    let height_m = look.gsd_m * camera.focal_px();
    let (least_m, most_m) = HEIGHTS_M;
    if !(least_m..=most_m).contains(&height_m) {
        return Err(OpticsError::Height { gsd_m: look.gsd_m, height_m, least_m, most_m });
    }
    let (across_m, along_m) = (look.gsd_m * camera.width_px, look.gsd_m * camera.height_px);
    let trigger_m = along_m * (1.0 - front);
    let by_interval_mps = trigger_m / camera.interval_secs;
    let by_blur_mps = MOST_BLUR_PX * look.gsd_m / camera.exposure_secs;
    let speed_mps = aircraft.flight.speed_mps.min(by_interval_mps).min(by_blur_mps);
    let spacing_m = across_m * (1.0 - side);
    Ok(Geometry { height_m, across_m, along_m, spacing_m, trigger_m, speed_mps })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m3td() -> Aircraft {
        Aircraft::from_toml(include_str!("../../configs/aircraft/m3td.toml")).unwrap()
    }

    #[test]
    fn height_and_spacing_follow_from_the_lens() {
        let look = Look { gsd_m: 0.025, overlap: Overlap::default() };
        let geometry = geometry(&m3td(), look).unwrap();
        // 6.72 mm over pixels of 2.4 um: 2800 pixels, of 25 mm each.
        assert!((geometry.height_m - 70.0).abs() < 1e-9, "{geometry:?}");
        assert!((geometry.across_m - 100.8).abs() < 1e-9);
        assert!((geometry.spacing_m - 40.32).abs() < 1e-9);
        assert!((geometry.trigger_m - 22.68).abs() < 1e-9);
    }

    #[test]
    fn a_slow_camera_makes_a_slow_flight() {
        let mut aircraft = m3td();
        aircraft.camera.interval_secs = 3.0;
        let look = Look { gsd_m: 0.01, overlap: Overlap { front: 0.8, side: 0.6 } };
        let geometry = geometry(&aircraft, look).unwrap();
        assert!((geometry.speed_mps - geometry.trigger_m / 3.0).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_flown_is_refused() {
        let at = |gsd_m, side| geometry(&m3td(), Look { gsd_m, overlap: Overlap { front: 0.7, side } });
        for gsd_m in [0.0, -1.0, f64::NAN, 1e-6, 5.0, f64::INFINITY] {
            assert!(matches!(at(gsd_m, 0.6), Err(OpticsError::Height { .. })), "{gsd_m}");
        }
        for side in [1.0, -0.1, f64::NAN, 0.99] {
            assert!(matches!(at(0.025, side), Err(OpticsError::Overlap(_))), "{side}");
        }
    }
}
