//! A store is copied whole while others write, and comes back the same.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Note, PostgresStore, SqliteStore, Store, StoreError};

use crate::chain::assert_holds;
use crate::findings::{run, time};
use crate::server;

/// Copies a store into a folder while somebody writes notes; returns how many were written.
fn copy_while_writing(store: &dyn Store, mut writer: Box<dyn Store>, folder: &Path) -> u64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut last = 0;
            while !done.load(Ordering::Acquire) {
                let kind = "saw".to_owned();
                let (actor, subject) = ("li".to_owned(), "a.jpg".to_owned());
                last = writer
                    .add_note(&Note { at: time(1), kind, actor, subject, detail: String::new() })
                    .unwrap();
            }
            last
        });
        store.back_up(folder).unwrap();
        done.store(true, Ordering::Release);
        writing.join().unwrap()
    })
}

fn assert_same(copy: &dyn Store, original: &dyn Store, most_notes: u64) {
    assert_holds(copy);
    assert_eq!(copy.incidents().unwrap(), original.incidents().unwrap());
    assert_eq!(copy.tasks().unwrap(), original.tasks().unwrap());
    assert_eq!(copy.runs().unwrap(), original.runs().unwrap());
    assert_eq!(copy.events_after(0, 1_000).unwrap(), original.events_after(0, 1_000).unwrap());
    let links = copy.links(0, usize::MAX).unwrap();
    assert_eq!(links, original.links(0, links.len()).unwrap(), "the copy is the beginning of the original");
    assert!(copy.notes(None, 0, usize::MAX).unwrap().len() as u64 <= most_notes);
}

#[test]
fn an_sqlite_file_is_copied_while_others_write_and_the_copy_can_be_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let mut store = SqliteStore::open(&path).unwrap();
    store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
    let out = tempfile::tempdir().unwrap();
    let written = copy_while_writing(&store, Box::new(SqliteStore::open(&path).unwrap()), out.path());
    let copy = SqliteStore::open_to_read(&out.path().join("flyonce.sqlite")).unwrap();
    assert_same(&copy, &store, written);
    assert!(store.back_up(out.path()).is_err(), "a copy that is there is not overwritten");
}

#[test]
fn a_postgresql_database_is_copied_while_others_write_and_restored_into_an_empty_one_only() {
    let url = server::fresh_url();
    let mut store = PostgresStore::open(&url).unwrap();
    store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
    let out = tempfile::tempdir().unwrap();
    let written = copy_while_writing(&store, Box::new(PostgresStore::open(&url).unwrap()), out.path());
    let other = server::fresh_url();
    let mut back = PostgresStore::restore(&other, out.path()).unwrap();
    assert_same(&back, &store, written);
    let error = PostgresStore::restore(&other, out.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty { .. }), "{error}");
    back.save_run(&run(20..30, Vec::new(), 90)).unwrap();
    assert_holds(&back);
}
