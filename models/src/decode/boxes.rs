//! Rows of edges and probabilities become boxes in the original picture.

use ndarray::{ArrayD, ArrayView2, ArrayView3, Axis, Ix3};

use super::is_probability;
use crate::card::Class;
use crate::{BoxPx, Card, Detection, Letterbox, ModelError, nms};

/// Most boxes a picture, all classes together.
pub const BOXES_MAX: usize = 300;

/// Returns the boxes of each picture of the batch, best first, in the order of `letterboxes`.
///
/// A box counts from its class's threshold on, or from `floor` on where one is given: scores need the weak ones too. Of boxes
/// of one class that overlap by more than the card allows, the best stays. Each is clipped to its picture; what lies in the
/// padding, or has no area, is none.
///
/// # Shape
/// `output` is `[N, B, 4 + C]`: as many pictures as letterboxes; left, top, right, bottom in pixels of the input, then one
/// probability a class.
///
/// # Errors
/// When the shape is not the card's, an edge is not finite, or a value is no probability (NaN included).
pub fn boxes(
    card: &Card,
    output: &ArrayD<f32>,
    letterboxes: &[Letterbox],
    floor: Option<f32>,
) -> Result<Vec<Vec<Detection>>, ModelError> {
    let rows = checked(card, output, letterboxes.len())?;
    let pictures = rows.axis_iter(Axis(0)).zip(letterboxes);
    Ok(pictures.map(|(rows, letterbox)| picture(card, &rows, letterbox, floor)).collect())
}

fn checked<'a>(
    card: &Card,
    output: &'a ArrayD<f32>,
    pictures: usize,
) -> Result<ArrayView3<'a, f32>, ModelError> {
    let expected = [pictures, card.output.boxes(), card.classes.len() + 4];
    let wrong_shape = || ModelError::OutputShape {
        output: card.output.name.clone(),
        expected: expected.to_vec(),
        actual: output.shape().to_vec(),
    };
    let rows = output.view().into_dimensionality::<Ix3>().map_err(|_| wrong_shape())?;
    if rows.shape() != expected {
        return Err(wrong_shape());
    }
    let name = || card.output.name.clone();
    for row in rows.rows() {
        let (edges, scores) = row.split_at(Axis(0), 4);
        if let Some(value) = edges.iter().find(|value| !value.is_finite()) {
            return Err(ModelError::NotEdge { output: name(), value: *value });
        }
        if let Some(value) = scores.iter().find(|value| !is_probability(**value)) {
            return Err(ModelError::NotProbability { output: name(), value: *value });
        }
    }
    Ok(rows)
}

fn picture(
    card: &Card,
    rows: &ArrayView2<'_, f32>,
    letterbox: &Letterbox,
    floor: Option<f32>,
) -> Vec<Detection> {
    let iou = card.output.nms_iou.unwrap_or(1.0);
    let of_class = |(column, class): (usize, &Class)| {
        let least = floor.unwrap_or(class.threshold);
        let candidates = candidates(rows, column + 4, least, letterbox);
        let kept = nms::keep(&candidates, iou, BOXES_MAX);
        let found: Vec<Detection> = kept
            .into_iter()
            .filter_map(|at| candidates.get(at))
            .map(|(bounds, score)| Detection { class: class.name.clone(), score: *score, bounds: *bounds })
            .collect();
        found
    };
    let mut found: Vec<Detection> = card.classes.iter().enumerate().flat_map(of_class).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(BOXES_MAX);
    found
}

/// Boxes of one class from a score on, in pixels of the picture.
fn candidates(
    rows: &ArrayView2<'_, f32>,
    column: usize,
    least: f32,
    letterbox: &Letterbox,
) -> Vec<(BoxPx, f32)> {
    let strong = |row: ndarray::ArrayView1<'_, f32>| {
        let score = row.get(column).copied().filter(|score| *score >= least)?.clamp(0.0, 1.0);
        let edge = |index: usize| row.get(index).copied();
        let in_input = BoxPx { left_px: edge(0)?, top_px: edge(1)?, right_px: edge(2)?, bottom_px: edge(3)? };
        Some((in_picture(&in_input, letterbox)?, score))
    };
    rows.axis_iter(Axis(0)).filter_map(strong).collect()
}

/// Undoes the letterbox; `None` for what lies outside the picture.
fn in_picture(of: &BoxPx, letterbox: &Letterbox) -> Option<BoxPx> {
    let Letterbox { picture, scaled, pad_left, pad_top, .. } = *letterbox;
    let back = |edge: f32, pad: u32, picture: u32, scaled: u32| {
        let picture = f64::from(picture);
        ((f64::from(edge) - f64::from(pad)) * picture / f64::from(scaled)).clamp(0.0, picture) as f32
    };
    let across = |edge: f32| back(edge, pad_left, picture.width, scaled.width);
    let down = |edge: f32| back(edge, pad_top, picture.height, scaled.height);
    let bounds = BoxPx {
        left_px: across(of.left_px),
        top_px: down(of.top_px),
        right_px: across(of.right_px),
        bottom_px: down(of.bottom_px),
    };
    (bounds.area_px() > 0.0).then_some(bounds)
}
