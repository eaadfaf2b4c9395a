//! Poses that others adjusted on the ground: rail2024, and the Tuniu vectors of orthority. They measure lens and geometry alone.

use gis::camera::{Distortion, HeadingSource, PositionSource};
use gis::geodesy::{LocalFrame, plane_distance_m, point_from_ecef};
use gis::georef::ground_point;
use gis::{EllipsoidHeight, FlatGround, GeoPoint, Intrinsics, LatLon, Pose, PoseSigma, View};
use nalgebra::{Matrix3, Rotation3, Vector2, Vector3};

use crate::reference::{quantile, text};
use crate::row::Row;

/// Geoid above ellipsoid at the rail2024 marks, which closes their two height systems.
const RAIL_UNDULATION_M: f64 = 50.0;
/// Rounds of OpenCV's fixed point behind orthority's vectors, which has not converged in the corners of the picture.
const ORTHORITY_ROUNDS: usize = 5;

/// The numbers between an opening tag (given up to its end) and the next `<`, after `from`.
fn numbers_in(xml: &str, from: usize, tag: &str) -> (Vec<f64>, usize) {
    let start = from + xml[from..].find(tag).unwrap() + tag.len();
    let end = start + xml[start..].find('<').unwrap();
    let value =
        if tag.ends_with('>') { &xml[start..end] } else { xml[start..end].split_once('>').unwrap().1 };
    (value.split_whitespace().map(|number| number.parse().unwrap()).collect(), end)
}

fn attribute(line: &str, name: &str) -> Option<f64> {
    let start = line.find(&format!("{name}=\""))? + name.len() + 2;
    line[start..].split('"').next()?.parse().ok()
}

fn rail_lens(xml: &str) -> Intrinsics {
    let from = xml.find("class=\"adjusted\"").unwrap();
    let value = |name: &str| numbers_in(xml, from, &format!("<{name}>")).0[0];
    let distortion = Distortion {
        k1: value("k1"),
        k2: value("k2"),
        k3: value("k3"),
        // Metashape numbers the tangential terms the other way round.
        p1: value("p2"),
        p2: value("p1"),
        ..Distortion::default()
    };
    let ideal = Intrinsics::centred(8192.0, 5460.0, value("f")).unwrap();
    Intrinsics { cx_px: ideal.cx_px + value("cx"), cy_px: ideal.cy_px + value("cy"), distortion, ..ideal }
}

fn rail_poses(xml: &str) -> Vec<Pose> {
    let component = xml.find("<component id").unwrap();
    let (rotation, _) = numbers_in(xml, component, "<rotation ");
    let (translation, _) = numbers_in(xml, component, "<translation ");
    let scale = numbers_in(xml, component, "<scale ").0[0];
    let ecef_from_chunk = Rotation3::from_matrix_unchecked(Matrix3::from_row_slice(&rotation));
    let mut poses = Vec::new();
    let mut from = xml.find("<cameras").unwrap();
    while let Some(next) = xml[from..].find("<camera id") {
        let (m, end) = numbers_in(xml, from + next, "<transform>");
        from = end;
        let chunk_from_camera = Matrix3::new(m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]);
        let centre = Vector3::new(m[3], m[7], m[11]);
        let point =
            point_from_ecef(&(ecef_from_chunk * centre * scale + Vector3::from_column_slice(&translation)));
        let ecef_from_camera = ecef_from_chunk * Rotation3::from_matrix_unchecked(chunk_from_camera);
        let sigma = PoseSigma::usual(PositionSource::RtkFixed, HeadingSource::Calibrated);
        let enu_from_camera = LocalFrame::at(point).ecef_from_enu().inverse() * ecef_from_camera;
        poses.push(Pose { point, enu_from_camera, sigma });
    }
    poses
}

fn rail_marks(table: &str) -> Vec<GeoPoint> {
    let proj =
        |code| proj4rs::Proj::from_proj_string(crs_definitions::from_code(code).unwrap().proj4).unwrap();
    let (utm, wgs84) = (proj(25830), proj(4326));
    table
        .lines()
        .map(|line| {
            let cells: Vec<f64> = line.split(';').map(|cell| cell.trim().parse().unwrap()).collect();
            let mut at = (cells[1], cells[2], 0.0);
            proj4rs::transform::transform(&utm, &wgs84, &mut at).unwrap();
            GeoPoint {
                lat_lon: LatLon::new(at.1.to_degrees(), at.0.to_degrees()).unwrap(),
                height: EllipsoidHeight(cells[3] + RAIL_UNDULATION_M),
            }
        })
        .collect()
}

/// 50 marks on 7 surveyed points, adjusted poses, Brown lens.
pub fn rail2024() -> Row {
    let folder = "drone_gcp/rail2024_m300_p1";
    let (Some(xml), Some(points)) =
        (text(&format!("{folder}/markers.xml")), text(&format!("{folder}/gcp_25830-5782.csv")))
    else {
        return Row::missing(folder);
    };
    let (lens, poses, marks) = (rail_lens(&xml), rail_poses(&xml), rail_marks(&points));
    let mut missed_m = Vec::new();
    let mut mark = None;
    for line in xml[xml.find("<frames").unwrap()..].lines() {
        if let Some(id) = attribute(line, "marker marker_id") {
            mark = Some(marks[id as usize]);
        }
        let (Some(camera), Some(mark)) = (attribute(line, "camera_id"), mark) else { continue };
        let (u_px, v_px) = (attribute(line, " x").unwrap(), attribute(line, " y").unwrap());
        let ground = FlatGround { height: mark.height, sigma_m: 0.02 };
        let pose = poses[camera as usize];
        let hit = ground_point(&View::new(&lens, &pose, &ground), u_px, v_px).unwrap();
        missed_m.push(plane_distance_m(hit.lat_lon, mark.lat_lon));
    }
    Row::default()
        .at_least("marks", missed_m.len() as f64, 50.0, "")
        .at_most("mean", missed_m.iter().sum::<f64>() / missed_m.len() as f64, 0.03, "m")
        .at_most("largest", quantile(&missed_m, 1.0), 0.10, "m")
        .note(format!("p90 {:.3} m", quantile(&missed_m, 0.9)))
}

/// The direction that OpenCV's `undistortPoints` stops at.
fn ray_of_few_rounds(lens: &Intrinsics, u_px: f64, v_px: f64) -> Vector3<f64> {
    let d = &lens.distortion;
    let target = ((u_px - lens.cx_px) / lens.fx_px, (v_px - lens.cy_px) / lens.fy_px);
    let (mut x, mut y) = target;
    for _ in 0..ORTHORITY_ROUNDS {
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (d.k1 + r2 * (d.k2 + r2 * d.k3));
        let tangential =
            (2.0 * d.p1 * x * y + d.p2 * (r2 + 2.0 * x * x), d.p1 * (r2 + 2.0 * y * y) + 2.0 * d.p2 * x * y);
        (x, y) = ((target.0 - tangential.0) / radial, (target.1 - tangential.1) / radial);
    }
    Vector3::new(x, y, 1.0)
}

fn tuniu_lens(reconstruction: &str) -> Intrinsics {
    let value: serde_json::Value = serde_json::from_str(reconstruction).unwrap();
    let camera = value[0]["cameras"].as_object().unwrap().values().next().unwrap();
    let number = |key: &str| camera[key].as_f64().unwrap();
    let (width, height) = (number("width"), number("height"));
    // OpenSfM divides by the longer side and counts from pixel centres.
    let centre = |side: f64, offset: f64| (side - 1.0) / 2.0 + offset * width;
    Intrinsics::from_opencv(
        (width, height),
        (
            number("focal_x") * width,
            number("focal_y") * width,
            centre(width, number("c_x")),
            centre(height, number("c_y")),
        ),
        [number("k1"), number("k2"), number("p1"), number("p2"), number("k3"), 0.0, 0.0, 0.0],
    )
    .unwrap()
}

/// Name of a picture, its centre of projection and its rotation from our camera axes into the map's.
fn tuniu_poses(table: &str) -> Vec<(String, Vector3<f64>, Rotation3<f64>)> {
    let row = |line: &str| {
        let mut cells = line.split_whitespace();
        let name = cells.next().unwrap().trim_matches('\'').to_owned();
        let v: Vec<f64> = cells.take(6).map(|cell| cell.parse().unwrap()).collect();
        let [omega, phi, kappa] = [v[3], v[4], v[5]].map(f64::to_radians);
        let about = |axis, angle| Rotation3::from_axis_angle(&axis, angle);
        let map_from_photo =
            about(Vector3::x_axis(), omega) * about(Vector3::y_axis(), phi) * about(Vector3::z_axis(), kappa);
        // Photo axes are right, up, back.
        let photo_from_camera = about(Vector3::x_axis(), std::f64::consts::PI);
        (name, Vector3::new(v[0], v[1], v[2]), map_from_photo * photo_from_camera)
    };
    table.lines().skip(1).filter(|line| !line.trim().is_empty()).map(row).collect()
}

/// Adds what orthority answers for 100 pixels at two heights, with the adjusted poses of Tuniu.
pub fn orthority_vectors(row: Row) -> Row {
    let folder = "drone_gcp/tuniu_p4rtk_oblique";
    let file = |name: &str| text(&format!("{folder}/{name}")).unwrap();
    let (lens, poses) = (tuniu_lens(&file("reconstruction.json")), tuniu_poses(&file("odm_xyz_opk.csv")));
    let (mut same_m, mut own_m) = (Vec::new(), Vec::new());
    for line in file("orthority_pixel_to_world.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let v = |index: usize| cells[index].parse::<f64>().unwrap();
        let (_, centre, map_from_camera) = poses.iter().find(|pose| cells[0].starts_with(&pose.0)).unwrap();
        // The vectors count from pixel centres.
        let (u_px, v_px) = (v(1) + 0.5, v(2) + 0.5);
        for (z, x, y) in [(60.0, v(3), v(4)), (90.0, v(5), v(6))] {
            let missed_m = |ray_in_camera: Vector3<f64>| {
                let ray = map_from_camera * ray_in_camera;
                let hit = centre + ray * ((z - centre.z) / ray.z);
                (hit.xy() - Vector2::new(x, y)).norm()
            };
            same_m.push(missed_m(ray_of_few_rounds(&lens, u_px, v_px)));
            own_m.push(missed_m(lens.ray_in_camera(u_px, v_px).unwrap()));
        }
    }
    row.at_most("orthority at z = 60 and 90, with its 5 rounds of undistortion, largest", quantile(&same_m, 1.0), 0.01, "m")
        .note(format!(
            "orthority's {} vectors against the lens undistorted to the end: median {:.4} m, p85 {:.4} m, largest {:.3} m \
             (its rounds have not converged in the corners)",
            own_m.len(),
            quantile(&own_m, 0.5),
            quantile(&own_m, 0.85),
            quantile(&own_m, 1.0)
        ))
}
