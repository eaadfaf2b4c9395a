//! Evidence: outlines drawn on a picture, close-ups, labels.

use models::{RgbImage, SizePx};
use opencv::core::{Mat, MatTraitConst, Point, Rect, Scalar, Size, Vector};
use opencv::{core, imgproc};

use crate::{CvError, Outline, Ring, mat};

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// Share of the colour in a filled outline.
const FILL: f64 = 0.3;
/// Height of a label's letters as a share of the picture's shorter side.
const LETTER_SHARE: f64 = 0.03;
/// Height of OpenCV's Hershey Simplex capitals at scale 1, in pixels.
const HERSHEY_PX: f64 = 21.0;
/// Digits after the binary point of OpenCV's drawing coordinates.
const SHIFT: i32 = 4;

/// Returns the picture with the outlines drawn: filled lightly, with a bright line inside a dark one.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw_outline(picture: &RgbImage, outlines: &[&Outline], colour: Rgb) -> Result<RgbImage, CvError> {
    let rings: Vector<Vector<Point>> = outlines
        .iter()
        .flat_map(|outline| std::iter::once(&outline.ring_px).chain(&outline.holes_px))
        .map(drawn)
        .collect();
    if rings.is_empty() {
        return Ok(picture.clone());
    }
    let (line, border) = (scalar(colour), scalar([0, 0, 0]));
    let thickness = thickness(picture.size());
    mat::with(picture, |plain| {
        let mut filled = plain.try_clone()?;
        imgproc::fill_poly(&mut filled, &rings, line, imgproc::LINE_AA, SHIFT, Point::new(0, 0))?;
        let mut mixed = Mat::default();
        core::add_weighted_def(&filled, FILL, plain, 1.0 - FILL, 0.0, &mut mixed)?;
        for (colour, thickness) in [(border, thickness * 2 + 1), (line, thickness)] {
            imgproc::polylines(&mut mixed, &rings, true, colour, thickness, imgproc::LINE_AA, SHIFT)?;
        }
        mat::picture(&mixed)
    })
}

/// Returns the picture with a line of text on a dark box in its top left corner; what is not printable ASCII becomes `?`.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw_label(picture: &RgbImage, text: &str) -> Result<RgbImage, CvError> {
    let text = printable(text);
    let letter_px = (f64::from(picture.width.min(picture.height)) * LETTER_SHARE).max(10.0);
    let (font, scale, thickness) =
        (imgproc::FONT_HERSHEY_SIMPLEX, letter_px / HERSHEY_PX, thickness(picture.size()));
    mat::with(picture, |plain| {
        let mut below = 0;
        let Size { width, height } = imgproc::get_text_size(&text, font, scale, thickness, &mut below)?;
        let margin = letter_px as i32 / 2;
        let mut labelled = plain.try_clone()?;
        let ground = Rect::new(0, 0, width + 2 * margin, height + below + 2 * margin);
        imgproc::rectangle(&mut labelled, ground, scalar([0, 0, 0]), imgproc::FILLED, imgproc::LINE_8, 0)?;
        let place = Point::new(margin, margin + height);
        imgproc::put_text(
            &mut labelled,
            &text,
            place,
            font,
            scale,
            scalar([255; 3]),
            thickness,
            imgproc::LINE_AA,
            false,
        )?;
        mat::picture(&labelled)
    })
}

/// A line from one place of a picture to another, with a ring at its start and a name beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrow {
    /// Start, pixels from the outer corner of the top-left pixel.
    pub from_px: [f64; 2],
    /// End.
    pub to_px: [f64; 2],
    /// Colour.
    pub colour: Rgb,
    /// Name; what is not printable ASCII becomes `?`.
    pub label: String,
}

/// Returns the picture with arrows drawn.
///
/// # Errors
/// When OpenCV refuses.
pub fn draw_arrows(picture: &RgbImage, arrows: &[Arrow]) -> Result<RgbImage, CvError> {
    let thickness = thickness(picture.size());
    let place = |[u, v]: [f64; 2]| Point::new(u as i32, v as i32);
    mat::with(picture, |plain| {
        let mut drawn = plain.try_clone()?;
        for arrow in arrows {
            let (from, to, colour) = (place(arrow.from_px), place(arrow.to_px), scalar(arrow.colour));
            for (colour, thickness) in [(scalar([0, 0, 0]), thickness * 2 + 1), (colour, thickness)] {
                imgproc::circle(&mut drawn, from, 4 * thickness, colour, thickness, imgproc::LINE_AA, 0)?;
                imgproc::arrowed_line(&mut drawn, from, to, colour, thickness, imgproc::LINE_AA, 0, 0.2)?;
            }
            let label = printable(&arrow.label);
            let beside = Point::new(from.x + 6 * thickness, from.y - 4 * thickness);
            let (font, scale) = (imgproc::FONT_HERSHEY_SIMPLEX, 0.3 * f64::from(thickness) + 0.2);
            imgproc::put_text(
                &mut drawn,
                &label,
                beside,
                font,
                scale,
                colour,
                thickness,
                imgproc::LINE_AA,
                false,
            )?;
        }
        mat::picture(&drawn)
    })
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// A part of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crop {
    /// The part.
    pub picture: RgbImage,
    /// Columns left of it.
    pub left_px: u32,
    /// Rows above it.
    pub top_px: u32,
}

/// Returns the close-up of a ring: its bounds and `margin_share` of their longer side around, at least `least_px` wide and
/// high where the picture is, and never beyond the picture.
pub fn crop(picture: &RgbImage, ring_px: &Ring, margin_share: f64, least_px: u32) -> Crop {
    let (left_px, top_px, SizePx { width, height }) =
        crop_place(picture.size(), ring_px, margin_share, least_px);
    let row = picture.width as usize * 3;
    let columns = left_px as usize * 3..(left_px + width) as usize * 3;
    let rows = picture.data.chunks_exact(row).skip(top_px as usize).take(height as usize);
    let data = rows.filter_map(|row| row.get(columns.clone())).flatten().copied().collect();
    Crop { picture: RgbImage { width, height, data }, left_px, top_px }
}

/// Returns left, top and size of what [`crop`] takes out of a picture of this size.
pub fn crop_place(size: SizePx, ring_px: &Ring, margin_share: f64, least_px: u32) -> (u32, u32, SizePx) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let bounds = |of: fn(&(f64, f64)) -> f64| {
        ring_px.iter().map(of).fold(start, |(low, high), value| (low.min(value), high.max(value)))
    };
    let ((left, right), (top, bottom)) = (bounds(|point| point.0), bounds(|point| point.1));
    let margin = (right - left).max(bottom - top) * margin_share.max(0.0);
    let (left_px, width) = span(left - margin, right + margin, least_px, size.width);
    let (top_px, height) = span(top - margin, bottom + margin, least_px, size.height);
    (left_px, top_px, SizePx::new(width, height))
}

/// Returns start and length of a span, widened about its middle to `least` and moved into `0..side`.
fn span(low: f64, high: f64, least: u32, side: u32) -> (u32, u32) {
    if !low.is_finite() || !high.is_finite() {
        return (0, side);
    }
    let whole = (high.ceil() - low.floor()).max(f64::from(least)).min(f64::from(side)).max(1.0);
    let start = (f64::midpoint(low, high) - whole / 2.0).round().clamp(0.0, f64::from(side) - whole);
    (start as u32, whole as u32)
}

/// OpenCV draws on pixel centres; our (0, 0) is the corner of the first pixel.
fn drawn(ring: &Ring) -> Vector<Point> {
    let fixed = |px: f64| ((px - 0.5) * f64::from(1 << SHIFT)).round() as i32;
    ring.iter().map(|(x, y)| Point::new(fixed(*x), fixed(*y))).collect()
}

fn scalar([red, green, blue]: Rgb) -> Scalar {
    Scalar::new(f64::from(red), f64::from(green), f64::from(blue), 0.0)
}

fn thickness(size: SizePx) -> i32 {
    (size.width.min(size.height) / 400).clamp(1, 8) as i32
}
