//! The GStreamer edge against real files and servers.

mod files;
mod support;
