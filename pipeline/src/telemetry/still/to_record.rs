//! From XMP and EXIF to a record.

use gis::camera::{HeadingSource, PositionSource};
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight};
use jiff::Timestamp;

use super::exif::Fields;
use super::xmp::Properties;
use crate::telemetry::error::Problem;
use crate::telemetry::record::{Extra, Record};
use crate::telemetry::sample::{RecordedLens, fix};

/// `RtkFlag`: 0 none, 16 single, 34 float, 50 fixed.
const RTK_FROM: f64 = 16.0;
const RTK_FLOAT: f64 = 34.0;
const RTK_FIXED: f64 = 50.0;
/// Cameras, as EXIF names them, that fly on airframes with two RTK antennas only: payloads of the Matrice 300 and 350, and
/// the Matrice 30. The Mavic 3E, Phantom 4 RTK and Matrice 4 have one antenna.
const DUAL_ANTENNA_CAMERAS: [&str; 14] = [
    "ZH20",
    "ZH20T",
    "ZH20N",
    "H20",
    "H20T",
    "H20N",
    "H30",
    "H30T",
    "ZenmuseP1",
    "ZenmuseL1",
    "ZenmuseL2",
    "EP800",
    "M30",
    "M30T",
];

const REAL_EXTRAS: [(&str, &str); 9] = [
    ("rtk_flag", "RtkFlag"),
    ("laser_target_lat_deg", "LRFTargetLat"),
    ("laser_target_lon_deg", "LRFTargetLon"),
    ("laser_target_absolute_alt_m", "LRFTargetAbsAlt"),
    ("laser_target_distance_m", "LRFTargetDistance"),
    ("calibrated_focal_length_px", "CalibratedFocalLength"),
    ("calibrated_center_x_px", "CalibratedOpticalCenterX"),
    ("calibrated_center_y_px", "CalibratedOpticalCenterY"),
    ("dewarp_flag", "DewarpFlag"),
];
const TEXT_EXTRAS: [(&str, &str); 4] = [
    ("image_source", "ImageSource"),
    ("gps_status", "GpsStatus"),
    ("altitude_type", "AltitudeType"),
    ("laser_status", "LRFStatus"),
];

/// Returns what a picture says; adds to `problems` every value that is no number.
pub fn record(properties: &Properties, exif: &Fields, problems: &mut Vec<Problem>) -> Record {
    let mut numbers = Numbers { properties, problems };
    let mut record = Record::default();
    let sample = &mut record.sample;
    let lat = numbers.get(&["GpsLatitude", "GPSLatitude"]);
    // Two spellings of longitude are in use.
    let lon = numbers.get(&["GpsLongitude", "GPSLongitude", "GpsLongtitude", "GPSLongtitude"]);
    sample.position = lat.zip(lon).and_then(|(lat, lon)| fix(lat, lon)).or_else(|| exif.position());
    let rtk_flag = numbers.get(&["RtkFlag"]);
    let by_rtk = rtk_flag.is_some_and(|flag| flag >= RTK_FROM);
    sample.position_source = rtk_flag.map(position_source);
    sample.heading_source = heading_source(rtk_flag, exif.model().as_deref());
    let absolute = numbers.get(&["AbsoluteAltitude"]);
    sample.ellipsoid_height = absolute.filter(|_| by_rtk).map(EllipsoidHeight);
    sample.unknown_datum_height_m = absolute.filter(|_| !by_rtk).or_else(|| {
        let no_absolute = absolute.is_none();
        exif.altitude_m().filter(|_| no_absolute)
    });
    sample.above_takeoff = numbers.get(&["RelativeAltitude"]).map(AboveTakeoffHeight);
    sample.position_sigma_m = numbers.sigma().filter(|_| by_rtk);
    sample.camera_absolute = numbers.attitude("Gimbal");
    sample.platform = numbers.attitude("Flight");
    sample.focal_length_mm = exif.focal_length_mm();
    sample.focal_length_35mm_mm = exif.focal_length_35mm_mm();
    sample.digital_zoom = exif.digital_zoom();
    sample.lens = numbers.lens(exif.full_size_px());
    sample.laser_range_m = numbers.laser_distance();
    sample.slant_range_m = sample.laser_range_m;
    sample.local_time = exif.local_time();
    sample.time = time(properties, exif);
    put_extras(&mut record, &mut numbers, exif);
    record
}

fn position_source(rtk_flag: f64) -> PositionSource {
    if rtk_flag >= RTK_FIXED {
        PositionSource::RtkFixed
    } else if rtk_flag >= RTK_FLOAT {
        PositionSource::RtkFloat
    } else {
        PositionSource::Gnss
    }
}

/// Two antennas tell the heading only while RTK is fixed.
fn heading_source(rtk_flag: Option<f64>, camera: Option<&str>) -> Option<HeadingSource> {
    let fixed = rtk_flag.is_some_and(|flag| flag >= RTK_FIXED);
    let camera = camera?.trim();
    let has_two = DUAL_ANTENNA_CAMERAS.iter().any(|known| camera.eq_ignore_ascii_case(known));
    (fixed && has_two).then_some(HeadingSource::DualAntenna)
}

fn put_extras(record: &mut Record, numbers: &mut Numbers<'_>, exif: &Fields) {
    for (key, name) in REAL_EXTRAS {
        if let Some(value) = numbers.get(&[name]) {
            record.note(key, Extra::Real(value));
        }
    }
    for (key, name) in TEXT_EXTRAS {
        if let Some(text) = numbers.properties.dji(&[name]) {
            record.note(key, Extra::Text(text.to_owned()));
        }
    }
    if let Some(model) = exif.model() {
        record.note("camera_model", Extra::Text(model));
    }
}

fn time(properties: &Properties, exif: &Fields) -> Option<Timestamp> {
    let exposed = properties.dji(&["UTCAtExposure"]).and_then(|text| format!("{text}Z").parse().ok());
    let created = || properties.get("xmp:CreateDate").and_then(|text| text.parse().ok());
    exposed.or_else(|| exif.time()).or_else(created)
}

/// Reads numbers and keeps what is none.
struct Numbers<'a> {
    properties: &'a Properties,
    problems: &'a mut Vec<Problem>,
}

impl Numbers<'_> {
    fn get(&mut self, names: &[&str]) -> Option<f64> {
        let text = self.properties.dji(names)?;
        let number = text.parse().ok().filter(|value: &f64| value.is_finite());
        if number.is_none() {
            let name = names.first().copied().unwrap_or_default();
            let what = format!("drone-dji:{name} is {text:?}, which is no number");
            self.problems.push(Problem::at_byte(0, what));
        }
        number
    }

    fn attitude(&mut self, body: &str) -> Option<Attitude> {
        Some(Attitude {
            heading_deg: self.get(&[&format!("{body}YawDegree")])?,
            pitch_deg: self.get(&[&format!("{body}PitchDegree")])?,
            roll_deg: self.get(&[&format!("{body}RollDegree")])?,
        })
    }

    fn sigma(&mut self) -> Option<[f64; 3]> {
        let (east, north, up) =
            (self.get(&["RtkStdLon"])?, self.get(&["RtkStdLat"])?, self.get(&["RtkStdHgt"])?);
        Some([east, north, up])
    }

    /// The laser measures along the optical axis; it is used only when it says that it did measure.
    fn laser_distance(&mut self) -> Option<f64> {
        let measured = self.properties.dji(&["LRFStatus"]) == Some("Normal");
        self.get(&["LRFTargetDistance"]).filter(|&distance| measured && distance > 0.0)
    }

    /// `date;fx,fy,cx,cy,k1,k2,p1,p2,k3`, unless the picture is already rid of its distortion.
    ///
    /// The numbers hold for the full picture, also where the file holds a smaller copy of it.
    fn lens(&mut self, exif_size_px: Option<[f64; 2]>) -> Option<RecordedLens> {
        let text = self.properties.dji(&["DewarpData"])?;
        let numbers: Option<Vec<f64>> =
            text.split_once(';')?.1.split(',').map(|number| number.trim().parse().ok()).collect();
        let [fx_px, fy_px, cx_offset_px, cy_offset_px, k1, k2, p1, p2, k3] = numbers?.try_into().ok()?;
        let is_dewarped = self.get(&["DewarpFlag"]) == Some(1.0);
        let centre = self.get(&["CalibratedOpticalCenterX"]).zip(self.get(&["CalibratedOpticalCenterY"]));
        let lens = RecordedLens {
            full_px: exif_size_px.or(centre.map(|(x, y)| [2.0 * x, 2.0 * y])),
            fx_px,
            fy_px,
            cx_offset_px,
            cy_offset_px,
            radial: [k1, k2, k3],
            tangential: [p1, p2],
        };
        (!is_dewarped).then_some(lens)
    }
}
