//! The chain over what was recorded, in every store.

use std::collections::BTreeMap;

use dispatch::{EvidenceKind, EvidenceRef};
use gis::IncidentState;
use jiff::SignedDuration;
use rusqlite::Connection;
use store::{
    Changed, FIRST, HOLD, Link, LinkKind, Note, PostgresStore, RELEASE, Retention, SqliteStore, Store,
    TimeStamp, changed_at,
};

use crate::conformance::on_every_store;
use crate::findings::{run, time};
use crate::server;

const KINDS: [LinkKind; 4] = [LinkKind::Event, LinkKind::Operation, LinkKind::Task, LinkKind::Note];

/// Every link follows the one before it, and the last link of everything is of what it is now.
pub fn assert_holds(store: &dyn Store) {
    let links = store.links(0, usize::MAX).unwrap();
    let mut before = FIRST.to_owned();
    for (link, number) in links.iter().zip(1..) {
        assert_eq!(link.number, number);
        assert_eq!(link.hash, link.hash_after(&before), "link {number}");
        before.clone_from(&link.hash);
    }
    assert_eq!(store.last_link().unwrap(), links.last().cloned());
    let last: BTreeMap<(LinkKind, &str), &Link> =
        links.iter().map(|link| ((link.kind, link.subject.as_str()), link)).collect();
    let mut known = 0;
    for kind in KINDS {
        for (subject, content) in store.contents(kind, 0, usize::MAX).unwrap() {
            let link = last.get(&(kind, subject.as_str()));
            let link = link.unwrap_or_else(|| panic!("{kind:?} {subject} is not chained"));
            let told = changed_at(content.as_bytes(), &link.marks, &link.digest);
            // Content that is as it was differs nowhere.
            assert_eq!(told, Changed::Unknown, "{kind:?} {subject}");
            known += 1;
        }
    }
    let files = last.keys().filter(|(kind, _)| *kind == LinkKind::File).count();
    assert_eq!(last.len(), known + files);
}

fn note(kind: &str, subject: &str) -> Note {
    let (kind, subject) = (kind.to_owned(), subject.to_owned());
    Note { at: time(1), kind, actor: "li".to_owned(), subject, detail: "a court asked\nfor it".to_owned() }
}

#[test]
fn events_tasks_their_files_and_notes_are_chained_and_saving_again_adds_no_link() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        let file = |name: &str| EvidenceRef {
            sha256: "ab".repeat(32),
            kind: EvidenceKind::Context,
            file: name.to_owned(),
        };
        record.tasks[0].evidence = vec![file("a.jpg"), file("b.jpg")];
        record.tasks[1].evidence = vec![file("a.jpg")];
        store.save_run(&record).unwrap();
        assert_holds(store);
        let links = store.links(0, 100).unwrap();
        let count = |kind| links.iter().filter(|link| link.kind == kind).count();
        assert_eq!((count(LinkKind::Event), count(LinkKind::Task), count(LinkKind::File)), (6, 2, 2));
        store.save_run(&record).unwrap();
        assert_eq!(store.links(0, 100).unwrap(), links);
        assert_eq!(store.add_note(&note("saw", "a.jpg")).unwrap(), 1);
        assert_eq!(store.add_note(&note("saw", "b.jpg")).unwrap(), 2);
        assert_holds(store);
        assert_eq!(store.notes(Some("saw"), 1, 9).unwrap()[0].note, note("saw", "b.jpg"));
        assert!(store.notes(Some("hold"), 0, 9).unwrap().is_empty());
        let stamp = TimeStamp {
            number: 3,
            hash: links[2].hash.clone(),
            at: time(2),
            authority: "http://tsa.example".to_owned(),
            token: "AA==".to_owned(),
        };
        store.put_time_stamp(&stamp).unwrap();
        assert_eq!(store.time_stamps().unwrap(), [stamp]);
    });
}

#[test]
fn what_is_under_legal_hold_is_not_put_away_until_it_is_released_and_stays_chained() {
    on_every_store(|store| {
        let mut record = run(0..10, Vec::new(), 60);
        record.incidents.iter_mut().for_each(|incident| incident.state = IncidentState::Closed);
        record.tasks.iter_mut().for_each(|task| task.state = dispatch::State::Closed);
        store.save_run(&record).unwrap();
        let held = record.incidents[0].id.to_string();
        store.add_note(&note(HOLD, &held)).unwrap();
        let now = time(9) + SignedDuration::from_hours(24 * 400);
        store.prune(&Retention::default(), now).unwrap();
        assert_eq!(store.incidents().unwrap().len(), 1);
        assert_holds(store);
        store.add_note(&note(RELEASE, &held)).unwrap();
        store.prune(&Retention::default(), now).unwrap();
        assert!(store.incidents().unwrap().is_empty());
        assert_holds(store);
    });
}

#[test]
fn several_writers_at_once_leave_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("city.db");
    let url = server::fresh_url();
    let open: [Box<dyn Fn() -> Box<dyn Store> + Sync>; 2] = [
        Box::new(move || Box::new(SqliteStore::open(&file).unwrap())),
        Box::new(move || Box::new(PostgresStore::open(&url).unwrap())),
    ];
    for open in open {
        drop(open());
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let open = &open;
                scope.spawn(move || {
                    let mut store = open();
                    for one in 0..25 {
                        store.add_note(&note("saw", &format!("{writer} {one}"))).unwrap();
                        if one % 10 == writer {
                            store.save_run(&run(0..writer + 2, Vec::new(), one as i64)).unwrap();
                        }
                    }
                });
            }
        });
        let store = open();
        assert_holds(store.as_ref());
        assert_eq!(store.notes(None, 0, 1_000).unwrap().len(), 100);
    }
}

#[test]
fn a_changed_event_is_found_with_its_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let mut store = SqliteStore::open(&path).unwrap();
    store.save_run(&run(0..10, Vec::new(), 60)).unwrap();
    let other = Connection::open(&path).unwrap();
    let sql = "UPDATE event SET json = replace(json, 'task_added', 'task_adced') WHERE seq = 5";
    assert_eq!(other.execute(sql, []).unwrap(), 1);
    let link =
        store.links(0, 100).unwrap().into_iter().find(|l| l.kind == LinkKind::Event && l.subject == "5");
    let content = store.contents(LinkKind::Event, 4, 1).unwrap().remove(0).1;
    let at = content.find("adced").unwrap() as u64 + 2;
    let link = link.unwrap();
    let told = changed_at(content.as_bytes(), &link.marks, &link.digest);
    assert_eq!(told, Changed::Byte { offset: at, was: b'd', is: b'c' });
}
