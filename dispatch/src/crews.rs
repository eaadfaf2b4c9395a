//! Crews, and which of them is nearest to a task.

use std::collections::BTreeSet;

use gis::LatLon;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::department::DepartmentId;
use crate::travel::TravelTime;

/// People who go out together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crew {
    /// Identity.
    pub id: String,
    /// Department that it belongs to.
    pub department: DepartmentId,
    /// Where it was last.
    pub position: LatLon,
    /// What it can do or carries.
    pub skills: BTreeSet<String>,
    /// Begin of its shift.
    pub shift_from: Timestamp,
    /// End of its shift.
    pub shift_to: Timestamp,
    /// Until when it is at work elsewhere; none where it is free.
    pub busy_until: Option<Timestamp>,
}

/// What a crew is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted<'a> {
    /// Department whose crew is to go.
    pub department: &'a DepartmentId,
    /// Where to.
    pub position: LatLon,
    /// What it has to be able to do.
    pub skills: &'a BTreeSet<String>,
    /// By when it is to be there; none where that does not matter.
    pub arrive_by: Option<Timestamp>,
}

/// A crew that could go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrewProposal {
    /// The crew.
    pub crew: String,
    /// True where it can leave at once.
    pub free: bool,
    /// When it can leave.
    pub leaves: Timestamp,
    /// When it is there.
    pub arrives: Timestamp,
    /// Length of the way, metres.
    pub way_m: f64,
    /// False where it comes too late.
    pub in_time: bool,
}

/// Returns the crews that could go: those that are free first, the first to be there first.
///
/// A crew has to belong to the department, to have every skill, and to be there within its shift.
pub fn nearest(
    crews: &[Crew],
    wanted: &Wanted<'_>,
    now: Timestamp,
    travel: &dyn TravelTime,
) -> Vec<CrewProposal> {
    let able = |crew: &&Crew| crew.department == *wanted.department && wanted.skills.is_subset(&crew.skills);
    let mut proposals: Vec<CrewProposal> =
        crews.iter().filter(able).filter_map(|crew| proposal(crew, wanted, now, travel)).collect();
    proposals.sort_by(|a, b| (!a.free, a.arrives, &a.crew).cmp(&(!b.free, b.arrives, &b.crew)));
    proposals
}

fn proposal(
    crew: &Crew,
    wanted: &Wanted<'_>,
    now: Timestamp,
    travel: &dyn TravelTime,
) -> Option<CrewProposal> {
    let leaves = now.max(crew.shift_from).max(crew.busy_until.unwrap_or(now));
    let arrives = leaves.checked_add(travel.travel_time(crew.position, wanted.position)).ok()?;
    (arrives <= crew.shift_to).then(|| CrewProposal {
        crew: crew.id.clone(),
        free: leaves == now,
        leaves,
        arrives,
        way_m: travel.way_m(crew.position, wanted.position),
        in_time: wanted.arrive_by.is_none_or(|by| arrives <= by),
    })
}
