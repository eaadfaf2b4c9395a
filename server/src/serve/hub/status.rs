//! How a source is doing: counts, age of its last frame, what it shows, and in words what to do when it does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gis::LatLon;
use jiff::Timestamp;
use pipeline::{Outline, Picture};
use serde::Serialize;
use utoipa::ToSchema;

use super::ring::Ring;

/// A live source without a new frame for this long is stalled.
const STALLED_AFTER: Duration = Duration::from_secs(10);
/// Points of the path kept at most; beyond it every second one is let go.
const MOST_PATH: usize = 600;

/// What a source does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No frame yet.
    Starting,
    /// Frames come.
    Running,
    /// Frames came and do not come any more.
    Stalled,
    /// It came to its end.
    Ended,
    /// It ended with an error.
    Failed,
    /// A person paused it.
    Paused,
}

/// The part of the way that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// Between camera and here.
    Network,
    /// From the stream to pictures.
    Decode,
    /// Where the camera is.
    Telemetry,
    /// From pictures to findings.
    Detect,
    /// From findings to the store.
    Store,
}

/// What a source shows now.
#[derive(Clone)]
pub struct Latest {
    /// The picture.
    pub picture: Arc<dyn Picture>,
    /// Outlines of what was seen, with their classes and scores.
    pub seen: Vec<(Outline, String, f64)>,
    /// Capture time.
    pub time: Timestamp,
    /// Number of the frame, rising.
    pub number: u64,
    /// Where the camera is, and its heading in degrees.
    pub place: Option<(LatLon, f64)>,
    /// The ground in view.
    pub footprint: Option<Vec<LatLon>>,
}

/// The health of a source in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// What it does.
    pub stage: Stage,
    /// What fails.
    pub hop: Option<Hop>,
    /// What is wrong, in Chinese and English.
    pub problem: Option<(String, String)>,
    /// What to do, in Chinese and English.
    pub next_step: Option<(&'static str, &'static str)>,
    /// Age of the last frame.
    pub age: Option<Duration>,
}

/// State of one source, written by its thread and read by all.
pub struct SourceStatus {
    live: bool,
    place: Option<LatLon>,
    frames: AtomicU64,
    detections: AtomicU64,
    unplaced: AtomicU64,
    dropped: AtomicU64,
    ring: Ring,
    now: Mutex<Now>,
}

struct Now {
    ended: bool,
    paused: bool,
    error: Option<String>,
    store_error: Option<String>,
    fresh: Option<Instant>,
    latest: Option<Latest>,
    path: Vec<LatLon>,
}

impl SourceStatus {
    /// Returns the state of a source that was not started yet.
    pub fn new(live: bool, place: Option<LatLon>) -> Self {
        let now = Now {
            ended: true,
            paused: false,
            error: None,
            store_error: None,
            fresh: None,
            latest: None,
            path: Vec::new(),
        };
        let zero = || AtomicU64::new(0);
        Self {
            live,
            place,
            frames: zero(),
            detections: zero(),
            unplaced: zero(),
            dropped: zero(),
            ring: Ring::default(),
            now: Mutex::new(now),
        }
    }

    /// Returns what it showed lately.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Tells whether it is a live source.
    pub fn live(&self) -> bool {
        self.live
    }

    /// Frames looked at.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Things seen in them.
    pub fn detections(&self) -> u64 {
        self.detections.load(Ordering::Relaxed)
    }

    /// Frames dropped because they came too fast.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Frames whose camera was nowhere known.
    pub fn unplaced(&self) -> u64 {
        self.unplaced.load(Ordering::Relaxed)
    }

    /// Where it stands or stood last, with its heading in degrees where known.
    pub fn place(&self) -> Option<(LatLon, Option<f64>)> {
        let latest = self.latest().and_then(|latest| latest.place);
        latest.map(|(at, heading)| (at, Some(heading))).or_else(|| self.place.map(|at| (at, None)))
    }

    /// Returns what it shows.
    pub fn latest(&self) -> Option<Latest> {
        self.now().latest.clone()
    }

    /// Tells whether it may be started: it ended, or is about to because a person paused it.
    pub fn may_start(&self) -> bool {
        let now = self.now();
        now.ended || now.paused
    }

    pub(super) fn start(&self) {
        let mut now = self.now();
        (now.ended, now.paused, now.error) = (false, false, None);
        now.fresh = Some(Instant::now());
    }

    pub(super) fn pause(&self) {
        self.now().paused = true;
    }

    pub(super) fn ended(&self, error: Option<String>) {
        let mut now = self.now();
        now.ended = true;
        now.error = error;
    }

    pub(super) fn count_dropped(&self, dropped: u64) {
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    pub(super) fn saw(&self, latest: Latest, placed: bool) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.detections.fetch_add(latest.seen.len() as u64, Ordering::Relaxed);
        self.unplaced.fetch_add(u64::from(!placed), Ordering::Relaxed);
        let mut now = self.now();
        now.fresh = Some(Instant::now());
        if let Some((at, _)) = latest.place
            && now.path.last() != Some(&at)
        {
            now.path.push(at);
        }
        if now.path.len() > MOST_PATH {
            let mut keep = false;
            now.path.retain(|_| {
                keep = !keep;
                keep
            });
        }
        now.latest = Some(latest);
    }

    /// Returns the way the camera took.
    pub fn path(&self) -> Vec<LatLon> {
        self.now().path.clone()
    }

    pub(super) fn store_error(&self, error: Option<String>) {
        self.now().store_error = error;
    }

    /// Returns how it is doing.
    pub fn health(&self) -> Health {
        let now = self.now();
        let age = now.fresh.map(|fresh| fresh.elapsed());
        let frames = self.frames();
        let stage = match (&now.error, now.paused, now.ended) {
            (Some(_), false, _) => Stage::Failed,
            (_, true, _) => Stage::Paused,
            (None, false, true) => Stage::Ended,
            _ if self.live && age.is_some_and(|age| age > STALLED_AFTER) => Stage::Stalled,
            _ if frames == 0 => Stage::Starting,
            _ => Stage::Running,
        };
        let mut health = Health { stage, hop: None, problem: None, next_step: None, age };
        health.explain(&now, frames, self.unplaced());
        health
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    fn explain(&mut self, now: &Now, frames: u64, unplaced: u64) {
        let both = |zh: String, en: String| Some((zh, en));
        if let (Stage::Failed, Some(error)) = (self.stage, &now.error) {
            let detect = error.contains("cannot look at frame");
            self.hop = Some(if detect { Hop::Detect } else { Hop::Decode });
            self.problem = both(format!("信号源已停止:{error}"), format!("the source ended: {error}"));
            self.next_step =
                Some(("检查地址和编码,然后点击继续", "check its address and its encoding, then resume it"));
        } else if self.stage == Stage::Stalled {
            let secs = self.age.unwrap_or_default().as_secs();
            self.hop = Some(Hop::Network);
            self.problem = both(format!("{secs} 秒没有新画面"), format!("no new picture for {secs} s"));
            self.next_step = Some((
                "检查摄像机供电和网络;程序会自动重连",
                "check the power and the network of the camera; the connection is retried by itself",
            ));
        } else if let Some(error) = &now.store_error {
            self.hop = Some(Hop::Store);
            self.problem =
                both(format!("数据库暂不可写:{error}"), format!("the store cannot be written: {error}"));
            self.next_step = Some((
                "检查磁盘空间和数据库;数据在内存中等待",
                "check the disk and the database; what was seen waits in memory",
            ));
        } else if frames > 0 && unplaced == frames {
            self.hop = Some(Hop::Telemetry);
            self.problem = both(
                "画面没有位置信息".to_owned(),
                "nothing tells where the camera is, so findings have no place".to_owned(),
            );
            self.next_step = Some((
                "为固定摄像机提供 camera.toml,或接入遥测数据",
                "give a camera.toml for a fixed camera, or telemetry for an aircraft",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_names_the_failing_hop_and_the_next_step() {
        let status = SourceStatus::new(true, None);
        status.start();
        assert_eq!(status.health().stage, Stage::Starting);
        status.ended(Some("rtsp://camera gave no frame".to_owned()));
        let health = status.health();
        assert_eq!((health.stage, health.hop), (Stage::Failed, Some(Hop::Decode)));
        assert!(health.problem.is_some_and(|(_, en)| en.contains("gave no frame")));
        assert!(health.next_step.is_some());
    }

    #[test]
    fn a_source_may_start_again_before_its_pause_took_effect() {
        let status = SourceStatus::new(true, None);
        assert!(status.may_start());
        status.start();
        assert!(!status.may_start());
        status.pause();
        assert!(status.may_start());
    }

    #[test]
    fn a_paused_source_is_no_failure() {
        let status = SourceStatus::new(false, None);
        status.start();
        status.pause();
        status.ended(Some("stopped".to_owned()));
        assert_eq!((status.health().stage, status.health().hop), (Stage::Paused, None));
    }
}
