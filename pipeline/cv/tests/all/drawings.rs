//! Evidence pictures.

use models::{RgbImage, SizePx};
use pipeline_cv::{Outline, crop, draw_label, draw_outline};

fn grey(width: u32, height: u32) -> RgbImage {
    RgbImage::new(width, height, vec![100; (width * height * 3) as usize]).unwrap()
}

fn square(left: f64, top: f64, side: f64) -> Outline {
    Outline {
        ring_px: vec![(left, top), (left + side, top), (left + side, top + side), (left, top + side)],
        holes_px: Vec::new(),
        area_px: side * side,
        mean_probability: 0.9,
        truncated: false,
    }
}

fn pixel(picture: &RgbImage, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * picture.width + x) * 3) as usize;
    [picture.data[at], picture.data[at + 1], picture.data[at + 2]]
}

#[test]
fn an_outline_is_drawn_where_it_is_and_filled_lightly() {
    let drawn = draw_outline(&grey(400, 300), &[&square(100.0, 100.0, 80.0)], [255, 0, 0]).unwrap();
    assert_eq!(pixel(&drawn, 20, 20), [100, 100, 100], "outside nothing changes");
    let [red, green, _] = pixel(&drawn, 140, 140);
    assert!(red > 130 && red < 170 && (60..=80).contains(&green), "inside shines through: {red} {green}");
    let [red, green, _] = pixel(&drawn, 140, 100);
    assert!(red > 150 && green < 60, "the line: {red} {green}");
    assert!(pixel(&drawn, 140, 98)[0] < 60, "the dark border");
}

#[test]
fn a_hole_stays_as_it_was() {
    let mut outline = square(100.0, 100.0, 80.0);
    outline.holes_px.push(vec![(120.0, 120.0), (120.0, 160.0), (160.0, 160.0), (160.0, 120.0)]);
    let drawn = draw_outline(&grey(400, 300), &[&outline], [255, 0, 0]).unwrap();
    assert_eq!(pixel(&drawn, 140, 140), [100, 100, 100]);
}

#[test]
fn nothing_to_draw_leaves_the_picture_as_it_is() {
    assert_eq!(draw_outline(&grey(40, 30), &[], [255, 0, 0]).unwrap(), grey(40, 30));
}

#[test]
fn a_close_up_has_its_margin_and_stays_in_the_picture() {
    let picture = grey(400, 300);
    let middle = crop(&picture, &square(100.0, 100.0, 80.0).ring_px, 0.25, 10);
    assert_eq!((middle.left_px, middle.top_px, middle.picture.size()), (80, 80, SizePx::new(120, 120)));
    let corner = crop(&picture, &square(380.0, 0.0, 20.0).ring_px, 0.5, 100);
    assert_eq!((corner.left_px, corner.top_px, corner.picture.size()), (300, 0, SizePx::new(100, 100)));
    let all = crop(&picture, &square(0.0, 0.0, 10.0).ring_px, 0.0, 1000);
    assert_eq!(all.picture, picture);
    assert_eq!(crop(&picture, &vec![], 0.1, 10).picture, picture, "no ring, no close-up");
}

#[test]
fn a_close_up_holds_the_pixels_of_its_place() {
    let mut picture = grey(40, 30);
    picture.data[(12 * 40 + 21) * 3] = 255;
    let part = crop(&picture, &square(20.0, 10.0, 5.0).ring_px, 0.0, 5);
    assert_eq!(pixel(&part.picture, 21 - part.left_px, 12 - part.top_px), [255, 100, 100]);
    assert_eq!(part.picture.data.len(), 5 * 5 * 3);
}

#[test]
fn a_label_is_white_on_black_in_the_corner() {
    let labelled = draw_label(&grey(640, 360), "waterlogging 0.91 \u{79ef}\u{6c34}").unwrap();
    assert_eq!(pixel(&labelled, 0, 0), [0, 0, 0]);
    assert_eq!(pixel(&labelled, 639, 359), [100, 100, 100]);
    assert!(labelled.data.iter().any(|value| *value > 200));
}
