//! Biases of a real aircraft over targets that others surveyed.
//!
//! The recorded heights above the ellipsoid are too high by twice the undulation (its sign was turned). The camera's azimuth is not
//! recorded; it is that of the ground point another program gave, less the horizontal angle it used for the pixel.

use gis::camera::{Distortion, HeadingSource, PoseSigma, PositionSource};
use gis::geodesy::LocalFrame;
use gis::georef::{View, ground_point};
use gis::mount::{Landmark, Mark, MountBias, MountConfig, Part, Shot, solve};
use gis::terrain::TerrainBounds;
use gis::{Attitude, EllipsoidHeight, GeoPoint, Intrinsics, LatLon, Pose, Terrain, geoid};
use nalgebra::{DMatrix, DVector, Vector3};

use crate::reference;

const SHOTS: &str = "drone_gcp/thunderstorm_x2d/OA-CoT-Capture-2024-07-25.csv";
const TARGETS: &str = "drone_gcp/thunderstorm_x2d/Thunderstorm_Pioneer_Range_GCPs.csv";
/// Standard deviation of a target against the plane through all of them, metres.
const PLANE_SIGMA_M: f64 = 4.0;

fn table(text: &str) -> Vec<impl Fn(&str) -> String> {
    // Fields of these files hold no commas, but for a geometry in round brackets that holds none either.
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let row = |line: &str| {
        let (names, fields): (Vec<String>, Vec<String>) =
            (names.clone(), line.split(',').map(str::to_owned).collect());
        move |name: &str| fields[names.iter().position(|n| n == name).unwrap()].clone()
    };
    lines.filter(|line| !line.is_empty()).map(row).collect()
}

/// A plane in the local frame of its origin.
#[derive(Clone)]
struct Plane {
    frame: LocalFrame,
    level: Vector3<f64>,
}

impl Plane {
    fn through(targets: &[GeoPoint]) -> Self {
        let frame = LocalFrame::at(targets[0]);
        let places: Vec<Vector3<f64>> = targets.iter().map(|target| frame.enu_from_point(*target)).collect();
        let matrix =
            DMatrix::from_fn(places.len(), 3, |row, column| [places[row].x, places[row].y, 1.0][column]);
        let up = DVector::from_fn(places.len(), |row, _| places[row].z);
        let level = matrix.svd(true, true).solve(&up, 1e-12).unwrap();
        Self { frame, level: Vector3::new(level[0], level[1], level[2]) }
    }
}

impl Terrain for Plane {
    fn height(&self, at: LatLon) -> Option<EllipsoidHeight> {
        let level = GeoPoint { lat_lon: at, height: self.frame.origin().height };
        let place = self.frame.enu_from_point(level);
        let up = self.level.x * place.x + self.level.y * place.y + self.level.z;
        Some(EllipsoidHeight(level.height.0 + up - place.z))
    }

    fn sigma_m(&self) -> f64 {
        PLANE_SIGMA_M
    }

    fn bounds(&self) -> TerrainBounds {
        TerrainBounds { corners: None, lowest: EllipsoidHeight(1_300.0), highest: EllipsoidHeight(1_490.0) }
    }

    fn spacing_m(&self) -> f64 {
        1.0
    }
}

struct Data {
    shots: Vec<Shot>,
    /// Picture of each row, pixel, index of the nearest target as first placed.
    rows: Vec<(usize, (f64, f64))>,
    targets: Vec<GeoPoint>,
    plane: Plane,
}

fn data() -> Option<Data> {
    let test = "mount biases of the X2";
    let (shots, targets) = (reference::text(test, SHOTS)?, reference::text(test, TARGETS)?);
    let number = |text: String| text.parse::<f64>().unwrap();
    let target = |row: &dyn Fn(&str) -> String| GeoPoint {
        lat_lon: LatLon::new(number(row("Latitude")), number(row("Longitude"))).unwrap(),
        height: EllipsoidHeight(number(row("Elevation"))),
    };
    let targets: Vec<GeoPoint> = table(&targets).iter().map(|row| target(row)).collect();
    let plane = Plane::through(&targets);
    let mut data = Data { shots: Vec::new(), rows: Vec::new(), targets, plane };
    let mut last = String::new();
    for row in table(&shots) {
        let get = |name: &str| number(row(name));
        let key = ["droneLatitude", "droneLongitude", "droneElevationHAE", "cameraSlantAngleDeg"]
            .map(&row)
            .join(" ");
        if key != last {
            data.shots.push(shot(&get));
            last = key;
        }
        let at = (
            get("imageSelectedProportionX") * get("imageWidth"),
            get("imageSelectedProportionY") * get("imageLength"),
        );
        data.rows.push((data.shots.len() - 1, at));
    }
    Some(data)
}

fn shot(get: &dyn Fn(&str) -> f64) -> Shot {
    let at = LatLon::new(get("droneLatitude"), get("droneLongitude")).unwrap();
    let undulation_m = geoid::undulation_m(geoid::GeoidModel::Egm96, at).unwrap();
    let point =
        GeoPoint { lat_lon: at, height: EllipsoidHeight(get("droneElevationHAE") + 2.0 * undulation_m) };
    let answer = GeoPoint { lat_lon: LatLon::new(get("lat"), get("lon")).unwrap(), height: point.height };
    let to = LocalFrame::at(point).enu_from_point(answer);
    let heading_deg = to.x.atan2(to.y).to_degrees() - get("yawOffsetDegSelectedPoint");
    let attitude =
        Attitude { heading_deg, pitch_deg: -get("cameraSlantAngleDeg"), roll_deg: get("cameraRollAngleDeg") };
    let sigma = PoseSigma::usual(PositionSource::Gnss, HeadingSource::Compass);
    let intrinsics = Intrinsics {
        width_px: get("imageWidth"),
        height_px: get("imageLength"),
        fx_px: get("f_x"),
        fy_px: get("f_y"),
        cx_px: get("imageWidth") / 2.0,
        cy_px: get("imageLength") / 2.0,
        projection: gis::camera::Projection::Perspective,
        distortion: Distortion {
            k1: get("k1"),
            k2: get("k2"),
            k3: get("k3"),
            p1: get("p1"),
            p2: get("p2"),
            ..Distortion::default()
        },
    };
    Shot { intrinsics, pose: Pose::from_attitude(point, attitude, sigma), motion: None }
}

impl Data {
    /// Place of a row on the plane under biases, with the nearest target and the distance to it.
    fn placed(&self, row: usize, bias: &MountBias) -> (usize, f64) {
        let (shot, (u, v)) = self.rows[row];
        let shot = &self.shots[shot];
        let pose = bias.applied(&shot.pose);
        let place = ground_point(&View::new(&shot.intrinsics, &pose, &self.plane), u, v).unwrap();
        let frame = LocalFrame::at(place);
        let distance = |target: &GeoPoint| frame.enu_from_point(*target).xy().norm();
        let distances = self.targets.iter().map(distance).enumerate();
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    }

    /// Biases of some parts from the rows that `counts` keeps, each tied to the target it was nearest to.
    fn biases(
        &self,
        parts: &[Part],
        nearest: &[usize],
        counts: impl Fn(usize) -> bool,
    ) -> gis::mount::Solution {
        let known = |target: &GeoPoint| {
            let height = self.plane.height(target.lat_lon).unwrap();
            Landmark::Known { point: GeoPoint { height, ..*target }, sigma_enu_m: [0.3, 0.3, PLANE_SIGMA_M] }
        };
        let landmarks: Vec<Landmark> = self.targets.iter().map(known).collect();
        let rows = self.rows.iter().enumerate().filter(|(row, _)| counts(*row));
        let marks: Vec<Mark> = rows
            .map(|(row, (shot, at_px))| Mark { shot: *shot, landmark: nearest[row], at_px: *at_px })
            .collect();
        let config = MountConfig { parts: parts.to_vec(), mark_sigma_px: 10.0 };
        solve(&self.shots, &marks, &landmarks, None, &config).unwrap()
    }

    /// The targets that rows are nearest to, after one round of the height bias.
    fn nearest(&self) -> Vec<usize> {
        let all = 0..self.rows.len();
        let first: Vec<usize> = all.clone().map(|row| self.placed(row, &MountBias::default()).0).collect();
        let height = self.biases(&[Part::Height], &first, |_| true).bias;
        all.map(|row| self.placed(row, &height).0).collect()
    }

    /// Errors of each row with biases from the rows of other targets, in `groups` of rows that each have biases of their own.
    fn left_out(&self, parts: &[Part], groups: &[usize]) -> Vec<f64> {
        let nearest = self.nearest();
        let mut errors = Vec::new();
        let keys: std::collections::BTreeSet<(usize, usize)> =
            nearest.iter().copied().zip(groups.iter().copied()).collect();
        for (target, group) in keys {
            let others = |row: usize| nearest[row] != target && groups[row] == group;
            let bias = self.biases(parts, &nearest, others).bias;
            let own = (0..self.rows.len()).filter(|row| nearest[*row] == target && groups[*row] == group);
            errors.extend(own.map(|row| self.placed(row, &bias).1));
        }
        errors
    }
}

fn report(what: &str, errors: &[f64]) -> (f64, f64) {
    let (cep50, ce90) = (reference::quantile(errors, 0.5), reference::quantile(errors, 0.9));
    println!("{what}: CEP50 {cep50:.2} m, CE90 {ce90:.2} m over {} rows", errors.len());
    (cep50, ce90)
}

#[test]
fn one_height_bias_from_other_targets_places_an_x2_within_4_5_m_at_50_and_9_5_m_at_90_percent() {
    let Some(data) = data() else { return };
    assert_eq!((data.rows.len(), data.shots.len(), data.targets.len()), (441, 98, 53));
    let as_recorded: Vec<f64> =
        (0..data.rows.len()).map(|row| data.placed(row, &MountBias::default()).1).collect();
    report("no bias", &as_recorded);
    let one_flight = vec![0; data.rows.len()];
    let (cep50, ce90) = report("height from other targets", &data.left_out(&[Part::Height], &one_flight));
    assert!(cep50 <= 4.5 && ce90 <= 9.5, "{cep50} {ce90}");

    let all = [Part::Heading, Part::Pitch, Part::Height];
    let solution = data.biases(&all, &data.nearest(), |_| true);
    println!("all targets: {:?}, not told {:?}", solution.told, solution.untold);
    println!("variance factor {:.2}, {} outliers", solution.variance_factor, solution.outliers);
}

#[test]
fn heading_biases_by_flight_are_no_worse_than_none() {
    let Some(data) = data() else { return };
    // Flights are told apart by jumps of the recorded height.
    let (mut flight, mut flights) = (0, Vec::new());
    for (row, (shot, _)) in data.rows.iter().enumerate() {
        let height = |shot: usize| data.shots[shot].pose.point.height.0;
        if row > 0 && (height(*shot) - height(data.rows[row - 1].0)).abs() > 10.0 {
            flight += 1;
        }
        flights.push(flight);
    }
    let nearest = data.nearest();
    for of in 0..=flight {
        let solution = data.biases(&[Part::Heading, Part::Height], &nearest, |row| flights[row] == of);
        println!("flight {of}: {:?}, not told {:?}", solution.told, solution.untold);
    }
    let height = report("height by flight", &data.left_out(&[Part::Height], &flights));
    let both =
        report("height and heading by flight", &data.left_out(&[Part::Height, Part::Heading], &flights));
    assert!(both.1 < height.1 + 1.0, "{both:?} {height:?}");
}
