//! A decoded picture that stays in the decoder's memory and format until somebody wants RGB.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer_video::VideoInfo;
use models::{RgbImage, SizePx};
use pipeline::{Picture, PictureError};

use crate::convert;
use crate::orientation::Orientation;

/// One decoded picture; cloning it costs a reference count.
#[derive(Clone)]
pub struct GstPicture {
    buffer: gst::Buffer,
    info: Arc<VideoInfo>,
    orientation: Orientation,
}

impl GstPicture {
    pub(crate) fn new(buffer: gst::Buffer, info: Arc<VideoInfo>, orientation: Orientation) -> Self {
        Self { buffer, info, orientation }
    }

    /// Name of the decoder's pixel format, for example `I420`.
    pub fn format(&self) -> &'static str {
        self.info.format().to_str().as_str()
    }
}

impl Picture for GstPicture {
    fn size(&self) -> SizePx {
        let square = with_square_pixels(self.info.width(), self.info.height(), self.info.par());
        if self.orientation.sideways() { transposed(square) } else { square }
    }

    fn rgb(&self, size: SizePx) -> Result<RgbImage, PictureError> {
        let stored = if self.orientation.sideways() { transposed(size) } else { size };
        let fail = |reason| PictureError { width: size.width, height: size.height, reason };
        if size.width == 0 || size.height == 0 {
            return Err(fail("the wanted size is zero".to_owned()));
        }
        let image = convert::rgb(&self.buffer, &self.info, stored).map_err(fail)?;
        Ok(self.orientation.turned(image))
    }
}

fn transposed(size: SizePx) -> SizePx {
    SizePx { width: size.height, height: size.width }
}

/// Stretches the shorter side, so that no detail of the stored picture is lost.
fn with_square_pixels(width: u32, height: u32, pixel_aspect: gst::Fraction) -> SizePx {
    let (num, den) = (f64::from(pixel_aspect.numer()), f64::from(pixel_aspect.denom()));
    let aspect = if num > 0.0 && den > 0.0 { num / den } else { 1.0 };
    let stretched = |side: u32, by: f64| (f64::from(side) * by).round() as u32;
    if aspect >= 1.0 {
        SizePx { width: stretched(width, aspect), height }
    } else {
        SizePx { width, height: stretched(height, 1.0 / aspect) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_tall_pixels_are_made_square_without_losing_detail() {
        let check = |aspect: (i32, i32), width, height| {
            let size = with_square_pixels(720, 576, gst::Fraction::new(aspect.0, aspect.1));
            assert_eq!(size, SizePx { width, height });
        };
        check((1, 1), 720, 576);
        check((16, 11), 1047, 576);
        check((10, 11), 720, 634);
        check((0, 1), 720, 576);
    }
}
