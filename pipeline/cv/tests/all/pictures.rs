//! Pictures read and written; each kind of bad file has its own error.

use models::{RgbImage, SizePx};
use pipeline_cv::{CvError, decode_mask, decode_picture, encode_jpeg, encode_png, resize};
use proptest::prelude::*;

/// Red grows to the right, green downwards.
fn ramp(width: u32, height: u32) -> RgbImage {
    let pixel = |index: u32| {
        let (x, y) = (index % width, index / width);
        [(x * 255 / width) as u8, (y * 255 / height) as u8, 40]
    };
    RgbImage::new(width, height, (0..width * height).flat_map(pixel).collect()).unwrap()
}

fn pixel(picture: &RgbImage, x: u32, y: u32) -> [i32; 3] {
    let at = ((y * picture.width + x) * 3) as usize;
    [0, 1, 2].map(|plane| i32::from(picture.data[at + plane]))
}

fn near(a: [i32; 3], b: [i32; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 8)
}

/// An EXIF segment that says only how the picture is turned (CIPA DC-008, tag 0x0112), put behind the first marker.
fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = vec![0xff, 0xe1, 0, 34];
    exif.extend(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

#[test]
fn png_keeps_every_pixel_and_jpeg_keeps_the_look() {
    let picture = ramp(64, 48);
    assert_eq!(decode_picture(&encode_png(&picture).unwrap()).unwrap(), picture);
    let lossy = decode_picture(&encode_jpeg(&picture, 90).unwrap()).unwrap();
    assert_eq!(lossy.size(), picture.size());
    for (x, y) in [(5, 5), (60, 3), (32, 40)] {
        assert!(near(pixel(&lossy, x, y), pixel(&picture, x, y)), "({x}, {y})");
    }
}

#[test]
fn a_worse_quality_is_a_smaller_file() {
    let picture = ramp(320, 240);
    assert!(encode_jpeg(&picture, 30).unwrap().len() < encode_jpeg(&picture, 95).unwrap().len());
}

#[test]
fn the_exif_orientation_is_honoured() {
    let picture = ramp(64, 48);
    let jpeg = encode_jpeg(&picture, 95).unwrap();
    let upside_down = decode_picture(&turned(&jpeg, 3)).unwrap();
    assert_eq!(upside_down.size(), SizePx::new(64, 48));
    assert!(near(pixel(&upside_down, 4, 4), pixel(&picture, 59, 43)));
    // 6: the camera was held upright; the first row is the right-hand side.
    let upright = decode_picture(&turned(&jpeg, 6)).unwrap();
    assert_eq!(upright.size(), SizePx::new(48, 64));
    assert!(near(pixel(&upright, 47 - 10, 20), pixel(&picture, 20, 10)));
}

#[test]
fn files_that_are_no_pictures_are_named() {
    assert!(matches!(decode_picture(b""), Err(CvError::Empty)));
    let text = decode_picture(b"hello there").unwrap_err().to_string();
    assert_eq!(text, "picture is neither JPEG nor PNG, it starts with [68, 65, 6c, 6c, 6f, 20, 74, 68]");
}

#[test]
fn cut_off_files_are_refused_and_not_painted_grey() {
    let picture = ramp(200, 150);
    let (jpeg, png) = (encode_jpeg(&picture, 90).unwrap(), encode_png(&picture).unwrap());
    for whole in [&jpeg, &turned(&jpeg, 1), &png] {
        for length in [3, 8, 20, whole.len() / 2, whole.len() - 1] {
            let cut = decode_picture(&whole[..length]);
            assert!(cut.is_err(), "{length} of {} bytes", whole.len());
        }
    }
    let message = decode_picture(&jpeg[..100]).unwrap_err().to_string();
    assert_eq!(message, "picture is cut off after 100 bytes");
}

#[test]
fn bytes_behind_the_end_do_no_harm() {
    let picture = ramp(64, 48);
    let trailing = [encode_png(&picture).unwrap(), vec![0; 100]].concat();
    assert_eq!(decode_picture(&trailing).unwrap(), picture);
    let preview = [encode_jpeg(&picture, 90).unwrap(), encode_jpeg(&ramp(8, 8), 90).unwrap()].concat();
    assert_eq!(decode_picture(&preview).unwrap().size(), SizePx::new(64, 48));
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_decoding() {
    let mut png = encode_png(&ramp(64, 48)).unwrap();
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    assert!(matches!(decode_picture(&png), Err(CvError::TooLarge { .. })));
}

#[test]
fn masks_keep_their_values_and_coloured_ones_are_refused() {
    let refused = decode_mask(&encode_png(&ramp(8, 8)).unwrap()).unwrap_err().to_string();
    assert_eq!(refused, "mask has 3 channels of 8 bits, want one of 8");
    let mask = decode_mask(include_bytes!("../data/mask.png")).unwrap();
    assert_eq!(mask, ndarray::array![[0_u8, 1, 255], [1, 0, 0]]);
}

#[test]
fn shrinking_averages_and_growing_mixes() {
    let checks = RgbImage::new(2, 2, vec![0, 0, 0, 200, 200, 200, 200, 200, 200, 0, 0, 0]).unwrap();
    assert_eq!(resize(&checks, SizePx::new(1, 1)).unwrap().data, [100, 100, 100]);
    let pair = RgbImage::new(2, 1, vec![0, 0, 0, 100, 100, 100]).unwrap();
    let grown = resize(&pair, SizePx::new(4, 1)).unwrap();
    assert_eq!(grown.data.iter().step_by(3).copied().collect::<Vec<_>>(), [0, 25, 75, 100]);
    assert_eq!(resize(&pair, pair.size()).unwrap(), pair);
    assert!(resize(&pair, SizePx::new(0, 4)).is_err());
}

proptest! {
    #[test]
    fn damaged_headers_are_answered_without_a_panic(
        damage in proptest::collection::vec((0_usize..300, any::<u8>()), 1..6),
        length in 0_usize..400,
    ) {
        let picture = ramp(16, 16);
        for mut bytes in [encode_jpeg(&picture, 80).unwrap(), encode_png(&picture).unwrap()] {
            for (at, value) in &damage {
                if let Some(byte) = bytes.get_mut(*at) {
                    *byte = *value;
                }
            }
            bytes.truncate(length.max(bytes.len().saturating_sub(length)));
            let _ = decode_picture(&bytes);
        }
    }
}
