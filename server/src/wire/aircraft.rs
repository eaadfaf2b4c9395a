//! `profile.toml`: constant errors of an aircraft's camera, as `flyonce calibrate mount` and `clock` write them, and how long it reads a picture.

use std::collections::BTreeMap;
use std::path::Path;

use gis::camera::Readout;
use gis::mount::{MountBias, Part, Solution};
use serde::{Deserialize, Serialize};

use super::read_text;
use crate::config::Problem;

/// A clock is not believed to be better joined than this: half a frame at 25 frames a second.
const LEAST_CLOCK_SIGMA_SECS: f64 = 0.02;

/// An aircraft's profile as its file gives it. What was not observable is not in it and counts as zero.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    /// Time from the first row of a picture to the last, seconds; all rows are of one moment when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readout_secs: Option<f64>,
    /// What to add to the telemetry: degrees, metres, seconds.
    #[serde(default)]
    pub bias: BTreeMap<Part, f64>,
    /// One standard deviation of each.
    #[serde(default)]
    pub sigma: BTreeMap<Part, f64>,
}

impl ProfileFile {
    /// Returns the profile of a solution: what the marks told, and nothing else.
    pub fn of(solution: &Solution) -> Self {
        let told = || solution.told.iter();
        Self {
            readout_secs: None,
            bias: told().map(|(part, found)| (*part, found.value)).collect(),
            sigma: told().map(|(part, found)| (*part, found.sigma)).collect(),
        }
    }

    /// Returns the biases.
    ///
    /// # Errors
    /// A bias that is no finite number.
    pub fn mount_bias(&self) -> Result<MountBias, String> {
        let mut bias = MountBias::default();
        for (part, value) in &self.bias {
            if !value.is_finite() {
                return Err(format!("bias.{} must be a finite number, is {value}", part.key()));
            }
            bias.set(*part, *value);
        }
        Ok(bias)
    }
}

/// What is constant about an aircraft's camera.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Aircraft {
    /// Constant errors.
    pub mount: MountBias,
    /// How long a picture is read.
    pub readout: Option<Readout>,
    /// One standard deviation of its clock, where it was calibrated, seconds.
    pub clock_sigma_secs: Option<f64>,
}

impl Aircraft {
    /// Returns a profile that was checked.
    ///
    /// # Errors
    /// A number that cannot be, with its key.
    fn of(file: &ProfileFile) -> Result<Self, String> {
        let clock_sigma_secs = file.sigma.get(&Part::TimeOffset).copied();
        if let Some(secs) = clock_sigma_secs.filter(|secs| !(*secs >= 0.0 && secs.is_finite())) {
            return Err(format!(
                "sigma.time_offset_secs must be a finite number of seconds from 0 up, is {secs}"
            ));
        }
        let clock_sigma_secs = clock_sigma_secs.map(|secs| secs.max(LEAST_CLOCK_SIGMA_SECS));
        Ok(Self { mount: file.mount_bias()?, readout: readout(file.readout_secs)?, clock_sigma_secs })
    }

    /// Says what is applied, in words; nothing for a profile that changes nothing.
    pub fn told(&self) -> Option<String> {
        let biases = Part::ALL.into_iter().map(|part| (part.key(), self.mount.get(part)));
        let readout = self.readout.map(|readout| ("readout_secs", readout.secs));
        let parts =
            biases.filter(|(_, value)| *value != 0.0).map(|(key, value)| format!("{key} {value:+.3}"));
        let parts: Vec<String> =
            parts.chain(readout.map(|(key, value)| format!("{key} {value:.4}"))).collect();
        (!parts.is_empty()).then(|| format!("aircraft's profile applied: {}", parts.join(", ")))
    }
}

/// Returns a stated time of reading.
///
/// # Errors
/// When no shutter is so slow, with the value.
pub fn readout(secs: Option<f64>) -> Result<Option<Readout>, String> {
    let checked = |secs: f64| {
        let most = Readout::MOST_SECS;
        Readout::new(secs).ok_or_else(|| format!("readout_secs must be from 0 to {most} seconds, is {secs}"))
    };
    secs.map(checked).transpose()
}

/// Reads a profile or notes why it cannot be read.
pub fn load(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<Aircraft> {
    let text = read_text(path, key, problems)?;
    let mut note = |message: String| {
        problems.push(Problem::new(key, format!("{}: {message}", path.display())));
    };
    let file: ProfileFile = toml::from_str(&text).map_err(|error| note(error.message().to_owned())).ok()?;
    Aircraft::of(&file).map_err(note).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_back_as_it_was_written_and_what_is_absent_is_zero() {
        let told = [(Part::Heading, 2.5), (Part::TimeOffset, -0.2)];
        let sigma = [(Part::Heading, 0.1)].into();
        let file = ProfileFile { readout_secs: None, bias: told.into(), sigma };
        let text = toml::to_string(&file).unwrap();
        assert!(text.contains("heading_deg = 2.5") && text.contains("time_offset_secs = -0.2"), "{text}");
        let read: ProfileFile = toml::from_str(&text).unwrap();
        let expected = MountBias { heading_deg: 2.5, time_offset_secs: -0.2, ..MountBias::default() };
        assert_eq!(read.mount_bias(), Ok(expected));
        assert!(toml::from_str::<ProfileFile>("[bias]\nyaw = 1.0").is_err());
    }

    #[test]
    fn a_profile_says_what_it_changes_and_no_shutter_is_slower_than_a_fifth_of_a_second() {
        let readout = readout(Some(0.02)).unwrap();
        let mount = MountBias { heading_deg: 2.5, ..MountBias::default() };
        let told = Aircraft { mount, readout, clock_sigma_secs: None }.told().unwrap();
        assert_eq!(told, "aircraft's profile applied: heading_deg +2.500, readout_secs 0.0200");
        assert_eq!(Aircraft::default().told(), None);
        let error = super::readout(Some(20.0)).unwrap_err();
        assert_eq!(error, "readout_secs must be from 0 to 0.2 seconds, is 20");
    }
}
