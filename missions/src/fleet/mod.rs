//! A whole area with many docks: who flies which lines in which sortie, and when.
//!
//! Heuristic, better the longer it runs: lines of one direction are shared out among docks by a power diagram whose weights are moved
//! until all docks need the same time (Aurenhammer, Hoffmann, Aronov 1998), with ways across the lines counting more than along them,
//! because a sortie flies out on one line and home on the next. Each dock's lines are cut at the dock and packed into sorties in pairs.
//! All directions are tried for a few rounds, and the best two go on until their docks are done at one time. Crate `vrp-core` was
//! weighed: it orders thousands of jobs, but a city is tens of thousands of pieces that may be cut anywhere, and it does not know of cutting.

mod bound;
mod schedule;
mod share;
mod sorties;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use geo::{Coord, MultiPolygon};

use crate::aircraft::Aircraft;
use crate::optics::Geometry;
use crate::survey::{SURE, Swath};
use share::Sharing;

pub use bound::{with_ways_secs, without_ways_secs};
pub use schedule::{First, Hours};
pub use sorties::{Sortie, done_secs};

/// A dock with one aircraft.
#[derive(Debug, Clone, PartialEq)]
pub struct Dock {
    /// Its name.
    pub id: String,
    /// Where, on the plane of the area.
    pub at: Coord<f64>,
    /// When it may fly; always when there are none.
    pub hours: Option<Hours>,
}

/// Who flies what and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// Sorties by dock, in the order they are flown.
    pub sorties: Vec<Vec<Sortie>>,
    /// When the last aircraft has landed, seconds.
    pub makespan_secs: f64,
    /// No plan is done sooner: see [`with_ways_secs`].
    pub bound_secs: f64,
    /// Metres of lines that no dock reaches.
    pub unreached_m: f64,
    /// Direction of the lines, degrees counter-clockwise from east.
    pub along_deg: f64,
}

impl Fleet {
    /// Returns when the last sortie over ground of each level has landed, seconds, the greatest level first.
    pub fn levels(&self) -> Vec<(i64, f64)> {
        let mut done: BTreeMap<Reverse<i64>, f64> = BTreeMap::new();
        for sortie in self.sorties.iter().flatten() {
            let landed_secs = done.entry(Reverse(sortie.level)).or_default();
            *landed_secs = landed_secs.max(sortie.start_secs + sortie.air_secs);
        }
        done.into_iter().map(|(Reverse(level), secs)| (level, secs)).collect()
    }
}

/// Numbers of an aircraft that sorties are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// From one line to the next, metres.
    pub spacing_m: f64,
    /// Half of the ground across that one line surely sees, metres.
    pub half_across_m: f64,
    /// How far a line surely sees beyond its end, metres.
    pub reach_m: f64,
    /// Speed along lines, metres a second.
    pub work_mps: f64,
    /// Speed to and from them.
    pub travel_mps: f64,
    /// Time in the air of one sortie at the most, seconds.
    pub usable_secs: f64,
    /// Of it to climb and to land.
    pub vertical_secs: f64,
    /// To stop, turn and start again at the end of a line.
    pub turn_secs: f64,
    /// Charging for each second in the air.
    pub charge_per_sec: f64,
}

/// Share of the highest speed that is flown to and from work, and the most that docks take (`globalTransitionalSpeed`).
const TRAVEL_SHARE: f64 = 0.75;
const MOST_TRAVEL_MPS: f64 = 15.0;

impl Pace {
    /// Returns the pace of an aircraft.
    pub fn of(aircraft: &Aircraft, geometry: &Geometry) -> Self {
        let flight = &aircraft.flight;
        let swath = Swath::of(geometry);
        let vertical_secs = geometry.height_m / flight.climb_mps + geometry.height_m / flight.descend_mps;
        Self {
            spacing_m: geometry.spacing_m,
            half_across_m: (swath.half_across_m * SURE).max(geometry.spacing_m / 2.0),
            reach_m: swath.reach_m,
            work_mps: geometry.speed_mps,
            travel_mps: (TRAVEL_SHARE * flight.most_speed_mps).min(MOST_TRAVEL_MPS).max(geometry.speed_mps),
            usable_secs: aircraft.usable_secs(),
            vertical_secs,
            turn_secs: geometry.speed_mps / flight.acceleration_mps2,
            charge_per_sec: flight.charge_min / flight.endurance_min,
        }
    }

    /// Of each sortie, what no work is done in: climbing, landing, and the turns at both ends of its only line, seconds.
    fn idle_secs(&self) -> f64 {
        self.vertical_secs + 2.0 * self.turn_secs
    }

    /// Of a dock that is open for so long at a time.
    fn within(&self, hours: Option<Hours>) -> Self {
        let open_secs = hours.map_or(f64::INFINITY, |hours| hours.long_secs);
        Self { usable_secs: self.usable_secs.min(open_secs), ..*self }
    }
}

/// Why there is no fleet plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FleetError {
    /// No docks.
    #[error("there is no dock")]
    NoDocks,
    /// Nothing to fly.
    #[error("the area has no lines")]
    NoLines,
    /// A height that leaves no time.
    #[error("climbing and landing take all of a battery: {0:.0} s of {1:.0} s")]
    NoTime(f64, f64),
    /// Hours that leave no time.
    #[error(
        "dock {id} is open for {open_secs:.0} s at a time; climbing and landing take {vertical_secs:.0} s"
    )]
    Shut {
        /// The dock.
        id: String,
        /// How long it is open.
        open_secs: f64,
        /// How long climbing and landing take.
        vertical_secs: f64,
    },
}

/// Directions of lines that are tried, degrees.
const DIRECTIONS_DEG: [f64; 8] = [0.0, 90.0, 45.0, 135.0, 22.5, 67.5, 112.5, 157.5];
/// How much a metre along the lines counts of one across them, each tried with every direction.
const PROPORTIONS: [f64; 3] = [0.9, 0.7, 1.1];
/// Rounds by which directions are compared, how many of them go on, and their rounds.
const LOOKS: usize = 4;
const FINALISTS: usize = 2;
const ROUNDS: usize = 80;

/// Share of a battery, or of the hours of a dock, that climbing and landing may take.
const VERTICAL_SHARE: f64 = 0.8;

/// Returns the best plan found until `enough` says so (asked between rounds; a first plan is always made). Sorties over ground of a greater
/// level in `first` fly first.
///
/// # Errors
/// When there are no docks, no lines, or no time to fly them.
pub fn plan(
    shape: &MultiPolygon<f64>,
    docks: &[Dock],
    geometry: &Geometry,
    pace: &Pace,
    first: &[First],
    enough: &mut dyn FnMut() -> bool,
) -> Result<Fleet, FleetError> {
    if docks.is_empty() {
        return Err(FleetError::NoDocks);
    }
    timely(docks, pace)?;
    let bound_secs = bound::open_secs(with_ways_secs(shape, docks, pace), docks, pace);
    let mut best: Option<Fleet> = None;
    for proportion in PROPORTIONS {
        let found = balanced(directions(shape, docks, geometry, pace, proportion, enough), enough);
        let Some((along_deg, sharing)) = found else { continue };
        let unreached_m = sharing.unreached_m;
        let sorties = sharing.sorties(first);
        let makespan_secs = sorties.iter().map(|own| done_secs(own)).fold(0.0, f64::max);
        let better = best
            .as_ref()
            .is_none_or(|best| (unreached_m, makespan_secs) < (best.unreached_m, best.makespan_secs));
        if better {
            best = Some(Fleet { sorties, makespan_secs, bound_secs, unreached_m, along_deg });
        }
        if enough() {
            break;
        }
    }
    best.ok_or(FleetError::NoLines)
}

/// A direction of lines, and how they are shared out.
type Try<'a> = (f64, Sharing<'a>);

/// The directions that look best after a few rounds.
fn directions<'a>(
    shape: &MultiPolygon<f64>,
    docks: &'a [Dock],
    geometry: &Geometry,
    pace: &'a Pace,
    proportion: f64,
    enough: &mut dyn FnMut() -> bool,
) -> Vec<Try<'a>> {
    let mut tries: Vec<Try> = Vec::new();
    for along_deg in DIRECTIONS_DEG {
        let pieces = share::pieces(shape, &Swath::of(geometry), along_deg);
        if pieces.is_empty() {
            continue;
        }
        let mut sharing = Sharing::new(&pieces, docks, pace, (along_deg, proportion));
        (0..LOOKS).for_each(|_| sharing.round());
        tries.push((along_deg, sharing));
        tries.sort_by(|(_, a), (_, b)| {
            a.unreached_m.total_cmp(&b.unreached_m).then(a.mean_secs.total_cmp(&b.mean_secs))
        });
        tries.truncate(FINALISTS);
        if enough() {
            break;
        }
    }
    tries
}

/// The one that is done first after all rounds.
fn balanced<'a>(mut tries: Vec<Try<'a>>, enough: &mut dyn FnMut() -> bool) -> Option<Try<'a>> {
    for _ in 0..ROUNDS {
        for (_, sharing) in &mut tries {
            if enough() {
                break;
            }
            sharing.round();
        }
    }
    tries.into_iter().min_by(|(_, a), (_, b)| {
        a.unreached_m.total_cmp(&b.unreached_m).then(a.makespan_secs.total_cmp(&b.makespan_secs))
    })
}

fn timely(docks: &[Dock], pace: &Pace) -> Result<(), FleetError> {
    let vertical_secs = pace.vertical_secs;
    if vertical_secs >= pace.usable_secs * VERTICAL_SHARE {
        return Err(FleetError::NoTime(vertical_secs, pace.usable_secs));
    }
    for dock in docks {
        let open_secs = pace.within(dock.hours).usable_secs;
        if vertical_secs >= open_secs * VERTICAL_SHARE {
            return Err(FleetError::Shut { id: dock.id.clone(), open_secs, vertical_secs });
        }
    }
    Ok(())
}
