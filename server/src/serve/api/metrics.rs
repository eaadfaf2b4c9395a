//! Figures of the server for Prometheus.
//!
//! # References
//! Prometheus text exposition format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::blocking;
use crate::clock;
use crate::serve::App;
use crate::serve::board::Standing;
use crate::serve::hub::{Hub, SourceStatus, Stage};
use crate::serve::outbox::{Receiver, receivers};

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String)))]
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let told = blocking(move || {
        let last = app.board().cursor();
        // A store that cannot be read is told by `/readyz`; the other figures stand.
        let receivers = app.stores.with(|store| receivers(store, last, clock::now())).unwrap_or_default();
        text(&app, &receivers)
    });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], told.await.unwrap_or_default())
}

fn text(app: &App, receivers: &[Receiver]) -> String {
    let mut figures = Figures(String::new());
    sources(app, &mut figures);
    outbox(receivers, &mut figures);
    cases(app, &mut figures);
    keeping(app, &mut figures);
    door(app, &mut figures);
    figures.0
}

/// The text as it grows, a family at a time.
struct Figures(String);

impl Figures {
    fn counter(&mut self, name: &str, help: &str, rows: Vec<(String, f64)>) {
        self.family(name, "counter", help, rows);
    }

    fn gauge(&mut self, name: &str, help: &str, rows: Vec<(String, f64)>) {
        self.family(name, "gauge", help, rows);
    }

    fn family(&mut self, name: &str, kind: &str, help: &str, rows: Vec<(String, f64)>) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

fn plain(value: f64) -> Vec<(String, f64)> {
    vec![(String::new(), value)]
}

fn labelled(key: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{key}=\"{value}\"}}")
}

fn sources(app: &App, figures: &mut Figures) {
    let all = app.hub().map(Hub::list).unwrap_or_default();
    let rows = |value: &dyn Fn(&SourceStatus) -> Option<f64>| -> Vec<(String, f64)> {
        all.iter().filter_map(|(id, _, status)| Some((labelled("source", id), value(status)?))).collect()
    };
    let frames = rows(&|s| Some(s.frames() as f64));
    figures.counter("flyonce_frames_received_total", "Frames looked at.", frames);
    let dropped = rows(&|s| Some(s.dropped() as f64));
    figures.counter("flyonce_frames_dropped_total", "Frames dropped because they came too fast.", dropped);
    let seen = rows(&|s| Some(s.detections() as f64));
    figures.counter("flyonce_detections_total", "Things seen in frames.", seen);
    let age = rows(&|s| s.health().age.map(|age| age.as_secs_f64()));
    figures.gauge("flyonce_frame_age_seconds", "Age of the last frame.", age);
    let up = rows(&|s| Some(f64::from(u8::from(matches!(s.health().stage, Stage::Running | Stage::Ended)))));
    figures.gauge("flyonce_source_healthy", "1 while a source gives frames or came to its end.", up);
}

fn outbox(receivers: &[Receiver], figures: &mut Figures) {
    let rows = |value: &dyn Fn(&Receiver) -> f64| -> Vec<(String, f64)> {
        receivers.iter().map(|one| (labelled("consumer", &one.id), value(one))).collect()
    };
    let age = rows(&|one| one.oldest_age_secs.unwrap_or(0.0));
    let help = "Age of the oldest event that has not arrived.";
    figures.gauge("flyonce_outbox_oldest_age_seconds", help, age);
    let waiting = rows(&|one| one.waiting as f64);
    figures.gauge("flyonce_outbox_waiting", "Events that have not arrived.", waiting);
    let letters = rows(&|one| one.dead_letters.len() as f64);
    figures.gauge("flyonce_outbox_dead_letters", "Dead letters.", letters);
}

fn cases(app: &App, figures: &mut Figures) {
    let board = app.board();
    let mut counts: BTreeMap<Standing, usize> = BTreeMap::new();
    for case in board.cases() {
        *counts.entry(case.standing()).or_default() += 1;
    }
    let count = |wanted| counts.get(&wanted).copied().unwrap_or(0) as f64;
    let all = [
        ("candidate", Standing::Candidate),
        ("waiting", Standing::Waiting),
        ("sent", Standing::Sent),
        ("done", Standing::Done),
        ("over", Standing::Over),
    ];
    let rows = all.iter().map(|(name, standing)| (labelled("state", name), count(*standing))).collect();
    figures.gauge("flyonce_cases", "Incidents by where they stand.", rows);
    figures.counter("flyonce_events_total", "Events of the store.", plain(board.cursor() as f64));
}

/// What evidence takes, what was dropped, and how far time stamps reach.
fn keeping(app: &App, figures: &mut Figures) {
    let (room, kept) = (app.rooms.now(), &app.kept);
    figures.gauge("flyonce_evidence_bytes", "Bytes that evidence takes.", plain(room.used as f64));
    let help = "Bytes free on the disk of the evidence.";
    figures.gauge("flyonce_disk_free_bytes", help, plain(room.free as f64));
    let help =
        "1 while the store takes what is seen; 0 while frames wait because it does not, as with a full disk.";
    figures.gauge("flyonce_store_writable", help, plain(f64::from(u8::from(app.store_trouble().is_none()))));
    let help = "Bytes that have to be dropped; above 0 for long, there is no room.";
    figures.gauge("flyonce_evidence_wanted_bytes", help, plain(room.wanted as f64));
    let dropped = plain(kept.dropped.load(Relaxed) as f64);
    figures.counter("flyonce_evidence_dropped_total", "Files dropped to make room.", dropped);
    let stamped = plain(kept.stamped_at.load(Relaxed) as f64);
    figures.gauge("flyonce_time_stamp_timestamp_seconds", "When the chain was stamped last.", stamped);
    let failed = plain(kept.stamps_failed.load(Relaxed) as f64);
    figures.counter("flyonce_time_stamps_failed_total", "Time stamps that could not be had.", failed);
}

/// Who was turned away.
fn door(app: &App, figures: &mut Figures) {
    let counts = app.door.refused.counts();
    let rows = counts.iter().map(|(name, count)| (labelled("limit", name), *count as f64)).collect();
    figures.counter("flyonce_requests_refused_total", "Requests refused because there were too many.", rows);
}
