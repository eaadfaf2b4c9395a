//! Files made by GStreamer itself, reading with a limit, and the reference data.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use models::{RgbImage, SizePx};
use pipeline::{Frame, FrameSource, Item, SourceError};
use pipeline_gst::{GstSource, SourceSpec, SourceUri};

/// Longest wait for anything in these tests.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Returns a file of the reference data, or says that it was not measured.
pub fn reference(path: &str) -> Option<PathBuf> {
    let stated = std::env::var_os("FLYONCE_REFERENCE").map(PathBuf::from);
    let root =
        stated.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference"));
    let file = root.join(path);
    if !file.exists() {
        println!("not measured: {} is not there", file.display());
    }
    file.exists().then_some(file)
}

/// Runs a pipeline of the tests' own to its end.
pub fn run(description: &str) {
    gst::init().unwrap();
    finish(&gst::parse::launch(description).unwrap().downcast::<gst::Pipeline>().unwrap());
}

/// Waits until a pipeline has written everything.
pub fn finish(pipeline: &gst::Pipeline) {
    pipeline.set_state(gst::State::Playing).unwrap();
    let limit = gst::ClockTime::try_from(LIMIT).unwrap();
    let message = pipeline
        .bus()
        .unwrap()
        .timed_pop_filtered(limit, &[gst::MessageType::Eos, gst::MessageType::Error])
        .expect("the pipeline ends in time");
    pipeline.set_state(gst::State::Null).unwrap();
    if let gst::MessageView::Error(error) = message.view() {
        panic!("{} {:?}", error.error(), error.debug());
    }
}

/// Returns the defaults for a file.
pub fn file_spec(path: &Path) -> SourceSpec {
    SourceSpec::new("test", SourceUri::File(path.to_owned()))
}

/// Reads a source to its end.
pub fn read_all(source: &mut impl FrameSource) -> (Vec<Frame>, Result<(), SourceError>) {
    let mut frames = Vec::new();
    loop {
        match source.next() {
            Ok(Some(Item::Frame(frame))) => frames.push(frame),
            Ok(Some(Item::Telemetry(_))) => {}
            Ok(None) => return (frames, Ok(())),
            Err(error) => return (frames, Err(error)),
        }
    }
}

/// Opens a file and reads it to its end.
pub fn read_file(path: &Path) -> (Vec<Frame>, Result<(), SourceError>) {
    match GstSource::open(file_spec(path)) {
        Ok(mut source) => read_all(&mut source),
        Err(error) => (Vec::new(), Err(error)),
    }
}

/// Reads frames until one satisfies the condition.
#[track_caller]
pub fn read_until(source: &mut impl FrameSource, mut wanted: impl FnMut(&Frame) -> bool) -> Vec<Frame> {
    let mut frames = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        match source.next() {
            Ok(Some(Item::Frame(frame))) => {
                frames.push(frame);
                if frames.last().is_some_and(&mut wanted) {
                    return frames;
                }
            }
            Ok(Some(Item::Telemetry(_))) => {}
            Ok(None) => panic!("the feed ended after {} frames", frames.len()),
            Err(error) => panic!("after {} frames: {error}", frames.len()),
        }
    }
    panic!("not seen in {} frames", frames.len());
}

/// Waits until the condition holds.
#[track_caller]
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LIMIT, "{what} did not happen");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Converts a frame at its own size.
pub fn rgb(frame: &Frame) -> RgbImage {
    frame.picture.rgb(frame.picture.size()).unwrap()
}

/// Returns one pixel.
pub fn pixel(image: &RgbImage, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * image.width + x) * 3) as usize;
    image.data[at..at + 3].try_into().unwrap()
}

/// Shorthand for a size.
pub fn size(width: u32, height: u32) -> SizePx {
    SizePx { width, height }
}
