//! GStreamer behind `pipeline::FrameSource`: files, folders of pictures, RTSP, and MPEG-TS over UDP and SRT.
//!
//! [`open`] picks the reader for an input, [`GstSource`] reads video and [`StillsSource`] pictures. Elements are made
//! through the API, never from a launch string. Frames stay in the decoder's own format until somebody asks
//! a [`pipeline::Picture`] for RGB.
//!
//! | feed | capture time | telemetry | when the reader is slow |
//! |---|---|---|---|
//! | file (mp4, mov, mkv, avi, ts) | none | ST 0601 in MPEG-TS | the decoder waits |
//! | pictures (jpg, png, tif) | none | none | the decoder waits |
//! | `rtsp://` | RTCP sender report, else arrival | none | the oldest frame is dropped and counted |
//! | `udp://`, `srt://` (MPEG-TS) | arrival | ST 0601 | the oldest frame is dropped and counted |
//!
//! Not supported: audio, RTP payloads other than video, encrypted RTP, MPEG-TS with 192-byte packets.

mod backoff;
mod bus;
mod capture;
mod clip;
mod convert;
mod counts;
mod element;
mod freshness;
mod head;
mod inbox;
mod index;
mod orientation;
mod picture;
mod session;
mod source;
mod spec;
mod stills;
mod tail;
mod thinning;
mod timeline;
mod ts;
mod uri;

use pipeline::{FrameSource, SourceError};

pub use clip::{ClipError, ClipFrame, write_clip};
pub use counts::SourceHandle;
pub use picture::GstPicture;
pub use source::GstSource;
pub use spec::{Clock, Reconnect, RtspTransport, SourceSpec};
pub use stills::StillsSource;
pub use uri::{Endpoint, SourceUri, UriError};

/// Opens the right reader for an input: pictures for a folder or a picture file, video for everything else.
///
/// # Errors
/// When the input is missing, empty or of the wrong kind, or when a GStreamer element is not installed.
pub fn open(spec: SourceSpec) -> Result<Box<dyn FrameSource>, SourceError> {
    match &spec.uri {
        SourceUri::File(path) if StillsSource::takes(path) => Ok(Box::new(StillsSource::open(path)?)),
        _ => Ok(Box::new(GstSource::open(spec)?)),
    }
}
