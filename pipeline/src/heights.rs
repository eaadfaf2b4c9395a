//! Heights whose datum the recorder does not state, told by the ground beneath.
//!
//! DJI's `AbsoluteAltitude` without RTK and EXIF's `GPSAltitude` are ellipsoidal in some airframes, above sea level in others, and
//! may carry the barometer's error of the day. The height above take-off is good to metres. So each reading is held
//! against it: ground beneath the camera plus height above take-off. Where none comes near, that sum itself is taken.

use std::fmt;

use gis::{EllipsoidHeight, GeoidModel, Terrain, geoid};

use crate::telemetry::Sample;

/// How far a reading may lie from ground plus height above take-off, metres: what a town's ground differs between the
/// place of take-off and the place beneath.
const NEAR_M: f64 = 30.0;
/// Standard deviation of the ground at take-off, taken to be that beneath the camera, metres.
const GROUND_SIGMA_M: f64 = 5.0;
/// Of a stand-alone receiver: east, north, up, metres.
const USUAL_SIGMA_M: [f64; 3] = [1.5, 1.5, 3.0];

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
    let [east_m, north_m, up_m] = sample.position_sigma_m.unwrap_or(USUAL_SIGMA_M);
    let position_sigma_m = Some([east_m, north_m, up_m.hypot(GROUND_SIGMA_M)]);
    let settled = Settled { height, reading, off_m: (height_m - expected_m).abs() };
    Some((Sample { ellipsoid_height: Some(height), position_sigma_m, ..sample.clone() }, settled))
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.reading {
            HeightReading::Ellipsoidal => "read as ellipsoidal",
            HeightReading::Geoid => "read as above the geoid",
            HeightReading::AboveGroundBeneath => {
                "not used: ground beneath plus height above take-off is taken"
            }
        };
        write!(f, "{how}, {:.1} m from ground beneath plus height above take-off", self.off_m)
    }
}

/// How the heights of one flight were settled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FlightHeights {
    /// Heights of unknown datum, read all in one way.
    Read {
        /// The reading: ellipsoidal or above the geoid.
        reading: HeightReading,
        /// Samples read so.
        samples: usize,
        /// Median distance from ground beneath plus height above take-off, metres.
        off_m: f64,
    },
    /// Heights above take-off, counted from the ground beneath the first place.
    FromTakeOff {
        /// That ground.
        ground: EllipsoidHeight,
        /// Samples counted so.
        samples: usize,
        /// How far the nearest reading of unknown datum lies from it, where there is one, metres.
        off_m: Option<f64>,
    },
    /// Nothing tells what the heights count from: such samples place nothing.
    Untold {
        /// Samples concerned.
        samples: usize,
    },
}

impl fmt::Display for FlightHeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { reading, samples, off_m } => {
                let settled = Settled { height: EllipsoidHeight(0.0), reading: *reading, off_m: *off_m };
                write!(f, "datum of the heights not stated ({samples} samples): {settled} (median)")
            }
            Self::FromTakeOff { ground, samples, off_m } => {
                let ground_m = ground.0;
                write!(
                    f,
                    "heights above take-off ({samples} samples) counted from the ground beneath the first place, \
                     {ground_m:.1} m above the ellipsoid"
                )?;
                off_m.map_or(Ok(()), |m| {
                    write!(f, "; the recorded height of unknown datum, {m:.1} m off, is not used")
                })
            }
            Self::Untold { samples } => {
                write!(f, "nothing tells what the heights count from ({samples} samples): not located")
            }
        }
    }
}

/// Settles the samples of one flight, in their order, that state no height of known datum: all in one way, so that the camera does not
/// jump. Returns what was done; `None` where every sample with a place states its datum.
pub fn settle_flight(
    samples: &mut [&mut Sample],
    terrain: Option<&dyn Terrain>,
    undulation_m: Option<f64>,
) -> Option<FlightHeights> {
    let open = |sample: &Sample| {
        let stated = sample.ellipsoid_height.is_some() || sample.geoid_height.is_some();
        sample.has_place() && !stated
    };
    let mut samples: Vec<&mut Sample> =
        samples.iter_mut().map(|sample| &mut **sample).filter(|sample| open(sample)).collect();
    let first = samples.first()?.position?;
    let undulation_m = undulation_m.or_else(|| geoid::undulation_m(GeoidModel::Egm96, first));
    let shifts = [(HeightReading::Ellipsoidal, Some(0.0)), (HeightReading::Geoid, undulation_m)];
    let off_m = |shift_m: f64| {
        let misses = samples.iter().filter_map(|sample| {
            let expected_m = terrain?.height(sample.position?)?.0 + sample.above_takeoff?.0;
            Some((sample.unknown_datum_height_m? + shift_m - expected_m).abs())
        });
        median(misses.collect())
    };
    let nearest = shifts
        .into_iter()
        .filter_map(|(reading, shift_m)| Some((reading, shift_m?, off_m(shift_m?)?)))
        .min_by(|a, b| a.2.total_cmp(&b.2));
    if let Some((reading, shift_m, off_m)) = nearest.filter(|(_, _, off_m)| *off_m <= NEAR_M) {
        let mut count = 0;
        for sample in &mut samples {
            let height_m = sample.unknown_datum_height_m.map(|m| m + shift_m);
            count += usize::from(height_m.is_some());
            put(sample, height_m, off_m / 2.0);
        }
        return Some(FlightHeights::Read { reading, samples: count, off_m });
    }
    let mut counted = samples.iter().filter(|sample| sample.above_takeoff.is_some());
    let Some(ground) = counted.find_map(|sample| terrain?.height(sample.position?)) else {
        return Some(FlightHeights::Untold { samples: samples.len() });
    };
    let mut count = 0;
    for sample in &mut samples {
        let height_m = sample.above_takeoff.map(|above| ground.0 + above.0);
        count += usize::from(height_m.is_some());
        put(sample, height_m, 0.0);
    }
    Some(FlightHeights::FromTakeOff { ground, samples: count, off_m: nearest.map(|(_, _, off_m)| off_m) })
}

/// Writes a settled height, at least as uncertain as the ground it was told by and as `least_sigma_m`.
fn put(sample: &mut Sample, height_m: Option<f64>, least_sigma_m: f64) {
    let Some(height_m) = height_m else { return };
    let [east_m, north_m, up_m] = sample.position_sigma_m.unwrap_or(USUAL_SIGMA_M);
    sample.ellipsoid_height = Some(EllipsoidHeight(height_m));
    sample.position_sigma_m = Some([east_m, north_m, up_m.hypot(GROUND_SIGMA_M).max(least_sigma_m)]);
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
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

    /// A flight over a hill of 40 m, recorded by a clock of heights that is off by `bias_m`.
    fn flight(bias_m: f64, takeoff: bool) -> Vec<Sample> {
        (0..20)
            .map(|step| Sample {
                position: LatLon::new(28.97, 118.87 + 0.0001 * f64::from(step)),
                unknown_datum_height_m: Some(160.0 + f64::from(step) + bias_m),
                above_takeoff: takeoff.then(|| AboveTakeoffHeight(100.0 + f64::from(step))),
                ..Sample::default()
            })
            .collect()
    }

    struct Hill;

    impl Terrain for Hill {
        fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
            let step = (at.lon_deg - 118.87) / 0.0001;
            Some(EllipsoidHeight(if step > 12.5 { 100.0 } else { 60.0 }))
        }

        fn sigma_m(&self) -> f64 {
            1.0
        }

        fn bounds(&self) -> gis::terrain::TerrainBounds {
            let (lowest, highest) = (EllipsoidHeight(60.0), EllipsoidHeight(100.0));
            gis::terrain::TerrainBounds { corners: None, lowest, highest }
        }

        fn spacing_m(&self) -> f64 {
            10.0
        }
    }

    fn settled(bias_m: f64, takeoff: bool, ground: Option<&dyn Terrain>) -> (Vec<Sample>, FlightHeights) {
        let mut samples = flight(bias_m, takeoff);
        let found = settle_flight(&mut samples.iter_mut().collect::<Vec<_>>(), ground, Some(-30.0)).unwrap();
        (samples, found)
    }

    #[test]
    fn a_whole_flight_is_read_in_one_way_also_where_the_ground_beneath_is_not_that_of_take_off() {
        for (bias_m, reading) in [(2.0, HeightReading::Ellipsoidal), (32.0, HeightReading::Geoid)] {
            let (samples, found) = settled(bias_m, true, Some(&Hill));
            let FlightHeights::Read { reading: read, samples: count, off_m } = found else {
                panic!("{found}")
            };
            assert_eq!((read, count), (reading, 20));
            assert!((off_m - 2.0).abs() < 1e-6, "{off_m}");
            for (step, sample) in samples.iter().enumerate() {
                assert!((sample.ellipsoid_height.unwrap().0 - 162.0 - step as f64).abs() < 1e-9);
                assert!((sample.position_sigma_m.unwrap()[2] - 3_f64.hypot(5.0)).abs() < 1e-9);
            }
            assert!(found.to_string().contains("2.0 m from ground beneath"), "{found}");
        }
    }

    #[test]
    fn a_flight_whose_recorded_heights_fit_nothing_counts_from_the_ground_of_its_first_place() {
        let (samples, found) = settled(300.0, true, Some(&Hill));
        assert!(matches!(found, FlightHeights::FromTakeOff { samples: 20, off_m: Some(_), .. }), "{found}");
        let last = samples.last().unwrap().ellipsoid_height.unwrap();
        assert!((last.0 - 179.0).abs() < 1e-9, "{last:?}");
    }

    #[test]
    fn without_terrain_or_height_above_take_off_nothing_is_guessed_and_that_is_told() {
        for (takeoff, ground) in [(true, None), (false, Some(&Hill as &dyn Terrain))] {
            let (samples, found) = settled(0.0, takeoff, ground);
            assert_eq!(found, FlightHeights::Untold { samples: 20 });
            assert!(samples.iter().all(|sample| sample.ellipsoid_height.is_none()));
        }
    }
}
