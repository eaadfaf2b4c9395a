//! Pictures and masks from and to bytes, and their size.
//!
//! | format | read | written |
//! |---|---|---|
//! | JPEG, 8 bit, EXIF orientation honoured | yes | yes |
//! | PNG, 8 or 16 bit (brought to 8), transparency dropped | yes | yes |
//! | masks: PNG of one 8-bit channel | yes | no |
//! | TIFF, WebP, HEIF, raw | no | no |
//!
//! Files are read by crate `image`, which writes PNG too; JPEG is written by a faster encoder. OpenCV's own codecs bring some
//! 40 MB of libraries into the process (GDAL, GDCM, Poppler) for formats that nobody sends.

mod header;

use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader};
use jpeg_encoder::{ColorType, Encoder};
use models::{RgbImage, SizePx};
use ndarray::Array2;
use opencv::core::{Mat, Size};
use opencv::imgproc;

use crate::{CvError, mat};

/// Most pixels of a picture: more than any camera in the air, and 600 MB when decoded.
const PIXELS_MAX: u64 = 200_000_000;

/// Returns the picture that the bytes of a file hold, turned as its EXIF orientation says.
///
/// # Errors
/// When the bytes are empty, of another kind, cut off, absurdly large or broken; each is named.
pub fn decode_picture(bytes: &[u8]) -> Result<RgbImage, CvError> {
    let rgb = decode(bytes)?.into_rgb8();
    let size = SizePx::new(rgb.width(), rgb.height());
    RgbImage::new(size.width, size.height, rgb.into_raw()).ok_or(CvError::Undecodable { size })
}

/// Returns the size that the header of a picture states, before any turn that its EXIF orientation asks for.
///
/// # Errors
/// When the bytes are empty, of another kind or cut off.
pub fn picture_size(bytes: &[u8]) -> Result<SizePx, CvError> {
    header::size(bytes)
}

/// Returns the values of a mask, `[rows, columns]`.
///
/// # Errors
/// As [`decode_picture`], and when the mask has more than one channel or more than 8 bits.
pub fn decode_mask(bytes: &[u8]) -> Result<Array2<u8>, CvError> {
    let decoded = decode(bytes)?;
    let colour = decoded.color();
    let DynamicImage::ImageLuma8(mask) = decoded else {
        let channels = colour.channel_count();
        let bits = colour.bits_per_pixel() / u16::from(channels);
        return Err(CvError::MaskFormat { channels, bits });
    };
    let (columns, rows) = mask.dimensions();
    Array2::from_shape_vec((rows as usize, columns as usize), mask.into_raw())
        .map_err(|_| CvError::Undecodable { size: SizePx::new(columns, rows) })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, CvError> {
    let size = header::size(bytes)?;
    if size.pixels() > PIXELS_MAX {
        return Err(CvError::TooLarge { size, limit: PIXELS_MAX });
    }
    turned(bytes).map_err(|_| CvError::Undecodable { size })
}

fn turned(bytes: &[u8]) -> image::ImageResult<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    // The size was checked against the header above.
    reader.no_limits();
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Returns the picture at another size: averaged when it shrinks, linear when it grows.
///
/// # Errors
/// When the size has no area.
pub fn resize(picture: &RgbImage, size: SizePx) -> Result<RgbImage, CvError> {
    if picture.size() == size {
        return Ok(picture.clone());
    }
    let wrong = |_| CvError::Size { size };
    let target =
        Size::new(i32::try_from(size.width).map_err(wrong)?, i32::try_from(size.height).map_err(wrong)?);
    if size.pixels() == 0 || size.pixels() > PIXELS_MAX {
        return Err(CvError::Size { size });
    }
    let how = if size.width < picture.width { imgproc::INTER_AREA } else { imgproc::INTER_LINEAR };
    mat::with(picture, |source| {
        let mut scaled = Mat::default();
        imgproc::resize(source, &mut scaled, target, 0.0, 0.0, how)?;
        mat::picture(&scaled)
    })
}

/// Returns the picture as JPEG; `quality` is 1 to 100.
///
/// # Errors
/// When a side is over 65 535 pixels or the encoder refuses.
pub fn encode_jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, CvError> {
    let too_large = |_| CvError::TooLarge { size: picture.size(), limit: u64::from(u16::MAX).pow(2) };
    let width = u16::try_from(picture.width).map_err(too_large)?;
    let height = u16::try_from(picture.height).map_err(too_large)?;
    let mut bytes = Vec::new();
    let encoded =
        Encoder::new(&mut bytes, quality.clamp(1, 100)).encode(&picture.data, width, height, ColorType::Rgb);
    encoded.map_err(|error| refused(picture, error))?;
    Ok(bytes)
}

/// Returns the picture as PNG.
///
/// # Errors
/// When the encoder refuses.
pub fn encode_png(picture: &RgbImage) -> Result<Vec<u8>, CvError> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&picture.data, picture.width, picture.height, ExtendedColorType::Rgb8)
        .map_err(|error| refused(picture, error))?;
    Ok(bytes)
}

fn refused(picture: &RgbImage, error: impl std::error::Error + Send + Sync + 'static) -> CvError {
    CvError::Encode { size: picture.size(), source: Box::new(error) }
}
