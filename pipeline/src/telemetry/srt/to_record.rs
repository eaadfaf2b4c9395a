//! From the fields of a cue to a record.

use gis::{AboveTakeoffHeight, Attitude, LatLon};

use super::cues::Cue;
use super::fields::Fields;
use super::{clock, gps};
use crate::telemetry::error::Problem;
use crate::telemetry::record::{Extra, Record};

/// Whole stops from here on are hundredths: no lens has f/64 while `fnum : 170` is f/1.7.
const STOPS_IN_HUNDREDTHS_FROM: f64 = 64.0;
/// Whole zoom ratios from here on are ten thousandths.
const ZOOM_IN_TEN_THOUSANDTHS_FROM: f64 = 1000.0;

const PLAIN_EXTRAS: [(&str, &[&str]); 6] = [
    ("iso", &["iso"]),
    ("ev", &["ev"]),
    ("color_temperature_kelvin", &["ct"]),
    ("distance_home_m", &["d"]),
    ("horizontal_speed_m_per_s", &["h.s"]),
    ("vertical_speed_m_per_s", &["v.s"]),
];

/// What a cue says.
pub struct Parsed {
    /// As a record.
    pub record: Record,
    /// Whether it writes a position at all, be it 0/0.
    pub writes_position: bool,
}

/// Returns what a cue says; adds to `problems` every value that cannot be read.
pub fn record(cue: &Cue<'_>, problems: &mut Vec<Problem>) -> Parsed {
    let mut fields = Fields::default();
    for line in &cue.lines {
        fields.add_line(line);
    }
    let mut record = Record::default();
    let mut note = |what: String| problems.push(Problem::in_cue(cue.number, what));
    record.sample.elapsed_us = cue.start_us;
    record.sample.local_time = cue.lines.iter().find_map(|line| clock::local_time(line));
    put_position(&mut record, &fields).unwrap_or_else(&mut note);
    put_heights(&mut record, &fields).unwrap_or_else(&mut note);
    put_attitudes(&mut record, &fields).unwrap_or_else(&mut note);
    put_lens(&mut record, &fields).unwrap_or_else(&mut note);
    put_extras(&mut record, &fields);
    let names = ["gps", "latitude", "longitude", "longtitude"];
    Parsed { record, writes_position: fields.text(&names).is_some() }
}

fn put_position(record: &mut Record, fields: &Fields<'_>) -> Result<(), String> {
    if let Some(inside) = fields.text(&["gps"]) {
        let found = gps::read(inside)?;
        record.sample.position = found.position;
        record.sample.unknown_datum_height_m = found.height_m;
        if let Some(satellites) = found.satellites {
            record.note("satellites", Extra::Integer(satellites));
        }
        if let Some(home) = fields.text(&["home"])
            && let Some(LatLon { lat_deg, lon_deg }) = gps::read_home(home, found.order)?
        {
            record.note("home_lat_deg", Extra::Real(lat_deg));
            record.note("home_lon_deg", Extra::Real(lon_deg));
        }
    }
    // "longtitude" is how older firmware spells it.
    let lat = number(fields, &["latitude"])?;
    let lon = number(fields, &["longitude", "longtitude"])?;
    match (lat, lon) {
        (Some(lat_deg), Some(lon_deg)) => record.sample.position = gps::position(lat_deg, lon_deg)?,
        (None, None) => {}
        _ => return Err("holds only one of latitude and longitude".to_owned()),
    }
    Ok(())
}

fn put_heights(record: &mut Record, fields: &Fields<'_>) -> Result<(), String> {
    let above = number(fields, &["rel_alt"])?
        .or(barometer(fields)?)
        .or(number(fields, &["hb"])?)
        .or(number(fields, &["h"])?);
    record.sample.above_takeoff = above.map(AboveTakeoffHeight);
    let absolute = number(fields, &["abs_alt", "altitude"])?;
    record.sample.unknown_datum_height_m = absolute.or(record.sample.unknown_datum_height_m);
    Ok(())
}

/// The height of `BAROMETER:1.9`. That of `BAROMETER(91.2)` has no known zero and is left out.
fn barometer(fields: &Fields<'_>) -> Result<Option<f64>, String> {
    if fields.is_call("barometer") { Ok(None) } else { number(fields, &["barometer"]) }
}

fn put_attitudes(record: &mut Record, fields: &Fields<'_>) -> Result<(), String> {
    let yaw = number(fields, &["gb_yaw"])?;
    let pitch = number(fields, &["gb_pitch"])?;
    let roll = number(fields, &["gb_roll"])?;
    let brackets = match (yaw, pitch) {
        (Some(heading_deg), Some(pitch_deg)) => {
            Some(Attitude { heading_deg, pitch_deg, roll_deg: roll.unwrap_or(0.0) })
        }
        _ => None,
    };
    record.sample.camera_absolute = brackets.or(pitch_roll_yaw(fields, "g.pry")?);
    record.sample.platform = pitch_roll_yaw(fields, "f.pry")?;
    Ok(())
}

/// `G.PRY (-24.4°, 0.0°, 110.4°)`: pitch, roll, yaw.
fn pitch_roll_yaw(fields: &Fields<'_>, name: &str) -> Result<Option<Attitude>, String> {
    let Some(inside) = fields.text(&[name]) else { return Ok(None) };
    let mut angles = inside.split(',').map(|text| parse(name, text.trim().trim_end_matches('°')));
    let mut next = || angles.next().ok_or_else(|| format!("{name} holds {inside:?}, not three angles"))?;
    let (pitch_deg, roll_deg, heading_deg) = (next()?, next()?, next()?);
    Ok(Some(Attitude { heading_deg, pitch_deg, roll_deg }))
}

fn put_lens(record: &mut Record, fields: &Fields<'_>) -> Result<(), String> {
    if let Some(focal) = number(fields, &["focal_len"])? {
        let in_tenths = fields.text(&["focal_len"]).is_some_and(|text| !text.contains('.'));
        record.sample.focal_length_35mm_mm = Some(if in_tenths { focal / 10.0 } else { focal });
    }
    if let Some(zoom) = number(fields, &["dzoom_ratio"])? {
        let scaled = zoom >= ZOOM_IN_TEN_THOUSANDTHS_FROM;
        record.sample.digital_zoom = Some(if scaled { zoom / 10_000.0 } else { zoom });
    }
    Ok(())
}

fn put_extras(record: &mut Record, fields: &Fields<'_>) {
    for (key, names) in PLAIN_EXTRAS {
        if let Ok(Some(value)) = number(fields, names) {
            record.note(key, Extra::Real(value));
        }
    }
    let stop = fields.text(&["fnum", "ir"]).and_then(|text| parse("fnum", text.trim_start_matches('F')).ok());
    if let Some(stop) = stop {
        let in_hundredths = stop >= STOPS_IN_HUNDREDTHS_FROM;
        record.note("fnum", Extra::Real(if in_hundredths { stop / 100.0 } else { stop }));
    }
    for (key, names) in
        [("shutter", ["shutter", "tv", "ss"]), ("frame_count", ["framecnt", "srtcnt", "srtcnt"])]
    {
        if let Some(text) = fields.text(&names) {
            record.note(key, Extra::Text(text.to_owned()));
        }
    }
}

/// Returns the number of a field without its unit; `n/a` is absent.
fn number(fields: &Fields<'_>, names: &[&str]) -> Result<Option<f64>, String> {
    let Some(text) = fields.text(names) else { return Ok(None) };
    if text.eq_ignore_ascii_case("n/a") {
        return Ok(None);
    }
    let name = names.first().copied().unwrap_or_default();
    parse(name, text).map(Some)
}

fn parse(name: &str, text: &str) -> Result<f64, String> {
    let bare = text.trim_end_matches("m/s").trim_end_matches(['m', 'M']);
    bare.parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| format!("{name} is {text:?}, which is no number"))
}
