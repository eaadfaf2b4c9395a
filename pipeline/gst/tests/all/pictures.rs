//! Pictures: turned upright, with square pixels, of any size, deinterlaced, in RGB.

use std::path::Path;

use crate::support::{pixel, read_file, rgb, run, size};

/// Colours survive chroma subsampling and JPEG or H.264 within this, of 255.
const COLOUR_TOLERANCE: u8 = 8;

/// Writes a quarter turn clockwise into the track header.
///
/// References: ISO/IEC 14496-12, 8.3.2 (matrix of 16.16 numbers, a b u c d v x y w).
fn turn_clockwise(path: &Path) {
    let matrix = |a: i32, b: i32, c: i32, d: i32| {
        [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30].map(i32::to_be_bytes).concat()
    };
    let mut bytes = std::fs::read(path).unwrap();
    let find =
        |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what).unwrap();
    let header = find(&bytes, b"tkhd");
    let at = header + find(&bytes[header..], &matrix(1, 0, 0, 1));
    bytes[at..at + 36].copy_from_slice(&matrix(0, 1, -1, 0));
    std::fs::write(path, bytes).unwrap();
}

#[track_caller]
fn close(got: [u8; 3], expected: [u8; 3]) {
    let near = got.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= COLOUR_TOLERANCE);
    assert!(near, "{got:?} is not near {expected:?}");
}

fn make(path: &Path, source: &str, encoder: &str) {
    run(&format!("videotestsrc num-buffers=5 {source} ! {encoder} ! filesink location={}", path.display()));
}

#[test]
fn a_turned_video_is_shown_upright() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let bars = "pattern=smpte75 ! video/x-raw,format=I420,width=320,height=240,framerate=30/1";
    make(&path, bars, "openh264enc bitrate=2000000 ! h264parse ! mp4mux");
    let plain = rgb(&read_file(&path).0[0]);
    turn_clockwise(&path);
    let frames = read_file(&path).0;
    assert_eq!(frames[0].picture.size(), size(240, 320));
    let turned = rgb(&frames[0]);
    for (x, y) in [(10, 10), (150, 60), (310, 20), (40, 230)] {
        close(pixel(&turned, 239 - y, x), pixel(&plain, x, y));
    }
}

#[test]
fn odd_sizes_are_converted_without_a_seam() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    make(&path, "pattern=red ! video/x-raw,format=I420,width=321,height=241,framerate=5/1", "matroskamux");
    let frames = read_file(&path).0;
    assert_eq!(frames[0].picture.size(), size(321, 241));
    for wanted in [size(321, 241), size(101, 77), size(1, 1), size(640, 483), size(160, 120)] {
        let image = frames[0].picture.rgb(wanted).unwrap();
        assert_eq!((image.width, image.height), (wanted.width, wanted.height));
        assert_eq!(image.data.len(), (wanted.width * wanted.height * 3) as usize);
        for (x, y) in
            [(0, 0), (wanted.width - 1, 0), (0, wanted.height - 1), (wanted.width - 1, wanted.height - 1)]
        {
            close(pixel(&image, x, y), [254, 0, 0]);
        }
    }
    assert!(frames[0].picture.rgb(size(0, 10)).is_err());
}

#[test]
fn wide_pixels_are_made_square() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    let wide = "! video/x-raw,format=I420,width=720,height=576,framerate=5/1,pixel-aspect-ratio=16/11";
    make(&path, wide, "jpegenc ! matroskamux");
    assert_eq!(read_file(&path).0[0].picture.size(), size(1047, 576));
}

#[test]
fn interlaced_video_gives_one_frame_for_each_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    run(&format!(
        "videotestsrc num-buffers=50 pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=50/1 \
         ! interlace field-pattern=1:1 ! matroskamux ! filesink location={}",
        path.display()
    ));
    let (frames, end) = read_file(&path);
    end.unwrap();
    // 50 pictures become 25 interlaced frames; the last one may lack its second field.
    assert!((24..=25).contains(&frames.len()), "{}", frames.len());
    let (first, last) = (&frames[0], &frames[frames.len() - 1]);
    let step_secs = (last.elapsed - first.elapsed).as_secs_f64() / (frames.len() - 1) as f64;
    assert!((step_secs - 0.04).abs() < 0.001, "{step_secs}");
    assert_eq!(rgb(first).height, 240);
}
