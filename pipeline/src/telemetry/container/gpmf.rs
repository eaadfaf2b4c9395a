//! GoPro's metadata format: key, type, size, repeat, nested.
//!
//! # References
//! GoPro, "GPMF Introduction" (gpmf-parser, docs/README.md): structure, `SCAL`, `TYPE`, `GPS5`, `GPS9`, `GPSU`, `GPSF`,
//! `GPSA`. The Karma's own tables repeat MAVLink messages: GLOBAL_POSITION_INT (33), ATTITUDE (30), SYSTEM_TIME (2).

use gis::{AboveTakeoffHeight, Attitude, GeoidHeight};
use jiff::Timestamp;

use super::mp4::TrackSample;
use crate::telemetry::bytes::Bytes;
use crate::telemetry::record::Record;
use crate::telemetry::sample::fix;

/// Streams lie at most this deep: device, stream.
const MAX_DEPTH: usize = 8;
/// An attitude further from a position than this is another moment's.
const ATTITUDE_WITHIN_SECS: f64 = 0.2;
/// 2000-01-01, the first day of `GPS9`, in seconds of 1970.
const YEAR_2000_SECS: f64 = 946_684_800.0;

/// Adds the records of one payload.
///
/// # Errors
/// When the payload is cut or nested too deep; what was read before is kept.
pub fn read(payload: &[u8], sample: TrackSample, records: &mut Vec<Record>) -> Result<(), String> {
    let mut streams = Vec::new();
    let outcome = collect(payload, 0, &mut streams);
    let tables = Tables::of(&streams);
    for stream in &streams {
        match &stream.data_key {
            b"GPS5" => gps5(stream, sample, records),
            b"GPS9" => gps9(stream, sample, records),
            b"GLPI" => global_position(stream, &tables, sample, records),
            _ => {}
        }
    }
    outcome
}

/// One stream: a table with the items that explain it.
#[derive(Debug, Clone, Default)]
struct Stream {
    data_key: [u8; 4],
    /// Rows of numbers, scaled.
    rows: Vec<Vec<f64>>,
    /// `GPSF`: 0 no fix, 2, 3 dimensions.
    fix: Option<f64>,
    /// `GPSU`: UTC of the payload's first row.
    time: Option<Timestamp>,
    /// `GPSA` says `MSLV`: heights are above mean sea level.
    above_sea: bool,
}

struct Item<'a> {
    key: [u8; 4],
    kind: u8,
    size: usize,
    data: &'a [u8],
}

fn collect(bytes: &[u8], depth: usize, streams: &mut Vec<Stream>) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("its items are nested deeper than {MAX_DEPTH}"));
    }
    let mut reader = Bytes::new(bytes);
    while reader.rest().len() >= 8 {
        let item = next_item(&mut reader)?;
        match (&item.key, item.kind) {
            (b"STRM", 0) => streams.push(stream(item.data)?),
            (_, 0) => collect(item.data, depth + 1, streams)?,
            _ => {}
        }
    }
    Ok(())
}

fn next_item<'a>(reader: &mut Bytes<'a>) -> Result<Item<'a>, String> {
    let cut = || "an item is cut".to_owned();
    let key: [u8; 4] = reader.array().ok_or_else(cut)?;
    let [kind, size] = reader.array().ok_or_else(cut)?;
    let repeat = usize::from(reader.u16().ok_or_else(cut)?);
    let length = usize::from(size) * repeat;
    let left = reader.rest().len();
    let name = String::from_utf8_lossy(&key).into_owned();
    let data = reader
        .take(length)
        .ok_or_else(|| format!("item {name} claims {length} bytes but only {left} are left"))?;
    let padding = length.next_multiple_of(4) - length;
    reader.take(padding.min(reader.rest().len()));
    Ok(Item { key, kind, size: usize::from(size), data })
}

/// The last item of a stream is its table; those before explain it.
fn stream(bytes: &[u8]) -> Result<Stream, String> {
    let mut stream = Stream::default();
    let (mut scale, mut types) = (Vec::new(), Vec::new());
    let mut reader = Bytes::new(bytes);
    while reader.rest().len() >= 8 {
        let item = next_item(&mut reader)?;
        match &item.key {
            b"SCAL" => scale = column(&item),
            b"TYPE" => types = item.data.iter().copied().take_while(|&kind| kind != 0).collect(),
            b"GPSF" => stream.fix = column(&item).first().copied(),
            b"GPSU" => stream.time = utc(item.data),
            b"GPSA" => stream.above_sea = item.data == b"MSLV",
            _ => {}
        }
        stream.data_key = item.key;
        stream.rows = rows(&item, &types, &scale);
    }
    Ok(stream)
}

/// `GPSU`: yymmddhhmmss.sss.
fn utc(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let part = |from: usize, to: usize| text.get(from..to);
    let date = format!("20{}-{}-{}", part(0, 2)?, part(2, 4)?, part(4, 6)?);
    format!("{date}T{}:{}:{}Z", part(6, 8)?, part(8, 10)?, text.get(10..)?).parse().ok()
}

/// Returns the numbers of a plain item.
fn column(item: &Item<'_>) -> Vec<f64> {
    let mut reader = Bytes::new(item.data);
    std::iter::from_fn(|| number(&mut reader, item.kind)).collect()
}

/// Returns the rows of a table; of a complex one (`?`) by its `TYPE`, one letter a column.
fn rows(item: &Item<'_>, types: &[u8], scale: &[f64]) -> Vec<Vec<f64>> {
    let Some(columns) = columns(item, types) else { return Vec::new() };
    let divisor = |index: usize| match scale {
        [one] => *one,
        many => many.get(index).copied().unwrap_or(1.0),
    };
    let row = |bytes: &[u8]| {
        let mut reader = Bytes::new(bytes);
        let values = columns.iter().map_while(|&kind| number(&mut reader, kind));
        values.enumerate().map(|(index, value)| value / divisor(index)).collect::<Vec<f64>>()
    };
    item.data.chunks_exact(item.size.max(1)).map(row).collect()
}

fn columns(item: &Item<'_>, types: &[u8]) -> Option<Vec<u8>> {
    if item.kind == b'?' {
        return Some(types.to_vec());
    }
    let width = width(item.kind)?;
    Some(vec![item.kind; item.size / width])
}

fn width(kind: u8) -> Option<usize> {
    Some(match kind {
        b'b' | b'B' => 1,
        b's' | b'S' => 2,
        b'l' | b'L' | b'f' => 4,
        b'd' | b'j' | b'J' => 8,
        _ => return None,
    })
}

/// Takes one number of a type; other types end the row.
fn number(reader: &mut Bytes<'_>, kind: u8) -> Option<f64> {
    Some(match kind {
        b'b' => f64::from(reader.u8()? as i8),
        b'B' => f64::from(reader.u8()?),
        b's' => f64::from(reader.u16()? as i16),
        b'S' => f64::from(reader.u16()?),
        b'l' => f64::from(reader.u32()? as i32),
        b'L' => f64::from(reader.u32()?),
        b'f' => f64::from(f32::from_bits(reader.u32()?)),
        b'd' => f64::from_bits(reader.u64()?),
        b'j' => reader.u64()? as i64 as f64,
        b'J' => reader.u64()? as f64,
        _ => return None,
    })
}

/// Latitude, longitude, altitude, ground speed, speed: one row a fix, spread over the payload.
fn gps5(stream: &Stream, sample: TrackSample, records: &mut Vec<Record>) {
    let count = stream.rows.len();
    for (index, row) in stream.rows.iter().enumerate() {
        let [lat, lon, height_m, ..] = row.as_slice() else { continue };
        let elapsed_us = sample.entry_us(index, count);
        let since_first = elapsed_us - sample.start_us;
        let time = stream.time.and_then(|time| {
            Timestamp::from_microsecond(time.as_microsecond().saturating_add(since_first)).ok()
        });
        let mut record = placed(*lat, *lon, stream.fix, elapsed_us);
        record.sample.time = time;
        put_height(&mut record, *height_m, stream.above_sea);
        records.push(record);
    }
}

/// As `GPS5`, with days since 2000, seconds of the day, dilution of precision and fix behind.
fn gps9(stream: &Stream, sample: TrackSample, records: &mut Vec<Record>) {
    let count = stream.rows.len();
    for (index, row) in stream.rows.iter().enumerate() {
        let [lat, lon, height_m, _, _, days, secs, _, fix] = row.as_slice() else { continue };
        let mut record = placed(*lat, *lon, Some(*fix), sample.entry_us(index, count));
        record.sample.time = timestamp(f64::mul_add(*days, 86_400.0, *secs) + YEAR_2000_SECS);
        put_height(&mut record, *height_m, stream.above_sea);
        records.push(record);
    }
}

fn placed(lat_deg: f64, lon_deg: f64, quality: Option<f64>, elapsed_us: i64) -> Record {
    let mut record = Record::default();
    let has_fix = quality.is_none_or(|dimensions| dimensions >= 2.0);
    record.sample.position = fix(lat_deg, lon_deg).filter(|_| has_fix);
    record.sample.elapsed_us = Some(elapsed_us);
    record
}

fn put_height(record: &mut Record, height_m: f64, above_sea: bool) {
    if record.sample.position.is_none() {
        return;
    }
    if above_sea {
        record.sample.geoid_height = Some(GeoidHeight(height_m));
    } else {
        record.sample.unknown_datum_height_m = Some(height_m);
    }
}

/// The Karma's tables beside its positions.
struct Tables {
    /// Seconds since the drone started, roll, pitch, yaw in radians.
    attitudes: Vec<(f64, [f64; 3])>,
    /// Seconds since the drone started, seconds since 1970.
    clock: Option<(f64, f64)>,
}

impl Tables {
    fn of(streams: &[Stream]) -> Self {
        let rows = |key: &'static [u8; 4]| {
            streams.iter().filter(move |stream| &stream.data_key == key).flat_map(|stream| &stream.rows)
        };
        let attitudes = rows(b"ATTD").filter_map(|row| match row.as_slice() {
            [secs, roll, pitch, yaw, ..] => Some((*secs, [*roll, *pitch, *yaw])),
            _ => None,
        });
        let clock = rows(b"SYST").find_map(|row| match row.as_slice() {
            [started, unix] if *unix > YEAR_2000_SECS => Some((*started, *unix)),
            _ => None,
        });
        Self { attitudes: attitudes.collect(), clock }
    }

    fn attitude(&self, secs: f64) -> Option<Attitude> {
        let away = |other: &(f64, [f64; 3])| (other.0 - secs).abs();
        let nearest = self.attitudes.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
        let [roll, pitch, yaw] = nearest.1.map(f64::to_degrees);
        let angles = Attitude { heading_deg: yaw.rem_euclid(360.0), pitch_deg: pitch, roll_deg: roll };
        (away(nearest) <= ATTITUDE_WITHIN_SECS).then_some(angles)
    }

    fn time(&self, secs: f64) -> Option<Timestamp> {
        let (started, unix) = self.clock?;
        timestamp(unix + (secs - started))
    }
}

/// Seconds since the start, latitude, longitude, height above mean sea level, height above take-off, velocities.
fn global_position(stream: &Stream, tables: &Tables, sample: TrackSample, records: &mut Vec<Record>) {
    let count = stream.rows.len();
    for (index, row) in stream.rows.iter().enumerate() {
        let [secs, lat, lon, above_sea_m, above_takeoff_m, ..] = row.as_slice() else { continue };
        let mut record = placed(*lat, *lon, None, sample.entry_us(index, count));
        if record.sample.position.is_some() {
            record.sample.geoid_height = Some(GeoidHeight(*above_sea_m));
            record.sample.above_takeoff = Some(AboveTakeoffHeight(*above_takeoff_m));
        }
        record.sample.platform = tables.attitude(*secs);
        record.sample.time = tables.time(*secs);
        records.push(record);
    }
}

fn timestamp(unix_secs: f64) -> Option<Timestamp> {
    let micros = unix_secs * 1e6;
    micros.is_finite().then(|| Timestamp::from_microsecond(micros.round() as i64).ok()).flatten()
}
