//! The geoid above the ellipsoid, for places where the configuration states none.

use crate::position::LatLon;

/// One standard deviation of [`undulation_m`], metres: the grid is coarse and read bilinearly.
pub const UNDULATION_SIGMA_M: f64 = 1.5;

/// Returns the height of the EGM2008 geoid above the WGS-84 ellipsoid, or `None` off the globe.
///
/// # Units
/// Metres, positive up.
///
/// # References
/// Pavlis, Holmes, Kenyon, Factor (2012), The development and evaluation of the Earth Gravitational Model 2008; grid of the
/// crate `egm2008`.
pub fn undulation_m(at: LatLon) -> Option<f64> {
    let height = egm2008::geoid_height(at.lat_deg as f32, at.lon_deg as f32).ok()?;
    Some(f64::from(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undulation_agrees_with_published_egm96_points_to_its_stated_error() {
        // NGA's test points of the EGM96 calculator; the two models differ by decimetres.
        let points = [
            (38.628_155, 269.779_155, -31.628),
            (-14.621_217, 305.021_114, -2.969),
            (46.874_319, 102.448_729, -43.575),
            (-23.617_446, 133.874_712, 15.871),
            (38.625_473, 359.999_500, 50.066),
            (-0.466_744, 0.002_300, 17.329),
        ];
        for (lat_deg, lon_deg, expected_m) in points {
            let at = LatLon { lat_deg, lon_deg: if lon_deg > 180.0 { lon_deg - 360.0 } else { lon_deg } };
            let found = undulation_m(at).unwrap();
            assert!(
                (found - expected_m).abs() < 3.0 * UNDULATION_SIGMA_M,
                "{at:?}: {found} against {expected_m}"
            );
        }
    }

    #[test]
    fn a_position_off_the_globe_has_no_undulation() {
        assert_eq!(undulation_m(LatLon { lat_deg: 91.0, lon_deg: 0.0 }), None);
        assert_eq!(undulation_m(LatLon { lat_deg: f64::NAN, lon_deg: 0.0 }), None);
    }
}
