//! MPEG-TS over UDP and SRT on the loopback.

use std::net::UdpSocket;

use gstreamer as gst;
use gstreamer::prelude::*;
use pipeline::FrameSource;
use pipeline_gst::{GstSource, SourceSpec, SourceUri};

use crate::support::{read_until, wait_for};

/// A sender that runs until it is dropped.
struct Sender(gst::Element);

impl Sender {
    fn start(sink: &str) -> Self {
        gst::init().unwrap();
        let description = format!(
            "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
             ! openh264enc gop-size=10 ! h264parse config-interval=-1 ! mpegtsmux alignment=7 ! {sink}"
        );
        let pipeline = gst::parse::launch(&description).unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        Self(pipeline)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.set_state(gst::State::Null).unwrap();
    }
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spec(uri: &str) -> SourceSpec {
    SourceSpec::new("test", SourceUri::parse(uri).unwrap())
}

#[test]
fn a_udp_stream_is_read_and_its_oldest_frames_are_dropped_when_the_reader_is_slow() {
    let port = free_port();
    let mut source = GstSource::open(spec(&format!("udp://127.0.0.1:{port}"))).unwrap();
    let handle = source.handle();
    let _sender = Sender::start(&format!("udpsink host=127.0.0.1 port={port} sync=false"));
    read_until(&mut source, |frame| frame.index == 5);
    wait_for("frames are dropped", || handle.dropped() >= 10);
    let frames = read_until(&mut source, |frame| frame.index >= 16 + 3);
    assert!(frames[0].index >= 16, "{}", frames[0].index);
    let steps = frames.windows(2).map(|pair| pair[1].elapsed - pair[0].elapsed);
    assert!(steps.into_iter().all(|step| !step.is_zero()));
    assert!(source.dropped() >= 10);
}

#[test]
fn an_srt_stream_is_read() {
    let port = free_port();
    let _sender =
        Sender::start(&format!("srtsink uri=srt://127.0.0.1:{port}?mode=listener wait-for-connection=false"));
    let mut source = GstSource::open(spec(&format!("srt://127.0.0.1:{port}"))).unwrap();
    read_until(&mut source, |frame| frame.index == 10);
}

#[test]
fn a_silent_port_is_a_stall() {
    let mut silent = spec(&format!("udp://127.0.0.1:{}", free_port()));
    silent.stall_limit = std::time::Duration::from_millis(200);
    let error = GstSource::open(silent).unwrap().next().err().unwrap().to_string();
    assert!(error.contains("gave no new and different frame"), "{error}");
}
