//! What to open and how: one value for each source.

use std::time::Duration;

use jiff::Timestamp;

use crate::uri::SourceUri;

/// Reads the wall clock; live sources stamp the arrival of frames with it.
pub type Clock = fn() -> Timestamp;

/// A source and the way it is read.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// Name used in logs.
    pub id: String,
    /// Where the feed is.
    pub uri: SourceUri,
    /// How RTP travels; RTSP only.
    pub transport: RtspTransport,
    /// Jitter buffer of RTSP and SRT, milliseconds.
    pub latency_millis: u32,
    /// Longest time without a new and different frame.
    pub stall_limit: Duration,
    /// Ends the feed after this time from its first frame; live sources also after this time without any.
    pub max_duration: Option<Duration>,
    /// What to do when a live feed breaks.
    pub reconnect: Reconnect,
    /// Frames kept ready for the reader; for a file on one core it may be more.
    pub queue_frames: usize,
    /// Frames wanted a second; `None` gives every decoded frame.
    pub analysis_fps: Option<f64>,
    /// Threads of a software decoder; 0 lets it choose.
    pub decode_threads: u32,
    /// Wall clock for arrival times; without it live frames carry RTCP time only.
    pub clock: Option<Clock>,
}

impl SourceSpec {
    /// Returns the defaults for a feed.
    pub fn new(id: impl Into<String>, uri: SourceUri) -> Self {
        Self {
            id: id.into(),
            uri,
            transport: RtspTransport::Tcp,
            latency_millis: 200,
            stall_limit: Duration::from_secs(20),
            max_duration: None,
            reconnect: Reconnect::default(),
            queue_frames: 4,
            analysis_fps: None,
            decode_threads: 1,
            clock: None,
        }
    }
}

/// How RTP travels under RTSP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RtspTransport {
    /// Inside the RTSP connection.
    #[default]
    Tcp,
    /// In datagrams of its own.
    Udp,
}

/// What to do when a live feed breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconnect {
    /// Connects again after a break.
    pub enabled: bool,
    /// Also tries again when the very first connection failed.
    pub before_first_frame: bool,
    /// Failed attempts in a row before giving up; a healthy connection starts the count anew.
    pub max_attempts: u32,
    /// Upper bound of the first wait.
    pub first_wait: Duration,
    /// Upper bound of every wait.
    pub longest_wait: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            enabled: true,
            before_first_frame: false,
            max_attempts: 10,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(1),
        }
    }
}

impl Reconnect {
    /// Returns the policy that never connects again.
    pub fn never() -> Self {
        Self { enabled: false, ..Self::default() }
    }
}
