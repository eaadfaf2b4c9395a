//! Model packs: cards, tensors in, detections and masks out.
//!
//! Pure: bytes in, values out; files are read by the caller and models run behind [`Runner`].
//!
//! The way of a picture: [`Detector::letterbox`] says to which size the video edge must scale it, [`Detector::run`] fills
//! the input tensor, runs the model once and decodes its outputs into one [`Answer`] a pack: a [`Mask`] a class, or boxes.

pub mod card;
pub mod decode;
pub mod detection;
pub mod detector;
pub mod error;
pub mod eval;
pub mod golden;
pub mod image;
pub mod nms;
pub mod onnx;
pub mod pack;
pub mod preprocess;
mod resample;
pub mod runner;

pub use card::{Card, Precision, Problem};
pub use detection::{Answer, BoxPx, Detection, Mask};
pub use detector::Detector;
pub use error::ModelError;
pub use image::{RgbImage, SizePx};
pub use onnx::OnnxError;
pub use pack::Pack;
pub use preprocess::Letterbox;
pub use runner::{Runner, RunnerError};
