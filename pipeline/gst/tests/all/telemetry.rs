//! Telemetry of MPEG-TS files on the time line of their frames.
//!
//! Every picture shows its number in binary as black and white blocks and every packet holds its own time, so truth is in the stream.

use std::path::Path;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use pipeline::{FrameSource, Item};
use pipeline_gst::GstSource;

use crate::support::{file_spec, finish, pixel, rgb};

const FRAMES: u64 = 40;
/// Blocks that show a picture's number, lowest bit first, one macroblock each.
const BITS: u32 = 6;
const BLOCK: u32 = 16;
const FRAME_MILLIS: u64 = 40;
const PACKET_MILLIS: u64 = 100;

/// Key of a MISB ST 0601 local set.
const KEY: [u8; 16] = [6, 0x0E, 0x2B, 0x34, 2, 0x0B, 1, 1, 0x0E, 1, 3, 1, 1, 0, 0, 0];

/// A local set that holds its time (tag 2) in microseconds, not checksummed.
fn local_set(time_us: u64) -> Vec<u8> {
    [KEY.as_slice(), &[10, 2, 8], &time_us.to_be_bytes()].concat()
}

fn time_us(klv: &[u8]) -> i64 {
    i64::from_be_bytes(klv[19..27].try_into().unwrap())
}

fn push(source: &gst::Element, millis: u64, bytes: Vec<u8>) {
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    let inside = buffer.get_mut().unwrap();
    inside.set_pts(gst::ClockTime::from_mseconds(millis));
    inside.set_duration(gst::ClockTime::from_mseconds(FRAME_MILLIS));
    source.downcast_ref::<gst_app::AppSrc>().unwrap().push_buffer(buffer).unwrap();
}

/// Writes numbered grey pictures and timed packets.
fn make_flight(path: &Path) {
    gst::init().unwrap();
    let description = format!(
        "appsrc name=video format=time caps=video/x-raw,format=I420,width=96,height=32,framerate=25/1 \
         ! openh264enc gop-size=10 bitrate=1000000 ! h264parse ! mux. \
         appsrc name=klv format=time caps=meta/x-klv,parsed=true ! mux. \
         mpegtsmux name=mux ! filesink location={}",
        path.display()
    );
    let pipeline = gst::parse::launch(&description).unwrap().downcast::<gst::Pipeline>().unwrap();
    let [video, klv] = ["video", "klv"].map(|name| pipeline.by_name(name).unwrap());
    for source in [&video, &klv] {
        source.set_property("max-bytes", 0_u64);
    }
    for number in 0..FRAMES {
        let row: Vec<u8> =
            (0..BITS * BLOCK).map(|x| if number >> (x / BLOCK) & 1 == 1 { 235 } else { 16 }).collect();
        push(&video, number * FRAME_MILLIS, [row.repeat(32), vec![128; 48 * 16 * 2]].concat());
    }
    for millis in (0..FRAMES * FRAME_MILLIS).step_by(PACKET_MILLIS as usize) {
        push(&klv, millis, local_set(millis * 1000));
    }
    for source in [&video, &klv] {
        source.downcast_ref::<gst_app::AppSrc>().unwrap().end_of_stream().unwrap();
    }
    finish(&pipeline);
}

/// True and stated time of each frame or packet, microseconds.
type Times = Vec<(i64, i64)>;

/// Reads the times of every frame and packet, in the order given.
fn read(path: &Path) -> (Times, Times) {
    let (mut frames, mut packets) = (Times::new(), Times::new());
    let mut source = GstSource::open(file_spec(path)).unwrap();
    while let Some(item) = source.next().unwrap() {
        match item {
            Item::Frame(frame) => {
                let image = rgb(&frame);
                let lit = |bit: &u32| pixel(&image, bit * BLOCK + BLOCK / 2, 16)[1] > 127;
                let number: i64 = (0..BITS).filter(lit).map(|bit| 1 << bit).sum();
                let at = i64::try_from(frame.elapsed.as_micros()).unwrap();
                frames.push((number * FRAME_MILLIS as i64 * 1000, at));
                let late =
                    packets.last().is_none_or(|&(_, packet_at)| packet_at < at - PACKET_MILLIS as i64 * 1000);
                assert!(!late, "the frame at {at} us came before its telemetry");
            }
            Item::Telemetry(packet) => packets.push((time_us(&packet.klv), packet.elapsed_us.unwrap())),
        }
    }
    (frames, packets)
}

/// Every frame and packet lies at its true time less the true time of the first frame.
#[track_caller]
fn check_times(frames: &[(i64, i64)], packets: &[(i64, i64)]) {
    let (zero, _) = frames[0];
    for &(truth, stated) in frames.iter().chain(packets) {
        // One tick of the 90 kHz clock is 11 us.
        assert!((truth - zero - stated).abs() <= 30, "true {} us, stated {stated} us", truth - zero);
    }
}

#[test]
fn packets_lie_at_their_true_times_between_the_frames() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flight.ts");
    make_flight(&path);
    let (frames, packets) = read(&path);
    assert_eq!((frames.len(), packets.len()), (40, 16));
    check_times(&frames, &packets);
}

#[test]
fn a_stream_joined_between_key_frames_keeps_its_packets_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flight.ts");
    make_flight(&path);
    let bytes = std::fs::read(&path).unwrap();
    let cut = bytes.len() / 188 / 3 * 188;
    std::fs::write(&path, &bytes[cut..]).unwrap();
    let (frames, packets) = read(&path);
    assert!(frames[0].0 > 0 && frames.len() > 10 && packets.len() > 5, "{} {}", frames.len(), packets.len());
    check_times(&frames, &packets);
}
