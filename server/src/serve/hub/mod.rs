//! The running feeds of a server: one thread a source, a shared pool of detectors, one writer into the store.
//!
//! ```text
//! source threads --(detectors: a pool they borrow from)--> sink --(ARRIVALS, block)--> writer --> store
//!                                                           \--> status: counts, latest frame, place
//! ```
//! A source that fails or stands still never holds up another: each has its own thread, and a live one drops its oldest frames
//! while the others are looked at. Sources can be added, paused, resumed and removed while the server runs.

mod clips;
mod pool;
mod ring;
mod sink;
mod status;
mod writer;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use pipeline::Detector;

use crate::analysis::Stop;
use crate::analysis::feed::{Shared, run_source};
use crate::config::{Config, Problem, SourceEntry};
use crate::wire::{self, Source, Tiles};

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
}

/// The sources of a server.
pub struct Hub {
    common: Arc<Common>,
    running: Mutex<BTreeMap<String, Running>>,
}

struct Running {
    source: Source,
    uri: String,
    status: Arc<SourceStatus>,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    /// Returns a hub without sources.
    pub fn new(common: Common) -> Self {
        Self { common: Arc::new(common), running: Mutex::new(BTreeMap::new()) }
    }

    /// Starts a prepared source.
    ///
    /// # Errors
    /// [`HubError::Taken`].
    pub fn start(&self, source: Source) -> Result<(), HubError> {
        let mut running = self.running();
        if running.contains_key(&source.id) {
            return Err(HubError::Taken(source.id));
        }
        let (id, uri) = (source.id.clone(), source.spec.uri.to_string());
        let status = Arc::new(SourceStatus::new(source.spec.uri.live(), source.place));
        let mut one = Running { source, uri, status, stop: Stop::default(), thread: None };
        one.run(&self.common);
        running.insert(id, one);
        Ok(())
    }

    /// Prepares and starts a source that a person describes.
    ///
    /// # Errors
    /// [`HubError::Taken`] and [`HubError::Unusable`] with every problem.
    pub fn add(&self, entry: SourceEntry) -> Result<(), HubError> {
        let mut problems = Vec::new();
        let mut config = self.common.config.clone();
        config.sources = vec![entry];
        let sources = wire::source::prepare(&config, &mut problems);
        let missing = |p: &&Problem| !p.warning || p.message.ends_with("does not exist");
        let told: Vec<String> = problems.iter().filter(missing).map(ToString::to_string).collect();
        match sources.into_iter().next() {
            Some(source) if told.is_empty() => self.start(source),
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
        Ok(())
    }

    /// Ends a source and forgets it; what it found stays.
    ///
    /// # Errors
    /// [`HubError::Unknown`].
    pub fn remove(&self, id: &str) -> Result<(), HubError> {
        let removed = self.running().remove(id);
        let mut one = removed.ok_or_else(|| HubError::Unknown(id.to_owned()))?;
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

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn run(&mut self, common: &Arc<Common>) {
        self.stop = Stop::default();
        self.status.start();
        let (common, source) = (Arc::clone(common), self.source.clone());
        let (status, stop) = (Arc::clone(&self.status), self.stop.clone());
        let named = std::thread::Builder::new().name(format!("source {}", self.source.id));
        let spawned = named.spawn(move || feed(&common, &source, &status, &stop));
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
