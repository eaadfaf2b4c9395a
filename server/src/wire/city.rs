//! Zones, context layers, departments, rules and the lists they name.

use std::collections::BTreeSet;
use std::path::Path;

use dispatch::{Delegation, Departments, KnownZones, Matter, RuleSet, Weight};
use gis::zones::{
    ContextFeature, ContextIndex, Zone, ZoneDefect, ZoneIndex, ZoneProblem, check_hierarchy, datum_warnings,
    parse_context,
};
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
    /// What the ground is licensed for.
    pub context: ContextIndex,
    /// Departments.
    pub departments: Departments,
    /// Rules.
    pub rules: RuleSet,
}

/// Loads zones, context layers, departments and rules; the shipped lists stand in for files that are not named.
pub fn load(config: &Config, problems: &mut Vec<Problem>) -> Option<City> {
    let zones = zones(config, problems);
    let context = context(config, problems);
    let departments = departments(config, problems);
    let rules = rules(config, departments.as_ref(), problems);
    let (zones, context, departments, rules) = (zones?, context?, departments?, rules?);
    for problem in rules.validate(&departments, &KnownZones::new(&zones)) {
        let path = format!("rules: {}", problem.path);
        problems.push(match problem.weight {
            Weight::Error => Problem::new(path, problem.message),
            // The shipped rules speak of kinds of zones that not every run has.
            Weight::Warning if config.rules.is_none() => continue,
            Weight::Warning => Problem::warning(path, problem.message),
        });
    }
    problems.extend(idle_layers(&rules, &context));
    Some(City { zones: ZoneIndex::new(zones), context: ContextIndex::new(context), departments, rules })
}

/// Layers that no entry of the rules asks about, and entries about layers that there are not.
fn idle_layers(rules: &RuleSet, context: &[ContextFeature]) -> Vec<Problem> {
    let there: BTreeSet<&str> = context.iter().map(|feature| feature.layer.as_str()).collect();
    let asked: BTreeSet<&str> = rules.context.iter().map(|rule| rule.layer.as_str()).collect();
    let unasked = there.difference(&asked).map(|layer| {
        Problem::warning("context", format!("no [[context]] of the rules asks about layer {layer:?}"))
    });
    let missing = rules.context.iter().enumerate().filter(|(_, rule)| !there.contains(rule.layer.as_str()));
    let missing = missing.map(|(index, rule)| {
        let message = format!("there is no layer {:?}: it never decides", rule.layer);
        Problem::warning(format!("rules: context[{index}].layer"), message)
    });
    unasked.chain(missing).collect()
}

fn context(config: &Config, problems: &mut Vec<Problem>) -> Option<Vec<ContextFeature>> {
    let before = problems.len();
    let mut all = Vec::new();
    for (i, entry) in config.context.iter().enumerate() {
        let key = format!("context[{i}]");
        let Some(text) = read_text(&entry.path, &key, problems) else { continue };
        match parse_context(&entry.path.to_string_lossy(), &text, &entry.file) {
            Ok(read) => all.extend(read),
            Err(found) => problems.extend(found.iter().map(|p| Problem::new(&key, p))),
        }
    }
    (problems.len() == before).then_some(all)
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

fn rules(config: &Config, departments: Option<&Departments>, problems: &mut Vec<Problem>) -> Option<RuleSet> {
    match &config.rules {
        Some(path) => read_rules(path, departments, problems),
        None => rules_of_text(RULES, problems),
    }
}

fn rules_of_text(text: &str, problems: &mut Vec<Problem>) -> Option<RuleSet> {
    RuleSet::from_toml(text)
        .map_err(|p| problems.push(Problem::new(format!("rules: {}", p.path), &p.message)))
        .ok()
}

/// Reads rules and the lists they name, which lie relative to them; delegations without an office get that of their township.
pub fn read_rules(
    path: &Path,
    departments: Option<&Departments>,
    problems: &mut Vec<Problem>,
) -> Option<RuleSet> {
    let text = read_text(path, "rules", problems)?;
    let mut rules = rules_of_text(&text, problems)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let matters = list(folder, "matters", rules.lists.matters.as_deref(), Matter::read_csv, problems);
    let delegations =
        list(folder, "delegations", rules.lists.delegations.as_deref(), Delegation::read_csv, problems);
    rules.take_lists(matters?, delegations?);
    if let Some(departments) = departments {
        rules.resolve_offices(departments);
    }
    Some(rules)
}

/// Reads the rows of a list out of its name and text.
type ReadList<T> = fn(&str, &str) -> Result<Vec<T>, Vec<dispatch::Problem>>;

/// Rows of a list file; empty where the rules name none.
fn list<T>(
    folder: &Path,
    key: &str,
    file: Option<&str>,
    read: ReadList<T>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<T>> {
    let Some(file) = file else { return Some(Vec::new()) };
    let path = folder.join(file);
    let text = read_text(&path, &format!("rules: lists.{key}"), problems)?;
    read(&path.to_string_lossy(), &text)
        .map_err(|all| {
            problems.extend(all.iter().map(|p| Problem::new(format!("rules: {}", p.path), &p.message)));
        })
        .ok()
}
