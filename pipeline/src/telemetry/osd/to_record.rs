//! From the properties of an aircraft to a record.

use gis::camera::PositionSource;
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, LatLon};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::telemetry::record::{Extra, Record};

const REAL_EXTRAS: [(&str, &str); 8] = [
    ("horizontal_speed_m_per_s", "horizontal_speed"),
    ("vertical_speed_m_per_s", "vertical_speed"),
    ("speed_north_m_per_s", "speed_x"),
    ("speed_east_m_per_s", "speed_y"),
    ("speed_down_m_per_s", "speed_z"),
    ("distance_home_m", "home_distance"),
    ("home_lat_deg", "home_latitude"),
    ("home_lon_deg", "home_longitude"),
];
const LASER_EXTRAS: [(&str, &str); 4] = [
    ("laser_target_lat_deg", "measure_target_latitude"),
    ("laser_target_lon_deg", "measure_target_longitude"),
    ("laser_target_absolute_alt_m", "measure_target_altitude"),
    ("laser_target_distance_m", "measure_target_distance"),
];
const FIX_EXTRAS: [(&str, &str); 4] = [
    ("satellites", "gps_number"),
    ("rtk_satellites", "rtk_number"),
    ("rtk_convergence_code", "is_fixed"),
    ("position_quality_code", "quality"),
];

/// `is_fixed`: 0 not started, 1 converging, 2 converged, 3 failed.
const CONVERGING: i64 = 1;
const CONVERGED: i64 = 2;
/// `quality`: 0 to 5 is the reception, 10 says that RTK is used.
const BY_RTK: i64 = 10;

/// Returns what a message says; adds to `problems` every value that cannot be.
pub fn record(topic: Option<&str>, message: &Value, data: &Value, problems: &mut Vec<String>) -> Record {
    let mut numbers = Numbers { data, problems };
    let mut record = Record::default();
    let sample = &mut record.sample;
    sample.time = numbers.of(message).get("timestamp").and_then(time);
    sample.position = numbers.position();
    sample.ellipsoid_height = numbers.get("height").map(EllipsoidHeight);
    sample.above_takeoff = numbers.get("elevation").map(AboveTakeoffHeight);
    sample.platform = numbers.platform();
    let payload = gimbal(data);
    if let Some((_, properties)) = payload {
        sample.camera_absolute = numbers.of(properties).gimbal();
        let measured = properties.get("measure_target_error_state").and_then(Value::as_i64) == Some(0);
        let distance = numbers.of(properties).get("measure_target_distance");
        sample.laser_range_m = distance.filter(|&distance| measured && distance > 0.0);
        sample.slant_range_m = sample.laser_range_m;
    }
    sample.position_source = data.get("position_state").map(position_source);
    put_extras(&mut record, &mut numbers, payload);
    put_names(&mut record, topic, message, payload.map(|(index, _)| index));
    record
}

/// Returns the properties of the first payload with a gimbal and its index, empty where they are the aircraft's own.
pub fn gimbal(data: &Value) -> Option<(&str, &Value)> {
    let has_gimbal = |properties: &Value| properties.get("gimbal_pitch").is_some();
    let is_index =
        |key: &str| key.split('-').count() == 3 && key.split('-').all(|part| part.parse::<u32>().is_ok());
    let payloads = || data.as_object().into_iter().flat_map(Map::iter);
    let own = has_gimbal(data).then_some(("", data));
    own.or_else(|| {
        let found = payloads().find(|(key, properties)| is_index(key) && has_gimbal(properties));
        found.map(|(key, properties)| (key.as_str(), properties))
    })
}

fn time(millis: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis as i64).ok().filter(|_| millis > 0.0)
}

/// A solution counts as RTK only while the aircraft sees satellites by its RTK receiver or says that it uses it.
fn position_source(state: &Value) -> PositionSource {
    let code = |key| state.get(key).and_then(Value::as_i64);
    let has_rtk = code("rtk_number").is_some_and(|satellites| satellites > 0);
    match (code("is_fixed"), code("quality")) {
        (_, Some(BY_RTK)) => PositionSource::RtkFixed,
        (Some(CONVERGED), _) if has_rtk => PositionSource::RtkFixed,
        (Some(CONVERGING), _) if has_rtk => PositionSource::RtkFloat,
        _ => PositionSource::Gnss,
    }
}

fn put_extras(record: &mut Record, numbers: &mut Numbers<'_>, payload: Option<(&str, &Value)>) {
    let data = numbers.data;
    if record.sample.platform.is_none() {
        note_real(record, "vehicle_heading_deg", numbers.get("attitude_head"));
    }
    for (key, name) in REAL_EXTRAS {
        note_real(record, key, numbers.get(name));
    }
    if let Some(state) = data.get("position_state") {
        for (key, name) in FIX_EXTRAS {
            if let Some(code) = state.get(name).and_then(Value::as_i64) {
                record.note(key, Extra::Integer(code));
            }
        }
    }
    let Some((index, properties)) = payload else { return };
    for (key, name) in LASER_EXTRAS {
        note_real(record, key, numbers.of(properties).get(name));
    }
    let cameras = data.get("cameras").and_then(Value::as_array).into_iter().flatten();
    let camera =
        cameras.into_iter().find(|camera| camera.get("payload_index").and_then(Value::as_str) == Some(index));
    let zoomed = camera.unwrap_or(properties);
    note_real(record, "zoom_factor", numbers.of(zoomed).get("zoom_factor"));
}

fn note_real(record: &mut Record, key: &str, value: Option<f64>) {
    if let Some(value) = value {
        record.note(key, Extra::Real(value));
    }
}

fn put_names(record: &mut Record, topic: Option<&str>, message: &Value, payload: Option<&str>) {
    let from_topic = topic.and_then(|topic| topic.split('/').nth(2));
    let data_sn = message.get("data").and_then(|data| data.get("sn")).and_then(Value::as_str);
    let gateway = message.get("gateway").and_then(Value::as_str);
    let payload = payload.filter(|index| !index.is_empty());
    let names = [("device_sn", from_topic.or(data_sn)), ("gateway_sn", gateway), ("payload_index", payload)];
    for (key, name) in names {
        if let Some(name) = name {
            record.note(key, Extra::Text(name.to_owned()));
        }
    }
}

/// Reads numbers and keeps what is none.
struct Numbers<'a> {
    data: &'a Value,
    problems: &'a mut Vec<String>,
}

impl Numbers<'_> {
    /// The same for another part of the message.
    fn of<'b>(&'b mut self, data: &'b Value) -> Numbers<'b> {
        Numbers { data, problems: self.problems }
    }

    fn get(&mut self, name: &str) -> Option<f64> {
        let value = self.data.get(name).filter(|value| !value.is_null())?;
        let number = value.as_f64().filter(|number| number.is_finite());
        if number.is_none() {
            self.problems.push(format!("{name} is {value}, which is no number"));
        }
        number
    }

    fn position(&mut self) -> Option<LatLon> {
        let (lat, lon) = (self.get("latitude")?, self.get("longitude")?);
        if lat == 0.0 && lon == 0.0 {
            return None;
        }
        let position = LatLon::new(lat, lon);
        if position.is_none() {
            self.problems.push(format!("latitude {lat}, longitude {lon} lie off the globe"));
        }
        position
    }

    /// Messages of live flight control tell the heading alone: that is no attitude.
    fn platform(&mut self) -> Option<Attitude> {
        Some(Attitude {
            heading_deg: self.get("attitude_head")?,
            pitch_deg: self.get("attitude_pitch")?,
            roll_deg: self.get("attitude_roll")?,
        })
    }

    fn gimbal(&mut self) -> Option<Attitude> {
        Some(Attitude {
            heading_deg: self.get("gimbal_yaw")?,
            pitch_deg: self.get("gimbal_pitch")?,
            roll_deg: self.get("gimbal_roll").unwrap_or(0.0),
        })
    }
}
