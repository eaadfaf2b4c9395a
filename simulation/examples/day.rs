//! Scores a day; for trying things out.
use simulation::{Scenario, day::day, run::{City, run}, score::score};
use gis::{DedupeConfig, dedupe::Existence};
fn main() {
    let text = std::fs::read_to_string("configs/scenarios/quzhou-84.toml").unwrap();
    let scenario = Scenario::from_toml(&text).unwrap();
    let rules = dispatch::RuleSet::from_toml(&std::fs::read_to_string("configs/rules.toml").unwrap()).unwrap();
    let zones = gis::zones::ZoneIndex::new(vec![]);
    let days: u64 = std::env::args().nth(1).map_or(1, |s| s.parse().unwrap());
    let d = Existence::default();
    let t = std::time::Instant::now();
    let n = Existence { detect: 0.75, detect_mistaken: 0.35, independent_after_secs: 0.5, score_correlation: 0.5, ..d };
    let variants = [
        ("p.05 .999", Existence { confirm_at: 0.999, prior: 0.05, ..n }),
    ];
    for seed in scenario.seed..scenario.seed + days {
        let day = day(&scenario, seed).unwrap();
        let city = City { zones: &zones, rules: &rules };
        for (name, e) in &variants {
            let mut c = DedupeConfig::default();
            c.existence = *e;
            let outcome = run(&day, &c, city);
            let s = score(&scenario, &day, &outcome, city);
            if std::env::args().nth(2).is_some() { diagnose(&day, &outcome); }
            eprintln!("{:?}", t.elapsed());
            println!("{seed} {name:12} dup {:.3} fm {:.4} miss {:.3} inv {:.3} b3 {:.4} id {:.3} t {:.1} {:.1} tasks {}", s.grouping.duplicates_per_incident, s.grouping.false_merge_share, s.grouping.missed_share, s.grouping.invented_share, s.grouping.bcubed_f1, s.id_stability, s.first_sight_to_task_s.p50, s.first_sight_to_task_s.p99, s.counts.tasks);
        }
    }
}

fn diagnose(day: &simulation::Day, outcome: &simulation::run::Outcome) {
    use std::collections::BTreeMap;
    let mut by: BTreeMap<usize, Vec<&gis::Incident>> = BTreeMap::new();
    for i in outcome.incidents.iter().filter(|i| i.merged_into.is_none() && outcome.tasks.iter().any(|t| t.incident_id == i.id && t.state != dispatch::State::Merged)) {
        let mut n: BTreeMap<usize, usize> = BTreeMap::new();
        for o in &i.observations { *n.entry(day.cause_of[o]).or_default() += 1; }
        let main = *n.iter().max_by_key(|(_, n)| **n).unwrap().0;
        if n.keys().filter(|c| **c < day.things.len()).count() > 1 { println!("merged {n:?} {} {:?}", i.class, i.sources); }
        if main < day.things.len() { by.entry(main).or_default().push(i); } else { println!("invented {} sightings {} score {:.2}", i.class, i.sightings, i.mean_score); }
    }
    let first = |c: usize| day.frames.iter().flat_map(|f| &f.observations).filter(|o| day.cause_of[&o.id] == c).map(|o| (o.time, o.source.clone())).min();
    for (c, list) in &by {
        let t = &day.things[*c];
        let task = list.iter().filter_map(|i| outcome.tasks.iter().find(|t| t.incident_id == i.id)).map(|t| t.created).min().unwrap();
        let (at, source) = first(*c).unwrap();
        let wait = task.duration_since(at).as_secs();
        if wait > 60 { println!("late {wait} thing {c} mean {:.2} first by {source}", t.score); }
        if list.len() > 1 {
            println!("duplicate of {c} {:?}", t);
            for i in list {
                let p = i.position.as_ref().unwrap();
                let at = day.map.place(p.point.lat_lon);
                println!("   off {:.1} {:.1} sigma {:.1} {:.1} sightings {} {:?} {}", at.east_m - t.place.east_m, at.north_m - t.place.north_m, p.covariance_enu_m2[(0,0)].sqrt(), p.covariance_enu_m2[(1,1)].sqrt(), i.sightings, i.sources, i.fixes.iter().map(|f| f.partial.to_string()).collect::<Vec<_>>().join(","));
            }
        }
    }
}
