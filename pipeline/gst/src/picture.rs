//! A decoded picture that stays in the decoder's memory and format until somebody wants RGB.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer as gst;
use gstreamer_video::VideoInfo;
use models::{RgbImage, SizePx};
use pipeline::{Picture, PictureError};

use crate::convert;
use crate::orientation::Orientation;

/// Scaled pictures whose memory is kept for later ones.
const MOST_SPARE: usize = 16;

/// How the pictures of a feed are scaled; shared by all of them.
pub type Scaling = Arc<Mutex<ScalingState>>;

/// Size that pictures are scaled down to, and the memory of those that are not needed any more.
#[derive(Default)]
pub struct ScalingState {
    wanted: Option<SizePx>,
    spare: Vec<Vec<u8>>,
}

impl ScalingState {
    /// Memory of an earlier picture of the size that is wanted with every frame; for other sizes none.
    fn memory_for(&mut self, size: SizePx) -> Vec<u8> {
        if self.wanted == Some(size) { self.spare.pop().unwrap_or_default() } else { Vec::new() }
    }

    /// The smallest size is asked for with every frame; others only now and then.
    fn want(&mut self, size: SizePx) {
        let smaller = |wanted: SizePx| size.pixels() < wanted.pixels();
        if self.wanted.is_none_or(smaller) {
            self.wanted = Some(size);
        }
    }
}

/// One decoded picture.
pub struct GstPicture {
    buffer: gst::Buffer,
    info: Arc<VideoInfo>,
    orientation: Orientation,
    scaling: Scaling,
    prepared: Mutex<Option<RgbImage>>,
}

impl GstPicture {
    pub(crate) fn new(
        buffer: gst::Buffer,
        info: Arc<VideoInfo>,
        orientation: Orientation,
        scaling: Scaling,
    ) -> Self {
        Self { buffer, info, orientation, scaling, prepared: Mutex::default() }
    }

    /// Converts the picture to the size that those before it were asked for, while it is in the cache of the decoder's core.
    pub(crate) fn prepare(&self) {
        let wanted = lock(&self.scaling).wanted;
        // What fails here fails again, and is told, when somebody asks.
        *lock(&self.prepared) = wanted.and_then(|size| self.converted(size).ok());
    }

    fn converted(&self, size: SizePx) -> Result<RgbImage, PictureError> {
        let stored = if self.orientation.sideways() { transposed(size) } else { size };
        let fail = |reason| PictureError { width: size.width, height: size.height, reason };
        if size.width == 0 || size.height == 0 {
            return Err(fail("the wanted size is zero".to_owned()));
        }
        let memory = lock(&self.scaling).memory_for(size);
        let image = convert::rgb(&self.buffer, &self.info, stored, memory).map_err(fail)?;
        Ok(self.orientation.turned(image))
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
        if let Some(prepared) = lock(&self.prepared).take_if(|image| image.size() == size) {
            return Ok(prepared);
        }
        // Whole pictures are asked for now and then, as evidence.
        if size.pixels() < self.size().pixels() {
            lock(&self.scaling).want(size);
        }
        self.converted(size)
    }

    fn recycle(&self, image: RgbImage) {
        let mut scaling = lock(&self.scaling);
        if scaling.wanted == Some(image.size()) && scaling.spare.len() < MOST_SPARE {
            scaling.spare.push(image.data);
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn a_picture_prepared_for_the_size_of_the_one_before_is_the_same() {
        gst::init().unwrap();
        let info = VideoInfo::builder(gstreamer_video::VideoFormat::I420, 64, 48).build().unwrap();
        let bytes: Vec<u8> = (0..info.size()).map(|at| (at * 7 % 251) as u8).collect();
        let (info, scaling) = (Arc::new(info), Scaling::default());
        let picture = || {
            let buffer = gst::Buffer::from_slice(bytes.clone());
            GstPicture::new(buffer, Arc::clone(&info), Orientation::default(), Arc::clone(&scaling))
        };
        let (whole, small) = (SizePx::new(64, 48), SizePx::new(32, 24));
        let prepared = |picture: GstPicture| {
            picture.prepare();
            let size = lock(&picture.prepared).as_ref().map(RgbImage::size);
            (size, picture)
        };
        picture().rgb(whole).unwrap();
        assert_eq!(prepared(picture()).0, None);
        let first = picture().rgb(small).unwrap();
        let (size, second) = prepared(picture());
        assert_eq!(size, Some(small));
        assert_eq!(second.rgb(whole).unwrap().size(), whole);
        // The second time it is converted anew.
        assert_eq!([second.rgb(small).unwrap(), second.rgb(small).unwrap()], [first.clone(), first.clone()]);
        // Nor does it matter what was in the memory before.
        second.recycle(RgbImage { data: vec![255; first.data.len()], ..first.clone() });
        assert_eq!(second.rgb(small).unwrap(), first);
    }

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
