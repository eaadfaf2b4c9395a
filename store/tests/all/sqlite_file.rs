//! What is particular to the SQLite file: reopening, refusing, a full disk, two writers.

use std::path::Path;

use rusqlite::Connection;
use store::{SqliteStore, Store, StoreError};

use crate::findings::run;

/// Every row of every table, as text.
fn dump(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let names = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut rows = Vec::new();
    for table in names("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let width = statement.column_count();
        let text = statement.query_map([], |row| {
            let values = (0..width).map(|i| format!("{:?}", row.get_ref_unwrap(i)));
            Ok(format!("{table}: {}", values.collect::<Vec<_>>().join("|")))
        });
        rows.extend(text.unwrap().map(Result::unwrap));
    }
    rows
}

#[test]
fn analysing_twice_leaves_every_row_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let mut store = SqliteStore::open(&path).unwrap();
    store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
    drop(store);
    let before = dump(&path);
    assert!(before.len() > 30 + 30 + 3 + 2 + 6);
    for saved_after in [3600, 7200] {
        let mut store = SqliteStore::open(&path).unwrap();
        let again = run(0..10, store.incidents().unwrap(), saved_after);
        assert!(store.save_run(&again).unwrap().changed_nothing());
    }
    assert_eq!(dump(&path), before);
}

#[test]
fn what_was_saved_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let record = run(0..10, Vec::new(), 60);
    SqliteStore::open(&path).unwrap().save_run(&record).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.incidents().unwrap(), record.incidents);
    assert_eq!(store.tasks().unwrap(), record.tasks);
}

#[test]
fn the_file_is_set_up_for_safety() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let _store = SqliteStore::open(&path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let broken: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(broken, 0);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::SchemaTooNew { found: 7, known: 5, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "cannot use database {}: its schema version 7 is newer than 5, the newest known here",
            path.display()
        )
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn files_that_are_no_database_of_ours_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, only a long enough text to hold a header\n".repeat(100)).unwrap();
    let before = std::fs::read(&text).unwrap();
    let error = SqliteStore::open(&text).unwrap_err();
    assert!(matches!(error, StoreError::NotADatabase { .. }), "{error:?}");
    assert!(error.to_string().contains("notes.txt"));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let foreign = folder.path().join("photos.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE photo (id INTEGER)").unwrap();
    let error = SqliteStore::open(&foreign).unwrap_err();
    assert!(matches!(error, StoreError::ForeignDatabase { .. }), "{error:?}");
}

#[test]
fn a_path_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing/city.db"), folder.path().to_path_buf()] {
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::CannotOpen { .. }), "{error:?}");
        assert!(
            error.to_string().starts_with(&format!("cannot open database {}: ", path.display())),
            "{error}"
        );
    }
}

#[test]
fn a_file_of_the_first_version_is_brought_up_to_date_with_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../src/sqlite/0001_first.sql")).unwrap();
    old.pragma_update(None, "application_id", 0x464C_5931).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let run_id = "00000000-0000-0000-0000-000000000007";
    old.execute("INSERT INTO run VALUES (?1, '{}', '2025-06-01T08:00:00Z')", [run_id]).unwrap();
    let change = format!(r#"{{"kind":"run_added","run":"{run_id}"}}"#);
    for seq in [3, 8] {
        let sql = "INSERT INTO event VALUES (?1, '2025-06-01T08:00:00Z', ?2, ?3)";
        old.execute(sql, rusqlite::params![seq, run_id, change]).unwrap();
    }
    drop(old);
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.schema_version().unwrap(), 5);
    let events = store.events_after(0, 10).unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [3, 8]);
    assert!(events[0].run.is_some_and(|run| run.to_string() == run_id) && events[0].operation.is_none());
    store.save_run(&run(0..3, Vec::new(), 60)).unwrap();
    assert_eq!(store.events_after(8, 1).unwrap()[0].seq, 9);
}

#[test]
fn a_full_disk_saves_nothing_of_the_run_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let small = run(0..3, Vec::new(), 60);
    store.save_run(&small).unwrap();
    store.limit_bytes(1).unwrap();
    let error = store.save_run(&run(3..400, small.incidents.clone(), 120)).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert_eq!(store.incidents().unwrap(), small.incidents);
    assert_eq!(store.runs().unwrap().len(), 1);
    store.limit_bytes(1 << 30).unwrap();
    store.save_run(&run(3..400, small.incidents, 120)).unwrap();
}

#[test]
fn a_damaged_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let record = run(0..5, Vec::new(), 60);
    store.save_run(&record).unwrap();
    let id = record.incidents[0].id.to_string();
    Connection::open(&path).unwrap().execute("UPDATE incident SET json = '{}' WHERE id = ?1", [&id]).unwrap();
    let error = store.incidents().unwrap_err();
    assert_eq!(error.to_string(), format!("cannot read stored incident {id}"));
}

#[test]
fn a_writer_that_was_cut_off_leaves_the_last_whole_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let record = run(0..5, Vec::new(), 60);
    store.save_run(&record).unwrap();
    // What a killed process leaves: the file and its log as they were in the middle of a transaction.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM task; DELETE FROM event;").unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.path().join("city.db-wal"), folder.path().join("copy.db-wal")).unwrap();
    let reopened = SqliteStore::open(&copy).unwrap();
    assert_eq!(reopened.tasks().unwrap(), record.tasks);
    assert_eq!(reopened.events_after(0, 100).unwrap().len(), 6);
}

#[test]
fn two_writers_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    drop(SqliteStore::open(&path).unwrap());
    let writers: Vec<_> = (0..2_u64)
        .map(|writer| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut store = SqliteStore::open(&path).unwrap();
                for turn in 0..10 {
                    let start = 1000 * (writer + 1) + 10 * turn;
                    store.save_run(&run(start..start + 3, Vec::new(), 60)).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.runs().unwrap().len(), 20);
    let events = store.events_after(0, 1000).unwrap();
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
}
