//! Whether the server lives and can work, and its figures for Prometheus.
//!
//! # References
//! Prometheus text exposition format 0.0.4.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::blocking;
use super::problem::Problem;
use crate::clock;
use crate::serve::App;
use crate::serve::board::Standing;
use crate::serve::hub::Stage;
use crate::serve::outbox::{Receiver, receivers};

/// Answers while the process lives.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers 200 when the store can be read and the server does not end.
#[utoipa::path(get, path = "/readyz", responses((status = 200, body = String), (status = 503, body = String)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    if app.ending() {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, "the server ends\n".to_owned()));
    }
    let worker = Arc::clone(&app);
    let read = blocking(move || worker.stores.with(|store| store.schema_version())).await?;
    Ok(match read {
        Ok(_) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n".to_owned())
        }
    })
}

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String)))]
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let worker = Arc::clone(&app);
    let told = blocking(move || {
        let last = worker.board().cursor();
        worker.stores.with(|store| receivers(store, last, clock::now()))
    });
    // A store that cannot be read is told by `/readyz`; the other figures stand.
    let told = told.await.ok().and_then(Result::ok).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text(&app, &told))
}

fn text(app: &App, receivers: &[Receiver]) -> String {
    let mut out = String::new();
    let sources = app.hub().map(super::super::hub::Hub::list).unwrap_or_default();
    let mut family = |name: &str, kind: &str, help: &str, rows: Vec<(String, f64)>| {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    let by_source = |value: &dyn Fn(&crate::serve::hub::SourceStatus) -> Option<f64>| {
        let row = |(id, _, status): &(String, String, Arc<crate::serve::hub::SourceStatus>)| {
            Some((format!("{{source=\"{}\"}}", escaped(id)), value(status)?))
        };
        sources.iter().filter_map(row).collect::<Vec<_>>()
    };
    let name = "flyonce_frames_received_total";
    family(name, "counter", "Frames looked at.", by_source(&|s| Some(s.frames() as f64)));
    let name = "flyonce_frames_dropped_total";
    family(
        name,
        "counter",
        "Frames dropped because they came too fast.",
        by_source(&|s| Some(s.dropped() as f64)),
    );
    let name = "flyonce_detections_total";
    family(name, "counter", "Things seen in frames.", by_source(&|s| Some(s.detections() as f64)));
    let name = "flyonce_frame_age_seconds";
    family(
        name,
        "gauge",
        "Age of the last frame.",
        by_source(&|s| s.health().age.map(|age| age.as_secs_f64())),
    );
    let up = |s: &crate::serve::hub::SourceStatus| {
        Some(f64::from(u8::from(matches!(s.health().stage, Stage::Running | Stage::Ended))))
    };
    family(
        "flyonce_source_healthy",
        "gauge",
        "1 while a source gives frames or came to its end.",
        by_source(&up),
    );
    let by_receiver = |value: &dyn Fn(&Receiver) -> f64| {
        let row = |one: &Receiver| (format!("{{consumer=\"{}\"}}", escaped(&one.id)), value(one));
        receivers.iter().map(row).collect::<Vec<_>>()
    };
    family(
        "flyonce_outbox_oldest_age_seconds",
        "gauge",
        "Age of the oldest event that has not arrived.",
        by_receiver(&|one| one.oldest_age_secs.unwrap_or(0.0)),
    );
    family(
        "flyonce_outbox_waiting",
        "gauge",
        "Events that have not arrived.",
        by_receiver(&|one| one.waiting as f64),
    );
    let letters = by_receiver(&|one| one.dead_letters.len() as f64);
    family("flyonce_outbox_dead_letters", "gauge", "Dead letters.", letters);
    let board = app.board();
    let count = |wanted: Standing| board.cases().filter(|case| case.standing() == wanted).count() as f64;
    let label = |state: &str| format!("{{state=\"{state}\"}}");
    let cases = [
        ("candidate", Standing::Candidate),
        ("waiting", Standing::Waiting),
        ("sent", Standing::Sent),
        ("done", Standing::Done),
        ("over", Standing::Over),
    ];
    let rows = cases.iter().map(|(name, standing)| (label(name), count(*standing))).collect();
    family("flyonce_cases", "gauge", "Incidents by where they stand.", rows);
    family(
        "flyonce_events_total",
        "counter",
        "Events of the store.",
        vec![(String::new(), board.cursor() as f64)],
    );
    keeping(app, &mut family);
    out
}

/// What evidence takes, what was dropped, and how far time stamps reach.
fn keeping(app: &App, family: &mut dyn FnMut(&str, &str, &str, Vec<(String, f64)>)) {
    let (room, kept) = (app.rooms.now(), &app.kept);
    let plain = |value: u64| vec![(String::new(), value as f64)];
    let name = "flyonce_evidence_bytes";
    family(name, "gauge", "Bytes that evidence takes.", plain(room.used));
    let name = "flyonce_disk_free_bytes";
    family(name, "gauge", "Bytes free on the disk of the evidence.", plain(room.free));
    let name = "flyonce_evidence_wanted_bytes";
    family(
        name,
        "gauge",
        "Bytes that have to be dropped; above 0 for long, there is no room.",
        plain(room.wanted),
    );
    let name = "flyonce_evidence_dropped_total";
    family(name, "counter", "Files dropped to make room.", plain(kept.dropped.load(Relaxed)));
    let name = "flyonce_time_stamp_timestamp_seconds";
    family(name, "gauge", "When the chain was stamped last.", plain(kept.stamped_at.load(Relaxed)));
    let name = "flyonce_time_stamps_failed_total";
    family(name, "counter", "Time stamps that could not be had.", plain(kept.stamps_failed.load(Relaxed)));
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
