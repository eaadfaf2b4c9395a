//! `flyonce georef` and `flyonce calibrate camera` as a person runs them.

use std::fmt::Write;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{assert_refused, flyonce, reference, root};

/// Writes a file into a folder and returns its path.
fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The rows of a CSV on standard output, without its header.
fn rows(output: &std::process::Output) -> Vec<Vec<String>> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn a_still_tells_its_camera_and_the_datum_of_the_terrain_is_told_by_the_height_above_take_off() {
    let folder_of = "drone_gcp/h20t_laser_target";
    let (Some(still), Some(dem)) = (
        reference(&format!("{folder_of}/penguin-1.jpg")),
        reference(&format!("{folder_of}/penguin-dem.tif")),
    ) else {
        return;
    };
    let folder = folder();
    let points =
        file(&folder, "p.csv", "image,u,v\npenguin-1.jpg,320,256\nother.jpg,1,1\npenguin-1.jpg,641,1\n");
    let (still, dem) = (still.to_string_lossy().into_owned(), dem.to_string_lossy().into_owned());
    let output = flyonce(&["georef", &still, "--points", &points, "--dem", &dem]);
    let rows = rows(&output);
    let number = |cell: &str| cell.parse::<f64>().unwrap();
    let off_m =
        (number(&rows[0][3]) + 42.936_328_9).hypot((number(&rows[0][4]) + 64.334_648_1) * 0.732) * 111_132.0;
    assert!(off_m <= 0.8, "{off_m}");
    assert_eq!(rows[0][6], "wgs84_ellipsoid");
    assert!(number(&rows[0][7]) > 0.0 && rows[0][9].is_empty());
    assert_eq!(rows[1][3..], ["", "", "", "", "", "", "unknown_image"]);
    assert_eq!(rows[2][9], "outside_picture");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("taken as ellipsoidal") && errors.contains("if EGM96"), "{errors}");
}

#[test]
fn a_table_of_poses_and_a_lens_place_pixels_on_the_sample_terrain() {
    let folder = folder();
    let camera = file(&folder, "cam.toml", "width_px = 1920.0\nheight_px = 1080.0\nhfov_deg = 70.0\n");
    let poses = file(
        &folder,
        "poses.csv",
        "image,lat_deg,lon_deg,ellipsoid_height_m,heading_deg,pitch_deg,roll_deg\na.jpg,28.97,118.87,200,0,-90,0\n",
    );
    let points = file(&folder, "p.csv", "image,u,v\na.jpg,960,540\n");
    let dem = root().join("sample-data/terrain");
    let dem = std::fs::read_dir(dem)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == "tif"));
    let dem = dem.unwrap().to_string_lossy().into_owned();
    let common = ["georef", "--camera", &camera, "--pose", &poses, "--points", &points, "--dem", &dem];
    let mut stated = common.to_vec();
    stated.extend(["--dem-heights", "ellipsoidal", "--format", "geojson"]);
    let output = flyonce(&stated);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let at = &found["features"][0]["geometry"]["coordinates"];
    // Straight down: the place below the camera.
    assert!(
        (at[0].as_f64().unwrap() - 118.87).abs() < 1e-6 && (at[1].as_f64().unwrap() - 28.97).abs() < 1e-6
    );
    assert!(found["features"][0]["properties"]["ce90_m"].as_f64().unwrap() > 0.0);
    // The same from a table that tells the lens itself: 1920 px seen under 70 degrees.
    let whole = file(
        &folder,
        "whole.csv",
        "image,lat_deg,lon_deg,ellipsoid_height_m,heading_deg,pitch_deg,roll_deg,width_px,height_px,focal_px\n\
         a.jpg,28.97,118.87,200,0,-90,0,1920,1080,1371.0\n",
    );
    let alone =
        ["georef", "--pose", &whole, "--points", &points, "--dem", &dem, "--dem-heights", "ellipsoidal"];
    let output = flyonce(&alone);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lat_deg: f64 = rows(&output)[0][3].parse().unwrap();
    assert!((lat_deg - at[1].as_f64().unwrap()).abs() < 2e-8, "{lat_deg}");
    assert_refused(
        &flyonce(&["georef", "--pose", &poses, "--points", &points]),
        &["poses.csv: line 2: no lens: give --camera or columns width_px, height_px and focal_px"],
    );
    // Nothing tells the datum here, and five metres lie between the readings.
    assert_refused(&flyonce(&common), &["give --dem-heights ellipsoidal, egm96 or egm2008"]);
}

#[test]
fn wrong_tables_are_refused_with_line_and_value() {
    let folder = folder();
    let camera = file(&folder, "cam.toml", "width_px = 1920.0\nheight_px = 1080.0\nhfov_deg = 70.0\n");
    let poses = file(
        &folder,
        "poses.csv",
        "image,lat_deg,lon_deg,heading_deg,pitch_deg,roll_deg\na.jpg,28.97,118.87,0,-90,0\n",
    );
    let points = file(&folder, "p.csv", "image,u,v\na.jpg,NaN,540\n");
    let run = |points: &str| flyonce(&["georef", "--camera", &camera, "--pose", &poses, "--points", points]);
    assert_refused(&run(&points), &["p.csv: line 2: u is NaN"]);
    let points = file(&folder, "q.csv", "image,u,v\na.jpg,1,x\n");
    assert_refused(&run(&points), &["q.csv: line 2: v: invalid float literal"]);
    let points = file(&folder, "r.csv", "image,u,v\na.jpg,1,1\n");
    assert_refused(&run(&points), &["poses.csv: line 2: no height; give one of ellipsoid_height_m"]);
}

/// Exact marks of a camera at (0, 0, 10) that looks north and 20 degrees down, f = 1000 px, 1920 x 1080.
fn marks(swap: bool) -> String {
    let (sin, cos) = 20_f64.to_radians().sin_cos();
    let mut text = "name,u,v,x,y,z\n".to_owned();
    let places = [
        (-8.0, 20.0, 0.0),
        (9.0, 18.0, 1.5),
        (-15.0, 40.0, 3.0),
        (16.0, 45.0, 0.5),
        (2.0, 30.0, 2.0),
        (-4.0, 60.0, 8.0),
        (5.0, 24.0, 0.0),
    ];
    for (i, (x, y, z)) in places.into_iter().enumerate() {
        let (ahead, down) = (y, 10.0 - z);
        let depth = ahead * cos + down * sin;
        let (u, v) = (960.0 + 1000.0 * x / depth, 540.0 + 1000.0 * (down * cos - ahead * sin) / depth);
        let (x, y) = if swap { (y, x) } else { (x, y) };
        writeln!(text, "p{i},{u},{v},{x},{y},{z}").unwrap();
    }
    text
}

#[test]
fn a_camera_is_calibrated_from_points_and_swapped_axes_are_said() {
    let folder = folder();
    let points = file(&folder, "gcp.csv", &marks(false));
    let out = folder.path().join("camera.toml").to_string_lossy().into_owned();
    let picture = folder.path().join("residuals.png").to_string_lossy().into_owned();
    let run = |points: &str| {
        flyonce(&[
            "calibrate",
            "camera",
            "--points",
            points,
            "--crs",
            "local",
            "--size",
            "1920x1080",
            "--out",
            &out,
            "--picture",
            &picture,
        ])
    };
    let output = run(&points);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let camera: toml::Table = std::fs::read_to_string(&out).unwrap().parse().unwrap();
    let number = |key: &str| camera[key].as_float().unwrap();
    assert!((number("fx_px") - 1000.0).abs() < 0.1 && (number("pitch_deg") + 20.0).abs() < 0.01, "{camera}");
    assert!((camera["local_xyz_m"][2].as_float().unwrap() - 10.0).abs() < 0.01);
    assert!(std::fs::read(Path::new(&picture)).unwrap().starts_with(b"\x89PNG"));
    let swapped = file(&folder, "swapped.csv", &marks(true));
    assert_refused(&run(&swapped), &["x and y seem to be swapped"]);
    let few = marks(false).lines().take(4).collect::<Vec<_>>().join("\n");
    assert_refused(&run(&file(&folder, "few.csv", &few)), &["3 points, expected at least 5"]);
}

#[test]
fn a_mountain_camera_ends_on_its_surface_model() {
    let folder_of = "fixed_camera_gcp/finse_hikvision";
    let (Some(table), Some(dem)) = (
        reference(&format!("{folder_of}/GCPs_pointagev4.csv")),
        reference(&format!("{folder_of}/time_lapse_finse_DSM_midfilled.tif")),
    ) else {
        return;
    };
    let text = std::fs::read_to_string(table).unwrap();
    let mut points = "name,u,v,x,y,z\n".to_owned();
    for line in text.lines().skip(1) {
        let c: Vec<&str> = line.split(',').collect();
        writeln!(points, "{},{},{},{},{},{}", c[0], c[4], c[5], c[2], c[3], c[1]).unwrap();
    }
    let folder = folder();
    let points = file(&folder, "gcp.csv", &points);
    let out = folder.path().join("camera.toml").to_string_lossy().into_owned();
    let dem = dem.to_string_lossy().into_owned();
    let output = flyonce(&[
        "calibrate",
        "camera",
        "--points",
        &points,
        "--crs",
        "EPSG:32632",
        "--size",
        "1920x1080",
        "--lens",
        "free",
        "--dem",
        &dem,
        "--dem-crs",
        "EPSG:32632",
        "--out",
        &out,
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("on the terrain: median") && text.contains("45 points, median 1.9"), "{text}");
    // The camera found is one the other commands take, with its covariance.
    let pixels = file(&folder, "p.csv", "image,u,v\nany.jpg,1005,387\n");
    let output = flyonce(&[
        "georef",
        "--camera",
        &out,
        "--points",
        &pixels,
        "--dem",
        &dem,
        "--dem-crs",
        "EPSG:32632",
        "--dem-heights",
        "ellipsoidal",
        "--min-depression",
        "-20",
    ]);
    let rows = rows(&output);
    assert!(rows[0][9].is_empty() && rows[0][7].parse::<f64>().unwrap() > 0.0, "{rows:?}");
}
