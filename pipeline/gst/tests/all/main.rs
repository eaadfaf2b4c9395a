//! The GStreamer edge against real files and servers.

mod files;
mod pictures;
mod rtsp;
mod stills;
mod support;
mod telemetry;
mod transport;
