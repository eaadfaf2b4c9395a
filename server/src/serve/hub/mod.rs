//! The running feeds of a server: one thread a source, a shared pool of detectors, one writer into the store.
//!
//! ```text
//! source threads --(detectors: a pool they borrow from)--> sink --(ARRIVALS, block)--> writer --> store
//!                                                           \--> status: counts, latest frame, place
//! ```
//! A source that fails or stands still never holds up another: each has its own thread, and a live one drops its oldest frames
//! while the others are looked at. Sources can be added, paused, resumed and removed while the server runs.

mod added;
mod clips;
mod pool;
mod ring;
mod sink;
mod status;
mod writer;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use pipeline::Detector;

use crate::analysis::Stop;
use crate::analysis::feed::{Shared, run_source};
use crate::config::{Config, Problem, SourceEntry};
use crate::serve::door::Door;
use crate::serve::door::networks::{self, NetworkError};
use crate::wire::{self, Source, Tiles};

pub use added::{Added, AddedFile};
pub use pool::DetectorPool;
pub use ring::{Recorded, Ring};
pub use status::{Health, Hop, Latest, SourceStatus, Stage};
pub use writer::{ARRIVALS, Arrived, Writer};

use sink::HubSink;

/// Why a source cannot be steered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Nobody knows the source.
    #[error("there is no source {0:?}")]
    Unknown(String),
    /// Its name is taken.
    #[error("there is a source {0:?} already")]
    Taken(String),
    /// Its description does not fit.
    #[error("cannot use the source: {0}")]
    Unusable(String),
    /// It lies where no stream may be taken from.
    #[error(transparent)]
    Elsewhere(#[from] NetworkError),
    /// It cannot be kept for the next start.
    #[error("{0}")]
    Keep(String),
}

/// What the sources of a server share.
pub struct Common {
    /// Configuration.
    pub config: Config,
    /// Ground heights.
    pub terrain: Tiles,
    /// Classes that are looked for.
    pub classes: Vec<String>,
    /// Some pack asks for tiles.
    pub scaled: bool,
    /// Detectors.
    pub pool: DetectorPool,
    /// Where frames go; none once the hub is closed.
    pub arrivals: Mutex<Option<crossbeam::channel::Sender<Arrived>>>,
    /// Where added streams may lie.
    pub door: Arc<Door>,
    /// Where added streams are kept.
    pub added: AddedFile,
}

/// The sources of a server.
pub struct Hub {
    common: Arc<Common>,
    running: Mutex<BTreeMap<String, Running>>,
    /// What people added that could not be started this time: it stays in the file.
    absent: Mutex<Vec<Added>>,
}

struct Running {
    source: Source,
    uri: String,
    status: Arc<SourceStatus>,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    /// How a person described it, if one did.
    added: Option<Added>,
}

impl Hub {
    /// Returns a hub without sources.
    pub fn new(common: Common) -> Self {
        Self { common: Arc::new(common), running: Mutex::new(BTreeMap::new()), absent: Mutex::default() }
    }

    /// Starts a prepared source.
    ///
    /// # Errors
    /// [`HubError::Taken`].
    pub fn start(&self, source: Source) -> Result<(), HubError> {
        insert(&mut self.running(), Running::new(source, None))?.run(&self.common);
        Ok(())
    }

    /// Prepares and starts a source that a configuration describes.
    ///
    /// # Errors
    /// [`HubError::Taken`] and [`HubError::Unusable`] with every problem.
    pub fn add(&self, entry: SourceEntry) -> Result<(), HubError> {
        self.start(self.prepare(entry)?)
    }

    /// Starts a stream that a person describes, and keeps it for the next start.
    ///
    /// # Errors
    /// [`HubError`]; nothing is started or kept then.
    pub fn add_stream(&self, added: Added) -> Result<(), HubError> {
        let source = self.prepare(added.entry())?;
        networks::pinned(&source.spec.uri, &self.common.door.rules().entry.stream_networks)?;
        let id = added.id.clone();
        let mut running = self.running();
        insert(&mut running, Running::new(source, Some(added)))?;
        if let Err(reason) = self.keep(&running) {
            running.remove(&id);
            return Err(HubError::Keep(reason));
        }
        if let Some(one) = running.get_mut(&id) {
            one.run(&self.common);
        }
        Ok(())
    }

    /// Starts the streams that people added before the server ended; what cannot be started is told, and tried again at the next start.
    ///
    /// # Errors
    /// Why the file of them cannot be read.
    pub fn start_added(&self) -> Result<(), HubError> {
        for added in self.common.added.read().map_err(HubError::Keep)? {
            let (id, paused, kept) = (added.id.clone(), added.paused, added.clone());
            let started = self.prepare(added.entry()).and_then(|source| {
                let mut running = self.running();
                let one = insert(&mut running, Running::new(source, Some(added)))?;
                // It is looked up when it runs, so that one that leads elsewhere now is shown with the reason.
                if paused {
                    one.status.pause();
                } else {
                    one.run(&self.common);
                }
                Ok(())
            });
            if let Err(error) = started {
                tracing::error!("the added source {id:?} does not come back: {error}");
                self.absent().push(kept);
            }
        }
        Ok(())
    }

    /// Keeps what people added, as it is now.
    fn keep(&self, running: &BTreeMap<String, Running>) -> Result<(), String> {
        // A file that is not understood is not written over.
        self.common.added.read()?;
        let mut all: Vec<Added> = running.values().filter_map(|one| one.added.clone()).collect();
        let absent = self.absent();
        all.extend(absent.iter().cloned());
        self.common.added.write(all)
    }

    /// Notes that a person paused an added stream, or let it go on.
    fn note_paused(&self, running: &mut BTreeMap<String, Running>, id: &str, paused: bool) {
        let Some(added) = running.get_mut(id).and_then(|one| one.added.as_mut()) else { return };
        if added.paused != paused {
            added.paused = paused;
            if let Err(error) = self.keep(running) {
                tracing::warn!("{error}");
            }
        }
    }

    fn prepare(&self, entry: SourceEntry) -> Result<Source, HubError> {
        let mut problems = Vec::new();
        let mut config = self.common.config.clone();
        config.sources = vec![entry];
        let sources = wire::source::prepare(&config, &mut problems);
        let missing = |p: &&Problem| !p.warning || p.message.ends_with("does not exist");
        let told: Vec<String> = problems.iter().filter(missing).map(ToString::to_string).collect();
        match sources.into_iter().next() {
            Some(source) if told.is_empty() => Ok(source),
            _ => Err(HubError::Unusable(told.join("; "))),
        }
    }

    /// Ends the feed of a source and keeps the source.
    ///
    /// # Errors
    /// [`HubError::Unknown`].
    pub fn pause(&self, id: &str) -> Result<(), HubError> {
        let mut running = self.running();
        let one = running.get_mut(id).ok_or_else(|| HubError::Unknown(id.to_owned()))?;
        one.status.pause();
        one.stop.now();
        self.note_paused(&mut running, id, true);
        Ok(())
    }

    /// Starts the feed of a source again, if it does not run.
    ///
    /// # Errors
    /// [`HubError::Unknown`].
    pub fn resume(&self, id: &str) -> Result<(), HubError> {
        let mut running = self.running();
        let one = running.get_mut(id).ok_or_else(|| HubError::Unknown(id.to_owned()))?;
        if one.status.may_start() {
            // A pause may not have taken effect yet: the thread of before is waited for.
            one.end();
            one.run(&self.common);
        }
        self.note_paused(&mut running, id, false);
        Ok(())
    }

    /// Ends a source and forgets it; what it found stays.
    ///
    /// # Errors
    /// [`HubError::Unknown`], [`HubError::Keep`].
    pub fn remove(&self, id: &str) -> Result<(), HubError> {
        let absent = self.absent().iter().position(|one| one.id == id);
        if let Some(at) = absent {
            let running = self.running();
            let one = self.absent().remove(at);
            return self.keep(&running).map_err(|reason| {
                self.absent().push(one);
                HubError::Keep(reason)
            });
        }
        let mut one = {
            let mut running = self.running();
            let one = running.remove(id).ok_or_else(|| HubError::Unknown(id.to_owned()))?;
            if one.added.is_some()
                && let Err(reason) = self.keep(&running)
            {
                running.insert(id.to_owned(), one);
                return Err(HubError::Keep(reason));
            }
            one
        };
        one.end();
        Ok(())
    }

    /// Returns ground heights.
    pub fn terrain(&self) -> &Tiles {
        &self.common.terrain
    }

    /// Returns every source with its address and state, by id.
    pub fn list(&self) -> Vec<(String, String, Arc<SourceStatus>)> {
        let running = self.running();
        running.iter().map(|(id, one)| (id.clone(), one.uri.clone(), Arc::clone(&one.status))).collect()
    }

    /// Returns the state of a source.
    pub fn status(&self, id: &str) -> Option<Arc<SourceStatus>> {
        self.running().get(id).map(|one| Arc::clone(&one.status))
    }

    /// Ends every source and waits until the last frame is handed over.
    pub fn end(&self) {
        let mut running = self.running();
        for one in running.values_mut() {
            one.stop.now();
        }
        for one in running.values_mut() {
            one.end();
        }
    }

    /// Lets the writer end once everything is written.
    pub fn close(&self) {
        drop(self.common.arrivals.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn absent(&self) -> MutexGuard<'_, Vec<Added>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a source under its name, if that is free.
fn insert(running: &mut BTreeMap<String, Running>, one: Running) -> Result<&mut Running, HubError> {
    match running.entry(one.source.id.clone()) {
        Entry::Occupied(taken) => Err(HubError::Taken(taken.key().clone())),
        Entry::Vacant(free) => Ok(free.insert(one)),
    }
}

impl Running {
    fn new(source: Source, added: Option<Added>) -> Self {
        let status = Arc::new(SourceStatus::new(source.spec.uri.live(), source.place));
        let uri = source.spec.uri.to_string();
        Self { source, uri, status, stop: Stop::default(), thread: None, added }
    }

    fn run(&mut self, common: &Arc<Common>) {
        self.stop = Stop::default();
        self.status.start();
        let (common, mut source, added) = (Arc::clone(common), self.source.clone(), self.added.is_some());
        let (status, stop) = (Arc::clone(&self.status), self.stop.clone());
        let named = std::thread::Builder::new().name(format!("source {}", self.source.id));
        let spawned = named.spawn(move || {
            // Looked up at every start: a name may lead elsewhere than when it was added.
            if added {
                match networks::pinned(&source.spec.uri, &common.door.rules().entry.stream_networks) {
                    Ok(uri) => source.spec.uri = uri,
                    Err(error) => return status.ended(Some(error.to_string())),
                }
            }
            feed(&common, &source, &status, &stop);
        });
        match spawned {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => self.status.ended(Some(format!("cannot start a thread: {error}"))),
        }
    }

    fn end(&mut self) {
        self.stop.now();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.status.ended(Some("a fault inside flyonce ended this source; please report it".to_owned()));
        }
    }
}

fn feed(common: &Common, source: &Source, status: &Arc<SourceStatus>, stop: &Stop) {
    let Some(sink) = HubSink::new(common, status) else {
        status.ended(Some("the server is about to end".to_owned()));
        return;
    };
    let shared = Shared {
        config: &common.config,
        terrain: &common.terrain,
        scaled: common.scaled,
        sink: &sink,
        stop,
        progress: &|_, _, _| {},
    };
    let mut detectors: [Box<dyn Detector>; 1] = [Box::new(common.pool.clone())];
    let result = run_source(&shared, source, &mut detectors);
    status.count_dropped(result.stats.dropped);
    status.ended(result.error);
}
