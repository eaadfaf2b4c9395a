//! Cameras calibrated from points: Cucza (a drone photo in a local frame), Finse (a roof camera over a mountain side),
//! Geul (a bridge camera with surveyed boards).

use gis::calibrate::{
    Calibration, Free, Mark, Options, PlacedCamera, calibrate, ground_error_m, leave_one_out,
};
use gis::camera::{HeadingSource, PositionSource};
use gis::geodesy::LocalFrame;
use gis::georef::{Limits, ground_point};
use gis::terrain::{Crs, GeoTiffOptions};
use gis::{EllipsoidHeight, GeoPoint, GeoTiff, HeightDatum, Intrinsics, LatLon, Pose, PoseSigma, View};
use nalgebra::{Rotation3, Vector3};
use serde::Deserialize;
use serde_json::Value;

use crate::reference::{bytes, median, quantile, table, text};
use crate::row::Row;

#[derive(Deserialize)]
struct MarkRow {
    name: String,
    x_img: f64,
    y_img: f64,
    x_world: f64,
    y_world: f64,
    z_world: f64,
}

fn mark(row: &MarkRow) -> Mark {
    let point = Vector3::new(row.x_world, row.y_world, row.z_world);
    Mark { name: row.name.clone(), pixel: [row.x_img, row.y_img], point }
}

fn found(marks: &[Mark], lens: &Intrinsics, options: &Options) -> Calibration {
    let starts: Vec<PlacedCamera> = pipeline_cv::resect(marks, lens).unwrap();
    calibrate(marks, &starts, options).unwrap_or_else(|error| panic!("{error}: {starts:?}"))
}

fn spoken(values: &[f64], unit: &str) -> String {
    format!(
        "median {:.3} {unit}, p90 {:.3} {unit}, largest {:.3} {unit}",
        median(values),
        quantile(values, 0.9),
        quantile(values, 1.0)
    )
}

fn leave_out_note(marks: &[Mark], calibration: &Calibration, options: &Options) -> String {
    let left = leave_one_out(marks, calibration, options);
    let on_ground: Vec<f64> = left.iter().filter_map(|one| one.ground_m).collect();
    let in_picture: Vec<f64> = left.iter().filter_map(|one| one.off_px).collect();
    format!(
        "leave one out: {} of {} marks seen, {}; on the ground at their heights ({} marks) {}",
        in_picture.len(),
        marks.len(),
        spoken(&in_picture, "px"),
        on_ground.len(),
        spoken(&on_ground, "m")
    )
}

/// One photo of a UAV over a small site, 12 marks, local metric frame.
pub fn cucza() -> Row {
    let Some(rows) = table::<MarkRow>("drone_gcp/cucza_uav/GCPs.csv", b',') else {
        return Row::missing("drone_gcp/cucza_uav/GCPs.csv");
    };
    let marks: Vec<Mark> = rows.iter().map(mark).collect();
    let lens =
        Intrinsics { cx_px: 704.5, cy_px: 469.0, ..Intrinsics::centred(1409.0, 938.0, 2011.887).unwrap() };
    let options = Options::new(Free::Nothing);
    let calibration = found(&marks, &lens, &options);
    let ground: Vec<f64> =
        marks.iter().filter_map(|mark| ground_error_m(&calibration.camera, mark)).collect();
    let pixels: Vec<f64> = calibration.residuals.iter().map(gis::calibrate::Residual::length_px).collect();
    Row::default()
        .at_most("in-sample median", median(&ground), 0.15, "m")
        .note(format!(
            "{} marks, {}; in the picture {}",
            marks.len(),
            spoken(&ground, "m"),
            spoken(&pixels, "px")
        ))
        .note(leave_out_note(&marks, &calibration, &options))
}

/// Six boards beside a river, surveyed by GNSS, seen from a bridge at 8 to 19 m.
pub fn geul() -> Row {
    let Some(config) = text("fixed_camera_gcp/geul_bridge/dk_cam_config.json") else {
        return Row::missing("fixed_camera_gcp/geul_bridge/dk_cam_config.json");
    };
    let config: Value = serde_json::from_str(&config).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let k = &config["camera_matrix"];
    let d = &config["dist_coeffs"];
    let coefficients = [number(&d[0][0]), number(&d[1][0]), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let matrix = (number(&k[0][0]), number(&k[1][1]), number(&k[0][2]), number(&k[1][2]));
    let lens = Intrinsics::from_opencv((1920.0, 1080.0), matrix, coefficients).unwrap();
    let (src, dst) = (config["gcps"]["src"].as_array().unwrap(), config["gcps"]["dst"].as_array().unwrap());
    let origin = Vector3::from_fn(|i, _| number(&dst[0][i]));
    let marks: Vec<Mark> = src
        .iter()
        .zip(dst)
        .enumerate()
        .map(|(i, (pixel, place))| Mark {
            name: format!("board {}", i + 1),
            // The project it is from counts pixels as OpenCV does.
            pixel: [number(&pixel[0]) + 0.5, number(&pixel[1]) + 0.5],
            point: Vector3::from_fn(|i, _| number(&place[i])) - origin,
        })
        .collect();
    let options = Options::new(Free::Nothing);
    let calibration = found(&marks, &lens, &options);
    let focal_px = calibration.camera.intrinsics.fx_px;
    let across: Vec<f64> =
        calibration.residuals.iter().map(|mark| mark.length_px() * mark.range_m / focal_px).collect();
    let ground: Vec<f64> =
        marks.iter().filter_map(|mark| ground_error_m(&calibration.camera, mark)).collect();
    Row::default()
        .at_most("residual x range / f, largest", quantile(&across, 1.0), 0.08, "m")
        .at_most("on the ground at board height, largest", quantile(&ground, 1.0), 0.25, "m")
        .note(format!("{} boards; on the ground {}", marks.len(), spoken(&ground, "m")))
        .note(leave_out_note(&marks, &calibration, &options))
}

/// A frame of the marks on the earth.
struct Site {
    frame: LocalFrame,
    marks: Vec<Mark>,
    terrain: GeoTiff,
}

/// Heights count from the geoid in marks and model alike, so its undulation plays no part.
fn finse_site() -> Option<Site> {
    let folder = "fixed_camera_gcp/finse_hikvision";
    let rows = table::<MarkRow>(&format!("{folder}/GCPs_pointagev4.csv"), b',')?;
    let dem = bytes(&format!("{folder}/time_lapse_finse_DSM_midfilled.tif"))?;
    let options =
        GeoTiffOptions { crs: Some(Crs::Epsg(32632)), ..GeoTiffOptions::new(HeightDatum::Ellipsoidal) };
    let terrain = GeoTiff::from_bytes(&dem, &options).unwrap();
    let proj =
        |code| proj4rs::Proj::from_proj_string(crs_definitions::from_code(code).unwrap().proj4).unwrap();
    let (utm, wgs84) = (proj(32632), proj(4326));
    let places: Vec<GeoPoint> = rows
        .iter()
        .map(|row| {
            let mut at = (row.x_world, row.y_world, 0.0);
            proj4rs::transform::transform(&utm, &wgs84, &mut at).unwrap();
            GeoPoint {
                lat_lon: LatLon::new(at.1.to_degrees(), at.0.to_degrees()).unwrap(),
                height: EllipsoidHeight(row.z_world),
            }
        })
        .collect();
    let frame = LocalFrame::at(places[0]);
    let marks = rows
        .iter()
        .zip(&places)
        .map(|(row, place)| Mark { point: frame.enu_from_point(*place), ..mark(row) })
        .collect();
    Some(Site { frame, marks, terrain })
}

/// The pose of a camera of a local frame, on the earth.
fn on_earth(camera: &PlacedCamera, frame: &LocalFrame) -> Pose {
    let point = frame.point_from_enu(&camera.centre);
    let ecef_from_camera = frame.ecef_from_enu() * camera.frame_from_camera;
    let enu_from_camera: Rotation3<f64> = LocalFrame::at(point).ecef_from_enu().inverse() * ecef_from_camera;
    let sigma = PoseSigma::usual(PositionSource::Surveyed, HeadingSource::Calibrated);
    Pose { point, enu_from_camera, sigma }
}

/// Draws fixed by a small generator, so that they are the same everywhere.
fn draw(seed: u64, count: usize) -> Vec<usize> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(i, (state % (i as u64 + 1)) as usize);
    }
    order
}

/// A roof camera over a mountain side: 25 marks fit, 20 check, six draws.
pub fn finse() -> Row {
    let Some(site) = finse_site() else { return Row::missing("fixed_camera_gcp/finse_hikvision") };
    let lens = Intrinsics::centred(1920.0, 1080.0, 1484.0).unwrap();
    let options = Options { pixel_sigma_px: 2.0, ..Options::new(Free::Lens) };
    let (mut near, mut far, mut missed, mut checked) = (Vec::new(), Vec::new(), 0, 0);
    for seed in 1..=6 {
        let order = draw(seed, site.marks.len());
        let pick = |range: std::ops::Range<usize>| -> Vec<Mark> {
            order[range].iter().map(|&i| site.marks[i].clone()).collect()
        };
        let calibration = found(&pick(0..25), &lens, &options);
        let pose = on_earth(&calibration.camera, &site.frame);
        let view = View::new(&calibration.camera.intrinsics, &pose, &site.terrain)
            .with_limits(Limits { min_depression_deg: -30.0, max_range_m: 5_000.0 });
        for mark in pick(25..45) {
            checked += 1;
            let Ok(hit) = ground_point(&view, mark.pixel[0], mark.pixel[1]) else {
                missed += 1;
                continue;
            };
            let at = site.frame.enu_from_point(hit);
            let error_m = (at.x - mark.point.x).hypot(at.y - mark.point.y);
            let range_m = (mark.point - calibration.camera.centre).norm();
            if range_m <= 200.0 { near.push(error_m) } else { far.push(error_m) }
        }
    }
    let all = found(&site.marks, &lens, &options);
    Row::default()
        .at_most("held-out median within 200 m", median(&near), 2.2, "m")
        .at_most("held-out median to 1 400 m", median(&far), 6.5, "m")
        .note(format!(
            "{} near checks {}; {} far checks {}",
            near.len(),
            spoken(&near, "m"),
            far.len(),
            spoken(&far, "m")
        ))
        .note(format!("{missed} of {checked} rays miss the surface model"))
        .note(format!(
            "all {} marks: median {:.2} px, f {:.1} px",
            site.marks.len(),
            all.median_px(),
            all.camera.intrinsics.fx_px
        ))
        .note(leave_out_note(&site.marks, &all, &options))
}
