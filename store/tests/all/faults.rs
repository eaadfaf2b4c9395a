//! A store that is locked, full or gone for a while, and what is let go meanwhile.

use std::path::Path;
use std::time::Duration;

use gis::dedupe::DedupeConfig;
use jiff::SignedDuration;
use rusqlite::Connection;
use store::{Intake, IntakeConfig, PostgresStore, Pumped, SeenFrame, SqliteStore, Store, StoreError};

use crate::city::{a_run, absorb_all, assert_each_spot_once, incidents_of, sweeps};
use crate::findings::time;
use crate::server;

fn pump(intake: &mut Intake, store: &mut dyn Store, second: i64) -> Pumped {
    intake.pump(store, &a_run(), &DedupeConfig::default(), time(second))
}

fn filled(frames: Vec<SeenFrame>, config: IntakeConfig) -> Intake {
    let mut intake = Intake::new(config);
    for frame in frames {
        intake.offer(frame);
    }
    intake
}

fn file(folder: &tempfile::TempDir) -> SqliteStore {
    let mut store = SqliteStore::open(&folder.path().join("city.db")).unwrap();
    store.limit_wait(Duration::from_millis(1)).unwrap();
    store
}

#[test]
fn a_file_held_by_another_process_for_ten_minutes_takes_every_frame_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(&folder);
    let frames = sweeps(1, 12, 3);
    let mut intake = filled(frames.clone(), IntakeConfig::default());
    let other = Connection::open(folder.path().join("city.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (mut now, end, mut tries, mut longest) = (time(0), time(600), 0, SignedDuration::ZERO);
    while now < end {
        let until = match intake.pump(&mut store, &a_run(), &DedupeConfig::default(), now) {
            Pumped::Failed { error: StoreError::Locked { waited_millis: 1, .. }, until } => until,
            other => panic!("{other:?}"),
        };
        tries += 1;
        longest = longest.max(until.duration_since(now));
        now = until;
    }
    assert!((20..40).contains(&tries), "{tries} tries in ten minutes");
    assert!(longest <= SignedDuration::from_secs(30));
    other.execute_batch("ROLLBACK").unwrap();
    while !matches!(pump(&mut intake, &mut store, 700), Pumped::Idle) {}
    assert_eq!((intake.waiting(), intake.dropped()), (0, 0));
    assert_each_spot_once(&store, 12, &frames);
}

#[test]
fn a_full_disk_keeps_what_was_there_and_takes_the_batch_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(&folder);
    let frames = sweeps(4, 60, 2);
    absorb_all(&mut store, &frames[..8], 4);
    let before = (store.incidents().unwrap(), store.events_after(0, 1000).unwrap());
    store.limit_bytes(1).unwrap();
    let mut intake = filled(frames[8..].to_vec(), IntakeConfig::default());
    let failed = pump(&mut intake, &mut store, 0);
    assert!(matches!(failed, Pumped::Failed { error: StoreError::Full { .. }, .. }), "{failed:?}");
    assert!(matches!(pump(&mut intake, &mut store, 0), Pumped::Waiting { .. }));
    assert_eq!((store.incidents().unwrap(), store.events_after(0, 1000).unwrap()), before);
    store.limit_bytes(1 << 30).unwrap();
    while !matches!(pump(&mut intake, &mut store, 60), Pumped::Idle) {}
    assert_eq!(store.incidents().unwrap(), incidents_of(&frames));
}

#[test]
fn a_connection_that_the_server_ended_is_made_anew() {
    let url = server::fresh_url();
    let mut store = PostgresStore::open(&url).unwrap();
    let frames = sweeps(1, 6, 2);
    absorb_all(&mut store, &frames[..1], 1);
    let mut other = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let mut named =
        PostgresStore::open(&format!("{url}&application_name=cut-off-{}", std::process::id())).unwrap();
    let sql = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = $1";
    other.query(sql, &[&format!("cut-off-{}", std::process::id())]).unwrap();
    let mut intake = filled(frames[1..].to_vec(), IntakeConfig::default());
    let first = pump(&mut intake, &mut named, 0);
    if let Pumped::Failed { error, .. } = &first {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    }
    while !matches!(pump(&mut intake, &mut named, 60), Pumped::Idle) {}
    assert_eq!(named.incidents().unwrap(), incidents_of(&frames));
}

#[test]
fn a_server_that_is_not_there_is_named_without_its_password() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = PostgresStore::open(&format!("postgresql://city:secret@127.0.0.1:{port}/city")).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains(&format!("postgresql://127.0.0.1:{port}/city")) && !text.contains("secret"),
        "{text}"
    );
    let error = PostgresStore::open("host=db.example port=none").unwrap_err();
    assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
}

#[test]
fn a_full_queue_lets_go_of_frames_that_show_nothing_first_and_says_which() {
    let mut frames = sweeps(1, 12, 1);
    frames[1].observations.clear();
    let mut intake = Intake::new(IntakeConfig { frames_kept: 3, ..IntakeConfig::default() });
    let dropped: Vec<_> = frames.iter().filter_map(|frame| intake.offer(frame.clone())).collect();
    assert_eq!(dropped.iter().map(|frame| frame.look.frame_index).collect::<Vec<_>>(), [1]);
    let again = intake.offer(frames[0].clone()).unwrap();
    assert_eq!(again.look.frame_index, 0);
    assert_eq!((intake.waiting(), intake.dropped()), (3, 2));
}

#[test]
fn a_clock_that_was_set_back_does_not_make_a_short_wait_a_long_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = file(&folder);
    let mut intake = filled(sweeps(1, 3, 1), IntakeConfig::default());
    let other = Connection::open(folder.path().join("city.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(pump(&mut intake, &mut store, 86_400), Pumped::Failed { .. }));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(pump(&mut intake, &mut store, 0), Pumped::Absorbed { .. }));
}

#[test]
fn a_database_of_another_program_or_a_newer_version_is_refused() {
    let url = server::fresh_url();
    let mut other = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    other.batch_execute("CREATE TABLE incident (id integer)").unwrap();
    let error = PostgresStore::open(&url).unwrap_err();
    assert!(matches!(error, StoreError::ForeignDatabase { .. }), "{error:?}");
    other.batch_execute("DROP TABLE incident").unwrap();
    drop(PostgresStore::open(&url).unwrap());
    drop(PostgresStore::open(&url).unwrap());
    other.batch_execute("UPDATE flyonce_schema SET version = 99").unwrap();
    let error = PostgresStore::open(&url).unwrap_err();
    assert!(matches!(error, StoreError::SchemaTooNew { found: 99, .. }), "{error:?}");
    assert!(!Path::new("city").exists());
}

#[test]
fn frames_that_come_late_are_absorbed_in_the_order_of_time() {
    let frames = sweeps(2, 6, 6);
    let in_order = |frames: &[SeenFrame], config: IntakeConfig| {
        let mut store = store::MemoryStore::new();
        let mut intake = filled(frames.to_vec(), config);
        while let Pumped::Absorbed { .. } = pump(&mut intake, &mut store, 100) {}
        let waiting = intake.waiting();
        intake.flush();
        while let Pumped::Absorbed { .. } = pump(&mut intake, &mut store, 101) {}
        assert_eq!(intake.waiting(), 0);
        (store.incidents().unwrap(), waiting)
    };
    let mut late = frames.clone();
    late.chunks_mut(4).for_each(<[SeenFrame]>::reverse);
    assert_ne!(late, frames);
    let waits = IntakeConfig { late_by_secs: 4, ..IntakeConfig::default() };
    let (expect, none_waited) = in_order(&frames, IntakeConfig::default());
    let (found, waited) = in_order(&late, waits);
    assert_eq!(found, expect);
    assert_eq!((none_waited, waited), (0, 4));
}
