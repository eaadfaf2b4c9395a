//! GStreamer behind `pipeline::FrameSource`.
