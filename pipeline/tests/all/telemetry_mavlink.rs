//! MAVLink logs and streams against what pymavlink 2.4.50 (dialect ardupilotmega) reads from the same files.

use gis::camera::PositionSource;
use gis::{AboveTakeoffHeight, GeoidHeight, LatLon};
use mavlink::dialects::common::{
    ATTITUDE_DATA, CAMERA_FOV_STATUS_DATA, CAMERA_IMAGE_CAPTURED_DATA, GIMBAL_DEVICE_ATTITUDE_STATUS_DATA,
    GLOBAL_POSITION_INT_DATA, GPS_RAW_INT_DATA, GimbalDeviceFlags, GpsFixType, MavMessage, SYSTEM_TIME_DATA,
};
use mavlink::{MAVLinkV1MessageRaw, MAVLinkV2MessageRaw, MavHeader};
use pipeline::telemetry::{Extra, Kind, Reading, mavlink as reader, read_as, read_file_bytes, sniff};
use proptest::prelude::*;

use crate::reference;

const POSITION: u32 = 33;
const FIX: u32 = 24;
const ATTITUDE: u32 = 30;

fn count(scan: &reader::Scan<'_>, message: u32) -> usize {
    scan.frames.iter().filter(|frame| frame.message == message).count()
}

#[test]
fn every_message_of_the_reference_logs_is_found() {
    for (file, all, positions, fixes, attitudes, broken) in [
        ("rust-mavlink_log.tlog", 1426, 36, 37, 36, 0),
        ("vtol.tlog", 23_894, 807, 799, 888, 0),
        ("mavlink-v2-3412-packets.bin", 3412, 505, 10, 505, 0),
        // Its last packet is cut.
        ("GH-5.bin", 138, 0, 0, 14, 1),
    ] {
        let Some(bytes) = reference::read(&format!("telemetry/mavlink/{file}")) else { return };
        let scan = reader::scan(&bytes);
        let found = (scan.frames.len(), count(&scan, POSITION), count(&scan, FIX), count(&scan, ATTITUDE));
        assert_eq!(found, (all, positions, fixes, attitudes), "{file}");
        assert_eq!(scan.problems.len(), broken, "{file}: {:?}", scan.problems);
        assert_eq!(scan.frames[0].stamp_us.is_some(), file.contains("tlog"), "{file}");
        assert_eq!(sniff(&bytes), Some(Kind::Mavlink), "{file}");
    }
}

fn reference_reading(file: &str) -> Option<Reading> {
    let bytes = reference::read(&format!("telemetry/mavlink/{file}"))?;
    Some(read_file_bytes(file, &bytes).unwrap())
}

#[test]
fn a_ground_station_log_gives_positions_heights_attitude_and_utc() {
    let Some(reading) = reference_reading("vtol.tlog") else { return };
    assert_eq!((reading.records.len(), reading.problems.len()), (807, 0));
    let first = &reading.records[0].sample;
    assert_eq!(first.position, Some(LatLon { lat_deg: -35.362_990_4, lon_deg: 149.164_939_2 }));
    assert_eq!(first.geoid_height, Some(GeoidHeight(587.85)));
    assert_eq!(first.above_takeoff, Some(AboveTakeoffHeight(6.75)));
    assert_eq!(first.ellipsoid_height, None, "the receiver tells no second height");
    assert_eq!(first.position_source, Some(PositionSource::RtkFixed));
    assert_eq!(first.position_sigma_m, None);
    let attitude = first.platform.unwrap();
    assert!((attitude.heading_deg - 2.450_032_234_191_894_5_f64.to_degrees()).abs() < 1e-6, "{attitude:?}");
    assert!((attitude.roll_deg - -0.024_653_663_858_771_324_f64.to_degrees()).abs() < 1e-6, "{attitude:?}");
    // SYSTEM_TIME says 1533737145465009 us at the same 608582 ms.
    assert_eq!(first.time.unwrap().as_microsecond(), 1_533_737_145_465_009);
    let later = &reading.records[499].sample;
    assert_eq!(later.position, Some(LatLon { lat_deg: -35.361_124_4, lon_deg: 149.165_790_4 }));
    assert_eq!(later.geoid_height, Some(GeoidHeight(639.55)));
    // SYSTEM_TIME says 1533737278225434 us at the same 741342 ms.
    assert_eq!(later.time.unwrap().as_microsecond(), 1_533_737_278_225_434);
}

#[test]
fn a_raw_stream_without_a_clock_has_no_time_and_the_receivers_accuracy() {
    let Some(reading) = reference_reading("mavlink-v2-3412-packets.bin") else { return };
    assert_eq!((reading.records.len(), reading.problems.len()), (505, 0));
    let record = &reading.records[299];
    assert_eq!(record.sample.time, None);
    assert_eq!(record.extras["boot_time_us"], Extra::Integer(12_664_184_000));
    assert_eq!(record.sample.position, Some(LatLon { lat_deg: 37.832_835_4, lon_deg: -122.512_580_8 }));
    assert_eq!(record.sample.position_sigma_m, Some([1.0, 1.0, 1.0]));
    assert_eq!(record.sample.position_source, Some(PositionSource::Gnss));
    assert_eq!(record.sample.ellipsoid_height, None, "the simulator writes one height twice");
    // ATTITUDE 8 ms before says 1.5490526 rad, the next one nearly the same.
    let heading = record.sample.platform.unwrap().heading_deg;
    assert!((heading - 1.549_052_6_f64.to_degrees()).abs() < 0.01, "{heading}");
}

#[test]
fn a_vehicle_without_a_fix_has_attitudes_and_no_position() {
    let Some(reading) = reference_reading("rust-mavlink_log.tlog") else { return };
    assert_eq!(reading.records.len(), 36);
    let record = &reading.records[0];
    assert_eq!((record.sample.position, record.sample.geoid_height), (None, None));
    assert_eq!(record.sample.position_source, None);
    let attitude = record.sample.platform.unwrap();
    assert!((attitude.roll_deg - -1.538_471_937_179_565_4_f64.to_degrees()).abs() < 1e-6, "{attitude:?}");
    // The vehicle's clock is at 0, so the ground station's counts.
    assert_eq!(record.extras["time_origin"], Extra::Text("ground_station".to_owned()));
    assert_eq!(record.sample.time.unwrap().as_microsecond(), 1_632_843_970_056_924);
    assert_eq!(record.extras["vfr_hud_heading_deg"], Extra::Integer(67));
    assert_eq!(record.sample.camera_absolute, None, "a MOUNT_STATUS of zeros is no gimbal");
}

#[test]
fn a_stream_without_positions_says_how_many_messages_it_has() {
    let Some(bytes) = reference::read("telemetry/mavlink/GH-5.bin") else { return };
    let error = read_file_bytes("GH-5.bin", &bytes).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "GH-5.bin is a MAVLink stream without telemetry: none of its 138 messages tells a position"
        ),
        "{error}"
    );
}

fn v2(component_id: u8, message: &MavMessage) -> Vec<u8> {
    let mut raw = MAVLinkV2MessageRaw::new();
    raw.serialize_message(MavHeader { system_id: 1, component_id, sequence: 0 }, message);
    raw.raw_bytes().to_vec()
}

fn v1(message: &MavMessage) -> Vec<u8> {
    let mut raw = MAVLinkV1MessageRaw::new();
    raw.serialize_message(MavHeader { system_id: 1, component_id: 1, sequence: 0 }, message);
    raw.raw_bytes().to_vec()
}

fn position(time_boot_ms: u32) -> MavMessage {
    MavMessage::GLOBAL_POSITION_INT(GLOBAL_POSITION_INT_DATA {
        time_boot_ms,
        lat: 289_700_000,
        lon: 1_188_700_000,
        alt: 150_000,
        relative_alt: 80_000,
        hdg: 9000,
        ..GLOBAL_POSITION_INT_DATA::DEFAULT
    })
}

fn attitude(time_boot_ms: u32, yaw: f32) -> MavMessage {
    MavMessage::ATTITUDE(ATTITUDE_DATA { time_boot_ms, yaw, ..ATTITUDE_DATA::DEFAULT })
}

/// A gimbal that looks down by 30 degrees and right by 60 in the frame that its flags tell.
fn gimbal(time_boot_ms: u32, flags: GimbalDeviceFlags) -> MavMessage {
    let turn = nalgebra::UnitQuaternion::from_euler_angles(0.0, -30_f32.to_radians(), 60_f32.to_radians());
    let q = [turn.w, turn.i, turn.j, turn.k];
    let said = GIMBAL_DEVICE_ATTITUDE_STATUS_DATA {
        time_boot_ms,
        flags,
        q,
        ..GIMBAL_DEVICE_ATTITUDE_STATUS_DATA::DEFAULT
    };
    MavMessage::GIMBAL_DEVICE_ATTITUDE_STATUS(said)
}

fn fused(parts: &[Vec<u8>]) -> Reading {
    read_file_bytes("flight.bin", &parts.concat()).unwrap()
}

#[test]
fn a_gimbal_points_in_the_frame_its_flags_tell() {
    for (flags, heading_deg) in [
        (GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME, 60.0),
        (GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_IN_VEHICLE_FRAME, 150.0),
        (GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_YAW_LOCK, 60.0),
        (GimbalDeviceFlags::GIMBAL_DEVICE_FLAGS_ROLL_LOCK, 150.0),
    ] {
        let east = std::f32::consts::FRAC_PI_2;
        let reading = fused(&[
            v2(1, &attitude(1000, east)),
            v2(154, &gimbal(1000, flags)),
            v2(1, &position(1000)),
            // An attitude of the gimbal itself is not the vehicle's.
            v2(154, &attitude(1000, 0.0)),
        ]);
        let camera = reading.records[0].sample.camera_absolute.unwrap();
        assert!((camera.heading_deg - heading_deg).abs() < 1e-3, "{flags:?}: {camera:?}");
        assert!((camera.pitch_deg - -30.0).abs() < 1e-3, "{flags:?}: {camera:?}");
    }
}

#[test]
fn a_mount_of_another_dialect_points_against_the_vehicle() {
    let angles = [-4500_i32, 100, 3000].map(i32::to_le_bytes).concat();
    let mut frame = vec![0xFE, 14, 0, 1, 1, 158];
    frame.extend([&angles[..], &[255, 0]].concat());
    let crc = mavlink::calculate_crc(&frame[1..], 134);
    frame.extend(crc.to_le_bytes());
    let reading = fused(&[v2(1, &attitude(1000, 1.0)), frame, v2(1, &position(1000))]);
    let camera = reading.records[0].sample.camera_absolute.unwrap();
    assert!((camera.heading_deg - (30.0 + 1_f64.to_degrees())).abs() < 1e-4, "{camera:?}");
    assert!((camera.pitch_deg - -45.0).abs() < 1e-4 && (camera.roll_deg - 1.0).abs() < 1e-4, "{camera:?}");
}

#[test]
fn attitudes_are_interpolated_at_the_time_of_the_position() {
    let reading = fused(&[
        v2(1, &attitude(900, 350_f32.to_radians())),
        v1(&position(1000)),
        v2(1, &attitude(1100, 10_f32.to_radians())),
    ]);
    let heading = reading.records[0].sample.platform.unwrap().heading_deg;
    assert!(!(0.01..=359.99).contains(&heading), "{heading}");
}

#[test]
fn a_receiver_that_tells_both_heights_gives_the_geoid_and_its_accuracy() {
    let fix = GPS_RAW_INT_DATA {
        fix_type: GpsFixType::GPS_FIX_TYPE_RTK_FLOAT,
        alt: 149_000,
        alt_ellipsoid: 159_500,
        h_acc: 400,
        v_acc: 700,
        ..GPS_RAW_INT_DATA::DEFAULT
    };
    let reading = fused(&[v2(1, &position(1000)), v2(1, &MavMessage::GPS_RAW_INT(fix))]);
    let sample = &reading.records[0].sample;
    assert_eq!(sample.position_source, Some(PositionSource::RtkFloat));
    assert_eq!(sample.position_sigma_m, Some([0.4, 0.4, 0.7]));
    assert!((sample.ellipsoid_height.unwrap().0 - 160.5).abs() < 1e-9);
}

#[test]
fn field_of_view_and_pictures_are_read() {
    let field = CAMERA_FOV_STATUS_DATA { hfov: 60.0, vfov: f32::NAN, ..CAMERA_FOV_STATUS_DATA::DEFAULT };
    let clock = SYSTEM_TIME_DATA { time_unix_usec: 1_700_000_000_000_000, time_boot_ms: 1000 };
    let image = CAMERA_IMAGE_CAPTURED_DATA {
        time_boot_ms: 1500,
        lat: 289_700_100,
        lon: 1_188_700_100,
        alt: 151_000,
        q: [0.0; 4],
        image_index: 7,
        file_url: "a.jpg".into(),
        ..CAMERA_IMAGE_CAPTURED_DATA::DEFAULT
    };
    let reading = fused(&[
        v2(1, &MavMessage::SYSTEM_TIME(clock)),
        v2(100, &MavMessage::CAMERA_FOV_STATUS(field)),
        v2(1, &position(1000)),
        v2(100, &MavMessage::CAMERA_IMAGE_CAPTURED(image)),
        v2(1, &position(2000)),
    ]);
    let [first, picture, _] = &reading.records[..] else { panic!("{:?}", reading.records) };
    assert_eq!((first.sample.hfov_deg, first.sample.vfov_deg), (Some(60.0), None));
    assert_eq!(picture.extras["image_index"], Extra::Integer(7));
    assert_eq!(picture.extras["image_file"], Extra::Text("a.jpg".to_owned()));
    assert_eq!(picture.sample.time.unwrap().as_microsecond(), 1_700_000_000_500_000);
    assert_eq!(picture.sample.camera_absolute, None, "no rotation of length 0");
}

#[test]
fn broken_and_cut_frames_are_named_and_the_rest_is_read() {
    let good = v2(1, &position(1000));
    let mut wrong = v2(1, &position(1100));
    wrong[12] ^= 1;
    let cut = &good[..good.len() - 3];
    let reading = fused(&[b"xyz".to_vec(), good.clone(), wrong, v1(&position(1200)), cut.to_vec()]);
    assert_eq!(reading.records.len(), 2);
    let problems: Vec<String> = reading.problems.iter().map(ToString::to_string).collect();
    let (second, last) = (3 + good.len(), 3 + 2 * good.len() + v1(&position(0)).len());
    assert_eq!(
        problems,
        [
            "byte 0: 3 bytes are no whole frame".to_owned(),
            format!("byte {second}: the frame of message 33 has a wrong checksum"),
            format!("byte {last}: {} bytes are no whole frame", cut.len()),
        ]
    );
}

#[test]
fn angles_that_are_not_finite_are_refused_by_name() {
    let reading = fused(&[v2(1, &attitude(1000, f32::NAN)), v2(1, &position(1000))]);
    assert_eq!(reading.records[0].sample.platform, None);
    let what = reading.problems[0].to_string();
    assert_eq!(what, "byte 0: the vehicle's attitude holds no finite angles");
    let heading = &reading.records[0].extras["vehicle_heading_deg"];
    assert_eq!(*heading, Extra::Real(90.0));
}

#[test]
fn a_vehicle_that_starts_anew_is_not_interpolated_across() {
    let reading = fused(&[
        v2(1, &attitude(900_000, 1.0)),
        v2(1, &position(900_000)),
        v2(1, &position(100)),
        v2(1, &attitude(100, 2.0)),
    ]);
    let headings: Vec<f64> =
        reading.records.iter().map(|r| r.sample.platform.unwrap().heading_deg.to_radians()).collect();
    assert!((headings[0] - 1.0).abs() < 1e-6 && (headings[1] - 2.0).abs() < 1e-6, "{headings:?}");
}

#[test]
fn a_second_vehicle_is_read_past_and_counted() {
    let mut raw = MAVLinkV2MessageRaw::new();
    raw.serialize_message(MavHeader { system_id: 9, component_id: 1, sequence: 0 }, &position(1000));
    let reading = fused(&[v2(1, &position(1000)), v2(1, &position(1100)), raw.raw_bytes().to_vec()]);
    assert_eq!(reading.records.len(), 2);
    assert_eq!(reading.skipped["messages of system 9"], 1);
}

proptest! {
    #[test]
    fn no_bytes_make_the_mavlink_reader_panic(
        bytes in proptest::collection::vec(0u8.., 0..400),
        flips in proptest::collection::vec((0usize..200, 0u8..), 0..6),
    ) {
        let _ = read_as(Kind::Mavlink, "a", &bytes);
        let mut stream = [v2(1, &position(1000)), v2(154, &gimbal(1, GimbalDeviceFlags::empty())), v1(&position(7))].concat();
        for (at, value) in flips {
            if let Some(byte) = stream.get_mut(at) {
                *byte = value;
            }
        }
        let _ = read_as(Kind::Mavlink, "a", &[&stream[..], &bytes, &stream].concat());
        // Any payload under a right checksum.
        for id in [2, 24, 30, 31, 33, 74, 263, 265, 271, 285] {
            let payload = &bytes[..bytes.len().min(255)];
            let mut frame = vec![0xFD, payload.len() as u8, 0, 0, 0, 1, 1, id as u8, (id >> 8) as u8, 0];
            frame.extend(payload);
            let extra = <MavMessage as mavlink::Message>::extra_crc(id);
            let crc = mavlink::calculate_crc(&frame[1..], extra);
            frame.extend(crc.to_le_bytes());
            let _ = read_as(Kind::Mavlink, "a", &[&frame[..], &stream].concat());
        }
    }
}
