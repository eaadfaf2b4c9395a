//! What there is: things with known place and class.

use crate::dice::Dice;
use crate::ground::Place;
use crate::scenario::{Range, Scenario};

/// Something real.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Index into `Scenario::things`.
    pub kind: usize,
    /// Middle.
    pub place: Place,
    /// Radius of its area, metres.
    pub radius_m: f64,
    /// Mean of its scores, log-odds.
    pub score: f64,
}

/// Part of the distance of two neighbours that one radius may reach: they do not touch.
const NEIGHBOUR_SHARE: f64 = 0.35;

/// Distance of things from the edge of the area, metres: a neighbour lies inside as well.
const OFF_EDGE_M: f64 = 50.0;

/// Returns the things of a day.
pub fn things(scenario: &Scenario, dice: &mut Dice) -> Vec<Thing> {
    let mut kinds: Vec<usize> = Vec::new();
    for (kind, things) in scenario.things.iter().enumerate() {
        kinds.extend(std::iter::repeat_n(kind, things.count));
    }
    let mut out: Vec<Thing> = Vec::new();
    let mut left: Vec<usize> = scenario.things.iter().map(|things| things.count).collect();
    for _ in 0..scenario.pairs.count {
        let Some(kind) = pick(&left, dice) else { break };
        if let Some(count) = left.get_mut(kind) {
            *count -= 2;
        }
        pair(kind, scenario, dice, &mut out);
    }
    for (kind, count) in left.into_iter().enumerate() {
        for _ in 0..count {
            let place = anywhere(scenario, OFF_EDGE_M, dice);
            out.push(thing(kind, place, f64::INFINITY, scenario, dice));
        }
    }
    out
}

/// Draws a class with at least two things left, each as often as it has things.
fn pick(left: &[usize], dice: &mut Dice) -> Option<usize> {
    let weights: Vec<usize> = left.iter().map(|count| if *count >= 2 { *count } else { 0 }).collect();
    let mut at = dice.below(weights.iter().sum());
    weights.iter().position(|weight| {
        let here = at < *weight;
        at = at.saturating_sub(*weight);
        here
    })
}

fn pair(kind: usize, scenario: &Scenario, dice: &mut Dice, out: &mut Vec<Thing>) {
    let first = anywhere(scenario, OFF_EDGE_M, dice);
    let apart_m = dice.of(scenario.pairs.apart_m);
    let second = first.towards(dice.of(Range(0.0, 360.0)), apart_m);
    for place in [first, second] {
        out.push(thing(kind, place, NEIGHBOUR_SHARE * apart_m, scenario, dice));
    }
}

fn thing(kind: usize, place: Place, most_m: f64, scenario: &Scenario, dice: &mut Dice) -> Thing {
    let radius_m = scenario.things.get(kind).map_or(1.0, |things| dice.of_log(things.radius_m)).min(most_m);
    Thing { kind, place, radius_m, score: dice.cause(&scenario.detector.true_scores) }
}

/// Returns a place in the area, off its edge by a distance.
pub(crate) fn anywhere(scenario: &Scenario, off_edge_m: f64, dice: &mut Dice) -> Place {
    let half = |km: f64| 500.0 * km - off_edge_m;
    let (east, north) = (half(scenario.area.width_km), half(scenario.area.height_km));
    Place { east_m: dice.of(Range(-east, east)), north_m: dice.of(Range(-north, north)) }
}
