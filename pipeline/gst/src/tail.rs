//! The end of every pipeline: deinterlacing where needed, then frames into the inbox in the decoder's own format.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gst::prelude::*;
use gst_video::{VideoColorRange, VideoColorimetry, VideoFrameRef, VideoInfo};
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use pipeline::{CaptureTime, Frame};

use crate::capture::{arrival_time, capture_time, sender_time};
use crate::counts::Counts;
use crate::element::make;
use crate::orientation::Orientation;
use crate::picture::{GstPicture, Scaling};
use crate::session::Shared;

/// Builds the elements after the decoder; the first takes decoded video, the last is the sink.
///
/// # Errors
/// When an element is not installed.
pub fn build(shared: &Arc<Shared>) -> Result<[gst::Element; 2], String> {
    let deinterlace = make("deinterlace")?;
    // One frame out for each frame in; the default gives one for each field.
    deinterlace.set_property_from_str("fields", "top");
    let sink = make("appsink")?;
    sink.set_property("sync", false);
    sink.set_property("async", false);
    sink.set_property("enable-last-sample", false);
    sink.set_property("max-buffers", 1_u32);
    sink.set_property("caps", gst::Caps::new_empty_simple("video/x-raw"));
    let app_sink =
        sink.clone().downcast::<gst_app::AppSink>().map_err(|_| "appsink is not an appsink".to_owned())?;
    let orientation = Arc::new(Mutex::new(Orientation::default()));
    if let Some(pad) = sink.static_pad("sink") {
        watch_orientation(&pad, &orientation);
        accept_any_stride(&pad);
    }
    let mut intake =
        Intake { shared: Arc::clone(shared), orientation, format: None, scaling: Scaling::default() };
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| intake.take(sink)).build();
    app_sink.set_callbacks(callbacks);
    Ok([deinterlace, sink])
}

/// Follows the `image-orientation` tag; each new stream starts upright.
fn watch_orientation(pad: &gst::Pad, orientation: &Arc<Mutex<Orientation>>) {
    let orientation = Arc::clone(orientation);
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        let found = match info.event().map(|event| event.view()) {
            Some(gst::EventView::StreamStart(_)) => Some(Orientation::default()),
            Some(gst::EventView::Tag(tag)) => Orientation::from_tags(tag.tag()),
            _ => None,
        };
        if let Some(found) = found {
            *orientation.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        gst::PadProbeReturn::Ok
    });
}

/// Tells decoders that rows may be padded; without it they copy each picture into a tight buffer.
fn accept_any_stride(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        let Some(gst::QueryViewMut::Allocation(query)) = info.query_mut().map(|query| query.view_mut())
        else {
            return gst::PadProbeReturn::Ok;
        };
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        gst::PadProbeReturn::Handled
    });
}

/// Turns samples into frames.
struct Intake {
    shared: Arc<Shared>,
    orientation: Arc<Mutex<Orientation>>,
    format: Option<(gst::Caps, Arc<VideoInfo>)>,
    scaling: Scaling,
}

impl Intake {
    fn take(&mut self, sink: &gst_app::AppSink) -> Result<gst::FlowSuccess, gst::FlowError> {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let (Some(buffer), Some(caps)) = (sample.buffer_owned(), sample.caps()) else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let info = self.info(caps).ok_or(gst::FlowError::NotNegotiated)?;
        let running_ns = running_ns(sample.segment(), buffer.pts());
        let Some(frame) = self.frame(sink, buffer, &info, running_ns) else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let dropped = self.shared.inbox.push_frame(frame).ok_or(gst::FlowError::Flushing)?;
        Counts::add(&self.shared.counts.dropped, dropped);
        Ok(gst::FlowSuccess::Ok)
    }

    /// Returns the layout for these caps; it changes when a camera changes its resolution.
    fn info(&mut self, caps: &gst::CapsRef) -> Option<Arc<VideoInfo>> {
        if self.format.as_ref().is_none_or(|(known, _)| known.as_ref() != caps) {
            let info = Arc::new(with_known_range(VideoInfo::from_caps(caps).ok()?)?);
            self.format = Some((caps.to_owned(), info));
        }
        self.format.as_ref().map(|(_, info)| Arc::clone(info))
    }

    /// Places the frame on the time line; `None` when it is not among those analysed.
    fn frame(
        &self,
        sink: &gst_app::AppSink,
        buffer: gst::Buffer,
        info: &Arc<VideoInfo>,
        running_ns: Option<i64>,
    ) -> Option<Frame> {
        let now = Instant::now();
        Counts::add(&self.shared.counts.decoded, 1);
        let step_ns = buffer.duration().and_then(|d| i64::try_from(d.nseconds()).ok());
        let mut progress = self.shared.progress();
        let place = progress.timeline.place(running_ns, step_ns, now);
        if self.shared.live {
            let mapped = VideoFrameRef::from_buffer_ref_readable(&buffer, info).ok()?;
            if progress.freshness.is_new(&mapped) {
                self.shared.inbox.mark_fresh(now);
            }
        }
        let kept = progress.thinning.keeps(place.elapsed);
        drop(progress);
        let capture = self.capture(sink, &buffer, running_ns);
        let orientation = *self.orientation.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = GstPicture::new(buffer, Arc::clone(info), orientation, Arc::clone(&self.scaling));
        // A frame of a live feed may yet be dropped.
        if kept && !self.shared.live {
            picture.prepare();
        }
        let picture = Arc::new(picture);
        kept.then_some(Frame {
            index: place.index,
            elapsed: place.elapsed,
            capture,
            name: None,
            gsd_m: None,
            picture,
        })
    }

    fn capture(
        &self,
        sink: &gst_app::AppSink,
        buffer: &gst::BufferRef,
        running_ns: Option<i64>,
    ) -> Option<CaptureTime> {
        if !self.shared.live {
            return None;
        }
        let running = running_ns.and_then(|ns| u64::try_from(ns).ok()).map(gst::ClockTime::from_nseconds);
        let age = sink.current_running_time().zip(running).and_then(|(now, then)| now.checked_sub(then));
        let arrival = self.shared.clock.map(|clock| arrival_time(clock(), age));
        capture_time(sender_time(buffer), arrival)
    }
}

/// Takes YUV of unknown range as limited, as video nearly always is; GStreamer would take it as full.
fn with_known_range(info: VideoInfo) -> Option<VideoInfo> {
    let stated = info.colorimetry();
    if !info.is_yuv() || stated.range() != VideoColorRange::Unknown {
        return Some(info);
    }
    let limited = VideoColorRange::Range16_235;
    let known = VideoColorimetry::new(limited, stated.matrix(), stated.transfer(), stated.primaries());
    VideoInfo::builder_from_info(&info).colorimetry(&known).build().ok()
}

/// Returns the running time of a presentation time; negative before the segment's start.
pub fn running_ns(segment: Option<&gst::Segment>, pts: Option<gst::ClockTime>) -> Option<i64> {
    let segment = segment?.downcast_ref::<gst::ClockTime>()?;
    match segment.to_running_time_full(pts?)? {
        gst::Signed::Positive(at) => i64::try_from(at.nseconds()).ok(),
        gst::Signed::Negative(at) => i64::try_from(at.nseconds()).ok().map(|ns| -ns),
    }
}
