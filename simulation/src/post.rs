//! Fixed cameras: one pose, told with the error of its calibration.

use gis::camera::{Attitude, Intrinsics};
use gis::{Pose, PoseSigma};
use jiff::Timestamp;

use crate::dice::Dice;
use crate::ground::{Map, Place};
use crate::scenario::{Range, Scenario};
use crate::world::{Thing, anywhere};

/// Standard deviation of a surveyed mast, metres.
const MAST_SIGMA_M: f64 = 0.05;

/// Distance of the cameras from the edge of the area, metres.
const OFF_EDGE_M: f64 = 100.0;

/// A fixed camera.
#[derive(Debug, Clone)]
pub struct Post {
    /// Name of the source.
    pub source: String,
    /// Where it really looks.
    pub truth: Pose,
    /// Where it is told to look.
    pub told: Pose,
    /// Place that its picture is centred on.
    pub aim: Place,
    /// First moment of its first burst.
    pub first: Timestamp,
}

/// Returns the lens of the fixed cameras; none where picture and field of view make no camera.
pub fn lens(scenario: &Scenario) -> Option<Intrinsics> {
    Intrinsics::from_fov(
        scenario.aircraft.width_px,
        scenario.aircraft.height_px,
        scenario.cameras.hfov_deg,
        None,
    )
    .ok()
}

/// Places the cameras: the first ones look at things.
pub fn posts(scenario: &Scenario, things: &[Thing], map: &Map, dice: &mut Dice) -> Vec<Post> {
    (0..scenario.cameras.count)
        .map(|n| {
            let watched =
                (n < scenario.cameras.watching).then(|| dice.below(things.len())).and_then(|i| things.get(i));
            let aim = watched.map_or_else(|| anywhere(scenario, OFF_EDGE_M, dice), |thing| thing.place);
            post(n, aim, scenario, map, dice)
        })
        .collect()
}

fn post(n: usize, aim: Place, scenario: &Scenario, map: &Map, dice: &mut Dice) -> Post {
    let cameras = &scenario.cameras;
    let (heading_deg, distance_m) = (dice.of(Range(0.0, 360.0)), dice.of(cameras.distance_m));
    let foot = aim.towards(heading_deg + 180.0, distance_m);
    let pitch_deg = -(cameras.height_m / distance_m).atan().to_degrees();
    let mut sigma = PoseSigma::new([MAST_SIGMA_M; 3], [cameras.attitude_sigma_deg; 3]);
    sigma.bias_share.position_enu = [1.0; 3];
    sigma.bias_share.attitude = [1.0; 3];
    let point = map.above(foot, cameras.height_m);
    let attitude = Attitude { heading_deg, pitch_deg, roll_deg: 0.0 };
    let told = Attitude {
        heading_deg: heading_deg + dice.normal(cameras.attitude_sigma_deg),
        pitch_deg: pitch_deg + dice.normal(cameras.attitude_sigma_deg),
        roll_deg: dice.normal(cameras.attitude_sigma_deg),
    };
    let offset = jiff::SignedDuration::from_secs_f64(dice.share() * cameras.every.as_secs_f64());
    Post {
        source: format!("camera-{:03}", n + 1),
        truth: Pose::from_attitude(point, attitude, sigma),
        told: Pose::from_attitude(point, told, sigma),
        aim,
        first: scenario.start + offset,
    }
}
