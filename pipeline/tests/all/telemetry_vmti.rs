//! Targets of MISB ST 0903 and mapped numbers of ST 1201 against files of another decoder.

use std::collections::BTreeMap;

use pipeline::telemetry::klv::imapb::Imapb;
use pipeline::telemetry::klv::{self, Checksum, UAS_KEY, VMTI_KEY};
use pipeline::telemetry::{Extra, Kind, Record, read_file_bytes, sniff};
use serde_json::Value as Json;

use crate::reference;

#[test]
fn mapped_numbers_agree_forward_and_back_with_every_vector() {
    let Some(text) = reference::read_text("klv/st1201_imapb_tests.json") else { return };
    let vectors: Vec<Json> = serde_json::from_str(&text).unwrap();
    for vector in &vectors {
        let number = |key: &str| vector[key].as_f64().unwrap();
        let length = usize::try_from(vector["L"].as_u64().unwrap()).unwrap();
        let mapping = Imapb { min: number("a"), max: number("b"), length };
        let mapped = vector["forwardResult"].as_u64().unwrap();
        let special = match vector["x"].as_str() {
            Some("Infinity") => Some(f64::INFINITY),
            Some("-Infinity") => Some(f64::NEG_INFINITY),
            Some("+QNaN") => Some(f64::NAN.copysign(1.0)),
            Some("-QNaN") => Some(f64::NAN.copysign(-1.0)),
            _ => None,
        };
        let bytes = mapped.to_be_bytes();
        if let Some(special) = special {
            let found = (mapping.encode(special), mapping.decode(&bytes[8 - length..]));
            assert_eq!(found, (Some(mapped), None), "{vector}");
            continue;
        }
        assert_eq!(mapping.encode(number("x")), Some(mapped), "{vector}");
        let back = mapping.decode(&bytes[8 - length..]).unwrap();
        let expected = number("reverseResult");
        // Both compute in double precision, in another order.
        let rounding = 4.0 * f64::EPSILON * expected.abs().max(mapping.min.abs()).max(mapping.max.abs());
        assert!((back - expected).abs() <= rounding, "{back} {vector}");
    }
    assert_eq!(vectors.len(), 2128);
}

#[test]
fn codes_of_no_number_are_none() {
    let mapping = Imapb { min: -900.0, max: 19_000.0, length: 2 };
    assert_eq!(mapping.decode(&[0x00, 0x00]), Some(-900.0));
    for special in [[0xC8, 0x00], [0xE8, 0x00], [0xD0, 0x00]] {
        assert_eq!(mapping.decode(&special), None, "{special:?}");
    }
    assert_eq!(mapping.decode(&[0x00]), None);
    assert_eq!(mapping.encode(19_000.1), None);
}

fn map(extra: &Extra) -> &BTreeMap<String, Extra> {
    let Extra::Map(map) = extra else { panic!("{extra:?}") };
    map
}

fn targets(record: &Record) -> Vec<BTreeMap<String, Extra>> {
    let Extra::List(targets) = &map(&record.extras["vmti_local_set"])["targets"] else {
        panic!("{record:?}")
    };
    targets.iter().map(|target| map(target).clone()).collect()
}

#[test]
fn sets_that_stand_alone_give_their_targets_and_no_pose() {
    let Some(bytes) = reference::read("klv/st0903_vmti_5packets.bin") else { return };
    assert_eq!(sniff(&bytes), Some(Kind::Klv));
    let reading = read_file_bytes("targets.bin", &bytes).unwrap();
    assert_eq!((reading.records.len(), reading.problems.len()), (5, 0), "{:?}", reading.problems);
    for record in &reading.records {
        assert_eq!((record.checksum_ok, record.usable()), (Some(true), None));
        let set = map(&record.extras["vmti_local_set"]);
        assert_eq!(set["system_name"], Extra::Text("Example Targeting System".to_owned()));
        assert_eq!(set["source_sensor"], Extra::Text("EO Nose".to_owned()));
        let sizes = ["version", "frame_width_px", "frame_height_px"].map(|key| set[key].clone());
        assert_eq!(sizes, [4, 1000, 600].map(Extra::Integer));
        assert_eq!(targets(record).len(), 2);
    }
    let first = &targets(&reading.records[0])[0];
    // 0x05EA12 = 387602, 0x08127A = 529018 and 0x063FD6 = 409558 in a picture 1000 pixels wide; 15 percent.
    for (key, value) in [
        ("id", 0),
        ("centroid_column_px", 602),
        ("centroid_row_px", 388),
        ("box_top_left_column_px", 18),
        ("box_top_left_row_px", 530),
        ("box_bottom_right_column_px", 558),
        ("box_bottom_right_row_px", 410),
        ("confidence_percent", 15),
    ] {
        assert_eq!(first[key], Extra::Integer(value), "{key}");
    }
    let time = reading.records[0].sample.time.unwrap();
    assert_eq!(time.as_microsecond(), 0x0005_EA19_58E3_FB58);
}

/// A packet of the key with a right checksum.
fn packet(key: [u8; 16], body: &[u8]) -> Vec<u8> {
    let mut bytes = key.to_vec();
    bytes.push(0x82);
    bytes.extend(u16::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes.extend([1, 2]);
    let sum = klv::running_sum(&bytes);
    bytes.extend(sum.to_be_bytes());
    bytes
}

fn item(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(value.len()).unwrap()][..], value].concat()
}

#[test]
fn targets_inside_a_packet_are_placed_from_the_centre_of_its_picture() {
    let offset = |deg: f64| {
        let mapping = Imapb { min: -19.2, max: 19.2, length: 3 };
        mapping.encode(deg).unwrap().to_be_bytes()[5..].to_vec()
    };
    let pack = [vec![7], item(1, &[3]), item(10, &offset(0.5)), item(11, &offset(-0.25))].concat();
    let series = [&[pack.len() as u8][..], &pack].concat();
    let set = [item(4, &[5]), item(101, &series)].concat();
    let center =
        [item(23, &0x2000_0000_i32.to_be_bytes()), item(24, &0x2000_0000_i32.to_be_bytes())].concat();
    let bytes = packet(UAS_KEY, &[center, item(74, &set)].concat());
    let reading = read_file_bytes("a.klv", &bytes).unwrap();
    let record = &reading.records[0];
    assert!(record.usable().is_some(), "the rest of the packet is a pose");
    let target = &targets(record)[0];
    assert_eq!(target["centroid_pixel_number"], Extra::Integer(3), "the picture's width is not told");
    let (Extra::Real(lat), Extra::Real(lon)) = (&target["lat_deg"], &target["lon_deg"]) else { panic!() };
    assert!((lat - 23.0).abs() < 1e-5 && (lon - 44.75).abs() < 1e-5, "{lat} {lon}");
}

#[test]
fn broken_sets_name_the_target_and_keep_the_rest() {
    let pack = [vec![9], item(5, &[80]), item(10, &[1, 2])].concat();
    let series = [&[pack.len() as u8][..], &pack, &[99, 1]].concat();
    let decoded = klv::decode(&packet(VMTI_KEY, &item(101, &series))).unwrap();
    assert_eq!((decoded.checksum, decoded.sample()), (Checksum::Right, None));
    let faults: Vec<&str> = decoded.faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(
        faults,
        ["VMTI target 9: tag 10 (lat_offset_deg) takes 2 bytes", "VMTI target 1 is cut or has no length"]
    );
    assert_eq!(decoded.vmti.unwrap().targets[0]["confidence_percent"], Extra::Integer(80));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_target_reader_panic(bytes in proptest::collection::vec(0u8.., 0..120)) {
        let bytes = &bytes[..bytes.len().min(120)];
        for body in [bytes.to_vec(), item(101, bytes), item(101, &[&[bytes.len() as u8][..], bytes].concat())] {
            let decoded = klv::decode(&packet(VMTI_KEY, &body)).unwrap();
            let _ = serde_json::to_string(&Record::from_packet(&decoded, None)).unwrap();
            let _ = read_file_bytes("a", &packet(UAS_KEY, &item(74, &body)));
        }
    }
}
