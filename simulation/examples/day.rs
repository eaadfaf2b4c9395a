//! Scores a day; for trying things out.
use simulation::{Scenario, day::day, run::{City, run}, score::score};
use gis::{DedupeConfig, dedupe::Existence};
fn main() {
    let text = std::fs::read_to_string("configs/scenarios/quzhou-84.toml").unwrap();
    let scenario = Scenario::from_toml(&text).unwrap();
    let rules = dispatch::RuleSet::from_toml(&std::fs::read_to_string("configs/rules.toml").unwrap()).unwrap();
    let zones = gis::zones::ZoneIndex::new(vec![]);
    let n: u64 = std::env::args().nth(1).map_or(1, |s| s.parse().unwrap());
    let d = Existence::default();
    let variants = [
        ("default", d),
        ("p.05 .999", Existence { confirm_at: 0.999, prior: 0.05, ..d }),
        ("p.1 .999", Existence { confirm_at: 0.999, prior: 0.1, ..d }),
        ("p.1 .998", Existence { confirm_at: 0.998, prior: 0.1, ..d }),
        ("p.1 .995", Existence { confirm_at: 0.995, prior: 0.1, ..d }),
    ];
    for seed in scenario.seed..scenario.seed + n {
        let day = day(&scenario, seed).unwrap();
        let city = City { zones: &zones, rules: &rules };
        for (name, e) in &variants {
            let mut c = DedupeConfig::default();
            c.existence = *e;
            let outcome = run(&day, &c, city);
            let s = score(&scenario, &day, &outcome, city);
            println!("{seed} {name:12} dup {:.3} fm {:.4} miss {:.3} inv {:.3} b3 {:.4} id {:.3} t {:.1} {:.1} tasks {}", s.grouping.duplicates_per_incident, s.grouping.false_merge_share, s.grouping.missed_share, s.grouping.invented_share, s.grouping.bcubed_f1, s.id_stability, s.first_sight_to_task_s.p50, s.first_sight_to_task_s.p99, s.counts.tasks);
        }
    }
}
