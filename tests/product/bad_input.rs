//! Bad input: one clear message with what, where and which value, a non-zero exit code, no panic, no hang.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::{analyze, assert_refused, root};

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("the file is written");
    path.to_string_lossy().into_owned()
}

#[test]
fn a_missing_file_is_named() {
    assert_refused(&analyze(&["no/such/video.mp4"]).output, &["no/such/video.mp4"]);
}

#[test]
fn an_empty_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "empty.mp4", b"");
    assert_refused(&analyze(&[&path]).output, &["empty.mp4", "empty"]);
}

#[test]
fn a_text_file_named_mp4_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "letter.mp4", b"Dear reader, this is no video at all.\n".repeat(40).as_slice());
    assert_refused(&analyze(&[&path]).output, &["letter.mp4"]);
}

#[test]
fn a_truncated_file_ends_with_a_message_and_not_with_a_hang() {
    let whole = std::fs::read(root().join("sample-data/street/street.mp4")).expect("the sample clip");
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "cut.mp4", &whole[..whole.len() / 3]);
    let run = analyze(&[&path]);
    assert!(!run.errors().contains("panicked"), "{}", run.errors());
    assert!(!run.output.status.success() || run.summary()["frames"].as_u64() > Some(0));
}

#[test]
fn a_video_without_telemetry_works_and_is_not_located() {
    let run = analyze(&["sample-data/street/street.mp4", "--fps", "1"]);
    assert!(run.output.status.success(), "{}", run.errors());
    let summary = run.summary();
    assert!(summary["frames"].as_u64() > Some(10));
    assert_eq!(summary["tasks"], 0);
    assert_eq!(summary["incidents"], summary["unlocated_incidents"]);
}

#[test]
fn side_car_telemetry_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "flight.srt", b"1\n00:00:00,000 --> 00:00:01,000\nhello\n");
    let run = analyze(&["sample-data/street/street.mp4", "--telemetry", &path]);
    assert_refused(&run.output, &["flight.srt"]);
}

#[test]
fn an_address_that_nothing_can_read_is_named_without_its_password() {
    let run = analyze(&["gopher://user:secret@example.invalid/x"]);
    assert_refused(&run.output, &["gopher"]);
    assert!(!run.errors().contains("secret"), "{}", run.errors());
}

#[test]
fn a_camera_that_refuses_is_named() {
    let run = analyze(&["rtsp://127.0.0.1:1/none", "--for", "5s"]);
    assert_refused(&run.output, &["127.0.0.1:1"]);
}

#[test]
fn a_broken_source_does_not_disturb_the_others() {
    let run = analyze(&["no/such/video.mp4", "sample-data/street/street.mp4", "--fps", "1"]);
    assert_refused(&run.output, &["no/such/video.mp4"]);
    assert!(run.summary()["frames"].as_u64() > Some(10));
}

#[test]
fn a_pack_with_a_flipped_byte_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pack = copy_of_pack(folder.path());
    let model = folder.path().join("shared/model.onnx");
    let mut bytes = std::fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&model, bytes).unwrap();
    assert_refused(&with_pack(&folder, &pack), &["packs[0]", "sha256"]);
}

#[test]
fn a_pack_with_a_missing_card_key_is_refused_by_that_key() {
    let folder = tempfile::tempdir().unwrap();
    let pack = copy_of_pack(folder.path());
    let card = std::fs::read_to_string(pack.join("card.toml")).unwrap();
    let without: Vec<&str> = card.lines().filter(|line| !line.starts_with("decoder")).collect();
    std::fs::write(pack.join("card.toml"), without.join("\n")).unwrap();
    assert_refused(&with_pack(&folder, &pack), &["card.toml", "decoder"]);
}

fn copy_of_pack(folder: &Path) -> PathBuf {
    for (from, to) in [("fume", "pack"), ("shared", "shared")] {
        let (from, to) = (root().join("models/packs").join(from), folder.join(to));
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    folder.join("pack")
}

fn with_pack(folder: &TempDir, pack: &Path) -> std::process::Output {
    let config =
        file(folder, "config.toml", format!("[[packs]]\npath = \"{}\"\n", pack.display()).as_bytes());
    analyze(&["sample-data/street/street.mp4", "--config", &config]).output
}

#[test]
fn a_full_disk_while_writing_evidence_is_told_and_what_was_found_stays() {
    let out = tempfile::tempdir().unwrap();
    let evidence = out.path().join("evidence");
    std::fs::create_dir(&evidence).unwrap();
    let small = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
    let mounted = Command::new("mount").args(small).arg(&evidence).status().is_ok_and(|s| s.success());
    if !mounted {
        println!("not measured: a full disk needs the right to mount one");
        return;
    }
    let folder = out.path().to_string_lossy().into_owned();
    let arguments = ["analyze", "--json", "--config", "configs/demo.toml", "street", "--out", &folder];
    let output = crate::command::flyonce(&arguments);
    let unmounted = Command::new("umount").arg(&evidence).status();
    assert!(unmounted.is_ok_and(|s| s.success()));
    assert_refused(&output, &["evidence", "No space left"]);
    let tasks = std::fs::read_to_string(out.path().join("tasks.geojson")).unwrap();
    assert!(tasks.contains("waterlogging"), "{tasks}");
}
