//! The tags of the MISB ST 0601 local set: what each holds, in which unit, how it is coded.
//!
//! # References
//! MISB ST 0601, section 8 (tags 1 to 101). Linear codings: value = raw x range / steps + offset.

use Coding::{Angle, Blob, Integer, Linear, Nested, Signed, Text, Time};

/// How the bytes of a tag become a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coding {
    /// Text.
    Text,
    /// Microseconds since 1970-01-01, 8 bytes.
    Time,
    /// Unsigned integer of so many bytes times a factor: counts, codes and whole units.
    Integer {
        /// Bytes.
        width: usize,
        /// Unit of one step.
        step: u32,
    },
    /// Signed integer of so many bytes.
    Signed {
        /// Bytes.
        width: usize,
    },
    /// Unsigned bytes spread over `min..=max`.
    Linear {
        /// Bytes.
        width: usize,
        /// Value of all bits zero.
        min: f64,
        /// Value of all bits one.
        max: f64,
    },
    /// Signed bytes spread over `-limit..=limit`; the most negative number says "out of range".
    Angle {
        /// Bytes.
        width: usize,
        /// Value of the greatest number.
        limit: f64,
    },
    /// A local set of another standard: recognised, not opened.
    Nested,
    /// Bytes that are shown as hex.
    Blob,
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tag {
    /// Its number.
    pub number: u32,
    /// Its name with the unit, as in the JSON.
    pub key: &'static str,
    /// Its coding.
    pub coding: Coding,
}

/// Returns what is known of a tag.
pub fn tag(number: u32) -> Option<&'static Tag> {
    TAGS.binary_search_by_key(&number, |tag| tag.number).ok().and_then(|index| TAGS.get(index))
}

const fn t(number: u32, key: &'static str, coding: Coding) -> Tag {
    Tag { number, key, coding }
}

const fn code(width: usize) -> Coding {
    Integer { width, step: 1 }
}

const LAT: Coding = Angle { width: 4, limit: 90.0 };
const LON: Coding = Angle { width: 4, limit: 180.0 };
const OFFSET: Coding = Angle { width: 2, limit: 0.075 };
const ALTITUDE: Coding = Linear { width: 2, min: -900.0, max: 19_000.0 };
const CIRCLE: Coding = Linear { width: 2, min: 0.0, max: 360.0 };
const CIRCLE_FINE: Coding = Linear { width: 4, min: 0.0, max: 360.0 };
const HALF_CIRCLE: Coding = Linear { width: 2, min: 0.0, max: 180.0 };
const RANGE: Coding = Linear { width: 4, min: 0.0, max: 5_000_000.0 };
const PRESSURE: Coding = Linear { width: 2, min: 0.0, max: 5_000.0 };
const TEN_THOUSAND: Coding = Linear { width: 2, min: 0.0, max: 10_000.0 };
const ERROR: Coding = Linear { width: 2, min: 0.0, max: 4_095.0 };
const PERCENT: Coding = Linear { width: 1, min: 0.0, max: 100.0 };
const SPEED: Coding = Angle { width: 2, limit: 327.0 };
const SMALL_ANGLE: Coding = Angle { width: 2, limit: 20.0 };
const PIXELS: Coding = Integer { width: 1, step: 2 };

/// All tags known here, by number.
pub static TAGS: &[Tag] = &[
    t(1, "checksum", code(2)),
    t(2, "time_us", Time),
    t(3, "mission_id", Text),
    t(4, "platform_tail_number", Text),
    t(5, "heading_deg", CIRCLE),
    t(6, "platform_pitch_short_deg", SMALL_ANGLE),
    t(7, "platform_roll_short_deg", Angle { width: 2, limit: 50.0 }),
    t(8, "platform_true_airspeed_m_per_s", code(1)),
    t(9, "platform_indicated_airspeed_m_per_s", code(1)),
    t(10, "platform_designation", Text),
    t(11, "image_source_sensor", Text),
    t(12, "image_coordinate_system", Text),
    t(13, "sensor_lat_deg", LAT),
    t(14, "sensor_lon_deg", LON),
    t(15, "sensor_alt_m", ALTITUDE),
    t(16, "hfov_deg", HALF_CIRCLE),
    t(17, "vfov_deg", HALF_CIRCLE),
    t(18, "sensor_relative_azimuth_deg", CIRCLE_FINE),
    t(19, "sensor_relative_elevation_deg", LON),
    t(20, "sensor_relative_roll_deg", CIRCLE_FINE),
    t(21, "slant_range_m", RANGE),
    t(22, "target_width_m", TEN_THOUSAND),
    t(23, "frame_center_lat_deg", LAT),
    t(24, "frame_center_lon_deg", LON),
    t(25, "frame_center_elevation_m", ALTITUDE),
    t(26, "corner1_lat_offset_deg", OFFSET),
    t(27, "corner1_lon_offset_deg", OFFSET),
    t(28, "corner2_lat_offset_deg", OFFSET),
    t(29, "corner2_lon_offset_deg", OFFSET),
    t(30, "corner3_lat_offset_deg", OFFSET),
    t(31, "corner3_lon_offset_deg", OFFSET),
    t(32, "corner4_lat_offset_deg", OFFSET),
    t(33, "corner4_lon_offset_deg", OFFSET),
    t(34, "icing_detected_code", code(1)),
    t(35, "wind_direction_deg", CIRCLE),
    t(36, "wind_speed_m_per_s", PERCENT),
    t(37, "static_pressure_mbar", PRESSURE),
    t(38, "density_altitude_m", ALTITUDE),
    t(39, "outside_air_temperature_celsius", Signed { width: 1 }),
    t(40, "target_lat_deg", LAT),
    t(41, "target_lon_deg", LON),
    t(42, "target_elevation_m", ALTITUDE),
    t(43, "target_track_gate_width_px", PIXELS),
    t(44, "target_track_gate_height_px", PIXELS),
    t(45, "target_error_ce90_m", ERROR),
    t(46, "target_error_le90_m", ERROR),
    t(47, "generic_flags", code(1)),
    t(48, "security_local_set", Nested),
    t(49, "differential_pressure_mbar", PRESSURE),
    t(50, "platform_angle_of_attack_short_deg", SMALL_ANGLE),
    t(51, "platform_vertical_speed_m_per_s", Angle { width: 2, limit: 180.0 }),
    t(52, "platform_sideslip_short_deg", SMALL_ANGLE),
    t(53, "airfield_pressure_mbar", PRESSURE),
    t(54, "airfield_elevation_m", ALTITUDE),
    t(55, "relative_humidity_percent", PERCENT),
    t(56, "platform_ground_speed_m_per_s", code(1)),
    t(57, "ground_range_m", RANGE),
    t(58, "platform_fuel_remaining_kg", TEN_THOUSAND),
    t(59, "platform_call_sign", Text),
    t(60, "weapon_load_code", code(2)),
    t(61, "weapon_fired_code", code(1)),
    t(62, "laser_prf_code", code(2)),
    t(63, "sensor_fov_name_code", code(1)),
    t(64, "platform_magnetic_heading_deg", CIRCLE),
    t(65, "uas_local_set_version", code(1)),
    t(67, "alternate_platform_lat_deg", LAT),
    t(68, "alternate_platform_lon_deg", LON),
    t(69, "alternate_platform_alt_m", ALTITUDE),
    t(70, "alternate_platform_name", Text),
    t(71, "alternate_platform_heading_deg", CIRCLE),
    t(72, "event_start_time_us", Time),
    t(73, "rvt_local_set", Nested),
    t(74, "vmti_local_set", Nested),
    t(75, "sensor_ellipsoid_height_m", ALTITUDE),
    t(76, "alternate_platform_ellipsoid_height_m", ALTITUDE),
    t(77, "operational_mode_code", code(1)),
    t(78, "frame_center_ellipsoid_height_m", ALTITUDE),
    t(79, "sensor_north_velocity_m_per_s", SPEED),
    t(80, "sensor_east_velocity_m_per_s", SPEED),
    t(81, "image_horizon_pack", Blob),
    t(82, "corner1_lat_deg", LAT),
    t(83, "corner1_lon_deg", LON),
    t(84, "corner2_lat_deg", LAT),
    t(85, "corner2_lon_deg", LON),
    t(86, "corner3_lat_deg", LAT),
    t(87, "corner3_lon_deg", LON),
    t(88, "corner4_lat_deg", LAT),
    t(89, "corner4_lon_deg", LON),
    t(90, "platform_pitch_full_deg", LAT),
    t(91, "platform_roll_full_deg", LAT),
    t(92, "platform_angle_of_attack_full_deg", LAT),
    t(93, "platform_sideslip_full_deg", LON),
    t(94, "miis_core_identifier", Blob),
    t(95, "sar_motion_imagery_local_set", Nested),
    t(97, "range_image_local_set", Nested),
    t(98, "geo_registration_local_set", Nested),
    t(99, "composite_imaging_local_set", Nested),
    t(100, "segment_local_set", Nested),
    t(101, "amend_local_set", Nested),
];
