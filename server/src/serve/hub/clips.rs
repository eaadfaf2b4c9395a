//! Clips around incidents, made beside the writer so that it never waits for an encoder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use dispatch::{EvidenceKind, EvidenceRef};
use gis::{Incident, IncidentId};
use jiff::SignedDuration;
use pipeline_gst::{ClipFrame, write_clip};

use super::ring::Recorded;
use super::status::SourceStatus;
use crate::evidence::{Shelf, keep};
use crate::serve::App;

/// Seconds shown before the first and after the last sighting.
const AROUND: SignedDuration = SignedDuration::from_secs(5);
/// Longest clip: of an incident that is seen for hours its beginning.
const LONGEST: SignedDuration = SignedDuration::from_secs(30);
/// Least number of pictures: fewer show no more than a still.
const LEAST: usize = 3;
/// Clips that wait for the encoder at most; beyond it incidents go without.
const WAITING: usize = 16;

struct Job {
    incident: IncidentId,
    pictures: Vec<Recorded>,
}

/// Makes clips in a thread of its own.
pub(super) struct Clips {
    jobs: Option<Sender<Job>>,
    made: Receiver<(IncidentId, EvidenceRef)>,
    kept: BTreeMap<IncidentId, Option<EvidenceRef>>,
    thread: Option<JoinHandle<()>>,
}

impl Clips {
    /// Starts the thread.
    pub(super) fn start(app: &Arc<App>) -> Self {
        let (jobs, waiting) = bounded::<Job>(WAITING);
        let (done, made) = unbounded();
        let app = Arc::clone(app);
        let named = std::thread::Builder::new().name("clips".to_owned());
        let thread = named.spawn(move || {
            for job in waiting {
                match clip(&app, &job) {
                    Ok(file) => drop(done.send((job.incident, file))),
                    Err(reason) => tracing::warn!("no clip of incident {}: {reason}", job.incident),
                }
            }
        });
        if let Err(error) = &thread {
            tracing::error!("no clips: cannot start a thread: {error}");
        }
        Self { jobs: Some(jobs), made, kept: BTreeMap::new(), thread: thread.ok() }
    }

    /// Asks for the clip of an incident, once, out of what its source showed around it.
    pub(super) fn want(&mut self, incident: &Incident, statuses: &BTreeMap<String, Arc<SourceStatus>>) {
        if self.kept.contains_key(&incident.id) {
            return;
        }
        let (from, to) = (incident.first_seen - AROUND, incident.last_seen + AROUND);
        let to = to.min(from + LONGEST);
        let of = |source: &String| statuses.get(source).map(|status| status.ring().between(from, to));
        let pictures = incident.sources.iter().filter_map(of).max_by_key(Vec::len).unwrap_or_default();
        if pictures.len() < LEAST {
            return;
        }
        self.kept.insert(incident.id, None);
        let job = Job { incident: incident.id, pictures };
        if self.jobs.as_ref().is_none_or(|jobs| jobs.try_send(job).is_err()) {
            tracing::warn!("no clip of incident {}: too many wait", incident.id);
        }
    }

    /// Returns the incidents whose clips are ready now.
    pub(super) fn ready(&mut self) -> Vec<IncidentId> {
        let mut ready = Vec::new();
        while let Ok((incident, file)) = self.made.try_recv() {
            self.kept.insert(incident, Some(file));
            ready.push(incident);
        }
        ready
    }

    /// Returns the clip of an incident.
    pub(super) fn of(&self, incident: IncidentId) -> Option<EvidenceRef> {
        self.kept.get(&incident).cloned().flatten()
    }

    /// Waits for the clips that were asked for.
    pub(super) fn finish(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a fault inside flyonce ended the making of clips; please report it");
        }
    }
}

fn clip(app: &App, job: &Job) -> Result<EvidenceRef, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let start = job.pictures.first().map(|first| first.time).ok_or("there are no pictures")?;
    let frame = |one: &'_ Recorded| -> Duration { one.time.duration_since(start).unsigned_abs() };
    let frames: Vec<ClipFrame<'_>> =
        job.pictures.iter().map(|one| ClipFrame { at: frame(one), jpeg: &one.jpeg }).collect();
    let beside = app.evidence.with_extension("clip");
    let made = write_clip(&frames, &beside).map_err(|error| text(&error));
    let bytes = made.and_then(|()| std::fs::read(&beside).map_err(|error| text(&error)));
    drop(std::fs::remove_file(&beside));
    let shelf = Shelf { folder: &app.evidence, rooms: Some(&app.rooms) };
    keep(shelf, EvidenceKind::Clip, "webm", &bytes?).map_err(|error| text(&error))
}
