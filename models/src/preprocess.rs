//! From a picture to the input tensor: letterbox geometry and the filling of the planes.

use std::ops::Range;

use crate::card::Input;
use crate::{ModelError, RgbImage, SizePx};

/// Where a picture lies inside the input: aspect kept, centred, the rest padded.
///
/// # Units
/// Pixels of the input; `scale` is input pixels a picture pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// Size of the original picture.
    pub picture: SizePx,
    /// Size of the input.
    pub input: SizePx,
    /// Size that the picture must be scaled to before [`Letterbox::write`].
    pub scaled: SizePx,
    /// Padding on the left; what is left over goes to the right.
    pub pad_left: u32,
    /// Padding on top; what is left over goes to the bottom.
    pub pad_top: u32,
    /// Ratio before the scaled size is rounded to whole pixels.
    pub scale: f64,
}

impl Letterbox {
    /// Returns the place of a picture in the input.
    ///
    /// The same numbers as in training: the scaled size is rounded half to even, the padding of the left and the top is
    /// rounded down.
    ///
    /// # Errors
    /// [`ModelError::Letterbox`] when either size has no area.
    pub fn fit(picture: SizePx, input: SizePx) -> Result<Self, ModelError> {
        if picture.pixels() == 0 || input.pixels() == 0 {
            return Err(ModelError::Letterbox { picture, input });
        }
        let ratio = |inner: u32, outer: u32| f64::from(outer) / f64::from(inner);
        let scale = ratio(picture.width, input.width).min(ratio(picture.height, input.height));
        let side = |side: u32, most: u32| {
            let scaled = (f64::from(side) * scale).round_ties_even();
            (scaled as u32).clamp(1, most)
        };
        let scaled = SizePx::new(side(picture.width, input.width), side(picture.height, input.height));
        Ok(Self {
            picture,
            input,
            scaled,
            pad_left: (input.width - scaled.width) / 2,
            pad_top: (input.height - scaled.height) / 2,
            scale,
        })
    }

    /// Writes `content`, already scaled to [`Letterbox::scaled`], into one picture of the input tensor.
    ///
    /// # Shape
    /// `out` is `[3, H, W]`, row-major: three planes R G B of `(value - mean) * scale`, padding included.
    ///
    /// # Errors
    /// When the content or the buffer has another size.
    pub fn write(&self, content: &RgbImage, input: &Input, out: &mut [f32]) -> Result<(), ModelError> {
        if content.size() != self.scaled {
            return Err(ModelError::Content { expected: self.scaled, actual: content.size() });
        }
        let (width, plane) = (self.input.width as usize, self.input.pixels() as usize);
        if out.len() != plane * 3 {
            return Err(ModelError::Buffer { expected: plane * 3, actual: out.len() });
        }
        let (red, rest) = out.split_at_mut(plane);
        let (green, blue) = rest.split_at_mut(plane);
        let planes = planes(input);
        let columns = self.pad_left as usize..(self.pad_left + self.scaled.width) as usize;
        let rows = self.pad_top as usize..(self.pad_top + self.scaled.height) as usize;
        for (plane, of) in [&mut *red, &mut *green, &mut *blue].into_iter().zip(planes) {
            pad(plane, width, &rows, &columns, of);
        }
        let triple =
            red.chunks_exact_mut(width).zip(green.chunks_exact_mut(width)).zip(blue.chunks_exact_mut(width));
        let lines = content.data.chunks_exact(columns.len() * 3);
        for (((red, green), blue), line) in triple.skip(rows.start).zip(lines) {
            let insides =
                [red.get_mut(columns.clone()), green.get_mut(columns.clone()), blue.get_mut(columns.clone())];
            if let [Some(red), Some(green), Some(blue)] = insides {
                write_row(line, planes, red, green, blue);
            }
        }
        Ok(())
    }
}

/// The numbers of one plane.
#[derive(Debug, Clone, Copy)]
struct Plane {
    mean: f32,
    scale: f32,
    pad: u8,
}

impl Plane {
    #[inline]
    fn value(self, level: u8) -> f32 {
        (f32::from(level) - self.mean) * self.scale
    }

    /// Writes the levels that lie `shift` bits up in each word.
    #[inline]
    fn write(self, words: &[u32; TOGETHER], shift: u32, out: &mut [f32]) {
        for (out, word) in out.iter_mut().zip(words) {
            *out = self.value((word >> shift) as u8);
        }
    }
}

fn planes(input: &Input) -> [Plane; 3] {
    let ([mr, mg, mb], [sr, sg, sb], [pr, pg, pb]) = (input.mean, input.scale, input.pad);
    [
        Plane { mean: mr, scale: sr, pad: pr },
        Plane { mean: mg, scale: sg, pad: pg },
        Plane { mean: mb, scale: sb, pad: pb },
    ]
}

/// Pixels that are read together before their planes are written, so that the compiler writes in vectors.
const TOGETHER: usize = 64;

/// Spreads one row of interleaved bytes over the three planes.
fn write_row(line: &[u8], planes: [Plane; 3], red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
    let (pixels, _) = line.as_chunks::<3>();
    let [red_of, green_of, blue_of] = planes;
    let mut words = [0_u32; TOGETHER];
    let outs = red.chunks_mut(TOGETHER).zip(green.chunks_mut(TOGETHER)).zip(blue.chunks_mut(TOGETHER));
    for (((red, green), blue), pixels) in outs.zip(pixels.chunks(TOGETHER)) {
        for (word, [r, g, b]) in words.iter_mut().zip(pixels) {
            *word = u32::from_le_bytes([*r, *g, *b, 0]);
        }
        red_of.write(&words, 0, red);
        green_of.write(&words, 8, green);
        blue_of.write(&words, 16, blue);
    }
}

/// Fills what lies outside the content's rows and columns.
fn pad(plane: &mut [f32], width: usize, rows: &Range<usize>, columns: &Range<usize>, of: Plane) {
    let value = of.value(of.pad);
    for (index, row) in plane.chunks_exact_mut(width).enumerate() {
        let sides =
            if rows.contains(&index) { [0..columns.start, columns.end..width] } else { [0..width, 0..0] };
        for side in sides {
            if let Some(side) = row.get_mut(side) {
                side.fill(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Colour, Layout, Resize};

    fn fit(picture: (u32, u32), input: (u32, u32)) -> (u32, u32, u32, u32) {
        let size = |(width, height)| SizePx::new(width, height);
        let fit = Letterbox::fit(size(picture), size(input)).unwrap();
        (fit.scaled.width, fit.scaled.height, fit.pad_left, fit.pad_top)
    }

    #[test]
    fn geometry_is_that_of_training() {
        assert_eq!(fit((1920, 1080), (640, 384)), (640, 360, 0, 12));
        assert_eq!(fit((640, 384), (640, 384)), (640, 384, 0, 0));
        assert_eq!(fit((500, 333), (640, 384)), (577, 384, 31, 0));
        assert_eq!(fit((1080, 1920), (640, 384)), (216, 384, 212, 0));
        assert_eq!(fit((10_000, 1), (640, 384)), (640, 1, 0, 191));
        assert!(Letterbox::fit(SizePx::new(0, 5), SizePx::new(640, 384)).is_err());
    }

    fn input(width: i64, height: i64) -> Input {
        Input {
            name: "image".to_owned(),
            shape: [-1, 3, height, width],
            layout: Layout::Nchw,
            colour: Colour::Rgb,
            mean: [0.0, 10.0, 20.0],
            scale: [1.0, 0.5, 2.0],
            resize: Resize::Letterbox,
            pad: [7, 10, 21],
        }
    }

    #[test]
    fn planes_are_filled_with_content_and_padding() {
        let content = RgbImage::new(2, 1, vec![1, 12, 23, 4, 15, 26]).unwrap();
        let fit = Letterbox::fit(SizePx::new(4, 2), SizePx::new(2, 3)).unwrap();
        let mut out = vec![f32::NAN; 18];
        fit.write(&content, &input(2, 3), &mut out).unwrap();
        let red = [7.0, 7.0, 1.0, 4.0, 7.0, 7.0];
        let green = [0.0, 0.0, 1.0, 2.5, 0.0, 0.0];
        let blue = [2.0, 2.0, 6.0, 12.0, 2.0, 2.0];
        assert_eq!(out, [red, green, blue].concat());
    }

    #[test]
    fn sides_are_padded_where_the_picture_is_narrow() {
        let content = RgbImage::new(1, 1, vec![1, 12, 23]).unwrap();
        let fit = Letterbox::fit(SizePx::new(5, 5), SizePx::new(3, 1)).unwrap();
        let mut out = vec![f32::NAN; 9];
        fit.write(&content, &input(3, 1), &mut out).unwrap();
        assert_eq!(out, [7.0, 1.0, 7.0, 0.0, 1.0, 0.0, 2.0, 6.0, 2.0]);
    }

    #[test]
    fn every_pixel_of_a_long_row_lands_in_its_column() {
        let levels = |x: u32| [x as u8, (x * 3) as u8, 255 - x as u8];
        for width in [1, 63, 64, 65, 200] {
            let content = RgbImage::new(width, 1, (0..width).flat_map(levels).collect()).unwrap();
            let fit = Letterbox::fit(content.size(), content.size()).unwrap();
            let mut out = vec![f32::NAN; width as usize * 3];
            fit.write(&content, &input(i64::from(width), 1), &mut out).unwrap();
            let planes = [(0.0, 1.0), (10.0, 0.5), (20.0, 2.0)].into_iter().enumerate();
            let value = |(plane, (mean, scale))| {
                (0..width).map(move |x| (f32::from(levels(x)[plane]) - mean) * scale)
            };
            assert_eq!(out, planes.flat_map(value).collect::<Vec<f32>>(), "{width}");
        }
    }

    #[test]
    fn content_and_buffer_of_another_size_are_refused() {
        let fit = Letterbox::fit(SizePx::new(4, 2), SizePx::new(2, 3)).unwrap();
        let content = RgbImage::new(2, 1, vec![0; 6]).unwrap();
        for length in [0, 6, 17, 19] {
            assert!(fit.write(&content, &input(2, 3), &mut vec![0.0; length]).is_err(), "{length}");
        }
        let larger = RgbImage::new(2, 2, vec![0; 12]).unwrap();
        assert!(fit.write(&larger, &input(2, 3), &mut [0.0; 18]).is_err());
    }
}
