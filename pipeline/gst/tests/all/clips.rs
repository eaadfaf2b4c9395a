//! Clips out of pictures, read back by the product's own reader.

use std::time::Duration;

use models::{RgbImage, SizePx};
use pipeline::{FrameSource, Item};
use pipeline_gst::{ClipFrame, GstSource, SourceSpec, SourceUri, write_clip};

/// JPEG pictures of GStreamer's test pattern.
fn pictures(count: u32) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let pattern = folder.path().join("%02d.jpg");
    let made = std::process::Command::new("gst-launch-1.0")
        .args(["-q", "videotestsrc", &format!("num-buffers={count}"), "!"])
        .args(["video/x-raw,width=320,height=240,framerate=5/1", "!", "jpegenc", "!", "multifilesink"])
        .arg(format!("location={}", pattern.display()))
        .status();
    assert!(made.unwrap().success());
    (0..count).map(|i| std::fs::read(folder.path().join(format!("{i:02}.jpg"))).unwrap()).collect()
}

#[test]
fn pictures_become_a_clip_of_the_same_length_that_can_be_read_again() {
    let pictures = pictures(20);
    let frames: Vec<ClipFrame<'_>> = pictures
        .iter()
        .zip(0..)
        .map(|(jpeg, i)| ClipFrame { at: Duration::from_millis(200 * i), jpeg })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clip.webm");
    write_clip(&frames, &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(bytes[..4], [0x1a, 0x45, 0xdf, 0xa3], "EBML");
    let uri = SourceUri::parse(&file.to_string_lossy()).unwrap();
    let mut source = GstSource::open(SourceSpec::new("clip", uri)).unwrap();
    let mut seen: Vec<(Duration, RgbImage)> = Vec::new();
    while let Some(item) = source.next().unwrap() {
        if let Item::Frame(frame) = item {
            let picture = frame.picture.rgb(SizePx { width: 32, height: 24 }).unwrap();
            seen.push((frame.elapsed, picture));
        }
    }
    assert_eq!(seen.len(), 20);
    assert!(seen[19].0.abs_diff(Duration::from_millis(3_800)) < Duration::from_millis(5), "{:?}", seen[19].0);
}

#[test]
fn nothing_makes_no_clip_and_neither_does_a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_clip(&[], &folder.path().join("clip.webm")).unwrap_err();
    assert!(error.to_string().contains("no pictures"), "{error}");
    let pictures = pictures(1);
    let frames = [ClipFrame { at: Duration::ZERO, jpeg: &pictures[0] }];
    assert!(write_clip(&frames, &folder.path().join("nowhere/clip.webm")).is_err());
}
