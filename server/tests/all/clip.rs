//! Frames of real clips, warped as if the camera had moved.

use std::sync::Arc;
use std::time::Duration;

use models::{RgbImage, SizePx};
use nalgebra::Matrix3;
use pipeline::scene::homography::mapped;
use pipeline::{Frame, FrameSource, Item, Picture, PictureError};
use pipeline_gst::{GstSource, SourceSpec, SourceUri};

use crate::reference;

/// A picture that is made when it is asked for: frames nobody looks at cost nothing.
struct Made<F>(SizePx, F);

impl<F: Fn(SizePx) -> RgbImage + Send + Sync> Picture for Made<F> {
    fn size(&self) -> SizePx {
        self.0
    }

    fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError> {
        Ok((self.1)(size))
    }
}

/// Returns at most so many frames of a clip, every `step`-th, or `None` after saying what is not measured.
pub fn frames(test: &str, path: &str, step: usize, most: usize) -> Option<Vec<RgbImage>> {
    let file = reference::file(test, path)?;
    let uri = SourceUri::parse(&file.to_string_lossy()).unwrap();
    let mut source = GstSource::open(SourceSpec::new("clip", uri)).unwrap();
    let (mut kept, mut index) = (Vec::new(), 0);
    while let (true, Some(item)) = (kept.len() < most, source.next().unwrap()) {
        let Item::Frame(frame) = item else { continue };
        if index % step == 0 {
            kept.push(frame.picture.rgb(frame.picture.size()).unwrap());
        }
        index += 1;
    }
    Some(kept)
}

/// Returns a picture of the reference data.
pub fn picture(test: &str, path: &str) -> Option<RgbImage> {
    let bytes = std::fs::read(reference::file(test, path)?).unwrap();
    Some(pipeline_cv::decode_picture(&bytes).unwrap())
}

/// A frame at a second of a feed.
pub fn frame(image: &RgbImage, second: u64) -> Frame {
    frame_of(image, NONE, 1.0, None, second)
}

/// The same, moved, in another light, with noise of a seed where there is one.
pub fn frame_of(image: &RgbImage, change: Change, gain: f64, noise: Option<u64>, second: u64) -> Frame {
    let (own, image) = (image.size(), image.clone());
    let made = move |size: SizePx| {
        let scaled = pipeline_cv::resize(&image, size).unwrap();
        match noise {
            Some(seed) => warped(&scaled, &change.homography(size), gain, seed),
            None => scaled,
        }
    };
    Frame {
        index: second,
        elapsed: Duration::from_secs(second),
        capture: None,
        name: None,
        gsd_m: None,
        picture: Arc::new(Made(own, made)),
    }
}

/// What happens to a view: a shift of the middle in pixels of a picture 1920 wide, a turn about the optical axis, a zoom.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub shift_px: (f64, f64),
    pub turn_deg: f64,
    pub zoom: f64,
}

pub const NONE: Change = Change { shift_px: (0.0, 0.0), turn_deg: 0.0, zoom: 1.0 };

impl Change {
    /// Returns the homography of the change for a picture of a size.
    pub fn homography(&self, size: SizePx) -> Matrix3<f64> {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let middle = |sign: f64| {
            Matrix3::new(1.0, 0.0, sign * width / 2.0, 0.0, 1.0, sign * height / 2.0, 0.0, 0.0, 1.0)
        };
        let (sin, cos) = self.turn_deg.to_radians().sin_cos();
        let (sin, cos) = (sin * self.zoom, cos * self.zoom);
        let scale = width / 1920.0;
        let (du, dv) = (self.shift_px.0 * scale, self.shift_px.1 * scale);
        middle(1.0) * Matrix3::new(cos, -sin, du, sin, cos, dv, 0.0, 0.0, 1.0) * middle(-1.0)
    }
}

/// Returns the picture seen through a homography, with light and noise of its own; what was outside is black.
fn warped(image: &RgbImage, still_from_reference: &Matrix3<f64>, gain: f64, seed: u64) -> RgbImage {
    let back = still_from_reference.try_inverse().unwrap();
    seen_through(image, |at| mapped(&back, at), gain, seed)
}

/// Returns the picture made of what `source` says lies at each of its pixels.
pub fn seen_through(
    image: &RgbImage,
    source: impl Fn((f64, f64)) -> Option<(f64, f64)>,
    gain: f64,
    seed: u64,
) -> RgbImage {
    let (width, height) = (image.width as usize, image.height as usize);
    let mut data = vec![0; image.data.len()];
    let mut noise = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for (at, pixel) in data.chunks_exact_mut(3).enumerate() {
        let place = ((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
        let Some((u, v)) = source(place) else { continue };
        let (x, y) = (u - 0.5, v - 0.5);
        if !(x >= 0.0 && y >= 0.0 && x < (width - 1) as f64 && y < (height - 1) as f64) {
            continue;
        }
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f64, y - y0 as f64);
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        let grain = (noise >> 40) as f64 / f64::from(1 << 24) * 8.0 - 4.0;
        for (channel, value) in pixel.iter_mut().enumerate() {
            let level = |x: usize, y: usize| f64::from(image.data[(y * width + x) * 3 + channel]);
            let upper = level(x0, y0) * (1.0 - fx) + level(x0 + 1, y0) * fx;
            let lower = level(x0, y0 + 1) * (1.0 - fx) + level(x0 + 1, y0 + 1) * fx;
            *value = ((upper * (1.0 - fy) + lower * fy) * gain + grain).clamp(0.0, 255.0) as u8;
        }
    }
    RgbImage::new(image.width, image.height, data).unwrap()
}
