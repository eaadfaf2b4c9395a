//! Tells a frame that differs from the one before from an exact repeat.
//!
//! Only exact repeats count as frozen: a quiet scene at night differs little from one frame to the next, but a decoder
//! never gives the same bytes for long unless the sender repeats itself.

use gst_video::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;

/// One row in this many is looked at.
const ROW_STEP: usize = 8;

/// Remembers the last frame by its signature.
#[derive(Debug, Default)]
pub struct Freshness {
    last: Option<u64>,
}

impl Freshness {
    /// Returns whether the frame differs from the last one, and remembers it.
    pub fn is_new(&mut self, frame: &gst_video::VideoFrameRef<&gst::BufferRef>) -> bool {
        let signature = signature(frame);
        self.last.replace(signature) != Some(signature)
    }
}

/// Returns a signature of every eighth row of the first plane (luma in YUV formats), and of the picture's size.
fn signature(frame: &gst_video::VideoFrameRef<&gst::BufferRef>) -> u64 {
    let stride = frame.plane_stride().first().map_or(0, |s| s.unsigned_abs() as usize);
    let pixel_bytes = frame.comp_pstride(0).unsigned_abs() as usize;
    let row_bytes = (frame.width() as usize * pixel_bytes).min(stride);
    let size = (u64::from(frame.width()) << 32) | u64::from(frame.height());
    let rows = frame.plane_data(0).unwrap_or(&[]).chunks(stride.max(1)).take(frame.height() as usize);
    rows.step_by(ROW_STEP).filter_map(|row| row.get(..row_bytes)).fold(size, mix_row)
}

/// Multiply-rotate mixing, eight bytes at a time.
fn mix_row(seed: u64, row: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(ODD);
    let (words, rest) = row.as_chunks::<8>();
    let hash = words.iter().fold(seed, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}
