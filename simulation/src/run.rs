//! A day through the product's own chain: deduper, confirmation, router, tasks.

use std::collections::HashMap;

use dispatch::{Book, RuleSet, Task};
use gis::zones::ZoneIndex;
use gis::{DedupeConfig, Deduper, Incident, IncidentId};

use crate::day::{Cause, Day};

/// Who is responsible where.
#[derive(Clone, Copy)]
pub struct City<'a> {
    /// Zones.
    pub zones: &'a ZoneIndex,
    /// Rules.
    pub rules: &'a RuleSet,
}

/// What became of a day.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// All incidents, closed ones too.
    pub incidents: Vec<Incident>,
    /// All tasks.
    pub tasks: Vec<Task>,
    /// The incident that the first sighting of each cause went into.
    pub first_incident: HashMap<Cause, IncidentId>,
}

/// Sends a day through the chain, frame by frame in the order of time.
pub fn run(day: &Day, config: &DedupeConfig, city: City<'_>) -> Outcome {
    let mut deduper = Deduper::new(config.clone(), Vec::new());
    let mut book = Book::default();
    let mut first_incident = HashMap::new();
    for frame in &day.frames {
        let absorbed = deduper.absorb_frame(&frame.look, frame.observations.clone());
        for one in absorbed {
            if let (Some(cause), Some(incident)) = (day.cause_of.get(&one.observation), one.incident) {
                first_incident.entry(*cause).or_insert(incident);
            }
        }
        book.follow(&deduper.take_changed(), city.zones, city.rules, frame.look.time);
    }
    let tasks = book.tasks().cloned().collect();
    Outcome { incidents: deduper.into_incidents(), tasks, first_incident }
}
