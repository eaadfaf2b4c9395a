//! OpenCV behind the pipeline: outlines of masks, pictures read and written, evidence drawn, views compared.
//!
//! OpenCV is told to stay on the caller's thread; the pipeline has its own workers.

mod annotate;
mod contour;
mod error;
mod mat;
mod outline;
mod picture;
mod raster;
mod register;
mod resect;
mod veil;

pub use annotate::{Arrow, Crop, Rgb, crop, crop_place, draw_arrows, draw_label, draw_outline};
pub use error::CvError;
pub use outline::{Options, Outline, Ring, outlines};
pub use picture::{decode_mask, decode_picture, encode_jpeg, encode_png, picture_size, resize};
pub use register::{CvRegistrar, features, register};
pub use resect::resect;
pub use veil::{Coarseness, veil};
