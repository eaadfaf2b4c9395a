//! DJI subtitles of every dialect against values read by others and by eye.

use gis::{AboveTakeoffHeight, Attitude, LatLon};
use pipeline::telemetry::{Extra, Reading, Record, TelemetryError, srt};
use proptest::prelude::*;

use crate::reference;

fn read(file: &str) -> Option<Reading> {
    let bytes = reference::read(&format!("telemetry/dji_srt/{file}"))?;
    Some(srt::read(file, &bytes).unwrap())
}

fn extra(record: &Record, key: &str) -> f64 {
    match &record.extras[key] {
        Extra::Real(value) => *value,
        Extra::Integer(value) => *value as f64,
        Extra::Text(text) => text.parse().unwrap(),
        other => panic!("{key} is {other:?}"),
    }
}

/// The other parser averages three neighbours before it asserts a greatest height.
const SMOOTHING_M: f64 = 0.06;

struct First {
    file: &'static str,
    cues: usize,
    place: Option<(f64, f64)>,
    takeoff_m: Option<f64>,
    unknown_m: Option<f64>,
    focal_35mm: Option<f64>,
}

const fn first(
    file: &'static str,
    cues: usize,
    place: Option<(f64, f64)>,
    takeoff_m: Option<f64>,
    unknown_m: Option<f64>,
    focal_35mm: Option<f64>,
) -> First {
    First { file, cues, place, takeoff_m, unknown_m, focal_35mm }
}

/// First cue of every file, read by eye; the counts are those of the data's own notes.
const FIRSTS: [First; 23] = [
    first("air2s.srt", 17, Some((41.424_724, 2.234_156)), None, Some(117.0), Some(24.0)),
    first("embedder_Avata360.SRT", 0, Some((53.365_080, 6.460_739)), Some(5.4), Some(-124.744), Some(28.0)),
    first("embedder_Mini5PRO.SRT", 0, Some((53.365_108, 6.460_719)), Some(6.0), Some(-122.769), Some(24.0)),
    first("embedder_air3.SRT", 0, Some((59.1111, 18.2222)), Some(5.0), Some(105.0), None),
    first("embedder_air3S.SRT", 0, Some((34.270_373, -84.176_160)), Some(0.0), Some(302.208), Some(24.0)),
    first("embedder_avata2.SRT", 0, Some((39.906_217, 116.391_305)), None, Some(69.8), None),
    first("embedder_mini4pro.SRT", 0, Some((59.0, 18.0)), Some(1.0), Some(100.0), None),
    first("embedder_neo2.SRT", 0, Some((45.607_181, 13.753_860)), Some(0.0), Some(113.9), None),
    first("embedder_neo2_nogps.SRT", 0, None, Some(0.4), Some(269.099), None),
    first("head60k_MAVIC3.srt", 208, Some((3.41531, -3.37440)), Some(-2.4), Some(0.401), Some(24.0)),
    first("head60k_m2zoom.SRT", 204, Some((31.452_012, 74.398_751)), None, Some(213.983_002), Some(24.0)),
    first("head60k_mavic_2pro_new.SRT", 219, Some((-35.080_155, -60.286_702)), None, None, Some(28.0)),
    first("matrice_300.srt", 381, Some((36.6146, -6.1120)), Some(0.3), None, None),
    first("mavic_2_style.SRT", 468, Some((-20.2533, 149.0251)), None, None, None),
    first("mavic_air.SRT", 2, None, None, None, None),
    first("mavic_air2.srt", 25, Some((41.420_684, 2.162_162)), None, Some(27.3), Some(24.0)),
    first("mavic_mini.SRT", 117, Some((48.0771, -121.7458)), Some(200.7), None, None),
    first("mavic_pro.SRT", 468, Some((-20.2533, 149.0251)), Some(1.9), None, None),
    first("mavic_pro_buggy.SRT", 546, Some((42.4668, -1.2218)), Some(0.0), None, None),
    first("mix_p4rtk_mavic2pro.srt", 12, Some((-34.650_200, -59.409_424)), Some(17.39), None, None),
    first("old_format.SRT", 468, Some((-20.2533, 149.0251)), Some(1.9), None, None),
    first("p4_rtk.SRT", 55, Some((-34.237_922, -58.851_745)), Some(85.8), None, None),
    first("p4p_sample.SRT", 5, Some((47.4692, 8.2090)), Some(45.6), None, None),
];

#[test]
fn every_dialect_gives_its_first_position_heights_and_focal_length() {
    for expected in &FIRSTS {
        let Some(reading) = read(expected.file) else { continue };
        let file = expected.file;
        let sample = &reading.records[0].sample;
        let place = expected.place.map(|(lat_deg, lon_deg)| LatLon { lat_deg, lon_deg });
        assert_eq!(sample.position, place, "{file}");
        assert_eq!(sample.above_takeoff, expected.takeoff_m.map(AboveTakeoffHeight), "{file}");
        assert_eq!(sample.unknown_datum_height_m, expected.unknown_m, "{file}");
        assert_eq!(sample.focal_length_35mm_mm, expected.focal_35mm, "{file}");
        assert!(sample.local_time.is_some() || sample.elapsed_us.is_some(), "{file}");
        assert!(sample.time.is_none(), "{file}: a wall clock without zone is no time");
        if expected.cues > 0 {
            assert_eq!(reading.records.len(), expected.cues, "{file}");
        }
        let cut = ["head60k_MAVIC3.srt", "head60k_m2zoom.SRT", "head60k_mavic_2pro_new.SRT"].contains(&file);
        assert!(reading.problems.len() <= usize::from(cut), "{file}: {:?}", reading.problems);
    }
}

#[test]
fn every_position_of_a_dialect_stays_in_one_neighbourhood() {
    for expected in &FIRSTS {
        let (Some(reading), Some((lat, lon))) = (read(expected.file), expected.place) else { continue };
        for place in reading.records.iter().filter_map(|record| record.sample.position) {
            let far = (place.lat_deg - lat).abs() > 0.2 || (place.lon_deg - lon).abs() > 0.2;
            assert!(!far || expected.file == "mix_p4rtk_mavic2pro.srt", "{}: {place:?}", expected.file);
        }
    }
}

#[test]
fn values_asserted_by_the_other_parser_hold() {
    let Some(text) = reference::read_text("telemetry/dji_srt/expected_values.json") else { return };
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let firsts = [("fnum_first", "fnum"), ("iso_first", "iso"), ("shutter_first", "shutter")];
    let mut compared = 0;
    for (file, values) in expected.as_object().unwrap().iter().filter(|(_, values)| values.is_object()) {
        let reading = read(file).unwrap();
        for (name, key) in firsts {
            if let Some(value) = values[name].as_f64() {
                assert_close(extra(&reading.records[0], key), value, file);
                compared += 1;
            }
        }
        let highest = |of: fn(&Record) -> f64| reading.records.iter().map(of).fold(f64::MIN, f64::max);
        for name in ["barometer_max_m", "hb_max_m"] {
            if let Some(value) = values[name].as_f64() {
                let highest = highest(|record| record.sample.above_takeoff.unwrap().0);
                assert!((highest - value).abs() < SMOOTHING_M, "{file}: {highest} {value}");
                compared += 1;
            }
        }
        if let Some(value) = values["satellites_max"].as_f64() {
            assert_close(
                highest(|record| {
                    if record.extras.contains_key("satellites") { extra(record, "satellites") } else { 0.0 }
                }),
                value,
                file,
            );
            compared += 1;
        }
        if let Some(value) = values["packets"].as_u64() {
            assert_eq!(reading.records.len() as u64, value);
            compared += 1;
        }
    }
    let flight = read("mavic_pro.SRT").unwrap();
    assert_close(
        extra(&flight.records[0], "home_lat_deg"),
        expected["mavic_pro.SRT"]["home"][0].as_f64().unwrap(),
        "home",
    );
    assert_close(
        extra(&flight.records[0], "home_lon_deg"),
        expected["mavic_pro.SRT"]["home"][1].as_f64().unwrap(),
        "home",
    );
    assert_eq!(flight.records.last().unwrap().sample.elapsed_us, Some(468_000_000));
    assert_eq!(compared, 13);
}

fn assert_close(found: f64, expected: f64, of: &str) {
    assert!((found - expected).abs() < 1e-9, "{of}: {found} is not {expected}");
}

#[test]
fn gimbal_angles_are_read_where_they_are_written() {
    let Some(rtk) = read("p4_rtk.SRT") else { return };
    let sample = &rtk.records[0].sample;
    let gimbal = Attitude { heading_deg: 110.4, pitch_deg: -24.4, roll_deg: 0.0 };
    assert_eq!(sample.camera_absolute, Some(gimbal));
    assert_eq!(sample.platform, Some(Attitude { heading_deg: 110.1, pitch_deg: 2.7, roll_deg: -7.0 }));
    let avata = read("embedder_Avata360.SRT").unwrap();
    let gimbal = Attitude { heading_deg: -162.8, pitch_deg: 0.0, roll_deg: 0.0 };
    assert_eq!(avata.records[0].sample.camera_absolute, Some(gimbal));
    assert_eq!(avata.records[0].sample.digital_zoom, Some(1.0));
    assert_eq!(read("air2s.srt").unwrap().records[0].sample.camera_absolute, None);
}

#[test]
fn elapsed_time_comes_from_the_cues_and_else_from_the_wall_clock() {
    let Some(reading) = read("mix_p4rtk_mavic2pro.srt") else { return };
    assert_eq!(reading.records[0].sample.elapsed_us, Some(904_904_000));
    let bare = read("mavic_2_style.SRT").unwrap();
    let elapsed: Vec<_> = bare.records[..3].iter().map(|record| record.sample.elapsed_us.unwrap()).collect();
    assert_eq!(elapsed, [0, 1_000_000, 2_000_000]);
}

#[test]
fn broken_files_say_which_cue_is_broken() {
    let Some(bytes) = reference::read("telemetry/dji_srt/broken_empty2.SRT") else { return };
    let error = srt::read("broken_empty2.SRT", &bytes).unwrap_err();
    assert_eq!(error.to_string(), "broken_empty2.SRT is an SRT file without telemetry: it holds no cue");
    for (file, cues, last) in [
        ("broken_incomplete.SRT", 20, &["cue 20: holds no position"][..]),
        (
            "broken_incomplete2.SRT",
            6,
            &["cue 3: holds no position", "cue 6: holds only one of latitude and longitude"][..],
        ),
    ] {
        let reading = read(file).unwrap();
        assert_eq!(reading.records.len(), cues, "{file}");
        let problems: Vec<String> = reading.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, last, "{file}");
        assert_eq!(reading.records.last().unwrap().sample.position, None);
    }
}

#[test]
fn values_that_cannot_be_are_named_with_their_cue() {
    for (line, what) in [
        ("[latitude: 9x] [longitude: 2]", "cue 7: latitude is \"9x\", which is no number"),
        ("[latitude: 95.0] [longitude: 2]", "cue 7: latitude 95, longitude 2 lie off the globe"),
        ("[latitude: 9.0] [rel_alt: 2]", "cue 7: holds only one of latitude and longitude"),
        ("GPS(1.0) BAROMETER:2", "cue 7: GPS holds fewer than two numbers"),
        ("GPS(NaN,1,2) BAROMETER:2", "cue 7: GPS holds \"NaN\", which is no number"),
        (
            "[latitude: 9.0] [longitude: 2] [gb_yaw: a gb_pitch: 1]",
            "cue 7: gb_yaw is \"a\", which is no number",
        ),
        ("[latitude: 9.0] [longitude: 2] [rel_alt: inf]", "cue 7: rel_alt is \"inf\", which is no number"),
    ] {
        let text = format!("7\n00:00:01,000 --> 00:00:02,000\nISO:100 Fnum:2.2\n{line}\n");
        let reading = srt::read("a.srt", text.as_bytes()).unwrap();
        assert_eq!(reading.problems.first().map(ToString::to_string).as_deref(), Some(what));
    }
}

#[test]
fn spoken_subtitles_are_no_telemetry() {
    let text = b"1\n00:00:01,000 --> 00:00:02,000\nHello there, General.\n";
    assert!(matches!(srt::read("film.srt", text), Err(TelemetryError::NoTelemetry { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_the_subtitle_reader_panic(
        bytes in proptest::collection::vec(0u8.., 0..300),
        text in "[\\[\\]():,.0-9a-zA-Z \\-\n>/]{0,200}",
        line in r"(GPS|HOME|F\.PRY|G\.PRY|BAROMETER)?[ (:]{0,2}[-0-9.,°Mm)\[ ]{0,30}",
    ) {
        let head = "1\n00:00:01,000 --> 00:00:02,000\n";
        let _ = srt::read("a", &bytes);
        let _ = srt::read("a", format!("{head}{text}").as_bytes());
        let _ = srt::read("a", format!("{head}{line}\n{text}").as_bytes());
    }
}
