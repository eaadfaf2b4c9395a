//! Doors between WGS-84 and the coordinate systems in use in China; nothing inside the product holds any but WGS-84.
//!
//! GCJ-02 ("Mars coordinates") shifts positions in mainland China by 50 to 700 m, BD-09 (Baidu) shifts GCJ-02 again.
//! Neither is published; the formulas are those that have been in public use since 2011 and agree with map services to
//! about a metre. CGCS2000 differs from WGS-84 by less than the accuracy of this product, and is taken as equal.
//!
//! Crate `gcj02` was weighed and not taken: its inverse of BD-09 is not iterated (metres off), its inverse of GCJ-02 stops at
//! 1e-6 degrees and may not end at the edge of its rectangle, and it brings a second version of `geo`.

use std::f64::consts::PI;

use crate::position::LatLon;

/// Semi-major axis of the Krasovsky 1940 ellipsoid, metres.
const KRASOVSKY_AXIS_M: f64 = 6_378_245.0;
/// First eccentricity squared of the Krasovsky 1940 ellipsoid, as written in the formulas in use.
const KRASOVSKY_ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// Rectangle in which the shift applies: south, north, west, east, degrees.
const CHINA: [f64; 4] = [0.8293, 55.8271, 72.004, 137.8347];
/// Baidu's offsets, degrees, and the factor of its waves.
const BD_LAT_DEG: f64 = 0.006;
const BD_LON_DEG: f64 = 0.0065;
const BD_WAVE: f64 = PI * 3000.0 / 180.0;

/// Where an inverse stops: 1e-10 degrees are 0.01 mm.
const CONVERGED_DEG: f64 = 1e-10;
const MAX_ROUNDS: usize = 30;

/// Returns the WGS-84 position of a CGCS2000 one: the same numbers.
///
/// # References
/// Yang (2009), Chinese Geodetic Coordinate System 2000, Chinese Science Bulletin 54: ellipsoids differ by 0.1 mm, frames
/// by decimetres since the epoch 2000.0, which is below what this product states.
pub fn wgs84_from_cgcs2000(position: LatLon) -> LatLon {
    position
}

/// Returns the GCJ-02 position of a WGS-84 one; outside China the same.
pub fn gcj02_from_wgs84(position: LatLon) -> LatLon {
    if !in_china(position) {
        return position;
    }
    let (lat_deg, lon_deg) = gcj02_shift_deg(position);
    LatLon { lat_deg: position.lat_deg + lat_deg, lon_deg: position.lon_deg + lon_deg }
}

/// Returns the WGS-84 position of a GCJ-02 one, by iteration: `gcj02_from_wgs84` of the answer gives the argument back
/// within 1 mm. Outside China the same.
pub fn wgs84_from_gcj02(position: LatLon) -> LatLon {
    if !in_china(position) {
        return position;
    }
    // The shift itself is inverted, without the rectangle, so that the search cannot jump at its edge.
    invert(position, |at| {
        let (lat_deg, lon_deg) = gcj02_shift_deg(at);
        LatLon { lat_deg: at.lat_deg + lat_deg, lon_deg: at.lon_deg + lon_deg }
    })
}

/// Returns the BD-09 position of a GCJ-02 one.
pub fn bd09_from_gcj02(position: LatLon) -> LatLon {
    let (x, y) = (position.lon_deg, position.lat_deg);
    let radius = x.hypot(y) + 0.000_02 * (y * BD_WAVE).sin();
    let angle = y.atan2(x) + 0.000_003 * (x * BD_WAVE).cos();
    LatLon { lat_deg: radius * angle.sin() + BD_LAT_DEG, lon_deg: radius * angle.cos() + BD_LON_DEG }
}

/// Returns the GCJ-02 position of a BD-09 one, by iteration, within 1 mm.
pub fn gcj02_from_bd09(position: LatLon) -> LatLon {
    invert(position, bd09_from_gcj02)
}

/// Returns the BD-09 position of a WGS-84 one.
pub fn bd09_from_wgs84(position: LatLon) -> LatLon {
    bd09_from_gcj02(gcj02_from_wgs84(position))
}

/// Returns the WGS-84 position of a BD-09 one.
pub fn wgs84_from_bd09(position: LatLon) -> LatLon {
    wgs84_from_gcj02(gcj02_from_bd09(position))
}

fn in_china(position: LatLon) -> bool {
    let [south, north, west, east] = CHINA;
    (south..=north).contains(&position.lat_deg) && (west..=east).contains(&position.lon_deg)
}

/// Fixed point of `at = target - (forward(at) - at)`: both shifts change slowly, so each round gains two digits or more.
fn invert(target: LatLon, forward: impl Fn(LatLon) -> LatLon) -> LatLon {
    let mut at = target;
    for _ in 0..MAX_ROUNDS {
        let reached = forward(at);
        let (lat_deg, lon_deg) = (target.lat_deg - reached.lat_deg, target.lon_deg - reached.lon_deg);
        at = LatLon { lat_deg: at.lat_deg + lat_deg, lon_deg: at.lon_deg + lon_deg };
        if !(lat_deg.abs() > CONVERGED_DEG || lon_deg.abs() > CONVERGED_DEG) {
            break;
        }
    }
    at
}

/// The shift from WGS-84 to GCJ-02: latitude, longitude, degrees.
fn gcj02_shift_deg(position: LatLon) -> (f64, f64) {
    let (x, y) = (position.lon_deg - 105.0, position.lat_deg - 35.0);
    let (sin_lat, cos_lat) = position.lat_deg.to_radians().sin_cos();
    let root = 1.0 - KRASOVSKY_ECCENTRICITY_SQUARED * sin_lat * sin_lat;
    let meridian_m = KRASOVSKY_AXIS_M * (1.0 - KRASOVSKY_ECCENTRICITY_SQUARED) / (root * root.sqrt());
    let parallel_m = KRASOVSKY_AXIS_M / root.sqrt() * cos_lat;
    ((north_shift_m(x, y) / meridian_m).to_degrees(), (east_shift_m(x, y) / parallel_m).to_degrees())
}

fn north_shift_m(x: f64, y: f64) -> f64 {
    let plain = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * x.abs().sqrt();
    let short = 20.0 * (6.0 * PI * x).sin() + 20.0 * (2.0 * PI * x).sin();
    let middle = 20.0 * (PI * y).sin() + 40.0 * (PI / 3.0 * y).sin();
    let long = 160.0 * (PI / 12.0 * y).sin() + 320.0 * (PI / 30.0 * y).sin();
    plain + 2.0 / 3.0 * (short + middle + long)
}

fn east_shift_m(x: f64, y: f64) -> f64 {
    let plain = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * x.abs().sqrt();
    let short = 20.0 * (6.0 * PI * x).sin() + 20.0 * (2.0 * PI * x).sin();
    let middle = 20.0 * (PI * x).sin() + 40.0 * (PI / 3.0 * x).sin();
    let long = 150.0 * (PI / 12.0 * x).sin() + 300.0 * (PI / 30.0 * x).sin();
    plain + 2.0 / 3.0 * (short + middle + long)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geodesy::plane_distance_m;

    const TOLERANCE_DEG: f64 = 1e-9;

    fn close(a: LatLon, lat_deg: f64, lon_deg: f64) {
        let off = (a.lat_deg - lat_deg).abs().max((a.lon_deg - lon_deg).abs());
        assert!(off < TOLERANCE_DEG, "{a:?} for {lat_deg} {lon_deg}");
    }

    /// Truth: the examples printed in the read-me of npm `coordtransform` 2.1.2.
    #[test]
    fn shifts_equal_the_published_examples() {
        let beijing = LatLon { lat_deg: 39.915, lon_deg: 116.404 };
        close(gcj02_from_wgs84(beijing), 39.916_404_281_501_64, 116.410_244_499_169_38);
        close(bd09_from_gcj02(beijing), 39.921_336_993_510_21, 116.410_369_493_710_29);
    }

    #[test]
    fn round_trips_return_within_a_millimetre_all_over_china() {
        for lat in 4..53 {
            for lon in 74..135 {
                let start = LatLon { lat_deg: f64::from(lat) + 0.137, lon_deg: f64::from(lon) + 0.731 };
                let gcj02 = wgs84_from_gcj02(gcj02_from_wgs84(start));
                let bd09 = wgs84_from_bd09(bd09_from_wgs84(start));
                assert!(plane_distance_m(start, gcj02) < 1e-3, "{start:?} {gcj02:?}");
                assert!(plane_distance_m(start, bd09) < 1e-3, "{start:?} {bd09:?}");
            }
        }
    }

    #[test]
    fn outside_china_and_without_numbers_nothing_moves_or_hangs() {
        let paris = LatLon { lat_deg: 48.85, lon_deg: 2.35 };
        assert_eq!(gcj02_from_wgs84(paris), paris);
        assert_eq!(wgs84_from_gcj02(paris), paris);
        let nowhere = LatLon { lat_deg: f64::NAN, lon_deg: 120.0 };
        assert!(wgs84_from_bd09(nowhere).lat_deg.is_nan());
        let edge = LatLon { lat_deg: 55.8271, lon_deg: 137.8347 };
        assert!(plane_distance_m(edge, wgs84_from_gcj02(edge)) < 2_000.0);
    }

    /// Every door, there and back.
    fn all_doors(at: LatLon) -> [LatLon; 6] {
        [
            gcj02_from_wgs84(at),
            wgs84_from_gcj02(at),
            bd09_from_gcj02(at),
            gcj02_from_bd09(at),
            wgs84_from_bd09(at),
            bd09_from_wgs84(at),
        ]
    }

    /// Where the shift starts and ends, where the globe does, and what is no place at all.
    fn edge() -> impl Strategy<Value = f64> {
        let [south, north, west, east] = CHINA;
        let border = prop::sample::select(vec![
            south, north, west, east, 0.0, -0.0, 35.0, 105.0, 90.0, -90.0, 180.0, -180.0,
        ]);
        let near = (border, -3..=3_i32).prop_map(|(at, steps)| at + f64::from(steps) * 1e-9);
        let nothing = prop::sample::select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            1e300,
            f64::MIN_POSITIVE,
        ]);
        prop_oneof![6 => near, 3 => -200.0..200.0_f64, 1 => nothing]
    }

    proptest! {
        #[test]
        fn no_place_and_no_number_makes_a_door_panic_or_hang(lat_deg in edge(), lon_deg in edge()) {
            for reached in all_doors(LatLon { lat_deg, lon_deg }) {
                if LatLon::new(lat_deg, lon_deg).is_some() {
                    prop_assert!(reached.lat_deg.is_finite() && reached.lon_deg.is_finite(), "{reached:?}");
                }
                if lat_deg.is_nan() {
                    prop_assert!(reached.lat_deg.is_nan());
                }
            }
        }

        /// Inside the rectangle by more than the largest shift, both ways are on the same side of its border.
        #[test]
        fn positions_along_the_border_of_china_come_back(part in 0.0..1.0_f64, side in 0..4_usize, inside_deg in 0.02..0.1_f64) {
            let [south, north, west, east] = CHINA;
            let along = |low: f64, high: f64| low + 0.1 + part * (high - low - 0.2);
            let start = match side {
                0 => LatLon { lat_deg: south + inside_deg, lon_deg: along(west, east) },
                1 => LatLon { lat_deg: north - inside_deg, lon_deg: along(west, east) },
                2 => LatLon { lat_deg: along(south, north), lon_deg: west + inside_deg },
                _ => LatLon { lat_deg: along(south, north), lon_deg: east - inside_deg },
            };
            let gcj02 = wgs84_from_gcj02(gcj02_from_wgs84(start));
            prop_assert!(plane_distance_m(start, gcj02) < 1e-3, "{start:?} {gcj02:?}");
            let bd09 = wgs84_from_bd09(bd09_from_wgs84(start));
            prop_assert!(plane_distance_m(start, bd09) < 1e-3, "{start:?} {bd09:?}");
        }

        /// At the border itself one of the two may already lie outside: the position is then off by one shift and never more.
        #[test]
        fn at_the_border_itself_the_way_back_is_off_by_one_shift_at_most(part in 0.0..1.0_f64, step in -0.02..0.02_f64) {
            let [south, north, west, east] = CHINA;
            for start in [
                LatLon { lat_deg: south + step, lon_deg: west + part * (east - west) },
                LatLon { lat_deg: north + step, lon_deg: west + part * (east - west) },
                LatLon { lat_deg: south + part * (north - south), lon_deg: west + step },
                LatLon { lat_deg: south + part * (north - south), lon_deg: east + step },
            ] {
                let back = wgs84_from_gcj02(gcj02_from_wgs84(start));
                prop_assert!(plane_distance_m(start, back) < 2_000.0, "{start:?} {back:?}");
            }
        }
    }
}
