//! Which sightings are of one thing: observations in, incidents out.
//!
//! One frame at a time, in the order of arrival:
//!
//! 1. An observation whose id is known changes nothing; one with a value that is not finite is refused with the reason.
//! 2. H3 cells find the incidents that may be meant ([`cells`]).
//! 3. Positions are freed of what the flight has learnt of its own errors ([`flight`]).
//! 4. A likelihood decides: distance of the centroids under both covariances, overlap of the outlines, class and time
//!    ([`matcher`]).
//! 5. All sightings of the frame are assigned together, one to one ([`assign`]). What is left over joins an incident whose
//!    outline it overlaps (a sheet of water behind a lorry shows as two masks), else it begins a new incident.
//! 6. Position and outline are fused ([`fuse`]); incidents that the new outline bridges, or that turn out to lie at one place and were never seen beside
//!    each other, become one; the older id survives.
//! 7. The frame is a look at every incident whose place it covers: N of M looks and the probability that it is there confirm ([`confirm`]), passes that
//!    do not show it end it ([`gone`]). How long its place was in view before it was first seen speaks against it, and a candidate whose place goes out
//!    of view may be believed by less, for it may be long before it is looked at again ([`recent`]).
//! 8. What is confirmed where something of its class ended not long ago is that thing again: it reopens and takes over the new one.
//!
//! The same observations in the same order give the same incidents, byte for byte, also when the run is interrupted in
//! between and resumed from the stored incidents; unless [`RecentLooks`] are
//! handed over, what is lost then is what sources looked at in the half minute before.

mod assign;
pub mod by_person;
mod cells;
mod check;
mod config;
mod confirm;
mod deduper;
mod first;
mod flight;
mod fuse;
mod gone;
mod in_order;
mod looked_at;
mod matcher;
mod merge;
pub mod neighbourhood;
mod outline;
mod plane;
mod recent;
mod reviews;
mod view;

use jiff::Timestamp;

use crate::incident::IncidentId;
use crate::observation::ObservationId;
use crate::position::LatLon;

pub use cells::h3_cell_of;
pub use config::{ClassRule, Confirm, DedupeConfig, Existence, Problem};
pub use deduper::Deduper;
pub use gone::{Gone, SinceThen, since_done, still_there};
pub use in_order::{Changes, InOrder};
pub use looked_at::{LookedAt, together};
pub use recent::RecentLooks;
pub use reviews::{Counts, Reviews};

/// From where a frame was taken, which says how finely it shows a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// Where the camera is.
    pub at: LatLon,
    /// Its height above the ground it looks at, metres.
    pub above_ground_m: f64,
    /// Focal length, pixels.
    pub focal_px: f64,
}

impl Eye {
    /// Returns the ground sample distance at a place across the line of sight, metres a pixel.
    pub fn gsd_m(&self, place: LatLon) -> f64 {
        let away_m = plane::Plane::at(self.at).plane_from_lat_lon(place).norm();
        away_m.hypot(self.above_ground_m) / self.focal_px
    }
}

/// One analysed frame: what a source looked at, and when.
///
/// All observations of a frame are absorbed in one call, also when several models made them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// The source.
    pub source: String,
    /// Index of the frame in its source, from 0.
    pub frame_index: u64,
    /// Capture time.
    pub time: Timestamp,
    /// Ground that the frame shows well enough for a thing there to be seen; a ring, not closed. None when not known.
    pub footprint: Option<Vec<LatLon>>,
    /// From where it was taken; none when not known.
    pub eye: Option<Eye>,
    /// Classes that were looked for; empty for all. A frame that no fume model analysed says nothing about fumes.
    pub classes: Vec<String>,
}

impl Look {
    /// Returns true when things of a class were looked for.
    pub fn looks_for(&self, class: &str) -> bool {
        is_among(&self.classes, class)
    }
}

/// Returns true when a class is one of those looked for, none standing for all.
fn is_among(classes: &[String], class: &str) -> bool {
    classes.is_empty() || classes.iter().any(|other| other == class)
}

/// What became of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbsorbedKind {
    /// It began an incident.
    New,
    /// It joined an incident.
    Joined,
    /// It was absorbed before; nothing changed.
    Known,
    /// It holds a value that cannot be used; nothing changed.
    Refused,
}

/// What became of an observation, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorbed {
    /// The observation.
    pub observation: ObservationId,
    /// The incident it belongs to; none when refused.
    pub incident: Option<IncidentId>,
    /// What was done.
    pub kind: AbsorbedKind,
    /// Why, in words.
    pub reason: String,
}
