//! Positions against truth measured by others: a laser range finder, a navigation-grade aircraft, surveyed marks.

use gis::camera::{Attitude, Distortion, HeadingSource, PositionSource};
use gis::error_ellipse::ce90_m;
use gis::geodesy::{LocalFrame, plane_distance_m, point_from_ecef};
use gis::georef::{ground_point, locate, locate_at_range};
use gis::terrain::GeoTiffOptions;
use gis::{
    EllipsoidHeight, FlatGround, GeoPoint, GeoTiff, HeightDatum, Intrinsics, LatLon, NotLocated, Pose,
    PoseSigma, View,
};
use nalgebra::{Matrix3, Rotation3, Vector3};
use serde_json::Value;

use crate::reference::{bytes, quantile, text};

/// The terrain model's own error and the gimbal's 0.1 degree steps; a plain pinhole gives 0.75 m.
const LASER_TARGET_M: f64 = 2.0;
/// The range finder's own resolution and the rounding of its position.
const LASER_RANGE_M: f64 = 0.10;
/// The recorded centre is itself computed on board; an independent computation lands 8.6 m from it.
const CHEYENNE_MEDIAN_M: f64 = 10.0;
/// Centimetre marks under adjusted poses; an independent computation gives 0.025 m.
const RAIL_MEAN_M: f64 = 0.03;
/// Geoid above ellipsoid at the rail2024 marks, which closes their two height systems.
const RAIL_UNDULATION_M: f64 = 50.0;

fn number(tags: &Value, key: &str) -> f64 {
    let value = &tags[key];
    value.as_f64().or_else(|| value.as_str()?.trim_start_matches('+').parse().ok()).unwrap()
}

fn h20t(tags: &Value) -> (Intrinsics, Pose, LatLon) {
    let lens =
        Intrinsics::from_focal_35mm(640.0, 512.0, number(tags, "ExifIFD:FocalLengthIn35mmFormat")).unwrap();
    let dji = |key: &str| number(tags, &format!("XMP-drone-dji:{key}"));
    let at = LatLon::new(dji("GPSLatitude"), dji("GPSLongitude")).unwrap();
    let camera = Attitude {
        heading_deg: dji("GimbalYawDegree"),
        pitch_deg: dji("GimbalPitchDegree"),
        roll_deg: dji("GimbalRollDegree"),
    };
    let point = GeoPoint { lat_lon: at, height: EllipsoidHeight(dji("AbsoluteAltitude")) };
    let sigma = PoseSigma::usual(PositionSource::RtkFixed, HeadingSource::DualAntenna);
    let target = LatLon::new(dji("LRFTargetLat"), dji("LRFTargetLon")).unwrap();
    (lens, Pose::from_attitude(point, camera, sigma), target)
}

#[test]
fn picture_centre_of_the_h20t_meets_the_laser_target() {
    let name = "H20T laser target";
    let (Some(tags), Some(dem)) = (
        text(name, "drone_gcp/h20t_laser_target/penguin-1.exif.json"),
        bytes(name, "drone_gcp/h20t_laser_target/penguin-dem.tif"),
    ) else {
        return;
    };
    let tags: Value = serde_json::from_str(&tags).unwrap();
    let tags = if tags.is_array() { tags[0].clone() } else { tags };
    let (lens, pose, target) = h20t(&tags);
    let terrain = GeoTiff::from_bytes(&dem, &GeoTiffOptions::new(HeightDatum::Ellipsoidal)).unwrap();
    assert_eq!((terrain.size(), terrain.epsg()), ((1577, 1796), 32720));
    let view = View::new(&lens, &pose, &terrain);

    let on_terrain = locate(&view, 320.0, 256.0, 1.0).unwrap();
    let missed_m = plane_distance_m(on_terrain.point.lat_lon, target);
    let ce90_m = ce90_m(&on_terrain.covariance_enu_m2);
    println!("H20T: terrain ray {missed_m:.3} m from the laser target, stated CE90 {ce90_m:.2} m");
    assert!(missed_m <= LASER_TARGET_M);

    let range_m = number(&tags, "XMP-drone-dji:LRFTargetDistance");
    let at_range = locate_at_range(&view, (320.0, 256.0), range_m, 0.1, 1.0).unwrap();
    let missed_m = plane_distance_m(at_range.point.lat_lon, target);
    let high_m = at_range.point.height.0 - number(&tags, "XMP-drone-dji:LRFTargetAbsAlt");
    println!("H20T: along the laser range {missed_m:.3} m, height {high_m:+.3} m");
    assert!(missed_m <= LASER_RANGE_M && high_m.abs() <= LASER_RANGE_M);
}

/// One row of the decoded packets: tag to value.
fn packets(table: &str) -> Vec<impl Fn(&str) -> f64 + '_> {
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let header = header.clone();
            let cells: Vec<&str> = line.split(',').collect();
            move |tag: &str| {
                cells[header.iter().position(|name| *name == tag).unwrap()].parse().unwrap_or(f64::NAN)
            }
        })
        .collect()
}

#[test]
fn cheyenne_frame_centres_are_reproduced() {
    let name = "Cheyenne frame centres";
    let Some(table) = text(name, "klv/Cheyenne.klvdata-0.0.3.csv") else { return };
    let lens = Intrinsics::from_fov(1280.0, 720.0, 20.0, None).unwrap();
    let sigma = PoseSigma::usual(PositionSource::Gnss, HeadingSource::Inertial);
    let mut missed_m = Vec::new();
    let mut bearing_deg = Vec::new();
    for packet in packets(&table) {
        let attitude =
            |h, p, r| Attitude { heading_deg: packet(h), pitch_deg: packet(p), roll_deg: packet(r) };
        // Sensor and ground count from the same geoid; the flat ground is cut in those heights.
        let point = GeoPoint {
            lat_lon: LatLon::new(packet("t13"), packet("t14")).unwrap(),
            height: EllipsoidHeight(packet("t15")),
        };
        let pose =
            Pose::from_platform(point, attitude("t5", "t6", "t7"), attitude("t18", "t19", "t20"), sigma);
        let ground = FlatGround { height: EllipsoidHeight(packet("t25")), sigma_m: 1.0 };
        let view = View::new(&lens, &pose, &ground);
        let hit = ground_point(&view, 640.0, 360.0).unwrap();
        let recorded = GeoPoint { lat_lon: LatLon::new(packet("t23"), packet("t24")).unwrap(), ..hit };
        missed_m.push(plane_distance_m(hit.lat_lon, recorded.lat_lon));
        let bearing = |point| {
            let enu = LocalFrame::at(pose.point).enu_from_point(point);
            enu.x.atan2(enu.y).to_degrees()
        };
        bearing_deg.push(bearing(hit) - bearing(recorded));
    }
    let median_m = quantile(&missed_m, 0.5);
    println!(
        "Cheyenne: {} packets, frame centre median {median_m:.2} m, p90 {:.2} m, bearing median {:+.3} deg",
        missed_m.len(),
        quantile(&missed_m, 0.9),
        quantile(&bearing_deg, 0.5),
    );
    assert_eq!(missed_m.len(), 407);
    assert!(median_m <= CHEYENNE_MEDIAN_M);
}

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

#[test]
fn surveyed_marks_of_rail2024_are_met_with_adjusted_poses() {
    let name = "rail2024";
    let (Some(xml), Some(table)) = (
        text(name, "drone_gcp/rail2024_m300_p1/markers.xml"),
        text(name, "drone_gcp/rail2024_m300_p1/gcp_25830-5782.csv"),
    ) else {
        return;
    };
    let (lens, poses, marks) = (rail_lens(&xml), rail_poses(&xml), rail_marks(&table));
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
    let mean_m = missed_m.iter().sum::<f64>() / missed_m.len() as f64;
    println!(
        "rail2024: {} marks, mean {mean_m:.4} m, p90 {:.4} m, max {:.4} m",
        missed_m.len(),
        quantile(&missed_m, 0.9),
        quantile(&missed_m, 1.0)
    );
    assert_eq!(missed_m.len(), 50);
    assert!(mean_m <= RAIL_MEAN_M);
}

#[test]
fn terrain_read_on_the_wrong_datum_moves_the_h20t_hit_by_metres() {
    let name = "H20T on the wrong datum";
    let (Some(tags), Some(dem)) = (
        text(name, "drone_gcp/h20t_laser_target/penguin-1.exif.json"),
        bytes(name, "drone_gcp/h20t_laser_target/penguin-dem.tif"),
    ) else {
        return;
    };
    let tags: Value = serde_json::from_str(&tags).unwrap();
    let tags = if tags.is_array() { tags[0].clone() } else { tags };
    let (lens, pose, target) = h20t(&tags);
    let datum = HeightDatum::Geoid { undulation_m: 11.0 };
    let terrain = GeoTiff::from_bytes(&dem, &GeoTiffOptions::new(datum)).unwrap();
    let hit = ground_point(&View::new(&lens, &pose, &terrain), 320.0, 256.0).unwrap();
    assert!(plane_distance_m(hit.lat_lon, target) > 8.0);
}

#[test]
fn h20t_camera_sunk_into_the_terrain_is_refused() {
    let name = "H20T below ground";
    let (Some(tags), Some(dem)) = (
        text(name, "drone_gcp/h20t_laser_target/penguin-1.exif.json"),
        bytes(name, "drone_gcp/h20t_laser_target/penguin-dem.tif"),
    ) else {
        return;
    };
    let tags: Value = serde_json::from_str(&tags).unwrap();
    let tags = if tags.is_array() { tags[0].clone() } else { tags };
    let (lens, mut pose, _) = h20t(&tags);
    let terrain = GeoTiff::from_bytes(&dem, &GeoTiffOptions::new(HeightDatum::Ellipsoidal)).unwrap();
    pose.point.height = EllipsoidHeight(pose.point.height.0 - 35.0);
    let hit = ground_point(&View::new(&lens, &pose, &terrain), 320.0, 256.0);
    assert_eq!(hit, Err(NotLocated::BelowGround));
}
