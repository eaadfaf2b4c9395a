//! What flies, with the profile of its aircraft.

use missions::Aircraft;

use crate::commands::mission::input;
use crate::config::{Problem, VehicleEntry};

/// Something that flies.
#[derive(Debug, Clone)]
pub struct Vehicle {
    /// What the configuration says of it.
    pub entry: VehicleEntry,
    /// How it is reached.
    pub link: missions_link::Vehicle,
    /// Its aircraft, where that is stated.
    pub profile: Option<Aircraft>,
}

/// Reads the profiles. Addresses that are none were told when the configuration was read.
pub fn load(entries: &[VehicleEntry], problems: &mut Vec<Problem>) -> Vec<Vehicle> {
    let mut all = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let Ok(link) = entry.uri.parse() else { continue };
        match entry.profile.as_deref().map(input::aircraft).transpose() {
            Ok(profile) => all.push(Vehicle { entry: entry.clone(), link, profile }),
            Err(error) => problems.push(Problem::new(format!("vehicles[{i}].profile"), format!("{error:#}"))),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(profile: &str) -> (Vec<Vehicle>, Vec<Problem>) {
        let text = format!("id = 'a'\nuri = 'mavlink:udp://:14550'\nprofile = {profile:?}");
        let mut problems = Vec::new();
        let all = load(&[toml::from_str(&text).unwrap()], &mut problems);
        (all, problems)
    }

    #[test]
    fn a_profile_is_a_name_or_a_file_and_nothing_else() {
        let named = loaded("m3td").0;
        assert_eq!(named[0].profile.as_ref().unwrap().id, "m3td");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/aircraft/multicopter.toml");
        assert_eq!(loaded(file).0[0].profile.as_ref().unwrap().id, "multicopter");
        let (none, problems) = loaded("kite");
        assert!(none.is_empty());
        assert!(problems[0].to_string().starts_with("vehicles[0].profile: no aircraft kite"), "{problems:?}");
    }
}
