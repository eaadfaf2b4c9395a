//! Planes of probability become masks over the original picture.
//!
//! The padding rarely ends on a cell border (a 500x333 picture ends 0.25 cells into a column), so it is not cut off but
//! left out: the mask's own grid is laid over the picture edge to edge and read from the output bilinearly, each cell at
//! its exact place. Where padding and content end on cell borders, as for 16:9 in 640x384 at stride 4, the reading falls on
//! the cell centres and is a plain cut, bit for bit.

use ndarray::{Array2, ArrayD, ArrayView2, ArrayView4, Axis, Ix4};

use super::is_probability;
use crate::card::Class;
use crate::{Card, Letterbox, Mask, ModelError, resample};

/// Returns one mask a class for each picture of the batch, in the order of `letterboxes`.
///
/// # Shape
/// `output` is `[N, C, H, W]`: at least as many pictures as letterboxes, C classes, one cell a stride.
///
/// # Errors
/// When the shape is not the card's, or a value is no probability (NaN included).
pub fn masks(
    card: &Card,
    output: &ArrayD<f32>,
    letterboxes: &[Letterbox],
) -> Result<Vec<Vec<Mask>>, ModelError> {
    let planes = checked(card, output, letterboxes.len())?;
    let picture = |(planes, letterbox): (_, &Letterbox)| -> Vec<Mask> {
        let planes: ndarray::ArrayView3<'_, f32> = planes;
        let classes = planes.axis_iter(Axis(0)).zip(&card.classes);
        classes.map(|(plane, class)| mask(&plane, class, letterbox)).collect()
    };
    Ok(planes.axis_iter(Axis(0)).zip(letterboxes).map(picture).collect())
}

fn checked<'a>(
    card: &Card,
    output: &'a ArrayD<f32>,
    pictures: usize,
) -> Result<ArrayView4<'a, f32>, ModelError> {
    let size = card.output.grid();
    let expected = [pictures, card.classes.len(), size.height as usize, size.width as usize];
    let wrong_shape = || ModelError::OutputShape {
        output: card.output.name.clone(),
        expected: expected.to_vec(),
        actual: output.shape().to_vec(),
    };
    let planes = output.view().into_dimensionality::<Ix4>().map_err(|_| wrong_shape())?;
    if planes.shape() != expected {
        return Err(wrong_shape());
    }
    match planes.iter().find(|value| !is_probability(**value)) {
        None => Ok(planes),
        Some(value) => Err(ModelError::NotProbability { output: card.output.name.clone(), value: *value }),
    }
}

fn mask(plane: &ArrayView2<'_, f32>, class: &Class, letterbox: &Letterbox) -> Mask {
    let across = |cells: usize, input: u32, scaled: u32, pad: u32| {
        let stride = f64::from(input) / cells as f64;
        let count = (f64::from(scaled) / stride).round().max(1.0) as usize;
        let step = f64::from(scaled) / count as f64;
        let positions = (0..count).map(|cell| ((cell as f64 + 0.5) * step + f64::from(pad)) / stride - 0.5);
        resample::Axis::new(cells, positions)
    };
    let Letterbox { input, scaled, pad_left, pad_top, .. } = *letterbox;
    let rows = across(plane.nrows(), input.height, scaled.height, pad_top);
    let columns = across(plane.ncols(), input.width, scaled.width, pad_left);
    let mut probability = Array2::zeros((rows.len(), columns.len()));
    resample::each_row(plane, &rows, &columns, |row, values| {
        for (cell, value) in probability.row_mut(row).iter_mut().zip(values) {
            *cell = value.clamp(0.0, 1.0);
        }
    });
    Mask {
        class: class.name.clone(),
        probability,
        threshold: class.threshold,
        min_area_share: class.min_area_share.unwrap_or(0.0),
    }
}
