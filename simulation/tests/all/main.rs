//! Simulated days: the same seed gives the same day, and the scores say what their sources say.

use std::collections::BTreeMap;

use dispatch::RuleSet;
use gis::DedupeConfig;
use gis::dedupe::{Existence, InOrder};
use gis::zones::ZoneIndex;
use jiff::SignedDuration;
use simulation::baselines::baselines;
use simulation::day::day;
use simulation::run::{City, run};
use simulation::score::{Cluster, grouping, score};
use simulation::{Day, Scenario};

const QUZHOU: &str = include_str!("../../../configs/scenarios/quzhou-84.toml");
const RULES: &str = include_str!("../../../configs/rules.toml");

/// The shipped scenario on 9 square kilometres, one sweep, a twelfth of everything.
fn small() -> Scenario {
    let mut scenario = Scenario::from_toml(QUZHOU).expect("the shipped scenario is valid");
    (scenario.area.width_km, scenario.area.height_km) = (3.0, 3.0);
    for things in &mut scenario.things {
        things.count /= 12;
    }
    scenario.pairs.count = 2;
    (scenario.aircraft.docks, scenario.aircraft.sweeps) = (2, 2);
    (scenario.cameras.count, scenario.cameras.watching) = (4, 1);
    scenario
}

/// What the example city asks of candidates.
fn config() -> DedupeConfig {
    let existence = Existence {
        prior: 0.1,
        independent_after_still_secs: Some(2.5),
        most_against_before: 6.0,
        confirm_at: 0.9995,
        confirm_out_of_view_at: Some(0.95),
        ..Existence::default()
    };
    DedupeConfig { existence, ..DedupeConfig::default() }
}

fn outcome_of(day: &Day) -> (simulation::run::Outcome, simulation::score::Score) {
    let (zones, rules) =
        (ZoneIndex::new(Vec::new()), RuleSet::from_toml(RULES).expect("the shipped rules are valid"));
    let city = City { zones: &zones, rules: &rules };
    let outcome = run(day, &config(), city);
    let score = score(&small(), day, &outcome, city);
    (outcome, score)
}

#[test]
fn a_seed_gives_the_same_day_and_another_seed_another() {
    let (first, again, other) =
        (day(&small(), 7).unwrap(), day(&small(), 7).unwrap(), day(&small(), 8).unwrap());
    assert_eq!(first.frames.len(), again.frames.len());
    for (a, b) in first.frames.iter().zip(&again.frames) {
        assert_eq!((&a.look, &a.observations), (&b.look, &b.observations));
    }
    assert_ne!(first.things[0].place, other.things[0].place);
    assert_eq!(outcome_of(&first).0.incidents, outcome_of(&again).0.incidents);
}

#[test]
fn detections_are_as_many_and_as_wrong_as_the_scenario_says() {
    let day = day(&small(), 7).unwrap();
    let things = day.things.len();
    let (mut of_things, mut of_nothing) = (0.0_f64, 0.0_f64);
    let mut runs: BTreeMap<usize, usize> = BTreeMap::new();
    for cause in day.cause_of.values() {
        if *cause < things {
            of_things += 1.0;
        } else {
            of_nothing += 1.0;
            *runs.entry(*cause).or_default() += 1;
        }
    }
    assert!((of_nothing / of_things - 0.5).abs() < 0.05, "{of_nothing} of {of_things}");
    assert!(runs.values().all(|run| *run <= 10));
    let sighted = |frame: &&simulation::day::Frame| !frame.observations.is_empty();
    assert!(day.frames.iter().filter(sighted).all(|frame| frame.look.footprint.is_some()));
}

#[test]
fn a_small_day_is_understood_better_than_by_cells_and_radii() {
    let day = day(&small(), 7).unwrap();
    let (_, score) = outcome_of(&day);
    assert!(score.grouping.missed_share < 0.1 && score.grouping.bcubed_f1 > 0.97, "{score:?}");
    for other in baselines(&day) {
        assert!(other.grouping.invented_share > score.grouping.invented_share, "{other:?}");
        // Where things lie as far apart as on this day, density alone groups as well.
        let by_density = other.name.starts_with("dbscan");
        assert!(by_density || other.grouping.bcubed_f1 < score.grouping.bcubed_f1, "{other:?}");
    }
}

#[test]
fn frames_that_arrive_late_end_in_the_same_incidents() {
    let mut day = day(&small(), 7).unwrap();
    day.frames.truncate(1_000);
    let mut deduper = InOrder::new(config(), Vec::new(), SignedDuration::from_mins(30));
    for frames in day.frames.chunks(17) {
        for frame in frames.iter().rev() {
            deduper.absorb_frame(&frame.look, frame.observations.clone());
        }
    }
    let (outcome, _) = outcome_of(&day);
    let found: Vec<_> = deduper.incidents().into_iter().cloned().collect();
    assert_eq!((found, deduper.too_late()), (outcome.incidents, 0));
}

#[test]
fn bcubed_and_shares_of_a_hand_counted_day() {
    // Things a, b, c (0, 1, 2) and a false cause (3). Two tasks for a, one for b that holds one sighting of c, one invented.
    let cluster =
        |causes: &[(usize, usize)], task| Cluster { causes: causes.iter().copied().collect(), task };
    let clusters = [
        cluster(&[(0, 2)], true),
        cluster(&[(0, 2)], true),
        cluster(&[(1, 3), (2, 1)], true),
        cluster(&[(3, 2)], true),
    ];
    let found = grouping(&clusters, 3);
    assert!((found.duplicates_per_incident - 0.5).abs() < 1e-12);
    assert!((found.false_merge_share - 0.25).abs() < 1e-12);
    assert!((found.missed_share - 1.0 / 3.0).abs() < 1e-12);
    assert!((found.invented_share - 0.25).abs() < 1e-12);
    // Precision (4 + 3 * 3/4 + 1/4 + 2) / 10, recall (4 * 1/2 + 3 + 1 + 2) / 10 (Bagga and Baldwin 1998).
    let (precision, recall) = (8.5 / 10.0, 8.0 / 10.0);
    assert!((found.bcubed_f1 - 2.0 * precision * recall / (precision + recall)).abs() < 1e-12);
}

#[test]
fn a_scenario_that_cannot_be_used_is_refused_with_key_and_value() {
    for (from, to, key, value) in [
        ("fps = 5.0", "fps = 0.0", "aircraft.fps", "0 is not above 0"),
        ("miss = 0.15", "miss = 1.5", "detector.miss", "1.5 is not a share"),
        ("apart_m = [12.0, 25.0]", "apart_m = [25.0, 12.0]", "pairs.apart_m", "[25, 12] is not a range"),
        ("docks = 23", "docks = \"many\"", "aircraft.docks", "invalid type"),
        ("version = 1", "version = 2", "version", "2 is not 1"),
        ("fps = 5.0", "fps = nan", "aircraft.fps", "NaN is not above 0"),
    ] {
        let error = Scenario::from_toml(&QUZHOU.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(value), "{error}");
    }
}
