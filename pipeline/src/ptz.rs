//! What a camera that pans, tilts and zooms reports, by time, and its camera at the moment of a frame.
//!
//! A frame is placed only where the reports before and after it say the same and neither says that the camera moves: between two
//! different positions nobody knows how far it has come.

mod table;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gis::NotLocated;
use gis::camera::{PanTilt, Pose, PtzHead};

pub use table::{TableError, read};

use crate::camera::FrameCamera;

/// Reports that differ by less than this are of one position: shares of the range, or a hundredth of as many degrees.
const SAME: f64 = 0.0005;
/// Reports kept of a live camera; beyond it the oldest go.
const CAPACITY: usize = 8192;

/// One report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PtzReport {
    /// Pan and tilt.
    pub pan_tilt: PanTilt,
    /// Zoom, 0 to 1, where the lens zooms.
    pub zoom: Option<f64>,
    /// The camera says that it moves.
    pub moving: bool,
}

impl PtzReport {
    fn is_same(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64, within: f64| (a - b).abs() <= within;
        let place = match (self.pan_tilt, other.pan_tilt) {
            (PanTilt::Normalised { pan: a, tilt: b }, PanTilt::Normalised { pan: c, tilt: d }) => {
                near(a, c, SAME) && near(b, d, SAME)
            }
            (PanTilt::Degrees { pan_deg: a, tilt_deg: b }, PanTilt::Degrees { pan_deg: c, tilt_deg: d }) => {
                near(a, c, 100.0 * SAME) && near(b, d, 100.0 * SAME)
            }
            _ => false,
        };
        let zoom = match (self.zoom, other.zoom) {
            (Some(a), Some(b)) => near(a, b, SAME),
            (a, b) => a == b,
        };
        place && zoom
    }
}

/// Reports of one camera, shared by who hears them and who places frames.
#[derive(Debug, Clone, Default)]
pub struct PtzTrack {
    reports: Arc<Mutex<BTreeMap<i64, PtzReport>>>,
}

/// What the reports tell of a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PtzLookup {
    /// The camera stood so.
    Stood(PtzReport),
    /// It moved, or may have.
    Moving,
    /// No report is near enough.
    Stale,
    /// A later report may still come.
    NotYet,
}

impl PtzTrack {
    /// Returns a whole track, by microseconds since 1970.
    pub fn of(reports: impl IntoIterator<Item = (i64, PtzReport)>) -> Self {
        Self { reports: Arc::new(Mutex::new(reports.into_iter().collect())) }
    }

    /// Adds a report of a time, microseconds since 1970.
    pub fn push(&self, at_us: i64, report: PtzReport) {
        let mut reports = self.locked();
        reports.insert(at_us, report);
        while reports.len() > CAPACITY {
            reports.pop_first();
        }
    }

    /// Returns what is known of a time; with `waits`, a later report is worth waiting for.
    ///
    /// # Units
    /// Microseconds since 1970.
    pub fn at(&self, at_us: i64, max_age_us: i64, waits: bool) -> PtzLookup {
        let reports = self.locked();
        let near = |side: Option<(&i64, &PtzReport)>| {
            let (&other_us, report) = side?;
            (at_us.saturating_sub(other_us).saturating_abs() <= max_age_us).then_some(*report)
        };
        let after = reports.range(at_us..).next();
        if after.is_none() && waits {
            return PtzLookup::NotYet;
        }
        match (near(reports.range(..=at_us).next_back()), near(after)) {
            (Some(before), Some(after)) if before.moving || after.moving || !before.is_same(&after) => {
                PtzLookup::Moving
            }
            (Some(report), _) | (None, Some(report)) if report.moving => PtzLookup::Moving,
            (Some(report), _) | (None, Some(report)) => PtzLookup::Stood(report),
            (None, None) => PtzLookup::Stale,
        }
    }

    /// Returns the latest report.
    pub fn latest(&self) -> Option<PtzReport> {
        self.locked().last_key_value().map(|(_, report)| *report)
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<i64, PtzReport>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A camera whose head reports where it looks.
#[derive(Debug, Clone)]
pub struct PtzCamera {
    /// The camera at pan 0 and tilt 0.
    pub base: FrameCamera,
    /// Its head.
    pub head: PtzHead,
    /// Standard deviation of what the head reports, degrees, beside that of its mount.
    pub sigma_deg: f64,
    /// How far a report may lie from a frame, microseconds.
    pub max_age_us: i64,
    /// Reports still come while frames do.
    pub live: bool,
    /// Its reports.
    pub track: PtzTrack,
}

impl PtzCamera {
    /// Returns the camera as it stood at a report.
    ///
    /// # Errors
    /// [`NotLocated::PoseUnknown`] when the report lies outside of what the head can do.
    pub fn at(&self, report: &PtzReport) -> Result<FrameCamera, NotLocated> {
        let unknown = |error: gis::camera::PtzError| {
            tracing::debug!("report of a pan-tilt-zoom camera not used: {error}");
            NotLocated::PoseUnknown
        };
        let attitude = self.head.attitude(report.pan_tilt).map_err(unknown)?;
        let intrinsics = self.head.lens(&self.base.intrinsics, report.zoom).map_err(unknown)?;
        let mut sigma = self.base.pose.sigma;
        sigma.attitude_deg = sigma.attitude_deg.map(|deg| deg.hypot(self.sigma_deg));
        // The joint covariance of a calibration holds for the direction it was made in.
        sigma.calibrated = None;
        let pose = Pose::from_attitude(self.base.pose.point, attitude, sigma);
        Ok(FrameCamera { intrinsics, pose, ..self.base.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(pan: f64, moving: bool) -> PtzReport {
        PtzReport { pan_tilt: PanTilt::Normalised { pan, tilt: 0.0 }, zoom: Some(0.0), moving }
    }

    fn track(reports: &[(i64, PtzReport)]) -> PtzTrack {
        PtzTrack::of(reports.iter().copied())
    }

    #[test]
    fn a_camera_that_stands_between_two_reports_is_known_and_one_that_moved_is_not() {
        let still = report(0.1, false);
        let found = track(&[(0, still), (100, still), (200, report(0.3, false)), (300, report(0.3, true))]);
        assert_eq!(found.at(50, 1000, false), PtzLookup::Stood(still));
        assert_eq!(found.at(150, 1000, false), PtzLookup::Moving, "the reports differ");
        assert_eq!(found.at(250, 1000, false), PtzLookup::Moving, "it says so");
        assert_eq!(found.at(300, 1000, false), PtzLookup::Moving);
    }

    #[test]
    fn reports_that_are_too_old_tell_nothing_and_later_ones_are_waited_for() {
        let still = report(0.1, false);
        let found = track(&[(0, still)]);
        assert_eq!(found.at(500, 400, false), PtzLookup::Stale);
        assert_eq!(found.at(300, 400, false), PtzLookup::Stood(still));
        assert_eq!(found.at(300, 400, true), PtzLookup::NotYet);
        assert_eq!(track(&[]).at(0, 400, false), PtzLookup::Stale);
    }
}
