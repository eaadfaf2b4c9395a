//! Video files: frame counts, times, and what happens to bad ones.

use crate::support::{read_file, reference};

/// Half a millisecond: frame times are stored in milliseconds or finer.
const TIME_TOLERANCE_SECS: f64 = 0.0005;

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
        assert!((got - expected).abs() < TIME_TOLERANCE_SECS, "{path}: frame {i} at {got} s, expected {expected} s");
        let size = frame.picture.size();
        assert_eq!((size.width, size.height), (width, height));
    }
}

#[test]
fn reference_clips_have_the_right_frame_counts_and_times() {
    check_clip("video/karma.mp4", 362, 30_000.0 / 1001.0, 854, 480);
    check_clip("video/vtest_first20s.avi", 200, 10.0, 768, 576);
    check_clip("fixed_camera_gcp/geul_bridge/dk_control.mp4", 10, 25.0, 1920, 1080);
}
