//! Whatever is put in: a position, or the reason why there is none, never a panic.

use gis::camera::{Attitude, Distortion, TimeOffset};
use gis::dedupe::DedupeConfig;
use gis::error_ellipse::{ce90_m, error_ellipse, le90_m};
use gis::footprint::{footprint, frame_footprint};
use gis::georef::{Limits, ground_point, locate, locate_at_range, locate_many};
use gis::{
    Deduper, EllipsoidHeight, FlatGround, GeoPoint, Intrinsics, LatLon, NotLocated, Pose, PoseSigma, Terrain,
    Tiles, View,
};
use nalgebra::Matrix3;
use proptest::prelude::*;

use crate::dedupe_scene::sheet;
use crate::georef_quick::{holed_hills, look_at};
use crate::scene::{GROUND_M, ground, pose, wide_lens};

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_number_panics(numbers in prop::collection::vec(any_number(), 27), edges in any::<u8>()) {
        whatever_comes(&numbers, edges);
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -400.0..400.0,
        1 => prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
        1 => Just(0.0),
        1 => Just(1000.0),
        1 => prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(90.0), Just(-90.0), Just(180.0),
        ],
    ]
}

fn whatever_comes(n: &[f64], edges: u8) {
    let distortion = if edges & 1 == 0 {
        Distortion::default()
    } else {
        Distortion { k1: n[0], k2: n[1], k3: n[2], k4: n[3], k5: n[4], k6: n[5], p1: n[6], p2: n[7] }
    };
    let mut lens = wide_lens();
    (lens.width_px, lens.height_px) = (n[8], n[9]);
    (lens.fx_px, lens.fy_px, lens.cx_px, lens.cy_px) = (n[10], n[11], n[12], n[13]);
    lens.distortion = distortion;
    let attitude = Attitude { heading_deg: n[14], pitch_deg: n[15], roll_deg: n[16] };
    let point =
        GeoPoint { lat_lon: LatLon { lat_deg: n[17], lon_deg: n[18] }, height: EllipsoidHeight(n[19]) };
    let offset =
        TimeOffset { velocity_enu_m_per_s: [n[26]; 3], turn_enu_rad_per_s: [n[26]; 3], sigma_secs: n[25] };
    let time_offset = (edges & 2 == 0).then_some(offset);
    let sigma = PoseSigma { time_offset, ..PoseSigma::new([n[20]; 3], [n[21]; 3]) };
    let camera = Pose::from_attitude(point, attitude, sigma);
    let flat = FlatGround { height: EllipsoidHeight(n[22]), sigma_m: n[23] };
    let tiles = Tiles::new(vec![Box::new(holed_hills().clone()), Box::new(flat)]);
    for ground in [&flat as &dyn Terrain, holed_hills(), &tiles] {
        let limits = Limits { min_depression_deg: n[24], max_range_m: n[25].min(5_000.0) };
        whatever_ground(&View::new(&lens, &camera, ground), n);
        whatever_ground(&View::new(&lens, &camera, ground).with_limits(limits), n);
    }
    let _ = ce90_m(&Matrix3::from_row_slice(&n[..9]));
    let _ = le90_m(&Matrix3::from_row_slice(&n[..9]));
    let _ = error_ellipse(&Matrix3::from_row_slice(&n[..9]));
}

fn whatever_ground(view: &View, n: &[f64]) {
    if let Ok(found) = locate(view, n[0], n[1], n[2]) {
        assert!(found.covariance_enu_m2.iter().all(|value| value.is_finite()));
        assert!(LatLon::new(found.point.lat_lon.lat_deg, found.point.lat_lon.lon_deg).is_some());
    }
    let _ = locate_at_range(view, (n[0], n[1]), n[2], n[3], n[4]);
    let _ = footprint(view, &[(n[0], n[1]), (n[2], n[3]), (n[4], n[5]), (n[6], n[7])], false, n[8]);
    let _ = frame_footprint(view);
}

#[test]
fn what_is_not_a_number_is_degenerate() {
    let (lens, ground) = (wide_lens(), ground());
    let camera = pose(GROUND_M + 100.0, 0.0, -45.0, 0.0);
    let locate_with = |lens: &Intrinsics, camera: &Pose, u: f64| {
        locate(&View::new(lens, camera, &ground), u, 500.0, 1.0).unwrap_err()
    };
    assert_eq!(locate_with(&lens, &camera, f64::NAN), NotLocated::Degenerate);
    assert_eq!(locate_with(&lens, &camera, f64::INFINITY), NotLocated::Degenerate);
    let bad_lens = Intrinsics { fx_px: f64::NAN, ..lens };
    assert_eq!(locate_with(&bad_lens, &camera, 500.0), NotLocated::Degenerate);
    let turned = pose(GROUND_M + 100.0, f64::NAN, -45.0, 0.0);
    assert_eq!(locate_with(&lens, &turned, 500.0), NotLocated::Degenerate);
    let mut lost = camera;
    lost.point.lat_lon.lat_deg = 91.0;
    assert_eq!(locate_with(&lens, &lost, 500.0), NotLocated::Degenerate);
    let mut unsure = camera;
    unsure.sigma.attitude_deg[1] = f64::NAN;
    assert_eq!(locate_with(&lens, &unsure, 500.0), NotLocated::Degenerate);
}

type Change = Box<dyn Fn(&mut Intrinsics, &mut Pose)>;

#[test]
fn each_kind_of_bad_input_has_its_refusal() {
    let (lens, ground) = (wide_lens(), ground());
    let good = pose(GROUND_M + 100.0, 0.0, -45.0, 0.0);
    let refusal = |change: &dyn Fn(&mut Intrinsics, &mut Pose)| {
        let (mut lens, mut camera) = (lens, good);
        change(&mut lens, &mut camera);
        let view = View::new(&lens, &camera, &ground);
        let all = locate_many(&view, &[(960.0, 540.0)], 1.0);
        assert_eq!(all[0], locate(&view, 960.0, 540.0, 1.0));
        assert_eq!(ground_point(&view, 960.0, 540.0).err(), all[0].err());
        all[0].err()
    };
    let look = |heading_deg, pitch_deg, roll_deg| -> Change {
        Box::new(move |_, camera| {
            *camera = Pose::from_attitude(
                camera.point,
                Attitude { heading_deg, pitch_deg, roll_deg },
                camera.sigma,
            );
        })
    };
    let place = |lat_deg, lon_deg, height_m| -> Change {
        Box::new(move |_, camera| {
            camera.point =
                GeoPoint { lat_lon: LatLon { lat_deg, lon_deg }, height: EllipsoidHeight(height_m) };
        })
    };
    let cases: Vec<(Change, Option<NotLocated>)> = vec![
        (Box::new(|_, _| {}), None),
        (look(f64::NAN, -45.0, 0.0), Some(NotLocated::Degenerate)),
        (look(0.0, f64::INFINITY, 0.0), Some(NotLocated::Degenerate)),
        (look(0.0, -45.0, f64::NEG_INFINITY), Some(NotLocated::Degenerate)),
        (look(0.0, 20.0, 0.0), Some(NotLocated::NearHorizon)),
        (look(0.0, 0.0, 0.0), Some(NotLocated::NearHorizon)),
        (look(0.0, 90.0, 0.0), Some(NotLocated::NearHorizon)),
        (place(90.1, 0.0, 170.0), Some(NotLocated::Degenerate)),
        (place(-91.0, 0.0, 170.0), Some(NotLocated::Degenerate)),
        (place(0.0, 180.1, 170.0), Some(NotLocated::Degenerate)),
        (place(0.0, 0.0, f64::NAN), Some(NotLocated::Degenerate)),
        (place(90.0, 0.0, 170.0), None),
        (place(0.0, 180.0, 170.0), None),
        (place(28.97, 118.85, GROUND_M - 0.1), Some(NotLocated::BelowGround)),
        (Box::new(|lens, _| lens.fx_px = 0.0), Some(NotLocated::Degenerate)),
        (Box::new(|lens, _| lens.fy_px = -900.0), Some(NotLocated::Degenerate)),
        (Box::new(|lens, _| lens.cx_px = f64::INFINITY), Some(NotLocated::Degenerate)),
        (Box::new(|lens, _| lens.distortion.k1 = f64::NAN), Some(NotLocated::Degenerate)),
        (Box::new(|_, camera| camera.sigma.position_enu_m[2] = -1.0), Some(NotLocated::Degenerate)),
        (Box::new(|_, camera| camera.sigma.bias_share.attitude[0] = 1.1), Some(NotLocated::Degenerate)),
    ];
    for (index, (change, expect)) in cases.iter().enumerate() {
        assert_eq!(refusal(change.as_ref()), *expect, "case {index}");
    }
}

#[test]
fn a_hit_in_a_hole_of_a_grid_is_refused() {
    let hills = holed_hills();
    let (mut inside, mut refused) = (0, 0);
    for heading in 0..36 {
        let (lens, camera) = look_at((0.0, 0.0), 60.0, f64::from(heading) * 10.0, -55.0);
        match ground_point(&View::new(&lens, &camera, hills), 960.0, 540.0) {
            Ok(point) => {
                inside += 1;
                assert!(hills.height(point.lat_lon).is_some());
            }
            Err(reason) => {
                refused += 1;
                assert_eq!(reason, NotLocated::OutsideTerrain);
            }
        }
    }
    assert!(inside > 0 && refused > 0, "{inside} {refused}");
}

#[test]
fn a_singular_covariance_is_taken_by_the_deduplication() {
    let mut deduper = Deduper::new(DedupeConfig::default(), Vec::new());
    let mut observation = sheet("drone", 0, (0.0, 0.0), (9.0, 9.0)).observation;
    if let gis::Location::Ground(position) = &mut observation.location {
        position.covariance_enu_m2 = Matrix3::from_element(4.0);
        position.bias_covariance_enu_m2 = Matrix3::from_element(4.0);
    }
    let look = crate::dedupe_scene::look("drone", 0);
    deduper.absorb_frame(&look, vec![observation]);
    let covariance = deduper.incidents()[0].position.unwrap().covariance_enu_m2;
    assert!(covariance.iter().all(|value| value.is_finite()) && covariance[(0, 0)] >= 4.0);
}
