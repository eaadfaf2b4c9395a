//! When a confirmed thing is over: passes that cover its place and do not show it.
//!
//! One frame that shows nothing says little: a bus stands before it. So looks are counted by passes, and each pass counts for its share
//! at most; a thing is over once as many passes as the class asks for have each brought theirs. A look that shows the thing ends the count.
//!
//! The evidence of a look is that of [`Existence`](super::Existence); the thing begins as surely there as it was confirmed, and ends as surely not there
//! as a candidate that is given up. Once a crew says that the work is done it begins at even odds, and a re-flight decides: by passes that began
//! after that, or sooner by the looks that came after it, of which the latest are kept as stays, so that a flight that a crew asked for is told
//! from the one of ten minutes before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::{DedupeConfig, Existence, Problem};
use super::confirm::log_odds_of;
use super::outline::ring_contains;
use super::plane::Plane;
use super::{Eye, Look};
use crate::error_ellipse::ce90_m;
use crate::incident::{Incident, Pass, Stay};
use crate::position::LatLon;

/// Passes without a sighting that are kept.
const MOST_PASSES: usize = 8;
/// Stays that are kept: looks of which each comes alone are half a dozen, and five that do not show a thing or three that do decide.
const MOST_STAYS: usize = 8;
/// A longer pause between two looks begins another stay, seconds.
pub(super) const PAUSE_SECS: f64 = 10.0;
/// Directions in which a place has to lie clear of the edge of a view.
const DIRECTIONS: u32 = 8;
/// What rounding may cost of the evidence, nats.
const ROUNDING_NATS: f64 = 1e-9;

/// What it takes for a confirmed thing to be over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gone {
    /// Passes that must each bring their share of the evidence.
    pub passes: u32,
    /// The same once a crew has reported the work done.
    pub passes_after_done: u32,
    /// Length of a pass, seconds: a look later than this after the first one of a pass begins another. A flight, or a span of a fixed camera.
    pub pass_secs: f64,
    /// Coarsest ground sample distance of a look that counts, metres; looks that do not tell theirs count where they say that they look.
    pub coarsest_gsd_m: f64,
    /// Distance of the place, beside its CE90, from the edge of a view that counts, metres.
    pub clear_of_edge_m: f64,
}

impl Default for Gone {
    /// Two half hours: no parked lorry and no shower lasts through both. At 0.25 m a puddle of two metres is eight pixels.
    fn default() -> Self {
        Self {
            passes: 2,
            passes_after_done: 1,
            pass_secs: 1_800.0,
            coarsest_gsd_m: 0.25,
            clear_of_edge_m: 5.0,
        }
    }
}

impl Gone {
    /// Adds every value that cannot be used.
    pub(super) fn check(&self, problems: &mut Vec<Problem>, at: &str) {
        let counts = [("passes", self.passes), ("passes_after_done", self.passes_after_done)];
        for (key, value) in counts {
            if value == 0 || value as usize > MOST_PASSES {
                let reason = format!("{value} must be 1 to {MOST_PASSES}");
                problems.push(Problem { key: format!("{at}.gone.{key}"), reason });
            }
        }
        for (key, value, fine, must_be) in [
            ("pass_secs", self.pass_secs, self.pass_secs > 0.0, "above 0"),
            ("coarsest_gsd_m", self.coarsest_gsd_m, self.coarsest_gsd_m > 0.0, "above 0"),
            ("clear_of_edge_m", self.clear_of_edge_m, self.clear_of_edge_m >= 0.0, "0 or more"),
        ] {
            if !(fine && value.is_finite()) {
                problems.push(Problem {
                    key: format!("{at}.gone.{key}"),
                    reason: format!("{value} must be {must_be}"),
                });
            }
        }
    }

    fn is_in(&self, pass: &Pass, time: Timestamp) -> bool {
        time.duration_since(pass.from).as_secs_f64() <= self.pass_secs && time >= pass.from
    }
}

/// Returns true when a look shows the place of an incident well enough, with its error, to say that it is not there.
pub(super) fn shows_the_place(incident: &Incident, look: &Look, gone: &Gone) -> bool {
    let (Some(position), Some(ring)) = (&incident.position, &look.footprint) else { return false };
    let at = position.point.lat_lon;
    let fine = |eye: &Eye| eye.gsd_m(at) <= gone.coarsest_gsd_m;
    look.eye.as_ref().is_none_or(fine)
        && is_clear(ring, at, ce90_m(&position.covariance_enu_m2) + gone.clear_of_edge_m)
}

/// Returns true when a place lies inside of a ring, and all around it at this radius does.
pub(super) fn is_clear(ring: &[LatLon], at: LatLon, radius_m: f64) -> bool {
    let plane = Plane::at(at);
    (0..DIRECTIONS).all(|n| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(n) / f64::from(DIRECTIONS)).sin_cos();
        ring_contains(ring, plane.lat_lon_from_plane(radius_m * cos, radius_m * sin))
    })
}

/// Counts a look that showed the place of a confirmed thing and not the thing; `nats` is what it says.
pub(super) fn count_without(incident: &mut Incident, look: &Look, nats: f64, gone: &Gone) {
    let missed = &mut incident.looks.missed;
    match missed.last_mut().filter(|pass| gone.is_in(pass, look.time)) {
        Some(pass) => extend(pass, look.time, nats),
        None => missed.push(Pass { from: look.time, to: look.time, looks: 1, nats }),
    }
    let surplus = missed.len().saturating_sub(MOST_PASSES);
    missed.drain(..surplus);
    stay(&mut incident.looks.stays, look.time, Some(nats));
}

/// Adds a look to the stays: what it says against the thing, or none where it shows it. One from before the latest stay says nothing of it.
fn stay(stays: &mut Vec<Stay>, time: Timestamp, against: Option<f64>) {
    let (seen, nats) = (against.is_none(), against.unwrap_or(0.0));
    let pause = |stay: &Stay| time.duration_since(stay.to).as_secs_f64() > PAUSE_SECS;
    match stays.last_mut() {
        Some(last) if time < last.from => {}
        Some(last) if last.seen == seen && !pause(last) => {
            last.to = last.to.max(time);
            last.looks = last.looks.saturating_add(1);
            last.nats += nats;
        }
        _ => stays.push(Stay { from: time, to: time, looks: 1, nats, seen }),
    }
    let surplus = stays.len().saturating_sub(MOST_STAYS);
    stays.drain(..surplus);
}

/// Takes the stays that showed one of two incidents that are one: not to have seen the one says little where the other was seen.
pub(super) fn merge_stays(own: &mut Vec<Stay>, others: &[Stay]) {
    own.extend(others);
    own.retain(|stay| stay.seen);
    own.sort_by_key(|stay| (stay.from, stay.to));
    let surplus = own.len().saturating_sub(MOST_STAYS);
    own.drain(..surplus);
}

/// Counts a look that showed the thing: what passes before it did not show says nothing any more.
pub(super) fn count_with(incident: &mut Incident, look: &Look) {
    incident.looks.missed.retain(|pass| pass.from > look.time);
    stay(&mut incident.looks.stays, look.time, None);
}

fn extend(pass: &mut Pass, time: Timestamp, nats: f64) {
    pass.to = pass.to.max(time);
    pass.looks = pass.looks.saturating_add(1);
    pass.nats += nats;
}

/// What passes say against a thing: their number, their looks, and nats of which each pass brings its share at most.
struct Against {
    passes: usize,
    looks: u32,
    nats: f64,
}

fn against<'a>(passes: impl Iterator<Item = &'a Pass>, needed_nats: f64, wanted: u32) -> Against {
    let share = needed_nats / f64::from(wanted.max(1));
    let mut all = Against { passes: 0, looks: 0, nats: 0.0 };
    for pass in passes {
        all.passes += 1;
        all.looks = all.looks.saturating_add(pass.looks);
        all.nats += (-pass.nats).clamp(0.0, share);
    }
    all
}

/// Returns why a confirmed thing is over, in words; none while it is not.
pub(super) fn why_over(incident: &Incident, config: &DedupeConfig) -> Option<String> {
    let (gone, existence) = (&config.rule(&incident.class).gone, config.existence(&incident.class));
    let needed = log_odds_of(existence.confirm_at) - log_odds_of(existence.give_up_at);
    let Against { passes, looks, nats } = against(incident.looks.missed.iter(), needed, gone.passes);
    let enough = passes >= gone.passes as usize && nats >= needed - ROUNDING_NATS;
    enough.then(|| format!("closed: looked, not there, in {looks} looks of {passes} passes"))
}

/// Returns the probability that a confirmed thing is still there, after what passes since its last sighting did not show.
pub fn still_there(incident: &Incident, config: &DedupeConfig) -> f64 {
    let existence: &Existence = config.existence(&incident.class);
    let confirmed = log_odds_of(existence.confirm_at);
    let needed = confirmed - log_odds_of(existence.give_up_at);
    let passes = config.rule(&incident.class).gone.passes;
    let log_odds = confirmed - against(incident.looks.missed.iter(), needed, passes).nats;
    1.0 / (1.0 + (-log_odds).exp())
}

/// What looks after some moment say of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinceThen {
    /// One of them showed it often enough.
    StillThere {
        /// Looks that showed it.
        looks: u32,
        /// The latest one.
        at: Timestamp,
    },
    /// They cover its place and do not show it.
    NotThere {
        /// Looks that did not show it.
        looks: u32,
        /// Passes.
        passes: usize,
        /// The latest look.
        at: Timestamp,
    },
}

/// Returns what looks after `done`, when a crew reported the work done, say of it; none while they say too little.
pub fn since_done(incident: &Incident, done: Timestamp, config: &DedupeConfig) -> Option<SinceThen> {
    let rule = config.rule(&incident.class);
    let stays = || incident.looks.stays.iter().filter(|stay| stay.from >= done);
    let seen = || stays().filter(|stay| stay.seen);
    let looks = seen().map(|stay| stay.looks).sum();
    if let Some(at) = seen().map(|stay| stay.to).max().filter(|_| looks >= rule.confirm.sightings) {
        return Some(SinceThen::StillThere { looks, at });
    }
    let needed = -log_odds_of(config.existence(&incident.class).give_up_at);
    let passes = || incident.looks.missed.iter().filter(|pass| pass.from >= done);
    let found = against(passes(), needed, rule.gone.passes_after_done);
    if found.passes >= rule.gone.passes_after_done as usize && found.nats >= needed - ROUNDING_NATS {
        let at = passes().map(|pass| pass.to).max()?;
        return Some(SinceThen::NotThere { looks: found.looks, passes: found.passes, at });
    }
    // Within the pass of before: where one pass is enough, so are its looks since then.
    let last_seen = seen().map(|stay| stay.to).max();
    let empty = || stays().filter(|stay| !stay.seen && last_seen.is_none_or(|seen| stay.from > seen));
    let nats: f64 = empty().map(|stay| -stay.nats).sum();
    let enough = rule.gone.passes_after_done == 1 && nats >= needed - ROUNDING_NATS;
    let at = empty().map(|stay| stay.to).max().filter(|_| enough)?;
    Some(SinceThen::NotThere { looks: empty().map(|stay| stay.looks).sum(), passes: 1, at })
}
