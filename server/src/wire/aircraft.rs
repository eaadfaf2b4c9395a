//! `profile.toml`: constant errors of an aircraft's camera, as `flyonce calibrate mount` writes them.

use std::collections::BTreeMap;
use std::path::Path;

use gis::mount::{MountBias, Part, Solution};
use serde::{Deserialize, Serialize};

use super::read_text;
use crate::config::Problem;

/// An aircraft's profile as its file gives it. What was not observable is not in it and counts as zero.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
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

/// Reads a profile or notes why it cannot be read.
pub fn load(path: &Path, key: &str, problems: &mut Vec<Problem>) -> Option<MountBias> {
    let text = read_text(path, key, problems)?;
    let mut note = |message: String| {
        problems.push(Problem::new(key, format!("{}: {message}", path.display())));
    };
    let file: ProfileFile = toml::from_str(&text).map_err(|error| note(error.message().to_owned())).ok()?;
    file.mount_bias().map_err(note).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_back_as_it_was_written_and_what_is_absent_is_zero() {
        let told = [(Part::Heading, 2.5), (Part::TimeOffset, -0.2)];
        let file = ProfileFile { bias: told.into(), sigma: [(Part::Heading, 0.1)].into() };
        let text = toml::to_string(&file).unwrap();
        assert!(text.contains("heading_deg = 2.5") && text.contains("time_offset_secs = -0.2"), "{text}");
        let read: ProfileFile = toml::from_str(&text).unwrap();
        let expected = MountBias { heading_deg: 2.5, time_offset_secs: -0.2, ..MountBias::default() };
        assert_eq!(read.mount_bias(), Ok(expected));
        assert!(toml::from_str::<ProfileFile>("[bias]\nyaw = 1.0").is_err());
    }
}
