//! Short clips out of single pictures: JPEG in, WebM with VP8 out, by GStreamer's vp8enc and webmmux (BSD and LGPL).

use std::path::Path;
use std::time::Duration;

use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;

use crate::element::{make, start_gstreamer};

/// Longest wait for the encoder once all pictures are in.
const PATIENCE_SECS: u64 = 60;
/// Bits a second: outlines stay sharp at 960 pixels.
const BITS_A_SECOND: i32 = 1_200_000;
/// Pictures between two that can be read alone, so that a player can jump.
const KEY_EVERY: i32 = 25;

/// A picture of a clip.
#[derive(Debug, Clone, Copy)]
pub struct ClipFrame<'a> {
    /// Time since the first picture.
    pub at: Duration,
    /// The picture, JPEG. All of a clip have one size.
    pub jpeg: &'a [u8],
}

/// Why there is no clip.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a clip of {frames} pictures: {reason}")]
pub struct ClipError {
    /// How many pictures there were.
    pub frames: usize,
    /// Why.
    pub reason: String,
}

/// Writes pictures, by time, as a WebM file.
///
/// # Errors
/// When there are none, an element is not installed, a picture cannot be read, or the file cannot be written.
pub fn write_clip(frames: &[ClipFrame<'_>], file: &Path) -> Result<(), ClipError> {
    let failed = |reason| ClipError { frames: frames.len(), reason };
    if frames.is_empty() {
        return Err(failed("there are no pictures".to_owned()));
    }
    start_gstreamer().map_err(failed)?;
    let pipeline = gst::Pipeline::new();
    let done = run(&pipeline, frames, file);
    // A pipeline that is not brought to rest keeps its threads.
    let rest = pipeline.set_state(gst::State::Null).map(|_| ()).map_err(|error| error.to_string());
    done.and(rest).map_err(failed)
}

fn run(pipeline: &gst::Pipeline, frames: &[ClipFrame<'_>], file: &Path) -> Result<(), String> {
    let source = build(pipeline, file)?;
    let bus = pipeline.bus().ok_or("there is no bus")?;
    pipeline.set_state(gst::State::Playing).map_err(|error| error.to_string())?;
    for frame in frames {
        let mut buffer = gst::Buffer::from_slice(frame.jpeg.to_vec());
        let at = gst::ClockTime::try_from(frame.at).map_err(|error| error.to_string())?;
        buffer.get_mut().ok_or("the buffer is shared")?.set_pts(at);
        if source.push_buffer(buffer).is_err() {
            // The bus says why.
            break;
        }
    }
    if let Err(error) = source.end_of_stream() {
        tracing::debug!("a clip ended early: {error}");
    }
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(PATIENCE_SECS), &wanted);
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
        _ => Err(format!("the encoder was not done after {PATIENCE_SECS} s")),
    }
}

fn build(pipeline: &gst::Pipeline, file: &Path) -> Result<gst_app::AppSrc, String> {
    let caps = gst::Caps::builder("image/jpeg").field("framerate", gst::Fraction::new(0, 1)).build();
    let source = make("appsrc")?.downcast::<gst_app::AppSrc>().map_err(|_| "appsrc is none")?;
    source.set_caps(Some(&caps));
    source.set_format(gst::Format::Time);
    source.set_block(true);
    let encoder = make("vp8enc")?;
    // As fast as it goes: a clip is made while frames wait.
    encoder.set_property("deadline", 1_i64);
    encoder.set_property("cpu-used", 8_i32);
    encoder.set_property("threads", 1_i32);
    encoder.set_property("target-bitrate", BITS_A_SECOND);
    encoder.set_property("keyframe-max-dist", KEY_EVERY);
    let sink = make("filesink")?;
    sink.set_property("location", file.to_string_lossy().as_ref());
    let between = [make("jpegdec")?, make("videoconvert")?, encoder, make("webmmux")?, sink];
    let text = |error: gst::glib::BoolError| error.to_string();
    pipeline.add(&source).map_err(text)?;
    let mut before: gst::Element = source.clone().upcast();
    for element in between {
        pipeline.add(&element).map_err(text)?;
        before.link(&element).map_err(text)?;
        before = element;
    }
    Ok(source)
}
