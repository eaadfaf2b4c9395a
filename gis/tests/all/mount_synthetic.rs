//! Known biases of made-up flights are found within three of their stated standard deviations.

use gis::camera::PoseSigma;
use gis::geodesy::LocalFrame;
use gis::mount::{Landmark, Mark, Motion, MountBias, MountConfig, MountError, Part, Shot, Solution, solve};
use gis::terrain::FlatGround;
use gis::{Attitude, EllipsoidHeight, GeoPoint, Intrinsics, LatLon, Pose, Terrain};
use nalgebra::{Rotation3, Vector3};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const GROUND_M: f64 = 120.0;
fn sigma() -> PoseSigma {
    PoseSigma::new([0.4, 0.4, 0.6], [0.5, 0.2, 0.2])
}
const MARK_SIGMA_PX: f64 = 1.5;

/// Normal numbers out of a seed (Box and Muller, 1958, over an xorshift).
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

struct Flight {
    shots: Vec<Shot>,
    marks: Vec<Mark>,
    places: Vec<GeoPoint>,
}

fn frame() -> LocalFrame {
    LocalFrame::at(GeoPoint { lat_lon: LatLon::new(29.0, 118.9).unwrap(), height: EllipsoidHeight(GROUND_M) })
}

/// Flies two circles around twelve landmarks, there and back, looking at their middle, or straight down.
fn fly(bias: &MountBias, seed: u64, down: bool) -> Flight {
    let mut noise = Normal(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let frame = frame();
    let ground = |east: f64, north: f64| {
        let up = frame.point_from_enu(&Vector3::new(east, north, 0.0));
        GeoPoint { height: EllipsoidHeight(GROUND_M), ..up }
    };
    let places: Vec<GeoPoint> = (0..12)
        .map(|n| {
            ground(
                f64::from(n % 4 - 2) * 14.0 + 3.0 * noise.next(),
                f64::from(n / 4 - 1) * 14.0 + 3.0 * noise.next(),
            )
        })
        .collect();
    let intrinsics = Intrinsics::centred(1920.0, 1080.0, 1400.0).unwrap();
    let (mut shots, mut marks) = (Vec::new(), Vec::new());
    for index in 0..36 {
        let there = if index % 2 == 0 { 1.0 } else { -1.0 };
        let around = f64::from(index) * 0.7;
        let (radius, up) = if down {
            (15.0, 70.0)
        } else {
            (40.0 + 20.0 * f64::from(index % 3), 55.0 + f64::from(index % 4) * 8.0)
        };
        let place = Vector3::new(radius * around.sin(), radius * around.cos(), up);
        let heading_deg = if down { around.to_degrees() } else { around.to_degrees() + 180.0 };
        let pitch_deg = if down { -90.0 } else { -(up / radius).atan().to_degrees() };
        let recorded = Attitude { heading_deg, pitch_deg, roll_deg: 0.0 };
        let pose = Pose::from_attitude(frame.point_from_enu(&place), recorded, sigma());
        let velocity = Vector3::new(around.cos(), -around.sin(), 0.0) * 9.0 * there;
        let motion =
            Motion { velocity_enu_m_s: velocity, turn_enu_rad_s: -Vector3::z() * 9.0 * there / radius };
        let shot = Shot { intrinsics, pose, motion: Some(motion) };
        let seen = true_pose(&shot, bias, &mut noise);
        for (landmark, place) in places.iter().enumerate() {
            let own = LocalFrame::at(seen.point);
            let in_camera = seen.enu_from_camera.inverse() * own.enu_from_point(*place);
            let Some((u, v)) = intrinsics.project(&in_camera) else { continue };
            if u > 0.0 && v > 0.0 && u < 1920.0 && v < 1080.0 {
                let at_px = (u + MARK_SIGMA_PX * noise.next(), v + MARK_SIGMA_PX * noise.next());
                marks.push(Mark { shot: index as usize, landmark, at_px });
            }
        }
        shots.push(shot);
    }
    Flight { shots, marks, places }
}

/// The camera as it was: moved by the clock's error, biased, with the noise of its record taken out.
fn true_pose(shot: &Shot, bias: &MountBias, noise: &mut Normal) -> Pose {
    let motion = shot.motion.unwrap();
    let own = LocalFrame::at(shot.pose.point);
    let moved = motion.velocity_enu_m_s * bias.time_offset_secs;
    let off = Vector3::from_fn(|axis, _| sigma().position_enu_m[axis] * noise.next());
    let turned = Rotation3::new(motion.turn_enu_rad_s * bias.time_offset_secs) * shot.pose.enu_from_camera;
    let pose = Pose { point: own.point_from_enu(&(moved + off)), enu_from_camera: turned, ..shot.pose };
    let biased = bias.applied(&pose);
    let axes = shot.pose.error_axes_in_enu();
    let shaken =
        axes.iter().zip(sigma().attitude_deg).fold(Rotation3::identity(), |so_far, (axis, sigma)| {
            Rotation3::from_axis_angle(axis, (sigma * noise.next()).to_radians()) * so_far
        });
    Pose { enu_from_camera: shaken * biased.enu_from_camera, ..biased }
}

fn found(flight: &Flight, landmarks: &[Landmark], terrain: Option<&dyn Terrain>) -> Solution {
    let config = MountConfig { mark_sigma_px: MARK_SIGMA_PX, ..MountConfig::default() };
    solve(&flight.shots, &flight.marks, landmarks, terrain, &config).unwrap()
}

fn surveyed(flight: &Flight) -> Vec<Landmark> {
    let known = |point: &GeoPoint| Landmark::Known { point: *point, sigma_enu_m: [0.03, 0.03, 0.05] };
    flight.places.iter().map(known).collect()
}

const LEVEL: FlatGround = FlatGround { height: EllipsoidHeight(GROUND_M), sigma_m: 0.3 };

/// The biases of the brief of an aircraft: heading 3, pitch 1.2, height 4, clock 0.3.
const USUAL: MountBias =
    MountBias { heading_deg: 3.0, pitch_deg: 1.2, roll_deg: -0.4, height_m: 4.0, time_offset_secs: 0.3 };

/// Most distance of a value from the truth, in stated standard deviations.
fn worst(solution: &Solution, truth: &MountBias) -> f64 {
    let off = solution.told.iter().map(|(part, one)| (one.value - truth.get(*part)).abs() / one.sigma);
    off.fold(0.0, f64::max)
}

fn told(solution: &Solution) -> Vec<Part> {
    solution.told.iter().map(|(part, _)| *part).collect()
}

#[test]
fn usual_biases_are_found_with_surveyed_landmarks_and_with_landmarks_on_known_ground() {
    for seed in 1..=10 {
        let flight = fly(&USUAL, seed, false);
        for (what, solution) in [
            ("surveyed", found(&flight, &surveyed(&flight), None)),
            ("on ground", found(&flight, &[Landmark::Unknown; 12], Some(&LEVEL))),
        ] {
            println!("{seed} {what}: {:?}, rms {:?} px", solution.told, solution.rms_px);
            assert_eq!(told(&solution), Part::ALL, "{seed} {what}: {:?}", solution.untold);
            assert!(worst(&solution, &USUAL) < 3.6, "{seed} {what}: {}", worst(&solution, &USUAL));
            assert!((0.5..1.6).contains(&solution.variance_factor), "{}", solution.variance_factor);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, rng_seed: RngSeed::Fixed(20_260_620), ..ProptestConfig::default() })]

    #[test]
    fn any_bias_is_found_within_its_stated_sigma(
        heading_deg in -12.0..12.0_f64,
        pitch_deg in -3.0..3.0_f64,
        roll_deg in -2.0..2.0_f64,
        height_m in -15.0..15.0_f64,
        time_offset_secs in -0.8..0.8_f64,
        seed in 1_u64..1_000_000,
    ) {
        let truth = MountBias { heading_deg, pitch_deg, roll_deg, height_m, time_offset_secs };
        let flight = fly(&truth, seed, false);
        let solution = found(&flight, &surveyed(&flight), None);
        prop_assert!(worst(&solution, &truth) < 4.0, "{} of {:?}", worst(&solution, &truth), solution.told);
    }
}

#[test]
fn height_is_not_told_by_landmarks_of_which_nothing_is_known() {
    let flight = fly(&USUAL, 3, false);
    let solution = found(&flight, &[Landmark::Unknown; 12], None);
    let untold: Vec<Part> = solution.untold.iter().map(|(part, _)| *part).collect();
    assert_eq!(untold, [Part::Height], "{:?}", solution.told);
    assert!(solution.bias.height_m.abs() < f64::EPSILON, "what is not told is not given");
    assert!(worst(&solution, &USUAL) < 3.6, "{:?}", solution.told);
}

#[test]
fn a_camera_that_stood_in_the_air_says_nothing_of_the_clock() {
    let mut flight = fly(&MountBias { time_offset_secs: 0.0, ..USUAL }, 4, false);
    flight.shots.iter_mut().for_each(|shot| shot.motion = None);
    let solution = found(&flight, &surveyed(&flight), None);
    assert_eq!(solution.untold, [(Part::TimeOffset, vec![])]);
}

#[test]
fn straight_down_roll_is_not_told_from_heading() {
    let flight = fly(&MountBias { roll_deg: 0.0, ..USUAL }, 5, true);
    let solution = found(&flight, &surveyed(&flight), None);
    assert_eq!(solution.untold, [(Part::Roll, vec![Part::Heading])], "{:?}", solution.told);
    assert!(worst(&solution, &MountBias { roll_deg: 0.0, ..USUAL }) < 3.6, "{:?}", solution.told);
}

#[test]
fn a_mark_on_the_wrong_thing_does_not_move_the_biases() {
    let mut flight = fly(&USUAL, 6, false);
    for index in (0..flight.marks.len()).step_by(15) {
        flight.marks[index].at_px.0 += 150.0;
    }
    let solution = found(&flight, &surveyed(&flight), None);
    assert!(solution.outliers >= flight.marks.len() / 15, "{} of {}", solution.outliers, flight.marks.len());
    assert!(worst(&solution, &USUAL) < 3.6, "{:?}", solution.told);
}

#[test]
fn too_few_marks_are_refused() {
    let flight = fly(&USUAL, 7, false);
    let one = solve(&flight.shots, &flight.marks[..1], &surveyed(&flight), None, &MountConfig::default());
    assert_eq!(one, Err(MountError::Few { usable: 1, marks: 1 }));
    let wrong = [Mark { shot: 99, landmark: 0, at_px: (1.0, 1.0) }];
    let wrong = solve(&flight.shots, &wrong, &surveyed(&flight), None, &MountConfig::default());
    assert_eq!(wrong, Err(MountError::Index { mark: 0, shot: 99, landmark: 0 }));
}
