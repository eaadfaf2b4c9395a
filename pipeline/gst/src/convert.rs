//! Scaling and colour conversion of decoded pictures to packed RGB, with converters kept between frames.
//!
//! Planar YUV is scaled down in its own format first and turned to RGB after: GStreamer then takes its plane-wise path,
//! which costs a fraction of its general one.

use std::cell::RefCell;

use gst_video::{VideoConverter, VideoConverterConfig, VideoFormat, VideoFrameRef, VideoInfo};
use gstreamer as gst;
use gstreamer_video as gst_video;
use models::{RgbImage, SizePx};

/// Converters kept for each thread: one for each pair of picture format and wanted size in use.
const KEPT: usize = 8;

/// Source pixels that make one pixel along a row or column. With more, GStreamer's 6-bit weights no longer add up to
/// one at some sizes, and plain areas come out striped; two is exact, and what `videoscale` takes by default.
const TAPS: i32 = 2;

thread_local! {
    static CONVERTERS: RefCell<Vec<Chain>> = const { RefCell::new(Vec::new()) };
}

/// Returns the whole picture scaled to `size`, as packed RGB.
///
/// `memory` becomes the image's when it has the right length; what is in it is written over.
///
/// # Shape
/// `[height, width, 3]`, row by row without padding.
///
/// # Errors
/// When the buffer cannot be mapped or GStreamer knows no conversion.
pub fn rgb(
    buffer: &gst::BufferRef,
    info: &VideoInfo,
    size: SizePx,
    memory: Vec<u8>,
) -> Result<RgbImage, String> {
    CONVERTERS.with_borrow_mut(|chains| {
        let found = chains.iter().position(|chain| chain.size == size && chain.info == *info);
        let chain = match found {
            Some(at) => chains.remove(at),
            None => Chain::new(info, size)?,
        };
        chains.truncate(KEPT - 1);
        chains.insert(0, chain);
        chains.first_mut().map_or_else(|| Err("no converter".to_owned()), |chain| chain.run(buffer, memory))
    })
}

/// The steps from one picture format to RGB of one size.
struct Chain {
    info: VideoInfo,
    size: SizePx,
    scale: Option<Scale>,
    colour: Step,
}

/// The first step and the buffer that its result is written to each time.
struct Scale {
    step: Step,
    small: gst::Buffer,
}

/// One conversion and the layout of its result.
struct Step {
    converter: VideoConverter,
    out: VideoInfo,
}

impl Chain {
    fn new(info: &VideoInfo, size: SizePx) -> Result<Self, String> {
        let same_size = info.width() == size.width && info.height() == size.height;
        let scale_first = !same_size && scales_by_plane(info.format());
        let scale = scale_first.then(|| Scale::new(info, size)).transpose()?;
        let colour = Step::new(scale.as_ref().map_or(info, |scale| &scale.step.out), VideoFormat::Rgb, size)?;
        Ok(Self { info: info.clone(), size, scale, colour })
    }

    fn run(&mut self, buffer: &gst::BufferRef, mut memory: Vec<u8>) -> Result<RgbImage, String> {
        let decoded = map(buffer, &self.info)?;
        memory.resize(self.colour.out.size(), 0);
        let mut rgb = gst::Buffer::from_mut_slice(memory);
        match &mut self.scale {
            None => self.colour.run(&decoded, &mut rgb)?,
            Some(Scale { step, small }) => {
                step.run(&decoded, small)?;
                self.colour.run(&map(small, &step.out)?, &mut rgb)?;
            }
        }
        packed(rgb, &self.colour.out).ok_or_else(|| "the converted buffer has the wrong length".to_owned())
    }
}

impl Scale {
    fn new(info: &VideoInfo, size: SizePx) -> Result<Self, String> {
        let step = Step::new(info, info.format(), size)?;
        let small = gst::Buffer::with_size(step.out.size()).map_err(|e| e.message.to_string())?;
        Ok(Self { step, small })
    }
}

impl Step {
    fn new(info: &VideoInfo, format: VideoFormat, size: SizePx) -> Result<Self, String> {
        let says = |e: gst::glib::BoolError| e.message.to_string();
        let out = VideoInfo::builder(format, size.width, size.height)
            .fps(info.fps())
            .interlace_mode(info.interlace_mode());
        let out = if format == info.format() { out.colorimetry(&info.colorimetry()) } else { out };
        let out = out.build().map_err(says)?;
        let mut config = VideoConverterConfig::new();
        config.set_resampler_method(gst_video::VideoResamplerMethod::Linear);
        config.set_dither_method(gst_video::VideoDitherMethod::None);
        config.set_threads(1);
        config.set("GstVideoResampler.max-taps", TAPS);
        let converter = VideoConverter::new(info, &out, Some(config)).map_err(says)?;
        Ok(Self { converter, out })
    }

    fn run(&self, picture: &VideoFrameRef<&gst::BufferRef>, buffer: &mut gst::Buffer) -> Result<(), String> {
        let writable = buffer.get_mut().ok_or("the output buffer is shared")?;
        let mut result = VideoFrameRef::from_buffer_ref_writable(writable, &self.out)
            .map_err(|_| "the output buffer cannot be mapped".to_owned())?;
        self.converter.frame_ref(picture, &mut result);
        Ok(())
    }
}

/// Returns whether GStreamer scales this format plane by plane.
fn scales_by_plane(format: VideoFormat) -> bool {
    use VideoFormat as F;
    matches!(format, F::I420 | F::Yv12 | F::Nv12 | F::Nv21 | F::Y41b | F::Y42b | F::Y444)
}

fn map<'b>(
    buffer: &'b gst::BufferRef,
    info: &VideoInfo,
) -> Result<VideoFrameRef<&'b gst::BufferRef>, String> {
    VideoFrameRef::from_buffer_ref_readable(buffer, info)
        .map_err(|_| format!("a buffer of {} bytes cannot be mapped", buffer.size()))
}

/// Takes the bytes out of the buffer, without the padding at the end of rows.
fn packed(buffer: gst::Buffer, info: &VideoInfo) -> Option<RgbImage> {
    let (width, height) = (info.width(), info.height());
    let row_bytes = width as usize * 3;
    let stride = usize::try_from(*info.stride().first()?).ok()?;
    let data = buffer.try_into_inner::<Vec<u8>>().ok()?;
    if stride == row_bytes {
        return RgbImage::new(width, height, data);
    }
    let rows = data.chunks(stride).take(height as usize).filter_map(|row| row.get(..row_bytes));
    RgbImage::new(width, height, rows.flatten().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a picture of one colour, stored at an odd size, at several wanted sizes.
    #[track_caller]
    fn check(format: VideoFormat, sample: &[u8], expected: [u8; 3]) {
        gst::init().unwrap();
        let info = VideoInfo::builder(format, 321, 241).build().unwrap();
        let bytes = sample.iter().copied().cycle().take(info.size()).collect::<Vec<u8>>();
        let buffer = gst::Buffer::from_mut_slice(bytes);
        for (width, height) in [(321, 241), (101, 77), (1, 1), (640, 483), (160, 120), (33, 400)] {
            let image = rgb(&buffer, &info, SizePx { width, height }, Vec::new()).unwrap();
            assert_eq!(
                (image.width, image.height, image.data.len()),
                (width, height, (width * height * 3) as usize)
            );
            let (pixels, rest) = image.data.as_chunks::<3>();
            assert!(rest.is_empty());
            let far = |got: &[u8; 3]| got.iter().zip(expected).any(|(a, b)| a.abs_diff(b) > 2);
            let odd =
                pixels.iter().position(far).map(|at| (at % width as usize, at / width as usize, pixels[at]));
            assert_eq!(odd, None, "{format:?} at {width}x{height}");
        }
    }

    #[test]
    fn a_plain_picture_stays_plain_in_every_format_and_at_every_size() {
        // Limited-range luma 128 shows as (128 - 16) * 255 / 219 = 130 (ITU-R BT.601, BT.709).
        use VideoFormat as F;
        for format in [F::I420, F::Yv12, F::Nv12, F::Nv21, F::Y42b, F::Y444, F::Yuy2, F::Uyvy, F::Y41b] {
            check(format, &[128], [130; 3]);
        }
        check(F::I42010le, &[0, 2], [130; 3]);
        check(F::P01010le, &[0, 128], [130; 3]);
        check(F::Gray8, &[128], [128; 3]);
    }

    #[test]
    fn strong_colours_of_limited_range_come_out_at_full_range() {
        gst::init().unwrap();
        // 100 % bars in ITU-R BT.601: Y 81, Cb 90, Cr 240 is red; Y 235 is white; Y 16 is black.
        for (yuv, expected) in
            [([81, 90, 240], [254, 0, 0]), ([235, 128, 128], [255; 3]), ([16, 128, 128], [0; 3])]
        {
            for size in [SizePx { width: 64, height: 48 }, SizePx { width: 32, height: 20 }] {
                let info = VideoInfo::builder(VideoFormat::I420, 64, 48).build().unwrap();
                let planes = [vec![yuv[0]; 64 * 48], vec![yuv[1]; 32 * 24], vec![yuv[2]; 32 * 24]];
                let image =
                    rgb(&gst::Buffer::from_mut_slice(planes.concat()), &info, size, Vec::new()).unwrap();
                let far = |(got, want): (&u8, &u8)| got.abs_diff(*want) > 3;
                assert!(!image.data.iter().zip(expected.iter().cycle()).any(far), "{yuv:?} at {size:?}");
            }
        }
    }

    #[test]
    fn colours_come_out_in_the_order_red_green_blue() {
        gst::init().unwrap();
        let info = VideoInfo::builder(VideoFormat::Bgrx, 2, 2).build().unwrap();
        let buffer = gst::Buffer::from_mut_slice([10_u8, 20, 30, 255].repeat(4));
        let image = rgb(&buffer, &info, SizePx { width: 2, height: 2 }, Vec::new()).unwrap();
        assert_eq!(image.data, [30, 20, 10].repeat(4));
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error() {
        gst::init().unwrap();
        let info = VideoInfo::builder(VideoFormat::I420, 64, 64).build().unwrap();
        let buffer = gst::Buffer::from_mut_slice(vec![0_u8; 100]);
        assert!(rgb(&buffer, &info, SizePx { width: 8, height: 8 }, Vec::new()).is_err());
    }
}
