//! One connection to a feed: a GStreamer pipeline from its start to its complete removal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstreamer as gst;
use pipeline::runner::one_core;

use crate::counts::Counts;
use crate::element::make;
use crate::freshness::Freshness;
use crate::head;
use crate::inbox::{Ending, Inbox};
use crate::spec::{Clock, SourceSpec};
use crate::thinning::Thinning;
use crate::timeline::Timeline;
use crate::ts::LiveTap;
use crate::uri::SourceUri;
use crate::{bus, tail};

/// Pictures among which the first one shown is looked for: more than are ever reordered.
const PICTURES_TO_COMPARE: u32 = 16;

/// What GStreamer's threads and the reader share, for the whole life of a source.
pub struct Shared {
    pub inbox: Arc<Inbox>,
    pub counts: Arc<Counts>,
    pub live: bool,
    pub clock: Option<Clock>,
    progress: Mutex<Progress>,
}

/// Frames decoded in one go where decoder and reader take turns: each turn finds the caches emptied by the other, so that
/// few and long ones cost less. Memory sets the bound: a frame of 1080p takes 3 MB.
const FRAMES_A_TURN: usize = 12;

/// State that outlives a connection.
pub struct Progress {
    pub timeline: Timeline,
    pub thinning: Thinning,
    pub freshness: Freshness,
    /// Running time of the first picture of an MPEG-TS carrier.
    pub first_picture_ns: Option<i64>,
}

impl Shared {
    pub fn new(spec: &SourceSpec) -> Self {
        let live = spec.uri.live();
        let in_turn = one_core() && !live;
        let least = if in_turn { FRAMES_A_TURN } else { 1 };
        let progress = Progress {
            timeline: Timeline::default(),
            thinning: Thinning::new(spec.analysis_fps),
            freshness: Freshness::default(),
            first_picture_ns: None,
        };
        Self {
            inbox: Arc::new(Inbox::new(spec.queue_frames.max(least), live, in_turn)),
            counts: Arc::default(),
            live,
            clock: spec.clock,
            progress: Mutex::new(progress),
        }
    }

    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running pipeline; dropping it takes everything down and waits until its threads have ended.
pub struct Session {
    pipeline: gst::Pipeline,
    shared: Arc<Shared>,
    /// When the connection was begun.
    pub began: Instant,
}

impl Session {
    /// Connects and starts decoding; what comes later is told through the inbox.
    ///
    /// # Errors
    /// When an element is missing or refuses to start.
    pub fn start(spec: &SourceSpec, shared: &Arc<Shared>) -> Result<Self, String> {
        let began = Instant::now();
        shared.inbox.reopen(began);
        let mut progress = shared.progress();
        progress.timeline.reconnect();
        progress.first_picture_ns = None;
        drop(progress);
        let session = Self { pipeline: gst::Pipeline::new(), shared: Arc::clone(shared), began };
        session.watch_bus();
        session.build(spec)?;
        let started = session.pipeline.set_state(gst::State::Playing);
        // Where a cause was reported, the inbox tells it better.
        if started.is_err() {
            shared.inbox.end(Ending::Failed("GStreamer cannot start reading it".to_owned()));
        }
        Ok(session)
    }

    /// Returns the length that the file states, if it states one.
    pub fn stated_duration(&self) -> Option<Duration> {
        self.pipeline.query_duration::<gst::ClockTime>().map(Into::into)
    }

    fn watch_bus(&self) {
        let inbox = Arc::clone(&self.shared.inbox);
        if let Some(bus) = self.pipeline.bus() {
            bus.set_sync_handler(move |_, message| {
                if let Some(ending) = bus::ending(message) {
                    inbox.end(ending);
                }
                gst::BusSyncReply::Drop
            });
        }
    }

    fn build(&self, spec: &SourceSpec) -> Result<(), String> {
        let says = |e: gst::glib::BoolError| e.message.to_string();
        let source = head::build(spec)?;
        let decoder = make("decodebin")?;
        decoder.set_property("caps", gst::Caps::new_empty_simple("video/x-raw"));
        leave_other_tracks_alone(&decoder);
        let tail = tail::build(&self.shared)?;
        let [first, last] = &tail;
        self.pipeline.add_many([&source, &decoder, first, last]).map_err(says)?;
        first.link(last).map_err(says)?;
        self.watch_new_elements(spec.decode_threads);
        let missing = note_missing_decoders(&decoder);
        self.link_when_ready(&decoder, first, &missing);
        if matches!(spec.uri, SourceUri::Udp(_) | SourceUri::Srt(_)) {
            tap_telemetry(&source, &self.shared);
        }
        if matches!(spec.uri, SourceUri::Rtsp(_)) {
            self.link_when_ready(&source, &decoder, &missing);
            Ok(())
        } else {
            source.link(&decoder).map_err(says)
        }
    }

    /// Links the first pad that fits; no pad at all means no video.
    fn link_when_ready(&self, from: &gst::Element, to: &gst::Element, missing: &MissingDecoder) {
        let target = to.downgrade();
        from.connect_pad_added(move |_, pad| {
            let sink = target.upgrade().and_then(|element| element.static_pad("sink"));
            if let Some(sink) = sink.filter(|sink| !sink.is_linked()) {
                // A pad that does not fit stays unlinked; the next one may fit.
                let _ = pad.link(&sink);
            }
        });
        let target = to.downgrade();
        let (inbox, missing) = (Arc::clone(&self.shared.inbox), Arc::clone(missing));
        from.connect_no_more_pads(move |_| {
            let sink = target.upgrade().and_then(|element| element.static_pad("sink"));
            if sink.is_some_and(|sink| !sink.is_linked()) {
                let missing = missing.lock().unwrap_or_else(PoisonError::into_inner).take();
                inbox.end(missing.map_or(Ending::NoVideo, Ending::Failed));
            }
        });
    }

    /// Sets up decoders and demultiplexers that `decodebin` makes by itself.
    fn watch_new_elements(&self, decode_threads: u32) {
        let shared = Arc::clone(&self.shared);
        self.pipeline.connect_deep_element_added(move |_, _, element| {
            let factory = element.factory().map(|f| f.name().to_string()).unwrap_or_default();
            if factory.starts_with("avdec_") && element.has_property("max-threads") {
                element.set_property("max-threads", i32::try_from(decode_threads).unwrap_or(0));
            }
            if factory == "tsdemux" {
                watch_first_pictures(element, &shared);
            }
        });
    }
}

/// Why the video cannot be decoded, once that is known.
type MissingDecoder = Arc<Mutex<Option<String>>>;

/// Keeps audio, text and data tracks from being decoded: their pads stay unlinked.
fn leave_other_tracks_alone(decoder: &gst::Element) {
    decoder.connect("autoplug-continue", false, |args| {
        let caps = args.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let name = caps.as_ref().and_then(|caps| caps.structure(0)).map_or("", |s| s.name().as_str());
        let other = ["audio/", "meta/", "subpicture/", "closedcaption/", "text/x-raw"];
        Some((!other.iter().any(|kind| name.starts_with(kind))).to_value())
    });
}

/// Notes video that nothing installed can decode.
fn note_missing_decoders(decoder: &gst::Element) -> MissingDecoder {
    let missing = MissingDecoder::default();
    let noted = Arc::clone(&missing);
    decoder.connect("unknown-type", false, move |args| {
        let caps = args.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let name = caps.as_ref().and_then(|caps| caps.structure(0)).map_or("", |s| s.name().as_str());
        if name.starts_with("video/") || name.starts_with("image/") {
            let reason = format!("no decoder for {name} is installed (Debian package gstreamer1.0-libav)");
            noted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        }
        None
    });
    missing
}

/// Follows the running time of the first pictures that the demultiplexer gives: the lowest is the first one shown.
fn watch_first_pictures(demux: &gst::Element, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    demux.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps();
        let video =
            caps.is_some_and(|caps| caps.structure(0).is_some_and(|s| s.name().starts_with("video/")));
        if !video {
            return;
        }
        let shared = Arc::clone(&shared);
        let mut left = PICTURES_TO_COMPARE;
        let watch = Mutex::new(move |pad: &gst::Pad, info: &gst::PadProbeInfo| {
            let segment = pad.sticky_event::<gst::event::Segment>(0);
            let segment = segment.as_ref().map(|event| event.segment());
            if let Some(at) = tail::running_ns(segment, info.buffer().and_then(|buffer| buffer.pts())) {
                let first = &mut shared.progress().first_picture_ns;
                *first = Some(first.map_or(at, |known| known.min(at)));
                left -= 1;
            }
            if left == 0 { gst::PadProbeReturn::Remove } else { gst::PadProbeReturn::Ok }
        });
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            watch(pad, info)
        });
    });
}

/// Takes telemetry out of the bytes that a live MPEG-TS source gives.
fn tap_telemetry(source: &gst::Element, shared: &Arc<Shared>) {
    let Some(pad) = source.static_pad("src") else { return };
    let (inbox, tap) = (Arc::clone(&shared.inbox), Mutex::new(LiveTap::default()));
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(bytes) = info.buffer().and_then(|buffer| buffer.map_readable().ok()) {
            let mut tap = tap.lock().unwrap_or_else(PoisonError::into_inner);
            tap.push(&bytes).into_iter().for_each(|packet| inbox.push_telemetry(packet));
        }
        gst::PadProbeReturn::Ok
    });
}

impl Drop for Session {
    fn drop(&mut self) {
        // A thread that waits for room in the inbox must let go before the pipeline can end.
        self.shared.inbox.close();
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("a pipeline did not go down cleanly");
        }
        if let Some(bus) = self.pipeline.bus() {
            bus.unset_sync_handler();
        }
    }
}
