//! Pictures and masks from and to bytes, and their size.
//!
//! | format | read | written |
//! |---|---|---|
//! | JPEG, 8 bit, EXIF orientation honoured | yes | yes |
//! | PNG, 8 or 16 bit (brought to 8), transparency dropped | yes | yes |
//! | masks: PNG of one 8-bit channel | yes | no |
//! | TIFF, WebP, HEIF, raw | no | no |

mod header;

use models::{RgbImage, SizePx};
use ndarray::Array2;
use opencv::core::{CV_8UC1, Mat, MatTraitConst, MatTraitConstManual, Size, Vector, VectorToVec};
use opencv::{imgcodecs, imgproc};

use crate::{CvError, mat};

/// Most pixels of a picture: more than any camera in the air, and 600 MB when decoded.
const PIXELS_MAX: u64 = 200_000_000;

/// Returns the picture that the bytes of a file hold, turned as its EXIF orientation says.
///
/// # Errors
/// When the bytes are empty, of another kind, cut off, absurdly large or broken; each is named.
pub fn decode_picture(bytes: &[u8]) -> Result<RgbImage, CvError> {
    let decoded = decode(bytes, imgcodecs::IMREAD_COLOR)?;
    let mut rgb = Mat::default();
    imgproc::cvt_color_def(&decoded, &mut rgb, imgproc::COLOR_BGR2RGB)?;
    mat::picture(&rgb)
}

/// Returns the values of a mask, `[rows, columns]`.
///
/// # Errors
/// As [`decode_picture`], and when the mask has more than one channel or more than 8 bits.
pub fn decode_mask(bytes: &[u8]) -> Result<Array2<u8>, CvError> {
    let decoded = decode(bytes, imgcodecs::IMREAD_UNCHANGED)?;
    if decoded.typ() != CV_8UC1 {
        return Err(CvError::MaskFormat { channels: decoded.channels(), bits: decoded.elem_size1() * 8 });
    }
    let (rows, columns) = (decoded.rows().unsigned_abs(), decoded.cols().unsigned_abs());
    let values = decoded.data_typed::<u8>()?.to_vec();
    Array2::from_shape_vec((rows as usize, columns as usize), values)
        .map_err(|_| CvError::Undecodable { size: SizePx::new(columns, rows) })
}

fn decode(bytes: &[u8], flags: i32) -> Result<Mat, CvError> {
    mat::stay_on_this_thread();
    let size = header::size(bytes)?;
    if size.pixels() > PIXELS_MAX {
        return Err(CvError::TooLarge { size, limit: PIXELS_MAX });
    }
    let decoded = imgcodecs::imdecode(&Mat::from_slice(bytes)?, flags)?;
    if decoded.empty() { Err(CvError::Undecodable { size }) } else { Ok(decoded) }
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
/// When OpenCV refuses.
pub fn encode_jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, CvError> {
    let quality = i32::from(quality.clamp(1, 100));
    encode(picture, ".jpg", &Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]))
}

/// Returns the picture as PNG.
///
/// # Errors
/// When OpenCV refuses.
pub fn encode_png(picture: &RgbImage) -> Result<Vec<u8>, CvError> {
    encode(picture, ".png", &Vector::new())
}

fn encode(picture: &RgbImage, ending: &str, options: &Vector<i32>) -> Result<Vec<u8>, CvError> {
    mat::with(picture, |rgb| {
        let mut bgr = Mat::default();
        imgproc::cvt_color_def(rgb, &mut bgr, imgproc::COLOR_RGB2BGR)?;
        let mut bytes = Vector::new();
        imgcodecs::imencode(ending, &bgr, &mut bytes, options)?;
        Ok(bytes.to_vec())
    })
}
