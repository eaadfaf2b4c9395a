//! Several writers at once, and writers that are killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use gis::dedupe::DedupeConfig;
use store::{Batch, Intake, IntakeConfig, PostgresStore, Pumped, SeenFrame, SqliteStore, Store, StoredEvent};

use crate::city::{Random, a_run, absorb_all, assert_each_spot_once, incidents_of, sweeps};
use crate::server;

const SPOTS: u64 = 24;
const BATCH: usize = 4;

fn city() -> Vec<SeenFrame> {
    sweeps(4, SPOTS, 3)
}

/// How often a writer is killed.
fn kills() -> u64 {
    told("FLYONCE_KILLS").map_or(20, |text| text.parse().unwrap())
}

/// Frames of more batches than there are kills, so that no kill comes when all is done.
fn long_day() -> Vec<SeenFrame> {
    sweeps(4, SPOTS, 3 * kills().div_ceil(20))
}

fn open(url: &str) -> Box<dyn Store> {
    if url.starts_with("postgresql:") {
        Box::new(PostgresStore::open(url).unwrap())
    } else {
        Box::new(SqliteStore::open(Path::new(url)).unwrap())
    }
}

/// Every `step`th batch from `first` on, as a writer takes its share.
fn share(frames: &[SeenFrame], first: usize, step: usize) -> Vec<SeenFrame> {
    frames.chunks(2).skip(first).step_by(step).flatten().cloned().collect()
}

fn absorb_patiently(store: &mut dyn Store, frames: Vec<SeenFrame>) {
    let mut intake = Intake::new(IntakeConfig { frames_a_batch: 2, ..IntakeConfig::default() });
    for frame in frames {
        assert!(intake.offer(frame).is_none());
    }
    let mut now = crate::findings::time(0);
    loop {
        match intake.pump(store, &a_run(), &DedupeConfig::default(), now) {
            Pumped::Absorbed { .. } => {}
            Pumped::Idle => return,
            Pumped::Failed { error, until } => {
                assert!(error.is_temporary(), "{error}");
                now = until;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Follows the events by cursor while others write; returns them all.
fn follow(store: &dyn Store, done: &AtomicBool) -> Vec<StoredEvent> {
    let mut read: Vec<StoredEvent> = Vec::new();
    loop {
        let over = done.load(Ordering::Acquire);
        let next = store.events_after(read.last().map_or(0, |event| event.seq), 7).unwrap();
        if over && next.is_empty() {
            return read;
        }
        read.extend(next);
    }
}

fn four_threads(url: &str) {
    let frames = city();
    drop(open(url));
    let done = AtomicBool::new(false);
    let followed = std::thread::scope(|scope| {
        let follower = scope.spawn(|| follow(&*open(url), &done));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let frames = share(&frames, writer, 4);
                scope.spawn(move || absorb_patiently(&mut *open(url), frames))
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        follower.join().unwrap()
    });
    let store = open(url);
    assert_each_spot_once(&*store, SPOTS, &frames);
    assert!(followed.iter().zip(1..).all(|(event, seq)| event.seq == seq), "no number is missing");
    assert_eq!(followed, store.events_after(0, 100_000).unwrap(), "the reader skipped nothing");
}

#[test]
fn four_threads_in_postgresql_make_one_incident_of_one_thing() {
    four_threads(&server::fresh_url());
}

#[test]
fn four_threads_in_one_file_make_one_incident_of_one_thing() {
    let folder = tempfile::tempdir().unwrap();
    four_threads(folder.path().join("city.db").to_str().unwrap());
}

#[test]
fn two_processes_in_postgresql_make_one_incident_of_one_thing() {
    let url = server::fresh_url();
    drop(open(&url));
    let mut children: Vec<Child> =
        (0..2).map(|writer| child("share", &url, &format!("{writer}"), Stdio::null())).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_each_spot_once(&*open(&url), SPOTS, &city());
}

/// Kills a writer at random moments until it has come through; the store must be as if it had never been killed.
fn kill_at_random(url: &str, seed: u64) {
    let (frames, kills) = (long_day(), kills());
    let mut random = Random(seed);
    let batches = frames.len().div_ceil(BATCH);
    let mut acknowledged = 0;
    for kill in 0..kills {
        // The moments are spread over the whole run, so that no start is in vain.
        assert!(acknowledged < batches);
        let upto = (kill as usize + 1) * batches / kills as usize;
        let mut writer = child("absorb", url, &acknowledged.to_string(), Stdio::piped());
        // Read to the kill: a writer that cannot write its progress would end by itself.
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
        for line in lines.by_ref() {
            let Some((word, number)) = line.split_once(' ').filter(|(word, _)| word.starts_with("batch-"))
            else {
                continue;
            };
            let number: usize = number.parse().unwrap();
            if word == "batch-done" {
                acknowledged = number + 1;
            }
            if number + 1 >= upto && (word == "batch-done" || random.below(2) == 0) {
                break;
            }
        }
        // Somewhere in a transaction, or between two.
        let pause = random.below(400_000);
        assert_eq!((0..pause).map(std::hint::black_box).count() as u64, pause);
        writer.kill().unwrap();
        writer.wait().unwrap();
        drop(lines);
    }
    let last = child("absorb", url, &acknowledged.to_string(), Stdio::null()).wait().unwrap();
    assert!(last.success());
    let store = open(url);
    assert_eq!(store.incidents().unwrap(), incidents_of(&frames));
    let mut whole = store::MemoryStore::new();
    absorb_all(&mut whole, &frames, BATCH);
    assert_eq!(store.events_after(0, 100_000).unwrap(), whole.events_after(0, 100_000).unwrap());
}

#[test]
fn a_writer_of_a_file_killed_at_random_moments_loses_no_event_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    kill_at_random(folder.path().join("city.db").to_str().unwrap(), 1);
}

#[test]
fn a_writer_of_postgresql_killed_at_random_moments_loses_no_event_and_doubles_none() {
    kill_at_random(&server::fresh_url(), 2);
}

#[expect(clippy::disallowed_methods, reason = "a process of a test is told its task by its environment")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Starts this test binary again as a writer; see [`writer_process`].
fn child(task: &str, url: &str, from: &str, output: Stdio) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["writers::writer_process", "--exact", "--ignored", "--nocapture"]);
    command.env("FLYONCE_WRITER", [task, url, from].join("\n"));
    command.stdin(Stdio::null()).stdout(output).spawn().unwrap()
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn writer_process() {
    let order = told("FLYONCE_WRITER").unwrap();
    let [task, url, from] = order.split('\n').collect::<Vec<_>>()[..] else { panic!("{order}") };
    let mut store = open(url);
    let from: usize = from.parse().unwrap();
    if task == "share" {
        return absorb_patiently(&mut *store, share(&city(), from, 2));
    }
    let mut out = std::io::stdout();
    for (number, frames) in long_day().chunks(BATCH).enumerate().skip(from) {
        writeln!(out, "\nbatch-begins {number}").unwrap();
        let at = frames.last().unwrap().look.time;
        let config = DedupeConfig::default();
        store.absorb(&Batch { run: &a_run(), at, config: &config, frames }).unwrap();
        writeln!(out, "\nbatch-done {number}").unwrap();
    }
}
