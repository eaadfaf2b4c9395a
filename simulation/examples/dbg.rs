//! dbg
use simulation::{Scenario, day::day};
fn main() {
    let text = std::fs::read_to_string("configs/scenarios/quzhou-84.toml").unwrap();
    let scenario = Scenario::from_toml(&text).unwrap();
    let day = day(&scenario, 84).unwrap();
    let mut hits = vec![[0usize; 2]; day.things.len()];
    for f in &day.frames { for o in &f.observations { let c = day.cause_of[&o.id]; if c < day.things.len() { hits[c][usize::from(f.look.source.starts_with("uav"))] += 1; } } }
    for (t, h) in day.things.iter().zip(&hits).take(60) { println!("{t:?} {h:?}"); }
}
