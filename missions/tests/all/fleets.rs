//! What holds for any fleet: no battery is overdrawn, and all ground is seen.

use geo::{BoundingRect, Contains, Coord, LineString, MultiPolygon, Point, Polygon};
use missions::fleet::{Dock, Fleet, Pace, plan};
use missions::optics::{Geometry, Look, Overlap, geometry};
use missions::survey::Swath;
use proptest::prelude::*;

use crate::support::m3td;

const RULE: Look = Look { gsd_m: 0.025, overlap: Overlap { front: 0.7, side: 0.6 } };

fn island(x: f64, y: f64, radius_m: f64, shape: &[f64]) -> Polygon<f64> {
    let corner = |(k, part): (usize, &f64)| {
        let angle = k as f64 / shape.len() as f64 * std::f64::consts::TAU;
        Coord { x: x + radius_m * part * angle.cos(), y: y + radius_m * part * angle.sin() }
    };
    Polygon::new(LineString(shape.iter().enumerate().map(corner).collect()), Vec::new())
}

fn dock(id: usize, (x, y): (f64, f64)) -> Dock {
    Dock { id: id.to_string(), at: Coord { x, y }, hours: None }
}

/// The first plan, as no more is tried.
fn planned(shape: &MultiPolygon<f64>, docks: &[Dock]) -> (Fleet, Geometry, Pace) {
    let aircraft = m3td();
    let geometry = geometry(&aircraft, RULE).unwrap();
    let pace = Pace::of(&aircraft, &geometry);
    (plan(shape, docks, &geometry, &pace, &[], &mut || true).unwrap(), geometry, pace)
}

/// Points of a shape that no line shows, and all.
fn unseen(shape: &MultiPolygon<f64>, fleet: &Fleet, swath: &Swath) -> (usize, usize) {
    let lines: Vec<_> = fleet.sorties.iter().flatten().flat_map(|sortie| &sortie.lines).collect();
    let rect = shape.bounding_rect().unwrap();
    let (mut none, mut all) = (0, 0);
    for k in 0..4_000 {
        // A lattice that fills any box evenly (Roberts 2018, R2).
        let part = |step: f64| (0.5 + step * f64::from(k)).fract();
        let (x, y) = (part(0.754_877_666_246_693), part(0.569_840_290_998_053));
        let at = Coord { x: rect.min().x + x * rect.width(), y: rect.min().y + y * rect.height() };
        if shape.contains(&Point::from(at)) {
            all += 1;
            none += usize::from(!lines.iter().any(|line| shows(line, at, swath)));
        }
    }
    (none, all)
}

fn shows((a, b): &(Coord<f64>, Coord<f64>), at: Coord<f64>, swath: &Swath) -> bool {
    let (along, off) = (*b - *a, at - *a);
    let long_m = along.x.hypot(along.y).max(1e-9);
    let ahead_m = (off.x * along.x + off.y * along.y) / long_m;
    let aside_m = (off.x * along.y - off.y * along.x) / long_m;
    aside_m.abs() <= swath.half_across_m + 0.1
        && ahead_m >= -swath.reach_m - 0.1
        && ahead_m <= long_m + swath.reach_m + 0.1
}

fn place(far_m: f64) -> impl Strategy<Value = (f64, f64)> {
    (-far_m..far_m, -far_m..far_m)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_sortie_outlasts_its_battery_and_all_ground_in_reach_is_seen(
        islands in prop::collection::vec((place(9_000.0), 200.0..2_500.0_f64, prop::collection::vec(0.4..1.0_f64, 5..9)), 1..4),
        docks in prop::collection::vec(place(9_000.0), 1..4),
    ) {
        let apart = islands.into_iter().map(|((x, y), radius_m, shape)| MultiPolygon::from(island(x, y, radius_m, &shape)));
        let shape = apart.reduce(|all, one| geo::BooleanOps::union(&all, &one)).unwrap();
        let docks: Vec<Dock> = docks.into_iter().enumerate().map(|(id, at)| dock(id, at)).collect();
        let (fleet, geometry, pace) = planned(&shape, &docks);
        for sortie in fleet.sorties.iter().flatten() {
            prop_assert!(sortie.air_secs <= pace.usable_secs + 1e-6, "{} s in the air", sortie.air_secs);
        }
        let (none, all) = unseen(&shape, &fleet, &Swath::of(&geometry));
        if fleet.unreached_m == 0.0 {
            prop_assert!(none == 0, "{none} of {all} points are not seen");
            prop_assert!(fleet.makespan_secs >= fleet.bound_secs, "{} {}", fleet.makespan_secs, fleet.bound_secs);
        }
    }
}
