//! Poses as aircraft told them: H20T, Tuniu, Thunderstorm, Cheyenne. Each check keeps its stated CE90 beside its error.

use std::collections::BTreeMap;

use gis::camera::{Attitude, Distortion, HeadingSource, PositionSource};
use gis::error_ellipse::ce90_m;
use gis::geodesy::{LocalFrame, plane_distance_m};
use gis::geoid::GeoidModel;
use gis::georef::{locate, locate_at_range};
use gis::mount::{self, Landmark, Mark, MountBias, MountConfig, Part, solve};
use gis::terrain::{GeoTiffOptions, TerrainBounds};
use gis::{
    EllipsoidHeight, FlatGround, GeoPoint, GeoTiff, GroundPosition, HeightDatum, Intrinsics, LatLon, Pose,
    PoseSigma, Terrain, View,
};
use nalgebra::{DMatrix, DVector, Vector3};
use pipeline::SizePx;
use pipeline::camera::{CameraSetup, FrameCamera};
use pipeline::telemetry::{Sample, read_file_bytes};
use serde::Deserialize;

use crate::reference::{bytes, median, quantile, table, text};
use crate::row::Row;

/// One standard deviation of a pixel marked by hand, pixels.
const PIXEL_SIGMA_PX: f64 = 1.0;

/// One position against its truth.
#[derive(Debug, Clone)]
pub struct Check {
    /// The picture, for intervals that do not count its pixels as independent.
    pub photo: String,
    /// Horizontal error, metres.
    pub error_m: f64,
    /// Stated CE90, metres.
    pub ce90_m: f64,
}

fn check(photo: &str, found: &GroundPosition, truth: LatLon) -> Check {
    Check {
        photo: photo.to_owned(),
        error_m: plane_distance_m(found.point.lat_lon, truth),
        ce90_m: ce90_m(&found.covariance_enu_m2),
    }
}

fn errors(checks: &[Check]) -> Vec<f64> {
    checks.iter().map(|check| check.error_m).collect()
}

/// What a still says of its camera, as the product reads it.
fn still(file: &str) -> Option<Sample> {
    let bytes = bytes(file)?;
    let reading = read_file_bytes(file, &bytes).unwrap();
    reading.records.into_iter().next().map(|record| record.sample)
}

fn laser_target() -> LatLon {
    LatLon::new(-42.936_328_9, -64.334_648_1).unwrap()
}

const H20T: &str = "drone_gcp/h20t_laser_target";

/// The picture's centre on the terrain model.
pub fn h20t_checks() -> Option<Vec<Check>> {
    let sample = still(&format!("{H20T}/penguin-1.jpg"))?;
    let dem = bytes(&format!("{H20T}/penguin-dem.tif"))?;
    let camera =
        FrameCamera::from_sample(&sample, &CameraSetup::default(), SizePx { width: 640, height: 512 })
            .unwrap();
    let terrain = GeoTiff::from_bytes(&dem, &GeoTiffOptions::new(HeightDatum::Ellipsoidal)).unwrap();
    let view = View::new(&camera.intrinsics, &camera.pose, &terrain);
    let found = locate(&view, 320.0, 256.0, PIXEL_SIGMA_PX).unwrap();
    Some(vec![check("penguin-1", &found, laser_target())])
}

/// A thermal still of a DJI H20T and the target of its own laser.
pub fn h20t() -> Row {
    let Some(checks) = h20t_checks() else { return Row::missing(H20T) };
    let sample = still(&format!("{H20T}/penguin-1.jpg")).unwrap();
    let camera =
        FrameCamera::from_sample(&sample, &CameraSetup::default(), SizePx { width: 640, height: 512 })
            .unwrap();
    let nothing = FlatGround { height: EllipsoidHeight(0.0), sigma_m: 0.0 };
    let view = View::new(&camera.intrinsics, &camera.pose, &nothing);
    let along =
        locate_at_range(&view, (320.0, 256.0), sample.slant_range_m.unwrap(), 0.1, PIXEL_SIGMA_PX).unwrap();
    Row::default()
        .at_most("terrain ray", checks[0].error_m, 0.8, "m")
        .at_most("with the laser range", plane_distance_m(along.point.lat_lon, laser_target()), 0.10, "m")
        .note(format!("stated CE90 of the terrain ray {:.2} m", checks[0].ce90_m))
}

const TUNIU: &str = "drone_gcp/tuniu_p4rtk_oblique";

#[derive(Deserialize)]
struct OrthorityRow {
    image: String,
    col: f64,
    row: f64,
    x_on_dsm: Option<f64>,
    y_on_dsm: Option<f64>,
}

/// Telemetry poses and the recorded lens (`DewarpData`) on the surface model, against adjusted poses on the same model.
pub fn tuniu_checks() -> Option<Vec<Check>> {
    let rows: Vec<OrthorityRow> = table(&format!("{TUNIU}/orthority_pixel_to_world.csv"), b',')?;
    let dsm = bytes(&format!("{TUNIU}/dsm.tif"))?;
    let terrain = GeoTiff::from_bytes(&dsm, &GeoTiffOptions::new(HeightDatum::Ellipsoidal)).unwrap();
    let proj =
        |code| proj4rs::Proj::from_proj_string(crs_definitions::from_code(code).unwrap().proj4).unwrap();
    let (utm, wgs84) = (proj(32651), proj(4326));
    let mut checks = Vec::new();
    for row in rows {
        let (Some(x), Some(y)) = (row.x_on_dsm, row.y_on_dsm) else { continue };
        let mut at = (x, y, 0.0);
        proj4rs::transform::transform(&utm, &wgs84, &mut at).unwrap();
        let truth = LatLon::new(at.1.to_degrees(), at.0.to_degrees()).unwrap();
        let sample = still(&format!("{TUNIU}/{}", row.image)).unwrap();
        let size = SizePx { width: 1368, height: 912 };
        let camera = FrameCamera::from_sample(&sample, &CameraSetup::default(), size).unwrap();
        let view = View::new(&camera.intrinsics, &camera.pose, &terrain);
        if let Ok(found) = locate(&view, row.col + 0.5, row.row + 0.5, PIXEL_SIGMA_PX) {
            checks.push(check(&row.image, &found, truth));
        }
    }
    Some(checks)
}

/// Four oblique stills of a Phantom 4 RTK.
pub fn tuniu() -> Row {
    let Some(checks) = tuniu_checks() else { return Row::missing(TUNIU) };
    let missed_m = errors(&checks);
    let row = Row::default()
        .at_least("pixels on the model", missed_m.len() as f64, 60.0, "")
        .at_most("telemetry poses, median", median(&missed_m), 2.0, "m")
        .note(format!("p90 {:.2} m, largest {:.2} m", quantile(&missed_m, 0.9), quantile(&missed_m, 1.0)));
    crate::surveyed_poses::orthority_vectors(row)
}

const THUNDERSTORM: &str = "drone_gcp/thunderstorm_x2d";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shot {
    lat: f64,
    lon: f64,
    drone_latitude: f64,
    drone_longitude: f64,
    #[serde(rename = "droneElevationHAE")]
    drone_elevation_hae: f64,
    camera_roll_angle_deg: f64,
    camera_slant_angle_deg: f64,
    k1: f64,
    k2: f64,
    k3: f64,
    p1: f64,
    p2: f64,
    image_width: f64,
    image_length: f64,
    #[serde(rename = "f_x")]
    fx: f64,
    #[serde(rename = "f_y")]
    fy: f64,
    image_selected_proportion_x: f64,
    image_selected_proportion_y: f64,
    yaw_offset_deg_selected_point: f64,
}

impl Shot {
    /// The photo, by its place and tilt.
    fn photo(&self) -> String {
        let Self { drone_latitude, drone_longitude, drone_elevation_hae, camera_slant_angle_deg, .. } = self;
        format!("{drone_latitude} {drone_longitude} {drone_elevation_hae} {camera_slant_angle_deg}")
    }

    fn pixel(&self) -> (f64, f64) {
        (
            self.image_selected_proportion_x * self.image_width,
            self.image_selected_proportion_y * self.image_length,
        )
    }
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "Latitude")]
    lat_deg: f64,
    #[serde(rename = "Longitude")]
    lon_deg: f64,
    #[serde(rename = "Elevation")]
    ellipsoid_height_m: f64,
}

impl Target {
    fn point(&self) -> GeoPoint {
        let lat_lon = LatLon::new(self.lat_deg, self.lon_deg).unwrap();
        GeoPoint { lat_lon, height: EllipsoidHeight(self.ellipsoid_height_m) }
    }
}

/// The plane through the targets.
struct Plane {
    frame: LocalFrame,
    up_by_east_north: Vector3<f64>,
    sigma_m: f64,
}

impl Plane {
    fn through(points: &[GeoPoint]) -> Self {
        let frame = LocalFrame::at(points[0]);
        let enu: Vec<Vector3<f64>> = points.iter().map(|point| frame.enu_from_point(*point)).collect();
        let terms = DMatrix::from_fn(enu.len(), 3, |i, j| if j == 2 { 1.0 } else { enu[i][j] });
        let up = DVector::from_fn(enu.len(), |i, _| enu[i].z);
        let found = terms.clone().svd(true, true).solve(&up, 1e-12).unwrap();
        let sigma_m = ((&terms * &found - &up).norm_squared() / (enu.len() - 3) as f64).sqrt();
        Self { frame, up_by_east_north: Vector3::new(found[0], found[1], found[2]), sigma_m }
    }
}

impl Terrain for Plane {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let level = GeoPoint { lat_lon: at, height: self.frame.origin().height };
        let enu = self.frame.enu_from_point(level);
        let up_m = self.up_by_east_north.dot(&Vector3::new(enu.x, enu.y, 1.0));
        Some(EllipsoidHeight(self.frame.origin().height.0 + up_m))
    }

    fn sigma_m(&self) -> f64 {
        self.sigma_m
    }

    fn bounds(&self) -> TerrainBounds {
        let around = |up_m: f64| EllipsoidHeight(self.frame.origin().height.0 + up_m);
        TerrainBounds { corners: None, lowest: around(-200.0), highest: around(40.0) }
    }

    fn spacing_m(&self) -> f64 {
        5.0
    }
}

/// Lens and pose of a shot: yaw and height corrected as the data's notes say.
fn thunderstorm_camera(shot: &Shot) -> (Intrinsics, Pose) {
    let ideal = Intrinsics::centred(shot.image_width, shot.image_length, shot.fx).unwrap();
    let distortion = Distortion {
        k1: shot.k1,
        k2: shot.k2,
        k3: shot.k3,
        p1: shot.p1,
        p2: shot.p2,
        ..Distortion::default()
    };
    let lens = Intrinsics { fy_px: shot.fy, distortion, ..ideal };
    let at = LatLon::new(shot.drone_latitude, shot.drone_longitude).unwrap();
    // The recorder subtracted the undulation where it should have added it.
    let undulation_m = gis::geoid::undulation_m(GeoidModel::Egm96, at).unwrap();
    let height = EllipsoidHeight(shot.drone_elevation_hae + 2.0 * undulation_m);
    let point = GeoPoint { lat_lon: at, height };
    let answer = GeoPoint { lat_lon: LatLon::new(shot.lat, shot.lon).unwrap(), height };
    let towards = LocalFrame::at(point).enu_from_point(answer);
    let bearing_deg = towards.x.atan2(towards.y).to_degrees();
    let camera = Attitude {
        heading_deg: bearing_deg - shot.yaw_offset_deg_selected_point,
        pitch_deg: -shot.camera_slant_angle_deg,
        roll_deg: shot.camera_roll_angle_deg,
    };
    let sigma = PoseSigma::usual(PositionSource::Gnss, HeadingSource::Compass);
    (lens, Pose::from_attitude(point, camera, sigma))
}

/// Where a shot meets the plane through the targets.
fn thunderstorm_hit(shot: &Shot, bias: &MountBias, plane: &Plane) -> GroundPosition {
    let (lens, recorded) = thunderstorm_camera(shot);
    let pose = bias.applied(&recorded);
    let (u_px, v_px) = shot.pixel();
    locate(&View::new(&lens, &pose, plane), u_px, v_px, PIXEL_SIGMA_PX).unwrap()
}

fn nearest(found: &GroundPosition, targets: &[GeoPoint]) -> (usize, Check) {
    let all = targets.iter().map(|target| check("", found, target.lat_lon)).enumerate();
    all.min_by(|a, b| a.1.error_m.total_cmp(&b.1.error_m)).unwrap()
}

/// Errors with one height bias, estimated for each target from the shots at all others.
fn with_height_bias(shots: &[Shot], targets: &[GeoPoint], plane: &Plane) -> Vec<f64> {
    // Rows of one photo share its pose and its noise.
    let (mut cameras, mut photo_of, mut photos) = (Vec::new(), Vec::new(), Vec::new());
    for shot in shots {
        let photo = photos.iter().position(|photo| *photo == shot.photo()).unwrap_or_else(|| {
            let (intrinsics, pose) = thunderstorm_camera(shot);
            cameras.push(mount::Shot { intrinsics, pose, motion: None });
            photos.push(shot.photo());
            photos.len() - 1
        });
        photo_of.push(photo);
    }
    let known = |target: &GeoPoint| {
        let height = plane.height(target.lat_lon).unwrap();
        Landmark::Known { point: GeoPoint { height, ..*target }, sigma_enu_m: [0.3, 0.3, plane.sigma_m] }
    };
    let landmarks: Vec<Landmark> = targets.iter().map(known).collect();
    let config = MountConfig { parts: vec![Part::Height], mark_sigma_px: 10.0 };
    let bias = |aimed: &[usize], out: Option<usize>| {
        let marks: Vec<Mark> = aimed
            .iter()
            .enumerate()
            .filter(|(_, target)| Some(**target) != out)
            .map(|(i, target)| Mark { shot: photo_of[i], landmark: *target, at_px: shots[i].pixel() })
            .collect();
        solve(&cameras, &marks, &landmarks, None, &config).unwrap().bias
    };
    let aimed = |bias: &MountBias| -> Vec<usize> {
        shots.iter().map(|shot| nearest(&thunderstorm_hit(shot, bias, plane), targets).0).collect()
    };
    // The nearest target once more, when the height is known.
    let aimed_at = aimed(&bias(&aimed(&MountBias::default()), None));
    let biases: Vec<MountBias> = (0..targets.len()).map(|out| bias(&aimed_at, Some(out))).collect();
    let error_m = |(shot, target): (&Shot, &usize)| {
        nearest(&thunderstorm_hit(shot, &biases[*target], plane), targets).1.error_m
    };
    shots.iter().zip(&aimed_at).map(error_m).collect()
}

/// 441 shots of 98 photos at surveyed targets, each to the nearest target as OpenAthena counts.
pub fn thunderstorm_checks() -> Option<Vec<Check>> {
    let (shots, targets, plane) = thunderstorm_data()?;
    let checks = shots.iter().map(|shot| {
        let (_, check) = nearest(&thunderstorm_hit(shot, &MountBias::default(), &plane), &targets);
        Check { photo: shot.photo(), ..check }
    });
    Some(checks.collect())
}

fn thunderstorm_data() -> Option<(Vec<Shot>, Vec<GeoPoint>, Plane)> {
    let shots: Vec<Shot> = table(&format!("{THUNDERSTORM}/OA-CoT-Capture-2024-07-25.csv"), b',')?;
    let targets: Vec<Target> = table(&format!("{THUNDERSTORM}/Thunderstorm_Pioneer_Range_GCPs.csv"), b',')?;
    let targets: Vec<GeoPoint> = targets.iter().map(Target::point).collect();
    let plane = Plane::through(&targets);
    Some((shots, targets, plane))
}

/// Oblique shots of a Skydio X2 at targets surveyed by RTK.
pub fn thunderstorm() -> Row {
    let (Some(checks), Some((shots, targets, plane))) = (thunderstorm_checks(), thunderstorm_data()) else {
        return Row::missing(THUNDERSTORM);
    };
    let missed_m = errors(&checks);
    let biased_m = with_height_bias(&shots, &targets, &plane);
    Row::default()
        .at_least("shots", missed_m.len() as f64, 441.0, "")
        .at_most("CEP50", median(&missed_m), 6.0, "m")
        .at_most("CE90", quantile(&missed_m, 0.9), 13.5, "m")
        .at_most("with one height bias from the other targets, CEP50", median(&biased_m), 4.5, "m")
        .at_most("with one height bias from the other targets, CE90", quantile(&biased_m, 0.9), 9.5, "m")
        .note(format!(
            "largest {:.1} m; OpenAthena 7.73 m and 17.27 m on the same shots",
            quantile(&missed_m, 1.0)
        ))
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

/// Frame centres of a crewed aircraft's sensor, against those computed on board.
pub fn cheyenne_checks() -> Option<Vec<Check>> {
    let table = text("klv/Cheyenne.klvdata-0.0.3.csv")?;
    let lens = Intrinsics::from_fov(1280.0, 720.0, 20.0, None).unwrap();
    let sigma = PoseSigma::usual(PositionSource::Gnss, HeadingSource::Inertial);
    let checks = packets(&table).into_iter().enumerate().map(|(i, packet)| {
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
        let found = locate(&View::new(&lens, &pose, &ground), 640.0, 360.0, PIXEL_SIGMA_PX).unwrap();
        // Packets of ten seconds share their errors.
        check(&format!("{}", i / 48), &found, LatLon::new(packet("t23"), packet("t24")).unwrap())
    });
    Some(checks.collect())
}

/// 407 packets of MISB ST 0601 at 3 km.
pub fn cheyenne() -> Row {
    let Some(checks) = cheyenne_checks() else { return Row::missing("klv/Cheyenne.klvdata-0.0.3.csv") };
    let missed_m = errors(&checks);
    Row::default()
        .at_least("packets", missed_m.len() as f64, 407.0, "")
        .at_most("frame centre median", median(&missed_m), 9.0, "m")
        .note(format!("p90 {:.1} m, largest {:.1} m", quantile(&missed_m, 0.9), quantile(&missed_m, 1.0)))
}

/// The share of truths inside the stated CE90.
pub fn coverage() -> Row {
    let sets = [
        ("H20T", h20t_checks()),
        ("Tuniu", tuniu_checks()),
        ("Thunderstorm", thunderstorm_checks()),
        ("Cheyenne", cheyenne_checks()),
    ];
    if sets.iter().any(|(_, checks)| checks.is_none()) {
        return Row::missing("sets with telemetry poses");
    }
    let mut row = Row::default();
    let mut all = Vec::new();
    for (name, checks) in sets {
        let checks = checks.unwrap();
        let photos = photos(&checks);
        let (low, high) = interval(&photos);
        row = row.note(format!(
            "{name}: {:.1} % of {} inside (95 % interval {:.1} to {:.1} %, {} photos); stated CE90 median {:.2} m, p90 of the errors \
             {:.2} m",
            100.0 * inside(&checks),
            checks.len(),
            100.0 * low,
            100.0 * high,
            photos.len(),
            median(&checks.iter().map(|check| check.ce90_m).collect::<Vec<_>>()),
            quantile(&errors(&checks), 0.9),
        ));
        all.extend(checks);
    }
    let pooled = 100.0 * inside(&all);
    row.at_least("pooled inside", pooled, 86.0, "%").at_most("pooled inside", pooled, 94.0, "%")
}

fn inside(checks: &[Check]) -> f64 {
    checks.iter().filter(|check| check.error_m <= check.ce90_m).count() as f64 / checks.len() as f64
}

fn photos(checks: &[Check]) -> Vec<Vec<Check>> {
    let mut photos: BTreeMap<&str, Vec<Check>> = BTreeMap::new();
    for check in checks {
        photos.entry(&check.photo).or_default().push(check.clone());
    }
    photos.into_values().collect()
}

/// Bootstrap over photos.
fn interval(photos: &[Vec<Check>]) -> (f64, f64) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut pick = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % photos.len() as u64) as usize
    };
    let shares: Vec<f64> = (0..2000)
        .map(|_| {
            let drawn: Vec<Check> = (0..photos.len()).flat_map(|_| photos[pick()].clone()).collect();
            inside(&drawn)
        })
        .collect();
    (quantile(&shares, 0.025), quantile(&shares, 0.975))
}
