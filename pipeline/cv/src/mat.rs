//! Between our pictures and OpenCV's matrices.

use std::sync::Once;

use models::{RgbImage, SizePx};
use opencv::boxed_ref::BoxedRef;
use opencv::core::{Mat, MatTraitConst, MatTraitConstManual, Vec3b};

use crate::CvError;

static ONE_THREAD: Once = Once::new();

/// Keeps OpenCV on the caller's thread from now on.
pub(crate) fn stay_on_this_thread() {
    ONE_THREAD.call_once(|| {
        // Refused only by builds without threads, which is what is wanted.
        let _ = opencv::core::set_num_threads(1);
    });
}

/// Calls `work` with a matrix over the picture's own bytes, `[height, width]` of R G B.
pub(crate) fn with<T>(
    picture: &RgbImage,
    work: impl FnOnce(&BoxedRef<'_, Mat>) -> Result<T, CvError>,
) -> Result<T, CvError> {
    stay_on_this_thread();
    let line = Mat::from_bytes::<Vec3b>(&picture.data)?;
    let rows = i32::try_from(picture.height).map_err(|_| CvError::Size { size: picture.size() })?;
    let mat = line.reshape(3, rows)?;
    work(&mat)
}

/// Returns the picture in a matrix of R G B.
pub(crate) fn picture(mat: &Mat) -> Result<RgbImage, CvError> {
    let (width, height) = (mat.cols().unsigned_abs(), mat.rows().unsigned_abs());
    let size = SizePx::new(width, height);
    RgbImage::new(width, height, mat.data_bytes()?.to_vec()).ok_or(CvError::Undecodable { size })
}
