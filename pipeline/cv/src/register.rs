//! Puts a still on top of a reference: AKAZE features, ratio test, robust homography.
//!
//! Both pictures are stretched to the same range of grey first, so that dusk shows the features of noon. What moves through the
//! picture disagrees with the homography of what stands and falls out.
//!
//! # References
//! Alcantarilla, Nuevo, Bartoli (2013), BMVC: AKAZE. Lowe (2004), IJCV 60(2), section 7.1: ratio test. Barath et al. (2020), CVPR:
//! MAGSAC++.

use models::{RgbImage, SizePx};
use nalgebra::Matrix3;
use opencv::core::{
    DMatch, KeyPoint, KeyPointTraitConst, Mat, MatTraitConst, MatTraitConstManual, Point2f, Vector, no_array,
};
use opencv::features2d::{self, AKAZE, BFMatcher};
use opencv::prelude::{DescriptorMatcherTraitConst, Feature2DTrait};
use opencv::{calib3d, core, imgproc};
use pipeline::scene::homography::mapped;
use pipeline::scene::{Features, Pair, Registrar, Registration};

use crate::{CvError, mat, resize};

/// Least response of a feature in a stretched picture.
const RESPONSE: f32 = 0.0008;
/// A match counts when the second best is this much farther.
const RATIO: f32 = 0.75;
/// Distance at which a pair still agrees with a homography, pixels.
const AGREES_PX: f64 = 1.5;
const MOST_ROUNDS: i32 = 2_000;
const CONFIDENCE: f64 = 0.999;
/// Pairs without which no homography is tried.
const LEAST_PAIRS: usize = 8;
/// Shares of the pixels that stretching makes black and white.
const TAIL: f64 = 0.01;
/// Least range of grey that is stretched to the full one: below it there is only noise.
const LEAST_RANGE: f64 = 24.0;
/// OpenCV counts from the centre of the top-left pixel, we from its outer corner.
const ORIGIN_PX: f32 = 0.5;

/// Registers with OpenCV.
#[derive(Debug, Clone, Copy, Default)]
pub struct CvRegistrar;

impl Registrar for CvRegistrar {
    fn features(&self, picture: &RgbImage, size: SizePx) -> Result<Features, String> {
        features(picture, size).map_err(|e| e.to_string())
    }

    fn register(&self, reference: &Features, still: &Features) -> Result<Option<Registration>, String> {
        register(reference, still).map_err(|e| e.to_string())
    }
}

/// Returns what can be found again of a picture scaled to a size.
///
/// # Errors
/// When the size has no area or OpenCV refuses.
pub fn features(picture: &RgbImage, size: SizePx) -> Result<Features, CvError> {
    let scaled = resize(picture, size)?;
    let grey = stretched(&grey(&scaled)?)?;
    let mut akaze = AKAZE::create(
        features2d::AKAZE_DescriptorType::DESCRIPTOR_MLDB,
        0,
        3,
        RESPONSE,
        4,
        4,
        features2d::KAZE_DiffusivityType::DIFF_PM_G2,
    )?;
    let (mut points, mut descriptors) = (Vector::<KeyPoint>::new(), Mat::default());
    akaze.detect_and_compute(&grey, &no_array(), &mut points, &mut descriptors, false)?;
    let place = |point: KeyPoint| (point.pt().x + ORIGIN_PX, point.pt().y + ORIGIN_PX);
    let descriptors = if descriptors.empty() { Vec::new() } else { descriptors.data_bytes()?.to_vec() };
    Ok(Features { size, places_px: points.iter().map(place).collect(), descriptors })
}

fn grey(picture: &RgbImage) -> Result<Mat, CvError> {
    mat::with(picture, |rgb| {
        let mut grey = Mat::default();
        imgproc::cvt_color_def(rgb, &mut grey, imgproc::COLOR_RGB2GRAY)?;
        Ok(grey)
    })
}

/// Returns the picture with its darkest and brightest pixels at the ends of the range.
fn stretched(grey: &Mat) -> Result<Mat, CvError> {
    let mut counts = [0_u64; 256];
    let bytes = grey.data_bytes()?;
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let tail = (bytes.len() as f64 * TAIL) as u64;
    let (low, high) = (end(counts.iter().enumerate(), tail), end(counts.iter().enumerate().rev(), tail));
    let gain = 255.0 / (high - low).max(LEAST_RANGE);
    let mut out = Mat::default();
    grey.convert_to(&mut out, core::CV_8U, gain, -low * gain)?;
    Ok(out)
}

/// Returns the first level with more than `tail` pixels up to it.
fn end<'a>(levels: impl Iterator<Item = (usize, &'a u64)>, tail: u64) -> f64 {
    let mut so_far = 0;
    let mut levels = levels.skip_while(|(_, count)| {
        so_far += **count;
        so_far <= tail
    });
    levels.next().map_or(0.0, |(level, _)| level as f64)
}

/// Returns how the still lies on the reference; `None` when no homography fits.
///
/// # Errors
/// When OpenCV refuses.
pub fn register(reference: &Features, still: &Features) -> Result<Option<Registration>, CvError> {
    mat::stay_on_this_thread();
    let pairs = matches(reference, still)?;
    if pairs.len() < LEAST_PAIRS {
        return Ok(None);
    }
    let points = |of: fn(&Pair) -> (f64, f64)| -> Vector<Point2f> {
        pairs.iter().map(of).map(|(u, v)| Point2f::new(u as f32, v as f32)).collect()
    };
    let (from, to) = (points(|pair| pair.reference_px), points(|pair| pair.still_px));
    let mut mask = Mat::default();
    let found = calib3d::find_homography_ext(
        &from,
        &to,
        calib3d::USAC_MAGSAC,
        AGREES_PX,
        &mut mask,
        MOST_ROUNDS,
        CONFIDENCE,
    )?;
    if found.empty() || mask.empty() {
        return Ok(None);
    }
    let still_from_reference = Matrix3::from_row_slice(found.data_typed::<f64>()?);
    let agree = mask.data_bytes()?;
    let agreeing: Vec<Pair> =
        pairs.iter().zip(agree).filter(|(_, agrees)| **agrees != 0).map(|(pair, _)| *pair).collect();
    let rms_px = rms(&agreeing, &still_from_reference);
    Ok(Some(Registration {
        size: still.size,
        still_from_reference,
        pairs: agreeing,
        tried: pairs.len(),
        rms_px,
    }))
}

/// Pairs whose match is clearly better than the second best.
fn matches(reference: &Features, still: &Features) -> Result<Vec<Pair>, CvError> {
    if reference.places_px.len() < 2 || still.places_px.len() < 2 {
        return Ok(Vec::new());
    }
    let (from, to) = (Mat::from_slice(&reference.descriptors)?, Mat::from_slice(&still.descriptors)?);
    let from = from.reshape(1, rows(reference)?)?;
    let to = to.reshape(1, rows(still)?)?;
    let mut found = Vector::<Vector<DMatch>>::new();
    let matcher = BFMatcher::create(core::NORM_HAMMING, false)?;
    matcher.knn_train_match_def(&from, &to, &mut found, 2)?;
    let place = |features: &Features, index: i32| {
        let (u, v) = *features.places_px.get(usize::try_from(index).ok()?)?;
        Some((f64::from(u), f64::from(v)))
    };
    let pair = |both: Vector<DMatch>| {
        let (best, second) = (both.get(0).ok()?, both.get(1).ok()?);
        let reference_px = place(reference, best.query_idx)?;
        let still_px = place(still, best.train_idx)?;
        (best.distance < RATIO * second.distance).then_some(Pair { reference_px, still_px })
    };
    Ok(found.iter().filter_map(pair).collect())
}

fn rows(features: &Features) -> Result<i32, CvError> {
    i32::try_from(features.places_px.len()).map_err(|_| CvError::Size { size: features.size })
}

fn rms(pairs: &[Pair], homography: &Matrix3<f64>) -> f64 {
    let squares = pairs.iter().filter_map(|pair| {
        let (u, v) = mapped(homography, pair.reference_px)?;
        Some((u - pair.still_px.0).powi(2) + (v - pair.still_px.1).powi(2))
    });
    (squares.sum::<f64>() / pairs.len().max(1) as f64).sqrt()
}
