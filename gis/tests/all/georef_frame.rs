//! Outlines on the ground, and the ground that is refused.

use gis::error_ellipse::ce90_m;
use gis::footprint::{footprint, frame_footprint};
use gis::geodesy::{LocalFrame, plane_distance_m};
use gis::georef::{Limits, ground_point, ground_sample_distance_m, locate};
use gis::{Intrinsics, LatLon, NotLocated, View};

use crate::scene::{GROUND_M, QUZHOU, Shaped, ground, point, pose, wide_lens};

fn square_lens() -> Intrinsics {
    Intrinsics::centred(1000.0, 1000.0, 1000.0).unwrap()
}

/// Twice the signed area, positive counter-clockwise seen from above.
fn signed_area_m2(ring: &[LatLon]) -> f64 {
    let frame = LocalFrame::at(point(ring[0], GROUND_M));
    let enu: Vec<_> = ring.iter().map(|at| frame.enu_from_point(point(*at, GROUND_M))).collect();
    let next = enu.iter().cycle().skip(1);
    enu.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum::<f64>() / 2.0
}

#[test]
fn nadir_square_has_its_area_and_runs_counter_clockwise() {
    let (lens, pose, ground) = (square_lens(), pose(GROUND_M + 100.0, 30.0, -90.0, 0.0), ground());
    let view = View::new(&lens, &pose, &ground);
    // 200 px at 100 m over f = 1000 px are 20 m; given clockwise and counter-clockwise.
    let mut ring = vec![(400.0, 400.0), (600.0, 400.0), (600.0, 600.0), (400.0, 600.0)];
    for _ in 0..2 {
        let (print, middle) = footprint(&view, &ring, true, 1.0).unwrap();
        assert!((print.area_m2 - 400.0).abs() < 0.02, "{}", print.area_m2);
        assert!((signed_area_m2(&print.ring) - 400.0).abs() < 0.02);
        assert!(print.truncated && print.ring.len() == 4);
        assert!(plane_distance_m(middle.point.lat_lon, QUZHOU) < 1e-3);
        assert!((middle.point.height.0 - GROUND_M).abs() < 1e-9);
        ring.reverse();
    }
    assert!((ground_sample_distance_m(&view).unwrap() - 0.1).abs() < 1e-6);
}

#[test]
fn centroid_carries_the_covariance_of_its_own_pixel() {
    let (lens, pose, ground) = (wide_lens(), pose(GROUND_M + 80.0, 200.0, -50.0, 0.0), ground());
    let view = View::new(&lens, &pose, &ground);
    let ring = [(950.0, 530.0), (970.0, 530.0), (970.0, 550.0), (950.0, 550.0)];
    let (_, middle) = footprint(&view, &ring, false, 2.0).unwrap();
    let (u_px, v_px) = view.pixel_from_point(middle.point).unwrap();
    let alone = locate(&view, u_px, v_px, 2.0).unwrap();
    assert!((middle.covariance_enu_m2 - alone.covariance_enu_m2).norm() < 1e-3);
    assert!(ce90_m(&middle.covariance_enu_m2) > 3.0);
}

#[test]
fn crossed_outline_keeps_its_largest_part() {
    let (lens, pose, ground) = (square_lens(), pose(GROUND_M + 100.0, 0.0, -90.0, 0.0), ground());
    let view = View::new(&lens, &pose, &ground);
    // A bow tie of two triangles: 20 m high, 5 m and 15 m wide at their bases.
    let ring = [(400.0, 400.0), (600.0, 550.0), (600.0, 400.0), (400.0, 450.0)];
    let (print, _) = footprint(&view, &ring, false, 1.0).unwrap();
    let larger_m2 = 0.5 * 15.0 * 15.0;
    assert!((print.area_m2 - larger_m2).abs() < 0.05, "{}", print.area_m2);
    assert!(signed_area_m2(&print.ring) > 0.0);
}

#[test]
fn outline_without_area_or_corners_is_degenerate() {
    let (lens, pose, ground) = (square_lens(), pose(GROUND_M + 100.0, 0.0, -90.0, 0.0), ground());
    let view = View::new(&lens, &pose, &ground);
    for ring in [&[][..], &[(1.0, 1.0), (9.0, 9.0)], &[(5.0, 5.0); 6], &[(1.0, 1.0), (5.0, 5.0), (9.0, 9.0)]]
    {
        assert_eq!(footprint(&view, ring, false, 1.0).unwrap_err(), NotLocated::Degenerate);
    }
}

#[test]
fn outline_that_reaches_the_horizon_is_refused() {
    let (lens, pose, ground) = (wide_lens(), pose(GROUND_M + 100.0, 0.0, -10.0, 0.0), ground());
    let view = View::new(&lens, &pose, &ground);
    let ring = [(900.0, 300.0), (1000.0, 300.0), (1000.0, 900.0), (900.0, 900.0)];
    assert_eq!(footprint(&view, &ring, false, 1.0).unwrap_err(), NotLocated::NearHorizon);
}

#[test]
fn frame_outline_is_cut_at_the_depression_limit() {
    let (lens, ground) = (wide_lens(), ground());
    let oblique = pose(GROUND_M + 100.0, 90.0, -15.0, 0.0);
    let ring = frame_footprint(&View::new(&lens, &oblique, &ground)).unwrap();
    let farthest_m = ring.iter().map(|at| plane_distance_m(*at, QUZHOU)).fold(0.0, f64::max);
    let limit_m = 100.0 / Limits::default().min_depression_deg.to_radians().tan();
    assert!(farthest_m < limit_m * 1.001 && farthest_m > limit_m * 0.9, "{farthest_m} of {limit_m}");
    assert!(signed_area_m2(&ring) > 0.0);
    let level = pose(GROUND_M + 100.0, 90.0, 30.0, 0.0);
    assert_eq!(frame_footprint(&View::new(&lens, &level, &ground)), None);
}

#[test]
fn ray_near_the_horizon_is_refused_at_the_configured_angle() {
    let (lens, ground) = (square_lens(), ground());
    let camera = pose(GROUND_M + 100.0, 0.0, -6.0, 0.0);
    let view = View::new(&lens, &camera, &ground);
    assert!(locate(&view, 500.0, 500.0, 1.0).is_ok());
    let strict = view.with_limits(Limits { min_depression_deg: 7.0, ..Limits::default() });
    assert_eq!(locate(&strict, 500.0, 500.0, 1.0).unwrap_err(), NotLocated::NearHorizon);
    let short = view.with_limits(Limits { max_range_m: 500.0, ..Limits::default() });
    assert_eq!(locate(&short, 500.0, 500.0, 1.0).unwrap_err(), NotLocated::NearHorizon);
    assert_eq!(locate(&view, 500.0, 0.0, 1.0).unwrap_err(), NotLocated::NearHorizon);
}

#[test]
fn camera_below_the_ground_is_refused() {
    let (lens, ground) = (square_lens(), ground());
    let camera = pose(GROUND_M - 1.0, 0.0, -45.0, 0.0);
    let view = View::new(&lens, &camera, &ground);
    assert_eq!(ground_point(&view, 500.0, 500.0).unwrap_err(), NotLocated::BelowGround);
}

#[test]
fn ray_stops_at_the_ridge_before_the_valley() {
    // A ridge 30 m high and 4 m wide, 50 m to the north; the ray of 45 degrees from 60 m would pass it at 10 m.
    let ridge = Shaped {
        ground: |_: f64, north: f64| {
            Some(if (48.0..52.0).contains(&north) { GROUND_M + 30.0 } else { GROUND_M })
        },
        lowest_m: GROUND_M,
        highest_m: GROUND_M + 30.0,
        spacing_m: 1.0,
    };
    let (lens, camera) = (square_lens(), pose(GROUND_M + 60.0, 0.0, -45.0, 0.0));
    let view = View::new(&lens, &camera, &ridge);
    let hit = ground_point(&view, 500.0, 500.0).unwrap();
    let north_m = plane_distance_m(hit.lat_lon, QUZHOU);
    assert!((north_m - 48.0).abs() < 0.01, "{north_m}");
    assert!((hit.height.0 - (GROUND_M + 12.0)).abs() < 0.1);
}

#[test]
fn hit_inside_a_hole_is_refused_and_a_hole_in_passing_is_not() {
    let holed = |from: f64, to: f64| Shaped {
        ground: move |_: f64, north: f64| (!(from..to).contains(&north)).then_some(GROUND_M + 0.001 * north),
        lowest_m: GROUND_M - 1.0,
        highest_m: GROUND_M + 1.0,
        spacing_m: 1.0,
    };
    let (lens, camera) = (square_lens(), pose(GROUND_M + 60.0, 0.0, -45.0, 0.0));
    let hit = |from, to| ground_point(&View::new(&lens, &camera, &holed(from, to)), 500.0, 500.0);
    assert!(hit(20.0, 40.0).is_ok());
    assert_eq!(hit(55.0, 65.0).unwrap_err(), NotLocated::OutsideTerrain);
    assert_eq!(hit(-1e9, 1e9).unwrap_err(), NotLocated::OutsideTerrain);
}
