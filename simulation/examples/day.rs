//! Scores a day; for trying things out.
use simulation::{Scenario, day::day, run::{City, run}, score::score, baselines::baselines};
fn main() {
    let text = std::fs::read_to_string("configs/scenarios/quzhou-84.toml").unwrap();
    let scenario = Scenario::from_toml(&text).unwrap();
    let rules = dispatch::RuleSet::from_toml(&std::fs::read_to_string("configs/rules.toml").unwrap()).unwrap();
    let zones = gis::zones::ZoneIndex::new(vec![]);
    let n: u64 = std::env::args().nth(1).map_or(1, |s| s.parse().unwrap());
    for seed in scenario.seed..scenario.seed + n {
        let t = std::time::Instant::now();
        let day = day(&scenario, seed).unwrap();
        let made = t.elapsed();
        let t = std::time::Instant::now();
        let city = City { zones: &zones, rules: &rules };
        let outcome = run(&day, &gis::DedupeConfig::default(), city);
        let ran = t.elapsed();
        println!("{seed} {made:?} {ran:?} {:#?}", score(&scenario, &day, &outcome, city));
        if n == 1 { for b in baselines(&day) { println!("{} {:?}", b.name, b.grouping); } }
    }
}
