//! The geoid above the ellipsoid, for places where the configuration states none.
//!
//! | model | from | error against the model itself |
//! |---|---|---|
//! | EGM96 | crate `egm96`: the spherical harmonics to degree 360 with the correction term, no grid | below 0.02 m |
//! | EGM2008 | crate `egm2008`: a coarse grid, read bilinearly | about 1.5 m |
//!
//! The two models differ by decimetres, and where mountains are by metres: a height is lifted by the model it was made with.
//! Autopilots, DJI, MISB ST 0601 and SRTM count from EGM96; new national terrain models often from EGM2008.

use crate::position::LatLon;

/// A model of the geoid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeoidModel {
    /// Earth Gravitational Model 1996.
    Egm96,
    /// Earth Gravitational Model 2008.
    Egm2008,
}

impl GeoidModel {
    /// Returns one standard deviation of what `undulation_m` gives against the model, metres.
    pub fn sigma_m(self) -> f64 {
        match self {
            Self::Egm96 => 0.01,
            Self::Egm2008 => 1.5,
        }
    }
}

/// Returns the height of a model's geoid above the WGS-84 ellipsoid, or `None` off the globe.
///
/// EGM96 sums 65 000 terms, a fraction of a millisecond: ask once a flight, or once a frame.
///
/// # Units
/// Metres, positive up.
///
/// # References
/// Lemoine and others (1998), The development of the joint NASA GSFC and NIMA geopotential model EGM96,
/// NASA/TP-1998-206861. Pavlis, Holmes, Kenyon, Factor (2012), The development and evaluation of the Earth Gravitational
/// Model 2008, Journal of Geophysical Research 117.
pub fn undulation_m(model: GeoidModel, at: LatLon) -> Option<f64> {
    let LatLon { lat_deg, lon_deg } = LatLon::new(at.lat_deg, at.lon_deg)?;
    match model {
        GeoidModel::Egm96 => Some(egm96::egm96_compute_altitude_offset(lat_deg, lon_deg)),
        GeoidModel::Egm2008 => egm2008::geoid_height(lat_deg as f32, lon_deg as f32).ok().map(f64::from),
    }
    .filter(|height_m| height_m.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NGA's test points of the EGM96 calculator, which interpolates a 15 minute grid: good to 0.02 m.
    const EGM96_POINTS: [(f64, f64, f64); 6] = [
        (38.628_155, 269.779_155, -31.628),
        (-14.621_217, 305.021_114, -2.969),
        (46.874_319, 102.448_729, -43.575),
        (-23.617_446, 133.874_712, 15.871),
        (38.625_473, 359.999_500, 50.066),
        (-0.466_744, 0.002_300, 17.329),
    ];
    const OF_NGA_M: f64 = 0.02;

    fn check(model: GeoidModel, allowed_m: f64) {
        for (lat_deg, lon_deg, expected_m) in EGM96_POINTS {
            let at = LatLon { lat_deg, lon_deg: if lon_deg > 180.0 { lon_deg - 360.0 } else { lon_deg } };
            let found_m = undulation_m(model, at).unwrap();
            println!("{model:?} {at:?}: {found_m:.3} m, {:+.3} m", found_m - expected_m);
            assert!((found_m - expected_m).abs() <= allowed_m, "{at:?}: {found_m} against {expected_m}");
        }
    }

    #[test]
    fn egm96_agrees_with_the_published_points() {
        check(GeoidModel::Egm96, OF_NGA_M);
    }

    #[test]
    fn egm2008_agrees_with_them_to_its_stated_error() {
        check(GeoidModel::Egm2008, 3.0 * GeoidModel::Egm2008.sigma_m());
    }

    #[test]
    fn a_position_off_the_globe_has_no_undulation() {
        for model in [GeoidModel::Egm96, GeoidModel::Egm2008] {
            for (lat_deg, lon_deg) in [(91.0, 0.0), (f64::NAN, 0.0), (0.0, f64::INFINITY), (0.0, 180.5)] {
                assert_eq!(undulation_m(model, LatLon { lat_deg, lon_deg }), None);
            }
            for lat_deg in [-90.0, 90.0] {
                let around =
                    [-180.0, 0.0, 180.0].map(|lon_deg| undulation_m(model, LatLon { lat_deg, lon_deg }));
                assert!(around.iter().all(|found| found.unwrap().abs() < 110.0), "{model:?} {around:?}");
            }
        }
    }
}
