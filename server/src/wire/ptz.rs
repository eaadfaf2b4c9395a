//! Cameras that pan, tilt and zoom: `[ptz]` of `camera.toml` says what is constant, `[sources.ptz]` where the reports come from.

use std::path::Path;
use std::time::Duration;

use gis::Attitude;
use gis::camera::{PtzHead, ZoomStep};
use jiff::Timestamp;
use pipeline::ptz::{PtzReport, read};
use pipeline_onvif::PtzEndpoint;
use serde::{Deserialize, Serialize};

use super::read_text;
use crate::config::{Problem, PtzEntry};

/// Longest time that a camera may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What is constant about a head, as `camera.toml` gives it; heading, pitch and roll of the file are those at pan 0 and tilt 0.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PtzFile {
    /// Pan in degrees at the reported -1 and 1.
    pub pan_range_deg: [f64; 2],
    /// Tilt in degrees at the reported -1 and 1.
    pub tilt_range_deg: [f64; 2],
    /// Pairs of reported zoom and focal length along the rows in pixels, by rising zoom.
    pub zoom_focal_px: Vec<[f64; 2]>,
    /// Standard deviation of what the head reports, degrees.
    pub sigma_deg: f64,
}

impl Default for PtzFile {
    fn default() -> Self {
        Self {
            pan_range_deg: [-180.0, 180.0],
            tilt_range_deg: [-90.0, 90.0],
            zoom_focal_px: Vec::new(),
            sigma_deg: 0.2,
        }
    }
}

impl PtzFile {
    /// Returns the head in a mount.
    ///
    /// # Errors
    /// When a range or a zoom cannot be used, with its value.
    pub fn head(&self, mount: Attitude) -> Result<PtzHead, String> {
        if !(self.sigma_deg >= 0.0 && self.sigma_deg.is_finite()) {
            return Err(format!("ptz.sigma_deg must be 0 or more, is {}", self.sigma_deg));
        }
        let zooms = self.zoom_focal_px.iter().map(|&[zoom, fx_px]| ZoomStep { zoom, fx_px }).collect();
        let (pan_range_deg, tilt_range_deg) = (self.pan_range_deg, self.tilt_range_deg);
        let head = PtzHead { mount, pan_range_deg, tilt_range_deg, zooms };
        head.validated().map_err(|error| format!("ptz: {error}"))
    }
}

/// A head and where its reports come from.
#[derive(Debug, Clone)]
pub struct Ptz {
    /// The head.
    pub head: PtzHead,
    /// Standard deviation of what it reports, degrees.
    pub sigma_deg: f64,
    /// How far a report may lie from a frame, microseconds.
    pub max_age_us: i64,
    /// Its reports.
    pub reports: Reports,
}

/// Where the reports of a head come from.
#[derive(Debug, Clone)]
pub enum Reports {
    /// A table, read whole, by microseconds since 1970.
    Table(Vec<(i64, PtzReport)>),
    /// The camera, asked every so often.
    Onvif(PtzEndpoint, Duration),
}

/// Prepares the head of a source or notes why it cannot be.
pub fn prepare(
    entry: &PtzEntry,
    camera: &Path,
    start: Option<Timestamp>,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<Ptz> {
    let text = read_text(camera, key, problems)?;
    let file = super::camera::CameraFile::parse(&text);
    let head = file.and_then(|file| {
        let ptz = file.ptz.clone().ok_or("there is no [ptz]: its ranges and zooms are needed")?;
        let mount = file.camera()?.pose.attitude();
        Ok((ptz.head(mount)?, ptz.sigma_deg))
    });
    let (head, sigma_deg) = head
        .map_err(|reason| problems.push(Problem::new(key, format!("{}: {reason}", camera.display()))))
        .ok()?;
    let reports = reports(entry, start, key, problems)?;
    Some(Ptz { head, sigma_deg, max_age_us: (entry.max_age_secs * 1e6) as i64, reports })
}

fn reports(
    entry: &PtzEntry,
    start: Option<Timestamp>,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<Reports> {
    match (&entry.onvif, &entry.positions) {
        (Some(url), None) => endpoint(entry, url, key, problems),
        (None, Some(path)) => {
            let at = format!("{key}.positions");
            let text = read_text(path, &at, problems)?;
            let table = read(&text, start.unwrap_or(Timestamp::UNIX_EPOCH));
            table
                .map_err(|error| problems.push(Problem::new(at, format!("{}: {error}", path.display()))))
                .ok()
                .map(Reports::Table)
        }
        _ => {
            problems.push(Problem::new(key, "give either onvif or positions"));
            None
        }
    }
}

fn endpoint(entry: &PtzEntry, url: &str, key: &str, problems: &mut Vec<Problem>) -> Option<Reports> {
    let Some(profile) = entry.profile.clone() else {
        problems.push(Problem::new(format!("{key}.profile"), "missing: the token of the media profile"));
        return None;
    };
    if !url.starts_with("http://") {
        problems.push(Problem::new(format!("{key}.onvif"), format!("must begin with http://, is {url}")));
        return None;
    }
    let user = match (&entry.user, &entry.password_file) {
        (Some(name), Some(path)) => {
            let password = read_text(path, &format!("{key}.password_file"), problems)?;
            Some((name.clone(), password.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (None, None) => None,
        _ => {
            problems.push(Problem::new(key, "user and password_file are given together"));
            return None;
        }
    };
    let endpoint = PtzEndpoint { url: url.to_owned(), profile, user, timeout: ANSWER_WITHIN };
    Some(Reports::Onvif(endpoint, Duration::from_secs_f64(entry.poll_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: &str = "lat_deg = 28.97\nlon_deg = 118.87\nellipsoid_height_m = 90.0\nheading_deg = 100.0\n\
        pitch_deg = 0.0\nroll_deg = 0.0\nwidth_px = 1920.0\nheight_px = 1080.0\nfx_px = 1400.0\n";

    fn prepared(camera: &str, entry: &str, positions: &str) -> Result<Ptz, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("camera.toml"), camera).unwrap();
        std::fs::write(path("ptz.csv"), positions).unwrap();
        std::fs::write(path("secret"), "s3cret\n").unwrap();
        let mut entry: PtzEntry = toml::from_str(entry).unwrap();
        entry.positions.iter_mut().for_each(|file| *file = folder.path().join(&*file));
        entry.password_file.iter_mut().for_each(|file| *file = folder.path().join(&*file));
        let mut problems = Vec::new();
        let start = "2026-06-20T07:30:00Z".parse().ok();
        let found = prepare(&entry, &path("camera.toml"), start, "sources[0].ptz", &mut problems);
        let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        found.ok_or_else(|| told.replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn a_table_beside_a_profile_becomes_reports_from_the_start_of_the_video() {
        let camera = format!(
            "{CAMERA}[ptz]\npan_range_deg = [-170.0, 170.0]\nzoom_focal_px = [[0.0, 1400.0], [1.0, 42000.0]]\n"
        );
        let found =
            prepared(&camera, "positions = 'ptz.csv'", "elapsed_secs,pan,tilt,zoom\n1.5,0,0,0\n").unwrap();
        assert!((found.head.mount.heading_deg - 100.0).abs() < 1e-9);
        assert_eq!((found.head.zooms.len(), found.max_age_us), (2, 1_000_000));
        let Reports::Table(reports) = found.reports else { panic!("no table") };
        assert_eq!(reports[0].0, 1_781_940_601_500_000);
    }

    #[test]
    fn a_camera_that_is_asked_keeps_its_password_to_itself() {
        let camera = format!("{CAMERA}[ptz]\n");
        let entry =
            "onvif = 'http://10.0.0.7/onvif/ptz'\nprofile = 'P1'\nuser = 'op'\npassword_file = 'secret'";
        let Reports::Onvif(endpoint, every) = prepared(&camera, entry, "").unwrap().reports else {
            panic!("not asked")
        };
        assert_eq!(endpoint.user, Some(("op".to_owned(), "s3cret".to_owned())));
        assert!(!format!("{endpoint:?}").contains("s3cret"));
        assert_eq!(every, Duration::from_millis(500));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let check = |camera: &str, entry: &str, positions: &str, expect: &str| {
            let told = prepared(camera, entry, positions).unwrap_err();
            assert!(told.contains(expect), "{told}");
        };
        let table = "positions = 'ptz.csv'";
        let head = format!("{CAMERA}[ptz]\n");
        check(CAMERA, table, "", "camera.toml: there is no [ptz]");
        let wrong = format!("{head}tilt_range_deg = [10.0, 10.0]\n");
        check(&wrong, table, "", "ptz: tilt_range_deg from 10 to 10 is no range");
        check(
            &head,
            table,
            "elapsed_secs,pan,tilt\n1,x,0\n",
            "sources[0].ptz.positions: ptz.csv: line 2: pan",
        );
        check(&head, "", "", "give either onvif or positions");
        check(&head, "onvif = 'http://a/b'", "", "sources[0].ptz.profile: missing");
        check(&head, "onvif = 'https://a/b'\nprofile = 'p'", "", "must begin with http://");
    }
}
