//! Model packs: cards, tensors in, detections and masks out.
//!
//! Pure: bytes in, values out; files are read by the caller and models run behind [`Runner`].

pub mod detection;
pub mod image;
pub mod runner;

pub use detection::{BoxPx, Detection, Mask};
pub use image::RgbImage;
pub use runner::{Runner, RunnerError};
