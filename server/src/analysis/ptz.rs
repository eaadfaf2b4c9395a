//! Hears where a pan-tilt-zoom camera looks while its feed runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pipeline::ptz::PtzTrack;
use pipeline_onvif::{PtzClient, PtzEndpoint};

/// Longest pause in which a stop is not noticed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Asks a camera until it is dropped.
pub struct Listener {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Starts to ask; reports go to the track under the time of this machine, halfway between question and answer.
    pub fn start(source: String, endpoint: PtzEndpoint, every: Duration, track: PtzTrack) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let client = PtzClient::new(endpoint);
            let mut silent = false;
            while !stopped.load(Ordering::Relaxed) {
                let (asked, asked_at) = (crate::clock::now(), Instant::now());
                match client.status(asked) {
                    Ok(status) => {
                        let half_us = i64::try_from(asked_at.elapsed().as_micros() / 2).unwrap_or(i64::MAX);
                        track.push(asked.as_microsecond().saturating_add(half_us), status.report);
                        if std::mem::take(&mut silent) {
                            tracing::info!("{source}: the camera says again where it looks");
                        }
                    }
                    Err(error) if !silent => {
                        tracing::warn!(
                            "{source}: nothing is located until the camera says where it looks: {error}"
                        );
                        silent = true;
                    }
                    Err(error) => tracing::debug!("{source}: {error}"),
                }
                let next = Instant::now() + every;
                while Instant::now() < next && !stopped.load(Ordering::Relaxed) {
                    std::thread::sleep(LOOK_EVERY.min(every));
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a fault inside flyonce ended a listener; please report it");
        }
    }
}
