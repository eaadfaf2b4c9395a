//! Evidence that stands: time stamps with OpenSSL as authority and witness, and a verifier that names the byte.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dispatch::EvidenceKind;
use rusqlite::Connection;
use server::commands::verify::authority;
use server::config::EvidenceEntry;
use server::evidence::{Shelf, keep};
use server::proof::verify::{Scope, Verdict, verify};
use server::serve::accounts::Role;
use server::serve::keeping::Keeping;
use server::wire::store::Place;
use store::{Changed, Note, Retention};

use super::authority::{Authority, openssl};
use super::{Served, served, step};

/// Looks at a data folder as `flyonce verify` does.
pub fn look(data: &Path, trusted: Option<&Path>) -> Verdict {
    let store = Place::in_folder(data).open_to_read().unwrap();
    let trusted = trusted.map(|path| authority(path).unwrap()).unwrap_or_default();
    let scope = Scope { evidence: &data.join("evidence"), trusted: &trusted, only: None };
    verify(store.as_ref(), &scope).unwrap()
}

/// A city whose first task has a still that is as it should be.
pub async fn city(count: u128) -> (Served, String) {
    let served = served(count);
    let evidence = served.folder.path().join("evidence");
    let picture: Vec<u8> = (0..30_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let shelf = Shelf { folder: &evidence, rooms: None };
    let kept = keep(shelf, EvidenceKind::CloseUp, "jpg", &picture).unwrap();
    let file = kept.file.clone();
    let duty = served.person("duty", Role::Duty, None);
    let cases = served.cases(&duty, "/v1/queue?state=all").await;
    for case in &cases {
        served.attach(case, std::slice::from_ref(&kept));
    }
    (served, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_stamped_by_the_authority_and_openssl_agrees() {
    for curve in [false, true] {
        let authority = Authority::start(curve).await;
        let (served, _) = city(1).await;
        let entry = EvidenceEntry { timestamp_url: Some(authority.url.clone()), ..EvidenceEntry::default() };
        let trusted = server::commands::verify::authority(&authority.root()).unwrap();
        let app = served.app.clone();
        let stamp = move || {
            let mut keeping = Keeping::new(entry, Retention::default(), trusted);
            keeping.stamp_once(&app).unwrap();
            keeping.stamp_once(&app).unwrap();
        };
        tokio::task::spawn_blocking(stamp).await.unwrap();
        let stamps = served.app.stores.with(|store| store.time_stamps()).unwrap();
        assert_eq!(stamps.len(), 1, "what is stamped already is not stamped again");
        let folder = authority.folder.path();
        std::fs::write(folder.join("token.der"), STANDARD.decode(&stamps[0].token).unwrap()).unwrap();
        let args = format!("ts -verify -digest {} -in token.der -token_in -CAfile ca.pem", stamps[0].hash);
        let (fine, text) = openssl(folder, &args.split(' ').collect::<Vec<_>>());
        assert!(fine && text.contains("Verification: OK"), "{text}");
        let verdict = look(served.folder.path(), Some(&authority.root()));
        assert!(verdict.findings.is_empty(), "{verdict:?}");
        assert_eq!(verdict.stamped_to, verdict.links);
        let other = Authority::start(curve).await;
        let verdict = look(served.folder.path(), Some(&other.root()));
        let told = &verdict.findings[0];
        assert!(told.what == "time stamp" && told.problem.contains("trusted"), "{told:?}");
    }
}

#[tokio::test]
async fn any_byte_of_a_file_an_event_or_a_task_that_changes_is_named() {
    let (served, file) = city(2).await;
    let data = served.folder.path();
    assert!(look(data, None).findings.is_empty(), "{:?}", look(data, None).findings);
    let path = data.join("evidence").join(&file);
    let whole = std::fs::read(&path).unwrap();
    for at in [0, 1, 4_095, 4_096, 17_001, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        std::fs::write(&path, bytes).unwrap();
        let verdict = look(data, None);
        let told = &verdict.findings[0];
        assert_eq!((told.what, told.which.as_str()), ("file", file.as_str()));
        let changed = Changed::Byte { offset: at as u64, was: whole[at], is: whole[at] ^ 0x20 };
        assert_eq!(told.changed, Some(changed));
    }
    std::fs::write(&path, &whole).unwrap();
    let database = Connection::open(data.join("flyonce.sqlite")).unwrap();
    let changes = [
        ("event", "UPDATE event SET at = '2026-06-20T02:20:01Z' WHERE seq = 2"),
        ("task", "UPDATE task SET json = replace(json, 'waterlogging', 'waterloggimg')"),
        ("operation", "UPDATE operation SET json = replace(json, 'a picture', 'a pikture')"),
    ];
    for (what, sql) in changes {
        database.execute_batch("SAVEPOINT before").unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{what}");
        database.execute_batch("RELEASE before").unwrap();
        let verdict = look(data, None);
        let told = verdict.findings.iter().find(|one| one.what == what).unwrap();
        assert!(told.changed.is_some(), "{told:?}");
    }
}

#[tokio::test]
async fn what_is_missing_or_added_is_named_and_so_is_a_chain_that_was_cut() {
    let (served, file) = city(2).await;
    let data = served.folder.path();
    let evidence = data.join("evidence");
    let whole = std::fs::read(evidence.join(&file)).unwrap();
    std::fs::remove_file(evidence.join(&file)).unwrap();
    std::fs::write(evidence.join("new.jpg"), b"added").unwrap();
    let told: Vec<(String, String)> =
        look(data, None).findings.into_iter().map(|one| (one.which, one.problem)).collect();
    assert!(told.contains(&(file.clone(), "missing".to_owned())), "{told:?}");
    assert!(told.iter().any(|(which, problem)| which == "new.jpg" && problem.starts_with("added")));
    std::fs::write(evidence.join(&file), whole).unwrap();
    std::fs::remove_file(evidence.join("new.jpg")).unwrap();
    let database = Connection::open(data.join("flyonce.sqlite")).unwrap();
    database.execute("DELETE FROM event WHERE seq = 3", []).unwrap();
    assert!(look(data, None).findings.iter().any(|one| one.what == "event" && one.problem == "missing"));
    database.execute("DELETE FROM chain WHERE kind = 'event' AND subject = '3'", []).unwrap();
    assert!(
        look(data, None).findings.iter().any(|one| one.what == "link" && one.problem.starts_with("missing"))
    );
}

#[tokio::test]
async fn a_file_that_was_dropped_for_want_of_room_is_not_missed() {
    let (served, file) = city(1).await;
    let data = served.folder.path();
    let note = Note {
        at: server::clock::now(),
        kind: "dropped".to_owned(),
        actor: "flyonce".to_owned(),
        subject: file.clone(),
        detail: String::new(),
    };
    served.app.stores.with(|store| store.add_note(&note)).unwrap();
    std::fs::remove_file(data.join("evidence").join(&file)).unwrap();
    let verdict = look(data, None);
    assert!(verdict.findings.is_empty(), "{verdict:?}");
    assert_eq!(verdict.dropped, 1);
}

#[tokio::test]
async fn verifying_needs_no_server_and_fails_where_something_changed() {
    let (served, file) = city(1).await;
    let data = served.folder.path().to_owned();
    let case = served.cases(&served.person("li", Role::Analyst, None), "/v1/queue").await.remove(0);
    drop(step(&case, "confirm", ""));
    let incident = case["id"].as_str().unwrap().to_owned();
    let flyonce = env!("CARGO_BIN_EXE_flyonce");
    let run = |args: &[&str]| {
        let done = std::process::Command::new(flyonce).args(args).output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    std::fs::remove_file(data.join("secret.jpg")).unwrap();
    let folder = data.to_string_lossy().into_owned();
    let path = data.join("evidence").join(&file);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[12_345] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    for args in [vec!["verify", &folder], vec!["verify", &incident, "--data", &folder]] {
        let (code, text) = run(&args);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(&format!("file {file}: byte 12345 changed")), "{text}");
    }
    let (code, _) = run(&["verify", "00000000-0000-0000-0000-000000000000", "--data", &folder]);
    assert_ne!(code, Some(0), "an id that nobody knows is not sound");
}
