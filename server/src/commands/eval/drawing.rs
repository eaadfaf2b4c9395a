//! Truth and prediction drawn on a small copy of a picture.

use models::card::Class;
use models::eval::average_precision::{Boxes, Rect};
use models::{Mask, RgbImage, SizePx};
use ndarray::Array2;
use pipeline_cv::CvError;

/// Longest side of a drawing, pixels.
const SIDE_PX: u32 = 320;
/// What is there.
pub const TRUE_COLOUR: [u8; 3] = [0, 230, 118];
/// What was found.
pub const FOUND_COLOUR: [u8; 3] = [255, 61, 46];
/// What was nearly found: the best box below the threshold.
pub const WEAK_COLOUR: [u8; 3] = [255, 214, 10];

/// Returns the picture with the edges of the true and of the found mask.
///
/// # Errors
/// When the picture cannot be made smaller.
pub fn mask(picture: &RgbImage, truth: &Array2<u8>, found: &Mask) -> Result<RgbImage, CvError> {
    let mut canvas = Canvas::of(picture)?;
    let size = canvas.image.size();
    let there = |x: u32, y: u32| cell(truth, x, y, size) == Some(&1);
    let seen = |x: u32, y: u32| cell(&found.probability, x, y, size) >= Some(&found.threshold);
    canvas.edges(there, TRUE_COLOUR);
    canvas.edges(seen, FOUND_COLOUR);
    Ok(canvas.image)
}

/// Returns the picture with the true boxes and those found; the class that is scored in thick lines, the others in thin ones.
///
/// # Errors
/// When the picture cannot be made smaller.
pub fn boxes(picture: &RgbImage, boxes: &[Boxes], classes: &[Class]) -> Result<RgbImage, CvError> {
    let mut canvas = Canvas::of(picture)?;
    for (index, (boxes, class)) in boxes.iter().zip(classes).enumerate().rev() {
        let width_px = if index == 0 { 2 } else { 1 };
        let least = f64::from(class.threshold);
        let weak = boxes.found.iter().filter(|(_, score)| *score < least);
        if let Some((best, _)) = weak.max_by(|(_, a), (_, b)| a.total_cmp(b)) {
            canvas.rectangle(best, WEAK_COLOUR, 1);
        }
        boxes.truth.iter().for_each(|at| canvas.rectangle(at, TRUE_COLOUR, width_px));
        let strong = boxes.found.iter().filter(|(_, score)| *score >= least);
        strong.for_each(|(at, _)| canvas.rectangle(at, FOUND_COLOUR, width_px));
    }
    Ok(canvas.image)
}

/// The cell of a grid laid edge to edge over the drawing.
fn cell<T>(grid: &Array2<T>, x: u32, y: u32, size: SizePx) -> Option<&T> {
    let at = |pixel: u32, pixels: u32, cells: usize| {
        ((f64::from(pixel) + 0.5) / f64::from(pixels) * cells as f64) as usize
    };
    let (rows, columns) = grid.dim();
    grid.get((at(y, size.height, rows), at(x, size.width, columns)))
}

struct Canvas {
    image: RgbImage,
    scale: (f64, f64),
}

impl Canvas {
    fn of(picture: &RgbImage) -> Result<Self, CvError> {
        let RgbImage { width, height, .. } = *picture;
        let shrink = (f64::from(SIDE_PX) / f64::from(width.max(height))).min(1.0);
        let side = |pixels: u32| ((f64::from(pixels) * shrink).round() as u32).max(1);
        let image = pipeline_cv::resize(picture, SizePx::new(side(width), side(height)))?;
        let scale = (f64::from(image.width) / f64::from(width), f64::from(image.height) / f64::from(height));
        Ok(Self { image, scale })
    }

    fn put(&mut self, x: i64, y: i64, colour: [u8; 3]) {
        let inside =
            (0..i64::from(self.image.width)).contains(&x) && (0..i64::from(self.image.height)).contains(&y);
        let start = (y * i64::from(self.image.width) + x) * 3;
        if let (true, Ok(start)) = (inside, usize::try_from(start)) {
            self.image.data.iter_mut().skip(start).zip(colour).for_each(|(byte, level)| *byte = level);
        }
    }

    /// Colours the pixels inside a shape that touch the outside.
    fn edges(&mut self, inside: impl Fn(u32, u32) -> bool, colour: [u8; 3]) {
        let SizePx { width, height } = self.image.size();
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let at_edge = || {
                (x > 0 && !inside(x - 1, y))
                    || (y > 0 && !inside(x, y - 1))
                    || (x + 1 < width && !inside(x + 1, y))
                    || (y + 1 < height && !inside(x, y + 1))
            };
            if inside(x, y) && at_edge() {
                self.put(i64::from(x), i64::from(y), colour);
            }
        }
    }

    fn rectangle(&mut self, at: &Rect, colour: [u8; 3], width_px: i64) {
        let (across, down) = self.scale;
        let (left, top) = ((at.left_px * across) as i64, (at.top_px * down) as i64);
        let right = (((at.left_px + at.width_px) * across).ceil() as i64 - 1).max(left);
        let bottom = (((at.top_px + at.height_px) * down).ceil() as i64 - 1).max(top);
        for line in 0..width_px {
            for x in left..=right {
                self.put(x, top + line, colour);
                self.put(x, bottom - line, colour);
            }
            for y in top..=bottom {
                self.put(left + line, y, colour);
                self.put(right - line, y, colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> RgbImage {
        RgbImage::new(width, height, vec![90; (width * height * 3) as usize]).expect("all bytes are there")
    }

    fn pixel(image: &RgbImage, x: u32, y: u32) -> [u8; 3] {
        let start = ((y * image.width + x) * 3) as usize;
        [image.data[start], image.data[start + 1], image.data[start + 2]]
    }

    #[test]
    fn boxes_are_drawn_at_the_scale_of_the_copy() {
        let card =
            models::Card::from_toml(include_str!("../../../../models/tests/data/boxes_card.toml")).unwrap();
        let at = Rect { left_px: 100.0, top_px: 50.0, width_px: 200.0, height_px: 100.0 };
        let found = Rect { left_px: 400.0, top_px: 200.0, width_px: 900.0, height_px: 900.0 };
        let reds = Boxes { truth: vec![at], found: vec![(found, 0.7)] };
        let drawn = boxes(&grey(640, 320), &[reds, Boxes::default()], &card.classes).unwrap();
        assert_eq!(drawn.size(), SizePx::new(320, 160));
        assert_eq!(pixel(&drawn, 50, 25), TRUE_COLOUR);
        assert_eq!(pixel(&drawn, 149, 74), TRUE_COLOUR);
        assert_eq!(pixel(&drawn, 100, 50), [90; 3], "nothing is filled");
        assert_eq!(pixel(&drawn, 200, 159), FOUND_COLOUR, "what runs out of the picture is cut");
    }

    #[test]
    fn masks_are_drawn_by_their_edges() {
        let truth = Array2::from_shape_fn((20, 40), |(_, x)| u8::from(x < 20));
        let probability = Array2::from_shape_fn((5, 10), |(y, _)| if y < 2 { 0.9 } else { 0.1 });
        let found = Mask { class: "water".into(), probability, threshold: 0.5, min_area_share: 0.0 };
        let drawn = mask(&grey(40, 20), &truth, &found).unwrap();
        assert_eq!(pixel(&drawn, 19, 15), TRUE_COLOUR);
        assert_eq!(pixel(&drawn, 30, 7), FOUND_COLOUR);
        assert_eq!(pixel(&drawn, 10, 3), [90; 3], "the inside stays as it is");
    }
}
