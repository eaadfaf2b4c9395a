//! Pictures for those who may not see originals: shown so coarsely that faces and plates cannot be read.

use models::{RgbImage, SizePx};

use crate::{CvError, resize};

/// How coarsely a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coarseness {
    /// Side of what is shown as one, in pixels, inside the box.
    pub inside_px: f64,
    /// The same everywhere else.
    pub outside_px: f64,
    /// Left, top, right and bottom of the box in pixels; none for no box.
    pub box_px: Option<[f64; 4]>,
}

/// Returns the picture averaged over squares of the sides told, and drawn smoothly between them. A side of one pixel or less leaves
/// it as it is.
///
/// # Errors
/// When the picture has no area or OpenCV refuses.
pub fn veil(picture: &RgbImage, how: &Coarseness) -> Result<RgbImage, CvError> {
    let mut veiled = coarse(picture, how.outside_px)?;
    let Some(box_px) = how.box_px else { return Ok(veiled) };
    let inside = coarse(picture, how.inside_px)?;
    let [left, top, right, bottom] = box_px;
    let clip = |value: f64, most: u32| value.clamp(0.0, f64::from(most)) as usize;
    let columns = clip(left.floor(), picture.width) * 3..clip(right.ceil(), picture.width) * 3;
    let rows = clip(top.floor(), picture.height)..clip(bottom.ceil(), picture.height);
    if columns.start >= columns.end {
        return Ok(veiled);
    }
    let width = picture.width as usize * 3;
    let pairs = veiled.data.chunks_exact_mut(width).zip(inside.data.chunks_exact(width));
    for (to, from) in pairs.skip(rows.start).take(rows.len()) {
        if let (Some(to), Some(from)) = (to.get_mut(columns.clone()), from.get(columns.clone())) {
            to.copy_from_slice(from);
        }
    }
    Ok(veiled)
}

fn coarse(picture: &RgbImage, cell_px: f64) -> Result<RgbImage, CvError> {
    // What is no number is no reason to show more.
    if cell_px <= 1.0 {
        return Ok(picture.clone());
    }
    let cells = |side: u32| (f64::from(side) / cell_px).floor().max(1.0) as u32;
    let small = resize(picture, SizePx::new(cells(picture.width), cells(picture.height)))?;
    resize(&small, picture.size())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes of black and white, each so many pixels wide.
    fn stripes(width_px: u32) -> RgbImage {
        let (width, height) = (640, 360);
        let pixel =
            |at: u32| if ((at % width) / width_px).is_multiple_of(2) { [0, 0, 0] } else { [255, 255, 255] };
        let data = (0..width * height).flat_map(pixel).collect();
        RgbImage::new(width, height, data).unwrap()
    }

    /// Difference of the lightest and the darkest pixel within a box, away from its edges.
    fn contrast(picture: &RgbImage, columns: std::ops::Range<u32>) -> u8 {
        let values: Vec<u8> = (100..260)
            .flat_map(|v| columns.clone().map(move |u| picture.data[((v * 640 + u) * 3) as usize]))
            .collect();
        values.iter().max().unwrap() - values.iter().min().unwrap()
    }

    #[test]
    fn what_is_finer_than_a_cell_is_gone_and_what_is_much_larger_stays() {
        let how = Coarseness { inside_px: 1.0, outside_px: 16.0, box_px: None };
        assert!(contrast(&veil(&stripes(4), &how).unwrap(), 50..590) < 8, "strokes of a plate");
        assert!(contrast(&veil(&stripes(80), &how).unwrap(), 50..590) > 240, "a wall");
    }

    #[test]
    fn the_box_is_shown_as_finely_as_told_and_nothing_beside_it() {
        let how = Coarseness { inside_px: 1.0, outside_px: 16.0, box_px: Some([200.0, 90.0, 400.0, 270.0]) };
        let veiled = veil(&stripes(4), &how).unwrap();
        assert_eq!(contrast(&veiled, 200..400), 255);
        assert!(contrast(&veiled, 40..200) < 8 && contrast(&veiled, 400..600) < 8);
        for odd in [[700.0, 0.0, 900.0, 90.0], [400.0, 270.0, 200.0, 90.0], [f64::NAN; 4]] {
            let veiled = veil(&stripes(4), &Coarseness { box_px: Some(odd), ..how }).unwrap();
            assert!(contrast(&veiled, 40..600) < 8, "{odd:?}");
        }
    }

    #[test]
    fn a_cell_larger_than_the_picture_or_no_number_shows_one_colour() {
        for cell in [1e9, f64::INFINITY, f64::NAN] {
            let how = Coarseness { inside_px: cell, outside_px: cell, box_px: None };
            assert_eq!(contrast(&veil(&stripes(4), &how).unwrap(), 0..640), 0, "{cell}");
        }
    }
}
