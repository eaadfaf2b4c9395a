//! Stills of drones against the dump of an independent tool.

use gis::camera::{HeadingSource, PositionSource};
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight};
use pipeline::telemetry::{Extra, Sample, TelemetryError, still};
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::reference;

const PENGUIN: &str = "drone_gcp/h20t_laser_target/penguin-1";

fn dump(path: &str) -> Option<Json> {
    let text = reference::read_text(path)?;
    Some(serde_json::from_str::<Json>(&text).unwrap()[0].clone())
}

/// The dump writes signed numbers as text.
fn number(dump: &Json, key: &str) -> f64 {
    let value = &dump[key];
    value
        .as_f64()
        .unwrap_or_else(|| value.as_str().unwrap_or_else(|| panic!("{key}: {value}")).parse().unwrap())
}

fn check_angles_and_heights(sample: &Sample, dump: &Json) {
    let angles = |body: &str| Attitude {
        heading_deg: number(dump, &format!("XMP-drone-dji:{body}YawDegree")),
        pitch_deg: number(dump, &format!("XMP-drone-dji:{body}PitchDegree")),
        roll_deg: number(dump, &format!("XMP-drone-dji:{body}RollDegree")),
    };
    assert_eq!(sample.camera_absolute, Some(angles("Gimbal")));
    assert_eq!(sample.platform, Some(angles("Flight")));
    let relative = number(dump, "XMP-drone-dji:RelativeAltitude");
    assert_eq!(sample.above_takeoff, Some(AboveTakeoffHeight(relative)));
    let absolute = number(dump, "XMP-drone-dji:AbsoluteAltitude");
    assert_eq!(sample.ellipsoid_height, Some(EllipsoidHeight(absolute)), "RTK makes it ellipsoidal");
    assert_eq!(sample.unknown_datum_height_m, None);
    let sigma = ["Lon", "Lat", "Hgt"].map(|axis| number(dump, &format!("XMP-drone-dji:RtkStd{axis}")));
    assert_eq!(sample.position_sigma_m, Some(sigma));
}

#[test]
fn a_thermal_picture_with_rtk_and_laser_reads_as_dumped() {
    let Some(bytes) = reference::read(&format!("{PENGUIN}.jpg")) else { return };
    let dump = dump(&format!("{PENGUIN}.exif.json")).unwrap();
    let reading = still::read("penguin-1.jpg", &bytes).unwrap();
    assert_eq!(reading.problems, []);
    let sample = &reading.records[0].sample;
    check_angles_and_heights(sample, &dump);
    let place = sample.position.unwrap();
    assert_eq!(place.lat_deg, number(&dump, "XMP-drone-dji:GPSLatitude"));
    assert_eq!(place.lon_deg, number(&dump, "XMP-drone-dji:GPSLongitude"));
    assert_eq!(sample.focal_length_mm, Some(number(&dump, "ExifIFD:FocalLength")));
    assert_eq!(sample.focal_length_35mm_mm, Some(number(&dump, "ExifIFD:FocalLengthIn35mmFormat")));
    assert_eq!(sample.digital_zoom, Some(1.0));
    assert_eq!(sample.position_source, Some(PositionSource::RtkFixed));
    assert_eq!(sample.heading_source, Some(HeadingSource::DualAntenna), "an H20T flies on two antennas");
    assert_eq!(sample.slant_range_m, Some(32.011));
    assert_eq!(sample.local_time.unwrap().to_string(), "2024-11-06T19:40:10");
    assert_eq!(sample.time.unwrap().to_string(), "2024-11-07T03:40:10Z");
    let laser = &reading.records[0].extras["laser_target_lat_deg"];
    assert_eq!(*laser, Extra::Real(-42.936_328_9));
}

#[test]
fn pictures_stripped_of_exif_still_read_by_their_xmp() {
    for picture in ["0018", "0136", "0140", "0142"] {
        let path = format!("drone_gcp/tuniu_p4rtk_oblique/100_0005_{picture}");
        let Some(bytes) = reference::read(&format!("{path}.tif")) else { return };
        let dump = dump(&format!("{path}.exif.json")).unwrap();
        let sample = &still::read(&path, &bytes).unwrap().records[0].sample;
        check_angles_and_heights(sample, &dump);
        let place = sample.position.unwrap();
        assert_eq!(place.lat_deg, number(&dump, "XMP-drone-dji:GPSLatitude"));
        assert_eq!(place.lon_deg, number(&dump, "XMP-drone-dji:GPSLongtitude"));
        assert_eq!(sample.focal_length_mm, None, "its EXIF is gone");
        assert_eq!(sample.position_source, Some(PositionSource::RtkFixed));
        assert_eq!(sample.heading_source, None, "the model is not told, and a Phantom has one antenna");
        let lens = sample.lens.unwrap();
        assert_eq!((lens.fx_px, lens.cy_offset_px, lens.radial[2]), (3657.02, 23.1, -0.033_161_4));
        assert_eq!(lens.tangential, [0.000_924_881, 0.000_088_205_6]);
    }
}

/// A JPEG of nothing but an XMP packet.
fn jpeg(description: &str) -> Vec<u8> {
    let xml = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description xmlns:d='http://www.dji.com/drone-dji/1.0/' {description}</rdf:RDF></x:xmpmeta>"
    );
    let payload = [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), xml.as_bytes()].concat();
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1];
    bytes.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes.extend([0xFF, 0xDA, 0, 2]);
    bytes
}

#[test]
fn elements_read_as_attributes_do_and_without_rtk_the_datum_stays_open() {
    let as_attributes = "d:GpsLatitude='1.5' d:GpsLongitude='2.5' d:AbsoluteAltitude='+9.25' d:RtkFlag='0'/>";
    let as_elements = "><d:GpsLatitude>1.5</d:GpsLatitude><d:GpsLongitude>2.5</d:GpsLongitude>\
                       <d:AbsoluteAltitude>+9.25</d:AbsoluteAltitude></rdf:Description>";
    for description in [as_attributes, as_elements] {
        let sample = still::read("a.jpg", &jpeg(description)).unwrap().records[0].sample.clone();
        assert_eq!(sample.position, gis::LatLon::new(1.5, 2.5));
        assert_eq!((sample.ellipsoid_height, sample.unknown_datum_height_m), (None, Some(9.25)));
    }
}

#[test]
fn the_rtk_flag_tells_the_source_of_the_position() {
    for (flag, source) in [
        ("50", PositionSource::RtkFixed),
        ("34", PositionSource::RtkFloat),
        ("16", PositionSource::Gnss),
        ("0", PositionSource::Gnss),
    ] {
        let bytes = jpeg(&format!("d:GpsLatitude='1.5' d:GpsLongitude='2.5' d:RtkFlag='{flag}'/>"));
        let sample = still::read("a.jpg", &bytes).unwrap().records[0].sample.clone();
        assert_eq!(sample.position_source, Some(source), "{flag}");
    }
    let bytes = jpeg("d:GpsLatitude='1.5' d:GpsLongitude='2.5'/>");
    assert_eq!(still::read("a.jpg", &bytes).unwrap().records[0].sample.position_source, None);
}

#[test]
fn no_fix_is_absent_and_no_number_is_said() {
    let bytes = jpeg("d:GpsLatitude='0.0' d:GpsLongitude='0.0' d:RelativeAltitude='low'/>");
    let reading = still::read("a.jpg", &bytes).unwrap();
    assert_eq!(reading.records[0].sample.position, None);
    assert_eq!(reading.problems[0].what, "drone-dji:RelativeAltitude is \"low\", which is no number");
}

#[test]
fn pictures_of_no_drone_and_broken_xmp_say_so() {
    let plain = still::read("cat.jpg", &[0xFF, 0xD8, 0xFF, 0xDA, 0, 2]).unwrap_err();
    assert_eq!(
        plain.to_string(),
        "cat.jpg is a picture without telemetry: neither an XMP of the drone nor an EXIF position"
    );
    let Err(TelemetryError::NoTelemetry { reason, .. }) = still::read("a.jpg", &jpeg("d:a='1'></b>")) else {
        panic!("broken XMP is read")
    };
    assert!(reason.starts_with("cannot read the XMP: "), "{reason}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_picture_reader_panic(
        bytes in proptest::collection::vec(0u8.., 0..300),
        text in "[a-zA-Z0-9<>/='\" :&;#.-]{0,120}",
    ) {
        let _ = still::read("a", &bytes);
        let _ = still::read("a", &jpeg(&text));
        let _ = still::xmp::properties(text.as_bytes());
        for head in [b"II*\0\x08\0\0\0".as_slice(), b"MM\0*\0\0\0\x08", &[0xFF, 0xD8, 0xFF, 0xE1, 1, 0, 69, 120, 105, 102, 0, 0, 73, 73, 42, 0, 8, 0, 0, 0]] {
            let _ = still::read("a", &[head, &bytes].concat());
        }
    }
}
