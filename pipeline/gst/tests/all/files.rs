//! Video files: frame counts, times, and what happens to bad ones.

use std::path::Path;
use std::time::Duration;

use pipeline::{FrameSource, SourceError};
use pipeline_gst::{GstSource, SourceSpec};

use crate::support::{file_spec, read_all, read_file, reference, run, size, wait_for};

/// Half a millisecond: frame times are stored in milliseconds or finer.
const TIME_TOLERANCE_SECS: f64 = 0.0005;

/// Two seconds of 320x240 video at 30 frames a second.
pub fn make_clip(path: &Path, muxer: &str) {
    run(&format!(
        "videotestsrc num-buffers=60 pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 \
         ! openh264enc ! h264parse ! {muxer} ! filesink location={}",
        path.display()
    ));
}

#[track_caller]
fn check_clip(path: &str, count: usize, fps: f64, width: u32, height: u32) {
    let Some(file) = reference(path) else { return };
    let (frames, end) = read_file(&file);
    end.unwrap();
    assert_eq!(frames.len(), count, "{path}");
    for (i, frame) in frames.iter().enumerate() {
        assert_eq!(frame.index, i as u64);
        let expected = i as f64 / fps;
        let got = frame.elapsed.as_secs_f64();
        assert!(
            (got - expected).abs() < TIME_TOLERANCE_SECS,
            "{path}: frame {i} at {got} s, expected {expected} s"
        );
        assert_eq!(frame.picture.size(), size(width, height));
        assert!(frame.capture.is_none());
    }
}

#[test]
fn reference_clips_have_the_right_frame_counts_and_times() {
    check_clip("video/karma.mp4", 362, 30_000.0 / 1001.0, 854, 480);
    check_clip("video/vtest_first20s.avi", 200, 10.0, 768, 576);
    check_clip("fixed_camera_gcp/geul_bridge/dk_control.mp4", 10, 10.0, 1920, 1080);
}

#[test]
fn every_container_gives_the_same_frames() {
    let folder = tempfile::tempdir().unwrap();
    let muxers = [("a.mp4", "mp4mux"), ("a.mov", "qtmux"), ("a.mkv", "matroskamux"), ("a.ts", "mpegtsmux")];
    for (name, muxer) in muxers {
        let path = folder.path().join(name);
        make_clip(&path, muxer);
        let (frames, end) = read_file(&path);
        end.unwrap();
        assert_eq!(frames.len(), 60, "{name}");
        for (i, frame) in frames.iter().enumerate() {
            let off = frame.elapsed.as_secs_f64() - i as f64 / 30.0;
            assert!(off.abs() < 2.0 * TIME_TOLERANCE_SECS, "{name}: frame {i} is off by {off} s");
        }
    }
}

#[track_caller]
fn refused(path: &Path, cause: &str) {
    let (frames, end) = read_file(path);
    let message = end.expect_err("a bad file is an error").to_string();
    assert!(frames.is_empty(), "{message}");
    assert!(message.contains(cause) && message.contains(&path.display().to_string()), "{message}");
}

#[test]
fn bad_files_give_an_error_with_name_and_cause() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    refused(&at("missing.mp4"), "no such file");
    refused(folder.path(), "it is a folder");
    std::fs::write(at("empty.mp4"), b"").unwrap();
    refused(&at("empty.mp4"), "the file is empty");
    std::fs::write(at("text.mp4"), "This is a letter, not a video.\n".repeat(20)).unwrap();
    refused(&at("text.mp4"), "it is not a video");
    std::fs::write(at("short.ts"), [0x47; 100]).unwrap();
    refused(&at("short.ts"), "it is not a video");
    run(&format!("audiotestsrc num-buffers=20 ! wavenc ! filesink location={}", at("sound.wav").display()));
    refused(&at("sound.wav"), "holds no video");
    make_clip(&at("whole.mp4"), "mp4mux");
    let bytes = std::fs::read(at("whole.mp4")).unwrap();
    std::fs::write(at("cut.mp4"), &bytes[..bytes.len() / 2]).unwrap();
    refused(&at("cut.mp4"), "it is damaged or was cut off");
}

#[test]
fn a_file_that_was_cut_off_gives_its_frames_and_then_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (name, muxer) in [("a.mp4", "mp4mux faststart=true"), ("a.mkv", "matroskamux")] {
        let path = folder.path().join(name);
        make_clip(&path, muxer);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 3]).unwrap();
        let (frames, end) = read_file(&path);
        let Err(SourceError::Broken { frames: given, reason, .. }) = end else { panic!("{name}: {end:?}") };
        assert_eq!(given, frames.len() as u64);
        assert!((5..40).contains(&given), "{name}: {given}");
        assert!(reason.contains("cut off"), "{name}: {reason}");
    }
}

#[test]
fn fewer_frames_are_analysed_and_all_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    make_clip(&path, "matroskamux");
    let spec = SourceSpec { analysis_fps: Some(10.0), ..file_spec(&path) };
    let (frames, end) = read_all(&mut GstSource::open(spec).unwrap());
    end.unwrap();
    let indexes: Vec<u64> = frames.iter().map(|frame| frame.index).collect();
    assert_eq!(indexes, (0..60).step_by(3).collect::<Vec<_>>());
}

#[test]
fn a_file_ends_at_the_longest_duration_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    make_clip(&path, "matroskamux");
    let spec = SourceSpec { max_duration: Some(Duration::from_millis(500)), ..file_spec(&path) };
    let (frames, end) = read_all(&mut GstSource::open(spec).unwrap());
    end.unwrap();
    assert_eq!(frames.len(), 15);
}

#[test]
fn a_file_waits_for_its_reader_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mkv");
    make_clip(&path, "matroskamux");
    let mut source = GstSource::open(file_spec(&path)).unwrap();
    let handle = source.handle();
    assert!(source.next().unwrap().is_some());
    // Four in the queue, one with the reader, one in the decoder's hand; on one core the reader's was one of the four.
    let held = if pipeline::runner::one_core() { 5 } else { 6 };
    wait_for("the queue fills", || handle.decoded() >= held);
    assert_eq!((handle.decoded(), source.dropped()), (held, 0));
    handle.stop();
    assert!(source.next().unwrap().is_none());
    assert!(source.next().unwrap().is_none());
}
