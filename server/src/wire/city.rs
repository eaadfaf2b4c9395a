//! Zones, departments and rules.

use std::collections::BTreeSet;

use dispatch::{Departments, KnownZones, RuleSet, Weight};
use gis::zones::{Zone, ZoneDefect, ZoneIndex, ZoneProblem, check_hierarchy, datum_warnings};
use store::ZoneStore;

use super::read_text;
use super::zones::{read_file, store_file, stored};
use crate::config::{Config, Problem};

const DEPARTMENTS: &str = include_str!("../../../configs/departments.toml");
const RULES: &str = include_str!("../../../configs/rules.toml");

/// Who is responsible for what, and where.
pub struct City {
    /// All zones.
    pub zones: ZoneIndex,
    /// Departments.
    pub departments: Departments,
    /// Rules.
    pub rules: RuleSet,
}

/// Loads zones, departments and rules; the shipped lists stand in for files that are not named.
pub fn load(config: &Config, problems: &mut Vec<Problem>) -> Option<City> {
    let zones = zones(config, problems);
    let departments = departments(config, problems);
    let rules = rules(config, problems);
    let (zones, departments, rules) = (zones?, departments?, rules?);
    let known = KnownZones::new(&zones);
    for problem in rules.validate(&departments, &known) {
        let path = format!("rules: {}", problem.path);
        problems.push(match problem.weight {
            Weight::Error => Problem::new(path, problem.message),
            // The shipped rules speak of kinds of zones that not every run has.
            Weight::Warning if config.rules.is_none() => continue,
            Weight::Warning => Problem::warning(path, problem.message),
        });
    }
    Some(City { zones: ZoneIndex::new(zones), departments, rules })
}

fn zones(config: &Config, problems: &mut Vec<Problem>) -> Option<Vec<Zone>> {
    let mut all = Vec::new();
    let before = problems.len();
    for (i, entry) in config.zones.iter().enumerate() {
        let key = format!("zones[{i}]");
        match read_file(&entry.path, &entry.file) {
            Ok(read) => {
                all.extend(read.zones);
                problems.extend(read.warnings.iter().map(|p| Problem::warning(&key, p)));
            }
            Err(found) => problems.extend(found.iter().map(|p| Problem::new(&key, p))),
        }
    }
    let from_files = all.len();
    all.extend(from_store(config, problems).unwrap_or_default());
    if problems.iter().skip(before).all(|p| p.warning) {
        let in_files: BTreeSet<&str> =
            all.iter().take(from_files).map(|zone| zone.origin.file.as_str()).collect();
        // A store grows file by file and may lack a level; a configuration names all of its files.
        let later = |p: &ZoneProblem| {
            matches!(p.defect, ZoneDefect::UnknownParent { .. }) && !in_files.contains(p.file.as_str())
        };
        let problem = |p: &ZoneProblem| {
            if later(p) { Problem::warning("zone_store", p) } else { Problem::new("zones", p) }
        };
        problems.extend(check_hierarchy(&all).iter().map(problem));
        let beside_files = beside_files(&all, from_files);
        problems.extend(datum_warnings(&beside_files).iter().map(|p| Problem::warning("zones", p)));
    }
    (problems.iter().skip(before).all(|p| p.warning)).then_some(all)
}

/// The zones of files, which come first, with their parents and children in the store: zones of the store were held against each
/// other when they were imported.
fn beside_files(all: &[Zone], from_files: usize) -> Vec<Zone> {
    let (files, stored) = all.split_at(from_files);
    let codes: BTreeSet<&str> = files.iter().map(|zone| zone.code.as_str()).collect();
    let parents: BTreeSet<&str> = files.iter().filter_map(|zone| zone.parent.as_deref()).collect();
    let related = |zone: &&Zone| {
        parents.contains(zone.code.as_str())
            || zone.parent.as_deref().is_some_and(|parent| codes.contains(parent))
    };
    files.iter().chain(stored.iter().filter(related)).cloned().collect()
}

fn from_store(config: &Config, problems: &mut Vec<Problem>) -> Option<Vec<Zone>> {
    let path = store_file(config.zone_store.as_ref()?);
    let zones = ZoneStore::open_existing(&path).and_then(|store| stored(&store));
    zones.map_err(|error| problems.push(Problem::new("zone_store", error))).ok()
}

fn departments(config: &Config, problems: &mut Vec<Problem>) -> Option<Departments> {
    let text = match &config.departments {
        Some(path) => read_text(path, "departments", problems)?,
        None => DEPARTMENTS.to_owned(),
    };
    let found = Departments::from_toml(&text);
    found
        .map_err(|all| {
            problems.extend(all.iter().map(|p| Problem::new(format!("departments: {}", p.path), &p.message)));
        })
        .ok()
}

fn rules(config: &Config, problems: &mut Vec<Problem>) -> Option<RuleSet> {
    let text = match &config.rules {
        Some(path) => read_text(path, "rules", problems)?,
        None => RULES.to_owned(),
    };
    RuleSet::from_toml(&text)
        .map_err(|p| problems.push(Problem::new(format!("rules: {}", p.path), &p.message)))
        .ok()
}
