//! The reader of video feeds: opens, reads, watches, connects again, ends.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gstreamer::glib;
use pipeline::{Frame, FrameSource, Item, SourceError};

use crate::backoff;
use crate::counts::{Counts, SourceHandle};
use crate::element::start_gstreamer;
use crate::inbox::{Ending, Entry, Patience, Taken};
use crate::session::{Session, Shared};
use crate::spec::SourceSpec;
use crate::uri::SourceUri;

/// A connection that gave new frames for this long is healthy: the count of failed attempts starts anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);

/// A video file or live feed.
pub struct GstSource {
    spec: SourceSpec,
    shared: Arc<Shared>,
    session: Option<Session>,
    over: bool,
    frames: u64,
    attempts: u32,
    began: Option<Instant>,
}

/// Why a connection ended.
enum Cause {
    NoVideo,
    Stalled(Duration),
    Failed(String),
}

impl GstSource {
    /// Checks what can be checked without reading video; the feed itself is opened by the first `next()`.
    ///
    /// # Errors
    /// When GStreamer cannot start, or the file is missing, empty, a folder or not readable.
    pub fn open(spec: SourceSpec) -> Result<Self, SourceError> {
        let fail = |reason| SourceError::Open { uri: spec.uri.to_string(), reason };
        start_gstreamer().map_err(fail)?;
        if let SourceUri::File(path) = &spec.uri {
            check_file(path).map_err(fail)?;
        }
        let shared = Arc::new(Shared::new(&spec));
        Ok(Self { spec, shared, session: None, over: false, frames: 0, attempts: 0, began: None })
    }

    /// Returns a handle that watches and stops this source from any thread.
    pub fn handle(&self) -> SourceHandle {
        SourceHandle { inbox: Arc::clone(&self.shared.inbox), counts: Arc::clone(&self.shared.counts) }
    }

    fn advance(&mut self) -> Result<Option<Item>, SourceError> {
        loop {
            if self.shared.inbox.stopped() {
                return Ok(None);
            }
            if let Err(cause) = self.connect() {
                if self.retry(cause)? {
                    continue;
                }
                return Ok(None);
            }
            let patience = Patience { stall_limit: self.spec.stall_limit, deadline: self.deadline() };
            let cause = match self.shared.inbox.take(&patience) {
                Taken::Entry(Entry::Frame(frame)) => return Ok(self.accept(frame)),
                Taken::Entry(Entry::Telemetry(_)) => continue,
                Taken::Stopped | Taken::Deadline => return Ok(None),
                Taken::Ended(Ending::EndOfStream) if !self.shared.live && self.frames > 0 => return Ok(None),
                Taken::Ended(Ending::EndOfStream) if !self.shared.live => Cause::NoVideo,
                Taken::Ended(Ending::EndOfStream) => Cause::Failed("the sender ended the stream".to_owned()),
                Taken::Ended(Ending::NoVideo) => Cause::NoVideo,
                Taken::Ended(Ending::Failed(reason)) => Cause::Failed(reason),
                Taken::Stalled(silent) => Cause::Stalled(silent),
            };
            if !self.retry(cause)? {
                return Ok(None);
            }
        }
    }

    fn connect(&mut self) -> Result<(), Cause> {
        if self.session.is_none() {
            self.began.get_or_insert_with(Instant::now);
            tracing::debug!(source = %self.spec.id, uri = %self.spec.uri, "connecting");
            self.session = Some(Session::start(&self.spec, &self.shared).map_err(Cause::Failed)?);
        }
        Ok(())
    }

    /// End of a live feed by `max_duration`, counted from its first frame or, before that, from the first attempt.
    fn deadline(&self) -> Option<Instant> {
        self.spec.max_duration.filter(|_| self.shared.live).and_then(|most| self.began?.checked_add(most))
    }

    fn accept(&mut self, frame: Frame) -> Option<Item> {
        if self.spec.max_duration.is_some_and(|most| frame.elapsed >= most) {
            return None;
        }
        if self.frames == 0 {
            self.began = Some(Instant::now());
        }
        self.frames += 1;
        let fresh_at = self.shared.inbox.fresh_at();
        let began = self.session.as_ref().map_or(fresh_at, |session| session.began);
        if fresh_at.saturating_duration_since(began) >= HEALTHY_AFTER {
            self.attempts = 0;
        }
        Some(Item::Frame(frame))
    }

    /// Takes the connection down and waits before the next; returns false when the feed is to end quietly.
    fn retry(&mut self, cause: Cause) -> Result<bool, SourceError> {
        self.session = None;
        let policy = self.spec.reconnect;
        let wanted = policy.enabled && self.shared.live && (self.frames > 0 || policy.before_first_frame);
        if !wanted || self.attempts >= policy.max_attempts {
            return Err(self.error(cause));
        }
        self.attempts += 1;
        Counts::add(&self.shared.counts.reconnects, 1);
        let wait = backoff::wait(&policy, self.attempts, glib::random_double());
        let reason = self.error(cause).to_string();
        tracing::warn!(source = %self.spec.id, attempt = self.attempts, ?wait, reason, "connecting again");
        let until = Instant::now() + wait;
        let deadline = self.deadline();
        let stopped = self.shared.inbox.pause(deadline.map_or(until, |at| at.min(until)));
        Ok(!stopped && deadline.is_none_or(|at| Instant::now() < at))
    }

    fn error(&self, cause: Cause) -> SourceError {
        let uri = self.spec.uri.to_string();
        match cause {
            Cause::NoVideo => SourceError::NoVideo { uri },
            Cause::Stalled(silent) => SourceError::Stalled { uri, silent_secs: silent.as_secs() },
            Cause::Failed(reason) => {
                let reason = self.spec.uri.secrets().iter().fold(reason, |text, secret| text.replace(secret, "***"));
                match self.frames {
                    0 => SourceError::Open { uri, reason },
                    frames => SourceError::Broken { uri, frames, reason },
                }
            }
        }
    }
}

impl FrameSource for GstSource {
    fn next(&mut self) -> Result<Option<Item>, SourceError> {
        if self.over {
            return Ok(None);
        }
        let item = self.advance();
        if !matches!(item, Ok(Some(_))) {
            self.over = true;
            self.session = None;
        }
        item
    }

    fn dropped(&self) -> u64 {
        self.shared.counts.dropped.load(Ordering::Relaxed)
    }
}

/// Checks that the path is a file with something in it that can be read.
fn check_file(path: &Path) -> Result<(), String> {
    let about = std::fs::metadata(path).map_err(|e| io_reason(&e))?;
    if about.is_dir() {
        return Err("it is a folder, not a video file".to_owned());
    }
    let mut byte = [0_u8; 1];
    match File::open(path).and_then(|mut file| file.read(&mut byte)) {
        Err(e) => Err(io_reason(&e)),
        Ok(0) => Err("the file is empty".to_owned()),
        Ok(_) => Ok(()),
    }
}

fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read (permission denied)".to_owned(),
        _ => error.to_string(),
    }
}
