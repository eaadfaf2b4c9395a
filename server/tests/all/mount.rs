//! `flyonce calibrate mount` from tables to a profile.

use std::fmt::Write;

use gis::geodesy::LocalFrame;
use gis::mount::MountBias;
use gis::{Attitude, EllipsoidHeight, GeoPoint, Intrinsics, LatLon, Pose, PoseSigma};
use nalgebra::Vector3;
use server::cli::CalibrateMountArgs;
use server::commands::calibrate::mount as calibrate_mount;
use server::config::HeightDatumName;
use server::wire::aircraft::ProfileFile;

const TRUTH: MountBias =
    MountBias { heading_deg: 3.0, pitch_deg: 1.2, roll_deg: 0.0, height_m: 4.0, time_offset_secs: 0.0 };

/// Tables of a flight around nine boards: poses, marks and points.
fn tables() -> [(&'static str, String); 3] {
    let origin = GeoPoint { lat_lon: LatLon::new(29.0, 118.9).unwrap(), height: EllipsoidHeight(100.0) };
    let frame = LocalFrame::at(origin);
    let lens = Intrinsics::centred(4000.0, 3000.0, 3000.0).unwrap();
    let boards: Vec<GeoPoint> = (0..9)
        .map(|n| {
            frame.point_from_enu(&Vector3::new(
                f64::from(n % 3 - 1) * 12.0,
                f64::from(n / 3 - 1) * 12.0,
                f64::from(n) * 0.3,
            ))
        })
        .collect();
    let mut poses =
        "image,lat_deg,lon_deg,ellipsoid_height_m,heading_deg,pitch_deg,roll_deg,width_px,height_px,focal_px\n"
            .to_owned();
    let (mut marks, mut points) =
        ("image,u,v,name\n".to_owned(), "name,lat_deg,lon_deg,height_m\n".to_owned());
    for (index, board) in boards.iter().enumerate() {
        let LatLon { lat_deg, lon_deg } = board.lat_lon;
        writeln!(points, "board {index},{lat_deg},{lon_deg},{}", board.height.0).unwrap();
    }
    for shot in 0..16 {
        let around = f64::from(shot) * 0.9;
        let up = 50.0 + 10.0 * f64::from(shot % 3);
        let point = frame.point_from_enu(&Vector3::new(45.0 * around.sin(), 45.0 * around.cos(), up));
        let heading_deg = (around.to_degrees() + 180.0).rem_euclid(360.0);
        let pitch_deg = -(up / 45.0).atan().to_degrees();
        let recorded = Attitude { heading_deg, pitch_deg, roll_deg: 0.0 };
        let sigma = PoseSigma::new([0.0; 3], [0.0; 3]);
        let seen = TRUTH.applied(&Pose::from_attitude(point, recorded, sigma));
        let LatLon { lat_deg, lon_deg } = point.lat_lon;
        writeln!(
            poses,
            "{shot}.jpg,{lat_deg},{lon_deg},{},{heading_deg},{pitch_deg},0,4000,3000,3000",
            point.height.0
        )
        .unwrap();
        for (index, board) in boards.iter().enumerate() {
            let place = LocalFrame::at(seen.point).enu_from_point(*board);
            let Some((u, v)) = lens.project(&(seen.enu_from_camera.inverse() * place)) else { continue };
            writeln!(marks, "{shot}.jpg,{u},{v},board {index}").unwrap();
        }
    }
    [("poses.csv", poses), ("marks.csv", marks), ("points.csv", points)]
}

#[test]
fn tables_of_a_flight_give_the_profile_of_its_aircraft_without_what_they_do_not_tell() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, text) in tables() {
        std::fs::write(path(name), text).unwrap();
    }
    let args = CalibrateMountArgs {
        flights: vec![path("poses.csv")],
        marks: path("marks.csv"),
        points: Some(path("points.csv")),
        dem: None,
        dem_heights: HeightDatumName::Ellipsoidal,
        dem_sigma_m: 0.5,
        undulation_m: None,
        mark_sigma_px: 2.0,
        out: Some(path("profile.toml")),
    };
    calibrate_mount::run(&args).unwrap();
    let text = std::fs::read_to_string(path("profile.toml")).unwrap();
    assert!(!text.contains("time_offset_secs"), "pictures without a time tell nothing of a clock: {text}");
    let found = toml::from_str::<ProfileFile>(&text).unwrap().mount_bias().unwrap();
    assert!((found.heading_deg - TRUTH.heading_deg).abs() < 0.1, "{found:?}");
    assert!((found.pitch_deg - TRUTH.pitch_deg).abs() < 0.1, "{found:?}");
    assert!((found.height_m - TRUTH.height_m).abs() < 0.2, "{found:?}");

    std::fs::write(path("marks.csv"), "image,u,v,name\nnone.jpg,1,1,board 0\n").unwrap();
    let error = calibrate_mount::run(&args).unwrap_err().to_string();
    assert_eq!(error, "mark of board 0: no picture none.jpg tells its camera");
}
