//! `live URL TOKEN PORT TIMES`: how far the live view is behind. Serves an RTSP stream at `/live` on the port, 1280 x 720 H.264 at 25
//! frames a second, turns its picture from dark to bright and back, and prints how long it took until the Motion JPEG of source `live` of
//! the server showed it.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp_server::prelude::*;
use gstreamer_rtsp_server::{RTSPMediaFactory, RTSPServer};

const STREAM: &str = "( videotestsrc name=picture is-live=true pattern=solid-color foreground-color=0xff202020 \
    ! video/x-raw,format=I420,width=1280,height=720,framerate=25/1 \
    ! openh264enc gop-size=25 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )";
const DARK: u32 = 0xff20_2020;
const BRIGHT: u32 = 0xffe0_e0e0;
/// Mean of grey values between dark and bright.
const BETWEEN: f64 = 128.0;
const LONGEST: Duration = Duration::from_mins(1);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, port, times] = &arguments[..] else { bail!("usage: live URL TOKEN PORT TIMES") };
    gst::init()?;
    let picture = serve(port)?;
    let (seen, brightness) = mpsc::sync_channel(1_000);
    let (url, token) = (format!("{url}/v1/sources/live/live.mjpeg"), format!("Bearer {token}"));
    thread::spawn(move || watch(&url, &token, &seen));
    let picture = picture.recv_timeout(LONGEST).context("nobody asked for the stream")?;
    brightness.recv_timeout(LONGEST).context("the live view shows nothing")?;
    let mut millis = Vec::new();
    for turn in 0..times.parse::<u64>()? {
        // Turns fall anywhere between two frames that are looked at.
        thread::sleep(Duration::from_millis(1_500 + 37 * (turn % 10)));
        let bright = turn % 2 == 0;
        let turned = Instant::now();
        picture.set_property("foreground-color", if bright { BRIGHT } else { DARK });
        let shown = loop {
            let (at, mean) = brightness.recv_timeout(LONGEST).context("the live view stands still")?;
            if at > turned && (mean > BETWEEN) == bright {
                break at;
            }
        };
        millis.push(shown.duration_since(turned).as_secs_f64() * 1e3);
    }
    millis.sort_by(f64::total_cmp);
    let part = |share: f64| {
        millis.get((millis.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0.0)
    };
    print(&format!(
        "{{\"turns\": {}, \"behind_p50_ms\": {:.0}, \"behind_p95_ms\": {:.0}, \"behind_most_ms\": {:.0}}}",
        millis.len(),
        part(0.5),
        part(0.95),
        part(1.0)
    ));
    Ok(())
}

/// Serves the stream for as long as the process lives; gives the element that makes the picture.
fn serve(port: &str) -> anyhow::Result<mpsc::Receiver<gst::Element>> {
    let server = RTSPServer::new();
    server.set_address("127.0.0.1");
    server.set_service(port);
    let factory = RTSPMediaFactory::new();
    factory.set_launch(STREAM);
    factory.set_shared(true);
    let (sender, picture) = mpsc::channel();
    factory.connect_media_configure(move |_, media| {
        let found = media.element().downcast::<gst::Bin>().ok().and_then(|bin| bin.by_name("picture"));
        // A receiver that has one already needs no other.
        if let Some(element) = found {
            drop(sender.send(element));
        }
    });
    server.mount_points().context("the server has no mount points")?.add_factory("/live", factory);
    let context = glib::MainContext::new();
    let id = server.attach(Some(&context)).context("cannot serve RTSP")?;
    thread::spawn(move || {
        let (_server, _id) = (server, id);
        context.with_thread_default(|| glib::MainLoop::new(Some(&context), false).run())
    });
    Ok(picture)
}

/// Sends the mean brightness of each picture with the time of its arrival; asks again until there is one.
fn watch(url: &str, token: &str, seen: &mpsc::SyncSender<(Instant, f64)>) -> anyhow::Result<()> {
    let answer = loop {
        match ureq::get(url).header("authorization", token).call() {
            Ok(answer) => break answer,
            Err(_) => thread::sleep(Duration::from_millis(200)),
        }
    };
    let mut lines = BufReader::new(answer.into_body().into_reader());
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(lines.read_line(&mut line)? > 0, "the live view ended");
        let Some(length) = line.strip_prefix("Content-Length:") else { continue };
        let mut jpeg = vec![0; length.trim().parse()?];
        lines.read_line(&mut line)?;
        lines.read_exact(&mut jpeg)?;
        let at = Instant::now();
        let grey = image::load_from_memory(&jpeg)?.into_luma8();
        let mean = grey.iter().map(|value| f64::from(*value)).sum::<f64>() / grey.len().max(1) as f64;
        seen.send((at, mean))?;
    }
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn print(text: &str) {
    println!("{text}");
}
