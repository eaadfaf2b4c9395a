//! WGS-84 positions as geodetic, earth-centred (ECEF) and local east-north-up coordinates.
//!
//! Written on `nalgebra`, because a ray asks for thousands of points in one local frame: the frame keeps its origin and
//! rotation, where crate `geoconv` computes both anew for every point and divides by the cosine of the latitude, which
//! loses the height near the poles.

use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::height::EllipsoidHeight;
use crate::position::{GeoPoint, LatLon};

/// Semi-major axis of WGS-84, metres (NGA.STND.0036, table 3.1).
pub const SEMI_MAJOR_AXIS_M: f64 = 6_378_137.0;
/// Flattening of WGS-84 (NGA.STND.0036, table 3.1).
pub const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// First eccentricity squared of WGS-84.
pub const ECCENTRICITY_SQUARED: f64 = FLATTENING * (2.0 - FLATTENING);

const SEMI_MINOR_AXIS_M: f64 = SEMI_MAJOR_AXIS_M * (1.0 - FLATTENING);
const SECOND_ECCENTRICITY_SQUARED: f64 = ECCENTRICITY_SQUARED / (1.0 - ECCENTRICITY_SQUARED);
/// Two rounds hold 1e-9 m from 20 km below the ellipsoid to 100 km above it.
const BOWRING_ROUNDS: usize = 2;

/// Returns the earth-centred, earth-fixed coordinates of a point.
///
/// # Units
/// Metres.
///
/// # References
/// Hofmann-Wellenhof, Lichtenegger, Wasle (2008), GNSS, equation 8.7. WGS-84.
pub fn ecef_from_point(point: GeoPoint) -> Vector3<f64> {
    let (sin_lat, cos_lat) = point.lat_lon.lat_deg.to_radians().sin_cos();
    let (sin_lon, cos_lon) = point.lat_lon.lon_deg.to_radians().sin_cos();
    let prime_vertical_m = SEMI_MAJOR_AXIS_M / (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
    let from_axis_m = (prime_vertical_m + point.height.0) * cos_lat;
    Vector3::new(
        from_axis_m * cos_lon,
        from_axis_m * sin_lon,
        (prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) + point.height.0) * sin_lat,
    )
}

/// Returns the geodetic point at earth-centred, earth-fixed coordinates.
///
/// # Units
/// Metres.
///
/// # References
/// Bowring (1976), Survey Review 23(181), latitude; Bowring (1985), Survey Review 28(218), height, which holds at the
/// poles too. WGS-84.
pub fn point_from_ecef(ecef: &Vector3<f64>) -> GeoPoint {
    let from_axis_m = ecef.x.hypot(ecef.y);
    let (mut sin_reduced, mut cos_reduced) =
        normalized(ecef.z * SEMI_MAJOR_AXIS_M, from_axis_m * SEMI_MINOR_AXIS_M);
    let (mut sin_lat, mut cos_lat) = (0.0, 1.0);
    for _ in 0..BOWRING_ROUNDS {
        (sin_lat, cos_lat) = normalized(
            ecef.z + SECOND_ECCENTRICITY_SQUARED * SEMI_MINOR_AXIS_M * sin_reduced.powi(3),
            from_axis_m - ECCENTRICITY_SQUARED * SEMI_MAJOR_AXIS_M * cos_reduced.powi(3),
        );
        (sin_reduced, cos_reduced) = normalized((1.0 - FLATTENING) * sin_lat, cos_lat);
    }
    let height_m = from_axis_m * cos_lat + ecef.z * sin_lat
        - SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
    GeoPoint {
        lat_lon: LatLon {
            lat_deg: sin_lat.atan2(cos_lat).to_degrees(),
            lon_deg: ecef.y.atan2(ecef.x).to_degrees(),
        },
        height: EllipsoidHeight(height_m),
    }
}

fn normalized(sin: f64, cos: f64) -> (f64, f64) {
    let length = (sin * sin + cos * cos).sqrt();
    (sin / length, cos / length)
}

/// A tangent frame: east, north, up from an origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalFrame {
    origin: GeoPoint,
    origin_in_ecef: Vector3<f64>,
    ecef_from_enu: Rotation3<f64>,
    meridian: Meridian,
}

/// The origin of a frame in the plane of its meridian.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Meridian {
    sin_lat: f64,
    cos_lat: f64,
    from_axis_m: f64,
    above_equator_m: f64,
    sin_reduced: f64,
    cos_reduced: f64,
    /// Change of the reduced latitude by a metre to the north, radians.
    reduced_per_m: f64,
}

impl Meridian {
    fn at(sin_lat: f64, cos_lat: f64, height_m: f64, origin_in_ecef: &Vector3<f64>) -> Self {
        let (sin_reduced, cos_reduced) = normalized((1.0 - FLATTENING) * sin_lat, cos_lat);
        let root = 1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat;
        let meridian_m = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (root * root.sqrt());
        Self {
            sin_lat,
            cos_lat,
            from_axis_m: origin_in_ecef.x.hypot(origin_in_ecef.y),
            above_equator_m: origin_in_ecef.z,
            sin_reduced,
            cos_reduced,
            reduced_per_m: (1.0 - FLATTENING) / (root * (meridian_m + height_m)),
        }
    }
}

/// Height up to which one round is enough, metres above the ellipsoid.
const HIGHEST_NEAR_M: f64 = 12_000.0;
/// Angle up to which the series of arc sine and arc tangent hold to the last digit, radians: 64 km.
const NEAR_RAD: f64 = 0.01;

impl LocalFrame {
    /// Returns the frame at `origin`.
    ///
    /// # References
    /// Hofmann-Wellenhof, Lichtenegger, Wasle (2008), GNSS, equation 8.16.
    pub fn at(origin: GeoPoint) -> Self {
        let (sin_lat, cos_lat) = origin.lat_lon.lat_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = origin.lat_lon.lon_deg.to_radians().sin_cos();
        let east = Vector3::new(-sin_lon, cos_lon, 0.0);
        let north = Vector3::new(-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat);
        let up = Vector3::new(cos_lat * cos_lon, cos_lat * sin_lon, sin_lat);
        let origin_in_ecef = ecef_from_point(origin);
        Self {
            origin,
            origin_in_ecef,
            ecef_from_enu: Rotation3::from_matrix_unchecked(Matrix3::from_columns(&[east, north, up])),
            meridian: Meridian::at(sin_lat, cos_lat, origin.height.0, &origin_in_ecef),
        }
    }

    /// Returns the origin.
    pub fn origin(&self) -> GeoPoint {
        self.origin
    }

    /// Returns the rotation that takes east, north, up into earth-centred axes.
    pub fn ecef_from_enu(&self) -> Rotation3<f64> {
        self.ecef_from_enu
    }

    /// Returns east, north and up of a point from the origin.
    ///
    /// # Units
    /// Metres.
    pub fn enu_from_point(&self, point: GeoPoint) -> Vector3<f64> {
        self.ecef_from_enu.inverse_transform_vector(&(ecef_from_point(point) - self.origin_in_ecef))
    }

    /// Returns the point at east, north and up from the origin.
    ///
    /// # Units
    /// Metres.
    pub fn point_from_enu(&self, enu: &Vector3<f64>) -> GeoPoint {
        self.near_point(enu)
            .unwrap_or_else(|| point_from_ecef(&(self.origin_in_ecef + self.ecef_from_enu * enu)))
    }

    /// Returns the principal radii of curvature at the origin and its height: along the meridian, across it.
    ///
    /// # Units
    /// Metres.
    pub fn radii_m(&self) -> (f64, f64) {
        let root = 1.0 - ECCENTRICITY_SQUARED * self.meridian.sin_lat * self.meridian.sin_lat;
        let prime_vertical_m = SEMI_MAJOR_AXIS_M / root.sqrt();
        let height_m = self.origin.height.0;
        (prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / root + height_m, prime_vertical_m + height_m)
    }

    /// The conversion without trigonometric functions, for points so near that latitude and longitude differ by small
    /// angles; the same to 1e-6 m within 20 km, up to 12 km above the ellipsoid. `None` far off, higher up and around the poles.
    ///
    /// # References
    /// Bowring (1976), Survey Review 23(181): one round from the reduced latitude that the way north gives is enough.
    #[inline]
    fn near_point(&self, enu: &Vector3<f64>) -> Option<GeoPoint> {
        let Meridian { sin_lat, cos_lat, from_axis_m, above_equator_m, .. } = self.meridian;
        let Meridian { sin_reduced, cos_reduced, reduced_per_m, .. } = self.meridian;
        let out_m = from_axis_m - sin_lat * enu.y + cos_lat * enu.z;
        let up_m = above_equator_m + cos_lat * enu.y + sin_lat * enu.z;
        let lon = small_arc_tangent(enu.x / out_m)?;
        let from_axis_m = (out_m * out_m + enu.x * enu.x).sqrt();
        let turn = enu.y * reduced_per_m;
        let half_square = turn * turn / 2.0;
        let (sin_reduced, cos_reduced) = (
            sin_reduced + cos_reduced * turn - sin_reduced * half_square,
            cos_reduced - sin_reduced * turn - cos_reduced * half_square,
        );
        let (sin, cos) = normalized(
            up_m + SECOND_ECCENTRICITY_SQUARED * SEMI_MINOR_AXIS_M * sin_reduced.powi(3),
            from_axis_m - ECCENTRICITY_SQUARED * SEMI_MAJOR_AXIS_M * cos_reduced.powi(3),
        );
        let lat = small_arc_sine(sin * cos_lat - cos * sin_lat)?;
        let height_m = from_axis_m * cos + up_m * sin
            - SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED * sin * sin).sqrt();
        let lon_deg = self.origin.lat_lon.lon_deg + lon.to_degrees();
        let high = height_m > HIGHEST_NEAR_M;
        (out_m > 0.0 && !high && lon_deg.abs() <= 180.0).then_some(GeoPoint {
            lat_lon: LatLon { lat_deg: self.origin.lat_lon.lat_deg + lat.to_degrees(), lon_deg },
            height: EllipsoidHeight(height_m),
        })
    }
}

/// Arc sine of a small number; `None` of others. The next term is below 1e-19.
fn small_arc_sine(sine: f64) -> Option<f64> {
    let square = sine * sine;
    let series = sine * (1.0 + square * (1.0 / 6.0 + square * (3.0 / 40.0 + square * (15.0 / 336.0))));
    (sine.abs() < NEAR_RAD).then_some(series)
}

/// Arc tangent of a small number; `None` of others. The next term is below 2e-19.
fn small_arc_tangent(tangent: f64) -> Option<f64> {
    let square = tangent * tangent;
    let series = tangent * (1.0 - square * (1.0 / 3.0 - square * (1.0 / 5.0 - square * (1.0 / 7.0))));
    (tangent.abs() < NEAR_RAD).then_some(series)
}

/// Returns the metres that one degree of latitude and one degree of longitude span at a latitude, on the ellipsoid.
///
/// # References
/// Snyder (1987), USGS Professional Paper 1395, equations 4-18 to 4-20. WGS-84.
pub fn metres_per_degree(lat_deg: f64) -> (f64, f64) {
    let (sin_lat, cos_lat) = lat_deg.to_radians().sin_cos();
    let root = 1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat;
    let prime_vertical_m = SEMI_MAJOR_AXIS_M / root.sqrt();
    let meridian_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / root;
    (meridian_m.to_radians(), (prime_vertical_m * cos_lat).to_radians())
}

/// Returns the horizontal distance between two positions in the tangent plane halfway, good to 1e-6 within 10 km.
///
/// # Units
/// Metres.
pub fn plane_distance_m(a: LatLon, b: LatLon) -> f64 {
    let (north_m, east_m) = metres_per_degree(f64::midpoint(a.lat_deg, b.lat_deg));
    let lon_deg = (b.lon_deg - a.lon_deg + 540.0).rem_euclid(360.0) - 180.0;
    ((b.lat_deg - a.lat_deg) * north_m).hypot(lon_deg * east_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat_deg: f64, lon_deg: f64, height_m: f64) -> GeoPoint {
        GeoPoint { lat_lon: LatLon { lat_deg, lon_deg }, height: EllipsoidHeight(height_m) }
    }

    /// Truth: PROJ 9.6.2, `builtins.gie`, block `+proj=topocentric +ellps=WGS84 +lon_0=5 +lat_0=55 +h_0=200`.
    #[test]
    fn topocentric_coordinates_equal_those_of_proj() {
        let frame = LocalFrame::at(point(55.0, 5.0, 200.0));
        let place = point(53.809_394_444_444_44, 2.129_55, 73.0);
        let expect = Vector3::new(-189_013.869, -128_642.040, -4_220.171);
        assert!((frame.enu_from_point(place) - expect).norm() < 1e-3);
        let back = frame.point_from_enu(&expect);
        assert!(plane_distance_m(back.lat_lon, place.lat_lon) < 1e-3 && (back.height.0 - 73.0).abs() < 1e-3);
    }

    #[test]
    fn axes_of_the_ellipsoid_are_those_of_wgs84() {
        let equator = ecef_from_point(point(0.0, 90.0, 0.0));
        assert!((equator - Vector3::new(0.0, 6_378_137.0, 0.0)).norm() < 1e-8);
        let pole = ecef_from_point(point(-90.0, 0.0, 0.0));
        assert!((pole - Vector3::new(0.0, 0.0, -6_356_752.314_245_179)).norm() < 1e-8);
    }

    #[test]
    fn geodetic_round_trip_holds_everywhere() {
        for lat in [-90.0, -89.999_999, -45.0, 0.0, 1e-9, 28.97, 60.0, 89.999_999, 90.0] {
            for height in [-500.0, 0.0, 120.0, 3_000.0, 12_000.0] {
                let start = point(lat, 118.85, height);
                let back = point_from_ecef(&ecef_from_point(start));
                assert!((back.height.0 - height).abs() < 2e-9, "{lat} {height}: {back:?}");
                assert!((ecef_from_point(back) - ecef_from_point(start)).norm() < 5e-9, "{lat} {height}");
            }
        }
    }

    #[test]
    fn near_points_convert_as_far_ones_do() {
        let mut nearby = 0;
        for lat in [-90.0, -89.99, -60.0, 0.0, 1e-9, 28.97, 75.0, 89.9] {
            for lon in [-179.999, 0.0, 118.85, 180.0] {
                for height in [-400.0, 0.0, 150.0, 11_000.0] {
                    let frame = LocalFrame::at(point(lat, lon, height));
                    for enu in
                        [[0.0, 0.0, 0.0], [12.0, -7.0, -100.0], [-9e3, 18e3, -400.0], [3e4, 2e4, 900.0]]
                    {
                        let enu = Vector3::from(enu);
                        let ecef = frame.origin_in_ecef + frame.ecef_from_enu * enu;
                        let (near, far) = (frame.point_from_enu(&enu), point_from_ecef(&ecef));
                        assert!((near.height.0 - far.height.0).abs() < 1e-8, "{near:?} {far:?}");
                        let allowed_m = if enu.norm() < 21e3 { 1e-6 } else { 1e-4 };
                        assert!((ecef_from_point(near) - ecef).norm() < allowed_m, "{near:?} {far:?}");
                        assert!(near.lat_lon.lon_deg.abs() <= 180.0 && near.lat_lon.lat_deg.abs() <= 90.0);
                        nearby += usize::from(frame.near_point(&enu).is_some());
                    }
                }
            }
        }
        assert!(nearby > 250, "{nearby}");
    }

    #[test]
    fn local_frame_points_east_north_and_up() {
        let origin = point(28.97, 118.85, 70.0);
        let frame = LocalFrame::at(origin);
        let (north_m, east_m) = metres_per_degree(28.97);
        let north = frame.enu_from_point(point(28.97 + 1e-5, 118.85, 70.0));
        let east = frame.enu_from_point(point(28.97, 118.85 + 1e-5, 70.0));
        let up = frame.enu_from_point(point(28.97, 118.85, 71.0));
        assert!((north - Vector3::new(0.0, north_m * 1e-5, 0.0)).norm() < 1e-4);
        assert!((east - Vector3::new(east_m * 1e-5, 0.0, 0.0)).norm() < 1e-4);
        assert!((up - Vector3::new(0.0, 0.0, 1.0)).norm() < 1e-8);
    }
}
