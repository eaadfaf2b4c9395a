//! Frames in, observations out.
//!
//! Pure but for `runner.rs`, which owns the threads. Video enters through [`FrameSource`].

pub mod frame;
pub mod telemetry;

pub use frame::{
    CaptureTime, Frame, FrameSource, Item, Picture, PictureError, SizePx, SourceError, TelemetryPacket,
};
