//! `flyonce serve`: feeds in, store kept, page, interface and event feed out.

pub mod accounts;
pub mod answers;
pub mod api;
pub mod board;
pub mod cap;
pub mod connections;
pub mod cot;
pub mod door;
pub mod events;
pub mod hub;
pub mod keeping;
pub mod lifetime;
pub mod missions;
pub mod mqtt;
pub mod outbox;
pub mod page;
pub mod presence;
pub mod reload;
pub mod reported;
pub mod stores;
pub mod tally;
pub mod traces;
pub mod trouble;
pub mod views;
pub mod webhooks;
pub mod xml;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use dispatch::Task;
use dispatch::flood::FloodConfig;
use gis::IncidentId;
use gis::dedupe::DedupeConfig;
use store::{Store, StoreError};
use tokio::sync::watch;

use crate::clock;
use crate::config::CapEntry;
use crate::config::EvidenceEntry;
use crate::proof::room::Rooms;
use crate::wire::City;

use self::missions::Missions;
use accounts::Accounts;
use answers::Answers;
use board::{Board, News};
use door::Door;
use events::{Events, Ready, render};
use hub::Hub;
use keeping::{Kept, Seen};
use presence::Presence;
use stores::Stores;
use traces::Traces;
use trouble::Trouble;

/// What every part of a server shares.
pub struct App {
    /// Zones, departments, rules.
    pub city: City,
    /// How sightings are fused.
    pub dedupe: DedupeConfig,
    /// Store handles.
    pub stores: Stores,
    /// People and machines.
    pub accounts: Accounts,
    /// Folder of evidence.
    pub evidence: PathBuf,
    /// Room for it.
    pub rooms: Rooms,
    /// What was done about it since the start.
    pub kept: Kept,
    /// What keeps it from keeping things.
    pub trouble: Trouble,
    /// Who saw which original lately.
    pub seen: Seen,
    /// Who looks at what.
    pub presence: Presence,
    /// Answers to requests that may be sent again.
    pub answers: Answers,
    /// Who is let in, how often, and where to.
    pub door: Arc<Door>,
    /// Every proposed task waits for a person.
    pub review_first: bool,
    /// When many tasks are asked about as one.
    pub flood: FloodConfig,
    /// Flights.
    pub missions: Missions,
    /// Share of decided cases that are shown to somebody else again.
    pub recheck_share: f64,
    board: RwLock<Board>,
    events: RwLock<Events>,
    tail: Mutex<Box<dyn Store>>,
    changed: watch::Sender<u64>,
    hub: OnceLock<Hub>,
    cap: OnceLock<CapEntry>,
    traces: OnceLock<Traces>,
    ending: AtomicBool,
}

/// What a server is made of.
pub struct Parts {
    /// Zones, departments, rules.
    pub city: City,
    /// How sightings are fused.
    pub dedupe: DedupeConfig,
    /// Store handles.
    pub stores: Stores,
    /// People and machines.
    pub accounts: Accounts,
    /// Folder of evidence.
    pub evidence: PathBuf,
    /// Room that it may take.
    pub keeping: EvidenceEntry,
    /// Every proposed task waits for a person.
    pub review_first: bool,
    /// When many tasks are asked about as one.
    pub flood: FloodConfig,
    /// Flights.
    pub missions: Missions,
    /// Share of decided cases that are shown to somebody else again.
    pub recheck_share: f64,
}

impl App {
    /// Reads the store and returns a server without sources.
    ///
    /// # Errors
    /// Any that opening and reading the store have.
    pub fn new(parts: Parts) -> Result<Self, StoreError> {
        let tail = parts.stores.open()?;
        let board = Board::load(tail.as_ref())?;
        let (changed, _) = watch::channel(board.cursor());
        Ok(Self {
            city: parts.city,
            dedupe: parts.dedupe,
            stores: parts.stores,
            accounts: parts.accounts,
            rooms: Rooms::new(&parts.evidence, &parts.keeping),
            kept: Kept::default(),
            trouble: Trouble::default(),
            seen: Seen::default(),
            evidence: parts.evidence,
            review_first: parts.review_first,
            flood: parts.flood,
            missions: parts.missions,
            recheck_share: parts.recheck_share,
            presence: Presence::default(),
            answers: Answers::default(),
            door: Arc::default(),
            board: RwLock::new(board),
            events: RwLock::default(),
            tail: Mutex::new(tail),
            changed,
            hub: OnceLock::new(),
            cap: OnceLock::new(),
            traces: OnceLock::new(),
            ending: AtomicBool::new(false),
        })
    }

    /// Gives the server its sources.
    pub fn set_hub(&self, hub: Hub) {
        // There is one; a second would be a mistake of the caller and is let go.
        drop(self.hub.set(hub));
    }

    /// Says how alerts to the public are signed and meant; before it, as [`CapEntry::default`] has it.
    pub fn set_cap(&self, cap: CapEntry) {
        // There is one; a second would be a mistake of the caller and is let go.
        drop(self.cap.set(cap));
    }

    /// Returns how alerts to the public are signed and meant.
    pub fn cap(&self) -> CapEntry {
        self.cap.get().cloned().unwrap_or_default()
    }

    /// Says where traces go; before it, nowhere.
    pub fn set_traces(&self, traces: Traces) {
        // There is one; a second would be a mistake of the caller and is let go.
        drop(self.traces.set(traces));
    }

    /// Returns what takes traces.
    pub fn traces(&self) -> &Traces {
        static NOWHERE: Traces = Traces::nowhere();
        self.traces.get().unwrap_or(&NOWHERE)
    }

    /// Returns the sources.
    pub fn hub(&self) -> Option<&Hub> {
        self.hub.get()
    }

    /// Returns all cases.
    pub fn board(&self) -> RwLockReadGuard<'_, Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the task of an incident.
    pub fn task_of(&self, incident: IncidentId) -> Option<Task> {
        self.board().case(incident)?.task.as_deref().cloned()
    }

    /// Reads what changed in the store, whoever changed it, and wakes those who wait for it.
    pub fn catch_up(&self) {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events = Vec::new();
        loop {
            let cursor = self.board().cursor();
            match News::read(tail.as_ref(), cursor) {
                Ok(Some(news)) => {
                    events.extend(self.board.write().unwrap_or_else(PoisonError::into_inner).take(news));
                }
                Ok(None) => break,
                // What was taken in is told; the rest is read the next time.
                Err(error) => {
                    tracing::warn!("cannot follow the store: {error}");
                    break;
                }
            }
        }
        let Some(last) = events.last().map(|event| event.seq) else { return };
        let now = clock::now();
        let ready: Vec<Ready> = {
            let board = self.board();
            events.iter().map(|event| render(event, &board, &self.city, now)).collect()
        };
        self.events.write().unwrap_or_else(PoisonError::into_inner).push(ready);
        self.changed.send_replace(last);
    }

    /// Takes closed cases off the board that the store has put away.
    pub fn forget_closed(&self, left: &BTreeSet<IncidentId>) {
        self.board.write().unwrap_or_else(PoisonError::into_inner).forget_closed(left);
    }

    /// Returns the events after a cursor out of memory, or none when they must be read from the store.
    pub fn events_after(&self, cursor: u64, limit: usize) -> Option<Vec<Arc<Ready>>> {
        if cursor >= *self.changed.borrow() {
            return Some(Vec::new());
        }
        self.events.read().unwrap_or_else(PoisonError::into_inner).after(cursor, limit)
    }

    /// Returns what tells of changes: the number of the last event.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Tells whether the server is about to end.
    pub fn ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Lets all who wait for events go.
    pub fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
        self.changed.send_modify(|_| {});
    }
}
