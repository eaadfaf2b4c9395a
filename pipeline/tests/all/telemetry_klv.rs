//! MISB ST 0601 packets against values decoded by others.

use pipeline::telemetry::klv::tags::Coding;
use pipeline::telemetry::klv::{self, Checksum, UAS_KEY, Value};
use pipeline::telemetry::{Problem, Record};
use serde_json::Value as Json;

use crate::reference;

/// The reference decoders compute the same linear maps in another order: only rounding may differ.
const ROUNDING: f64 = 1e-9;

fn packet(body: &[u8]) -> Vec<u8> {
    let mut bytes = UAS_KEY.to_vec();
    bytes.push(0x82);
    bytes.extend(u16::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes.extend([1, 2]);
    let sum = klv::running_sum(&bytes);
    bytes.extend(sum.to_be_bytes());
    bytes
}

fn whats(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn all_packets_of_a_real_flight_decode_to_the_reference_values() {
    let Some(bytes) = reference::read("klv/Cheyenne.bin") else { return };
    let Some(csv) = reference::read_text("klv/Cheyenne.klvdata-0.0.3.csv") else { return };
    let (found, problems) = klv::scan(&bytes);
    assert_eq!(whats(&problems), Vec::<String>::new());
    assert_eq!(found.len(), 407);
    let mut lines = csv.lines();
    let tags: Vec<u32> =
        lines.next().unwrap().split(',').skip(1).map(|name| name[1..].parse().unwrap()).collect();
    let mut compared = 0;
    for (line, found) in lines.zip(&found) {
        assert_eq!(found.packet.checksum, Checksum::Right);
        for (tag, cell) in tags.iter().zip(line.split(',').skip(1)) {
            check_cell(&found.packet, *tag, cell);
            compared += 1;
        }
    }
    assert_eq!(compared, 407 * 24);
}

fn check_cell(packet: &klv::Packet, tag: u32, cell: &str) {
    match packet.value(tag) {
        Some(Value::Time(time)) => {
            assert_eq!(*time, cell.replace(' ', "T").parse::<jiff::Timestamp>().unwrap(), "tag {tag}");
        }
        Some(Value::Real(real)) => {
            let expected: f64 = cell.parse().unwrap();
            assert!(
                (real - expected).abs() < ROUNDING * expected.abs().max(1.0),
                "tag {tag}: {real} {expected}"
            );
        }
        other => panic!("tag {tag}: {other:?} where the reference has {cell}"),
    }
}

#[test]
fn tags_decode_to_the_examples_printed_in_the_standard() {
    let Some(text) = reference::read_text("klv/st0601_tag_vectors.json") else { return };
    let vectors: Vec<Json> = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for vector in &vectors {
        let tlv = hex(vector["tlv_hex"].as_str().unwrap());
        let packet = klv::decode(&packet(&tlv)).unwrap();
        let tag = u32::try_from(vector["tag"].as_u64().unwrap()).unwrap();
        assert_eq!(packet.faults, [], "tag {tag}");
        compared += usize::from(check_vector(&packet, tag, vector));
    }
    assert_eq!((vectors.len(), compared), (89, 78));
}

/// The printed examples name the value that was coded, so they agree to half a step of the coding.
fn half_a_step(tag: u32) -> f64 {
    match klv::tags::tag(tag).unwrap().coding {
        Coding::Linear { width, min, max } => 0.5 * (max - min) / (256f64.powi(width as i32) - 1.0),
        Coding::Angle { width, limit } => limit / (256f64.powi(width as i32) - 2.0),
        _ => 0.0,
    }
}

fn check_vector(packet: &klv::Packet, tag: u32, vector: &Json) -> bool {
    let expected = match (&vector["standard_example_value"], &vector["decoded"]) {
        (Json::Null, decoded) => decoded.clone(),
        (value, _) => value.clone(),
    };
    let text = expected.as_str().map_or_else(|| expected.to_string(), str::to_owned);
    let has_value = !vector["standard_example_value"].is_null() || !vector["decoded"].is_null();
    match (packet.value(tag), text.parse::<f64>()) {
        (Some(Value::Text(found)), _) if has_value => assert_eq!(*found, text, "tag {tag}"),
        (Some(Value::Time(found)), _) => {
            assert_eq!(*found, text.replace(' ', "T").parse::<jiff::Timestamp>().unwrap(), "tag {tag}");
        }
        (_, Ok(number)) => {
            let found = packet.number(tag).unwrap();
            assert!(
                (found - number).abs() <= half_a_step(tag) * 1.01 + 1e-6,
                "tag {tag}: {found} is not {number}"
            );
        }
        (found, _) if tag == 77 => assert_eq!(found, Some(&Value::Integer(0)), "printed as a blank"),
        (_, _) if tag == 1 => assert_eq!(packet.items[0].value, Value::Integer(0xAA43)),
        (found, _) => assert!(!has_value, "tag {tag}: {found:?} beside {text}"),
    }
    has_value
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

#[test]
fn st0902_packets_decode_to_the_second_decoder_and_the_altered_one_is_flagged() {
    let Some(text) = reference::read_text("klv/st0902_expected_decoder2.json") else { return };
    let expected: Json = serde_json::from_str(&text).unwrap();
    let cases = [
        ("DynamicConstantMISMMSPacketData", Checksum::Wrong { stored: 0xAA43, computed: 0x3E1E }, 25),
        ("DynamicOnlyMISMMSPacketData", Checksum::Right, 19),
    ];
    for (name, checksum, count) in cases {
        let bytes = reference::read(&format!("klv/{name}.bin")).unwrap();
        let packet = klv::decode(&bytes).unwrap();
        assert_eq!(packet.checksum, checksum, "{name}");
        assert_eq!(packet.sample().is_some(), checksum.is_right(), "{name}");
        let items = expected[name].as_array().unwrap();
        assert_eq!((items.len(), packet.items.len()), (count, count), "{name}");
        for item in items.iter().filter(|item| item["key"] != 1) {
            check_item(&packet, item);
        }
    }
}

fn check_item(packet: &klv::Packet, item: &Json) {
    let tag = u32::try_from(item["key"].as_u64().unwrap()).unwrap();
    match (packet.value(tag).unwrap(), &item["value"]) {
        (Value::Text(found), Json::String(text)) => assert_eq!(found, text),
        (Value::Time(found), Json::Number(micros)) => {
            assert_eq!(found.as_microsecond(), micros.as_i64().unwrap());
        }
        (Value::Nested { bytes }, Json::Array(_)) => assert!(*bytes > 0),
        (Value::Blob(found), Json::String(text)) => assert_eq!(*found, hex(text)),
        (_, Json::Number(number)) => {
            let (found, number) = (packet.number(tag).unwrap(), number.as_f64().unwrap());
            assert!((found - number).abs() < 1e-9 * number.abs().max(1.0), "tag {tag}: {found} {number}");
        }
        (found, json) => panic!("tag {tag}: {found:?} where the reference has {json}"),
    }
}

#[test]
fn out_of_range_numbers_and_zero_zero_are_absent() {
    let body =
        hex("05020000060280000702800013048000000012040000000014040000000052048000000053048000000010020000");
    let bytes = packet(&[hex("0d04000000000e0400000000"), body].concat());
    let packet = klv::decode(&bytes).unwrap();
    assert_eq!(packet.value(6), Some(&Value::Absent));
    assert_eq!(packet.value(82), Some(&Value::Absent));
    let sample = packet.sample().unwrap();
    assert_eq!((sample.position, sample.platform, sample.camera_relative), (None, None, None));
    assert_eq!(sample.corners, [None; 4]);
    assert_eq!(sample.hfov_deg, None);
}

#[test]
fn a_changed_byte_makes_a_packet_unusable_but_still_shown() {
    let mut bytes = packet(&hex("050271c2"));
    bytes[22] ^= 1;
    let packet = klv::decode(&bytes).unwrap();
    assert!(matches!(packet.checksum, Checksum::Wrong { .. }));
    assert_eq!(packet.sample(), None);
    let record = Record::from_packet(&packet, Some(5));
    assert_eq!(record.usable(), None);
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!((&json["checksum_ok"], &json["elapsed_us"]), (&Json::from(false), &Json::from(5)));
}

#[test]
fn a_packet_without_checksum_is_never_used() {
    let mut bytes = UAS_KEY.to_vec();
    bytes.extend(hex("04050271c2"));
    assert_eq!(klv::decode(&bytes).unwrap().sample(), None);
}

#[test]
fn unknown_tags_are_skipped_and_nested_sets_are_not_opened() {
    let bytes = packet(&hex("81700201023003010203050271c2"));
    let packet = klv::decode(&bytes).unwrap();
    assert_eq!(packet.unknown_tags, [240]);
    assert_eq!(packet.value(48), Some(&Value::Nested { bytes: 3 }));
    assert!((packet.number(5).unwrap() - 159.974_364_843_213_55).abs() < 1e-12);
}

#[test]
fn hostile_lengths_are_faults_and_not_reads() {
    for (body, what) in [
        ("0584ffffffff71", "tag 5 claims 4294967295 bytes but only 5 are left in the packet"),
        (
            "0588ffffffffffffffff71",
            "tag 5 claims 18446744073709551615 bytes but only 5 are left in the packet",
        ),
        ("0580", "tag 5: the length is of the indefinite form 0x80"),
        ("05ff", "tag 5: the length takes 127 bytes, more than 8"),
        ("ffffffffff0100", "the tag takes more than 4 bytes"),
        ("0503010203", "tag 5 (heading_deg) takes 3 bytes, not 2"),
    ] {
        let packet = klv::decode(&packet(&hex(body))).unwrap();
        assert_eq!(packet.faults.first().map(|fault| fault.what.as_str()), Some(what), "{body}");
    }
    let mut bytes = UAS_KEY.to_vec();
    bytes.extend(hex("887fffffffffffffff00"));
    let error = klv::decode(&bytes).unwrap_err().to_string();
    assert_eq!(error, "the packet claims 9223372036854775807 bytes, more than 1048576");
}

#[test]
fn scanning_goes_on_behind_garbage_and_cut_packets() {
    let good = packet(&hex("050271c2"));
    let cut = &good[..good.len() - 3];
    let mut wrong = good.clone();
    *wrong.last_mut().unwrap() ^= 0xFF;
    let stream = [b"garbage".as_slice(), &good, cut, &good, &wrong, &good, cut].concat();
    let (found, problems) = klv::scan(&stream);
    let right: Vec<bool> = found.iter().map(|found| found.packet.checksum.is_right()).collect();
    assert_eq!(right, [true, true, false, true]);
    let sum = klv::running_sum(&good[..good.len() - 2]);
    assert_eq!(
        whats(&problems),
        [
            "byte 0: 7 bytes are no packet".to_owned(),
            "byte 34: the packet is cut by the one at byte 58".to_owned(),
            format!("byte 85: the packet's checksum is {:04X} but its bytes sum to {sum:04X}", sum ^ 0xFF),
            "byte 139: the packet claims 8 bytes but only 5 are left".to_owned(),
            "byte 155: the last 8 bytes are no packet".to_owned(),
        ]
    );
}

#[test]
fn corners_come_from_the_full_tags_before_the_offsets() {
    let center = hex("1704f101a229180414bc082b");
    let offsets = packet(&[center.clone(), hex("1a02c06e1b02cbe9")].concat());
    let corner = klv::decode(&offsets).unwrap().sample().unwrap().corners[0].unwrap();
    assert!((corner.lat_deg - -10.579_637_999_887).abs() < 1e-9, "{corner:?}");
    assert!((corner.lon_deg - 29.127_367_798_633_3).abs() < 1e-9, "{corner:?}");
    let full = packet(&[center, hex("1a02c06e1b02cbe95204f0f41244530414b679b9")].concat());
    let corner = klv::decode(&full).unwrap().sample().unwrap().corners[0].unwrap();
    assert!((corner.lat_deg - -10.579_638_020_405).abs() < 1e-9, "{corner:?}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_packet_reader_panic(bytes in proptest::collection::vec(0u8.., 0..400)) {
        let _ = klv::scan(&bytes);
        let _ = klv::decode(&[&UAS_KEY, &*bytes].concat());
        let packet = klv::decode(&packet(&bytes)).unwrap();
        let _ = serde_json::to_string(&Record::from_packet(&packet, None)).unwrap();
    }
}
