//! Sorts the messages of one vehicle by what they speak of, on one time line.

use std::collections::BTreeMap;

use gis::Attitude;
use mavlink::dialects::common::{
    CAMERA_FOV_STATUS_DATA, CAMERA_IMAGE_CAPTURED_DATA, GLOBAL_POSITION_INT_DATA, GPS_RAW_INT_DATA,
    MavMessage,
};

use super::frames::{Frame, Scan};
use super::gimbal::{self, Gimbal};
use crate::telemetry::error::Problem;
use crate::telemetry::sample::{attitude_of_quaternion, attitude_of_radians};

const GLOBAL_POSITION_INT: u32 = 33;
const GPS_RAW_INT: u32 = 24;
/// The messages that are decoded: SYSTEM_TIME, GPS_RAW_INT, ATTITUDE, ATTITUDE_QUATERNION, GLOBAL_POSITION_INT, VFR_HUD,
/// CAMERA_IMAGE_CAPTURED, MOUNT_ORIENTATION, CAMERA_FOV_STATUS, GIMBAL_DEVICE_ATTITUDE_STATUS.
const WANTED: [u32; 10] = [2, GPS_RAW_INT, 30, 31, GLOBAL_POSITION_INT, 74, 263, 265, 271, 285];
/// A clock that goes back by more than this was started anew.
const RESTART_US: i64 = 5_000_000;
/// Put between two starts on the time line, so that nothing is interpolated across.
const BETWEEN_STARTS_US: i64 = 1_000_000_000;
/// Earliest time a vehicle's clock may tell, 2001-09-09: before it has a fix it counts from 1970.
const EARLIEST_UNIX_US: u64 = 1_000_000_000_000_000;

/// A message's place in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// On the time line of the log, microseconds.
    pub line_us: i64,
    /// Since the vehicle's start, microseconds.
    pub boot_us: i64,
    /// How often the vehicle had started anew.
    pub start: usize,
    /// Stamp of the ground station, microseconds since 1970.
    pub stamp_us: Option<i64>,
}

/// A message with its moment.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// When.
    pub moment: Moment,
    /// What.
    pub said: T,
}

/// The messages of one vehicle.
#[derive(Debug, Default)]
pub struct Messages {
    pub positions: Vec<At<GLOBAL_POSITION_INT_DATA>>,
    pub fixes: Vec<At<GPS_RAW_INT_DATA>>,
    pub attitudes: Vec<At<Attitude>>,
    pub gimbals: Vec<At<Gimbal>>,
    pub fields_of_view: Vec<At<CAMERA_FOV_STATUS_DATA>>,
    pub images: Vec<At<CAMERA_IMAGE_CAPTURED_DATA>>,
    /// Heading by the instruments' panel, degrees.
    pub panel_headings: Vec<At<i16>>,
    /// The vehicle's own clock, microseconds since 1970.
    pub clock: Vec<At<i64>>,
    pub problems: Vec<Problem>,
    pub skipped: BTreeMap<String, usize>,
    line: Line,
}

/// The vehicle's clock, which starts anew with every start of it.
#[derive(Debug, Default)]
struct Line {
    now: Moment,
    base_us: i64,
}

impl Line {
    fn at(&mut self, boot_ms: Option<u32>, stamp_us: Option<i64>) -> Moment {
        let boot_us = boot_ms.map_or(self.now.boot_us, |millis| i64::from(millis) * 1000);
        let line_us = boot_us.saturating_add(self.base_us);
        if line_us < self.now.line_us.saturating_sub(RESTART_US) {
            self.base_us = self.now.line_us.saturating_add(BETWEEN_STARTS_US).saturating_sub(boot_us);
            self.now.start += 1;
        }
        self.now = Moment {
            line_us: boot_us.saturating_add(self.base_us),
            boot_us,
            start: self.now.start,
            stamp_us,
        };
        self.now
    }
}

impl Messages {
    /// Sorts the messages of the vehicle that tells its position most often.
    pub fn collect(scan: Scan<'_>) -> Self {
        let mut messages = Self { problems: scan.problems, ..Self::default() };
        let Some((system, component)) = main_vehicle(&scan.frames) else {
            return messages;
        };
        for frame in &scan.frames {
            if frame.system == system {
                messages.take(frame, component);
            } else {
                messages.skip(&format!("messages of system {}", frame.system));
            }
        }
        messages.problems.sort_by_key(|problem| problem.place);
        messages
    }

    fn skip(&mut self, name: &str) {
        *self.skipped.entry(name.to_owned()).or_default() += 1;
    }

    fn take(&mut self, frame: &Frame<'_>, autopilot: u8) {
        if let Some(gimbal) = gimbal::mount_status(frame) {
            return self.put_gimbal(None, frame, gimbal);
        }
        if !WANTED.contains(&frame.message) {
            let of_camera = "messages that say nothing of the camera";
            return self.skip(if frame.is_known { of_camera } else { "messages of other dialects" });
        }
        match frame.decode() {
            Ok(Some(message)) => self.take_message(&message, frame, autopilot),
            Ok(None) => self.skip("messages of other dialects"),
            Err(what) => self.problems.push(Problem::at_byte(frame.offset, what)),
        }
    }

    /// Position, attitude and clock count only from the autopilot: a gimbal may send an attitude of its own.
    fn take_message(&mut self, message: &MavMessage, frame: &Frame<'_>, autopilot: u8) {
        let own = frame.component == autopilot;
        let stamp_us = frame.stamp_us;
        match message {
            MavMessage::GLOBAL_POSITION_INT(said) if own => {
                let moment = self.line.at(Some(said.time_boot_ms), stamp_us);
                self.positions.push(At { moment, said: said.clone() });
            }
            MavMessage::GPS_RAW_INT(said) if own => {
                self.fixes.push(At { moment: self.line.at(None, stamp_us), said: said.clone() });
            }
            MavMessage::ATTITUDE(said) if own => {
                let attitude =
                    attitude_of_radians(f64::from(said.roll), f64::from(said.pitch), f64::from(said.yaw));
                self.put_attitude(said.time_boot_ms, frame, attitude);
            }
            MavMessage::ATTITUDE_QUATERNION(said) if own => {
                let attitude = attitude_of_quaternion([said.q1, said.q2, said.q3, said.q4].map(f64::from));
                self.put_attitude(said.time_boot_ms, frame, attitude);
            }
            MavMessage::SYSTEM_TIME(said) if own => {
                let moment = self.line.at(Some(said.time_boot_ms), stamp_us);
                let unix_us = i64::try_from(said.time_unix_usec).ok();
                if let Some(said) = unix_us.filter(|_| said.time_unix_usec >= EARLIEST_UNIX_US) {
                    self.clock.push(At { moment, said });
                }
            }
            MavMessage::VFR_HUD(said) if own => {
                self.panel_headings.push(At { moment: self.line.at(None, stamp_us), said: said.heading });
            }
            _ => self.take_camera_message(message, frame),
        }
    }

    fn take_camera_message(&mut self, message: &MavMessage, frame: &Frame<'_>) {
        match message {
            MavMessage::CAMERA_FOV_STATUS(said) => {
                let moment = self.line.at(None, frame.stamp_us);
                self.fields_of_view.push(At { moment, said: said.clone() });
            }
            MavMessage::CAMERA_IMAGE_CAPTURED(said) => {
                let moment = self.line.at(Some(said.time_boot_ms), frame.stamp_us);
                self.images.push(At { moment, said: said.clone() });
            }
            _ => match gimbal::of_message(message, frame.component) {
                Some((boot_ms, Ok(gimbal))) => self.put_gimbal(Some(boot_ms), frame, gimbal),
                Some((_, Err(what))) => self.refuse(frame, &what),
                None => self.skip("messages of other parts of the vehicle"),
            },
        }
    }

    fn put_attitude(&mut self, boot_ms: u32, frame: &Frame<'_>, attitude: Option<Attitude>) {
        let moment = self.line.at(Some(boot_ms), frame.stamp_us);
        match attitude {
            Some(said) => self.attitudes.push(At { moment, said }),
            None => self.refuse(frame, "the vehicle's attitude holds no finite angles"),
        }
    }

    fn put_gimbal(&mut self, boot_ms: Option<u32>, frame: &Frame<'_>, gimbal: Gimbal) {
        // Other parts of the vehicle may have started at another time: only the autopilot's clock counts.
        let moment = match boot_ms {
            Some(millis) if (i64::from(millis) * 1000 - self.line.now.boot_us).abs() < RESTART_US => {
                self.line.at(Some(millis), frame.stamp_us)
            }
            _ => self.line.at(None, frame.stamp_us),
        };
        self.gimbals.push(At { moment, said: gimbal });
    }

    fn refuse(&mut self, frame: &Frame<'_>, what: &str) {
        self.problems.push(Problem::at_byte(frame.offset, what));
    }
}

/// Returns the sender of most positions: fused ones first.
fn main_vehicle(frames: &[Frame<'_>]) -> Option<(u32, u8)> {
    let most = |message: u32| {
        let mut counts: BTreeMap<(u32, u8), usize> = BTreeMap::new();
        for frame in frames.iter().filter(|frame| frame.message == message && frame.is_known) {
            *counts.entry((frame.system, frame.component)).or_default() += 1;
        }
        counts.into_iter().rev().max_by_key(|&(_, count)| count).map(|(sender, _)| sender)
    };
    most(GLOBAL_POSITION_INT).or_else(|| most(GPS_RAW_INT))
}
