//! Frames in, observations out.
//!
//! Pure but for `runner.rs`, which owns the threads. Video enters through [`FrameSource`].

pub mod camera;
pub mod detect;
pub mod explain;
pub mod frame;
pub mod heights;
pub mod motion;
pub mod observe;
pub mod place;
pub mod poses;
pub mod ptz;
pub mod runner;
pub mod scale;
pub mod scene;
pub mod seen;
pub mod telemetry;
pub mod tiles;

pub use frame::{CaptureTime, Frame, FrameSource, Item, Picture, PictureError, SourceError, TelemetryPacket};
pub use models::SizePx;
pub use seen::{Detector, Outline, Outliner, PictureRings, PictureZones, Seen, Sight};
