//! RTSP against a real server in this process: well-behaved, refusing, closing, frozen, repeating, changing.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use gis::TimeSource;
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as gst_rtsp;
use gstreamer_rtsp_server::prelude::*;
use pipeline::{FrameSource, SourceError};
use pipeline_gst::{GstSource, Reconnect, SourceSpec, SourceUri};

use crate::support::{read_until, size, wait_for};

/// A server of one live stream, `/live`; ends when dropped.
struct Server {
    server: gst_rtsp::RTSPServer,
    main_loop: glib::MainLoop,
    thread: Option<JoinHandle<()>>,
    media: mpsc::Receiver<gst_rtsp::RTSPMedia>,
    port: i32,
}

impl Server {
    fn start(pattern: &str) -> Self {
        gst::init().unwrap();
        let context = glib::MainContext::new();
        let main_loop = glib::MainLoop::new(Some(&context), false);
        let server = gst_rtsp::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service("0");
        let factory = gst_rtsp::RTSPMediaFactory::new();
        factory.set_launch(&format!(
            "( videotestsrc is-live=true {pattern} ! capsfilter name=size \
             caps=video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
             ! openh264enc gop-size=10 ! h264parse ! valve name=valve ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        ));
        factory.set_shared(true);
        let (sender, media) = mpsc::channel();
        factory.connect_media_configure(move |_, media| drop(sender.send(media.clone())));
        server.mount_points().unwrap().add_factory("/live", factory);
        server.attach(Some(&context)).unwrap();
        let port = server.bound_port();
        let running = main_loop.clone();
        let thread = std::thread::spawn(move || context.with_thread_default(|| running.run()).unwrap());
        Self { server, main_loop, thread: Some(thread), media, port }
    }

    fn spec(&self) -> SourceSpec {
        let uri = format!("rtsp://user:secret@127.0.0.1:{}/live", self.port);
        let mut spec = SourceSpec::new("test", SourceUri::parse(&uri).unwrap());
        spec.stall_limit = Duration::from_secs(20);
        spec.reconnect = Reconnect::never();
        spec
    }

    /// Element of the stream that is being sent.
    fn element(&self, name: &str) -> gst::Element {
        let media = self.media.recv_timeout(crate::support::LIMIT).unwrap();
        media.element().downcast::<gst::Bin>().unwrap().by_name(name).unwrap()
    }

    /// Closes every connection without a word.
    fn hang_up(&self) {
        self.server.client_filter(Some(&mut |_, _| gst_rtsp::RTSPFilterResult::Remove));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.hang_up();
        self.main_loop.quit();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn fast() -> Reconnect {
    let wait = Duration::from_millis(10);
    Reconnect { first_wait: wait, longest_wait: wait, ..Reconnect::default() }
}

#[test]
fn a_live_stream_carries_capture_times_of_arrival_or_of_the_sender() {
    let server = Server::start("pattern=ball");
    let mut spec = server.spec();
    spec.clock = Some(|| "2026-05-01T10:00:00Z".parse().unwrap());
    let mut source = GstSource::open(spec).unwrap();
    let first = read_until(&mut source, |_| true).remove(0);
    assert_eq!((first.index, first.elapsed), (0, Duration::ZERO));
    // The sender's clock lies months from this one, so it is never believed.
    assert_eq!(first.capture.unwrap().quality.source, TimeSource::Arrival);
    drop(source);
    // Without a clock of its own the source can only believe the sender.
    let mut source = GstSource::open(server.spec()).unwrap();
    let frames = read_until(&mut source, |frame| frame.capture.is_some());
    let capture = frames.last().unwrap().capture.unwrap();
    assert_eq!(capture.quality.source, TimeSource::RtcpSenderReport);
}

#[test]
fn a_refused_connection_is_a_clear_error_without_credentials() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let uri = SourceUri::parse(&format!("rtsp://user:secret@127.0.0.1:{port}/live")).unwrap();
    let mut source = GstSource::open(SourceSpec::new("test", uri)).unwrap();
    let Err(error @ SourceError::Open { .. }) = source.next() else { panic!("opened") };
    let error = error.to_string();
    assert!(error.contains("refused") && error.contains("127.0.0.1"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    assert!(source.next().unwrap().is_none());
}

#[test]
fn a_wrong_path_is_a_clear_error() {
    let server = Server::start("pattern=ball");
    let mut spec = server.spec();
    spec.uri = SourceUri::parse(&format!("rtsp://127.0.0.1:{}/other", server.port)).unwrap();
    let error = GstSource::open(spec).unwrap().next().err().unwrap().to_string();
    assert!(error.to_lowercase().contains("not found"), "{error}");
}

#[test]
fn a_stream_closed_in_the_middle_is_broken() {
    let server = Server::start("pattern=ball");
    let mut source = GstSource::open(server.spec()).unwrap();
    read_until(&mut source, |frame| frame.index == 10);
    server.hang_up();
    let error = loop {
        match source.next() {
            Ok(item) => assert!(item.is_some(), "a break is not a quiet end"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SourceError::Broken { frames: 11.., .. }), "{error}");
}

#[test]
fn a_stream_closed_in_the_middle_is_taken_up_again() {
    let server = Server::start("pattern=ball");
    let mut source = GstSource::open(SourceSpec { reconnect: fast(), ..server.spec() }).unwrap();
    let handle = source.handle();
    let before = read_until(&mut source, |frame| frame.index == 10);
    server.hang_up();
    let after = read_until(&mut source, |frame| handle.reconnects() > 0 && frame.index > 30);
    let frames: Vec<_> = before.iter().chain(&after).collect();
    assert!(frames.windows(2).all(|pair| pair[1].elapsed > pair[0].elapsed && pair[1].index > pair[0].index));
}

#[test]
fn a_stream_that_freezes_without_an_error_is_stalled() {
    let server = Server::start("pattern=ball");
    let mut source =
        GstSource::open(SourceSpec { stall_limit: Duration::from_secs(5), ..server.spec() }).unwrap();
    read_until(&mut source, |frame| frame.index == 10);
    server.element("valve").set_property("drop", true);
    let error = loop {
        match source.next() {
            Ok(item) => assert!(item.is_some(), "a stall is not a quiet end"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SourceError::Stalled { silent_secs: 5.., .. }), "{error}");
}

#[test]
fn a_stream_that_repeats_one_picture_is_stalled() {
    let server = Server::start("pattern=red");
    let mut source =
        GstSource::open(SourceSpec { stall_limit: Duration::from_secs(3), ..server.spec() }).unwrap();
    let mut frames = 0;
    let error = loop {
        match source.next() {
            Ok(item) => frames += u32::from(item.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SourceError::Stalled { .. }), "{error}");
    assert!(frames > 10, "{frames}");
}

#[test]
fn a_stream_may_change_its_resolution() {
    let server = Server::start("pattern=ball");
    let mut source = GstSource::open(server.spec()).unwrap();
    read_until(&mut source, |frame| frame.picture.size() == size(160, 120));
    let larger = "video/x-raw,format=I420,width=320,height=240,framerate=25/1".parse::<gst::Caps>().unwrap();
    server.element("size").set_property("caps", larger);
    let frames = read_until(&mut source, |frame| frame.picture.size() == size(320, 240));
    assert_eq!(frames.last().unwrap().picture.rgb(size(32, 24)).unwrap().data.len(), 32 * 24 * 3);
}

#[test]
fn stopping_ends_a_wait_for_a_silent_stream() {
    let server = Server::start("pattern=ball");
    let mut source = GstSource::open(server.spec()).unwrap();
    let handle = source.handle();
    read_until(&mut source, |frame| frame.index == 3);
    server.element("valve").set_property("drop", true);
    let reader = std::thread::spawn(move || {
        while let Ok(Some(_)) = source.next() {}
        source.next().is_ok_and(|item| item.is_none())
    });
    wait_for("the stream falls silent", || handle.age() > Duration::from_millis(500));
    handle.stop();
    assert!(reader.join().unwrap());
}
