//! The start of every pipeline: a file, RTSP, or MPEG-TS over UDP and SRT, up to the decoder.

use std::path::Path;

use gst::prelude::*;
use gstreamer as gst;

use crate::element::make;
use crate::spec::{RtspTransport, SourceSpec};
use crate::uri::{Endpoint, RtspUri, SourceUri, SrtMode, SrtUri};

/// Longest silence of an RTSP connection before GStreamer itself gives up, microseconds.
const RTSP_SILENCE_MICROS: u64 = 10_000_000;

/// Room the kernel keeps for datagrams that were not read yet, bytes.
const UDP_BUFFER_BYTES: i32 = 4 << 20;

/// Sixteen packets of MPEG-TS: what SRT carries at most in one message is seven.
const TS_BLOCK_BYTES: u32 = 16 * 188;

/// Builds the element that brings the feed in.
///
/// # Errors
/// When the element is not installed or refuses the address.
pub fn build(spec: &SourceSpec) -> Result<gst::Element, String> {
    match &spec.uri {
        SourceUri::File(path) => file(path),
        SourceUri::Rtsp(uri) => rtsp(uri, spec),
        SourceUri::Udp(endpoint) => udp(endpoint),
        SourceUri::Srt(uri) => srt(uri, spec.latency_millis),
    }
}

fn file(path: &Path) -> Result<gst::Element, String> {
    let source = make("filesrc")?;
    source.set_property("location", path.to_str().ok_or("its name is not UTF-8")?);
    Ok(source)
}

fn rtsp(uri: &RtspUri, spec: &SourceSpec) -> Result<gst::Element, String> {
    let source = make("rtspsrc")?;
    source.set_property("location", uri.location());
    source.set_property("user-id", &uri.user);
    source.set_property("user-pw", &uri.password);
    let protocols = match spec.transport {
        RtspTransport::Tcp => "tcp",
        RtspTransport::Udp => "udp+udp-mcast",
    };
    source.set_property_from_str("protocols", protocols);
    source.set_property("latency", spec.latency_millis);
    source.set_property("do-rtcp", true);
    source.set_property("add-reference-timestamp-meta", true);
    source.set_property("tcp-timeout", RTSP_SILENCE_MICROS);
    source.set_property("timeout", RTSP_SILENCE_MICROS);
    source.set_property("user-agent", "flyonce");
    source.connect("select-stream", false, |args| {
        let caps = args.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let media = caps.as_ref().and_then(|caps| caps.structure(0)?.get::<String>("media").ok());
        Some((media.as_deref() == Some("video")).to_value())
    });
    Ok(source)
}

fn udp(endpoint: &Endpoint) -> Result<gst::Element, String> {
    let source = make("udpsrc")?;
    source.set_property("address", &endpoint.host);
    source.set_property("port", i32::from(endpoint.port));
    source.set_property("buffer-size", UDP_BUFFER_BYTES);
    source.set_property("caps", ts_caps());
    Ok(source)
}

fn srt(uri: &SrtUri, latency_millis: u32) -> Result<gst::Element, String> {
    let source = make("srtsrc")?;
    source.set_property("uri", uri.location());
    source.set_property_from_str("mode", if uri.mode == SrtMode::Caller { "caller" } else { "listener" });
    source.set_property("latency", i32::try_from(latency_millis).unwrap_or(i32::MAX));
    source.set_property("blocksize", TS_BLOCK_BYTES);
    if let Some(stream_id) = &uri.stream_id {
        source.set_property("streamid", stream_id);
    }
    if let Some(passphrase) = &uri.passphrase {
        source.set_property("passphrase", passphrase);
    }
    Ok(source)
}

/// Caps of MPEG-TS, so that no bytes have to be guessed from.
pub fn ts_caps() -> gst::Caps {
    gst::Caps::builder("video/mpegts").field("systemstream", true).field("packetsize", 188_i32).build()
}
