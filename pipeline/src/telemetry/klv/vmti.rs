//! MISB ST 0903: targets that the sensor itself sees in its picture, alone or inside tag 74 of ST 0601.
//!
//! | not supported | what happens |
//! | --- | --- |
//! | masks, features, tracks, chips, objects (tags 101 to 107 of a target) | length reported |
//! | series of algorithms and ontologies (102, 103) | length reported |
//! | contours and covariances of places | skipped |
//!
//! Pixels are numbered along the rows from 1 at the upper left; columns and rows are from 1 as well.
//!
//! # References
//! MISB ST 0903, local sets VMTI and VTarget; ST 1201 for mapped numbers.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Fault;
use super::ber::{take_length, take_tag};
use super::imapb::Imapb;
use crate::telemetry::bytes::{Bytes, unsigned};
use crate::telemetry::record::Extra;

use Coding::{Mapped, Pixel, Set, Text, Whole};

const TIME: u32 = 2;
const FRAME_WIDTH: u32 = 8;
const TARGETS: u32 = 101;
const LOCATION: u32 = 17;

const ANGLE: Coding = Mapped(Imapb { min: 0.0, max: 180.0, length: 2 });
const OFFSET: Coding = Mapped(Imapb { min: -19.2, max: 19.2, length: 3 });
const HEIGHT: Imapb = Imapb { min: -900.0, max: 19_000.0, length: 2 };
const LAT: Imapb = Imapb { min: -90.0, max: 90.0, length: 4 };
const LON: Imapb = Imapb { min: -180.0, max: 180.0, length: 4 };

/// What a VMTI local set says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vmti {
    /// Time stamp of the picture.
    pub time: Option<Timestamp>,
    /// What it says of the picture and the system, by key with unit.
    pub values: BTreeMap<String, Extra>,
    /// Its targets, by key with unit.
    pub targets: Vec<BTreeMap<String, Extra>>,
    /// What was wrong inside, by offset in the set's body.
    pub faults: Vec<Fault>,
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    Text,
    /// Unsigned, of any length up to 8.
    Whole,
    /// Number of a pixel.
    Pixel,
    Mapped(Imapb),
    /// A set that is not opened.
    Set,
}

type Tag = (u32, &'static str, Coding);

const SET_TAGS: [Tag; 13] = [
    (3, "system_name", Text),
    (4, "version", Whole),
    (5, "targets_detected", Whole),
    (6, "targets_reported", Whole),
    (7, "frame_number", Whole),
    (FRAME_WIDTH, "frame_width_px", Whole),
    (9, "frame_height_px", Whole),
    (10, "source_sensor", Text),
    (11, "hfov_deg", ANGLE),
    (12, "vfov_deg", ANGLE),
    (13, "miis_core_identifier", Set),
    (102, "algorithm_series", Set),
    (103, "ontology_series", Set),
];

const TARGET_TAGS: [Tag; 28] = [
    (1, "centroid", Pixel),
    (2, "box_top_left", Pixel),
    (3, "box_bottom_right", Pixel),
    (4, "priority", Whole),
    (5, "confidence_percent", Whole),
    (6, "history", Whole),
    (7, "target_share_percent", Whole),
    (8, "color_rgb", Whole),
    (9, "intensity", Whole),
    (10, "lat_offset_deg", OFFSET),
    (11, "lon_offset_deg", OFFSET),
    (12, "ellipsoid_height_m", Mapped(HEIGHT)),
    (13, "box_top_left_lat_offset_deg", OFFSET),
    (14, "box_top_left_lon_offset_deg", OFFSET),
    (15, "box_bottom_right_lat_offset_deg", OFFSET),
    (16, "box_bottom_right_lon_offset_deg", OFFSET),
    (19, "centroid_row_px", Whole),
    (20, "centroid_column_px", Whole),
    (21, "focal_plane_array", Whole),
    (22, "algorithm", Whole),
    (101, "mask", Set),
    (102, "object", Set),
    (103, "feature", Set),
    (104, "tracker", Set),
    (105, "chip", Set),
    (106, "chip_series", Set),
    (107, "object_series", Set),
    (18, "contour_series", Set),
];

/// Decodes the body of a local set.
pub fn decode(body: &[u8]) -> Vmti {
    let mut vmti = Vmti::default();
    let mut series = None;
    let mut width_px = None;
    each_item(body, |offset, number, value| match number {
        TIME => {
            let micros = unsigned(value).and_then(|micros| i64::try_from(micros).ok());
            vmti.time = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
            vmti.time
                .map(|_| ())
                .ok_or_else(|| format!("VMTI tag 2 takes {} bytes or is no time", value.len()))
        }
        TARGETS => {
            series = Some((offset, value));
            Ok(())
        }
        _ => {
            if number == FRAME_WIDTH {
                width_px = unsigned(value).filter(|&width| width > 0);
            }
            put(&SET_TAGS, number, value, None, &mut vmti.values)
        }
    })
    .unwrap_or_else(|fault| vmti.faults.extend(fault));
    if let Some((offset, value)) = series {
        read_series(offset, value, width_px, &mut vmti);
    }
    vmti
}

/// Calls for each tag, length and value with the offset of its value; gathers what is wrong.
fn each_item<'a>(
    body: &'a [u8],
    mut take: impl FnMut(usize, u32, &'a [u8]) -> Result<(), String>,
) -> Result<(), Vec<Fault>> {
    let mut items = Bytes::new(body);
    let mut faults = Vec::new();
    while !items.is_empty() {
        let offset = items.position();
        match super::take_item(&mut items) {
            Ok((number, value)) => {
                let value_offset = items.position() - value.len();
                faults.extend(take(value_offset, number, value).err().map(|what| Fault { offset, what }));
            }
            Err(what) => {
                faults.push(Fault { offset, what });
                break;
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Targets one after another, each with its length before it and its number first.
fn read_series(offset: usize, series: &[u8], width_px: Option<u64>, vmti: &mut Vmti) {
    let mut packs = Bytes::new(series);
    while !packs.is_empty() {
        let at = offset + packs.position();
        let length = take_length(&mut packs).ok().and_then(|length| usize::try_from(length).ok());
        let Some(pack) = length.and_then(|length| packs.take(length)) else {
            let what = format!("VMTI target {} is cut or has no length", vmti.targets.len());
            vmti.faults.push(Fault { offset: at, what });
            return;
        };
        match read_target(pack, width_px, &mut vmti.faults, at) {
            Some(target) => vmti.targets.push(target),
            None => {
                vmti.faults.push(Fault { offset: at, what: "a VMTI target has no number".to_owned() });
            }
        }
    }
}

fn read_target(
    pack: &[u8],
    width_px: Option<u64>,
    faults: &mut Vec<Fault>,
    at: usize,
) -> Option<BTreeMap<String, Extra>> {
    let mut bytes = Bytes::new(pack);
    let id = take_tag(&mut bytes).ok()?;
    let mut target = BTreeMap::from([("id".to_owned(), Extra::Integer(i64::from(id)))]);
    let outcome = each_item(bytes.rest(), |_, number, value| {
        if number == LOCATION {
            return put_location(value, &mut target);
        }
        put(&TARGET_TAGS, number, value, width_px, &mut target)
    });
    let inside = outcome.err().into_iter().flatten();
    faults
        .extend(inside.map(|fault| Fault { offset: at, what: format!("VMTI target {id}: {}", fault.what) }));
    Some(target)
}

/// Puts a value under its key; unknown tags and empty values are skipped.
fn put(
    tags: &[Tag],
    number: u32,
    value: &[u8],
    width_px: Option<u64>,
    to: &mut BTreeMap<String, Extra>,
) -> Result<(), String> {
    let Some((_, key, coding)) = tags.iter().find(|(known, _, _)| *known == number) else { return Ok(()) };
    if value.is_empty() {
        return Ok(());
    }
    let wrong = || format!("tag {number} ({key}) takes {} bytes", value.len());
    match coding {
        Text => {
            let text = String::from_utf8_lossy(value).trim_end_matches('\0').to_owned();
            to.insert((*key).to_owned(), Extra::Text(text));
        }
        Set => {
            to.insert((*key).to_owned(), Extra::Text(format!("{} bytes", value.len())));
        }
        Whole => {
            let whole = unsigned(value).and_then(|whole| i64::try_from(whole).ok()).ok_or_else(wrong)?;
            to.insert((*key).to_owned(), Extra::Integer(whole));
        }
        Pixel => put_pixel(key, unsigned(value).ok_or_else(wrong)?, width_px, to),
        Mapped(mapping) => {
            if value.len() != mapping.length {
                return Err(wrong());
            }
            to.insert((*key).to_owned(), mapping.decode(value).map_or(Extra::Absent, Extra::Real));
        }
    }
    Ok(())
}

/// A pixel by its column and row where the width of the picture is known, else by its number.
fn put_pixel(key: &str, number: u64, width_px: Option<u64>, to: &mut BTreeMap<String, Extra>) {
    let whole = |value: u64| i64::try_from(value).map_or(Extra::Absent, Extra::Integer);
    match (number.checked_sub(1), width_px) {
        (Some(index), Some(width)) => {
            to.insert(format!("{key}_column_px"), whole(index % width + 1));
            to.insert(format!("{key}_row_px"), whole(index / width + 1));
        }
        _ => {
            to.insert(format!("{key}_pixel_number"), whole(number));
        }
    }
}

/// Latitude, longitude and height above the ellipsoid; what follows them is skipped.
fn put_location(value: &[u8], to: &mut BTreeMap<String, Extra>) -> Result<(), String> {
    let mut bytes = Bytes::new(value);
    for (key, mapping) in [("lat_deg", LAT), ("lon_deg", LON), ("ellipsoid_height_m", HEIGHT)] {
        let part = bytes.take(mapping.length);
        let part = part.ok_or_else(|| format!("tag {LOCATION} (location) takes {} bytes", value.len()))?;
        to.insert(key.to_owned(), mapping.decode(part).map_or(Extra::Absent, Extra::Real));
    }
    Ok(())
}
