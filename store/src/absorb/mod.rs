//! Frames of many sources absorbed by many writers into one city: read what they may touch, deduplicate that, save it.
//!
//! One batch is one transaction:
//!
//! 1. Locks of the districts and sources that the frames reach ([`reach`]) are taken in order. Writers of the same ground wait
//!    for each other, others do not.
//! 2. The incidents that the frames can touch are found by cell, by ground in view and by source, and read where this
//!    writer does not know their present version ([`known`]).
//! 3. A [`gis::Deduper`] that knows these and no others absorbs the frames. Where an incident grew so far that it may be one
//!    with an incident that was not read, the batch is tried again with that one.
//! 4. Tasks follow their incidents: what later looks show of a place ends, verifies or reopens them ([`dispatch::looked`]).
//! 5. Incidents that changed are written if their version is still the one read; observations, tasks, and an event for each change,
//!    go with them.
//!
//! Absorbing a batch again changes nothing, so that who does not know whether a commit arrived just tries again: known
//! observations change nothing, and a look that is not later than the latest one of its source says nothing any more about what
//! it does not show.

mod known;
mod reach;
mod rows;
mod step;

use dispatch::Task;
use gis::{Absorbed, DedupeConfig, Incident, Look, Observation};
use jiff::Timestamp;

pub(crate) use known::Known;
pub(crate) use rows::{AbsorbRows, Findings, LastLooks, Version, Write};
pub(crate) use step::absorb;

use crate::record::Run;
use crate::save::Stamp;

/// A frame that was looked at: what it covers and what was seen in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeenFrame {
    /// What the source looked at, and when.
    pub look: Look,
    /// All observations made in it.
    pub observations: Vec<Observation>,
}

/// Frames to absorb in one transaction, in the order given.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The run that they belong to; stored with the first batch.
    pub run: &'a Run,
    /// When the batch is saved; kept with rows that change.
    pub at: Timestamp,
    /// Thresholds of deduplication; the same for all writers of a store.
    pub config: &'a DedupeConfig,
    /// The frames.
    pub frames: &'a [SeenFrame],
}

impl Batch<'_> {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { at: self.at, run: Some(self.run.id), operation: None }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AbsorbedBatch {
    /// What became of each observation, by frame.
    pub outcomes: Vec<Vec<Absorbed>>,
    /// Incidents that are new or differ from before, by time of first sighting, then id.
    pub changed: Vec<Incident>,
    /// Tasks that moved on because of what was seen, or was not, by time of creation, then id.
    pub tasks: Vec<Task>,
}
