//! Backups while the server works, and back.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use server::serve::accounts::Role;
use store::{Note, SqliteStore, Store};

use super::proof::{city, look};

fn flyonce(args: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_flyonce")).args(args).output().unwrap();
    let text = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_writes_go_on_is_restored_verified_and_the_same_board() {
    let (served, _) = city(2).await;
    let data = served.folder.path().to_owned();
    let out = tempfile::tempdir().unwrap();
    let (backup, back) = (out.path().join("backup"), out.path().join("back"));
    let done = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut store = SqliteStore::open(&data.join("flyonce.sqlite")).unwrap();
            let mut count = 0;
            while !done.load(Ordering::Acquire) {
                let note = Note {
                    at: server::clock::now(),
                    kind: "saw".to_owned(),
                    actor: "li".to_owned(),
                    subject: format!("{count}"),
                    detail: String::new(),
                };
                count = store.add_note(&note).unwrap();
            }
            count
        });
        let (fine, told) = flyonce(&["backup", "--data", &text(&data), "--out", &text(&backup)]);
        done.store(true, Ordering::Release);
        assert!(fine, "{told}");
        writer.join().unwrap()
    });
    let (fine, told) = flyonce(&["verify", &text(&backup)]);
    assert!(fine, "{told}");
    let (fine, told) = flyonce(&["restore", &text(&backup), "--data", &text(&back)]);
    assert!(fine, "{told}");
    let (fine, told) = flyonce(&["restore", &text(&backup), "--data", &text(&back)]);
    assert!(!fine && told.contains("nothing is overwritten"), "{told}");
    let (old, new) = (
        SqliteStore::open(&data.join("flyonce.sqlite")).unwrap(),
        SqliteStore::open(&back.join("flyonce.sqlite")).unwrap(),
    );
    assert_eq!(new.incidents().unwrap(), old.incidents().unwrap());
    assert_eq!(new.tasks().unwrap(), old.tasks().unwrap());
    assert_eq!(new.events_after(0, 1_000).unwrap(), old.events_after(0, 1_000).unwrap());
    let notes = new.notes(None, 0, usize::MAX).unwrap().len() as u64;
    assert!(notes <= written);
    assert!(look(&back, None).findings.is_empty());
    drop(served.person("li", Role::Admin, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_with_a_changed_byte_is_refused_and_the_byte_is_named() {
    let (served, _) = city(2).await;
    let data = served.folder.path().to_owned();
    drop(served.person("li", Role::Admin, None));
    let out = tempfile::tempdir().unwrap();
    let (backup, back) = (out.path().join("backup"), out.path().join("back"));
    let (fine, told) = flyonce(&["backup", "--data", &text(&data), "--out", &text(&backup)]);
    assert!(fine, "{told}");
    for file in ["flyonce.sqlite", "accounts.json", "evidence/manifest.txt"] {
        let path = backup.join(file);
        let whole = std::fs::read(&path).unwrap();
        let at = whole.len() / 2;
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        std::fs::write(&path, bytes).unwrap();
        for args in [
            vec!["verify", backup.to_str().unwrap()],
            vec!["restore", backup.to_str().unwrap(), "--data", back.to_str().unwrap()],
        ] {
            let (fine, told) = flyonce(&args);
            assert!(!fine && told.contains(&format!("byte {at} changed")), "{file}: {told}");
        }
        assert!(!back.exists());
        std::fs::write(&path, whole).unwrap();
    }
}
