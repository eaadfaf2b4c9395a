//! Folders of pictures.

use pipeline::SourceError;
use pipeline_gst::StillsSource;

use crate::support::{pixel, read_all, rgb, run, size};

/// Smallest baseline TIFF: uncompressed RGB in one strip, of one colour.
///
/// References: TIFF 6.0, section 6 (RGB full colour images).
fn tiff(width: u16, height: u16, colour: [u8; 3]) -> Vec<u8> {
    const TAGS: u32 = 9;
    let bits_at = 8 + 2 + 12 * TAGS + 4;
    let pixels = colour.repeat(usize::from(width) * usize::from(height));
    let (short, long) = (3_u16, 4_u16);
    let tags: [(u16, u16, u32, u32); TAGS as usize] = [
        (256, long, 1, width.into()),
        (257, long, 1, height.into()),
        (258, short, 3, bits_at),
        (259, short, 1, 1),
        (262, short, 1, 2),
        (273, long, 1, bits_at + 6),
        (277, short, 1, 3),
        (278, long, 1, height.into()),
        (279, long, 1, pixels.len() as u32),
    ];
    let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, kind, count, value) in tags {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0, 0, 0, 0, 8, 0, 8, 0, 8, 0]);
    file.extend(pixels);
    file
}

#[test]
fn a_folder_gives_its_pictures_by_name_and_names_the_bad_ones_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let one = "videotestsrc num-buffers=1 pattern=blue ! video/x-raw,width=101,height=75";
    run(&format!("{one} ! jpegenc ! filesink location={}", at("b.JPG").display()));
    run(&format!("{one},format=RGB ! pngenc ! filesink location={}", at("a.png").display()));
    std::fs::write(at("d.tif"), tiff(32, 24, [200, 30, 60])).unwrap();
    std::fs::write(at("c.jpg"), b"no picture at all").unwrap();
    std::fs::write(at("notes.txt"), b"not looked at").unwrap();
    let (frames, end) = read_all(&mut StillsSource::open(folder.path()).unwrap());
    let names: Vec<_> = frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
    assert_eq!(names, ["a.png", "b.JPG", "d.tif"]);
    assert_eq!(frames.iter().map(|frame| frame.index).collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(frames[0].picture.size(), size(101, 75));
    assert_eq!(pixel(&rgb(&frames[0]), 100, 74), [0, 0, 255]);
    assert_eq!(pixel(&rgb(&frames[2]), 31, 23), [200, 30, 60]);
    let Err(SourceError::Broken { frames: 3, reason, .. }) = end else { panic!("{end:?}") };
    assert!(reason.starts_with("1 of 4 pictures cannot be read: c.jpg: "), "{reason}");
}

#[test]
fn a_folder_without_pictures_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = StillsSource::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("holds no picture"), "{error}");
}

#[test]
fn one_picture_is_a_feed_of_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("only.tiff");
    std::fs::write(&path, tiff(5, 3, [1, 2, 3])).unwrap();
    assert!(StillsSource::takes(&path));
    let (frames, end) = read_all(&mut StillsSource::open(&path).unwrap());
    end.unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].name.as_deref(), Some("only.tiff"));
}
