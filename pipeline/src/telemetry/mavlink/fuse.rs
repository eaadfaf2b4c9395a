//! One record a position, with what the other messages say of its moment.

use gis::camera::PositionSource;
use gis::{AboveTakeoffHeight, EllipsoidHeight, GeoidHeight, LatLon};
use jiff::Timestamp;
use mavlink::dialects::common::{CAMERA_IMAGE_CAPTURED_DATA, GPS_RAW_INT_DATA, GpsFixType};

use super::collect::{At, Messages, Moment};
use crate::poses::{PoseConfig, PoseTrack};
use crate::telemetry::record::{Extra, Record};
use crate::telemetry::sample::{Sample, attitude_of_quaternion, fix};

/// How far an attitude may lie from the position it is put beside, microseconds.
const ATTITUDE_WITHIN_US: i64 = 1_000_000;
/// How far a fix may lie from the position it speaks for, microseconds.
const FIX_WITHIN_US: i64 = 2_000_000;
/// What a heading is when it is not known.
const NO_HEADING: u16 = u16::MAX;

/// Returns the records in order of time.
pub fn records(messages: &Messages) -> Vec<Record> {
    let fuser = Fuser::new(messages);
    let fused = messages.positions.iter().map(|at| {
        let said = &at.said;
        let mut record = fuser.record(at.moment);
        record.sample.position = degrees(said.lat, said.lon);
        // Without a place the height above sea level is a zero that nobody set.
        let height = GeoidHeight(metres(said.alt));
        record.sample.geoid_height = record.sample.position.map(|_| height);
        record.sample.above_takeoff = Some(AboveTakeoffHeight(metres(said.relative_alt)));
        if said.hdg != NO_HEADING && record.sample.platform.is_none() {
            record.note("vehicle_heading_deg", Extra::Real(f64::from(said.hdg) / 100.0));
        }
        (at.moment, record)
    });
    let mut records: Vec<(Moment, Record)> = fused.collect();
    if records.is_empty() {
        records.extend(messages.fixes.iter().filter_map(|at| fuser.of_fix(at)));
    }
    records.extend(messages.images.iter().map(|at| fuser.of_image(at)));
    for (moment, record) in &mut records {
        fuser.put_ellipsoid_height(*moment, record);
    }
    records.sort_by_key(|(moment, _)| moment.line_us);
    records.into_iter().map(|(_, record)| record).collect()
}

struct Fuser<'a> {
    messages: &'a Messages,
    attitudes: PoseTrack,
    gimbals: PoseTrack,
}

impl<'a> Fuser<'a> {
    fn new(messages: &'a Messages) -> Self {
        let config = PoseConfig { max_age_us: ATTITUDE_WITHIN_US, capacity: usize::MAX };
        let (mut attitudes, mut gimbals) = (PoseTrack::new(config), PoseTrack::new(config));
        for at in &messages.attitudes {
            attitudes.push(at.moment.line_us, Sample { platform: Some(at.said), ..Sample::default() });
        }
        // The best kind of message there is, of the first gimbal that sends it.
        let first =
            messages.gimbals.iter().min_by_key(|at| at.said.told).map(|at| (at.said.told, at.said.id));
        for at in messages.gimbals.iter().filter(|at| Some((at.said.told, at.said.id)) == first) {
            let heading = platform(&attitudes, at.moment).map(|attitude| attitude.heading_deg);
            let camera_absolute = at.said.absolute(heading);
            gimbals.push(at.moment.line_us, Sample { camera_absolute, ..Sample::default() });
        }
        Self { messages, attitudes, gimbals }
    }

    /// Everything but the position.
    fn record(&self, moment: Moment) -> Record {
        let mut record = Record::default();
        let sample = &mut record.sample;
        sample.platform = platform(&self.attitudes, moment);
        let gimbal = self.gimbals.settle(moment.line_us);
        sample.camera_absolute = gimbal.sample().and_then(|sample| sample.camera_absolute);
        if let Some(field) = last(&self.messages.fields_of_view, moment) {
            let angle = |deg: f32| Some(f64::from(deg)).filter(|deg| *deg > 0.0 && *deg < 180.0);
            (sample.hfov_deg, sample.vfov_deg) = (angle(field.hfov), angle(field.vfov));
        }
        self.put_time(moment, &mut record);
        if let Some(at) = self.fix_at(moment) {
            put_fix(&at.said, &mut record);
        }
        if let Some(heading) = last(&self.messages.panel_headings, moment) {
            record.note("vfr_hud_heading_deg", Extra::Integer(i64::from(*heading)));
        }
        record
    }

    fn put_time(&self, moment: Moment, record: &mut Record) {
        record.note("boot_time_us", Extra::Integer(moment.boot_us));
        let own = sides(&self.messages.clock, moment).find(|at| at.moment.start == moment.start);
        let own = own.map(|at| at.said.saturating_add(moment.line_us).saturating_sub(at.moment.line_us));
        let (micros, origin) = match (own, moment.stamp_us) {
            (Some(micros), _) => (micros, "system_time"),
            (None, Some(micros)) => (micros, "ground_station"),
            (None, None) => return,
        };
        record.sample.time = Timestamp::from_microsecond(micros).ok();
        record.note("time_origin", Extra::Text(origin.to_owned()));
    }

    fn fix_at(&self, moment: Moment) -> Option<&'a At<GPS_RAW_INT_DATA>> {
        let is_near = |at: &&At<_>| (at.moment.line_us - moment.line_us).abs() <= FIX_WITHIN_US;
        sides(&self.messages.fixes, moment).find(is_near)
    }

    /// The receiver tells both heights, so it tells the geoid; the fused height is put on the ellipsoid with that.
    fn put_ellipsoid_height(&self, moment: Moment, record: &mut Record) {
        let Some(at) = self.fix_at(moment) else { return };
        let (Some(fused), true) = (record.sample.geoid_height, has_height(&at.said)) else { return };
        // Receivers and simulators without a geoid leave out one height or write the same twice.
        if ![0, at.said.alt].contains(&at.said.alt_ellipsoid) {
            let undulation_m = metres(at.said.alt_ellipsoid) - metres(at.said.alt);
            record.sample.ellipsoid_height = Some(EllipsoidHeight(fused.0 + undulation_m));
            record.note("geoid_undulation_m", Extra::Real(undulation_m));
        }
    }

    fn of_fix(&self, at: &At<GPS_RAW_INT_DATA>) -> Option<(Moment, Record)> {
        let mut record = self.record(at.moment);
        record.sample.position = Some(degrees(at.said.lat, at.said.lon).filter(|_| has_fix(&at.said))?);
        record.sample.geoid_height = has_height(&at.said).then(|| GeoidHeight(metres(at.said.alt)));
        Some((at.moment, record))
    }

    fn of_image(&self, at: &At<CAMERA_IMAGE_CAPTURED_DATA>) -> (Moment, Record) {
        let said = &at.said;
        let mut record = self.record(at.moment);
        record.sample.position = degrees(said.lat, said.lon);
        record.sample.geoid_height = Some(GeoidHeight(metres(said.alt)));
        let own = attitude_of_quaternion(said.q.map(f64::from));
        record.sample.camera_absolute = own.or(record.sample.camera_absolute);
        if let Some(time) = i64::try_from(said.time_utc).ok().filter(|&micros| micros > 0) {
            record.sample.time = Timestamp::from_microsecond(time).ok();
            record.note("time_origin", Extra::Text("camera".to_owned()));
        }
        record.note("image_index", Extra::Integer(i64::from(said.image_index)));
        record.note("image_above_ground_m", Extra::Real(metres(said.relative_alt)));
        if let Ok(url) = said.file_url.to_str() {
            record.note("image_file", Extra::Text(url.to_owned()));
        }
        (at.moment, record)
    }
}

fn platform(attitudes: &PoseTrack, moment: Moment) -> Option<gis::Attitude> {
    attitudes.settle(moment.line_us).sample().and_then(|sample| sample.platform)
}

/// Returns what was said last at or before a moment.
fn last<T>(said: &[At<T>], moment: Moment) -> Option<&T> {
    sides(said, moment).find(|at| at.moment.line_us <= moment.line_us).map(|at| &at.said)
}

/// Returns what was said last at or before a moment, then what was said first after it.
fn sides<T>(said: &[At<T>], moment: Moment) -> impl Iterator<Item = &At<T>> {
    let behind = said.partition_point(|at| at.moment.line_us <= moment.line_us);
    [behind.checked_sub(1).and_then(|index| said.get(index)), said.get(behind)].into_iter().flatten()
}

fn has_fix(fix: &GPS_RAW_INT_DATA) -> bool {
    fix.fix_type as u8 >= GpsFixType::GPS_FIX_TYPE_2D_FIX as u8
}

fn has_height(fix: &GPS_RAW_INT_DATA) -> bool {
    fix.fix_type as u8 >= GpsFixType::GPS_FIX_TYPE_3D_FIX as u8
}

/// The stated accuracy is horizontal as a whole; each axis gets all of it, since how it is shared is not told.
fn put_fix(fix: &GPS_RAW_INT_DATA, record: &mut Record) {
    let known = |millimetres: u32| {
        Some(f64::from(millimetres) / 1000.0).filter(|_| ![0, u32::MAX].contains(&millimetres))
    };
    let sigma = known(fix.h_acc).zip(known(fix.v_acc)).map(|(level_m, up_m)| [level_m, level_m, up_m]);
    record.sample.position_sigma_m = sigma.filter(|_| has_fix(fix));
    record.sample.position_source = match fix.fix_type {
        GpsFixType::GPS_FIX_TYPE_RTK_FIXED => Some(PositionSource::RtkFixed),
        GpsFixType::GPS_FIX_TYPE_RTK_FLOAT => Some(PositionSource::RtkFloat),
        _ if has_fix(fix) => Some(PositionSource::Gnss),
        _ => None,
    };
    record.note("gps_fix_type_code", Extra::Integer(i64::from(fix.fix_type as u8)));
    if fix.satellites_visible != u8::MAX {
        record.note("satellites", Extra::Integer(i64::from(fix.satellites_visible)));
    }
}

/// Degrees times ten million.
fn degrees(lat: i32, lon: i32) -> Option<LatLon> {
    fix(f64::from(lat) / 1e7, f64::from(lon) / 1e7)
}

fn metres(millimetres: i32) -> f64 {
    f64::from(millimetres) / 1000.0
}
