//! One line of `flyonce telemetry`: a sample as flat JSON with units in the keys.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use gis::{Attitude, LatLon};

use super::error::Problem;
use super::klv::tags::tag;
use super::klv::vmti::Vmti;
use super::klv::{Packet, Value};
use super::sample::Sample;

/// What a file gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it is.
    pub kind: &'static str,
    /// Its samples in the order written.
    pub records: Vec<Record>,
    /// What was wrong inside.
    pub problems: Vec<Problem>,
    /// What was read past because it says nothing of the camera, by name, and how often.
    pub skipped: BTreeMap<String, usize>,
}

impl Reading {
    /// Returns what a file gave of which nothing was read past.
    pub fn new(kind: &'static str, records: Vec<Record>, problems: Vec<Problem>) -> Self {
        Self { kind, records, problems, skipped: BTreeMap::new() }
    }
}

/// A value beside the sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Extra {
    /// No value.
    Absent,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(String),
    /// Things of one kind.
    List(Vec<Extra>),
    /// Values by key with unit.
    Map(BTreeMap<String, Extra>),
}

/// One packet, cue, picture or track sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// What it says of the camera.
    pub sample: Sample,
    /// Whether it speaks of targets in the picture and not of the camera: shown, never a pose.
    pub targets_only: bool,
    /// Whether its checksum is right; `None` where the format has none.
    pub checksum_ok: Option<bool>,
    /// Everything else it says, by key with unit.
    pub extras: BTreeMap<String, Extra>,
}

impl Record {
    /// Takes everything a packet says.
    pub fn from_packet(packet: &Packet, elapsed_us: Option<i64>) -> Self {
        let sample = Sample { elapsed_us, ..packet.unverified_sample() };
        let extras = packet.items.iter().filter_map(|item| {
            let key = tag(item.tag)?.key;
            (!FIXED_KEYS.contains(&key)).then(|| (key.to_owned(), extra(&item.value)))
        });
        let checksum_ok = Some(packet.checksum.is_right());
        let mut record =
            Self { sample, checksum_ok, extras: extras.collect(), targets_only: packet.targets_only };
        if let Some(vmti) = &packet.vmti {
            record.put_targets(vmti);
        }
        record
    }

    /// Returns the sample unless the record is damaged or not of the camera: nothing else may be used.
    pub fn usable(&self) -> Option<&Sample> {
        (self.checksum_ok != Some(false) && !self.targets_only).then_some(&self.sample)
    }

    /// Offsets of targets count from the picture's centre.
    fn put_targets(&mut self, vmti: &Vmti) {
        let center = self.sample.frame_center;
        let targets = vmti.targets.iter().cloned().map(|mut target| {
            let offset = |key| match target.get(key) {
                Some(Extra::Real(deg)) => Some(*deg),
                _ => None,
            };
            let offsets = offset("lat_offset_deg").zip(offset("lon_offset_deg"));
            let place = center
                .zip(offsets)
                .and_then(|(center, (lat, lon))| LatLon::new(center.lat_deg + lat, center.lon_deg + lon));
            if let Some(place) = place {
                target.entry("lat_deg".to_owned()).or_insert(Extra::Real(place.lat_deg));
                target.entry("lon_deg".to_owned()).or_insert(Extra::Real(place.lon_deg));
            }
            Extra::Map(target)
        });
        let mut values = vmti.values.clone();
        values.insert("targets".to_owned(), Extra::List(targets.collect()));
        self.note("vmti_local_set", Extra::Map(values));
    }

    /// Notes a value beside the sample.
    pub fn note(&mut self, key: &str, value: Extra) {
        self.extras.insert(key.to_owned(), value);
    }
}

fn extra(value: &Value) -> Extra {
    match value {
        Value::Absent => Extra::Absent,
        Value::Integer(whole) => Extra::Integer(*whole),
        Value::Real(real) => Extra::Real(*real),
        Value::Text(text) => Extra::Text(text.clone()),
        Value::Time(time) => Extra::Integer(time.as_microsecond()),
        Value::Nested { bytes } => Extra::Text(format!("{bytes} bytes")),
        Value::Blob(bytes) => Extra::Text(hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Keys of the sample itself, which every line has; tags of the same name are not repeated beside it.
const FIXED_KEYS: [&str; 30] = [
    "time_us",
    "checksum",
    "sensor_lat_deg",
    "sensor_lon_deg",
    "sensor_alt_m",
    "sensor_ellipsoid_height_m",
    "heading_deg",
    "platform_pitch_short_deg",
    "platform_roll_short_deg",
    "platform_pitch_full_deg",
    "platform_roll_full_deg",
    "sensor_relative_azimuth_deg",
    "sensor_relative_elevation_deg",
    "sensor_relative_roll_deg",
    "hfov_deg",
    "vfov_deg",
    "slant_range_m",
    "frame_center_lat_deg",
    "frame_center_lon_deg",
    "frame_center_elevation_m",
    "frame_center_ellipsoid_height_m",
    "corner1_lat_deg",
    "corner1_lon_deg",
    "corner2_lat_deg",
    "corner2_lon_deg",
    "corner3_lat_deg",
    "corner3_lon_deg",
    "corner4_lat_deg",
    "corner4_lon_deg",
    "elapsed_us",
];

const CORNER_KEYS: [(&str, &str); 4] = [
    ("corner1_lat_deg", "corner1_lon_deg"),
    ("corner2_lat_deg", "corner2_lon_deg"),
    ("corner3_lat_deg", "corner3_lon_deg"),
    ("corner4_lat_deg", "corner4_lon_deg"),
];

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let sample = &self.sample;
        map.serialize_entry("time_us", &sample.time.map(Timestamp::as_microsecond))?;
        map.serialize_entry("elapsed_us", &sample.elapsed_us)?;
        map.serialize_entry("local_time", &sample.local_time.map(|time| time.to_string()))?;
        map.serialize_entry("checksum_ok", &self.checksum_ok)?;
        put_place(&mut map, sample)?;
        put_attitudes(&mut map, sample)?;
        put_lens(&mut map, sample)?;
        put_ground(&mut map, sample)?;
        for (key, value) in &self.extras {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

fn put_place<M: SerializeMap>(map: &mut M, sample: &Sample) -> Result<(), M::Error> {
    put_position(map, "sensor_lat_deg", "sensor_lon_deg", sample.position)?;
    map.serialize_entry("sensor_alt_m", &sample.geoid_height)?;
    map.serialize_entry("sensor_ellipsoid_height_m", &sample.ellipsoid_height)?;
    map.serialize_entry("above_takeoff_m", &sample.above_takeoff)?;
    map.serialize_entry("unknown_datum_height_m", &sample.unknown_datum_height_m)?;
    map.serialize_entry("position_source", &sample.position_source)?;
    map.serialize_entry("heading_source", &sample.heading_source)?;
    let sigma = sample.position_sigma_m;
    map.serialize_entry("sigma_east_m", &sigma.map(|[east, _, _]| east))?;
    map.serialize_entry("sigma_north_m", &sigma.map(|[_, north, _]| north))?;
    map.serialize_entry("sigma_up_m", &sigma.map(|[_, _, up]| up))
}

fn put_attitudes<M: SerializeMap>(map: &mut M, sample: &Sample) -> Result<(), M::Error> {
    let platform = ["heading_deg", "pitch_deg", "roll_deg"];
    put_attitude(map, platform, sample.platform)?;
    let relative =
        ["sensor_relative_azimuth_deg", "sensor_relative_elevation_deg", "sensor_relative_roll_deg"];
    put_attitude(map, relative, sample.camera_relative)?;
    put_attitude(map, ["gimbal_yaw_deg", "gimbal_pitch_deg", "gimbal_roll_deg"], sample.camera_absolute)
}

fn put_lens<M: SerializeMap>(map: &mut M, sample: &Sample) -> Result<(), M::Error> {
    map.serialize_entry("hfov_deg", &sample.hfov_deg)?;
    map.serialize_entry("vfov_deg", &sample.vfov_deg)?;
    map.serialize_entry("focal_length_mm", &sample.focal_length_mm)?;
    map.serialize_entry("focal_length_35mm_mm", &sample.focal_length_35mm_mm)?;
    map.serialize_entry("digital_zoom", &sample.digital_zoom)
}

fn put_ground<M: SerializeMap>(map: &mut M, sample: &Sample) -> Result<(), M::Error> {
    map.serialize_entry("slant_range_m", &sample.slant_range_m)?;
    map.serialize_entry("laser_range_m", &sample.laser_range_m)?;
    put_position(map, "frame_center_lat_deg", "frame_center_lon_deg", sample.frame_center)?;
    map.serialize_entry("frame_center_elevation_m", &sample.frame_center_elevation)?;
    map.serialize_entry("frame_center_ellipsoid_height_m", &sample.frame_center_ellipsoid_height)?;
    for ((lat_key, lon_key), corner) in CORNER_KEYS.iter().zip(sample.corners) {
        put_position(map, lat_key, lon_key, corner)?;
    }
    Ok(())
}

fn put_position<M: SerializeMap>(
    map: &mut M,
    lat_key: &str,
    lon_key: &str,
    position: Option<LatLon>,
) -> Result<(), M::Error> {
    map.serialize_entry(lat_key, &position.map(|position| position.lat_deg))?;
    map.serialize_entry(lon_key, &position.map(|position| position.lon_deg))
}

fn put_attitude<M: SerializeMap>(
    map: &mut M,
    [heading, pitch, roll]: [&str; 3],
    attitude: Option<Attitude>,
) -> Result<(), M::Error> {
    map.serialize_entry(heading, &attitude.map(|angles| angles.heading_deg))?;
    map.serialize_entry(pitch, &attitude.map(|angles| angles.pitch_deg))?;
    map.serialize_entry(roll, &attitude.map(|angles| angles.roll_deg))
}
