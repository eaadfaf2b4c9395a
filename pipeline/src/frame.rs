//! Frames and the edge they come through.

use std::sync::Arc;
use std::time::Duration;

use gis::TimeQuality;
use jiff::Timestamp;
use models::{RgbImage, SizePx};

/// A decoded picture that converts itself on demand, so that it is scaled once for each use and never twice.
pub trait Picture: Send + Sync {
    /// Size as shown: after rotation and with square pixels.
    fn size(&self) -> SizePx;

    /// Returns the whole picture scaled to exactly `size` (aspect is the caller's concern).
    ///
    /// # Errors
    /// When the decoder's memory cannot be read or converted.
    fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError>;

    /// Takes back an image that is not needed any more, so that its memory can serve a later one.
    fn recycle(&self, _image: RgbImage) {}
}

/// A picture could not be converted.
#[derive(Debug, thiserror::Error)]
#[error("cannot convert the picture to {width}x{height} RGB: {reason}")]
pub struct PictureError {
    /// Wanted width.
    pub width: u32,
    /// Wanted height.
    pub height: u32,
    /// What the converter said.
    pub reason: String,
}

/// Capture time of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CaptureTime {
    /// When the light fell.
    pub time: Timestamp,
    /// Origin and quality.
    pub quality: TimeQuality,
}

/// One decoded frame.
#[derive(Clone)]
pub struct Frame {
    /// Index in the source, from 0, counting every decoded frame whether analysed or not.
    pub index: u64,
    /// Time since the first frame of the source.
    pub elapsed: Duration,
    /// Capture time where the source itself knows it (RTCP, arrival); telemetry may better it later.
    pub capture: Option<CaptureTime>,
    /// Name of the picture's file, for folders of stills.
    pub name: Option<String>,
    /// Metres of ground that a pixel in the middle of the picture shows, where that is known before it is looked at.
    pub gsd_m: Option<f64>,
    /// The picture.
    pub picture: Arc<dyn Picture>,
}

/// Raw telemetry found in the feed, on the time line of the frames.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryPacket {
    /// Time since the first frame of the source; negative before it. `None` when the carrier gives none.
    pub elapsed_us: Option<i64>,
    /// One MISB ST 0601 local set with its key and length.
    pub klv: Vec<u8>,
}

/// What a source gives next.
pub enum Item {
    /// A frame.
    Frame(Frame),
    /// Telemetry.
    Telemetry(TelemetryPacket),
}

/// A feed: one a source, blocking, driven by one thread.
pub trait FrameSource: Send {
    /// Returns the next item, or `None` at the end of the feed.
    ///
    /// # Errors
    /// When the feed cannot be opened, breaks, or stays silent beyond its limit. After an error the source is over.
    fn next(&mut self) -> Result<Option<Item>, SourceError>;

    /// Frames dropped so far because they came faster than they were taken (live sources only).
    fn dropped(&self) -> u64;
}

/// Why a feed could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It could not be opened at all.
    #[error("cannot open {uri}: {reason}")]
    Open {
        /// The source, credentials masked.
        uri: String,
        /// Why.
        reason: String,
    },
    /// It holds no video.
    #[error("{uri} holds no video")]
    NoVideo {
        /// The source.
        uri: String,
    },
    /// It broke in the middle.
    #[error("{uri} broke after {frames} frames: {reason}")]
    Broken {
        /// The source.
        uri: String,
        /// Frames given before.
        frames: u64,
        /// Why.
        reason: String,
    },
    /// It stayed silent or kept repeating one picture.
    #[error("{uri} gave no new and different frame for {silent_secs} s")]
    Stalled {
        /// The source.
        uri: String,
        /// How long.
        silent_secs: u64,
    },
}
