//! Zones of all files together: one code each, and parents that exist above their children.

use std::collections::BTreeMap;

use super::features::duplicate_codes;
use super::{Zone, ZoneDefect, ZoneProblem};

impl ZoneProblem {
    /// Returns a problem of a zone that has been read.
    pub(super) fn of(zone: &Zone, defect: ZoneDefect) -> Self {
        Self {
            file: zone.origin.file.clone(),
            feature_index: Some(zone.origin.feature_index),
            code: Some(zone.code.clone()),
            defect,
        }
    }
}

/// Returns every duplicate code and every parent that is missing or not above its child, over the zones of all files.
pub fn check_hierarchy(zones: &[Zone]) -> Vec<ZoneProblem> {
    let by_code: BTreeMap<&str, &Zone> = zones.iter().map(|zone| (zone.code.as_str(), zone)).collect();
    let parent_defect = |zone: &Zone| {
        let parent = zone.parent.clone()?;
        match by_code.get(parent.as_str()) {
            None => Some(ZoneDefect::UnknownParent { parent }),
            Some(above) if above.level >= zone.level => {
                Some(ZoneDefect::ParentNotAbove { parent, parent_level: above.level, level: zone.level })
            }
            Some(_) => None,
        }
    };
    let mut problems = duplicate_codes(zones);
    problems.extend(
        zones.iter().filter_map(|zone| parent_defect(zone).map(|defect| ZoneProblem::of(zone, defect))),
    );
    problems
}
