//! Files of earlier versions are brought forward with all that they hold.

use rusqlite::{Connection, params};
use store::{SqliteStore, Store};

use crate::findings::run;

#[test]
fn a_file_of_version_1_keeps_every_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("city.db");
    let record = run(0..10, Vec::new(), 60);
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../src/sqlite/0001_first.sql")).unwrap();
    old.execute_batch("PRAGMA application_id = 0x464C5931; PRAGMA user_version = 1").unwrap();
    let json = |value: &dyn erased::Json| value.text();
    old.execute(
        "INSERT INTO run VALUES (?1, ?2, ?3)",
        params![record.run.id.to_string(), json(&record.run), "x"],
    )
    .unwrap();
    for incident in &record.incidents {
        let sql = "INSERT INTO incident VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, '2025-06-01T08:01:00Z')";
        let id = incident.id.to_string();
        old.execute(sql, params![id, incident.class, incident.state.name(), incident.cell, json(incident)])
            .unwrap();
        for observation in record.observations.iter().filter(|o| incident.observations.contains(&o.id)) {
            let own = observation.id.0.to_string();
            let sql = "INSERT INTO observation VALUES (?1, ?2, 0, ?3)";
            old.execute(sql, params![own, observation.source, json(observation)]).unwrap();
            old.execute("INSERT INTO sighting VALUES (?1, ?2)", params![own, id]).unwrap();
        }
    }
    for task in &record.tasks {
        let sql = "INSERT INTO task VALUES (?1, ?2, 'dispatched', 'drainage', 0, ?3, 'x')";
        old.execute(sql, params![task.id.to_string(), task.incident_id.to_string(), json(task)]).unwrap();
    }
    drop(old);
    let mut store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.schema_version().unwrap(), 5);
    assert_eq!(store.incidents().unwrap(), record.incidents);
    assert_eq!(store.tasks().unwrap(), record.tasks);
    assert_eq!(store.observations_of(record.incidents[0].id).unwrap().len(), 10);
    crate::chain::assert_holds(&store);
    assert!(
        store.links(0, 100).unwrap().iter().filter(|link| link.kind == store::LinkKind::Task).count() == 2
    );
    assert!(store.save_run(&record).unwrap().changed_nothing());
    let broken = "SELECT count(*) FROM pragma_foreign_key_check";
    let broken: i64 = Connection::open(&path).unwrap().query_row(broken, [], |row| row.get(0)).unwrap();
    assert_eq!(broken, 0);
}

mod erased {
    pub trait Json {
        fn text(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}
