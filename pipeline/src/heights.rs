//! Heights whose datum the recorder does not state, told by the ground beneath.
//!
//! DJI's `AbsoluteAltitude` without RTK and EXIF's `GPSAltitude` are ellipsoidal in some airframes, above sea level in others, and
//! may carry the barometer's error of the day. The height above take-off is good to metres. So each reading is held
//! against it: ground beneath the camera plus height above take-off. Where none comes near, that sum itself is taken.

use gis::{EllipsoidHeight, Terrain};

use crate::telemetry::Sample;

/// How far a reading may lie from ground plus height above take-off, metres: what a town's ground differs between the
/// place of take-off and the place beneath.
const NEAR_M: f64 = 30.0;
/// Standard deviation of the ground at take-off, taken to be that beneath the camera, metres.
const GROUND_SIGMA_M: f64 = 5.0;

/// How a height of unknown datum was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeightReading {
    /// As ellipsoidal.
    Ellipsoidal,
    /// As above the geoid.
    Geoid,
    /// Not at all: ground beneath plus height above take-off.
    AboveGroundBeneath,
}

/// A height that was read so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settled {
    /// The height.
    pub height: EllipsoidHeight,
    /// The reading.
    pub reading: HeightReading,
    /// How far it lies from ground beneath plus height above take-off, metres.
    pub off_m: f64,
}

/// Returns the height of a sample that states only one of unknown datum, and the sample with it; `None` if the sample
/// needs no such guess, or nothing tells.
pub fn settle(
    sample: &Sample,
    terrain: Option<&dyn Terrain>,
    undulation_m: Option<f64>,
) -> Option<(Sample, Settled)> {
    if sample.ellipsoid_height.is_some() || sample.geoid_height.is_some() {
        return None;
    }
    let ground = terrain?.height(sample.position?)?;
    let expected_m = ground.0 + sample.above_takeoff?.0;
    let unknown_m = sample.unknown_datum_height_m;
    let readings = [
        (HeightReading::Ellipsoidal, unknown_m),
        (HeightReading::Geoid, unknown_m.zip(undulation_m).map(|(height_m, up_m)| height_m + up_m)),
    ];
    let nearest = readings
        .into_iter()
        .filter_map(|(reading, height_m)| Some((reading, height_m?)))
        .min_by(|a, b| (a.1 - expected_m).abs().total_cmp(&(b.1 - expected_m).abs()))
        .filter(|(_, height_m)| (height_m - expected_m).abs() <= NEAR_M);
    let (reading, height_m) = nearest.unwrap_or((HeightReading::AboveGroundBeneath, expected_m));
    let height = EllipsoidHeight(height_m);
    let [east_m, north_m, up_m] = sample.position_sigma_m.unwrap_or([1.5, 1.5, 3.0]);
    let position_sigma_m = Some([east_m, north_m, up_m.hypot(GROUND_SIGMA_M)]);
    let settled = Settled { height, reading, off_m: (height_m - expected_m).abs() };
    Some((Sample { ellipsoid_height: Some(height), position_sigma_m, ..sample.clone() }, settled))
}

#[cfg(test)]
mod tests {
    use gis::{AboveTakeoffHeight, FlatGround, LatLon};

    use super::*;

    fn reading(unknown_m: f64) -> Settled {
        let ground = FlatGround { height: EllipsoidHeight(60.0), sigma_m: 1.0 };
        let sample = Sample {
            position: LatLon::new(28.97, 118.87),
            unknown_datum_height_m: Some(unknown_m),
            above_takeoff: Some(AboveTakeoffHeight(100.0)),
            ..Sample::default()
        };
        settle(&sample, Some(&ground), Some(-30.0)).unwrap().1
    }

    #[test]
    fn the_reading_nearer_to_ground_plus_height_above_take_off_is_taken() {
        assert_eq!(reading(163.0).reading, HeightReading::Ellipsoidal);
        assert_eq!(reading(188.0).reading, HeightReading::Geoid);
        assert!((reading(188.0).height.0 - 158.0).abs() < 1e-9);
    }

    #[test]
    fn a_height_that_no_reading_explains_is_not_used() {
        let settled = reading(400.0);
        assert_eq!(settled.reading, HeightReading::AboveGroundBeneath);
        assert!((settled.height.0 - 160.0).abs() < 1e-9);
    }

    #[test]
    fn a_stated_datum_is_left_alone_and_without_ground_nothing_is_guessed() {
        let ground = FlatGround { height: EllipsoidHeight(60.0), sigma_m: 1.0 };
        let unknown = Sample {
            position: LatLon::new(28.97, 118.87),
            unknown_datum_height_m: Some(160.0),
            above_takeoff: Some(AboveTakeoffHeight(100.0)),
            ..Sample::default()
        };
        assert!(settle(&unknown, None, None).is_none());
        let stated = Sample { ellipsoid_height: Some(EllipsoidHeight(1.0)), ..unknown };
        assert!(settle(&stated, Some(&ground), None).is_none());
    }
}
