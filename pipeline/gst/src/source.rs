//! The reader of video feeds: opens, reads, watches, connects again, ends.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gstreamer::glib;
use pipeline::telemetry::mpegts::TsKlv;
use pipeline::{Frame, FrameSource, Item, SourceError, TelemetryPacket};

use crate::backoff;
use crate::counts::{Counts, SourceHandle};
use crate::element::start_gstreamer;
use crate::inbox::{Ending, Entry, Patience, Taken};
use crate::index;
use crate::session::{Session, Shared};
use crate::spec::SourceSpec;
use crate::ts::FileTelemetry;
use crate::uri::{Endpoint, SourceUri};

/// A connection that gave new frames for this long is healthy: the count of failed attempts starts anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);

/// A file whose video ends this much before its stated end was cut off.
const CUT_OFF: Duration = Duration::from_secs(1);

/// The same as a share of the stated length: sound may go on a little longer than the video.
const CUT_OFF_SHARE: f64 = 0.05;

/// Longest wait for one address when the cause of a failed connection is looked for.
const REACH_LIMIT: Duration = Duration::from_secs(2);

/// Telemetry of files comes this much before the frames of its time, so that poses can be interpolated.
const TELEMETRY_AHEAD_US: i64 = 1_000_000;

/// A video file or live feed.
pub struct GstSource {
    spec: SourceSpec,
    shared: Arc<Shared>,
    session: Option<Session>,
    over: bool,
    frames: u64,
    attempts: u32,
    began: Option<Instant>,
    file_telemetry: Option<FileTelemetry>,
    /// Live telemetry that came before the first frame of its connection.
    early: Vec<TsKlv>,
    ready: VecDeque<Item>,
}

/// Why a connection ended.
#[derive(Clone)]
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
        let mut file_telemetry = None;
        if let SourceUri::File(path) = &spec.uri {
            check_file(path).map_err(fail)?;
            file_telemetry = FileTelemetry::open(path);
        }
        let shared = Arc::new(Shared::new(&spec));
        Ok(Self {
            spec,
            shared,
            session: None,
            over: false,
            frames: 0,
            attempts: 0,
            began: None,
            file_telemetry,
            early: Vec::new(),
            ready: VecDeque::new(),
        })
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
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            let ended = match self.connect() {
                Ok(()) => self.take(),
                Err(cause) => ControlFlow::Break(Some(cause)),
            };
            match ended {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(None) => return Ok(None),
                ControlFlow::Break(Some(cause)) if self.retry(&cause) => {}
                // A stop or the deadline during the wait ends the feed quietly.
                ControlFlow::Break(Some(_)) if self.shared.inbox.stopped() || self.late() => return Ok(None),
                ControlFlow::Break(Some(cause)) => return Err(self.error(cause)),
            }
        }
    }

    /// Takes the next entry; breaks at the end of the connection, with its cause unless it is the plain end.
    fn take(&mut self) -> ControlFlow<Option<Cause>> {
        let patience = Patience { stall_limit: self.spec.stall_limit, deadline: self.deadline() };
        let cause = match self.shared.inbox.take(&patience) {
            Taken::Entry(Entry::Frame(frame)) => return self.accept(frame),
            Taken::Entry(Entry::Telemetry(packet)) => {
                self.early.push(packet);
                self.time_early_telemetry();
                return ControlFlow::Continue(());
            }
            Taken::Stopped | Taken::Deadline => return ControlFlow::Break(None),
            Taken::Ended(Ending::EndOfStream) if self.shared.live => {
                Cause::Failed("the sender ended the stream".to_owned())
            }
            Taken::Ended(Ending::EndOfStream) => return self.end_of_file(),
            Taken::Ended(Ending::NoVideo) => Cause::NoVideo,
            Taken::Ended(Ending::Failed(reason)) => Cause::Failed(self.diagnosed(reason)),
            Taken::Stalled(silent) => Cause::Stalled(silent),
        };
        ControlFlow::Break(Some(cause))
    }

    /// Gives the telemetry behind the last frame, then tells a whole file from one that was cut.
    fn end_of_file(&mut self) -> ControlFlow<Option<Cause>> {
        let rest =
            self.file_telemetry.take().map(|mut telemetry| telemetry.up_to(i64::MAX)).unwrap_or_default();
        if self.frames > 0 && !rest.is_empty() {
            let shift_us = self.telemetry_shift_us().unwrap_or(0);
            self.ready.extend(rest.into_iter().map(|packet| telemetry_item(packet, shift_us)));
            return ControlFlow::Continue(());
        }
        let ends = self.shared.progress().timeline.end();
        let stated = self.session.as_ref().and_then(Session::stated_duration).unwrap_or(ends);
        let missing = stated.saturating_sub(ends);
        if self.shared.counts.decoded.load(Ordering::Relaxed) == 0 {
            ControlFlow::Break(Some(Cause::NoVideo))
        } else if missing > CUT_OFF.max(stated.mul_f64(CUT_OFF_SHARE)) {
            let (ends, stated) = (ends.as_secs_f64(), stated.as_secs_f64());
            let reason = format!("the file was cut off: its video ends at {ends:.1} s of {stated:.1} s");
            ControlFlow::Break(Some(Cause::Failed(reason)))
        } else {
            ControlFlow::Break(None)
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

    /// Returns whether a live feed has reached its end by `max_duration`.
    fn late(&self) -> bool {
        self.deadline().is_some_and(|at| Instant::now() >= at)
    }

    fn accept(&mut self, frame: Frame) -> ControlFlow<Option<Cause>> {
        if self.spec.max_duration.is_some_and(|most| frame.elapsed >= most) {
            return ControlFlow::Break(None);
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
        self.time_early_telemetry();
        if let Some(telemetry) = &mut self.file_telemetry {
            let shift_us = shift_us(&self.shared).unwrap_or(0);
            let frame_us = i64::try_from(frame.elapsed.as_micros()).unwrap_or(i64::MAX);
            let due = telemetry.up_to(frame_us.saturating_add(TELEMETRY_AHEAD_US).saturating_sub(shift_us));
            self.ready.extend(due.into_iter().map(|packet| telemetry_item(packet, shift_us)));
        }
        self.ready.push_back(Item::Frame(frame));
        ControlFlow::Continue(())
    }

    /// Puts live telemetry on the time line as soon as the connection has its first frame.
    fn time_early_telemetry(&mut self) {
        if let Some(shift_us) = self.telemetry_shift_us() {
            self.ready.extend(self.early.drain(..).map(|packet| telemetry_item(packet, shift_us)));
        }
    }

    /// Time of the carrier's first picture on the time line of the frames.
    fn telemetry_shift_us(&self) -> Option<i64> {
        shift_us(&self.shared)
    }

    /// Takes the connection down and waits before the next; returns false when there is to be none.
    fn retry(&mut self, cause: &Cause) -> bool {
        let policy = self.spec.reconnect;
        let wanted = policy.enabled && self.shared.live && (self.frames > 0 || policy.before_first_frame);
        if !wanted || self.attempts >= policy.max_attempts || self.late() {
            return false;
        }
        self.session = None;
        self.early.clear();
        self.attempts += 1;
        Counts::add(&self.shared.counts.reconnects, 1);
        let wait = backoff::wait(&policy, self.attempts, glib::random_double());
        let reason = self.error(cause.clone()).to_string();
        tracing::warn!(source = %self.spec.id, attempt = self.attempts, ?wait, reason, "connecting again");
        let until = Instant::now() + wait;
        let stopped = self.shared.inbox.pause(self.deadline().map_or(until, |at| at.min(until)));
        !stopped && !self.late()
    }

    /// Adds what the network itself says: GStreamer only tells that it failed.
    fn diagnosed(&self, reason: String) -> String {
        let SourceUri::Rtsp(rtsp) = &self.spec.uri else { return reason };
        match reach(&rtsp.endpoint) {
            Ok(()) => reason,
            Err(network) => format!("{network} ({reason})"),
        }
    }

    fn error(&self, cause: Cause) -> SourceError {
        let uri = self.spec.uri.to_string();
        match cause {
            Cause::NoVideo => SourceError::NoVideo { uri },
            Cause::Stalled(silent) => SourceError::Stalled { uri, silent_secs: silent.as_secs() },
            Cause::Failed(reason) => {
                let reason =
                    self.spec.uri.secrets().iter().fold(reason, |text, secret| text.replace(secret, "***"));
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

fn shift_us(shared: &Shared) -> Option<i64> {
    let progress = shared.progress();
    progress.timeline.elapsed_ns(progress.first_picture_ns?).map(|ns| ns / 1000)
}

fn telemetry_item(packet: TsKlv, shift_us: i64) -> Item {
    let elapsed_us = packet.elapsed_us.map(|at| at.saturating_add(shift_us));
    Item::Telemetry(TelemetryPacket { elapsed_us, klv: packet.klv })
}

/// Returns whether anybody accepts connections there, and if not, why.
fn reach(endpoint: &Endpoint) -> Result<(), String> {
    let says = |e: std::io::Error| format!("no connection to {endpoint}: {}", e.to_string().to_lowercase());
    let addresses = (endpoint.host.as_str(), endpoint.port).to_socket_addrs().map_err(says)?;
    let mut outcome = Err(format!("{} has no address", endpoint.host));
    for address in addresses {
        outcome = TcpStream::connect_timeout(&address, REACH_LIMIT).map(drop).map_err(says);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Checks that the path is a file with something in it that can be read.
fn check_file(path: &Path) -> Result<(), String> {
    let about = std::fs::metadata(path).map_err(|e| io_reason(&e))?;
    if about.is_dir() {
        return Err("it is a folder, not a video file".to_owned());
    }
    let mut byte = [0_u8; 1];
    let mut file = File::open(path).map_err(|e| io_reason(&e))?;
    match file.read(&mut byte) {
        Err(e) => Err(io_reason(&e)),
        Ok(0) => Err("the file is empty".to_owned()),
        Ok(_) if !index::is_there(&mut file) => {
            Err("it is damaged or was cut off: its index (the moov box) is missing".to_owned())
        }
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
