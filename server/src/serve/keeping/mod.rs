//! What a server does about what it keeps, beside its work: time stamps over the chain, retention, and room on the disk.
//!
//! Room is made in this order, the oldest first, until there is enough:
//! 1. clips of cases that are put away, because they are past their retention;
//! 2. clips of other cases that are over;
//! 3. pictures of cases that are put away.
//!
//! Never dropped: what belongs to a case that is open or under legal hold, the pictures of a case within its retention, and
//! records. What is dropped is noted in the journal first, so that a verifier does not miss it.

mod dropping;
mod seen;

pub use dropping::{Droppable, droppable, held};
pub use seen::{SAW, Seen};

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gis::IncidentId;
use jiff::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;
use store::{Note, Retention, Store, StoreError};
use x509_cert::Certificate;

use super::App;
use crate::clock;
use crate::config::EvidenceEntry;
use crate::proof::room::Undisturbed;
use crate::proof::stamp::{self, StampError};
use crate::proof::verify::DROPPED;

const TICK: Duration = Duration::from_millis(250);
/// How often room and retention are looked after.
const TIDY_EVERY: Duration = Duration::from_mins(1);
/// How long to wait after an authority failed.
const AGAIN: Duration = Duration::from_mins(1);
/// Name under which the server writes into the journal.
const ACTOR: &str = "flyonce";

/// Looks after what a server keeps.
pub struct Keeping {
    entry: EvidenceEntry,
    retention: Retention,
    trusted: Vec<Certificate>,
    stamped: Option<u64>,
}

/// Figures for metrics and the page.
#[derive(Debug, Default)]
pub struct Kept {
    /// Files dropped since the start.
    pub dropped: AtomicU64,
    /// Seconds since 1970 of the last time stamp, 0 before the first.
    pub stamped_at: AtomicU64,
    /// Time stamps that could not be had since the start.
    pub stamps_failed: AtomicU64,
}

impl Keeping {
    /// Returns a keeper of these rules.
    pub fn new(entry: EvidenceEntry, retention: Retention, trusted: Vec<Certificate>) -> Self {
        Self { entry, retention, trusted, stamped: None }
    }

    /// Works until the server ends.
    pub fn run(mut self, app: &Arc<App>) {
        let (mut tidy_at, mut stamp_at) = (Instant::now(), Instant::now());
        let between = Duration::from_secs(60 * u64::from(self.entry.timestamp_minutes));
        while !app.ending() {
            let now = Instant::now();
            if now >= stamp_at {
                stamp_at = now + if self.stamp(app) { between } else { AGAIN };
            }
            if now >= tidy_at {
                tidy_at = now + TIDY_EVERY;
                if let Err(error) = self.tidy(app, clock::now()) {
                    tracing::warn!("cannot look after what is kept: {error}");
                }
            }
            std::thread::sleep(TICK);
        }
    }

    fn stamp(&mut self, app: &App) -> bool {
        if self.entry.timestamp_url.is_none() {
            return true;
        }
        match self.stamp_once(app) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!("{error}");
                app.kept.stamps_failed.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// Has the head of the chain stamped, if it moved.
    ///
    /// # Errors
    /// [`StampError`].
    pub fn stamp_once(&mut self, app: &App) -> Result<(), StampError> {
        let Some(url) = &self.entry.timestamp_url else { return Ok(()) };
        let mut store = app.stores.open()?;
        if self.stamped.is_none() {
            self.stamped = store.time_stamps()?.last().map(|stamp| stamp.number);
        }
        let nonce = SysRng.try_next_u64().unwrap_or_default();
        let ask = stamp::Ask { authority: url, trusted: &self.trusted, nonce, now: clock::now() };
        if let Some(stamp) = stamp::stamp_head(store.as_mut(), self.stamped, &ask)? {
            self.stamped = Some(stamp.number);
            app.kept.stamped_at.store(stamp.at.as_second().unsigned_abs(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Puts away what is past its retention, and makes room.
    ///
    /// # Errors
    /// Any that the store has.
    pub fn tidy(&self, app: &App, now: Timestamp) -> Result<(), StoreError> {
        let mut store = app.stores.open()?;
        let mut put_away = 0;
        loop {
            let step = store.prune(&self.retention, now)?;
            put_away += step.incidents;
            if !step.more || app.ending() {
                break;
            }
        }
        if put_away > 0 {
            tracing::info!("{put_away} incidents are past their retention and were put away");
            let left: BTreeSet<IncidentId> = store.incidents()?.into_iter().map(|one| one.id).collect();
            app.forget_closed(&left);
        }
        make_room(app, store.as_mut(), now)
    }
}

fn make_room(app: &App, store: &mut dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let room = app.rooms.now();
    if room.wanted == 0 {
        return Ok(());
    }
    // A backup is being taken: what the store names must stay until it is copied.
    let Some(_alone) = Undisturbed::try_alone(&app.evidence) else { return Ok(()) };
    let mut wanted = room.wanted;
    for one in droppable(store, &app.evidence)? {
        if wanted == 0 {
            break;
        }
        let detail = format!("{} of {}, {} bytes, to make room", one.what, one.incident, one.bytes);
        let note = Note {
            at: now,
            kind: DROPPED.to_owned(),
            actor: ACTOR.to_owned(),
            subject: one.file.clone(),
            detail,
        };
        store.add_note(&note)?;
        if let Err(error) = std::fs::remove_file(app.evidence.join(&one.file)) {
            tracing::warn!("cannot drop {}: {error}", one.file);
            continue;
        }
        app.kept.dropped.fetch_add(1, Ordering::Relaxed);
        wanted = wanted.saturating_sub(one.bytes);
    }
    app.rooms.count_again();
    if wanted > 0 {
        tracing::error!(
            "no room for evidence: {wanted} bytes more are needed and nothing more may be dropped; events are kept, pictures \
                 are not"
        );
    }
    Ok(())
}
