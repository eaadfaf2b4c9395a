//! What goes wrong on real input when a height is mistaken. How near positions come to truth is in `tests/accuracy`.

use gis::camera::{Attitude, HeadingSource, PositionSource};
use gis::geodesy::plane_distance_m;
use gis::georef::ground_point;
use gis::terrain::GeoTiffOptions;
use gis::{
    EllipsoidHeight, GeoPoint, GeoTiff, HeightDatum, Intrinsics, LatLon, NotLocated, Pose, PoseSigma, View,
};
use serde_json::Value;

use crate::reference::{bytes, text};

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
